package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// A clock that is cheap when it is read often.
final class CoarseClockTest {
  private final AtomicLong time = new AtomicLong(1_000_000);
  private final CoarseClock clock = new CoarseClock(new Source(time));

  private static final class Source extends Clock {
    private final AtomicLong time;

    Source(AtomicLong time) {
      this.time = time;
    }

    @Override
    public long millis() {
      return time.get();
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(time.get());
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

  @Test
  void readSeldomItIsTheSourceItself() {
    for (int i = 0; i < 5_000; i++) {
      assertEquals(time.addAndGet(1), clock.millis());
    }
    assertFalse(clock.isTicking());
    assertEquals(time.get(), clock.instant().toEpochMilli());
  }

  @Test
  void readOftenItFollowsTheSourceAndStopsWhenNobodyLooks() {
    readOften();
    long later = time.addAndGet(77);
    while (clock.millis() != later) { // until the next tick
      Thread.onSpinWait();
    }
    while (clock.isTicking()) {
      Thread.onSpinWait();
    }
    assertEquals(time.addAndGet(1), clock.millis());
  }

  private void readOften() {
    for (int i = 0; i < 12_000; i++) {
      assertEquals(time.get(), clock.millis());
    }
    assertTrue(clock.isTicking());
  }

  /// A thread that ticks may wait for its turn: what asks every few microseconds, as a mount does,
  /// is told the time by nobody but the source.
  @Test
  void readEveryFewMicrosecondsItIsTheSourceItself() {
    for (int i = 0; i < 500_000; i++) {
      assertEquals(i % 300 == 0 ? time.addAndGet(1) : time.get(), clock.millis());
    }
    assertFalse(clock.isTicking());
  }

  @Test
  void readLessOftenThanBeforeItIsTheSourceItselfAgain() {
    readOften();
    for (int i = 0; clock.isTicking(); i++) { // ends: one reading in a look at the thread
      if (i % 300 == 0) {
        time.incrementAndGet();
        clock.millis();
      }
      Thread.onSpinWait();
    }
    assertEquals(time.addAndGet(1), clock.millis());
  }

  @Test
  void timeThatGoesBackIsFollowed() {
    for (int i = 0; i < 100; i++) {
      assertEquals(time.addAndGet(-500), clock.millis());
    }
  }
}
