package org.pagewright.vfs;

/// What kind of thing an inode is: the upper four bits of its mode.
///
/// The codes are those that a directory entry of Linux (and of ext4 on disk, which counts
/// differently) is translated to; see `readdir(3)`, `d_type`.
public enum FileType {
  /// Not known without reading the inode.
  UNKNOWN(0, '?'),
  /// A named pipe.
  FIFO(0010000, 'p'),
  /// A character device.
  CHARACTER_DEVICE(0020000, 'c'),
  /// A directory.
  DIRECTORY(0040000, 'd'),
  /// A block device.
  BLOCK_DEVICE(0060000, 'b'),
  /// A file with bytes.
  REGULAR(0100000, '-'),
  /// A symbolic link.
  SYMLINK(0120000, 'l'),
  /// A socket's name.
  SOCKET(0140000, 's');

  private static final FileType[] BY_CODE = new FileType[16];

  static {
    for (FileType type : values()) {
      BY_CODE[type.modeBits >> 12] = type;
    }
    for (int code = 0; code < BY_CODE.length; code++) {
      if (BY_CODE[code] == null) {
        BY_CODE[code] = UNKNOWN;
      }
    }
  }

  private final int modeBits;
  private final char letter;

  FileType(int modeBits, char letter) {
    this.modeBits = modeBits;
    this.letter = letter;
  }

  /// The type bits of a mode, e.g. 0040000 for a directory.
  ///
  /// @return a value of which only bits of [FileMode#TYPE_MASK] are set
  public int modeBits() {
    return modeBits;
  }

  /// The value of `d_type` in a Linux directory entry.
  ///
  /// @return 0 to 15
  public int directoryCode() {
    return modeBits >> 12;
  }

  /// The first letter of a line of `ls -l`.
  ///
  /// @return a letter, `-` for a regular file
  public char letter() {
    return letter;
  }

  /// The type that a mode says.
  ///
  /// @param mode type and permission bits
  /// @return UNKNOWN for bits that name no type
  public static FileType ofMode(int mode) {
    return BY_CODE[(mode & FileMode.TYPE_MASK) >> 12];
  }
}
