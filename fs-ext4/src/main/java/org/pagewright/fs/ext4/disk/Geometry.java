package org.pagewright.fs.ext4.disk;

/// Where everything lies that is computed from a superblock and never changes while mounted.
///
/// ```
/// group 0 (and each with a backup)                          other groups
/// +-----------+------------+-------------------+--------+   +--------+
/// | super-    | group      | reserved          | data   |   | data   |
/// | block     | descriptors| descriptor blocks |        |   |        |
/// +-----------+------------+-------------------+--------+   +--------+
///   1           descBlocks   reservedGdtBlocks
/// ```
///
/// Bitmaps and inode tables lie where the [GroupDescriptor] says: in the group itself without
/// flex_bg, gathered in the first group of each flexible group with it. Under `meta_bg` a block of
/// descriptors lies in the first, second and last of the groups it tells of, behind the backup
/// superblock if there is one. The superblock must have been validated.
public final class Geometry {
  private final Features features;
  private final int blockSize;
  private final int blockSizeBits;
  private final long blocksCount;
  private final int firstDataBlock;
  private final int blocksPerGroup;
  private final int clusterRatio;
  private final int inodesPerGroup;
  private final long inodesCount;
  private final int groupCount;
  private final int inodeSize;
  private final int descSize;
  private final int descPerBlock;
  private final int descBlocks;
  private final int firstMetaBg;
  private final int reservedGdtBlocks;
  private final int inodeTableBlocks;
  private final int logGroupsPerFlex;
  private final boolean flexGroups;
  private final boolean metadataChecksums;
  private final boolean sparseSuper;
  private final boolean sparseSuper2;
  private final long backupGroup0;
  private final long backupGroup1;
  private final int checksumSeed;
  private final int crc16Seed;

  /// Computes the layout.
  ///
  /// @param sb a superblock that validates
  public Geometry(Superblock sb) {
    features = sb.features();
    blockSize = sb.blockSize();
    blockSizeBits = Integer.numberOfTrailingZeros(blockSize);
    blocksCount = sb.blocksCount();
    firstDataBlock = (int) sb.firstDataBlock();
    blocksPerGroup = (int) sb.blocksPerGroup();
    clusterRatio =
        features.has(Feature.BIGALLOC) ? 1 << (sb.logClusterSize() - sb.logBlockSize()) : 1;
    inodesPerGroup = (int) sb.inodesPerGroup();
    inodesCount = sb.inodesCount();
    groupCount =
        Math.toIntExact((blocksCount - firstDataBlock + blocksPerGroup - 1) / blocksPerGroup);
    inodeSize = sb.inodeSize();
    descSize = sb.descSize();
    descPerBlock = blockSize / descSize;
    descBlocks = (groupCount - 1) / descPerBlock + 1;
    firstMetaBg = features.has(Feature.META_BG) ? (int) sb.firstMetaBg() : Integer.MAX_VALUE;
    reservedGdtBlocks = sb.reservedGdtBlocks();
    int inodesPerBlock = blockSize / inodeSize;
    inodeTableBlocks = (inodesPerGroup + inodesPerBlock - 1) / inodesPerBlock;
    flexGroups = features.has(Feature.FLEX_BG);
    // More than there are groups means all of them; 1 << 31 would be no number of groups.
    logGroupsPerFlex = flexGroups ? Math.min(sb.logGroupsPerFlex(), 30) : 0;
    metadataChecksums = features.has(Feature.METADATA_CSUM);
    sparseSuper = features.has(Feature.SPARSE_SUPER);
    sparseSuper2 = features.has(Feature.SPARSE_SUPER2);
    backupGroup0 = sb.backupGroup(0);
    backupGroup1 = sb.backupGroup(1);
    checksumSeed = sb.checksumSeed();
    crc16Seed = Crc16.update(Crc16.SEED, sb.raw(), Superblock.UUID_AT, 16);
  }

  /// {@return the features of the file system}
  public Features features() {
    return features;
  }

  /// {@return bytes of a block}
  public int blockSize() {
    return blockSize;
  }

  /// {@return bytes of a block, as a power of two}
  public int blockSizeBits() {
    return blockSizeBits;
  }

  /// {@return number of blocks of the file system}
  public long blocksCount() {
    return blocksCount;
  }

  /// {@return first block of group 0: 1 where blocks have 1 KiB, else 0}
  public int firstDataBlock() {
    return firstDataBlock;
  }

  /// {@return number of blocks in each group but the last}
  public int blocksPerGroup() {
    return blocksPerGroup;
  }

  /// {@return blocks in a cluster: 1 without bigalloc}
  public int clusterRatio() {
    return clusterRatio;
  }

  /// {@return number of inodes in each group}
  public int inodesPerGroup() {
    return inodesPerGroup;
  }

  /// {@return number of inodes of the file system; the highest inode number}
  public long inodesCount() {
    return inodesCount;
  }

  /// {@return number of groups}
  public int groupCount() {
    return groupCount;
  }

  /// {@return bytes of an inode}
  public int inodeSize() {
    return inodeSize;
  }

  /// {@return bytes of a group descriptor}
  public int descSize() {
    return descSize;
  }

  /// {@return group descriptors in a block}
  public int descPerBlock() {
    return descPerBlock;
  }

  /// {@return number of blocks that hold the group descriptors}
  public int descBlocks() {
    return descBlocks;
  }

  /// {@return blocks kept behind the group descriptors, in group 0 and beside each backup}
  public int reservedGdtBlocks() {
    return reservedGdtBlocks;
  }

  /// {@return blocks of one group's inode table}
  public int inodeTableBlocks() {
    return inodeTableBlocks;
  }

  /// {@return whether bitmaps and inode tables may lie in other groups}
  public boolean hasFlexGroups() {
    return flexGroups;
  }

  /// {@return number of groups that keep their metadata together, as a power of two}
  public int logGroupsPerFlex() {
    return logGroupsPerFlex;
  }

  /// {@return whether every metadata structure carries a CRC-32C}
  public boolean hasMetadataChecksums() {
    return metadataChecksums;
  }

  /// {@return whether group descriptors carry a checksum, of either kind, and so the flags count}
  public boolean hasGroupChecksums() {
    return metadataChecksums || features.has(Feature.UNINIT_BG);
  }

  /// {@return the seed of CRC-32C checksums}
  public int checksumSeed() {
    return checksumSeed;
  }

  /// {@return the seed of CRC-16 checksums of group descriptors: that of the UUID}
  public int crc16Seed() {
    return crc16Seed;
  }

  /// {@return first block of a group}
  ///
  /// @param group the group's number
  public long groupFirstBlock(int group) {
    return firstDataBlock + (long) group * blocksPerGroup;
  }

  /// {@return number of blocks of a group; only the last may have fewer than the others}
  ///
  /// @param group the group's number
  public int blocksInGroup(int group) {
    return group == groupCount - 1
        ? (int) (blocksCount - groupFirstBlock(group))
        : blocksPerGroup;
  }

  /// {@return number of clusters of a group; blocks, without bigalloc}
  ///
  /// @param group the group's number
  public int clustersInGroup(int group) {
    return (blocksInGroup(group) + clusterRatio - 1) / clusterRatio;
  }

  /// {@return the group that a block belongs to}
  ///
  /// @param blockNr a block from [#firstDataBlock()] on
  public int groupOfBlock(long blockNr) {
    return (int) ((blockNr - firstDataBlock) / blocksPerGroup);
  }

  /// {@return the number of a block within its group}
  ///
  /// @param blockNr a block from [#firstDataBlock()] on
  public int blockIndexInGroup(long blockNr) {
    return (int) ((blockNr - firstDataBlock) % blocksPerGroup);
  }

  /// {@return whether these blocks belong to the file system's groups}
  ///
  /// @param blockNr first block
  /// @param count number of blocks, at least 1
  public boolean isBlockRange(long blockNr, long count) {
    return blockNr >= firstDataBlock && count > 0 && blockNr <= blocksCount - count;
  }

  /// {@return whether this is the number of an inode}
  ///
  /// @param ino a number
  public boolean isInode(long ino) {
    return ino >= 1 && ino <= inodesCount;
  }

  /// {@return the group that an inode belongs to}
  ///
  /// @param ino inode number, from 1
  public int groupOfInode(long ino) {
    return (int) ((ino - 1) / inodesPerGroup);
  }

  /// {@return the number of an inode within its group, from 0}
  ///
  /// @param ino inode number, from 1
  public int inodeIndexInGroup(long ino) {
    return (int) ((ino - 1) % inodesPerGroup);
  }

  /// {@return block that holds an inode}
  ///
  /// @param inodeTable first block of the inode table of the inode's group
  /// @param ino inode number, from 1
  public long inodeBlock(long inodeTable, long ino) {
    return inodeTable + inodeIndexInGroup(ino) / (blockSize / inodeSize);
  }

  /// {@return byte of an inode in its block}
  ///
  /// @param ino inode number, from 1
  public int inodeOffset(long ino) {
    return inodeIndexInGroup(ino) % (blockSize / inodeSize) * inodeSize;
  }

  /// {@return block that holds the first superblock}
  public long superblockBlock() {
    return Superblock.OFFSET / blockSize;
  }

  /// {@return byte of the first superblock in its block}
  public int superblockOffset() {
    return Superblock.OFFSET % blockSize;
  }

  /// {@return whether a group starts with a superblock: the first one or a backup}
  ///
  /// @param group the group's number
  public boolean hasSuper(int group) {
    if (group == 0) {
      return true;
    }
    if (sparseSuper2) {
      return group == backupGroup0 || group == backupGroup1;
    }
    return !sparseSuper || isSparseGroup(group);
  }

  /// {@return whether the number is 0, 1 or a power of 3, 5 or 7}
  ///
  /// @param group a group's number
  public static boolean isSparseGroup(int group) {
    return group <= 1
        || ((group & 1) != 0 && (isPower(group, 3) || isPower(group, 5) || isPower(group, 7)));
  }

  private static boolean isPower(int number, int base) {
    long power = base;
    while (power < number) {
      power *= base;
    }
    return power == number;
  }

  /// {@return how many blocks of group descriptors lie in a group}
  ///
  /// @param group the group's number
  public int descBlocksIn(int group) {
    int metaGroup = group / descPerBlock;
    if (metaGroup < firstMetaBg) {
      return hasSuper(group) ? Math.min(descBlocks, firstMetaBg) : 0;
    }
    int first = metaGroup * descPerBlock;
    boolean holds = group <= first + 1 || group == first + descPerBlock - 1;
    return holds ? 1 : 0;
  }

  /// {@return how many blocks at the start of a group hold superblock, descriptors, and room for
  /// more of them}
  ///
  /// @param group the group's number
  public int baseBlocksIn(int group) {
    int count = (hasSuper(group) ? 1 : 0) + descBlocksIn(group);
    boolean plain = group / descPerBlock < firstMetaBg;
    return plain && hasSuper(group) ? count + reservedGdtBlocks : count;
  }

  /// {@return number of the block of descriptors that tells of a group, from 0}
  ///
  /// @param group the group's number
  public int descIndex(int group) {
    return group / descPerBlock;
  }

  /// {@return byte of a group's descriptor in its block}
  ///
  /// @param group the group's number
  public int descOffset(int group) {
    return group % descPerBlock * descSize;
  }

  /// {@return where a block of descriptors lies}
  ///
  /// @param index its number, from 0; see [#descIndex]
  public long descBlock(int index) {
    if (index < firstMetaBg) {
      return superblockBlock() + 1 + index;
    }
    int group = index * descPerBlock;
    return groupFirstBlock(group) + (hasSuper(group) ? 1 : 0);
  }

  /// {@return where the copy of a block of descriptors lies in a group, or -1 if there is none}
  ///
  /// @param index its number, from 0; see [#descIndex]
  /// @param group the group to look in; for group 0 the result is [#descBlock], where that is there
  public long descBlockIn(int index, int group) {
    if (index < firstMetaBg) {
      return hasSuper(group) && group / descPerBlock < firstMetaBg
          ? groupFirstBlock(group) + 1 + index
          : -1;
    }
    return group / descPerBlock == index && descBlocksIn(group) > 0
        ? groupFirstBlock(group) + (hasSuper(group) ? 1 : 0)
        : -1;
  }
}
