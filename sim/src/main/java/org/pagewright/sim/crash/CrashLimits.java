package org.pagewright.sim.crash;

/// How much is explored.
///
/// @param subsetBits as long as no more writes than this are in doubt, every subset is tried
/// @param samples beyond that, so many subsets for each write
/// @param torn for each write of several sectors, so many ways to tear it
/// @param statesMax most states of one run; when there would be more, a share of each write's is
///     taken, but the one without any loss always
/// @param recoveryEvery recovery itself is cut for one in so many states; 0 for none
/// @param recoveryStatesMax most states of one recovery that is cut
/// @param opinionEvery others are asked about one in so many states; 0 for none
/// @param shrinksMax most runs to make a failing case smaller
public record CrashLimits(
    int subsetBits,
    int samples,
    int torn,
    int statesMax,
    int recoveryEvery,
    int recoveryStatesMax,
    int opinionEvery,
    int shrinksMax) {

  /// A thousand states a run; recovery cut for each of them; nobody else asked.
  public static final CrashLimits DEFAULTS = new CrashLimits(5, 8, 3, 1000, 1, 16, 0, 60);

  /// The same with another bound for the states of a run.
  ///
  /// @param statesMax most states
  /// @return changed limits
  public CrashLimits withStates(int statesMax) {
    return new CrashLimits(
        subsetBits, samples, torn, statesMax, recoveryEvery, recoveryStatesMax, opinionEvery,
        shrinksMax);
  }

  /// The same with another share of recoveries that are cut.
  ///
  /// @param every one in so many; 0 for none
  /// @param states most states of one recovery
  /// @return changed limits
  public CrashLimits withRecovery(int every, int states) {
    return new CrashLimits(
        subsetBits, samples, torn, statesMax, every, states, opinionEvery, shrinksMax);
  }

  /// The same with another share of second opinions.
  ///
  /// @param every one in so many; 0 for none
  /// @return changed limits
  public CrashLimits withOpinions(int every) {
    return new CrashLimits(
        subsetBits, samples, torn, statesMax, recoveryEvery, recoveryStatesMax, every,
        shrinksMax);
  }

  /// The limits for making a case smaller: fewer operations make fewer states, and none of these
  /// should be missed for want of samples.
  CrashLimits thorough() {
    return new CrashLimits(
        subsetBits, 3 * samples, 6 * torn, statesMax, recoveryEvery, recoveryStatesMax,
        opinionEvery, shrinksMax);
  }

  /// The limits for a recovery that is cut.
  CrashLimits ofRecovery() {
    return new CrashLimits(
        Math.min(3, subsetBits), 2, 1, recoveryStatesMax, 0, 0, 0, 0);
  }
}
