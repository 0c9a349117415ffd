package org.pagewright.lab.scenario;

import java.util.List;
import org.pagewright.lab.design.Design;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;

/// One claim about a design: what becomes of it in a situation.
///
/// @param design the design, or a variant with one thing forgotten
/// @param letter tells the claims about one design apart
/// @param situation what happens
/// @param claimed what the explorer has to find
/// @param rule the rule that the design breaks, or that it keeps; empty if nothing is claimed
public record Scenario(
    Design design, String letter, Situation situation, Verdict claimed, String rule) {

  /// All claims, in the order of the designs.
  public static final List<Scenario> ALL =
      List.of(
          of(Design.X0, "a", Situation.SELF, Verdict.DEADLOCK, "R-A1"),
          of(Design.X0, "b", Situation.CROSS, Verdict.DEADLOCK, "R-A2"),
          of(Design.X0, "c", Situation.MLOCK, Verdict.DEADLOCK, "R-A3"),
          of(Design.X0, "d", Situation.QUEUED_WRITER, Verdict.DEADLOCK, "R-A3"),
          of(Design.X1, "a", Situation.DROPPED, Verdict.DEADLOCK, "R-A5"),
          of(Design.X1, "b", Situation.SECOND_SEGMENT, Verdict.DEADLOCK, "R-A6"),
          of(Design.X1, "c", Situation.MIDDLE_PAGE, Verdict.DEADLOCK, "R-A6"),
          of(Design.X1, "d", Situation.EMPTY_SEGMENT, Verdict.DEADLOCK, "R-A6"),
          of(Design.X1, "e", Situation.TORN, Verdict.ZEROS, "R-B4"),
          of(Design.X2, "a", Situation.HOLE_DROPPED, Verdict.STALE, "R-C1"),
          of(Design.X2, "b", Situation.HOLE_FAULT, Verdict.STALE, "R-B8"),
          of(Design.X2_EARLY, "c", Situation.COLD, Verdict.UNINITIALISED, "R-B1"),
          of(Design.X2, "d", Situation.SECOND_COLD, Verdict.LIVELOCK, "R-A8"),
          of(Design.X2, "e", Situation.RESERVED, Verdict.LEAK, "R-C8"),
          of(Design.X3, "a", Situation.COLD_TORN, Verdict.UNINITIALISED, "R-B10"),
          of(Design.X3_UNMARKED, "b", Situation.COLD_TORN, Verdict.LOST_WRITE, "R-B10"),
          of(Design.X3, "c", Situation.TORN, Verdict.OK, "R-B5"),
          of(Design.X3, "d", Situation.APPEND_TORN, Verdict.OK, "R-D2"),
          of(Design.X4, "a", Situation.APPEND_TORN, Verdict.WRONG_COUNT, "R-B6"),
          of(Design.X4, "b", Situation.RESERVED_TORN, Verdict.LEAK, "R-B6"),
          of(Design.X5_IF_COPIED, "a", Situation.HOLE_FAULT, Verdict.STALE, "R-C1"),
          of(Design.X5_WHOLE_PAGE, "b", Situation.HALF_NEW, Verdict.ZEROS, "R-C2"),
          of(Design.X5_SHARED, "c", Situation.SHARED_BLOCKS, Verdict.ZEROS, "R-C12"),
          of(Design.X5_NOT_LOGGED, "d", Situation.JOURNALLED_DATA, Verdict.STALE, "R-C13"),
          of(Design.X5_NOT_CUT, "e", Situation.BEYOND_END, Verdict.LEAK, "R-C5"),
          of(Design.X5_TOO_LATE, "f", Situation.HOLE_DROPPED, Verdict.STALE, "R-C1"),
          of(Design.X5_CUT_TOO_MUCH, "g", Situation.BEYOND_END_OF_DATA, Verdict.LOST_WRITE,
              "R-C5"),
          of(Design.X6_NO_LOOK, "a", Situation.INVALIDATED, Verdict.LOST_WRITE, "R-G1"),
          of(Design.X6, "b", Situation.INVALIDATED, Verdict.OK, "R-G1"),
          of(Design.X7, "a", Situation.FULL_DEVICE, Verdict.WRONG_COUNT, "R-C7"),
          of(Design.X7_KEPT, "a", Situation.RESERVED_TORN, Verdict.LEAK, "R-C8"),
          of(Design.X7_PUNCHED, "b", Situation.MAPPED_STORE, Verdict.LOST_WRITE, "R-C8"),
          of(Design.X7_DROPPED, "c", Situation.MAPPED_STORE, Verdict.LOST_WRITE, "R-C8"),
          of(Design.X7_RIGHT, "d", Situation.MAPPED_STORE, Verdict.OK, "R-C8"),
          of(Design.X8_POOL, "a", Situation.TWO_WRITERS, Verdict.DEADLOCK, "R-E4"),
          of(Design.X8_NOT_REWOUND, "b", Situation.RETRY, Verdict.LOST_WRITE, "R-E1"),
          of(Design.X8, "c", Situation.TWO_WRITERS, Verdict.OK, "R-E4"),
          of(Design.X8, "d", Situation.RETRY, Verdict.OK, "R-E1"),
          of(Design.X9_MAPPING, "a", Situation.INVALIDATED, Verdict.LOST_WRITE, "R-E5"),
          of(Design.X9_FAULTS, "b", Situation.BECOMES_UPTODATE, Verdict.DEADLOCK, "R-E5"),
          of(Design.X9, "c", Situation.EVICTOR, Verdict.LIVELOCK, "R-A14"),
          of(Design.X10, "a", Situation.MEMORY, Verdict.DEADLOCK, "R-E6"),
          of(Design.X10, "b", Situation.MUNMAP, Verdict.DEADLOCK, "R-E6"),
          of(Design.X10_TWICE, "c", Situation.MEMORY_TAKEN, Verdict.DEADLOCK, "R-E6"),
          of(Design.X10, "d", Situation.SERVER, Verdict.DEADLOCK, "R-E6"),
          of(Design.X11, "a", Situation.CROSS, Verdict.OK, "R-A2"),
          of(Design.X11, "b", Situation.DROPPED, Verdict.OK, "R-A5"),
          of(Design.X12_FAULTS, "a", Situation.CLUSTER, Verdict.DEADLOCK, "R-A4"),
          of(Design.X12_PROGRESS, "b", Situation.ONE_BYTE, Verdict.LIVELOCK, "R-A7"),
          of(Design.X12_TRUNCATED, "c", Situation.TWO_PAGES, Verdict.WRONG_COUNT, "R-A10"),
          of(Design.X12, "d", Situation.CLUSTER, Verdict.OK, "R-A4"),
          of(Design.X13_NOT_ZEROED, "a", Situation.HOLE_DROPPED, Verdict.STALE, "R-C1"),
          of(Design.X13_SIZE, "b", Situation.COLD_APPEND_TORN, Verdict.WRONG_COUNT, "R-D2"),
          of(Design.X13_LENGTH, "c", Situation.COLD_TORN, Verdict.LIVELOCK, "R-A8"),
          of(Design.X13_ERRNO, "d", Situation.SECOND_CHUNK, Verdict.WRONG_COUNT, "R-A9"),
          of(Design.X13_RANGE, "e", Situation.COLD_TORN, Verdict.UNINITIALISED, "R-C15"),
          of(Design.X13_REST, "f", Situation.COLD_TORN, Verdict.ZEROS, "R-B2"),
          of(Design.X13_MAP, "g", Situation.UNWRITTEN_EXTENT, Verdict.LOST_WRITE, "R-C10"),
          of(Design.X13_NO_BOUNCE, "h", Situation.EVICTOR, Verdict.LIVELOCK, "R-A14"),
          of(Design.X13_TRACE, "i", Situation.HEAD_REJECTED, Verdict.WRONG_COUNT, "R-B9"),
          of(Design.X13, "j", Situation.HOLE_DROPPED, Verdict.OK, "R-B8"),
          of(Design.X14, "a", Situation.CROSS, Verdict.OK, "R-A2"),
          of(Design.X14, "b", Situation.EVICTOR, Verdict.OK, "R-A14"),
          of(Design.X15_FIRST, "a", Situation.TWO_RANGES, Verdict.LOST_WRITE, "R-B14"),
          of(Design.X15_FILL, "b", Situation.PART_OF_BLOCK, Verdict.LOST_WRITE, "R-B10"),
          of(Design.X15, "c", Situation.TWO_RANGES, Verdict.OK, "R-B14"),
          of(Design.X16_HEAD, "a", Situation.PART_OF_BLOCK, Verdict.UNINITIALISED, "R-B11"),
          of(Design.X16, "b", Situation.COLD_TORN, Verdict.OK, "R-B14"),
          of(Design.S4_GREATER, "a", Situation.STORE_AT_END, Verdict.LOST_WRITE, "R-D7"),
          of(Design.S4_TIME, "b", Situation.STORE_AND_SYNC, Verdict.DEADLOCK, "R-F9"),
          of(Design.S4_NULL, "c", Situation.STORE_TO_DRIVER, Verdict.ERROR, "R-F10"),
          of(Design.S4, "d", Situation.STORE_AND_SYNC, Verdict.OK, "R-F2"),
          of(Design.S4_NOT_ASKED, "e", Situation.STORE_TO_FULL_DEVICE, Verdict.LOST_WRITE, "R-F13"),
          of(Design.S4_UNLOCKED, "f", Situation.STORE_AND_CLEAN, Verdict.LOST_WRITE, "R-F2"),
          of(Design.S4_NOT_COMPARED, "g", Situation.STORE_REMAPPED, Verdict.LOST_WRITE, "R-F6"),
          of(Design.S4, "h", Situation.STORE_TO_FULL_DEVICE, Verdict.OK, "R-F13"),
          of(Design.S4, "i", Situation.STORE_AND_CLEAN, Verdict.OK, "R-F2"),
          of(Design.S4, "j", Situation.STORE_REMAPPED, Verdict.OK, "R-F6"));

  private static Scenario of(
      Design design, String letter, Situation situation, Verdict claimed, String rule) {
    return new Scenario(design, letter, situation, claimed, rule);
  }

  /// What to call it.
  ///
  /// @return such as `X0 b`
  public String id() {
    return design.family() + " " + letter;
  }

  /// The program to explore.
  ///
  /// @return the design in its situation
  public Program program() {
    return situation.program(design::kernel);
  }
}
