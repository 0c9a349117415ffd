package org.pagewright.vfs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// The open files of one volume: how many, and which, for those who wait until they are closed, or
/// until nobody is at them any more.
final class OpenFiles {
  private final SuperBlock superBlock;
  private final int max;
  private final Set<OpenFile> files = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger(); // also those that are about to be made
  private final WaitQueue queue = new WaitQueue();

  OpenFiles(SuperBlock superBlock, int max) {
    this.superBlock = superBlock;
    this.max = max;
  }

  /// A file is about to be opened.
  ///
  /// @throws FsException ENFILE
  void reserve() throws FsException {
    if (count.incrementAndGet() > max) {
      unreserve();
      throw new FsException(Errno.ENFILE, superBlock + ": " + max + " files are open");
    }
  }

  /// A file was not opened after all.
  void unreserve() {
    if (count.decrementAndGet() == 0) {
      wake();
    }
  }

  void opened(OpenFile file) {
    files.add(file);
  }

  /// The last step of a close: who waits for it may close the volume now.
  void closed(OpenFile file) {
    files.remove(file);
    unreserve();
    if (superBlock.isGone()) {
      wake();
    }
  }

  /// The last call in a file has ended that somebody may be waiting for: the volume is gone.
  void wake() {
    if (!queue.isEmpty()) {
      queue.wakeAll(queue);
    }
  }

  /// {@return how many are open}
  int count() {
    return count.get();
  }

  /// Waits until no file is open.
  ///
  /// @return false if some are, after so long
  boolean awaitClosed(long nanos) {
    return await(Clock.SYSTEM, nanos, true);
  }

  /// Waits until nobody is at any file: calls that began before the volume was gone. Mapped regions
  /// do not count.
  ///
  /// @return false if somebody is, after so long
  boolean awaitCalls(Clock clock, long nanos) {
    return await(clock, nanos, false);
  }

  private boolean await(Clock clock, long nanos, boolean closed) {
    WaitQueue.Waiter waiter = queue.enter(queue);
    try {
      long start = clock.nanoTime();
      long left = nanos;
      while (closed ? count.get() > 0 : isAnyBusy()) {
        if (left <= 0) {
          return false;
        }
        clock.await(waiter, left);
        left = nanos - (clock.nanoTime() - start);
      }
      return true;
    } finally {
      queue.leave(waiter);
    }
  }

  private boolean isAnyBusy() {
    for (OpenFile file : files) {
      if (file.isBusy()) {
        return true;
      }
    }
    return false;
  }
}
