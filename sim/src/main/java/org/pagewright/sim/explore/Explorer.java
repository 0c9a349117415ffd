package org.pagewright.sim.explore;

/// Runs a [Program] under many schedules, or under one that is given.
///
/// Immutable; each method that begins with `with` gives another explorer. One exploration at a time
/// in a JVM. The JVM must run with `-Dpagewright.explore=true` and
/// `--add-opens java.base/java.lang=ALL-UNNAMED`.
public final class Explorer {
  /// A preemption bound that bounds nothing.
  public static final int UNBOUNDED = Integer.MAX_VALUE;

  private enum Mode {
    EXHAUSTIVE,
    RANDOM,
    REPLAY
  }

  private final Mode mode;
  private final int preemptions;
  private final long seed;
  private final int depth;
  private final String schedule;
  private final long schedulesMax;
  private final int stepsMax;

  private Explorer(
      Mode mode,
      int preemptions,
      long seed,
      int depth,
      String schedule,
      long schedulesMax,
      int stepsMax) {
    this.mode = mode;
    this.preemptions = preemptions;
    this.seed = seed;
    this.depth = depth;
    this.schedule = schedule;
    this.schedulesMax = schedulesMax;
    this.stepsMax = stepsMax;
  }

  /// Every schedule in which at most so many threads are interrupted that could have gone on.
  ///
  /// @param preemptionBound how many; [#UNBOUNDED] for every schedule there is
  /// @return an explorer
  public static Explorer exhaustive(int preemptionBound) {
    return new Explorer(Mode.EXHAUSTIVE, preemptionBound, 0, 0, "", 1_000_000, 10_000);
  }

  /// Random schedules with priorities (PCT: Burckhardt and others, 2010): a bug that needs `depth`
  /// orderings among `k` steps of `n` threads is met with a probability of at least
  /// 1 / (n k^(depth-1)) in each schedule.
  ///
  /// @param seed of the random numbers; printed with a failure
  /// @param schedules how many
  /// @param depth orderings that the bug needs: 1 for an unlucky start, 2 for most races
  /// @return an explorer
  public static Explorer random(long seed, int schedules, int depth) {
    return new Explorer(Mode.RANDOM, UNBOUNDED, seed, depth, "", schedules, 10_000);
  }

  /// One schedule, as a failure printed it.
  ///
  /// @param schedule see [Counterexample#schedule()]
  /// @return an explorer
  public static Explorer replay(String schedule) {
    return new Explorer(Mode.REPLAY, UNBOUNDED, 0, 0, schedule, 1, 10_000);
  }

  /// Stops after so many schedules.
  ///
  /// @param schedules how many
  /// @return another explorer
  public Explorer withSchedules(long schedules) {
    return new Explorer(mode, preemptions, seed, depth, schedule, schedules, stepsMax);
  }

  /// Cuts each schedule after so many steps.
  ///
  /// @param steps how many
  /// @return another explorer
  public Explorer withSteps(int steps) {
    return new Explorer(mode, preemptions, seed, depth, schedule, schedulesMax, steps);
  }

  /// Explores a program.
  ///
  /// @param program what to run
  /// @return what was found
  public Exploration explore(Program program) {
    throw new UnsupportedOperationException(
        mode + " " + preemptions + seed + depth + schedule + schedulesMax + stepsMax + program);
  }
}
