package org.pagewright.fs.ext4.mkfs;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which blocks are taken, as runs that neither touch nor overlap. A bitmap of 16 TiB would have
/// 512 MiB; the runs of a new file system are some thousands.
final class UsedBlocks {
  /// First block of a run to the block behind its last.
  private final TreeMap<Long, Long> runs = new TreeMap<>();

  /// A run of blocks.
  ///
  /// @param first first block
  /// @param count number of blocks
  record Run(long first, long count) {
    long end() {
      return first + count;
    }
  }

  /// Takes blocks, none of which is taken.
  void mark(long first, long count) {
    if (count == 0) {
      return;
    }
    assert isFree(first, count);
    long start = first;
    long end = first + count;
    Map.Entry<Long, Long> before = runs.floorEntry(first);
    if (before != null && before.getValue() == first) {
      start = before.getKey();
    }
    Long after = runs.remove(end);
    runs.put(start, after != null ? after : end);
  }

  boolean isFree(long first, long count) {
    Map.Entry<Long, Long> before = runs.floorEntry(first);
    if (before != null && before.getValue() > first) {
      return false;
    }
    Long next = runs.ceilingKey(first);
    return next == null || next >= first + count;
  }

  /// The first block from which `count` are free, all before `end`; -1 if there is none.
  long findFree(long from, long end, long count) {
    long at = from;
    Map.Entry<Long, Long> before = runs.floorEntry(at);
    if (before != null && before.getValue() > at) {
      at = before.getValue();
    }
    // Ends: each step passes one run.
    while (at <= end - count) {
      Map.Entry<Long, Long> next = runs.ceilingEntry(at);
      if (next == null || next.getKey() - at >= count) {
        return at;
      }
      at = next.getValue();
    }
    return -1;
  }

  /// The free run that begins at or behind `from`, cut off at `end` and at `max`; null if none.
  @Nullable Run nextFree(long from, long end, long max) {
    long first = findFree(from, end, 1);
    if (first < 0) {
      return null;
    }
    Long next = runs.ceilingKey(first);
    long stop = Math.min(next == null ? end : Math.min(next, end), first + max);
    return new Run(first, stop - first);
  }

  /// Calls for each part of a taken run that lies in a range, in order.
  void forEachIn(long from, long end, RunVisitor visitor) {
    Map.Entry<Long, Long> before = runs.lowerEntry(from);
    if (before != null && before.getValue() > from) {
      visitor.visit(from, Math.min(before.getValue(), end) - from);
    }
    for (Map.Entry<Long, Long> e : runs.subMap(from, true, end, false).entrySet()) {
      visitor.visit(e.getKey(), Math.min(e.getValue(), end) - e.getKey());
    }
  }

  long countIn(long from, long end) {
    long[] sum = {0};
    forEachIn(from, end, (first, count) -> sum[0] += count);
    return sum[0];
  }

  /// Told of taken runs.
  interface RunVisitor {
    void visit(long first, long count);
  }
}
