package org.pagewright.os;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The system call membarrier(2), private and expedited: every thread of this process that runs
/// passes a full memory fence before the call returns, and one that does not run passes one before
/// it runs again. So of two sides that must see each other's stores, the frequent one needs no
/// fence at all, if the rare one calls this.
///
/// Linux from 4.14 on; with native access. Elsewhere [#AVAILABLE] is false, and both sides need
/// fences of their own.
public final class Membarrier {
  private static final int REGISTER_PRIVATE_EXPEDITED = 1 << 4;
  private static final int PRIVATE_EXPEDITED = 1 << 3;

  private static final @Nullable MethodHandle SYSCALL = findSyscall();
  private static final long NUMBER = number();

  /// Whether [#issue()] may be called.
  public static final boolean AVAILABLE = register();

  private Membarrier() {}

  private static long number() {
    return switch (System.getProperty("os.arch", "")) {
      case "amd64", "x86_64" -> 324;
      case "aarch64", "riscv64" -> 283;
      default -> -1;
    };
  }

  @SuppressWarnings("restricted") // what this package is for
  private static @Nullable MethodHandle findSyscall() {
    if (!System.getProperty("os.name", "").equals("Linux")
        || !Membarrier.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> symbol = linker.defaultLookup().find("syscall");
    return symbol
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG),
                    Linker.Option.firstVariadicArg(1)))
        .orElse(null);
  }

  private static boolean register() {
    return SYSCALL != null && NUMBER >= 0 && call(REGISTER_PRIVATE_EXPEDITED) == 0;
  }

  private static long call(int command) {
    MethodHandle syscall = SYSCALL;
    assert syscall != null;
    try {
      return (long) syscall.invokeExact(NUMBER, (long) command, 0L, 0L);
    } catch (Throwable e) {
      throw new AssertionError("a system call of four numbers threw", e);
    }
  }

  /// Has every other thread of this process pass a full memory fence. Costs one or two
  /// microseconds, and an interrupt to each processor that runs one of our threads. Only where
  /// [#AVAILABLE].
  public static void issue() {
    long result = call(PRIVATE_EXPEDITED);
    if (result != 0) {
      // Once registered it cannot fail; going on without the fence could lose a store.
      throw new AssertionError("membarrier said " + result);
    }
  }
}
