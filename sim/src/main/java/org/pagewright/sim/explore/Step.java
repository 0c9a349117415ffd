package org.pagewright.sim.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint;

/// One step of a schedule: what one thread did from a point to the next.
///
/// @param number counted from 1
/// @param thread its name
/// @param kind the point it went on from; null if it began, or a wait ran out of time
/// @param subject name of the object the point was about; empty if there is none
/// @param notes what the thread said about it, in order
public record Step(
    int number,
    String thread,
    SchedulePoint.@Nullable Kind kind,
    String subject,
    List<String> notes) {

  /// Copies the list.
  ///
  /// @param number counted from 1
  /// @param thread its name
  /// @param kind the point it went on from; null if it began, or a wait ran out of time
  /// @param subject name of the object the point was about; empty if there is none
  /// @param notes what the thread said about it, in order
  public Step {
    notes = List.copyOf(notes);
  }
}
