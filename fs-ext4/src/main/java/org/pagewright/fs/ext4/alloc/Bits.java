package org.pagewright.fs.ext4.alloc;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// A bitmap as ext4 has it on the device: bit n is bit n%8 of byte n/8. Seen as little-endian
/// 64-bit words, it is bit n%64 of word n/64, so searches go a word at a time.
///
/// The words are got from the array under the segment: in a young process, whose code is not
/// compiled well yet, that takes a tenth of the time, and a search goes over many.
final class Bits {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int base;

  /// @param s on the heap, as all cached metadata is
  Bits(MemorySegment s) {
    if (!(s.heapBase().orElse(null) instanceof byte[] array)) {
      throw new IllegalArgumentException("no array of bytes: " + s);
    }
    bytes = array;
    base = (int) s.address();
  }

  private long word(int index) {
    return (long) WORD.get(bytes, base + (index << 3));
  }

  private void putWord(int index, long word) {
    WORD.set(bytes, base + (index << 3), word);
  }

  boolean get(int bit) {
    return (word(bit >>> 6) >>> bit & 1) != 0;
  }

  void set(int from, int count) {
    for (int bit = from, end = from + count; bit < end; ) {
      int next = Math.min(end, (bit | 63) + 1);
      putWord(bit >>> 6, word(bit >>> 6) | mask(bit, next));
      bit = next;
    }
  }

  void clear(int from, int count) {
    for (int bit = from, end = from + count; bit < end; ) {
      int next = Math.min(end, (bit | 63) + 1);
      putWord(bit >>> 6, word(bit >>> 6) & ~mask(bit, next));
      bit = next;
    }
  }

  /// Bits from..next-1 of one word; next may be the first of the following word.
  private static long mask(int from, int next) {
    return (-1L << from) & (-1L >>> -next);
  }

  /// {@return the first bit that is clear, or end}
  int nextClear(int from, int end) {
    return next(from, end, -1L);
  }

  /// {@return the first bit that is set, or end}
  int nextSet(int from, int end) {
    return next(from, end, 0L);
  }

  private int next(int from, int end, long flip) {
    if (from >= end) {
      return end;
    }
    int index = from >>> 6;
    int last = end - 1 >>> 6;
    long word = (word(index) ^ flip) & (-1L << from);
    while (word == 0) {
      if (++index > last) {
        return end;
      }
      word = word(index) ^ flip;
    }
    return Math.min(end, (index << 6) + Long.numberOfTrailingZeros(word));
  }

  /// {@return how many bits are set}
  int countSet(int from, int count) {
    int sum = 0;
    for (int bit = from, end = from + count; bit < end; ) {
      int next = Math.min(end, (bit | 63) + 1);
      sum += Long.bitCount(word(bit >>> 6) & mask(bit, next));
      bit = next;
    }
    return sum;
  }
}
