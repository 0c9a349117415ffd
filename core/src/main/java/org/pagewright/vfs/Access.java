package org.pagewright.vfs;

import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Who may do what: the permission checks of POSIX, by mode bits and access control lists.
///
/// A list is asked only if the group bits, which are its mask, let anybody do anything. Compare
/// Linux's fs/namei.c:generic_permission(), acl_permission_check() and may_delete().
final class Access {
  private Access() {}

  /// Throws unless the caller may do all of what `mask` says.
  ///
  /// @param mask MAY_READ, MAY_WRITE, MAY_EXECUTE of FileMode
  /// @throws FsException EACCES; EPERM to write what is immutable
  static void check(Inode inode, Credentials who, int mask) throws FsException {
    if ((mask & FileMode.MAY_WRITE) != 0 && (inode.flags() & InodeFlags.IMMUTABLE) != 0) {
      throw new FsException(Errno.EPERM, inode + " is immutable");
    }
    if (!permits(inode, who, mask)) {
      throw new FsException(Errno.EACCES, inode + " (" + describe(inode) + ") for " + who);
    }
  }

  static String describe(Inode inode) {
    return FileMode.toText(inode.mode())
        + " "
        + Integer.toUnsignedString(inode.uid())
        + ":"
        + Integer.toUnsignedString(inode.gid());
  }

  static boolean permits(Inode inode, Credentials who, int mask) {
    int mode = inode.mode();
    if (who.privileged()) {
      return (mask & FileMode.MAY_EXECUTE) == 0
          || FileMode.isDirectory(mode)
          || (mode & FileMode.ANY_EXECUTE) != 0;
    }
    if (who.uid() == inode.uid()) {
      return (mode >> 6 & mask) == mask;
    }
    PosixAcl acl = inode.accessAcl();
    if (acl != null && (mode & FileMode.GROUP_MASK) != 0) {
      return acl.whyUnreadable() == null && acl.permits(who, inode.uid(), inode.gid(), mask);
    }
    int shift = who.inGroup(inode.gid()) ? 3 : 0;
    return (mode >> shift & mask) == mask;
  }

  /// Throws unless the caller owns the inode or is privileged.
  ///
  /// @throws FsException EPERM
  static void checkOwner(Inode inode, Credentials who, String what) throws FsException {
    if (!who.privileged() && who.uid() != inode.uid()) {
      throw new FsException(Errno.EPERM, what + " of " + inode + " for " + who);
    }
  }

  /// Throws unless the caller may make an entry in a directory. INODE of the directory is held.
  ///
  /// @throws FsException ENOENT if it was removed; EACCES, EPERM
  static void checkCreate(Inode dir, Credentials who) throws FsException {
    if (dir.nlink() == 0) {
      throw new FsException(Errno.ENOENT, dir + " was removed");
    }
    check(dir, who, FileMode.MAY_WRITE | FileMode.MAY_EXECUTE);
  }

  /// Throws unless the caller may remove an entry. INODE of the directory is held.
  ///
  /// @param asDirectory whether a directory is expected there
  /// @throws FsException ENOTDIR, EISDIR; EACCES, EPERM; EBUSY for the root
  static void checkDelete(Inode dir, Inode victim, Credentials who, boolean asDirectory)
      throws FsException {
    check(dir, who, FileMode.MAY_WRITE | FileMode.MAY_EXECUTE);
    if ((dir.flags() & InodeFlags.APPEND) != 0) {
      throw new FsException(Errno.EPERM, dir + " is append-only");
    }
    boolean sticky = (dir.mode() & FileMode.STICKY) != 0;
    if (sticky && !who.privileged() && who.uid() != victim.uid() && who.uid() != dir.uid()) {
      throw new FsException(Errno.EPERM, victim + " in sticky " + dir + " for " + who);
    }
    if ((victim.flags() & (InodeFlags.IMMUTABLE | InodeFlags.APPEND)) != 0) {
      throw new FsException(Errno.EPERM, victim + " is immutable or append-only");
    }
    if (asDirectory && !victim.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, victim.toString());
    }
    if (!asDirectory && victim.isDirectory()) {
      throw new FsException(Errno.EISDIR, victim.toString());
    }
    if (asDirectory && victim.ino() == victim.superBlock().operations().rootIno()) {
      throw new FsException(Errno.EBUSY, victim + " is the root");
    }
  }

  /// Mode bits that a change of content takes away from a regular file (R-F9 spirit: done before
  /// the copy loop, with no folio locked).
  ///
  /// @return the bits to clear, 0 for most files
  static int bitsToStrip(Inode inode, Credentials who) {
    int mode = inode.mode();
    if (who.privileged() || (mode & (FileMode.SET_UID | FileMode.SET_GID)) == 0) {
      return 0;
    }
    return mode & FileMode.SET_UID | setGidToStrip(inode, who);
  }

  /// Without group execution, the set-group-id bit once meant mandatory locking: it stays for those
  /// in the group. Compare Linux's fs/attr.c:setattr_should_drop_sgid().
  static int setGidToStrip(Inode inode, Credentials who) {
    int mode = inode.mode();
    boolean program = (mode & FileMode.GROUP_EXECUTE) != 0;
    return program || !keepsSetGid(inode.gid(), who) ? mode & FileMode.SET_GID : 0;
  }

  /// Whether the caller may have the set-group-id bit on something of a group.
  static boolean keepsSetGid(int gid, Credentials who) {
    return who.privileged() || who.inGroup(gid);
  }
}
