package org.pagewright.sync;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// A lock that many may share or one may hold alone; not reentrant, not upgradable.
///
/// A waiting writer holds back new readers, so that it cannot starve; readers that came before it
/// finish. Interrupts do not end the wait.
///
///     state:  31 writer | 30 a writer waits | 29..0 number of readers
public final class RwSem {
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(RwSem.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int WRITER = 1 << 31;
  private static final int WRITER_WAITS = 1 << 30;
  private static final int READERS = WRITER_WAITS - 1;

  private final LockClass lockClass;
  private final Object name;
  private final WaitQueue queue = new WaitQueue();

  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  /// A free lock.
  ///
  /// @param lockClass its place in the order
  /// @param name whose lock it is, for messages
  public RwSem(LockClass lockClass, Object name) {
    this.lockClass = lockClass;
    this.name = name;
  }

  /// Takes the exclusive side, waiting as long as it takes.
  public void lock() {
    assert Lockdep.willAcquire(lockClass, this);
    SchedulePoint.reach(SchedulePoint.Kind.LOCK, this);
    if (!STATE.compareAndSet(this, 0, WRITER)) {
      WaitQueue.Waiter waiter = queue.enter(this);
      try {
        while (!tryWriter()) {
          waiter.park();
        }
      } finally {
        queue.leave(waiter);
      }
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(lockClass, this);
  }

  /// One attempt of a queued writer; leaves the waiting mark behind if it fails. The mark goes with
  /// the writer that gets the lock; those that still wait were woken with it and set it again.
  private boolean tryWriter() {
    while (true) {
      int s = (int) STATE.getVolatile(this);
      if ((s & (WRITER | READERS)) == 0) {
        if (STATE.compareAndSet(this, s, WRITER)) {
          return true;
        }
      } else if ((s & WRITER_WAITS) != 0 || STATE.compareAndSet(this, s, s | WRITER_WAITS)) {
        return false;
      }
    }
  }

  /// Takes the exclusive side if nobody holds the lock.
  ///
  /// @return true if taken
  public boolean tryLock() {
    SchedulePoint.reach(SchedulePoint.Kind.TRY_LOCK, this);
    if (!STATE.compareAndSet(this, 0, WRITER)) {
      return false;
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(lockClass, this);
    return true;
  }

  /// Gives the exclusive side back.
  public void unlock() {
    assert Lockdep.released(lockClass, this);
    STATE.setVolatile(this, 0);
    SchedulePoint.gave(this, SchedulePoint.Hold.EXCLUSIVE);
    wakeWaiters();
    SchedulePoint.reach(SchedulePoint.Kind.UNLOCK, this);
  }

  /// Turns the exclusive side into a shared one without letting a writer in between.
  public void downgrade() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    STATE.setVolatile(this, 1);
    SchedulePoint.gave(this, SchedulePoint.Hold.EXCLUSIVE);
    SchedulePoint.took(this, SchedulePoint.Hold.SHARED);
    wakeWaiters();
  }

  // A waiter enters the queue before it tries again, so one of us sees the other.
  private void wakeWaiters() {
    if (!queue.isEmpty()) {
      queue.wakeAll(this);
    }
  }

  /// Takes the shared side, waiting as long as it takes.
  public void lockShared() {
    assert Lockdep.willAcquire(lockClass, this);
    SchedulePoint.reach(SchedulePoint.Kind.LOCK_SHARED, this);
    if (!tryReader()) {
      WaitQueue.Waiter waiter = queue.enter(this);
      try {
        while (!tryReader()) {
          waiter.park();
        }
      } finally {
        queue.leave(waiter);
      }
    }
    SchedulePoint.took(this, SchedulePoint.Hold.SHARED);
    assert Lockdep.acquired(lockClass, this);
  }

  private boolean tryReader() {
    while (true) {
      int s = (int) STATE.getVolatile(this);
      if ((s & (WRITER | WRITER_WAITS)) != 0) {
        return false;
      }
      if (STATE.compareAndSet(this, s, s + 1)) {
        return true;
      }
    }
  }

  /// Takes the shared side if no writer holds the lock or waits for it.
  ///
  /// @return true if taken
  public boolean tryLockShared() {
    SchedulePoint.reach(SchedulePoint.Kind.TRY_LOCK, this);
    if (!tryReader()) {
      return false;
    }
    SchedulePoint.took(this, SchedulePoint.Hold.SHARED);
    assert Lockdep.acquired(lockClass, this);
    return true;
  }

  /// Gives the shared side back.
  public void unlockShared() {
    assert Lockdep.released(lockClass, this);
    int s = (int) STATE.getAndAdd(this, -1) - 1;
    SchedulePoint.gave(this, SchedulePoint.Hold.SHARED);
    if ((s & READERS) == 0) {
      wakeWaiters();
    }
    SchedulePoint.reach(SchedulePoint.Kind.UNLOCK, this);
  }

  /// Whether this thread holds the lock, either side. Only inside `assert`.
  ///
  /// @return true if it does
  public boolean isHeldByCaller() {
    return Lockdep.holds(lockClass, this);
  }

  /// Its place in the order.
  ///
  /// @return the class of the lock
  public LockClass lockClass() {
    return lockClass;
  }

  @Override
  public String toString() {
    return name.toString();
  }
}
