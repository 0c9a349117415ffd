package org.pagewright.sync;

import java.util.concurrent.ConcurrentLinkedQueue;

/// Threads that wait until a condition over shared state may have become true.
///
/// The waiter enters, tests the condition, and parks only if it still does not hold; the waker
/// changes the state first and wakes afterwards. So no wake-up is lost:
///
///     waiter                                waker
///     w = queue.enter(key)                  change the state
///     while (!condition)  w.park()          queue.wakeAll(key)
///     queue.leave(w)
///
/// A park may return for no reason; the loop around it is the caller's.
public final class WaitQueue {

  /// One waiting thread.
  public static final class Waiter {
    private final Thread thread = Thread.currentThread();
    private final Object key;
    private volatile boolean woken;
    private boolean interrupted; // by the waiting thread only

    private Waiter(Object key) {
      this.key = key;
    }

    /// Parks until woken, or for no reason; returns at once if woken since the last park. An
    /// interrupt does not end the wait: it becomes pending again when the queue is left.
    public void park() {
      park(0);
    }

    /// Like [#park()], at most for a time.
    ///
    /// @param nanos nanoseconds; 0 for no limit
    public void park(long nanos) {
      // A pending interrupt would make every park return at once: put it aside for the while.
      interrupted |= Thread.interrupted();
      parkOnce(nanos);
      interrupted |= Thread.interrupted();
    }

    /// Like [#park(long)], but an interrupt ends the wait and stays pending.
    ///
    /// @param nanos nanoseconds; 0 for no limit
    /// @return false if the thread is interrupted
    public boolean parkInterruptibly(long nanos) {
      if (!Thread.currentThread().isInterrupted()) {
        parkOnce(nanos);
      }
      return !Thread.currentThread().isInterrupted();
    }

    private void parkOnce(long nanos) {
      SchedulePoint.reach(SchedulePoint.Kind.WAIT, key);
      if (!woken) {
        SchedulePoint.park(key, nanos);
      }
      woken = false;
    }
  }

  private final ConcurrentLinkedQueue<Waiter> waiters = new ConcurrentLinkedQueue<>();

  /// A queue without waiters.
  public WaitQueue() {}

  /// Announces this thread as a waiter. To be followed by a test of the condition.
  ///
  /// @param key what is waited for; a wake-up names the same object
  /// @return the waiter, to be given back to [#leave(Waiter)]
  public Waiter enter(Object key) {
    Waiter waiter = new Waiter(key);
    waiters.add(waiter);
    SchedulePoint.touch(key, true);
    SchedulePoint.touch(this, true);
    return waiter;
  }

  /// Ends a wait.
  ///
  /// @param waiter from [#enter(Object)]
  public void leave(Waiter waiter) {
    waiters.remove(waiter);
    SchedulePoint.touch(this, true);
    if (waiter.interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// Wakes every thread that waits for a key.
  ///
  /// @param key what the waiters entered with
  public void wakeAll(Object key) {
    SchedulePoint.reach(SchedulePoint.Kind.WAKE, key);
    for (Waiter waiter : waiters) {
      if (waiter.key == key) {
        waiter.woken = true;
        SchedulePoint.unpark(waiter.thread);
      }
    }
  }

  /// Whether nobody waits.
  ///
  /// @return true if the queue is empty
  public boolean isEmpty() {
    SchedulePoint.touch(this, false);
    return waiters.isEmpty();
  }
}
