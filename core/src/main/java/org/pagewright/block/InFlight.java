package org.pagewright.block;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.sync.SchedulePoint;

/// Counts the requests under way on a device, and lets close wait for them.
///
/// ```
///  bit 63     62                                                    0
///  +--------+--------------------------------------------------------+
///  | CLOSED | requests between enter and exit                        |
///  +--------+--------------------------------------------------------+
///  enter: +1 unless CLOSED      exit: -1      close: set CLOSED, then wait for 0
/// ```
///
/// Once CLOSED is set the count only falls, so it is 0 with CLOSED set exactly once: that
/// transition opens the latch.
final class InFlight {
  private static final long CLOSED = Long.MIN_VALUE;

  private final AtomicLong state = new AtomicLong();
  private final CountDownLatch drained = new CountDownLatch(1);

  /// Begins a request.
  ///
  /// @return false if the device was closed; then there is nothing to exit
  boolean enter() {
    SchedulePoint.touch(this, false); // requests only count; who closes wants to know
    while (true) { // ends: another thread's progress is what makes the exchange fail
      long seen = state.get();
      if (seen < 0) {
        return false;
      }
      if (state.compareAndSet(seen, seen + 1)) {
        return true;
      }
    }
  }

  /// Ends a request, after its completion has run.
  void exit() {
    SchedulePoint.touch(this, false);
    long left = state.decrementAndGet();
    assert left != -1 && left != Long.MAX_VALUE : "exit without enter";
    if (left == CLOSED) {
      drained.countDown();
    }
  }

  /// Refuses new requests and waits for those under way; keeps an interrupt for the caller to see.
  ///
  /// @return true for the first caller, which is the one to give back what the device holds
  boolean closeAndDrain() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    long seen = state.getAndUpdate(s -> s | CLOSED);
    if (seen == 0) {
      drained.countDown();
    }
    boolean interrupted = false;
    while (true) {
      try {
        drained.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // the requests still use what close gives back
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return seen >= 0;
  }
}
