package org.pagewright.fs.ext4.disk;

import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Decides whether the numbers of a superblock make sense: each alone, together with the others,
/// and with the size of the device. What passes may be computed with.
final class SuperblockCheck {
  private static final int MAX_REVISION = 1;
  private static final int CHECKSUM_TYPE_CRC32C = 1;

  /// Blocks are 48 bits wide in extents.
  private static final long MAX_BLOCKS = 1L << 48;

  /// Group numbers are int here; so many groups of 4 KiB blocks are 256 PiB.
  private static final long MAX_GROUPS = Integer.MAX_VALUE - 8;

  private final Superblock sb;
  private final Features features;
  private final String device;

  SuperblockCheck(Superblock sb, String device) {
    this.sb = sb;
    this.features = sb.features();
    this.device = device;
  }

  /// @param deviceBytes size of the device; 0 or less if it is not to be checked
  void run(long deviceBytes) throws FsException {
    checkKind();
    checkBlockSize();
    checkRecordSizes();
    checkGroups(deviceBytes);
    checkInodes();
    checkCounts();
  }

  /// Whether it is ours to read at all.
  private void checkKind() throws FsException {
    if (sb.magic() != Superblock.EXT4_MAGIC) {
      throw new FsException(
          Errno.EINVAL,
          String.format(
              "%s: no ext2, ext3 or ext4 file system here: magic 0x%04x, not 0xef53",
              device, sb.magic()));
    }
    if (sb.revision() < 0 || sb.revision() > MAX_REVISION) {
      throw notSupported("superblock: revision " + sb.revision() + " is not known");
    }
    if (features.has(Feature.METADATA_CSUM) && sb.checksumType() != CHECKSUM_TYPE_CRC32C) {
      throw notSupported("superblock: checksum type " + sb.checksumType());
    }
    require(sb.checksumMatches(), "wrong checksum");
    features.check(device, false);
  }

  private void checkBlockSize() throws FsException {
    int log = sb.logBlockSize();
    require(log >= 0 && log <= 6, "log of block size " + log);
    if (sb.blockSize() > Superblock.MAX_BLOCK_SIZE) {
      throw notSupported(
          "blocks of "
              + sb.blockSize()
              + " bytes; "
              + Superblock.MAX_BLOCK_SIZE
              + " is the most");
    }
    int clusterLog = sb.logClusterSize();
    require(
        features.has(Feature.BIGALLOC)
            ? clusterLog >= log && clusterLog <= 20
            : clusterLog == log || sb.revision() == 0,
        "log of cluster size " + clusterLog);
  }

  private int blocksPerCluster() {
    return features.has(Feature.BIGALLOC) ? 1 << (sb.logClusterSize() - sb.logBlockSize()) : 1;
  }

  private void checkRecordSizes() throws CorruptedException {
    int inodeSize = sb.inodeSize();
    require(
        inodeSize >= Superblock.OLD_INODE_SIZE
            && inodeSize <= sb.blockSize()
            && Integer.bitCount(inodeSize) == 1,
        "inode size " + inodeSize);
    int descSize = sb.descSize();
    require(
        features.has(Feature.BIT64)
            ? descSize >= GroupDescriptor.SIZE_64
                && descSize <= Superblock.SIZE
                && Integer.bitCount(descSize) == 1
            : descSize == GroupDescriptor.SIZE_32,
        "descriptor size " + descSize);
    int extra = inodeSize - Superblock.OLD_INODE_SIZE;
    require(
        extra == 0 // then nobody looks at them
            || sb.wantExtraIsize() <= extra && sb.minExtraIsize() <= extra,
        "extra inode size " + sb.wantExtraIsize() + ", at least " + sb.minExtraIsize());
  }

  private void checkGroups(long deviceBytes) throws CorruptedException {
    int blockSize = sb.blockSize();
    int ratio = blocksPerCluster();
    long perGroup = sb.blocksPerGroup();
    require(
        perGroup >= 8 && perGroup % 8 == 0 && perGroup <= 8L * blockSize * ratio,
        "blocks per group " + perGroup);
    require(
        sb.clustersPerGroup() * ratio == perGroup, "clusters per group " + sb.clustersPerGroup());
    require(
        sb.firstDataBlock() == (blockSize == Superblock.SIZE && ratio == 1 ? 1 : 0),
        "first data block " + sb.firstDataBlock());
    long blocks = sb.blocksCount();
    require(blocks > sb.firstDataBlock() + 3 && blocks <= MAX_BLOCKS, "blocks count " + blocks);
    require(
        features.has(Feature.BIT64) || blocks <= 0xffff_ffffL,
        "blocks count " + blocks + " without 64bit");
    require(
        deviceBytes <= 0 || blocks <= deviceBytes / blockSize,
        blocks
            + " blocks of "
            + blockSize
            + " do not fit the device's "
            + deviceBytes
            + " bytes (is the image cut off?)");
    require(groups() <= MAX_GROUPS, "number of groups " + groups());
    long descBlocks = (groups() * sb.descSize() + blockSize - 1) / blockSize;
    require(
        sb.firstMetaBg() <= descBlocks || !features.has(Feature.META_BG),
        "first meta group " + sb.firstMetaBg());
    require(
        sb.reservedGdtBlocks() <= blockSize / 4
            && (features.has(Feature.META_BG)
                || descBlocks + sb.reservedGdtBlocks() + 1 < perGroup),
        "reserved descriptor blocks " + sb.reservedGdtBlocks());
    require(
        sb.logGroupsPerFlex() <= 31,
        "log of groups per flexible group " + sb.logGroupsPerFlex());
  }

  private long groups() {
    long perGroup = sb.blocksPerGroup();
    return (sb.blocksCount() - sb.firstDataBlock() + perGroup - 1) / perGroup;
  }

  private void checkInodes() throws CorruptedException {
    long perGroup = sb.inodesPerGroup();
    require(
        perGroup >= sb.blockSize() / sb.inodeSize()
            && perGroup % 8 == 0
            && perGroup <= 8L * sb.blockSize(),
        "inodes per group " + perGroup);
    require(
        sb.inodesCount() == groups() * perGroup,
        sb.inodesCount() + " inodes in " + groups() + " groups of " + perGroup);
    require(
        sb.firstInode() >= Superblock.OLD_FIRST_INODE && sb.firstInode() <= sb.inodesCount(),
        "first inode " + sb.firstInode() + " of " + sb.inodesCount());
    requireInode("journal", sb.journalInode());
    if (features.has(Feature.ORPHAN_FILE)) {
      requireInode("orphan file", sb.orphanFileInode());
    }
    require(
        !features.has(Feature.HAS_JOURNAL) || sb.journalInode() != 0 || sb.journalDevice() != 0,
        "has_journal with neither an inode nor a device");
  }

  private void checkCounts() throws CorruptedException {
    long blocks = sb.blocksCount();
    require(
        sb.freeBlocksCount() >= 0 && sb.freeBlocksCount() <= blocks,
        "free blocks " + sb.freeBlocksCount() + " of " + blocks);
    require(
        sb.freeInodesCount() <= sb.inodesCount(),
        "free inodes " + sb.freeInodesCount() + " of " + sb.inodesCount());
    require(
        sb.reservedBlocksCount() >= 0 && sb.reservedBlocksCount() <= blocks,
        "reserved blocks " + sb.reservedBlocksCount() + " of " + blocks);
  }

  private FsException notSupported(String what) {
    return new FsException(Errno.EOPNOTSUPP, device + ": " + what);
  }

  private void requireInode(String what, long ino) throws CorruptedException {
    require(ino <= sb.inodesCount(), "inode " + ino + " of the " + what);
  }

  private void require(boolean holds, String what) throws CorruptedException {
    if (!holds) {
      throw new CorruptedException(device, -1, "superblock: " + what);
    }
  }
}
