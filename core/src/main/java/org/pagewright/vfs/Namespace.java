package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;

/// Names by inode: what a door that holds inodes by number (FUSE, NFS) calls, and what [Volume]
/// calls at the end of a path walk. Checks rights, takes the locks, keeps the table of names true,
/// and lets the file system do the work. Attributes are in [Attributes].
///
/// ## Locks
///
///     SB_WRITE -> RENAME (only if directories differ) -> INODE of directories, ancestor first
///              -> INODE of what is linked, removed or moved: directories first, then by number
///
/// References are given back after the locks, because the last one of an inode without names frees
/// it. Compare Linux's fs/namei.c:vfs_rename() and Documentation/filesystems/directory-locking.
public final class Namespace {
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
  @Nullable Inode lookupLocked(Inode dir, Name name) throws FsException {
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
  CorruptedException loops(Inode dir, Name name) {
    return new CorruptedException(
        superBlock.toString(), -1, dir + ": entry `" + name + "` leads back to its own path");
  }

  void remember(Inode dir, Name name, long ino) {
    if (superBlock.operations().cachesNames()) {
      superBlock.dentries().put(dir.cacheId(), name, ino);
    }
  }

  /// To be called before a name changes: should the change fail in its middle, the directory is
  /// asked again. INODE is held exclusively, so nobody remembers the old meaning meanwhile.
  void forget(Inode dir, Name name) {
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
    Inode made;
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
        made = dir.operations().create(dir, name, node);
        remember(dir, name, made.ino());
        superBlock.tellAdded(dir, name, made);
      } finally {
        dir.rwsem().unlock();
      }
    } finally {
      putIfAny(existing);
      superBlock.endWrite();
    }
    boolean durable = false;
    try {
      syncIfAsked(dir);
      durable = true;
      return made;
    } finally {
      if (!durable) {
        superBlock.iput(made);
      }
    }
  }

  /// Makes a change of names durable if the directory asks for that. No lock is held.
  private static void syncIfAsked(Inode dir) throws FsException {
    if ((dir.flags() & (InodeFlags.SYNC | InodeFlags.DIRSYNC)) != 0) {
      dir.operations().fsync(dir, 0, Long.MAX_VALUE, false);
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

  static FsException exists(Inode dir, Name name) {
    return new FsException(Errno.EEXIST, dir + "/" + name);
  }

  static FsException absent(Inode dir, Name name) {
    return new FsException(Errno.ENOENT, dir + "/" + name);
  }

  void putIfAny(@Nullable Inode inode) {
    if (inode != null) {
      superBlock.iput(inode);
    }
  }

  /// Owner, group, mode and access control lists of a new inode: a directory with the set-group-id
  /// bit hands down its group, and the bit itself to directories; one with a default list hands
  /// that down in place of the umask.
  static NewNode nodeFor(
      Inode dir, int mode, long rdev, byte @Nullable [] target, Credentials who, int umask)
      throws FsException {
    boolean directory = FileMode.isDirectory(mode);
    boolean symlink = FileMode.isSymlink(mode);
    int bits = symlink ? 0777 : mode & FileMode.PERMISSION_MASK;
    if (directory) {
      bits &= ~(FileMode.SET_UID | FileMode.SET_GID); // mkdir takes none
    }
    int gid = who.gid();
    if ((dir.mode() & FileMode.SET_GID) != 0) {
      gid = dir.gid();
      int program = FileMode.SET_GID | FileMode.GROUP_EXECUTE;
      if (directory) {
        bits |= FileMode.SET_GID;
      } else if ((bits & program) == program && !symlink && !Access.keepsSetGid(gid, who)) {
        bits &= ~FileMode.SET_GID;
      }
    }
    int type = mode & FileMode.TYPE_MASK;
    PosixAcl inherited = symlink ? null : dir.defaultAcl();
    if (inherited == null) {
      int left = symlink ? bits : bits & ~umask;
      return new NewNode(type | left, who.uid(), gid, rdev, target);
    }
    Errno unreadable = inherited.whyUnreadable();
    if (unreadable != null) {
      throw new FsException(unreadable, dir + ": its default access control list");
    }
    PosixAcl acl = inherited.inherited(bits);
    return new NewNode(
        type | bits & ~0777 | acl.modeBits(),
        who.uid(),
        gid,
        rdev,
        target,
        acl.isMinimal() ? null : acl.toBytes(),
        directory ? inherited.toBytes() : null);
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
        NewNode node = nodeFor(dir, typed, 0, null, who, umask);
        Inode made = dir.operations().tmpfile(dir, node);
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
    syncIfAsked(dir);
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
    syncIfAsked(dir);
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
    rename(oldDir, oldName, newDir, newName, flags, mustBeDirectory, false, who);
  }

  /// The same.
  ///
  /// @param swapped with EXCHANGE: the target has to be a directory
  void rename(
      Inode oldDir,
      Name oldName,
      Inode newDir,
      Name newName,
      int flags,
      boolean mustBeDirectory,
      boolean swapped,
      Credentials who)
      throws FsException {
    checkDirectory(oldDir);
    checkDirectory(newDir);
    checkLength(oldName);
    checkLength(newName);
    int known = RenameFlags.NOREPLACE | RenameFlags.EXCHANGE | RenameFlags.WHITEOUT;
    if ((flags & ~known) != 0
        || (flags & RenameFlags.EXCHANGE) != 0 && flags != RenameFlags.EXCHANGE) {
      throw new FsException(Errno.EINVAL, "rename with flags " + flags);
    }
    if (oldName.isDots() || newName.isDots()) {
      throw new FsException(
          (flags & RenameFlags.NOREPLACE) != 0 && newName.isDots() ? Errno.EEXIST : Errno.EBUSY,
          "rename " + oldName + " to " + newName);
    }
    superBlock.startWrite();
    try {
      new Rename(
              this, oldDir, oldName, newDir, newName, flags, mustBeDirectory, swapped, who)
          .run();
    } finally {
      superBlock.endWrite();
    }
    syncIfAsked(newDir);
    if (oldDir != newDir) {
      syncIfAsked(oldDir);
    }
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
    superBlock.attributes().touchAtime(link);
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
    superBlock.attributes().touchAtime(dir);
  }
}
