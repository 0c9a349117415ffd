package org.pagewright.cli.os;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Calls of the C library of Linux on a 64-bit machine. Paths are never followed at their last
/// component. Used by one thread, which closes it.
public final class HostCalls implements AutoCloseable {
  private static final int PATH_MAX = 4096;

  /// The most that Linux keeps as one attribute, or as the list of their names.
  private static final int XATTR_MAX = 64 << 10;

  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int O_CLOEXEC = 02000000;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO =
      STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment path = arena.allocate(PATH_MAX + 1);
  private final MemorySegment name = arena.allocate(512);
  private final MemorySegment buffer = arena.allocate(XATTR_MAX, 8);
  private final MemorySegment state = arena.allocate(STATE);

  /// Those that were called so far; what the library does not have stays out.
  private final @Nullable MethodHandle[] handles = new MethodHandle[Function.values().length];

  private HostCalls() {}

  /// The calls by their names, and whether they return an `int`.
  private enum Function {
    LLISTXATTR(false),
    LGETXATTR(false),
    LSETXATTR(true),
    MKNOD(true),
    UTIMENSAT(true),
    TRUNCATE(true),
    OPEN(true),
    LSEEK(false),
    CLOSE(true);

    private final boolean givesInt;

    Function(boolean givesInt) {
      this.givesInt = givesInt;
    }
  }

  /// Opens the door to the library.
  ///
  /// @return null where it cannot be called
  public static @Nullable HostCalls open() {
    boolean linux = System.getProperty("os.name", "").equals("Linux");
    if (!linux || ValueLayout.ADDRESS.byteSize() != Long.BYTES) {
      return null;
    }
    try {
      return new HostCalls();
    } catch (IllegalCallerException | UnsupportedOperationException e) {
      return null; // native access is denied, or this JVM has no linker
    }
  }

  private void setPath(Path file) throws FsException {
    setText(path, HostNames.bytesOf(file), file);
  }

  private static void setText(MemorySegment target, byte[] bytes, Path file) throws FsException {
    if (bytes.length >= target.byteSize()) {
      throw new FsException(Errno.ENAMETOOLONG, file.toString());
    }
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, 0, bytes.length);
    target.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
  }

  /// All calls have one shape, since the JVM takes milliseconds to link each. On a 64-bit machine
  /// so many numbers go in registers, and a function does not look at those that it has no use for;
  /// the upper half of what one gives that returns an `int` means nothing.
  @SuppressWarnings("restricted")
  private @Nullable MethodHandle handle(Function function) {
    MethodHandle known = handles[function.ordinal()];
    if (known == null) {
      Linker linker = Linker.nativeLinker();
      Optional<MemorySegment> address =
          linker.defaultLookup().find(function.name().toLowerCase(Locale.ROOT));
      if (address.isPresent()) {
        known =
            linker.downcallHandle(
                address.get(),
                FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG, LONG),
                Linker.Option.captureCallState("errno"));
        handles[function.ordinal()] = known;
      }
    }
    return known;
  }

  /// @return what the function gives; the negative error number if it failed
  private long call(Function function, long a, long b, long c, long d, long e) {
    MethodHandle handle = handle(function);
    if (handle == null) {
      return -Errno.EOPNOTSUPP.number();
    }
    long result;
    try {
      result = (long) handle.invokeExact(state, a, b, c, d, e, 0L);
    } catch (Error | RuntimeException thrown) {
      throw thrown;
    } catch (Throwable thrown) { // a native call throws nothing that is checked
      throw new AssertionError(thrown);
    }
    result = function.givesInt ? (int) result : result;
    return result >= 0 ? result : -state.get(INT, ERRNO);
  }

  private static long at(MemorySegment segment) {
    return segment.address();
  }

  private static long checked(long result, Path file, String what) throws FsException {
    if (result >= 0) {
      return result;
    }
    throw failure((int) -result, file, what);
  }

  private static FsException failure(int number, Path file, String what) {
    for (Errno errno : Errno.values()) {
      if (errno.number() == number) {
        return new FsException(errno, file + ": " + what);
      }
    }
    return new FsException(Errno.EIO, file + ": " + what + ": error " + number);
  }

  /// Names of the extended attributes of a file.
  ///
  /// @param file not followed
  /// @return full names; none where the host's file system keeps none
  /// @throws FsException ENOENT, EACCES
  public List<String> listXattrs(Path file) throws FsException {
    setPath(file);
    long length = call(Function.LLISTXATTR, at(path), at(buffer), XATTR_MAX, 0, 0);
    if (length == 0 || length == -Errno.EOPNOTSUPP.number()) {
      return List.of();
    }
    checked(length, file, "list attributes");
    byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    List<String> names = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        names.add(HostNames.textOf(bytes, start, i - start));
        start = i + 1;
      }
    }
    return names;
  }

  /// Reads an extended attribute.
  ///
  /// @param file not followed
  /// @param attribute full name
  /// @return the value, or null if it is gone or may not be read
  /// @throws FsException EIO
  public byte @Nullable [] getXattr(Path file, String attribute) throws FsException {
    setPath(file);
    setText(name, attribute.getBytes(StandardCharsets.UTF_8), file);
    long length = call(Function.LGETXATTR, at(path), at(name), at(buffer), XATTR_MAX, 0);
    if (length == -Errno.ENODATA.number() || length == -Errno.EOPNOTSUPP.number()) {
      return null;
    }
    checked(length, file, "attribute " + attribute);
    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /// Makes or replaces an extended attribute.
  ///
  /// @param file not followed
  /// @param attribute full name
  /// @param value its bytes
  /// @throws FsException EPERM, EOPNOTSUPP, ENOSPC
  public void setXattr(Path file, String attribute, byte[] value) throws FsException {
    setPath(file);
    setText(name, attribute.getBytes(StandardCharsets.UTF_8), file);
    if (value.length > XATTR_MAX) {
      throw new FsException(Errno.ERANGE, file + ": attribute " + attribute);
    }
    MemorySegment.copy(value, 0, buffer, ValueLayout.JAVA_BYTE, 0, value.length);
    long result = call(Function.LSETXATTR, at(path), at(name), at(buffer), value.length, 0);
    checked(result, file, "set attribute " + attribute);
  }

  /// Makes a device node, a pipe or a socket's name.
  ///
  /// @param file the new node
  /// @param mode type and permissions
  /// @param rdev number of a device; else 0
  /// @throws FsException EEXIST, EPERM, ENOENT
  public void mknod(Path file, int mode, long rdev) throws FsException {
    setPath(file);
    long result = call(Function.MKNOD, at(path), mode, rdev, 0, 0);
    checked(result, file, "make a node of mode 0" + Integer.toOctalString(mode));
  }

  /// Sets access and modification time to the nanosecond.
  ///
  /// @param file not followed
  /// @param atime access time
  /// @param mtime modification time
  /// @throws FsException EPERM, ENOENT
  public void setTimes(Path file, Instant atime, Instant mtime) throws FsException {
    setPath(file);
    buffer.set(LONG, 0, atime.getEpochSecond());
    buffer.set(LONG, 8, atime.getNano());
    buffer.set(LONG, 16, mtime.getEpochSecond());
    buffer.set(LONG, 24, mtime.getNano());
    long result =
        call(Function.UTIMENSAT, AT_FDCWD, at(path), at(buffer), AT_SYMLINK_NOFOLLOW, 0);
    checked(result, file, "set times");
  }

  /// Sets the size of a file, which is no symbolic link; what is new is a hole.
  ///
  /// @param file the file
  /// @param size bytes
  /// @throws FsException EFBIG, EPERM
  public void truncate(Path file, long size) throws FsException {
    setPath(file);
    long result = call(Function.TRUNCATE, at(path), size, 0, 0, 0);
    checked(result, file, "set size " + size);
  }

  /// Where a file has data: begin and end of each run, one after the other.
  ///
  /// @param file a regular file
  /// @param size its size
  /// @param runsMax most runs to tell; a file with more counts as one whole run
  /// @return begin, end, begin, end ...; null if the host does not tell
  /// @throws FsException EACCES, EIO
  public long @Nullable [] dataRuns(Path file, long size, int runsMax) throws FsException {
    setPath(file);
    long fd = call(Function.OPEN, at(path), O_CLOEXEC, 0, 0, 0);
    int opened = (int) checked(fd, file, "open");
    try {
      long[] runs = new long[8];
      int count = 0;
      long pos = 0;
      while (pos < size) { // ends: each turn moves on, or returns
        long from = pos;
        long data = seek(opened, from, SEEK_DATA);
        if (data == -Errno.ENXIO.number() || data >= size) {
          break; // the rest is a hole
        }
        long hole = data < 0 ? data : seek(opened, data, SEEK_HOLE);
        if (hole <= pos || count == 2 * runsMax) {
          return null; // the file system does not know, or the file changes
        }
        if (count == runs.length) {
          runs = Arrays.copyOf(runs, 2 * count);
        }
        runs[count++] = data;
        runs[count++] = Math.min(hole, size);
        pos = hole;
      }
      return Arrays.copyOf(runs, count);
    } finally {
      call(Function.CLOSE, opened, 0, 0, 0, 0);
    }
  }

  private long seek(int fd, long pos, int whence) throws FsException {
    return call(Function.LSEEK, fd, pos, whence, 0, 0);
  }

  @Override
  public void close() {
    arena.close();
  }
}
