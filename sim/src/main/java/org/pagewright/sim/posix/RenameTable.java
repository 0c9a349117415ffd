package org.pagewright.sim.posix;

import java.util.List;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.RenameFlags;

/// Renames of everything over everything.
final class RenameTable {
  private static final List<Kind> KINDS =
      List.of(
          Kind.ABSENT, Kind.FILE, Kind.DIR, Kind.FULL_DIR, Kind.LINK, Kind.DIR_LINK,
          Kind.DANGLING, Kind.FIFO);

  private RenameTable() {}

  private static String expected(
      Kind source, Kind target, int flags, boolean oldSlash, boolean newSlash) {
    boolean exchange = flags == RenameFlags.EXCHANGE;
    if (flags == (RenameFlags.NOREPLACE | RenameFlags.EXCHANGE)) {
      return "EINVAL";
    }
    if (source == Kind.ABSENT) {
      return "ENOENT";
    }
    if (flags == RenameFlags.NOREPLACE && target != Kind.ABSENT) {
      return "EEXIST";
    }
    if (exchange && target == Kind.ABSENT) {
      return "ENOENT";
    }
    if (exchange && newSlash && !target.isDirectory()) {
      return "ENOTDIR";
    }
    if (!source.isDirectory() && (oldSlash || newSlash && !exchange)) {
      return "ENOTDIR";
    }
    if (exchange || target == Kind.ABSENT) {
      return "ok";
    }
    if (source.isDirectory()) {
      return !target.isDirectory() ? "ENOTDIR" : target == Kind.FULL_DIR ? "ENOTEMPTY" : "ok";
    }
    return target.isDirectory() ? "EISDIR" : "ok";
  }

  private static char letter(Kind kind) {
    return switch (kind) {
      case ABSENT -> '.';
      case FILE -> '-';
      case DIR, FULL_DIR -> 'd';
      case FIFO -> 'p';
      default -> 'l';
    };
  }

  private static char letter(Scene scene, String name) throws FsException {
    return scene.isThere(name) ? scene.stat(name).type().letter() : '.';
  }

  static List<Row> all() {
    Rows rows = new Rows("renames");
    for (Kind source : KINDS) {
      for (Kind target : KINDS) {
        for (int flags = 0; flags < 4; flags++) {
          for (int slashes = 0; slashes < 4; slashes++) {
            for (boolean across : new boolean[] {false, true}) {
              boolean oldSlash = (slashes & 1) != 0;
              boolean newSlash = (slashes & 2) != 0;
              String outcome = expected(source, target, flags, oldSlash, newSlash);
              boolean done = outcome.equals("ok");
              char left = done ? flags == 2 ? letter(target) : '.' : letter(source);
              char right = done ? letter(source) : letter(target);
              int all = flags;
              rows.add(
                  source + (oldSlash ? "/" : "") + " to " + target + (newSlash ? "/" : "")
                      + (across ? " elsewhere" : "") + ", flags " + flags,
                  outcome + " " + left + right,
                  s -> run(s, source, target, all, oldSlash, newSlash, across),
                  needs(source, target, flags));
            }
          }
        }
      }
    }
    special(rows);
    return rows.all();
  }

  private static Row.Need[] needs(Kind source, Kind target, int flags) {
    boolean nodes = source == Kind.FIFO || target == Kind.FIFO;
    boolean swaps = flags == 2;
    return nodes && swaps
        ? new Row.Need[] {Row.Need.NODES, Row.Need.EXCHANGE}
        : nodes
            ? new Row.Need[] {Row.Need.NODES}
            : swaps ? new Row.Need[] {Row.Need.EXCHANGE} : new Row.Need[0];
  }

  private static String run(
      Scene s,
      Kind source,
      Kind target,
      int flags,
      boolean oldSlash,
      boolean newSlash,
      boolean across)
      throws FsException {
    s.door().mkdir(s.at("d"), 0755);
    s.door().mkdir(s.at("e"), 0755);
    String from = "d/old";
    String to = across ? "e/new" : "d/new";
    s.make(source, from);
    s.make(target, to);
    String outcome =
        s.attempt(
            () ->
                s.door()
                    .rename(
                        s.at(from + (oldSlash ? "/" : "")), s.at(to + (newSlash ? "/" : "")),
                        flags));
    return outcome + " " + letter(s, from) + letter(s, to);
  }

  private static void move(Rows rows, String from, String to, int flags, String expected) {
    rows.add(
        from + " to " + to + ", flags " + flags,
        expected,
        s -> {
          s.door().mkdir(s.at("a"), 0755);
          s.door().mkdir(s.at("a/b"), 0755);
          s.door().mkdir(s.at("a/b/c"), 0755);
          s.write("f", "abc");
          s.door().link(s.at("f"), s.at("a/g"));
          return s.attempt(() -> s.door().rename(s.at(from), s.at(to), flags)) + " nlink "
              + s.stat("f").nlink();
        },
        flags == 2 ? new Row.Need[] {Row.Need.EXCHANGE} : new Row.Need[0]);
  }

  private static void special(Rows rows) {
    move(rows, "a", "a/x", 0, "EINVAL nlink 2");
    move(rows, "a", "a/b/c/x", 0, "EINVAL nlink 2");
    move(rows, "a", "a/b", 0, "EINVAL nlink 2");
    move(rows, "a", "a/b", 2, "EINVAL nlink 2");
    move(rows, "a/b", "a", 0, "ENOTEMPTY nlink 2");
    move(rows, "a/b/c", "a", 0, "ENOTEMPTY nlink 2");
    move(rows, "a/b/c", "a", 2, "EINVAL nlink 2");
    move(rows, "a", "a", 0, "ok nlink 2");
    move(rows, "a", "a", 1, "EEXIST nlink 2");
    move(rows, "f", "a/g", 0, "ok nlink 2");
    move(rows, "f", "a/g", 1, "EEXIST nlink 2");
    move(rows, "f", "a/g", 2, "ok nlink 2");
    move(rows, "f", "f", 0, "ok nlink 2");
    move(rows, "a/.", "x", 0, "EBUSY nlink 2");
    move(rows, "a/b/..", "x", 0, "EBUSY nlink 2");
    move(rows, "f", "a/.", 0, "EBUSY nlink 2");
    move(rows, "f", "a/..", 0, "EBUSY nlink 2");
    move(rows, "a/.", "x", 1, "EBUSY nlink 2");
    move(rows, "f", "a/.", 1, "EEXIST nlink 2");
    move(rows, "f", "absent/x", 0, "ENOENT nlink 2");
    move(rows, "f", "a/g/x", 0, "ENOTDIR nlink 2");
    move(rows, "absent/x", "f", 0, "ENOENT nlink 2");
    move(rows, "a/g/x", "f", 0, "ENOTDIR nlink 2");
    move(rows, "f", "n".repeat(256), 0, "ENAMETOOLONG nlink 2");
    move(rows, "n".repeat(256), "f", 0, "ENAMETOOLONG nlink 2");
    move(rows, "a/g", "n".repeat(255), 0, "ok nlink 2");
  }
}
