package org.pagewright.cli.tree;

import java.time.Instant;
import java.util.List;
import org.pagewright.vfs.Stat;

/// What a file has besides its name and its content.
///
/// @param mode type and permissions, see [org.pagewright.vfs.FileMode]
/// @param uid owner
/// @param gid group
/// @param rdev device number of a device node; else 0
/// @param size bytes of a regular file or of a link's target; else 0
/// @param atime last read
/// @param mtime last change
/// @param xattrs extended attributes
public record Attributes(
    int mode,
    int uid,
    int gid,
    long rdev,
    long size,
    Instant atime,
    Instant mtime,
    List<Xattr> xattrs) {

  /// The attributes of a file in an image.
  ///
  /// @param stat what it says
  /// @param xattrs extended attributes
  /// @return the same
  public static Attributes of(Stat stat, List<Xattr> xattrs) {
    return new Attributes(
        stat.mode(),
        stat.uid(),
        stat.gid(),
        stat.rdev(),
        stat.size(),
        stat.atime(),
        stat.mtime(),
        xattrs);
  }

  /// The same with other times.
  ///
  /// @param atime last read
  /// @param mtime last change
  /// @return changed attributes
  public Attributes withTimes(Instant atime, Instant mtime) {
    return new Attributes(mode, uid, gid, rdev, size, atime, mtime, xattrs);
  }
}
