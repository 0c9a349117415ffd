package org.pagewright.sim.explore;

import java.util.Arrays;

/// Every schedule within a preemption bound, or every schedule, but none from a situation that was
/// explored before.
///
/// Two schedules that began with the same steps in the same order per object have come to the same
/// state. The order is kept as a hash: that of a step covers who made it, the step of the same
/// thread before it, and the last steps that touched what it touches; that of a situation covers
/// the last step of each thread. If a situation comes up again, with the same thread having run
/// last and no more preemptions left than before, whatever could follow was explored then: the
/// schedule is cut. Two situations with equal hashes, one chance in 2^64 for each pair, would be
/// taken for one.
///
/// Unlike with sleep sets, nothing is left out because something equal to it could have been
/// reached: that may have needed more preemptions than are left.
final class Bounded extends DepthFirst {
  private final int bound;
  private final boolean pruning;
  private final VisitedSet visited = new VisitedSet();
  private boolean forcedSeen;

  private long[] threads = new long[8];
  private long[] writes = new long[64];
  private long[] reads = new long[64];

  Bounded(int bound, boolean pruning) {
    this.bound = bound;
    this.pruning = pruning;
  }

  @Override
  void begin(Run run) {
    super.begin(run);
    widen(run.threadCount());
    Arrays.fill(threads, 0);
    Arrays.fill(writes, 0);
    Arrays.fill(reads, 0);
  }

  private void widen(int count) {
    if (count > threads.length) {
      threads = Arrays.copyOf(threads, Math.max(count, 2 * threads.length));
    }
  }

  @Override
  void stepped(Run run) {
    if (!pruning) {
      return;
    }
    Footprint f = run.footprint();
    int p = run.stepper();
    widen(run.threadCount());
    long h = Run.mix(threads[p] * 31 + p + 1) + run.choiceHash();
    if (run.comesAfterAll()) {
      for (int t = 0; t < run.threadCount(); t++) {
        h = Run.mix(h * 31 + threads[t]);
      }
    }
    for (int i = 0; i < f.size(); i++) {
      int o = f.object(i);
      if (o >= writes.length) {
        writes = Arrays.copyOf(writes, Math.max(o + 1, writes.length * 2));
        reads = Arrays.copyOf(reads, writes.length);
      }
      // Whether it writes need not be in it: what it is depends on what came before, only.
      h = Run.mix(h * 31 + writes[o] + (f.isWrite(i) ? 7 * reads[o] : 0));
    }
    threads[p] = h;
    for (int i = 0; i < f.size(); i++) {
      int o = f.object(i);
      if (f.isWrite(i)) {
        writes[o] = h;
        reads[o] = 0;
      } else {
        reads[o] += Run.mix(h); // in whatever order
      }
    }
  }

  @Override
  int open(Run run, Node node) {
    int used = stepNode < 0 ? 0 : node(stepNode).preemptions + cost(node(stepNode));
    node.preemptions = used;
    forcedSeen |= run.isForced();
    if (pruning && !run.isForced()) {
      long situation = has(node.enabled, node.last) && bound != Explorer.UNBOUNDED ? node.last : 99;
      for (int t = 0; t < run.threadCount(); t++) {
        situation = Run.mix(situation * 31 + threads[t]);
      }
      if (visited.covers(situation, bound == Explorer.UNBOUNDED ? 0 : bound - used)) {
        return CUT;
      }
    }
    boolean free = used < bound || !has(node.enabled, node.last);
    node.wanted = free ? node.enabled : 1L << node.last;
    return unhurried(node.enabled, node.last);
  }

  private static int cost(Node node) {
    return has(node.enabled, node.last) && node.chosen != node.last ? 1 : 0;
  }

  @Override
  String leftOut() {
    return forcedSeen ? "a thread that only spun was made to wait: no proof" : "";
  }
}
