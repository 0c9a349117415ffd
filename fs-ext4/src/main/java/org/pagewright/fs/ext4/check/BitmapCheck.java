package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// The bitmaps and counts of each group, and those of the superblock, against what was found.
final class BitmapCheck {
  private final Scan scan;
  private final Geometry geometry;
  private long freeClusters;
  private long freeInodes;

  BitmapCheck(Scan scan) {
    this.scan = scan;
    this.geometry = scan.geometry;
  }

  void run() {
    for (int group = 0; group < geometry.groupCount(); group++) {
      blocks(group);
      inodes(group);
    }
    FindingCode stale = scan.replayed ? FindingCode.STALE_COUNTS : null;
    long block = geometry.superblockBlock();
    long told = scan.sb.freeBlocksCount();
    if (told != freeClusters * geometry.clusterRatio()) {
      scan.damage(
          stale == null ? FindingCode.FREE_BLOCKS : stale,
          0,
          block,
          "superblock counts " + told + " free blocks, found "
              + freeClusters * geometry.clusterRatio());
    }
    if (scan.sb.freeInodesCount() != freeInodes) {
      scan.damage(
          stale == null ? FindingCode.FREE_INODES : stale,
          0,
          block,
          "superblock counts " + scan.sb.freeInodesCount() + " free inodes, found " + freeInodes);
    }
  }

  private void blocks(int group) {
    int clusters = geometry.clustersInGroup(group);
    long first = scan.cluster(geometry.groupFirstBlock(group));
    long used = 0;
    for (int i = 0; i < clusters; i++) {
      used += scan.claimed.get(first + i) ? 1 : 0;
    }
    freeClusters += clusters - used;
    MemorySegment s = scan.descriptorBlock(group);
    int at = scan.descriptorAt(group);
    int size = geometry.descSize();
    int told = GroupDescriptor.freeBlocks(s, at, size);
    if (told != clusters - used) {
      scan.damage(
          FindingCode.FREE_BLOCKS,
          0,
          geometry.descBlock(geometry.descIndex(group)),
          "group " + group + " counts " + told + " free blocks, found " + (clusters - used));
    }
    long place = GroupDescriptor.blockBitmap(s, at, size);
    boolean uninit = (scan.flags(group) & GroupDescriptor.BLOCK_UNINIT) != 0;
    MemorySegment bitmap = uninit ? null : read(place, "block bitmap");
    if (bitmap != null) {
      int crc = Checksums.blockBitmap(geometry, bitmap, 0);
      checksum(group, place, "block", GroupDescriptor.blockBitmapChecksum(s, at, size), crc);
      compare(group, place, "block", bitmap, clusters, scan.claimed, first);
    } else if (uninit) {
      uninit(group, place, clusters, first);
    }
  }

  /// A bitmap that was never written: only what the file system itself owns may be in use.
  private void uninit(int group, long place, int clusters, long first) {
    for (int i = 0; i < clusters; i++) {
      if (scan.claimed.get(first + i) && !scan.own.get(first + i)) {
        scan.damage(
            FindingCode.BLOCK_BITMAP,
            0,
            place,
            "block " + block(first + i) + " is in use, and group " + group
                + " says that none of its blocks ever was");
        return;
      }
    }
  }

  private long block(long cluster) {
    return geometry.firstDataBlock() + cluster * geometry.clusterRatio();
  }

  private void inodes(int group) {
    int count = geometry.inodesPerGroup();
    long first = (long) group * count + 1;
    long used = 0;
    long directories = 0;
    for (int i = 0; i < count; i++) {
      used += scan.used.get(first + i) ? 1 : 0;
      directories += scan.directories.get(first + i) ? 1 : 0;
    }
    freeInodes += count - used;
    MemorySegment s = scan.descriptorBlock(group);
    int at = scan.descriptorAt(group);
    int size = geometry.descSize();
    long descriptors = geometry.descBlock(geometry.descIndex(group));
    int told = GroupDescriptor.freeInodes(s, at, size);
    if (told != count - used) {
      scan.damage(
          FindingCode.FREE_INODES,
          0,
          descriptors,
          "group " + group + " counts " + told + " free inodes, found " + (count - used));
    }
    int toldDirectories = GroupDescriptor.usedDirs(s, at, size);
    if (toldDirectories != directories) {
      scan.damage(
          FindingCode.DIRECTORIES,
          0,
          descriptors,
          "group " + group + " counts " + toldDirectories + " directories, found " + directories);
    }
    long place = GroupDescriptor.inodeBitmap(s, at, size);
    boolean uninit = (scan.flags(group) & GroupDescriptor.INODE_UNINIT) != 0;
    MemorySegment bitmap = uninit ? null : read(place, "inode bitmap");
    if (bitmap != null) {
      int crc = Checksums.inodeBitmap(geometry, bitmap, 0);
      checksum(group, place, "inode", GroupDescriptor.inodeBitmapChecksum(s, at, size), crc);
      compare(group, place, "inode", bitmap, count, scan.used, first);
    } else if (uninit && used > 0) {
      scan.damage(
          FindingCode.INODE_BITMAP,
          0,
          place,
          used + " inodes are in use, and group " + group + " says that none ever was");
    }
  }

  private @Nullable MemorySegment read(long place, String what) {
    return geometry.isBlockRange(place, 1) ? scan.block(place, 0, what) : null;
  }

  private void checksum(int group, long place, String what, int told, int crc) {
    if (geometry.hasMetadataChecksums()
        && told != Checksums.keptInDescriptor(crc, geometry.descSize())) {
      scan.damage(
          FindingCode.BITMAP_CHECKSUM,
          0,
          place,
          what + " bitmap of group " + group + " has a wrong checksum");
    }
  }

  /// @param first what bit 0 stands for
  private void compare(
      int group, long place, String what, MemorySegment bitmap, int count, SparseBits found,
      long first) {
    long firstMissing = -1;
    long missing = 0;
    long firstExtra = -1;
    long extra = 0;
    for (int i = 0; i < count; i++) {
      boolean set = (LittleEndian.u8(bitmap, i >> 3) >> (i & 7) & 1) != 0;
      boolean used = found.get(first + i);
      if (set && !used) {
        firstExtra = extra++ == 0 ? first + i : firstExtra;
      } else if (used && !set) {
        firstMissing = missing++ == 0 ? first + i : firstMissing;
      }
    }
    boolean ofBlocks = what.equals("block");
    FindingCode code = ofBlocks ? FindingCode.BLOCK_BITMAP : FindingCode.INODE_BITMAP;
    if (missing > 0) {
      scan.damage(
          code,
          0,
          place,
          what + " bitmap of group " + group + " has " + missing + " in use as free, from " + what
              + " " + (ofBlocks ? block(firstMissing) : firstMissing) + " on");
    }
    if (extra > 0) {
      scan.damage(
          code,
          0,
          place,
          what + " bitmap of group " + group + " has " + extra + " free as in use, from " + what
              + " " + (ofBlocks ? block(firstExtra) : firstExtra) + " on");
    }
    for (int i = count; i < 8 * geometry.blockSize(); i++) {
      if ((LittleEndian.u8(bitmap, i >> 3) >> (i & 7) & 1) == 0) {
        scan.damage(
            FindingCode.BITMAP_PADDING,
            0,
            place,
            what + " bitmap of group " + group + " has bit " + i + " behind its end clear");
        return;
      }
    }
  }
}
