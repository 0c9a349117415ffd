package org.pagewright.bench.report;

import org.pagewright.bench.measure.Results;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Target;
import org.pagewright.bench.measure.Unit;

/// Ours beside one peer of a row.
///
/// @param row the row
/// @param ours our figures
/// @param peer theirs
record Comparison(Row row, Results.Peer ours, Results.Peer peer) {

  /// Whether the figures are held against each other by their difference: hits are.
  static boolean isDifference(Row row) {
    return row.unit() == Unit.PERCENT;
  }

  /// What a comparison says, as the head of a column.
  static String words(Unit unit) {
    return switch (unit) {
      case PERCENT -> "ours is better by, points";
      case BYTES -> "ours is smaller, times";
      default -> "ours is faster, times";
    };
  }

  Spread advantage() {
    Unit unit = row.unit();
    return Spread.of(
        ours.figures(),
        peer.figures(),
        isDifference(row) ? (a, b) -> a - b : unit::advantage);
  }

  boolean isThere() {
    return ours.status() == Results.Status.MEASURED && peer.status() == Results.Status.MEASURED;
  }

  /// The bound of a target in the terms of [#advantage()], or NaN if it cannot be told so.
  static double bound(Row row, Target target) {
    return switch (target.kind()) {
      case TIME_AT_MOST -> 1 / target.bound();
      case SPEED_AT_LEAST -> target.bound();
      case BEHIND_AT_MOST -> -target.bound();
      case ADDED_AT_MOST, AT_MOST -> Double.NaN;
    };
  }
}
