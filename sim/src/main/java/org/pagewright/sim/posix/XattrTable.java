package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.BOB;
import static org.pagewright.sim.posix.User.ROOT;

import java.util.List;
import org.pagewright.vfs.XattrMode;

/// Extended attributes: name spaces, who may, how long, what must be there.
final class XattrTable {
  private static final List<String> NAMES =
      List.of("user.a", "trusted.a", "security.a", "other.a", "user.", "user", "system.a");

  private XattrTable() {}

  static List<Row> all() {
    Rows rows = new Rows("extended attributes");
    Row.Need[] needs = {Row.Need.XATTRS};
    for (User user : List.of(ROOT, ANN, BOB)) {
      for (boolean directory : new boolean[] {false, true}) {
        for (int mode : new int[] {0644, 0666, 01777, 0600, 0200, 0400}) {
          boolean sticky = mode == 01777 && directory;
          boolean reads = Rows.permits(user, mode, ANN.uid(), ANN.gid(), 4);
          boolean writes = Rows.permits(user, mode, ANN.uid(), ANN.gid(), 2);
          String set =
              sticky && user == BOB ? "EPERM" : writes ? "ok" : "EACCES";
          String what =
              " of a " + (directory ? "directory " : "file ") + Rows.octal(mode) + " by " + user;
          rows.add(
              "set" + what,
              set,
              s -> {
                make(s, directory, mode);
                return s.attempt(
                    user,
                    () -> s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true));
              },
              needs);
          rows.add(
              "get" + what,
              reads ? "ok" : "EACCES",
              s -> {
                make(s, directory, mode);
                s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true);
                return s.attempt(user, () -> s.door().getXattr(s.at("f"), "user.a", true));
              },
              needs);
          rows.add(
              "remove" + what,
              set,
              s -> {
                make(s, directory, mode);
                s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true);
                return s.attempt(user, () -> s.door().removeXattr(s.at("f"), "user.a", true));
              },
              needs);
        }
      }
      for (String name : NAMES) {
        rows.add(
            "set and see `" + name + "` by " + user,
            ofName(user, name),
            s -> {
              make(s, false, 0666);
              String set =
                  s.attempt(
                      user,
                      () -> s.door().setXattr(s.at("f"), name, new byte[1], XattrMode.SET, true));
              String[] got = {"none"};
              String get =
                  s.attempt(
                      user,
                      () -> {
                        byte[] value = s.door().getXattr(s.at("f"), name, true);
                        got[0] = value == null ? "none" : value.length + " bytes";
                      });
              s.door().as(user, 022);
              boolean listed = s.door().listXattrs(s.at("f"), true).contains(name);
              s.door().as(ROOT, 0);
              return set + ", " + (get.equals("ok") ? got[0] : get) + (listed ? ", listed" : "");
            },
            needs);
      }
    }
    modes(rows, needs);
    return rows.all();
  }

  private static String ofName(User user, String name) {
    return switch (name) {
      case "user.a" -> "ok, 1 bytes, listed";
      case "trusted.a" -> user == ROOT ? "ok, 1 bytes, listed" : "EPERM, none";
      case "security.a" -> user == ROOT ? "ok, 1 bytes, listed" : "EPERM, none";
      case "user." -> "EINVAL, EINVAL";
      default -> "EOPNOTSUPP, EOPNOTSUPP";
    };
  }

  private static void make(Scene s, boolean directory, int mode)
      throws org.pagewright.errno.FsException {
    if (directory) {
      s.dir("f", ANN, ANN.gid(), mode);
    } else {
      s.file("f", ANN, ANN.gid(), mode);
    }
  }

  private static void modes(Rows rows, Row.Need[] needs) {
    for (boolean there : new boolean[] {false, true}) {
      for (XattrMode mode : XattrMode.values()) {
        String expected =
            mode == XattrMode.CREATE && there
                ? "EEXIST"
                : mode == XattrMode.REPLACE && !there ? "ENODATA" : "ok";
        rows.add(
            "set with " + mode + (there ? " what is there" : " what is not there"),
            expected,
            s -> {
              s.file("f", ANN, 100, 0644);
              if (there) {
                s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true);
              }
              return s.attempt(
                  () -> s.door().setXattr(s.at("f"), "user.a", new byte[2], mode, true));
            },
            needs);
      }
    }
    rows.add(
        "remove what is not there",
        "ENODATA",
        s -> {
          s.file("f", ANN, 100, 0644);
          return s.attempt(() -> s.door().removeXattr(s.at("f"), "user.a", true));
        },
        needs);
    for (int length : new int[] {0, 1, 100, 1000, 2000, 3900}) {
      rows.add(
          "a value of " + length + " bytes",
          "ok " + length,
          s -> {
            s.file("f", ANN, 100, 0644);
            String outcome =
                s.attempt(
                    () ->
                        s.door()
                            .setXattr(
                                s.at("f"), "user.a", new byte[length], XattrMode.SET, true));
            byte[] value = s.door().getXattr(s.at("f"), "user.a", true);
            return outcome + " " + (value == null ? "none" : value.length);
          },
          needs);
    }
    rows.add(
        "a value of 65537 bytes",
        "E2BIG",
        s -> {
          s.file("f", ANN, 100, 0644);
          return s.attempt(
              () ->
                  s.door().setXattr(s.at("f"), "user.a", new byte[65537], XattrMode.SET, true));
        },
        needs);
    for (int length : new int[] {255, 256}) {
      rows.add(
          "a name of " + length + " bytes",
          length == 255 ? "ok" : "ERANGE",
          s -> {
            s.file("f", ANN, 100, 0644);
            String name = "user." + "n".repeat(length - 5);
            return s.attempt(
                () -> s.door().setXattr(s.at("f"), name, new byte[1], XattrMode.SET, true));
          },
          needs);
    }
  }
}
