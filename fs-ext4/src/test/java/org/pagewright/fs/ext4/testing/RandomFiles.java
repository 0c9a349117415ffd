package org.pagewright.fs.ext4.testing;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Random operations on a volume and on a plain model of it, compared as they go.
///
/// An operation is a kind and a seed; which files it means is decided when it runs, from the model
/// as it is then. So any part of a list of operations is a list of operations, and a failing list
/// can be cut to a short one by leaving out what it does not need.
public final class RandomFiles {
  private static final long LARGE = 300 << 10;

  /// What may be done.
  public enum Kind {
    /// As its name says.
    CREATE,
    /// As its name says.
    CREATE_MANY,
    /// As its name says.
    UNLINK_MANY,
    /// As its name says.
    WRITE,
    /// As its name says.
    OVERWRITE,
    /// As its name says.
    APPEND,
    /// As its name says.
    TRUNCATE,
    /// As its name says.
    PUNCH,
    /// As its name says.
    ZERO_RANGE,
    /// As its name says.
    FALLOCATE,
    /// As its name says.
    READ,
    /// As its name says.
    DIRECT_WRITE,
    /// As its name says.
    DIRECT_READ,
    /// As its name says.
    MKDIR,
    /// As its name says.
    RMDIR,
    /// As its name says.
    RENAME,
    /// As its name says.
    LINK,
    /// As its name says.
    UNLINK,
    /// Unlinks a file while it is open, and goes on using it.
    UNLINK_OPEN,
    /// As its name says.
    SYMLINK,
    /// As its name says.
    MKNOD,
    /// Makes a file without a name and gives it one.
    TMPFILE,
    /// As its name says.
    SET_XATTR,
    /// As its name says.
    REMOVE_XATTR,
    /// As its name says.
    CHMOD,
    /// As its name says.
    CHOWN,
    /// As its name says.
    UTIMENS,
    /// As its name says.
    LIST,
    /// As its name says.
    FSYNC,
    /// As its name says.
    SYNC,
    /// Closes the volume and opens it again.
    REMOUNT
  }

  // How often each kind comes, in the order of the kinds.
  private static final int[] WEIGHTS = {
    8, 1, 1, 10, 8, 4, 6, 5, 4, 4, 6, 3, 3, 5, 3, 9, 4, 6, 2, 3, 1, 2, 6, 2, 3, 2, 3, 3, 3, 1, 1
  };

  /// One operation.
  ///
  /// @param kind what
  /// @param seed which files, where, how much
  public record Op(Kind kind, long seed) {
    @Override
    public String toString() {
      return kind + ":" + Long.toHexString(seed);
    }
  }

  /// What a run needs of its surroundings.
  public interface Remount {
    /// Opens the volume anew.
    ///
    /// @param old the volume in use, to be closed; null at first
    /// @return the volume
    /// @throws FsException whatever goes wrong
    Volume next(Volume old) throws FsException;
  }

  private final Remount remount;
  private final ManualClock clock;
  private final List<String> log = new ArrayList<>();
  private Volume volume;
  private ModelNode root;
  private Random random = new Random(0);
  private Instant now = Instant.EPOCH;

  /// A run on a volume.
  ///
  /// @param remount opens it
  /// @param clock what time it is for the volume
  /// @throws FsException whatever goes wrong
  public RandomFiles(Remount remount, ManualClock clock) throws FsException {
    this.remount = remount;
    this.clock = clock;
    open(null);
    // The root as it is found; everything else begins here.
    FileTree.Entry e = FileTree.of(volume).get("/");
    Assertions.assertNotNull(e);
    root = new ModelNode(e.mode(), Instant.EPOCH);
    root.uid = e.uid();
    root.gid = e.gid();
    root.nlink = e.nlink();
    root.atime = e.times().get(0);
    root.mtime = e.times().get(1);
    root.ctime = e.times().get(2);
  }

  private void open(Volume old) throws FsException {
    volume = remount.next(old).withUmask(0);
  }

  /// Makes a list.
  ///
  /// @param seed the same seed makes the same list
  /// @param count how many
  /// @return operations
  public static List<Op> operations(long seed, int count) {
    Random random = new Random(seed);
    int sum = Arrays.stream(WEIGHTS).sum();
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int pick = random.nextInt(sum);
      int kind = 0;
      while (pick >= WEIGHTS[kind]) {
        pick -= WEIGHTS[kind++];
      }
      ops.add(new Op(Kind.values()[kind], random.nextLong()));
    }
    return ops;
  }

  /// The volume in use.
  ///
  /// @return open
  public Volume volume() {
    return volume;
  }

  /// The model.
  ///
  /// @return its root
  public ModelNode root() {
    return root;
  }

  /// What was done, in words.
  ///
  /// @return one line each
  public List<String> log() {
    return log;
  }

  // ---- Choices ----------------------------------------------------------------------------------

  private record Place(String path, ModelNode dir, String name, ModelNode node) {}

  private static String join(String dir, String name) {
    return dir.equals("/") ? "/" + name : dir + "/" + name;
  }

  private void collect(String path, ModelNode dir, List<Place> out) {
    for (Map.Entry<String, ModelNode> e : dir.children.entrySet()) {
      String at = join(path, e.getKey());
      out.add(new Place(at, dir, e.getKey(), e.getValue()));
      if (e.getValue().isDirectory()) {
        collect(at, e.getValue(), out);
      }
    }
  }

  private List<Place> places() {
    List<Place> all = new ArrayList<>();
    collect("/", root, all);
    return all;
  }

  private Place anyFile() {
    List<Place> files = places().stream().filter(p -> p.node.isRegular()).toList();
    return files.isEmpty() ? null : files.get(random.nextInt(files.size()));
  }

  private Place any() {
    List<Place> all = places();
    return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
  }

  /// A name in some directory, mostly a free one.
  private Place anyName() {
    List<Place> dirs =
        new ArrayList<>(places().stream().filter(p -> p.node.isDirectory()).toList());
    dirs.add(new Place("/", root, "", root));
    Place dir = dirs.get(random.nextInt(dirs.size()));
    String name =
        switch (random.nextInt(6)) {
          case 0 -> "long" + "n".repeat(100 + random.nextInt(140)) + random.nextInt(4);
          case 1 -> "\u00fc\u4e2d" + random.nextInt(3);
          default -> "f" + random.nextInt(12);
        };
    return new Place(join(dir.path, name), dir.node, name, dir.node.children.get(name));
  }

  private long anyPos(ModelNode file) {
    long pos =
        switch (random.nextInt(8)) {
          case 0 -> 0;
          case 1 -> file.size();
          case 2 -> random.nextInt(64) * 4096L;
          case 3 -> random.nextInt(256) * 1024L;
          case 4 -> random.nextInt(40) == 0 ? 66L << 20 : random.nextInt(5000);
          default -> random.nextLong(LARGE);
        };
    return pos;
  }

  private int anyLength() {
    return switch (random.nextInt(6)) {
      case 0 -> 1 + random.nextInt(100);
      case 1 -> 1024 << random.nextInt(5);
      case 2 -> 1 + random.nextInt(60_000);
      default -> 1 + random.nextInt(9000);
    };
  }

  private byte[] anyBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  // ---- Running ----------------------------------------------------------------------------------

  /// Does an operation to both and compares what can be compared at once.
  ///
  /// @param op what
  /// @throws FsException what the volume says and the model did not expect
  public void run(Op op) throws FsException {
    random = new Random(op.seed);
    clock.advance(1 + random.nextInt(3000));
    now = volume.superBlock().now();
    try {
      run(op.kind);
    } finally {
      assert Lockdep.holdsNothing();
    }
  }

  private void note(String text) {
    log.add(text);
  }

  private interface Action {
    void run() throws FsException;
  }

  private void expect(Errno expected, Action action) {
    Errno actual = null;
    FsException thrown = null;
    try {
      action.run();
    } catch (FsException e) {
      actual = e.errno();
      thrown = e;
    }
    if (expected != actual) {
      throw new AssertionError(
          log.getLast() + ": expected " + expected + ", got " + actual, thrown);
    }
  }

  private void write(Place p, long pos, byte[] bytes, int flags) throws FsException {
    try (OpenFile file = volume.open(p.path, OpenFlags.WRONLY | flags, 0)) {
      int done = 0;
      while (done < bytes.length) {
        done += file.write(pos + done, bytes, done, bytes.length - done);
      }
    }
  }

  private void add(Place p, ModelNode node) {
    p.dir.children.put(p.name, node);
    p.dir.modified(now);
    if (node.isDirectory()) {
      p.dir.nlink++;
    }
  }

  private void run(Kind kind) throws FsException {
    switch (kind) {
      case CREATE -> {
        Place p = anyName();
        int mode = random.nextInt(01000);
        note("create " + p.path);
        expect(
            p.node == null ? null : Errno.EEXIST,
            () ->
                volume.open(p.path, OpenFlags.CREAT | OpenFlags.EXCL | OpenFlags.RDWR, mode)
                    .close());
        if (p.node == null) {
          add(p, new ModelNode(FileType.REGULAR.modeBits() | mode, now));
        }
      }
      case CREATE_MANY -> {
        Place in = anyName();
        int count = 20 + random.nextInt(60);
        note("create " + count + " beside " + in.path);
        String dir = in.path.substring(0, in.path.lastIndexOf('/') + 1);
        for (int i = 0; i < count; i++) {
          String name = "many-with-a-name-of-some-length-" + i;
          if (in.dir.children.get(name) == null) {
            volume.open(dir + name, OpenFlags.CREAT | OpenFlags.RDWR, 0640).close();
            add(
                new Place(dir + name, in.dir, name, null),
                new ModelNode(FileType.REGULAR.modeBits() | 0640, now));
          }
        }
      }
      case UNLINK_MANY -> {
        Place in = anyName();
        note("unlink many beside " + in.path);
        String dir = in.path.substring(0, in.path.lastIndexOf('/') + 1);
        for (String name : new TreeSet<>(in.dir.children.keySet())) {
          boolean directory = in.dir.children.get(name).isDirectory();
          if (!directory && name.startsWith("many") && random.nextInt(8) > 0) {
            volume.unlink(dir + name);
            unlinked(new Place(dir + name, in.dir, name, in.dir.children.get(name)));
          }
        }
      }
      case WRITE, OVERWRITE, APPEND, DIRECT_WRITE -> writeSomething(kind);
      case TRUNCATE -> {
        Place p = anyFile();
        if (p != null) {
          long size = random.nextInt(4) == 0 ? random.nextLong(p.node.size() + 1) : anyPos(p.node);
          note("truncate " + p.path + " from " + p.node.size() + " to " + size);
          volume.truncate(p.path, size);
          p.node.resize(size);
          p.node.modified(now);
        }
      }
      case PUNCH, ZERO_RANGE, FALLOCATE -> space(kind);
      case READ, DIRECT_READ -> readSomething(kind);
      case MKDIR -> {
        Place p = anyName();
        note("mkdir " + p.path);
        expect(p.node == null ? null : Errno.EEXIST, () -> volume.mkdir(p.path, 0751));
        if (p.node == null) {
          add(p, new ModelNode(FileType.DIRECTORY.modeBits() | 0751, now));
        }
      }
      case RMDIR -> {
        Place p = any();
        if (p != null) {
          note("rmdir " + p.path);
          Errno expected =
              !p.node.isDirectory()
                  ? Errno.ENOTDIR
                  : p.node.children.isEmpty() ? null : Errno.ENOTEMPTY;
          expect(expected, () -> volume.rmdir(p.path));
          if (expected == null) {
            p.dir.children.remove(p.name);
            p.dir.modified(now);
            p.dir.nlink--;
          }
        }
      }
      case RENAME -> {
        Place from = any();
        if (from != null) {
          Place other = any();
          Place to = random.nextInt(3) == 0 ? other : anyName();
          int flags =
              switch (random.nextInt(5)) {
                case 0 -> RenameFlags.NOREPLACE;
                case 1 -> RenameFlags.EXCHANGE;
                default -> 0;
              };
          note("rename " + from.path + " to " + to.path + " flags " + flags);
          Errno expected =
              ModelNode.rename(from.dir, from.name, to.dir, to.name, flags, now);
          expect(expected, () -> volume.rename(from.path, to.path, flags));
        }
      }
      case LINK -> {
        Place from = any();
        if (from != null) {
          Place to = anyName();
          note("link " + from.path + " as " + to.path);
          Errno expected =
              to.node != null ? Errno.EEXIST : from.node.isDirectory() ? Errno.EPERM : null;
          expect(expected, () -> volume.link(from.path, to.path));
          if (expected == null) {
            to.dir.children.put(to.name, from.node);
            to.dir.modified(now);
            from.node.nlink++;
            from.node.ctime = now;
          }
        }
      }
      case UNLINK -> {
        Place p = any();
        if (p != null) {
          note("unlink " + p.path);
          expect(p.node.isDirectory() ? Errno.EISDIR : null, () -> volume.unlink(p.path));
          if (!p.node.isDirectory()) {
            unlinked(p);
          }
        }
      }
      case UNLINK_OPEN -> {
        Place p = anyFile();
        if (p != null) {
          note("unlink " + p.path + " while open");
          try (OpenFile file = volume.open(p.path, OpenFlags.RDWR, 0)) {
            volume.unlink(p.path);
            unlinked(p);
            byte[] bytes = anyBytes(3000);
            file.write(10, bytes, 0, bytes.length);
            p.node.write(10, bytes);
            p.node.modified(now);
            byte[] got = new byte[5000];
            int n = file.read(0, got, 0, got.length);
            Assertions.assertArrayEquals(
                p.node.read(0, got.length), Arrays.copyOf(got, n), log.getLast());
          }
        }
      }
      case SYMLINK -> {
        Place p = anyName();
        String target = "t".repeat(random.nextBoolean() ? 1 + random.nextInt(62) : 900);
        note("symlink " + p.path + " of " + target.length());
        expect(p.node == null ? null : Errno.EEXIST, () -> volume.symlink(target, p.path));
        if (p.node == null) {
          ModelNode node = new ModelNode(FileType.SYMLINK.modeBits() | 0777, now);
          node.target = target;
          add(p, node);
        }
      }
      case MKNOD -> {
        Place p = anyName();
        if (p.node == null) {
          note("mknod " + p.path);
          boolean fifo = random.nextBoolean();
          FileType type = fifo ? FileType.FIFO : FileType.CHARACTER_DEVICE;
          int major = random.nextInt(4000);
          int minor = random.nextInt(1 << 20);
          int mode = type.modeBits() | 0600;
          volume.mknod(p.path, mode, fifo ? 0 : DeviceNumber.of(major, minor));
          ModelNode node = new ModelNode(mode, now);
          node.rdev = fifo ? "" : major + ":" + minor;
          add(p, node);
        }
      }
      case TMPFILE -> {
        Place p = anyName();
        if (p.node == null) {
          note("tmpfile as " + p.path);
          String dir = p.path.substring(0, Math.max(1, p.path.lastIndexOf('/')));
          byte[] bytes = anyBytes(anyLength());
          try (OpenFile file = volume.open(dir, OpenFlags.TMPFILE | OpenFlags.RDWR, 0600)) {
            file.write(0, bytes, 0, bytes.length);
            if (random.nextInt(4) > 0) {
              volume.link(file, p.path);
              ModelNode node = new ModelNode(FileType.REGULAR.modeBits() | 0600, now);
              node.write(0, bytes);
              add(p, node);
            }
          }
        }
      }
      case SET_XATTR -> {
        Place p = any();
        if (p != null && (p.node.isRegular() || p.node.isDirectory())) {
          String stem = random.nextInt(3) == 0 ? "a-longer-name-" : "n";
          String name = "user." + stem + random.nextInt(4);
          int most = random.nextInt(8) == 0 ? 700 : 60;
          byte[] value = anyBytes(random.nextInt(most));
          note("setxattr " + p.path + " " + name + " of " + value.length);
          try {
            volume.setXattr(p.path, name, value, XattrMode.SET, false);
            p.node.xattrs.put(name, value);
            p.node.ctime = now;
          } catch (FsException e) {
            // Attributes have little room; one that does not fit changes nothing.
            Assertions.assertEquals(Errno.ENOSPC, e.errno(), log.getLast());
          }
        }
      }
      case REMOVE_XATTR -> {
        Place p = any();
        if (p != null && (p.node.isRegular() || p.node.isDirectory())) {
          String name =
              p.node.xattrs.isEmpty() || random.nextInt(5) == 0
                  ? "user.n9"
                  : p.node.xattrs.firstKey();
          note("removexattr " + p.path + " " + name);
          boolean there = p.node.xattrs.remove(name) != null;
          expect(there ? null : Errno.ENODATA, () -> volume.removeXattr(p.path, name, false));
          if (there) {
            p.node.ctime = now;
          }
        }
      }
      case CHMOD -> {
        Place p = any();
        if (p != null && !FileMode.isSymlink(p.node.mode)) {
          int mode = random.nextInt(01000) | (random.nextInt(4) == 0 ? FileMode.STICKY : 0);
          note("chmod " + p.path + " " + Integer.toOctalString(mode));
          volume.chmod(p.path, mode);
          p.node.mode = p.node.mode & FileMode.TYPE_MASK | mode;
          p.node.ctime = now;
        }
      }
      case CHOWN -> {
        Place p = any();
        if (p != null) {
          int uid = random.nextInt(3) == 0 ? 70_000 + random.nextInt(100) : random.nextInt(100);
          int gid = random.nextInt(3) == 0 ? 80_000_000 : random.nextInt(100);
          note("chown " + p.path + " " + uid + ":" + gid);
          volume.chown(p.path, uid, gid, false);
          p.node.uid = uid;
          p.node.gid = gid;
          p.node.ctime = now;
        }
      }
      case UTIMENS -> {
        Place p = any();
        if (p != null) {
          Instant atime = anyTime();
          Instant mtime = anyTime();
          note("utimens " + p.path + " " + atime + " " + mtime);
          volume.utimens(p.path, atime, mtime, false);
          p.node.atime = volume.superBlock().operations().roundTime(atime);
          p.node.mtime = volume.superBlock().operations().roundTime(mtime);
          p.node.ctime = now;
        }
      }
      case LIST -> {
        Place in = anyName();
        String dir = in.path.substring(0, Math.max(1, in.path.lastIndexOf('/')));
        note("list " + dir);
        TreeSet<String> names =
            volume.list(dir).stream()
                .map(e -> e.name().toString())
                .collect(Collectors.toCollection(TreeSet::new));
        if (dir.equals("/")) {
          names.remove("lost+found");
        }
        Assertions.assertEquals(in.dir.children.keySet(), names, log.getLast());
      }
      case FSYNC -> {
        Place p = anyFile();
        if (p != null) {
          note("fsync " + p.path);
          try (OpenFile file = volume.open(p.path, OpenFlags.RDONLY, 0)) {
            file.fsync(random.nextBoolean());
          }
        }
      }
      case SYNC -> {
        note("sync");
        volume.sync();
      }
      case REMOUNT -> {
        note("remount");
        open(volume);
        FileTree.assertSame(root.tree(), FileTree.of(volume));
      }
    }
  }

  private Instant anyTime() {
    // Up to 2242: what a FileTime of the host shows to the nanosecond ends in 2262.
    long seconds =
        switch (random.nextInt(4)) {
          case 0 -> random.nextLong(1L << 31);
          case 1 -> (1L << 31) + random.nextLong(1L << 31);
          case 2 -> -random.nextLong(1L << 31);
          default -> (1L << 32) + random.nextLong(1L << 32);
        };
    return Instant.ofEpochSecond(seconds, random.nextInt(1_000_000_000));
  }

  private void unlinked(Place p) {
    p.dir.children.remove(p.name);
    p.dir.modified(now);
    p.node.nlink--;
    p.node.ctime = now;
  }

  private void writeSomething(Kind kind) throws FsException {
    Place p = anyFile();
    if (p == null) {
      return;
    }
    long pos = anyPos(p.node);
    byte[] bytes = anyBytes(anyLength());
    int flags = 0;
    if (kind == Kind.OVERWRITE) {
      pos = random.nextLong(p.node.size() + 1);
    } else if (kind == Kind.APPEND) {
      pos = p.node.size();
      flags = OpenFlags.APPEND;
    } else if (kind == Kind.DIRECT_WRITE) {
      pos = pos / 4096 * 4096;
      bytes = anyBytes(4096 * (1 + random.nextInt(8)));
      flags = OpenFlags.DIRECT;
    } else if (random.nextInt(10) == 0) {
      flags = OpenFlags.SYNC;
    }
    note(kind + " " + p.path + " " + bytes.length + " at " + pos);
    write(p, pos, bytes, flags);
    p.node.write(pos, bytes);
    p.node.modified(now);
  }

  private void readSomething(Kind kind) throws FsException {
    Place p = anyFile();
    if (p == null) {
      return;
    }
    long pos = anyPos(p.node);
    int length = anyLength();
    int flags = 0;
    if (kind == Kind.DIRECT_READ) {
      pos = pos / 4096 * 4096;
      length = 4096 * (1 + random.nextInt(8));
      flags = OpenFlags.DIRECT;
    }
    note(kind + " " + p.path + " " + length + " at " + pos);
    byte[] expected = p.node.read(pos, length);
    byte[] got = new byte[length];
    int done = 0;
    try (OpenFile file = volume.open(p.path, OpenFlags.RDONLY | flags, 0)) {
      int n;
      while (done < length && (n = file.read(pos + done, got, done, length - done)) > 0) {
        done += n;
      }
    }
    Assertions.assertArrayEquals(expected, Arrays.copyOf(got, done), log.getLast());
  }

  private void space(Kind kind) throws FsException {
    Place p = anyFile();
    if (p == null) {
      return;
    }
    long pos = Math.min(anyPos(p.node), LARGE);
    long length = random.nextInt(4) == 0 ? 1 + random.nextLong(LARGE) : anyLength();
    boolean keep = kind == Kind.PUNCH || random.nextBoolean();
    int mode =
        (keep ? FallocateMode.KEEP_SIZE : 0)
            | switch (kind) {
              case PUNCH -> FallocateMode.PUNCH_HOLE;
              case ZERO_RANGE -> FallocateMode.ZERO_RANGE;
              default -> 0;
            };
    note(kind + (keep ? " keep " : " ") + p.path + " " + length + " at " + pos);
    try (OpenFile file = volume.open(p.path, OpenFlags.RDWR, 0)) {
      file.fallocate(mode, pos, length);
    } catch (FsException e) {
      if (e.errno() == Errno.EOPNOTSUPP && kind != Kind.PUNCH) {
        return; // files with block pointers have no unwritten blocks
      }
      throw e;
    }
    if (kind != Kind.FALLOCATE) {
      p.node.zero(pos, pos + length);
    }
    if (!keep && pos + length > p.node.size()) {
      p.node.resize(pos + length);
    }
    p.node.modified(now);
  }
}
