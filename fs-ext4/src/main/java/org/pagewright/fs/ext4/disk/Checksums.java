package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;

/// The checksum of each structure, exactly as the format defines it, with the helpers that compare
/// (`...Matches`) and store (`seal...`) where the place is part of the structure.
///
/// | structure                | seed                    | covers                                 |
/// |--------------------------|-------------------------|----------------------------------------|
/// | superblock               | all ones                | bytes up to the checksum               |
/// | group descriptor         | file system             | group number, descriptor               |
/// | block and inode bitmaps  | file system             | the bits of the group                  |
/// | inode                    | file system, ino, gen   | all of the inode                       |
/// | extent block             | inode                   | header and room for all entries        |
/// | directory leaf           | inode                   | up to the tail                         |
/// | directory index          | inode                   | up to the last entry in use, and tail  |
/// | attribute block          | file system             | block number, all of the block         |
/// | orphan file block        | orphan file's inode     | block number, the entries              |
/// | multi-mount block        | file system             | bytes up to the checksum               |
///
/// "File system" is [Superblock#checksumSeed()]; "inode" is [#inodeSeed]. Where a checksum lies
/// within what it covers, it counts as zero. All of it is for file systems with `metadata_csum`;
/// callers ask [Geometry#hasMetadataChecksums()] first.
public final class Checksums {
  /// Bytes of the tail at the end of a directory leaf: an entry that looks unused.
  public static final int DIR_TAIL_SIZE = 12;

  /// File type in the tail of a directory leaf, where others see a file type.
  public static final int DIR_TAIL_TYPE = 0xde;

  /// Bytes of the tail behind the entries of a directory index.
  public static final int DX_TAIL_SIZE = 8;

  /// Bytes of the tail at the end of a block of the orphan file: magic and checksum.
  public static final int ORPHAN_TAIL_SIZE = 8;

  /// Magic number in the tail of a block of the orphan file.
  public static final int ORPHAN_MAGIC = 0x0b10_ca04;

  private static final int SUPERBLOCK_CHECKSUM = 0x3fc;
  private static final int MMP_CHECKSUM = 0x3fc;
  private static final int DESC_CHECKSUM = 0x1e;
  private static final int EXTENT_HEADER_SIZE = 12;
  private static final int EXTENT_SIZE = 12;
  private static final int EXTENT_HEADER_MAX = 4;
  private static final int XATTR_CHECKSUM = 0x10;
  private static final int DX_ENTRY_SIZE = 8;

  private Checksums() {}

  /// {@return the checksum of a superblock}
  ///
  /// @param s memory
  /// @param at first byte of the superblock
  public static int superblock(MemorySegment s, long at) {
    return Crc32c.update(Crc32c.SEED, s, at, SUPERBLOCK_CHECKSUM);
  }

  /// {@return the 16-bit checksum of a group descriptor: CRC-32C under metadata_csum, else CRC-16}
  ///
  /// @param geometry of the file system
  /// @param group the group's number
  /// @param s memory
  /// @param at first byte of the descriptor
  public static int groupDescriptor(Geometry geometry, int group, MemorySegment s, long at) {
    int size = geometry.descSize();
    int rest = DESC_CHECKSUM + 2;
    if (geometry.hasMetadataChecksums()) {
      int crc = Crc32c.update32(geometry.checksumSeed(), group);
      crc = Crc32c.update(crc, s, at, DESC_CHECKSUM);
      crc = Crc32c.update8(Crc32c.update8(crc, 0), 0);
      return Crc32c.update(crc, s, at + rest, size - rest) & 0xffff;
    }
    int crc = Crc16.update32(geometry.crc16Seed(), group);
    crc = Crc16.update(crc, s, at, DESC_CHECKSUM);
    return Crc16.update(crc, s, at + rest, size - rest);
  }

  /// {@return the checksum of a group's block bitmap; descriptors of 32 bytes keep 16 bits of it}
  ///
  /// @param geometry of the file system
  /// @param s memory
  /// @param at first byte of the bitmap
  public static int blockBitmap(Geometry geometry, MemorySegment s, long at) {
    int bits = geometry.blocksPerGroup() / geometry.clusterRatio();
    return Crc32c.update(geometry.checksumSeed(), s, at, bits / 8);
  }

  /// {@return the checksum of a group's inode bitmap; descriptors of 32 bytes keep 16 bits of it}
  ///
  /// @param geometry of the file system
  /// @param s memory
  /// @param at first byte of the bitmap
  public static int inodeBitmap(Geometry geometry, MemorySegment s, long at) {
    return Crc32c.update(geometry.checksumSeed(), s, at, (geometry.inodesPerGroup() + 7) / 8);
  }

  /// {@return what a descriptor of the given size keeps of a bitmap's checksum}
  ///
  /// @param checksum of the bitmap
  /// @param descSize bytes of a descriptor
  public static int keptInDescriptor(int checksum, int descSize) {
    return descSize >= GroupDescriptor.SIZE_64 ? checksum : checksum & 0xffff;
  }

  /// {@return the seed of the checksums of an inode and of the blocks that belong to it}
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param ino inode number
  /// @param generation generation of the inode
  public static int inodeSeed(int fsSeed, long ino, int generation) {
    return Crc32c.update32(Crc32c.update32(fsSeed, (int) ino), generation);
  }

  /// {@return the checksum of an extent block, which is not the root in an inode}
  ///
  /// @param inodeSeed [#inodeSeed]
  /// @param s memory
  /// @param at first byte of the block
  public static int extentBlock(int inodeSeed, MemorySegment s, long at) {
    return Crc32c.update(inodeSeed, s, at, extentTail(s, at));
  }

  /// {@return whether an extent block's checksum is right; false if its header leaves no room}
  ///
  /// @param inodeSeed [#inodeSeed]
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static boolean extentBlockMatches(
      int inodeSeed, MemorySegment s, long at, int blockSize) {
    int tail = extentTail(s, at);
    return tail <= blockSize - 4
        && LittleEndian.i32(s, at + tail) == Crc32c.update(inodeSeed, s, at, tail);
  }

  /// Stores the checksum of an extent block.
  ///
  /// @param inodeSeed [#inodeSeed]
  /// @param s memory
  /// @param at first byte of the block
  public static void sealExtentBlock(int inodeSeed, MemorySegment s, long at) {
    LittleEndian.put32(s, at + extentTail(s, at), extentBlock(inodeSeed, s, at));
  }

  private static int extentTail(MemorySegment s, long at) {
    return EXTENT_HEADER_SIZE + EXTENT_SIZE * LittleEndian.u16(s, at + EXTENT_HEADER_MAX);
  }

  /// {@return whether a directory block ends in a tail, so that a checksum may be looked for}
  ///
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static boolean hasDirTail(MemorySegment s, long at, int blockSize) {
    long tail = at + blockSize - DIR_TAIL_SIZE;
    return LittleEndian.i32(s, tail) == 0
        && LittleEndian.u16(s, tail + 4) == DIR_TAIL_SIZE
        && LittleEndian.u8(s, tail + 6) == 0
        && LittleEndian.u8(s, tail + 7) == DIR_TAIL_TYPE;
  }

  /// Writes an empty tail at the end of a directory block.
  ///
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static void putDirTail(MemorySegment s, long at, int blockSize) {
    long tail = at + blockSize - DIR_TAIL_SIZE;
    LittleEndian.put32(s, tail, 0);
    LittleEndian.put16(s, tail + 4, DIR_TAIL_SIZE);
    LittleEndian.put8(s, tail + 6, 0);
    LittleEndian.put8(s, tail + 7, DIR_TAIL_TYPE);
    LittleEndian.put32(s, tail + 8, 0);
  }

  /// {@return the checksum of a directory leaf, a block of entries with a tail}
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static int dirLeaf(int inodeSeed, MemorySegment s, long at, int blockSize) {
    return Crc32c.update(inodeSeed, s, at, blockSize - DIR_TAIL_SIZE);
  }

  /// {@return whether a directory leaf has a tail with the right checksum}
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static boolean dirLeafMatches(int inodeSeed, MemorySegment s, long at, int blockSize) {
    return hasDirTail(s, at, blockSize)
        && LittleEndian.i32(s, at + blockSize - 4) == dirLeaf(inodeSeed, s, at, blockSize);
  }

  /// Stores the checksum of a directory leaf into the tail that is there.
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static void sealDirLeaf(int inodeSeed, MemorySegment s, long at, int blockSize) {
    assert hasDirTail(s, at, blockSize);
    LittleEndian.put32(s, at + blockSize - 4, dirLeaf(inodeSeed, s, at, blockSize));
  }

  /// The checksum of a directory index block: root or node. The tail lies behind the last entry
  /// that there is room for.
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param entriesOffset byte of the first entry (which holds limit and count): 0x20 in a root,
  ///     8 in a node
  /// @return the checksum
  public static int dxBlock(int inodeSeed, MemorySegment s, long at, int entriesOffset) {
    int limit = LittleEndian.u16(s, at + entriesOffset);
    int count = LittleEndian.u16(s, at + entriesOffset + 2);
    long tail = at + entriesOffset + (long) limit * DX_ENTRY_SIZE;
    int crc = Crc32c.update(inodeSeed, s, at, entriesOffset + (long) count * DX_ENTRY_SIZE);
    crc = Crc32c.update32(crc, LittleEndian.i32(s, tail));
    return Crc32c.update32(crc, 0);
  }

  /// {@return whether a directory index block's checksum is right; false if its limit and count
  /// leave no room for a tail}
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param entriesOffset byte of the first entry; see [#dxBlock]
  /// @param blockSize bytes of the block
  public static boolean dxBlockMatches(
      int inodeSeed, MemorySegment s, long at, int entriesOffset, int blockSize) {
    int limit = LittleEndian.u16(s, at + entriesOffset);
    int count = LittleEndian.u16(s, at + entriesOffset + 2);
    int tail = entriesOffset + limit * DX_ENTRY_SIZE;
    return count <= limit
        && tail <= blockSize - DX_TAIL_SIZE
        && LittleEndian.i32(s, at + tail + 4) == dxBlock(inodeSeed, s, at, entriesOffset);
  }

  /// Stores the checksum of a directory index block.
  ///
  /// @param inodeSeed [#inodeSeed] of the directory
  /// @param s memory
  /// @param at first byte of the block
  /// @param entriesOffset byte of the first entry; see [#dxBlock]
  public static void sealDxBlock(int inodeSeed, MemorySegment s, long at, int entriesOffset) {
    int limit = LittleEndian.u16(s, at + entriesOffset);
    long tail = at + entriesOffset + (long) limit * DX_ENTRY_SIZE;
    LittleEndian.put32(s, tail + 4, dxBlock(inodeSeed, s, at, entriesOffset));
  }

  /// {@return the checksum of a block of extended attributes}
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static int xattrBlock(int fsSeed, long blockNr, MemorySegment s, long at, int blockSize) {
    int rest = XATTR_CHECKSUM + 4;
    int crc = Crc32c.update64(fsSeed, blockNr);
    crc = Crc32c.update(crc, s, at, XATTR_CHECKSUM);
    crc = Crc32c.update32(crc, 0);
    return Crc32c.update(crc, s, at + rest, blockSize - rest);
  }

  /// {@return whether the checksum of a block of extended attributes is right}
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static boolean xattrBlockMatches(
      int fsSeed, long blockNr, MemorySegment s, long at, int blockSize) {
    return LittleEndian.i32(s, at + XATTR_CHECKSUM)
        == xattrBlock(fsSeed, blockNr, s, at, blockSize);
  }

  /// Stores the checksum of a block of extended attributes.
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static void sealXattrBlock(
      int fsSeed, long blockNr, MemorySegment s, long at, int blockSize) {
    LittleEndian.put32(s, at + XATTR_CHECKSUM, xattrBlock(fsSeed, blockNr, s, at, blockSize));
  }

  /// {@return the checksum of a block of the orphan file}
  ///
  /// @param inodeSeed [#inodeSeed] of the orphan file
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  /// @param blockSize bytes of the block
  public static int orphanBlock(
      int inodeSeed, long blockNr, MemorySegment s, long at, int blockSize) {
    int entries = (blockSize - ORPHAN_TAIL_SIZE) / 4;
    return Crc32c.update(Crc32c.update64(inodeSeed, blockNr), s, at, entries * 4L);
  }

  /// {@return whether a block of the orphan file has its magic, and the right checksum if any}
  ///
  /// @param geometry of the file system
  /// @param inodeSeed [#inodeSeed] of the orphan file
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  public static boolean orphanBlockMatches(
      Geometry geometry, int inodeSeed, long blockNr, MemorySegment s, long at) {
    int blockSize = geometry.blockSize();
    long tail = at + blockSize - ORPHAN_TAIL_SIZE;
    return LittleEndian.i32(s, tail) == ORPHAN_MAGIC
        && (!geometry.hasMetadataChecksums()
            || LittleEndian.i32(s, tail + 4) == orphanBlock(inodeSeed, blockNr, s, at, blockSize));
  }

  /// Stores magic and checksum of a block of the orphan file.
  ///
  /// @param geometry of the file system
  /// @param inodeSeed [#inodeSeed] of the orphan file
  /// @param blockNr where the block lies
  /// @param s memory
  /// @param at first byte of the block
  public static void sealOrphanBlock(
      Geometry geometry, int inodeSeed, long blockNr, MemorySegment s, long at) {
    int blockSize = geometry.blockSize();
    long tail = at + blockSize - ORPHAN_TAIL_SIZE;
    LittleEndian.put32(s, tail, ORPHAN_MAGIC);
    LittleEndian.put32(
        s,
        tail + 4,
        geometry.hasMetadataChecksums() ? orphanBlock(inodeSeed, blockNr, s, at, blockSize) : 0);
  }

  /// {@return the checksum of the block of multi-mount protection}
  ///
  /// @param fsSeed [Superblock#checksumSeed()]
  /// @param s memory
  /// @param at first byte of the block
  public static int mmp(int fsSeed, MemorySegment s, long at) {
    return Crc32c.update(fsSeed, s, at, MMP_CHECKSUM);
  }
}
