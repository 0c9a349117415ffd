package org.pagewright.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// Memory by another arena than its own: lent under a short-lived one, so that whoever keeps the
/// segment longer than he may meets an exception, not somebody else's bytes; or under none.
///
/// Needs native access. Elsewhere [#AVAILABLE] is false, and memory can only be lent as a copy.
public final class ScopedMemory {
  /// Whether [#lend] may be called.
  public static final boolean AVAILABLE = ScopedMemory.class.getModule().isNativeAccessEnabled();

  /// All memory there is, for who knows which of it is his; only where [#AVAILABLE]. A constant, so
  /// that an access to it is compiled without a look at the segment.
  public static final MemorySegment EVERYTHING = everything();

  private ScopedMemory() {}

  @SuppressWarnings("restricted") // what this package is for
  private static MemorySegment everything() {
    return AVAILABLE ? MemorySegment.NULL.reinterpret(Long.MAX_VALUE) : MemorySegment.NULL;
  }

  /// A segment over the same bytes that lives as long as another arena.
  ///
  /// @param memory alive for longer than `arena`
  /// @param offset first byte in it
  /// @param length bytes
  /// @param arena whose end is the segment's
  /// @param owner what keeps the memory alive; is kept alive by the arena in turn
  /// @return the segment
  @SuppressWarnings("restricted") // what this package is for
  public static MemorySegment lend(
      MemorySegment memory, long offset, long length, Arena arena, Object owner) {
    return memory
        .asSlice(offset, length)
        .reinterpret(arena, segment -> Reference.reachabilityFence(owner));
  }
}
