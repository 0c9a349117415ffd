package org.pagewright.fs.ext4;

import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.BlockMapper;
import org.pagewright.fs.ext4.map.Mapping;
import org.pagewright.iomap.IomapZero;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.writeback.Writeback;

/// The size and the space of ext4's files: cut, grow, reserve, punch, take ranges out and put them
/// in. Compare Linux's fs/ext4/extents.c and inode.c:ext4_setattr().
///
/// Each runs under INODE, takes INVALIDATE, and starts its handle below that: folios go before
/// blocks do, and no byte that was cut off or punched comes back, neither after a crash (R-D4) nor
/// when the file grows over it (R-D5).
final class Ext4Space {
  private static final int INODE_CREDITS = Ext4InodeOperations.INODE_CREDITS;

  private final Ext4FileSystem fs;

  Ext4Space(Ext4FileSystem fs) {
    this.fs = fs;
  }

  private long blockAfter(long pos) {
    return (pos + fs.geometry().blockSize() - 1) >>> fs.geometry().blockSizeBits();
  }

  /// Cuts a file or lets it grow; see [org.pagewright.vfs.InodeOperations#setSize].
  void setSize(Ext4Inode file, long size) throws FsException {
    AddressSpace mapping = file.mapping();
    long old = mapping.size();
    BlockMapper mapper = file.mapper();
    mapping.invalidateLock().lock();
    try {
      if (size < old) {
        // The rest of the last block that stays: zero on the device too, before the size says that
        // it is beyond the end (R-D4).
        long blockEnd = blockAfter(size) << fs.geometry().blockSizeBits();
        IomapZero.zeroRange(fs.mappingOperations(), mapping, size, Math.min(blockEnd, old) - size);
        writeZeros(file, size, Math.min(blockEnd, old));
      } else if (size > old) {
        // What the last block holds beyond the old end comes inside: nobody promised that whoever
        // wrote this image left zeros there (R-D5).
        IomapZero.extendTail(fs.mappingOperations(), mapping);
      }
      Truncate.setSize(mapping, size);
      final boolean cuts = size < old || size == old && hasBlocksFrom(file, blockAfter(size));
      int last = 2 * Orphans.CREDITS + INODE_CREDITS;
      try (Handle handle = fs.start(Math.max(mapper.stepCredits(), last) + INODE_CREDITS)) {
        if (size != old) {
          file.setDiskSize(size); // else it goes on with the bytes, as they are written out
        }
        file.touchModified();
        file.touchChanged();
        if (cuts) {
          fs.orphans().add(handle, file, Orphans.CUT);
          file.replaced = size < old ? size == 0 : file.replaced;
        }
        file.write(handle);
        if (cuts) {
          boolean cut = false;
          try {
            mapper.truncate(handle, blockAfter(size));
            handle.ensure(last);
            fs.orphans().remove(handle, file, Orphans.CUT);
            fs.orphans().grown(handle, file, blockAfter(size));
            cut = true;
          } finally {
            if (!cut) {
              fs.truncateLater(file); // what is beyond the end must go before the volume is clean
            }
          }
        }
      }
    } finally {
      mapping.invalidateLock().unlock();
    }
  }

  /// Whether a file has space behind a block: what was reserved beyond its end goes with a change
  /// of size to what it is already, as with any other.
  private static boolean hasBlocksFrom(Ext4Inode file, long from) throws FsException {
    BlockMapper mapper = file.mapper();
    if (!mapper.supportsUnwritten()) {
      return false; // there is nothing to reserve with
    }
    Mapping found = new Mapping();
    for (long at = from; at < mapper.maxBlocks(); at += Math.max(1, found.count())) {
      mapper.lookup(at, mapper.maxBlocks() - at, found);
      if (found.state() != Mapping.State.HOLE) {
        return true;
      }
    }
    return false;
  }

  /// Writes the zeroed part of a block out, if the device has the block: the commit of what follows
  /// flushes it, so no byte that was cut off or punched comes back after a crash.
  private void writeZeros(Ext4Inode file, long from, long end) throws FsException {
    if (from >= end
        || !fs.journal().recovers()
        || fs.options().data() == DataMode.WRITEBACK) {
      return;
    }
    Mapping found = new Mapping();
    file.mapper().lookup(from >>> fs.geometry().blockSizeBits(), 1, found);
    if (found.state() == Mapping.State.MAPPED) {
      Errno error = Writeback.syncRange(file.mapping(), from, end - 1);
      if (error != null) {
        file.mapping().writebackErrors().advance(); // told here
        throw new FsException(error, file + ": write zeros at byte " + from);
      }
    }
  }

  /// Takes space, gives it back, or moves it; see
  /// [org.pagewright.vfs.InodeOperations#fallocate].
  void fallocate(Ext4Inode file, int mode, long pos, long length) throws FsException {
    if (!file.mapper().supportsUnwritten() && (mode & FallocateMode.PUNCH_HOLE) == 0) {
      throw new FsException(
          Errno.EOPNOTSUPP, file + ": files with block pointers cannot hold unwritten blocks");
    }
    boolean keepSize = (mode & FallocateMode.KEEP_SIZE) != 0;
    long end = pos + length;
    switch (mode & ~FallocateMode.KEEP_SIZE) {
      case 0 -> preallocate(file, pos, end);
      case FallocateMode.PUNCH_HOLE -> punch(file, pos, end);
      case FallocateMode.ZERO_RANGE -> {
        punch(file, pos, Math.min(end, file.size()));
        preallocate(file, pos, end);
      }
      case FallocateMode.COLLAPSE_RANGE, FallocateMode.INSERT_RANGE -> {
        shift(file, pos, length, mode == FallocateMode.INSERT_RANGE);
        return;
      }
      default ->
          throw new FsException(
              Errno.EOPNOTSUPP, file + ": fallocate mode 0x" + Integer.toHexString(mode));
    }
    AddressSpace mapping = file.mapping();
    if (!keepSize && end > mapping.size()) {
      mapping.invalidateLock().lock();
      try {
        IomapZero.extendTail(fs.mappingOperations(), mapping); // R-D5
        Truncate.setSize(mapping, end);
        file.setDiskSize(end);
      } finally {
        mapping.invalidateLock().unlock();
      }
    }
    file.touchModified();
    file.touchChanged();
    try (Handle handle = fs.start(INODE_CREDITS)) {
      file.write(handle);
    }
  }

  /// Gives every hole of a range unwritten blocks. Delayed blocks keep their promise.
  private void preallocate(Ext4Inode file, long pos, long end) throws FsException {
    BlockMapper mapper = file.mapper();
    Mapping found = new Mapping();
    long block = pos >>> fs.geometry().blockSizeBits();
    long last = blockAfter(end);
    if (last > mapper.maxBlocks()) {
      throw new FsException(Errno.EFBIG, file + ": allocate up to byte " + end);
    }
    while (block < last) {
      mapper.lookup(block, last - block, found);
      if (found.state() == Mapping.State.HOLE) {
        allocate(file, block, found);
      }
      block = found.logical() + found.count();
    }
  }

  private void allocate(Ext4Inode file, long block, Mapping found) throws FsException {
    BlockMapper mapper = file.mapper();
    long count = found.count();
    for (int attempt = 0; ; attempt++) {
      final long released = fs.blocks().releasedBlocks();
      try (Handle handle = fs.start(mapper.allocateCredits() + INODE_CREDITS)) {
        mapper.allocate(
            handle, block, count, BlockMapper.GOAL_AUTO, true, BlockAllocator.PRIVILEGED, found);
        return;
      } catch (FsException e) {
        if (attempt > 0 || e.errno() != Errno.ENOSPC || !fs.findSpace(released)) {
          throw e;
        }
      }
    }
  }

  /// Makes a range read as zeros and frees the blocks that lie wholly inside (R-G4).
  private void punch(Ext4Inode file, long pos, long end) throws FsException {
    if (pos >= end) {
      return;
    }
    AddressSpace mapping = file.mapping();
    int bits = fs.geometry().blockSizeBits();
    long first = blockAfter(pos);
    long last = end >= mapping.size() ? blockAfter(end) : end >>> bits;
    mapping.invalidateLock().lock();
    try {
      long size = mapping.size();
      // The parts of blocks at the borders are zeroed through the cache: it may hold newer bytes
      // than the device, also over unwritten blocks (R-C11).
      long headEnd = Math.min(Math.min(first << bits, end), size);
      if (headEnd > pos) {
        IomapZero.zeroRange(fs.mappingOperations(), mapping, pos, headEnd - pos);
        writeZeros(file, pos, headEnd);
      }
      long tailStart = Math.max(last << bits, headEnd);
      long tailEnd = Math.min(end, size);
      if (tailEnd > tailStart && last >= first) {
        IomapZero.zeroRange(fs.mappingOperations(), mapping, tailStart, tailEnd - tailStart);
        writeZeros(file, tailStart, tailEnd);
      }
      if (first < last) {
        BlockMapper mapper = file.mapper();
        if (pos <= size && size <= end && file.diskSize() < size) {
          // The write-out that was to move the size on disk is about to be dropped with its folios.
          // Zeros need none; bytes below that are still to be written are unwritten blocks or
          // holes.
          file.setDiskSize(size);
        }
        Truncate.truncatePages(mapping, first << bits, (last << bits) - 1);
        try (Handle handle = fs.start(mapper.stepCredits() + INODE_CREDITS)) {
          mapper.punch(handle, first, last);
        }
      }
    } finally {
      mapping.invalidateLock().unlock();
    }
  }

  /// Takes whole blocks out of a file, or puts a hole of whole blocks in; what lies behind moves.
  private void shift(Ext4Inode file, long pos, long length, boolean insert) throws FsException {
    AddressSpace mapping = file.mapping();
    int bits = fs.geometry().blockSizeBits();
    long size = mapping.size();
    if (((pos | length) & (fs.geometry().blockSize() - 1)) != 0) {
      throw new FsException(
          Errno.EINVAL,
          file + ": bytes " + pos + " to " + (pos + length) + " are not whole blocks");
    }
    if (insert ? pos >= size : pos + length >= size) {
      throw new FsException(Errno.EINVAL, file + ": the range reaches the end of the file");
    }
    if (insert && size + length > fs.fileSizeMax()) {
      throw new FsException(Errno.EFBIG, file + ": " + (size + length) + " bytes");
    }
    long folioStart = pos & -AddressSpace.FOLIO_SIZE;
    mapping.invalidateLock().lock();
    try {
      // What lies behind must have its place before places move; then the cache forgets it.
      Errno error = Writeback.syncRange(mapping, folioStart, Long.MAX_VALUE);
      if (error != null) {
        throw new FsException(error, file + ": write out before blocks move");
      }
      Truncate.truncatePages(mapping, folioStart, Long.MAX_VALUE);
      BlockMapper mapper = file.mapper();
      long newSize = insert ? size + length : size - length;
      try (Handle handle = fs.start(mapper.stepCredits() + INODE_CREDITS)) {
        if (insert) {
          mapping.setSize(newSize);
          file.setDiskSize(newSize);
          mapper.insert(handle, pos >>> bits, length >>> bits);
        } else {
          mapper.collapse(handle, pos >>> bits, (pos + length) >>> bits);
          mapping.setSize(newSize);
          file.setDiskSize(newSize);
        }
        handle.ensure(INODE_CREDITS);
        file.touchModified();
        file.touchChanged();
        file.write(handle);
      }
    } finally {
      mapping.invalidateLock().unlock();
    }
  }
}
