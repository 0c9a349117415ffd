package org.pagewright.vfs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Attributes of an inode that shall change together; null leaves one as it is. The VFS has checked
/// the caller's rights. The size is not among them, see [InodeOperations#setSize].
///
/// @param mode permission bits only
/// @param uid owner
/// @param gid group
/// @param atime last read
/// @param mtime last change of content
/// @param ctime time of this change
public record AttributeChange(
    @Nullable Integer mode,
    @Nullable Integer uid,
    @Nullable Integer gid,
    @Nullable Instant atime,
    @Nullable Instant mtime,
    Instant ctime) {

  /// Writes the new values into the inode's fields; the caller marks it dirty.
  ///
  /// @param inode its INODE lock is held exclusively
  public void applyTo(Inode inode) {
    if (mode != null) {
      inode.setMode(inode.mode() & FileMode.TYPE_MASK | mode);
    }
    if (uid != null) {
      inode.setUid(uid);
    }
    if (gid != null) {
      inode.setGid(gid);
    }
    if (atime != null) {
      inode.setAtime(atime);
    }
    if (mtime != null) {
      inode.setMtime(mtime);
    }
    inode.setCtime(ctime);
  }
}
