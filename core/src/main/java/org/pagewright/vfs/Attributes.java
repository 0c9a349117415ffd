package org.pagewright.vfs;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Attributes by inode: mode, owner, times, flags, size, extended attributes. The second half of
/// what a door that holds inodes by number calls; the first is [Namespace].
///
/// ## Locks
///
///     SB_WRITE -> INODE exclusive of the one inode; reading an attribute takes it shared
public final class Attributes {
  /// Longest value of an extended attribute.
  public static final int XATTR_SIZE_MAX = 65536;

  /// The attribute that holds a file's access control list.
  public static final Name ACL_ACCESS = Name.literal("system.posix_acl_access");

  /// The attribute that holds what a directory's new entries begin with.
  public static final Name ACL_DEFAULT = Name.literal("system.posix_acl_default");

  /// What a program may do beyond its user; goes with the first change of its content or owner.
  private static final Name CAPABILITY = Name.literal("security.capability");

  private final SuperBlock superBlock;

  Attributes(SuperBlock superBlock) {
    this.superBlock = superBlock;
  }

  // ---- Access time ------------------------------------------------------------------------------

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
        || inode.isDirectory() && !superBlock.options().directoryAtimes()
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
          if (!Access.keepsSetGid(inode.gid(), who)) {
            bits &= ~FileMode.SET_GID;
          }
          PosixAcl acl = inode.accessAcl();
          if (acl == null || acl.whyUnreadable() != null) {
            setAttributes(inode, bits, null, null, null, null);
          } else {
            putAcl(inode, ACL_ACCESS, acl.withMode(bits), bits);
          }
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
            int kept = bits & ~FileMode.SET_UID & ~Access.setGidToStrip(inode, who);
            mode = kept == bits ? null : kept;
            if (mode != null) { // also a change of nothing is a change of the mode then
              Access.checkOwner(inode, who, "chown");
            }
          }
          setAttributes(inode, mode, uid == -1 ? null : uid, gid == -1 ? null : gid, null, null);
          dropCapability(inode);
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
          stripPrivileges(inode, who);
          inode.operations().setSize(inode, size);
        });
    if ((inode.flags() & InodeFlags.SYNC) != 0) {
      inode.operations().fsync(inode, 0, Long.MAX_VALUE, false);
    }
  }

  void checkSize(Inode inode, long size) throws FsException {
    if (size > superBlock.operations().fileSizeMax()) {
      throw new FsException(
          Errno.EFBIG,
          inode + ": size " + size + ", at most " + superBlock.operations().fileSizeMax());
    }
  }

  /// Takes set-id bits and capabilities away before content changes, as Linux's file_remove_privs()
  /// does: what the file may was said of what it held. INODE held exclusively, no folio locked.
  void stripPrivileges(Inode inode, Credentials who) throws FsException {
    int strip = Access.bitsToStrip(inode, who);
    if (strip != 0) {
      setAttributes(
          inode, inode.mode() & FileMode.PERMISSION_MASK & ~strip, null, null, null, null);
    }
    dropCapability(inode);
  }

  /// Removes the capabilities of a program, whoever changes it. A file that has none is asked once.
  private void dropCapability(Inode inode) throws FsException {
    if (inode.lacksCapability() || !inode.isRegular()) {
      return;
    }
    if (hasCapability(inode)) {
      inode.operations().setXattr(inode, CAPABILITY, null, XattrMode.SET);
    }
    inode.noteCapability(false);
  }

  private static boolean hasCapability(Inode inode) throws FsException {
    try {
      return inode.operations().getXattr(inode, CAPABILITY) != null;
    } catch (FsException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        return false;
      }
      throw e;
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
    checkSpace(inode, name);
    if (isAcl(name)) {
      checkKeepsAcls(inode);
    }
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

  private static final List<String> SPACES = List.of("user.", "trusted.", "security.");

  /// Throws unless an attribute's name is in a name space that Linux has.
  private static void checkSpace(Inode inode, Name name) throws FsException {
    for (String space : SPACES) {
      if (name.startsWith(space)) {
        if (name.length() == space.length()) {
          throw new FsException(Errno.EINVAL, inode + ": attribute name " + name);
        }
        return;
      }
    }
    if (!isAcl(name)) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": attribute name " + name);
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
  /// @throws FsException EEXIST, ENODATA, EACCES, EPERM, ENOSPC, E2BIG, ERANGE, EOPNOTSUPP, EROFS
  public void setXattr(Inode inode, Name name, byte[] value, XattrMode mode, Credentials who)
      throws FsException {
    if (value.length > XATTR_SIZE_MAX) {
      throw new FsException(Errno.E2BIG, "attribute of " + value.length + " bytes");
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
    checkSpace(inode, name);
    if (isAcl(name)) {
      changeAcl(inode, name, value, who);
      return;
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
          } else if (!who.privileged()) {
            throw new FsException(Errno.EPERM, inode + ": attribute " + name + " for " + who);
          }
          inode.operations().setXattr(inode, name, value, mode);
          if (name.equals(CAPABILITY)) {
            inode.noteCapability(true);
          }
        });
  }

  // ---- Access control lists ---------------------------------------------------------------------

  private static boolean isAcl(Name name) {
    return name.equals(ACL_ACCESS) || name.equals(ACL_DEFAULT);
  }

  private static void checkKeepsAcls(Inode inode) throws FsException {
    if (inode.isSymlink() || !inode.operations().keepsAcls()) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": access control list");
    }
  }

  /// Sets or removes a list. What mode bits can say alone is kept as mode bits; whether there was a
  /// list does not matter. Compare Linux's fs/posix_acl.c:set_posix_acl().
  private void changeAcl(Inode inode, Name which, byte @Nullable [] value, Credentials who)
      throws FsException {
    PosixAcl acl = value == null || value.length == 0 ? null : PosixAcl.parse(value);
    change(
        inode,
        Watcher.ATTRIBUTES,
        () -> {
          if ((inode.flags() & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + " is append-only");
          }
          checkKeepsAcls(inode);
          if (which.equals(ACL_DEFAULT)) {
            if (!inode.isDirectory()) {
              if (acl != null) {
                throw new FsException(Errno.EACCES, inode + ": default list of no directory");
              }
              return;
            }
            Access.checkOwner(inode, who, "access control list");
            putAcl(inode, which, acl, null);
            return;
          }
          Access.checkOwner(inode, who, "access control list");
          Integer mode = null;
          if (acl != null) {
            mode = inode.mode() & FileMode.PERMISSION_MASK & ~0777 | acl.modeBits();
            if (!Access.keepsSetGid(inode.gid(), who)) {
              mode &= ~FileMode.SET_GID;
            }
          }
          putAcl(inode, which, acl == null || acl.isMinimal() ? null : acl, mode);
        });
  }

  private void putAcl(Inode inode, Name which, @Nullable PosixAcl acl, @Nullable Integer mode)
      throws FsException {
    boolean access = which.equals(ACL_ACCESS);
    boolean there = (access ? inode.accessAcl() : inode.defaultAcl()) != null;
    AttributeChange change =
        new AttributeChange(mode, null, null, null, null, superBlock.now());
    if (acl == null && !there) {
      if (mode != null) {
        inode.operations().setAttributes(inode, change);
      }
      return;
    }
    inode.operations().setAcl(inode, which, acl == null ? null : acl.toBytes(), change);
    if (access) {
      inode.setAcls(acl, inode.defaultAcl());
    } else {
      inode.setAcls(inode.accessAcl(), acl);
    }
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
