package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Walks the map of one inode, extents or pointers, and says what is wrong with it.
///
/// Ends whatever the image says: a walk goes at most five levels down, and a visitor lets it into
/// each block of a map once.
final class MapWalk {
  /// What a walk meets.
  interface Visitor {
    /// A block of the map itself, in range.
    ///
    /// @return whether to look into it
    boolean node(long blockNr);

    /// Blocks with content, in range.
    ///
    /// @return whether to go on at all
    boolean data(long logical, long count, long blockNr, boolean unwritten);
  }

  /// The first block of a file that no extent can hold.
  static final long EXTENT_BLOCKS_MAX = 0xffff_ffffL;

  private static final int EXTENT_MAGIC = 0xf30a;
  private static final int ENTRY = 12;
  private static final int DEPTH_MAX = 5;
  private static final int WRITTEN_MAX = 32768;
  private static final int ROOT_CAPACITY = 4;
  private static final int DIRECT = 12;
  private static final int LEVELS = 3;

  private final Scan scan;
  private final long ino;
  private final Visitor visitor;
  private final boolean telling;
  private final int seed;
  private final int blockSize;
  private boolean stopped;

  /// @param telling whether what is wrong becomes a finding: in the first walk of an inode only
  private MapWalk(Scan scan, long ino, int generation, boolean telling, Visitor visitor) {
    this.scan = scan;
    this.ino = ino;
    this.visitor = visitor;
    this.telling = telling;
    this.seed = Checksums.inodeSeed(scan.geometry.checksumSeed(), ino, generation);
    this.blockSize = scan.geometry.blockSize();
  }

  static void walk(Scan scan, long ino, MemorySegment inode, boolean telling, Visitor visitor) {
    MapWalk walk = new MapWalk(scan, ino, InodeCodec.generation(inode, 0), telling, visitor);
    MemorySegment root = inode.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE);
    if ((InodeCodec.flags(inode, 0) & InodeCodec.FLAG_EXTENTS) != 0) {
      walk.extents(root, -1, ROOT_CAPACITY, -1, 0, EXTENT_BLOCKS_MAX);
    } else {
      walk.pointers(root);
    }
  }

  private void tell(FindingCode code, long blockNr, String what) {
    if (telling) {
      scan.damage(code, ino, blockNr, what);
    }
  }

  // ---- Extents ----------------------------------------------------------------------------------

  /// One node and all below it.
  ///
  /// @param depth that it must have, -1 for any
  /// @param low first block of the file that belongs below it
  /// @param high first one that does not
  private void extents(
      MemorySegment s, long blockNr, int capacity, int depth, long low, long high) {
    int n = LittleEndian.u16(s, 2);
    int max = LittleEndian.u16(s, 4);
    int own = LittleEndian.u16(s, 6);
    if (LittleEndian.u16(s, 0) != EXTENT_MAGIC
        || n > max
        || max > capacity
        || max < capacity - 2
        || own > DEPTH_MAX
        || depth >= 0 && own != depth
        || own > 0 && n == 0) {
      tell(
          FindingCode.EXTENT_HEADER,
          blockNr,
          String.format(
              "extent header has magic %04x, %d entries of %d, room for %d, depth %d",
              LittleEndian.u16(s, 0), n, max, capacity, own));
      return;
    }
    if (depth >= 0 && n > 0 && LittleEndian.u32(s, ENTRY) != low) {
      tell(
          FindingCode.EXTENT_ORDER,
          blockNr,
          "extent node begins at block " + LittleEndian.u32(s, ENTRY)
              + " of the file, its index says " + low);
    }
    long free = low;
    for (int i = 1; i <= n && !stopped; i++) {
      long at = (long) i * ENTRY;
      long key = LittleEndian.u32(s, at);
      if (own == 0) {
        int raw = LittleEndian.u16(s, at + 4);
        int length = raw > WRITTEN_MAX ? raw - WRITTEN_MAX : raw;
        long first = LittleEndian.u32(s, at + 8) | (long) LittleEndian.u16(s, at + 6) << 32;
        if (length == 0 || key < free || key + length > high) {
          tell(
              FindingCode.EXTENT_ORDER,
              blockNr,
              "extent of " + length + " blocks at block " + key + " of the file, not within "
                  + free + ".." + high);
        } else if (!scan.geometry.isBlockRange(first, length)) {
          tell(
              FindingCode.BLOCK_RANGE,
              blockNr,
              "extent at block " + key + " of the file leads to " + length + " blocks from "
                  + first + ", outside the file system");
        } else {
          stopped |= !visitor.data(key, length, first, raw > WRITTEN_MAX);
          free = key + length;
        }
      } else {
        long child = LittleEndian.u32(s, at + 4) | (long) LittleEndian.u16(s, at + 8) << 32;
        long next = i < n ? LittleEndian.u32(s, at + ENTRY) : high;
        if (key < free || next <= key || next > high) {
          tell(
              FindingCode.EXTENT_ORDER,
              blockNr,
              "index entry at block " + key + " of the file, the next at " + next
                  + ", not within " + free + ".." + high);
        } else if (child(blockNr, child)) {
          node(child, own - 1, key, next);
          free = key + 1;
        }
      }
    }
  }

  private boolean child(long blockNr, long child) {
    if (!scan.geometry.isBlockRange(child, 1)) {
      tell(
          FindingCode.BLOCK_RANGE,
          blockNr,
          "the map leads to its block " + child + ", outside the file system");
      return false;
    }
    return visitor.node(child);
  }

  private void node(long blockNr, int depth, long low, long high) {
    MemorySegment s = scan.block(blockNr, ino, "extent block");
    if (s == null) {
      return;
    }
    if (scan.geometry.hasMetadataChecksums()
        && !Checksums.extentBlockMatches(seed, s, 0, blockSize)) {
      tell(FindingCode.EXTENT_CHECKSUM, blockNr, "extent block has a wrong checksum");
    }
    extents(s, blockNr, (blockSize - ENTRY) / ENTRY, depth, low, high);
  }

  // ---- Pointers ---------------------------------------------------------------------------------

  private void pointers(MemorySegment root) {
    for (int i = 0; i < DIRECT && !stopped; i++) {
      pointer(-1, LittleEndian.u32(root, 4L * i), i);
    }
    long bits = scan.geometry.blockSizeBits() - 2L;
    long logical = DIRECT;
    for (int level = 1; level <= LEVELS && !stopped; level++) {
      long map = LittleEndian.u32(root, 4L * (DIRECT + level - 1));
      indirect(-1, map, level, logical);
      logical += 1L << level * bits;
    }
  }

  private void pointer(long blockNr, long place, long logical) {
    if (place == 0) {
      return;
    }
    if (!scan.geometry.isBlockRange(place, 1)) {
      tell(
          FindingCode.BLOCK_RANGE,
          blockNr,
          "block " + logical + " of the file is " + place + ", outside the file system");
    } else {
      stopped |= !visitor.data(logical, 1, place, false);
    }
  }

  private void indirect(long from, long map, int level, long logical) {
    if (map == 0 || !child(from, map)) {
      return;
    }
    MemorySegment s = scan.block(map, ino, "indirect block");
    if (s == null) {
      return;
    }
    int count = blockSize / 4;
    long each = 1L << (level - 1) * (scan.geometry.blockSizeBits() - 2L);
    for (int i = 0; i < count && !stopped; i++) {
      long place = LittleEndian.u32(s, 4L * i);
      if (level == 1) {
        pointer(map, place, logical + i);
      } else {
        indirect(map, place, level - 1, logical + i * each);
      }
    }
  }
}
