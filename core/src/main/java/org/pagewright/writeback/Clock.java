package org.pagewright.writeback;

import org.pagewright.sync.WaitQueue;

/// Time as this room sees it: what the clock shows, and waiting until it shows something else.
/// Tests have a clock of their own, so that thirty seconds take none.
public interface Clock {

  /// The clock of the machine.
  Clock SYSTEM =
      new Clock() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void await(WaitQueue.Waiter waiter, long nanos) {
          waiter.park(Math.max(1, nanos));
        }

        @Override
        public boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos) {
          return waiter.parkInterruptibly(Math.max(1, nanos));
        }
      };

  /// What the clock shows.
  ///
  /// @return nanoseconds since some moment; only differences mean something
  long nanoTime();

  /// Waits until woken, until a time has passed, or for no reason. An interrupt does not end it.
  ///
  /// @param waiter this thread, on the queue it waits on
  /// @param nanos longest wait in nanoseconds; at least 1
  void await(WaitQueue.Waiter waiter, long nanos);

  /// Like [#await], but an interrupt ends it and stays pending.
  ///
  /// @param waiter this thread, on the queue it waits on
  /// @param nanos longest wait in nanoseconds; at least 1
  /// @return false if the thread is interrupted
  boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos);
}
