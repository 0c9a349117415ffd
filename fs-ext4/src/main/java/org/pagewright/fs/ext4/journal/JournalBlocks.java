package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.disk.Superblock;

/// Where the blocks of a journal lie on the device: runs of file blocks, without holes.
///
/// A caller that has mapped the journal's inode by its own means adds the runs; [#read] maps it
/// straight from the device, past every cache, for use before the file system is opened.
public final class JournalBlocks {
  private static final int EXTENT_MAGIC = 0xf30a;
  private static final int ENTRY = 12;
  private static final int MAX_DEPTH = 5;
  private static final int MAX_INITIALIZED = 32768;
  private static final int DIRECT = 12;

  private long[] ends = new long[8]; // file block behind each run
  private long[] firsts = new long[8]; // device block where each run begins
  private int runs;

  /// No blocks yet.
  public JournalBlocks() {}

  /// Appends a run to the end of the file.
  ///
  /// @param first device block where it begins
  /// @param count number of blocks, at least 1
  /// @return this
  public JournalBlocks add(long first, long count) {
    assert count > 0;
    if (runs > 0 && firsts[runs - 1] + (ends[runs - 1] - start(runs - 1)) == first) {
      ends[runs - 1] += count;
      return this;
    }
    if (runs == ends.length) {
      ends = Arrays.copyOf(ends, runs * 2);
      firsts = Arrays.copyOf(firsts, runs * 2);
    }
    ends[runs] = length() + count;
    firsts[runs] = first;
    runs++;
    return this;
  }

  private long start(int run) {
    return run == 0 ? 0 : ends[run - 1];
  }

  /// {@return number of blocks}
  public long length() {
    return runs == 0 ? 0 : ends[runs - 1];
  }

  /// {@return the device block of a block of the journal}
  ///
  /// @param index block of the journal, less than [#length()]
  public long deviceBlock(long index) {
    int run = runOf(index);
    return firsts[run] + (index - start(run));
  }

  /// {@return how many blocks from this one on follow each other on the device too}
  ///
  /// @param index block of the journal, less than [#length()]
  public long contiguous(long index) {
    return ends[runOf(index)] - index;
  }

  private int runOf(long index) {
    assert index >= 0 && index < length();
    int found = Arrays.binarySearch(ends, 0, runs, index);
    return found >= 0 ? found + 1 : -found - 1;
  }

  /// {@return whether a device block belongs to the journal}
  ///
  /// @param blockNr device block
  public boolean contains(long blockNr) {
    for (int i = 0; i < runs; i++) {
      if (blockNr >= firsts[i] && blockNr < firsts[i] + ends[i] - start(i)) {
        return true;
      }
    }
    return false;
  }

  /// Maps the journal's inode, reading what it needs straight from the device.
  ///
  /// @param device where the file system is
  /// @param sb its superblock, validated
  /// @return the journal's blocks
  /// @throws FsException EOPNOTSUPP for an external journal, EUCLEAN for a damaged inode or map,
  ///     EIO
  public static JournalBlocks read(BlockDevice device, Superblock sb) throws FsException {
    if (sb.journalInode() == 0) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          device.name()
              + ": the journal is on a device of its own, "
              + sb.journalUuid()
              + " (replay it with `e2fsck -fy`, or bring it in with `tune2fs -J`)");
    }
    return new Reader(device, sb).read();
  }

  /// Reads one inode and its map.
  private static final class Reader {
    private final BlockDevice device;
    private final Geometry geometry;
    private final int blockSize;
    private final long ino;
    private final JournalBlocks result = new JournalBlocks();
    private int seed;
    private long wanted;

    Reader(BlockDevice device, Superblock sb) {
      this.device = device;
      this.geometry = new Geometry(sb);
      this.blockSize = geometry.blockSize();
      this.ino = sb.journalInode();
    }

    JournalBlocks read() throws FsException {
      int group = geometry.groupOfInode(ino);
      long descBlock = geometry.descBlock(geometry.descIndex(group));
      MemorySegment descs = block(descBlock);
      int at = geometry.descOffset(group);
      GroupDescriptor.validate(device.name(), descBlock, geometry, group, descs, at);
      long table = GroupDescriptor.inodeTable(descs, at, geometry.descSize());
      long inodeBlock = geometry.inodeBlock(table, ino);
      MemorySegment inode =
          block(inodeBlock).asSlice(geometry.inodeOffset(ino), geometry.inodeSize());
      InodeCodec.validate(device.name(), inodeBlock, geometry, ino, inode, 0);
      int mode = InodeCodec.mode(inode, 0);
      if ((mode & 0xf000) != 0x8000 || InodeCodec.linksCount(inode, 0) == 0) {
        throw bad(inodeBlock, String.format("mode 0%o is no file's", mode));
      }
      wanted = InodeCodec.size(inode, 0) >>> geometry.blockSizeBits();
      if (wanted > geometry.blocksCount()) {
        throw bad(inodeBlock, wanted + " blocks of " + geometry.blocksCount());
      }
      seed =
          Checksums.inodeSeed(geometry.checksumSeed(), ino, InodeCodec.generation(inode, 0));
      if ((InodeCodec.flags(inode, 0) & InodeCodec.FLAG_EXTENTS) != 0) {
        extents(
            inode.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE), inodeBlock, 4, MAX_DEPTH + 1);
      } else {
        indirect(inode, inodeBlock);
      }
      if (result.length() < wanted) {
        throw bad(inodeBlock, "ends at block " + result.length() + " of " + wanted);
      }
      return result;
    }

    private void extents(MemorySegment s, long blockNr, int room, int below) throws FsException {
      int entries = LittleEndian.u16(s, 2);
      int depth = LittleEndian.u16(s, 6);
      if (LittleEndian.u16(s, 0) != EXTENT_MAGIC || entries > room) {
        throw bad(blockNr, "extent header with " + entries + " entries");
      }
      if (depth >= below || (below <= MAX_DEPTH && depth != below - 1)) {
        throw bad(blockNr, "extent depth " + depth);
      }
      for (int i = 1; i <= entries && result.length() < wanted; i++) {
        long at = (long) i * ENTRY;
        if (LittleEndian.u32(s, at) != result.length()) {
          throw bad(blockNr, "a hole at block " + result.length());
        }
        if (depth == 0) {
          int count = LittleEndian.u16(s, at + 4);
          long first = LittleEndian.u32(s, at + 8) | (long) LittleEndian.u16(s, at + 6) << 32;
          if (count > MAX_INITIALIZED) {
            throw bad(blockNr, "an extent that was never written");
          }
          add(blockNr, first, count);
        } else {
          long child = LittleEndian.u32(s, at + 4) | (long) LittleEndian.u16(s, at + 8) << 32;
          check(blockNr, child, 1);
          MemorySegment block = block(child);
          if (geometry.hasMetadataChecksums()
              && !Checksums.extentBlockMatches(seed, block, 0, blockSize)) {
            throw bad(child, "extent block with a wrong checksum");
          }
          long before = result.length();
          extents(block, child, (blockSize - ENTRY) / ENTRY, depth);
          if (result.length() == before) {
            // Not only odd: nodes that all lead to one empty node would be walked for ever.
            throw bad(child, "an extent block that maps nothing");
          }
        }
      }
    }

    private void indirect(MemorySegment inode, long inodeBlock) throws FsException {
      for (int i = 0; i < DIRECT && result.length() < wanted; i++) {
        add(inodeBlock, Integer.toUnsignedLong(InodeCodec.block(inode, 0, i)), 1);
      }
      for (int level = 1; level <= 3 && result.length() < wanted; level++) {
        int map = InodeCodec.block(inode, 0, DIRECT + level - 1);
        indirect(inodeBlock, Integer.toUnsignedLong(map), level);
      }
    }

    private void indirect(long from, long map, int level) throws FsException {
      check(from, map, 1);
      MemorySegment s = block(map);
      for (int at = 0; at < blockSize && result.length() < wanted; at += 4) {
        if (level == 1) {
          add(map, LittleEndian.u32(s, at), 1);
        } else {
          indirect(map, LittleEndian.u32(s, at), level - 1);
        }
      }
    }

    private void add(long from, long first, long count) throws FsException {
      check(from, first, count);
      result.add(first, Math.min(count, wanted - result.length()));
    }

    private void check(long from, long first, long count) throws FsException {
      if (!geometry.isBlockRange(first, count)) {
        throw bad(from, "maps to " + count + " blocks from " + first);
      }
    }

    private MemorySegment block(long blockNr) throws FsException {
      MemorySegment s = MemorySegment.ofArray(new byte[blockSize]);
      device.read(blockNr * blockSize, s);
      return s;
    }

    private CorruptedException bad(long blockNr, String why) {
      return new CorruptedException(
          device.name(), blockNr, "inode " + ino + " of the journal: " + why);
    }
  }
}
