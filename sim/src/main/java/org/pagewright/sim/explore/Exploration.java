package org.pagewright.sim.explore;

import org.jspecify.annotations.Nullable;

/// What an exploration found, and how much it covered.
///
/// @param verdict OK, or that of the failure
/// @param failure the failure; null if there was none
/// @param schedules how many were run, without those that only shortened a failure
/// @param steps how many were run in all
/// @param complete whether every schedule within the preemption bound was covered; if not, an OK is
///     not a proof
/// @param coverage in words: what was covered, and what stopped it
/// @param nanos how long it took
public record Exploration(
    Verdict verdict,
    @Nullable Counterexample failure,
    long schedules,
    long steps,
    boolean complete,
    String coverage,
    long nanos) {

  /// Schedules run in a second.
  ///
  /// @return schedules
  public long schedulesPerSecond() {
    return nanos == 0 ? 0 : Math.round(schedules * 1e9 / nanos);
  }
}
