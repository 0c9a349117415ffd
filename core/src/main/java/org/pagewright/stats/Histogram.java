package org.pagewright.stats;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/// How long something took, each time: counts of durations in buckets that grow with them.
///
///     buckets:  0 1 2 ... 7 | 8 9 ... 15 | 16 18 ... 30 | 32 36 ... | ... | up to 18 minutes
///               8 of each power of two: no bucket is wider than an eighth of what it holds
///
/// Recording is one atomic addition.
public final class Histogram {
  private static final int SUB_BITS = 3;
  private static final int SUB = 1 << SUB_BITS;

  /// Longer durations count as this: 2^40 ns, some 18 minutes.
  private static final long NANOS_MAX = (1L << 40) - 1;

  static final int BUCKETS = (40 - SUB_BITS + 1) * SUB;

  private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

  /// Without durations.
  public Histogram() {}

  /// Adds a duration.
  ///
  /// @param nanos nanoseconds; less than 0 counts as 0
  public void record(long nanos) {
    counts.getAndIncrement(bucketOf(nanos));
  }

  /// The counts so far.
  ///
  /// @return a copy, not all of it of the same moment
  public Snapshot snapshot() {
    long[] copy = new long[BUCKETS];
    for (int i = 0; i < BUCKETS; i++) {
      copy[i] = counts.getOpaque(i);
    }
    return new Snapshot(copy);
  }

  static int bucketOf(long nanos) {
    long v = Math.clamp(nanos, 0, NANOS_MAX);
    if (v < SUB) {
      return (int) v;
    }
    int shift = 63 - Long.numberOfLeadingZeros(v) - SUB_BITS;
    return (shift + 1) * SUB + (int) (v >>> shift) - SUB;
  }

  /// The longest duration that a bucket holds.
  static long highestOf(int bucket) {
    if (bucket < SUB) {
      return bucket;
    }
    int shift = bucket / SUB - 1;
    return ((long) (SUB + bucket % SUB + 1) << shift) - 1;
  }

  /// Counts of one moment.
  public static final class Snapshot {
    /// Nothing counted.
    public static final Snapshot EMPTY = new Snapshot(new long[BUCKETS]);

    private final long[] counts;

    private Snapshot(long[] counts) {
      this.counts = counts;
    }

    /// How many durations there are.
    ///
    /// @return 0 or more
    public long count() {
      long sum = 0;
      for (long n : counts) {
        sum += n;
      }
      return sum;
    }

    /// The duration that a share of all does not exceed.
    ///
    /// @param percent 0 to 100: 50 for the median
    /// @return nanoseconds, at most an eighth too many; 0 if there are no durations
    public long percentile(double percent) {
      long rank = (long) Math.ceil(count() * percent / 100);
      long seen = 0;
      for (int i = 0; i < counts.length; i++) {
        seen += counts[i];
        if (counts[i] > 0 && seen >= rank) {
          return highestOf(i);
        }
      }
      return 0;
    }

    /// What was counted since an earlier moment.
    ///
    /// @param earlier of the same histogram
    /// @return the difference; of another histogram, at least nothing below 0
    public Snapshot since(Snapshot earlier) {
      long[] difference = new long[BUCKETS];
      for (int i = 0; i < BUCKETS; i++) {
        difference[i] = Math.max(0, counts[i] - earlier.counts[i]);
      }
      return new Snapshot(difference);
    }

    /// Both together.
    ///
    /// @param other of any histogram
    /// @return the sum
    public Snapshot plus(Snapshot other) {
      long[] sum = new long[BUCKETS];
      for (int i = 0; i < BUCKETS; i++) {
        sum[i] = counts[i] + other.counts[i];
      }
      return new Snapshot(sum);
    }

    /// The counts as text, for [#parse(String)].
    ///
    /// @return pairs `bucket:count` of those that are not 0, separated by commas
    public String text() {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < BUCKETS; i++) {
        if (counts[i] != 0) {
          text.append(text.isEmpty() ? "" : ",").append(i).append(':').append(counts[i]);
        }
      }
      return text.toString();
    }

    /// Reads what [#text()] wrote.
    ///
    /// @param text perhaps of somebody else
    /// @return the counts
    /// @throws IllegalArgumentException if it is no such text
    public static Snapshot parse(String text) {
      long[] counts = new long[BUCKETS];
      if (!text.isEmpty()) {
        for (String pair : text.split(",", BUCKETS + 1)) {
          int colon = pair.indexOf(':');
          int bucket = colon < 0 ? -1 : Integer.parseInt(pair, 0, colon, 10);
          if (bucket < 0 || bucket >= BUCKETS) {
            throw new IllegalArgumentException("no bucket: " + pair);
          }
          counts[bucket] = Math.max(0, Long.parseLong(pair, colon + 1, pair.length(), 10));
        }
      }
      return new Snapshot(counts);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Snapshot s && Arrays.equals(counts, s.counts);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
      return count() + " times, median " + percentile(50) + " ns, 99 % " + percentile(99) + " ns";
    }
  }
}
