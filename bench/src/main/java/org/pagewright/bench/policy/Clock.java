package org.pagewright.bench.policy;

import java.util.HashMap;
import java.util.Map;

/// A hand goes round: what was used since it last came by is spared once, the first other one
/// leaves.
public final class Clock implements Policy {
  private final Map<Integer, Integer> slots = new HashMap<>();
  private final int[] pages;
  private final boolean[] used;
  private int filled;
  private int hand;

  /// An empty memory.
  ///
  /// @param capacity in pages
  public Clock(int capacity) {
    pages = new int[capacity];
    used = new boolean[capacity];
  }

  @Override
  public boolean access(int page) {
    Integer slot = slots.get(page);
    if (slot != null) {
      used[slot] = true;
      return true;
    }
    int free;
    if (filled < pages.length) {
      free = filled++;
    } else {
      // Ends: one round clears every mark.
      while (used[hand]) {
        used[hand] = false;
        hand = (hand + 1) % pages.length;
      }
      free = hand;
      hand = (hand + 1) % pages.length;
      slots.remove(pages[free]);
    }
    pages[free] = page;
    slots.put(page, free);
    return false;
  }
}
