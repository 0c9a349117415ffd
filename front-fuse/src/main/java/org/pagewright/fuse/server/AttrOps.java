package org.pagewright.fuse.server;

import java.time.DateTimeException;
import java.time.Instant;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.Volume;

/// Requests about attributes, of a node and of the volume.
final class AttrOps {
  private static final int FATTR_MODE = 1;
  private static final int FATTR_UID = 1 << 1;
  private static final int FATTR_GID = 1 << 2;
  private static final int FATTR_SIZE = 1 << 3;
  private static final int FATTR_ATIME = 1 << 4;
  private static final int FATTR_MTIME = 1 << 5;
  private static final int FATTR_ATIME_NOW = 1 << 7;
  private static final int FATTR_MTIME_NOW = 1 << 8;
  private static final int FATTR_KILL_SUIDGID = 1 << 11;

  private static final int FS_IOC_GETFLAGS = 0x80086601;
  private static final int FS_IOC_SETFLAGS = 0x40086602;
  private static final int FS_IOC_GETVERSION = 0x80087601;
  private static final int FS_IOC_FSGETXATTR = 0x801c581f;
  private static final int FS_IOC_FSSETXATTR = 0x401c5820;

  /// The first version whose kernels have all looked whether the caller may set flags.
  private static final int KERNEL_CHECKS_FLAGS = 34;

  /// `struct fsxattr`: flags, extent size, number of extents, project, and more.
  private static final int FSXATTR_BYTES = 28;

  private static final int FSXATTR_PROJECT = 12;

  /// Flags of an inode, and the same in `struct fsxattr`.
  private static final int[][] XFLAGS = {
    {InodeFlags.IMMUTABLE, 0x8},
    {InodeFlags.APPEND, 0x10},
    {InodeFlags.SYNC, 0x20},
    {InodeFlags.NOATIME, 0x40},
    {0x40, 0x80}, // not to be dumped
    {0x2000_0000, 0x200}, // hands its project on
    {0x200_0000, 0x8000}, // direct access
  };

  private final Services s;
  private final FileOps files;
  private final Coherence coherence;

  AttrOps(Services services, FileOps files, Coherence coherence) {
    this.s = services;
    this.files = files;
    this.coherence = coherence;
  }

  void getattr(Context c) throws FsException {
    Inode inode = s.inode(c);
    try {
      s.putAttr(c.reply, inode);
    } finally {
      s.put(inode);
    }
  }

  void statx(Context c) throws FsException {
    Inode inode = s.inode(c);
    try {
      s.putStatx(c.reply, inode);
    } finally {
      s.put(inode);
    }
  }

  void setattr(Context c) throws FsException {
    Request r = c.request;
    int valid = r.intAt(Wire.SetattrIn.VALID);
    Inode inode = s.inode(c);
    try {
      Credentials who = c.who();
      if ((valid & (FATTR_UID | FATTR_GID)) != 0) {
        chown(inode, r, valid, who);
      }
      if ((valid & FATTR_MODE) != 0) {
        s.attributes.chmod(inode, r.intAt(Wire.SetattrIn.MODE) & 07777, who);
      }
      if ((valid & FATTR_SIZE) != 0) {
        files.dropPrivileges(inode, (valid & FATTR_KILL_SUIDGID) != 0);
        s.attributes.truncate(inode, r.longAt(Wire.SetattrIn.SIZE), who);
      }
      Instant atime =
          time(
              r, valid, FATTR_ATIME, FATTR_ATIME_NOW, Wire.SetattrIn.ATIME,
              Wire.SetattrIn.ATIMENSEC);
      Instant mtime =
          time(
              r, valid, FATTR_MTIME, FATTR_MTIME_NOW, Wire.SetattrIn.MTIME,
              Wire.SetattrIn.MTIMENSEC);
      s.attributes.utimens(inode, atime, mtime, who);
      if (s.options.sync()) {
        inode.operations().fsync(inode, 0, Long.MAX_VALUE, false);
      }
      s.putAttr(c.reply, inode);
    } finally {
      s.put(inode);
    }
  }

  /// An owner that the mount shows and the volume does not have cannot be changed.
  private void chown(Inode inode, Request r, int valid, Credentials who) throws FsException {
    int uid = (valid & FATTR_UID) != 0 ? r.intAt(Wire.SetattrIn.UID) : -1;
    int gid = (valid & FATTR_GID) != 0 ? r.intAt(Wire.SetattrIn.GID) : -1;
    if (s.options.uid() != -1 && uid != -1) {
      checkSame(inode, uid, s.options.uid());
      uid = -1;
    }
    if (s.options.gid() != -1 && gid != -1) {
      checkSame(inode, gid, s.options.gid());
      gid = -1;
    }
    files.dropPrivileges(inode, false);
    s.attributes.chown(inode, uid, gid, who);
  }

  private static void checkSame(Inode inode, int wanted, int shown) throws FsException {
    if (wanted != shown) {
      throw new FsException(Errno.EPERM, "chown of " + inode + ", mounted with uid= or gid=");
    }
  }

  private static Instant time(
      Request r, int valid, int given, int now, int seconds, int nanos) throws FsException {
    if ((valid & now) != 0) {
      return Volume.NOW;
    }
    if ((valid & given) == 0) {
      return Volume.OMIT;
    }
    int nano = r.intAt(nanos);
    if (nano < 0 || nano > 999_999_999) {
      throw new FsException(Errno.EINVAL, "time with " + nano + " nanoseconds");
    }
    try {
      return Instant.ofEpochSecond(r.longAt(seconds), nano);
    } catch (DateTimeException e) {
      throw new FsException(Errno.EINVAL, "time out of range");
    }
  }

  void statfs(Context c) throws FsException {
    StatFs fs = s.superBlock.statfs();
    int at = c.reply.add(Wire.StatfsOut.BYTES);
    c.reply.putLong(at + Wire.StatfsOut.BLOCKS, fs.blocks());
    c.reply.putLong(at + Wire.StatfsOut.BFREE, fs.blocksFree());
    c.reply.putLong(at + Wire.StatfsOut.BAVAIL, fs.blocksAvailable());
    c.reply.putLong(at + Wire.StatfsOut.FILES, fs.files());
    c.reply.putLong(at + Wire.StatfsOut.FFREE, fs.filesFree());
    c.reply.putInt(at + Wire.StatfsOut.BSIZE, fs.blockSize());
    c.reply.putInt(at + Wire.StatfsOut.FRSIZE, fs.blockSize());
    c.reply.putInt(at + Wire.StatfsOut.NAMELEN, fs.nameLengthMax());
  }

  /// The flags that `lsattr` shows and `chattr` sets, in both of their forms, and the generation.
  /// The kernel asks for the second form before it has a flag of the first one set.
  ///
  /// @param minor the protocol's version: an old kernel asks nobody for his rights before it passes
  ///     a request on, and what the caller is capable of is not in it
  void ioctl(Context c, int minor) throws FsException {
    Request r = c.request;
    int command = r.intAt(Wire.IoctlIn.CMD);
    Inode inode = s.handles.get(r.longAt(Wire.IoctlIn.FH)).file.inode();
    if (minor < KERNEL_CHECKS_FLAGS
        && (command == FS_IOC_SETFLAGS || command == FS_IOC_FSSETXATTR)) {
      throw new FsException(
          Errno.ENOTTY, inode + ": flags can be set through a mount from Linux 5.14 on");
    }
    int result = 0;
    int room = r.intAt(Wire.IoctlIn.OUT_SIZE);
    switch (command) {
      case FS_IOC_GETFLAGS -> result = inode.flags();
      case FS_IOC_GETVERSION -> result = inode.generation();
      case FS_IOC_SETFLAGS -> {
        setFlags(c, inode, r.intAt(Wire.IoctlIn.BYTES));
        room = 0;
      }
      case FS_IOC_FSGETXATTR -> {
        c.reply.add(Wire.IoctlOut.BYTES);
        c.reply.putInt(c.reply.add(FSXATTR_BYTES), xflagsOf(inode.flags()));
        return;
      }
      case FS_IOC_FSSETXATTR -> {
        int xflags = r.intAt(Wire.IoctlIn.BYTES);
        if (r.intAt(Wire.IoctlIn.BYTES + FSXATTR_PROJECT) != 0) {
          throw new FsException(Errno.EOPNOTSUPP, inode + ": project");
        }
        setFlags(c, inode, flagsOf(inode, xflags));
        room = 0;
      }
      default ->
          throw new FsException(
              Errno.ENOTTY, inode + ": ioctl 0x" + Integer.toHexString(command));
    }
    c.reply.add(Wire.IoctlOut.BYTES);
    if (room >= 4) {
      // The numbers of these requests speak of a long; who asks has room for an int.
      c.reply.putInt(c.reply.add(4), result);
    }
  }

  /// The kernel does not know that this changes the time of the last change.
  private void setFlags(Context c, Inode inode, int flags) throws FsException {
    s.attributes.setFlags(inode, flags, c.who());
    coherence.forgetAttributes(inode);
  }

  private static int xflagsOf(int flags) {
    int xflags = 0;
    for (int[] pair : XFLAGS) {
      xflags |= (flags & pair[0]) != 0 ? pair[1] : 0;
    }
    return xflags;
  }

  /// The flags of an inode with those changed that the other form has.
  private static int flagsOf(Inode inode, int xflags) throws FsException {
    int flags = inode.flags();
    int rest = xflags;
    for (int[] pair : XFLAGS) {
      flags = (xflags & pair[1]) != 0 ? flags | pair[0] : flags & ~pair[0];
      rest &= ~pair[1];
    }
    if (rest != 0) {
      throw new FsException(
          Errno.EOPNOTSUPP, inode + ": attributes 0x" + Integer.toHexString(rest));
    }
    return flags;
  }
}
