package org.pagewright.writeback;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.WaitQueue;

/// A clock that stands still until a test moves it. Who waits is woken when his time has come, or
/// runs the rest of the world himself, if the test gave one.
public final class VirtualClock implements Clock {
  private record Sleeper(Thread thread, long until) {}

  private final AtomicLong now = new AtomicLong(1_000_000_000_000L);
  private final List<Sleeper> sleepers = new CopyOnWriteArrayList<>();
  private volatile @Nullable LongConsumer world;

  /// A clock that shows some time.
  public VirtualClock() {}

  /// Lets a waiting thread run this instead of parking, with the nanoseconds it would wait. It must
  /// advance the clock.
  public void setWorld(LongConsumer world) {
    this.world = world;
  }

  @Override
  public long nanoTime() {
    return now.get();
  }

  /// Moves the clock and wakes whose time has come.
  public void advance(long nanos) {
    long time = now.addAndGet(nanos);
    for (Sleeper sleeper : sleepers) {
      if (sleeper.until <= time) {
        LockSupport.unpark(sleeper.thread);
      }
    }
  }

  public void advanceMillis(long millis) {
    advance(millis * 1_000_000);
  }

  /// How many threads wait for a time.
  public int sleepers() {
    return sleepers.size();
  }

  @Override
  public void await(WaitQueue.Waiter waiter, long nanos) {
    LongConsumer w = world;
    if (w != null) {
      w.accept(nanos);
      return;
    }
    Sleeper sleeper = register(nanos);
    if (now.get() < sleeper.until) {
      waiter.park();
    }
    sleepers.remove(sleeper);
  }

  @Override
  public boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos) {
    LongConsumer w = world;
    if (w != null) {
      if (!Thread.currentThread().isInterrupted()) {
        w.accept(nanos);
      }
      return !Thread.currentThread().isInterrupted();
    }
    Sleeper sleeper = register(nanos);
    boolean calm = now.get() >= sleeper.until || waiter.parkInterruptibly(0);
    sleepers.remove(sleeper);
    return calm;
  }

  private Sleeper register(long nanos) {
    long until = now.get() + nanos;
    Sleeper sleeper =
        new Sleeper(Thread.currentThread(), until < now.get() ? Long.MAX_VALUE : until);
    sleepers.add(sleeper);
    return sleeper;
  }
}
