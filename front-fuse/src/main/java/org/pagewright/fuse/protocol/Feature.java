package org.pagewright.fuse.protocol;

/// What the two sides may agree on at the first request: bits of `flags`, and from bit 32 on of
/// `flags2`.
public final class Feature {
  /// Several reads of one file at a time.
  public static final long ASYNC_READ = 1;

  /// Locks of `fcntl` come to us.
  public static final long POSIX_LOCKS = 1 << 1;

  /// OPEN cuts the file itself.
  public static final long ATOMIC_O_TRUNC = 1 << 3;

  /// Nodes are found again by number after they were forgotten, for file handles.
  public static final long EXPORT_SUPPORT = 1 << 4;

  /// Writes of more than a page.
  public static final long BIG_WRITES = 1 << 5;

  /// We apply the umask.
  public static final long DONT_MASK = 1 << 6;

  /// Locks of `flock` come to us.
  public static final long FLOCK_LOCKS = 1 << 10;

  /// Directories are read with attributes.
  public static final long DO_READDIRPLUS = 1 << 13;

  /// But only when somebody wants them.
  public static final long READDIRPLUS_AUTO = 1 << 14;

  /// Direct I/O with several requests at a time.
  public static final long ASYNC_DIO = 1 << 15;

  /// Writes stay in the kernel's cache for a while.
  public static final long WRITEBACK_CACHE = 1 << 16;

  /// Lookups and reads of one directory at a time.
  public static final long PARALLEL_DIROPS = 1 << 18;

  /// Access control lists are checked by the kernel.
  public static final long POSIX_ACL = 1 << 20;

  /// Reads of the device tell an abort from an unmount.
  public static final long ABORT_ERROR = 1 << 21;

  /// Requests of more than 32 pages.
  public static final long MAX_PAGES = 1 << 22;

  /// The kernel keeps symbolic links.
  public static final long CACHE_SYMLINKS = 1 << 23;

  /// The kernel drops cached content when it is told to, and not because size or time changed.
  public static final long EXPLICIT_INVAL_DATA = 1 << 25;

  /// Set-id bits and capabilities go when content changes, and we see to it.
  public static final long HANDLE_KILLPRIV_V2 = 1 << 28;

  /// The longer form of SETXATTR.
  public static final long SETXATTR_EXT = 1 << 29;

  /// `flags2` means something.
  public static final long INIT_EXT = 1 << 30;

  /// Mapped files of which others do direct I/O.
  public static final long DIRECT_IO_ALLOW_MMAP = 1L << 36;

  /// Requests come and answers go through an io_uring of each processor.
  public static final long OVER_IO_URING = 1L << 41;

  private Feature() {}
}
