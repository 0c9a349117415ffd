package org.pagewright.vfs;

import java.time.Instant;

/// What `stat` tells of an inode.
///
/// @param ino inode number
/// @param generation tells apart two inodes that had the same number one after the other
/// @param mode type and permissions, see [FileMode]
/// @param nlink number of names; for a directory its own `.` and each subdirectory's `..` too
/// @param uid owner
/// @param gid group
/// @param rdev device number of a device node, see [DeviceNumber]; else 0
/// @param size bytes; of a symbolic link the length of its target
/// @param blocks space taken, in units of 512 bytes
/// @param blockSize a good unit for I/O, in bytes
/// @param atime last read
/// @param mtime last change of content
/// @param ctime last change of anything
/// @param birthTime creation; the epoch where the file system does not keep it
public record Stat(
    long ino,
    int generation,
    int mode,
    int nlink,
    int uid,
    int gid,
    long rdev,
    long size,
    long blocks,
    int blockSize,
    Instant atime,
    Instant mtime,
    Instant ctime,
    Instant birthTime) {

  /// The type in the mode.
  ///
  /// @return the type
  public FileType type() {
    return FileType.ofMode(mode);
  }

  /// Whether it is a directory.
  ///
  /// @return true if so
  public boolean isDirectory() {
    return FileMode.isDirectory(mode);
  }

  /// Whether it is a file with bytes.
  ///
  /// @return true if so
  public boolean isRegular() {
    return FileMode.isRegular(mode);
  }

  /// Whether it is a symbolic link.
  ///
  /// @return true if so
  public boolean isSymlink() {
    return FileMode.isSymlink(mode);
  }
}
