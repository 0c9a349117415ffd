package org.pagewright.sim.posix;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.XattrMode;

/// A way into a file system by path, with credentials: the calls of POSIX and Linux that the tables
/// make. Paths are relative and begin at the root of the volume, also without a slash. Flags, modes
/// and limits are those of Linux. Used by one thread.
///
/// A call that a door cannot make throws UnsupportedOperationException; the case is left out then.
public interface Door {
  /// An open file.
  interface File extends AutoCloseable {
    /// Reads at the file offset.
    ///
    /// @param length bytes wanted
    /// @return the bytes, fewer at the end
    /// @throws FsException any
    byte[] read(int length) throws FsException;

    /// Writes at the file offset.
    ///
    /// @param bytes all of them
    /// @return how many
    /// @throws FsException any
    int write(byte[] bytes) throws FsException;

    /// Sets the file offset.
    ///
    /// @param pos from the start
    /// @throws FsException any
    void seek(long pos) throws FsException;

    /// Finds data or a hole.
    ///
    /// @param pos where to begin
    /// @param data data, or a hole
    /// @return where
    /// @throws FsException any
    long seek(long pos, boolean data) throws FsException;

    /// Changes the size.
    ///
    /// @param size bytes
    /// @throws FsException any
    void truncate(long size) throws FsException;

    /// Changes the space of a range.
    ///
    /// @param mode flags of fallocate
    /// @param pos first byte
    /// @param length bytes
    /// @throws FsException any
    void fallocate(int mode, long pos, long length) throws FsException;

    /// Copies from here, at a position, to another file.
    ///
    /// @param pos first byte here
    /// @param target where to
    /// @param targetPos first byte there
    /// @param length bytes wanted
    /// @return bytes copied
    /// @throws FsException any
    long copy(long pos, File target, long targetPos, long length) throws FsException;

    /// Gives the file a name.
    ///
    /// @param path the name
    /// @throws FsException any
    void link(String path) throws FsException;

    /// Attributes.
    ///
    /// @return all
    /// @throws FsException any
    Stat stat() throws FsException;

    @Override
    void close() throws FsException;
  }

  /// An entry of a directory.
  ///
  /// @param name its name
  /// @param ino the number that the directory gives
  /// @param type the letter of its type as in `ls -l`, `?` if the directory does not say
  record Entry(String name, long ino, char type) {}

  /// Makes all following calls as somebody.
  ///
  /// @param user who
  /// @param umask permission bits that new files do not get
  void as(User user, int umask);

  /// Lets time pass, so that what changes from now on has another time than what changed before.
  void tick();

  /// What is asked of this door.
  ///
  /// @param path new directory
  /// @param mode before the umask
  /// @throws FsException any
  void mkdir(String path, int mode) throws FsException;

  /// Makes a node.
  ///
  /// @param path new node
  /// @param mode with type
  /// @param rdev of a device
  /// @throws FsException any
  void mknod(String path, int mode, long rdev) throws FsException;

  /// Makes a symbolic link.
  ///
  /// @param target what it says
  /// @param path new link
  /// @throws FsException any
  void symlink(String target, String path) throws FsException;

  /// Gives one more name; follows no link.
  ///
  /// @param oldPath what
  /// @param newPath the name
  /// @throws FsException any
  void link(String oldPath, String newPath) throws FsException;

  /// Removes a name.
  ///
  /// @param path which
  /// @throws FsException any
  void unlink(String path) throws FsException;

  /// Removes a directory.
  ///
  /// @param path which
  /// @throws FsException any
  void rmdir(String path) throws FsException;

  /// Moves a name.
  ///
  /// @param oldPath from
  /// @param newPath to
  /// @param flags of renameat2
  /// @throws FsException any
  void rename(String oldPath, String newPath, int flags) throws FsException;

  /// Reads a symbolic link.
  ///
  /// @param path which
  /// @return what it says
  /// @throws FsException any
  String readlink(String path) throws FsException;

  /// Attributes.
  ///
  /// @param path of what
  /// @param follow whether a link at the end is followed
  /// @return all
  /// @throws FsException any
  Stat stat(String path, boolean follow) throws FsException;

  /// Changes the mode.
  ///
  /// @param path of what
  /// @param mode permission bits
  /// @throws FsException any
  void chmod(String path, int mode) throws FsException;

  /// Changes owner and group.
  ///
  /// @param path of what
  /// @param uid or -1
  /// @param gid or -1
  /// @param follow whether a link at the end is followed
  /// @throws FsException any
  void chown(String path, int uid, int gid, boolean follow) throws FsException;

  /// Changes times.
  ///
  /// @param path of what
  /// @param atime a time, or `Volume.NOW`, or `Volume.OMIT`
  /// @param mtime the same
  /// @param follow whether a link at the end is followed
  /// @throws FsException any
  void utimens(String path, Instant atime, Instant mtime, boolean follow) throws FsException;

  /// Changes the size.
  ///
  /// @param path of what
  /// @param size bytes
  /// @throws FsException any
  void truncate(String path, long size) throws FsException;

  /// Asks for permission, as the user the calls are made by.
  ///
  /// @param path of what
  /// @param mask 4 read, 2 write, 1 execute
  /// @throws FsException any
  void access(String path, int mask) throws FsException;

  /// Reads an attribute.
  ///
  /// @param path of what
  /// @param name full name
  /// @param follow whether a link at the end is followed
  /// @return null if there is none
  /// @throws FsException any
  byte @Nullable [] getXattr(String path, String name, boolean follow) throws FsException;

  /// Sets an attribute.
  ///
  /// @param path of what
  /// @param name full name
  /// @param value its value
  /// @param mode whether it may or must be there
  /// @param follow whether a link at the end is followed
  /// @throws FsException any
  void setXattr(String path, String name, byte[] value, XattrMode mode, boolean follow)
      throws FsException;

  /// Removes an attribute.
  ///
  /// @param path of what
  /// @param name full name
  /// @param follow whether a link at the end is followed
  /// @throws FsException any
  void removeXattr(String path, String name, boolean follow) throws FsException;

  /// Names of attributes.
  ///
  /// @param path of what
  /// @param follow whether a link at the end is followed
  /// @return full names
  /// @throws FsException any
  List<String> listXattrs(String path, boolean follow) throws FsException;

  /// The flags of `lsattr`.
  ///
  /// @param path of what
  /// @return all bits of FS_IOC_GETFLAGS
  /// @throws FsException any
  int flags(String path) throws FsException;

  /// Sets the flags of `chattr`.
  ///
  /// @param path of what
  /// @param flags all bits, as for FS_IOC_SETFLAGS
  /// @throws FsException any
  void setFlags(String path, int flags) throws FsException;

  /// Entries of a directory, `.` and `..` left out.
  ///
  /// @param path which
  /// @return in any order
  /// @throws FsException any
  List<Entry> list(String path) throws FsException;

  /// Opens a file.
  ///
  /// @param path which
  /// @param flags of open
  /// @param mode of a new file
  /// @return to be closed
  /// @throws FsException any
  File open(String path, int flags, int mode) throws FsException;
}
