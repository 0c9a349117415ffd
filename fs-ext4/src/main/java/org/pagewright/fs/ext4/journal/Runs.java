package org.pagewright.fs.ext4.journal;

import java.util.Arrays;

/// Runs of blocks, in the order in which they came; neighbours that follow each other are joined.
final class Runs {
  private long[] firsts = new long[4];
  private long[] counts = new long[4];
  private int size;
  private long blocks;

  Runs() {}

  void add(long first, long count) {
    blocks += count;
    if (size > 0 && firsts[size - 1] + counts[size - 1] == first) {
      counts[size - 1] += count;
      return;
    }
    if (size > 0 && first + count == firsts[size - 1]) {
      firsts[size - 1] = first; // truncation goes from the end to the start
      counts[size - 1] += count;
      return;
    }
    if (size == firsts.length) {
      firsts = Arrays.copyOf(firsts, 2 * size);
      counts = Arrays.copyOf(counts, 2 * size);
    }
    firsts[size] = first;
    counts[size] = count;
    size++;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void clear() {
    firsts = new long[4];
    counts = new long[4];
    size = 0;
    blocks = 0;
  }

  /// Number of blocks of all runs.
  long blocks() {
    return blocks;
  }

  long first(int i) {
    return firsts[i];
  }

  long count(int i) {
    return counts[i];
  }

  /// Orders the runs by place, so that [#contains] finds its way.
  void sort() {
    Integer[] order = new Integer[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    long[] unordered = firsts;
    Arrays.sort(order, (a, b) -> Long.compare(unordered[a], unordered[b]));
    long[] first = new long[Math.max(1, size)];
    long[] count = new long[Math.max(1, size)];
    for (int i = 0; i < size; i++) {
      first[i] = firsts[order[i]];
      count[i] = counts[order[i]];
    }
    firsts = first;
    counts = count;
  }

  /// Whether a block is in a run; after [#sort()].
  boolean contains(long blockNr) {
    int found = Arrays.binarySearch(firsts, 0, size, blockNr);
    int i = found >= 0 ? found : -found - 2;
    return i >= 0 && blockNr - firsts[i] < counts[i];
  }
}
