package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;

/// What an inode about to be made shall be. Made by the VFS after its checks: umask, set-group-id
/// of the directory and the caller's rights are already in it.
///
/// @param mode type and permissions, see [FileMode]
/// @param uid owner
/// @param gid group
/// @param rdev device number if the type is a device, else 0
/// @param target for a symbolic link the bytes it holds, at least one; else null
/// @param accessAcl value of the attribute [Attributes#ACL_ACCESS] at the start; null for none
/// @param defaultAcl for a directory the value of [Attributes#ACL_DEFAULT]; null for none
public record NewNode(
    int mode,
    int uid,
    int gid,
    long rdev,
    byte @Nullable [] target,
    byte @Nullable [] accessAcl,
    byte @Nullable [] defaultAcl) {
  /// A node without access control lists.
  ///
  /// @param mode type and permissions, see [FileMode]
  /// @param uid owner
  /// @param gid group
  /// @param rdev device number if the type is a device, else 0
  /// @param target for a symbolic link the bytes it holds, at least one; else null
  public NewNode(int mode, int uid, int gid, long rdev, byte @Nullable [] target) {
    this(mode, uid, gid, rdev, target, null, null);
  }

  /// The type in the mode.
  ///
  /// @return the type
  public FileType type() {
    return FileType.ofMode(mode);
  }
}
