package org.pagewright.sim.explore;

/// Follows a schedule: to the letter, or as far as it makes sense.
final class Guided extends Strategy {
  private final Schedule schedule;
  private final boolean strict;
  private int at;

  /// A guide.
  ///
  /// @param strict fail where the schedule does not apply, rather than go on as one would without
  Guided(Schedule schedule, boolean strict) {
    this.schedule = schedule;
    this.strict = strict;
  }

  @Override
  void begin(Run run) {
    at = 0;
  }

  @Override
  int pick(Run run, long enabled, int last) {
    int[] wanted = schedule.decisions();
    int step = run.step() + 1;
    if (strict) {
      if (at == wanted.length) {
        throw stale(step, "the schedule ends here and the program does not");
      }
      int thread = wanted[at];
      if (thread < 0) {
        throw stale(step - 1, "the schedule makes a choice here and the program does not");
      }
      if (thread >= run.threadCount()) {
        throw stale(step, "there is no thread " + Schedule.letter(thread));
      }
      if (!has(enabled, thread)) {
        String why = run.isForced() ? "it only spins, and others wait" : run.whyNot(thread);
        throw stale(step, "it is the turn of " + Schedule.letter(thread) + ", but " + why);
      }
      at++;
      return thread;
    }
    while (at < wanted.length && (wanted[at] < 0 || !has(enabled, wanted[at]))) {
      at++;
    }
    return at < wanted.length ? wanted[at++] : unhurried(enabled, last);
  }

  @Override
  int choose(Run run, int options) {
    int[] wanted = schedule.decisions();
    boolean there = at < wanted.length && wanted[at] < 0;
    int option = there ? -1 - wanted[at] : 0;
    if (strict) {
      if (!there) {
        throw stale(run.step(), "the program makes a choice here and the schedule does not");
      }
      if (option >= options) {
        throw stale(run.step(), "option " + option + " of " + options);
      }
    }
    at += there ? 1 : 0;
    return option < options ? option : 0;
  }

  /// Throws unless the schedule was followed to its end and its steps were what they had been.
  void checkEnd(Run run) {
    if (at < schedule.decisions().length) {
      throw stale(run.step() + 1, "the program has ended and the schedule goes on");
    }
    if (schedule.checksum() >= 0 && schedule.checksum() != run.checksum()) {
      throw stale(
          1, "all of it can be followed, but the steps are others than when it was written");
    }
  }

  private static ScheduleException stale(int step, String words) {
    return new ScheduleException(
        step, "stale schedule, it no longer applies at step " + step + ": " + words);
  }

  @Override
  boolean again(Run run) {
    return false;
  }
}
