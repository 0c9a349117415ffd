package org.pagewright.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: ranges of pages are the sets they stand for. Method: a bit set beside them.
final class PageRangesTest {
  private static final int PAGES = 40;

  @Test
  void theyAreTheSetsThatTheyStandFor() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    PageRanges ranges = PageRanges.NONE;
    BitSet model = new BitSet();
    for (int i = 0; i < 5_000; i++) {
      int first = random.nextInt(PAGES);
      int last = first + random.nextInt(1 + random.nextInt(PAGES - first));
      String where = "seed " + seed + " step " + i + ": " + ranges + " " + first + ".." + last;
      if (random.nextBoolean()) {
        ranges = ranges.with(first, last);
        model.set(first, last + 1);
      } else {
        ranges = ranges.without(first, last);
        model.clear(first, last + 1);
      }
      for (int p = 0; p < PAGES; p++) {
        assertEquals(model.get(p), ranges.contains(p), where + " page " + p);
      }
      boolean all = model.nextClearBit(first) > last;
      assertEquals(all, ranges.covers(first, last), where);
      assertEquals(model.isEmpty(), ranges.isEmpty(), where);
      assertTrue(ranges.toString().split(",").length <= PAGES + 1, where + ": never touch");
    }
  }
}
