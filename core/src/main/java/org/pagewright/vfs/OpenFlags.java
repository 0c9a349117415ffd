package org.pagewright.vfs;

/// Flags of `open`, with the values of Linux on x86-64, so that a front door that speaks a kernel
/// protocol passes them on as they are; and flags of one read or write.
public final class OpenFlags {
  /// Read only.
  public static final int RDONLY = 0;

  /// Write only.
  public static final int WRONLY = 1;

  /// Read and write.
  public static final int RDWR = 2;

  /// The bits of RDONLY, WRONLY and RDWR.
  public static final int ACCESS_MASK = 3;

  /// Create the file if it is not there.
  public static final int CREAT = 0100;

  /// With [#CREAT]: fail if the name is taken, even by a symbolic link that leads nowhere.
  public static final int EXCL = 0200;

  /// Cut a regular file to size 0.
  public static final int TRUNC = 01000;

  /// Each write goes to the end of the file, wherever that is at that moment.
  public static final int APPEND = 02000;

  /// Reads and writes do not wait.
  public static final int NONBLOCK = 04000;

  /// Each write is durable on return: data, and size if needed to read it.
  public static final int DSYNC = 010000;

  /// Go around the cache, coherent with it.
  public static final int DIRECT = 040000;

  /// Fail unless it is a directory.
  public static final int DIRECTORY = 0200000;

  /// Fail with ELOOP if the last component is a symbolic link.
  public static final int NOFOLLOW = 0400000;

  /// Reads do not change the access time; for the owner only.
  public static final int NOATIME = 01000000;

  /// Each write is durable on return: data and all metadata. Includes [#DSYNC].
  public static final int SYNC = 04000000 | DSYNC;

  /// Make a file without a name in the directory that the path names.
  public static final int TMPFILE = 020000000 | DIRECTORY;

  /// All flags that are known; others make `open` fail with EINVAL.
  static final int ALL =
      ACCESS_MASK | CREAT | EXCL | TRUNC | APPEND | NONBLOCK | SYNC | DIRECT | DIRECTORY | NOFOLLOW
          | NOATIME | TMPFILE;

  private OpenFlags() {}
}
