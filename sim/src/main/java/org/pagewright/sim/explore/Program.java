package org.pagewright.sim.explore;

/// One program to explore: sets a fresh world for each schedule and names its threads.
///
/// It must be deterministic: the same world and the same threads each time, nothing from a clock,
/// from a random number without a seed, or from an identity hash. What is set here is not explored:
/// no point is reached until the threads run.
@FunctionalInterface
public interface Program {
  /// Sets the world for one schedule.
  ///
  /// @param stage where threads and checks are named
  /// @throws Exception the program cannot be set, which ends the exploration
  void set(Stage stage) throws Exception;
}
