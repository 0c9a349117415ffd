package org.pagewright.sim.posix;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/// A clock that stands still until it is told to go on.
public final class TickingClock extends Clock {
  private final AtomicLong seconds = new AtomicLong(1_700_000_000L);

  /// A clock that shows some day of 2023.
  public TickingClock() {}

  /// A second passes.
  public void tick() {
    seconds.incrementAndGet();
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochSecond(seconds.get());
  }
}
