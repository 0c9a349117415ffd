package org.pagewright.errno;

import java.io.IOException;

/// An operation on a file, a file system or a device failed, with the reason as an [Errno].
///
/// An expected outcome (a short count, try again, no data here) is a return value, never this.
public class FsException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Errno errno;

  /// A failure with what it happened to.
  ///
  /// @param errno the reason
  /// @param what the object and the operation, e.g. `write /a/b at 4096`
  public FsException(Errno errno, String what) {
    super(what + ": " + errno.words());
    this.errno = errno;
  }

  /// A failure caused by another.
  ///
  /// @param errno the reason
  /// @param what the object and the operation
  /// @param cause what the layer below threw
  public FsException(Errno errno, String what, Throwable cause) {
    super(what + ": " + errno.words(), cause);
    this.errno = errno;
  }

  /// The reason.
  ///
  /// @return never null
  public final Errno errno() {
    return errno;
  }
}
