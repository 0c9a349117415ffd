package org.pagewright.sim.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A thread that waits for ever: what it has, what it wants, and who has that.
///
/// @param thread its name
/// @param holds names of what it holds, in the order it was taken
/// @param wants name of what it waits for
/// @param holder name of the thread that has it; null if nobody does, or an I/O does
public record Wait(String thread, List<String> holds, String wants, @Nullable String holder) {

  /// Copies the list.
  ///
  /// @param thread its name
  /// @param holds names of what it holds, in the order it was taken
  /// @param wants name of what it waits for
  /// @param holder name of the thread that has it; null if nobody does, or an I/O does
  public Wait {
    holds = List.copyOf(holds);
  }

  @Override
  public String toString() {
    String has = holds.isEmpty() ? "nothing" : String.join(" and ", holds);
    String whose = holder == null ? "" : ", which " + holder + " holds";
    return thread + " holds " + has + " and wants " + wants + whose;
  }
}
