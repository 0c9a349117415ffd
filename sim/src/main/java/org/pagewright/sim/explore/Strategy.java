package org.pagewright.sim.explore;

/// Decides who makes the next step. Called on whichever thread runs; between two calls a whole step
/// may lie.
abstract class Strategy {
  /// Result of [#pick]: enough of this schedule.
  static final int CUT = -1;

  /// A schedule begins. The threads of the run are known.
  abstract void begin(Run run);

  /// Who makes the next step.
  ///
  /// @param enabled threads that can, as bits; never 0
  /// @param last who made the last step, or -1
  /// @return a thread, or [#CUT]
  abstract int pick(Run run, long enabled, int last);

  /// What the step under way gets for a choice.
  abstract int choose(Run run, int options);

  /// A step has ended; its footprint is complete.
  void stepped(Run run) {}

  /// Whether there is another schedule to run after this one.
  abstract boolean again(Run run);

  /// What was left out for good although it is within the bounds; empty if nothing.
  String leftOut() {
    return "";
  }

  /// The lowest thread of a set.
  static int lowest(long set) {
    return Long.numberOfTrailingZeros(set);
  }

  static boolean has(long set, int thread) {
    return thread >= 0 && (set >>> thread & 1) != 0;
  }

  /// Who goes on if nothing speaks against it: the thread that ran last.
  static int unhurried(long enabled, int last) {
    return has(enabled, last) ? last : lowest(enabled);
  }
}
