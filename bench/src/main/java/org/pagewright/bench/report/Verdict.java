package org.pagewright.bench.report;

import org.pagewright.bench.measure.Results;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Target;
import org.jspecify.annotations.Nullable;

/// What became of one target.
///
/// @param row the row
/// @param target what it should come to
/// @param value what it came to; null if that was not measured
/// @param reason why not
record Verdict(Row row, Target target, @Nullable Spread value, String reason) {

  static Verdict of(Row row, Target target, Results.@Nullable RowResult result) {
    if (result == null) {
      return new Verdict(row, target, null, "not in this run");
    }
    if (result.status() != Results.Status.MEASURED) {
      return new Verdict(row, target, null, result.reason());
    }
    Results.Peer ours = result.peers().get(0);
    if (target.peers().isEmpty()) {
      return beside(row, target, ours, ours);
    }
    Verdict best = null;
    for (String name : target.peers()) {
      Results.Peer peer = Page.peer(result, name);
      Verdict each =
          peer == null
              ? new Verdict(row, target, null, "no such peer in this run")
              : beside(row, target, ours, peer);
      if (best == null || each.isBetterThan(best)) {
        best = each;
      }
    }
    return best;
  }

  private static Verdict beside(
      Row row, Target target, Results.Peer ours, Results.Peer peer) {
    if (peer.status() != Results.Status.MEASURED) {
      return new Verdict(row, target, null, peer.reason());
    }
    Spread value =
        Spread.of(
            ours.figures(), peer.figures(), (a, b) -> target.value(row.unit(), a, b));
    return new Verdict(row, target, value, "");
  }

  private boolean isBetterThan(Verdict other) {
    Spread mine = value;
    Spread theirs = other.value;
    return mine != null
        && (theirs == null || target.isBetter(mine.median(), theirs.median()));
  }

  /// Whether the median is good enough.
  boolean isMet() {
    Spread measured = value;
    return measured != null && target.isMetBy(measured.median());
  }

  boolean isMissed() {
    return value != null && !isMet();
  }

  /// The target in words.
  String asked() {
    String bound = Spread.number(target.bound()).replaceAll("\\.?0+$", "");
    if (target.bound() >= 99.95) {
      bound = Spread.number(target.bound());
    }
    String unit = row.unit().words();
    String peers = String.join(" or ", target.peers());
    return switch (target.kind()) {
      case TIME_AT_MOST -> "at most " + bound + " x the time of " + peers;
      case SPEED_AT_LEAST -> "at least " + bound + " x the speed of " + peers;
      case ADDED_AT_MOST -> "at most " + bound + " " + unit + " more than " + peers;
      case BEHIND_AT_MOST -> "at most " + bound + " point behind " + peers;
      case AT_MOST -> "at most " + bound + " " + unit;
    };
  }

  /// What it came to in words.
  String told() {
    Spread measured = value;
    return measured == null ? "not measured: " + reason : measured.toString();
  }

  String mark() {
    return value == null ? "-" : isMet() ? "yes" : "**no**";
  }
}
