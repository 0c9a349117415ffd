package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.BOB;
import static org.pagewright.sim.posix.User.CAT;
import static org.pagewright.sim.posix.User.ROOT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Who may do what, by permission bits.
///
/// The class of the one who asks has the bits under test, the other classes have the opposite: what
/// they say must not matter.
final class RightsTable {
  private static final List<User> USERS = List.of(ANN, BOB, CAT, ROOT);
  private static final int GROUP = 200;

  private RightsTable() {}

  /// A call on what lies at `f`.
  private interface Call {
    void run(Scene scene) throws FsException;
  }

  private record Op(int mask, Call call, Row.Need... needs) {}

  /// The mode that gives one user's class some bits and all others the opposite.
  private static int modeFor(User user, int bits) {
    int shift = user == ANN ? 6 : user == BOB ? 3 : 0;
    int rest = (7 ^ bits) * 0111 & ~(7 << shift);
    return bits << shift | rest;
  }

  static List<Row> files() {
    Map<String, Op> ops = new LinkedHashMap<>();
    ops.put("open to read", new Op(4, s -> s.open("f", OpenFlags.RDONLY, 0)));
    ops.put("open to write", new Op(2, s -> s.open("f", OpenFlags.WRONLY, 0)));
    ops.put("open for both", new Op(6, s -> s.open("f", OpenFlags.RDWR, 0)));
    ops.put("open to append", new Op(2, s -> s.open("f", OpenFlags.WRONLY | 02000, 0)));
    ops.put("open to cut", new Op(6, s -> s.open("f", OpenFlags.TRUNC, 0)));
    ops.put("open with create", new Op(6, s -> s.open("f", OpenFlags.RDWR | 0100, 0600)));
    ops.put("truncate", new Op(2, s -> s.door().truncate(s.at("f"), 1)));
    for (int mask = 0; mask < 8; mask++) {
      int wanted = mask;
      ops.put("access " + mask, new Op(mask, s -> s.door().access(s.at("f"), wanted)));
    }
    ops.put(
        "set an attribute",
        new Op(
            2,
            s -> s.door().setXattr(s.at("f"), "user.n", new byte[1], XattrMode.SET, true),
            Row.Need.XATTRS));
    ops.put(
        "remove an attribute",
        new Op(2, s -> s.door().removeXattr(s.at("f"), "user.a", true), Row.Need.XATTRS));
    ops.put(
        "read an attribute",
        new Op(4, s -> s.door().getXattr(s.at("f"), "user.a", true), Row.Need.XATTRS));
    ops.put(
        "list attributes",
        new Op(0, s -> s.door().listXattrs(s.at("f"), true), Row.Need.XATTRS));
    ops.put("stat", new Op(0, s -> s.door().stat(s.at("f"), true)));
    Rows rows = new Rows("rights on files");
    for (User user : USERS) {
      for (int bits = 0; bits < 8; bits++) {
        int mode = modeFor(user, bits);
        int typed = FileType.REGULAR.modeBits() | mode;
        for (Map.Entry<String, Op> op : ops.entrySet()) {
          boolean may = Rows.permits(user, typed, ANN.uid(), GROUP, op.getValue().mask);
          rows.add(
              op.getKey() + " of " + Rows.octal(mode) + " by " + user,
              may ? "ok" : "EACCES",
              s -> {
                s.file("f", ANN, GROUP, 0600);
                if (op.getValue().needs.length > 0) {
                  s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true);
                }
                s.door().chmod(s.at("f"), mode);
                return s.attempt(user, () -> op.getValue().call.run(s));
              },
              op.getValue().needs);
        }
        boolean touch = user == ANN || Rows.permits(user, typed, ANN.uid(), GROUP, 2);
        rows.add(
            "set times to now of " + Rows.octal(mode) + " by " + user,
            touch ? "ok" : "EACCES",
            s -> {
              s.file("f", ANN, GROUP, mode);
              return s.attempt(
                  user, () -> s.door().utimens(s.at("f"), Volume.NOW, Volume.NOW, true));
            });
        rows.add(
            "open without access time of " + Rows.octal(mode) + " by " + user,
            !Rows.permits(user, typed, ANN.uid(), GROUP, 4)
                ? "EACCES"
                : user == ANN || user == ROOT ? "ok" : "EPERM",
            s -> {
              s.file("f", ANN, GROUP, mode);
              return s.attempt(user, () -> s.open("f", OpenFlags.NOATIME, 0));
            });
      }
    }
    return rows.all();
  }

  static List<Row> directories() {
    Map<String, Op> ops = new LinkedHashMap<>();
    ops.put("list", new Op(4, s -> s.open("d", OpenFlags.DIRECTORY, 0)));
    ops.put("stat the directory", new Op(0, s -> s.stat("d")));
    ops.put("stat inside", new Op(1, s -> s.stat("d/f")));
    ops.put("stat dot", new Op(1, s -> s.stat("d/.")));
    ops.put("stat dot dot", new Op(1, s -> s.stat("d/..")));
    ops.put("stat below", new Op(1, s -> s.stat("d/sub/.")));
    ops.put("open inside", new Op(1, s -> s.open("d/f", OpenFlags.RDONLY, 0)));
    ops.put("readlink inside", new Op(1, s -> s.door().readlink(s.at("d/l"))));
    ops.put("create", new Op(3, s -> s.open("d/n", OpenFlags.CREAT | OpenFlags.WRONLY, 0600)));
    ops.put("create what is there", new Op(1, s -> s.open("d/f", OpenFlags.CREAT, 0600)));
    ops.put("mkdir", new Op(3, s -> s.door().mkdir(s.at("d/n"), 0700)));
    ops.put("symlink", new Op(3, s -> s.door().symlink("x", s.at("d/n"))));
    ops.put("mknod", new Op(3, s -> s.door().mknod(s.at("d/n"), 0010600, 0)));
    ops.put("link into", new Op(3, s -> s.door().link(s.at("o/own"), s.at("d/n"))));
    ops.put("link out of", new Op(1, s -> s.door().link(s.at("d/own"), s.at("o/n"))));
    ops.put("unlink", new Op(3, s -> s.door().unlink(s.at("d/f"))));
    ops.put("rmdir", new Op(3, s -> s.door().rmdir(s.at("d/sub"))));
    ops.put("rename within", new Op(3, s -> s.door().rename(s.at("d/f"), s.at("d/n"), 0)));
    ops.put("rename over", new Op(3, s -> s.door().rename(s.at("d/f"), s.at("d/own"), 0)));
    ops.put("rename into", new Op(3, s -> s.door().rename(s.at("o/own"), s.at("d/n"), 0)));
    ops.put("rename out of", new Op(3, s -> s.door().rename(s.at("d/f"), s.at("o/n"), 0)));
    ops.put(
        "a file without a name",
        new Op(3, s -> s.open("d", OpenFlags.TMPFILE | 1, 0600), Row.Need.TMPFILE));
    for (int mask = 0; mask < 8; mask++) {
      int wanted = mask;
      ops.put("access " + mask, new Op(mask, s -> s.door().access(s.at("d"), wanted)));
    }
    Rows rows = new Rows("rights on directories");
    for (User user : USERS) {
      for (int bits = 0; bits < 8; bits++) {
        int mode = modeFor(user, bits);
        int typed = FileType.DIRECTORY.modeBits() | mode;
        for (Map.Entry<String, Op> op : ops.entrySet()) {
          boolean may = Rows.permits(user, typed, ANN.uid(), GROUP, op.getValue().mask);
          rows.add(
              op.getKey() + " in " + Rows.octal(mode) + " by " + user,
              may ? "ok" : "EACCES",
              s -> {
                s.dir("o", ANN, GROUP, 0777);
                s.file("o/own", user, GROUP, 0666);
                s.dir("d", ANN, GROUP, 0700);
                s.file("d/f", user, GROUP, 0666);
                s.file("d/own", user, GROUP, 0666);
                s.dir("d/sub", user, GROUP, 0777);
                s.door().symlink("f", s.at("d/l"));
                s.door().chmod(s.at("d"), mode);
                return s.attempt(user, () -> op.getValue().call.run(s));
              },
              op.getValue().needs);
        }
      }
    }
    return rows.all();
  }

  /// Sticky directories: who owns neither the file nor the directory may not take the name away.
  static List<Row> sticky() {
    Map<String, Call> ops = new LinkedHashMap<>();
    ops.put("unlink", s -> s.door().unlink(s.at("d/f")));
    ops.put("rmdir", s -> s.door().rmdir(s.at("d/sub")));
    ops.put("rename", s -> s.door().rename(s.at("d/f"), s.at("d/n"), 0));
    ops.put("rename over", s -> s.door().rename(s.at("d/mine"), s.at("d/f"), 0));
    ops.put("rename a directory", s -> s.door().rename(s.at("d/sub"), s.at("d/n"), 0));
    ops.put("move out", s -> s.door().rename(s.at("d/f"), s.at("o"), 0));
    Rows rows = new Rows("sticky directories");
    for (boolean sticky : new boolean[] {false, true}) {
      for (User dirOwner : List.of(ANN, BOB, ROOT)) {
        for (User owner : List.of(ANN, BOB, ROOT)) {
          for (User user : USERS) {
            for (Map.Entry<String, Call> op : ops.entrySet()) {
              boolean may = !sticky || user == ROOT || user == owner || user == dirOwner;
              rows.add(
                  op.getKey() + " of " + owner + "'s in " + dirOwner + "'s "
                      + (sticky ? "sticky " : "") + "directory by " + user,
                  may ? "ok" : "EPERM",
                  s -> {
                    s.own("", ROOT, 0, 0777);
                    s.dir("d", dirOwner, 0, FileMode.STICKY | 0777);
                    s.file("d/f", owner, 0, 0666);
                    s.file("d/mine", user, 0, 0666);
                    s.dir("d/sub", owner, 0, 0777);
                    s.door().chmod(s.at("d"), sticky ? FileMode.STICKY | 0777 : 0777);
                    return s.attempt(user, () -> op.getValue().run(s));
                  });
            }
          }
        }
      }
    }
    return rows.all();
  }

  static {
    assert FileMode.MAY_READ == 4 && FileMode.MAY_WRITE == 2 && FileMode.MAY_EXECUTE == 1;
  }
}
