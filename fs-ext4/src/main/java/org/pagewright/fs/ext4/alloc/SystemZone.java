package org.pagewright.fs.ext4.alloc;

import java.util.Arrays;

/// The blocks that belong to the file system itself and to no file: superblocks, group descriptors
/// and what is kept for more of them, bitmaps, inode tables.
///
/// An image that lies could make a file's extent point at an inode table, and a write to that file
/// would write inodes. So every extent read from a device, every block given out and every block
/// freed is compared with this. Compare Linux's fs/ext4/block_validity.c. Immutable.
public final class SystemZone {
  /// Starts, ascending; ranges do not touch or overlap.
  private final long[] starts;

  /// First block behind the range of the same place.
  private final long[] ends;

  private SystemZone(long[] starts, long[] ends) {
    this.starts = starts;
    this.ends = ends;
  }

  /// Collects ranges in any order; they may overlap.
  static final class Builder {
    private long[] ranges = new long[64]; // start, end, start, end ...
    private int n;

    void add(long start, long count) {
      if (count <= 0) {
        return;
      }
      if (n + 2 > ranges.length) {
        ranges = Arrays.copyOf(ranges, ranges.length * 2);
      }
      ranges[n++] = start;
      ranges[n++] = start + count;
    }

    SystemZone build() {
      long[][] sorted = new long[n / 2][];
      for (int i = 0; i < sorted.length; i++) {
        sorted[i] = new long[] {ranges[2 * i], ranges[2 * i + 1]};
      }
      Arrays.sort(sorted, (a, b) -> Long.compare(a[0], b[0]));
      long[] starts = new long[sorted.length];
      long[] ends = new long[sorted.length];
      int out = 0;
      for (long[] range : sorted) {
        if (out > 0 && range[0] <= ends[out - 1]) {
          ends[out - 1] = Math.max(ends[out - 1], range[1]);
        } else {
          starts[out] = range[0];
          ends[out++] = range[1];
        }
      }
      return new SystemZone(Arrays.copyOf(starts, out), Arrays.copyOf(ends, out));
    }
  }

  /// {@return whether any of these blocks is the file system's own}
  ///
  /// @param blockNr first block
  /// @param count number of blocks, at least 1
  public boolean overlaps(long blockNr, long count) {
    int i = firstEndingBehind(blockNr);
    return i < starts.length && starts[i] < blockNr + count;
  }

  /// {@return number of blocks of the zone among these}
  ///
  /// @param blockNr first block
  /// @param count number of blocks
  public long countIn(long blockNr, long count) {
    long sum = 0;
    long end = blockNr + count;
    for (int i = firstEndingBehind(blockNr); i < starts.length && starts[i] < end; i++) {
      sum += Math.min(ends[i], end) - Math.max(starts[i], blockNr);
    }
    return sum;
  }

  /// Sets the zone's bits in a bitmap.
  ///
  /// @param bits target, one bit a block
  /// @param firstBlock block of bit 0
  /// @param count number of bits
  void markIn(Bits bits, long firstBlock, int count) {
    long end = firstBlock + count;
    for (int i = firstEndingBehind(firstBlock); i < starts.length && starts[i] < end; i++) {
      long from = Math.max(starts[i], firstBlock);
      bits.set((int) (from - firstBlock), (int) (Math.min(ends[i], end) - from));
    }
  }

  /// {@return whether the zone's bits are all set in a bitmap}
  ///
  /// @param bits one bit a block
  /// @param firstBlock block of bit 0
  /// @param count number of bits
  boolean isSetIn(Bits bits, long firstBlock, int count) {
    long end = firstBlock + count;
    for (int i = firstEndingBehind(firstBlock); i < starts.length && starts[i] < end; i++) {
      int from = (int) (Math.max(starts[i], firstBlock) - firstBlock);
      int n = (int) (Math.min(ends[i], end) - firstBlock) - from;
      if (bits.countSet(from, n) != n) {
        return false;
      }
    }
    return true;
  }

  private int firstEndingBehind(long blockNr) {
    int i = Arrays.binarySearch(ends, blockNr + 1);
    return i >= 0 ? i : -i - 1;
  }
}
