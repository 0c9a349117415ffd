package org.pagewright.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/// Durations in buckets.
final class HistogramTest {

  @Test
  void eachDurationIsInABucketAtMostAnEighthWide() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      long nanos = random.nextLong() >>> 24 + random.nextInt(40);
      int bucket = Histogram.bucketOf(nanos);
      long highest = Histogram.highestOf(bucket);
      String what = "seed " + seed + ": " + nanos + " in bucket " + bucket + " up to " + highest;
      assertTrue(nanos <= highest && highest - nanos <= nanos / 8, what);
      assertTrue(bucket == 0 || Histogram.highestOf(bucket - 1) < nanos, what);
    }
  }

  @Test
  void theLongestDurationsShareTheLastBucket() {
    assertEquals(Histogram.BUCKETS - 1, Histogram.bucketOf(Long.MAX_VALUE));
    assertEquals(Histogram.BUCKETS - 1, Histogram.bucketOf((1L << 40) - 1));
    assertEquals(0, Histogram.bucketOf(-5));
  }

  @Test
  void percentilesAreThoseOfTheDurations() {
    Histogram histogram = new Histogram();
    assertEquals(0, histogram.snapshot().percentile(50));
    for (int i = 1; i <= 1000; i++) {
      histogram.record(i * 1000L);
    }
    Histogram.Snapshot s = histogram.snapshot();
    assertEquals(1000, s.count());
    assertEquals(500_000, s.percentile(50), 500_000 / 8.0);
    assertEquals(990_000, s.percentile(99), 990_000 / 8.0);
    assertEquals(1_000_000, s.percentile(100), 1_000_000 / 8.0);
  }

  @Test
  void whatWasCountedSinceIsTheDifference() {
    Histogram histogram = new Histogram();
    histogram.record(10);
    Histogram.Snapshot before = histogram.snapshot();
    histogram.record(1_000_000);
    Histogram.Snapshot since = histogram.snapshot().since(before);
    assertEquals(1, since.count());
    assertEquals(1_000_000, since.percentile(50), 1_000_000 / 8.0);
    assertEquals(histogram.snapshot(), before.plus(since));
  }

  @Test
  void textBringsTheCountsBackAndNonsenseIsRefused() {
    Histogram histogram = new Histogram();
    for (int i = 0; i < 40; i++) {
      histogram.record(1L << i);
    }
    Histogram.Snapshot s = histogram.snapshot();
    assertEquals(s, Histogram.Snapshot.parse(s.text()));
    assertEquals(Histogram.Snapshot.EMPTY, Histogram.Snapshot.parse(""));
    for (String bad : new String[] {"x", "1", "999999:1", "-1:1", "1:x", ":", "1:1,,"}) {
      assertThrows(
          IllegalArgumentException.class, () -> Histogram.Snapshot.parse(bad), bad);
    }
  }
}
