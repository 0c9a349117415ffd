package org.pagewright.vfs;

/// Flags of an inode that the VFS itself heeds, with the values of `FS_IOC_GETFLAGS`. A file
/// system may keep more bits in the same word.
public final class InodeFlags {
  /// Each write is durable on return.
  public static final int SYNC = 0x8;

  /// Neither content, nor attributes, nor links may change: EPERM.
  public static final int IMMUTABLE = 0x10;

  /// Opened for writing only to append; neither truncated nor unlinked: EPERM.
  public static final int APPEND = 0x20;

  /// Reads do not change the access time.
  public static final int NOATIME = 0x80;

  /// Each change of a name in the directory is durable on return; so it is with [#SYNC].
  public static final int DIRSYNC = 0x10000;

  private InodeFlags() {}
}
