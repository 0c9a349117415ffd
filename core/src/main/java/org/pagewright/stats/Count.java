package org.pagewright.stats;

/// What is counted for each volume. The names are those of published reports and beans: kept from
/// one version to the next.
public enum Count {
  /// Folios that reads through the cache, and faults of mapped regions, wanted. Hits are these
  /// without [#MISSES].
  LOOKUPS("lookups"),
  /// Folios that a read or a fault found missing, so that it had to wait for the store.
  MISSES("misses"),
  /// Folios that readahead brought in, with those that the reader had asked for.
  READAHEAD("readahead"),
  /// Folios that reclaim took away to make room.
  EVICTIONS("evictions"),
  /// Folios that came back within one turnover of the cache: evicted too early.
  REFAULTS("refaults"),
  /// Faults of mapped regions.
  FAULTS("faults"),
  /// Faults that had to wait for the store; counted in [#FAULTS] too.
  FAULTS_MAJOR("faultsMajor"),
  /// Pauses of writers, to keep dirty memory within its limits.
  THROTTLES("throttles"),
  /// Nanoseconds that writers spent in those.
  THROTTLED_NANOS("throttledNanos"),
  /// Walks over the dirty folios of one file.
  WRITEBACK_PASSES("writebackPasses"),
  /// Transactions that the journal committed.
  COMMITS("commits"),
  /// Nanoseconds that those took.
  COMMIT_NANOS("commitNanos"),
  /// Errors of write-out that an open file was told of.
  ERRORS_TOLD("errorsTold");

  private final String key;

  Count(String key) {
    this.key = key;
  }

  /// Its name in reports.
  ///
  /// @return letters, the first one small
  public String key() {
    return key;
  }
}
