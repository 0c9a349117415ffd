package org.pagewright.vfs;

/// Flags of `rename`, with the values of Linux.
public final class RenameFlags {
  /// Fail with EEXIST if the new name is taken.
  public static final int NOREPLACE = 1;

  /// Swap the two names in one step; both must exist.
  public static final int EXCHANGE = 2;

  private RenameFlags() {}
}
