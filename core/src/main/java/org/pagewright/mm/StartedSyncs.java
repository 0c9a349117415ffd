package org.pagewright.mm;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.writeback.Writeback;

/// The syncs of an area that somebody started and nobody waits for yet: one runs, in a thread of
/// its own, and one is next, which all those share that are started meanwhile. So there are never
/// more than two, however many are asked for.
///
///     idle --start--> running --start--> running, next --start--> running, a wider next
///       ^                |                    |
///       +----- done -----+        done: the next one runs
///
/// Each counts as a user of the area, so the file is there until the last has ended.
final class StartedSyncs {
  private final VmArea area;

  /// A sync of a range, bytes of the file; the end is the byte after the last.
  private record Round(long from, long to, CompletableFuture<Void> done) {
    Round and(long from, long to) {
      return new Round(Math.min(this.from, from), Math.max(this.to, to), done);
    }
  }

  /// Null before the first one.
  private record State(Round running, @Nullable Round next, boolean isOver) {}

  private final AtomicReference<@Nullable State> state = new AtomicReference<>();

  StartedSyncs(VmArea area) {
    this.area = area;
  }

  /// Starts the write-out, and has a thread see to the rest.
  ///
  /// @return done when the range is durable; the caller's own
  /// @throws FsException EBADF if the area is closed
  CompletableFuture<Void> start(long from, long to) throws FsException {
    area.enter();
    boolean counted = false;
    try {
      if (from == to || !area.isShared()) {
        return CompletableFuture.completedFuture(null);
      }
      Writeback.startRange(area.mapping(), from, to - 1);
      while (true) {
        State now = state.get();
        Round round = new Round(from, to, new CompletableFuture<>());
        boolean runs = now == null || now.isOver;
        boolean joins = !runs && now.next != null;
        round = joins ? now.next.and(from, to) : round;
        State then =
            runs ? new State(round, null, false) : new State(now.running, round, false);
        if (state.compareAndSet(now, then)) {
          counted = !joins;
          if (runs) {
            run(round);
          }
          return round.done.copy();
        }
      }
    } finally {
      if (!counted) {
        area.leave();
      }
    }
  }

  private void run(Round round) {
    Thread thread =
        Thread.ofPlatform().daemon().name("pagewright-sync").unstarted(() -> serve(round));
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      serve(round); // no thread to be had
    }
  }

  private void serve(Round round) {
    Throwable failed = new IllegalStateException("the sync's thread has died"); // unless it ends
    try {
      area.operations().sync(round.from, round.to);
      failed = null;
    } catch (FsException e) {
      failed = MappedRegionException.of(e);
    } finally {
      ended(round, failed);
    }
  }

  private void ended(Round round, @Nullable Throwable failed) {
    area.leave();
    State now;
    Round next;
    do {
      now = state.get();
      assert now != null && now.running == round && !now.isOver : now;
      next = now.next;
    } while (!state.compareAndSet(
        now, next == null ? new State(round, null, true) : new State(next, null, false)));
    if (next != null) {
      run(next);
    }
    // Last of all, because what hangs on it runs here, and may close the region.
    if (failed == null) {
      round.done.complete(null);
    } else {
      round.done.completeExceptionally(failed);
    }
  }

  /// Waits for those that were started. Who started them has their results, good or bad.
  void await() {
    State now = state.get();
    if (now != null) {
      await(now.running);
      if (now.next != null) {
        await(now.next);
      }
    }
  }

  private static void await(Round round) {
    round.done.handle((done, failed) -> done).join();
  }
}
