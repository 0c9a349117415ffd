package org.pagewright.sim.crash;

import org.jspecify.annotations.Nullable;

/// Knows of one run which sights are legal after a cut at which moment.
///
/// @param <V> what can be seen of an image after recovery
public interface CrashOracle<V> {

  /// Says what is wrong.
  ///
  /// @param seen after recovery
  /// @param marks how many points the run had passed when the power went
  /// @return null if all is as promised, else what is not
  @Nullable String objection(V seen, int marks);
}
