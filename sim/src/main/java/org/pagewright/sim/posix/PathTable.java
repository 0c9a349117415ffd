package org.pagewright.sim.posix;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.XattrMode;

/// Every call on every kind of thing, by every way of writing the path.
///
/// The rule first says where a path leads, as POSIX has it, and then what each family of calls
/// makes of that. Compare POSIX.1-2017, 4.13 Pathname Resolution, and path_resolution(7).
final class PathTable {
  private PathTable() {}

  /// What a path ends in.
  private enum Last {
    NAME,
    DOT,
    DOT_DOT
  }

  /// Where a path leads if its last component is not followed.
  ///
  /// @param error of the way there, or null
  /// @param kind what the last component is
  /// @param last how it is written
  /// @param slash whether a slash is behind it
  private record Way(String error, Kind kind, Last last, boolean slash) {
    static Way failed(String error) {
      return new Way(error, Kind.ABSENT, Last.NAME, false);
    }

    /// Where a call arrives that wants what is there.
    ///
    /// @return an error, or null: then [#found] says what it is
    String lookup(boolean follow) {
      if (error != null) {
        return error;
      }
      Kind found = found(follow);
      if (found == Kind.LOOP && (follow || slash)) {
        return "ELOOP";
      }
      if (found == Kind.ABSENT) {
        return "ENOENT";
      }
      return slash && !found.isDirectory() ? "ENOTDIR" : null;
    }

    Kind found(boolean follow) {
      return follow || slash ? kind.followed() : kind;
    }
  }

  /// The ways to write a path that begins with a name of some kind.
  private static final List<String> ENDS =
      List.of("", "/", "//", "/.", "/./", "/..", "/x", "/x/", "/x/y");

  private static Way way(Kind kind, String end) {
    if (end.isEmpty()) {
      return new Way(null, kind, Last.NAME, false);
    }
    if (end.equals("/") || end.equals("//")) {
      return new Way(null, kind, Last.NAME, true);
    }
    Kind dir = kind.followed();
    if (dir == Kind.LOOP) {
      return Way.failed("ELOOP");
    }
    if (dir == Kind.ABSENT) {
      return Way.failed("ENOENT");
    }
    if (!dir.isDirectory()) {
      return Way.failed("ENOTDIR");
    }
    Kind x = dir == Kind.FULL_DIR ? Kind.FILE : Kind.ABSENT;
    return switch (end) {
      case "/." -> new Way(null, dir, Last.DOT, false);
      case "/./" -> new Way(null, dir, Last.DOT, true);
      case "/.." -> new Way(null, Kind.FULL_DIR, Last.DOT_DOT, false);
      case "/x" -> new Way(null, x, Last.NAME, false);
      case "/x/" -> new Way(null, x, Last.NAME, true);
      case "/x/y" -> Way.failed(x == Kind.ABSENT ? "ENOENT" : "ENOTDIR");
      default -> throw new AssertionError(end);
    };
  }

  private interface Call {
    void run(Scene scene, String path) throws FsException;
  }

  private interface Rule {
    String expected(Way way);
  }

  private record Op(Call call, Rule rule, Row.Need... needs) {}

  /// Calls on what is there: any error of the way, else what the kind makes of it.
  private static Rule on(boolean follow, Map<Kind, String> refused) {
    return way -> {
      String error = way.lookup(follow);
      return error != null ? error : refused.getOrDefault(way.found(follow), "ok");
    };
  }

  private static Rule on(boolean follow) {
    return on(follow, Map.of());
  }

  /// Calls that make what must not be there: only a directory may have a slash behind it.
  private static Rule makes(boolean directory) {
    return way -> {
      if (way.error != null) {
        return way.error;
      }
      if (way.last != Last.NAME || way.kind != Kind.ABSENT) {
        return "EEXIST";
      }
      return way.slash && !directory ? "ENOENT" : "ok";
    };
  }

  private static String opens(Way way, boolean exclusive) {
    if (way.error != null) {
      return way.error;
    }
    if (way.last != Last.NAME) {
      return exclusive ? "EEXIST" : "EISDIR";
    }
    if (way.slash) {
      return "EISDIR";
    }
    if (exclusive) {
      return way.kind == Kind.ABSENT ? "ok" : "EEXIST";
    }
    Kind found = way.found(true);
    return found == Kind.LOOP ? "ELOOP" : found.isDirectory() ? "EISDIR" : special(found);
  }

  private static String special(Kind found) {
    return found == Kind.SOCKET ? "ENXIO" : "ok";
  }

  private static String unlinks(Way way) {
    if (way.error != null) {
      return way.error;
    }
    if (way.last != Last.NAME) {
      return "EISDIR";
    }
    if (way.kind == Kind.ABSENT) {
      return "ENOENT";
    }
    return way.kind.isDirectory() ? "EISDIR" : way.slash ? "ENOTDIR" : "ok";
  }

  private static String removes(Way way) {
    if (way.error != null) {
      return way.error;
    }
    if (way.last != Last.NAME) {
      return way.last == Last.DOT ? "EINVAL" : "ENOTEMPTY";
    }
    return switch (way.kind) {
      case ABSENT -> "ENOENT";
      case DIR -> "ok";
      case FULL_DIR -> "ENOTEMPTY";
      default -> "ENOTDIR";
    };
  }

  private static Map<String, Op> ops() {
    Map<Kind, String> notCut =
        Map.of(
            Kind.DIR, "EISDIR", Kind.FULL_DIR, "EISDIR", Kind.FIFO, "EINVAL", Kind.SOCKET, "EINVAL",
            Kind.DEVICE, "EINVAL");
    Map<Kind, String> noUserAttributes =
        Map.of(
            Kind.FIFO, "EPERM", Kind.SOCKET, "EPERM", Kind.DEVICE, "EPERM", Kind.LINK, "EPERM",
            Kind.DIR_LINK, "EPERM", Kind.DANGLING, "EPERM", Kind.LOOP, "EPERM");
    Map<Kind, String> noDirectory =
        Map.of(
            Kind.FILE, "ENOTDIR", Kind.FIFO, "ENOTDIR", Kind.SOCKET, "ENOTDIR", Kind.DEVICE,
            "ENOTDIR");
    Map<Kind, String> noLink =
        Map.of(
            Kind.FILE, "EINVAL", Kind.DIR, "EINVAL", Kind.FULL_DIR, "EINVAL", Kind.FIFO, "EINVAL",
            Kind.SOCKET, "EINVAL", Kind.DEVICE, "EINVAL");
    Instant day = Instant.ofEpochSecond(86400);
    Map<String, Op> ops = new LinkedHashMap<>();
    ops.put("stat", new Op((s, p) -> s.door().stat(p, true), on(true)));
    ops.put("lstat", new Op((s, p) -> s.door().stat(p, false), on(false)));
    ops.put("access", new Op((s, p) -> s.door().access(p, 0), on(true)));
    ops.put("chmod", new Op((s, p) -> s.door().chmod(p, 0755), on(true)));
    ops.put("chown", new Op((s, p) -> s.door().chown(p, 1, 1, true), on(true)));
    ops.put("lchown", new Op((s, p) -> s.door().chown(p, 1, 1, false), on(false)));
    ops.put("utimens", new Op((s, p) -> s.door().utimens(p, day, day, true), on(true)));
    ops.put("lutimens", new Op((s, p) -> s.door().utimens(p, day, day, false), on(false)));
    ops.put("truncate", new Op((s, p) -> s.door().truncate(p, 1), on(true, notCut)));
    ops.put("readlink", new Op((s, p) -> s.door().readlink(p), on(false, noLink)));
    ops.put("list", new Op((s, p) -> s.door().list(p), on(true, noDirectory)));
    ops.put(
        "getxattr",
        new Op((s, p) -> s.door().getXattr(p, "user.a", true), on(true), Row.Need.XATTRS));
    ops.put(
        "setxattr",
        new Op(
            (s, p) -> s.door().setXattr(p, "user.a", new byte[2], XattrMode.SET, true),
            on(true, noUserAttributes), Row.Need.XATTRS));
    ops.put(
        "lsetxattr",
        new Op(
            (s, p) -> s.door().setXattr(p, "user.a", new byte[2], XattrMode.SET, false),
            on(false, noUserAttributes), Row.Need.XATTRS));
    ops.put(
        "lsetxattr trusted",
        new Op(
            (s, p) -> s.door().setXattr(p, "trusted.a", new byte[2], XattrMode.SET, false),
            on(false), Row.Need.XATTRS));
    ops.put(
        "llistxattr",
        new Op((s, p) -> s.door().listXattrs(p, false), on(false), Row.Need.XATTRS));
    ops.put("mkdir", new Op((s, p) -> s.door().mkdir(p, 0755), makes(true)));
    ops.put("mknod", new Op((s, p) -> s.door().mknod(p, 0100644, 0), makes(false)));
    ops.put("symlink", new Op((s, p) -> s.door().symlink("y", p), makes(false)));
    ops.put("link as new", new Op((s, p) -> s.door().link(s.at("other"), p), makes(false)));
    ops.put(
        "link as old",
        new Op(
            (s, p) -> s.door().link(p, s.at("another")),
            on(false, Map.of(Kind.DIR, "EPERM", Kind.FULL_DIR, "EPERM"))));
    ops.put("unlink", new Op((s, p) -> s.door().unlink(p), PathTable::unlinks));
    ops.put("rmdir", new Op((s, p) -> s.door().rmdir(p), PathTable::removes));
    int create = OpenFlags.WRONLY | OpenFlags.CREAT;
    ops.put(
        "open to create",
        new Op((s, p) -> s.door().open(p, create, 0600).close(), way -> opens(way, false)));
    ops.put(
        "open to create anew",
        new Op(
            (s, p) -> s.door().open(p, create | OpenFlags.EXCL, 0600).close(),
            way -> opens(way, true)));
    return ops;
  }

  static List<Row> all() {
    Rows rows = new Rows("paths");
    for (Map.Entry<String, Op> op : ops().entrySet()) {
      for (Kind kind : Kind.values()) {
        for (String end : ENDS) {
          Way way = way(kind, end);
          if (op.getKey().equals("open to create")
              && (way.found(true) == Kind.FIFO || way.found(true) == Kind.DEVICE)) {
            continue; // not the file system's: a pipe waits for a reader, a device is a driver's
          }
          Row.Need[] needs = op.getValue().needs;
          if (kind.isSpecial()) {
            needs = needs.length == 0 ? new Row.Need[] {Row.Need.NODES} : needs;
          }
          rows.add(
              op.getKey() + " of " + kind + " `n" + end + "`",
              op.getValue().rule.expected(way),
              s -> {
                s.make(kind, "n");
                s.write("other", "");
                return s.attempt(() -> op.getValue().call.run(s, s.at("n" + end)));
              },
              needs);
        }
      }
      lengths(rows, op.getKey(), op.getValue());
    }
    return rows.all();
  }

  /// Names of 255 bytes and paths of 4095 are the longest; an empty path leads nowhere.
  private static void lengths(Rows rows, String name, Op op) {
    Way absent = new Way(null, Kind.ABSENT, Last.NAME, false);
    Way file = new Way(null, Kind.FILE, Last.NAME, false);
    String longest = "n".repeat(255);
    rows.add(
        name + " of nothing with a name of 255 bytes",
        op.rule.expected(absent),
        s -> {
          s.write("other", "");
          return s.attempt(() -> op.call.run(s, s.at(longest)));
        },
        op.needs);
    rows.add(
        name + " of a file with a name of 255 bytes",
        op.rule.expected(file),
        s -> {
          s.write("other", "");
          s.write(longest, "abc");
          return s.attempt(() -> op.call.run(s, s.at(longest)));
        },
        op.needs);
    rows.add(
        name + " of a name of 256 bytes",
        "ENAMETOOLONG",
        s -> {
          s.write("other", "");
          return s.attempt(() -> op.call.run(s, s.at("n".repeat(256))));
        },
        op.needs);
    rows.add(
        name + " below a name of 256 bytes",
        "ENAMETOOLONG",
        s -> {
          s.write("other", "");
          return s.attempt(() -> op.call.run(s, s.at("n".repeat(256) + "/x")));
        },
        op.needs);
    for (int length : new int[] {4095, 4096}) {
      rows.add(
          name + " by a path of " + length + " bytes",
          length == 4095 ? op.rule.expected(file) : "ENAMETOOLONG",
          s -> {
            s.write("other", "");
            s.write("n", "abc");
            StringBuilder path = new StringBuilder(s.base());
            path.append("/".repeat(1 + length % 2 + s.base().length() % 2));
            while (path.length() < length - 1) {
              path.append("./");
            }
            path.setLength(length - 1);
            path.append("n");
            if (path.charAt(length - 2) != '/') { // the last slash fell off
              path.setCharAt(length - 2, '/');
              path.setCharAt(length - 3, '/');
            }
            return s.attempt(() -> op.call.run(s, path.toString()));
          },
          op.needs);
    }
    rows.add(
        name + " of an empty path",
        "ENOENT",
        s -> {
          s.write("other", "");
          return s.attempt(() -> op.call.run(s, ""));
        },
        op.needs);
  }
}
