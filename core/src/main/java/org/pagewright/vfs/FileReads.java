package org.pagewright.vfs;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.Readahead;
import org.pagewright.stats.Count;
import org.pagewright.writeback.Writeback;

/// How an open file reads: from the cache without a lock if it can, else from the store, past the
/// cache, or under the folio lock.
final class FileReads {
  /// Lookups that are kept back, so that a read of what is there touches nothing that is shared.
  private static final int LOOKUPS_KEPT = 256;

  /// The part of the cache that one read may hold on to: what is lent cannot be reclaimed, and
  /// whoever needs a frame meanwhile must find another.
  private static final int LENT_PART = 64;

  private final OpenFile file;
  private final Inode inode;
  private final SuperBlock superBlock;
  private final AddressSpace mapping;
  private final Readahead readahead;
  private final int flags;
  private final boolean inPlace; // a regular file, open for reading, through the cache
  private int lookups; // folios read from the cache and not told yet; threads may lose some
  private boolean looked; // at the clock; threads may lose it

  FileReads(OpenFile file, boolean readable, Readahead readahead) {
    this.file = file;
    this.inode = file.inode();
    this.superBlock = inode.superBlock();
    this.mapping = inode.mapping();
    this.readahead = readahead;
    this.flags = file.flags();
    this.inPlace = readable && inode.isRegular() && (flags & OpenFlags.DIRECT) == 0;
  }

  /// Every read ends here. One of segment and array is given.
  long read(
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      int from,
      long length,
      int ioFlags)
      throws FsException {
    boolean simple = inPlace && ioFlags == 0 && file.isUsable();
    long cached = 0;
    if (simple) {
      cached = GenericRead.readCached(mapping, pos, segment, array, from, length, readahead);
      if (cached > 0) {
        // As many folios as such a length fills: a look at where it begins would cost more.
        lookups += (int) (cached + AddressSpace.FOLIO_SIZE - 1 >>> AddressSpace.FOLIO_SHIFT);
        if (cached == length && lookups < LOOKUPS_KEPT && !isAtimeDue()) {
          return cached;
        }
      }
    }
    file.checkRange(pos, length);
    if (!simple) {
      file.checkReadable();
      file.checkFlagsOfCall(ioFlags);
    }
    try {
      return cached
          + readRest(
              pos + cached, segment, array, from + cached, length - cached, length, ioFlags);
    } catch (FsException e) {
      if (cached == 0) {
        throw e;
      }
      return cached; // what was read is reported first
    }
  }

  /// See [OpenFile#pin]. INODE shared and one of the file's users stay with the pin if bytes were
  /// taken, else nothing does.
  long pin(long pos, long length, FilePin pin) throws FsException {
    if (!inPlace || length <= 0 || pos < 0) {
      return 0; // an ordinary read says what is wrong
    }
    long most = (long) mapping.cache().frames().frames() / LENT_PART * AddressSpace.FOLIO_SIZE;
    if (Math.min(length, mapping.size() - pos) > most) {
      return 0;
    }
    file.enter();
    long n = 0;
    boolean locked = false;
    try {
      if (isAtimeDue()) {
        superBlock.attributes().touchAtime(inode);
        looked = true;
      }
      locked = inode.rwsem().tryLockShared();
      if (locked) {
        n = pin.take(mapping, pos, length, readahead);
        if (n < length && n > 0 && pos + n < mapping.size()) {
          pin.end(); // a read that brings in what is missing copies all of it
          n = 0;
        }
      }
    } finally {
      if (n == 0) {
        if (locked) {
          inode.rwsem().unlockShared();
        }
        file.leave();
      }
    }
    if (n > 0) {
      lookups += pin.folios();
      if (lookups >= LOOKUPS_KEPT) {
        tellLookups();
      }
    }
    return n;
  }

  /// See [OpenFile#unpin].
  void unpin(FilePin pin) {
    pin.end();
    inode.rwsem().unlockShared();
    file.leave();
  }

  /// The first read looks at the clock, then one in a while, when lookups are told: a day is long.
  private boolean isAtimeDue() {
    return (flags & OpenFlags.NOATIME) == 0
        && (!looked || !superBlock.attributes().isAtimeFresh(inode));
  }

  /// Adds the lookups so far to those of the volume.
  void tellLookups() {
    int n = lookups;
    lookups = 0;
    if (n > 0) {
      mapping.counters().add(Count.LOOKUPS, n);
    }
  }

  /// Reads what is not simply there: from the store, past the cache, or under the folio lock.
  ///
  /// @param length bytes that are missing still, perhaps none
  /// @param whole bytes that the caller asked for
  private long readRest(
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long from,
      long length,
      long whole,
      int ioFlags)
      throws FsException {
    tellLookups();
    file.enter();
    try {
      if (whole == 0) {
        return 0;
      }
      long n = length == 0 ? 0 : -1;
      if ((flags & OpenFlags.DIRECT) != 0) {
        n = readDirect(pos, segment, array, (int) from, length, ioFlags);
      }
      if (n < 0) {
        int readFlags = ioFlags & IoFlags.NOWAIT | flags & OpenFlags.NONBLOCK;
        readFlags = readFlags != 0 ? GenericRead.NOWAIT : 0;
        readFlags |= (ioFlags & IoFlags.DONTCACHE) != 0 ? GenericRead.DONTCACHE : 0;
        if (array != null) {
          n =
              GenericRead.read(
                  mapping, pos, array, (int) from, (int) length, readFlags, readahead);
        } else {
          assert segment != null;
          n = GenericRead.read(mapping, pos, segment, from, length, readFlags, readahead);
        }
      }
      if ((flags & OpenFlags.NOATIME) == 0) {
        superBlock.attributes().touchAtime(inode);
        looked = true;
      }
      return n;
    } finally {
      file.leave();
    }
  }

  /// Reads past the cache. What is dirty in the range goes to the store first (R-J3); INODE shared
  /// keeps writers and truncation out meanwhile.
  ///
  /// @return -1 if the range cannot be read directly
  private long readDirect(
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      int from,
      long length,
      int ioFlags)
      throws FsException {
    lockSharedForDirect(ioFlags);
    try {
      long size = mapping.size();
      if (pos >= size) {
        return 0;
      }
      if (mapping.dirtyFolios() > 0 || mapping.writebackFolios() > 0) {
        if (file.nowait(ioFlags)) {
          throw new FsException(Errno.EAGAIN, inode + " is dirty");
        }
        Errno errno = Writeback.syncRange(mapping, pos, Math.min(size - pos, length) + pos - 1);
        if (errno != null) {
          throw new FsException(errno, inode + ": write-out before a direct read");
        }
      }
      MemorySegment target = OpenFile.segmentOf(segment, array, from, length);
      long n = mapping.operations().directRead(mapping, pos, target);
      return n < 0 ? n : Math.min(n, mapping.size() - pos);
    } finally {
      inode.rwsem().unlockShared();
    }
  }

  private void lockSharedForDirect(int ioFlags) throws FsException {
    if (!file.nowait(ioFlags)) {
      inode.rwsem().lockShared();
    } else if (!inode.rwsem().tryLockShared()) {
      throw new FsException(Errno.EAGAIN, inode + " is locked");
    }
  }
}
