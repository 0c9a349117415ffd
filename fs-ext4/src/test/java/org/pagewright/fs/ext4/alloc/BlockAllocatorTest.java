package org.pagewright.fs.ext4.alloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;
import org.pagewright.fs.ext4.testing.ImageDevice;

final class BlockAllocatorTest {
  private static final int CREDITS = BlockAllocator.CREDITS_PER_GROUP;

  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void needsTools() {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    image = dir.resolve("image");
  }

  private Ext4Volume make(String size, String options) throws IOException {
    return Ext4Volume.make(image, size, 0, options.split(" "));
  }

  private static BlockRun allocate(
      Ext4Volume v, long goal, int count, AllocationStream stream, int flags) throws FsException {
    try (Handle handle = v.journal.start(CREDITS)) {
      return v.blocks.allocate(handle, goal, count, stream, flags);
    }
  }

  private static void free(Ext4Volume v, BlockRun run) throws FsException {
    try (Handle handle = v.journal.start(2 * CREDITS)) {
      v.blocks.free(handle, run.blockNr(), run.count(), 0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4 -b 1024 -O ^has_journal",
        "-t ext4 -b 1024 -O ^has_journal,^metadata_csum,uninit_bg",
        "-t ext4 -b 1024 -O ^has_journal,^flex_bg",
        "-t ext4 -b 1024 -O ^has_journal,^resize_inode,meta_bg",
        "-t ext4 -b 1024 -O ^has_journal,sparse_super2,^resize_inode",
        "-t ext2 -b 1024",
        "-t ext4 -b 4096",
      })
  void allThatIsFreeIsGivenOutOnceAndTakenBack(String options) throws IOException {
    try (Ext4Volume v = make("44M", options)) {
      long free = v.blocks.freeBlocks();
      List<BlockRun> runs = new ArrayList<>();
      long got = 0;
      Random random = new Random(5);
      while (v.blocks.freeBlocks() > 0) {
        BlockRun run =
            allocate(
                v,
                random.nextLong(v.geometry.blocksCount()),
                1 + random.nextInt(3000),
                null,
                BlockAllocator.METADATA);
        assertFalse(v.blocks.systemZone().overlaps(run.blockNr(), run.count()));
        runs.add(run);
        got += run.count();
      }
      assertEquals(free, got);
      assertEquals(0, v.groups.sumFreeBlocks());
      assertThrows(FsException.class, () -> allocate(v, 0, 1, null, BlockAllocator.METADATA));
      Collections.shuffle(runs, random);
      for (BlockRun run : runs) {
        free(v, run);
      }
      assertEquals(free, v.blocks.freeBlocks());
      v.sync();
      E2fs.assertClean(image);
    }
  }

  @Test
  void theGoalIsTakenAndARunThatIsLongEnoughComesBeforeAFarOne() throws IOException {
    try (Ext4Volume v = make("64M", "-t ext4 -b 4096 -O ^has_journal")) {
      BlockRun a = allocate(v, 9000, 10, null, 0);
      assertEquals(new BlockRun(9000, 10), a);
      assertEquals(new BlockRun(9010, 5), allocate(v, 9010, 5, null, 0));
      BlockRun b = allocate(v, 9020, 5, null, 0);
      assertEquals(9020, b.blockNr());
      // Five are free at the goal, ten are wanted: the place behind has them together.
      assertEquals(new BlockRun(9025, 10), allocate(v, 9015, 10, null, 0));
      assertEquals(new BlockRun(9015, 5), allocate(v, 9015, 5, null, 0));
    }
  }

  @Test
  void filesThatGrowInTurnDoNotInterleave() throws IOException {
    try (Ext4Volume v = make("256M", "-t ext4 -b 4096 -O ^has_journal")) {
      int files = 8;
      AllocationStream[] streams = new AllocationStream[files];
      long[] end = new long[files];
      int[] extents = new int[files];
      for (int f = 0; f < files; f++) {
        streams[f] = new AllocationStream();
      }
      for (int round = 0; round < 200; round++) {
        for (int f = 0; f < files; f++) {
          long goal = end[f] == 0 ? v.blocks.inodeGoal(12, false) : end[f];
          BlockRun run = allocate(v, goal, 8, streams[f], 0);
          extents[f] += run.blockNr() == end[f] ? 0 : 1;
          end[f] = run.end();
        }
      }
      for (int f = 0; f < files; f++) {
        int n = extents[f];
        assertTrue(n <= 12, () -> n + " extents for 200 writes of 8 blocks");
      }
    }
  }

  @Test
  void smallFilesOfOnePlaceLieSideBySide() throws IOException {
    try (Ext4Volume v = make("256M", "-t ext4 -b 4096 -O ^has_journal")) {
      long goal = v.blocks.inodeGoal(12, false);
      long low = Long.MAX_VALUE;
      long high = 0;
      for (int f = 0; f < 300; f++) {
        BlockRun run = allocate(v, goal, 1 + f % 4, new AllocationStream(), 0);
        low = Math.min(low, run.blockNr());
        high = Math.max(high, run.end());
      }
      long spread = high - low;
      assertTrue(spread < 1100, () -> "750 blocks over " + spread);
    }
  }

  @Test
  void whatIsSetAsideIsTakenBackWhenSpaceIsShort() throws IOException {
    try (Ext4Volume v = make("8M", "-t ext4 -b 1024 -O ^has_journal")) {
      List<AllocationStream> streams = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        AllocationStream stream = new AllocationStream();
        allocate(v, 0, 20, stream, 0);
        assertNotNull(stream.reserve);
        streams.add(stream);
      }
      v.blocks.discard(streams.get(0));
      assertNull(streams.get(0).reserve);
      while (v.blocks.availableBlocks() > 0) {
        allocate(v, 0, 64, null, 0);
      }
      while (v.blocks.freeBlocks() > 0) {
        allocate(v, 0, 64, null, BlockAllocator.METADATA);
      }
      assertEquals(0, v.groups.sumFreeBlocks());
    }
  }

  @Test
  void promisesAreKeptAndTheSuperUserAndTheFileSystemHaveTheirShare() throws IOException {
    // R-C7
    try (Ext4Volume v = make("8M", "-t ext4 -b 1024 -m 10 -O ^has_journal")) {
      long all = v.blocks.freeBlocks();
      long ordinary = v.blocks.availableBlocks();
      long root = v.superblock.reservedBlocksCount();
      assertTrue(root > 700 && all - ordinary >= root);
      v.blocks.reserve(ordinary, 0);
      FsException e = assertThrows(FsException.class, () -> v.blocks.reserve(1, 0));
      assertEquals(Errno.ENOSPC, e.errno());
      v.blocks.reserve(root, BlockAllocator.PRIVILEGED);
      assertThrows(
          FsException.class, () -> v.blocks.reserve(1, BlockAllocator.PRIVILEGED));
      // The pool for extent blocks is still there.
      long pool = all - ordinary - root;
      assertTrue(pool > 0);
      assertThrows(FsException.class, () -> allocate(v, 0, 1, null, 0));
      long got = 0;
      while (got < pool) {
        got += allocate(v, 0, (int) (pool - got), null, BlockAllocator.METADATA).count();
      }
      assertThrows(FsException.class, () -> allocate(v, 0, 1, null, BlockAllocator.METADATA));
      for (long left = ordinary + root; left > 0; ) {
        left -= allocate(v, 0, (int) Math.min(left, 999), null, BlockAllocator.RESERVED).count();
      }
      assertEquals(0, v.blocks.freeBlocks());
      assertEquals(0, v.blocks.reservedBlocks());
    }
  }

  @Test
  void whatIsFreeOrTheFileSystemsOwnIsNotFreed() throws IOException {
    try (Ext4Volume v = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      BlockRun run = allocate(v, 12_000, 10, null, 0);
      long before = v.blocks.freeBlocks();
      assertThrows(CorruptedException.class, () -> free(v, new BlockRun(12_005, 6)));
      assertThrows(CorruptedException.class, () -> free(v, new BlockRun(1, 1)));
      assertThrows(CorruptedException.class, () -> free(v, new BlockRun(24 << 10, 1)));
      long bitmap = v.groups.blockBitmap(0);
      assertThrows(CorruptedException.class, () -> free(v, new BlockRun(bitmap - 1, 2)));
      assertEquals(before, v.blocks.freeBlocks());
      free(v, run);
      assertThrows(CorruptedException.class, () -> free(v, run));
    }
  }

  @Test
  void aBitmapThatLiesIsFoundOutBeforeAnythingChanges() throws IOException {
    try (Ext4Volume v = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      long bitmap = v.groups.blockBitmap(0);
      MemorySegment s = MemorySegment.ofArray(new byte[1024]);
      v.device.read(bitmap * 1024, s);
      new Bits(s).clear(0, 1);
      v.device.write(bitmap * 1024, s);
      CorruptedException e =
          assertThrows(CorruptedException.class, () -> allocate(v, 0, 1, null, 0));
      assertEquals(bitmap, e.blockNr());
      assertTrue(e.getMessage().contains("checksum"), e.getMessage());
      assertEquals(0, v.cache.dirtyBytes());
    }
    // Without checksums, the counts and the file system's own blocks tell.
    for (boolean counted : new boolean[] {false, true}) {
      try (Ext4Volume v = make("24M", "-t ext2 -b 1024")) {
        MemorySegment s = MemorySegment.ofArray(new byte[1024]);
        long bitmap = v.groups.blockBitmap(0);
        v.device.read(bitmap * 1024, s);
        new Bits(s).clear(2, 1);
        v.device.write(bitmap * 1024, s);
        if (counted) {
          MemorySegment d = MemorySegment.ofArray(new byte[1024]);
          v.device.read(2 * 1024, d);
          GroupDescriptor.putFreeBlocks(d, 0, 32, GroupDescriptor.freeBlocks(d, 0, 32) + 1);
          v.device.write(2 * 1024, d);
        }
        try (Ext4Volume again = new Ext4Volume(new ImageDevice(image, 1024), 1 << 20)) {
          CorruptedException e =
              assertThrows(CorruptedException.class, () -> allocate(again, 0, 1, null, 0));
          assertTrue(
              e.getMessage().contains(counted ? "own is marked free" : "descriptor says"),
              e.getMessage());
        }
      }
    }
  }

  @Test
  void theSystemZoneIsWhatTheImageKeepsForItself() throws IOException {
    try (Ext4Volume v = make("24M", "-t ext4 -b 1024 -O ^has_journal")) {
      SystemZone zone = v.blocks.systemZone();
      assertTrue(zone.overlaps(0, 1));
      assertTrue(zone.overlaps(1, 1));
      for (int group = 0; group < v.geometry.groupCount(); group++) {
        assertTrue(zone.overlaps(v.groups.blockBitmap(group), 1));
        assertTrue(zone.overlaps(v.groups.inodeBitmap(group), 1));
        assertTrue(
            zone.overlaps(v.groups.inodeTable(group) + v.geometry.inodeTableBlocks() - 1, 1));
      }
      long end = v.geometry.blocksCount();
      assertFalse(zone.overlaps(end - 100, 100));
      assertEquals(0, zone.countIn(end - 100, 100));
      long sum = 0;
      for (long nr = 0; nr < end; nr++) {
        sum += zone.overlaps(nr, 1) ? 1 : 0;
      }
      assertEquals(sum, zone.countIn(0, end));
    }
  }
}
