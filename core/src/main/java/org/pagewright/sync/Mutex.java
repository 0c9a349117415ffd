package org.pagewright.sync;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// A lock for one holder, not reentrant.
///
/// Free, it costs one atomic operation to take and one to give back. A waiter spins for a moment
/// and then parks; who comes later may overtake it. Interrupts do not end the wait.
public final class Mutex {
  private static final VarHandle HELD;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(Mutex.class, "held", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int SPINS = SchedulePoint.ENABLED ? 0 : 64;

  private final LockClass lockClass;
  private final Object name;
  private final WaitQueue queue = new WaitQueue();

  @SuppressWarnings("unused") // through HELD: 0 free, 1 held
  private volatile int held;

  /// A free lock.
  ///
  /// @param lockClass its place in the order
  /// @param name whose lock it is, for messages
  public Mutex(LockClass lockClass, Object name) {
    this.lockClass = lockClass;
    this.name = name;
  }

  /// Takes the lock, waiting as long as it takes.
  public void lock() {
    assert Lockdep.willAcquire(lockClass, this);
    SchedulePoint.reach(SchedulePoint.Kind.LOCK, this);
    if (!HELD.compareAndSet(this, 0, 1)) {
      lockContended();
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(lockClass, this);
  }

  private void lockContended() {
    for (int i = 0; i < SPINS; i++) {
      Thread.onSpinWait();
      if ((int) HELD.getVolatile(this) == 0 && HELD.compareAndSet(this, 0, 1)) {
        return;
      }
    }
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while (!HELD.compareAndSet(this, 0, 1)) {
        waiter.park();
      }
    } finally {
      queue.leave(waiter);
    }
  }

  /// Takes the lock if it is free.
  ///
  /// @return true if taken
  public boolean tryLock() {
    SchedulePoint.reach(SchedulePoint.Kind.TRY_LOCK, this);
    if (!HELD.compareAndSet(this, 0, 1)) {
      return false;
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(lockClass, this);
    return true;
  }

  /// Gives the lock back.
  public void unlock() {
    assert Lockdep.released(lockClass, this);
    HELD.setVolatile(this, 0);
    SchedulePoint.gave(this, SchedulePoint.Hold.EXCLUSIVE);
    // A waiter enters the queue before it tries again, so one of us sees the other.
    if (!queue.isEmpty()) {
      queue.wakeAll(this);
    }
    SchedulePoint.reach(SchedulePoint.Kind.UNLOCK, this);
  }

  /// Whether this thread holds the lock. Only inside `assert`: otherwise nobody keeps book.
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
