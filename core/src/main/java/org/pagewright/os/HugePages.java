package org.pagewright.os;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/// Much memory, from mmap(2) and with the advice to put it into huge pages, so that a processor
/// finds any byte of it with few translations. Where accesses go here and there over much memory,
/// and more so in a virtual machine, the walk for a translation costs as much as the access.
///
/// The kernel gives the pages when they are first touched, by whoever does that. An arena's own
/// memory is touched as a whole when it is allocated: half a gigabyte takes as long as reading it
/// from a fast disk, and whoever asked for it waits.
///
/// Linux, with native access. Elsewhere there is none, and callers take an arena's.
public final class HugePages {
  /// Bytes of a huge page: of those who have others, nothing is asked.
  public static final int SIZE = 2 << 20;

  private static final long PROT_READ_WRITE = 1 | 2;
  private static final long MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final long MADV_HUGEPAGE = 14;
  private static final long MAP_FAILED = -1;

  /// Where errors go, which nobody asks for.
  private static final MemorySegment STATE =
      Arena.global().allocate(Linker.Option.captureStateLayout());

  private static final @Nullable MethodHandle MMAP = find("mmap");
  private static final @Nullable MethodHandle MUNMAP = find("munmap");
  private static final @Nullable MethodHandle MADVISE = find("madvise");

  private HugePages() {}

  /// All in one shape, since the JVM takes milliseconds to link each: that which a room with more
  /// calls has, too, errors and all. On a 64-bit machine so many numbers go in registers, and a
  /// function does not look at those that it has no use for; the upper half of what one gives that
  /// returns an `int` means nothing.
  @SuppressWarnings("restricted") // what this package is for
  private static @Nullable MethodHandle find(String name) {
    if (!System.getProperty("os.name", "").equals("Linux")
        || ValueLayout.ADDRESS.byteSize() != Long.BYTES
        || !HugePages.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(word, word, word, word, word, word, word),
                    Linker.Option.captureCallState("errno")))
        .orElse(null);
  }

  /// Takes memory, all zeros.
  ///
  /// @param bytes how much, a multiple of the size of a page
  /// @param arena whose end gives it back
  /// @return a segment that begins where a huge page does; null if there is none of this kind
  public static @Nullable MemorySegment allocate(long bytes, Arena arena) {
    MethodHandle mmap = MMAP;
    MethodHandle munmap = MUNMAP;
    MethodHandle madvise = MADVISE;
    if (mmap == null || munmap == null || madvise == null) {
      return null;
    }
    long length = bytes + SIZE;
    try {
      long address =
          (long)
              mmap.invokeExact(
                  STATE, 0L, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1L, 0L);
      if (address == MAP_FAILED) {
        return null;
      }
      long aligned = address + SIZE - 1 & -SIZE;
      // Advice: a kernel without huge pages, or that gives none, has small ones for us.
      int refused =
          (int) (long) madvise.invokeExact(STATE, aligned, bytes, MADV_HUGEPAGE, 0L, 0L, 0L);
      assert refused == 0 || refused == -1 : refused;
      return segment(aligned, bytes, arena, () -> unmap(munmap, address, length));
    } catch (Throwable e) {
      throw new AssertionError("a system call of some numbers threw", e);
    }
  }

  @SuppressWarnings("restricted") // what this package is for
  private static MemorySegment segment(long address, long bytes, Arena arena, Runnable end) {
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, segment -> end.run());
  }

  private static void unmap(MethodHandle munmap, long address, long length) {
    try {
      int refused = (int) (long) munmap.invokeExact(STATE, address, length, 0L, 0L, 0L, 0L);
      assert refused == 0 : refused;
    } catch (Throwable e) {
      throw new AssertionError("a system call of two numbers threw", e);
    }
  }
}
