package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.contract.VolumeContract.assertErrno;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Readahead;
import org.pagewright.iov.FillerIter;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.IoFlags;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Reading, writing, space and durability of open files.
final class FileContract extends Suite {
  private static final int RW = OpenFlags.RDWR | OpenFlags.CREAT;

  FileContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  private static byte[] read(OpenFile file, long pos, int length) throws IOException {
    byte[] bytes = new byte[length];
    return Arrays.copyOf(bytes, file.read(pos, bytes, 0, length));
  }

  private static byte[] readAll(OpenFile file) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(file.size())];
    assertEquals(bytes.length, file.read(0, bytes, 0, bytes.length));
    return bytes;
  }

  @Case
  void bytesComeBackAtEveryOffsetAndLengthAlsoAfterRemount() throws IOException {
    byte[] all = new byte[40_000];
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      int salt = 0;
      for (int pos : new int[] {0, 1, 511, 1024, 4095, 4096, 4097, 8191, 12_288, 30_000}) {
        for (int length : new int[] {1, 2, 511, 512, 4096, 4097, 9000}) {
          byte[] bytes = pattern(length, ++salt);
          assertEquals(length, file.write(pos, bytes, 0, length));
          System.arraycopy(bytes, 0, all, pos, length);
        }
      }
      byte[] expected = Arrays.copyOf(all, 39_000);
      assertEquals(39_000, file.size());
      assertArrayEquals(expected, readAll(file));
    }
    for (int round = 0; round < 2; round++) {
      assertArrayEquals(Arrays.copyOf(all, 39_000), content("/f"));
      remount();
    }
  }

  @Case
  void readEndsAtTheEndOfTheFile() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      assertEquals(0, read(file, 0, 10).length);
      file.write(0, pattern(5000, 1), 0, 5000);
      assertEquals(0, read(file, 5000, 10).length);
      assertEquals(0, read(file, 1L << 40, 10).length);
      assertEquals(1, read(file, 4999, 10).length);
      assertEquals(904, read(file, 4096, 4096).length);
      assertEquals(0, read(file, 0, 0).length);
      assertErrno(Errno.EINVAL, () -> read(file, -1, 10));
      assertThrows(
          IndexOutOfBoundsException.class, () -> file.read(0, new byte[10], 5, 6));
    }
  }

  @Case
  void fileOffsetMovesWithReadsAndWritesThatUseIt() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      file.write(pattern(100, 1), 0, 100);
      assertEquals(100, file.position());
      file.write(10, pattern(5, 2), 0, 5);
      assertEquals(100, file.position());
      file.seek(10);
      byte[] five = new byte[5];
      assertEquals(5, file.read(five, 0, 5));
      assertArrayEquals(pattern(5, 2), five);
      assertEquals(15, file.position());
      ByteBuffer heap = ByteBuffer.allocate(50);
      heap.position(10);
      assertEquals(40, file.read(heap));
      assertEquals(50, heap.position());
      assertEquals(55, file.position());
      ByteBuffer direct = ByteBuffer.allocateDirect(100);
      assertEquals(45, file.read(direct));
      assertEquals(45, direct.position());
      assertEquals(0, file.read(direct));
      direct.flip();
      assertEquals(45, file.write(direct));
      assertEquals(145, file.position());
      assertErrno(Errno.EINVAL, () -> file.seek(-1));
      file.seek(1000);
      file.write(ByteBuffer.wrap(new byte[] {7}).asReadOnlyBuffer());
      assertEquals(1001, file.size());
    }
  }

  @Case
  void everyKindOfMemoryIsASourceAndATarget() throws IOException {
    byte[] bytes = pattern(10_000, 3);
    try (OpenFile file = volume().open("/f", RW, 0644);
        Arena arena = Arena.ofConfined()) {
      MemorySegment native1 = arena.allocate(10_000);
      MemorySegment.copy(bytes, 0, native1, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, 10_000);
      assertEquals(10_000, file.write(0, native1));
      assertArrayEquals(bytes, readAll(file));
      MemorySegment native2 = arena.allocate(10_000);
      assertEquals(10_000, file.read(0, native2));
      assertEquals(-1, native1.mismatch(native2));
      MemorySegment[] parts = {
        native1.asSlice(0, 1), native1.asSlice(0, 0), native1.asSlice(1, 4999),
        MemorySegment.ofArray(bytes).asSlice(5000)
      };
      assertEquals(10_000, file.write(777, parts));
      MemorySegment[] into = {arena.allocate(100), arena.allocate(0), arena.allocate(9900)};
      assertEquals(10_000, file.read(777, into));
      assertEquals(bytes[99], into[0].get(java.lang.foreign.ValueLayout.JAVA_BYTE, 99));
      assertEquals(bytes[9999], into[2].get(java.lang.foreign.ValueLayout.JAVA_BYTE, 9899));
      int[] asked = {0};
      FillerIter filler =
          new FillerIter(
              (target, length) -> {
                for (int i = 0; i < length; i++) {
                  target.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, bytes[asked[0]++]);
                }
                return length;
              },
              10_000);
      assertEquals(10_000, file.write(20_000, filler, 0));
      assertArrayEquals(bytes, read(file, 20_000, 10_000));
    }
  }

  @Case
  void appendGoesToTheEndWhateverThePosition() throws IOException {
    int flags = RW | OpenFlags.APPEND;
    try (OpenFile a = volume().open("/f", flags, 0644);
        OpenFile b = volume().open("/f", flags, 0644)) {
      a.write(pattern(100, 1), 0, 100);
      b.write(pattern(50, 2), 0, 50);
      a.write(0, pattern(25, 3), 0, 25);
      assertEquals(175, a.size());
      assertEquals(150, b.position());
      assertArrayEquals(pattern(50, 2), read(a, 100, 50));
      assertArrayEquals(pattern(25, 3), read(a, 150, 25));
    }
    try (OpenFile c = volume().open("/f", OpenFlags.RDWR, 0)) {
      c.append(MemorySegment.ofArray(pattern(10, 4)));
      assertArrayEquals(pattern(10, 4), read(c, 175, 10));
    }
  }

  @Case
  void openModesAreKept() throws IOException {
    file("/f", pattern(10, 1));
    dir("/d");
    OpenFile closed = volume().open("/f", OpenFlags.RDWR, 0);
    closed.close();
    closed.close();
    assertErrno(Errno.EBADF, () -> read(closed, 0, 1));
    assertErrno(Errno.EBADF, () -> closed.write(new byte[1], 0, 1));
    assertErrno(Errno.EBADF, () -> closed.fsync(false));
    assertErrno(Errno.EBADF, closed::stat);
    try (OpenFile file = volume().open("/f", OpenFlags.RDONLY, 0)) {
      assertErrno(Errno.EBADF, () -> file.write(new byte[1], 0, 1));
      assertErrno(Errno.EBADF, () -> file.truncate(0));
      assertErrno(Errno.EBADF, () -> file.fallocate(0, 0, 10));
      MemorySegment one = MemorySegment.ofArray(new byte[1]);
      assertErrno(Errno.EOPNOTSUPP, () -> file.read(0, one, 1 << 30));
    }
    try (OpenFile file = volume().open("/f", OpenFlags.WRONLY, 0)) {
      assertErrno(Errno.EBADF, () -> read(file, 0, 1));
      assertErrno(Errno.ENOTDIR, () -> file.readDir(0, (name, ino, type, next) -> true));
    }
    try (OpenFile dir = volume().openDir("/d")) {
      assertErrno(Errno.EISDIR, () -> read(dir, 0, 1));
      assertErrno(Errno.EBADF, () -> dir.write(new byte[1], 0, 1));
      dir.fsync(false);
    }
    volume().open("/f", OpenFlags.WRONLY | OpenFlags.TRUNC, 0).close();
    assertEquals(0, volume().stat("/f").size());
  }

  @Case
  void sizeShrinksAndGrowsWithZeros() throws IOException {
    byte[] bytes = pattern(10_000, 5);
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      file.write(0, bytes, 0, bytes.length);
      file.truncate(5000);
      assertEquals(5000, file.size());
      file.truncate(9000);
      byte[] expected = Arrays.copyOf(Arrays.copyOf(bytes, 5000), 9000);
      assertArrayEquals(expected, readAll(file));
      file.truncate(0);
      file.write(6000, new byte[] {1}, 0, 1);
      expected = new byte[6001];
      expected[6000] = 1;
      assertArrayEquals(expected, readAll(file));
      assertErrno(Errno.EINVAL, () -> file.truncate(-1));
    }
    volume().truncate("/f", 3);
    remount();
    assertArrayEquals(new byte[3], content("/f"));
    dir("/d");
    assertErrno(Errno.EISDIR, () -> volume().truncate("/d", 0));
  }

  @Case
  void fileIsNotLargerThanTheFileSystemAllows() throws IOException {
    long max = volume().superBlock().operations().fileSizeMax();
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      assertErrno(Errno.EFBIG, () -> file.truncate(max + 1));
      assertErrno(Errno.EFBIG, () -> file.write(max, new byte[1], 0, 1));
      assertErrno(Errno.EFBIG, () -> file.fallocate(0, max - 5, 10));
      assertEquals(0, file.size());
    }
  }

  @Case(needs = VolumeFixture.Feature.HOLES)
  void holesReadAsZerosAndAreFound() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      file.write(1 << 20, pattern(4096, 1), 0, 4096);
      file.fsync(false);
      assertArrayEquals(new byte[8192], read(file, 0, 8192));
      assertEquals(1 << 20, file.seekData(0));
      assertEquals(0, file.seekHole(0));
      assertEquals((1 << 20) + 5, file.seekData((1 << 20) + 5));
      assertEquals((1 << 20) + 4096, file.seekHole(1 << 20));
      assertErrno(Errno.ENXIO, () -> file.seekData((1 << 20) + 4096));
      assertErrno(Errno.ENXIO, () -> file.seekHole((1 << 20) + 4096));
      assertErrno(Errno.ENXIO, () -> file.seekData(-1));
      file.truncate(2 << 20);
      assertErrno(Errno.ENXIO, () -> file.seekData((1 << 20) + 4096));
      assertTrue(volume().stat("/f").blocks() < 256, "a hole takes no space");
    }
  }

  @Case(needs = VolumeFixture.Feature.HOLES)
  void punchedAndZeroedRangesReadAsZerosAndTheRestStays() throws IOException {
    int keep = FallocateMode.KEEP_SIZE;
    byte[] all = pattern(50_000, 9);
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      file.write(0, all, 0, all.length);
      file.fallocate(FallocateMode.PUNCH_HOLE | keep, 5000, 10_000);
      Arrays.fill(all, 5000, 15_000, (byte) 0);
      assertArrayEquals(all, readAll(file));
      file.fallocate(FallocateMode.PUNCH_HOLE | keep, 20_480, 4096);
      Arrays.fill(all, 20_480, 24_576, (byte) 0);
      file.fsync(false);
      file.fallocate(FallocateMode.ZERO_RANGE, 30_000, 100);
      Arrays.fill(all, 30_000, 30_100, (byte) 0);
      file.fallocate(FallocateMode.PUNCH_HOLE | keep, 49_000, 100_000);
      Arrays.fill(all, 49_000, 50_000, (byte) 0);
      assertArrayEquals(all, readAll(file));
      file.fallocate(0, 49_000, 11_000);
      all = Arrays.copyOf(all, 60_000);
      assertArrayEquals(all, readAll(file));
      file.fallocate(keep, 60_000, 10_000);
      assertEquals(60_000, file.size());
      file.fallocate(FallocateMode.ZERO_RANGE | keep, 59_000, 5000);
      assertEquals(60_000, file.size());
      assertErrno(Errno.EOPNOTSUPP, () -> file.fallocate(FallocateMode.PUNCH_HOLE, 0, 1));
      assertErrno(Errno.EINVAL, () -> file.fallocate(0, 0, 0));
      assertErrno(Errno.EINVAL, () -> file.fallocate(0, -1, 5));
    }
    remount();
    assertArrayEquals(all, content("/f"));
  }

  /// R-H9, R-H10: after each of these the bytes are on the store, not only in the cache.
  @Case
  void syncCallsLeaveNothingDirty() throws IOException {
    byte[] bytes = pattern(100_000, 6);
    for (int flags : new int[] {0, OpenFlags.DSYNC, OpenFlags.SYNC}) {
      try (OpenFile file = volume().open("/f", RW | flags, 0644)) {
        file.write(0, bytes, 0, bytes.length);
        if (flags == 0) {
          file.fsync(true);
        }
        if (file.inode().mapping().account() != null) {
          assertEquals(0, file.inode().mapping().dirtyFolios());
          assertEquals(0, file.inode().mapping().writebackFolios());
        }
        file.write(5000, MemorySegment.ofArray(new byte[100]), IoFlags.SYNC);
        if (file.inode().mapping().account() != null) {
          assertEquals(0, file.inode().mapping().dirtyFolios());
        }
        file.write(0, bytes, 0, 1);
        file.fsync(false);
        assertEquals(0, file.inode().dirtyBits());
      }
    }
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      file.write(0, bytes, 0, bytes.length);
      int all =
          OpenFile.SYNC_WAIT_BEFORE | OpenFile.SYNC_WRITE | OpenFile.SYNC_WAIT_AFTER; // R-H11
      file.syncRange(0, 0, all);
      if (file.inode().mapping().account() != null) {
        assertEquals(0, file.inode().mapping().dirtyFolios());
      }
      file.write(0, bytes, 0, bytes.length);
      volume().sync();
      assertEquals(0, volume().superBlock().dirtyInodes());
    }
  }

  /// R-H10: a write with O_DSYNC of one folio leaves another that was dirty alone.
  @Case
  void dsyncWritesOnlyTheRangeWritten() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      if (file.inode().mapping().account() == null) {
        return; // no store, nothing is ever written
      }
      file.write(0, new byte[300_000], 0, 300_000);
      file.fsync(false);
      file.write(0, pattern(10, 1), 0, 10);
      file.write(200_000, MemorySegment.ofArray(pattern(10, 2)), IoFlags.DSYNC);
      assertEquals(1, file.inode().mapping().dirtyFolios());
    }
  }

  @Case
  void directReadsAndWritesSeeWhatTheCacheHasAndTheOtherWayRound() throws IOException {
    int length = 64 << 10;
    try (OpenFile cached = volume().open("/f", RW, 0644);
        OpenFile direct = volume().open("/f", OpenFlags.RDWR | OpenFlags.DIRECT, 0);
        Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length, 4096);
      byte[] bytes = pattern(length, 1);
      cached.write(0, bytes, 0, length); // dirty in the cache: R-J3
      assertEquals(length, direct.read(0, memory));
      assertArrayEquals(bytes, memory.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
      memory.fill((byte) 7);
      assertEquals(8192, direct.write(4096, memory.asSlice(0, 8192))); // cached and clean: R-J1
      Arrays.fill(bytes, 4096, 12_288, (byte) 7);
      assertArrayEquals(bytes, readAll(cached));
      cached.write(20_480, pattern(4096, 2), 0, 4096);
      assertEquals(4096, direct.write(16_384, memory.asSlice(0, 4096))); // dirty beside: R-J1
      Arrays.fill(bytes, 16_384, 20_480, (byte) 7);
      System.arraycopy(pattern(4096, 2), 0, bytes, 20_480, 4096);
      assertArrayEquals(bytes, readAll(cached));
      // R-J2: what is not whole blocks goes through the cache, with the same result.
      direct.write(100, pattern(50, 3), 0, 50);
      System.arraycopy(pattern(50, 3), 0, bytes, 100, 50);
      assertArrayEquals(bytes, readAll(cached));
      assertArrayEquals(Arrays.copyOfRange(bytes, 90, 1090), read(direct, 90, 1000));
      assertEquals(0, read(direct, length, 4096).length);
      assertEquals(96, read(direct, length - 96, 4096).length);
    }
  }

  /// R-J5.
  @Case
  void directAppendGrowsTheFileByWhatWasWritten() throws IOException {
    int flags = RW | OpenFlags.DIRECT | OpenFlags.APPEND;
    try (OpenFile file = volume().open("/f", flags, 0644);
        Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(8192, 4096);
      memory.fill((byte) 3);
      file.write(0, memory);
      file.write(0, memory.asSlice(0, 4096));
      file.write(0, memory.asSlice(0, 100));
      assertEquals(12_388, file.size());
      file.write(0, memory.asSlice(0, 4096));
    }
    remount();
    byte[] expected = new byte[12_388 + 4096];
    Arrays.fill(expected, (byte) 3);
    assertArrayEquals(expected, content("/f"));
  }

  /// R-J7: with everything in memory nothing has to wait, so it succeeds.
  @Case
  void nowaitSucceedsOnWhatIsInMemory() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      byte[] bytes = pattern(4096, 1);
      file.write(0, bytes, 0, 4096);
      MemorySegment segment = MemorySegment.ofArray(new byte[4096]);
      assertEquals(4096, file.read(0, segment, IoFlags.NOWAIT));
      assertArrayEquals(bytes, segment.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
      assertEquals(100, file.write(0, segment.asSlice(0, 100), IoFlags.NOWAIT));
      file.inode().rwsem().lock();
      try {
        assertErrno(
            Errno.EAGAIN,
            () -> runElsewhere(() -> file.write(0, segment.asSlice(0, 100), IoFlags.NOWAIT)));
      } finally {
        file.inode().rwsem().unlock();
      }
    }
  }

  private interface Step {
    void run() throws FsException;
  }

  /// Another thread, because this one holds the lock and lockdep would say so.
  private static void runElsewhere(Step step) throws FsException {
    FsException[] failed = {null};
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    step.run();
                  } catch (FsException e) {
                    failed[0] = e;
                  }
                });
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failed[0] != null) {
      throw failed[0];
    }
  }

  /// R-J6.
  @Case
  void dontcacheReadsAndWritesLeaveNothingBehind() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      if (file.inode().mapping().account() == null) {
        return; // the cache is the only place the bytes have
      }
      MemorySegment segment = MemorySegment.ofArray(pattern(100_000, 1));
      file.write(0, segment, IoFlags.DONTCACHE);
      file.fsync(true);
      assertEquals(0, file.inode().mapping().folios());
      MemorySegment target = MemorySegment.ofArray(new byte[100_000]);
      assertEquals(100_000, file.read(0, target, IoFlags.DONTCACHE));
      assertEquals(-1, segment.mismatch(target));
      assertTrue(file.inode().mapping().folios() <= 1, "all but the last were read to the end");
      // What is there already and somebody wants stays.
      assertEquals(4096, read(file, 0, 4096).length);
      int there = file.inode().mapping().folios();
      file.read(0, target, IoFlags.DONTCACHE);
      assertTrue(file.inode().mapping().folios() >= Math.min(1, there));
    }
  }

  @Case
  void hintsChangeNothingButWhatIsCached() throws IOException {
    byte[] bytes = pattern(200_000, 1);
    file("/f", bytes);
    volume().sync();
    try (OpenFile file = volume().open("/f", OpenFlags.RDWR, 0)) {
      file.dontNeed(0, 0);
      if (file.inode().mapping().account() != null) {
        assertEquals(0, file.inode().mapping().folios());
      }
      file.willNeed(0, 200_000);
      assertArrayEquals(bytes, readAll(file));
      file.advise(Readahead.Advice.RANDOM);
      file.dontNeed(0, 100_000);
      assertArrayEquals(bytes, readAll(file));
      file.advise(Readahead.Advice.SEQUENTIAL);
      file.dontNeed(0, 0);
      assertArrayEquals(bytes, readAll(file));
    }
  }

  @Case
  void rangesAreCopiedBetweenFilesAndWithinOne() throws IOException {
    byte[] bytes = pattern(100_000, 4);
    file("/a", bytes);
    try (OpenFile a = volume().open("/a", OpenFlags.RDWR, 0);
        OpenFile b = volume().open("/b", RW, 0644)) {
      assertEquals(100_000, a.copyRange(0, b, 0, Long.MAX_VALUE >> 1));
      assertArrayEquals(bytes, readAll(b));
      assertEquals(10, a.copyRange(99_990, b, 7, 1000));
      assertArrayEquals(Arrays.copyOfRange(bytes, 99_990, 100_000), read(b, 7, 10));
      assertEquals(0, a.copyRange(100_000, b, 0, 10));
      assertErrno(Errno.EINVAL, () -> a.copyRange(0, a, 50_000, 60_000));
      assertEquals(50_000, a.copyRange(0, a, 100_000, 50_000));
      assertArrayEquals(Arrays.copyOf(bytes, 50_000), read(a, 100_000, 50_000));
    }
  }

  /// R-A12.
  @Case
  void interruptEndsAWriteBetweenChunks() throws IOException {
    try (OpenFile file = volume().open("/f", RW, 0644)) {
      Thread.currentThread().interrupt();
      try {
        assertErrno(Errno.EINTR, () -> file.write(0, new byte[100_000], 0, 100_000));
        assertTrue(Thread.currentThread().isInterrupted(), "the interrupt stays pending");
        assertEquals(0, file.size());
      } finally {
        Thread.interrupted();
      }
      int[] given = {0};
      FillerIter filler =
          new FillerIter(
              (target, length) -> {
                if (given[0] > 0) {
                  Thread.currentThread().interrupt();
                }
                target.asSlice(0, length).fill((byte) 5);
                given[0] += length;
                return length;
              },
              1 << 20);
      long n = file.write(0, filler, 0);
      assertTrue(Thread.interrupted());
      assertTrue(n > 0 && n < 1 << 20, "a count, not an error: " + n);
      assertEquals(n, file.size());
      byte[] expected = new byte[(int) n];
      Arrays.fill(expected, (byte) 5);
      assertArrayEquals(expected, readAll(file));
    }
  }
}
