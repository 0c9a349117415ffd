package org.pagewright.reclaim;

/// Shadows of evicted folios: how much was evicted between a folio's going and its coming back.
///
/// Compare Linux's mm/workingset.c. A folio that comes back sooner than the cache turns over once
/// was evicted too early (R-I7). The table is bounded: four shadows share a bucket, the oldest
/// gives way. Two folios may be taken for one another, once in some billions: a hint is lost, no
/// more.
///
///     shadow:  63..33 fingerprint, never 0 | 32 left the main queue | 31..0 evictions counted then
///
/// Guarded by the LRU lock.
final class Workingset {
  /// No shadow.
  static final long NONE = -1;

  private static final int WAYS = 4;
  private static final long FINGERPRINT = -1L << 33;
  private static final long FROM_MAIN = 1L << 32;

  private final long[] shadows;
  private final int bucketMask;
  private int evictions;
  private int present; // shadows in the table

  /// A table for a cache.
  ///
  /// @param frames folios that the cache can hold
  Workingset(int frames) {
    // Twice as many shadows as folios or more, 16 bytes for each folio's 4 KiB; 128 MiB at most.
    int buckets = 2 * Integer.highestOneBit(Math.clamp(frames / 2, 8, 1 << 21));
    shadows = new long[buckets * WAYS];
    bucketMask = buckets - 1;
  }

  /// Leaves a shadow.
  ///
  /// @param mapping number of the file
  /// @param index of the folio
  /// @param fromMain whether it left the main queue, not the small one
  void evicted(long mapping, long index, boolean fromMain) {
    long hash = hash(mapping, index);
    int bucket = bucket(hash);
    int victim = bucket;
    for (int i = bucket; i < bucket + WAYS; i++) {
      if (shadows[i] == 0) {
        victim = i;
        break;
      }
      if (age(shadows[i]) > age(shadows[victim])) {
        victim = i;
      }
    }
    present += shadows[victim] == 0 ? 1 : 0;
    shadows[victim] =
        fingerprint(hash) | (fromMain ? FROM_MAIN : 0) | Integer.toUnsignedLong(evictions);
    evictions++;
  }

  /// Takes a folio's shadow away.
  ///
  /// @param mapping number of the file
  /// @param index of the folio
  /// @return for [#distance] and [#wasMain]; NONE if there is no shadow
  long refault(long mapping, long index) {
    if (present == 0) {
      return NONE; // nothing has left yet: spare a cache miss
    }
    long hash = hash(mapping, index);
    int bucket = bucket(hash);
    for (int i = bucket; i < bucket + WAYS; i++) {
      if ((shadows[i] & FINGERPRINT) == fingerprint(hash)) {
        long found = shadows[i] & FROM_MAIN | age(shadows[i]) - 1;
        shadows[i] = 0;
        present--;
        return found;
      }
    }
    return NONE;
  }

  /// Folios evicted between a folio's going and its coming back.
  static long distance(long found) {
    return Integer.toUnsignedLong((int) found);
  }

  /// Whether the folio had left the main queue.
  static boolean wasMain(long found) {
    return (found & FROM_MAIN) != 0;
  }

  private long age(long shadow) {
    return Integer.toUnsignedLong(evictions - (int) shadow);
  }

  private int bucket(long hash) {
    return ((int) hash & bucketMask) * WAYS;
  }

  private static long fingerprint(long hash) {
    long high = hash & FINGERPRINT;
    return high != 0 ? high : 1L << 33;
  }

  private static long hash(long mapping, long index) {
    long h = mapping * 0x9E3779B97F4A7C15L + index;
    h = (h ^ h >>> 32) * 0xD6E8FEB86659FD93L;
    h = (h ^ h >>> 32) * 0xD6E8FEB86659FD93L;
    return h ^ h >>> 32;
  }
}
