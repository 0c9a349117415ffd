package org.pagewright.bench.policy;

import java.util.Arrays;
import java.util.Random;

/// A sequence of accesses to pages.
///
/// @param accesses pages, one after the other
/// @param pages all of them are below
public record Trace(int[] accesses, int pages) {
  private static final double SKEW = 0.9;

  /// Some pages are wanted much more often than others: the k-th most wanted one with a probability
  /// of 1 / k^0.9. Which ones those are is left to chance.
  ///
  /// @param pages how many there are
  /// @param length accesses
  /// @param seed of chance
  /// @return the trace
  public static Trace zipf(int pages, int length, long seed) {
    Random random = new Random(seed);
    double[] sums = new double[pages];
    double sum = 0;
    for (int k = 0; k < pages; k++) {
      sum += 1 / Math.pow(k + 1, SKEW);
      sums[k] = sum;
    }
    int[] names = new int[pages];
    for (int k = 0; k < pages; k++) {
      int other = random.nextInt(k + 1);
      names[k] = names[other];
      names[other] = k;
    }
    int[] accesses = new int[length];
    for (int i = 0; i < length; i++) {
      int found = Arrays.binarySearch(sums, random.nextDouble() * sum);
      accesses[i] = names[Math.min(pages - 1, found < 0 ? -found - 1 : found)];
    }
    return new Trace(accesses, pages);
  }

  /// The same, and now and then somebody reads on through files that nobody wants again: scans of
  /// half a memory, a fifth of all accesses.
  ///
  /// @param pages how many are wanted more than once
  /// @param capacity of the memory
  /// @param length accesses
  /// @param seed of chance
  /// @return the trace
  public static Trace scanPolluted(int pages, int capacity, int length, long seed) {
    int[] wanted = zipf(pages, length, seed).accesses;
    int scan = capacity / 2;
    int cold = 8 * capacity;
    int next = 0;
    int[] accesses = new int[length];
    for (int i = 0; i < length; i++) {
      if (i % (5 * scan) >= 4 * scan) {
        accesses[i] = pages + next;
        next = (next + 1) % cold;
      } else {
        accesses[i] = wanted[i];
      }
    }
    return new Trace(accesses, pages + cold);
  }

  /// Round and round.
  ///
  /// @param pages how many
  /// @param length accesses
  /// @return the trace
  public static Trace loop(int pages, int length) {
    int[] accesses = new int[length];
    for (int i = 0; i < length; i++) {
      accesses[i] = i % pages;
    }
    return new Trace(accesses, pages);
  }
}
