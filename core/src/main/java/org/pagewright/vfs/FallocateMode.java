package org.pagewright.vfs;

/// Modes of `fallocate`, with the values of Linux. Mode 0 makes space for a range and grows the
/// file over it.
public final class FallocateMode {
  /// Leave the size as it is.
  public static final int KEEP_SIZE = 1;

  /// Give the range's space back; it reads as zeros. Needs [#KEEP_SIZE].
  public static final int PUNCH_HOLE = 2;

  /// Remove the range and move what follows down. Whole blocks only.
  public static final int COLLAPSE_RANGE = 8;

  /// Make the range read as zeros, with space behind it.
  public static final int ZERO_RANGE = 16;

  /// Move what follows up by the length, leaving a hole. Whole blocks only.
  public static final int INSERT_RANGE = 32;

  private FallocateMode() {}
}
