package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads and writes the unaligned big-endian numbers of a journal.
final class BigEndian {
  private static final ValueLayout.OfShort BE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private BigEndian() {}

  static int u16(MemorySegment s, long at) {
    return s.get(BE16, at) & 0xffff;
  }

  static int i32(MemorySegment s, long at) {
    return s.get(BE32, at);
  }

  static long u32(MemorySegment s, long at) {
    return s.get(BE32, at) & 0xffff_ffffL;
  }

  static void put16(MemorySegment s, long at, int value) {
    s.set(BE16, at, (short) value);
  }

  static void put32(MemorySegment s, long at, int value) {
    s.set(BE32, at, value);
  }
}
