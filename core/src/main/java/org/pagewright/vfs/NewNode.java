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
public record NewNode(int mode, int uid, int gid, long rdev, byte @Nullable [] target) {
  /// The type in the mode.
  ///
  /// @return the type
  public FileType type() {
    return FileType.ofMode(mode);
  }
}
