package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.BOB;
import static org.pagewright.sim.posix.User.CAT;
import static org.pagewright.sim.posix.User.ROOT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.XattrMode;

/// Modes and owners: who may set which, what sets and clears the set-id bits, what new files get.
final class ModesTable {
  private static final int MEMBERS = 200; // a group of ann and bob
  private static final int FOREIGN = 300; // a group of nobody

  private ModesTable() {}

  /// The set-group-id bit stays only with those who are in the group or privileged.
  static List<Row> chmod() {
    Rows rows = new Rows("chmod");
    int[] modes = {0, 0444, 0644, 0711, 0755, 0777, 01777, 02755, 02644, 04755, 06711, 07777};
    for (boolean directory : new boolean[] {false, true}) {
      for (int gid : new int[] {MEMBERS, FOREIGN}) {
        for (User user : List.of(ANN, BOB, CAT, ROOT)) {
          for (int mode : modes) {
            int kept = user == ROOT || user.inGroup(gid) ? mode : mode & ~FileMode.SET_GID;
            boolean may = user == ROOT || user == ANN;
            rows.add(
                (directory ? "directory" : "file") + " of group " + gid + " to "
                    + Rows.octal(mode) + " by " + user,
                may ? "ok " + Rows.octal(kept) : "EPERM 0640",
                s -> {
                  if (directory) {
                    s.dir("f", ANN, gid, 0640);
                  } else {
                    s.file("f", ANN, gid, 0640);
                  }
                  String outcome = s.attempt(user, () -> s.door().chmod(s.at("f"), mode));
                  return outcome + " " + s.mode("f");
                });
          }
        }
      }
    }
    return rows.all();
  }

  /// What a change of owner or content leaves of the set-id bits of a file. Without group execution
  /// the set-group-id bit once meant mandatory locking: it stays for those in the group.
  private static int stripped(User user, int gid, int mode) {
    int kept = mode & ~FileMode.SET_UID;
    boolean inGroup = user == ROOT || user.inGroup(gid);
    return (mode & FileMode.GROUP_EXECUTE) != 0 || !inGroup ? kept & ~FileMode.SET_GID : kept;
  }

  static List<Row> chown() {
    Rows rows = new Rows("chown");
    int[] uids = {-1, ANN.uid(), BOB.uid()};
    int[] gids = {-1, MEMBERS, ANN.gid(), FOREIGN};
    for (boolean directory : new boolean[] {false, true}) {
      for (int mode : new int[] {0644, 06755, 06745, 06711, 02644, 04700}) {
        for (User user : List.of(ANN, BOB, CAT, ROOT)) {
          for (int uid : uids) {
            for (int gid : gids) {
              boolean mine = user == ANN;
              boolean uidOk = uid == -1 || mine && uid == ANN.uid();
              boolean gidOk = gid == -1 || mine && (gid == MEMBERS || user.inGroup(gid));
              int after = directory ? mode : stripped(user, MEMBERS, mode);
              // Also a change of nothing takes the bits away, and that is the owner's to do.
              boolean may = user == ROOT || uidOk && gidOk && (mine || after == mode);
              String expected =
                  may
                      ? "ok " + (uid == -1 ? ANN.uid() : uid) + ":" + (gid == -1 ? MEMBERS : gid)
                          + " " + Rows.octal(after)
                      : "EPERM " + ANN.uid() + ":" + MEMBERS + " " + Rows.octal(mode);
              rows.add(
                  (directory ? "directory " : "file ") + Rows.octal(mode) + " to " + uid + ":"
                      + gid + " by " + user,
                  expected,
                  s -> {
                    if (directory) {
                      s.dir("f", ANN, MEMBERS, mode);
                    } else {
                      s.file("f", ANN, MEMBERS, mode);
                    }
                    String outcome =
                        s.attempt(user, () -> s.door().chown(s.at("f"), uid, gid, true));
                    return outcome + " " + s.stat("f").uid() + ":" + s.stat("f").gid() + " "
                        + s.mode("f");
                  });
            }
          }
        }
      }
    }
    return rows.all();
  }

  private interface Change {
    void run(Scene scene, Door.File file) throws FsException;
  }

  /// Changing content takes the set-id bits away, unless root does it.
  static List<Row> content() {
    Map<String, Change> changes = new LinkedHashMap<>();
    changes.put("write", (s, f) -> f.write(new byte[1]));
    changes.put("write beyond the end", (s, f) -> {
      f.seek(5000);
      f.write(new byte[1]);
    });
    changes.put("write nothing", (s, f) -> f.write(new byte[0]));
    changes.put("cut", (s, f) -> f.truncate(1));
    changes.put("grow", (s, f) -> f.truncate(100));
    changes.put("cut to the same size", (s, f) -> f.truncate(3));
    changes.put("cut by path", (s, f) -> s.door().truncate(s.at("f"), 1));
    changes.put("cut by open", (s, f) -> s.open("f", OpenFlags.WRONLY | OpenFlags.TRUNC, 0));
    changes.put("allocate", (s, f) -> f.fallocate(0, 0, 10));
    changes.put("punch", (s, f) -> f.fallocate(FallocateMode.PUNCH_HOLE | 1, 0, 2));
    changes.put("copy into", (s, f) -> {
      try (Door.File source = s.door().open(s.at("source"), OpenFlags.RDONLY, 0)) {
        source.copy(0, f, 0, 3);
      }
    });
    Rows rows = new Rows("set-id bits and content");
    for (int mode : new int[] {04777, 02777, 06777, 06767, 02767, 06766, 02766, 07777, 0777}) {
      for (User user : List.of(ANN, BOB, CAT, ROOT)) {
        for (Map.Entry<String, Change> change : changes.entrySet()) {
          boolean nothing = change.getKey().equals("write nothing");
          int after =
              user == ROOT || nothing ? mode : stripped(user, MEMBERS, mode);
          Row.Need[] needs =
              change.getKey().equals("allocate") || change.getKey().equals("punch")
                  ? new Row.Need[] {Row.Need.FALLOCATE}
                  : new Row.Need[0];
          rows.add(
              change.getKey() + " in " + Rows.octal(mode) + " by " + user,
              "ok " + Rows.octal(after),
              s -> {
                s.file("source", ROOT, 0, 0644);
                s.file("f", ANN, MEMBERS, mode);
                String outcome =
                    s.attempt(
                        user,
                        () -> {
                          try (Door.File file =
                              s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
                            change.getValue().run(s, file);
                          }
                        });
                return outcome + " " + s.mode("f");
              },
              needs);
        }
      }
    }
    return rows.all();
  }

  /// Capabilities go with the first change of content or owner, also root's.
  static List<Row> capabilities() {
    Map<String, Change> changes = new LinkedHashMap<>();
    changes.put("write", (s, f) -> f.write(new byte[1]));
    changes.put("write nothing", (s, f) -> f.write(new byte[0]));
    changes.put("grow", (s, f) -> f.truncate(100));
    changes.put("cut by path", (s, f) -> s.door().truncate(s.at("f"), 1));
    changes.put("cut by open", (s, f) -> s.open("f", OpenFlags.WRONLY | OpenFlags.TRUNC, 0));
    changes.put("read", (s, f) -> f.read(2));
    Rows rows = new Rows("capabilities");
    for (User user : List.of(ANN, ROOT)) {
      for (Map.Entry<String, Change> change : changes.entrySet()) {
        boolean stays = change.getKey().equals("read") || change.getKey().equals("write nothing");
        rows.add(
            change.getKey() + " by " + user,
            "ok " + (stays ? "there" : "gone"),
            s ->
                capability(
                    s,
                    user,
                    () -> {
                      try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
                        change.getValue().run(s, file);
                      }
                    }),
            Row.Need.XATTRS);
      }
      rows.add(
          "chmod by " + user,
          "ok there",
          s -> capability(s, user, () -> s.door().chmod(s.at("f"), 0700)),
          Row.Need.XATTRS);
      rows.add(
          "chown by " + user,
          "ok gone",
          s -> capability(s, user, () -> s.door().chown(s.at("f"), -1, MEMBERS, true)),
          Row.Need.XATTRS);
    }
    return rows.all();
  }

  private static String capability(Scene s, User user, Scene.Action action) throws FsException {
    byte[] value = new byte[20]; // version 2, CAP_NET_RAW permitted and effective
    value[0] = 1;
    value[3] = 2;
    value[5] = 0x20;
    s.file("f", ANN, MEMBERS, 0777);
    s.write("f", "abc");
    s.door().setXattr(s.at("f"), "security.capability", value, XattrMode.SET, true);
    String outcome = s.attempt(user, action);
    boolean there = s.door().getXattr(s.at("f"), "security.capability", true) != null;
    return outcome + (there ? " there" : " gone");
  }

  private interface Make {
    void run(Scene scene, int mode) throws FsException;
  }

  private record Maker(boolean directory, boolean link, Make make, Row.Need... needs) {}

  /// Owner, group and mode of what is made.
  static List<Row> created() {
    Map<String, Maker> makers = new LinkedHashMap<>();
    makers.put(
        "file",
        new Maker(false, false, (s, mode) -> s.open("d/n", OpenFlags.CREAT | 1, mode)));
    makers.put(
        "directory", new Maker(true, false, (s, mode) -> s.door().mkdir(s.at("d/n"), mode)));
    makers.put(
        "pipe",
        new Maker(
            false, false, (s, mode) -> s.door().mknod(s.at("d/n"), 0010000 | mode, 0),
            Row.Need.NODES));
    makers.put(
        "link", new Maker(false, true, (s, mode) -> s.door().symlink("x", s.at("d/n"))));
    Rows rows = new Rows("owner, group and mode of what is made");
    for (boolean setGid : new boolean[] {false, true}) {
      for (int gid : new int[] {MEMBERS, FOREIGN}) {
        for (int umask : new int[] {0, 022, 077, 0777}) {
          for (int mode : new int[] {0777, 0644, 01755, 02755, 02644, 06777, 06767}) {
            for (User user : List.of(ANN, ROOT)) {
              for (Map.Entry<String, Maker> maker : makers.entrySet()) {
                Maker m = maker.getValue();
                int bits = m.link ? 0777 : mode & ~umask;
                if (m.directory) {
                  bits &= 01777; // mkdir takes no set-id bits
                }
                if (setGid && m.directory) {
                  bits |= FileMode.SET_GID;
                } else if (setGid // a look at the mode before the umask
                    && (mode & (FileMode.SET_GID | FileMode.GROUP_EXECUTE))
                        == (FileMode.SET_GID | FileMode.GROUP_EXECUTE)
                    && user != ROOT
                    && !user.inGroup(gid)) {
                  bits &= ~FileMode.SET_GID;
                }
                String expected =
                    "ok " + user.uid() + ":" + (setGid ? gid : user.gid()) + " "
                        + Rows.octal(bits);
                rows.add(
                    maker.getKey() + " of mode " + Rows.octal(mode) + ", umask "
                        + Rows.octal(umask) + " in a " + (setGid ? "set-group-id " : "")
                        + "directory of group " + gid + " by " + user,
                    expected,
                    s -> {
                      s.dir("d", ROOT, gid, setGid ? 02777 : 0777);
                      String outcome = s.attempt(user, umask, () -> m.make.run(s, mode));
                      return outcome + " " + s.stat("d/n").uid() + ":" + s.stat("d/n").gid()
                          + " " + s.mode("d/n");
                    },
                    m.needs);
              }
            }
          }
        }
      }
    }
    return rows.all();
  }
}
