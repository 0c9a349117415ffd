package org.pagewright.fs.ext4.mkfs;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;

/// Makes one inode with its blocks: gets the blocks, maps them by extents or by indirect blocks,
/// and fills in the inode.
///
/// ```
/// extents:   inode: header, up to 4 extents            or   up to 4 -> blocks of extents
/// indirect:  inode: 12 blocks, then one block each that maps at 1, 2 and 3 levels
/// ```
final class FileMaker {
  private static final int EXTENT_MAGIC = 0xf30a;
  private static final int ENTRY = 12;
  private static final int ROOT_ENTRIES = 4;
  private static final int MAX_EXTENT = 32768;
  private static final int DIRECT = 12;

  private final Geometry geometry;
  private final UsedBlocks used;
  private final BlockStore store;
  private final MemorySegment inode;
  private final long ino;
  private final List<UsedBlocks.Run> runs = new ArrayList<>();
  private long goal;
  private long mapBlocks;

  // The walk over runs while indirect blocks are filled.
  private int runIndex;
  private long runOffset;

  /// Begins a file.
  ///
  /// @param goal block near which its blocks shall lie
  FileMaker(
      Geometry geometry,
      UsedBlocks used,
      BlockStore store,
      MemorySegment inode,
      long ino,
      long goal) {
    this.geometry = geometry;
    this.used = used;
    this.store = store;
    this.inode = inode;
    this.ino = ino;
    this.goal = goal;
  }

  /// Fills in what every new inode has.
  static void initInode(
      Superblock sb, MemorySegment inode, int mode, int links, long size, long time) {
    int inodeSize = sb.inodeSize();
    InodeCodec.putExtraIsize(inode, 0, inodeSize, sb.wantExtraIsize());
    InodeCodec.putMode(inode, 0, mode);
    InodeCodec.putLinksCount(inode, 0, links);
    InodeCodec.putSize(inode, 0, size);
    for (InodeCodec.Time t : InodeCodec.Time.values()) {
      InodeCodec.putTime(inode, 0, inodeSize, t, time, 0);
    }
  }

  /// Gets `count` blocks, maps them, and counts them in the inode.
  ///
  /// @return the blocks in the order of the file
  List<UsedBlocks.Run> allocate(long count) throws FsException {
    for (long left = count; left > 0; ) {
      UsedBlocks.Run run = take(left);
      runs.add(run);
      left -= run.count();
    }
    if (geometry.features().has(Feature.EXTENT)) {
      InodeCodec.putFlags(inode, 0, InodeCodec.flags(inode, 0) | InodeCodec.FLAG_EXTENTS);
      mapByExtents();
    } else {
      mapByIndirectBlocks(count);
    }
    putSectors(geometry, inode, count + mapBlocks);
    return runs;
  }

  static void putSectors(Geometry geometry, MemorySegment inode, long blocks)
      throws FsException {
    if (!InodeCodec.putSectors(geometry, inode, 0, blocks << (geometry.blockSizeBits() - 9))) {
      throw new FsException(Errno.EINVAL, "mkfs: a file of " + blocks + " blocks");
    }
  }

  /// The next free run behind the goal, or from the start again.
  private UsedBlocks.Run take(long max) throws FsException {
    long end = geometry.blocksCount();
    UsedBlocks.Run run = used.nextFree(goal, end, max);
    if (run == null) {
      run = used.nextFree(geometry.firstDataBlock(), end, max);
    }
    if (run == null) {
      throw new FsException(Errno.EINVAL, "mkfs: too small: no block left for inode " + ino);
    }
    used.mark(run.first(), run.count());
    goal = run.end();
    return run;
  }

  private long takeMapBlock() throws FsException {
    mapBlocks++;
    return take(1).first();
  }

  private void mapByExtents() throws FsException {
    List<UsedBlocks.Run> extents = new ArrayList<>();
    for (UsedBlocks.Run run : runs) {
      for (long done = 0; done < run.count(); done += MAX_EXTENT) {
        long part = Math.min(run.count() - done, MAX_EXTENT);
        extents.add(new UsedBlocks.Run(run.first() + done, part));
      }
    }
    MemorySegment root = inode.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE);
    if (extents.size() <= ROOT_ENTRIES) {
      putExtents(root, extents, 0, ROOT_ENTRIES, 0);
      return;
    }
    int perLeaf = (geometry.blockSize() - ENTRY) / ENTRY;
    int leaves = (extents.size() + perLeaf - 1) / perLeaf;
    if (leaves > ROOT_ENTRIES) {
      throw new FsException(Errno.EINVAL, "mkfs: inode " + ino + " lies in too many pieces");
    }
    putHeader(root, leaves, ROOT_ENTRIES, 1);
    int seed = Checksums.inodeSeed(geometry.checksumSeed(), ino, 0);
    long logical = 0;
    for (int leaf = 0; leaf < leaves; leaf++) {
      long blockNr = takeMapBlock();
      long at = (leaf + 1L) * ENTRY;
      LittleEndian.put32(root, at, logical);
      LittleEndian.put32(root, at + 4, blockNr);
      LittleEndian.put16(root, at + 8, (int) (blockNr >>> 32));
      int from = leaf * perLeaf;
      List<UsedBlocks.Run> part =
          extents.subList(from, Math.min(from + perLeaf, extents.size()));
      MemorySegment block = store.block(blockNr);
      logical = putExtents(block, part, logical, perLeaf, 0);
      if (geometry.hasMetadataChecksums()) {
        Checksums.sealExtentBlock(seed, block, 0);
      }
    }
  }

  private static void putHeader(MemorySegment s, int entries, int max, int depth) {
    LittleEndian.put16(s, 0, EXTENT_MAGIC);
    LittleEndian.put16(s, 2, entries);
    LittleEndian.put16(s, 4, max);
    LittleEndian.put16(s, 6, depth);
  }

  /// Returns the logical block behind the last extent.
  private static long putExtents(
      MemorySegment s, List<UsedBlocks.Run> extents, long from, int max, int depth) {
    putHeader(s, extents.size(), max, depth);
    long logical = from;
    long at = ENTRY;
    for (UsedBlocks.Run extent : extents) {
      LittleEndian.put32(s, at, logical);
      LittleEndian.put16(s, at + 4, (int) extent.count());
      LittleEndian.put16(s, at + 6, (int) (extent.first() >>> 32));
      LittleEndian.put32(s, at + 8, extent.first());
      logical += extent.count();
      at += ENTRY;
    }
    return logical;
  }

  private void mapByIndirectBlocks(long count) throws FsException {
    long left = count;
    for (int i = 0; i < DIRECT && left > 0; i++, left--) {
      InodeCodec.putBlock(inode, 0, i, (int) nextBlock());
    }
    for (int level = 1; level <= 3 && left > 0; level++) {
      long before = left;
      long blockNr = takeMapBlock();
      left = fillIndirect(store.block(blockNr), level, left);
      InodeCodec.putBlock(inode, 0, DIRECT + level - 1, (int) blockNr);
      assert left < before;
    }
    if (left > 0) {
      throw new FsException(Errno.EINVAL, "mkfs: inode " + ino + " is too long without extents");
    }
  }

  /// Fills a block that maps at `level` levels; returns how many blocks of the file are left.
  private long fillIndirect(MemorySegment block, int level, long count) throws FsException {
    long left = count;
    for (int at = 0; at < geometry.blockSize() && left > 0; at += 4) {
      if (level == 1) {
        LittleEndian.put32(block, at, nextBlock());
        left--;
      } else {
        long child = takeMapBlock();
        LittleEndian.put32(block, at, child);
        left = fillIndirect(store.block(child), level - 1, left);
      }
    }
    return left;
  }

  private long nextBlock() {
    if (runOffset == runs.get(runIndex).count()) {
      runIndex++;
      runOffset = 0;
    }
    return runs.get(runIndex).first() + runOffset++;
  }
}
