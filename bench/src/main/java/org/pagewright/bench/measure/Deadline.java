package org.pagewright.bench.measure;

import java.util.concurrent.TimeUnit;

/// A moment by which something is to be done.
public final class Deadline {
  private final long nanos;

  private Deadline(long nanos) {
    this.nanos = nanos;
  }

  static Deadline inSeconds(double seconds) {
    return new Deadline(System.nanoTime() + (long) (seconds * 1e9));
  }

  /// The earlier of this one and a moment that many seconds away.
  Deadline orInSeconds(double seconds) {
    Deadline other = inSeconds(seconds);
    return other.nanos - nanos < 0 ? other : this;
  }

  double secondsLeft() {
    return (nanos - System.nanoTime()) / 1e9;
  }

  long millisLeft() {
    return Math.max(0, TimeUnit.NANOSECONDS.toMillis(nanos - System.nanoTime()));
  }

  boolean isOver() {
    return nanos - System.nanoTime() <= 0;
  }
}
