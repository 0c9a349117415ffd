package org.pagewright.vfs;

/// A lock on a file: one that is held, or one that is asked for.
///
/// @param kind which of the two kinds
/// @param owner whose
/// @param exclusive whether nobody else may have one; shared ones keep out exclusive ones only
/// @param first first byte
/// @param last last byte, [#TO_END] for all that the file may ever grow to
public record FileLock(LockKind kind, LockOwner owner, boolean exclusive, long first, long last) {
  /// The last byte that a file can have, and more.
  public static final long TO_END = Long.MAX_VALUE;

  /// A lock on some bytes, there or not.
  ///
  /// @param owner whose
  /// @param exclusive whether nobody else may have one
  /// @param first first byte
  /// @param last last byte
  /// @return the lock
  public static FileLock range(LockOwner owner, boolean exclusive, long first, long last) {
    return new FileLock(LockKind.RANGE, owner, exclusive, first, last);
  }

  /// A lock on the whole file.
  ///
  /// @param owner whose
  /// @param exclusive whether nobody else may have one
  /// @return the lock
  public static FileLock whole(LockOwner owner, boolean exclusive) {
    return new FileLock(LockKind.WHOLE, owner, exclusive, 0, TO_END);
  }
}
