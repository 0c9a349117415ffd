package org.pagewright.fuse.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/// Pieces of memory that one call takes one after the other: an array of `struct iovec`. One thread
/// uses it, again and again; the pieces are there as long as the call lasts, which is the caller's
/// business.
public final class IoVector {
  /// `IOV_MAX`: the most that a kernel takes.
  public static final int PIECES_MAX = 1024;

  /// `struct iovec`: an address and a length.
  private static final int BYTES = 16;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final MemorySegment memory =
      Arena.ofAuto().allocate((long) PIECES_MAX * BYTES, Long.BYTES);
  private int count;

  /// An empty one.
  public IoVector() {}

  /// Empties it.
  public void clear() {
    count = 0;
  }

  /// Adds a piece.
  ///
  /// @param segment off-heap
  /// @param offset first byte in it
  /// @param length bytes
  /// @throws IndexOutOfBoundsException if it is full, or the piece not in the segment
  public void add(MemorySegment segment, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, segment.byteSize());
    long at = (long) Objects.checkIndex(count, PIECES_MAX) * BYTES;
    memory.set(LONG, at, segment.address() + offset);
    memory.set(LONG, at + Long.BYTES, length);
    count++;
  }

  /// How many pieces there are.
  ///
  /// @return 0 to [#PIECES_MAX]
  public int count() {
    return count;
  }

  MemorySegment memory() {
    return memory;
  }
}
