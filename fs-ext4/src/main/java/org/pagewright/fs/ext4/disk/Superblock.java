package org.pagewright.fs.ext4.disk;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The superblock: 1024 bytes at byte 1024 of the device, with copies at the start of some groups.
///
/// An instance is a copy in memory; the getters and `put` methods read and change that copy, field
/// by field, under the names of `struct ext4_super_block` without abbreviations. [#validate] is the
/// one place that decides whether the numbers make sense: after it, [Geometry] may compute with
/// them. Nothing here is synchronised: whoever owns the mounted file system guards it.
///
/// ```
/// Superblock sb = Superblock.read(device);      // magic, checksum, features, ranges
/// sb.features().check(device.name(), true);     // may we write?
/// Geometry geometry = new Geometry(sb);
/// ...
/// sb.putState(0);                               // changed in memory
/// sb.write(device);                             // checksum, then one write; flush is up to you
/// ```
public final class Superblock {
  /// Bytes of a superblock.
  public static final int SIZE = 1024;

  /// Byte of the device where the first copy begins, whatever the block size.
  public static final int OFFSET = 1024;

  /// What [#magic()] must be.
  public static final int EXT4_MAGIC = 0xef53;

  /// State: unmounted cleanly.
  public static final int STATE_CLEAN = 1;

  /// State: errors were seen.
  public static final int STATE_ERROR = 2;

  /// State: orphans are being cleaned up.
  public static final int STATE_ORPHAN = 4;

  /// Flag: directory hashes take bytes as signed.
  public static final int FLAG_SIGNED_HASH = 1;

  /// Flag: directory hashes take bytes as unsigned.
  public static final int FLAG_UNSIGNED_HASH = 2;

  /// Flag: a test file system.
  public static final int FLAG_TEST = 4;

  /// Default mount option: user extended attributes.
  public static final int DEFAULT_XATTR_USER = 4;

  /// Default mount option: POSIX ACLs.
  public static final int DEFAULT_ACL = 8;

  /// First inode that is not reserved, in revision 0 and by default.
  public static final int OLD_FIRST_INODE = 11;

  /// Bytes of an inode in revision 0, and of the part that every inode has.
  public static final int OLD_INODE_SIZE = 128;

  /// The largest block that this driver handles, in bytes.
  public static final int MAX_BLOCK_SIZE = 4096;

  // Where each field lies, in bytes; _LO and _HI are halves of one number.
  private static final int INODES_COUNT = 0x0;
  private static final int BLOCKS_COUNT_LO = 0x4;
  private static final int R_BLOCKS_COUNT_LO = 0x8;
  private static final int FREE_BLOCKS_COUNT_LO = 0xc;
  private static final int FREE_INODES_COUNT = 0x10;
  private static final int FIRST_DATA_BLOCK = 0x14;
  private static final int LOG_BLOCK_SIZE = 0x18;
  private static final int LOG_CLUSTER_SIZE = 0x1c;
  private static final int BLOCKS_PER_GROUP = 0x20;
  private static final int CLUSTERS_PER_GROUP = 0x24;
  private static final int INODES_PER_GROUP = 0x28;
  private static final int MTIME = 0x2c;
  private static final int WTIME = 0x30;
  private static final int MNT_COUNT = 0x34;
  private static final int MAX_MNT_COUNT = 0x36;
  private static final int MAGIC = 0x38;
  private static final int STATE = 0x3a;
  private static final int ERRORS = 0x3c;
  private static final int MINOR_REV_LEVEL = 0x3e;
  private static final int LASTCHECK = 0x40;
  private static final int CHECKINTERVAL = 0x44;
  private static final int CREATOR_OS = 0x48;
  private static final int REV_LEVEL = 0x4c;
  private static final int DEF_RESUID = 0x50;
  private static final int DEF_RESGID = 0x52;
  private static final int FIRST_INO = 0x54;
  private static final int INODE_SIZE = 0x58;
  private static final int BLOCK_GROUP_NR = 0x5a;
  private static final int FEATURE_COMPAT = 0x5c;
  private static final int FEATURE_INCOMPAT = 0x60;
  private static final int FEATURE_RO_COMPAT = 0x64;
  /* Geometry seeds CRC-16 with it. */
  static final int UUID_AT = 0x68;
  private static final int VOLUME_NAME = 0x78;
  private static final int LAST_MOUNTED = 0x88;
  private static final int RESERVED_GDT_BLOCKS = 0xce;
  private static final int JOURNAL_UUID = 0xd0;
  private static final int JOURNAL_INUM = 0xe0;
  private static final int JOURNAL_DEV = 0xe4;
  private static final int LAST_ORPHAN = 0xe8;
  private static final int HASH_SEED = 0xec;
  private static final int DEF_HASH_VERSION = 0xfc;
  private static final int JNL_BACKUP_TYPE = 0xfd;
  private static final int DESC_SIZE = 0xfe;
  private static final int DEFAULT_MOUNT_OPTS = 0x100;
  private static final int FIRST_META_BG = 0x104;
  private static final int MKFS_TIME = 0x108;
  private static final int JNL_BLOCKS = 0x10c;
  private static final int BLOCKS_COUNT_HI = 0x150;
  private static final int R_BLOCKS_COUNT_HI = 0x154;
  private static final int FREE_BLOCKS_COUNT_HI = 0x158;
  private static final int MIN_EXTRA_ISIZE = 0x15c;
  private static final int WANT_EXTRA_ISIZE = 0x15e;
  private static final int FLAGS = 0x160;
  private static final int RAID_STRIDE = 0x164;
  private static final int MMP_UPDATE_INTERVAL = 0x166;
  private static final int MMP_BLOCK = 0x168;
  private static final int RAID_STRIPE_WIDTH = 0x170;
  private static final int LOG_GROUPS_PER_FLEX = 0x174;
  private static final int CHECKSUM_TYPE = 0x175;
  private static final int KBYTES_WRITTEN = 0x178;
  private static final int ERROR_COUNT = 0x194;
  private static final int MOUNT_OPTS = 0x200;
  private static final int USR_QUOTA_INUM = 0x240;
  private static final int GRP_QUOTA_INUM = 0x244;
  private static final int OVERHEAD_CLUSTERS = 0x248;
  private static final int BACKUP_BGS = 0x24c;
  private static final int LPF_INO = 0x268;
  private static final int PRJ_QUOTA_INUM = 0x26c;
  private static final int CHECKSUM_SEED = 0x270;
  private static final int WTIME_HI = 0x274;
  private static final int MTIME_HI = 0x275;
  private static final int MKFS_TIME_HI = 0x276;
  private static final int LASTCHECK_HI = 0x277;
  private static final int ENCODING = 0x27c;
  private static final int ORPHAN_FILE_INUM = 0x280;
  private static final int CHECKSUM = 0x3fc;

  private final MemorySegment raw;

  private Superblock(MemorySegment raw) {
    this.raw = raw;
  }

  /// {@return number of inodes, a multiple of [#inodesPerGroup()]}
  public long inodesCount() {
    return LittleEndian.u32(raw, INODES_COUNT);
  }

  /// Stores what [#inodesCount()] returns.
  ///
  /// @param value the new one
  public void putInodesCount(long value) {
    LittleEndian.put32(raw, INODES_COUNT, value);
  }

  /// {@return number of free inodes}
  public long freeInodesCount() {
    return LittleEndian.u32(raw, FREE_INODES_COUNT);
  }

  /// Stores what [#freeInodesCount()] returns.
  ///
  /// @param value the new one
  public void putFreeInodesCount(long value) {
    LittleEndian.put32(raw, FREE_INODES_COUNT, value);
  }

  /// {@return block of the first group's start: 1 if blocks have 1 KiB, else 0}
  public long firstDataBlock() {
    return LittleEndian.u32(raw, FIRST_DATA_BLOCK);
  }

  /// Stores what [#firstDataBlock()] returns.
  ///
  /// @param value the new one
  public void putFirstDataBlock(long value) {
    LittleEndian.put32(raw, FIRST_DATA_BLOCK, value);
  }

  /// {@return block size as a power of two, less 10}
  public int logBlockSize() {
    return LittleEndian.i32(raw, LOG_BLOCK_SIZE);
  }

  /// Stores what [#logBlockSize()] returns.
  ///
  /// @param value the new one
  public void putLogBlockSize(int value) {
    LittleEndian.put32(raw, LOG_BLOCK_SIZE, value);
  }

  /// {@return cluster size as a power of two, less 10; the block size's without bigalloc}
  public int logClusterSize() {
    return LittleEndian.i32(raw, LOG_CLUSTER_SIZE);
  }

  /// Stores what [#logClusterSize()] returns.
  ///
  /// @param value the new one
  public void putLogClusterSize(int value) {
    LittleEndian.put32(raw, LOG_CLUSTER_SIZE, value);
  }

  /// {@return number of blocks in each group but the last}
  public long blocksPerGroup() {
    return LittleEndian.u32(raw, BLOCKS_PER_GROUP);
  }

  /// Stores what [#blocksPerGroup()] returns.
  ///
  /// @param value the new one
  public void putBlocksPerGroup(long value) {
    LittleEndian.put32(raw, BLOCKS_PER_GROUP, value);
  }

  /// {@return number of clusters in each group but the last}
  public long clustersPerGroup() {
    return LittleEndian.u32(raw, CLUSTERS_PER_GROUP);
  }

  /// Stores what [#clustersPerGroup()] returns.
  ///
  /// @param value the new one
  public void putClustersPerGroup(long value) {
    LittleEndian.put32(raw, CLUSTERS_PER_GROUP, value);
  }

  /// {@return number of inodes in each group}
  public long inodesPerGroup() {
    return LittleEndian.u32(raw, INODES_PER_GROUP);
  }

  /// Stores what [#inodesPerGroup()] returns.
  ///
  /// @param value the new one
  public void putInodesPerGroup(long value) {
    LittleEndian.put32(raw, INODES_PER_GROUP, value);
  }

  /// {@return last mount, seconds since 1970}
  public long mountTime() {
    return getTime(MTIME, MTIME_HI);
  }

  /// Stores what [#mountTime()] returns.
  ///
  /// @param value the new one
  public void putMountTime(long value) {
    putTime(MTIME, MTIME_HI, value);
  }

  /// {@return last write of the superblock, seconds since 1970}
  public long writeTime() {
    return getTime(WTIME, WTIME_HI);
  }

  /// Stores what [#writeTime()] returns.
  ///
  /// @param value the new one
  public void putWriteTime(long value) {
    putTime(WTIME, WTIME_HI, value);
  }

  /// {@return number of mounts since the last check}
  public int mountCount() {
    return LittleEndian.u16(raw, MNT_COUNT);
  }

  /// Stores what [#mountCount()] returns.
  ///
  /// @param value the new one
  public void putMountCount(int value) {
    LittleEndian.put16(raw, MNT_COUNT, value);
  }

  /// {@return number of mounts after which to check; 0xffff is never}
  public int maxMountCount() {
    return LittleEndian.u16(raw, MAX_MNT_COUNT);
  }

  /// Stores what [#maxMountCount()] returns.
  ///
  /// @param value the new one
  public void putMaxMountCount(int value) {
    LittleEndian.put16(raw, MAX_MNT_COUNT, value);
  }

  /// {@return 0xef53}
  public int magic() {
    return LittleEndian.u16(raw, MAGIC);
  }

  /// Stores what [#magic()] returns.
  ///
  /// @param value the new one
  public void putMagic(int value) {
    LittleEndian.put16(raw, MAGIC, value);
  }

  /// {@return STATE_CLEAN, STATE_ERROR and STATE_ORPHAN, as a bit set}
  public int state() {
    return LittleEndian.u16(raw, STATE);
  }

  /// Stores what [#state()] returns.
  ///
  /// @param value the new one
  public void putState(int value) {
    LittleEndian.put16(raw, STATE, value);
  }

  /// {@return what to do at an error: 1 continue, 2 become read-only, 3 panic}
  public int errorsBehaviour() {
    return LittleEndian.u16(raw, ERRORS);
  }

  /// Stores what [#errorsBehaviour()] returns.
  ///
  /// @param value the new one
  public void putErrorsBehaviour(int value) {
    LittleEndian.put16(raw, ERRORS, value);
  }

  /// {@return minor revision, 0}
  public int minorRevision() {
    return LittleEndian.u16(raw, MINOR_REV_LEVEL);
  }

  /// {@return last check, seconds since 1970}
  public long lastCheck() {
    return getTime(LASTCHECK, LASTCHECK_HI);
  }

  /// Stores what [#lastCheck()] returns.
  ///
  /// @param value the new one
  public void putLastCheck(long value) {
    putTime(LASTCHECK, LASTCHECK_HI, value);
  }

  /// {@return seconds between checks; 0 is never}
  public long checkInterval() {
    return LittleEndian.u32(raw, CHECKINTERVAL);
  }

  /// Stores what [#checkInterval()] returns.
  ///
  /// @param value the new one
  public void putCheckInterval(long value) {
    LittleEndian.put32(raw, CHECKINTERVAL, value);
  }

  /// {@return 0 Linux, 1 Hurd, 3 FreeBSD}
  public int creatorOs() {
    return LittleEndian.i32(raw, CREATOR_OS);
  }

  /// Stores what [#creatorOs()] returns.
  ///
  /// @param value the new one
  public void putCreatorOs(int value) {
    LittleEndian.put32(raw, CREATOR_OS, value);
  }

  /// {@return 0 the format of 1993, 1 with features and inode sizes}
  public int revision() {
    return LittleEndian.i32(raw, REV_LEVEL);
  }

  /// Stores what [#revision()] returns.
  ///
  /// @param value the new one
  public void putRevision(int value) {
    LittleEndian.put32(raw, REV_LEVEL, value);
  }

  /// {@return user who may use reserved blocks}
  public int reservedUid() {
    return LittleEndian.u16(raw, DEF_RESUID);
  }

  /// Stores what [#reservedUid()] returns.
  ///
  /// @param value the new one
  public void putReservedUid(int value) {
    LittleEndian.put16(raw, DEF_RESUID, value);
  }

  /// {@return group that may use reserved blocks}
  public int reservedGid() {
    return LittleEndian.u16(raw, DEF_RESGID);
  }

  /// Stores what [#reservedGid()] returns.
  ///
  /// @param value the new one
  public void putReservedGid(int value) {
    LittleEndian.put16(raw, DEF_RESGID, value);
  }

  /// {@return first inode that is not reserved; 11 in revision 0}
  public long firstInode() {
    return revision() == 0 ? OLD_FIRST_INODE : LittleEndian.u32(raw, FIRST_INO);
  }

  /// Stores what [#firstInode()] returns.
  ///
  /// @param value the new one
  public void putFirstInode(long value) {
    LittleEndian.put32(raw, FIRST_INO, value);
  }

  /// {@return bytes of an inode; 128 in revision 0}
  public int inodeSize() {
    return revision() == 0 ? OLD_INODE_SIZE : LittleEndian.u16(raw, INODE_SIZE);
  }

  /// Stores what [#inodeSize()] returns.
  ///
  /// @param value the new one
  public void putInodeSize(int value) {
    LittleEndian.put16(raw, INODE_SIZE, value);
  }

  /// {@return group that this copy of the superblock lies in}
  public int blockGroupNr() {
    return LittleEndian.u16(raw, BLOCK_GROUP_NR);
  }

  /// Stores what [#blockGroupNr()] returns.
  ///
  /// @param value the new one
  public void putBlockGroupNr(int value) {
    LittleEndian.put16(raw, BLOCK_GROUP_NR, value);
  }

  /// {@return blocks kept after the group descriptors for more of them}
  public int reservedGdtBlocks() {
    return LittleEndian.u16(raw, RESERVED_GDT_BLOCKS);
  }

  /// Stores what [#reservedGdtBlocks()] returns.
  ///
  /// @param value the new one
  public void putReservedGdtBlocks(int value) {
    LittleEndian.put16(raw, RESERVED_GDT_BLOCKS, value);
  }

  /// {@return inode of the journal, 8, or 0}
  public long journalInode() {
    return LittleEndian.u32(raw, JOURNAL_INUM);
  }

  /// Stores what [#journalInode()] returns.
  ///
  /// @param value the new one
  public void putJournalInode(long value) {
    LittleEndian.put32(raw, JOURNAL_INUM, value);
  }

  /// {@return device number of an external journal, or 0}
  public long journalDevice() {
    return LittleEndian.u32(raw, JOURNAL_DEV);
  }

  /// Stores what [#journalDevice()] returns.
  ///
  /// @param value the new one
  public void putJournalDevice(long value) {
    LittleEndian.put32(raw, JOURNAL_DEV, value);
  }

  /// {@return first inode of the list of orphans, or 0}
  public long lastOrphan() {
    return LittleEndian.u32(raw, LAST_ORPHAN);
  }

  /// Stores what [#lastOrphan()] returns.
  ///
  /// @param value the new one
  public void putLastOrphan(long value) {
    LittleEndian.put32(raw, LAST_ORPHAN, value);
  }

  /// {@return hash version of new directory indexes, without signedness}
  public int defaultHashVersion() {
    return LittleEndian.u8(raw, DEF_HASH_VERSION);
  }

  /// Stores what [#defaultHashVersion()] returns.
  ///
  /// @param value the new one
  public void putDefaultHashVersion(int value) {
    LittleEndian.put8(raw, DEF_HASH_VERSION, value);
  }

  /// {@return 1 if the journal inode's block map is kept here too}
  public int journalBackupType() {
    return LittleEndian.u8(raw, JNL_BACKUP_TYPE);
  }

  /// Stores what [#journalBackupType()] returns.
  ///
  /// @param value the new one
  public void putJournalBackupType(int value) {
    LittleEndian.put8(raw, JNL_BACKUP_TYPE, value);
  }

  /// {@return bytes of a group descriptor if 64bit is on; see [#descSize()]}
  public int rawDescSize() {
    return LittleEndian.u16(raw, DESC_SIZE);
  }

  /// Stores what [#rawDescSize()] returns.
  ///
  /// @param value the new one
  public void putRawDescSize(int value) {
    LittleEndian.put16(raw, DESC_SIZE, value);
  }

  /// {@return DEFAULT_XATTR_USER and the like}
  public int defaultMountOptions() {
    return LittleEndian.i32(raw, DEFAULT_MOUNT_OPTS);
  }

  /// Stores what [#defaultMountOptions()] returns.
  ///
  /// @param value the new one
  public void putDefaultMountOptions(int value) {
    LittleEndian.put32(raw, DEFAULT_MOUNT_OPTS, value);
  }

  /// {@return first block of descriptors that is placed by meta_bg}
  public long firstMetaBg() {
    return LittleEndian.u32(raw, FIRST_META_BG);
  }

  /// Stores what [#firstMetaBg()] returns.
  ///
  /// @param value the new one
  public void putFirstMetaBg(long value) {
    LittleEndian.put32(raw, FIRST_META_BG, value);
  }

  /// {@return when it was made, seconds since 1970}
  public long mkfsTime() {
    return getTime(MKFS_TIME, MKFS_TIME_HI);
  }

  /// Stores what [#mkfsTime()] returns.
  ///
  /// @param value the new one
  public void putMkfsTime(long value) {
    putTime(MKFS_TIME, MKFS_TIME_HI, value);
  }

  /// {@return bytes beyond 128 that every inode uses}
  public int minExtraIsize() {
    return LittleEndian.u16(raw, MIN_EXTRA_ISIZE);
  }

  /// Stores what [#minExtraIsize()] returns.
  ///
  /// @param value the new one
  public void putMinExtraIsize(int value) {
    LittleEndian.put16(raw, MIN_EXTRA_ISIZE, value);
  }

  /// {@return bytes beyond 128 that new inodes should use}
  public int wantExtraIsize() {
    return LittleEndian.u16(raw, WANT_EXTRA_ISIZE);
  }

  /// Stores what [#wantExtraIsize()] returns.
  ///
  /// @param value the new one
  public void putWantExtraIsize(int value) {
    LittleEndian.put16(raw, WANT_EXTRA_ISIZE, value);
  }

  /// {@return FLAG_SIGNED_HASH, FLAG_UNSIGNED_HASH and the like}
  public int flags() {
    return LittleEndian.i32(raw, FLAGS);
  }

  /// Stores what [#flags()] returns.
  ///
  /// @param value the new one
  public void putFlags(int value) {
    LittleEndian.put32(raw, FLAGS, value);
  }

  /// {@return blocks on one disk before the next, or 0}
  public int raidStride() {
    return LittleEndian.u16(raw, RAID_STRIDE);
  }

  /// Stores what [#raidStride()] returns.
  ///
  /// @param value the new one
  public void putRaidStride(int value) {
    LittleEndian.put16(raw, RAID_STRIDE, value);
  }

  /// {@return seconds between updates of the multi-mount block}
  public int mmpUpdateInterval() {
    return LittleEndian.u16(raw, MMP_UPDATE_INTERVAL);
  }

  /// {@return block of the multi-mount protection, or 0}
  public long mmpBlock() {
    return LittleEndian.i64(raw, MMP_BLOCK);
  }

  /// {@return blocks on all data disks together, or 0}
  public long raidStripeWidth() {
    return LittleEndian.u32(raw, RAID_STRIPE_WIDTH);
  }

  /// Stores what [#raidStripeWidth()] returns.
  ///
  /// @param value the new one
  public void putRaidStripeWidth(long value) {
    LittleEndian.put32(raw, RAID_STRIPE_WIDTH, value);
  }

  /// {@return groups that keep their metadata together, as a power of two}
  public int logGroupsPerFlex() {
    return LittleEndian.u8(raw, LOG_GROUPS_PER_FLEX);
  }

  /// Stores what [#logGroupsPerFlex()] returns.
  ///
  /// @param value the new one
  public void putLogGroupsPerFlex(int value) {
    LittleEndian.put8(raw, LOG_GROUPS_PER_FLEX, value);
  }

  /// {@return 1: CRC-32C}
  public int checksumType() {
    return LittleEndian.u8(raw, CHECKSUM_TYPE);
  }

  /// Stores what [#checksumType()] returns.
  ///
  /// @param value the new one
  public void putChecksumType(int value) {
    LittleEndian.put8(raw, CHECKSUM_TYPE, value);
  }

  /// {@return KiB ever written}
  public long kbytesWritten() {
    return LittleEndian.i64(raw, KBYTES_WRITTEN);
  }

  /// Stores what [#kbytesWritten()] returns.
  ///
  /// @param value the new one
  public void putKbytesWritten(long value) {
    LittleEndian.put64(raw, KBYTES_WRITTEN, value);
  }

  /// {@return number of errors seen since the last check}
  public long errorCount() {
    return LittleEndian.u32(raw, ERROR_COUNT);
  }

  /// Stores what [#errorCount()] returns.
  ///
  /// @param value the new one
  public void putErrorCount(long value) {
    LittleEndian.put32(raw, ERROR_COUNT, value);
  }

  /// {@return the first error since the last check; all zero if there was none}
  public ErrorNote firstError() {
    return new ErrorNote(this, true);
  }

  /// {@return the last error}
  public ErrorNote lastError() {
    return new ErrorNote(this, false);
  }

  /// {@return name of the volume}
  public String label() {
    return getString(VOLUME_NAME, 16);
  }

  /// Stores what [#label()] returns.
  ///
  /// @param value the new one
  public void putLabel(String value) {
    putString(VOLUME_NAME, 16, value);
  }

  /// {@return where it was last mounted}
  public String lastMounted() {
    return getString(LAST_MOUNTED, 64);
  }

  /// Stores what [#lastMounted()] returns.
  ///
  /// @param value the new one
  public void putLastMounted(String value) {
    putString(LAST_MOUNTED, 64, value);
  }

  /// {@return mount options to begin with}
  public String mountOptions() {
    return getString(MOUNT_OPTS, 64);
  }

  /// Stores what [#mountOptions()] returns.
  ///
  /// @param value the new one
  public void putMountOptions(String value) {
    putString(MOUNT_OPTS, 64, value);
  }

  /// {@return inode of the user quota, or 0}
  public long userQuotaInode() {
    return LittleEndian.u32(raw, USR_QUOTA_INUM);
  }

  /// {@return inode of the group quota, or 0}
  public long groupQuotaInode() {
    return LittleEndian.u32(raw, GRP_QUOTA_INUM);
  }

  /// {@return clusters taken by metadata from the start, or 0 if not known}
  public long overheadClusters() {
    return LittleEndian.u32(raw, OVERHEAD_CLUSTERS);
  }

  /// Stores what [#overheadClusters()] returns.
  ///
  /// @param value the new one
  public void putOverheadClusters(long value) {
    LittleEndian.put32(raw, OVERHEAD_CLUSTERS, value);
  }

  /// {@return inode of lost+found, or 0 if not known}
  public long lostFoundInode() {
    return LittleEndian.u32(raw, LPF_INO);
  }

  /// Stores what [#lostFoundInode()] returns.
  ///
  /// @param value the new one
  public void putLostFoundInode(long value) {
    LittleEndian.put32(raw, LPF_INO, value);
  }

  /// {@return inode of the project quota, or 0}
  public long projectQuotaInode() {
    return LittleEndian.u32(raw, PRJ_QUOTA_INUM);
  }

  /// {@return seed of checksums if metadata_csum_seed is on; see [#checksumSeed()]}
  public int rawChecksumSeed() {
    return LittleEndian.i32(raw, CHECKSUM_SEED);
  }

  /// Stores what [#rawChecksumSeed()] returns.
  ///
  /// @param value the new one
  public void putRawChecksumSeed(int value) {
    LittleEndian.put32(raw, CHECKSUM_SEED, value);
  }

  /// {@return character encoding of casefolded directories}
  public int encoding() {
    return LittleEndian.u16(raw, ENCODING);
  }

  /// {@return inode of the orphan file, or 0}
  public long orphanFileInode() {
    return LittleEndian.u32(raw, ORPHAN_FILE_INUM);
  }

  /// Stores what [#orphanFileInode()] returns.
  ///
  /// @param value the new one
  public void putOrphanFileInode(long value) {
    LittleEndian.put32(raw, ORPHAN_FILE_INUM, value);
  }

  /// {@return number of blocks}
  public long blocksCount() {
    return getSplit(BLOCKS_COUNT_LO, BLOCKS_COUNT_HI);
  }

  /// Stores what [#blocksCount()] returns.
  ///
  /// @param value the new one
  public void putBlocksCount(long value) {
    putSplit(BLOCKS_COUNT_LO, BLOCKS_COUNT_HI, value);
  }

  /// {@return number of blocks that only the reserved user and group may take}
  public long reservedBlocksCount() {
    return getSplit(R_BLOCKS_COUNT_LO, R_BLOCKS_COUNT_HI);
  }

  /// Stores what [#reservedBlocksCount()] returns.
  ///
  /// @param value the new one
  public void putReservedBlocksCount(long value) {
    putSplit(R_BLOCKS_COUNT_LO, R_BLOCKS_COUNT_HI, value);
  }

  /// {@return number of free blocks}
  public long freeBlocksCount() {
    return getSplit(FREE_BLOCKS_COUNT_LO, FREE_BLOCKS_COUNT_HI);
  }

  /// Stores what [#freeBlocksCount()] returns.
  ///
  /// @param value the new one
  public void putFreeBlocksCount(long value) {
    putSplit(FREE_BLOCKS_COUNT_LO, FREE_BLOCKS_COUNT_HI, value);
  }

  /// {@return the three feature words}
  public Features features() {
    return new Features(
        LittleEndian.i32(raw, FEATURE_COMPAT),
        LittleEndian.i32(raw, FEATURE_INCOMPAT),
        LittleEndian.i32(raw, FEATURE_RO_COMPAT));
  }

  /// Stores the three feature words.
  ///
  /// @param value the new ones
  public void putFeatures(Features value) {
    LittleEndian.put32(raw, FEATURE_COMPAT, value.compat());
    LittleEndian.put32(raw, FEATURE_INCOMPAT, value.incompat());
    LittleEndian.put32(raw, FEATURE_RO_COMPAT, value.roCompat());
  }

  /// {@return the UUID of the file system}
  public UUID uuid() {
    return getUuid(UUID_AT);
  }

  /// Stores what [#uuid()] returns.
  ///
  /// @param value the new one
  public void putUuid(UUID value) {
    putUuid(UUID_AT, value);
  }

  /// {@return the UUID of an external journal}
  public UUID journalUuid() {
    return getUuid(JOURNAL_UUID);
  }

  /// {@return the seed of directory hashes}
  public UUID hashSeed() {
    return getUuid(HASH_SEED);
  }

  /// Stores what [#hashSeed()] returns.
  ///
  /// @param value the new one
  public void putHashSeed(UUID value) {
    putUuid(HASH_SEED, value);
  }

  /// {@return one of the two groups with backups under sparse_super2, or 0}
  ///
  /// @param which 0 or 1
  public long backupGroup(int which) {
    return LittleEndian.u32(raw, BACKUP_BGS + 4L * which);
  }

  /// Stores what [#backupGroup(int)] returns.
  ///
  /// @param which 0 or 1
  /// @param value the new one
  public void putBackupGroup(int which, long value) {
    LittleEndian.put32(raw, BACKUP_BGS + 4L * which, value);
  }

  /// {@return one of the 17 words that repeat the journal inode: 15 of its map, size high and low}
  ///
  /// @param which 0 to 16
  public int journalBackup(int which) {
    return LittleEndian.i32(raw, JNL_BLOCKS + 4L * which);
  }

  /// Stores what [#journalBackup(int)] returns.
  ///
  /// @param which 0 to 16
  /// @param value the new one
  public void putJournalBackup(int which, int value) {
    LittleEndian.put32(raw, JNL_BLOCKS + 4L * which, value);
  }

  /// {@return bytes of a block}
  public int blockSize() {
    return SIZE << logBlockSize();
  }

  /// {@return bytes of a group descriptor: 32 without 64bit}
  public int descSize() {
    return features().has(Feature.BIT64) ? rawDescSize() : GroupDescriptor.SIZE_32;
  }

  /// {@return the seed of the checksums of everything but the superblock itself}
  public int checksumSeed() {
    return features().has(Feature.METADATA_CSUM_SEED)
        ? rawChecksumSeed()
        : Crc32c.update(Crc32c.SEED, raw, UUID_AT, 16);
  }

  /// {@return the hash of names in an index of that version, or null if the version is not known}
  ///
  /// @param indexVersion version in the root of the index, or [#defaultHashVersion()]
  public @Nullable DirHash dirHash(int indexVersion) {
    boolean unsigned = (flags() & FLAG_UNSIGNED_HASH) != 0;
    int version =
        indexVersion <= DirHash.TEA && unsigned ? indexVersion + DirHash.UNSIGNED : indexVersion;
    return DirHash.of(version, raw, HASH_SEED);
  }

  /// {@return the 1024 bytes themselves; live}
  public MemorySegment raw() {
    return raw;
  }

  /// {@return another copy of the same bytes}
  public Superblock copy() {
    return copyOf(raw, 0);
  }

  /// {@return whether the checksum is right, or there is none to check}
  public boolean checksumMatches() {
    return !features().has(Feature.METADATA_CSUM)
        || LittleEndian.i32(raw, CHECKSUM) == Checksums.superblock(raw, 0);
  }

  /// Stores the checksum, if the file system has checksums; last, before the bytes are written.
  public void seal() {
    if (features().has(Feature.METADATA_CSUM)) {
      LittleEndian.put32(raw, CHECKSUM, Checksums.superblock(raw, 0));
    }
  }

  /// Seals, and writes the first copy. Does not flush. What shares its sectors is read first.
  ///
  /// @param device where to
  /// @throws FsException EIO, EROFS
  public void write(BlockDevice device) throws FsException {
    seal();
    writeAt(device, OFFSET);
  }

  /// Writes the copy of one group: like this one, but with the group's number, not marked clean and
  /// never in need of recovery, so that nobody replays a journal on the word of a backup.
  ///
  /// @param device where to
  /// @param geometry of this file system
  /// @param group a group other than 0 for which [Geometry#hasSuper(int)]
  /// @throws FsException EIO, EROFS
  public void writeBackup(BlockDevice device, Geometry geometry, int group) throws FsException {
    backup(group).writeAt(device, geometry.groupFirstBlock(group) * geometry.blockSize());
  }

  /// {@return the copy of this that belongs into another group, sealed}
  ///
  /// @param group the group's number
  public Superblock backup(int group) {
    Superblock copy = copy();
    copy.putBlockGroupNr(group);
    copy.putState(state() & ~STATE_CLEAN);
    copy.putFeatures(features().without(Feature.NEEDS_RECOVERY));
    copy.seal();
    return copy;
  }

  private void writeAt(BlockDevice device, long pos) throws FsException {
    int sector = device.sectorSize();
    long start = pos / sector * sector;
    int length = Math.max(sector, (int) (pos - start) + SIZE);
    MemorySegment sectors = MemorySegment.ofArray(new byte[length]);
    if (length != SIZE) {
      device.read(start, sectors);
    }
    MemorySegment.copy(raw, 0, sectors, pos - start, SIZE);
    device.write(start, sectors);
  }

  /// A superblock of zeros.
  ///
  /// @return a new one, for mkfs to fill in
  public static Superblock blank() {
    return new Superblock(MemorySegment.ofArray(new byte[SIZE]));
  }

  /// A copy of 1024 bytes, not validated.
  ///
  /// @param s memory
  /// @param at first byte
  /// @return a new one
  public static Superblock copyOf(MemorySegment s, long at) {
    Superblock copy = blank();
    MemorySegment.copy(s, at, copy.raw, 0, SIZE);
    return copy;
  }

  /// Reads and validates the first copy.
  ///
  /// @param device where from
  /// @return a superblock whose numbers make sense
  /// @throws FsException EINVAL if this is no ext2, ext3 or ext4; EOPNOTSUPP for features or sizes
  ///     that we do not handle, EUCLEAN for damage, EIO
  public static Superblock read(BlockDevice device) throws FsException {
    Superblock sb = readAt(device, OFFSET);
    sb.validate(device.name(), device.sizeBytes());
    return sb;
  }

  /// Looks for a backup that validates, in the places where mke2fs puts them by default: the starts
  /// of the groups 1, 3, 5, 7, 9 and so on for each block size. For use after [#read] failed; the
  /// result is not clean and the file system should be checked before it is written.
  ///
  /// @param device where from
  /// @return the first backup found, or null
  /// @throws FsException EIO
  public static @Nullable Superblock findBackup(BlockDevice device) throws FsException {
    for (int blockSize = MAX_BLOCK_SIZE; blockSize >= SIZE; blockSize >>= 1) {
      long groupBytes = 8L * blockSize * blockSize;
      long first = blockSize == SIZE ? SIZE : 0;
      for (int group = 1; group <= 81; group++) {
        long pos = first + group * groupBytes;
        if (!Geometry.isSparseGroup(group) || pos > device.sizeBytes() - SIZE) {
          continue;
        }
        Superblock sb = readAt(device, pos);
        if (sb.magic() != EXT4_MAGIC
            || sb.blockGroupNr() != group
            || sb.logBlockSize() != Integer.numberOfTrailingZeros(blockSize) - 10) {
          continue;
        }
        try {
          sb.validate(device.name(), device.sizeBytes());
          return sb;
        } catch (FsException e) {
          continue; // not this one: the search has 15 places for each block size
        }
      }
    }
    return null;
  }

  /// Reads the 1024 bytes at a place, without validation.
  ///
  /// @param device where from
  /// @param pos byte of the device
  /// @return what is there
  /// @throws FsException EIO; EINVAL if the device is too small for a file system
  public static Superblock readAt(BlockDevice device, long pos) throws FsException {
    if (pos > device.sizeBytes() - SIZE) {
      throw new FsException(
          Errno.EINVAL, device.name() + ": too small for a file system: " + device.sizeBytes());
    }
    int sector = device.sectorSize();
    long start = pos / sector * sector;
    int length = Math.max(sector, (int) (pos - start) + SIZE);
    MemorySegment sectors = MemorySegment.ofArray(new byte[length]);
    device.read(start, sectors);
    return copyOf(sectors, pos - start);
  }

  /// Throws unless every number that anything is computed from makes sense, together with the
  /// others and with the size of the device, and we can read such a file system at all.
  ///
  /// @param device name for messages
  /// @param deviceBytes size of the device; 0 or less if it is not to be checked
  /// @throws FsException see [#read]
  public void validate(String device, long deviceBytes) throws FsException {
    new SuperblockCheck(this, device).run(deviceBytes);
  }

  private long getSplit(int low, int high) {
    return LittleEndian.u32(raw, low) | LittleEndian.u32(raw, high) << 32;
  }

  private void putSplit(int low, int high, long value) {
    LittleEndian.put32(raw, low, (int) value);
    LittleEndian.put32(raw, high, (int) (value >>> 32));
  }

  /// Times have 40 bits: 32 where they always were, and 8 more at the end.
  long getTime(int low, int high) {
    return LittleEndian.u32(raw, low) | (long) LittleEndian.u8(raw, high) << 32;
  }

  void putTime(int low, int high, long value) {
    long seconds = Math.clamp(value, 0, 0xff_ffff_ffffL);
    LittleEndian.put32(raw, low, (int) seconds);
    LittleEndian.put8(raw, high, (int) (seconds >>> 32));
  }

  String getString(int at, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(raw, at, MemorySegment.ofArray(bytes), 0, length);
    int end = 0;
    while (end < length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /// Cuts between characters, never within one.
  void putString(int at, int length, String value) {
    raw.asSlice(at, length).fill((byte) 0);
    int chars = value.length();
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    while (bytes.length > length) {
      chars = value.offsetByCodePoints(chars, -1);
      bytes = value.substring(0, chars).getBytes(StandardCharsets.UTF_8);
    }
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, raw, at, bytes.length);
  }

  private UUID getUuid(int at) {
    return new UUID(
        Long.reverseBytes(LittleEndian.i64(raw, at)),
        Long.reverseBytes(LittleEndian.i64(raw, at + 8)));
  }

  private void putUuid(int at, UUID value) {
    LittleEndian.put64(raw, at, Long.reverseBytes(value.getMostSignificantBits()));
    LittleEndian.put64(raw, at + 8, Long.reverseBytes(value.getLeastSignificantBits()));
  }
}
