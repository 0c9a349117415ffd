package org.pagewright.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;

/// The time of day, cheap to read: for time stamps. Compare Linux's
/// include/linux/timekeeping.h:ktime_get_coarse_real_ts64().
///
/// Reading the system's clock stops the processor from working ahead, which costs a write to a
/// cached file more than the rest of its bookkeeping. So while the clock is read often, a daemon
/// thread looks at the system's clock every [#TICK_MILLIS] and readers take what it saw: the time
/// is then that much late at most, if the thread gets its turn. While it is read seldom there is no
/// thread, and each reading is the system's.
final class CoarseClock extends Clock {
  /// How far the time may lag behind, in milliseconds, as on a kernel with 250 ticks a second.
  static final int TICK_MILLIS = 4;

  private static final int OFTEN = 1024; // readings within
  private static final int WHILE_MILLIS = 100;
  private static final int IDLE_TICKS = 50;
  private static final VarHandle TIME;

  static {
    try {
      TIME = MethodHandles.lookup().findVarHandle(CoarseClock.class, "time", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Clock source;
  private final AtomicBoolean ticking = new AtomicBoolean();

  @SuppressWarnings("unused") // through TIME: milliseconds, 0 while no thread ticks
  private volatile long time;

  // Hints, which threads may lose.
  private boolean read;
  private int readings;
  private long since;

  /// A clock over another one.
  ///
  /// @param source what time it is
  CoarseClock(Clock source) {
    this.source = source;
  }

  @Override
  public long millis() {
    long t = (long) TIME.getOpaque(this);
    if (t == 0) {
      return look();
    }
    if (!read) {
      read = true;
    }
    return t;
  }

  private long look() {
    long now = source.millis();
    if (now - since > WHILE_MILLIS || now < since) {
      since = now;
      readings = 0;
    }
    if (++readings > OFTEN
        && !SchedulePoint.ENABLED // time is the explorer's there
        && ticking.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("pagewright-clock").start(this::tick);
    }
    return now;
  }

  private void tick() {
    WaitQueue queue = new WaitQueue();
    WaitQueue.Waiter waiter = queue.enter(this);
    for (int idle = 0; idle < IDLE_TICKS; idle = read ? 0 : idle + 1) {
      read = false;
      TIME.setOpaque(this, source.millis());
      waiter.park(TICK_MILLIS * 1_000_000L);
    }
    TIME.setOpaque(this, 0L);
    queue.leave(waiter);
    ticking.set(false);
  }

  /// Whether readers take what a thread saw.
  boolean isTicking() {
    return ticking.get();
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(millis());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return source.withZone(zone);
  }
}
