package org.pagewright.sim.explore;

/// A schedule string that cannot be read, or that does not fit the program any more.
public final class ScheduleException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /// The step that it is about.
  private final int step;

  ScheduleException(int step, String words) {
    super(words);
    this.step = step;
  }

  /// The first step that does not apply.
  ///
  /// @return counted from 1
  public int step() {
    return step;
  }
}
