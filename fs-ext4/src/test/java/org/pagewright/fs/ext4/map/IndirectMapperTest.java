package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;
import org.pagewright.fs.ext4.testing.ImageDevice;

final class IndirectMapperTest {
  @TempDir Path dir;
  private Path image;
  private final Mapping out = new Mapping();

  @BeforeEach
  void needsTools() {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    image = dir.resolve("image");
  }

  private Ext4Volume make() throws IOException {
    return Ext4Volume.make(image, "24M", 1, "-t", "ext2", "-b", "1024");
  }

  private MapModel f0(Ext4Volume volume) throws IOException {
    return new MapModel(volume, Ext4Volume.inodeOf(image, "f0"));
  }

  @Test
  void everyLevelHoldsABlockAndGivesItBack() throws IOException {
    try (Ext4Volume volume = make()) {
      long free = volume.blocks.freeBlocks();
      MapModel file = f0(volume);
      long last = file.mapper.maxBlocks() - 1;
      long[] firsts = {0, 11, 12, 12 + 255, 12 + 256, 12 + 256 + 65536, last};
      for (long at : firsts) {
        file.allocate(at, 1, false);
      }
      assertEquals(3, file.mapper.depth());
      file.check();
      file.reopen();
      file.check();
      file.closeFile();
      volume.sync();
      E2fs.assertClean(image);
      for (int i = firsts.length - 1; i >= 0; i--) {
        file.punch(firsts[i], firsts[i] + 1);
        file.check();
      }
      assertEquals(0, file.mapper.depth());
      assertEquals(0, file.inode.blockCount());
      file.closeFile();
      assertEquals(free, volume.blocks.freeBlocks());
      volume.sync();
      E2fs.assertClean(image);
    }
  }

  @Test
  void aLongFileLiesTogetherAndIsCutOffWhole() throws IOException {
    try (Ext4Volume volume = make()) {
      MapModel file = f0(volume);
      for (long at = 0; at < 5000; at = file.blocks.lastKey() + 1) {
        file.allocate(at, 5000, false);
      }
      file.check();
      assertTrue(file.runs() < 40, () -> file.runs() + " runs");
      file.closeFile();
      volume.sync();
      E2fs.assertClean(image);
      file.punch(100, Long.MAX_VALUE);
      file.check();
      file.closeFile();
      volume.sync();
      E2fs.assertClean(image);
    }
  }

  @Test
  void unwrittenBlocksAreRefusedByName() throws IOException {
    try (Ext4Volume volume = make()) {
      MapModel file = f0(volume);
      FsException e = assertThrows(FsException.class, () -> file.convert(0, 5, true));
      assertEquals(Errno.EOPNOTSUPP, e.errno());
    }
  }

  @Test
  void pointersThatNoFileCanHaveAreFoundOut() throws IOException {
    try (Ext4Volume volume = make()) {
      MapModel file = f0(volume);
      file.allocate(300, 1, false);
      file.closeFile();
      volume.sync();
      long ino = file.inode.ino();
      long block = LittleEndian.u32(file.inode.block(), 4 * 13);
      for (long pointer : new long[] {1, 3, 24 << 10, 0xffff_fff0L}) {
        MemorySegment s = MemorySegment.ofArray(new byte[1024]);
        LittleEndian.put32(s, 0, pointer);
        volume.device.write(block * 1024, s);
        try (Ext4Volume again = new Ext4Volume(new ImageDevice(image, 1024), 4 << 20)) {
          BlockMapper mapper = again.inode(ino).mapper();
          CorruptedException e =
              assertThrows(CorruptedException.class, () -> mapper.lookup(300, 1, out));
          assertEquals(block, e.blockNr());
          Handle handle = again.journal.start(mapper.stepCredits());
          assertThrows(CorruptedException.class, () -> mapper.truncate(handle, 0));
          handle.stop();
        }
      }
      // A block of pointers that points to itself, as its own child: the walk ends all the same.
      MemorySegment s = MemorySegment.ofArray(new byte[1024]);
      LittleEndian.put32(s, 0, block);
      volume.device.write(block * 1024, s);
      try (Ext4Volume again = new Ext4Volume(new ImageDevice(image, 1024), 4 << 20)) {
        BlockMapper mapper = again.inode(ino).mapper();
        mapper.lookup(12 + 256, 1, out);
        assertEquals(block, out.blockNr());
      }
      LittleEndian.put32(file.inode.block(), 4 * 3, 1);
      assertThrows(CorruptedException.class, file.inode::mapper);
    }
  }

  /// R-C1. Goal: a promised block of which not a byte has come yet shows no old bytes, although
  /// write-out has chosen its place along with its neighbour's. Method: all of the device that is
  /// free holds a secret.
  @Test
  void blocksThatShallReadAsZerosAreZerosOnTheDevice() throws IOException {
    try (Ext4Volume volume = make()) {
      MapModel file = f0(volume);
      MemorySegment secret = MemorySegment.ofArray(new byte[1024]);
      secret.fill((byte) 'S');
      file.reserve(0, 100);
      file.allocate(500, 1, false);
      long from = file.blocks.get(500L).blockNr() + 1;
      for (long nr = from; nr < from + 1000; nr++) {
        volume.device.write(nr * 1024, secret);
      }
      file.punch(500, 501);
      for (long at = 0; at < 100; at++) {
        file.allocate(at, 1, true);
        long nr = file.blocks.get(at).blockNr();
        MemorySegment s = MemorySegment.ofArray(new byte[1024]);
        volume.device.read(nr * 1024, s);
        assertEquals(-1, s.mismatch(MemorySegment.ofArray(new byte[1024])), "block " + nr);
      }
      file.check();
    }
  }
}
