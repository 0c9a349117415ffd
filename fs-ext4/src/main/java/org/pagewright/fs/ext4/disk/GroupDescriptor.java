package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.CorruptedException;

/// A group descriptor: where a group's bitmaps and inode table lie, and what is free in it.
///
/// Static codecs over memory, so that a table of 131072 descriptors costs no object. `at` is the
/// first byte of the descriptor, `size` the bytes of one: 32, or 64 and more with the feature
/// `64bit`. In a small descriptor the high halves do not exist and count as zero.
public final class GroupDescriptor {
  /// Bytes of a descriptor without 64bit.
  public static final int SIZE_32 = 32;

  /// Bytes of a descriptor with 64bit.
  public static final int SIZE_64 = 64;

  /// Flag: no inode of the group was ever used; its bitmap and table may hold anything.
  public static final int INODE_UNINIT = 1;

  /// Flag: no block of the group is in use but metadata; its bitmap may hold anything.
  public static final int BLOCK_UNINIT = 2;

  /// Flag: what is not used of the inode table holds zeros.
  public static final int INODE_ZEROED = 4;

  private static final int FLAGS = 0x12;
  private static final int CHECKSUM = 0x1e;

  // The two halves of each number, and how large a descriptor must be to have the high one.
  private static final int BLOCK_BITMAP_LO = 0x0;
  private static final int BLOCK_BITMAP_HI = 0x20;
  private static final int BLOCK_BITMAP_HI_END = 0x24;
  private static final int INODE_BITMAP_LO = 0x4;
  private static final int INODE_BITMAP_HI = 0x24;
  private static final int INODE_BITMAP_HI_END = 0x28;
  private static final int INODE_TABLE_LO = 0x8;
  private static final int INODE_TABLE_HI = 0x28;
  private static final int INODE_TABLE_HI_END = 0x2c;
  private static final int FREE_BLOCKS_LO = 0xc;
  private static final int FREE_BLOCKS_HI = 0x2c;
  private static final int FREE_BLOCKS_HI_END = 0x2e;
  private static final int FREE_INODES_LO = 0xe;
  private static final int FREE_INODES_HI = 0x2e;
  private static final int FREE_INODES_HI_END = 0x30;
  private static final int USED_DIRS_LO = 0x10;
  private static final int USED_DIRS_HI = 0x30;
  private static final int USED_DIRS_HI_END = 0x32;
  private static final int BLOCK_BITMAP_CHECKSUM_LO = 0x18;
  private static final int BLOCK_BITMAP_CHECKSUM_HI = 0x38;
  private static final int BLOCK_BITMAP_CHECKSUM_HI_END = 0x3a;
  private static final int INODE_BITMAP_CHECKSUM_LO = 0x1a;
  private static final int INODE_BITMAP_CHECKSUM_HI = 0x3a;
  private static final int INODE_BITMAP_CHECKSUM_HI_END = 0x3c;
  private static final int UNUSED_INODES_LO = 0x1c;
  private static final int UNUSED_INODES_HI = 0x32;
  private static final int UNUSED_INODES_HI_END = 0x34;

  private GroupDescriptor() {}

  /// {@return block of the block bitmap}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static long blockBitmap(MemorySegment s, long at, int size) {
    long low = LittleEndian.u32(s, at + BLOCK_BITMAP_LO);
    return size >= BLOCK_BITMAP_HI_END
        ? low | LittleEndian.u32(s, at + BLOCK_BITMAP_HI) << 32
        : low;
  }

  /// Stores what [#blockBitmap] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putBlockBitmap(MemorySegment s, long at, int size, long value) {
    LittleEndian.put32(s, at + BLOCK_BITMAP_LO, (int) value);
    if (size >= BLOCK_BITMAP_HI_END) {
      LittleEndian.put32(s, at + BLOCK_BITMAP_HI, (int) (value >>> 32));
    }
  }

  /// {@return block of the inode bitmap}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static long inodeBitmap(MemorySegment s, long at, int size) {
    long low = LittleEndian.u32(s, at + INODE_BITMAP_LO);
    return size >= INODE_BITMAP_HI_END
        ? low | LittleEndian.u32(s, at + INODE_BITMAP_HI) << 32
        : low;
  }

  /// Stores what [#inodeBitmap] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putInodeBitmap(MemorySegment s, long at, int size, long value) {
    LittleEndian.put32(s, at + INODE_BITMAP_LO, (int) value);
    if (size >= INODE_BITMAP_HI_END) {
      LittleEndian.put32(s, at + INODE_BITMAP_HI, (int) (value >>> 32));
    }
  }

  /// {@return first block of the inode table}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static long inodeTable(MemorySegment s, long at, int size) {
    long low = LittleEndian.u32(s, at + INODE_TABLE_LO);
    return size >= INODE_TABLE_HI_END ? low | LittleEndian.u32(s, at + INODE_TABLE_HI) << 32 : low;
  }

  /// Stores what [#inodeTable] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putInodeTable(MemorySegment s, long at, int size, long value) {
    LittleEndian.put32(s, at + INODE_TABLE_LO, (int) value);
    if (size >= INODE_TABLE_HI_END) {
      LittleEndian.put32(s, at + INODE_TABLE_HI, (int) (value >>> 32));
    }
  }

  /// {@return number of free blocks, or clusters under bigalloc}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int freeBlocks(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + FREE_BLOCKS_LO);
    return size >= FREE_BLOCKS_HI_END ? low | LittleEndian.u16(s, at + FREE_BLOCKS_HI) << 16 : low;
  }

  /// Stores what [#freeBlocks] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putFreeBlocks(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + FREE_BLOCKS_LO, value);
    if (size >= FREE_BLOCKS_HI_END) {
      LittleEndian.put16(s, at + FREE_BLOCKS_HI, value >>> 16);
    }
  }

  /// {@return number of free inodes}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int freeInodes(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + FREE_INODES_LO);
    return size >= FREE_INODES_HI_END ? low | LittleEndian.u16(s, at + FREE_INODES_HI) << 16 : low;
  }

  /// Stores what [#freeInodes] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putFreeInodes(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + FREE_INODES_LO, value);
    if (size >= FREE_INODES_HI_END) {
      LittleEndian.put16(s, at + FREE_INODES_HI, value >>> 16);
    }
  }

  /// {@return number of inodes that are directories}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int usedDirs(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + USED_DIRS_LO);
    return size >= USED_DIRS_HI_END ? low | LittleEndian.u16(s, at + USED_DIRS_HI) << 16 : low;
  }

  /// Stores what [#usedDirs] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putUsedDirs(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + USED_DIRS_LO, value);
    if (size >= USED_DIRS_HI_END) {
      LittleEndian.put16(s, at + USED_DIRS_HI, value >>> 16);
    }
  }

  /// {@return checksum of the block bitmap: 16 bits in small descriptors}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int blockBitmapChecksum(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + BLOCK_BITMAP_CHECKSUM_LO);
    return size >= BLOCK_BITMAP_CHECKSUM_HI_END
        ? low | LittleEndian.u16(s, at + BLOCK_BITMAP_CHECKSUM_HI) << 16
        : low;
  }

  /// Stores what [#blockBitmapChecksum] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putBlockBitmapChecksum(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + BLOCK_BITMAP_CHECKSUM_LO, value);
    if (size >= BLOCK_BITMAP_CHECKSUM_HI_END) {
      LittleEndian.put16(s, at + BLOCK_BITMAP_CHECKSUM_HI, value >>> 16);
    }
  }

  /// {@return checksum of the inode bitmap: 16 bits in small descriptors}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int inodeBitmapChecksum(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + INODE_BITMAP_CHECKSUM_LO);
    return size >= INODE_BITMAP_CHECKSUM_HI_END
        ? low | LittleEndian.u16(s, at + INODE_BITMAP_CHECKSUM_HI) << 16
        : low;
  }

  /// Stores what [#inodeBitmapChecksum] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putInodeBitmapChecksum(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + INODE_BITMAP_CHECKSUM_LO, value);
    if (size >= INODE_BITMAP_CHECKSUM_HI_END) {
      LittleEndian.put16(s, at + INODE_BITMAP_CHECKSUM_HI, value >>> 16);
    }
  }

  /// {@return number of inodes at the end of the table that were never used}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  public static int unusedInodes(MemorySegment s, long at, int size) {
    int low = LittleEndian.u16(s, at + UNUSED_INODES_LO);
    return size >= UNUSED_INODES_HI_END
        ? low | LittleEndian.u16(s, at + UNUSED_INODES_HI) << 16
        : low;
  }

  /// Stores what [#unusedInodes] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param size bytes of a descriptor
  /// @param value the new one
  public static void putUnusedInodes(MemorySegment s, long at, int size, int value) {
    LittleEndian.put16(s, at + UNUSED_INODES_LO, value);
    if (size >= UNUSED_INODES_HI_END) {
      LittleEndian.put16(s, at + UNUSED_INODES_HI, value >>> 16);
    }
  }

  /// {@return INODE_UNINIT, BLOCK_UNINIT and INODE_ZEROED, as a bit set}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  public static int flags(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + FLAGS);
  }

  /// Stores what [#flags] returns.
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @param value the new ones
  public static void putFlags(MemorySegment s, long at, int value) {
    LittleEndian.put16(s, at + FLAGS, value);
  }

  /// {@return the checksum that is stored}
  ///
  /// @param s memory
  /// @param at first byte of the descriptor
  public static int checksum(MemorySegment s, long at) {
    return LittleEndian.u16(s, at + CHECKSUM);
  }

  /// {@return whether the checksum is right, or there is none to check}
  ///
  /// @param geometry of the file system
  /// @param group the group's number
  /// @param s memory
  /// @param at first byte of the descriptor
  public static boolean checksumMatches(Geometry geometry, int group, MemorySegment s, long at) {
    return !geometry.hasGroupChecksums()
        || checksum(s, at) == Checksums.groupDescriptor(geometry, group, s, at);
  }

  /// Stores the checksum, if the file system has them; last, before the bytes are written.
  ///
  /// @param geometry of the file system
  /// @param group the group's number
  /// @param s memory
  /// @param at first byte of the descriptor
  public static void seal(Geometry geometry, int group, MemorySegment s, long at) {
    if (geometry.hasGroupChecksums()) {
      LittleEndian.put16(s, at + CHECKSUM, Checksums.groupDescriptor(geometry, group, s, at));
    }
  }

  /// Throws unless the checksum is right and every number lies in the range that the geometry
  /// leaves for it. Bitmaps and tables must lie behind the first group's descriptors, and without
  /// flex_bg in the group itself.
  ///
  /// @param device name for messages
  /// @param blockNr block that holds the descriptor
  /// @param geometry of the file system
  /// @param group the group's number
  /// @param s memory
  /// @param at first byte of the descriptor
  /// @throws CorruptedException if not
  public static void validate(
      String device, long blockNr, Geometry geometry, int group, MemorySegment s, long at)
      throws CorruptedException {
    int size = geometry.descSize();
    if (!checksumMatches(geometry, group, s, at)) {
      throw bad(
          device,
          blockNr,
          group,
          String.format(
              "checksum 0x%04x, computed 0x%04x",
              checksum(s, at), Checksums.groupDescriptor(geometry, group, s, at)));
    }
    checkPlace(device, blockNr, geometry, group, "block bitmap", blockBitmap(s, at, size), 1);
    checkPlace(device, blockNr, geometry, group, "inode bitmap", inodeBitmap(s, at, size), 1);
    checkPlace(
        device,
        blockNr,
        geometry,
        group,
        "inode table",
        inodeTable(s, at, size),
        geometry.inodeTableBlocks());
    int inodes = geometry.inodesPerGroup();
    checkCount(
        device,
        blockNr,
        group,
        "free blocks",
        freeBlocks(s, at, size),
        geometry.clustersInGroup(group));
    checkCount(device, blockNr, group, "free inodes", freeInodes(s, at, size), inodes);
    checkCount(device, blockNr, group, "directories", usedDirs(s, at, size), inodes);
    if (geometry.hasGroupChecksums()) {
      checkCount(device, blockNr, group, "unused inodes", unusedInodes(s, at, size), inodes);
    }
  }

  private static void checkPlace(
      String device, long blockNr, Geometry geometry, int group, String what, long first, int count)
      throws CorruptedException {
    long low = geometry.firstDataBlock() + 1;
    long end = geometry.blocksCount();
    if (!geometry.hasFlexGroups()) {
      low = Math.max(low, geometry.groupFirstBlock(group));
      end = geometry.groupFirstBlock(group) + geometry.blocksInGroup(group);
    }
    if (first < low || first > end - count) {
      throw bad(
          device, blockNr, group, what + " at block " + first + ", not in " + low + " to " + end);
    }
  }

  private static void checkCount(
      String device, long blockNr, int group, String what, int count, int max)
      throws CorruptedException {
    if (count < 0 || count > max) {
      throw bad(device, blockNr, group, count + " " + what + " of " + max);
    }
  }

  private static CorruptedException bad(String device, long blockNr, int group, String why) {
    return new CorruptedException(device, blockNr, "descriptor of group " + group + ": " + why);
  }
}
