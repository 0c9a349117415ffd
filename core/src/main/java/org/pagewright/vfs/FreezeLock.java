package org.pagewright.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// One level of a volume's freeze protection: writers count themselves in and out; a freezer shuts
/// the door and waits until all are out.
///
/// Not an [org.pagewright.sync.RwSem], because one thread may freeze and another thaw. Compare
/// Linux's include/linux/fs.h:sb_start_write().
///
///     state:  63 frozen, or being frozen | 62..0 number of writers inside
public final class FreezeLock {
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(FreezeLock.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long FROZEN = 1L << 63;

  private final LockClass lockClass;
  private final Object name;
  private final WaitQueue queue = new WaitQueue();

  @SuppressWarnings("unused") // through STATE
  private volatile long state;

  FreezeLock(LockClass lockClass, Object name) {
    this.lockClass = lockClass;
    this.name = name;
  }

  /// Enters as a writer, waiting while the level is frozen.
  public void start() {
    assert Lockdep.willAcquire(lockClass, this);
    if (!enter()) {
      WaitQueue.Waiter waiter = queue.enter(this);
      try {
        while (!enter()) {
          waiter.park();
        }
      } finally {
        queue.leave(waiter);
      }
    }
    assert Lockdep.acquired(lockClass, this);
  }

  /// Enters as a writer unless the level is frozen or about to be.
  ///
  /// @return true if inside
  public boolean tryStart() {
    if (!enter()) {
      return false;
    }
    assert Lockdep.acquired(lockClass, this);
    return true;
  }

  private boolean enter() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    while (true) {
      long s = (long) STATE.getVolatile(this);
      if (s < 0) {
        return false;
      }
      if (STATE.compareAndSet(this, s, s + 1)) {
        return true;
      }
    }
  }

  /// Leaves.
  public void end() {
    assert Lockdep.released(lockClass, this);
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    long s = (long) STATE.getAndAdd(this, -1L) - 1;
    if (s == FROZEN) {
      queue.wakeAll(this); // the freezer waits for the last of us
    }
  }

  /// Shuts new writers out and waits until those inside have left. One freezer at a time; the super
  /// block sees to it.
  void freeze() {
    freeze(Clock.SYSTEM, Long.MAX_VALUE);
  }

  /// Shuts new writers out and waits until those inside have left, but not for ever.
  ///
  /// @return false if some are inside still; new ones are shut out nevertheless
  boolean freeze(Clock clock, long nanos) {
    assert Lockdep.willAcquire(lockClass, this);
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    long s = (long) STATE.getAndBitwiseOr(this, FROZEN);
    assert s >= 0 : name + " frozen twice";
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      long start = clock.nanoTime();
      long left = nanos;
      while ((long) STATE.getVolatile(this) != FROZEN) {
        if (left <= 0) {
          return false;
        }
        SchedulePoint.touch(this, true);
        if (nanos == Long.MAX_VALUE) {
          waiter.park();
        } else {
          clock.await(waiter, left);
          left = nanos - (clock.nanoTime() - start);
        }
      }
      return true;
    } finally {
      queue.leave(waiter);
    }
  }

  /// Whether writers are kept out, or about to be.
  boolean isFrozen() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    return (long) STATE.getAcquire(this) < 0;
  }

  /// Opens the door again.
  void thaw() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    STATE.getAndBitwiseAnd(this, ~FROZEN);
    queue.wakeAll(this);
  }

  @Override
  public String toString() {
    return name.toString();
  }
}
