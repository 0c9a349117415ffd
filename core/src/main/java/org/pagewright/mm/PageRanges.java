package org.pagewright.mm;

import java.util.Arrays;

/// Some of the pages of an area: ranges in order that neither meet nor touch. Never changed, only
/// replaced.
final class PageRanges {
  static final PageRanges NONE = new PageRanges(new long[0]);

  private final long[] ends; // first and last page of each range, in turns

  private PageRanges(long[] ends) {
    this.ends = ends;
  }

  static PageRanges of(long first, long last) {
    return new PageRanges(new long[] {first, last});
  }

  boolean isEmpty() {
    return ends.length == 0;
  }

  boolean contains(long page) {
    return covers(page, page);
  }

  /// Whether all pages of a range are in it.
  boolean covers(long first, long last) {
    int i = rangeEndingFrom(first);
    return i < ends.length && ends[i] <= first && last <= ends[i + 1];
  }

  /// Where the first range begins that ends at or behind a page.
  private int rangeEndingFrom(long page) {
    int low = 0;
    int high = ends.length / 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ends[2 * middle + 1] < page) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return 2 * low;
  }

  PageRanges with(long first, long last) {
    int from = rangeEndingFrom(first - 1); // the first that meets or touches
    int to = from;
    long newFirst = first;
    long newLast = last;
    for (; to < ends.length && ends[to] <= last + 1; to += 2) {
      newFirst = Math.min(newFirst, ends[to]);
      newLast = Math.max(newLast, ends[to + 1]);
    }
    return replace(from, to, newFirst, newLast);
  }

  PageRanges without(long first, long last) {
    int from = rangeEndingFrom(first);
    int to = from;
    long[] left = new long[4];
    int n = 0;
    for (; to < ends.length && ends[to] <= last; to += 2) {
      if (ends[to] < first) {
        left[n++] = ends[to];
        left[n++] = first - 1;
      }
      if (ends[to + 1] > last) {
        left[n++] = last + 1;
        left[n++] = ends[to + 1];
      }
    }
    return replace(from, to, Arrays.copyOf(left, n));
  }

  private PageRanges replace(int from, int to, long... by) {
    long[] fresh = new long[ends.length - (to - from) + by.length];
    System.arraycopy(ends, 0, fresh, 0, from);
    System.arraycopy(by, 0, fresh, from, by.length);
    System.arraycopy(ends, to, fresh, from + by.length, ends.length - to);
    return new PageRanges(fresh);
  }

  @Override
  public String toString() {
    return Arrays.toString(ends);
  }
}
