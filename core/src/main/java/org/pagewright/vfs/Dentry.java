package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;

/// What one name in one directory is known to mean: an inode number, or nothing.
///
/// It holds no inode, only its number; who finds it gets the inode from the cache and then looks
/// whether the dentry is still alive. See [DentryCache] for why that is enough.
final class Dentry {
  final long dirId; // Inode.cacheId of the directory
  final Name name;
  final long ino; // InodeOperations.NO_INODE: known to be absent

  /// Set for ever when the name stops meaning this. Written under the table's lock, read without.
  volatile boolean dead;

  // Guarded by DentryCache.lock.
  boolean referenced; // found since the clock hand last passed
  @Nullable Dentry hashNext;
  Dentry lruPrev = this;
  Dentry lruNext = this;

  Dentry(long dirId, Name name, long ino) {
    this.dirId = dirId;
    this.name = name;
    this.ino = ino;
  }

  @Override
  public String toString() {
    return name + "=" + ino;
  }
}
