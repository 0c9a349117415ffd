package org.pagewright.bench.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PolicyTest {
  private static int hits(Policy policy, int... pages) throws IOException {
    int hits = 0;
    for (int page : pages) {
      hits += policy.access(page) ? 1 : 0;
    }
    return hits;
  }

  @Test
  void whatFitsStays() throws IOException {
    int[] accesses = Trace.loop(50, 500).accesses();
    for (Policy policy : List.of(new Lru(64), new Clock(64), new S3Fifo(64), new TinyLfu(64))) {
      assertEquals(450, hits(policy, accesses), policy.getClass().getSimpleName());
    }
  }

  @Test
  void theLeastRecentlyUsedLeaves() throws IOException {
    Lru lru = new Lru(2);
    assertEquals(1, hits(lru, 1, 2, 1, 3));
    assertEquals(1, hits(lru, 1));
    assertEquals(0, hits(lru, 2));
  }

  @Test
  void theHandSparesWhatWasUsedOnce() throws IOException {
    Clock clock = new Clock(2);
    assertEquals(1, hits(clock, 1, 2, 1, 3));
    assertEquals(1, hits(clock, 1), "1 was used, and spared");
    assertEquals(0, hits(clock, 2), "2 was not");
  }

  @Test
  void aScanPassesThroughTheSmallQueue() throws IOException {
    S3Fifo policy = new S3Fifo(100);
    for (int round = 0; round < 4; round++) {
      hits(policy, Trace.loop(50, 50).accesses());
    }
    int[] scan = new int[1000];
    for (int i = 0; i < scan.length; i++) {
      scan[i] = 1000 + i;
    }
    assertEquals(0, hits(policy, scan));
    assertEquals(50, hits(policy, Trace.loop(50, 50).accesses()));
    Lru lru = new Lru(100);
    hits(lru, Trace.loop(50, 200).accesses());
    hits(lru, scan);
    assertEquals(0, hits(lru, Trace.loop(50, 50).accesses()));
  }

  @Test
  void oursHitsWhatIsInItsMemoryAndMissesWhatIsNot() throws IOException {
    try (PageCachePolicy ours = new PageCachePolicy(512, 2048)) {
      assertEquals(0, hits(ours, Trace.loop(2048, 2048).accesses()), "the first time, or long ago");
      int[] few = Trace.loop(100, 300).accesses();
      hits(ours, few);
      assertEquals(300, hits(ours, few));
    }
  }

  @Test
  void tracesAreTheSameForTheSameSeedAndWithinTheirPages() {
    Trace one = Trace.scanPolluted(1000, 100, 5000, 7);
    Trace two = Trace.scanPolluted(1000, 100, 5000, 7);
    int scanned = 0;
    for (int i = 0; i < one.accesses().length; i++) {
      assertEquals(one.accesses()[i], two.accesses()[i]);
      assertTrue(one.accesses()[i] < one.pages());
      scanned += one.accesses()[i] >= 1000 ? 1 : 0;
    }
    assertEquals(1000, scanned, "a fifth");
  }
}
