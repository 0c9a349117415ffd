package org.pagewright.vfs;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericWrite;
import org.pagewright.filemap.Truncate;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.writeback.Writeback;

/// How an open file changes content: what a write does besides copying, and in which order; the
/// picture is at [OpenFile].
final class FileWrites {
  /// Flags that ask for more than a change of bytes in the cache.
  private static final int NOT_IN_PLACE =
      OpenFlags.APPEND | OpenFlags.SYNC | OpenFlags.DSYNC | OpenFlags.DIRECT;

  private final OpenFile file;
  private final Inode inode;
  private final SuperBlock superBlock;
  private final AddressSpace mapping;
  private final Credentials who;
  private final int flags;
  private final boolean overwritable; // open for writing, with no flag that asks for more

  FileWrites(OpenFile file, boolean writable, Credentials who) {
    this.file = file;
    this.inode = file.inode();
    this.superBlock = inode.superBlock();
    this.mapping = inode.mapping();
    this.who = who;
    this.flags = file.flags();
    this.overwritable = writable && (flags & NOT_IN_PLACE) == 0;
  }

  /// Every write ends here. One of iter, segment and array is given.
  ///
  /// @param moves whether to set the file offset behind the bytes; positionLock is held then
  long write(
      long pos,
      @Nullable IovIter iter,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      int from,
      long length,
      int ioFlags,
      boolean moves)
      throws FsException {
    file.checkRange(pos, length);
    if (iter == null
        && ioFlags == 0
        && overwritable
        && overwrite(pos, segment, array, from, length)) {
      if (moves) {
        file.moveTo(pos + length);
      }
      return length;
    }
    file.checkWritable();
    file.checkFlagsOfCall(ioFlags);
    file.enter();
    try {
      if (length == 0) {
        return 0;
      }
      long at = pos;
      long n;
      startWrite(ioFlags);
      try {
        lockForWrite(ioFlags);
        try {
          if ((flags & OpenFlags.APPEND) != 0 || (ioFlags & IoFlags.APPEND) != 0) {
            at = mapping.size();
          }
          long room = roomAt(at, iter != null ? length : 1);
          long most = Math.min(length, room);
          superBlock.attributes().stripPrivileges(inode, who);
          touchTimes();
          n = -1;
          if ((flags & OpenFlags.DIRECT) != 0 && iter == null) {
            n = writeDirect(at, OpenFile.segmentOf(segment, array, from, most), ioFlags);
          }
          if (n < 0) {
            n = writeBuffered(at, iter, segment, array, from, most, ioFlags);
          }
          if (moves) {
            file.moveTo(at + n);
          }
          if (n > 0) {
            superBlock.tellChanged(inode, Watcher.CONTENT);
          }
        } finally {
          inode.rwsem().unlock();
        }
      } finally {
        superBlock.endWrite();
      }
      if (n > 0) {
        afterWrite(at, n, ioFlags);
      }
      return n;
    } finally {
      file.leave();
    }
  }

  /// Writes inside one folio that is in memory and open for overwriting (see [FastPath]), if
  /// nothing else is to be done for this write.
  ///
  /// Takes INODE alone. Neither a close nor a freeze counts this writer; they set their mark and
  /// take INODE once, after which no such writer is inside and the next ones see the mark.
  ///
  /// @return false if nothing was written: the long way is to be taken
  private boolean overwrite(
      long pos, @Nullable MemorySegment segment, byte @Nullable [] array, int from, long length) {
    if (length == 0
        || length > mapping.bytesToFolioEnd(pos)
        || !inode.rwsem().tryLock()) {
      return false;
    }
    try {
      if (length > mapping.size() - pos
          || !file.isUsable()
          || superBlock.isFrozen()
          || superBlock.isReadOnly() // since it was opened, because of damage
          || superBlock.isWatched()
          || Thread.currentThread().isInterrupted()
          || (inode.flags() & (InodeFlags.IMMUTABLE | InodeFlags.SYNC)) != 0
          || !inode.lacksCapability()
          || Access.bitsToStrip(inode, who) != 0
          || !isTimeOfChange(superBlock.now())) {
        return false;
      }
      return FastPath.overwrite(mapping, pos, (int) length, null, segment, array, from) == length;
    } finally {
      inode.rwsem().unlock();
    }
  }

  private boolean isTimeOfChange(Instant now) {
    // The times of one tick are one object; if not, setting them again makes them that.
    return now == inode.mtime() && now == inode.ctime();
  }

  private void startWrite(int ioFlags) throws FsException {
    if (!file.nowait(ioFlags)) {
      superBlock.startWrite();
    } else if (!superBlock.tryStartWrite()) {
      throw new FsException(Errno.EAGAIN, superBlock + " is frozen");
    }
  }

  private void lockForWrite(int ioFlags) throws FsException {
    if (!file.nowait(ioFlags)) {
      inode.rwsem().lock();
    } else if (!inode.rwsem().tryLock()) {
      throw new FsException(Errno.EAGAIN, inode + " is locked");
    }
  }

  /// Bytes that the file may still grow by from a position.
  private long roomAt(long pos, long needed) throws FsException {
    if ((inode.flags() & InodeFlags.IMMUTABLE) != 0) {
      throw new FsException(Errno.EPERM, inode + " is immutable");
    }
    long max = superBlock.operations().fileSizeMax();
    if (pos > max - needed) {
      throw new FsException(Errno.EFBIG, inode + ": write at " + pos + ", at most " + max);
    }
    return max - pos;
  }

  /// Sets mtime and ctime, before the copy loop and with no folio locked, because a file system may
  /// start a journal handle for it (R-F9).
  void touchTimes() throws FsException {
    Instant now = superBlock.now();
    if (!isTimeOfChange(now)) {
      inode.setMtime(now);
      inode.setCtime(now);
      inode.markDirty(Inode.DIRTY_TIME);
      superBlock.operations().dirtyInode(inode, Inode.DIRTY_TIME);
    }
  }

  private long writeBuffered(
      long at,
      @Nullable IovIter iter,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      int from,
      long length,
      int ioFlags)
      throws FsException {
    int opFlags = file.nowait(ioFlags) ? WriteOp.NOWAIT : 0;
    opFlags |= (ioFlags & IoFlags.DONTCACHE) != 0 ? WriteOp.DONTCACHE : 0;
    WriteOp op = inode.writeOp.reset(opFlags);
    if (iter != null) {
      return GenericWrite.perform(mapping, at, iter, op);
    }
    SegmentIter own = inode.segmentIter;
    try {
      if (array != null) {
        own.reset(array, from, (int) length);
      } else {
        assert segment != null;
        own.reset(segment, from, length);
      }
      return GenericWrite.perform(mapping, at, own, op);
    } finally {
      own.clear();
    }
  }

  /// Writes past the cache (R-J1): what the cache has of the range goes to the store and out of the
  /// cache before, and again after, in case a reader brought old bytes in meanwhile.
  ///
  /// @return -1 if this range has to go through the cache (R-J2)
  private long writeDirect(long at, MemorySegment source, int ioFlags) throws FsException {
    long last = at + source.byteSize() - 1;
    if (file.nowait(ioFlags)) {
      if (mapping.folios() > 0) {
        throw new FsException(Errno.EAGAIN, inode + " is cached");
      }
    } else {
      Errno errno = Writeback.syncRange(mapping, at, last);
      if (errno != null) {
        throw new FsException(errno, inode + ": write-out before a direct write");
      }
    }
    long first = AddressSpace.indexOf(at);
    if (!Truncate.invalidateRange2(mapping, first, AddressSpace.indexOf(last))) {
      return -1;
    }
    long n = mapping.operations().directWrite(mapping, at, source);
    if (n > 0
        && !Truncate.invalidateRange2(mapping, first, AddressSpace.indexOf(at + n - 1))) {
      // Cache and store differ and nothing can be done: every open file is told (R-J1).
      mapping.recordWriteFailure(Errno.EIO);
    }
    return n;
  }

  /// With INODE and SB_WRITE given back: durability that was asked for (R-H9, R-H10), and write-out
  /// of what shall not stay in the cache (R-J2, R-J6).
  private void afterWrite(long at, long n, int ioFlags) throws FsException {
    if (syncIfAsked(at, n, ioFlags)) {
      file.reportErrors();
    } else if ((ioFlags & IoFlags.DONTCACHE) != 0) {
      Writeback.startRange(mapping, at, at + n - 1);
    }
    if ((flags & OpenFlags.DIRECT) != 0 && mapping.folios() > 0 && mapping.account() != null) {
      // It went through the cache after all: to the store and out again, as far as that goes.
      Writeback.syncRange(mapping, at, at + n - 1);
      file.reportErrors();
      Truncate.invalidatePages(
          mapping, AddressSpace.indexOf(at), AddressSpace.indexOf(at + n - 1));
    }
  }

  /// Makes a range durable if that was asked for, by this open file, this call or the inode.
  ///
  /// @return whether it was
  private boolean syncIfAsked(long at, long n, int ioFlags) throws FsException {
    boolean all =
        (flags & OpenFlags.SYNC) == OpenFlags.SYNC
            || (ioFlags & IoFlags.SYNC) != 0
            || (inode.flags() & InodeFlags.SYNC) != 0;
    boolean asked = all || (flags & OpenFlags.DSYNC) != 0 || (ioFlags & IoFlags.DSYNC) != 0;
    if (asked) {
      inode.operations().fsync(inode, at, at + n, !all);
    }
    return asked;
  }

  /// See [OpenFile#fallocate].
  void fallocate(int mode, long pos, long length) throws FsException {
    file.checkWritable();
    if (pos < 0 || length <= 0) {
      throw new FsException(Errno.EINVAL, inode + ": " + length + " bytes at " + pos);
    }
    checkMode(mode);
    if (length > superBlock.operations().fileSizeMax() - pos) {
      throw new FsException(Errno.EFBIG, inode + ": " + length + " bytes at " + pos);
    }
    file.enter();
    try {
      superBlock.startWrite();
      try {
        inode.rwsem().lock();
        try {
          boolean removes = (mode & ~FallocateMode.KEEP_SIZE) != 0;
          int inodeFlags = inode.flags();
          if ((inodeFlags & InodeFlags.IMMUTABLE) != 0
              || removes && (inodeFlags & InodeFlags.APPEND) != 0) {
            throw new FsException(Errno.EPERM, inode + ": fallocate");
          }
          superBlock.attributes().stripPrivileges(inode, who);
          inode.operations().fallocate(inode, mode, pos, length);
          touchTimes();
          superBlock.tellChanged(inode, Watcher.CONTENT);
        } finally {
          inode.rwsem().unlock();
        }
      } finally {
        superBlock.endWrite();
      }
      syncIfAsked(pos, length, 0); // what a range leaves of its first and last block is content
    } finally {
      file.leave();
    }
  }

  private void checkMode(int mode) throws FsException {
    int kind = mode & ~FallocateMode.KEEP_SIZE;
    boolean keep = (mode & FallocateMode.KEEP_SIZE) != 0;
    boolean ok =
        switch (kind) {
          case 0, FallocateMode.ZERO_RANGE -> true;
          case FallocateMode.PUNCH_HOLE -> keep;
          case FallocateMode.COLLAPSE_RANGE, FallocateMode.INSERT_RANGE -> !keep;
          default -> false;
        };
    if (!ok) {
      throw new FsException(Errno.EOPNOTSUPP, inode + ": fallocate mode " + mode);
    }
  }
}
