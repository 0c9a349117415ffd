package org.pagewright.bench.measure;

/// What a row should come to: the first peer, ours, beside another one or alone.
///
/// @param kind what is compared
/// @param peer beside whom, empty if alone
/// @param bound the most or the least
public record Target(Kind kind, String peer, double bound) {
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

  /// Whether a value is good enough.
  ///
  /// @param value from [#value]
  /// @return whether the target is met
  public boolean isMetBy(double value) {
    return kind == Kind.SPEED_AT_LEAST ? value >= bound : value <= bound;
  }
}
