package org.pagewright.sim.explore;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint;

/// Runs a [Program] under many schedules, or under one that is given.
///
/// Immutable; each method that begins with `with` gives another explorer. One exploration at a time
/// in a JVM, by a platform thread. The JVM must run with `-Dpagewright.explore=true` and
/// `--add-opens java.base/java.lang=ALL-UNNAMED` (or `=org.pagewright.sim` on the module path).
public final class Explorer {
  /// A preemption bound that bounds nothing.
  public static final int UNBOUNDED = Integer.MAX_VALUE;

  /// Looks at the clock are not free: one for so many schedules.
  private static final int CLOCK_EVERY = 64;

  private static final AtomicReference<@Nullable Thread> BUSY = new AtomicReference<>();

  private enum Mode {
    EXHAUSTIVE,
    RANDOM,
    REPLAY
  }

  private final Mode mode;
  private final int preemptionBound;
  private final long seed;
  private final int depth;
  private final Schedule schedule;

  // Set before anybody else sees the explorer.
  private long schedulesMax;
  private int stepsMax = 10_000;
  private long nanosMax = Long.MAX_VALUE;
  private int repeats = 16;
  private boolean pruning = true;
  private boolean shortening = true;
  private boolean locksAtomic = true;
  private boolean timeoutsChosen;

  private Explorer(
      Mode mode, int preemptionBound, long seed, int depth, Schedule schedule, long schedulesMax) {
    this.mode = mode;
    this.preemptionBound = preemptionBound;
    this.seed = seed;
    this.depth = depth;
    this.schedule = schedule;
    this.schedulesMax = schedulesMax;
  }

  private Explorer copy() {
    Explorer copy = new Explorer(mode, preemptionBound, seed, depth, schedule, schedulesMax);
    copy.stepsMax = stepsMax;
    copy.nanosMax = nanosMax;
    copy.repeats = repeats;
    copy.pruning = pruning;
    copy.shortening = shortening;
    copy.locksAtomic = locksAtomic;
    copy.timeoutsChosen = timeoutsChosen;
    return copy;
  }

  /// Every schedule in which at most so many threads are interrupted that could have gone on, but
  /// of schedules that are known to lead to the same only one. See the package for what exactly is
  /// covered.
  ///
  /// @param preemptionBound how many; [#UNBOUNDED] for every schedule there is
  /// @return an explorer
  public static Explorer exhaustive(int preemptionBound) {
    if (preemptionBound < 0) {
      throw new IllegalArgumentException("a bound of " + preemptionBound + " preemptions");
    }
    Schedule none = new Schedule(new int[0], -1);
    return new Explorer(Mode.EXHAUSTIVE, preemptionBound, 0, 0, none, 1_000_000);
  }

  /// Random schedules with priorities (PCT: Burckhardt and others, 2010): a bug that needs `depth`
  /// orderings among `k` steps of `n` threads is met with a probability of at least
  /// 1 / (n k^(depth-1)) in each schedule.
  ///
  /// @param seed of the random numbers; printed with what was covered
  /// @param schedules how many
  /// @param depth orderings that the bug needs: 1 for an unlucky start, 2 for most races
  /// @return an explorer
  public static Explorer random(long seed, int schedules, int depth) {
    if (schedules < 1 || depth < 1) {
      throw new IllegalArgumentException(schedules + " schedules of depth " + depth);
    }
    Schedule none = new Schedule(new int[0], -1);
    return new Explorer(Mode.RANDOM, UNBOUNDED, seed, depth, none, schedules);
  }

  /// One schedule, as a failure printed it. If it does not fit the program, [#explore] throws a
  /// [ScheduleException] that says at which step.
  ///
  /// @param schedule see [Counterexample#schedule()]
  /// @return an explorer
  /// @throws ScheduleException it is malformed
  public static Explorer replay(String schedule) {
    return new Explorer(Mode.REPLAY, UNBOUNDED, 0, 0, Schedule.parse(schedule), 1);
  }

  /// Stops after so many schedules.
  ///
  /// @param schedules how many; 1,000,000 unless told
  /// @return another explorer
  public Explorer withSchedules(long schedules) {
    Explorer other = copy();
    other.schedulesMax = schedules;
    return other;
  }

  /// Cuts each schedule after so many steps; then nothing is proved.
  ///
  /// @param steps how many; 10,000 unless told
  /// @return another explorer
  public Explorer withSteps(int steps) {
    Explorer other = copy();
    other.stepsMax = steps;
    return other;
  }

  /// Stops after some time of the wall: what was covered then differs from machine to machine.
  ///
  /// @param time how long; no bound unless told
  /// @return another explorer
  public Explorer withTime(Duration time) {
    Explorer other = copy();
    other.nanosMax = time.toNanos();
    return other;
  }

  /// Calls it a livelock when a state came up so many times without progress. More than the
  /// largest number of attempts that the program counts in a variable of its own and gives up
  /// after.
  ///
  /// @param repeats how many; 16 unless told
  /// @return another explorer
  public Explorer withRepeats(int repeats) {
    if (repeats < 2) {
      throw new IllegalArgumentException(repeats + " repeats");
    }
    Explorer other = copy();
    other.repeats = repeats;
    return other;
  }

  /// Runs every schedule within the bound, also those that lead to the same: to check the explorer,
  /// or a program of which not every step says what it touches.
  ///
  /// @return another explorer
  public Explorer withoutPruning() {
    Explorer other = copy();
    other.pruning = false;
    return other;
  }

  /// Gives the failing schedule as it was found.
  ///
  /// @return another explorer
  public Explorer withoutShortening() {
    Explorer other = copy();
    other.shortening = false;
    return other;
  }

  /// Explores also how threads queue up for a mutex or a folio, step by step. Else a thread that
  /// wants a lock cannot run before the lock is free.
  ///
  /// @return another explorer
  public Explorer withQueuesOfLocks() {
    Explorer other = copy();
    other.locksAtomic = false;
    return other;
  }

  /// Lets a wait with a time limit run out of time whenever the explorer likes. Else it does only
  /// when nothing else can run.
  ///
  /// @return another explorer
  public Explorer withTimeoutsAnytime() {
    Explorer other = copy();
    other.timeoutsChosen = true;
    return other;
  }

  /// Explores a program until it fails or the bounds are met.
  ///
  /// @param program what to run
  /// @return what was found
  /// @throws ScheduleException a schedule that is replayed does not fit the program
  /// @throws IllegalStateException the program cannot be set, another exploration is under way, or
  ///     the JVM was not started for it
  public Exploration explore(Program program) {
    Thread me = Thread.currentThread();
    if (me.isVirtual()) {
      throw new IllegalStateException("explore on a platform thread");
    }
    if (!BUSY.compareAndSet(null, me)) {
      throw new IllegalStateException("another exploration is under way in this JVM");
    }
    try {
      Strategy strategy = strategy();
      Run run = new Run(stepsMax, repeats, locksAtomic, timeoutsChosen, strategy);
      SchedulePoint.install(run);
      try {
        return explore(program, run, strategy);
      } finally {
        SchedulePoint.install(null);
      }
    } finally {
      BUSY.set(null);
    }
  }

  private Strategy strategy() {
    return switch (mode) {
      case RANDOM -> new Pct(seed, depth);
      case REPLAY -> new Guided(schedule, true);
      case EXHAUSTIVE ->
          preemptionBound == UNBOUNDED && pruning
              ? new Dpor()
              : new Bounded(preemptionBound, pruning);
    };
  }

  private Exploration explore(Program program, Run run, Strategy first) {
    Strategy strategy = first;
    long began = System.nanoTime();
    long schedules = 0;
    long steps = 0;
    long tooLong = 0;
    @Nullable String stopped = null;
    run.trace(mode == Mode.REPLAY);
    while (true) {
      Run.End end = run.execute(program);
      if (schedules == 0 && strategy instanceof Dpor && run.hasInvariants()) {
        // Of schedules that order the steps of each object alike, one is enough to see every
        // outcome, but not every moment in between.
        strategy = new Bounded(UNBOUNDED, true);
        run.use(strategy);
        end = run.execute(program);
      }
      schedules++;
      steps += run.step();
      tooLong += end == Run.End.TOO_LONG ? 1 : 0;
      if (strategy instanceof Guided guided) {
        guided.checkEnd(run);
      }
      if (end == Run.End.FAILED) {
        long nanos = System.nanoTime() - began;
        Counterexample failure = failure(program, run);
        return new Exploration(
            failure.verdict(), failure, schedules, steps, false, "stopped at a failure"
                + (mode == Mode.RANDOM ? ", seed " + seed : ""), nanos);
      }
      if (!strategy.again(run)) {
        break;
      }
      if (schedules >= schedulesMax) {
        stopped = "stopped after " + schedules + " schedules";
        break;
      }
      if (schedules % CLOCK_EVERY == 0 && System.nanoTime() - began > nanosMax) {
        stopped = "stopped after " + nanosMax / 1_000_000 + " ms";
        break;
      }
    }
    long nanos = System.nanoTime() - began;
    boolean complete =
        mode == Mode.EXHAUSTIVE
            && stopped == null
            && tooLong == 0
            && strategy.leftOut().isEmpty();
    String coverage = coverage(strategy, schedules, tooLong, stopped);
    return new Exploration(
        Verdict.OK, null, schedules, steps, complete, coverage, nanos);
  }

  private String coverage(
      Strategy strategy, long schedules, long tooLong, @Nullable String stopped) {
    StringBuilder words = new StringBuilder();
    switch (mode) {
      case REPLAY -> words.append("one schedule");
      case RANDOM ->
          words
              .append(schedules)
              .append(" random schedules of depth ")
              .append(depth)
              .append(", seed ")
              .append(seed)
              .append(": no proof");
      case EXHAUSTIVE -> {
        String what =
            preemptionBound == UNBOUNDED
                ? "all schedules"
                : "all schedules with at most " + preemptionBound + " preemptions";
        if (stopped == null) {
          words.append(what).append(", by ").append(schedules).append(" of them");
        } else {
          double share = strategy instanceof DepthFirst tree ? tree.share() : 0;
          words.append(stopped).append(", about ");
          words.append(share < 0.01 ? "less than 1" : String.valueOf(Math.round(share * 100)));
          words.append("% of ").append(what).append(": no proof");
        }
      }
    }
    if (tooLong > 0) {
      words.append("; ").append(tooLong).append(" were cut after ").append(stepsMax);
      words.append(" steps: no proof");
    }
    if (!strategy.leftOut().isEmpty()) {
      words.append("; ").append(strategy.leftOut());
    }
    return words.toString();
  }

  /// Tells a failure: makes sure that it is one again, shortens it, and runs it once more for the
  /// story.
  private Counterexample failure(Program program, Run run) {
    Run.Trouble found = run.failure();
    assert found != null;
    Schedule schedule = run.schedule();
    int preemptions = run.preemptions();
    int steps = run.step();
    if (mode != Mode.REPLAY) {
      Run.Trouble again = replay(program, run, schedule);
      if (again == null || again.verdict() != found.verdict()) {
        String second = again == null ? "passes" : "fails otherwise: " + again.words();
        return new Counterexample(
            Verdict.ERROR,
            "the program is not deterministic: the same schedule fails (" + found.words()
                + ") and then " + second,
            schedule.toString(),
            preemptions,
            run.story(),
            List.of(),
            found.thrown());
      }
      if (shortening) {
        run.trace(false);
        schedule =
            new Shortener(run, program, found.verdict(), schedule, preemptions, steps).shorten();
        Run.Trouble shorter = replay(program, run, schedule);
        found = shorter == null ? found : shorter;
      } else {
        found = again;
      }
    }
    return new Counterexample(
        found.verdict(),
        found.words(),
        schedule.toString(),
        run.preemptions(),
        run.story(),
        found.cycle(),
        found.thrown());
  }

  /// Runs a schedule with its story. Returns how it failed, or null.
  private static Run.@Nullable Trouble replay(Program program, Run run, Schedule schedule) {
    run.use(new Guided(schedule, true));
    run.trace(true);
    try {
      run.execute(program);
    } catch (ScheduleException e) {
      return null;
    }
    return run.failure();
  }
}
