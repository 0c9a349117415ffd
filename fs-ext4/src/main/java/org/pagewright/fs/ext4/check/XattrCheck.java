package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Extended attributes, in inodes and in blocks of their own, and how many inodes use a block.
final class XattrCheck {
  private static final int MAGIC = 0xea02_0000;
  private static final int BLOCK_HEADER = 32;
  private static final int ENTRY = 16;
  private static final int REFERENCES_MAX = 1024;

  private final Scan scan;
  private final Geometry geometry;

  /// One bit for each cluster that begins with an attribute block that was met.
  private final SparseBits met;

  /// Users that are still missing, of blocks that say they have more than one.
  private final Map<Long, int[]> shared = new HashMap<>();

  XattrCheck(Scan scan) {
    this.scan = scan;
    this.geometry = scan.geometry;
    this.met = new SparseBits(scan.cluster(geometry.blocksCount() - 1) + 1);
  }

  /// What lies behind the fields of an inode.
  void inInode(long ino, long blockNr, MemorySegment inode) {
    int size = geometry.inodeSize();
    int first = InodeCodec.xattrOffset(inode, 0, size) + 4;
    if (InodeCodec.extraIsize(inode, 0, size) == 0
        || first + 4 > size
        || LittleEndian.i32(inode, first - 4) != MAGIC) {
      return;
    }
    entries(inode, first, size, first, ino, blockNr, true);
  }

  /// The block that an inode names.
  ///
  /// @return clusters that the inode pays for it: 1, or 0 if it has none
  int inBlock(long ino, long inodeBlock, MemorySegment inode) {
    long blockNr = InodeCodec.fileAcl(inode, 0);
    if (blockNr == 0) {
      return 0;
    }
    if (!geometry.isBlockRange(blockNr, 1)) {
      scan.damage(
          FindingCode.BLOCK_RANGE,
          ino,
          inodeBlock,
          "attributes in block " + blockNr + ", outside the file system");
      return 0;
    }
    long cluster = scan.cluster(blockNr);
    if (!met.set(cluster)) {
      again(ino, blockNr);
      return 1;
    }
    if (scan.claimed.setAll(cluster, 1, scan.twice)) {
      boolean own = scan.own.get(cluster);
      scan.damage(
          own ? FindingCode.BLOCK_OF_METADATA : FindingCode.BLOCK_SHARED,
          ino,
          blockNr,
          "attribute block is claimed by " + (own ? "the file system itself" : "others") + ", too");
    }
    MemorySegment s = scan.block(blockNr, ino, "attribute block");
    if (s != null) {
      first(ino, blockNr, s);
    }
    return 1;
  }

  private void first(long ino, long blockNr, MemorySegment s) {
    long references = LittleEndian.u32(s, 4);
    if (LittleEndian.i32(s, 0) != MAGIC
        || LittleEndian.i32(s, 8) != 1
        || references == 0
        || references > REFERENCES_MAX) {
      scan.damage(
          FindingCode.XATTR_AREA,
          ino,
          blockNr,
          String.format(
              "attribute block has magic %08x, %d references, %d blocks",
              LittleEndian.i32(s, 0), references, LittleEndian.u32(s, 8)));
      return;
    }
    if (geometry.hasMetadataChecksums()
        && !Checksums.xattrBlockMatches(
            geometry.checksumSeed(), blockNr, s, 0, geometry.blockSize())) {
      scan.damage(
          FindingCode.XATTR_CHECKSUM, ino, blockNr, "attribute block has a wrong checksum");
    }
    if (references > 1) {
      shared.put(blockNr, new int[] {(int) references, 1});
    }
    entries(s, BLOCK_HEADER, geometry.blockSize(), 0, ino, blockNr, false);
  }

  private void again(long ino, long blockNr) {
    int[] counts = shared.get(blockNr);
    if (counts != null) {
      counts[1]++;
    } else {
      scan.damage(
          FindingCode.XATTR_REFERENCES,
          ino,
          blockNr,
          "attribute block has more users than it says");
    }
  }

  /// After all inodes.
  void finish() {
    shared.forEach(
        (blockNr, counts) -> {
          if (counts[0] != counts[1]) {
            scan.damage(
                FindingCode.XATTR_REFERENCES,
                0,
                blockNr,
                "attribute block says it has " + counts[0] + " users, found " + counts[1]);
          }
        });
  }

  private void entries(
      MemorySegment s, int first, int end, int base, long ino, long blockNr, boolean inInode) {
    int at = first;
    List<int[]> values = new ArrayList<>();
    while (true) {
      if (at > end - 4) {
        bad(ino, blockNr, "attributes have no end");
        return;
      }
      if (LittleEndian.i32(s, at) == 0) {
        break;
      }
      int nameLength = LittleEndian.u8(s, at);
      int next = at + (ENTRY + nameLength + 3 & ~3);
      if (at + ENTRY > end || next > end) {
        bad(ino, blockNr, "attribute at byte " + at + " reaches past the end");
        return;
      }
      if (LittleEndian.u8(s, at + 1) == 0) {
        bad(ino, blockNr, "attribute at byte " + at + " has a name without a prefix");
        return;
      }
      int value = base + LittleEndian.u16(s, at + 2);
      long size = LittleEndian.u32(s, at + 8);
      if (LittleEndian.i32(s, at + 4) != 0) {
        bad(ino, blockNr, "attribute at byte " + at + " lies in an inode, without ea_inode");
        return;
      }
      if (size > 0 && (size > end - first || value < first || value + size > end)) {
        bad(
            ino,
            blockNr,
            "attribute at byte " + at + " has " + size + " bytes at " + value + ", outside");
        return;
      }
      int hash = LittleEndian.i32(s, at + 12);
      if (!(inInode && hash == 0)
          && hash != hash(s, at, value, (int) size, true)
          && hash != hash(s, at, value, (int) size, false)) {
        scan.damage(
            FindingCode.XATTR_HASH,
            ino,
            blockNr,
            "attribute at byte " + at + " has a wrong hash");
      }
      if (size > 0) {
        values.add(new int[] {value, (int) size + 3 & ~3});
      }
      at = next;
    }
    values.sort((a, b) -> Integer.compare(a[0], b[0]));
    int free = at + 4;
    for (int[] value : values) {
      if (value[0] < free) {
        bad(ino, blockNr, "value of an attribute at byte " + value[0] + " overlaps another");
        return;
      }
      free = value[0] + value[1];
    }
  }

  private void bad(long ino, long blockNr, String what) {
    scan.damage(FindingCode.XATTR_AREA, ino, blockNr, what);
  }

  /// The hash of an entry; older Linux took the bytes of the name as signed on some machines.
  private static int hash(MemorySegment s, int at, int value, int size, boolean unsigned) {
    int hash = 0;
    int length = LittleEndian.u8(s, at);
    for (int i = 0; i < length; i++) {
      int b = LittleEndian.u8(s, at + ENTRY + i);
      hash = hash << 5 ^ hash >>> 27 ^ (unsigned ? b : (byte) b);
    }
    for (int i = 0; i < size; i += 4) {
      int word = 0;
      for (int k = 3; k >= 0; k--) {
        word = word << 8 | (i + k < size ? LittleEndian.u8(s, value + i + k) : 0);
      }
      hash = hash << 16 ^ hash >>> 16 ^ word;
    }
    return hash;
  }
}
