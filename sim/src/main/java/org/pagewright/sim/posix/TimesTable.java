package org.pagewright.sim.posix;

import static org.pagewright.sim.posix.User.ROOT;

import java.time.Instant;
import java.util.List;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Which times of which inode each call moves, on a volume with relative access times.
///
/// Before the call, all access and modification times lie in 1970 and all change times before a
/// tick of the clock. What is told afterwards are the letters of the times that moved: of the file
/// `f`, of the directory `d` that holds it, and of a second directory `e`.
final class TimesTable {
  private static final Instant OLD = Instant.ofEpochSecond(1000);

  private TimesTable() {}

  private interface Call {
    void run(Scene scene) throws FsException;
  }

  private static void add(Rows rows, String name, String expected, Call call, Row.Need... needs) {
    rows.add(
        name,
        expected,
        s -> {
          s.dir("d", ROOT, 0, 0755);
          s.dir("e", ROOT, 0, 0755);
          s.file("d/f", ROOT, 0, 0644);
          s.dir("d/sub", ROOT, 0, 0755);
          s.file("d/g", ROOT, 0, 0644);
          s.file("e/h", ROOT, 0, 0644);
          s.door().symlink("f", s.at("d/l"));
          List<String> watched = List.of("d/f", "d", "e", "d/l", "d/g", "d/sub");
          List<Stat> before = new java.util.ArrayList<>();
          for (String path : watched) {
            s.door().utimens(s.at(path), OLD, OLD, false);
          }
          for (String path : watched) {
            before.add(s.stat(path));
          }
          s.door().tick();
          call.run(s);
          StringBuilder told = new StringBuilder();
          for (int i = 0; i < watched.size(); i++) {
            if (!s.isThere(watched.get(i))) {
              continue;
            }
            String moved = moved(before.get(i), s.stat(watched.get(i)));
            if (!moved.isEmpty()) {
              told.append(told.isEmpty() ? "" : " ").append(watched.get(i)).append(':')
                  .append(moved);
            }
          }
          return told.toString();
        },
        needs);
  }

  private static String moved(Stat before, Stat after) {
    return (after.atime().equals(before.atime()) ? "" : "a")
        + (after.mtime().equals(before.mtime()) ? "" : "m")
        + (after.ctime().equals(before.ctime()) ? "" : "c");
  }

  private static Call withFile(int flags, FileCall call) {
    return s -> {
      try (Door.File file = s.door().open(s.at("d/f"), flags, 0)) {
        call.run(file);
      }
    };
  }

  private interface FileCall {
    void run(Door.File file) throws FsException;
  }

  private static Call fails(Call call) {
    return s -> {
      try {
        call.run(s);
      } catch (FsException e) {
        return;
      }
      throw new AssertionError("it was to fail");
    };
  }

  static List<Row> all() {
    Rows rows = new Rows("times");
    add(rows, "stat", "", s -> s.stat("d/f"));
    add(rows, "open and close", "", s -> s.open("d/f", OpenFlags.RDWR, 0));
    add(rows, "open with create", "", s -> s.open("d/f", OpenFlags.RDWR | 0100, 0));
    add(rows, "read", "d/f:a", withFile(0, f -> f.read(2)), Row.Need.ATIME);
    add(rows, "read nothing", "", withFile(0, f -> f.read(0)));
    add(rows, "read at the end", "d/f:a", withFile(0, f -> {
      f.seek(3);
      f.read(5);
    }), Row.Need.ATIME);
    add(
        rows, "read without access time", "",
        withFile(OpenFlags.NOATIME, f -> f.read(2)));
    add(rows, "write", "d/f:mc", withFile(1, f -> f.write(new byte[1])));
    add(rows, "write nothing", "", withFile(1, f -> f.write(new byte[0])));
    add(
        rows, "append", "d/f:mc",
        withFile(1 | OpenFlags.APPEND, f -> f.write(new byte[1])));
    add(rows, "cut", "d/f:mc", withFile(1, f -> f.truncate(1)));
    add(rows, "grow", "d/f:mc", withFile(1, f -> f.truncate(10)));
    add(rows, "cut to the same size", "d/f:mc", withFile(1, f -> f.truncate(3)));
    add(rows, "cut by path", "d/f:mc", s -> s.door().truncate(s.at("d/f"), 1));
    add(rows, "grow by path", "d/f:mc", s -> s.door().truncate(s.at("d/f"), 9));
    add(rows, "cut by path to the same size", "d/f:mc", s -> s.door().truncate(s.at("d/f"), 3));
    add(rows, "open to cut", "d/f:mc", s -> s.open("d/f", 1 | OpenFlags.TRUNC, 0));
    add(
        rows, "open to cut what is empty", "d/f:mc",
        s -> {
          s.door().truncate(s.at("d/f"), 0);
          s.door().utimens(s.at("d/f"), OLD, OLD, true);
          s.door().tick();
          s.open("d/f", 1 | OpenFlags.TRUNC, 0);
        });
    Row.Need[] space = {Row.Need.FALLOCATE};
    add(rows, "allocate inside", "d/f:mc", withFile(1, f -> f.fallocate(0, 0, 2)), space);
    add(rows, "allocate beyond", "d/f:mc", withFile(1, f -> f.fallocate(0, 0, 9000)), space);
    add(
        rows, "allocate and keep the size", "d/f:mc",
        withFile(1, f -> f.fallocate(1, 8192, 4096)), space);
    add(
        rows, "punch", "d/f:mc",
        withFile(1, f -> f.fallocate(FallocateMode.PUNCH_HOLE | 1, 0, 2)), space);
    add(
        rows, "zero a range", "d/f:mc",
        withFile(1, f -> f.fallocate(FallocateMode.ZERO_RANGE, 0, 2)), space);
    add(
        rows, "copy a range", "d/f:mc d/g:a",
        s -> {
          try (Door.File source = s.door().open(s.at("d/g"), 0, 0);
              Door.File target = s.door().open(s.at("d/f"), 1, 0)) {
            source.copy(0, target, 0, 3);
          }
        }, Row.Need.ATIME);
    add(rows, "chmod", "d/f:c", s -> s.door().chmod(s.at("d/f"), 0600));
    add(rows, "chmod to the same", "d/f:c", s -> s.door().chmod(s.at("d/f"), 0644));
    add(rows, "chown", "d/f:c", s -> s.door().chown(s.at("d/f"), 1, 1, true));
    add(rows, "chown to the same", "d/f:c", s -> s.door().chown(s.at("d/f"), 0, 0, true));
    add(rows, "chown of nothing", "d/f:c", s -> s.door().chown(s.at("d/f"), -1, -1, true));
    add(rows, "chown of a link", "d/l:c", s -> s.door().chown(s.at("d/l"), 1, 1, false));
    add(
        rows, "utimens to now", "d/f:amc",
        s -> s.door().utimens(s.at("d/f"), Volume.NOW, Volume.NOW, true));
    add(
        rows, "utimens of the access time", "d/f:ac",
        s -> s.door().utimens(s.at("d/f"), Instant.ofEpochSecond(5), Volume.OMIT, true));
    add(
        rows, "utimens of the modification time", "d/f:mc",
        s -> s.door().utimens(s.at("d/f"), Volume.OMIT, Instant.ofEpochSecond(5), true));
    add(
        rows, "utimens of nothing", "",
        s -> s.door().utimens(s.at("d/f"), Volume.OMIT, Volume.OMIT, true));
    add(
        rows, "set an attribute", "d/f:c",
        s -> s.door().setXattr(s.at("d/f"), "user.a", new byte[3], XattrMode.SET, true),
        Row.Need.XATTRS);
    add(
        rows, "remove an attribute", "d/f:c",
        s -> {
          s.door().setXattr(s.at("d/f"), "user.a", new byte[3], XattrMode.SET, true);
          s.door().tick();
          s.door().removeXattr(s.at("d/f"), "user.a", true);
        },
        Row.Need.XATTRS);
    add(
        rows, "set flags", "d/f:c",
        s -> FlagsTable.set(s.door(), s.at("d/f"), 0x40), Row.Need.FLAGS);
    add(rows, "link", "d/f:c e:mc", s -> s.door().link(s.at("d/f"), s.at("e/n")));
    add(
        rows, "unlink of one name", "d:mc d/g:c",
        s -> {
          s.door().link(s.at("d/g"), s.at("g2"));
          s.door().unlink(s.at("d/g"));
          s.door().rename(s.at("g2"), s.at("d/g"), 0);
        });
    add(rows, "unlink", "d:mc", s -> s.door().unlink(s.at("d/g")));
    add(rows, "rmdir", "d:mc", s -> s.door().rmdir(s.at("d/sub")));
    add(rows, "create", "d:mc", s -> s.open("d/n", 0101, 0644));
    add(rows, "mkdir", "d:mc", s -> s.door().mkdir(s.at("d/n"), 0755));
    add(rows, "symlink", "d:mc", s -> s.door().symlink("x", s.at("d/n")));
    add(
        rows, "mknod", "d:mc", s -> s.door().mknod(s.at("d/n"), 0010644, 0), Row.Need.NODES);
    add(
        rows, "a file without a name", "", s -> s.open("d", OpenFlags.TMPFILE | 1, 0644),
        Row.Need.TMPFILE);
    add(
        rows, "rename within", "d/f:c d:mc",
        s -> {
          s.door().rename(s.at("d/f"), s.at("d/n"), 0);
          s.door().rename(s.at("d/n"), s.at("d/f"), 0);
        });
    add(
        rows, "rename over a name in use", "d/f:c d:mc e:mc",
        s -> {
          s.door().rename(s.at("d/f"), s.at("e/h"), 0);
          s.door().rename(s.at("e/h"), s.at("d/f"), 0);
        });
    add(
        rows, "rename of a directory", "d:mc e:mc d/sub:c",
        s -> {
          s.door().rename(s.at("d/sub"), s.at("e/n"), 0);
          s.door().rename(s.at("e/n"), s.at("d/sub"), 0);
        });
    add(
        rows, "swap", "d/f:c d:mc d/g:c",
        s -> {
          s.door().rename(s.at("d/f"), s.at("d/g"), 2);
          s.door().rename(s.at("d/f"), s.at("d/g"), 2);
        },
        Row.Need.EXCHANGE);
    add(
        rows, "readlink", "d/l:a", s -> s.door().readlink(s.at("d/l")), Row.Need.ATIME);
    add(rows, "stat through a link", "d/l:a", s -> s.door().stat(s.at("d/l"), true),
        Row.Need.ATIME);
    add(rows, "list", "d:a", s -> s.door().list(s.at("d")), Row.Need.ATIME);
    add(rows, "walk through", "", s -> s.stat("d/sub/."));
    add(rows, "access", "", s -> s.door().access(s.at("d/f"), 4));
    add(rows, "mkdir of what is there", "", fails(s -> s.door().mkdir(s.at("d/sub"), 0755)));
    add(rows, "unlink of a directory", "", fails(s -> s.door().unlink(s.at("d/sub"))));
    add(rows, "rmdir of a file", "", fails(s -> s.door().rmdir(s.at("d/f"))));
    add(rows, "link onto what is there", "",
        fails(s -> s.door().link(s.at("d/f"), s.at("d/g"))));
    add(rows, "rename of a name onto another of the same file", "d/f:c e:mc",
        s -> {
          s.door().link(s.at("d/f"), s.at("e/n"));
          s.door().rename(s.at("d/f"), s.at("e/n"), 0);
        });
    // What is new has the present in all its times.
    for (String kind : List.of("file", "dir", "link", "pipe")) {
      rows.add(
          "of a new " + kind,
          "same times as its directory",
          s -> {
            s.dir("d", ROOT, 0, 0755);
            s.door().tick();
            switch (kind) {
              case "file" -> s.open("d/n", 0101, 0644);
              case "dir" -> s.door().mkdir(s.at("d/n"), 0755);
              case "link" -> s.door().symlink("x", s.at("d/n"));
              default -> s.door().mknod(s.at("d/n"), 0010644, 0);
            }
            Stat stat = s.stat("d/n");
            long seconds = s.stat("d").mtime().getEpochSecond();
            boolean same =
                Math.abs(stat.atime().getEpochSecond() - seconds) <= 1
                    && stat.mtime().equals(stat.ctime())
                    && stat.mtime().equals(stat.atime());
            return same ? "same times as its directory" : stat.toString();
          },
          kind.equals("pipe") ? new Row.Need[] {Row.Need.NODES} : new Row.Need[0]);
    }
    return rows.all();
  }
}
