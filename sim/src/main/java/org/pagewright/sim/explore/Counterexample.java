package org.pagewright.sim.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A schedule under which a program fails: the shortest one that is known, and its story.
///
/// @param verdict what went wrong
/// @param words one sentence about it
/// @param schedule the line that replays it, see [Explorer#replay(String)]
/// @param preemptions how often a thread was interrupted that could have gone on
/// @param steps the story
/// @param cycle who waits for whom, for a deadlock or a lost wake-up; else empty
/// @param thrown what the program threw; null if it threw nothing
public record Counterexample(
    Verdict verdict,
    String words,
    String schedule,
    int preemptions,
    List<Step> steps,
    List<Wait> cycle,
    @Nullable Throwable thrown) {

  /// Copies the lists.
  ///
  /// @param verdict what went wrong
  /// @param words one sentence about it
  /// @param schedule the line that replays it, see [Explorer#replay(String)]
  /// @param preemptions how often a thread was interrupted that could have gone on
  /// @param steps the story
  /// @param cycle who waits for whom, for a deadlock or a lost wake-up; else empty
  /// @param thrown what the program threw; null if it threw nothing
  public Counterexample {
    steps = List.copyOf(steps);
    cycle = List.copyOf(cycle);
  }
}
