package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;

/// One rename: which directories to lock in which order, and what may not be moved where.
/// [Namespace] has begun the change and checked the names. Used once, by one thread.
///
/// Compare Linux's fs/namei.c:lock_rename() and vfs_rename().
final class Rename {
  /// Deepest directory that a rename between directories looks at; deeper is a cycle on disk.
  private static final int DEPTH_MAX = 1 << 16;

  private final SuperBlock superBlock;
  private final Namespace names;
  private final Inode oldDir;
  private final Name oldName;
  private final Inode newDir;
  private final Name newName;
  private final int flags;
  private final boolean mustBeDirectory; // the source
  private final boolean swapped; // the target must be a directory, and is swapped
  private final Credentials who;

  // With references, to be let go after the locks.
  private @Nullable Inode source;
  private @Nullable Inode target;
  private @Nullable Inode whiteout;

  Rename(
      Namespace names,
      Inode oldDir,
      Name oldName,
      Inode newDir,
      Name newName,
      int flags,
      boolean mustBeDirectory,
      boolean swapped,
      Credentials who) {
    this.superBlock = names.superBlock();
    this.names = names;
    this.oldDir = oldDir;
    this.oldName = oldName;
    this.newDir = newDir;
    this.newName = newName;
    this.flags = flags;
    this.mustBeDirectory = mustBeDirectory;
    this.swapped = swapped;
    this.who = who;
  }

  /// Does it.
  ///
  /// @throws FsException see [Namespace#rename]
  void run() throws FsException {
    if (oldDir == newDir) {
      within();
    } else {
      across();
    }
  }

  private void within() throws FsException {
    oldDir.rwsem().lock();
    try {
      renameLocked(null, null);
    } finally {
      oldDir.rwsem().unlock();
      putBoth();
    }
  }

  private void putBoth() {
    names.putIfAny(source);
    names.putIfAny(target);
    names.putIfAny(whiteout);
  }

  private void across() throws FsException {
    superBlock.renameMutex().lock();
    try {
      // Under RENAME no directory gets another one above it, so what the walks find stays true.
      // oldTrap: the entry of oldDir that is newDir or above it; moving that would make a loop.
      Inode oldTrap = childTowards(oldDir, newDir);
      Inode newTrap = null;
      try {
        newTrap = oldTrap == null ? childTowards(newDir, oldDir) : null;
        boolean oldFirst =
            oldTrap != null
                || newTrap == null && Long.compareUnsigned(oldDir.ino(), newDir.ino()) < 0;
        Inode first = oldFirst ? oldDir : newDir;
        Inode second = oldFirst ? newDir : oldDir;
        first.rwsem().lock();
        try {
          second.rwsem().lock();
          try {
            renameLocked(oldTrap, newTrap);
          } finally {
            second.rwsem().unlock();
          }
        } finally {
          first.rwsem().unlock();
        }
      } finally {
        names.putIfAny(newTrap);
        names.putIfAny(oldTrap);
      }
    } finally {
      superBlock.renameMutex().unlock();
      putBoth();
    }
  }

  /// The entry of `above` on the way down to `below`; `below` itself if it lies directly there.
  ///
  /// @return with a reference; null if `above` is not above `below`
  private @Nullable Inode childTowards(Inode above, Inode below) throws FsException {
    assert Lockdep.holds(LockClass.RENAME);
    Inode at = below;
    superBlock.hold(at);
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
      if (at == superBlock.root()) {
        superBlock.iput(at);
        return null;
      }
      Inode up;
      try {
        up = names.parentOf(at);
      } catch (FsException e) {
        superBlock.iput(at);
        throw e;
      }
      if (up == above) {
        superBlock.iput(up);
        return at;
      }
      superBlock.iput(at);
      at = up;
    }
    superBlock.iput(at);
    throw new CorruptedException(
        superBlock.toString(), -1, below + ": directories above it form a loop");
  }

  private void renameLocked(@Nullable Inode oldTrap, @Nullable Inode newTrap) throws FsException {
    final boolean exchange = flags == RenameFlags.EXCHANGE;
    Inode source = this.source = names.lookupLocked(oldDir, oldName);
    if (source == null) {
      throw Namespace.absent(oldDir, oldName);
    }
    Inode target = this.target = names.lookupLocked(newDir, newName);
    if (target != null && (flags & RenameFlags.NOREPLACE) != 0) {
      throw Namespace.exists(newDir, newName);
    }
    if (target == null && exchange) {
      throw Namespace.absent(newDir, newName);
    }
    if (swapped && target != null && !target.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, newDir + "/" + newName);
    }
    if (mustBeDirectory && !source.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, oldDir + "/" + oldName);
    }
    if (source == oldTrap) {
      throw new FsException(Errno.EINVAL, "rename " + source + " to below itself");
    }
    if (target != null && target == newTrap) {
      throw new FsException(
          exchange ? Errno.EINVAL : Errno.ENOTEMPTY, "rename " + source + " over what is above it");
    }
    if (source == newDir || target == oldDir) {
      throw names.loops(source == newDir ? oldDir : newDir, source == newDir ? oldName : newName);
    }
    if (source == target) {
      return; // two names of one inode: nothing happens, as POSIX has it
    }
    Access.checkDelete(oldDir, source, who, source.isDirectory());
    if (target == null) {
      Access.checkCreate(newDir, who);
    } else {
      Access.checkDelete(
          newDir, target, who, exchange ? target.isDirectory() : source.isDirectory());
    }
    if (oldDir != newDir) { // its ".." changes: that is writing to it
      checkMovable(source);
      if (exchange && target != null) {
        checkMovable(target);
      }
    }
    Inode first = source;
    Inode second = target;
    if (target != null && lockedBefore(target, source)) {
      first = target;
      second = source;
    }
    first.rwsem().lock();
    try {
      if (second != null) {
        second.rwsem().lock();
      }
      try {
        names.forget(oldDir, oldName);
        names.forget(newDir, newName);
        Inode left = moveLocked(source, target, exchange);
        names.remember(oldDir, oldName, left == null ? InodeOperations.NO_INODE : left.ino());
        names.remember(newDir, newName, source.ino());
        if (superBlock.isWatched()) {
          tell(source, target, left);
        }
      } finally {
        if (second != null) {
          second.rwsem().unlock();
        }
      }
    } finally {
      first.rwsem().unlock();
    }
  }

  /// Has the file system do it.
  ///
  /// @return what has the old name now
  private @Nullable Inode moveLocked(Inode source, @Nullable Inode target, boolean exchange)
      throws FsException {
    InodeOperations operations = oldDir.operations();
    if ((flags & RenameFlags.WHITEOUT) != 0) {
      // No privilege is needed to make this device: it is none.
      int mode = FileType.CHARACTER_DEVICE.modeBits();
      NewNode node = Namespace.nodeFor(oldDir, mode, 0, null, who, 0);
      Inode made =
          operations.renameLeaving(oldDir, oldName, source, newDir, newName, target, node);
      whiteout = made;
      return made;
    }
    operations.rename(oldDir, oldName, source, newDir, newName, target, exchange);
    return exchange ? target : null;
  }

  private void tell(Inode source, @Nullable Inode target, @Nullable Inode left) {
    superBlock.tellRemoved(oldDir, oldName, source);
    if (target != null) {
      superBlock.tellRemoved(newDir, newName, target);
    }
    superBlock.tellAdded(newDir, newName, source);
    if (left != null) {
      superBlock.tellAdded(oldDir, oldName, left);
    }
  }

  private void checkMovable(Inode inode) throws FsException {
    if (inode.isDirectory()) {
      Access.check(inode, who, FileMode.MAY_WRITE);
    }
  }

  private static boolean lockedBefore(Inode a, Inode b) {
    if (a.isDirectory() != b.isDirectory()) {
      return a.isDirectory();
    }
    return Long.compareUnsigned(a.ino(), b.ino()) < 0;
  }
}
