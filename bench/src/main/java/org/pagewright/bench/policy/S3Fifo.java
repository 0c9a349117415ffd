package org.pagewright.bench.policy;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// S3-FIFO as published (Yang and others, SOSP 2023): newcomers pass through a small queue of a
/// tenth of the memory; who was used more than once there, or left not long ago, gets into the main
/// queue.
public final class S3Fifo implements Policy {
  private static final int USES_MAX = 3;

  private final Map<Integer, int[]> uses = new HashMap<>();
  private final ArrayDeque<Integer> newcomers = new ArrayDeque<>();
  private final ArrayDeque<Integer> residents = new ArrayDeque<>();
  private final Set<Integer> ghosts = new LinkedHashSet<>();
  private final int capacity;
  private final int newcomersMax;

  /// An empty memory.
  ///
  /// @param capacity in pages
  public S3Fifo(int capacity) {
    this.capacity = capacity;
    this.newcomersMax = Math.max(1, capacity / 10);
  }

  @Override
  public boolean access(int page) {
    int[] count = uses.get(page);
    if (count != null) {
      count[0] = Math.min(USES_MAX, count[0] + 1);
      return true;
    }
    while (newcomers.size() + residents.size() >= capacity) {
      evict();
    }
    if (ghosts.remove(page)) {
      residents.add(page);
    } else {
      newcomers.add(page);
    }
    uses.put(page, new int[1]);
    return false;
  }

  private void evict() {
    if (newcomers.size() >= newcomersMax) {
      evictNewcomer();
    } else {
      evictResident();
    }
  }

  private void evictNewcomer() {
    while (!newcomers.isEmpty()) {
      int page = newcomers.remove();
      int[] count = uses.get(page);
      if (count[0] > 1) {
        count[0] = 0;
        residents.add(page);
        if (residents.size() > capacity - newcomersMax) {
          evictResident();
          return;
        }
      } else {
        uses.remove(page);
        ghosts.add(page);
        if (ghosts.size() > capacity - newcomersMax) {
          ghosts.remove(ghosts.iterator().next());
        }
        return;
      }
    }
  }

  /// Ends: each pass over a page takes one of its uses.
  private void evictResident() {
    while (!residents.isEmpty()) {
      int page = residents.remove();
      int[] count = uses.get(page);
      if (count[0] > 0) {
        count[0]--;
        residents.add(page);
      } else {
        uses.remove(page);
        return;
      }
    }
  }
}
