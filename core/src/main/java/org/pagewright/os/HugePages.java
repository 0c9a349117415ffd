package org.pagewright.os;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// The system call madvise(2) with MADV_COLLAPSE: has memory that is in use already put into huge
/// pages, now, so that a processor finds any byte of it with few translations. Where accesses go
/// here and there over much memory, and more so in a virtual machine, the walk for a translation
/// costs as much as the access.
///
/// Linux from 6.1 on; with native access. Elsewhere, or if the system has no huge page to give,
/// nothing happens, and all is as it was but slower.
public final class HugePages {
  /// Bytes of a huge page: of those who have others, nothing is asked.
  public static final int SIZE = 2 << 20;

  private static final int MADV_COLLAPSE = 25;
  private static final @Nullable MethodHandle MADVISE = findMadvise();

  private HugePages() {}

  @SuppressWarnings("restricted") // what this package is for
  private static @Nullable MethodHandle findMadvise() {
    if (!System.getProperty("os.name", "").equals("Linux")
        || !HugePages.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("madvise")
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT)))
        .orElse(null);
  }

  /// Puts the huge pages that lie wholly in some memory into one piece each. Takes as long as
  /// copying the memory. May be called beside accesses to it.
  ///
  /// @param memory native, in use
  public static void collapse(MemorySegment memory) {
    MethodHandle madvise = MADVISE;
    long from = memory.address() + SIZE - 1 & -SIZE;
    long end = memory.address() + memory.byteSize() & -SIZE;
    if (madvise == null || from >= end) {
      return;
    }
    try {
      int refused = (int) madvise.invokeExact(from, end - from, MADV_COLLAPSE);
      assert refused == 0 || refused == -1 : refused; // -1: not here, or not now
    } catch (Throwable e) {
      throw new AssertionError("a system call of three numbers threw", e);
    }
  }
}
