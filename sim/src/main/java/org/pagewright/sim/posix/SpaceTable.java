package org.pagewright.sim.posix;

import java.util.List;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFlags;

/// Sizes, holes and copies: what `fallocate`, `truncate` and `copy_file_range` leave.
///
/// The file has three blocks of 4096 bytes, of letters a, b and c, and then two letters d. What is
/// told afterwards is the size and the content, run by run, zeros as dots.
final class SpaceTable {
  private static final int BLOCK = 4096;
  private static final int SIZE = 3 * BLOCK + 2;
  private static final int[] MODES = {
    0,
    FallocateMode.KEEP_SIZE,
    FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE,
    FallocateMode.PUNCH_HOLE,
    FallocateMode.ZERO_RANGE,
    FallocateMode.ZERO_RANGE | FallocateMode.KEEP_SIZE,
    FallocateMode.COLLAPSE_RANGE,
    FallocateMode.COLLAPSE_RANGE | FallocateMode.KEEP_SIZE,
    FallocateMode.INSERT_RANGE,
    FallocateMode.INSERT_RANGE | FallocateMode.KEEP_SIZE,
    FallocateMode.PUNCH_HOLE | FallocateMode.ZERO_RANGE | FallocateMode.KEEP_SIZE,
    0x1000
  };
  private static final int SHIFTS = FallocateMode.COLLAPSE_RANGE | FallocateMode.INSERT_RANGE;
  private static final long[][] RANGES = {
    {0, 1}, {0, 0}, {-1, 5}, {5, -1}, {0, BLOCK}, {10, 20}, {BLOCK - 3, 6}, {BLOCK, BLOCK},
    {BLOCK, 2 * BLOCK}, {100, 2 * BLOCK}, {3 * BLOCK, 1}, {3 * BLOCK, BLOCK}, {SIZE, 10},
    {SIZE - 1, 10}, {0, 5 * BLOCK}, {4 * BLOCK, BLOCK}, {BLOCK, 9 * BLOCK}, {Long.MAX_VALUE, 1},
    {2 * BLOCK, BLOCK}
  };

  private SpaceTable() {}

  private static byte[] content() {
    byte[] bytes = new byte[SIZE];
    for (int i = 0; i < SIZE; i++) {
      bytes[i] = (byte) ('a' + i / BLOCK);
    }
    return bytes;
  }

  /// The content, as runs.
  private static String runs(byte[] bytes) {
    StringBuilder text = new StringBuilder().append(bytes.length);
    for (int i = 0; i < bytes.length; ) {
      int end = i;
      while (end < bytes.length && bytes[end] == bytes[i]) {
        end++;
      }
      text.append(' ').append(bytes[i] == 0 ? '.' : (char) bytes[i]).append(end - i);
      i = end;
    }
    return text.toString();
  }

  private static byte[] resized(byte[] bytes, long size) {
    return java.util.Arrays.copyOf(bytes, (int) size);
  }

  private static String allocated(int mode, long pos, long length) {
    int kind = mode & ~FallocateMode.KEEP_SIZE;
    boolean keep = (mode & FallocateMode.KEEP_SIZE) != 0;
    byte[] bytes = content();
    if (pos < 0 || length <= 0) {
      return "EINVAL " + runs(bytes);
    }
    boolean known =
        switch (kind) {
          case 0, FallocateMode.ZERO_RANGE -> true;
          case FallocateMode.PUNCH_HOLE -> keep;
          case FallocateMode.COLLAPSE_RANGE, FallocateMode.INSERT_RANGE -> !keep;
          default -> false;
        };
    if (!known) {
      return "EOPNOTSUPP " + runs(bytes);
    }
    if (pos + length < 0) {
      return "EFBIG " + runs(bytes);
    }
    long end = pos + length;
    switch (kind) {
      case 0 -> {
        if (!keep && end > SIZE) {
          bytes = resized(bytes, end);
        }
      }
      case FallocateMode.PUNCH_HOLE, FallocateMode.ZERO_RANGE -> {
        if (kind == FallocateMode.ZERO_RANGE && !keep && end > SIZE) {
          bytes = resized(bytes, end);
        }
        for (long i = pos; i < Math.min(end, bytes.length); i++) {
          bytes[(int) i] = 0;
        }
      }
      default -> {
        boolean insert = kind == FallocateMode.INSERT_RANGE;
        if ((pos | length) % BLOCK != 0 || (insert ? pos >= SIZE : end >= SIZE)) {
          return "EINVAL " + runs(bytes);
        }
        byte[] moved = new byte[(int) (insert ? SIZE + length : SIZE - length)];
        System.arraycopy(bytes, 0, moved, 0, (int) pos);
        if (insert) {
          System.arraycopy(bytes, (int) pos, moved, (int) end, (int) (SIZE - pos));
        } else {
          System.arraycopy(bytes, (int) end, moved, (int) pos, (int) (SIZE - end));
        }
        bytes = moved;
      }
    }
    return "ok " + runs(bytes);
  }

  private static void write(Scene s, String name) throws FsException {
    try (Door.File file = s.door().open(s.at(name), OpenFlags.WRONLY | OpenFlags.CREAT, 0644)) {
      file.write(content());
    }
  }

  private static String seen(Scene s, String name) throws FsException {
    try (Door.File file = s.door().open(s.at(name), OpenFlags.RDONLY, 0)) {
      byte[] bytes = file.read(1 << 16);
      if (bytes.length != file.stat().size()) {
        return "read " + bytes.length + " of " + file.stat().size();
      }
      return runs(bytes);
    }
  }

  static List<Row> fallocate() {
    Rows rows = new Rows("fallocate");
    for (int mode : MODES) {
      for (long[] range : RANGES) {
        rows.add(
            "mode " + mode + " of " + range[1] + " bytes at " + range[0],
            allocated(mode, range[0], range[1]),
            s -> {
              write(s, "f");
              String outcome =
                  s.attempt(
                      () -> {
                        try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDWR, 0)) {
                          file.fallocate(mode, range[0], range[1]);
                        }
                      });
              return outcome + " " + seen(s, "f");
            },
            Row.Need.FALLOCATE,
            (mode & SHIFTS) != 0 ? Row.Need.SHIFT : Row.Need.FALLOCATE);
      }
    }
    rows.add(
        "of a file open for reading",
        "EBADF",
        s -> {
          write(s, "f");
          return s.attempt(
              () -> {
                try (Door.File file = s.door().open(s.at("f"), OpenFlags.RDONLY, 0)) {
                  file.fallocate(0, 0, 1);
                }
              });
        },
        Row.Need.FALLOCATE);
    for (long size : new long[] {0, 1, BLOCK - 1, BLOCK, SIZE - 1, SIZE, SIZE + 1, 30_000}) {
      rows.add(
          "truncate to " + size,
          "ok " + runs(resized(content(), size)),
          s -> {
            write(s, "f");
            return s.attempt(() -> s.door().truncate(s.at("f"), size)) + " " + seen(s, "f");
          });
      rows.add(
          "truncate to " + size + " and grow again",
          "ok " + runs(resized(resized(content(), size), 40_000)),
          s -> {
            write(s, "f");
            s.door().truncate(s.at("f"), size);
            return s.attempt(() -> s.door().truncate(s.at("f"), 40_000)) + " " + seen(s, "f");
          });
    }
    for (long size : new long[] {-1, Long.MIN_VALUE}) {
      rows.add(
          "truncate to " + size,
          "EINVAL",
          s -> {
            write(s, "f");
            return s.attempt(() -> s.door().truncate(s.at("f"), size));
          });
    }
    rows.add(
        "truncate to more than a file can have",
        "EFBIG",
        s -> {
          write(s, "f");
          return s.attempt(() -> s.door().truncate(s.at("f"), Long.MAX_VALUE));
        });
    return rows.all();
  }

  static List<Row> copies() {
    Rows rows = new Rows("copies");
    long[][] ranges = {
      {0, 0, SIZE}, {0, 0, 1}, {0, 0, 0}, {5, 9, 100}, {SIZE - 1, 0, 10}, {SIZE, 0, 10},
      {SIZE + 1, 0, 10}, {0, SIZE, 100}, {0, SIZE + 50, 100}, {BLOCK, 0, BLOCK},
      {0, 0, 1L << 40}, {BLOCK - 1, BLOCK + 1, 2}, {2 * BLOCK, 0, 3 * BLOCK}
    };
    for (boolean same : new boolean[] {false, true}) {
      for (long[] range : ranges) {
        long pos = range[0];
        long to = range[1];
        long length = range[2];
        rows.add(
            length + " bytes from " + pos + " to " + to + (same ? " of the same file" : ""),
            copied(same, pos, to, length),
            s -> {
              write(s, "f");
              if (!same) {
                write(s, "g");
              }
              long[] n = {0};
              String outcome =
                  s.attempt(
                      () -> {
                        try (Door.File source = s.door().open(s.at("f"), OpenFlags.RDWR, 0);
                            Door.File target =
                                s.door()
                                    .open(s.at(same ? "f" : "g"), OpenFlags.RDWR, 0)) {
                          n[0] = source.copy(pos, target, to, length);
                        }
                      });
              return outcome + " " + n[0] + ": " + seen(s, same ? "f" : "g");
            });
      }
    }
    for (int source = 0; source < 3; source++) {
      for (int target = 0; target < 3; target++) {
        for (boolean append : new boolean[] {false, true}) {
          int from = source;
          int to = target | (append ? OpenFlags.APPEND : 0);
          boolean may = source != OpenFlags.WRONLY && target != OpenFlags.RDONLY && !append;
          rows.add(
              "from flags " + from + " to flags " + Integer.toOctalString(to),
              may ? "ok" : "EBADF",
              s -> {
                write(s, "f");
                write(s, "g");
                return s.attempt(
                    () -> {
                      try (Door.File a = s.door().open(s.at("f"), from, 0);
                          Door.File b = s.door().open(s.at("g"), to, 0)) {
                        a.copy(0, b, 0, 10);
                      }
                    });
              });
        }
      }
    }
    return rows.all();
  }

  private static String copied(boolean same, long pos, long to, long length) {
    byte[] source = content();
    long n = Math.max(0, Math.min(length, SIZE - pos));
    if (same && n > 0 && pos < to + n && to < pos + n) {
      return "EINVAL 0: " + runs(source);
    }
    byte[] target = content();
    if (n > 0) {
      target = resized(target, Math.max(SIZE, to + n));
      System.arraycopy(source, (int) pos, target, (int) to, (int) n);
    }
    return "ok " + n + ": " + runs(target);
  }
}
