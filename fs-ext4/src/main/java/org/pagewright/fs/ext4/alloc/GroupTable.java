package org.pagewright.fs.ext4.alloc;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// All group descriptors of a file system, in memory while it is mounted, and the lock of each
/// group.
///
/// A group's lock (class BLOCK_GROUP; one at a time) guards its descriptor, its bitmaps, and what
/// the allocators remember of it. Groups share locks, so that 131072 groups do not cost as many.
/// Changes go through [#change], and reach the device through the handle like all metadata; the
/// checksums of descriptors are set when their block is written.
public final class GroupTable {
  private static final int LOCKS = 64;

  private final BufferCache cache;
  private final Geometry geometry;
  private final Buffer[] blocks;
  private final Mutex[] locks = new Mutex[LOCKS];
  private final SystemZone systemZone;

  private GroupTable(BufferCache cache, Geometry geometry, Buffer[] blocks) {
    this.cache = cache;
    this.geometry = geometry;
    this.blocks = blocks;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new Mutex(LockClass.BLOCK_GROUP, cache.device().name());
    }
    this.systemZone = zone();
  }

  /// One block of the table.
  private record DescriptorBlock(Geometry geometry, int index, String device)
      implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      int first = index * geometry.descPerBlock();
      int end = Math.min(first + geometry.descPerBlock(), geometry.groupCount());
      for (int group = first; group < end; group++) {
        GroupDescriptor.validate(
            device,
            buffer.blockNr(),
            geometry,
            group,
            buffer.segment(),
            geometry.descOffset(group));
      }
    }

    @Override
    public void seal(Buffer buffer) {
      int first = index * geometry.descPerBlock();
      int end = Math.min(first + geometry.descPerBlock(), geometry.groupCount());
      for (int group = first; group < end; group++) {
        GroupDescriptor.seal(geometry, group, buffer.segment(), geometry.descOffset(group));
      }
    }

    @Override
    public String toString() {
      return "group descriptors from " + index * geometry.descPerBlock();
    }
  }

  /// Reads and verifies every group descriptor.
  ///
  /// @param cache the metadata blocks of the device
  /// @param geometry of the file system
  /// @return the table, to be closed
  /// @throws CorruptedException if a descriptor fails its checks
  /// @throws FsException EIO
  public static GroupTable open(BufferCache cache, Geometry geometry) throws FsException {
    Buffer[] blocks = new Buffer[geometry.descBlocks()];
    int n = 0;
    try {
      for (; n < blocks.length; n++) {
        if ((n & 63) == 0) {
          cache.prefetch(geometry.descBlock(n), Math.min(64, blocks.length - n));
        }
        blocks[n] =
            cache.read(
                geometry.descBlock(n), new DescriptorBlock(geometry, n, cache.device().name()));
      }
      GroupTable table = new GroupTable(cache, geometry, blocks);
      n = 0;
      return table;
    } finally {
      while (n > 0) { // not reached the end: give back what was read
        blocks[--n].put();
      }
    }
  }

  /// Gives the blocks back to the cache. No group may be used any more.
  public void close() {
    for (Buffer block : blocks) {
      block.put();
    }
  }

  private SystemZone zone() {
    SystemZone.Builder zone = new SystemZone.Builder();
    zone.add(0, geometry.firstDataBlock() + 1L); // boot block and superblock
    for (int group = 0; group < geometry.groupCount(); group++) {
      zone.add(geometry.groupFirstBlock(group), geometry.baseBlocksIn(group));
      zone.add(blockBitmap(group), 1);
      zone.add(inodeBitmap(group), 1);
      zone.add(inodeTable(group), geometry.inodeTableBlocks());
    }
    return zone.build();
  }

  /// {@return the layout that the table belongs to}
  public Geometry geometry() {
    return geometry;
  }

  /// {@return the metadata blocks of the device}
  public BufferCache cache() {
    return cache;
  }

  /// {@return the blocks that no file may own}
  public SystemZone systemZone() {
    return systemZone;
  }

  /// The lock of a group; see the type's comment. Some groups share one.
  ///
  /// @param group the group's number
  /// @return the lock
  Mutex lock(int group) {
    return locks[group & LOCKS - 1];
  }

  private MemorySegment segment(int group) {
    return blocks[geometry.descIndex(group)].segment();
  }

  private int offset(int group) {
    return geometry.descOffset(group);
  }

  /// {@return block of a group's block bitmap}
  ///
  /// @param group the group's number
  public long blockBitmap(int group) {
    return GroupDescriptor.blockBitmap(segment(group), offset(group), geometry.descSize());
  }

  /// {@return block of a group's inode bitmap}
  ///
  /// @param group the group's number
  public long inodeBitmap(int group) {
    return GroupDescriptor.inodeBitmap(segment(group), offset(group), geometry.descSize());
  }

  /// {@return first block of a group's inode table}
  ///
  /// @param group the group's number
  public long inodeTable(int group) {
    return GroupDescriptor.inodeTable(segment(group), offset(group), geometry.descSize());
  }

  /// {@return the block that holds an inode; [Geometry#inodeOffset] says where in it}
  ///
  /// @param ino inode number, from 1
  public long inodeBlock(long ino) {
    return geometry.inodeBlock(inodeTable(geometry.groupOfInode(ino)), ino);
  }

  /// {@return number of free blocks of a group; exact with the group's lock held}
  ///
  /// @param group the group's number
  public int freeBlocks(int group) {
    return GroupDescriptor.freeBlocks(segment(group), offset(group), geometry.descSize());
  }

  /// {@return number of free inodes of a group; exact with the group's lock held}
  ///
  /// @param group the group's number
  public int freeInodes(int group) {
    return GroupDescriptor.freeInodes(segment(group), offset(group), geometry.descSize());
  }

  /// {@return number of directories of a group; exact with the group's lock held}
  ///
  /// @param group the group's number
  public int usedDirs(int group) {
    return GroupDescriptor.usedDirs(segment(group), offset(group), geometry.descSize());
  }

  /// {@return number of inodes at the end of the table that were never used; 0 without checksums of
  /// descriptors, where nobody keeps count}
  ///
  /// @param group the group's number
  int unusedInodes(int group) {
    return geometry.hasGroupChecksums()
        ? GroupDescriptor.unusedInodes(segment(group), offset(group), geometry.descSize())
        : 0;
  }

  /// {@return the flags of a group; none without checksums of descriptors}
  ///
  /// @param group the group's number
  int flags(int group) {
    return geometry.hasGroupChecksums()
        ? GroupDescriptor.flags(segment(group), offset(group))
        : 0;
  }

  int blockBitmapChecksum(int group) {
    return GroupDescriptor.blockBitmapChecksum(segment(group), offset(group), geometry.descSize());
  }

  int inodeBitmapChecksum(int group) {
    return GroupDescriptor.inodeBitmapChecksum(segment(group), offset(group), geometry.descSize());
  }

  /// A change of one descriptor; runs with its block's lock held.
  interface Change {
    /// Changes bytes.
    ///
    /// @param s memory
    /// @param at first byte of the descriptor
    /// @param size bytes of a descriptor
    void apply(MemorySegment s, int at, int size);
  }

  /// Declares the block of a group's descriptor: before anything of the group changes.
  void declare(Handle handle, int group) throws FsException {
    handle.getWriteAccess(blocks[geometry.descIndex(group)]);
  }

  /// Changes a declared descriptor. The group's lock is held.
  void change(Handle handle, int group, Change change) {
    assert lock(group).isHeldByCaller() : "group " + group + " not locked";
    Buffer block = blocks[geometry.descIndex(group)];
    block.lock();
    try {
      change.apply(block.segment(), offset(group), geometry.descSize());
    } finally {
      block.unlock();
    }
    handle.dirtyMetadata(block);
  }

  /// {@return the sum of all groups' free blocks, for the superblock; looks at every group}
  public long sumFreeBlocks() {
    long sum = 0;
    for (int group = 0; group < geometry.groupCount(); group++) {
      sum += freeBlocks(group);
    }
    return sum;
  }

  /// {@return the sum of all groups' free inodes, for the superblock}
  public long sumFreeInodes() {
    long sum = 0;
    for (int group = 0; group < geometry.groupCount(); group++) {
      sum += freeInodes(group);
    }
    return sum;
  }
}
