package org.pagewright.writeback;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.DirtyAccount;
import org.pagewright.errno.Errno;
import org.pagewright.stats.Counters;
import org.pagewright.stats.DeviceStats;
import org.pagewright.sync.SchedulePoint;

/// One store that dirty folios go to: how many it has, how fast it takes them, and which share of
/// the dirty limits that earns it (R-I2). Compare Linux's struct bdi_writeback.
///
/// The counts are atomic and exact, they are changed under CACHE_INDEX of the file concerned. The
/// estimates are refreshed by [DirtyThrottle#refresh] and may be old.
///
/// Bandwidth is measured over the time in which anything was under write-out, so that an idle
/// device does not look slow, and averaged over about a second. The share counts completions,
/// halved every three seconds.
public final class BackingDevice implements DirtyAccount, AutoCloseable {
  /// Folios a second that are assumed before anything was measured: 100 MiB.
  static final double BANDWIDTH_UNKNOWN = 25_600;

  private static final long FIRST_SAMPLE_NANOS = 1_000_000L;
  private static final long SAMPLE_NANOS = 50_000_000L;
  private static final double AVERAGE_NANOS = 1e9;

  private final DirtyThrottle throttle;
  private final String name;
  private final Counters counters = new Counters();
  private final @Nullable DeviceStats stats;
  private final List<Flusher> flushers = new CopyOnWriteArrayList<>();
  private final AtomicInteger dirty = new AtomicInteger();
  private final AtomicInteger writeback = new AtomicInteger();
  private final AtomicLong written = new AtomicLong();
  private final AtomicInteger owed = new AtomicInteger();
  private final AtomicLong busyNanos = new AtomicLong();
  private volatile long busySince;

  // Estimates; written under the refresh lock of the throttle.
  private volatile double bandwidth = BANDWIDTH_UNKNOWN;
  private volatile double share;
  private double recentlyWritten;
  private long agedWritten;
  private long sampledWritten;
  private long sampledBusyNanos;
  private boolean sampled;

  /// When the folios dirtied so far will have been written at the rate that writers are allowed.
  private final AtomicLong paidUntil;

  private volatile @Nullable Errno failure; // set by a flusher, cleared by a completion
  private volatile @Nullable ThrottlePause lastPause;

  /// A device without dirty folios.
  ///
  /// @param throttle what it shares its limits with
  /// @param name for messages
  public BackingDevice(DirtyThrottle throttle, String name) {
    this(throttle, name, null);
  }

  /// A device without dirty folios, whose requests are measured.
  ///
  /// @param throttle what it shares its limits with
  /// @param name for messages
  /// @param stats what is known of its requests; null for nothing
  public BackingDevice(DirtyThrottle throttle, String name, @Nullable DeviceStats stats) {
    this.stats = stats;
    this.throttle = throttle;
    this.name = name;
    this.paidUntil = new AtomicLong(throttle.clock().nanoTime());
    throttle.add(this);
  }

  // ---- Counts ---------------------------------------------------------------------------------

  @Override
  public void dirtied(int folios) {
    SchedulePoint.touch(dirty, true);
    dirty.addAndGet(folios);
    if (folios > 0) {
      owed.addAndGet(folios);
      throttle.admittedDirtied(folios);
    } else {
      throttle.eased();
    }
  }

  @Override
  public void writeback(int folios) {
    SchedulePoint.touch(writeback, true);
    int now = writeback.addAndGet(folios);
    if (now == folios) {
      busySince = throttle.clock().nanoTime();
    } else if (now == 0) {
      // Another file's folio may have started between the two lines: a little time is lost then.
      busyNanos.addAndGet(Math.max(0, throttle.clock().nanoTime() - busySince));
    }
    if (folios < 0) {
      throttle.eased();
    }
  }

  @Override
  public void written() {
    SchedulePoint.touch(written, true);
    written.incrementAndGet();
    if (failure != null) {
      failure = null;
    }
  }

  /// Folios that are dirty.
  ///
  /// @return a number that may be old already
  public int dirtyFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, dirty);
    return dirty.get();
  }

  /// Folios under write-out.
  ///
  /// @return a number that may be old already
  public int writebackFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, writeback);
    return writeback.get();
  }

  /// Folios that reached the store so far.
  ///
  /// @return a number that may be old already
  public long writtenFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, written);
    return written.get();
  }

  @Override
  public Counters counters() {
    return counters;
  }

  /// How long its requests take.
  ///
  /// @return null if nobody measures that
  public @Nullable DeviceStats stats() {
    return stats;
  }

  // ---- Estimates ------------------------------------------------------------------------------

  /// How fast it takes folios.
  ///
  /// @return folios a second, at least 1
  public double bandwidth() {
    return bandwidth;
  }

  /// Its share of what was written recently on all devices.
  ///
  /// @return 0 to 1
  public double share() {
    return share;
  }

  /// Takes a sample of the bandwidth. Under the refresh lock.
  void sampleBandwidth(long now) {
    long busy = busyNanos.get() + (writeback.get() > 0 ? Math.max(0, now - busySince) : 0);
    long nanos = busy - sampledBusyNanos;
    long folios = written.get() - sampledWritten;
    if (nanos < (sampled ? SAMPLE_NANOS : FIRST_SAMPLE_NANOS)
        || folios == 0 && nanos < AVERAGE_NANOS) {
      return;
    }
    double seen = Math.max(1, folios * 1e9 / nanos);
    double weight = sampled ? Math.min(1, nanos / AVERAGE_NANOS) : 1;
    bandwidth += (seen - bandwidth) * weight;
    sampled = true;
    sampledWritten += folios;
    sampledBusyNanos = busy;
  }

  /// Ages what was written and adds what is new. Under the refresh lock.
  ///
  /// @return folios written recently
  double ageWritten(double decay) {
    long total = written.get();
    recentlyWritten = recentlyWritten * decay + (total - agedWritten);
    agedWritten = total;
    return recentlyWritten;
  }

  /// Sets the share. Under the refresh lock.
  void setShareOf(double all, int devices) {
    share = all >= 1 ? recentlyWritten / all : 1.0 / devices;
  }

  // ---- Throttling -----------------------------------------------------------------------------

  /// The limits it shares in.
  ///
  /// @return never null
  public DirtyThrottle throttle() {
    return throttle;
  }

  /// Folios dirtied that no writer has paid for yet; from now on the caller owes them.
  int takeOwed() {
    return owed.get() == 0 ? 0 : owed.getAndSet(0);
  }

  AtomicLong paidUntil() {
    return paidUntil;
  }

  /// The last time a writer of this device was made to wait.
  ///
  /// @return null if none was yet
  public @Nullable ThrottlePause lastPause() {
    return lastPause;
  }

  void noteLastPause(ThrottlePause pause) {
    lastPause = pause;
  }

  // ---- Failing --------------------------------------------------------------------------------

  /// Why nothing reaches the store any more, as long as that is so.
  ///
  /// @return null if the device works, as far as anybody knows
  public @Nullable Errno failure() {
    return failure;
  }

  void setFailure(Errno errno) {
    failure = errno;
    throttle.eased(); // writers that wait at the limit must hear of it
  }

  // ---- Flushers -------------------------------------------------------------------------------

  void add(Flusher flusher) {
    flushers.add(flusher);
  }

  void remove(Flusher flusher) {
    flushers.remove(flusher);
  }

  boolean hasFlusher() {
    return !flushers.isEmpty();
  }

  /// Asks its flushers to write until the dirty folios are below the background limit. Cheap if
  /// they are at it already; may be called with any lock held.
  public void startBackground() {
    for (Flusher flusher : flushers) {
      flusher.startBackground();
    }
  }

  /// No longer shares in the limits. All its files must have been closed.
  @Override
  public void close() {
    throttle.remove(this);
  }

  @Override
  public String toString() {
    return name;
  }
}
