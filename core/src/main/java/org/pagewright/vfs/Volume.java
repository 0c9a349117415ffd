package org.pagewright.vfs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// What a user starts from: the files of one volume by path, with the meaning that POSIX gives each
/// call.
///
/// A path is text whose bytes are UTF-8; see [Name] for bytes that are not. It may begin with a
/// slash or not: a path begins at the root, or, for a view made with [#at(OpenFile)], at that
/// directory. Every call may be made by any thread, may sleep, and throws [FsException] with EIO
/// once the volume is closed or shut down.
///
/// Who asks is part of the view: [#as(Credentials)], [#withUmask(int)]. The first view is root's,
/// with a umask of 022.
public final class Volume implements AutoCloseable {
  /// For [#utimens]: the present.
  public static final Instant NOW = Instant.MAX;

  /// For [#utimens]: leave it.
  public static final Instant OMIT = Instant.MIN;

  /// How often creating a file may find that another thread was faster before it gives up.
  private static final int RACES_MAX = 100;

  private final SuperBlock superBlock;
  private final Namespace namespace;
  private final Attributes attributes;
  private final Inode start;
  private final Credentials who;
  private final int umask;

  private Volume(SuperBlock superBlock, Inode start, Credentials who, int umask) {
    this.superBlock = superBlock;
    this.namespace = superBlock.namespace();
    this.attributes = superBlock.attributes();
    this.start = start;
    this.who = who;
    this.umask = umask;
  }

  /// A volume as root sees it.
  ///
  /// @param superBlock the mounted volume, which the returned object closes
  /// @return a view that begins at the root
  public static Volume of(SuperBlock superBlock) {
    return new Volume(superBlock, superBlock.root(), Credentials.ROOT, 022);
  }

  /// The same files for somebody else.
  ///
  /// @param who whose rights are checked, and who owns new files
  /// @return another view
  public Volume as(Credentials who) {
    return new Volume(superBlock, start, who, umask);
  }

  /// The same files with another umask.
  ///
  /// @param umask permission bits that new files do not get
  /// @return another view
  public Volume withUmask(int umask) {
    return new Volume(superBlock, start, who, umask & 0777);
  }

  /// The same files, with paths that do not begin with a slash beginning at a directory: what
  /// `openat` and its kin do.
  ///
  /// @param directory stays open as long as the view is used
  /// @return another view
  /// @throws FsException ENOTDIR, EBADF
  public Volume at(OpenFile directory) throws FsException {
    Inode inode = directory.inode();
    if (!inode.isDirectory()) {
      throw new FsException(Errno.ENOTDIR, inode.toString());
    }
    return new Volume(superBlock, inode, who, umask);
  }

  /// The mounted volume below.
  ///
  /// @return never null
  public SuperBlock superBlock() {
    return superBlock;
  }

  private PathWalk walk(String path) throws FsException {
    return new PathWalk(namespace, start, Name.bytesOf(path), who);
  }

  /// What is done with an inode that a path leads to.
  private interface Use<T extends @Nullable Object> {
    T of(Inode inode) throws FsException;
  }

  private <T extends @Nullable Object> T with(String path, boolean followLast, Use<T> use)
      throws FsException {
    try (PathWalk walk = walk(path)) {
      Inode inode = walk.resolve(followLast);
      try {
        return use.of(inode);
      } finally {
        superBlock.iput(inode);
      }
    }
  }

  // ---- Open -------------------------------------------------------------------------------------

  /// Opens a file or directory, making it if asked to.
  ///
  /// @param path the file
  /// @param flags see [OpenFlags]
  /// @param mode permissions of a new file, before the umask
  /// @return close it
  /// @throws FsException ENOENT, EEXIST, EISDIR, ENOTDIR, ELOOP, EACCES, EPERM, EROFS, ENOSPC,
  ///     ENFILE, ENXIO for devices, pipes and sockets, ENAMETOOLONG, EINVAL, EIO, EUCLEAN
  public OpenFile open(String path, int flags, int mode) throws FsException {
    OpenFile.checkFlags(flags);
    try (PathWalk walk = walk(path)) {
      if ((flags & OpenFlags.TMPFILE) == OpenFlags.TMPFILE) {
        Inode dir = walk.resolve(true);
        try {
          boolean linkable = (flags & OpenFlags.EXCL) == 0;
          return OpenFile.created(namespace.tmpfile(dir, mode, linkable, who, umask), flags, who);
        } finally {
          superBlock.iput(dir);
        }
      }
      if ((flags & OpenFlags.CREAT) != 0) {
        return openOrCreate(walk, flags, mode);
      }
      Inode inode = walk.resolve((flags & OpenFlags.NOFOLLOW) == 0);
      return OpenFile.open(inode, flags, who);
    }
  }

  private OpenFile openOrCreate(PathWalk walk, int flags, int mode) throws FsException {
    walk.toLast();
    for (int race = 0; ; race++) {
      if (walk.lastKind() != PathWalk.Last.NAME && (flags & OpenFlags.EXCL) != 0) {
        throw walk.error(Errno.EEXIST);
      }
      if (walk.lastKind() != PathWalk.Last.NAME || walk.mustBeDirectory()) {
        throw walk.error(Errno.EISDIR);
      }
      Inode found = walk.lookupLast();
      if (found == null) {
        try {
          int typed = FileType.REGULAR.modeBits() | mode & FileMode.PERMISSION_MASK;
          Inode made = namespace.create(walk.dir(), walk.last(), typed, 0, null, who, umask);
          return OpenFile.created(made, flags, who);
        } catch (FsException e) {
          // Somebody made it after we looked: that is the file to open, unless it was to be new.
          if (e.errno() != Errno.EEXIST || (flags & OpenFlags.EXCL) != 0 || race > RACES_MAX) {
            throw e;
          }
        }
      } else if ((flags & OpenFlags.EXCL) != 0) {
        superBlock.iput(found);
        throw walk.error(Errno.EEXIST);
      } else if (found.isSymlink() && (flags & OpenFlags.NOFOLLOW) == 0) {
        walk.follow(found);
        walk.toLast();
      } else {
        return OpenFile.open(found, flags, who);
      }
    }
  }

  /// Opens a directory for reading its entries.
  ///
  /// @param path the directory
  /// @return close it
  /// @throws FsException as [#open]; ENOTDIR
  public OpenFile openDir(String path) throws FsException {
    return open(path, OpenFlags.RDONLY | OpenFlags.DIRECTORY, 0);
  }

  /// All entries of a directory, without `.` and `..`, in the order the file system gives them.
  ///
  /// @param path the directory
  /// @return a new list
  /// @throws FsException as [#openDir]
  public List<DirEntry> list(String path) throws FsException {
    List<DirEntry> entries = new ArrayList<>();
    try (OpenFile dir = openDir(path)) {
      dir.readDir(
          0,
          (name, ino, type, nextCookie) -> {
            entries.add(new DirEntry(name, ino, type, nextCookie));
            return true;
          });
    }
    return entries;
  }

  // ---- Names ------------------------------------------------------------------------------------

  /// Makes a directory.
  ///
  /// @param path the new directory; a slash may be at the end
  /// @param mode permissions before the umask
  /// @throws FsException EEXIST, ENOENT, ENOTDIR, EACCES, ENOSPC, EMLINK, EROFS, ENAMETOOLONG, EIO
  public void mkdir(String path, int mode) throws FsException {
    make(path, FileType.DIRECTORY.modeBits() | mode & FileMode.PERMISSION_MASK, 0, null);
  }

  /// Makes a regular file, pipe, socket name or device node.
  ///
  /// @param path the new node
  /// @param mode type and permissions before the umask; no directory, no link
  /// @param rdev device number of a device, see [DeviceNumber]; else 0
  /// @throws FsException as [#mkdir]; EPERM for a device without privilege, EINVAL for another type
  public void mknod(String path, int mode, long rdev) throws FsException {
    if (FileMode.isDirectory(mode) || FileMode.isSymlink(mode)) {
      throw new FsException(
          FileMode.isDirectory(mode) ? Errno.EPERM : Errno.EINVAL,
          path + ": mknod of mode 0" + Integer.toOctalString(mode));
    }
    boolean plain = (mode & FileMode.TYPE_MASK) == 0; // no type means a regular file
    make(path, plain ? mode | FileType.REGULAR.modeBits() : mode, rdev, null);
  }

  /// Makes a symbolic link.
  ///
  /// @param target what it says; need not exist
  /// @param path the new link
  /// @throws FsException as [#mkdir]; ENOENT if the target is empty
  public void symlink(String target, String path) throws FsException {
    make(path, FileType.SYMLINK.modeBits() | 0777, 0, Name.bytesOf(target));
  }

  private void make(String path, int mode, long rdev, byte @Nullable [] target)
      throws FsException {
    try (PathWalk walk = walk(path)) {
      toNewName(walk, FileMode.isDirectory(mode));
      superBlock.iput(namespace.create(walk.dir(), walk.last(), mode, rdev, target, who, umask));
    }
  }

  /// Walks to a name that is to be made: not `.`, `..` or the root, which exist, and without a
  /// slash behind it unless it becomes a directory.
  private void toNewName(PathWalk walk, boolean directory) throws FsException {
    walk.toLast();
    if (walk.lastKind() != PathWalk.Last.NAME) {
      throw walk.error(Errno.EEXIST);
    }
    if (walk.mustBeDirectory() && !directory) {
      Inode found = walk.lookupLast();
      if (found != null) {
        superBlock.iput(found);
      }
      throw walk.error(found != null ? Errno.EEXIST : Errno.ENOENT);
    }
  }

  /// Gives a file one more name. A symbolic link at the end of the old path gets the name itself.
  ///
  /// @param oldPath no directory
  /// @param newPath the new name
  /// @throws FsException as [#mkdir]; EPERM for a directory
  public void link(String oldPath, String newPath) throws FsException {
    with(
        oldPath,
        false,
        inode -> {
          linkInode(inode, newPath);
          return null;
        });
  }

  /// Gives an open file a name: one made with [OpenFlags#TMPFILE], or one more for another.
  ///
  /// @param file of this volume
  /// @param newPath the new name
  /// @throws FsException as [#link]; ENOENT if its last name was removed; EXDEV
  public void link(OpenFile file, String newPath) throws FsException {
    if (file.inode().superBlock() != superBlock) {
      throw new FsException(Errno.EXDEV, newPath);
    }
    linkInode(file.inode(), newPath);
  }

  private void linkInode(Inode inode, String newPath) throws FsException {
    try (PathWalk walk = walk(newPath)) {
      toNewName(walk, false);
      namespace.link(inode, walk.dir(), walk.last(), who);
    }
  }

  /// Removes a name of what is no directory.
  ///
  /// @param path the name; a symbolic link is removed itself
  /// @throws FsException ENOENT, EISDIR, ENOTDIR, EACCES, EPERM, EROFS, EIO
  public void unlink(String path) throws FsException {
    try (PathWalk walk = walk(path)) {
      walk.toLast();
      if (walk.lastKind() != PathWalk.Last.NAME) {
        throw walk.error(Errno.EISDIR);
      }
      namespace.unlink(walk.dir(), walk.last(), walk.mustBeDirectory(), who);
    }
  }

  /// Removes an empty directory.
  ///
  /// @param path the directory
  /// @throws FsException ENOENT, ENOTDIR, ENOTEMPTY, EINVAL for `.`, EBUSY for the root, EACCES,
  ///     EPERM, EROFS, EIO
  public void rmdir(String path) throws FsException {
    try (PathWalk walk = walk(path)) {
      walk.toLast();
      switch (walk.lastKind()) {
        case NAME -> namespace.rmdir(walk.dir(), walk.last(), who);
        case SELF -> throw walk.error(Errno.EINVAL);
        case PARENT -> throw walk.error(Errno.ENOTEMPTY);
        case ROOT -> throw walk.error(Errno.EBUSY);
      }
    }
  }

  /// Moves a name, replacing what the new name has.
  ///
  /// @param oldPath what moves; a symbolic link itself
  /// @param newPath its new name
  /// @throws FsException as [#rename(String, String, int)]
  public void rename(String oldPath, String newPath) throws FsException {
    rename(oldPath, newPath, 0);
  }

  /// Moves a name, or swaps two, in one step.
  ///
  /// @param oldPath what moves; a symbolic link itself
  /// @param newPath its new name
  /// @param flags see [RenameFlags]
  /// @throws FsException ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL for a directory moved
  ///     below itself, EBUSY, EACCES, EPERM, ENOSPC, EMLINK, EROFS, EIO
  public void rename(String oldPath, String newPath, int flags) throws FsException {
    rename(oldPath, this, newPath, flags);
  }

  /// Moves a name to where another view's path leads, in one step: what `renameat2` does.
  ///
  /// @param oldPath what moves, by this view; a symbolic link itself
  /// @param target a view of the same volume
  /// @param newPath the new name, by the target's view
  /// @param flags see [RenameFlags]
  /// @throws FsException as [#rename(String, String, int)]; EXDEV for a view of another volume
  public void rename(String oldPath, Volume target, String newPath, int flags)
      throws FsException {
    if (target.superBlock != superBlock) {
      throw new FsException(Errno.EXDEV, newPath);
    }
    try (PathWalk from = walk(oldPath);
        PathWalk to = target.walk(newPath)) {
      from.toLast();
      to.toLast();
      if (from.lastKind() != PathWalk.Last.NAME) {
        throw from.error(Errno.EBUSY);
      }
      if (to.lastKind() != PathWalk.Last.NAME) {
        throw to.error(flags == RenameFlags.NOREPLACE ? Errno.EEXIST : Errno.EBUSY);
      }
      // A slash behind the new name says so of the source, but of the target if the two swap.
      boolean swaps = flags == RenameFlags.EXCHANGE;
      boolean source = from.mustBeDirectory() || to.mustBeDirectory() && !swaps;
      boolean swapped = to.mustBeDirectory() && swaps;
      namespace.rename(
          from.dir(), from.last(), to.dir(), to.last(), flags, source, swapped, who);
    }
  }

  /// What a symbolic link says.
  ///
  /// @param path the link
  /// @return its target
  /// @throws FsException EINVAL if it is no symbolic link; as [#stat]
  public String readlink(String path) throws FsException {
    return with(path, false, inode -> Name.textOf(namespace.readlink(inode)));
  }

  // ---- Attributes -------------------------------------------------------------------------------

  /// Attributes of what a path leads to.
  ///
  /// @param path the file
  /// @return a snapshot
  /// @throws FsException ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EIO, EUCLEAN
  public Stat stat(String path) throws FsException {
    return with(path, true, Inode::stat);
  }

  /// Attributes of a name itself, which may be a symbolic link.
  ///
  /// @param path the name
  /// @return a snapshot
  /// @throws FsException as [#stat]
  public Stat lstat(String path) throws FsException {
    return with(path, false, Inode::stat);
  }

  /// Whether a path leads to something.
  ///
  /// @param path the path
  /// @return false if it, or a directory on the way, is not there
  /// @throws FsException EACCES, ELOOP, ENAMETOOLONG, EIO, EUCLEAN
  public boolean exists(String path) throws FsException {
    try {
      stat(path);
      return true;
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
        return false;
      }
      throw e;
    }
  }

  /// Throws unless the view's user may do what is asked.
  ///
  /// @param path the file
  /// @param mask bits of MAY_READ, MAY_WRITE, MAY_EXECUTE of [FileMode]; 0: that it exists
  /// @throws FsException EACCES, EROFS; as [#stat]
  public void access(String path, int mask) throws FsException {
    with(
        path,
        true,
        inode -> {
          Access.check(inode, who, mask);
          if ((mask & FileMode.MAY_WRITE) != 0 && superBlock.isReadOnly()) {
            throw new FsException(Errno.EROFS, path);
          }
          return null;
        });
  }

  /// Changes the permission bits.
  ///
  /// @param path the file; a symbolic link at the end is followed
  /// @param mode permission bits
  /// @throws FsException EPERM, EROFS; as [#stat]
  public void chmod(String path, int mode) throws FsException {
    with(
        path,
        true,
        inode -> {
          attributes.chmod(inode, mode, who);
          return null;
        });
  }

  /// Changes owner and group.
  ///
  /// @param path the file
  /// @param uid user number, -1 to leave it
  /// @param gid group number, -1 to leave it
  /// @param followLast whether a symbolic link at the end is followed
  /// @throws FsException EPERM, EROFS; as [#stat]
  public void chown(String path, int uid, int gid, boolean followLast) throws FsException {
    with(
        path,
        followLast,
        inode -> {
          attributes.chown(inode, uid, gid, who);
          return null;
        });
  }

  /// Changes access and modification time.
  ///
  /// @param path the file
  /// @param atime a time, [#NOW] or [#OMIT]
  /// @param mtime a time, [#NOW] or [#OMIT]
  /// @param followLast whether a symbolic link at the end is followed
  /// @throws FsException EPERM, EACCES, EROFS; as [#stat]
  public void utimens(String path, Instant atime, Instant mtime, boolean followLast)
      throws FsException {
    with(
        path,
        followLast,
        inode -> {
          attributes.utimens(inode, atime, mtime, who);
          return null;
        });
  }

  /// Changes the size of a regular file.
  ///
  /// @param path the file
  /// @param size bytes; new ones read as zeros
  /// @throws FsException EISDIR, EINVAL, EFBIG, EACCES, EPERM, ENOSPC, EROFS; as [#stat]
  public void truncate(String path, long size) throws FsException {
    with(
        path,
        true,
        inode -> {
          Access.check(inode, who, FileMode.MAY_WRITE);
          attributes.truncate(inode, size, who);
          return null;
        });
  }

  /// Sets the flags of [InodeFlags].
  ///
  /// @param path the file
  /// @param flags all bits
  /// @throws FsException EPERM, EOPNOTSUPP, EROFS; as [#stat]
  public void setFlags(String path, int flags) throws FsException {
    with(
        path,
        true,
        inode -> {
          attributes.setFlags(inode, flags, who);
          return null;
        });
  }

  /// The flags of [InodeFlags] and whatever else the file system keeps with them.
  ///
  /// @param path the file
  /// @return all bits
  /// @throws FsException as [#stat]
  public int flags(String path) throws FsException {
    return with(path, true, Inode::flags);
  }

  // ---- Extended attributes ----------------------------------------------------------------------

  /// Reads an extended attribute.
  ///
  /// @param path the file
  /// @param name full name such as `user.comment`
  /// @param followLast whether a symbolic link at the end is followed
  /// @return the value, or null if there is none
  /// @throws FsException EACCES, EOPNOTSUPP; as [#stat]
  public byte @Nullable [] getXattr(String path, String name, boolean followLast)
      throws FsException {
    Name attribute = Name.of(name);
    return with(path, followLast, inode -> attributes.getXattr(inode, attribute, who));
  }

  /// Makes or replaces an extended attribute.
  ///
  /// @param path the file
  /// @param name full name such as `user.comment`
  /// @param value at most 64 KiB; the file system may keep less
  /// @param mode whether it may or must be there
  /// @param followLast whether a symbolic link at the end is followed
  /// @throws FsException EEXIST, ENODATA, EACCES, EPERM, ENOSPC, ERANGE, EOPNOTSUPP, EROFS; as
  ///     [#stat]
  public void setXattr(
      String path, String name, byte[] value, XattrMode mode, boolean followLast)
      throws FsException {
    Name attribute = Name.of(name);
    with(
        path,
        followLast,
        inode -> {
          attributes.setXattr(inode, attribute, value, mode, who);
          return null;
        });
  }

  /// Removes an extended attribute.
  ///
  /// @param path the file
  /// @param name full name such as `user.comment`
  /// @param followLast whether a symbolic link at the end is followed
  /// @throws FsException ENODATA, EACCES, EPERM, EOPNOTSUPP, EROFS; as [#stat]
  public void removeXattr(String path, String name, boolean followLast) throws FsException {
    Name attribute = Name.of(name);
    with(
        path,
        followLast,
        inode -> {
          attributes.removeXattr(inode, attribute, who);
          return null;
        });
  }

  /// Names of the extended attributes.
  ///
  /// @param path the file
  /// @param followLast whether a symbolic link at the end is followed
  /// @return full names
  /// @throws FsException as [#stat]
  public List<Name> listXattrs(String path, boolean followLast) throws FsException {
    return with(path, followLast, inode -> attributes.listXattrs(inode, who));
  }

  // ---- The whole --------------------------------------------------------------------------------

  /// Space and inodes in use.
  ///
  /// @return a snapshot
  /// @throws FsException EIO
  public StatFs statfs() throws FsException {
    return superBlock.statfs();
  }

  /// Makes everything durable that was accepted before.
  ///
  /// @throws FsException EIO; what could not be written stays dirty
  public void sync() throws FsException {
    superBlock.sync();
  }

  /// Writes everything and closes the volume, for all views of it. Idempotent.
  ///
  /// @throws FsException EBUSY if files are open, EIO if something could not be written: the volume
  ///     is still open then; see [SuperBlock#close(boolean)]
  @Override
  public void close() throws FsException {
    superBlock.close(false);
  }
}
