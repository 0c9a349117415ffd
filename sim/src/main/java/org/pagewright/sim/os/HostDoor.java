package org.pagewright.sim.os;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.posix.Door;
import org.pagewright.sim.posix.User;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// The door of the kernel: system calls on a mounted directory, with the credentials of anybody.
///
/// Made and used by one thread of its own, by root. Credentials, working directory and umask of
/// Linux belong to a thread once it asks for that, as long as the C library is not told: each call
/// here sets them, does its work, and sets them back, so that the JVM never runs as somebody else.
///
/// The call numbers are those of x86-64.
public final class HostDoor implements Door, AutoCloseable {
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int AT_EACCESS = 0x200;
  private static final int O_CLOEXEC = 02000000;
  private static final int O_NONBLOCK = 04000;
  private static final long CLONE_FS = 0x200;
  private static final int KEEP = -1;

  // Numbers of system calls.
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int CLOSE = 3;
  private static final int LSEEK = 8;
  private static final int IOCTL = 16;
  private static final int TRUNCATE = 76;
  private static final int FTRUNCATE = 77;
  private static final int FCHDIR = 81;
  private static final int UMASK = 95;
  private static final int SETGROUPS = 116;
  private static final int SETRESUID = 117;
  private static final int SETRESGID = 119;
  private static final int SETXATTR = 188;
  private static final int LSETXATTR = 189;
  private static final int GETXATTR = 191;
  private static final int LGETXATTR = 192;
  private static final int LISTXATTR = 194;
  private static final int LLISTXATTR = 195;
  private static final int REMOVEXATTR = 197;
  private static final int LREMOVEXATTR = 198;
  private static final int GETDENTS64 = 217;
  private static final int OPENAT = 257;
  private static final int MKDIRAT = 258;
  private static final int MKNODAT = 259;
  private static final int FCHOWNAT = 260;
  private static final int UNLINKAT = 263;
  private static final int LINKAT = 265;
  private static final int SYMLINKAT = 266;
  private static final int READLINKAT = 267;
  private static final int FCHMODAT = 268;
  private static final int UNSHARE = 272;
  private static final int UTIMENSAT = 280;
  private static final int FALLOCATE = 285;
  private static final int RENAMEAT2 = 316;
  private static final int COPY_FILE_RANGE = 326;
  private static final int STATX = 332;
  private static final int FACCESSAT2 = 439;
  private static final long FS_IOC_GETFLAGS = 0x80086601L;
  private static final long FS_IOC_SETFLAGS = 0x40086602L;

  private static final int BUFFER = 1 << 17;

  private final Arena arena = Arena.ofConfined();
  private final MethodHandle syscall;
  private final VarHandle errno;
  private final MemorySegment state;
  private final MemorySegment first = arena.allocate(8192);
  private final MemorySegment second = arena.allocate(8192);
  private final MemorySegment buffer = arena.allocate(BUFFER, 8);
  private final MemorySegment small = arena.allocate(256, 8);
  private final long home;
  private final long base;
  private User user = User.ROOT;
  private int umask = 022;

  /// Whether this machine and JVM can have such a door at all; being root is another matter.
  ///
  /// @return true on Linux on x86-64
  public static boolean isPossible() {
    return System.getProperty("os.name", "").equals("Linux")
        && System.getProperty("os.arch", "").equals("amd64");
  }

  /// A door to a directory; to be called in the thread that uses it, which then has a working
  /// directory of its own.
  ///
  /// @param directory of the host
  /// @throws FsException any
  @SuppressWarnings("restricted")
  public HostDoor(Path directory) throws FsException {
    Linker linker = Linker.nativeLinker();
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    MemoryLayout layout = Linker.Option.captureStateLayout();
    this.syscall =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(word, word, word, word, word, word, word, word),
            Linker.Option.captureCallState("errno"));
    this.errno = layout.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    this.state = arena.allocate(layout);
    check(raw(UNSHARE, CLONE_FS, 0, 0, 0, 0, 0), "unshare");
    this.home = check(raw(OPENAT, AT_FDCWD, text(first, "."), O_CLOEXEC, 0, 0, 0), ".");
    this.base =
        check(
            raw(OPENAT, AT_FDCWD, text(first, directory.toString()), O_CLOEXEC, 0, 0, 0),
            directory.toString());
  }

  private long raw(int number, long a, long b, long c, long d, long e, long f) {
    try {
      long result = (long) syscall.invokeExact(state, (long) number, a, b, c, d, e, f);
      return result >= 0 ? result : -(int) errno.get(state, 0L);
    } catch (Throwable t) { // a native call throws nothing
      throw new AssertionError(t);
    }
  }

  private static long check(long result, String what) throws FsException {
    if (result >= 0) {
      return result;
    }
    for (Errno known : Errno.values()) {
      if (known.number() == -result) {
        throw new FsException(known, what);
      }
    }
    throw new AssertionError(what + ": error number " + -result);
  }

  private static long text(MemorySegment target, String text) throws FsException {
    byte[] bytes = Name.bytesOf(text);
    if (bytes.length >= target.byteSize()) {
      throw new FsException(Errno.ENAMETOOLONG, text);
    }
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, 0, bytes.length);
    target.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
    return target.address();
  }

  /// One call as the user of the moment, in the directory.
  private long call(
      String what, int number, long a, long b, long c, long d, long e, long f)
      throws FsException {
    raw(FCHDIR, base, 0, 0, 0, 0, 0);
    raw(UMASK, umask, 0, 0, 0, 0, 0);
    if (user.uid() != 0) {
      become(user.uid(), user.gid(), user.groups());
    }
    final long result = raw(number, a, b, c, d, e, f);
    if (user.uid() != 0) {
      raw(SETRESUID, KEEP, 0, KEEP, 0, 0, 0);
      become(0, 0, List.of());
    }
    raw(FCHDIR, home, 0, 0, 0, 0, 0);
    return check(result, what);
  }

  private void become(int uid, int gid, List<Integer> groups) {
    for (int i = 0; i < groups.size(); i++) {
      small.setAtIndex(ValueLayout.JAVA_INT, i, groups.get(i));
    }
    long failed = raw(SETGROUPS, groups.size(), small.address(), 0, 0, 0, 0);
    failed |= raw(SETRESGID, KEEP, gid, KEEP, 0, 0, 0);
    failed |= raw(SETRESUID, KEEP, uid, KEEP, 0, 0, 0);
    if (failed != 0) {
      throw new AssertionError("cannot become user " + uid);
    }
  }

  @Override
  public void as(User user, int umask) {
    this.user = user;
    this.umask = umask;
  }

  @Override
  public void tick() {
    // The clock of a file system may stand still for a tick of the kernel, 10 ms at most.
    long start = System.nanoTime();
    while (System.nanoTime() - start < 11_000_000) {
      Thread.onSpinWait();
    }
  }

  @Override
  public void mkdir(String path, int mode) throws FsException {
    call(path, MKDIRAT, AT_FDCWD, text(first, path), mode, 0, 0, 0);
  }

  @Override
  public void mknod(String path, int mode, long rdev) throws FsException {
    call(path, MKNODAT, AT_FDCWD, text(first, path), mode, rdev, 0, 0);
  }

  @Override
  public void symlink(String target, String path) throws FsException {
    call(path, SYMLINKAT, text(first, target), AT_FDCWD, text(second, path), 0, 0, 0);
  }

  @Override
  public void link(String oldPath, String newPath) throws FsException {
    call(
        oldPath, LINKAT, AT_FDCWD, text(first, oldPath), AT_FDCWD, text(second, newPath), 0, 0);
  }

  @Override
  public void unlink(String path) throws FsException {
    call(path, UNLINKAT, AT_FDCWD, text(first, path), 0, 0, 0, 0);
  }

  @Override
  public void rmdir(String path) throws FsException {
    call(path, UNLINKAT, AT_FDCWD, text(first, path), 0x200, 0, 0, 0);
  }

  @Override
  public void rename(String oldPath, String newPath, int flags) throws FsException {
    call(
        oldPath, RENAMEAT2, AT_FDCWD, text(first, oldPath), AT_FDCWD, text(second, newPath),
        flags, 0);
  }

  @Override
  public String readlink(String path) throws FsException {
    long n =
        call(path, READLINKAT, AT_FDCWD, text(first, path), buffer.address(), BUFFER, 0, 0);
    return Name.textOf(bytes(n));
  }

  private byte[] bytes(long length) {
    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public Stat stat(String path, boolean follow) throws FsException {
    return statx(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  }

  private Stat statx(long fd, String path, int flags) throws FsException {
    call(path, STATX, fd, text(first, path), flags, 0xfff, small.address(), 0);
    int rdevMajor = small.get(ValueLayout.JAVA_INT, 128);
    return new Stat(
        small.get(ValueLayout.JAVA_LONG, 32),
        0,
        Short.toUnsignedInt(small.get(ValueLayout.JAVA_SHORT, 28)),
        small.get(ValueLayout.JAVA_INT, 16),
        small.get(ValueLayout.JAVA_INT, 20),
        small.get(ValueLayout.JAVA_INT, 24),
        DeviceNumber.of(rdevMajor, small.get(ValueLayout.JAVA_INT, 132)),
        small.get(ValueLayout.JAVA_LONG, 40),
        small.get(ValueLayout.JAVA_LONG, 48),
        small.get(ValueLayout.JAVA_INT, 4),
        time(64),
        time(112),
        time(96),
        time(80));
  }

  private Instant time(long at) {
    return Instant.ofEpochSecond(
        small.get(ValueLayout.JAVA_LONG, at), small.get(ValueLayout.JAVA_INT, at + 8));
  }

  @Override
  public void chmod(String path, int mode) throws FsException {
    call(path, FCHMODAT, AT_FDCWD, text(first, path), mode, 0, 0, 0);
  }

  @Override
  public void chown(String path, int uid, int gid, boolean follow) throws FsException {
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    call(path, FCHOWNAT, AT_FDCWD, text(first, path), uid, gid, flags, 0);
  }

  @Override
  public void utimens(String path, Instant atime, Instant mtime, boolean follow)
      throws FsException {
    putTime(0, atime);
    putTime(16, mtime);
    // What `call` does with its small memory is over before the kernel looks at this.
    MemorySegment times = buffer.asSlice(0, 32);
    times.copyFrom(small.asSlice(0, 32));
    int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
    call(path, UTIMENSAT, AT_FDCWD, text(first, path), times.address(), flags, 0, 0);
  }

  private void putTime(long at, Instant time) {
    boolean now = time.equals(Volume.NOW);
    boolean omit = time.equals(Volume.OMIT);
    small.set(ValueLayout.JAVA_LONG, at, now || omit ? 0 : time.getEpochSecond());
    small.set(
        ValueLayout.JAVA_LONG, at + 8, now ? 0x3fffffff : omit ? 0x3ffffffe : time.getNano());
  }

  @Override
  public void truncate(String path, long size) throws FsException {
    call(path, TRUNCATE, text(first, path), size, 0, 0, 0, 0);
  }

  @Override
  public void access(String path, int mask) throws FsException {
    call(path, FACCESSAT2, AT_FDCWD, text(first, path), mask, AT_EACCESS, 0, 0);
  }

  @Override
  public byte @Nullable [] getXattr(String path, String name, boolean follow) throws FsException {
    try {
      long n =
          call(
              path, follow ? GETXATTR : LGETXATTR, text(first, path), text(second, name),
              buffer.address(), BUFFER, 0, 0);
      return bytes(n);
    } catch (FsException e) {
      if (e.errno() == Errno.ENODATA) {
        return null;
      }
      throw e;
    }
  }

  @Override
  public void setXattr(String path, String name, byte[] value, XattrMode mode, boolean follow)
      throws FsException {
    MemorySegment.copy(value, 0, buffer, ValueLayout.JAVA_BYTE, 0, value.length);
    int flags = mode == XattrMode.CREATE ? 1 : mode == XattrMode.REPLACE ? 2 : 0;
    call(
        path, follow ? SETXATTR : LSETXATTR, text(first, path), text(second, name),
        buffer.address(), value.length, flags, 0);
  }

  @Override
  public void removeXattr(String path, String name, boolean follow) throws FsException {
    call(
        path, follow ? REMOVEXATTR : LREMOVEXATTR, text(first, path), text(second, name), 0, 0, 0,
        0);
  }

  @Override
  public List<String> listXattrs(String path, boolean follow) throws FsException {
    long n =
        call(
            path, follow ? LISTXATTR : LLISTXATTR, text(first, path), buffer.address(), BUFFER, 0,
            0, 0);
    List<String> names = new ArrayList<>();
    for (String name : new String(bytes(n), StandardCharsets.UTF_8).split("\0")) {
      if (!name.isEmpty()) {
        names.add(name);
      }
    }
    return names;
  }

  @Override
  public int flags(String path) throws FsException {
    try (HostFile file = openFile(path, O_NONBLOCK, 0)) {
      call(path, IOCTL, file.fd, FS_IOC_GETFLAGS, buffer.address(), 0, 0, 0);
      return buffer.get(ValueLayout.JAVA_INT, 0);
    }
  }

  @Override
  public void setFlags(String path, int flags) throws FsException {
    try (HostFile file = openFile(path, O_NONBLOCK, 0)) {
      buffer.set(ValueLayout.JAVA_INT, 0, flags);
      call(path, IOCTL, file.fd, FS_IOC_SETFLAGS, buffer.address(), 0, 0, 0);
    }
  }

  @Override
  public List<Entry> list(String path) throws FsException {
    List<Entry> entries = new ArrayList<>();
    try (HostFile dir = openFile(path, 0200000, 0)) {
      long n;
      while ((n = call(path, GETDENTS64, dir.fd, buffer.address(), BUFFER, 0, 0, 0)) > 0) {
        for (long at = 0; at < n; ) {
          int length = Short.toUnsignedInt(buffer.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 16));
          String name = buffer.getString(at + 19);
          if (!name.equals(".") && !name.equals("..")) {
            long ino = buffer.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            entries.add(new Entry(name, ino, "?pc?d?b?-?l?s???".charAt(buffer.get(
                ValueLayout.JAVA_BYTE, at + 18) & 15)));
          }
          at += length;
        }
      }
    }
    return entries;
  }

  @Override
  public File open(String path, int flags, int mode) throws FsException {
    return openFile(path, flags, mode);
  }

  private HostFile openFile(String path, int flags, int mode) throws FsException {
    return new HostFile(
        this,
        path,
        call(path, OPENAT, AT_FDCWD, text(first, path), flags | O_CLOEXEC, mode, 0, 0));
  }

  /// An open file of the host.
  private static final class HostFile implements File {
    private final HostDoor door;
    private final String path;
    private final long fd;

    HostFile(HostDoor door, String path, long fd) {
      this.door = door;
      this.path = path;
      this.fd = fd;
    }

    @Override
    public byte[] read(int length) throws FsException {
      return door.bytes(door.call(path, READ, fd, door.buffer.address(), length, 0, 0, 0));
    }

    @Override
    public int write(byte[] bytes) throws FsException {
      MemorySegment.copy(bytes, 0, door.buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
      return (int) door.call(path, WRITE, fd, door.buffer.address(), bytes.length, 0, 0, 0);
    }

    @Override
    public void seek(long pos) throws FsException {
      door.call(path, LSEEK, fd, pos, 0, 0, 0, 0);
    }

    @Override
    public long seek(long pos, boolean data) throws FsException {
      return door.call(path, LSEEK, fd, pos, data ? 3 : 4, 0, 0, 0);
    }

    @Override
    public void truncate(long size) throws FsException {
      door.call(path, FTRUNCATE, fd, size, 0, 0, 0, 0);
    }

    @Override
    public void fallocate(int mode, long pos, long length) throws FsException {
      door.call(path, FALLOCATE, fd, mode, pos, length, 0, 0);
    }

    @Override
    public long copy(long pos, File target, long targetPos, long length) throws FsException {
      door.buffer.set(ValueLayout.JAVA_LONG, 0, pos);
      door.buffer.set(ValueLayout.JAVA_LONG, 8, targetPos);
      long at = door.buffer.address();
      return door.call(
          path, COPY_FILE_RANGE, fd, at, ((HostFile) target).fd, at + 8, length, 0);
    }

    @Override
    public void link(String newPath) throws FsException {
      door.call(
          path, LINKAT, fd, text(door.first, ""), AT_FDCWD, text(door.second, newPath),
          AT_EMPTY_PATH, 0);
    }

    @Override
    public Stat stat() throws FsException {
      return door.statx(fd, "", AT_EMPTY_PATH);
    }

    @Override
    public void close() throws FsException {
      door.call(path, CLOSE, fd, 0, 0, 0, 0, 0);
    }
  }

  @Override
  public void close() {
    raw(CLOSE, base, 0, 0, 0, 0, 0);
    raw(CLOSE, home, 0, 0, 0, 0, 0);
    arena.close();
  }
}
