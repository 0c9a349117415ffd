package org.pagewright.sim.explore;

/// A piece of ordinary code that may throw: what a logical thread runs, or a check.
@FunctionalInterface
public interface Body {
  /// Runs it.
  ///
  /// @throws Exception a failure of the program that is explored; a [Failure] names its verdict
  void run() throws Exception;
}
