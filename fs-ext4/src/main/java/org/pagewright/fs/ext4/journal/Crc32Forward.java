package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// CRC-32 that takes the highest bit of each byte first, with a caller's seed and not inverted, as
/// commits of version 1 have it over their whole transaction.
final class Crc32Forward {
  static final int SEED = ~0;

  private static final int POLYNOMIAL = 0x04c1_1db7;
  private static final int[] TABLE = new int[256];

  static {
    for (int b = 0; b < 256; b++) {
      int r = b << 24;
      for (int i = 0; i < 8; i++) {
        r = (r << 1) ^ (r < 0 ? POLYNOMIAL : 0);
      }
      TABLE[b] = r;
    }
  }

  private Crc32Forward() {}

  static int update(int crc, MemorySegment s) {
    int r = crc;
    for (long at = 0; at < s.byteSize(); at++) {
      r = (r << 8) ^ TABLE[(r >>> 24) ^ LittleEndian.u8(s, at)];
    }
    return r;
  }
}
