package org.pagewright.writeback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.stats.Recorded;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// The dirty limits and what they do to writers (R-I1, R-I2, R-I3), by a clock of our own.
@Timeout(120)
final class DirtyThrottleTest {
  private static final int SIZE = AddressSpace.FOLIO_SIZE;
  private static final long MS = 1_000_000L;

  private final VirtualClock clock = new VirtualClock();
  private final PageCache cache = new PageCache(8192L * SIZE);
  private final DirtyLimits limits = new DirtyLimits(800, 1600); // free run 1200, setpoint 1400
  private final DirtyThrottle throttle = new DirtyThrottle(cache, limits, clock);
  private final WriteOp op = new WriteOp();
  private final List<Store> stores = new ArrayList<>();

  /// A device that takes so many folios a second, with one big file, its flusher and a writer.
  private final class Store {
    final BackingDevice device;
    final FakeFile.Io io = new FakeFile.Io();
    final FakeFile file;
    final FakeTarget target = new FakeTarget(clock);
    final Flusher flusher;
    final double rate; // folios a nanosecond
    double credit;
    long cursor;
    int worst;

    Store(String name, double foliosPerSecond) {
      rate = foliosPerSecond / 1e9;
      device = new BackingDevice(throttle, name);
      file = new FakeFile(cache, device, name, io, false);
      target.add(file);
      flusher = new Flusher(device, target, false);
      stores.add(this);
    }

    /// Dirties one folio that is clean.
    void dirtyOne() throws FsException {
      Folio folio;
      do {
        cursor = (cursor + 1) % 3500;
        folio = file.mapping.find(cursor);
      } while (folio != null && folio.isDirty());
      file.write(cursor, cursor);
      worst = Math.max(worst, throttle.dirty());
    }

    void work(long nanos) {
      if (io.size() == 0) {
        credit = 0; // an idle device saves nothing up
      }
      credit += nanos * rate;
      int n = (int) credit;
      credit -= n;
      io.complete(n);
    }
  }

  /// Moves time on, a millisecond at a time: devices work, flushers look around.
  private void passMillis(long millis) {
    for (long i = 0; i < millis; i++) {
      clock.advance(MS);
      for (Store store : stores) {
        store.work(MS);
        store.flusher.round();
      }
    }
  }

  private void worldRunsWhileWaiting() {
    clock.setWorld(nanos -> passMillis(Math.clamp((nanos + MS - 1) / MS, 1, 1000)));
  }

  @AfterEach
  void close() {
    for (Store store : stores) {
      store.flusher.close();
      store.device.close();
    }
  }

  // ---- The formula ------------------------------------------------------------------------------

  /// R-I2.
  @Test
  void thePositionRatioIsACubicAroundTheSetpoint() {
    assertEquals(2, DirtyThrottle.positionRatio(limits, 1200), 1e-9, "at the free run");
    assertEquals(1, DirtyThrottle.positionRatio(limits, 1400), 1e-9, "at the setpoint");
    assertEquals(0, DirtyThrottle.positionRatio(limits, 1600), 1e-9, "at the limit");
    assertEquals(1.125, DirtyThrottle.positionRatio(limits, 1300), 1e-9);
    assertEquals(0.875, DirtyThrottle.positionRatio(limits, 1500), 1e-9);
    assertEquals(2, DirtyThrottle.positionRatio(limits, 0), 1e-9, "never more");
    assertEquals(0, DirtyThrottle.positionRatio(limits, 5000), 1e-9, "never less");
  }

  @Test
  void limitsOutOfOrderAreRefusedAndTinyCachesGetSomeRoom() {
    assertThrows(IllegalArgumentException.class, () -> new DirtyLimits(10, 10));
    assertThrows(IllegalArgumentException.class, () -> new DirtyLimits(0, 10));
    assertThrows(IllegalArgumentException.class, () -> DirtyLimits.ofPercent(cache, 30, 20));
    assertEquals(new DirtyLimits(819, 1638), DirtyLimits.of(cache));
    assertEquals(new DirtyLimits(2, 4), DirtyLimits.ofBytes(cache, 2 * SIZE, 4 * SIZE));
    try (PageCache tiny = new PageCache(16L * SIZE)) {
      DirtyLimits few = DirtyLimits.of(tiny);
      assertTrue(few.limit() >= 4 && few.limit() < 16, few.toString());
      assertTrue(DirtyLimits.ofPercent(tiny, 50, 100).limit() <= 10, "something stays clean");
    }
  }

  // ---- One device -------------------------------------------------------------------------------

  /// R-I1.
  @Test
  void upToTheFreeRunNobodyWaits() throws FsException {
    clock.setWorld(
        nanos -> {
          throw new AssertionError("waited for " + nanos);
        });
    Store store = new Store("dev", 1);
    for (int i = 0; i < limits.freeRun(); i++) {
      DirtyThrottle.balance(store.file.mapping, op);
      store.dirtyOne();
    }
    assertNull(DirtyThrottle.lastPause(store.file.mapping));
  }

  /// R-I2: each throttled write can be explained. What the event says is enough to do the sum anew,
  /// from the counts of folios on: this test does it by the comment of [DirtyThrottle], not by its
  /// code.
  @Test
  void aThrottledWritesEventExplainsItsPause() throws Exception {
    worldRunsWhileWaiting();
    Store fast = new Store("fast", 20_000);
    Store slow = new Store("slow", 2_000);
    List<RecordedEvent> events =
        Recorded.during(
            "org.pagewright.ThrottlePause",
            () -> {
              for (int i = 0; i < 20_000; i++) {
                Store store = i % 8 == 0 ? slow : fast;
                DirtyThrottle.balance(store.file.mapping, op);
                store.dirtyOne();
              }
            });
    assertTrue(events.size() > 20, events.size() + " pauses");
    long counted =
        fast.device.counters().get(Count.THROTTLES) + slow.device.counters().get(Count.THROTTLES);
    assertEquals(counted, events.size(), "each pause has its event");
    int pauses = 0;
    for (RecordedEvent e : events) {
      double setpoint = e.getInt("setpoint");
      double limit = e.getInt("limit");
      double x = (setpoint - e.getInt("dirty")) / (limit - setpoint);
      double positionRatio = Math.clamp(1 + x * x * x, 0.0, 2.0);
      double threshold = e.getInt("deviceThreshold");
      double deviceRatio =
          Math.clamp(
              (threshold * (1 + setpoint / limit) - e.getInt("deviceDirty")) / threshold, 0.0, 1.0);
      assertEquals(positionRatio, e.getDouble("positionRatio"), 1e-9, e::toString);
      assertEquals(deviceRatio, e.getDouble("deviceRatio"), 1e-9, e::toString);
      assertTrue(e.getInt("freeRun") < e.getInt("dirty"), e::toString);
      if (!e.getBoolean("atLimit")) {
        pauses++;
        double rate = e.getDouble("bandwidth") * positionRatio * deviceRatio / 1e9;
        double pause = e.getLong("booked") + e.getInt("owed") / rate;
        assertEquals(
            Math.min(200 * MS, pause), e.getLong("pause"), Math.max(2, pause / 1e9), e::toString);
      }
    }
    assertTrue(pauses > 20, pauses + " pauses by the formula");
    long slept =
        fast.device.counters().get(Count.THROTTLED_NANOS)
            + slow.device.counters().get(Count.THROTTLED_NANOS);
    assertTrue(slept > 0 && slept <= clock.nanoTime(), slept + " ns throttled");
  }

  /// R-I1, R-I2. Goal: a writer that could dirty memory for ever goes at the speed of its device,
  /// and the sum settles between free run and limit.
  @Test
  void aWriterFasterThanItsDeviceGoesAtTheSpeedOfTheDevice() throws FsException {
    worldRunsWhileWaiting();
    Store store = new Store("dev", 20_000);
    long start = clock.nanoTime();
    int folios = 100_000;
    for (int i = 0; i < folios; i++) {
      DirtyThrottle.balance(store.file.mapping, op);
      store.dirtyOne();
    }
    double seconds = (clock.nanoTime() - start) / 1e9;
    assertTrue(store.worst <= limits.limit() + 1, "dirty at worst: " + store.worst);
    double rate = folios / seconds;
    assertTrue(rate > 18_000 && rate < 22_000, "folios a second: " + rate);
    assertTrue(throttle.dirty() > limits.background(), "the device was never idle");
    ThrottlePause pause = DirtyThrottle.lastPause(store.file.mapping);
    assertNotNull(pause);
    assertTrue(pause.nanos() <= DirtyThrottle.MAX_PAUSE_NANOS, pause.explain());
    double expected =
        pause.owed() / (pause.bandwidth() * pause.positionRatio() * pause.deviceRatio()) * 1e9;
    assertTrue(
        pause.nanos() <= expected + 20 * MS && pause.nanos() > 0,
        pause.explain() + ", by the formula " + expected);
    assertTrue(pause.explain().startsWith("dev: "), pause.explain());
    assertEquals(20_000, store.device.bandwidth(), 2_000, "measured");
  }

  /// R-I1. The estimates may be as wrong as they like: the limit holds.
  @Test
  void aDeviceFiftyTimesSlowerThanBelievedDoesNotBreakTheLimit() throws FsException {
    worldRunsWhileWaiting();
    Store store = new Store("dev", 500);
    assertEquals(BackingDevice.BANDWIDTH_UNKNOWN, store.device.bandwidth(), "believed at first");
    for (int i = 0; i < 20_000; i++) {
      DirtyThrottle.balance(store.file.mapping, op);
      store.dirtyOne();
    }
    assertTrue(store.worst <= limits.limit() + 1, "dirty at worst: " + store.worst);
  }

  // ---- Two devices ------------------------------------------------------------------------------

  /// R-I2. Goal: of two devices, one ten times as fast, each is kept busy by its writer, and the
  /// slow one does not fill the limit. Method: events in virtual time; a writer's turn comes again
  /// when its pause is over.
  @Test
  void aSlowDeviceDoesNotEatTheLimitOfAFastOne() throws FsException {
    Store fast = new Store("fast", 20_000);
    Store slow = new Store("slow", 2_000);
    Store[] writers = {fast, slow};
    long[] turn = {clock.nanoTime(), clock.nanoTime()};
    long fastAtHalf = 0;
    long slowAtHalf = 0;
    int slowWorst = 0;
    int seconds = 30;
    for (int ms = 0; ms < seconds * 1000; ms++) {
      for (int w = 0; w < 2; w++) {
        // Far faster than its device.
        for (int i = 0; i < 40 && turn[w] <= clock.nanoTime(); i++) {
          int dirty = throttle.dirty();
          if (dirty >= limits.limit()) {
            break; // it would wait at the limit
          }
          if (dirty > limits.freeRun()) {
            ThrottlePause pause = throttle.due(writers[w].device, dirty, clock.nanoTime());
            long due = pause == null ? 0 : pause.nanos();
            turn[w] = clock.nanoTime() + due;
            if (due > 0) {
              continue;
            }
          }
          writers[w].dirtyOne();
        }
      }
      passMillis(1);
      throttle.refresh(clock.nanoTime());
      if (ms == seconds * 500) {
        fastAtHalf = fast.device.writtenFolios();
        slowAtHalf = slow.device.writtenFolios();
      }
      if (ms > seconds * 500) {
        slowWorst =
            Math.max(slowWorst, slow.device.dirtyFolios() + slow.device.writebackFolios());
      }
    }
    double fastRate = (fast.device.writtenFolios() - fastAtHalf) / (seconds / 2.0);
    double slowRate = (slow.device.writtenFolios() - slowAtHalf) / (seconds / 2.0);
    String seen =
        "fast " + fastRate + ", slow " + slowRate + ", slow dirty at worst " + slowWorst
            + ", share " + slow.device.share() + ", last " + fast.device.lastPause();
    assertTrue(fastRate > 19_000, seen);
    assertTrue(slowRate > 1_800, seen);
    assertTrue(slowWorst < limits.limit() / 3, seen);
    assertEquals(1 / 11.0, slow.device.share(), 0.03, seen);
    assertTrue(Math.max(fast.worst, slow.worst) <= limits.limit() + 1, seen);
  }

  // ---- Who does not wait ------------------------------------------------------------------------

  private Store filled(int folios) throws FsException {
    Store store = new Store("dev", 1000);
    for (int i = 0; i < folios; i++) {
      store.dirtyOne();
    }
    return store;
  }

  /// R-I3.
  @Test
  void whoMayNotWaitIsToldToComeAgain() throws FsException {
    clock.setWorld(
        nanos -> {
          throw new AssertionError("waited");
        });
    Store store = filled(1600);
    FsException e =
        assertThrows(
            FsException.class,
            () -> DirtyThrottle.balance(store.file.mapping, op.reset(WriteOp.NOWAIT)));
    assertEquals(Errno.EAGAIN, e.errno());
  }

  /// R-I3.
  @Test
  void anInterruptEndsThePauseAndStaysPending() throws FsException {
    Store store = filled(1600);
    Thread.currentThread().interrupt();
    FsException e =
        assertThrows(
            FsException.class, () -> DirtyThrottle.balance(store.file.mapping, op));
    assertTrue(Thread.interrupted());
    assertEquals(Errno.EINTR, e.errno());
  }

  /// R-I3. Goal: a cache whose store is a file of the same cache makes progress with the limit full
  /// of the upper file's folios. Method: the writer that cleans them is exempt while its own device
  /// is below its share, and only then.
  @Test
  void whoCleansAnotherCacheIsExemptBelowItsShare() throws FsException {
    Store upper = filled(1600);
    Store lower = new Store("lower", 1000);
    passMillis(20);
    assertTrue(throttle.dirty() > limits.freeRun());
    AtomicInteger waits = new AtomicInteger();
    clock.setWorld(
        nanos -> {
          waits.incrementAndGet();
          passMillis(1);
        });
    op.reset(WriteOp.LOCAL_THROTTLE);
    int folios = 0;
    while (waits.get() == 0 && folios < 1000) {
      DirtyThrottle.balance(lower.file.mapping, op);
      if (waits.get() == 0) {
        lower.dirtyOne();
        folios++;
      }
    }
    assertTrue(folios > 4, "went on with " + folios);
    assertTrue(folios < 1000, "but not for ever");
    assertTrue(
        upper.device.dirtyFolios() + upper.device.writebackFolios() > limits.freeRun(),
        "while the upper file alone was above the free run");
  }

  /// R-I3.
  @Test
  void toBeThrottledWithAFolioLockedIsAnError() throws FsException {
    Store store = new Store("dev", 1000);
    store.dirtyOne();
    Folio folio = store.file.folio(1);
    folio.lock();
    assertThrows(AssertionError.class, () -> DirtyThrottle.balance(store.file.mapping, op));
    folio.unlock();
    Mutex handle = new Mutex(LockClass.JOURNAL_HANDLE, "handle");
    handle.lock();
    assertThrows(AssertionError.class, () -> DirtyThrottle.balance(store.file.mapping, op));
    handle.unlock();
    Mutex inode = new Mutex(LockClass.INODE, "inode");
    inode.lock();
    DirtyThrottle.balance(store.file.mapping, op);
    inode.unlock();
  }

  @Test
  void aFileThatIsNeverWrittenIsNeverThrottled() throws FsException {
    filled(1600);
    FakeFile memory = new FakeFile(cache, null, "memory");
    memory.write(0, 1);
    DirtyThrottle.balance(memory.mapping, op);
  }

  // ---- At the limit -----------------------------------------------------------------------------

  /// R-H8, R-I1. A device that takes nothing any more refuses its writers instead of stopping them
  /// for ever, and does not stop those of others.
  @Test
  void aBrokenDeviceStopsNobodyForEver() throws FsException {
    worldRunsWhileWaiting();
    Store broken = filled(1600);
    broken.file.failAll = true;
    FsException e =
        assertThrows(
            FsException.class,
            () -> {
              for (int i = 0; i < 10_000; i++) {
                DirtyThrottle.balance(broken.file.mapping, op);
                broken.dirtyOne();
              }
            });
    assertEquals(Errno.EIO, e.errno());
    assertTrue(e.getMessage().contains("dev takes no writes"), e.getMessage());

    Store well = new Store("well", 20_000);
    long start = clock.nanoTime();
    for (int i = 0; i < 20_000; i++) {
      DirtyThrottle.balance(well.file.mapping, op);
      well.dirtyOne();
    }
    assertTrue(clock.nanoTime() - start < 3000 * MS, "the other device has its full speed");

    broken.file.failAll = false;
    passMillis(40_000);
    assertNull(broken.device.failure());
    DirtyThrottle.balance(broken.file.mapping, op);
  }

  /// R-I1. Without a flusher the writer writes out itself.
  @Test
  void aDeviceWithoutFlusherIsWrittenByItsWriters() throws FsException {
    worldRunsWhileWaiting();
    BackingDevice device = new BackingDevice(throttle, "bare");
    FakeFile file = new FakeFile(cache, device, "bare");
    for (int i = 0; i < 5000; i++) {
      DirtyThrottle.balance(file.mapping, op);
      file.write(i, i);
      assertTrue(throttle.dirty() <= limits.limit() + 1);
    }
    assertTrue(file.written.size() > 3000);
  }

  /// Dirty folios and those under write-out, or 0 if a count moved meanwhile: a thread that is put
  /// aside between reading the two counts would take what went from one to the other for both.
  private static int dirtyAtOneMoment(PageCache cache) {
    int dirty = cache.dirtyFolios();
    int writeback = cache.writebackFolios();
    boolean still = dirty == cache.dirtyFolios() && writeback == cache.writebackFolios();
    return still ? dirty + writeback : 0;
  }

  /// R-I1. Many writers, real threads: the limit is exceeded by no more than a folio for each of
  /// them.
  @Test
  void manyWritersTogetherKeepTheLimit() throws Exception {
    int threads = 24;
    PageCache small = new PageCache(1024L * SIZE);
    DirtyLimits few = new DirtyLimits(50, 100);
    DirtyThrottle real = new DirtyThrottle(small, few);
    BackingDevice device = new BackingDevice(real, "dev");
    FakeFile.Io io = new FakeFile.Io();
    FakeFile file = new FakeFile(small, device, "f", io, false);
    FakeTarget target = new FakeTarget(Clock.SYSTEM);
    target.add(file);
    Flusher flusher = new Flusher(device, target);
    target.flusher = flusher;
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger worst = new AtomicInteger();
    Thread completer =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    io.complete(1);
                    worst.accumulateAndGet(dirtyAtOneMoment(small), Math::max);
                    Thread.onSpinWait();
                  }
                });
    List<Thread> writers = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    for (int t = 0; t < threads; t++) {
      int mine = t;
      writers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    WriteOp own = new WriteOp();
                    try {
                      for (int i = 0; i < 400; i++) {
                        DirtyThrottle.balance(file.mapping, own);
                        file.write(mine * 40 + i % 40, i);
                      }
                      done.incrementAndGet();
                    } catch (FsException e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    for (Thread writer : writers) {
      writer.join();
    }
    // A folio that is dirtied during its write-out counts twice until that ends.
    assertTrue(worst.get() <= few.limit() + threads, "at worst " + worst.get());
    // Samples were taken while it mattered: with none, the bound above would say nothing.
    assertTrue(worst.get() > few.background(), "at worst " + worst.get());
    assertEquals(threads, done.get());
    assertNull(flusher.sync(true));
    stop.set(true);
    completer.join();
    flusher.close();
    assertTrue(file.mapping.checkInvariants());
    small.close();
  }
}
