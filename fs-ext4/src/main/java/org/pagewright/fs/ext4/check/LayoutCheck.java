package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.UUID;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.Superblock;

/// The superblock, the group descriptors, the backups of both, and what of the device is the file
/// system's own.
final class LayoutCheck {
  /// How many backups of descriptors are compared: without sparse_super each group has one.
  private static final int BACKUPS_MAX = 64;

  private static final String[] PLACES = {"block bitmap", "inode bitmap", "inode table"};

  private final Scan scan;
  private final Geometry geometry;
  private final Superblock sb;

  LayoutCheck(Scan scan) {
    this.scan = scan;
    this.geometry = scan.geometry;
    this.sb = scan.sb;
  }

  void run() {
    superblock();
    for (int i = 0; i < scan.descriptors.length; i++) {
      MemorySegment s = scan.block(geometry.descBlock(i), 0, "block of group descriptors");
      scan.descriptors[i] =
          s == null ? MemorySegment.ofArray(new byte[geometry.blockSize()]) : s;
    }
    for (int group = 0; group < geometry.groupCount(); group++) {
      fixed(group);
    }
    if (scan.has(Feature.MMP) && geometry.isBlockRange(sb.mmpBlock(), 1)) {
      claim(sb.mmpBlock(), 1, 0, "multi-mount block");
    }
    for (int group = 0; group < geometry.groupCount(); group++) {
      descriptor(group);
    }
    backups();
  }

  private void superblock() {
    long block = geometry.superblockBlock();
    if (sb.reservedBlocksCount() > sb.blocksCount() / 2) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          block,
          "superblock keeps " + sb.reservedBlocksCount() + " of " + sb.blocksCount()
              + " blocks for the reserved user, more than half");
    }
    if ((sb.state() & Superblock.STATE_ERROR) != 0 || sb.errorCount() > 0) {
      scan.damage(
          FindingCode.MARKED_DAMAGED,
          0,
          block,
          "superblock is marked as having errors: " + sb.errorCount() + " were met");
    } else if ((sb.state() & Superblock.STATE_CLEAN) == 0) {
      scan.damage(FindingCode.NOT_CLOSED, 0, block, "superblock is not marked as closed cleanly");
    }
    if (geometry.inodeSize() > Superblock.OLD_INODE_SIZE
        && (isOdd(sb.minExtraIsize()) || isOdd(sb.wantExtraIsize()))) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          block,
          "superblock asks for inodes with " + sb.wantExtraIsize() + " and at least "
              + sb.minExtraIsize() + " more bytes");
    }
    long projects = sb.projectQuotaInode();
    if (projects != 0 && (projects < sb.firstInode() || projects > sb.inodesCount())) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          block,
          "superblock has the quotas of projects in inode " + projects + ", which there is not");
    }
    int descSize = sb.rawDescSize(); // drivers look at it only with the feature 64bit
    if (descSize > Superblock.SIZE || Integer.bitCount(descSize) > 1) {
      scan.damage(
          FindingCode.SUPERBLOCK, 0, block, "superblock has a descriptor size of " + descSize);
    }
    UUID none = new UUID(0, 0);
    if (!scan.has(Feature.HAS_JOURNAL)
        ? sb.journalInode() != 0 || !sb.journalUuid().equals(none)
        : sb.journalInode() != 0 && !sb.journalUuid().equals(none)) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          block,
          "superblock names a journal (inode " + sb.journalInode() + ", UUID " + sb.journalUuid()
              + ") that it does not have");
    }
    if (sb.reservedGdtBlocks() > 0 && !scan.has(Feature.RESIZE_INODE)) {
      scan.damage(
          FindingCode.SUPERBLOCK,
          0,
          block,
          "superblock keeps " + sb.reservedGdtBlocks()
              + " blocks for more descriptors, without the feature resize_inode");
    }
  }

  private static boolean isOdd(int extraSize) {
    return (extraSize & 3) != 0;
  }

  /// What of a group lies where the geometry says.
  private void fixed(int group) {
    long first = geometry.groupFirstBlock(group);
    int count = Math.min(geometry.baseBlocksIn(group), geometry.blocksInGroup(group));
    if (count > 0) {
      claim(first, count, group, "superblock and descriptors");
    }
  }

  private void claim(long first, long count, int group, String what) {
    long low = scan.cluster(first);
    long clusters = scan.cluster(first + count - 1) - low + 1;
    // Under bigalloc structures of the file system share clusters.
    boolean mayShare = geometry.clusterRatio() > 1;
    if (scan.claimed.setAll(low, clusters, mayShare ? scan.claimed : scan.twice) && !mayShare) {
      scan.damage(
          FindingCode.METADATA_OVERLAP,
          0,
          first,
          what + " of group " + group + " overlaps another structure of the file system");
    }
    scan.own.setAll(low, clusters, scan.own);
  }

  private void descriptor(int group) {
    MemorySegment s = scan.descriptorBlock(group);
    int at = scan.descriptorAt(group);
    int size = geometry.descSize();
    long block = geometry.descBlock(geometry.descIndex(group));
    if (!GroupDescriptor.checksumMatches(geometry, group, s, at)) {
      scan.damage(
          FindingCode.DESCRIPTOR_CHECKSUM,
          0,
          block,
          "descriptor of group " + group + " has a wrong checksum");
    }
    long[] places = places(s, at, size);
    for (int i = 0; i < places.length; i++) {
      int count = i == 2 ? geometry.inodeTableBlocks() : 1;
      long low = geometry.firstDataBlock() + 1L;
      long end = geometry.blocksCount();
      if (!geometry.hasFlexGroups()) {
        low = Math.max(low, geometry.groupFirstBlock(group));
        end = geometry.groupFirstBlock(group) + geometry.blocksInGroup(group);
      }
      if (places[i] < low || places[i] > end - count) {
        scan.damage(
            FindingCode.DESCRIPTOR_PLACE,
            0,
            block,
            "descriptor of group " + group + " has the " + PLACES[i] + " at block " + places[i]
                + ", not within " + low + ".." + end);
      } else {
        claim(places[i], count, group, PLACES[i]);
      }
    }
    int flags = GroupDescriptor.flags(s, at);
    int unused = GroupDescriptor.unusedInodes(s, at, size);
    boolean last = group == geometry.groupCount() - 1;
    boolean never =
        (flags & (GroupDescriptor.INODE_UNINIT | GroupDescriptor.BLOCK_UNINIT)) != 0
            || unused != 0;
    if (geometry.hasGroupChecksums()
        ? last && (flags & GroupDescriptor.BLOCK_UNINIT) != 0
        : never) {
      scan.damage(
          FindingCode.DESCRIPTOR_FLAGS,
          0,
          block,
          String.format(
              "descriptor of group %d has flags %x, and %d inodes never used",
              group, flags, unused));
    }
    if (geometry.hasGroupChecksums()) {
      if (unused < 0 || unused > geometry.inodesPerGroup()) {
        scan.damage(
            FindingCode.FREE_INODES,
            0,
            block,
            "descriptor of group " + group + " has " + unused + " inodes never used, of "
                + geometry.inodesPerGroup());
      }
    }
  }

  private static long[] places(MemorySegment s, int at, int size) {
    return new long[] {
      GroupDescriptor.blockBitmap(s, at, size),
      GroupDescriptor.inodeBitmap(s, at, size),
      GroupDescriptor.inodeTable(s, at, size)
    };
  }

  // ---- Backups ----------------------------------------------------------------------------------

  private void backups() {
    int compared = 0;
    for (int group = 1; group < geometry.groupCount(); group++) {
      if (geometry.hasSuper(group) && compared < BACKUPS_MAX) {
        compared++;
        backupSuperblock(group);
        backupDescriptors(group);
      }
    }
  }

  private void backupSuperblock(int group) {
    long blockNr = geometry.groupFirstBlock(group);
    String wrong;
    try {
      Superblock copy = Superblock.readAt(scan.device, blockNr * geometry.blockSize());
      wrong = difference(copy, group);
    } catch (FsException e) {
      wrong = String.valueOf(e.getMessage());
    }
    if (!wrong.isEmpty()) {
      scan.damage(
          FindingCode.BACKUP_SUPERBLOCK,
          0,
          blockNr,
          "backup of the superblock in group " + group + ": " + wrong);
    }
  }

  private String difference(Superblock copy, int group) {
    if (copy.magic() != Superblock.EXT4_MAGIC) {
      return String.format("magic %04x", copy.magic());
    }
    if (!copy.checksumMatches()) {
      return "wrong checksum";
    }
    if (copy.blockGroupNr() != (group & 0xffff)) {
      return "it says it is of group " + copy.blockGroupNr();
    }
    boolean same =
        copy.blocksCount() == sb.blocksCount()
            && copy.inodesCount() == sb.inodesCount()
            && copy.logBlockSize() == sb.logBlockSize()
            && copy.blocksPerGroup() == sb.blocksPerGroup()
            && copy.inodesPerGroup() == sb.inodesPerGroup()
            && copy.inodeSize() == sb.inodeSize()
            && copy.rawDescSize() == sb.rawDescSize()
            && copy.uuid().equals(sb.uuid());
    return same ? "" : "its sizes or its UUID are not those of the first one";
  }

  private void backupDescriptors(int group) {
    for (int i = 0; i < geometry.descBlocks(); i++) {
      long blockNr = geometry.descBlockIn(i, group);
      MemorySegment s = blockNr < 0 ? null : scan.block(blockNr, 0, "backup of descriptors");
      if (s == null) {
        continue;
      }
      int end = Math.min(geometry.groupCount(), (i + 1) * geometry.descPerBlock());
      for (int of = i * geometry.descPerBlock(); of < end; of++) {
        int at = geometry.descOffset(of);
        int size = geometry.descSize();
        long[] copied = places(s, at, size);
        if (!Arrays.equals(copied, places(scan.descriptorBlock(of), at, size))) {
          scan.damage(
              FindingCode.BACKUP_DESCRIPTORS,
              0,
              blockNr,
              "backup of the descriptors in group " + group + " places the tables of group " + of
                  + " elsewhere");
          return;
        }
      }
    }
  }
}
