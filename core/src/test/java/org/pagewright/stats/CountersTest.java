package org.pagewright.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Counts that many threads add to.
final class CountersTest {

  @Test
  void nothingThatThreadsAddAtOnceIsLost() throws InterruptedException {
    Counters counters = new Counters();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 10_000; i++) {
                      counters.add(Count.LOOKUPS, 2);
                      counters.add(Count.ERRORS_TOLD, 1);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(160_000, counters.get(Count.LOOKUPS));
    assertEquals(80_000, counters.get(Count.ERRORS_TOLD));
    assertEquals(0, counters.get(Count.MISSES));
    assertEquals(160_000, counters.all()[Count.LOOKUPS.ordinal()]);
  }

  @Test
  void eachCountHasANameOfItsOwn() {
    Set<String> keys = new HashSet<>();
    for (Count count : Count.values()) {
      assertTrue(keys.add(count.key()) && count.key().matches("[a-z][A-Za-z]*"), count.key());
    }
  }
}
