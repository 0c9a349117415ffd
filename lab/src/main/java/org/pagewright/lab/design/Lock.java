package org.pagewright.lab.design;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;

/// A lock of the model: shared or exclusive, fair, not reentrant. Lockdep does not police it,
/// because the designs of history break the order on purpose and the explorer is to find out what
/// comes of it.
///
/// Threads of the model run one at a time between schedule points, so plain fields will do.
final class Lock {
  private final String name;
  private final WaitQueue queue = new WaitQueue();
  private final Deque<Thread> line = new ArrayDeque<>(); // who waits, in order of arrival
  private final List<Thread> holders = new ArrayList<>();
  private int readers;
  private boolean writer;

  Lock(String name) {
    this.name = name;
  }

  /// Takes it alone.
  void lock() {
    take(true);
  }

  /// Takes it with others. Waits behind a writer who waits (R-A3, the fair case).
  void lockShared() {
    take(false);
  }

  private void take(boolean alone) {
    SchedulePoint.reach(
        alone ? SchedulePoint.Kind.LOCK : SchedulePoint.Kind.LOCK_SHARED, this);
    Thread me = Thread.currentThread();
    if (!line.isEmpty() || !available(alone)) {
      line.add(me);
      WaitQueue.Waiter waiter = queue.enter(this);
      while (line.peek() != me || !available(alone)) {
        waiter.park();
      }
      queue.leave(waiter);
      line.remove();
    }
    if (alone) {
      writer = true;
    } else {
      readers++;
    }
    holders.add(me);
    SchedulePoint.took(
        this, alone ? SchedulePoint.Hold.EXCLUSIVE : SchedulePoint.Hold.SHARED);
    if (!alone && !line.isEmpty()) {
      queue.wakeAll(this); // the next in line may be a reader, too
    }
  }

  private boolean available(boolean alone) {
    return !writer && (!alone || readers == 0);
  }

  void unlock() {
    holders.remove(Thread.currentThread());
    SchedulePoint.gave(this, writer ? SchedulePoint.Hold.EXCLUSIVE : SchedulePoint.Hold.SHARED);
    if (writer) {
      writer = false;
    } else {
      assert readers > 0 : name + " is not held";
      readers--;
    }
    if (!line.isEmpty()) {
      queue.wakeAll(this);
    }
    SchedulePoint.reach(SchedulePoint.Kind.UNLOCK, this);
  }

  /// Whether the calling thread has it.
  boolean isMine() {
    return holders.contains(Thread.currentThread());
  }

  boolean isFree() {
    return !writer && readers == 0;
  }

  @Override
  public String toString() {
    return name;
  }

  static void unlockIfHeld(@Nullable Lock lock) {
    if (lock != null) {
      lock.unlock();
    }
  }
}
