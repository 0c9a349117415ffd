package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;

/// CRC-16 (polynomial x^16 + x^15 + x^2 + 1, reflected), which guards the group descriptors of
/// file systems with `uninit_bg` and without `metadata_csum`. Chains like [Crc32c].
public final class Crc16 {
  /// The seed that ext4 uses.
  public static final int SEED = 0xffff;

  private static final int POLYNOMIAL_REFLECTED = 0xa001;
  private static final char[] TABLE = new char[256];

  static {
    for (int b = 0; b < 256; b++) {
      int r = b;
      for (int i = 0; i < 8; i++) {
        r = (r >>> 1) ^ ((r & 1) != 0 ? POLYNOMIAL_REFLECTED : 0);
      }
      TABLE[b] = (char) r;
    }
  }

  private Crc16() {}

  /// {@return the register after a range of memory}
  ///
  /// @param crc the register before it, 16 bits
  /// @param s memory
  /// @param at first byte
  /// @param length number of bytes
  public static int update(int crc, MemorySegment s, long at, long length) {
    int r = crc;
    for (long p = at; p < at + length; p++) {
      r = update8(r, LittleEndian.u8(s, p));
    }
    return r;
  }

  /// {@return the register after a 32-bit little-endian number}
  ///
  /// @param crc the register before it, 16 bits
  /// @param value the number
  public static int update32(int crc, int value) {
    int r = crc;
    for (int shift = 0; shift < 32; shift += 8) {
      r = update8(r, value >>> shift);
    }
    return r;
  }

  private static int update8(int crc, int value) {
    return (crc >>> 8) ^ TABLE[(crc ^ value) & 0xff];
  }
}
