package org.pagewright.fs.ext4.dir;

import org.pagewright.errno.CorruptedException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Blocks of one directory: leaves, the root and the nodes of an index. The block tells which it
/// is, so a block may become another kind while it is cached.
///
/// A node looks like one empty entry over the whole block; a root like `.` and a `..` that reaches
/// to the end; both then have no room for a leaf's tail. So old kernels saw an empty block.
///
/// @param ino inode of the directory
/// @param inodeSeed start value of its checksums
/// @param checksums whether blocks carry checksums
/// @param inodesCount inodes of the file system
public record DirBlockType(long ino, int inodeSeed, boolean checksums, long inodesCount)
    implements BufferType {

  /// Byte of the first index entry in a root.
  static final int ROOT_ENTRIES = 32;

  /// Byte of the first index entry in a node.
  static final int NODE_ENTRIES = 8;

  @Override
  public void verify(Buffer buffer) throws CorruptedException {
    var s = buffer.segment();
    int blockSize = (int) s.byteSize();
    int index = indexEntries(buffer);
    if (checksums) {
      boolean good =
          index != 0
              ? Checksums.dxBlockMatches(inodeSeed, s, 0, index, blockSize)
              : Checksums.dirLeafMatches(inodeSeed, s, 0, blockSize);
      if (!good) {
        throw new CorruptedException(
            buffer.deviceName(),
            buffer.blockNr(),
            "directory inode " + ino + ": checksum of " + (index != 0 ? "an index" : "a leaf")
                + " block does not match");
      }
    }
    int end = Leaf.end(s, checksums && index == 0);
    int at = 0;
    while (at < end) {
      String wrong = Leaf.wrong(s, at, end, inodesCount);
      if (wrong != null) {
        throw new CorruptedException(
            buffer.deviceName(),
            buffer.blockNr(),
            "directory inode " + ino + ", entry at byte " + at + ": " + wrong);
      }
      at += Leaf.recordLength(s, at);
    }
  }

  @Override
  public void seal(Buffer buffer) {
    if (checksums) {
      var s = buffer.segment();
      int index = indexEntries(buffer);
      if (index != 0) {
        Checksums.sealDxBlock(inodeSeed, s, 0, index);
      } else {
        Checksums.sealDirLeaf(inodeSeed, s, 0, (int) s.byteSize());
      }
    }
  }

  /// Where a block's index entries begin, 0 if it is a leaf (or cannot be told from an empty one,
  /// which happens only where there are no checksums and makes no difference there).
  private int indexEntries(Buffer buffer) {
    var s = buffer.segment();
    int blockSize = (int) s.byteSize();
    // By its entries, not by the lack of a leaf's tail: Linux makes a root out of a leaf and leaves
    // the first half of the leaf's tail in the root's. A leaf with checksums has no entry that
    // reaches to the end of the block.
    int first = Leaf.recordLength(s, 0);
    if (first == blockSize && LittleEndian.i32(s, 0) == 0) {
      return NODE_ENTRIES;
    }
    if (first == 12
        && Leaf.recordLength(s, 12) == blockSize - 12
        && LittleEndian.u8(s, 29) == 8) {
      return ROOT_ENTRIES;
    }
    return 0;
  }

  @Override
  public String toString() {
    return "directory block of inode " + ino;
  }
}
