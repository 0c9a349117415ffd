package org.pagewright.fs.ext4.crash;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.pagewright.fs.ext4.crash.CrashOp.Kind;

/// Families of workloads: bounded ones in the manner of CrashMonkey's ACE, where a few operations
/// on a few files are combined in every way, and long random ones.
///
/// The volume begins with `/a` of 6000 bytes, the directory `/d`, and `/d/x` of 3000 bytes.
final class Workloads {
  private Workloads() {}

  /// One of each kind of change, on each kind of thing that it may be done to.
  static final List<CrashOp> CHANGES =
      List.of(
          CrashOp.of(Kind.CREATE, "/b"),
          CrashOp.of(Kind.CREATE, "/d/y"),
          CrashOp.of(Kind.WRITE, "/a", 500, 3000),
          CrashOp.of(Kind.WRITE, "/a", 5000, 7000),
          CrashOp.of(Kind.WRITE, "/d/x", 9000, 2000),
          CrashOp.of(Kind.WRITE, "/b", 0, 4096),
          CrashOp.of(Kind.APPEND, "/a", 0, 100),
          CrashOp.of(Kind.APPEND, "/d/x", 0, 9000),
          CrashOp.of(Kind.STORE, "/a", 1024, 2048),
          CrashOp.of(Kind.DIRECT, "/a", 4096, 4096),
          CrashOp.of(Kind.FALLOCATE, "/a", 4000, 8000),
          CrashOp.of(Kind.FALLOCATE_KEEP, "/d/x", 2000, 6000),
          CrashOp.of(Kind.PUNCH, "/a", 1000, 3000),
          CrashOp.of(Kind.ZERO, "/a", 3000, 5000),
          CrashOp.of(Kind.TRUNCATE, "/a", 2500, 0),
          CrashOp.of(Kind.TRUNCATE, "/a", 0, 0),
          CrashOp.of(Kind.TRUNCATE, "/d/x", 10000, 0),
          CrashOp.of(Kind.LINK, "/a", "/b"),
          CrashOp.of(Kind.LINK, "/d/x", "/d/y"),
          CrashOp.of(Kind.UNLINK, "/a"),
          CrashOp.of(Kind.UNLINK, "/d/x"),
          CrashOp.of(Kind.RENAME, "/a", "/d/x"),
          CrashOp.of(Kind.RENAME, "/d/x", "/b"),
          CrashOp.of(Kind.RENAME, "/b", "/a"),
          CrashOp.of(Kind.RENAME, "/d", "/e"),
          CrashOp.of(Kind.EXCHANGE, "/a", "/d/x"),
          CrashOp.of(Kind.SYMLINK, "/b", "/a"),
          CrashOp.of(Kind.SYMLINK, "/d/y", "/" + "long".repeat(40)),
          CrashOp.attribute("/a", "user.n", 20),
          CrashOp.attribute("/d/x", "user.large", 500),
          CrashOp.of(Kind.MKDIR, "/e"),
          CrashOp.of(Kind.MKDIR, "/d/f"),
          CrashOp.of(Kind.RMDIR, "/d/f"),
          CrashOp.of(Kind.RMDIR, "/e"),
          CrashOp.of(Kind.HOLD, "/a"),
          CrashOp.of(Kind.TMPFILE, "", 0, 5000));

  /// Ways to sync after a change; null for none.
  private static final List<Kind> SYNCS =
      java.util.Arrays.asList(null, Kind.FSYNC, Kind.FDATASYNC, Kind.SYNC);

  /// Each change with each way to sync it.
  static List<List<CrashOp>> ofOne() {
    List<List<CrashOp>> all = new ArrayList<>();
    for (CrashOp change : CHANGES) {
      for (Kind sync : SYNCS) {
        all.add(withSync(List.of(), change, sync));
      }
    }
    return all;
  }

  /// Each two changes, the same twice too, with each way to sync each.
  static List<List<CrashOp>> ofTwo() {
    List<List<CrashOp>> all = new ArrayList<>();
    for (List<CrashOp> one : ofOne()) {
      for (CrashOp change : CHANGES) {
        for (Kind sync : SYNCS) {
          all.add(withSync(one, change, sync));
        }
      }
    }
    return all;
  }

  /// Some of those of three.
  static List<List<CrashOp>> ofThree(Random random, int count) {
    List<List<CrashOp>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<CrashOp> ops = List.of();
      for (int k = 0; k < 3; k++) {
        CrashOp change = CHANGES.get(random.nextInt(CHANGES.size()));
        ops = withSync(ops, change, SYNCS.get(random.nextInt(SYNCS.size())));
      }
      all.add(ops);
    }
    return all;
  }

  private static List<CrashOp> withSync(List<CrashOp> before, CrashOp change, Kind sync) {
    List<CrashOp> ops = new ArrayList<>(before);
    ops.add(change);
    if (sync == Kind.SYNC) {
      ops.add(CrashOp.of(Kind.SYNC, ""));
    } else if (sync != null) {
      boolean moves = change.kind() == Kind.RENAME;
      ops.add(CrashOp.of(sync, moves ? change.other() : change.path()));
    }
    return ops;
  }

  /// Some of a list, in its order, the same ones for the same seed.
  static <T> List<T> some(List<T> all, Random random, int count) {
    TreeSet<Integer> chosen = new TreeSet<>();
    while (chosen.size() < Math.min(count, all.size())) {
      chosen.add(random.nextInt(all.size()));
    }
    List<T> some = new ArrayList<>();
    chosen.forEach(i -> some.add(all.get(i)));
    return some;
  }

  /// A long one: whatever makes sense, to a handful of names in three directories.
  ///
  /// @param model of the volume as it is; left as it will be
  static List<CrashOp> random(Random random, int count, CrashModel model) {
    List<CrashOp> ops = new ArrayList<>();
    while (ops.size() < count) {
      CrashOp op = any(random);
      if (model.allows(op)) {
        model.apply(op);
        ops.add(op);
      }
    }
    return ops;
  }

  private static CrashOp any(Random random) {
    String[] names = {"/a", "/b", "/c", "/d/x", "/d/y", "/d/z", "/e/x", "/e/y"};
    String[] dirs = {"/d", "/e", "/d/f", "/e/g"};
    Kind[] kinds = Kind.values();
    Kind kind = kinds[random.nextInt(kinds.length)];
    String path = names[random.nextInt(names.length)];
    String other = names[random.nextInt(names.length)];
    if (random.nextInt(6) == 0) {
      path = dirs[random.nextInt(dirs.length)];
      other = dirs[random.nextInt(dirs.length)];
    }
    int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 30000 : 5000);
    long pos = random.nextInt(random.nextInt(4) == 0 ? 40000 : 8000);
    return switch (kind) {
      case LINK, RENAME, EXCHANGE -> CrashOp.of(kind, path, other);
      case SYMLINK -> CrashOp.of(kind, path, "t".repeat(1 + random.nextInt(200)));
      case SETXATTR ->
          CrashOp.attribute(path, "user.n" + random.nextInt(3), random.nextInt(200));
      case RMXATTR -> CrashOp.of(kind, path, "user.n" + random.nextInt(3));
      case MKDIR, RMDIR -> CrashOp.of(kind, dirs[random.nextInt(dirs.length)]);
      case TRUNCATE -> CrashOp.of(kind, path, pos, 0);
      case DIRECT -> CrashOp.of(kind, path, pos / 4096 * 4096, (1 + length / 4096) * 4096);
      case SYNC, REMOUNT -> CrashOp.of(kind, "");
      case CREATE, UNLINK, HOLD, FSYNC, FDATASYNC -> CrashOp.of(kind, path);
      case TMPFILE -> CrashOp.of(kind, "", 0, length);
      case WRITE, APPEND, STORE, FALLOCATE, FALLOCATE_KEEP, PUNCH, ZERO ->
          CrashOp.of(kind, path, pos, length);
    };
  }
}
