package org.pagewright.vfs;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;

/// Names and attributes by inode: what a door that holds inodes by number (FUSE, NFS) calls, and
/// what [Volume] calls at the end of a path walk. Checks rights, takes the locks, keeps the table
/// of names true, and lets the file system do the work.
///
/// ## Locks
///
///     SB_WRITE -> RENAME (only if directories differ) -> INODE of directories, ancestor first
///              -> INODE of what is linked, removed or moved: directories first, then by number
///
/// References are given back after the locks, because the last one of an inode without names frees
/// it. Compare Linux's fs/namei.c:vfs_rename() and Documentation/filesystems/directory-locking.
public final class Namespace {
  /// Longest value of an extended attribute.
  public static final int XATTR_SIZE_MAX = 65536;

  /// Deepest directory that a rename between directories looks at; deeper is a cycle on disk.
  private static final int DEPTH_MAX = 1 << 16;

  private final SuperBlock superBlock;

  Namespace(SuperBlock superBlock) {
    this.superBlock = superBlock;
  }

  SuperBlock superBlock() {
    return superBlock;
  }

  // ---- Looking up -------------------------------------------------------------------------------

  /// Finds a name, `.` and `..` among them.
  ///
  /// @param dir a directory
  /// @param name any name
  /// @param who needs search permission
  /// @return the inode with a reference for the caller, or null
  /// @throws FsException EACCES, ENOTDIR, ENAMETOOLONG, EIO, EUCLEAN
  public @Nullable Inode lookup(Inode dir, Name name, Credentials who) throws FsException {
    checkDirectory(dir);
    Access.check(dir, who, FileMode.MAY_EXECUTE);
    if (name.isDots()) {
      if (name.length() == 2) {
        return parentOf(dir);
      }
      superBlock.hold(dir);
      return dir;
    }
    checkLength(name);
    return lookupName(dir, name);
  }

  private static void checkDirectory(Inode dir) throws FsException {
    if (!dir.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, dir.toString());
    }
  }

  private void checkLength(Name name) throws FsException {
    int max = superBlock.operations().nameLengthMax();
    if (name.length() > max) {
      throw new FsException(
          Errno.ENAMETOOLONG, "name of " + name.length() + " bytes, at most " + max);
    }
  }

  /// Finds a name that is neither `.` nor `..`; the caller has checked the rest.
  @Nullable Inode lookupName(Inode dir, Name name) throws FsException {
    superBlock.checkAlive();
    Dentry dentry;
    while ((dentry = superBlock.dentries().find(dir.cacheId(), name)) != null) {
      if (dentry.ino == InodeOperations.NO_INODE) {
        return null;
      }
      // Only what is in memory: without the directory's INODE the name may be removed and its
      // number freed, and reading it from the device would make an inode of what is none, or a
      // second one of what another thread is just making of the number.
      Inode inode = superBlock.ilookup(dentry.ino);
      if (inode == null) {
        break;
      }
      SchedulePoint.reach(SchedulePoint.Kind.READ, dentry);
      if (!dentry.dead) {
        return inode; // see DentryCache why it is the right one
      }
      superBlock.iput(inode);
    }
    dir.rwsem().lockShared();
    try {
      return lookupLocked(dir, name);
    } finally {
      dir.rwsem().unlockShared();
    }
  }

  /// Finds a name with the directory's INODE held.
  private @Nullable Inode lookupLocked(Inode dir, Name name) throws FsException {
    assert dir.rwsem().isHeldByCaller();
    // With INODE held nobody kills a dentry but the bound of the table, which frees no number.
    Dentry dentry = superBlock.dentries().find(dir.cacheId(), name);
    long ino;
    if (dentry != null) {
      ino = dentry.ino;
    } else {
      ino = dir.operations().lookup(dir, name);
      remember(dir, name, ino);
    }
    if (ino == dir.ino()) {
      throw loops(dir, name);
    }
    return ino == InodeOperations.NO_INODE ? null : superBlock.iget(ino);
  }

  /// An entry that leads to a directory that is locked already, because it leads there.
  private CorruptedException loops(Inode dir, Name name) {
    return new CorruptedException(
        superBlock.toString(), -1, dir + ": entry `" + name + "` leads back to its own path");
  }

  private void remember(Inode dir, Name name, long ino) {
    if (superBlock.operations().cachesNames()) {
      superBlock.dentries().put(dir.cacheId(), name, ino);
    }
  }

  /// To be called before a name changes: should the change fail in its middle, the directory is
  /// asked again. INODE is held exclusively, so nobody remembers the old meaning meanwhile.
  private void forget(Inode dir, Name name) {
    superBlock.dentries().kill(dir.cacheId(), name);
  }

  /// The directory above, with a reference; the root is its own.
  Inode parentOf(Inode dir) throws FsException {
    if (dir == superBlock.root()) {
      superBlock.hold(dir);
      return dir;
    }
    // While we hold INODE, the directory is not removed, so neither is the one above.
    dir.rwsem().lockShared();
    try {
      if (dir.nlink() == 0) {
        throw new FsException(Errno.ENOENT, dir + " was removed");
      }
      Inode parent = superBlock.iget(dir.operations().parent(dir));
      if (!parent.isDirectory()) {
        superBlock.iput(parent);
        throw new CorruptedException(
            superBlock.toString(), -1, dir + ": its `..` leads to " + parent + ", no directory");
      }
      return parent;
    } finally {
      dir.rwsem().unlockShared();
    }
  }

  // ---- Making -----------------------------------------------------------------------------------

  /// Makes an inode of any type and gives it a name.
  ///
  /// @param dir a directory
  /// @param name the new name
  /// @param mode type and permissions before the umask
  /// @param rdev device number for a device, else 0
  /// @param target bytes of a symbolic link, else null
  /// @param who needs write permission in the directory
  /// @param umask permission bits to leave out; ignored for symbolic links
  /// @return the inode with a reference for the caller
  /// @throws FsException EEXIST, EACCES, ENOENT if the directory was removed, ENOSPC, EROFS,
  ///     EMLINK, ENAMETOOLONG, EPERM for devices without privilege, EIO
  public Inode create(
      Inode dir,
      Name name,
      int mode,
      long rdev,
      byte @Nullable [] target,
      Credentials who,
      int umask)
      throws FsException {
    checkDirectory(dir);
    checkLength(name);
    if (name.isDots()) {
      throw exists(dir, name);
    }
    checkNode(mode, target, who);
    Inode existing = null;
    startWriteUnlessExists(dir, name);
    try {
      dir.rwsem().lock();
      try {
        existing = lookupLocked(dir, name);
        if (existing != null) {
          throw exists(dir, name);
        }
        Access.checkCreate(dir, who);
        NewNode node = nodeFor(dir, mode, rdev, target, who, umask);
        forget(dir, name);
        Inode made = dir.operations().create(dir, name, node);
        remember(dir, name, made.ino());
        superBlock.tellAdded(dir, name, made);
        return made;
      } finally {
        dir.rwsem().unlock();
      }
    } finally {
      putIfAny(existing);
      superBlock.endWrite();
    }
  }

  private static void checkNode(int mode, byte @Nullable [] target, Credentials who)
      throws FsException {
    FileType type = FileType.ofMode(mode);
    boolean device = type == FileType.CHARACTER_DEVICE || type == FileType.BLOCK_DEVICE;
    if (device && !who.privileged()) {
      throw new FsException(Errno.EPERM, "make a device for " + who);
    }
    if (type == FileType.UNKNOWN || (type == FileType.SYMLINK) != (target != null)) {
      throw new FsException(Errno.EINVAL, "make a node of mode 0" + Integer.toOctalString(mode));
    }
    if (target != null && target.length == 0) {
      throw new FsException(Errno.ENOENT, "symbolic link to nothing");
    }
    if (target != null && target.length > PathWalk.PATH_MAX) {
      throw new FsException(
          Errno.ENAMETOOLONG, "symbolic link of " + target.length + " bytes");
    }
  }

  /// Begins a change that fails with EEXIST if the name is taken, even on a read-only volume.
  private void startWriteUnlessExists(Inode dir, Name name) throws FsException {
    try {
      superBlock.startWrite();
    } catch (FsException e) {
      if (e.errno() == Errno.EROFS) {
        Inode existing = lookupName(dir, name);
        if (existing != null) {
          superBlock.iput(existing);
          throw exists(dir, name);
        }
      }
      throw e;
    }
  }

  private static FsException exists(Inode dir, Name name) {
    return new FsException(Errno.EEXIST, dir + "/" + name);
  }

  private static FsException absent(Inode dir, Name name) {
    return new FsException(Errno.ENOENT, dir + "/" + name);
  }

  private void putIfAny(@Nullable Inode inode) {
    if (inode != null) {
      superBlock.iput(inode);
    }
  }

  /// Owner, group and mode of a new inode: a directory with the set-group-id bit hands down its
  /// group, and the bit itself to directories.
  private static NewNode nodeFor(
      Inode dir, int mode, long rdev, byte @Nullable [] target, Credentials who, int umask) {
    int bits = FileMode.isSymlink(mode) ? 0777 : mode & FileMode.PERMISSION_MASK & ~umask;
    int gid = who.gid();
    if ((dir.mode() & FileMode.SET_GID) != 0) {
      gid = dir.gid();
      if (FileMode.isDirectory(mode)) {
        bits |= FileMode.SET_GID;
      } else if (!who.privileged() && !who.inGroup(gid)) {
        bits &= ~Access.setGidToStrip(bits);
      }
    }
    return new NewNode(mode & FileMode.TYPE_MASK | bits, who.uid(), gid, rdev, target);
  }

  /// Makes a regular file without a name.
  ///
  /// @param dir near which, and whose rules for new files hold
  /// @param mode permissions before the umask
  /// @param linkable whether [#link] may give it a name later
  /// @param who needs write permission in the directory
  /// @param umask permission bits to leave out
  /// @return the inode with a reference for the caller
  /// @throws FsException EACCES, ENOSPC, EROFS, EOPNOTSUPP, EIO
  public Inode tmpfile(Inode dir, int mode, boolean linkable, Credentials who, int umask)
      throws FsException {
    checkDirectory(dir);
    superBlock.startWrite();
    try {
      dir.rwsem().lock();
      try {
        Access.checkCreate(dir, who);
        int typed = mode & FileMode.PERMISSION_MASK | FileType.REGULAR.modeBits();
        Inode made = dir.operations().tmpfile(dir, nodeFor(dir, typed, 0, null, who, umask));
        assert made.nlink() == 0 : made;
        made.linkable = linkable;
        return made;
      } finally {
        dir.rwsem().unlock();
      }
    } finally {
      superBlock.endWrite();
    }
  }

  /// Gives an inode one more name.
  ///
  /// @param inode no directory
  /// @param dir a directory
  /// @param name the new name
  /// @param who needs write permission in the directory
  /// @throws FsException EEXIST, EACCES, EPERM for a directory or an immutable inode, ENOENT if the
  ///     inode has lost its last name, ENOSPC, EROFS, EMLINK, ENAMETOOLONG, EIO
  public void link(Inode inode, Inode dir, Name name, Credentials who) throws FsException {
    checkDirectory(dir);
    checkLength(name);
    if (name.isDots()) {
      throw exists(dir, name);
    }
    Inode existing = null;
    startWriteUnlessExists(dir, name);
    try {
      dir.rwsem().lock();
      try {
        existing = lookupLocked(dir, name);
        if (existing != null) {
          throw exists(dir, name);
        }
        Access.checkCreate(dir, who);
        if (inode.isDirectory()
            || (inode.flags() & (InodeFlags.IMMUTABLE | InodeFlags.APPEND)) != 0) {
          throw new FsException(Errno.EPERM, "link " + inode);
        }
        inode.rwsem().lock();
        try {
          if (inode.nlink() == 0 && !inode.linkable) {
            throw new FsException(Errno.ENOENT, inode + " has no name left");
          }
          forget(dir, name);
          dir.operations().link(dir, name, inode);
          remember(dir, name, inode.ino());
          superBlock.tellAdded(dir, name, inode);
        } finally {
          inode.rwsem().unlock();
        }
      } finally {
        dir.rwsem().unlock();
      }
    } finally {
      putIfAny(existing);
      superBlock.endWrite();
    }
  }

  // ---- Removing ---------------------------------------------------------------------------------

  /// Removes a name of what is no directory. Open files go on; the inode is freed with its last
  /// reference.
  ///
  /// @param dir a directory
  /// @param name the name
  /// @param mustBeDirectory the path had a slash at the end: always an error here, ENOTDIR
  /// @param who needs write permission in the directory
  /// @throws FsException ENOENT, EISDIR, ENOTDIR, EACCES, EPERM, EROFS, EIO
  public void unlink(Inode dir, Name name, boolean mustBeDirectory, Credentials who)
      throws FsException {
    remove(dir, name, false, mustBeDirectory, who);
  }

  /// Removes an empty directory.
  ///
  /// @param dir the directory above
  /// @param name the name
  /// @param who needs write permission in the directory above
  /// @throws FsException ENOENT, ENOTDIR, ENOTEMPTY, EINVAL for `.`, EACCES, EPERM, EBUSY, EROFS,
  ///     EIO
  public void rmdir(Inode dir, Name name, Credentials who) throws FsException {
    if (name.isDots()) {
      throw new FsException(
          name.length() == 1 ? Errno.EINVAL : Errno.ENOTEMPTY, dir + "/" + name);
    }
    remove(dir, name, true, true, who);
  }

  private void remove(
      Inode dir, Name name, boolean directory, boolean mustBeDirectory, Credentials who)
      throws FsException {
    checkDirectory(dir);
    checkLength(name);
    if (name.isDots()) {
      throw new FsException(Errno.EISDIR, dir + "/" + name);
    }
    Inode victim = null;
    superBlock.startWrite();
    try {
      dir.rwsem().lock();
      try {
        victim = lookupLocked(dir, name);
        if (victim == null) {
          throw absent(dir, name);
        }
        if (mustBeDirectory && !victim.isDirectory()) {
          throw new FsException(Errno.ENOTDIR, dir + "/" + name);
        }
        Access.checkDelete(dir, victim, who, directory);
        victim.rwsem().lock();
        try {
          forget(dir, name);
          if (directory) {
            dir.operations().rmdir(dir, name, victim);
            assert victim.nlink() == 0 : victim;
          } else {
            dir.operations().unlink(dir, name, victim);
          }
          // Before our reference goes, see DentryCache.
          remember(dir, name, InodeOperations.NO_INODE);
          superBlock.tellRemoved(dir, name, victim);
        } finally {
          victim.rwsem().unlock();
        }
      } finally {
        dir.rwsem().unlock();
      }
    } finally {
      putIfAny(victim);
      superBlock.endWrite();
    }
  }

  // ---- Renaming ---------------------------------------------------------------------------------

  /// Moves a name, replacing what the new name has, or swaps two names, in one step.
  ///
  /// @param oldDir directory of the source
  /// @param oldName its name
  /// @param newDir directory to move to
  /// @param newName the new name
  /// @param flags see [RenameFlags]
  /// @param mustBeDirectory a path had a slash at its end: the source has to be a directory
  /// @param who needs write permission in both directories
  /// @throws FsException ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL for a directory moved
  ///     below itself, EBUSY, EACCES, EPERM, ENOSPC, EMLINK, EROFS, EIO
  public void rename(
      Inode oldDir,
      Name oldName,
      Inode newDir,
      Name newName,
      int flags,
      boolean mustBeDirectory,
      Credentials who)
      throws FsException {
    checkDirectory(oldDir);
    checkDirectory(newDir);
    checkLength(oldName);
    checkLength(newName);
    if (flags != 0 && flags != RenameFlags.NOREPLACE && flags != RenameFlags.EXCHANGE) {
      throw new FsException(Errno.EINVAL, "rename with flags " + flags);
    }
    if (oldName.isDots() || newName.isDots()) {
      throw new FsException(
          flags == RenameFlags.NOREPLACE && newName.isDots() ? Errno.EEXIST : Errno.EBUSY,
          "rename " + oldName + " to " + newName);
    }
    superBlock.startWrite();
    try {
      if (oldDir == newDir) {
        renameWithin(oldDir, oldName, newName, flags, mustBeDirectory, who);
      } else {
        renameAcross(oldDir, oldName, newDir, newName, flags, mustBeDirectory, who);
      }
    } finally {
      superBlock.endWrite();
    }
  }

  private void renameWithin(
      Inode dir, Name oldName, Name newName, int flags, boolean mustBeDirectory, Credentials who)
      throws FsException {
    Pair pair = new Pair();
    dir.rwsem().lock();
    try {
      renameLocked(dir, oldName, dir, newName, flags, mustBeDirectory, null, null, pair, who);
    } finally {
      dir.rwsem().unlock();
      pair.put();
    }
  }

  /// The two inodes of a rename, to be let go after the locks.
  private final class Pair {
    private @Nullable Inode source;
    private @Nullable Inode target;

    void put() {
      putIfAny(source);
      putIfAny(target);
    }
  }

  private void renameAcross(
      Inode oldDir,
      Name oldName,
      Inode newDir,
      Name newName,
      int flags,
      boolean mustBeDirectory,
      Credentials who)
      throws FsException {
    Pair pair = new Pair();
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
            renameLocked(
                oldDir, oldName, newDir, newName, flags, mustBeDirectory, oldTrap, newTrap, pair,
                who);
          } finally {
            second.rwsem().unlock();
          }
        } finally {
          first.rwsem().unlock();
        }
      } finally {
        putIfAny(newTrap);
        putIfAny(oldTrap);
      }
    } finally {
      superBlock.renameMutex().unlock();
      pair.put();
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
        up = parentOf(at);
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

  private void renameLocked(
      Inode oldDir,
      Name oldName,
      Inode newDir,
      Name newName,
      int flags,
      boolean mustBeDirectory,
      @Nullable Inode oldTrap,
      @Nullable Inode newTrap,
      Pair pair,
      Credentials who)
      throws FsException {
    final boolean exchange = flags == RenameFlags.EXCHANGE;
    Inode source = pair.source = lookupLocked(oldDir, oldName);
    if (source == null) {
      throw absent(oldDir, oldName);
    }
    Inode target = pair.target = lookupLocked(newDir, newName);
    if (target != null && flags == RenameFlags.NOREPLACE) {
      throw exists(newDir, newName);
    }
    if (target == null && exchange) {
      throw absent(newDir, newName);
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
      throw loops(source == newDir ? oldDir : newDir, source == newDir ? oldName : newName);
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
      checkMovable(source, who);
      if (exchange && target != null) {
        checkMovable(target, who);
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
        forget(oldDir, oldName);
        forget(newDir, newName);
        oldDir
            .operations()
            .rename(oldDir, oldName, source, newDir, newName, target, exchange);
        remember(
            oldDir,
            oldName,
            exchange && target != null ? target.ino() : InodeOperations.NO_INODE);
        remember(newDir, newName, source.ino());
        if (superBlock.isWatched()) {
          tellRenamed(oldDir, oldName, source, newDir, newName, target, exchange);
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

  private void tellRenamed(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      boolean exchange) {
    superBlock.tellRemoved(oldDir, oldName, source);
    if (target != null) {
      superBlock.tellRemoved(newDir, newName, target);
    }
    superBlock.tellAdded(newDir, newName, source);
    if (exchange && target != null) {
      superBlock.tellAdded(oldDir, oldName, target);
    }
  }

  private static void checkMovable(Inode inode, Credentials who) throws FsException {
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

  // ---- Reading links and directories ------------------------------------------------------------

  /// The bytes a symbolic link holds.
  ///
  /// @param link the inode
  /// @return a path; not to be changed
  /// @throws FsException EINVAL if it is no symbolic link; EIO, EUCLEAN
  public byte[] readlink(Inode link) throws FsException {
    superBlock.checkAlive();
    if (!link.isSymlink()) {
      throw new FsException(Errno.EINVAL, link + " is no symbolic link");
    }
    byte[] body = link.operations().readlink(link);
    touchAtime(link);
    return body;
  }

  /// Gives entries of a directory to a sink until it is full or there are no more.
  ///
  /// @param dir a directory; opening it for reading was the permission check
  /// @param cookie 0 to begin, or one that the sink was given
  /// @param sink takes entries; never `.` and `..`
  /// @throws FsException ENOTDIR, EIO, EUCLEAN; ENOENT if it was removed
  public void readDir(Inode dir, long cookie, DirSink sink) throws FsException {
    superBlock.checkAlive();
    checkDirectory(dir);
    dir.rwsem().lockShared();
    try {
      if (dir.nlink() == 0) {
        throw new FsException(Errno.ENOENT, dir + " was removed");
      }
      dir.operations().readDir(dir, cookie, sink);
    } finally {
      dir.rwsem().unlockShared();
    }
    touchAtime(dir);
  }

  /// Whether a read need not think of the access time, but for the passing of a day: it is settled,
  /// or was set in this very tick of the clock. Takes no lock.
  boolean isAtimeFresh(Inode inode) {
    return inode.isAtimeSettled() || inode.atime() == superBlock.now();
  }

  /// Notes that something was read, as the mount options ask. Never fails and never waits: it is
  /// left out on a volume that is read-only or frozen.
  void touchAtime(Inode inode) {
    MountOptions.Atime policy = superBlock.options().atime();
    if (policy == MountOptions.Atime.NEVER
        || superBlock.isReadOnly()
        || (inode.flags() & InodeFlags.NOATIME) != 0) {
      inode.settleAtime();
      return;
    }
    Instant now = superBlock.now();
    Instant atime = inode.atime();
    if (atime.equals(now)) {
      return;
    }
    if (policy == MountOptions.Atime.RELATIVE
        && atime.isAfter(inode.mtime())
        && atime.isAfter(inode.ctime())
        && atime.getEpochSecond() + 86400 > now.getEpochSecond()) {
      inode.settleAtime();
      return;
    }
    try {
      if (superBlock.tryStartWrite()) {
        try {
          inode.setAtime(now);
          inode.markDirty(Inode.DIRTY_TIME);
        } finally {
          superBlock.endWrite();
        }
      }
    } catch (FsException e) {
      return; // read-only or shut down meanwhile: an access time is not worth an error
    }
  }

  // ---- Attributes -------------------------------------------------------------------------------

  /// A change of one inode under SB_WRITE and its INODE lock.
  private interface Change {
    void apply() throws FsException;
  }

  private void change(Inode inode, int what, Change change) throws FsException {
    superBlock.startWrite();
    try {
      inode.rwsem().lock();
      try {
        if ((inode.flags() & InodeFlags.IMMUTABLE) != 0) {
          throw new FsException(Errno.EPERM, inode + " is immutable");
        }
        change.apply();
        superBlock.tellChanged(inode, what);
      } finally {
        inode.rwsem().unlock();
      }
    } finally {
      superBlock.endWrite();
    }
  }

  /// Changes the permission bits. The set-group-id bit is left out if the caller is not in the
  /// file's group.
  ///
  /// @param inode the inode
  /// @param mode permission bits; others are ignored
  /// @param who the owner or privileged
  /// @throws FsException EPERM, EROFS, EIO
  public void chmod(Inode inode, int mode, Credentials who) throws FsException {
    change(
        inode,
        Watcher.ATTRIBUTES,
        () -> {
          Access.checkOwner(inode, who, "chmod");
          if ((inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + " is append-only");
          }
          int bits = mode & FileMode.PERMISSION_MASK;
          if (!who.privileged() && !who.inGroup(inode.gid())) {
            bits &= ~FileMode.SET_GID;
          }
          setAttributes(inode, bits, null, null, null, null);
        });
  }

  /// Changes owner and group; clears the set-id bits of what is no directory.
  ///
  /// @param inode the inode
  /// @param uid user number, or -1 to leave it
  /// @param gid group number, or -1 to leave it
  /// @param who privileged; the owner may choose one of its own groups
  /// @throws FsException EPERM, EROFS, EIO
  public void chown(Inode inode, int uid, int gid, Credentials who) throws FsException {
    change(
        inode,
        Watcher.ATTRIBUTES,
        () -> {
          boolean mine = who.uid() == inode.uid();
          boolean uidOk = uid == -1 || mine && uid == inode.uid();
          boolean gidOk = gid == -1 || mine && (gid == inode.gid() || who.inGroup(gid));
          if (!who.privileged() && !(uidOk && gidOk)
              || (inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, "chown of " + inode + " for " + who);
          }
          Integer mode = null;
          if (!inode.isDirectory()) {
            int bits = inode.mode() & FileMode.PERMISSION_MASK;
            int kept = bits & ~FileMode.SET_UID & ~Access.setGidToStrip(bits);
            mode = kept == bits ? null : kept;
          }
          setAttributes(inode, mode, uid == -1 ? null : uid, gid == -1 ? null : gid, null, null);
        });
  }

  /// Changes access and modification time.
  ///
  /// @param inode the inode
  /// @param atime a time, [Volume#NOW] or [Volume#OMIT]
  /// @param mtime a time, [Volume#NOW] or [Volume#OMIT]
  /// @param who the owner or privileged; for two times NOW write permission is enough
  /// @throws FsException EPERM, EACCES, EROFS, EIO
  public void utimens(Inode inode, Instant atime, Instant mtime, Credentials who)
      throws FsException {
    if (atime.equals(Volume.OMIT) && mtime.equals(Volume.OMIT)) {
      superBlock.checkAlive();
      return;
    }
    change(
        inode,
        Watcher.ATTRIBUTES,
        () -> {
          boolean bothNow = atime.equals(Volume.NOW) && mtime.equals(Volume.NOW);
          if (!bothNow && (inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + " is append-only");
          }
          if (!bothNow || who.uid() != inode.uid()) {
            if (bothNow) {
              Access.check(inode, who, FileMode.MAY_WRITE);
            } else {
              Access.checkOwner(inode, who, "set times");
            }
          }
          setAttributes(inode, null, null, null, timeOf(atime), timeOf(mtime));
        });
  }

  private @Nullable Instant timeOf(Instant wanted) {
    if (wanted.equals(Volume.OMIT)) {
      return null;
    }
    return wanted.equals(Volume.NOW)
        ? superBlock.now()
        : superBlock.operations().roundTime(wanted);
  }

  private void setAttributes(
      Inode inode,
      @Nullable Integer mode,
      @Nullable Integer uid,
      @Nullable Integer gid,
      @Nullable Instant atime,
      @Nullable Instant mtime)
      throws FsException {
    inode
        .operations()
        .setAttributes(
            inode, new AttributeChange(mode, uid, gid, atime, mtime, superBlock.now()));
  }

  /// Sets the flags of [InodeFlags].
  ///
  /// @param inode the inode
  /// @param flags all bits
  /// @param who the owner; IMMUTABLE and APPEND need privilege
  /// @throws FsException EPERM, EOPNOTSUPP, EROFS, EIO
  public void setFlags(Inode inode, int flags, Credentials who) throws FsException {
    superBlock.startWrite();
    try {
      inode.rwsem().lock();
      try {
        Access.checkOwner(inode, who, "set flags");
        int guarded = InodeFlags.IMMUTABLE | InodeFlags.APPEND;
        if (((inode.flags() ^ flags) & guarded) != 0 && !who.privileged()) {
          throw new FsException(Errno.EPERM, "set flags of " + inode + " for " + who);
        }
        inode.operations().setFlags(inode, flags);
        superBlock.tellChanged(inode, Watcher.ATTRIBUTES);
      } finally {
        inode.rwsem().unlock();
      }
    } finally {
      superBlock.endWrite();
    }
  }

  /// Changes the size of a regular file; takes the set-id bits away (R-D4, R-D5).
  ///
  /// @param inode a regular file; whoever opened it for writing, or has write permission
  /// @param size bytes
  /// @param who whose rights decide about the set-id bits
  /// @throws FsException EISDIR, EINVAL, EFBIG, EPERM, ENOSPC, EROFS, EIO
  public void truncate(Inode inode, long size, Credentials who) throws FsException {
    if (!inode.isRegular()) {
      throw new FsException(inode.isDirectory() ? Errno.EISDIR : Errno.EINVAL, inode.toString());
    }
    if (size < 0) {
      throw new FsException(Errno.EINVAL, inode + ": size " + size);
    }
    checkSize(inode, size);
    change(
        inode,
        Watcher.CONTENT,
        () -> {
          if ((inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + " is append-only");
          }
          stripSetId(inode, who);
          inode.operations().setSize(inode, size);
        });
  }

  void checkSize(Inode inode, long size) throws FsException {
    if (size > superBlock.operations().fileSizeMax()) {
      throw new FsException(
          Errno.EFBIG,
          inode + ": size " + size + ", at most " + superBlock.operations().fileSizeMax());
    }
  }

  /// Takes the set-id bits away before content changes. INODE held exclusively, no folio locked.
  void stripSetId(Inode inode, Credentials who) throws FsException {
    int strip = Access.bitsToStrip(inode, who);
    if (strip != 0) {
      setAttributes(
          inode, inode.mode() & FileMode.PERMISSION_MASK & ~strip, null, null, null, null);
    }
  }

  // ---- Extended attributes ----------------------------------------------------------------------

  /// Reads an extended attribute.
  ///
  /// @param inode the inode
  /// @param name full name such as `user.comment`
  /// @param who needs read permission for `user.`, privilege for `trusted.`
  /// @return the value, or null if there is none
  /// @throws FsException EACCES, EPERM, EOPNOTSUPP, EIO, EUCLEAN
  public byte @Nullable [] getXattr(Inode inode, Name name, Credentials who) throws FsException {
    superBlock.checkAlive();
    if (name.startsWith("trusted.") && !who.privileged()) {
      return null; // they are not there for others
    }
    if (name.startsWith("user.")) {
      if (!hasUserXattrs(inode)) {
        return null;
      }
      Access.check(inode, who, FileMode.MAY_READ);
    }
    inode.rwsem().lockShared();
    try {
      return inode.operations().getXattr(inode, name);
    } finally {
      inode.rwsem().unlockShared();
    }
  }

  private static boolean hasUserXattrs(Inode inode) {
    return inode.isRegular() || inode.isDirectory();
  }

  /// Makes or replaces an extended attribute.
  ///
  /// @param inode the inode
  /// @param name full name such as `user.comment`
  /// @param value at most [#XATTR_SIZE_MAX] bytes
  /// @param mode whether it may or must be there
  /// @param who needs write permission for `user.`, ownership for `system.`, privilege else
  /// @throws FsException EEXIST, ENODATA, EACCES, EPERM, ENOSPC, E2BIG as ERANGE, EOPNOTSUPP, EROFS
  public void setXattr(Inode inode, Name name, byte[] value, XattrMode mode, Credentials who)
      throws FsException {
    if (value.length > XATTR_SIZE_MAX) {
      throw new FsException(Errno.ERANGE, "attribute of " + value.length + " bytes");
    }
    changeXattr(inode, name, value, mode, who);
  }

  /// Removes an extended attribute.
  ///
  /// @param inode the inode
  /// @param name full name such as `user.comment`
  /// @param who as for [#setXattr]
  /// @throws FsException ENODATA, EACCES, EPERM, EOPNOTSUPP, EROFS, EIO
  public void removeXattr(Inode inode, Name name, Credentials who) throws FsException {
    changeXattr(inode, name, null, XattrMode.SET, who);
  }

  private void changeXattr(
      Inode inode, Name name, byte @Nullable [] value, XattrMode mode, Credentials who)
      throws FsException {
    if (name.length() > 255) {
      throw new FsException(Errno.ERANGE, "attribute name of " + name.length() + " bytes");
    }
    change(
        inode,
        Watcher.ATTRIBUTES,
        () -> {
          if ((inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + " is append-only");
          }
          if (name.startsWith("user.")) {
            boolean sticky =
                inode.isDirectory() && (inode.mode() & FileMode.STICKY) != 0;
            if (!hasUserXattrs(inode)
                || sticky && !who.privileged() && who.uid() != inode.uid()) {
              throw new FsException(Errno.EPERM, inode + ": attribute " + name);
            }
            Access.check(inode, who, FileMode.MAY_WRITE);
          } else if (name.startsWith("system.")) {
            Access.checkOwner(inode, who, "attribute " + name);
          } else if (!who.privileged()) {
            throw new FsException(Errno.EPERM, inode + ": attribute " + name + " for " + who);
          }
          inode.operations().setXattr(inode, name, value, mode);
        });
  }

  /// Names of the extended attributes that the caller may know of.
  ///
  /// @param inode the inode
  /// @param who sees `trusted.` only if privileged
  /// @return full names
  /// @throws FsException EIO, EUCLEAN
  public List<Name> listXattrs(Inode inode, Credentials who) throws FsException {
    superBlock.checkAlive();
    List<Name> names;
    inode.rwsem().lockShared();
    try {
      names = inode.operations().listXattrs(inode);
    } finally {
      inode.rwsem().unlockShared();
    }
    return who.privileged()
        ? names
        : names.stream().filter(name -> !name.startsWith("trusted.")).toList();
  }
}
