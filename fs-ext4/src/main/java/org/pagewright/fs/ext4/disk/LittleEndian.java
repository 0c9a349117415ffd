package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads and writes the unaligned little-endian numbers that ext4 is made of.
///
/// Names say the width: `u16` is an unsigned 16-bit number. Nothing here allocates.
public final class LittleEndian {
  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  /// {@return the unsigned byte}
  ///
  /// @param s memory
  /// @param at byte in it
  public static int u8(MemorySegment s, long at) {
    return s.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  /// {@return the unsigned 16-bit number}
  ///
  /// @param s memory
  /// @param at byte in it
  public static int u16(MemorySegment s, long at) {
    return s.get(LE16, at) & 0xffff;
  }

  /// {@return the 32 bits, as a signed number}
  ///
  /// @param s memory
  /// @param at byte in it
  public static int i32(MemorySegment s, long at) {
    return s.get(LE32, at);
  }

  /// {@return the unsigned 32-bit number}
  ///
  /// @param s memory
  /// @param at byte in it
  public static long u32(MemorySegment s, long at) {
    return s.get(LE32, at) & 0xffff_ffffL;
  }

  /// {@return the 64 bits, as a signed number}
  ///
  /// @param s memory
  /// @param at byte in it
  public static long i64(MemorySegment s, long at) {
    return s.get(LE64, at);
  }

  /// Stores the low 8 bits.
  ///
  /// @param s memory
  /// @param at byte in it
  /// @param value the number
  public static void put8(MemorySegment s, long at, int value) {
    s.set(ValueLayout.JAVA_BYTE, at, (byte) value);
  }

  /// Stores the low 16 bits.
  ///
  /// @param s memory
  /// @param at byte in it
  /// @param value the number
  public static void put16(MemorySegment s, long at, int value) {
    s.set(LE16, at, (short) value);
  }

  /// Stores 32 bits.
  ///
  /// @param s memory
  /// @param at byte in it
  /// @param value the number
  public static void put32(MemorySegment s, long at, int value) {
    s.set(LE32, at, value);
  }

  /// Stores the low 32 bits.
  ///
  /// @param s memory
  /// @param at byte in it
  /// @param value the number
  public static void put32(MemorySegment s, long at, long value) {
    s.set(LE32, at, (int) value);
  }

  /// Stores 64 bits.
  ///
  /// @param s memory
  /// @param at byte in it
  /// @param value the number
  public static void put64(MemorySegment s, long at, long value) {
    s.set(LE64, at, value);
  }
}
