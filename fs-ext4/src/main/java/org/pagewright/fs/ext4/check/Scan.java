package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.Superblock;

/// What the phases of one check share: the image, and what was found so far.
final class Scan {
  static final long BAD_BLOCKS_INO = 1;
  static final long ROOT_INO = 2;
  static final long BOOT_INO = 5;
  static final long RESIZE_INO = 7;

  static final int DIRECTORY = 4;
  static final int REGULAR = 8;
  static final int SYMLINK = 10;

  /// How often all blocks together may be claimed before maps are no longer followed.
  private static final int CLAIMS_PER_BLOCK = 8;

  final BlockDevice device;
  final Superblock sb;
  final Geometry geometry;
  final Findings findings;

  /// Whether the image was looked at as it is after a replay.
  final boolean replayed;

  /// One bit for each cluster: claimed by anything; claimed more than once.
  final SparseBits claimed;
  final SparseBits twice;

  /// One bit for each cluster of the file system itself.
  final SparseBits own;

  /// One bit for each inode.
  final SparseBits used;
  final SparseBits directories;
  final SparseBits orphans;

  /// Those that are in use without a name.
  final SparseBits hidden;

  final InodeFacts facts;

  /// Blocks of descriptors; one that could not be read is all zeros.
  final MemorySegment[] descriptors;

  private long claims;

  Scan(BlockDevice device, Superblock sb, Findings findings, boolean replayed) {
    this.device = device;
    this.sb = sb;
    this.geometry = new Geometry(sb);
    this.findings = findings;
    this.replayed = replayed;
    long clusters = cluster(geometry.blocksCount() - 1) + 1;
    claimed = new SparseBits(clusters);
    twice = new SparseBits(clusters);
    own = new SparseBits(clusters);
    used = new SparseBits(geometry.inodesCount() + 1);
    directories = new SparseBits(geometry.inodesCount() + 1);
    orphans = new SparseBits(geometry.inodesCount() + 1);
    hidden = new SparseBits(geometry.inodesCount() + 1);
    facts = new InodeFacts(geometry);
    descriptors = new MemorySegment[geometry.descBlocks()];
  }

  void damage(FindingCode code, long ino, long blockNr, String what) {
    findings.add(code, ino, blockNr, what);
  }

  boolean has(Feature feature) {
    return geometry.features().has(feature);
  }

  long cluster(long blockNr) {
    return (blockNr - geometry.firstDataBlock()) / geometry.clusterRatio();
  }

  /// Reads a block.
  ///
  /// @return its bytes, or null, and that is a finding
  @Nullable MemorySegment block(long blockNr, long ino, String what) {
    return blocks(blockNr, 1, ino, what);
  }

  /// Reads neighbouring blocks.
  ///
  /// @return their bytes, or null, and that is a finding
  @Nullable MemorySegment blocks(long blockNr, int count, long ino, String what) {
    int size = geometry.blockSize();
    int sector = device.sectorSize();
    long pos = blockNr * size;
    long start = pos & -sector;
    long end = pos + (long) count * size + sector - 1 & -sector;
    MemorySegment s = MemorySegment.ofArray(new byte[Math.toIntExact(end - start)]);
    try {
      device.read(start, s);
    } catch (FsException e) {
      damage(FindingCode.READ_ERROR, ino, blockNr, what + " cannot be read: " + e.getMessage());
      return null;
    }
    return s.asSlice(pos - start, (long) count * size);
  }

  MemorySegment descriptorBlock(int group) {
    return descriptors[geometry.descIndex(group)];
  }

  int descriptorAt(int group) {
    return geometry.descOffset(group);
  }

  long inodeTable(int group) {
    return GroupDescriptor.inodeTable(
        descriptorBlock(group), descriptorAt(group), geometry.descSize());
  }

  int flags(int group) {
    return geometry.hasGroupChecksums()
        ? GroupDescriptor.flags(descriptorBlock(group), descriptorAt(group))
        : 0;
  }

  /// Whether a group's table lies in the file system, so that it can be read.
  boolean hasTable(int group) {
    long table = inodeTable(group);
    return table > geometry.firstDataBlock()
        && geometry.isBlockRange(table, geometry.inodeTableBlocks());
  }

  /// How many inodes of a group were ever used.
  int inodesToScan(int group) {
    if (!hasTable(group) || (flags(group) & GroupDescriptor.INODE_UNINIT) != 0) {
      return 0;
    }
    int all = geometry.inodesPerGroup();
    if (!geometry.hasGroupChecksums()) {
      return all;
    }
    int unused =
        GroupDescriptor.unusedInodes(
            descriptorBlock(group), descriptorAt(group), geometry.descSize());
    return unused < 0 || unused > all ? all : all - unused;
  }

  /// Reads one inode.
  ///
  /// @return its bytes, or null if it has no place or cannot be read
  @Nullable MemorySegment inode(long ino) {
    int group = geometry.groupOfInode(ino);
    if (!hasTable(group)) {
      return null;
    }
    MemorySegment s = block(inodeBlock(ino), ino, "the inode table");
    return s == null ? null : s.asSlice(geometry.inodeOffset(ino), geometry.inodeSize());
  }

  long inodeBlock(long ino) {
    return geometry.inodeBlock(inodeTable(geometry.groupOfInode(ino)), ino);
  }

  /// Whether no more than so many blocks are claimed in all: beyond, maps lie so much that
  /// following them would take for ever.
  boolean mayClaim(long count) {
    claims += count;
    return claims <= CLAIMS_PER_BLOCK * geometry.blocksCount();
  }

  /// Throws for features under which a check would judge what it does not know.
  void refuseUnknownFeatures() throws FsException {
    StringBuilder unknown = new StringBuilder();
    for (String name : geometry.features().names()) {
      Feature known = Feature.byLabel(name);
      boolean strange =
          known == null
              || switch (known) {
                case LAZY_BG, EXCLUDE_INODE, SNAPSHOT_BITMAP, BTREE_DIR, SNAPSHOT, REPLICA -> true;
                default -> false;
              };
      if (strange) {
        unknown.append(unknown.isEmpty() ? "" : ", ").append(name);
      }
    }
    if (!unknown.isEmpty()) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          device.name() + ": cannot be checked: unknown features: " + unknown
              + " (use an e2fsck that knows them)");
    }
  }
}
