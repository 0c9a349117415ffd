package org.pagewright.vfs;

/// Flags of one read or write, with the values of Linux's `RWF_` flags.
public final class IoFlags {
  /// As if the file were open with [OpenFlags#DSYNC].
  public static final int DSYNC = 2;

  /// As if the file were open with [OpenFlags#SYNC].
  public static final int SYNC = 4;

  /// Do not wait for a lock, a device or the throttle: EAGAIN if nothing could be done, else the
  /// count of what could (R-J7).
  public static final int NOWAIT = 8;

  /// As if the file were open with [OpenFlags#APPEND].
  public static final int APPEND = 16;

  /// Drop from the cache what this call brings into it, as soon as it is clean (R-J6).
  public static final int DONTCACHE = 128;

  static final int ALL = DSYNC | SYNC | NOWAIT | APPEND | DONTCACHE;

  private IoFlags() {}
}
