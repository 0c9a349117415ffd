package org.pagewright.sim.explore;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One schedule at least of each class of equivalent ones: schedules that order the steps which
/// touch the same object alike. No bound on preemptions.
///
/// Dynamic partial-order reduction (Flanagan and Godefroid, 2005) with source sets (Abdulla and
/// others, 2014) and sleep sets (Godefroid, 1996). A schedule is run; whenever a step touches an
/// object that an earlier step of another thread touched, one of them to write, and nothing orders
/// the two but the accident of this schedule, then a thread is to be tried in place of the earlier
/// step with which the later one can come first. A thread that was tried somewhere sleeps in the
/// schedules that follow from there until a step is made that depends on its own.
///
/// - What a step touches is what it told in fact, from the point it began with to the next one:
///   the subject of the point, all locks and references it took or gave, whom it woke, and what it
///   said it touches. It is known when the step has ended, and that is when races are looked for.
/// - A step that takes a lock by waiting for it was never possible while the other thread held the
///   lock: such a pair is no race, and the search goes on to the step that took the lock.
/// - A sleeping thread's step was recorded in another schedule. Objects that had a number before it
///   are the same in both; of others nobody knows, so they count as one object.
/// - A step that was only possible because nothing else was, a wait that ran out of time, comes
///   after all steps before it.
final class Dpor extends DepthFirst {
  // By step of this schedule, from 1.
  private final IntList nodes = new IntList();

  // Accesses of this schedule, a list for each object, newest first.
  private final IntList accessSteps = new IntList();
  private final IntList accessThreads = new IntList();
  private final IntList accessBits = new IntList();
  private final IntList accessBefore = new IntList();
  private int[] newest = new int[64];

  // Vector clocks: the last step of each thread that comes before.
  private int threads;
  private int[][] clocks = new int[0][];
  private int[][] writeClocks = new int[64][];
  private int[][] readClocks = new int[64][];
  private int objects;
  private int[][] stepClocks = new int[64][];
  private int[] firsts = new int[0];

  private boolean forcedSeen;

  /// The lock that the thread which makes the step under way was waiting for at its start, or -1.
  private int lockWanted;

  @Override
  void begin(Run run) {
    super.begin(run);
    nodes.clear();
    nodes.add(-1);
    accessSteps.clear();
    accessThreads.clear();
    accessBits.clear();
    accessBefore.clear();
    widen(run.threadCount());
    for (int[] clock : clocks) {
      Arrays.fill(clock, 0);
    }
    objects = 0;
  }

  /// Makes room for threads, of which new ones may turn up in the middle of a schedule.
  private void widen(int count) {
    if (count <= threads) {
      return;
    }
    clocks = Arrays.copyOf(clocks, count);
    firsts = new int[count];
    for (int[][] all : new int[][][] {clocks, stepClocks, writeClocks, readClocks}) {
      for (int i = 0; i < all.length; i++) {
        if (all[i] != null) {
          all[i] = Arrays.copyOf(all[i], count);
        }
      }
    }
    for (int t = threads; t < count; t++) {
      clocks[t] = new int[count];
    }
    threads = count;
  }

  private void makeRoom(int object) {
    if (object >= newest.length) {
      int size = Math.max(object + 1, newest.length * 2);
      newest = Arrays.copyOf(newest, size);
      writeClocks = Arrays.copyOf(writeClocks, size);
      readClocks = Arrays.copyOf(readClocks, size);
    }
    for (; objects <= object; objects++) {
      newest[objects] = -1;
      if (writeClocks[objects] == null) {
        writeClocks[objects] = new int[threads];
        readClocks[objects] = new int[threads];
      } else {
        Arrays.fill(writeClocks[objects], 0);
        Arrays.fill(readClocks[objects], 0);
      }
    }
  }

  @Override
  int pick(Run run, long enabled, int last) {
    int thread = super.pick(run, enabled, last);
    if (thread != CUT) {
      nodes.add(stepNode);
      lockWanted = run.lockWanted(thread);
    }
    return thread;
  }

  @Override
  int open(Run run, Node node) {
    forcedSeen |= run.isForced();
    long asleep = 0;
    if (stepNode >= 0) {
      Node before = node(stepNode);
      long candidates = (before.asleep | before.done) & ~(1L << before.chosen) & node.enabled;
      for (long rest = candidates; rest != 0; rest &= rest - 1) {
        int t = lowest(rest);
        Footprint theirs = before.footprints == null ? null : before.footprints[t];
        if (theirs == null || before.knownThen == null) {
          continue;
        }
        int known = before.knownThen[t];
        if (!run.footprint().mayDependOn(theirs, known)) {
          asleep |= 1L << t;
          remember(node, t, theirs, known);
        }
      }
    }
    node.asleep = asleep;
    long awake = node.enabled & ~asleep;
    if (awake == 0) {
      return CUT;
    }
    int chosen = unhurried(awake, node.last);
    node.wanted = 1L << chosen;
    return chosen;
  }

  private void remember(Node node, int t, Footprint footprint, int known) {
    if (node.footprints == null || node.knownThen == null) {
      node.footprints = new @Nullable Footprint[threads];
      node.knownThen = new int[threads];
    } else if (t >= node.knownThen.length) {
      node.footprints = Arrays.copyOf(node.footprints, threads);
      node.knownThen = Arrays.copyOf(node.knownThen, threads);
    }
    node.footprints[t] = footprint;
    node.knownThen[t] = known;
  }

  @Override
  void stepped(Run run) {
    Footprint f = run.footprint();
    int p = run.stepper();
    widen(run.threadCount());
    int step = run.step();
    Node node = node(stepNode);
    if (stepNode >= changed) {
      Footprint kept = node.footprints == null ? null : node.footprints[p];
      if (kept == null) {
        kept = new Footprint();
        remember(node, p, kept, node.known);
      }
      kept.addAll(f); // all that the step may touch, however the choices within it turn out
    }
    int[] clock = clocks[p];
    boolean news = stepNode >= changed;
    if (run.comesAfterAll()) {
      for (int[] other : clocks) {
        join(clock, other);
      }
    }
    int[] after = stepClock(step);
    System.arraycopy(clock, 0, after, 0, threads);
    for (int i = 0; i < f.size(); i++) {
      int o = f.object(i);
      makeRoom(o);
      join(after, writeClocks[o]);
      if (f.isWrite(i)) {
        join(after, readClocks[o]);
      }
    }
    after[p] = step;
    if (news) {
      for (int i = 0; i < f.size(); i++) {
        lookForRaces(p, step, f.object(i), f.isWrite(i));
      }
    }
    System.arraycopy(after, 0, clock, 0, threads);
    for (int i = 0; i < f.size(); i++) {
      int o = f.object(i);
      if (f.isWrite(i)) {
        System.arraycopy(clock, 0, writeClocks[o], 0, threads);
      } else {
        join(readClocks[o], clock);
      }
      accessSteps.add(step);
      accessThreads.add(p);
      accessBits.add(f.bits(i));
      accessBefore.add(newest[o]);
      newest[o] = accessSteps.size() - 1;
    }
  }

  private int[] stepClock(int step) {
    if (step >= stepClocks.length) {
      stepClocks = Arrays.copyOf(stepClocks, Math.max(step + 1, stepClocks.length * 2));
    }
    if (stepClocks[step] == null) {
      stepClocks[step] = new int[threads];
    }
    return stepClocks[step];
  }

  private static void join(int[] into, int[] other) {
    for (int i = 0; i < into.length; i++) {
      into[i] = Math.max(into[i], other[i]);
    }
  }

  /// Earlier accesses of an object that the step under way may be swapped with.
  private void lookForRaces(int p, int step, int object, boolean write) {
    for (int a = newest[object]; a >= 0; a = accessBefore.get(a)) {
      int q = accessThreads.get(a);
      boolean wrote = (accessBits.get(a) & Footprint.WRITE) != 0;
      if (!write && !wrote) {
        continue;
      }
      int then = accessSteps.get(a);
      if (q != p) {
        if (clocks[p][q] >= then) {
          if (wrote) {
            return; // all before it come before this step, too
          }
          continue;
        }
        if (lockWanted >= 0 && held(lockWanted, q, then)) {
          continue; // never both possible
        }
        race(step, then, q);
      }
      if (wrote) {
        return;
      }
    }
  }

  /// Whether a thread held a lock alone when it began a step.
  private boolean held(int lock, int thread, int step) {
    if (lock >= objects) {
      return false;
    }
    for (int a = newest[lock]; a >= 0; a = accessBefore.get(a)) {
      int bits = accessBits.get(a);
      if (accessSteps.get(a) < step
          && accessThreads.get(a) == thread
          && (bits & (Footprint.TOOK | Footprint.GAVE)) != 0) {
        return (bits & Footprint.GAVE) == 0;
      }
    }
    return false;
  }

  /// The step under way, and what lies between and does not come after the earlier step, could be
  /// made before that. One of the threads that can make the first step of those is to be tried in
  /// its place (source sets: Abdulla, Aronis, Jonsson and Sagonas, 2014).
  private void race(int step, int then, int q) {
    Node node = node(nodes.get(then));
    long first = 0;
    Arrays.fill(firsts, Integer.MAX_VALUE);
    for (int k = then + 1; k <= step; k++) {
      int[] clock = stepClocks[k];
      if (k < step && clock[q] >= then) {
        continue; // comes after the earlier step
      }
      int t = node(nodes.get(k)).chosen;
      if (firsts[t] != Integer.MAX_VALUE) {
        continue;
      }
      boolean free = true;
      for (int r = 0; r < threads; r++) {
        free &= clock[r] < firsts[r];
      }
      firsts[t] = k;
      if (free) {
        first |= 1L << t;
      }
    }
    first &= node.enabled;
    if (first == 0) {
      node.wanted |= node.enabled;
    } else if ((first & node.wanted) == 0) {
      int p = node(nodes.get(step)).chosen;
      node.wanted |= has(first, p) ? 1L << p : Long.lowestOneBit(first);
    }
  }

  @Override
  String leftOut() {
    return forcedSeen ? "a thread that only spun was made to wait: no proof" : "";
  }
}
