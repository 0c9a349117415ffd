package org.pagewright.vfs;

/// The two kinds of lock on a file, which know nothing of each other. Both are advisory: reading
/// and writing do not look at them.
public enum LockKind {
  /// Locks on ranges of bytes, as `fcntl(F_SETLK)` sets them: an owner's ranges are cut and joined,
  /// changed from one type to the other in one step, and looked through for deadlocks.
  RANGE,

  /// Locks on the whole file, as `flock` sets them. A change of type lets go first and asks then,
  /// so that somebody else may come between, and a change that is refused has lost the lock.
  WHOLE
}
