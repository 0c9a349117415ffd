package org.pagewright.sim.crash;

import java.util.Locale;

/// What an exploration has done.
///
/// @param runs workloads performed
/// @param writes writes that they made
/// @param flushes flushes that they made
/// @param states states that a cut could leave, by content: each was opened with recovery
/// @param recoveries recoveries that were cut in turn
/// @param recoveryStates states that those left: each was opened with recovery
/// @param judged sights compared with what the oracle knows, at each moment they could be left
/// @param opinions states that others were asked about
/// @param nanos time spent on the states
public record CrashReport(
    long runs,
    long writes,
    long flushes,
    long states,
    long recoveries,
    long recoveryStates,
    long judged,
    long opinions,
    long nanos) {

  /// Nothing done yet.
  public static final CrashReport NONE = new CrashReport(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /// Both together.
  ///
  /// @param other another exploration
  /// @return the sums
  public CrashReport plus(CrashReport other) {
    return new CrashReport(
        runs + other.runs,
        writes + other.writes,
        flushes + other.flushes,
        states + other.states,
        recoveries + other.recoveries,
        recoveryStates + other.recoveryStates,
        judged + other.judged,
        opinions + other.opinions,
        nanos + other.nanos);
  }

  /// States of both kinds that were opened with recovery, looked at and judged in a second.
  ///
  /// @return a rate; 0 if nothing was done
  public double statesPerSecond() {
    return nanos == 0 ? 0 : (states + recoveryStates) * 1e9 / nanos;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d runs, %d writes, %d flushes; %d crash states opened and judged (%d judgements),"
            + " %d recoveries cut, %d states after those; %d second opinions; %.0f states/s",
        runs, writes, flushes, states, judged, recoveries, recoveryStates, opinions,
        statesPerSecond());
  }
}
