package org.pagewright.fs.ext4;

import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.NoJournal;
import org.pagewright.fs.ext4.map.BlockMapper;
import org.pagewright.fs.ext4.map.Mapping;
import org.pagewright.iomap.ExtentOperations;
import org.pagewright.iomap.Iomap;

/// What lies under a range of a regular file: the answers that the page cache's extent paths ask of
/// ext4, from the [BlockMapper] of each inode.
///
/// Blocks for buffered writes are promised at the write (R-C7) and chosen by write-out, where
/// neighbours are known; they stay unwritten until the data are on the device (R-C9). A file with
/// block pointers (ext2, ext3) has no unwritten state: its blocks are zeroed on the device when
/// they are chosen, and mapped then; the size on disk follows the data all the same, and until it
/// does the file is noted among the [Orphans], so that a crash leaves nothing behind its end.
final class Ext4Extents implements ExtentOperations {
  private static final ThreadLocal<Mapping> SCRATCH = ThreadLocal.withInitial(Mapping::new);

  private final Ext4FileSystem fs;
  private final int blockBits;
  private final BlockDevice device;

  /// Answers about the files of a volume.
  ///
  /// @param device where content goes: the volume's own, or the way through its journal
  Ext4Extents(Ext4FileSystem fs, BlockDevice device) {
    this.fs = fs;
    this.device = device;
    this.blockBits = fs.geometry().blockSizeBits();
  }

  private static Ext4Inode inode(AddressSpace mapping) {
    return (Ext4Inode) mapping.host();
  }

  @Override
  public BlockDevice device() {
    return device;
  }

  @Override
  public int blockSize() {
    return 1 << blockBits;
  }

  private long firstBlock(long pos) {
    return pos >>> blockBits;
  }

  private long countBlocks(long pos, long length) {
    return ((pos + length - 1) >>> blockBits) - firstBlock(pos) + 1;
  }

  private void fill(Ext4Inode inode, Mapping from, Iomap out) {
    long pos = from.logical() << blockBits;
    long length = from.count() << blockBits;
    int flags = from.isNew() ? Iomap.NEW : 0;
    switch (from.state()) {
      case HOLE -> out.setUnmapped(Iomap.Type.HOLE, pos, length, flags, from.cookie());
      case DELALLOC -> out.setUnmapped(Iomap.Type.DELALLOC, pos, length, flags, from.cookie());
      case UNWRITTEN, MAPPED -> {
        if (pos + length > inode.diskSize()) {
          flags |= Iomap.DIRTY; // the size on disk follows the data
        }
        Iomap.Type type =
            from.state() == Mapping.State.MAPPED ? Iomap.Type.MAPPED : Iomap.Type.UNWRITTEN;
        out.set(type, pos, length, from.blockNr() << blockBits, flags, from.cookie());
      }
    }
  }

  @Override
  public void begin(AddressSpace mapping, long pos, long length, int flags, Iomap out)
      throws FsException {
    Ext4Inode inode = inode(mapping);
    BlockMapper mapper = inode.mapper();
    Mapping found = SCRATCH.get();
    long logical = firstBlock(pos);
    long count = countBlocks(pos, length);
    boolean wait = (flags & NOWAIT) == 0;
    if ((flags & WRITE) == 0 || (flags & DIRECT) != 0) {
      if (!wait && !mapper.tryLookup(logical, count, found)) {
        throw wouldWait(inode, pos);
      } else if (wait) {
        mapper.lookup(logical, count, found);
      }
      if ((flags & WRITE) != 0 && !found.isAllocated() && !placeDirect(inode, found, wait)) {
        // Not ours to choose here: say hole, and the caller takes the way through the cache.
        out.setUnmapped(
            Iomap.Type.HOLE, found.logical() << blockBits, found.count() << blockBits, 0,
            found.cookie());
        return;
      }
    } else if (wait) {
      reserve(mapper, logical, count, found);
    } else if (!mapper.tryReserve(logical, count, BlockAllocator.PRIVILEGED, found)) {
      throw wouldWait(inode, pos);
    }
    fill(inode, found, out);
  }

  private static FsException wouldWait(Ext4Inode inode, long pos) {
    return new FsException(Errno.EAGAIN, inode + ": extent at " + pos);
  }

  private void reserve(BlockMapper mapper, long logical, long count, Mapping found)
      throws FsException {
    final long released = fs.blocks().releasedBlocks();
    try {
      mapper.reserve(logical, count, BlockAllocator.PRIVILEGED, found);
    } catch (FsException e) {
      if (e.errno() != Errno.ENOSPC || !fs.findSpace(released)) {
        throw e;
      }
      mapper.reserve(logical, count, BlockAllocator.PRIVILEGED, found);
    }
  }

  /// Gives a hole blocks for a direct write, if the file can say that they read as zeros. What is
  /// promised to the cache stays so.
  ///
  /// Without a journal a crash promises nothing: what nobody can see before it is written, behind
  /// the end, is mapped at once, and no conversion has to follow.
  private boolean placeDirect(Ext4Inode inode, Mapping found, boolean wait) throws FsException {
    BlockMapper mapper = inode.mapper();
    if (!wait || !mapper.supportsUnwritten()) {
      return false;
    }
    long logical = found.logical();
    long count = found.count();
    boolean unwritten =
        !(fs.journal() instanceof NoJournal)
            || !ExtentOperations.isBehindFills(inode.mapping(), logical << blockBits);
    for (int attempt = 0; ; attempt++) {
      final long released = fs.blocks().releasedBlocks();
      try (Handle handle = fs.start(mapper.allocateCredits() + 1)) {
        mapper.allocate(
            handle, logical, count, BlockMapper.GOAL_AUTO, unwritten, BlockAllocator.PRIVILEGED,
            found);
        return true;
      } catch (FsException e) {
        if (attempt > 0 || e.errno() != Errno.ENOSPC || !fs.findSpace(released)) {
          throw e;
        }
      }
    }
  }

  @Override
  public void end(
      AddressSpace mapping, long pos, long length, long written, int flags, Iomap iomap)
      throws FsException {
    Ext4Inode inode = inode(mapping);
    if ((flags & (WRITE | DIRECT)) == (WRITE | DIRECT)
        && written > 0
        && inode.growDiskSize(pos + written)) {
      try (Handle handle = fs.start(1)) {
        inode.write(handle);
      }
    }
  }

  @Override
  public boolean stillValid(AddressSpace mapping, Iomap iomap) {
    return inode(mapping).mapper().stillValid(iomap.cookie());
  }

  @Override
  public void punchDelalloc(AddressSpace mapping, long pos, long length) {
    inode(mapping).mapper().punchDelayed(firstBlock(pos), firstBlock(pos + length));
  }

  @Override
  public void writeFailed(AddressSpace mapping, long pos, long length) {
    Ext4Inode inode = inode(mapping);
    long from = firstBlock(mapping.size() + blockSize() - 1);
    long end = firstBlock(pos + length + blockSize() - 1);
    if (from >= end) {
      return;
    }
    BlockMapper mapper = inode.mapper();
    try (Handle handle = fs.start(mapper.stepCredits() + 1)) {
      mapper.punch(handle, from, end);
    } catch (FsException e) {
      fs.trouble(inode + ": free blocks of a failed write", e);
    }
  }

  @Override
  public void allocateForWriteback(AddressSpace mapping, long pos, long length)
      throws FsException {
    Ext4Inode inode = inode(mapping);
    BlockMapper mapper = inode.mapper();
    Mapping run = new Mapping();
    Mapping got = new Mapping();
    long from = firstBlock(pos);
    long end = from + countBlocks(pos, length);
    // Each round gives at least one delayed block a place, or finds that another did.
    while (from < end && mapper.findDelayed(from, end, run)) {
      int credits = mapper.allocateCredits() + 2 * Orphans.CREDITS + 1;
      try (Handle handle = fs.start(credits)) {
        fs.orphans().growing(handle, inode, run.logical() + run.count());
        mapper.allocateDelayed(
            handle, run.logical(), run.count(), BlockAllocator.PRIVILEGED, got);
        if (!got.isAllocated()) {
          // Truncated meanwhile: there is nothing behind the end after all.
          fs.orphans().grown(handle, inode, firstBlock(inode.size() + blockSize() - 1));
        }
      }
      from = got.logical() + got.count();
    }
  }

  @Override
  public void mapBlocks(AddressSpace mapping, long pos, long length, Iomap out)
      throws FsException {
    Ext4Inode inode = inode(mapping);
    Mapping found = SCRATCH.get();
    inode.mapper().lookup(firstBlock(pos), countBlocks(pos, length), found);
    fill(inode, found, out);
  }

  @Override
  public void writeCompleted(AddressSpace mapping, long pos, long length) throws FsException {
    Ext4Inode inode = inode(mapping);
    BlockMapper mapper = inode.mapper();
    // A commit waits for open handles, and those wait for no folio and no write-out: so this may
    // wait for a commit, whoever waits for the folios of this write-out.
    int last = Orphans.CREDITS + 1;
    try (Handle handle = fs.start(Math.max(last, mapper.stepCredits() + 1))) {
      if (mapper.supportsUnwritten()) {
        mapper.convertUnwritten(handle, firstBlock(pos), countBlocks(pos, length));
      }
      if (inode.growDiskSize(pos + length)) {
        handle.ensure(last);
        fs.orphans().grown(handle, inode, Long.MAX_VALUE);
        inode.write(handle);
      }
    }
  }
}
