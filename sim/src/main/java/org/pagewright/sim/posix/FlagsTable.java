package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.ROOT;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// What may be done with immutable and append-only files and directories: nothing that the flag
/// forbids, whoever asks.
final class FlagsTable {
  /// SYNC, IMMUTABLE, APPEND, NODUMP, NOATIME.
  private static final int EVERYWHERE = 0x8 | 0x10 | 0x20 | 0x40 | 0x80;

  /// What comes of setting a flag in ext4: on a file, and on a directory. That one "is left" means
  /// no error, and no flag: `chattr` always sends all that it has read.
  private static final Map<Integer, String[]> KEPT = new LinkedHashMap<>();

  static {
    String[] kept = {"ok, set", "ok, set"};
    String[] directories = {"EOPNOTSUPP, left", "ok, set"};
    String[] left = {"ok, left", "ok, left"};
    String[] none = {"EOPNOTSUPP, left", "EOPNOTSUPP, left"};
    KEPT.put(0x1, kept); // to be wiped when deleted
    KEPT.put(0x2, kept); // to be kept when deleted
    KEPT.put(0x4, kept); // compressed
    KEPT.put(0x400, left); // not compressed
    KEPT.put(0x800, left); // encrypted
    KEPT.put(0x1000, left); // with an index
    KEPT.put(0x8000, kept); // no tails
    KEPT.put(0x10000, directories); // synchronous
    KEPT.put(0x20000, directories); // top of a tree
    KEPT.put(0x40000, none); // huge
    KEPT.put(0x100000, left); // sealed
    KEPT.put(0x200000, none); // an attribute's value
    KEPT.put(0x2000000, kept); // direct access
    KEPT.put(0x10000000, left); // in the inode
    KEPT.put(0x20000000, directories); // hands its project on
    KEPT.put(0x40000000, none); // ignores case
  }

  private FlagsTable() {}

  /// Sets those that every file system here has, and leaves the others.
  static void set(Door door, String path, int flags) throws FsException {
    door.setFlags(path, door.flags(path) & ~EVERYWHERE | flags);
  }

  private interface Call {
    void run(Scene scene) throws FsException;
  }

  /// @param immutable what comes of it with the flag on the thing itself
  /// @param append the same
  private record Op(String immutable, String append, Call call) {}

  private static Map<String, Op> onFiles() {
    Instant day = Instant.ofEpochSecond(86400);
    Map<String, Op> ops = new LinkedHashMap<>();
    ops.put("open to read", new Op("ok", "ok", s -> s.open("f", 0, 0)));
    ops.put("open to write", new Op("EPERM", "EPERM", s -> s.open("f", 1, 0)));
    ops.put(
        "open to append", new Op("EPERM", "ok", s -> s.open("f", 1 | OpenFlags.APPEND, 0)));
    ops.put(
        "open to cut and append",
        new Op("EPERM", "EPERM", s -> s.open("f", 1 | OpenFlags.APPEND | OpenFlags.TRUNC, 0)));
    ops.put("truncate", new Op("EPERM", "EPERM", s -> s.door().truncate(s.at("f"), 1)));
    ops.put("chmod", new Op("EPERM", "EPERM", s -> s.door().chmod(s.at("f"), 0600)));
    ops.put("chown", new Op("EPERM", "EPERM", s -> s.door().chown(s.at("f"), -1, 200, true)));
    ops.put(
        "utimens", new Op("EPERM", "EPERM", s -> s.door().utimens(s.at("f"), day, day, true)));
    ops.put(
        "utimens to now",
        new Op(
            "EPERM", "ok",
            s -> s.door().utimens(s.at("f"), Volume.NOW, Volume.NOW, true)));
    ops.put(
        "setxattr",
        new Op(
            "EPERM", "EPERM",
            s -> s.door().setXattr(s.at("f"), "user.a", new byte[1], XattrMode.SET, true)));
    ops.put(
        "removexattr",
        new Op("EPERM", "EPERM", s -> s.door().removeXattr(s.at("f"), "user.x", true)));
    ops.put("getxattr", new Op("ok", "ok", s -> s.door().getXattr(s.at("f"), "user.x", true)));
    ops.put("link", new Op("EPERM", "EPERM", s -> s.door().link(s.at("f"), s.at("n"))));
    ops.put("unlink", new Op("EPERM", "EPERM", s -> s.door().unlink(s.at("f"))));
    ops.put("rename", new Op("EPERM", "EPERM", s -> s.door().rename(s.at("f"), s.at("n"), 0)));
    ops.put(
        "rename over", new Op("EPERM", "EPERM", s -> s.door().rename(s.at("o"), s.at("f"), 0)));
    ops.put("stat", new Op("ok", "ok", s -> s.stat("f")));
    return ops;
  }

  private static Map<String, Op> onDirectories() {
    Map<String, Op> ops = new LinkedHashMap<>();
    ops.put("list", new Op("ok", "ok", s -> s.door().list(s.at("f"))));
    ops.put("create", new Op("EPERM", "ok", s -> s.open("f/n", 0101, 0644)));
    ops.put("mkdir", new Op("EPERM", "ok", s -> s.door().mkdir(s.at("f/n"), 0755)));
    ops.put("link into", new Op("EPERM", "ok", s -> s.door().link(s.at("o"), s.at("f/n"))));
    ops.put("unlink", new Op("EPERM", "EPERM", s -> s.door().unlink(s.at("f/x"))));
    ops.put("rmdir inside", new Op("EPERM", "EPERM", s -> s.door().rmdir(s.at("f/sub"))));
    ops.put(
        "rename within",
        new Op("EPERM", "EPERM", s -> s.door().rename(s.at("f/x"), s.at("f/n"), 0)));
    ops.put(
        "move into", new Op("EPERM", "ok", s -> s.door().rename(s.at("o"), s.at("f/n"), 0)));
    ops.put(
        "move out", new Op("EPERM", "EPERM", s -> s.door().rename(s.at("f/x"), s.at("n"), 0)));
    ops.put("write inside", new Op("ok", "ok", s -> s.open("f/x", 1, 0)));
    ops.put("chmod inside", new Op("ok", "ok", s -> s.door().chmod(s.at("f/x"), 0600)));
    ops.put("chmod", new Op("EPERM", "EPERM", s -> s.door().chmod(s.at("f"), 0700)));
    ops.put("rmdir", new Op("EPERM", "EPERM", s -> s.door().rmdir(s.at("f"))));
    ops.put("rename", new Op("EPERM", "EPERM", s -> s.door().rename(s.at("f"), s.at("n"), 0)));
    return ops;
  }

  static List<Row> all() {
    Rows rows = new Rows("immutable and append-only");
    for (int flag : new int[] {InodeFlags.IMMUTABLE, InodeFlags.APPEND}) {
      String name = flag == InodeFlags.IMMUTABLE ? "immutable" : "append-only";
      for (User user : List.of(ROOT, ANN)) {
        for (Map.Entry<String, Op> op : onFiles().entrySet()) {
          rows.add(
              op.getKey() + " of " + name + " file by " + user,
              flag == InodeFlags.IMMUTABLE ? op.getValue().immutable : op.getValue().append,
              s -> {
                s.own("", ANN, 100, 0777);
                s.file("f", ANN, 100, 0666);
                s.file("o", ANN, 100, 0666);
                s.door().setXattr(s.at("f"), "user.x", new byte[1], XattrMode.SET, true);
                return flagged(s, flag, user, op.getValue().call);
              },
              Row.Need.FLAGS,
              Row.Need.XATTRS);
        }
        for (Map.Entry<String, Op> op : onDirectories().entrySet()) {
          rows.add(
              op.getKey() + " of " + name + " directory by " + user,
              flag == InodeFlags.IMMUTABLE ? op.getValue().immutable : op.getValue().append,
              s -> {
                s.own("", ANN, 100, 0777);
                s.dir("f", ANN, 100, 0777);
                s.file("f/x", ANN, 100, 0666);
                s.dir("f/sub", ANN, 100, 0777);
                s.file("o", ANN, 100, 0666);
                return flagged(s, flag, user, op.getValue().call);
              },
              Row.Need.FLAGS);
        }
      }
      rows.add(
          "a file that becomes " + name + " while it is open",
          flag == InodeFlags.IMMUTABLE ? "EPERM EPERM EPERM" : "ok EPERM EPERM",
          s -> {
            s.file("f", ANN, 100, 0666);
            try (Door.File file = s.door().open(s.at("f"), 2, 0)) {
              set(s.door(), s.at("f"), flag);
              String outcome =
                  s.attempt(() -> file.write(new byte[1]))
                      + " " + s.attempt(() -> file.truncate(0))
                      + " "
                      + s.attempt(
                          () -> file.fallocate(FallocateMode.PUNCH_HOLE | 1, 0, 1));
              set(s.door(), s.at("f"), 0);
              return outcome;
            }
          },
          Row.Need.FLAGS);
    }
    for (int flag : new int[] {0x8, 0x10, 0x20, 0x40, 0x80}) {
      for (User user : List.of(ROOT, ANN, User.BOB)) {
        boolean guarded = (flag & (InodeFlags.IMMUTABLE | InodeFlags.APPEND)) != 0;
        boolean may = user == ROOT || user == ANN && !guarded;
        rows.add(
            "set flag " + Integer.toHexString(flag) + " by " + user,
            may ? "ok" : "EPERM",
            s -> {
              s.file("f", ANN, 100, 0666);
              return s.attempt(user, () -> set(s.door(), s.at("f"), flag));
            },
            Row.Need.FLAGS);
      }
    }
    addKept(rows);
    return rows.all();
  }

  private static void addKept(Rows rows) {
    KEPT.forEach(
        (flag, expected) -> {
          String name = "flag " + Integer.toHexString(flag);
          rows.add(
              name + " of a file",
              expected[0],
              s -> {
                s.file("f", ANN, 100, 0666);
                return outcome(s, flag);
              },
              Row.Need.EXT_FLAGS);
          rows.add(
              name + " of a directory",
              expected[1],
              s -> {
                s.dir("f", ANN, 100, 0777);
                return outcome(s, flag);
              },
              Row.Need.EXT_FLAGS);
        });
    rows.add(
        "flags handed on to a file",
        "8047",
        s -> {
          heir(s);
          s.file("f/x", ROOT, 0, 0666);
          return Integer.toHexString(s.door().flags(s.at("f/x")) & HANDED_ON);
        },
        Row.Need.EXT_FLAGS);
    rows.add(
        "flags handed on to a directory",
        "18047",
        s -> {
          heir(s);
          s.dir("f/x", ROOT, 0, 0777);
          return Integer.toHexString(s.door().flags(s.at("f/x")) & HANDED_ON);
        },
        Row.Need.EXT_FLAGS);
  }

  private static final int HANDED_ON = 0x1 | 0x2 | 0x4 | 0x40 | 0x8000 | 0x10000 | 0x20000;

  private static void heir(Scene s) throws FsException {
    s.dir("f", ROOT, 0, 0777);
    s.door().setFlags(s.at("f"), s.door().flags(s.at("f")) | HANDED_ON);
  }

  private static String outcome(Scene s, int flag) throws FsException {
    int before = s.door().flags(s.at("f"));
    String outcome = s.attempt(() -> s.door().setFlags(s.at("f"), before | flag));
    return outcome + ((s.door().flags(s.at("f")) & flag) != 0 ? ", set" : ", left");
  }

  private static String flagged(Scene s, int flag, User user, Call call) throws FsException {
    set(s.door(), s.at("f"), flag);
    String outcome = s.attempt(user, () -> call.run(s));
    if (s.isThere("f")) {
      set(s.door(), s.at("f"), 0);
    }
    return outcome;
  }
}
