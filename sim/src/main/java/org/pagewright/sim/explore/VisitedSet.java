package org.pagewright.sim.explore;

/// Situations that were seen, each with the most that was left to spend there. Bounded: once it is
/// full it learns nothing more, which costs time and loses nothing.
final class VisitedSet {
  private static final int SIZE_MAX = 1 << 23;

  private long[] keys = new long[1 << 12];
  private int[] left = new int[1 << 12];
  private int size;

  /// Whether the situation was seen with at least as much left to spend; if not, it is now.
  boolean covers(long key, int budget) {
    long k = key == 0 ? 1 : key;
    int slot = slot(k);
    if (keys[slot] == k) {
      if (left[slot] >= budget) {
        return true;
      }
      left[slot] = budget;
      return false;
    }
    if (size < SIZE_MAX) {
      if (size >= keys.length / 2) {
        grow();
        slot = slot(k);
      }
      keys[slot] = k;
      left[slot] = budget;
      size++;
    }
    return false;
  }

  private int slot(long key) {
    int slot = (int) (key ^ key >>> 32) & keys.length - 1;
    while (keys[slot] != 0 && keys[slot] != key) {
      slot = slot + 1 & keys.length - 1;
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldLeft = left;
    keys = new long[oldKeys.length * 2];
    left = new int[oldKeys.length * 2];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != 0) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        left[slot] = oldLeft[i];
      }
    }
  }
}
