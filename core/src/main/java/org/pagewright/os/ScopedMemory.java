package org.pagewright.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Lends memory of a long-lived arena under a short-lived one, so that whoever keeps the segment
/// longer than he may meets an exception, not somebody else's bytes.
///
/// Needs native access. Elsewhere [#AVAILABLE] is false, and memory can only be lent as a copy.
public final class ScopedMemory {
  /// Whether [#lend] may be called.
  public static final boolean AVAILABLE = ScopedMemory.class.getModule().isNativeAccessEnabled();

  private ScopedMemory() {}

  /// A segment over the same bytes that lives as long as another arena.
  ///
  /// @param memory alive for longer than `arena`
  /// @param offset first byte in it
  /// @param length bytes
  /// @param arena whose end is the segment's
  /// @return the segment
  @SuppressWarnings("restricted") // what this package is for
  public static MemorySegment lend(MemorySegment memory, long offset, long length, Arena arena) {
    return memory.asSlice(offset, length).reinterpret(arena, null);
  }
}
