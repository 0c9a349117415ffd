package org.pagewright.fs.ext4.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.sim.device.FaultyBlockDevice;

final class BufferCacheTest {
  private static final int BLOCK = 1024;

  private final FaultyBlockDevice device;
  private final BufferCache cache;

  BufferCacheTest() throws FsException {
    device = new FaultyBlockDevice(RamBlockDevice.of("ram", 4096 * BLOCK));
    cache = new BufferCache(device, BLOCK, 256 * BLOCK);
  }

  @AfterEach
  void stateIsWhole() throws FsException {
    assertTrue(cache.checkInvariants());
    device.close();
  }

  /// A block whose first word is a magic and whose last is the sum of a counter and its number.
  private record Summed(int magic, AtomicInteger verified) implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      verified.incrementAndGet();
      if (LittleEndian.i32(buffer.segment(), 0) != magic
          || LittleEndian.i32(buffer.segment(), BLOCK - 4) != sum(buffer)) {
        throw new CorruptedException("ram", buffer.blockNr(), "wrong sum");
      }
    }

    @Override
    public void seal(Buffer buffer) {
      LittleEndian.put32(buffer.segment(), 0, magic);
      LittleEndian.put32(buffer.segment(), BLOCK - 4, sum(buffer));
    }

    private static int sum(Buffer buffer) {
      return LittleEndian.i32(buffer.segment(), 4) + (int) buffer.blockNr();
    }
  }

  private final Summed type = new Summed(7, new AtomicInteger());

  private void write(long blockNr, int value, BufferType as) throws FsException {
    try (Buffer buffer = cache.create(blockNr, as)) {
      set(buffer, value);
    }
  }

  private static void set(Buffer buffer, int value) {
    buffer.lock();
    LittleEndian.put32(buffer.segment(), 4, value);
    buffer.unlock();
    buffer.markDirty();
  }

  private int onDevice(long blockNr) throws FsException {
    MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
    device.read(blockNr * BLOCK, s);
    return LittleEndian.i32(s, 4);
  }

  @Test
  void aBlockIsSealedBeforeItIsWrittenAndVerifiedOncePerLoad() throws FsException {
    write(5, 42, type);
    assertEquals(0, onDevice(5));
    cache.sync();
    assertEquals(42, onDevice(5));
    BufferCache other = new BufferCache(device, BLOCK, 64 * BLOCK);
    for (int i = 0; i < 3; i++) {
      try (Buffer buffer = other.read(5, type)) {
        assertEquals(42, LittleEndian.i32(buffer.segment(), 4));
      }
    }
    assertEquals(1, type.verified().get());
    assertEquals(1, other.readRequests());
  }

  @Test
  void aBlockThatFailsItsCheckIsReadAgainNextTime() throws FsException {
    CorruptedException e = assertThrows(CorruptedException.class, () -> cache.read(9, type));
    assertEquals(9, e.blockNr());
    MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
    LittleEndian.put32(s, 0, 7);
    LittleEndian.put32(s, BLOCK - 4, 9);
    device.write(9 * BLOCK, s);
    cache.read(9, type).put();
  }

  @Test
  void aBlockThatTwoOwnersClaimIsFoundOut() throws FsException {
    write(5, 1, type);
    Summed other = new Summed(8, new AtomicInteger());
    assertThrows(CorruptedException.class, () -> cache.read(5, other));
    cache.sync();
    assertThrows(CorruptedException.class, () -> cache.read(5, other));
    cache.read(5, type).put();
  }

  @Test
  void blocksBeyondTheDeviceAreRefused() {
    assertThrows(CorruptedException.class, () -> cache.read(4096, BufferType.PLAIN));
    assertThrows(CorruptedException.class, () -> cache.create(-1, BufferType.PLAIN));
  }

  @Test
  void theBudgetHoldsForCleanBlocksAndTheLeastRecentlyUsedGoFirst() throws FsException {
    try (Buffer kept = cache.read(0, BufferType.PLAIN)) {
      for (int i = 1; i < 1000; i++) {
        cache.read(i, BufferType.PLAIN).put();
        cache.read(1, BufferType.PLAIN).put();
      }
      assertTrue(cache.bytes() <= 256 * BLOCK, () -> cache.bytes() + " bytes");
      long reads = cache.readRequests();
      cache.read(1, BufferType.PLAIN).put();
      cache.read(999, BufferType.PLAIN).put();
      try (Buffer again = cache.read(0, BufferType.PLAIN)) {
        assertSame(kept, again);
      }
      assertEquals(reads, cache.readRequests());
      cache.read(2, BufferType.PLAIN).put();
      assertEquals(reads + 1, cache.readRequests());
    }
  }

  @Test
  void dirtyBlocksAreWrittenBackByWhoMakesThemWhenThereAreTooMany() throws FsException {
    for (int i = 0; i < 2000; i++) {
      cache.balanceDirty();
      write(i, i + 1, type);
    }
    assertTrue(cache.dirtyBytes() <= cache.dirtyBytesMax() + BLOCK);
    assertTrue(cache.bytes() <= 257 * BLOCK);
    assertEquals(1, onDevice(0));
    cache.sync();
    assertEquals(0, cache.dirtyBytes());
    assertEquals(2000, onDevice(1999));
  }

  @Test
  void neighboursGoOutInOneWriteInOrder() throws FsException {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      order.add(i);
    }
    Collections.shuffle(order, new Random(1));
    for (int i : order) {
      write(100 + i, i, type);
    }
    write(300, 3, type);
    cache.sync();
    assertEquals(2, cache.writeRequests());
    assertEquals(59, onDevice(159));
  }

  @Test
  void aBlockWhoseWriteFailedStaysDirtyAndIsTriedAgain() throws FsException {
    write(10, 1, type);
    write(20, 2, type);
    device.failRange(FaultyBlockDevice.Kind.WRITE, 10 * BLOCK, BLOCK, Errno.EIO);
    for (int i = 0; i < 2; i++) {
      FsException e = assertThrows(FsException.class, cache::sync);
      assertEquals(Errno.EIO, e.errno());
      assertEquals(BLOCK, cache.dirtyBytes());
      assertEquals(2, onDevice(20), "the others went out");
    }
    assertThrows(FsException.class, () -> cache.writeback(5));
    device.heal();
    cache.sync();
    assertEquals(1, onDevice(10));
  }

  @Test
  void aFreedBlockIsNeverWrittenOverItsNextOwnersData() throws FsException {
    Buffer old = cache.create(50, type);
    set(old, 1);
    cache.forget(40, 20);
    assertFalse(old.dirty());
    cache.sync();
    assertEquals(0, onDevice(50));
    try (Buffer anew = cache.create(50, type)) {
      assertNotSame(old, anew);
      set(anew, 2);
    }
    old.put();
    cache.sync();
    assertEquals(2, onDevice(50));
    cache.forget(0, 1L << 40);
    assertEquals(0, cache.bytes());
  }

  @Test
  void blocksPrefetchedAreVerifiedWhenTheyAreRead() throws FsException {
    for (int i = 0; i < 8; i++) {
      write(200 + i, i, type);
    }
    cache.sync();
    BufferCache other = new BufferCache(device, BLOCK, 64 * BLOCK);
    other.prefetch(200, 8);
    other.prefetch(200, 8);
    assertEquals(1, other.readRequests());
    for (int i = 0; i < 8; i++) {
      other.read(200 + i, type).put();
    }
    assertEquals(1, other.readRequests());
    assertEquals(8, type.verified().get());
    other.prefetch(4090, 100);
    other.prefetch(5000, 1);
    device.failRange(FaultyBlockDevice.Kind.READ, 0, BLOCK, Errno.EIO);
    other.prefetch(0, 4);
    assertThrows(FsException.class, () -> other.read(0, BufferType.PLAIN));
    assertTrue(other.checkInvariants());
  }

  @Test
  void manyThreadsSeeOneBufferABlockAndLoseNoChange() throws Exception {
    int threads = 4;
    int rounds = 3000;
    CountDownLatch done = new CountDownLatch(threads);
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < threads; t++) {
      int seed = t;
      System.out.println("seed " + seed);
      Thread.ofPlatform()
          .start(
              () -> {
                try {
                  Random random = new Random(seed);
                  for (int i = 0; i < rounds; i++) {
                    try (Buffer b = cache.read(random.nextInt(600), BufferType.PLAIN)) {
                      b.lock();
                      LittleEndian.put32(
                          b.segment(), 8L * seed, LittleEndian.i32(b.segment(), 8L * seed) + 1);
                      b.unlock();
                      b.markDirty();
                    }
                    if (i % 100 == 0) {
                      cache.sync();
                    }
                    cache.balanceDirty();
                  }
                } catch (FsException | AssertionError e) {
                  failures.add(e);
                } finally {
                  done.countDown();
                }
              });
    }
    done.await();
    assertEquals(List.of(), failures);
    cache.sync();
    long sum = 0;
    for (int nr = 0; nr < 600; nr++) {
      MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
      device.read((long) nr * BLOCK, s);
      for (int t = 0; t < threads; t++) {
        sum += LittleEndian.i32(s, 8L * t);
      }
    }
    assertEquals((long) threads * rounds, sum);
  }
}
