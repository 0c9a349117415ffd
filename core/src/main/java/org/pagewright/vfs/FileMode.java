package org.pagewright.vfs;

/// The bits of a file's mode, with the values of Linux.
public final class FileMode {
  /// The bits that say the [FileType].
  public static final int TYPE_MASK = 0170000;

  /// All bits that `chmod` sets.
  public static final int PERMISSION_MASK = 07777;

  /// Runs as the owner of the file.
  public static final int SET_UID = 04000;

  /// Runs as the group of the file; on a directory: new entries take the directory's group.
  public static final int SET_GID = 02000;

  /// On a directory: entries are removed and renamed by their owner or the directory's only.
  public static final int STICKY = 01000;

  /// The group may execute; together with [#SET_GID] it makes a set-group-id program.
  public static final int GROUP_EXECUTE = 0010;

  /// What the group may do.
  static final int GROUP_MASK = 0070;

  /// Execute or search permission of anyone.
  public static final int ANY_EXECUTE = 0111;

  /// Wish: read.
  public static final int MAY_READ = 4;

  /// Wish: write.
  public static final int MAY_WRITE = 2;

  /// Wish: execute, or search a directory.
  public static final int MAY_EXECUTE = 1;

  private FileMode() {}

  /// Whether a mode says directory.
  ///
  /// @param mode type and permission bits
  /// @return true for a directory
  public static boolean isDirectory(int mode) {
    return (mode & TYPE_MASK) == FileType.DIRECTORY.modeBits();
  }

  /// Whether a mode says regular file.
  ///
  /// @param mode type and permission bits
  /// @return true for a file with bytes
  public static boolean isRegular(int mode) {
    return (mode & TYPE_MASK) == FileType.REGULAR.modeBits();
  }

  /// Whether a mode says symbolic link.
  ///
  /// @param mode type and permission bits
  /// @return true for a symbolic link
  public static boolean isSymlink(int mode) {
    return (mode & TYPE_MASK) == FileType.SYMLINK.modeBits();
  }

  /// The first column of `ls -l`, such as `drwxr-sr-x`.
  ///
  /// @param mode type and permission bits
  /// @return ten letters
  public static String toText(int mode) {
    StringBuilder text = new StringBuilder(10).append(FileType.ofMode(mode).letter());
    for (int shift = 6; shift >= 0; shift -= 3) {
      int bits = mode >> shift;
      text.append((bits & MAY_READ) != 0 ? 'r' : '-').append((bits & MAY_WRITE) != 0 ? 'w' : '-');
      boolean execute = (bits & MAY_EXECUTE) != 0;
      boolean special = (mode & (shift == 6 ? SET_UID : shift == 3 ? SET_GID : STICKY)) != 0;
      char set = shift == 0 ? 't' : 's';
      text.append(special ? (execute ? set : Character.toUpperCase(set)) : execute ? 'x' : '-');
    }
    return text.toString();
  }
}
