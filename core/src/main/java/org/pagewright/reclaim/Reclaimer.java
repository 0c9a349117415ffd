package org.pagewright.reclaim;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.Folio;
import org.pagewright.cache.FolioQueue;
import org.pagewright.cache.MemoryPolicy;
import org.pagewright.cache.PageCache;
import org.pagewright.mem.FramePool;
import org.pagewright.stats.Count;
import org.pagewright.stats.Trace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.Clock;
import org.pagewright.writeback.DirtyLimits;
import org.pagewright.writeback.DirtyThrottle;
import org.pagewright.writeback.Writeback;

/// Decides which folio leaves when a frame is needed: three queues, shadows of what left, and no
/// work at all on a hit but the folio's own counter.
///
/// After S3-FIFO (Yang and others, 2023): most folios are never used again, so a new one waits in a
/// small queue and is let into the main one only if it is used more than once meanwhile. A scan
/// goes through the small queue and leaves the main one alone.
///
///                         used more than once
///     new ---> [ small, 10 % ] ------------> [ main ] --+ used: again to the young end,
///               |  not used                     |  ^----+ its count one less
///               v                               v  not used
///             evicted, leaves a shadow        evicted, leaves a shadow that only tells
///               | comes back within one turnover of the cache (R-I7)
///               +----------------------------> [ main ]
///     dropbehind ---> [ passing ] ---> evicted first, no shadow (R-J6)
///
/// The read that brings a folio in is no use of it yet: it counts from the next one on. Who left
/// the main queue was known well and has had its time; when it comes back it starts anew. Were it
/// let into the main queue at once, a loop a little longer than the cache would push itself out
/// round after round, and hit nothing; so it keeps what the main queue holds.
///
/// What is dirty, under write-out, locked or in use is passed over and goes to the young end of its
/// queue (R-I4, which [org.pagewright.cache.AddressSpace#evict] decides for good).
///
/// ## Locks
///
/// Candidates are taken off the queues under LRU, tried (FOLIO by try-lock only, R-I5, R-I6)
/// without it, and those that stay are put back under it. A folio that is off the queues meanwhile
/// and is truncated is detached, so it is not put back.
///
/// ## Waiting
///
/// If nothing is clean, the flushers are asked to write and completions are waited for, in steps.
/// That is safe even for a caller with folio locks: a background walk waits for no folio lock. It
/// is given up after a bound without progress, because the caller might hold what write-out needs;
/// a thread that writes folios out itself never waits here (R-I5).
public final class Reclaimer implements MemoryPolicy {
  private static final int BATCH_MIN = 8;
  private static final int BATCH_MAX = 32;
  private static final int BATCH_SHIFT = 9;
  private static final int SMALL_PERCENT = 10;
  private static final long STEP_MIN_NANOS = 50_000L;
  private static final long STEP_MAX_NANOS = 10_000_000L;
  private static final long NO_PROGRESS_NANOS = 2_000_000_000L;
  private static final long NO_COMPLETION_NANOS = 30_000_000_000L;

  private final PageCache cache;
  private final DirtyThrottle throttle;
  private final Clock clock;
  private final int smallTarget;
  private final int batchMax; // few of a small cache, because what is free hits nothing
  private final Mutex lru = new Mutex(LockClass.LRU, "queues of reclaim");

  // Guarded by LRU.
  private final FolioQueue small = new FolioQueue();
  private final FolioQueue main = new FolioQueue();
  private final FolioQueue passing = new FolioQueue();
  private final Workingset workingset;
  private int isolated;
  private long activity; // folios that came, went, or were met locked
  private long promoted;
  private long refaulted;

  /// Candidates off the queues, and where they came from.
  private static final class Batch {
    final @Nullable Folio[] folios;
    final @Nullable FolioQueue[] origins;
    final boolean[] evicted;
    int size;

    Batch(int most) {
      folios = new @Nullable Folio[most];
      origins = new @Nullable FolioQueue[most];
      evicted = new boolean[most];
    }

    boolean isFull() {
      return size == folios.length;
    }

    void add(Folio folio, FolioQueue origin) {
      folios[size] = folio;
      evicted[size] = false;
      origins[size++] = origin;
    }
  }

  /// What was done to make room once.
  private static final class Pass {
    int evicted;
    int waits;
  }

  private Reclaimer(PageCache cache, DirtyThrottle throttle) {
    this.cache = cache;
    this.throttle = throttle;
    this.clock = throttle.clock();
    int frames = cache.frames().frames();
    this.smallTarget = Math.max(1, frames * SMALL_PERCENT / 100);
    this.batchMax = Math.clamp(frames >> BATCH_SHIFT, BATCH_MIN, BATCH_MAX);
    this.workingset = new Workingset(frames);
  }

  /// Gives a cache without folios its policy and its dirty limits.
  ///
  /// @param cache the cache
  /// @param limits how much of it may be dirty
  /// @return the policy; its [#throttle()] is what devices are made with
  public static Reclaimer install(PageCache cache, DirtyLimits limits) {
    return install(cache, limits, Clock.SYSTEM);
  }

  /// Like [#install(PageCache, DirtyLimits)], by another clock.
  ///
  /// @param cache the cache
  /// @param limits how much of it may be dirty
  /// @param clock what time it is
  /// @return the policy
  public static Reclaimer install(PageCache cache, DirtyLimits limits, Clock clock) {
    Reclaimer reclaimer = new Reclaimer(cache, new DirtyThrottle(cache, limits, clock));
    cache.setPolicy(reclaimer);
    return reclaimer;
  }

  /// The dirty limits of the cache, for the devices that share them.
  ///
  /// @return never null
  public DirtyThrottle throttle() {
    return throttle;
  }

  // ---- What the cache tells -------------------------------------------------------------------

  @Override
  public void inserted(Folio folio) {
    lru.lock();
    activity++;
    if (folio.isDropBehind()) {
      passing.add(folio);
    } else {
      long found = workingset.refault(folio.mapping().number(), folio.index());
      // Had it stayed for the time of one turnover more, it would have been hit (R-I7).
      boolean early =
          found != Workingset.NONE && Workingset.distance(found) < cache.frames().frames();
      if (early) {
        refaulted++;
        folio.mapping().counters().add(Count.REFAULTS, 1);
      }
      (early && !Workingset.wasMain(found) ? main : small).add(folio);
    }
    lru.unlock();
  }

  @Override
  public void removed(Folio folio) {
    lru.lock();
    activity++;
    FolioQueue queue = FolioQueue.of(folio);
    if (queue != null) {
      queue.remove(folio);
    }
    lru.unlock();
  }

  // ---- Making room ----------------------------------------------------------------------------

  @Override
  public boolean makeRoom(boolean mayWait) {
    if (!Trace.isOn()) {
      return makeRoom(mayWait, new Pass());
    }
    EvictionEvent event = new EvictionEvent();
    event.begin();
    Pass pass = new Pass();
    boolean found = makeRoom(mayWait, pass);
    event.ended(pass.evicted, pass.waits, found, throttle.dirty());
    return found;
  }

  private boolean makeRoom(boolean mayWait, Pass pass) {
    boolean wait = mayWait && !Writeback.isWriting();
    Batch batch = new Batch(batchMax);
    long written = written();
    long since = clock.nanoTime();
    long step = STEP_MIN_NANOS;
    while (true) {
      long activityBefore = activity();
      pass.evicted = evictSome(batch);
      if (pass.evicted > 0 || hasFreeFrame()) {
        return true;
      }
      if (!wait) {
        throttle.startBackground();
        return false;
      }
      if (throttle.dirty() == 0 && !mayComeFree(activityBefore)) {
        return false; // clean, unlocked, and in use: nobody will change that soon
      }
      long now = clock.nanoTime();
      long writtenNow = written();
      if (writtenNow != written) {
        written = writtenNow;
        since = now;
      } else if (now - since
          > (cache.writebackFolios() > 0 ? NO_COMPLETION_NANOS : NO_PROGRESS_NANOS)) {
        return false;
      }
      pass.waits++;
      throttle.awaitCompletions(step);
      step = Math.min(2 * step, STEP_MAX_NANOS);
    }
  }

  private boolean hasFreeFrame() {
    FramePool frames = cache.frames();
    return frames.used() < frames.frames() - frames.reserve();
  }

  private long activity() {
    lru.lock();
    long n = activity;
    lru.unlock();
    return n;
  }

  private long written() {
    long sum = 0;
    for (BackingDevice device : throttle.devices()) {
      sum += device.writtenFolios();
    }
    return sum;
  }

  /// Whether frames are on their way although the last scan found none: it met folios that are only
  /// locked, folios came or went meanwhile, or some frames are in the hands of other threads,
  /// between the pool and the queues.
  private boolean mayComeFree(long activityBefore) {
    int used = cache.frames().used();
    lru.lock();
    boolean found =
        activity != activityBefore
            || isolated > 0
            || small.size() + main.size() + passing.size() < used;
    lru.unlock();
    return found;
  }

  /// Evicts up to a batch; looks at few folios first, and at all of them before it gives up.
  ///
  /// @return how many were evicted
  private int evictSome(Batch batch) {
    int budget = 4 * BATCH_MAX;
    while (true) {
      lru.lock();
      int all = small.size() + main.size() + passing.size();
      isolateLocked(batch, budget);
      isolated += batch.size;
      lru.unlock();
      int evicted = tryEvict(batch);
      // Folios of the main queue are seen up to four times until their count is down.
      if (evicted > 0 || budget / 4 >= all) {
        return evicted;
      }
      budget = (int) Math.min(Integer.MAX_VALUE, 4L * budget);
    }
  }

  /// Takes candidates off the queues.
  private void isolateLocked(Batch batch, int budget) {
    int passingLeft = passing.size();
    int smallLeft = small.size();
    long mainLeft = 4L * main.size();
    for (int left = budget; !batch.isFull() && left > 0; left--) {
      if (passingLeft > 0) {
        passingLeft--;
        scanPassingLocked(batch);
      } else if (smallLeft > 0 && (small.size() > smallTarget || mainLeft <= 0)) {
        smallLeft--;
        scanSmallLocked(batch);
      } else if (mainLeft > 0 && main.size() > 0) {
        mainLeft--;
        scanMainLocked(batch);
      } else if (smallLeft > 0) {
        mainLeft = 0; // the main queue is empty: the small one has to give
      } else {
        break;
      }
    }
  }

  private void scanPassingLocked(Batch batch) {
    Folio folio = passing.poll();
    assert folio != null;
    if (folio.isDropBehind()) {
      takeOrPutBackLocked(folio, passing, batch);
    } else {
      small.add(folio); // somebody wants to keep it after all
    }
  }

  private void scanSmallLocked(Batch batch) {
    Folio folio = small.poll();
    assert folio != null;
    if (folio.frequency() <= 1) {
      takeOrPutBackLocked(folio, small, batch);
      return;
    }
    // The uses that brought it here are paid with the place: it earns the next round anew.
    while (folio.frequency() > 0) {
      folio.ageFrequency();
    }
    main.add(folio);
    promoted++;
  }

  private void scanMainLocked(Batch batch) {
    Folio folio = main.poll();
    assert folio != null;
    if (folio.frequency() > 0) {
      folio.ageFrequency();
      main.add(folio);
    } else {
      takeOrPutBackLocked(folio, main, batch);
    }
  }

  private void takeOrPutBackLocked(Folio folio, FolioQueue queue, Batch batch) {
    boolean isLocked = folio.isLocked();
    activity += isLocked ? 1 : 0;
    if (isLocked || folio.isDirty() || folio.isWriteback() || folio.references() > 0) {
      queue.add(folio);
    } else if (folio.testAndClearYoung()) {
      folio.markAccessed(); // through a mapping, which leaves no other trace
      queue.add(folio);
    } else {
      batch.add(folio, queue);
    }
  }

  /// Evicts candidates, and puts back those that turn out to be needed.
  ///
  /// @return how many were evicted
  private int tryEvict(Batch batch) {
    int evicted = 0;
    for (int i = 0; i < batch.size; i++) {
      Folio folio = batch.folios[i];
      assert folio != null;
      if (folio.tryLock()) {
        if (folio.isAttached() && folio.mapping().evict(folio)) {
          batch.evicted[i] = true;
          evicted++;
        }
        folio.unlock();
      }
    }
    lru.lock();
    for (int i = 0; i < batch.size; i++) {
      Folio folio = batch.folios[i];
      FolioQueue origin = batch.origins[i];
      assert folio != null && origin != null;
      if (batch.evicted[i] && origin != passing) {
        workingset.evicted(folio.mapping().number(), folio.index(), origin == main);
      }
      // Who detaches a folio does so before it comes here for LRU: either we see that, or it will
      // find the folio on the queue.
      if (folio.isAttached()) {
        origin.add(folio);
      }
      batch.folios[i] = null;
    }
    isolated -= batch.size;
    activity += batch.size;
    batch.size = 0;
    lru.unlock();
    return evicted;
  }

  // ---- Counts ---------------------------------------------------------------------------------

  /// What the policy has done so far.
  ///
  /// @param small folios in the small queue
  /// @param main folios in the main queue
  /// @param passing folios to be dropped when clean
  /// @param promoted folios that moved from the small to the main queue
  /// @param refaulted folios that came back within one turnover of the cache
  public record Statistics(int small, int main, int passing, long promoted, long refaulted) {}

  /// What the policy has done so far.
  ///
  /// @return numbers of one moment
  public Statistics statistics() {
    lru.lock();
    Statistics s =
        new Statistics(small.size(), main.size(), passing.size(), promoted, refaulted);
    lru.unlock();
    return s;
  }

  @Override
  public String toString() {
    return statistics().toString();
  }
}
