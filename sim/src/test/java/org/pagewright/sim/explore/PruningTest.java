package org.pagewright.sim.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.SchedulePoint.Kind;
import org.pagewright.sync.WaitQueue;

/// Goal: no schedule is left out whose outcome nobody else has.
/// Method: random programs of two or three threads over cells, mutexes, semaphores and an event;
/// the outcomes (what each thread read, what the cells hold at the end, or how the program fails)
/// of all schedules, one by one, against those of the schedules that are left after pruning.
final class PruningTest {
  private static final int PROGRAMS = 100;

  /// Programs with more schedules are not compared.
  private static final long SCHEDULES_MAX = 5_000;

  private enum What {
    READ,
    WRITE,
    ADD,
    LOCKED_ADD,
    NESTED_ADD,
    TRY_ADD,
    SHARED_READ,
    EXCLUSIVE_ADD,
    AWAIT,
    SIGNAL,
    CHOICE,
    TIMED,
    SPIN,
    SPAWN,
    MEMORY
  }

  private static final MemorySegment MEMORY = Arena.global().allocate(2 * 4096, 4096);

  private record Op(What what, int object, int value) {}

  /// The threads of a random program, as lists of operations.
  private static List<List<Op>> randomProgram(SplittableRandom random) {
    int threads = 2 + random.nextInt(2);
    int most = threads == 2 ? 4 : 2;
    List<List<Op>> program = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      List<Op> ops = new ArrayList<>();
      for (int n = 1 + random.nextInt(most); n > 0; n--) {
        What what = What.values()[random.nextInt(What.values().length)];
        ops.add(new Op(what, random.nextInt(2), 1 + random.nextInt(3)));
      }
      program.add(ops);
    }
    return program;
  }

  /// What the threads of one schedule share.
  private static final class World {
    final int[][] cells = {{0}, {0}};
    final Mutex[] mutexes = {
      new Mutex(LockClass.INODE, "m0"), new Mutex(LockClass.INODE, "m1"),
    };
    final RwSem sem = new RwSem(LockClass.INODE, "s");
    final WaitQueue queue = new WaitQueue();
    final boolean[] event = {false};
    final int[] bytes = {0, 0}; // stand for what lies in the memory
    final StringBuilder[] seen = {
      new StringBuilder(), new StringBuilder(), new StringBuilder(),
    };

    int read(int cell) {
      SchedulePoint.reach(Kind.READ, cells[cell]);
      return cells[cell][0];
    }

    void write(int cell, int value) {
      SchedulePoint.reach(Kind.ACCESS, cells[cell]);
      cells[cell][0] = value;
    }

    void run(Stage stage, int thread, Op op) {
      int o = op.object;
      switch (op.what) {
        case READ -> seen[thread].append(read(o)).append(' ');
        case WRITE -> write(o, 10 * (thread + 1) + op.value);
        case ADD -> write(o, read(o) + op.value);
        case LOCKED_ADD -> {
          mutexes[o].lock();
          cells[o][0] = 2 * cells[o][0] + op.value; // announced by the lock alone
          SchedulePoint.touch(cells[o], true);
          mutexes[o].unlock();
        }
        case NESTED_ADD -> {
          mutexes[o].lock();
          mutexes[1 - o].lock();
          write(o, read(1 - o) + op.value);
          mutexes[1 - o].unlock();
          mutexes[o].unlock();
        }
        case TRY_ADD -> {
          if (mutexes[o].tryLock()) {
            write(o, read(o) + op.value);
            mutexes[o].unlock();
          } else {
            seen[thread].append("busy ");
          }
        }
        case SHARED_READ -> {
          sem.lockShared();
          seen[thread].append(read(o)).append(' ');
          sem.unlockShared();
        }
        case EXCLUSIVE_ADD -> {
          sem.lock();
          write(o, read(o) + op.value);
          sem.unlock();
        }
        case AWAIT -> {
          WaitQueue.Waiter waiter = queue.enter(event);
          while (!event[0]) {
            waiter.park();
          }
          queue.leave(waiter);
        }
        case SIGNAL -> {
          SchedulePoint.reach(Kind.ACCESS, event);
          event[0] = true;
          queue.wakeAll(event);
        }
        case CHOICE -> {
          int option = stage.choose("what to do", 3);
          if (option > 0) {
            write(option - 1, op.value);
          }
        }
        case TIMED -> {
          WaitQueue.Waiter waiter = queue.enter(event);
          if (!event[0]) {
            waiter.park(op.value * 1000L);
          }
          queue.leave(waiter);
          SchedulePoint.touch(event, false);
          seen[thread].append(event[0] ? "signalled " : "late ").append(read(o)).append(' ');
        }
        case SPIN -> {
          int before = read(o);
          for (int i = 0; i < 2 && before == 0; i++) {
            SchedulePoint.spin(cells[o]);
            before = cells[o][0];
          }
          seen[thread].append(before).append(' ');
        }
        case SPAWN, MEMORY -> more(stage, thread, op);
      }
    }

    private void more(Stage stage, int thread, Op op) {
      int o = op.object;
      if (op.what == What.SPAWN) {
        SchedulePoint.spawn("child", false, () -> write(o, 100 + op.value));
        write(1 - o, op.value);
      } else {
        SchedulePoint.reach(Kind.COPY, null);
        SchedulePoint.touchMemory(MEMORY, o * 4096L, true);
        seen[thread].append(bytes[o]).append(' ');
        bytes[o] = 10 * (thread + 1) + stage.choose("byte", 2);
      }
    }

    String outcome() {
      return cells[0][0] + "," + cells[1][0] + " " + seen[0] + "|" + seen[1] + "|" + seen[2];
    }
  }

  private record Outcomes(TreeSet<String> all, Exploration exploration) {}

  private static Outcomes outcomes(Explorer explorer, List<List<Op>> ops, boolean invariant) {
    TreeSet<String> all = new TreeSet<>();
    Exploration e =
        explorer
            .withoutShortening()
            .explore(
                stage -> {
                  World world = new World();
                  for (int t = 0; t < ops.size(); t++) {
                    int thread = t;
                    stage.thread(
                        "T" + t,
                        () -> {
                          for (Op op : ops.get(thread)) {
                            world.run(stage, thread, op);
                          }
                        });
                  }
                  stage.atEnd(() -> all.add(world.outcome()));
                  if (invariant) {
                    stage.invariant(() -> all.add(world.cells[0][0] + ":" + world.cells[1][0]));
                  }
                });
    return new Outcomes(all, e);
  }

  /// Whether the program is small enough to be compared.
  private static boolean compare(
      String name, Explorer pruned, Explorer all, boolean invariant, List<List<Op>> ops) {
    Outcomes theirs = outcomes(all.withSchedules(SCHEDULES_MAX), ops, invariant);
    if (theirs.exploration.verdict() == Verdict.OK && !theirs.exploration.complete()) {
      return false;
    }
    Outcomes ours = outcomes(pruned, ops, invariant);
    String program = name + " of " + ops;
    assertEquals(theirs.exploration.verdict(), ours.exploration.verdict(), program);
    if (theirs.exploration.verdict() == Verdict.OK) {
      assertTrue(ours.exploration.complete(), program);
      assertEquals(theirs.all, ours.all, program);
      assertTrue(ours.exploration.schedules() <= theirs.exploration.schedules() + 1, program);
    }
    return true;
  }

  @Test
  void noOutcomeIsLostByPruning() {
    long seed = 20261122;
    SplittableRandom random = new SplittableRandom(seed);
    int compared = 0;
    for (int i = 0; i < PROGRAMS; i++) {
      List<List<Op>> ops = randomProgram(random);
      String name = "seed " + seed + " program " + i;
      Explorer unbounded = variant(i, Explorer.exhaustive(Explorer.UNBOUNDED));
      Explorer every = unbounded.withoutPruning();
      if (compare(name + ", reduction", unbounded, every, false, ops)) {
        compared++;
        compare(name + ", every moment", unbounded, every, true, ops);
      }
      for (int bound = 0; bound <= 2; bound++) {
        Explorer bounded = variant(i, Explorer.exhaustive(bound));
        compare(name + ", bound " + bound, bounded, bounded.withoutPruning(), i % 2 == 0, ops);
      }
    }
    assertTrue(compared > PROGRAMS / 4, compared + " compared");
  }

  private static Explorer variant(int i, Explorer explorer) {
    return switch (i % 4) {
      case 1 -> explorer.withQueuesOfLocks();
      case 2 -> explorer.withTimeoutsAnytime();
      default -> explorer;
    };
  }
}
