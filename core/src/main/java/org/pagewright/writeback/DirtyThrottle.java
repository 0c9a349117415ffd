package org.pagewright.writeback;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.stats.Trace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;

/// Keeps dirty memory within its limits by slowing those who make it (R-I1, R-I2, R-I3). One for
/// each [PageCache]; its devices share the [DirtyLimits].
///
/// Compare Linux's mm/page-writeback.c:balance_dirty_pages(). "Dirty" below is the sum of dirty and
/// under write-out.
///
/// ## How fast a writer may go
///
/// Up to [DirtyLimits#freeRun()] as it likes. From there on a device's writers together may dirty
/// `bandwidth x positionRatio x deviceRatio` folios a second, where
///
///     positionRatio = 1 + ((setpoint - dirty) / (limit - setpoint))^3     within 0..2
///
///       2 |''--.
///         |     '.
///       1 |       '-----+-----.        flat near the setpoint: small steps
///         |                    '.      steep near the limit: a sure stop
///       0 |______________________'--.
///             freeRun  setpoint   limit
///
/// and deviceRatio falls from 1, at the device's part of the setpoint, to 0. Its part is its share
/// of recent completions, so a slow device cannot fill the limit and stop the writers of a fast
/// one.
///
/// ## Where we differ from Linux
///
/// Linux gives each task a rate of its own and has to estimate how many tasks there are. Here a
/// device has one line of time on which each writer books what was dirtied since the last booking,
/// and sleeps until its booking is due: the sum of all writers is right whatever their number. A
/// folio whose write-out fails stays dirty (R-H8), so a device that takes nothing any more must not
/// hold the limit for ever: its dirty folios no longer count for others, and its own writers are
/// refused with the error instead of waiting.
public final class DirtyThrottle {
  /// Longest pause.
  static final long MAX_PAUSE_NANOS = 200_000_000L;

  private static final long MIN_PAUSE_NANOS = 2_000_000L;
  private static final long CREDIT_NANOS = 10_000_000L;
  private static final long GUARD_STEP_NANOS = 100_000_000L;
  private static final long ADMISSION_NANOS = 50_000_000L;
  private static final long REFRESH_NANOS = 10_000_000L;
  private static final double HALF_LIFE_NANOS = 3e9;
  private static final int EASED_BATCH = 16;

  private final PageCache cache;
  private final DirtyLimits limits;
  private final Clock clock;
  private final List<BackingDevice> devices = new CopyOnWriteArrayList<>();
  private final Mutex refreshLock = new Mutex(LockClass.QUEUE, "estimates of devices");
  private volatile long refreshed;

  private final WaitQueue pausing = new WaitQueue(); // writers that pay
  private final WaitQueue guard = new WaitQueue(); // writers at the limit
  private final WaitQueue reclaiming = new WaitQueue(); // who waits for any completion
  private final AtomicInteger easings = new AtomicInteger();

  /// Writers let go at the limit that have not dirtied anything since.
  private final AtomicInteger admitted = new AtomicInteger();

  private volatile long admittedAt;

  /// Limits without devices, by the clock of the machine.
  ///
  /// @param cache whose dirty folios are limited
  /// @param limits how many
  public DirtyThrottle(PageCache cache, DirtyLimits limits) {
    this(cache, limits, Clock.SYSTEM);
  }

  /// Limits without devices.
  ///
  /// @param cache whose dirty folios are limited
  /// @param limits how many
  /// @param clock what time it is
  public DirtyThrottle(PageCache cache, DirtyLimits limits, Clock clock) {
    this.cache = cache;
    this.limits = limits;
    this.clock = clock;
    this.refreshed = clock.nanoTime();
  }

  // ---- The door -------------------------------------------------------------------------------

  /// To be called before each chunk of a write, with nothing below INODE held: makes the writer
  /// wait if the cache has too many dirty folios. Costs a few loads as long as it has not.
  ///
  /// @param mapping the file that is about to be written
  /// @param op token of the write
  /// @throws FsException EAGAIN instead of waiting with [WriteOp#nowait()]; EINTR if the thread is
  ///     interrupted, which stays pending; the device's error if it takes nothing any more
  public static void balance(AddressSpace mapping, WriteOp op) throws FsException {
    // Who sleeps here must hold nothing that write-out needs, or nobody makes anything clean
    // (R-I3).
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : "throttled with " + Lockdep.describe();
    if (mapping.account() instanceof BackingDevice device) {
      DirtyThrottle throttle = device.throttle();
      int dirty = throttle.dirty();
      if (dirty > throttle.limits.background()) {
        throttle.balance(mapping, device, op, dirty);
      }
    }
  }

  private void balance(AddressSpace mapping, BackingDevice device, WriteOp op, int dirty)
      throws FsException {
    if (cache.dirtyFolios() > limits.background()) {
      device.startBackground();
    }
    if (dirty <= limits.freeRun()) {
      device.takeOwed(); // what is dirtied in the free run is free
      return;
    }
    long now = clock.nanoTime();
    refresh(now);
    int counted = dirty - stuckElsewhere(device);
    if (counted <= limits.freeRun()) {
      return;
    }
    if (op.localThrottle() && deviceDirty(device) <= deviceFreeRun(device, counted)) {
      return; // it cleans another cache's folios: to stop it would stop what we wait for (R-I3)
    }
    if (op.nowait()) {
      if (counted >= limits.limit() || device.paidUntil().get() - now > minPause(device)) {
        throw new FsException(Errno.EAGAIN, mapping + " would be throttled");
      }
      return;
    }
    pause(mapping, device, counted, now);
    if (dirty() - stuckElsewhere(device) >= limits.limit()) {
      waitBelowLimit(mapping, device);
    }
  }

  // ---- Paying ---------------------------------------------------------------------------------

  private void pause(AddressSpace mapping, BackingDevice device, int dirty, long now)
      throws FsException {
    ThrottlePause why = due(device, dirty, now);
    if (why == null) {
      return;
    }
    long nanos = why.nanos();
    ThrottleEvent event = started();
    WaitQueue.Waiter waiter = pausing.enter(this);
    try {
      long left = nanos;
      while (left > 0 && dirty() - stuckElsewhere(device) > limits.freeRun()) {
        if (!clock.awaitInterruptibly(waiter, left)) {
          throw interrupted(mapping);
        }
        left = now + nanos - clock.nanoTime();
      }
      if (left > 0) {
        // The device was faster than believed: what is booked beyond this moment is forgiven.
        long moment = now + nanos - left;
        device.paidUntil().accumulateAndGet(moment, (until, at) -> until - at > 0 ? at : until);
      }
    } finally {
      pausing.leave(waiter);
      ended(mapping, device, why, now, event);
    }
  }

  private static @Nullable ThrottleEvent started() {
    if (!Trace.isOn()) {
      return null;
    }
    ThrottleEvent event = new ThrottleEvent();
    event.begin();
    return event;
  }

  private void ended(
      AddressSpace mapping,
      BackingDevice device,
      ThrottlePause why,
      long since,
      @Nullable ThrottleEvent event) {
    device.counters().add(Count.THROTTLES, 1);
    device.counters().add(Count.THROTTLED_NANOS, Math.max(0, clock.nanoTime() - since));
    if (event != null) {
      event.ended(mapping, why);
    }
  }

  /// Books what is owed.
  ///
  /// @return why and how long to pause; null to go on
  @Nullable ThrottlePause due(BackingDevice device, int dirty, long now) {
    int owed = device.takeOwed();
    int deviceDirty = deviceDirty(device);
    int threshold = deviceThreshold(device, dirty);
    double position = positionRatio(limits, dirty);
    double share = deviceRatio(limits, threshold, deviceDirty);
    double bandwidth = device.bandwidth();
    double rate = bandwidth * position * share / 1e9;
    long cost = owed == 0 ? 0 : (long) Math.min(MAX_PAUSE_NANOS, owed / Math.max(rate, 1e-12));
    AtomicLong paidUntil = device.paidUntil();
    long booked;
    long due; // less than 0 if the device is ahead of its writers
    long old;
    do {
      old = paidUntil.get();
      // A sleeper wakes late: what it missed is made good, but a long idle time earns nothing.
      booked = Math.max(old - now, -CREDIT_NANOS);
      due = Math.min(booked + cost, MAX_PAUSE_NANOS);
    } while (!paidUntil.compareAndSet(old, now + due));
    if (due <= minPause(device)) {
      return null;
    }
    ThrottlePause why =
        new ThrottlePause(
            device.toString(),
            dirty,
            limits.freeRun(),
            limits.setpoint(),
            limits.limit(),
            deviceDirty,
            threshold,
            position,
            share,
            bandwidth,
            owed,
            booked,
            due);
    device.noteLastPause(why);
    return why;
  }

  /// Shorter pauses are put off until more is owed, but a device must not run through a good part
  /// of the way from free run to limit within one.
  private long minPause(BackingDevice device) {
    double band = limits.limit() - limits.freeRun();
    return Math.clamp((long) (band / 16 / device.bandwidth() * 1e9), 100_000L, MIN_PAUSE_NANOS);
  }

  // ---- The formula ----------------------------------------------------------------------------

  /// The cubic of the class comment (R-I2).
  static double positionRatio(DirtyLimits limits, int dirty) {
    double x = (double) (limits.setpoint() - dirty) / (limits.limit() - limits.setpoint());
    return Math.clamp(1 + x * x * x, 0.0, 2.0);
  }

  /// The device's part of the limit. One that was idle has earned no share: it may use an eighth of
  /// what is left.
  int deviceThreshold(BackingDevice device, int dirty) {
    double earned = device.share() * limits.limit();
    return (int) Math.max(4, Math.max(earned, (limits.limit() - dirty) / 8.0));
  }

  private int deviceFreeRun(BackingDevice device, int dirty) {
    return (int) ((double) deviceThreshold(device, dirty) * limits.freeRun() / limits.limit());
  }

  /// 1 up to the device's part of the setpoint, then down to 0 at twice its part of the limit.
  static double deviceRatio(DirtyLimits limits, double threshold, int deviceDirty) {
    double setpoint = threshold * limits.setpoint() / limits.limit();
    return Math.clamp((setpoint + threshold - deviceDirty) / threshold, 0.0, 1.0);
  }

  private ThrottlePause explainWait(BackingDevice device, int dirty) {
    int deviceDirty = deviceDirty(device);
    int threshold = deviceThreshold(device, dirty);
    return new ThrottlePause(
        device.toString(),
        dirty,
        limits.freeRun(),
        limits.setpoint(),
        limits.limit(),
        deviceDirty,
        threshold,
        positionRatio(limits, dirty),
        deviceRatio(limits, threshold, deviceDirty),
        device.bandwidth(),
        0,
        0,
        0);
  }

  private static int deviceDirty(BackingDevice device) {
    return device.dirtyFolios() + device.writebackFolios();
  }

  // ---- The limit ------------------------------------------------------------------------------

  /// Waits until there is room below the limit: however many writers there are, and however wrong
  /// the estimates, the limit is exceeded by no more than one chunk for each writer that was on its
  /// way.
  private void waitBelowLimit(AddressSpace mapping, BackingDevice device) throws FsException {
    ThrottlePause why = explainWait(device, dirty());
    device.noteLastPause(why);
    ThrottleEvent event = started();
    long now = clock.nanoTime();
    WaitQueue.Waiter waiter = guard.enter(this);
    try {
      while (!admit(device)) {
        Errno failure = device.failure();
        if (failure != null) {
          throw new FsException(
              failure,
              mapping + ": " + device + " takes no writes, " + device.dirtyFolios()
                  + " folios wait for it");
        }
        startBackground();
        if (!device.hasFlusher()) {
          if (mapping.dirtyFolios() == 0 && cache.writebackFolios() == 0) {
            return; // nobody but the files' owners can write what is dirty: not ours to wait for
          }
          Writeback.writepages(mapping, WritebackControl.background(limits.background()));
        }
        if (!admit(device)) {
          if (!clock.awaitInterruptibly(waiter, GUARD_STEP_NANOS)) {
            throw interrupted(mapping);
          }
        } else {
          return;
        }
      }
    } finally {
      guard.leave(waiter);
      ended(mapping, device, why, now, event);
    }
  }

  /// Lets as many waiting writers go as there is room for: a wake-up reaches them all at once, and
  /// each of them is about to dirty a folio.
  private boolean admit(BackingDevice device) {
    while (true) {
      int ahead = admitted.get();
      int dirty = dirty() - stuckElsewhere(device);
      if (dirty + ahead >= limits.limit()) {
        // Who wrote to a folio that was dirty already never shows up in the counts.
        if (dirty < limits.limit() && clock.nanoTime() - admittedAt > ADMISSION_NANOS) {
          admitted.compareAndSet(ahead, 0);
          admittedAt = clock.nanoTime();
          continue;
        }
        return false;
      }
      if (admitted.compareAndSet(ahead, ahead + 1)) {
        admittedAt = clock.nanoTime();
        return true;
      }
    }
  }

  void admittedDirtied(int folios) {
    int ahead = admitted.get();
    while (ahead > 0 && !admitted.compareAndSet(ahead, Math.max(0, ahead - folios))) {
      ahead = admitted.get();
    }
  }

  private static FsException interrupted(AddressSpace mapping) {
    return new FsException(Errno.EINTR, mapping + ": throttled write");
  }

  // ---- Completions ----------------------------------------------------------------------------

  /// Some folios became clean. Under CACHE_INDEX: wakes, waits for nothing.
  void eased() {
    if (!pausing.isEmpty() && dirty() <= limits.freeRun()) {
      pausing.wakeAll(this);
    }
    if (!guard.isEmpty() || !reclaiming.isEmpty()) {
      // Not for each folio: a woken thread has a batch of work.
      if (easings.incrementAndGet() % EASED_BATCH == 0 || cache.writebackFolios() == 0) {
        guard.wakeAll(this);
        reclaiming.wakeAll(this);
      }
    }
  }

  /// Asks the flushers of every device for room, and waits for some completions, for a while. For
  /// reclaim; may be called with any lock that no write-out needs. An interrupt does not end it.
  ///
  /// @param nanos longest wait in nanoseconds
  public void awaitCompletions(long nanos) {
    WaitQueue.Waiter waiter = reclaiming.enter(this);
    try {
      startBackground();
      clock.await(waiter, nanos);
    } finally {
      reclaiming.leave(waiter);
    }
  }

  /// Asks the flushers of every device that has dirty folios to write.
  public void startBackground() {
    for (BackingDevice device : devices) {
      if (device.dirtyFolios() > 0) {
        device.startBackground();
      }
    }
  }

  // ---- Numbers --------------------------------------------------------------------------------

  /// Folios of all devices that are dirty or under write-out.
  ///
  /// @return a number that may be old already
  public int dirty() {
    return cache.dirtyFolios() + cache.writebackFolios();
  }

  /// Dirty folios of other devices that take nothing any more: waiting for those helps nobody.
  private int stuckElsewhere(BackingDevice device) {
    int stuck = 0;
    for (BackingDevice other : devices) {
      if (other != device && other.failure() != null) {
        stuck += deviceDirty(other);
      }
    }
    return stuck;
  }

  /// Whether a flusher should go on writing: all devices together, or the device alone against its
  /// share, are above the background limit (R-I1).
  ///
  /// @param device whose flusher asks
  /// @return true if there is work
  boolean isOverBackground(BackingDevice device) {
    int own = device.dirtyFolios();
    if (own == 0) {
      return false;
    }
    return cache.dirtyFolios() > limits.background()
        || own > (double) deviceThreshold(device, dirty()) * limits.background() / limits.limit();
  }

  /// Brings the estimates of all devices up to date, if they are older than a moment. Waits for
  /// nothing.
  ///
  /// @param now what the clock shows
  void refresh(long now) {
    if (now - refreshed < REFRESH_NANOS || !refreshLock.tryLock()) {
      return;
    }
    double decay = Math.pow(0.5, (now - refreshed) / HALF_LIFE_NANOS);
    refreshed = now;
    double all = 0;
    int n = 0;
    for (BackingDevice device : devices) {
      device.sampleBandwidth(now);
      all += device.ageWritten(decay);
      n++;
    }
    for (BackingDevice device : devices) {
      device.setShareOf(all, n);
    }
    refreshLock.unlock();
  }

  /// The limits.
  ///
  /// @return never null
  public DirtyLimits limits() {
    return limits;
  }

  /// What time it is here.
  ///
  /// @return never null
  public Clock clock() {
    return clock;
  }

  /// The devices that share the limits.
  ///
  /// @return a list that may be old already
  public List<BackingDevice> devices() {
    return List.copyOf(devices);
  }

  void add(BackingDevice device) {
    devices.add(device);
    refreshLock.lock();
    for (BackingDevice each : devices) {
      each.setShareOf(0, devices.size());
    }
    refreshLock.unlock();
  }

  void remove(BackingDevice device) {
    devices.remove(device);
  }

  /// The last time a writer of a file was made to wait.
  ///
  /// @param mapping the file
  /// @return null if no writer of its device was yet
  public static @Nullable ThrottlePause lastPause(AddressSpace mapping) {
    return mapping.account() instanceof BackingDevice device ? device.lastPause() : null;
  }
}
