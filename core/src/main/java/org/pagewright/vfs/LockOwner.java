package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;

/// Who holds a lock on a file, or asks for one. Locks of one owner never conflict.
///
/// Two objects are the same owner if holder and id are the same; so a door whose clients name their
/// owners by numbers makes a new object for each request and keeps no table. An owner whose holder
/// is an [OpenFile] loses its locks when that is closed; of any other the door lets go, see
/// [OpenFile#unlockAll].
public final class LockOwner {
  private final Object holder;
  private final long id;
  private final int pid;

  /// An owner.
  ///
  /// @param holder compared by identity: a door, or an open file
  /// @param id tells apart the owners of one holder
  /// @param pid the process to name to others who ask for the lock; 0 if there is none
  public LockOwner(Object holder, long id, int pid) {
    this.holder = holder;
    this.id = id;
    this.pid = pid;
  }

  /// Compared by identity.
  ///
  /// @return never null
  public Object holder() {
    return holder;
  }

  /// Tells apart the owners of one holder.
  ///
  /// @return any number
  public long id() {
    return id;
  }

  /// The process to name to others.
  ///
  /// @return 0 if there is none
  public int pid() {
    return pid;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LockOwner that && that.holder == holder && that.id == id;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(holder) * 31 + Long.hashCode(id);
  }

  @Override
  public String toString() {
    return "lock owner " + Long.toHexString(id) + " of process " + pid;
  }
}
