package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ANN;
import static org.pagewright.sim.posix.User.BOB;
import static org.pagewright.sim.posix.User.ROOT;

import java.util.List;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;

/// Link counts, numbers of inodes, files without names, nodes of every type, chains of links.
final class LinksTable {
  private LinksTable() {}

  static List<Row> all() {
    Rows rows = new Rows("links");
    counts(rows);
    numbers(rows);
    unnamed(rows);
    nodes(rows);
    chains(rows);
    return rows.all();
  }

  private static void counts(Rows rows) {
    rows.add(
        "counts of a file",
        "1 2 3 2 2",
        s -> {
          s.write("f", "abc");
          StringBuilder told = new StringBuilder().append(s.stat("f").nlink());
          s.door().link(s.at("f"), s.at("g"));
          told.append(' ').append(s.stat("f").nlink());
          s.door().mkdir(s.at("d"), 0755);
          s.door().link(s.at("g"), s.at("d/h"));
          told.append(' ').append(s.stat("f").nlink());
          s.door().unlink(s.at("f"));
          told.append(' ').append(s.stat("g").nlink());
          s.door().rename(s.at("g"), s.at("f"), 0);
          return told.append(' ').append(s.stat("d/h").nlink()).toString();
        });
    rows.add(
        "counts of directories",
        "2 3 2 3 2 2",
        s -> {
          s.door().mkdir(s.at("d"), 0755);
          s.door().mkdir(s.at("e"), 0755);
          StringBuilder told = new StringBuilder().append(s.stat("d").nlink());
          s.door().mkdir(s.at("d/x"), 0755);
          told.append(' ').append(s.stat("d").nlink());
          s.door().rename(s.at("d/x"), s.at("e/x"), 0);
          told.append(' ').append(s.stat("d").nlink()).append(' ').append(s.stat("e").nlink());
          s.door().rmdir(s.at("e/x"));
          told.append(' ').append(s.stat("e").nlink());
          s.write("d/f", "abc");
          return told.append(' ').append(s.stat("d").nlink()).toString();
        });
    rows.add(
        "a directory that replaces another",
        "3 2",
        s -> {
          s.door().mkdir(s.at("d"), 0755);
          s.door().mkdir(s.at("d/x"), 0755);
          s.door().mkdir(s.at("e"), 0755);
          s.door().mkdir(s.at("e/x"), 0755);
          s.door().rename(s.at("d/x"), s.at("e/x"), 0);
          return s.stat("e").nlink() + " " + s.stat("d").nlink();
        });
    rows.add(
        "an open file whose names are gone",
        "0 3 abc",
        s -> {
          s.write("f", "abc");
          try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
            s.door().unlink(s.at("f"));
            Stat stat = file.stat();
            return stat.nlink() + " " + stat.size() + " " + new String(file.read(5));
          }
        });
    rows.add(
        "a link for a stranger",
        "ok",
        s -> {
          s.own("", ROOT, 0, 0777);
          s.file("f", ANN, 100, 0666);
          return s.attempt(BOB, () -> s.door().link(s.at("f"), s.at("g")));
        });
    rows.add(
        "a hard link of a symbolic link",
        "l 2",
        s -> {
          s.door().symlink("nowhere", s.at("l"));
          s.door().link(s.at("l"), s.at("m"));
          return s.stat("m").type().letter() + " " + s.stat("m").nlink();
        });
  }

  /// What a directory says of an entry is what `stat` says of it.
  private static void numbers(Rows rows) {
    for (Kind kind : Kind.values()) {
      if (kind == Kind.ABSENT) {
        continue;
      }
      rows.add(
          "number and type of " + kind + " in its directory",
          "same",
          s -> {
            s.door().mkdir(s.at("d"), 0755);
            s.make(kind, "d/n");
            s.door().rename(s.at("d/n"), s.at("d/m"), 0);
            for (Door.Entry entry : s.door().list(s.at("d"))) {
              Stat stat = s.stat("d/" + entry.name());
              if (stat.ino() != entry.ino() || stat.type().letter() != entry.type()) {
                return entry + " but " + stat;
              }
            }
            return "same";
          },
          kind.isSpecial() ? new Row.Need[] {Row.Need.NODES} : new Row.Need[0]);
    }
  }

  private static void unnamed(Rows rows) {
    Row.Need[] needs = {Row.Need.TMPFILE};
    for (User user : List.of(ROOT, ANN)) {
      rows.add(
          "a file without a name by " + user,
          "0 0600 " + user.uid() + ", ok 1",
          s -> {
            s.dir("d", ROOT, 0, 0777);
            s.door().as(user, 077);
            try (Door.File file = s.door().open(s.at("d"), OpenFlags.TMPFILE | 2, 0666)) {
              s.door().as(ROOT, 0);
              Stat stat = file.stat();
              String told = stat.nlink() + " " + Rows.octal(stat.mode() & 07777) + " " + stat.uid();
              String outcome = s.attempt(() -> file.link(s.at("d/n")));
              return told + ", " + outcome + " " + s.stat("d/n").nlink();
            }
          },
          needs);
    }
    rows.add(
        "a file without a name that must not get one",
        "ENOENT",
        s -> {
          try (Door.File file =
              s.door().open(s.base(), OpenFlags.TMPFILE | OpenFlags.EXCL | 2, 0666)) {
            return s.attempt(() -> file.link(s.at("n")));
          }
        },
        needs);
    rows.add(
        "a name for an open file that has lost its own",
        "ENOENT",
        s -> {
          s.write("f", "abc");
          try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
            s.door().unlink(s.at("f"));
            return s.attempt(() -> file.link(s.at("n")));
          }
        });
    rows.add(
        "a second name for an open file",
        "ok 2",
        s -> {
          s.write("f", "abc");
          try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
            return s.attempt(() -> file.link(s.at("n"))) + " " + file.stat().nlink();
          }
        });
    rows.add(
        "a file without a name for reading only",
        "EINVAL",
        s -> s.attempt(() -> s.open("", OpenFlags.TMPFILE, 0600)),
        needs);
    rows.add(
        "a file without a name in a file",
        "ENOTDIR",
        s -> {
          s.write("f", "");
          return s.attempt(() -> s.open("f", OpenFlags.TMPFILE | 2, 0600));
        },
        needs);
  }

  private static void nodes(Rows rows) {
    int[][] types = {{0010000, 0}, {0140000, 0}, {0020000, 1}, {0060000, 1}, {0100000, 0}, {0, 0}};
    for (int[] type : types) {
      for (User user : List.of(ROOT, ANN)) {
        boolean may = type[1] == 0 || user == ROOT;
        int mode = type[0] == 0 ? 0100000 : type[0];
        long rdev = type[1] == 0 ? 0 : DeviceNumber.of(259, 70000);
        rows.add(
            "mknod " + Integer.toOctalString(type[0]) + " by " + user,
            may ? "ok " + Integer.toOctalString(mode | 0640) + " " + rdev : "EPERM",
            s -> {
              s.own("", ROOT, 0, 0777);
              String outcome =
                  s.attempt(
                      user, 027, () -> s.door().mknod(s.at("n"), type[0] | 0666, rdev));
              return outcome.equals("ok")
                  ? "ok " + Integer.toOctalString(s.stat("n").mode()) + " " + s.stat("n").rdev()
                  : outcome;
            },
            Row.Need.NODES);
      }
    }
    for (int type : new int[] {0040000, 0120000, 0130000}) {
      rows.add(
          "mknod " + Integer.toOctalString(type),
          type == 0040000 ? "EPERM" : "EINVAL",
          s -> s.attempt(() -> s.door().mknod(s.at("n"), type | 0644, 0)));
    }
  }

  private static void chains(Rows rows) {
    for (int length : new int[] {1, 2, 39, 40, 41, 60}) {
      rows.add(
          "a chain of " + length + " symbolic links",
          length <= 40 ? "ok" : "ELOOP",
          s -> {
            s.write("l0", "abc");
            for (int i = 1; i <= length; i++) {
              s.door().symlink("l" + (i - 1), s.at("l" + i));
            }
            return s.attempt(() -> s.door().stat(s.at("l" + length), true));
          });
      rows.add(
          length + " links in the middle of a path",
          length <= 40 ? "ok" : "ELOOP",
          s -> {
            s.door().symlink(".", s.at("l"));
            s.write("f", "abc");
            return s.attempt(() -> s.stat("l/".repeat(length) + "f"));
          });
    }
    for (int length : new int[] {1, 59, 60, 61, 255, 1000, 4094, 4095, 4096}) {
      rows.add(
          "a symbolic link of " + length + " bytes",
          length <= 4095 ? "ok " + length + " " + length : "ENAMETOOLONG",
          s -> {
            String outcome = s.attempt(() -> s.door().symlink("t".repeat(length), s.at("l")));
            return outcome.equals("ok")
                ? "ok " + s.stat("l").size() + " " + s.door().readlink(s.at("l")).length()
                : outcome;
          });
    }
    rows.add("a symbolic link to nothing", "ENOENT", s ->
        s.attempt(() -> s.door().symlink("", s.at("l"))));
    rows.add(
        "a link that leads up and down again",
        "ok",
        s -> {
          s.write("f", "abc");
          s.door().symlink("../" + s.at("f"), s.at("l"));
          return s.attempt(
              () -> {
                if (s.door().stat(s.at("l"), true).ino() != s.stat("f").ino()) {
                  throw new FsException(org.pagewright.errno.Errno.ESTALE, "another file");
                }
              });
        });
  }
}
