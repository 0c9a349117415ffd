package org.pagewright.fs.ext4.crash;

import java.util.ArrayList;
import java.util.List;

/// One operation of a workload, in the words of its text: `write:/a:4096:5000`.
///
/// @param kind what
/// @param path the file, the directory, or the old name; empty for none
/// @param other the new name, the name of an attribute, the target of a symbolic link; or empty
/// @param pos first byte, or size
/// @param length how many bytes
record CrashOp(Kind kind, String path, String other, long pos, int length) {
  enum Kind {
    /// Makes an empty file.
    CREATE,
    /// Writes `length` bytes at `pos`; with nothing in between if that is beyond the end.
    WRITE,
    /// Writes `length` bytes at the end.
    APPEND,
    /// Changes bytes that are there already and leaves the size, as a store into a mapping would.
    STORE,
    /// Writes whole blocks past the cache.
    DIRECT,
    /// Reserves space, and makes the file longer.
    FALLOCATE,
    /// Reserves space and leaves the size.
    FALLOCATE_KEEP,
    /// Takes space out.
    PUNCH,
    /// Makes a range zero, and the file longer.
    ZERO,
    /// Sets the size to `pos`.
    TRUNCATE,
    LINK,
    UNLINK,
    RENAME,
    /// Swaps two names.
    EXCHANGE,
    SYMLINK,
    SETXATTR,
    RMXATTR,
    MKDIR,
    RMDIR,
    /// Opens a file and keeps it open until the volume is closed.
    HOLD,
    /// Makes a file without a name, writes `length` bytes to it, and keeps it open.
    TMPFILE,
    FSYNC,
    FDATASYNC,
    /// All of the volume.
    SYNC,
    /// Closes the volume and opens it again.
    REMOUNT;

    boolean isSync() {
      return this == FSYNC || this == FDATASYNC || this == SYNC || this == REMOUNT;
    }
  }

  static CrashOp of(Kind kind, String path) {
    return new CrashOp(kind, path, "", 0, 0);
  }

  static CrashOp of(Kind kind, String path, String other) {
    return new CrashOp(kind, path, other, 0, 0);
  }

  static CrashOp of(Kind kind, String path, long pos, int length) {
    return new CrashOp(kind, path, "", pos, length);
  }

  static CrashOp attribute(String path, String name, int length) {
    return new CrashOp(Kind.SETXATTR, path, name, 0, length);
  }

  @Override
  public String toString() {
    return (kind.name().toLowerCase(java.util.Locale.ROOT)
            + ":" + path + ":" + other + ":" + pos + ":" + length)
        .replace(":0:0", "")
        .replaceAll(":+$", "");
  }

  static String print(List<CrashOp> ops) {
    return String.join(",", ops.stream().map(CrashOp::toString).toList());
  }

  static List<CrashOp> parse(String text) {
    List<CrashOp> ops = new ArrayList<>();
    for (String word : text.split(",")) {
      String[] part = (word + "::::").split(":", -1);
      ops.add(
          new CrashOp(
              Kind.valueOf(part[0].toUpperCase(java.util.Locale.ROOT)),
              part[1],
              part[2],
              part[3].isEmpty() ? 0 : Long.parseLong(part[3]),
              part[4].isEmpty() ? 0 : Integer.parseInt(part[4])));
    }
    return ops;
  }
}
