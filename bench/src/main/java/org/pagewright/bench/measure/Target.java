package org.pagewright.bench.measure;

import java.util.List;

/// What a row should come to: the first peer, ours, beside another one or alone.
///
/// @param kind what is compared
/// @param peers beside whom, none if alone; with several it is met if it is beside one of them
/// @param bound the most or the least
public record Target(Kind kind, List<String> peers, double bound) {
  /// A target beside one peer, or alone.
  ///
  /// @param kind what is compared
  /// @param peer beside whom, empty if alone
  /// @param bound the most or the least
  public Target(Kind kind, String peer, double bound) {
    this(kind, peer.isEmpty() ? List.of() : List.of(peer), bound);
  }

  /// What is compared.
  public enum Kind {
    /// Our time over theirs, at most.
    TIME_AT_MOST,
    /// Our speed over theirs, at least.
    SPEED_AT_LEAST,
    /// Our time less theirs, in the unit, at most.
    ADDED_AT_MOST,
    /// Their percents less ours, at most.
    BEHIND_AT_MOST,
    /// Our figure, at most.
    AT_MOST
  }

  /// Our figure beside theirs, of one round.
  ///
  /// @param unit of both
  /// @param ours our figure
  /// @param theirs theirs; of no meaning for [Kind#AT_MOST]
  /// @return what is held against the bound
  public double value(Unit unit, double ours, double theirs) {
    return switch (kind) {
      case TIME_AT_MOST -> 1 / unit.advantage(ours, theirs);
      case SPEED_AT_LEAST -> unit.advantage(ours, theirs);
      case ADDED_AT_MOST -> ours - theirs;
      case BEHIND_AT_MOST -> theirs - ours;
      case AT_MOST -> ours;
    };
  }

  /// Whether a value is better than another one.
  ///
  /// @param value from [#value]
  /// @param other from [#value]
  /// @return whether it is
  public boolean isBetter(double value, double other) {
    return kind == Kind.SPEED_AT_LEAST ? value > other : value < other;
  }

  /// Whether a value is good enough.
  ///
  /// @param value from [#value]
  /// @return whether the target is met
  public boolean isMetBy(double value) {
    return kind == Kind.SPEED_AT_LEAST ? value >= bound : value <= bound;
  }
}
