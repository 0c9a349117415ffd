package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/// CRC-32C (Castagnoli) as ext4 and JBD2 use it: the caller's seed is the register's first value,
/// and the register is returned as it is, not inverted. So checksums chain:
/// `update(update(seed, a), b)` is the checksum of `a` followed by `b`.
///
/// The JDK's [CRC32C] uses the processor's instruction but always begins with all ones. Four bytes
/// in front of the data drive its register to any seed we like (feeding 32 bits is a bijection on
/// the register), so long ranges use it; short ones use a table, eight bytes a step.
public final class Crc32c {
  /// The seed where the format says no other.
  public static final int SEED = ~0;

  private static final int POLYNOMIAL_REFLECTED = 0x82f6_3b78;

  /// Below this, starting the JDK object costs more than the table (measured).
  private static final int LONG_RANGE_BYTES = 64;

  /// TABLE[k * 256 + b]: the register after byte b and k zero bytes.
  private static final int[] TABLE = new int[8 * 256];

  /// INVERSE[top byte of TABLE[b]] = b: undoes one table step.
  private static final int[] INVERSE = new int[256];

  static {
    for (int b = 0; b < 256; b++) {
      int r = b;
      for (int i = 0; i < 8; i++) {
        r = (r >>> 1) ^ ((r & 1) != 0 ? POLYNOMIAL_REFLECTED : 0);
      }
      TABLE[b] = r;
      INVERSE[r >>> 24] = b;
    }
    for (int b = 0; b < 256; b++) {
      for (int k = 1; k < 8; k++) {
        int r = TABLE[(k - 1) * 256 + b];
        TABLE[k * 256 + b] = (r >>> 8) ^ TABLE[r & 0xff];
      }
    }
  }

  private Crc32c() {}

  /// {@return the register after a range of memory}
  ///
  /// @param crc the register before it: a seed, or what an earlier call returned
  /// @param s memory
  /// @param at first byte
  /// @param length number of bytes
  public static int update(int crc, MemorySegment s, long at, long length) {
    if (length >= LONG_RANGE_BYTES) {
      return updateLong(crc, s.asSlice(at, length));
    }
    int r = crc;
    long p = at;
    long end = at + length;
    for (; end - p >= 8; p += 8) {
      long word = LittleEndian.i64(s, p);
      int low = (int) word ^ r;
      int high = (int) (word >>> 32);
      r =
          TABLE[7 * 256 + (low & 0xff)]
              ^ TABLE[6 * 256 + ((low >>> 8) & 0xff)]
              ^ TABLE[5 * 256 + ((low >>> 16) & 0xff)]
              ^ TABLE[4 * 256 + (low >>> 24)]
              ^ TABLE[3 * 256 + (high & 0xff)]
              ^ TABLE[2 * 256 + ((high >>> 8) & 0xff)]
              ^ TABLE[256 + ((high >>> 16) & 0xff)]
              ^ TABLE[high >>> 24];
    }
    for (; p < end; p++) {
      r = update8(r, LittleEndian.u8(s, p));
    }
    return r;
  }

  /// {@return the register after one byte}
  ///
  /// @param crc the register before
  /// @param value the low 8 bits count
  public static int update8(int crc, int value) {
    return (crc >>> 8) ^ TABLE[(crc ^ value) & 0xff];
  }

  /// {@return the register after a 32-bit little-endian number}
  ///
  /// @param crc the register before
  /// @param value the number
  public static int update32(int crc, int value) {
    int x = crc ^ value;
    return TABLE[3 * 256 + (x & 0xff)]
        ^ TABLE[2 * 256 + ((x >>> 8) & 0xff)]
        ^ TABLE[256 + ((x >>> 16) & 0xff)]
        ^ TABLE[x >>> 24];
  }

  /// {@return the register after a 64-bit little-endian number}
  ///
  /// @param crc the register before
  /// @param value the number
  public static int update64(int crc, long value) {
    return update32(update32(crc, (int) value), (int) (value >>> 32));
  }

  private static int updateLong(int crc, MemorySegment range) {
    CRC32C jdk = new CRC32C();
    int prefix = ~prefixFor(crc);
    jdk.update(prefix);
    jdk.update(prefix >>> 8);
    jdk.update(prefix >>> 16);
    jdk.update(prefix >>> 24);
    long size = range.byteSize();
    for (long p = 0; p < size; ) {
      long part = Math.min(size - p, 1 << 30);
      jdk.update(range.asSlice(p, part).asByteBuffer());
      p += part;
    }
    return ~(int) jdk.getValue();
  }

  /// The register from which four zero bytes lead to `crc`: four table steps backwards.
  private static int prefixFor(int crc) {
    int r = crc;
    for (int i = 0; i < 4; i++) {
      int b = INVERSE[r >>> 24];
      r = ((r ^ TABLE[b]) << 8) | b;
    }
    return r;
  }
}
