package org.pagewright.vfs;

/// Flags of `rename`, with the values of Linux.
public final class RenameFlags {
  /// Fail with EEXIST if the new name is taken.
  public static final int NOREPLACE = 1;

  /// Swap the two names in one step; both must exist.
  public static final int EXCHANGE = 2;

  /// Leave a white-out where the source was, in the same step: a character device of number 0, by
  /// which union mounts know that a name below is not to be seen. Not with EXCHANGE.
  public static final int WHITEOUT = 4;

  private RenameFlags() {}
}
