package org.pagewright.sim.explore;

/// Thrown by a check or a thread of a [Program] that knows the name of what went wrong.
public final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// What went wrong.
  private final Verdict verdict;

  /// A failure with its name.
  ///
  /// @param verdict what went wrong
  /// @param words one sentence: who saw what, and what should have been
  public Failure(Verdict verdict, String words) {
    super(words);
    this.verdict = verdict;
  }

  /// What went wrong.
  ///
  /// @return never OK
  public Verdict verdict() {
    return verdict;
  }
}
