package org.pagewright.cli;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.Json;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// One file as a listing shows it.
///
/// @param name what is shown
/// @param path where it is
/// @param stat its attributes
/// @param target of a symbolic link, else null
record Listing(String name, String path, Stat stat, @Nullable String target) {
  static Listing of(Volume volume, String name, String path) throws FsException {
    Stat stat = volume.lstat(path);
    return new Listing(name, path, stat, stat.isSymlink() ? volume.readlink(path) : null);
  }

  /// A name as text on a line: what would break the line, or is no valid UTF-8, in octal.
  static String printable(String name) {
    StringBuilder text = null;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < name.length()
              && Character.isLowSurrogate(name.charAt(i + 1));
      boolean odd = c < 0x20 || c == 0x7f || c == '\\' || Character.isSurrogate(c) && !pair;
      if (odd && text == null) {
        text = new StringBuilder(name.length() + 8).append(name, 0, i);
      }
      if (text == null) {
        i += pair ? 1 : 0;
        continue;
      }
      if (c == '\\') {
        text.append("\\\\");
      } else if (odd) {
        String octal = Integer.toOctalString(c & 0xff);
        text.append('\\').repeat('0', 3 - octal.length()).append(octal);
      } else {
        text.append(c);
        if (pair) {
          text.append(name.charAt(++i));
        }
      }
    }
    return text == null ? name : text.toString();
  }

  String sizeText(boolean human) {
    FileType type = stat.type();
    if (type == FileType.CHARACTER_DEVICE || type == FileType.BLOCK_DEVICE) {
      return DeviceNumber.major(stat.rdev()) + ", " + DeviceNumber.minor(stat.rdev());
    }
    return human ? ByteSize.format(stat.size()) : Long.toString(stat.size());
  }

  String nameText() {
    return target == null ? printable(name) : printable(name) + " -> " + printable(target);
  }

  /// How wide the columns must be.
  static final class Widths {
    private int ino;
    private int nlink;
    private int uid;
    private int gid;
    private int size;

    void include(Listing file, boolean human) {
      ino = Math.max(ino, Long.toString(file.stat.ino()).length());
      nlink = Math.max(nlink, Integer.toString(file.stat.nlink()).length());
      uid = Math.max(uid, Integer.toUnsignedString(file.stat.uid()).length());
      gid = Math.max(gid, Integer.toUnsignedString(file.stat.gid()).length());
      size = Math.max(size, file.sizeText(human).length());
    }
  }

  void printLong(PrintWriter out, Widths widths, boolean withInode, boolean human, boolean full) {
    StringBuilder line = new StringBuilder(96);
    if (withInode) {
      right(line, Long.toString(stat.ino()), widths.ino);
    }
    line.append(FileMode.toText(stat.mode())).append(' ');
    right(line, Integer.toString(stat.nlink()), widths.nlink);
    right(line, Integer.toUnsignedString(stat.uid()), widths.uid);
    right(line, Integer.toUnsignedString(stat.gid()), widths.gid);
    right(line, sizeText(human), widths.size);
    line.append(full ? Times.inFull(stat.mtime()) : Times.toMinute(stat.mtime())).append(' ');
    out.println(line.append(nameText()));
  }

  private static void right(StringBuilder line, String text, int width) {
    line.repeat(' ', Math.max(0, width - text.length())).append(text).append(' ');
  }

  /// The members of an object that tells all of it.
  Json members(Json json) {
    json.member("name", name).member("path", path);
    json.member("type", typeName(stat.type()));
    json.member("mode", octal(stat.mode())).member("ino", stat.ino());
    json.member("nlink", stat.nlink());
    json.member("uid", Integer.toUnsignedLong(stat.uid()));
    json.member("gid", Integer.toUnsignedLong(stat.gid()));
    json.member("size", stat.size()).member("blocks", stat.blocks());
    if (stat.type() == FileType.CHARACTER_DEVICE || stat.type() == FileType.BLOCK_DEVICE) {
      json.member("major", DeviceNumber.major(stat.rdev()));
      json.member("minor", DeviceNumber.minor(stat.rdev()));
    }
    json.member("atime", Times.inFull(stat.atime())).member("mtime", Times.inFull(stat.mtime()));
    json.member("ctime", Times.inFull(stat.ctime()));
    json.member("btime", Times.inFull(stat.birthTime()));
    if (target != null) {
      json.member("target", target);
    }
    return json;
  }

  static String octal(int mode) {
    String digits = Integer.toOctalString(mode & FileMode.PERMISSION_MASK);
    return "0000".substring(Math.min(4, digits.length())) + digits;
  }

  static String typeName(FileType type) {
    return switch (type) {
      case REGULAR -> "file";
      case DIRECTORY -> "directory";
      case SYMLINK -> "symlink";
      case FIFO -> "fifo";
      case SOCKET -> "socket";
      case BLOCK_DEVICE -> "block device";
      case CHARACTER_DEVICE -> "character device";
      case UNKNOWN -> "unknown";
    };
  }
}
