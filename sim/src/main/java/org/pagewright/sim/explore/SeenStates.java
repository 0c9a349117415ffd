package org.pagewright.sim.explore;

import java.util.Arrays;

/// States that came up since the last progress: how often, and when first.
final class SeenStates {
  private long[] states = new long[256];
  private int[] times = new int[256];
  private int[] firsts = new int[256];
  private int size;
  private int last;

  void forget() {
    if (size > 0) {
      Arrays.fill(times, 0);
      size = 0;
    }
  }

  /// Notes a state. Returns the step after which it came up first, maybe this one.
  int firstSeen(long state, int step) {
    if (size >= states.length / 2) {
      grow();
    }
    int slot = slot(state);
    if (times[slot] == 0) {
      states[slot] = state;
      firsts[slot] = step;
      size++;
    }
    times[slot]++;
    last = slot;
    return firsts[slot];
  }

  /// How often the state that was noted last has come up.
  int times() {
    return times[last];
  }

  private int slot(long state) {
    int slot = (int) state & states.length - 1;
    while (times[slot] != 0 && states[slot] != state) {
      slot = slot + 1 & states.length - 1;
    }
    return slot;
  }

  private void grow() {
    long[] oldStates = states;
    int[] oldTimes = times;
    int[] oldFirsts = firsts;
    states = new long[oldStates.length * 2];
    times = new int[oldStates.length * 2];
    firsts = new int[oldStates.length * 2];
    for (int i = 0; i < oldStates.length; i++) {
      if (oldTimes[i] != 0) {
        int slot = slot(oldStates[i]);
        states[slot] = oldStates[i];
        times[slot] = oldTimes[i];
        firsts[slot] = oldFirsts[i];
      }
    }
  }
}
