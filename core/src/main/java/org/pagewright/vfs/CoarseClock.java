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
/// cached file more than the rest of its bookkeeping. So while the clock is read more than once in
/// a microsecond, a daemon thread looks at the system's clock every [#TICK_MILLIS] and readers take
/// what it saw. Read less often than that, each reading is the system's, and there is no thread.
///
///     each reading the system's --OFTEN in WHILE_MILLIS--> ticking, TERM_TICKS long
///          ^                                                   |        ^
///          |                                                   v        | as often as before
///          +------------- less often ------------ ticking, COUNT_TICKS of counting
///
/// The time is a tick late at most while the thread gets its turn, which nobody can promise: where
/// there are more threads than processors it was seen to wait for 110 ms. That is why it is not
/// left to it to say what time it is when that is not worth it: a request of a mount takes several
/// microseconds, and may well be what is told from the one before by its time.
final class CoarseClock extends Clock {
  /// How far the time may lag behind, in milliseconds, as on a kernel with 250 ticks a second.
  static final int TICK_MILLIS = 4;

  private static final int OFTEN = 10_000; // readings within
  private static final int WHILE_MILLIS = 10;
  private static final int TERM_TICKS = 128;
  private static final int COUNT_TICKS = (WHILE_MILLIS + TICK_MILLIS - 1) / TICK_MILLIS;
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
  private boolean counting;
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
    if (counting) {
      readings++;
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
        && !ticking.get()
        && ticking.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("pagewright-clock").start(this::run);
    }
    return now;
  }

  private void run() {
    WaitQueue queue = new WaitQueue();
    WaitQueue.Waiter waiter = queue.enter(this);
    do { // ends when the clock is read less often
      counting = false;
      tick(waiter, TERM_TICKS);
      readings = 0;
      counting = true;
      tick(waiter, COUNT_TICKS);
    } while (readings > OFTEN);
    TIME.setOpaque(this, 0L);
    queue.leave(waiter);
    ticking.set(false);
  }

  private void tick(WaitQueue.Waiter waiter, int ticks) {
    for (int i = 0; i < ticks; i++) {
      TIME.setOpaque(this, source.millis());
      waiter.park(TICK_MILLIS * 1_000_000L);
    }
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
