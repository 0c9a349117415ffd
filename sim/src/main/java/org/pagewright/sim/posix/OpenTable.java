package org.pagewright.sim.posix;

import java.util.List;
import org.pagewright.vfs.OpenFlags;

/// Every set of flags of `open` on every kind of thing.
final class OpenTable {
  private static final int[] FLAGS = {
    OpenFlags.CREAT, OpenFlags.EXCL, OpenFlags.TRUNC, OpenFlags.DIRECTORY, OpenFlags.NOFOLLOW
  };
  private static final List<String> NAMES =
      List.of("CREAT", "EXCL", "TRUNC", "DIRECTORY", "NOFOLLOW");

  private OpenTable() {}

  private static String expected(Kind kind, int flags) {
    boolean create = (flags & OpenFlags.CREAT) != 0;
    boolean directory = (flags & OpenFlags.DIRECTORY) != 0;
    boolean follow = (flags & OpenFlags.NOFOLLOW) == 0;
    boolean write = (flags & OpenFlags.ACCESS_MASK) != 0 || (flags & OpenFlags.TRUNC) != 0;
    if (create && directory) {
      return "EINVAL";
    }
    if (create && (flags & OpenFlags.EXCL) != 0 && kind != Kind.ABSENT) {
      return "EEXIST";
    }
    Kind found = follow ? kind.followed() : kind;
    if (found == Kind.LOOP && follow) {
      return "ELOOP";
    }
    if (found == Kind.ABSENT) {
      return create ? "ok 0" : "ENOENT";
    }
    if (directory && !found.isDirectory()) {
      return "ENOTDIR";
    }
    if (found.isLink()) {
      return "ELOOP";
    }
    if (found.isDirectory()) {
      return create || write ? "EISDIR" : "ok";
    }
    if (found == Kind.SOCKET) {
      return "ENXIO";
    }
    return (flags & OpenFlags.TRUNC) != 0 ? "ok 0" : "ok 3";
  }

  static List<Row> all() {
    Rows rows = new Rows("flags of open");
    for (Kind kind : Kind.values()) {
      if (kind == Kind.FIFO || kind == Kind.DEVICE) {
        continue;
      }
      for (int access = 0; access < 3; access++) {
        for (int set = 0; set < 1 << FLAGS.length; set++) {
          int flags = access;
          StringBuilder name = new StringBuilder(List.of("RDONLY", "WRONLY", "RDWR").get(access));
          for (int i = 0; i < FLAGS.length; i++) {
            if ((set >> i & 1) != 0) {
              flags |= FLAGS[i];
              name.append('|').append(NAMES.get(i));
            }
          }
          int all = flags;
          Row.Need[] needs =
              kind == Kind.SOCKET ? new Row.Need[] {Row.Need.NODES} : new Row.Need[0];
          rows.add(
              name + " of " + kind,
              expected(kind, flags),
              s -> {
                s.make(kind, "n");
                long[] size = {-1};
                String outcome =
                    s.attempt(
                        () -> {
                          try (Door.File file = s.door().open(s.at("n"), all, 0644)) {
                            if (!file.stat().isDirectory()) {
                              size[0] = file.stat().size();
                            }
                          }
                        });
                return size[0] < 0 ? outcome : outcome + " " + size[0];
              },
              needs);
        }
      }
    }
    return rows.all();
  }
}
