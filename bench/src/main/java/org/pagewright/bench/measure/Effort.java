package org.pagewright.bench.measure;

/// How much is measured.
///
/// @param quick only the peers and rows that the targets need
/// @param rounds rounds that are kept
/// @param warmups rounds before them
/// @param iterationMillis how long a peer of a JMH row works in a round
/// @param rowSeconds most a row may take
/// @param totalSeconds most all may take
public record Effort(
    boolean quick, int rounds, int warmups, int iterationMillis, int rowSeconds,
    int totalSeconds) {
  /// Under 5 minutes.
  public static final Effort QUICK = new Effort(true, 3, 3, 250, 60, 280);

  /// Under 30 minutes.
  public static final Effort FULL = new Effort(false, 5, 3, 300, 120, 1680);

  /// The same with another number of rounds.
  ///
  /// @param count at least 1
  /// @return the effort
  public Effort withRounds(int count) {
    return new Effort(quick, count, warmups, iterationMillis, rowSeconds, totalSeconds);
  }
}
