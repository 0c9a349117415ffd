package org.pagewright.sim.explore;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Random schedules with priorities: the thread with the highest priority runs, and at a few random
/// steps the thread that is about to run drops below all others (Burckhardt, Kothari, Musuvathi and
/// Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs", 2010).
final class Pct extends Strategy {
  private final long seed;
  private final int depth;
  private long schedule;
  private SplittableRandom random = new SplittableRandom();
  private int longest = 16; // steps of the longest schedule so far
  private int[] priorities = new int[0];
  private int[] drops = new int[0];
  private int lowest;

  Pct(long seed, int depth) {
    this.seed = seed;
    this.depth = depth;
  }

  @Override
  void begin(Run run) {
    random = new SplittableRandom(Run.mix(seed) + schedule++);
    int threads = run.threadCount();
    priorities = new int[threads];
    for (int i = 0; i < threads; i++) {
      int k = random.nextInt(i + 1);
      priorities[i] = priorities[k];
      priorities[k] = i + 1;
    }
    drops = new int[Math.max(0, depth - 1)];
    for (int i = 0; i < drops.length; i++) {
      drops[i] = 1 + random.nextInt(longest);
    }
    lowest = 0;
  }

  @Override
  int pick(Run run, long enabled, int last) {
    widen(run.threadCount());
    if (run.isForced() && last >= 0) {
      priorities[last] = --lowest; // it only spun
    }
    int next = highest(enabled);
    for (int drop : drops) {
      if (drop == run.step() + 1) {
        priorities[next] = --lowest;
        next = highest(enabled);
      }
    }
    return next;
  }

  /// A new thread gets a random place among those that never dropped.
  private void widen(int threads) {
    int old = priorities.length;
    if (threads > old) {
      priorities = Arrays.copyOf(priorities, threads);
      for (int i = old; i < threads; i++) {
        int place = 1 + random.nextInt(i + 1);
        for (int k = 0; k < i; k++) {
          priorities[k] += priorities[k] >= place ? 1 : 0;
        }
        priorities[i] = place;
      }
    }
  }

  private int highest(long enabled) {
    int best = lowest(enabled);
    for (long rest = enabled; rest != 0; rest &= rest - 1) {
      int t = lowest(rest);
      if (priorities[t] > priorities[best]) {
        best = t;
      }
    }
    return best;
  }

  @Override
  int choose(Run run, int options) {
    return random.nextInt(options);
  }

  @Override
  boolean again(Run run) {
    longest = Math.max(longest, run.step());
    return true;
  }
}
