package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.GroupTable;
import org.pagewright.fs.ext4.alloc.InodeAllocator;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.InodeCodec;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.Journal;
import org.pagewright.fs.ext4.journal.NoJournal;
import org.pagewright.fs.ext4.map.BlockMapper;
import org.pagewright.fs.ext4.map.MapRoot;

/// An image opened as far as blocks and inodes go, without names: what tests of the lower rooms
/// need in place of a file system.
public final class Ext4Volume implements AutoCloseable {
  /// The device.
  public final BlockDevice device;

  /// The superblock as read; counts are brought up to date by [#sync()].
  public final Superblock superblock;

  /// The layout.
  public final Geometry geometry;

  /// Metadata blocks.
  public final BufferCache cache;

  /// A journal that is none.
  public final Journal journal;

  /// Descriptors.
  public final GroupTable groups;

  /// Blocks.
  public final BlockAllocator blocks;

  /// Inodes.
  public final InodeAllocator inodes;

  /// Opens a device.
  ///
  /// @param device with a file system
  /// @param cacheBytes budget for metadata
  /// @throws FsException if the file system is damaged
  public Ext4Volume(BlockDevice device, long cacheBytes) throws FsException {
    this.device = device;
    superblock = Superblock.read(device);
    geometry = new Geometry(superblock);
    cache = new BufferCache(device, geometry.blockSize(), cacheBytes);
    journal = new NoJournal(cache);
    groups = GroupTable.open(cache, geometry);
    blocks = new BlockAllocator(groups, superblock.reservedBlocksCount());
    int[] generation = {1};
    inodes = new InodeAllocator(groups, superblock.firstInode(), () -> generation[0]++);
  }

  /// Makes an image with empty regular files `f0`, `f1` ... and opens it.
  ///
  /// @param image the file to make
  /// @param size as mke2fs has it
  /// @param files how many files
  /// @param options for mke2fs
  /// @return the image, open
  /// @throws IOException if a tool fails
  public static Ext4Volume make(Path image, String size, int files, String... options)
      throws IOException {
    E2fs.mke2fs(image, size, options);
    for (int i = 0; i < files; i++) {
      E2fs.ok("debugfs", "-w", "-R", "write /dev/null f" + i, image.toString());
    }
    return new Ext4Volume(new ImageDevice(image, 1024), 4 << 20);
  }

  /// The number of a file made by [#make]: the first file gets the first free number.
  ///
  /// @param image the image
  /// @param name path in it
  /// @return inode number
  /// @throws IOException if debugfs fails
  public static long inodeOf(Path image, String name) throws IOException {
    String stat = E2fs.debugfs(image, "stat " + name);
    String rest = stat.substring(stat.indexOf("Inode:") + 6).stripLeading();
    return Long.parseLong(rest.substring(0, rest.indexOf(' ')));
  }

  /// An inode of the image, read into memory.
  public final class Inode implements MapRoot {
    private final long ino;
    private final MemorySegment raw;

    /// Reads an inode.
    ///
    /// @param ino its number
    /// @throws FsException EIO
    public Inode(long ino) throws FsException {
      this.ino = ino;
      this.raw = MemorySegment.ofArray(new byte[geometry.inodeSize()]);
      try (Buffer table = cache.read(groups.inodeBlock(ino), BufferType.PLAIN)) {
        MemorySegment.copy(
            table.segment(), geometry.inodeOffset(ino), raw, 0, geometry.inodeSize());
      }
    }

    /// {@return its bytes}
    public MemorySegment raw() {
      return raw;
    }

    /// {@return whether it has extents}
    public boolean hasExtents() {
      return (InodeCodec.flags(raw, 0) & InodeCodec.FLAG_EXTENTS) != 0;
    }

    /// {@return its mapping}
    ///
    /// @throws FsException if it is damaged
    public BlockMapper mapper() throws FsException {
      return BlockMapper.open(blocks, this, hasExtents());
    }

    /// {@return file-system blocks that it counts as its own}
    public long blockCount() {
      return InodeCodec.sectors(geometry, raw, 0) / (geometry.blockSize() / 512);
    }

    /// Sets the size and writes the inode.
    ///
    /// @param bytes the size
    /// @throws FsException EIO
    public void resize(long bytes) throws FsException {
      InodeCodec.putSize(raw, 0, bytes);
      try (Handle handle = journal.start(1)) {
        changed(handle, 0);
      }
    }

    @Override
    public long ino() {
      return ino;
    }

    @Override
    public int generation() {
      return InodeCodec.generation(raw, 0);
    }

    @Override
    public MemorySegment block() {
      return raw.asSlice(InodeCodec.BLOCK, InodeCodec.BLOCK_SIZE);
    }

    @Override
    public boolean metadataContent() {
      return false;
    }

    @Override
    public void changed(Handle handle, long blocksDelta) throws FsException {
      long sectors =
          InodeCodec.sectors(geometry, raw, 0) + blocksDelta * (geometry.blockSize() / 512);
      InodeCodec.putSectors(geometry, raw, 0, sectors);
      InodeCodec.seal(geometry, ino, raw, 0);
      try (Buffer table = cache.read(groups.inodeBlock(ino), BufferType.PLAIN)) {
        handle.getWriteAccess(table);
        table.lock();
        MemorySegment.copy(
            raw, 0, table.segment(), geometry.inodeOffset(ino), geometry.inodeSize());
        table.unlock();
        handle.dirtyMetadata(table);
      }
    }

    @Override
    public void changedBelow(Handle handle) {
      // Nobody syncs it alone.
    }
  }

  /// {@return an inode, read anew}
  ///
  /// @param ino its number
  /// @throws FsException EIO
  public Inode inode(long ino) throws FsException {
    return new Inode(ino);
  }

  /// Writes everything, the superblock with its counts last.
  ///
  /// @throws FsException EIO
  public void sync() throws FsException {
    journal.commit();
    superblock.putFreeBlocksCount(groups.sumFreeBlocks());
    superblock.putFreeInodesCount(groups.sumFreeInodes());
    superblock.write(device);
    device.flush();
  }

  @Override
  public void close() throws FsException {
    blocks.discardAll();
    assert blocks.checkInvariants() && inodes.checkInvariants() && cache.checkInvariants();
    groups.close();
    device.close();
  }
}
