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

  /// The failure as a page of text: what, who, step by step, and how to see it again.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(verdict).append(": ").append(words).append('\n');
    String before = "";
    for (Step step : steps) {
      String who = step.thread().equals(before) ? "" : step.thread();
      before = step.thread();
      String what = step.kind() == null ? "-" : step.kind() + " " + step.subject();
      text.append(String.format("%5d  %-12s %s", step.number(), who, what));
      for (String note : step.notes()) {
        text.append("; ").append(note);
      }
      text.append('\n');
    }
    return text.append("replay: ").append(schedule).append('\n').toString();
  }
}
