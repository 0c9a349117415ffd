package org.pagewright.bench.policy;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

/// W-TinyLFU, as Caffeine has it, with its upkeep done at each access.
public final class TinyLfu implements Policy {
  private final Cache<Integer, Boolean> cache;

  /// An empty memory.
  ///
  /// @param capacity in pages
  public TinyLfu(int capacity) {
    cache =
        Caffeine.newBuilder()
            .maximumSize(capacity)
            .initialCapacity(capacity)
            .executor(Runnable::run)
            .build();
  }

  @Override
  public boolean access(int page) {
    boolean hit = cache.getIfPresent(page) != null;
    if (!hit) {
      cache.put(page, Boolean.TRUE);
    }
    cache.cleanUp();
    return hit;
  }
}
