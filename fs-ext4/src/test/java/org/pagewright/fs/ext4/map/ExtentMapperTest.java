package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.Mapping.State;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;
import org.pagewright.fs.ext4.testing.ImageDevice;

final class ExtentMapperTest {
  @TempDir Path dir;
  private Path image;
  private final Mapping out = new Mapping();

  @BeforeEach
  void needsTools() {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    image = dir.resolve("image");
  }

  private Ext4Volume make(String size, String options) throws IOException {
    return Ext4Volume.make(image, size, 1, options.split(" "));
  }

  private MapModel f0(Ext4Volume volume) throws IOException {
    return new MapModel(volume, Ext4Volume.inodeOf(image, "f0"));
  }

  private MapModel finish(MapModel file) throws IOException {
    file.closeFile();
    file.volume.sync();
    E2fs.assertClean(image);
    return file;
  }

  /// Goal: trees of four levels grow and shrink right, whichever way they are filled.
  /// Method: every second block, so that no two extents merge; 84 entries a block of 1 KiB.
  @ParameterizedTest
  @ValueSource(strings = {"up", "down", "mixed"})
  void aTreeOfDepthThreeGrowsAndShrinks(String order) throws IOException {
    try (Ext4Volume volume = make("96M", "-t ext4 -b 1024 -N 64 -O ^has_journal")) {
      long free = volume.blocks.freeBlocks();
      MapModel file = f0(volume);
      List<Long> places = new ArrayList<>();
      for (long i = 0; i < 30_000; i++) {
        places.add(2 * i);
      }
      if (order.equals("down")) {
        Collections.reverse(places);
      } else if (order.equals("mixed")) {
        Collections.shuffle(places, new Random(4711));
      }
      for (long at : places) {
        file.allocate(at, 1, false);
      }
      assertEquals(3, file.mapper.depth());
      file.check();
      file.reopen();
      file.check();
      finish(file);
      file.punch(1000, 40_001);
      file.check();
      finish(file);
      file.punch(4, Long.MAX_VALUE);
      assertEquals(0, file.mapper.depth());
      file.check();
      assertEquals(free, volume.blocks.freeBlocks() + 2);
      finish(file);
    }
  }

  @Test
  void movingTheBlocksOfADeepTreeThereAndBackChangesNothing() throws IOException {
    try (Ext4Volume volume = make("48M", "-t ext4 -b 1024 -N 64 -O ^has_journal")) {
      MapModel file = f0(volume);
      for (long i = 0; i < 10_000; i++) {
        file.allocate(3 * i, 2, i % 5 == 0);
      }
      int runs = file.runs();
      file.insert(301, 77);
      file.check();
      file.insert(0, 5);
      file.check();
      finish(file);
      file.collapse(0, 5);
      file.collapse(301, 301 + 77);
      file.check();
      assertEquals(runs, file.runs());
      finish(file);
    }
  }

  @Test
  void aLeafThatIsFilledInOrderIsLeftFull() throws IOException {
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      MapModel file = f0(volume);
      for (long i = 0; i < 84 * 10; i++) {
        file.allocate(2 * i, 1, false);
      }
      long metadata = file.inode.blockCount() - 840;
      assertTrue(metadata <= 10 + 4, () -> metadata + " blocks of metadata for 840 extents");
      finish(file);
    }
  }

  @Test
  void convertingTheMiddleSplitsInThreeAndConvertingTheRestJoinsAgain() throws IOException {
    // R-C9: what is unwritten reads as zeros until its write-out has ended
    try (Ext4Volume volume = make("64M", "-t ext4 -b 4096")) {
      MapModel file = f0(volume);
      file.allocate(0, 100, true);
      assertEquals(1, file.runs());
      file.convert(40, 20, false);
      file.check();
      assertEquals(3, file.runs());
      file.mapper.lookup(39, 10, out);
      assertEquals(State.UNWRITTEN, out.state());
      assertTrue(out.isZeros());
      file.convert(0, 1000, false);
      file.check();
      assertEquals(1, file.runs());
      assertEquals(1, LittleEndian.u16(file.inode.block(), 2), "entries in the root");
      finish(file);
    }
  }

  @Test
  void theLongestExtentsAreCutAndJoinedWithinTheirLimits() throws IOException {
    try (Ext4Volume volume = make("600M", "-t ext4 -b 4096 -O ^has_journal")) {
      MapModel file = f0(volume);
      // Runs lie within a group; several are joined up to the limit of an entry.
      for (long at = 0; at < 100_000; at = file.blocks.lastKey() + 1) {
        file.allocate(at, 100_000, false);
      }
      file.check();
      file.convert(0, 100_000, true);
      file.check();
      file.convert(10, 90_000, false);
      file.check();
      file.punch(33, 99_000);
      file.check();
      finish(file);
    }
  }

  @Test
  void filesWrittenByOthersAreReadAsTheySay() throws IOException {
    E2fs.mke2fs(image, "24M", "-t", "ext4", "-b", "1024", "-O", "^has_journal");
    Path data = dir.resolve("data");
    // Sparse, so that debugfs leaves holes: blocks 0..9, then every third one.
    byte[] bytes = new byte[1024];
    try (var file = new RandomAccessFile(data.toFile(), "rw")) {
      for (int i = 0; i < 2000; i += i < 9 ? 1 : 3) {
        Arrays.fill(bytes, (byte) (i + 1));
        bytes[0] = 1;
        file.seek(1024L * i);
        file.write(bytes);
      }
    }
    E2fs.ok("debugfs", "-w", "-R", "write " + data + " f0", image.toString());
    try (Ext4Volume volume =
        new Ext4Volume(
            new ImageDevice(image, 1024), 4 << 20)) {
      BlockMapper mapper = volume.inode(Ext4Volume.inodeOf(image, "f0")).mapper();
      StringBuilder ours = new StringBuilder();
      for (long at = 0; at < 2000; at += out.count()) {
        mapper.lookup(at, 2000 - at, out);
        for (long i = 0; out.isAllocated() && i < out.count(); i++) {
          ours.append(out.blockNr() + i).append(' ');
          assertEquals(
              String.valueOf(out.blockNr() + i),
              E2fs.debugfs(image, "bmap f0 " + (at + i)).strip().replaceAll("\\s.*", ""));
          if (at > 60) {
            return; // a process each: enough of them
          }
        }
      }
      assertFalse(ours.isEmpty());
    }
  }

  @Test
  void aMappingThatWasLookedUpIsKnownToBeStaleAfterAChange() throws IOException {
    // R-C10: the cookie is what tells, with the folio lock held
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      MapModel file = f0(volume);
      file.allocate(0, 10, true);
      file.mapper.lookup(0, 10, out);
      long seen = out.cookie();
      assertTrue(file.mapper.stillValid(seen));
      file.mapper.lookup(5, 1, out);
      file.mapper.lookup(5000, 1, out);
      assertTrue(file.mapper.stillValid(seen), "lookups change nothing");
      file.convert(9, 1, false);
      assertFalse(file.mapper.stillValid(seen));
      file.mapper.lookup(0, 10, out);
      seen = out.cookie();
      file.reserve(20, 1);
      assertFalse(file.mapper.stillValid(seen), "a hole became delayed");
      file.punchDelayed();
    }
  }

  @Test
  void whoMustNotWaitGetsOnlyWhatIsKnown() throws IOException {
    // R-J7: no device is asked, no lock is waited for that is held during I/O
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      MapModel file = f0(volume);
      file.allocate(0, 10, false);
      file.reopen();
      assertFalse(file.mapper.tryLookup(3, 1, out));
      file.mapper.lookup(3, 1, out);
      assertTrue(file.mapper.tryLookup(9, 1, out), "the whole extent was learnt");
      assertEquals(State.MAPPED, out.state());
      assertFalse(file.mapper.tryLookup(500, 1, out), "nobody has asked for that yet");
    }
  }

  @Test
  void spaceIsRefusedWhenItIsPromisedNotWhenItIsUsed() throws IOException {
    // R-C7, R-C8
    try (Ext4Volume volume = make("8M", "-t ext4 -b 1024 -O ^has_journal")) {
      MapModel file = f0(volume);
      long room = volume.blocks.availableBlocks();
      long at = 0;
      FsException full = null;
      while (full == null) {
        try {
          file.mapper.reserve(at, 500, 0, out);
          at += out.count();
        } catch (FsException e) {
          full = e;
        }
      }
      assertEquals(Errno.ENOSPC, full.errno());
      assertEquals(room, at);
      assertEquals(room, file.mapper.delayedBlocks());
      assertEquals(0, volume.blocks.availableBlocks());
      // Nobody else gets them, and all of them find their place.
      assertThrows(FsException.class, () -> volume.blocks.reserve(1, 0));
      assertEquals(1000, file.mapper.punchDelayed(at - 1000, at));
      assertEquals(1000, volume.blocks.availableBlocks());
      for (long from = 0; from < at - 1000; from += out.count()) {
        try (Handle handle = volume.journal.start(file.mapper.allocateCredits())) {
          file.mapper.allocate(handle, from, 5000, BlockMapper.GOAL_AUTO, false, 0, out);
        }
      }
      assertEquals(0, file.mapper.delayedBlocks());
      assertEquals(0, volume.blocks.reservedBlocks());
      file.inode.resize((at - 1000) * 1024);
      volume.sync();
      E2fs.assertClean(image);
    }
  }

  @Test
  void blocksBeyondWhatTheMapCanHoldAreRefused() throws IOException {
    try (Ext4Volume volume = make("8M", "-t ext4 -b 1024 -O ^has_journal")) {
      MapModel file = f0(volume);
      FsException e =
          assertThrows(
              FsException.class, () -> file.allocate(file.mapper.maxBlocks(), 1, false));
      assertEquals(Errno.EFBIG, e.errno());
      file.allocate(file.mapper.maxBlocks() - 1, 5, false);
      file.check();
      file.mapper.lookup(1L << 40, 7, out);
      assertEquals(State.HOLE, out.state());
    }
  }

  // ---- images that lie ---------------------------------------------------------------------

  /// A file with a tree of two levels, whose nodes a test then spoils.
  private long[] deepFile(Ext4Volume volume) throws IOException {
    MapModel file = f0(volume);
    for (long i = 0; i < 500; i++) {
      file.allocate(2 * i, 1, false);
    }
    assertEquals(2, file.mapper.depth());
    finish(file);
    long index = LittleEndian.u32(file.inode.block(), 16);
    MemorySegment s = MemorySegment.ofArray(new byte[1024]);
    volume.device.read(index * 1024, s);
    return new long[] {file.inode.ino(), index, LittleEndian.u32(s, 16)};
  }

  private interface Spoil {
    void apply(MemorySegment s);
  }

  private void assertFoundOut(int which, boolean sealed, String words, Spoil spoil)
      throws IOException {
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      long[] places = deepFile(volume);
      long ino = places[0];
      MemorySegment s = MemorySegment.ofArray(new byte[1024]);
      volume.device.read(places[which] * 1024, s);
      spoil.apply(s);
      if (sealed) {
        int seed =
            Checksums.inodeSeed(
                volume.geometry.checksumSeed(), ino, volume.inode(ino).generation());
        Checksums.sealExtentBlock(seed, s, 0);
      }
      volume.device.write(places[which] * 1024, s);
      try (Ext4Volume again =
          new Ext4Volume(
              new ImageDevice(image, 1024), 4 << 20)) {
        BlockMapper mapper = again.inode(ino).mapper();
        CorruptedException e =
            assertThrows(CorruptedException.class, () -> mapper.lookup(0, 1, out));
        assertEquals(places[which], e.blockNr());
        assertTrue(e.getMessage().contains("inode " + ino), e.getMessage());
        assertTrue(e.getMessage().contains(words), e.getMessage());
      }
    }
  }

  @Test
  void aWrongChecksumIsFoundOut() throws IOException {
    assertFoundOut(2, false, "checksum", s -> LittleEndian.put32(s, 20, 20_000));
    assertFoundOut(1, false, "checksum", s -> LittleEndian.put32(s, 1020, 77));
  }

  @Test
  void aNodeOfTheWrongDepthIsFoundOutSoThereIsNoCycle() throws IOException {
    assertFoundOut(2, true, "depth 1", s -> LittleEndian.put16(s, 6, 1));
    assertFoundOut(1, true, "depth 2", s -> LittleEndian.put16(s, 6, 2));
  }

  @Test
  void anIndexThatPointsToItselfIsFoundOut() throws IOException {
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      long[] places = deepFile(volume);
      MemorySegment s = MemorySegment.ofArray(new byte[1024]);
      volume.device.read(places[1] * 1024, s);
      LittleEndian.put32(s, 16, places[1]);
      int seed =
          Checksums.inodeSeed(
              volume.geometry.checksumSeed(), places[0], volume.inode(places[0]).generation());
      Checksums.sealExtentBlock(seed, s, 0);
      volume.device.write(places[1] * 1024, s);
      try (Ext4Volume again =
          new Ext4Volume(
              new ImageDevice(image, 1024), 4 << 20)) {
        BlockMapper mapper = again.inode(places[0]).mapper();
        CorruptedException e =
            assertThrows(CorruptedException.class, () -> mapper.lookup(0, 1, out));
        assertTrue(e.getMessage().contains("depth 1, 0 expected"), e.getMessage());
      }
    }
  }

  @Test
  void extentsIntoTheFileSystemsOwnBlocksAreFoundOut() throws IOException {
    assertFoundOut(2, true, "file system's own", s -> LittleEndian.put32(s, 20, 2));
    assertFoundOut(1, true, "file system's own", s -> LittleEndian.put32(s, 28, 1));
    assertFoundOut(2, true, "outside", s -> LittleEndian.put16(s, 18, 9));
  }

  @Test
  void entriesOutOfOrderOrOfNoLengthAreFoundOut() throws IOException {
    assertFoundOut(2, true, "before", s -> LittleEndian.put32(s, 24, 0));
    assertFoundOut(2, true, "length", s -> LittleEndian.put16(s, 16, 0));
    assertFoundOut(2, true, "begins at block", s -> LittleEndian.put32(s, 12, 1));
    assertFoundOut(2, false, "entries", s -> LittleEndian.put16(s, 2, 200));
    assertFoundOut(2, false, "magic", s -> LittleEndian.put16(s, 0, 0));
  }

  @Test
  void aSpoiltRootIsFoundOutWhenTheFileIsOpened() throws IOException {
    try (Ext4Volume volume = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      Ext4Volume.Inode inode = volume.inode(Ext4Volume.inodeOf(image, "f0"));
      LittleEndian.put16(inode.block(), 4, 5);
      assertThrows(CorruptedException.class, inode::mapper);
      LittleEndian.put16(inode.block(), 4, 4);
      LittleEndian.put16(inode.block(), 6, 6);
      assertThrows(CorruptedException.class, inode::mapper);
    }
  }
}
