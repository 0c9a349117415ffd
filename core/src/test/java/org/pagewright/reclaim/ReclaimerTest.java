package org.pagewright.reclaim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.Lockdep;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.DirtyLimits;
import org.pagewright.writeback.FakeFile;
import org.pagewright.writeback.VirtualClock;
import org.pagewright.writeback.Writeback;

/// Who leaves memory, and progress when nobody can (R-I4, R-I5, R-I6, R-I7, R-J6).
@Timeout(120)
final class ReclaimerTest {
  private static final int FRAMES = 1024;
  private static final int SIZE = AddressSpace.FOLIO_SIZE;

  private final VirtualClock clock = new VirtualClock();
  private final PageCache cache = new PageCache((long) FRAMES * SIZE);
  private final Reclaimer reclaimer = Reclaimer.install(cache, DirtyLimits.of(cache), clock);
  private final int usable = FRAMES - cache.frames().reserve();
  private final BackingDevice device = new BackingDevice(reclaimer.throttle(), "dev");
  private final FakeFile file = new FakeFile(cache, device, "f");

  @AfterEach
  void nothingIsLeftBehind() {
    assertTrue(Lockdep.holdsNothing());
    assertTrue(file.mapping.checkInvariants());
    assertTrue(cache.frames().used() <= FRAMES);
    file.drop();
    assertEquals(0, cache.frames().used());
    Reclaimer.Statistics empty = reclaimer.statistics();
    assertEquals(0, empty.small() + empty.main() + empty.passing());
    cache.close();
  }

  private void read(long first, long last) throws FsException {
    for (long i = first; i <= last; i++) {
      file.read(i);
    }
  }

  private boolean cached(long index) {
    return file.mapping.find(index) != null;
  }

  // ---- The budget -------------------------------------------------------------------------------

  @Test
  void theBudgetIsNeverExceeded() throws FsException {
    for (long i = 0; i < 20_000; i++) {
      file.read(i);
      assertTrue(cache.frames().used() <= usable);
    }
    Reclaimer.Statistics s = reclaimer.statistics();
    assertEquals(cache.frames().used(), s.small() + s.main() + s.passing());
    assertEquals(20_000 - cache.frames().used(), cache.statistics().evictions());
  }

  @Test
  void aFrameForSomethingElseIsMadeRoomForToo() throws FsException {
    read(0, usable - 1);
    int frame = cache.takeFrame(false);
    cache.freeFrame(frame);
    assertTrue(cache.statistics().evictions() > 0);
  }

  // ---- The policy -------------------------------------------------------------------------------

  @Test
  void whatIsUsedAgainSurvivesAScan() throws FsException {
    for (int round = 0; round < 3; round++) {
      read(0, 99);
    }
    read(10_000, 15_000);
    for (int i = 0; i < 100; i++) {
      assertTrue(cached(i), "folio " + i + " went: " + reclaimer);
    }
  }

  /// R-I7.
  @Test
  void whatComesBackSoonStartsInTheMainQueue() throws FsException {
    file.read(0);
    read(1000, 1000 + usable + 40);
    assertFalse(cached(0));
    long before = reclaimer.statistics().refaulted();
    file.read(0);
    assertEquals(before + 1, reclaimer.statistics().refaulted());
    read(20_000, 20_000 + usable / 2);
    assertTrue(cached(0), "a scan goes by");
  }

  /// R-I7.
  @Test
  void whatComesBackLateDoesNot() throws FsException {
    file.read(0);
    read(1000, 1000 + 4 * usable);
    file.read(0);
    assertEquals(0, reclaimer.statistics().refaulted());
  }

  /// R-I7: it was there for its whole time; were it let in again at once, a loop that is a little
  /// longer than the cache would push itself out for ever.
  @Test
  void aLoopALittleLongerThanTheCacheHitsWhatTheMainQueueKeeps() throws FsException {
    int length = usable * 6 / 5;
    int hits = 0;
    for (int round = 0; round < 20; round++) {
      for (int i = 0; i < length; i++) {
        hits += round >= 5 && cached(i) ? 1 : 0;
        file.read(i);
      }
    }
    double percent = 100.0 * hits / (15 * length);
    assertTrue(percent > 50, percent + " %: " + reclaimer);
  }

  /// R-J6.
  @Test
  void whatIsPassingThroughGoesFirst() throws FsException {
    read(0, 499);
    for (long i = 1000; i < 1000 + usable - 500; i++) {
      Folio folio = file.mapping.getOrCreate(i, AddressSpace.DONTCACHE);
      folio.markUptodate();
      folio.unlock();
    }
    read(5000, 5019);
    for (int i = 0; i < 500; i++) {
      assertTrue(cached(i));
    }
    assertTrue(reclaimer.statistics().passing() < usable - 500);
  }

  /// R-J6.
  @Test
  void whatIsWantedAfterAllIsNoLongerPassingThrough() throws FsException {
    Folio folio = file.mapping.getOrCreate(1, AddressSpace.DONTCACHE);
    folio.markUptodate();
    folio.unlock();
    assertEquals(1, reclaimer.statistics().passing());
    file.mapping.getOrCreate(1, 0).unlock();
    read(100, 100 + usable);
    assertEquals(0, reclaimer.statistics().passing());
  }

  /// Goal: on the mix that a file server sees, a few hot folios, a long tail, and now and then a
  /// scan, the policy hits more often than least-recently-used of the same size. Method: both see
  /// the same trace.
  @Test
  void itHitsMoreOftenThanLruOnZipfWithScans() throws FsException {
    long seed = 42;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    int pages = 20_000;
    double[] cumulative = new double[pages];
    double sum = 0;
    for (int i = 0; i < pages; i++) {
      sum += 1 / Math.pow(i + 1, 0.9);
      cumulative[i] = sum;
    }
    Map<Long, Boolean> lru =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > usable;
          }
        };
    int ourHits = 0;
    int lruHits = 0;
    int lookups = 0;
    for (int step = 0; step < 200_000; step++) {
      if (step % 10_000 == 5000) {
        for (long i = 0; i < 3000; i++) { // a scan of something else, not counted
          long index = 1_000_000 + step * 10L + i;
          file.read(index);
          lru.put(index, true);
        }
      }
      double at = random.nextDouble() * sum;
      int found = Arrays.binarySearch(cumulative, at);
      long index = found >= 0 ? found : -found - 1;
      lookups++;
      ourHits += cached(index) ? 1 : 0;
      file.read(index);
      lruHits += lru.put(index, true) != null ? 1 : 0;
    }
    double ours = 100.0 * ourHits / lookups;
    double theirs = 100.0 * lruHits / lookups;
    System.out.printf("hits: %.1f %%, least recently used %.1f %%%n", ours, theirs);
    assertTrue(ours > theirs + 4, "ours " + ours + ", LRU " + theirs);
  }

  // ---- Who may not leave ------------------------------------------------------------------------

  /// R-I4, R-H8.
  @Test
  void whatIsDirtyLockedUnderWriteoutOrInUseStays() throws Exception {
    FakeFile.Io io = new FakeFile.Io();
    FakeFile slow = new FakeFile(cache, device, "slow", io, false);
    slow.write(0, 7);
    Writeback.startRange(slow.mapping, 0, SIZE);
    slow.write(1, 8);
    file.read(2);
    Folio used = file.folio(2);
    assertTrue(used.tryGet());
    file.read(3);
    Folio locked = file.folio(3);
    assertTrue(locked.tryLock());
    read(1000, 1000 + 3 * usable);
    locked.unlock();
    assertTrue(slow.folio(0).isWriteback());
    assertTrue(slow.folio(1).isDirty());
    assertTrue(used.isAttached());
    assertTrue(locked.isAttached());
    used.put();
    io.complete(1);
    Writeback.startRange(slow.mapping, 0, 2 * SIZE);
    io.complete(1);
    read(10_000, 10_000 + 3 * usable);
    assertFalse(cached(2) || cached(3), "now they may go");
    assertNull(slow.mapping.find(1));
    assertEquals(Map.of(0L, 7L, 1L, 8L), slow.stored());
  }

  /// R-I4. Goal: a folio that becomes dirty after reclaim looked at it is not dropped. Method: one
  /// thread dirties folios, another evicts as fast as it can and writes back; no value may be lost.
  @Test
  void aFolioDirtiedAfterTheLookIsNotDropped() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread reclaim =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    reclaimer.makeRoom(false);
                    Writeback.startRange(file.mapping, 0, AddressSpace.MAX_SIZE - 1);
                  }
                });
    long[] last = new long[64];
    Random random = new Random(7);
    for (int i = 1; i <= 30_000; i++) {
      int index = random.nextInt(last.length);
      assertEquals(last[index], file.read(index), "folio " + index + " in step " + i);
      file.write(index, i);
      last[index] = i;
    }
    stop.set(true);
    reclaim.join();
  }

  /// R-H14, R-I4. Stores under memory pressure, no sync until the end: nothing dirty is forgotten.
  @Test
  void nothingDirtyIsLostUnderMemoryPressure() throws Exception {
    int threads = 4;
    int folios = 3 * usable;
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    Writeback.startRange(file.mapping, 0, AddressSpace.MAX_SIZE - 1);
                    clock.advanceMillis(1);
                  }
                });
    List<Thread> users = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    for (int t = 0; t < threads; t++) {
      int mine = t;
      users.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    Random random = new Random(mine);
                    long[] last = new long[folios];
                    try {
                      for (int i = 1; i <= 15_000; i++) {
                        int slot = random.nextInt(folios / threads);
                        long index = (long) slot * threads + mine;
                        assertEquals(last[slot], file.read(index));
                        file.write(index, i);
                        last[slot] = i;
                      }
                      done.incrementAndGet();
                    } catch (FsException e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    for (Thread user : users) {
      user.join();
    }
    stop.set(true);
    writer.join();
    assertEquals(threads, done.get());
    assertTrue(cache.frames().used() <= usable);
    assertNull(Writeback.syncRange(file.mapping, 0, AddressSpace.MAX_SIZE - 1));
    Random random = new Random(0);
    long[] last = new long[folios];
    for (int i = 1; i <= 15_000; i++) {
      last[random.nextInt(folios / threads)] = i;
    }
    for (int slot = 0; slot < folios / threads; slot++) {
      assertEquals(last[slot], file.store.getOrDefault((long) slot * threads, 0L));
    }
  }

  // ---- Nothing is clean -------------------------------------------------------------------------

  private void fillWithDirty() throws FsException {
    for (long i = 0; i < usable; i++) {
      file.write(i, i);
    }
    assertEquals(usable, cache.frames().used());
  }

  /// R-I5. With every frame dirty, a reader gets one as soon as the flusher has made some clean.
  @Test
  void whenAllIsDirtyAReaderWaitsForTheFlusherAndGoesOn() throws Exception {
    fillWithDirty();
    clock.setWorld(
        nanos -> {
          clock.advance(nanos);
          Writeback.startRange(file.mapping, 0, 10 * SIZE - 1);
        });
    file.read(100_000);
    assertTrue(cached(100_000));
    assertTrue(file.store.size() >= 10);
  }

  /// R-H8: nothing that was accepted is dropped for it, and the wait has a bound.
  @Test
  void whenAllIsDirtyAndTheDeviceIsBrokenMemoryIsOut() throws FsException {
    fillWithDirty();
    file.failAll = true;
    AtomicInteger attempts = new AtomicInteger();
    long start = clock.nanoTime();
    clock.setWorld(
        nanos -> {
          clock.advance(nanos);
          if (attempts.incrementAndGet() % 50 == 1) {
            Writeback.startRange(file.mapping, 0, AddressSpace.MAX_SIZE - 1);
          }
        });
    FsException e = assertThrows(FsException.class, () -> file.read(100_000));
    assertEquals(Errno.ENOMEM, e.errno());
    assertTrue(e.getMessage().contains("frames dirty"), e.getMessage());
    assertTrue(clock.nanoTime() - start < 5_000_000_000L);
    assertEquals(usable, file.mapping.dirtyFolios());
  }

  @Test
  void whoMayNotWaitIsToldToComeAgain() throws FsException {
    fillWithDirty();
    clock.setWorld(
        nanos -> {
          throw new AssertionError("waited");
        });
    FsException e =
        assertThrows(
            FsException.class, () -> file.mapping.getOrCreate(100_000, AddressSpace.NOWAIT));
    assertEquals(Errno.EAGAIN, e.errno());
  }

  /// R-I5. A thread that writes out does not wait for write-outs: they might be its own.
  @Test
  void aWriterOfFoliosNeverWaitsForWriteouts() throws FsException {
    fillWithDirty();
    clock.setWorld(
        nanos -> {
          throw new AssertionError("waited");
        });
    AtomicInteger refused = new AtomicInteger();
    FakeFile.Io io = new FakeFile.Io();
    FakeFile held = new FakeFile(cache, device, "held", io, true);
    file.detach(0);
    held.write(0, 1);
    held.afterWrite =
        index -> {
          assertTrue(Writeback.isWriting());
          try {
            held.mapping.getOrCreate(500, 0);
          } catch (FsException e) {
            assertEquals(Errno.ENOMEM, e.errno());
            refused.incrementAndGet();
          }
        };
    Writeback.startRange(held.mapping, 0, SIZE);
    assertEquals(1, refused.get());
    assertFalse(Writeback.isWriting());
    io.complete(1);
    held.drop();
  }

  /// R-I6. Goal: a thread that waits for memory with folio locks held is served although those very
  /// folios are dirty. Method: background walks pass over them.
  @Test
  void whoWaitsForMemoryWithFoliosLockedIsServed() throws Exception {
    fillWithDirty();
    AtomicBoolean stop = new AtomicBoolean();
    Folio mine = file.folio(0);
    mine.lock();
    Thread flusher =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    Writeback.startRange(file.mapping, 0, 40 * SIZE);
                    clock.advanceMillis(10);
                  }
                });
    Folio got = file.mapping.insertNew(100_000, 0);
    assertNotNull(got);
    got.unlock();
    assertTrue(mine.isDirty() && mine.isAttached());
    mine.unlock();
    stop.set(true);
    flusher.join();
  }

  /// A cache whose frames are all in use says so at once.
  @Test
  void whenAllIsInUseMemoryIsOutAtOnce() throws FsException {
    clock.setWorld(
        nanos -> {
          throw new AssertionError("waited");
        });
    List<Folio> used = new ArrayList<>();
    for (long i = 0; i < usable; i++) {
      file.read(i);
      assertTrue(file.folio(i).tryGet());
      used.add(file.folio(i));
    }
    assertThrows(FsException.class, () -> file.read(100_000));
    used.forEach(Folio::put);
    file.read(100_000);
  }

  /// Threads that make room at the same time do not take each other's candidates for an empty
  /// cache.
  @Test
  void manyReadersOfATinyCacheAllGetAFrame() throws Exception {
    VirtualClock time = new VirtualClock();
    time.setWorld(nanos -> time.advance(1));
    try (PageCache tiny = new PageCache(16L * SIZE)) {
      Reclaimer.install(tiny, DirtyLimits.of(tiny), time);
      FakeFile shared = new FakeFile(tiny, null, "shared");
      List<Thread> readers = new ArrayList<>();
      AtomicInteger done = new AtomicInteger();
      for (int t = 0; t < 6; t++) {
        int seed = t;
        readers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      Random random = new Random(seed);
                      try {
                        for (int i = 0; i < 20_000; i++) {
                          shared.read(random.nextInt(100));
                        }
                        done.incrementAndGet();
                      } catch (FsException e) {
                        throw new AssertionError(e);
                      }
                    }));
      }
      for (Thread reader : readers) {
        reader.join();
      }
      assertEquals(6, done.get());
      assertTrue(tiny.frames().used() <= 16);
      shared.drop();
    }
  }

  /// Truncation of folios that reclaim has in its hands leaves the queues in order.
  @Test
  void truncationAndReclaimDoNotMeetInAQueue() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread truncate =
        Thread.ofPlatform()
            .start(
                () -> {
                  Random random = new Random(3);
                  while (!stop.get()) {
                    Folio folio = file.mapping.find(random.nextInt(3000));
                    if (folio != null && folio.tryLock()) {
                      if (folio.isAttached()) {
                        file.mapping.detach(folio);
                      }
                      folio.unlock();
                    }
                  }
                });
    Random random = new Random(4);
    for (int i = 0; i < 100_000; i++) {
      file.read(random.nextInt(3000));
    }
    stop.set(true);
    truncate.join();
    Reclaimer.Statistics s = reclaimer.statistics();
    assertEquals(file.mapping.folios(), s.small() + s.main() + s.passing());
  }
}
