package org.pagewright.fuse.os;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Calls of the C library of Linux on a 64-bit machine. Each gives what the library gave, or the
/// negated error number.
///
/// An instance holds the place where the library's `errno` is caught: one thread at a time may use
/// it. Calls that wait (`read`, `poll`, `mount`) do not keep the JVM from a safepoint.
public final class Sys {
  /// `open`: read and write.
  public static final int O_RDWR = 2;

  /// `open`: not for child processes.
  public static final int O_CLOEXEC = 02000000;

  /// `mount`: nothing may be changed.
  public static final long MS_RDONLY = 1;

  /// `mount`: set-id bits mean nothing.
  public static final long MS_NOSUID = 2;

  /// `mount`: device nodes lead nowhere.
  public static final long MS_NODEV = 4;

  /// `mount`: nothing is executed.
  public static final long MS_NOEXEC = 8;

  /// `mount`: every write is durable when it returns.
  public static final long MS_SYNCHRONOUS = 16;

  /// `mount`: every change of a directory is durable when it returns.
  public static final long MS_DIRSYNC = 128;

  /// `mount`: reads change no access times.
  public static final long MS_NOATIME = 1024;

  /// `umount2`: end the connection, whatever is under way.
  public static final int MNT_FORCE = 1;

  /// `umount2`: take the name away now, the rest when nobody uses it any more.
  public static final int MNT_DETACH = 2;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle OPEN =
      find("open", 2, FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle CLOSE = find("close", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle READ =
      find("read", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
  private static final MethodHandle WRITE =
      find("write", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
  // The count is an int to the library; one shape is linked once.
  private static final MethodHandle WRITEV =
      find("writev", FunctionDescriptor.of(LONG, INT, POINTER, LONG));
  private static final MethodHandle IOCTL =
      find("ioctl", 2, FunctionDescriptor.of(INT, INT, LONG, POINTER));
  private static final MethodHandle MOUNT =
      find("mount", FunctionDescriptor.of(INT, POINTER, POINTER, POINTER, LONG, POINTER));
  private static final MethodHandle UMOUNT2 =
      find("umount2", FunctionDescriptor.of(INT, POINTER, INT));
  private static final MethodHandle SYNCFS = find("syncfs", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle SOCKETPAIR =
      find("socketpair", FunctionDescriptor.of(INT, INT, INT, INT, POINTER));
  private static final MethodHandle SOCKET =
      find("socket", FunctionDescriptor.of(INT, INT, INT, INT));
  private static final MethodHandle SENDTO =
      find("sendto", FunctionDescriptor.of(LONG, INT, POINTER, LONG, INT, POINTER, INT));
  private static final MethodHandle RECVMSG =
      find("recvmsg", FunctionDescriptor.of(LONG, INT, POINTER, INT));
  private static final MethodHandle POLL =
      find("poll", FunctionDescriptor.of(INT, POINTER, LONG, INT));
  private static final MethodHandle GETEUID = find("geteuid", FunctionDescriptor.of(INT));
  private static final MethodHandle GETEGID = find("getegid", FunctionDescriptor.of(INT));
  private static final MethodHandle SETSID = find("setsid", FunctionDescriptor.of(INT));
  private static final MethodHandle TGKILL =
      find("tgkill", FunctionDescriptor.of(INT, INT, INT, INT));
  private static final MethodHandle SETAFFINITY =
      find("sched_setaffinity", FunctionDescriptor.of(INT, INT, LONG, POINTER));
  private static final MethodHandle GETAFFINITY =
      find("sched_getaffinity", FunctionDescriptor.of(INT, INT, LONG, POINTER));
  private static final MethodHandle SPAWN_INIT =
      find("posix_spawn_file_actions_init", FunctionDescriptor.of(INT, POINTER));
  private static final MethodHandle SPAWN_DUP2 =
      find("posix_spawn_file_actions_adddup2", FunctionDescriptor.of(INT, POINTER, INT, INT));
  private static final MethodHandle SPAWN_DESTROY =
      find("posix_spawn_file_actions_destroy", FunctionDescriptor.of(INT, POINTER));
  private static final MethodHandle SPAWNP =
      find(
          "posix_spawnp",
          FunctionDescriptor.of(INT, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER));
  private static final MethodHandle WAITPID =
      find("waitpid", FunctionDescriptor.of(INT, INT, POINTER, INT));

  /// `struct pollfd`.
  private static final MemoryLayout POLLFD = sized(8, "pollfd", INT, ValueLayout.JAVA_INT);

  /// `struct iovec`.
  private static final MemoryLayout IOVEC = sized(16, "iovec", POINTER, LONG);

  /// `struct msghdr`.
  private static final MemoryLayout MSGHDR =
      sized(56, "msghdr", POINTER, LONG, POINTER, LONG, POINTER, LONG, LONG);

  /// Room of glibc's `posix_spawn_file_actions_t`, and some.
  private static final long FILE_ACTIONS_SIZE = 256;

  /// `struct cmsghdr` with one file descriptor behind it.
  private static final long CONTROL_SIZE = 24;

  /// Room of glibc's `cpu_set_t`.
  private static final int PROCESSORS_MAX = 1024;

  private static final int EINTR = Errno.EINTR.number();
  private static final short POLLIN = 1;
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  /// `_IOR(229, 0, uint32_t)`.
  private static final long FUSE_DEV_IOC_CLONE = 0x8004e500L;

  private final MemorySegment state = Arena.ofAuto().allocate(STATE);

  /// A place for errors.
  ///
  /// @throws FsException EOPNOTSUPP where this is not Linux on 64 bits, or native access is denied
  public Sys() throws FsException {
    checkHost();
  }

  private static void checkHost() throws FsException {
    if (!System.getProperty("os.name", "").equals("Linux") || POINTER.byteSize() != 8) {
      throw new FsException(Errno.EOPNOTSUPP, "FUSE needs Linux on a 64-bit machine");
    }
  }

  static MemoryLayout sized(long size, String name, MemoryLayout... members) {
    MemoryLayout layout = MemoryLayout.structLayout(members);
    if (layout.byteSize() != size) {
      throw new AssertionError("struct " + name + " of " + layout.byteSize() + " bytes");
    }
    return layout;
  }

  private static MethodHandle find(String symbol, FunctionDescriptor type) {
    return find(symbol, -1, type);
  }

  @SuppressWarnings("restricted")
  static MethodHandle find(String symbol, int firstVariadic, FunctionDescriptor type) {
    MemorySegment address = LINKER.defaultLookup().findOrThrow(symbol);
    Linker.Option catches = Linker.Option.captureCallState("errno");
    return firstVariadic < 0 || firstVariadic >= type.argumentLayouts().size()
        ? LINKER.downcallHandle(address, type, catches)
        : LINKER.downcallHandle(
            address, type, catches, Linker.Option.firstVariadicArg(firstVariadic));
  }

  /// Where the library leaves its error number.
  ///
  /// @return of this thread's calls
  MemorySegment state() {
    return state;
  }

  long result(long value) {
    return value >= 0 ? value : -(int) ERRNO.get(state, 0L);
  }

  static RuntimeException impossible(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    if (e instanceof RuntimeException runtime) {
      throw runtime;
    }
    throw new AssertionError(e); // a native call throws nothing that is checked
  }

  /// Throws for a negated error number.
  ///
  /// @param result what a call gave
  /// @param what what was tried
  /// @return the result, not negative
  /// @throws FsException the error; EIO, with its number in words, for one we have no name for
  public static int checked(long result, String what) throws FsException {
    if (result < 0) {
      throw failure((int) -result, what);
    }
    return Math.toIntExact(result);
  }

  /// An error number as an exception.
  ///
  /// @param number positive
  /// @param what what was tried
  /// @return to be thrown
  public static FsException failure(int number, String what) {
    for (Errno errno : Errno.values()) {
      if (errno.number() == number) {
        return new FsException(errno, what);
      }
    }
    return new FsException(Errno.EIO, what + ": error " + number);
  }

  // ---- Files ------------------------------------------------------------------------------------

  /// `open(2)`.
  ///
  /// @param path of the host
  /// @param flags O_RDWR, O_CLOEXEC
  /// @return a file descriptor or an error
  public int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) result((int) OPEN.invokeExact(state, arena.allocateFrom(path), flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `close(2)`.
  ///
  /// @param fd a file descriptor
  /// @return 0 or an error
  public int close(int fd) {
    try {
      return (int) result((int) CLOSE.invokeExact(state, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `read(2)`, again after EINTR.
  ///
  /// @param fd a file descriptor
  /// @param target off-heap
  /// @param length most bytes
  /// @return bytes or an error
  public long read(int fd, MemorySegment target, long length) {
    try {
      long n;
      do {
        n = result((long) READ.invokeExact(state, fd, target, length));
      } while (n == -EINTR);
      return n;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `write(2)`, again after EINTR.
  ///
  /// @param fd a file descriptor
  /// @param source off-heap
  /// @param length bytes
  /// @return bytes or an error
  public long write(int fd, MemorySegment source, long length) {
    try {
      long n;
      do {
        n = result((long) WRITE.invokeExact(state, fd, source, length));
      } while (n == -EINTR);
      return n;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `writev(2)`, again after EINTR.
  ///
  /// @param fd a file descriptor
  /// @param pieces what to write, one after the other
  /// @return bytes or an error
  public long writev(int fd, IoVector pieces) {
    try {
      long n;
      do {
        n = result((long) WRITEV.invokeExact(state, fd, pieces.memory(), (long) pieces.count()));
      } while (n == -EINTR);
      return n;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Ties a new descriptor of `/dev/fuse` to the connection of another: a queue of its own for
  /// requests that are being answered.
  ///
  /// @param fd the new one
  /// @param connected the one of the mount
  /// @return 0 or an error
  public int cloneDevice(int fd, int connected) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(INT);
      number.set(INT, 0, connected);
      return (int) result((int) IOCTL.invokeExact(state, fd, FUSE_DEV_IOC_CLONE, number));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `syncfs(2)`.
  ///
  /// @param fd a file or directory of the file system
  /// @return 0 or an error
  public int syncfs(int fd) {
    try {
      return (int) result((int) SYNCFS.invokeExact(state, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  // ---- Mounts -----------------------------------------------------------------------------------

  /// `mount(2)`.
  ///
  /// @param source what /proc/mounts shows
  /// @param target a directory
  /// @param type such as `fuse.pagewright`
  /// @param flags MS_ bits
  /// @param data options of the file system, comma-separated
  /// @return 0 or an error
  public int mount(String source, String target, String type, long flags, String data) {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          result(
              (int)
                  MOUNT.invokeExact(
                      state,
                      arena.allocateFrom(source),
                      arena.allocateFrom(target),
                      arena.allocateFrom(type),
                      flags,
                      arena.allocateFrom(data)));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// `umount2(2)`.
  ///
  /// @param target a mount point
  /// @param flags MNT_ bits
  /// @return 0 or an error
  public int umount(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) result((int) UMOUNT2.invokeExact(state, arena.allocateFrom(target), flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  // ---- Processes --------------------------------------------------------------------------------

  /// The user this process acts as.
  ///
  /// @return user number, unsigned
  public int effectiveUid() {
    try {
      return (int) GETEUID.invokeExact(state);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// The group this process acts as.
  ///
  /// @return group number, unsigned
  public int effectiveGid() {
    try {
      return (int) GETEGID.invokeExact(state);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Leaves the terminal and its signals: `setsid(2)`.
  ///
  /// @return the session or an error
  public int newSession() {
    try {
      return (int) result((int) SETSID.invokeExact(state));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Whether a thread belongs to a process.
  ///
  /// @param process number of the process
  /// @param thread number of the thread; any number
  /// @return true if so
  public boolean isThreadOf(int process, int thread) {
    try {
      return thread > 0 && (int) TGKILL.invokeExact(state, process, thread, 0) == 0;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// The processors that the calling thread may run on.
  ///
  /// @return a bit for each; empty if there are more than 1024
  public long[] processors() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(PROCESSORS_MAX / 8, 8);
      int result = (int) GETAFFINITY.invokeExact(state, 0, set.byteSize(), set);
      return result < 0 ? new long[0] : set.toArray(LONG);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Has the calling thread run on some processors only. Threads that it starts inherit that.
  ///
  /// @param processors a bit for each
  /// @return 0 or an error
  public int setProcessors(long[] processors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocateFrom(LONG, processors);
      return (int) result((int) SETAFFINITY.invokeExact(state, 0, set.byteSize(), set));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Runs a program to its end with one of our descriptors open in it, under the same number, and
  /// one more variable in its environment.
  ///
  /// @param command the program, found on the PATH, and its arguments
  /// @param environment as `NAME=value`, all of it
  /// @param inherited the descriptor; -1 for none
  /// @return its exit code, or an error if it could not be started or was killed
  public int run(String[] command, String[] environment, int inherited) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(FILE_ACTIONS_SIZE, 16);
      int error = (int) SPAWN_INIT.invokeExact(state, actions);
      if (error != 0) {
        return -error;
      }
      try {
        if (inherited >= 0) {
          // Onto itself: what closes at exec stays open in the child.
          error = (int) SPAWN_DUP2.invokeExact(state, actions, inherited, inherited);
          if (error != 0) {
            return -error;
          }
        }
        MemorySegment pid = arena.allocate(INT);
        MemorySegment arguments = strings(arena, command);
        error =
            (int)
                SPAWNP.invokeExact(
                    state,
                    pid,
                    arena.allocateFrom(command[0]),
                    actions,
                    MemorySegment.NULL,
                    arguments,
                    strings(arena, environment));
        return error != 0 ? -error : await(arena, pid.get(INT, 0));
      } finally {
        int ignored = (int) SPAWN_DESTROY.invokeExact(state, actions);
        assert ignored == 0;
      }
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  private int await(Arena arena, int pid) throws Throwable {
    MemorySegment status = arena.allocate(INT);
    long got;
    do {
      got = result((int) WAITPID.invokeExact(state, pid, status, 0));
    } while (got == -EINTR);
    if (got < 0) {
      return (int) got;
    }
    int word = status.get(INT, 0);
    return (word & 0x7f) == 0 ? word >> 8 & 0xff : -EINTR;
  }

  private static MemorySegment strings(Arena arena, String[] texts) {
    MemorySegment array = arena.allocate(POINTER, texts.length + 1L);
    for (int i = 0; i < texts.length; i++) {
      array.setAtIndex(POINTER, i, arena.allocateFrom(texts[i]));
    }
    array.setAtIndex(POINTER, texts.length, MemorySegment.NULL);
    return array;
  }

  // ---- Sockets ----------------------------------------------------------------------------------

  /// Two connected sockets of this host; both close at exec.
  ///
  /// @return their descriptors
  /// @throws FsException ENFILE and the like
  public int[] socketPair() throws FsException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(8, 4);
      long made =
          result((int) SOCKETPAIR.invokeExact(state, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair));
      checked(made, "socketpair");
      return new int[] {pair.get(INT, 0), pair.get(INT, 4)};
    } catch (FsException e) {
      throw e;
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Receives one file descriptor from a socket, not waiting for ever.
  ///
  /// @param socket one of a pair
  /// @param timeoutMillis how long to wait at most
  /// @return the descriptor, or an error; -EIO if the message brought none
  public int receiveDescriptor(int socket, int timeoutMillis) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment poll = arena.allocate(POLLFD);
      poll.set(INT, 0, socket);
      poll.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
      long ready = result((int) POLL.invokeExact(state, poll, 1L, timeoutMillis));
      if (ready <= 0) {
        return ready < 0 ? (int) ready : -Errno.EAGAIN.number();
      }
      MemorySegment iov = arena.allocate(IOVEC);
      iov.set(POINTER, 0, arena.allocate(8));
      iov.set(LONG, 8, 1);
      MemorySegment control = arena.allocate(CONTROL_SIZE, 8);
      MemorySegment message = arena.allocate(MSGHDR);
      message.set(POINTER, 16, iov);
      message.set(LONG, 24, 1);
      message.set(POINTER, 32, control);
      message.set(LONG, 40, CONTROL_SIZE);
      long n;
      do {
        n = result((long) RECVMSG.invokeExact(state, socket, message, MSG_CMSG_CLOEXEC));
      } while (n == -EINTR);
      if (n < 0) {
        return (int) n;
      }
      boolean one =
          message.get(LONG, 40) >= 20
              && control.get(LONG, 0) == 20
              && control.get(INT, 8) == SOL_SOCKET
              && control.get(INT, 12) == SCM_RIGHTS;
      return one ? control.get(INT, 16) : -Errno.EIO.number();
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /// Sends a datagram to a socket that has a name in the file system, or, if it begins with `@`, in
  /// the abstract namespace: what `sd_notify` does.
  ///
  /// @param address the name
  /// @param message short text
  /// @return bytes sent or an error
  public int notify(String address, String message) {
    byte[] name = address.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > 107) {
      return -Errno.EINVAL.number();
    }
    int socket = -1;
    try (Arena arena = Arena.ofConfined()) {
      socket = (int) result((int) SOCKET.invokeExact(state, AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0));
      if (socket < 0) {
        return socket;
      }
      MemorySegment to = arena.allocate(110, 2);
      to.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, to, ValueLayout.JAVA_BYTE, 2, name.length);
      if (name[0] == '@') {
        to.set(ValueLayout.JAVA_BYTE, 2, (byte) 0);
      }
      MemorySegment text = arena.allocateFrom(message);
      return (int)
          result(
              (long)
                  SENDTO.invokeExact(
                      state, socket, text, text.byteSize() - 1, 0, to, 2 + name.length));
    } catch (Throwable e) {
      throw impossible(e);
    } finally {
      if (socket >= 0) {
        close(socket);
      }
    }
  }

  /// Whether the library can be called from here.
  ///
  /// @return null if so, else why not
  public static @Nullable String whyNot() {
    try {
      new Sys();
      return null;
    } catch (FsException e) {
      return e.getMessage();
    } catch (IllegalCallerException | UnsupportedOperationException | LinkageError e) {
      return "native access: " + e.getMessage() + " (--enable-native-access)";
    }
  }
}
