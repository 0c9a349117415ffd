package org.pagewright.vfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// What a file system implements so that its inodes have names, attributes and space.
///
/// The VFS has done the checks that need no disk: permissions, read-only, types, name present or
/// absent, sticky directories, immutable flags, loops. A method may sleep and may start a journal
/// handle. It changes everything or nothing, updates the times and link counts of every inode it
/// touches, and marks them dirty. No method is called with a FOLIO lock or handle held.
///
/// | method                             | SB_WRITE | INODE of dir(s) | INODE of the inode itself |
/// |------------------------------------|----------|-----------------|---------------------------|
/// | lookup, parent, readDir            | -        | shared          | -                         |
/// | create, tmpfile                    | held     | exclusive       | new, nobody else has it   |
/// | link                               | held     | exclusive       | exclusive                 |
/// | unlink, rmdir                      | held     | exclusive       | exclusive                 |
/// | rename, renameLeaving              | held     | exclusive, both | exclusive, both           |
/// | readlink                           | -        | -               | -                         |
/// | getXattr, listXattrs               | -        | -               | shared                    |
/// | setXattr, setAcl, setAttributes,   | held     | -               | exclusive                 |
/// | setFlags                           |          |                 |                           |
/// | setSize, fallocate                 | held     | -               | exclusive                 |
/// | fsync, seekData, seekHole          | -        | -               | -                         |
/// | opened, released                   | -        | -               | -                         |
///
/// An operation that a file system does not offer keeps its default, which throws EOPNOTSUPP, or
/// EPERM where that is what POSIX asks for.
public interface InodeOperations {
  /// What [#lookup] returns when there is no such name: no inode has number 0.
  long NO_INODE = 0;

  /// Finds a name in a directory.
  ///
  /// @param dir a directory
  /// @param name not `.` or `..`
  /// @return the inode number, or [#NO_INODE]
  /// @throws FsException EIO, EUCLEAN; ENAMETOOLONG
  default long lookup(Inode dir, Name name) throws FsException {
    throw new FsException(Errno.ENOTDIR, dir + ": lookup");
  }

  /// The directory above, which is the directory itself for the root.
  ///
  /// @param dir a directory
  /// @return the inode number
  /// @throws FsException EIO, EUCLEAN; ENOENT if the directory has been removed
  default long parent(Inode dir) throws FsException {
    throw new FsException(Errno.ENOTDIR, dir + ": parent");
  }

  /// Makes an inode of any type and enters it in a directory. The new inode is put into the cache
  /// with [SuperBlock#insertNew(Inode)] before anyone can find its number on disk.
  ///
  /// @param dir a directory that does not have the name
  /// @param name not `.` or `..`
  /// @param node type, mode, owner; target of a symbolic link
  /// @return the inode with one reference for the caller
  /// @throws FsException ENOSPC, EMLINK, ENAMETOOLONG, EIO, EUCLEAN
  default Inode create(Inode dir, Name name, NewNode node) throws FsException {
    throw new FsException(Errno.EPERM, dir + ": create " + name);
  }

  /// Makes a regular file without a name, which is gone after its last reference unless linked.
  ///
  /// @param dir where a file system would look for space near
  /// @param node mode and owner
  /// @return the inode with link count 0 and one reference for the caller
  /// @throws FsException ENOSPC, EIO, EUCLEAN; EOPNOTSUPP
  default Inode tmpfile(Inode dir, NewNode node) throws FsException {
    throw new FsException(Errno.EOPNOTSUPP, dir + ": file without a name");
  }

  /// Enters one more name for an inode that is no directory. Its link count may be 0 if it was made
  /// by [#tmpfile].
  ///
  /// @param dir a directory that does not have the name
  /// @param name not `.` or `..`
  /// @param inode the inode
  /// @throws FsException ENOSPC, EMLINK, ENAMETOOLONG, EIO, EUCLEAN
  default void link(Inode dir, Name name, Inode inode) throws FsException {
    throw new FsException(Errno.EPERM, dir + ": link " + name);
  }

  /// Removes a name of an inode that is no directory, and lowers its link count. The inode itself
  /// is freed when the last reference is gone: [SuperBlockOperations#evictInode(Inode)].
  ///
  /// @param dir the directory
  /// @param name its entry
  /// @param inode what the entry names
  /// @throws FsException EIO, EUCLEAN
  default void unlink(Inode dir, Name name, Inode inode) throws FsException {
    throw new FsException(Errno.EPERM, dir + ": unlink " + name);
  }

  /// Removes an empty directory and sets its link count to 0.
  ///
  /// @param dir the directory above
  /// @param name its entry
  /// @param inode the directory to remove
  /// @throws FsException ENOTEMPTY, EIO, EUCLEAN
  default void rmdir(Inode dir, Name name, Inode inode) throws FsException {
    throw new FsException(Errno.EPERM, dir + ": rmdir " + name);
  }

  /// Moves an entry, replacing what the new name has, or swaps two entries, in one step.
  ///
  /// The VFS has seen to it that a directory replaces a directory only and a file no directory,
  /// and that source and target are different inodes; the file system looks whether a directory
  /// to be replaced is empty.
  ///
  /// @param oldDir directory of the source
  /// @param oldName the source's name
  /// @param source what moves
  /// @param newDir directory to move to, perhaps the same
  /// @param newName the new name
  /// @param target what has the new name; null if nothing; not null if exchange
  /// @param exchange swap instead of replace
  /// @throws FsException ENOTEMPTY, ENOSPC, EMLINK, ENAMETOOLONG, EIO, EUCLEAN; EINVAL if the file
  ///     system cannot exchange
  default void rename(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      boolean exchange)
      throws FsException {
    throw new FsException(Errno.EPERM, oldDir + ": rename " + oldName);
  }

  /// Moves an entry, replacing what the new name has, and leaves a new inode under the old name, in
  /// one step. Locks as for [#rename]. What is left is a node without content; it is put into the
  /// cache as by [#create].
  ///
  /// @param oldDir directory of the source
  /// @param oldName the source's name, and then of what is left
  /// @param source what moves
  /// @param newDir directory to move to, perhaps the same
  /// @param newName the new name
  /// @param target what has the new name; null if nothing
  /// @param left what to leave: no directory and no symbolic link
  /// @return what was left, with one reference for the caller
  /// @throws FsException as [#rename] and [#create]; EINVAL if the file system cannot do it
  default Inode renameLeaving(
      Inode oldDir,
      Name oldName,
      Inode source,
      Inode newDir,
      Name newName,
      @Nullable Inode target,
      NewNode left)
      throws FsException {
    throw new FsException(Errno.EINVAL, oldDir + ": rename and leave " + oldName);
  }

  /// The bytes a symbolic link holds.
  ///
  /// @param link a symbolic link
  /// @return at least one byte, at most 4095; the caller does not change it
  /// @throws FsException EIO, EUCLEAN
  default byte[] readlink(Inode link) throws FsException {
    throw new FsException(Errno.EINVAL, link + ": readlink");
  }

  /// Gives a directory's entries to a sink until it is full or there are no more. `.` and `..` are
  /// not among them.
  ///
  /// A cookie stays good while the directory changes: an entry that is there all the time is given
  /// exactly once in a full pass, one that comes or goes at most once.
  ///
  /// @param dir a directory
  /// @param cookie 0 to begin, or one that the sink was given
  /// @param sink takes the entries
  /// @throws FsException EIO, EUCLEAN
  default void readDir(Inode dir, long cookie, DirSink sink) throws FsException {
    throw new FsException(Errno.ENOTDIR, dir + ": read directory");
  }

  /// Changes mode, owner and times.
  ///
  /// @param inode the inode
  /// @param change what to set
  /// @throws FsException EIO, EOVERFLOW
  default void setAttributes(Inode inode, AttributeChange change) throws FsException {
    change.applyTo(inode);
    inode.markDirty(Inode.DIRTY_SYNC);
  }

  /// Changes the size of a regular file, up or down, and the times with it (R-D4, R-D5).
  ///
  /// @param inode a regular file
  /// @param size bytes, at most [SuperBlockOperations#fileSizeMax()]
  /// @throws FsException ENOSPC, EIO, EUCLEAN
  default void setSize(Inode inode, long size) throws FsException {
    throw new FsException(Errno.EINVAL, inode + ": set size");
  }

  /// Sets the inode's flag word.
  ///
  /// @param inode the inode
  /// @param flags all bits, see [InodeFlags]
  /// @throws FsException EOPNOTSUPP if the file system keeps none of them
  default void setFlags(Inode inode, int flags) throws FsException {
    throw new FsException(Errno.EOPNOTSUPP, inode + ": flags");
  }

  /// Reads an extended attribute.
  ///
  /// @param inode the inode
  /// @param name full name such as `user.comment`
  /// @return the value, or null if there is none
  /// @throws FsException EIO, EUCLEAN; EOPNOTSUPP if the name space is not known
  default byte @Nullable [] getXattr(Inode inode, Name name) throws FsException {
    throw new FsException(Errno.EOPNOTSUPP, inode + ": attribute " + name);
  }

  /// Makes, replaces or removes an extended attribute, and sets ctime.
  ///
  /// @param inode the inode
  /// @param name full name such as `user.comment`
  /// @param value null to remove
  /// @param mode whether it may or must be there; ignored if value is null
  /// @throws FsException EEXIST or ENODATA as the mode says, ENODATA if there is none to remove;
  ///     ENOSPC, ERANGE, EIO, EUCLEAN; EOPNOTSUPP
  default void setXattr(Inode inode, Name name, byte @Nullable [] value, XattrMode mode)
      throws FsException {
    throw new FsException(Errno.EOPNOTSUPP, inode + ": attribute " + name);
  }

  /// Whether inodes other than symbolic links can have the attributes of access control lists.
  ///
  /// @return false by default
  default boolean keepsAcls() {
    return false;
  }

  /// Sets or removes the attribute of an access control list and changes the mode with it, at once
  /// if a crash can come between.
  ///
  /// @param inode the inode
  /// @param which [Attributes#ACL_ACCESS] or [Attributes#ACL_DEFAULT]
  /// @param value null to remove what is there
  /// @param change the mode, or nothing but the time
  /// @throws FsException ENOSPC, EIO, EUCLEAN
  default void setAcl(Inode inode, Name which, byte @Nullable [] value, AttributeChange change)
      throws FsException {
    setXattr(inode, which, value, XattrMode.SET);
    setAttributes(inode, change);
  }

  /// Names of all extended attributes.
  ///
  /// @param inode the inode
  /// @return full names
  /// @throws FsException EIO, EUCLEAN
  default List<Name> listXattrs(Inode inode) throws FsException {
    return List.of();
  }

  /// Changes the space behind a range. The VFS has checked the range and the size limit.
  ///
  /// @param inode a regular file
  /// @param mode see [FallocateMode]
  /// @param pos first byte
  /// @param length bytes, at least 1
  /// @throws FsException ENOSPC, EIO, EUCLEAN; EOPNOTSUPP for a mode not offered
  default void fallocate(Inode inode, int mode, long pos, long length) throws FsException {
    throw new FsException(Errno.EOPNOTSUPP, inode + ": fallocate");
  }

  /// Makes a range and the metadata needed for it durable, or all metadata (R-H9, R-H10). The
  /// default writes the range from the cache and then the inode, see
  /// [SuperBlock#genericSync(Inode, long, long, boolean)]; a file system with a journal commits.
  ///
  /// @param inode any inode
  /// @param from first byte
  /// @param to byte after the last, `Long.MAX_VALUE` for the whole file
  /// @param datasync leave out metadata that reading does not need, such as times
  /// @throws FsException EIO; errors of write-out itself are told through the mapping's ErrSeq
  default void fsync(Inode inode, long from, long to, boolean datasync) throws FsException {
    inode.superBlock().genericSync(inode, from, to, datasync);
  }

  /// The first byte at or after a position that is not in a hole.
  ///
  /// @param inode a regular file
  /// @param pos below the size
  /// @return a position; at least the size if there is none
  /// @throws FsException EIO, EUCLEAN
  default long seekData(Inode inode, long pos) throws FsException {
    return pos;
  }

  /// The first byte at or after a position that is in a hole; the end of the file counts as one.
  ///
  /// @param inode a regular file
  /// @param pos below the size
  /// @return a position, at most the size
  /// @throws FsException EIO, EUCLEAN
  default long seekHole(Inode inode, long pos) throws FsException {
    return inode.size();
  }

  /// A file was opened; for file systems that hold something per open file.
  ///
  /// @param inode the inode, with a reference
  /// @param flags of `open`
  /// @throws FsException any: the open fails
  default void opened(Inode inode, int flags) throws FsException {}

  /// An open file was closed; undoes one [#opened].
  ///
  /// @param inode the inode, still with a reference
  /// @param flags of `open`
  default void released(Inode inode, int flags) {}
}
