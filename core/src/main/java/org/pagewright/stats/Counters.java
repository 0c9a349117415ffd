package org.pagewright.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// The counts of one volume: numbers that only grow, added to by any thread.
///
///     cells:  | unused | stripe 0: one cell for each Count | unused | stripe 1 ... |
///               128 B    128 B: two lines of the processor's cache
///
/// A thread adds to the stripe that its number says, so that threads on different processors do not
/// pass one line to and fro; a sum goes over all stripes. An addition is one atomic operation, some
/// 5 ns. What happens more often than that may cost counts for itself and adds a heap at a time, as
/// [Count#LOOKUPS] is: see the package comment.
public final class Counters {
  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(long[].class);

  /// Cells of a stripe; a power of two, at least one for each [Count].
  private static final int WIDTH = 16;

  private static final int STRIPES =
      Integer.highestOneBit(Math.clamp(2L * Runtime.getRuntime().availableProcessors() - 1, 1, 16));

  private final long[] cells = new long[(STRIPES + 1) * WIDTH];

  /// All zero.
  public Counters() {
    assert Count.values().length <= WIDTH;
  }

  /// Adds to a count.
  ///
  /// @param count which
  /// @param n how many
  public void add(Count count, long n) {
    // Numbers of threads follow one another: their low bits spread them.
    int stripe = (int) Thread.currentThread().threadId() & (STRIPES - 1);
    long unused = (long) CELLS.getAndAdd(cells, (stripe + 1) * WIDTH + count.ordinal(), n);
  }

  /// What was counted so far.
  ///
  /// @param count which
  /// @return a number that may be old already
  public long get(Count count) {
    long sum = 0;
    for (int stripe = 1; stripe <= STRIPES; stripe++) {
      sum += (long) CELLS.getOpaque(cells, stripe * WIDTH + count.ordinal());
    }
    return sum;
  }

  /// All counts.
  ///
  /// @return one for each [Count], by its ordinal; not all of the same moment
  public long[] all() {
    long[] all = new long[Count.values().length];
    for (Count count : Count.values()) {
      all[count.ordinal()] = get(count);
    }
    return all;
  }
}
