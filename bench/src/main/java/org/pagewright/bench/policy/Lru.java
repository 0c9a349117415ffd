package org.pagewright.bench.policy;

import java.util.LinkedHashMap;
import java.util.Map;

/// The one not used for the longest time leaves.
public final class Lru implements Policy {
  private final Map<Integer, Boolean> pages;

  /// An empty memory.
  ///
  /// @param capacity in pages
  public Lru(int capacity) {
    pages =
        new LinkedHashMap<>(capacity * 2, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
            return size() > capacity;
          }
        };
  }

  @Override
  public boolean access(int page) {
    boolean hit = pages.get(page) != null;
    if (!hit) {
      pages.put(page, Boolean.TRUE);
    }
    return hit;
  }
}
