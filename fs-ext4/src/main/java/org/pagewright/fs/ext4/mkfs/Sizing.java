package org.pagewright.fs.ext4.mkfs;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.DirHash;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Features;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.Superblock;

/// Turns a device size and options into the numbers of a superblock, as mke2fs and the library
/// below it do: first what kind of size it is, then groups and inodes, again with a group less
/// where the last would be too small to be of use.
final class Sizing {
  private static final long MIB = 1 << 20;
  private static final long TIB = 1L << 40;
  private static final long MAX_32 = 0xffff_ffffL;
  private static final int LABEL_BYTES = 16;

  /// Fields of an inode beyond the first 128 bytes that have a meaning today.
  private static final int EXTRA_ISIZE = 32;

  /// The last group must have so many blocks beyond its own metadata.
  private static final int LAST_GROUP_MARGIN = 50;

  private final String name;
  private final MkfsOptions options;
  private final long time;
  private final Superblock sb = Superblock.blank();
  private Features features;
  private long bytes;
  private int blockSize;
  private long journalBlocks;

  /// Set by [#computeGroups] where fewer blocks per group would help.
  private boolean tooManyInodesPerGroup;

  private Sizing(String name, MkfsOptions options) {
    this.name = name;
    this.options = options;
    this.features = options.features;
    this.time =
        options.timeSeconds >= 0 ? options.timeSeconds : System.currentTimeMillis() / 1000;
  }

  /// A plan: the superblock, and the length of the journal.
  ///
  /// @param superblock with everything but free counts, file positions and checksum
  /// @param journalBlocks blocks of the journal, 0 for none
  record Plan(Superblock superblock, long journalBlocks) {}

  static Plan plan(String name, long deviceBytes, MkfsOptions options) throws FsException {
    Sizing sizing = new Sizing(name, options);
    sizing.compute(deviceBytes);
    return new Plan(sizing.sb, sizing.journalBlocks);
  }

  private void compute(long deviceBytes) throws FsException {
    bytes = options.sizeBytes == MkfsOptions.WHOLE_DEVICE ? deviceBytes : options.sizeBytes;
    check(bytes > 0 && bytes <= deviceBytes, "size " + bytes + " of a device of " + deviceBytes);
    blockSize = options.blockSize != 0 ? options.blockSize : bytes < 512 * MIB ? 1024 : 4096;
    check(
        blockSize >= 1024
            && blockSize <= Superblock.MAX_BLOCK_SIZE
            && Integer.bitCount(blockSize) == 1,
        "block size " + blockSize + ", not 1024, 2048 or 4096");
    int inodeSize = options.inodeSize;
    check(
        inodeSize >= Superblock.OLD_INODE_SIZE
            && inodeSize <= blockSize
            && Integer.bitCount(inodeSize) == 1,
        "inode size " + inodeSize + ", not a power of two from 128 to " + blockSize);
    check(
        options.label.getBytes(StandardCharsets.UTF_8).length <= LABEL_BYTES,
        "label '" + options.label + "' has more than 16 bytes");
    check(
        options.reservedPercent >= 0 && options.reservedPercent <= 50,
        "reserved percentage " + options.reservedPercent + ", not 0 to 50");
    check((options.rootMode & ~07777) == 0, "root mode " + options.rootMode);
    check(time <= 0xff_ffff_ffffL, "time " + time);
    long blocks = bytes / blockSize;
    chooseFeatures(blocks);
    chooseJournal(blocks);
    fillConstants();
    sb.putFeatures(features);
    sb.putBlocksCount(blocks);
    long wantedInodes = wantedInodes(blocks);
    long perGroup = blocksPerGroup();
    // Ends: each turn takes a group or 8 blocks per group away.
    while (!computeGroups(perGroup, wantedInodes)) {
      if (tooManyInodesPerGroup) {
        perGroup -= 8;
        sb.putBlocksCount(blocks);
      }
    }
    if (sb.features().has(Feature.ORPHAN_FILE)) {
      // The first of those that are not reserved, or the one behind lost+found.
      sb.putOrphanFileInode(sb.firstInode() + (options.lostFound ? 1 : 0));
    }
    sb.seal();
    try {
      sb.validate(name, bytes);
    } catch (CorruptedException e) {
      throw new FsException(Errno.EINVAL, "mkfs: " + e.getMessage(), e);
    }
  }

  private void chooseFeatures(long blocks) throws FsException {
    Features possible =
        Features.NONE.with(
            Feature.HAS_JOURNAL,
            Feature.EXT_ATTR,
            Feature.RESIZE_INODE,
            Feature.DIR_INDEX,
            Feature.SPARSE_SUPER2,
            Feature.STABLE_INODES,
            Feature.ORPHAN_FILE,
            Feature.FILETYPE,
            Feature.META_BG,
            Feature.EXTENT,
            Feature.BIT64,
            Feature.FLEX_BG,
            Feature.METADATA_CSUM_SEED,
            Feature.LARGE_DIR,
            Feature.SPARSE_SUPER,
            Feature.LARGE_FILE,
            Feature.HUGE_FILE,
            Feature.UNINIT_BG,
            Feature.DIR_NLINK,
            Feature.EXTRA_ISIZE,
            Feature.METADATA_CSUM);
    for (Feature f : Feature.values()) {
      check(
          !features.has(f) || possible.has(f),
          "a file system with the feature " + f.label() + " cannot be made here");
    }
    if (features.has(Feature.METADATA_CSUM)) {
      features = features.without(Feature.UNINIT_BG);
    }
    check(
        features.has(Feature.EXTENT) || !features.has(Feature.BIT64),
        "64bit needs extent: switch 64bit off too");
    check(
        features.has(Feature.METADATA_CSUM) || !features.has(Feature.METADATA_CSUM_SEED),
        "metadata_csum_seed needs metadata_csum");
    check(
        features.has(Feature.HAS_JOURNAL) || !features.has(Feature.ORPHAN_FILE),
        "orphan_file needs has_journal");
    check(
        !features.has(Feature.META_BG) || !features.has(Feature.RESIZE_INODE),
        "meta_bg and resize_inode exclude each other: switch resize_inode off");
    check(
        features.has(Feature.SPARSE_SUPER)
            || features.has(Feature.SPARSE_SUPER2)
            || !features.has(Feature.RESIZE_INODE),
        "resize_inode needs sparse_super");
    check(
        features.has(Feature.BIT64) || blocks <= MAX_32,
        blocks + " blocks need the feature 64bit, or larger blocks");
    check(blocks < 1L << 48, blocks + " blocks are more than 48 bits can count");
    if (blocks > MAX_32) {
      // The resize inode's blocks point to descriptors with 32 bits.
      features = features.without(Feature.RESIZE_INODE);
    }
    check(
        options.flexGroups > 0 && Integer.bitCount(options.flexGroups) == 1,
        "flexible groups of " + options.flexGroups + ", not a power of two");
  }

  private void chooseJournal(long blocks) throws FsException {
    if (!features.has(Feature.HAS_JOURNAL)) {
      check(options.journalBytes == 0, "a journal size without has_journal");
      return;
    }
    if (options.journalBytes != 0) {
      journalBlocks = options.journalBytes / blockSize;
      check(
          journalBlocks >= 1024 && journalBlocks <= 10_240_000,
          "a journal of " + journalBlocks + " blocks, not 1024 to 10240000");
      check(journalBlocks <= blocks / 2, "a journal of more than half the file system");
      return;
    }
    journalBlocks = defaultJournalBlocks(blocks);
    if (journalBlocks == 0) {
      features = features.without(Feature.HAS_JOURNAL, Feature.ORPHAN_FILE);
    }
  }

  private static long defaultJournalBlocks(long blocks) {
    if (blocks < 2048) {
      return 0;
    }
    if (blocks < 32768) {
      return 1024;
    }
    // 256 Ki blocks, 512 Ki, 4 Mi, 8 Mi, 16 Mi, 32 Mi.
    long[] limits = {256 << 10, 512 << 10, 4 << 20, 8 << 20, 16 << 20, 32 << 20};
    long[] journals = {4096, 8192, 16384, 32768, 65536, 131072};
    for (int i = 0; i < limits.length; i++) {
      if (blocks < limits[i]) {
        return journals[i];
      }
    }
    return 262144;
  }

  private void fillConstants() {
    sb.putMagic(Superblock.EXT4_MAGIC);
    sb.putState(Superblock.STATE_CLEAN);
    sb.putErrorsBehaviour(1);
    sb.putRevision(1);
    sb.putMaxMountCount(0xffff);
    sb.putFirstInode(Superblock.OLD_FIRST_INODE);
    sb.putInodeSize(options.inodeSize);
    sb.putLogBlockSize(Integer.numberOfTrailingZeros(blockSize) - 10);
    sb.putLogClusterSize(sb.logBlockSize());
    sb.putFirstDataBlock(blockSize == 1024 ? 1 : 0);
    sb.putWriteTime(time);
    sb.putLastCheck(time);
    sb.putMkfsTime(time);
    sb.putLabel(options.label);
    sb.putUuid(options.uuid != null ? options.uuid : draw("uuid"));
    sb.putHashSeed(options.hashSeed != null ? options.hashSeed : draw("hash seed"));
    sb.putDefaultHashVersion(DirHash.HALF_MD4);
    sb.putFlags(Superblock.FLAG_SIGNED_HASH);
    sb.putDefaultMountOptions(Superblock.DEFAULT_XATTR_USER | Superblock.DEFAULT_ACL);
    if (features.has(Feature.BIT64)) {
      sb.putRawDescSize(GroupDescriptor.SIZE_64);
    }
    if (options.inodeSize > Superblock.OLD_INODE_SIZE) {
      sb.putMinExtraIsize(EXTRA_ISIZE);
      sb.putWantExtraIsize(EXTRA_ISIZE);
    }
    if (features.has(Feature.FLEX_BG)) {
      sb.putLogGroupsPerFlex(Integer.numberOfTrailingZeros(options.flexGroups));
    }
    if (journalBlocks > 0) {
      sb.putJournalInode(Mkfs.JOURNAL_INO);
    }
    if (features.has(Feature.METADATA_CSUM)) {
      sb.putChecksumType(1);
    }
    if (features.has(Feature.METADATA_CSUM_SEED)) {
      UUID uuid = sb.uuid();
      int seed = Crc32c.update64(Crc32c.SEED, Long.reverseBytes(uuid.getMostSignificantBits()));
      sb.putRawChecksumSeed(
          Crc32c.update64(seed, Long.reverseBytes(uuid.getLeastSignificantBits())));
    }
  }

  /// A random UUID; under a fixed time one that is derived from it, the size, and the label.
  private UUID draw(String purpose) {
    if (options.timeSeconds < 0) {
      return UUID.randomUUID();
    }
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String text = String.join(" ", "mkfs", purpose, "" + time, "" + bytes, options.label);
      byte[] hash = digest.digest(text.getBytes(StandardCharsets.UTF_8));
      long high = 0;
      long low = 0;
      for (int i = 0; i < 8; i++) {
        high = high << 8 | (hash[i] & 0xff);
        low = low << 8 | (hash[8 + i] & 0xff);
      }
      // Version 8: made as its maker likes; variant of RFC 9562.
      return new UUID(high & ~0xf000L | 0x8000L, low & ~(3L << 62) | 2L << 62);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java platform has SHA-256
    }
  }

  private long wantedInodes(long blocks) throws FsException {
    if (options.inodes != 0) {
      check(
          options.inodes > 0 && options.inodes <= MAX_32,
          "number of inodes " + options.inodes + ", not 1 to 4294967295");
      return options.inodes;
    }
    long ratio = options.bytesPerInode;
    if (ratio == 0) {
      ratio =
          bytes < 3 * MIB
              ? 8192
              : bytes < 512 * MIB
                  ? 4096
                  : bytes < 4 * TIB ? 16384 : bytes < 16 * TIB ? 32768 : 65536;
    }
    check(
        ratio >= 1024 && ratio <= 64 * MIB,
        "bytes per inode " + ratio + ", not 1024 to " + 64 * MIB);
    return Math.min(blocks * blockSize / ratio, MAX_32);
  }

  private long blocksPerGroup() throws FsException {
    long most = 8L * blockSize;
    long perGroup = options.blocksPerGroup != 0 ? options.blocksPerGroup : most;
    check(
        perGroup >= 256 && perGroup <= most && perGroup % 8 == 0,
        "blocks per group " + perGroup + ", not a multiple of 8 from 256 to " + most);
    return perGroup;
  }

  /// One attempt with a number of blocks per group. False: try again, with fewer blocks per group
  /// if [#tooManyInodesPerGroup], else with the block count that this has lowered.
  private boolean computeGroups(long perGroup, long wantedInodes) throws FsException {
    tooManyInodesPerGroup = false;
    long blocks = sb.blocksCount();
    long first = sb.firstDataBlock();
    check(blocks > first, "too small");
    long groups = ceilDiv(blocks - first, perGroup);
    check(groups * 8 <= MAX_32, "too many groups for 32-bit inode numbers: " + groups);
    int descSize = sb.descSize();
    long descBlocks = ceilDiv(groups, blockSize / descSize);
    long inodesPerGroup =
        ceilDiv(Math.max(wantedInodes, Superblock.OLD_FIRST_INODE + 1), groups);
    if (inodesPerGroup > 8L * blockSize) {
      check(perGroup >= 256 + 8, "too many inodes: " + wantedInodes);
      tooManyInodesPerGroup = true;
      return false;
    }
    inodesPerGroup = roundInodes(inodesPerGroup, groups);
    long tableBlocks = ceilDiv(inodesPerGroup * options.inodeSize, blockSize);

    long reservedGdt =
        features.has(Feature.RESIZE_INODE)
            ? reservedGdtBlocks(blocks, perGroup, descBlocks, descSize)
            : 0;
    if (reservedGdt + descBlocks > perGroup * 3 / 4 && !features.has(Feature.META_BG)) {
      check(reservedGdt == 0, "groups of " + perGroup + " blocks leave no room for descriptors");
      features = features.with(Feature.META_BG);
      sb.putFeatures(features);
    }
    boolean metaBg = features.has(Feature.META_BG);
    long overhead = 3 + tableBlocks + reservedGdt + (metaBg ? 1 : descBlocks);
    check(overhead <= perGroup, "too many inodes: they fill their groups");

    int last = (int) (groups - 1);
    boolean lastHasSuper =
        last == 0
            || (features.has(Feature.SPARSE_SUPER2)
                ? last >= 1
                : !features.has(Feature.SPARSE_SUPER) || Geometry.isSparseGroup(last));
    long lastOverhead = 2 + tableBlocks + (lastHasSuper ? 1 + descBlocks + reservedGdt : 0);
    long rest = (blocks - first) % perGroup;
    check(groups > 1 || rest == 0 || rest >= lastOverhead, "too small: " + blocks + " blocks");
    if (groups > 1 && rest > 0 && rest < lastOverhead + LAST_GROUP_MARGIN) {
      sb.putBlocksCount(blocks - rest);
      return false;
    }
    sb.putBlocksPerGroup(perGroup);
    sb.putClustersPerGroup(perGroup);
    sb.putInodesPerGroup(inodesPerGroup);
    sb.putInodesCount(inodesPerGroup * groups);
    sb.putReservedBlocksCount((long) (options.reservedPercent * blocks / 100.0));
    sb.putReservedGdtBlocks((int) reservedGdt);
    if (features.has(Feature.SPARSE_SUPER2)) {
      sb.putBackupGroup(0, groups > 1 ? 1 : 0);
      sb.putBackupGroup(1, groups > 2 ? last : 0);
    }
    return true;
  }

  /// Fills the blocks of the table, keeps to multiples of 8 for the bitmap, and to 32 bits in all.
  private long roundInodes(long wanted, long groups) {
    int perBlock = blockSize / options.inodeSize;
    long perGroup = Math.min(wanted, 65536 - perBlock);
    while (true) {
      long rounded = ceilDiv(perGroup, perBlock) * perBlock;
      rounded = Math.max(groups == 1 ? 16 : 8, rounded) & ~7L;
      if (rounded * groups <= MAX_32) {
        return rounded;
      }
      perGroup--; // ends: 8 inodes in each of fewer than 2^28 groups fit
    }
  }

  /// Room for growing to 1024 times the size, but not beyond what one indirect block can list.
  private long reservedGdtBlocks(long blocks, long perGroup, long descBlocks, int descSize) {
    long most = Math.min(MAX_32, blocks < MAX_32 / 1024 ? blocks * 1024 : MAX_32);
    long groups = ceilDiv(most - sb.firstDataBlock(), perGroup);
    long more = ceilDiv(groups, blockSize / descSize) - descBlocks;
    return Math.clamp(more, 0, blockSize / 4);
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }

  private void check(boolean holds, String what) throws FsException {
    if (!holds) {
      throw new FsException(Errno.EINVAL, "mkfs " + name + ": " + what);
    }
  }
}
