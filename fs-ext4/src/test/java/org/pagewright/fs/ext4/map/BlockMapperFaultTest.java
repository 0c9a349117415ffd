package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;
import org.pagewright.fs.ext4.testing.ImageDevice;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;
import org.pagewright.sync.Lockdep;

/// Goal: whichever device request fails in the middle of whatever operation, the operation says so,
/// holds no lock, and leaves an image that e2fsck has nothing to say about.
/// Method: the same operations on a copy of the same image, with a cache so small that everything
/// is read again and again; request n fails, for n = 1, 2, 3 ... until all pass.
final class BlockMapperFaultTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4 -b 1024 -O ^has_journal,^flex_bg -N 64",
        "-t ext2 -b 1024 -N 64",
      })
  void aRequestThatFailsLeavesAWholeImage(String options) throws IOException {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    Path base = dir.resolve("base");
    try (Ext4Volume volume = Ext4Volume.make(base, "34M", 1, options.split(" "))) {
      prepare(volume, new MapModel(volume, 12));
      volume.sync();
    }
    E2fs.assertClean(base);
    Path image = dir.resolve("image");
    for (Kind kind : new Kind[] {Kind.READ, Kind.WRITE}) {
      int n = 1;
      for (; ; n++) {
        Files.copy(base, image, StandardCopyOption.REPLACE_EXISTING);
        FaultyBlockDevice device = new FaultyBlockDevice(new ImageDevice(image, 1024));
        Ext4Volume volume = new Ext4Volume(device, 0);
        Ext4Volume.Inode inode = volume.inode(12);
        BlockMapper mapper = inode.mapper();
        device.reset();
        device.failNth(kind, n);
        String failed = null;
        try {
          operate(volume, mapper);
          volume.sync();
        } catch (FsException e) {
          assertEquals(Errno.EIO, e.errno());
          failed = e.getMessage();
        }
        boolean reached = device.faults() > 0;
        assertEquals(reached, failed != null, kind + " " + n);
        assertTrue(Lockdep.holdsNothing());
        device.heal();
        mapper.checkInvariants();
        mapper.punchDelayed(0, Long.MAX_VALUE);
        mapper.discardReserve();
        assertEquals(0, volume.blocks.reservedBlocks());
        inode.resize(lastBlock(mapper) * 1024);
        volume.sync();
        volume.close();
        E2fs.assertClean(image);
        if (!reached) {
          break;
        }
      }
      int passed = n;
      assertTrue(n > 3, () -> "only " + passed + " requests of kind " + kind);
    }
  }

  /// Many short runs all over the device, so that every operation meets blocks it must read.
  private static void prepare(Ext4Volume volume, MapModel file) throws IOException {
    Random random = new Random(3);
    for (int i = 0; i < 700; i++) {
      try (Handle handle = volume.journal.start(file.mapper.allocateCredits())) {
        file.mapper.allocate(
            handle,
            5L * i,
            1 + random.nextInt(3),
            random.nextLong(34 << 10),
            i % 3 == 0,
            0,
            new Mapping());
      }
    }
    file.mapper.discardReserve();
    file.inode.resize(3600 * 1024);
  }

  private static void operate(Ext4Volume volume, BlockMapper mapper) throws FsException {
    Mapping out = new Mapping();
    for (int i = 0; i < 3; i++) {
      long at = 900L * i;
      mapper.reserve(at + 13, 2, 0, out);
      try (Handle handle = volume.journal.start(mapper.allocateCredits())) {
        mapper.allocate(handle, at + 13, 2, 9000L * i + 100, false, 0, out);
      }
      try (Handle handle = volume.journal.start(mapper.allocateCredits())) {
        mapper.allocate(handle, at + 4000, 7, BlockMapper.GOAL_AUTO, true, 0, out);
      }
      try (Handle handle = volume.journal.start(mapper.stepCredits())) {
        mapper.convertUnwritten(handle, at + 30, 9);
      }
      try (Handle handle = volume.journal.start(mapper.stepCredits())) {
        mapper.punch(handle, at + 300, at + 320 + 250L * i);
      }
      volume.sync();
    }
    try (Handle handle = volume.journal.start(mapper.stepCredits())) {
      mapper.truncate(handle, 2000);
    }
  }

  private static long lastBlock(BlockMapper mapper) throws FsException {
    Mapping out = new Mapping();
    long last = 0;
    for (long at = 0; at < mapper.maxBlocks(); at = out.logical() + out.count()) {
      mapper.lookup(at, Long.MAX_VALUE, out);
      if (out.isAllocated()) {
        last = out.logical() + out.count();
      }
    }
    return last;
  }
}
