package org.pagewright.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// What every block device keeps; one class of tests per kind of device.
interface BlockDeviceContract {
  long SIZE = 4 << 20;

  /// A new device of SIZE bytes of zeros.
  BlockDevice newDevice() throws Exception;

  private static void assertErrno(Errno errno, org.junit.jupiter.api.function.Executable call) {
    FsException e = assertThrows(FsException.class, call);
    assertEquals(errno, e.errno(), e.getMessage());
  }

  private static MemorySegment heap(int size) {
    return MemorySegment.ofArray(new byte[size]);
  }

  /// A request over the range in segments of random kinds, sizes and alignments.
  private static Bio scattered(Random random, Bio.Op op, long pos, int length, Arena arena) {
    Bio bio = Bio.of(op, pos, random.nextInt(4));
    boolean pages = random.nextInt(3) == 0;
    for (int left = length; left > 0; ) {
      int size = pages ? Math.min(left, 4096) : 1 + random.nextInt(Math.min(left, 200_000));
      MemorySegment segment =
          switch (pages ? 0 : random.nextInt(4)) {
            case 0 -> arena.allocate(size, 4096);
            case 1 -> arena.allocate(size + 7L, 1).asSlice(random.nextInt(7), size);
            case 2 -> heap(size);
            default ->
                size % 8 == 0
                    ? MemorySegment.ofArray(new long[size / 8])
                    : heap(size + 3).asSlice(3, size);
          };
      bio.add(segment);
      left -= size;
    }
    return bio;
  }

  private static void fill(Bio bio, byte[] content) {
    int at = 0;
    for (MemorySegment segment : bio.segments()) {
      int size = (int) segment.byteSize();
      MemorySegment.copy(MemorySegment.ofArray(content), at, segment, 0, size);
      at += size;
    }
  }

  private static byte[] content(Bio bio) {
    byte[] content = new byte[(int) bio.length()];
    int at = 0;
    for (MemorySegment segment : bio.segments()) {
      MemorySegment.copy(segment, 0, MemorySegment.ofArray(content), at, segment.byteSize());
      at += (int) segment.byteSize();
    }
    return content;
  }

  /// Random requests against an array, over a part of the device.
  private static void randomRequests(
      BlockDevice device, long seed, int rounds, long begin, int length) throws FsException {
    Random random = new Random(seed);
    byte[] model = new byte[length];
    int sector = device.sectorSize();
    try (Arena arena = Arena.ofShared()) {
      for (int i = 0; i < rounds; i++) {
        int count = 1 + random.nextInt(random.nextInt(8) == 0 ? length / sector : 16);
        int first = random.nextInt(length / sector - count + 1);
        int at = first * sector;
        boolean write = random.nextBoolean();
        Bio.Op op = write ? Bio.Op.WRITE : Bio.Op.READ;
        Bio bio = scattered(random, op, begin + at, count * sector, arena);
        if (write) {
          byte[] fresh = new byte[count * sector];
          random.nextBytes(fresh);
          fill(bio, fresh);
          System.arraycopy(fresh, 0, model, at, fresh.length);
        }
        bio.submitAndWait(device);
        if (!write) {
          byte[] expected = Arrays.copyOfRange(model, at, at + count * sector);
          assertArrayEquals(expected, content(bio), "seed " + seed + ", round " + i);
        }
      }
    }
  }

  @Test
  default void whatWasWrittenComesBackWhateverTheShapeOfMemory() throws Exception {
    long seed = System.nanoTime();
    System.out.println(getClass().getSimpleName() + " seed " + seed);
    try (BlockDevice device = newDevice()) {
      randomRequests(device, seed, 120, 0, (int) SIZE);
    }
  }

  @Test
  default void threadsDoNotDisturbEachOther() throws Exception {
    long seed = System.nanoTime();
    System.out.println(getClass().getSimpleName() + " seed " + seed);
    try (BlockDevice device = newDevice()) {
      AtomicReference<Throwable> failed = new AtomicReference<>();
      Thread[] threads = new Thread[4];
      int share = (int) SIZE / threads.length;
      for (int i = 0; i < threads.length; i++) {
        int mine = i;
        threads[i] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        randomRequests(device, seed + mine, 60, (long) mine * share, share);
                      } catch (Throwable t) {
                        failed.set(t);
                      }
                    });
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertNull(failed.get(), () -> "seed " + seed + ": " + failed.get());
    }
  }

  @Test
  default void aNewDeviceReadsAsZerosToItsLastSector() throws Exception {
    try (BlockDevice device = newDevice()) {
      assertEquals(SIZE, device.sizeBytes());
      int sector = device.sectorSize();
      MemorySegment memory = heap(sector).fill((byte) 1);
      device.read(SIZE - sector, memory);
      assertArrayEquals(new byte[sector], memory.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  default void requestsOutsideTheDeviceOrNotInSectorsEndWithEinval() throws Exception {
    try (BlockDevice device = newDevice()) {
      int sector = device.sectorSize();
      MemorySegment one = heap(sector);
      assertErrno(Errno.EINVAL, () -> device.read(SIZE, one));
      assertErrno(Errno.EINVAL, () -> device.write(-sector, one));
      assertErrno(Errno.EINVAL, () -> device.write(Long.MAX_VALUE - sector + 1, one));
      assertErrno(Errno.EINVAL, () -> device.read(1, one));
      assertErrno(Errno.EINVAL, () -> device.read(0, heap(sector + 1)));
      assertErrno(Errno.EINVAL, () -> device.discard(SIZE, sector));
      assertEquals(0, device.bytesWritten());
    }
  }

  @Test
  default void memoryThatCannotBeUsedEndsWithEfault() throws Exception {
    try (BlockDevice device = newDevice()) {
      MemorySegment gone;
      try (Arena arena = Arena.ofShared()) {
        gone = arena.allocate(device.sectorSize());
      }
      assertErrno(Errno.EFAULT, () -> Bio.write(0, gone).submitAndWait(device));
      MemorySegment readOnly = heap(device.sectorSize()).asReadOnly();
      assertErrno(Errno.EFAULT, () -> device.read(0, readOnly));
      device.write(0, readOnly);
    }
  }

  @Test
  default void memoryOfOneThreadServesReadAndWrite() throws Exception {
    try (BlockDevice device = newDevice();
        Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(SIZE / 2).fill((byte) 7);
      source.set(ValueLayout.JAVA_BYTE, SIZE / 2 - 1, (byte) 8);
      device.write(0, source);
      MemorySegment target = arena.allocate(SIZE / 2);
      device.read(0, target);
      assertEquals(-1, source.mismatch(target));
    }
  }

  @Test
  default void onlyCompletedWritesAreCounted() throws Exception {
    try (BlockDevice device = newDevice()) {
      int sector = device.sectorSize();
      device.write(0, heap(4 * sector));
      assertThrows(FsException.class, () -> device.write(SIZE, heap(sector)));
      device.read(0, heap(sector));
      Bio.of(Bio.Op.WRITE, 0, Bio.PREFLUSH).submitAndWait(device);
      Bio.of(Bio.Op.WRITE, 0, Bio.FUA).add(heap(sector)).submitAndWait(device);
      device.flush();
      assertEquals(5L * sector, device.bytesWritten());
    }
  }

  @Test
  default void aClosedDeviceEndsRequestsWithEio() throws Exception {
    BlockDevice device = newDevice();
    device.close();
    device.close();
    assertErrno(Errno.EIO, () -> device.read(0, heap(device.sectorSize())));
    assertErrno(Errno.EIO, device::flush);
  }

  @Test
  default void closeWaitsForEveryCompletion() throws Exception {
    BlockDevice device = newDevice();
    AtomicInteger ended = new AtomicInteger();
    for (int i = 0; i < 600; i++) {
      device.submit(
          Bio.write((long) i * device.sectorSize(), heap(device.sectorSize()))
              .whenEnded((bio, error) -> ended.incrementAndGet(), null));
    }
    device.close();
    assertEquals(600, ended.get());
  }

  @Test
  default void aCompletionMaySubmitTheNextRequest() throws Exception {
    try (BlockDevice device = newDevice()) {
      int sector = device.sectorSize();
      CountDownLatch done = new CountDownLatch(500);
      Bio.Completion next =
          new Bio.Completion() {
            @Override
            public void ended(Bio bio, FsException error) {
              done.countDown();
              if (error == null && done.getCount() > 0) {
                device.submit(
                    Bio.write((bio.pos() + sector) % SIZE, heap(sector)).whenEnded(this, null));
              }
            }
          };
      device.submit(Bio.write(0, heap(sector)).whenEnded(next, null));
      done.await();
    }
  }

  @Test
  default void anInterruptedCallerGetsItsBytesAndKeepsItsInterrupt() throws Exception {
    try (BlockDevice device = newDevice()) {
      MemorySegment memory = heap(device.sectorSize()).fill((byte) 5);
      Thread.currentThread().interrupt();
      device.write(0, memory);
      device.read(0, memory.asSlice(0));
      device.flush();
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  default void aDiscardedRangeReadsAsZerosIfTheDeviceSaysSo() throws Exception {
    try (BlockDevice device = newDevice()) {
      int sector = device.sectorSize();
      MemorySegment ones = heap(3 * sector).fill((byte) 1);
      device.write(0, ones);
      device.discard(sector, sector);
      MemorySegment read = heap(3 * sector);
      device.read(0, read);
      if (device.discardZeroes()) {
        ones.asSlice(sector, sector).fill((byte) 0);
        assertEquals(-1, ones.mismatch(read));
      }
      assertEquals(1, read.get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(1, read.get(ValueLayout.JAVA_BYTE, 2L * sector));
    }
  }
}
