package org.pagewright.mm;

import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// An access to a region could not be served. Where a kernel's mapping ends the process with SIGBUS
/// or SIGSEGV, this is thrown at the access, and region and file are as usable afterwards as
/// before: what was accessed before the failing byte has happened, the rest has not.
public final class MappedRegionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// What went wrong, for who wants to act on it.
  public enum Kind {
    /// The folio begins at or beyond the end of the file. It may grow again.
    BEYOND_END,
    /// No space on the device, or none left of a quota; for a private copy, no memory.
    NO_SPACE,
    /// The store, or the file system, failed.
    IO,
    /// The region is closed.
    CLOSED,
    /// The region, or the volume, may not be written.
    PROTECTION
  }

  private final Kind kind;
  private final Errno errno;

  private MappedRegionException(Kind kind, Errno errno, FsException cause) {
    super(cause.getMessage(), cause);
    this.kind = kind;
    this.errno = errno;
  }

  /// What a file system said, as a failed access.
  static MappedRegionException of(FsException e) {
    Kind kind =
        switch (e.errno()) {
          case ENXIO -> Kind.BEYOND_END;
          case ENOSPC, EDQUOT, ENOMEM -> Kind.NO_SPACE;
          case EBADF -> Kind.CLOSED;
          case EACCES, EROFS, EPERM -> Kind.PROTECTION;
          default -> Kind.IO;
        };
    return new MappedRegionException(kind, e.errno(), e);
  }

  /// What went wrong.
  ///
  /// @return the kind
  public Kind kind() {
    return kind;
  }

  /// What went wrong, in the language of the system.
  ///
  /// @return ENXIO beyond the end, EBADF if closed, EACCES or EROFS if not allowed, else what the
  ///     file system said
  public Errno errno() {
    return errno;
  }
}
