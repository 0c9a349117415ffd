package org.pagewright.fuse.os;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.pagewright.errno.FsException;

/// The kernel's file system of FUSE connections (`fusectl`), mounted for this process alone: it has
/// a descriptor and no place, so nobody else sees it, and it goes with the process. All instances
/// of a host show the same connections, wherever it is mounted.
///
/// The calls are from Linux 5.2, and younger than many C libraries, which therefore have no names
/// for them; their numbers are the same on all machines.
public final class Fusectl implements AutoCloseable {
  private static final long FSOPEN = 430;
  private static final long FSCONFIG = 431;
  private static final long FSMOUNT = 432;
  private static final long FSOPEN_CLOEXEC = 1;
  private static final long FSCONFIG_CMD_CREATE = 6;
  private static final long FSMOUNT_CLOEXEC = 1;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MethodHandle SYSCALL =
      Sys.find("syscall", 1, FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG, LONG));

  private final Sys sys;
  private final AtomicInteger fd;

  private Fusectl(Sys sys, int fd) {
    this.sys = sys;
    this.fd = new AtomicInteger(fd);
  }

  /// Mounts it.
  ///
  /// @return to be closed
  /// @throws FsException EPERM for others than root; ENOSYS before Linux 5.2; ENODEV if the kernel
  ///     has no FUSE
  public static Fusectl open() throws FsException {
    Sys sys = new Sys();
    int context;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment type = arena.allocateFrom("fusectl");
      context = call(sys, "fsopen", FSOPEN, type.address(), FSOPEN_CLOEXEC, 0);
    }
    try {
      call(sys, "fsconfig", FSCONFIG, context, FSCONFIG_CMD_CREATE, 0);
      return new Fusectl(sys, call(sys, "fsmount", FSMOUNT, context, FSMOUNT_CLOEXEC, 0));
    } finally {
      sys.close(context);
    }
  }

  private static int call(Sys sys, String name, long number, long a, long b, long c)
      throws FsException {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(sys.state(), number, a, b, c, 0L, 0L);
    } catch (Throwable e) {
      throw Sys.impossible(e);
    }
    return Sys.checked(sys.result(result), name + " fusectl");
  }

  /// Its folder, for this process: one directory for each connection.
  ///
  /// @return good until it is closed
  public Path root() {
    return Path.of("/proc/self/fd", Integer.toString(fd.get()));
  }

  /// Idempotent.
  @Override
  public void close() {
    int open = fd.getAndSet(-1);
    if (open >= 0) {
      sys.close(open);
    }
  }
}
