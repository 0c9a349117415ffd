package org.pagewright.fs.ext4.map;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.alloc.SystemZone;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// One node of an extent tree: a header of 12 bytes and entries of 12 bytes each.
///
/// ```
/// header   0 magic f30a | 2 entries | 4 max | 6 depth, 0 in a leaf | 8 generation
/// extent   0 first block of the file | 4 length | 6 block, bits 47..32 | 8 block, bits 31..0
/// index    0 first block of the file | 4 node, bits 31..0 | 8 node, bits 47..32 | 10 unused
/// ```
///
/// A length up to 32768 is that of a written extent; above, it is 32768 more than that of an
/// unwritten one. In a block, 4 bytes behind the last entry that there is room for hold the
/// checksum.
final class ExtentNode {
  /// Entries that the 60 bytes of an inode have room for.
  static final int ROOT_MAX = 4;

  /// Levels of blocks below the root: five are enough for 2^32 blocks, even of 1 KiB.
  static final int DEPTH_MAX = 5;

  static final int WRITTEN_MAX = 32768;
  static final int UNWRITTEN_MAX = 32767;

  /// The first block of a file that no extent can hold.
  static final long BLOCKS_MAX = 0xffff_ffffL;

  private static final int MAGIC = 0xf30a;
  private static final int HEADER = 12;
  private static final int ENTRY = 12;

  private ExtentNode() {}

  static int capacity(int blockSize) {
    return (blockSize - HEADER) / ENTRY;
  }

  static void initialise(MemorySegment s, int max, int depth) {
    LittleEndian.put16(s, 0, MAGIC);
    LittleEndian.put16(s, 2, 0);
    LittleEndian.put16(s, 4, max);
    LittleEndian.put16(s, 6, depth);
    LittleEndian.put32(s, 8, 0);
    s.asSlice(at(0), (long) max * ENTRY).fill((byte) 0);
  }

  static int entries(MemorySegment s) {
    return LittleEndian.u16(s, 2);
  }

  /// Entries that are no longer counted are zeroed: what lies there would tell in which order
  /// requests ended, and images with the same files shall have the same bytes.
  static void putEntries(MemorySegment s, int n) {
    int old = entries(s);
    if (n < old) {
      s.asSlice(at(n), (long) (old - n) * ENTRY).fill((byte) 0);
    }
    LittleEndian.put16(s, 2, n);
  }

  static int max(MemorySegment s) {
    return LittleEndian.u16(s, 4);
  }

  static int depth(MemorySegment s) {
    return LittleEndian.u16(s, 6);
  }

  static void putDepth(MemorySegment s, int depth) {
    LittleEndian.put16(s, 6, depth);
  }

  private static long at(int i) {
    return HEADER + (long) i * ENTRY;
  }

  /// First block of the file of an entry of either kind.
  static long key(MemorySegment s, int i) {
    return LittleEndian.u32(s, at(i));
  }

  static void putKey(MemorySegment s, int i, long key) {
    LittleEndian.put32(s, at(i), key);
  }

  static int length(MemorySegment s, int i) {
    int raw = LittleEndian.u16(s, at(i) + 4);
    return raw <= WRITTEN_MAX ? raw : raw - WRITTEN_MAX;
  }

  static boolean unwritten(MemorySegment s, int i) {
    return LittleEndian.u16(s, at(i) + 4) > WRITTEN_MAX;
  }

  static long end(MemorySegment s, int i) {
    return key(s, i) + length(s, i);
  }

  static long blockNr(MemorySegment s, int i) {
    return (long) LittleEndian.u16(s, at(i) + 6) << 32 | LittleEndian.u32(s, at(i) + 8);
  }

  static void putExtent(
      MemorySegment s, int i, long key, int length, boolean unwritten, long blockNr) {
    LittleEndian.put32(s, at(i), key);
    LittleEndian.put16(s, at(i) + 4, unwritten ? length + WRITTEN_MAX : length);
    LittleEndian.put16(s, at(i) + 6, (int) (blockNr >>> 32));
    LittleEndian.put32(s, at(i) + 8, blockNr);
  }

  static long child(MemorySegment s, int i) {
    return LittleEndian.u32(s, at(i) + 4) | (long) LittleEndian.u16(s, at(i) + 8) << 32;
  }

  static void putIndex(MemorySegment s, int i, long key, long child) {
    LittleEndian.put32(s, at(i), key);
    LittleEndian.put32(s, at(i) + 4, child);
    LittleEndian.put16(s, at(i) + 8, (int) (child >>> 32));
    LittleEndian.put16(s, at(i) + 10, 0);
  }

  /// Moves the entries from one place on, so that some are inserted (to > from) or removed. The
  /// count follows.
  static void shift(MemorySegment s, int from, int to) {
    int n = entries(s);
    MemorySegment.copy(s, at(from), s, at(to), (long) (n - from) * ENTRY);
    putEntries(s, n + to - from);
  }

  /// Copies entries between nodes; counts are not touched.
  static void copy(MemorySegment from, int at, MemorySegment to, int toAt, int n) {
    MemorySegment.copy(from, at(at), to, at(toAt), (long) n * ENTRY);
  }

  /// {@return the last entry that begins at or before a block, or -1}
  static int search(MemorySegment s, long logical) {
    int low = 0;
    int high = entries(s);
    while (low < high) {
      int mid = (low + high) >>> 1;
      if (key(s, mid) <= logical) {
        low = mid + 1;
      } else {
        high = mid;
      }
    }
    return low - 1;
  }

  /// {@return what is wrong with a node, or null}
  ///
  /// @param s memory
  /// @param depth that it must have, or -1 if any will do
  /// @param capacity entries that there is room for
  /// @param geometry of the file system
  /// @param zone blocks that no file may own
  static @Nullable String check(
      MemorySegment s, int depth, int capacity, Geometry geometry, SystemZone zone) {
    if (LittleEndian.u16(s, 0) != MAGIC) {
      return String.format("extent header has magic %04x", LittleEndian.u16(s, 0));
    }
    int n = entries(s);
    if (max(s) > capacity || max(s) < ROOT_MAX || n > max(s)) {
      return "extent header says " + n + " of " + max(s) + " entries, room is for " + capacity;
    }
    int own = depth(s);
    if (own > DEPTH_MAX || (depth >= 0 && own != depth)) {
      return "extent header has depth " + own
          + (depth >= 0 ? ", " + depth + " expected" : ", over " + DEPTH_MAX);
    }
    if (own > 0 && n == 0) {
      return "extent index without entries";
    }
    long free = 0; // first block of the file that the next entry may begin at
    for (int i = 0; i < n; i++) {
      long key = key(s, i);
      if (key < free) {
        return "entry " + i + " begins at block " + key + ", before " + free;
      }
      long block = own > 0 ? child(s, i) : blockNr(s, i);
      int count = own > 0 ? 1 : length(s, i);
      free = key + count;
      if (count == 0 || free > BLOCKS_MAX) {
        return "extent " + i + " at block " + key + " has length " + count;
      }
      if (!geometry.isBlockRange(block, count)) {
        return "entry " + i + " points to " + count + " blocks from " + block
            + ", outside the file system";
      }
      if (zone.overlaps(block, count)) {
        return "entry " + i + " points to " + count + " blocks from " + block
            + ", among the file system's own";
      }
    }
    return null;
  }
}
