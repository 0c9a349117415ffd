package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// The inodes that wait to be freed or cut: the list that begins in the superblock, and the orphan
/// file. Comes before all inodes, because an orphan's deletion time is the next one's number.
final class OrphanCheck {
  private final Scan scan;
  private long count;

  OrphanCheck(Scan scan) {
    this.scan = scan;
  }

  void run() {
    list();
    if (scan.has(Feature.ORPHAN_FILE)) {
      file();
    }
    if (count > 0) {
      scan.damage(
          FindingCode.ORPHANS, 0, -1, count + " inodes are freed or cut when it is opened next");
    }
  }

  private boolean isUserInode(long ino) {
    return scan.geometry.isInode(ino) && ino >= scan.sb.firstInode();
  }

  /// Whether the bitmap has an inode as free, as far as it can be read.
  private boolean isFree(long ino) {
    int group = scan.geometry.groupOfInode(ino);
    if ((scan.flags(group) & GroupDescriptor.INODE_UNINIT) != 0) {
      return true;
    }
    long place =
        GroupDescriptor.inodeBitmap(
            scan.descriptorBlock(group), scan.descriptorAt(group), scan.geometry.descSize());
    MemorySegment bitmap =
        scan.geometry.isBlockRange(place, 1) ? scan.block(place, 0, "inode bitmap") : null;
    long bit = (ino - 1) % scan.geometry.inodesPerGroup();
    return bitmap != null && (LittleEndian.u8(bitmap, bit >>> 3) >>> (bit & 7) & 1) == 0;
  }

  private void list() {
    long from = 0;
    long ino = scan.sb.lastOrphan();
    // Ends: each inode is entered once.
    while (ino != 0) {
      if (!isUserInode(ino) || scan.orphans.get(ino)) {
        scan.damage(
            FindingCode.ORPHAN_LIST,
            from,
            -1,
            "the list of orphans leads to inode " + ino
                + (isUserInode(ino) ? ", where it has been" : ", which no file can have"));
        return;
      }
      MemorySegment s = scan.inode(ino);
      if (s != null && InodeCodec.mode(s, 0) == 0 || isFree(ino)) {
        // No orphan then: nobody follows the list to it, and its deletion time is no number.
        scan.damage(
            FindingCode.ORPHAN_LIST, ino, -1, "the list of orphans leads to an inode not in use");
        return;
      }
      scan.orphans.set(ino);
      count++;
      if (s == null) {
        return;
      }
      from = ino;
      ino = InodeCodec.deletionTime(s, 0);
    }
  }

  private void file() {
    long ino = scan.sb.orphanFileInode();
    MemorySegment s = ino == 0 ? null : scan.inode(ino);
    if (s == null
        || InodeCodec.mode(s, 0) >>> 12 != Scan.REGULAR
        || InodeCodec.linksCount(s, 0) == 0) {
      scan.damage(
          FindingCode.ORPHAN_FILE, ino, -1, "the inode of the orphan file is no regular file");
      return;
    }
    int generation = InodeCodec.generation(s, 0);
    int seed = Checksums.inodeSeed(scan.geometry.checksumSeed(), ino, generation);
    SparseBits seen = new SparseBits(scan.cluster(scan.geometry.blocksCount() - 1) + 1);
    MapWalk.walk(
        scan,
        ino,
        s,
        false,
        new MapWalk.Visitor() {
          @Override
          public boolean node(long blockNr) {
            return seen.set(scan.cluster(blockNr));
          }

          @Override
          public boolean data(long logical, long n, long blockNr, boolean unwritten) {
            for (long i = 0; i < n; i++) {
              if (seen.set(scan.cluster(blockNr + i)) || scan.geometry.clusterRatio() > 1) {
                orphanBlock(ino, seed, blockNr + i);
              }
            }
            return true;
          }
        });
  }

  private void orphanBlock(long ino, int seed, long blockNr) {
    MemorySegment s = scan.block(blockNr, ino, "block of the orphan file");
    if (s == null) {
      return;
    }
    if (!Checksums.orphanBlockMatches(scan.geometry, seed, blockNr, s, 0)) {
      scan.damage(
          FindingCode.ORPHAN_FILE, ino, blockNr, "orphan file has a wrong magic or checksum");
      return;
    }
    boolean present = scan.has(Feature.ORPHAN_PRESENT);
    int entries = (scan.geometry.blockSize() - Checksums.ORPHAN_TAIL_SIZE) / 4;
    for (int i = 0; i < entries; i++) {
      long orphan = LittleEndian.u32(s, 4L * i);
      if (orphan == 0) {
        continue;
      }
      if (!present || !isUserInode(orphan)) {
        scan.damage(
            FindingCode.ORPHAN_FILE,
            ino,
            blockNr,
            "orphan file names inode " + orphan
                + (present ? ", which no file can have" : ", and is not marked as in use"));
        return;
      }
      if (scan.orphans.set(orphan)) {
        count++;
      }
    }
  }
}
