package org.pagewright.fs.ext4.check;

import org.jspecify.annotations.Nullable;

/// A bit for each of very many things; memory is taken for the stretches that have a bit set.
final class SparseBits {
  private static final int CHUNK_BITS = 15;
  private static final int CHUNK = 1 << CHUNK_BITS;

  private final long size;
  private final long @Nullable [][] chunks;

  SparseBits(long size) {
    this.size = size;
    this.chunks = new long[Math.toIntExact((size + CHUNK - 1) >>> CHUNK_BITS)][];
  }

  boolean get(long i) {
    assert i >= 0 && i < size : i;
    long[] chunk = chunks[(int) (i >>> CHUNK_BITS)];
    return chunk != null && (chunk[word(i)] >>> i & 1) != 0;
  }

  /// Sets a bit.
  ///
  /// @return whether it was clear
  boolean set(long i) {
    long[] chunk = chunk(i);
    long bit = 1L << i;
    boolean fresh = (chunk[word(i)] & bit) == 0;
    chunk[word(i)] |= bit;
    return fresh;
  }

  private long[] chunk(long i) {
    assert i >= 0 && i < size : i;
    int at = (int) (i >>> CHUNK_BITS);
    long[] chunk = chunks[at];
    if (chunk == null) {
      chunk = new long[CHUNK / 64];
      chunks[at] = chunk;
    }
    return chunk;
  }

  private static int word(long i) {
    return (int) (i & (CHUNK - 1)) >>> 6;
  }

  /// Sets a range; what was set already is set in another set of the same size, too.
  ///
  /// @return whether any bit was set before
  boolean setAll(long first, long count, SparseBits again) {
    boolean met = false;
    for (long i = first, end = first + count; i < end; ) {
      int shift = (int) (i & 63);
      int n = (int) Math.min(64 - shift, end - i);
      long mask = (n == 64 ? -1L : (1L << n) - 1) << shift;
      long[] chunk = chunk(i);
      long both = chunk[word(i)] & mask;
      if (both != 0) {
        again.chunk(i)[word(i)] |= both;
        met = true;
      }
      chunk[word(i)] |= mask;
      i += n;
    }
    return met;
  }

  /// The first bit set in a range, or -1.
  long firstSet(long first, long count) {
    for (long i = first, end = first + count; i < end; ) {
      long[] chunk = chunks[(int) (i >>> CHUNK_BITS)];
      if (chunk == null) {
        i = (i | CHUNK - 1) + 1;
        continue;
      }
      long rest = chunk[word(i)] >>> i;
      if (rest != 0) {
        long found = i + Long.numberOfTrailingZeros(rest);
        return found < end ? found : -1;
      }
      i = (i | 63) + 1;
    }
    return -1;
  }

  /// 64 bits from a multiple of 64 on; those behind the end are clear.
  long word64(long first) {
    long[] chunk = first >= size ? null : chunks[(int) (first >>> CHUNK_BITS)];
    return chunk == null ? 0 : chunk[word(first)];
  }

  boolean isEmpty() {
    return firstSet(0, size) < 0;
  }

  long count() {
    long sum = 0;
    for (long[] chunk : chunks) {
      if (chunk != null) {
        for (long word : chunk) {
          sum += Long.bitCount(word);
        }
      }
    }
    return sum;
  }
}
