package org.pagewright.fs.ext4.testing;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/// A clock that stands still until it is told to go on.
public final class ManualClock extends Clock {
  private volatile Instant now = Instant.ofEpochSecond(1_700_000_000L);

  /// Goes on.
  ///
  /// @param millis by how much
  public void advance(long millis) {
    now = now.plusMillis(millis);
  }

  @Override
  public Instant instant() {
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
