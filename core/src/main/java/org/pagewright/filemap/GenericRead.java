package org.pagewright.filemap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.FillResult;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.sync.SchedulePoint;

/// The buffered read path: bytes from the page cache of one file into a caller's memory. Compare
/// Linux's mm/filemap.c:filemap_read().
///
/// A folio whose bytes are all there is read without a lock and without an atomic operation: look
/// at its look word, copy, look again. A writer that came between is noticed, and the copy
/// repeated; so a read of one folio sees each write to it whole or not at all (R-B13). A reader
/// that loses against writers too often takes the folio lock.
///
///     find -> look -> size -> copy -> look again -> done
///       |       |                        |
///       |       +-- not uptodate         +-- changed meanwhile: again; after 8 times under FOLIO
///       v       v
///     readahead, INVALIDATE shared, FOLIO -> partly uptodate: copy under the lock
///                                         -> readFolio -> wait -> look
///
/// The size is looked at after the bytes are known to be good (R-B12): were it looked at before, a
/// truncation and a later growth in between would show bytes that are in no version of the file.
///
/// Copies out of the cache that find what they need allocate nothing.
public final class GenericRead {
  /// Flag: give up with EAGAIN rather than wait (R-J7).
  public static final int NOWAIT = WriteOp.NOWAIT;

  /// Flag: drop the folios that this read creates when they have been read (R-J6).
  public static final int DONTCACHE = WriteOp.DONTCACHE;

  /// Looks that a writer may spoil before the reader takes the folio lock.
  private static final int LOOKS = 8;

  /// Result of a step: nothing was copied, try the next way.
  private static final int AGAIN = -1;

  private GenericRead() {}

  /// Reads into a segment.
  ///
  /// No lock from CLUSTER on may be held; INODE may. May sleep, except with [#NOWAIT].
  ///
  /// @param mapping the file
  /// @param pos first byte in the file
  /// @param target where to
  /// @param offset first byte in the target
  /// @param length most bytes to read
  /// @param flags [#NOWAIT], [#DONTCACHE] or 0
  /// @param readahead what the open file has read so far; null to read what is asked for and no
  ///     more
  /// @return bytes read; 0 at or beyond the end of the file; short there, or if something went
  ///     wrong
  ///     after the first byte
  /// @throws FsException EIO or what the file system failed with; EAGAIN with [#NOWAIT]; ENOMEM;
  ///     EINTR; and only if no byte was read
  public static long read(
      AddressSpace mapping,
      long pos,
      MemorySegment target,
      long offset,
      long length,
      int flags,
      @Nullable Readahead readahead)
      throws FsException {
    return read(mapping, pos, target, null, offset, length, flags, readahead);
  }

  /// Reads into an array; like the other, without a segment around the array.
  ///
  /// @param mapping the file
  /// @param pos first byte in the file
  /// @param target where to
  /// @param offset first byte in the target
  /// @param length most bytes to read
  /// @param flags [#NOWAIT], [#DONTCACHE] or 0
  /// @param readahead what the open file has read so far; null to read what is asked for and no
  ///     more
  /// @return bytes read; 0 at or beyond the end of the file; short there, or if something went
  ///     wrong
  ///     after the first byte
  /// @throws FsException EIO or what the file system failed with; EAGAIN with [#NOWAIT]; ENOMEM;
  ///     EINTR; and only if no byte was read
  public static int read(
      AddressSpace mapping,
      long pos,
      byte[] target,
      int offset,
      int length,
      int flags,
      @Nullable Readahead readahead)
      throws FsException {
    return (int) read(mapping, pos, null, target, offset, length, flags, readahead);
  }

  /// Copies what is in memory and calls for nothing else: no lock, no atomic operation on a folio
  /// that is in use, so that the processor may work on several reads at once. Stops before the
  /// first byte that is not there, before a folio with a mark (readahead, drop-behind) that a read
  /// must act on, and at the end of the file; [#read] does the rest.
  ///
  /// @param mapping the file; it may be closed or go away meanwhile
  /// @param pos first byte in the file
  /// @param segment where to; null if `array` is given
  /// @param array where to; null if `segment` is given
  /// @param offset first byte in the target
  /// @param length most bytes to copy
  /// @param readahead what the open file has read so far
  /// @return bytes copied, from the start on without a gap
  public static long readCached(
      AddressSpace mapping,
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset,
      long length,
      Readahead readahead) {
    long done = FastPath.copyOut(mapping, pos, length, segment, array, offset);
    if (done <= 0) {
      return 0;
    }
    if (done < length) { // most reads lie in one folio, and so need little code
      done += readMoreCached(mapping, pos + done, segment, array, offset + done, length - done);
    }
    readahead.readTo(pos + done);
    return done;
  }

  private static long readMoreCached(
      AddressSpace mapping,
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset,
      long length) {
    long done = 0;
    while (done < length && (pos + done & AddressSpace.FOLIO_SIZE - 1) == 0) {
      int n =
          FastPath.copyOut(mapping, pos + done, length - done, segment, array, offset + done);
      if (n < 0) {
        break;
      }
      done += n; // which is in the middle of a folio at the end of the file only
    }
    return done;
  }

  /// Reads into nowhere: makes a range uptodate in memory. Returns how many bytes of it are, from
  /// the start on; 0 at the end of the file.
  static long bringIn(AddressSpace mapping, long pos, long length, Readahead readahead)
      throws FsException {
    return read(mapping, pos, null, null, 0, length, 0, readahead);
  }

  private static long read(
      AddressSpace mapping,
      long pos,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset,
      long length,
      int flags,
      @Nullable Readahead readahead)
      throws FsException {
    long done = 0;
    try {
      while (done < length) {
        long at = pos + done;
        int wanted = (int) Math.min(mapping.bytesToFolioEnd(at), length - done);
        Folio folio = mapping.find(AddressSpace.indexOf(at));
        int n = folio == null ? AGAIN : look(folio, at, wanted, segment, array, offset + done);
        if (n > 0) {
          folio.markAccessed();
          used(folio, length - done, flags, readahead);
        } else if (n == AGAIN) {
          n = readSlow(mapping, at, wanted, length - done, segment, array, offset + done, flags,
              readahead);
        }
        if (n <= 0) {
          break; // the end of the file
        }
        done += n;
      }
    } catch (FsException e) {
      if (done == 0) {
        throw e;
      }
    }
    if (done > 0) {
      mapping.counters().add(Count.LOOKUPS, foliosOf(pos, done));
      if (readahead != null) {
        readahead.readTo(pos + done);
      }
    }
    return done;
  }

  private static int foliosOf(long pos, long length) {
    return (int) (AddressSpace.indexOf(pos + length - 1) - AddressSpace.indexOf(pos)) + 1;
  }

  /// Copies without a lock. Returns the bytes copied, 0 at the end of the file, or AGAIN.
  static int look(
      Folio folio,
      long at,
      int wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    AddressSpace mapping = folio.mapping();
    for (int i = 0; i < LOOKS; i++) {
      long look = folio.beginLook();
      if (look == 0) {
        if (!folio.isUptodate() || !folio.isAttached()) {
          return AGAIN;
        }
        Thread.onSpinWait(); // a writer is copying
        continue;
      }
      SchedulePoint.reach(SchedulePoint.Kind.READ, mapping);
      int n = (int) Math.min(wanted, mapping.size() - at); // R-B12
      if (n > 0) {
        SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
        copyOut(folio, at, n, segment, array, offset);
      }
      if (folio.endLook(look)) {
        return Math.max(n, 0);
      }
    }
    return AGAIN;
  }

  private static void copyOut(
      Folio folio,
      long at,
      int n,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    int first = 0;
    if (SchedulePoint.ENABLED) { // who explores sees that a copy takes its time
      first = n / 2;
      copyPart(folio, at, first, segment, array, offset);
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
    }
    copyPart(folio, at + first, n - first, segment, array, offset + first);
  }

  private static void copyPart(
      Folio folio,
      long at,
      int n,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    folio.touchBytes(false);
    long from = (long) folio.chunkOffset() + folio.offsetOf(at);
    if (array != null) {
      MemorySegment.copy(
          folio.chunk(), ValueLayout.JAVA_BYTE, from, array, (int) offset, n);
    } else if (segment != null) {
      MemorySegment.copy(folio.chunk(), from, segment, offset, n);
    }
  }

  /// What follows each successful read of a folio.
  private static void used(Folio folio, long rest, int flags, @Nullable Readahead readahead) {
    if (readahead != null && folio.isReadahead() && (flags & NOWAIT) == 0) {
      readahead.marked(folio.mapping(), folio, folios(folio.mapping(), folio.pos(), rest), flags);
    }
    folio.settleMarks(); // or the fast path avoids it for ever
    if (folio.isDropBehind()) {
      if ((flags & DONTCACHE) == 0) {
        folio.setDropBehind(false); // somebody wants to keep it after all (R-J6)
      } else if (folio.tryLock()) {
        // What is dirty or under write-out goes when that ends.
        if (folio.isAttached() && folio.isDropBehind()) {
          folio.mapping().evict(folio);
        }
        folio.unlock();
      }
    }
  }

  private static long folios(AddressSpace mapping, long pos, long rest) {
    long end = rest < mapping.size() - pos ? pos + rest : mapping.size();
    return Math.max(1, AddressSpace.indexOf(end - 1) - AddressSpace.indexOf(pos) + 1);
  }

  /// Reads from a folio that is missing, not uptodate, or hammered by writers. Returns the bytes
  /// copied, 0 at the end of the file.
  ///
  /// Each round waits for a fill of somebody else, or makes one, or finds the folio gone. It ends
  /// because a fill that this thread made is kept in memory until it has been looked at, and one
  /// that failed throws; only truncation, or a file system that asks to look again (R-E1), makes a
  /// further round, and an interrupt ends even those.
  private static int readSlow(
      AddressSpace mapping,
      long at,
      int wanted,
      long rest,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset,
      int flags,
      @Nullable Readahead readahead)
      throws FsException {
    boolean nowait = (flags & NOWAIT) != 0;
    long index = AddressSpace.indexOf(at);
    boolean mine = false; // this read brings the folio in
    for (int round = 0; ; round++) {
      if (at >= mapping.size()) {
        return 0;
      }
      if (round > 1 && Thread.currentThread().isInterrupted()) {
        throw new FsException(Errno.EINTR, "read of " + mapping + " at " + at);
      }
      Folio folio = mapping.find(index);
      if (folio == null) {
        if (nowait) {
          throw wouldWait(mapping, at);
        }
        mine = true;
        mapping.countMiss();
        if (readahead != null && round == 0) {
          readahead.miss(mapping, index, folios(mapping, at, rest), flags);
          folio = mapping.find(index);
        }
      }
      if (folio != null && folio.isLocked() && !folio.isUptodate() && !nowait && round < 2) {
        folio.waitUnlocked(); // a fill is under way; no lock held while it lasts
      }
      int n = folio == null ? AGAIN : look(folio, at, wanted, segment, array, offset);
      if (n == AGAIN) {
        if (nowait) {
          n = tryLocked(folio, at, wanted, segment, array, offset);
          if (n == AGAIN) {
            throw wouldWait(mapping, at);
          }
        } else if (folio != null && folio.isUptodate()) {
          folio.lock(); // writers were faster too often
          n = copyLockedAndUnlock(folio, at, wanted, segment, array, offset);
        } else {
          folio = lockForFill(mapping, folio, index, flags);
          if (folio != null) {
            n = fillAndUnlock(folio, at, wanted, segment, array, offset);
          }
        }
      }
      if (n >= 0) {
        if (n > 0 && folio != null) {
          if (!mine) { // else it was no use of what reclaim kept
            folio.markAccessed();
          }
          used(folio, rest, flags, readahead);
        }
        return n;
      }
    }
  }

  private static FsException wouldWait(AddressSpace mapping, long at) {
    return new FsException(Errno.EAGAIN, "read of " + mapping + " at " + at);
  }

  /// Copies under the lock if that is free and the bytes are there.
  private static int tryLocked(
      @Nullable Folio folio,
      long at,
      int wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    if (folio == null || !folio.tryLock()) {
      return AGAIN;
    }
    return copyLockedAndUnlock(folio, at, wanted, segment, array, offset);
  }

  /// Copies if the folio is attached and the bytes are there, and unlocks.
  private static int copyLockedAndUnlock(
      Folio folio,
      long at,
      int wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    try {
      return copyLocked(folio, at, wanted, segment, array, offset);
    } finally {
      folio.unlock();
    }
  }

  private static int copyLocked(
      Folio folio,
      long at,
      int wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    AddressSpace mapping = folio.mapping();
    // While the lock was waited for, truncation or reclaim may have taken the folio (R-G1), or
    // somebody else may have filled it.
    if (!folio.isAttached()) {
      return AGAIN;
    }
    if (!folio.isUptodate()) {
      // Beyond the end of the file nothing is asked for, so nothing there needs to be good (R-B9).
      // Without a target the whole folio is wanted, for a copy without a lock.
      int inside = (int) Math.min(wanted, mapping.size() - at);
      boolean whole = segment == null && array == null;
      int from = folio.offsetOf(at);
      if (inside > 0
          && (whole || !mapping.operations().isPartiallyUptodate(folio, from, inside))) {
        return AGAIN;
      }
    }
    int n = (int) Math.min(wanted, mapping.size() - at); // R-B12
    if (n > 0) {
      // While one of those who overwrite without the lock that is held here was in the middle of
      // its copy, this reader gave up looking and came here (R-B13).
      folio.shutOverwriters();
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
      copyOut(folio, at, n, segment, array, offset);
    }
    return Math.max(n, 0);
  }

  /// Takes INVALIDATE shared (R-G2) and the lock of the folio, making one if there is none. Returns
  /// null, with nothing held, if it has to be looked up again.
  private static @Nullable Folio lockForFill(
      AddressSpace mapping, @Nullable Folio present, long index, int flags) throws FsException {
    mapping.invalidateLock().lockShared();
    Folio folio = present;
    boolean locked = false;
    try {
      if (folio != null) {
        folio.lock();
        locked = true;
      } else if (AddressSpace.indexOf(mapping.size() + AddressSpace.FOLIO_SIZE - 1) > index) {
        // The size was looked at under INVALIDATE: a truncation has not begun, or will find it.
        folio = mapping.insertNew(index, flags & AddressSpace.DONTCACHE);
        locked = folio != null;
      }
    } finally {
      if (!locked) {
        mapping.invalidateLock().unlockShared();
      }
    }
    return folio;
  }

  /// Reads the folio from its store unless that is not needed, and copies. INVALIDATE shared and
  /// FOLIO held on entry, nothing on return.
  private static int fillAndUnlock(
      Folio folio,
      long at,
      int wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset)
      throws FsException {
    AddressSpace mapping = folio.mapping();
    boolean filling = false;
    boolean pinned = false;
    try {
      int n;
      try {
        n = copyLocked(folio, at, wanted, segment, array, offset);
        if (n == AGAIN && folio.isAttached()) {
          pinned = folio.tryGet(); // stays until it has been looked at; attached, so always true
          filling = true; // from here on the lock is readFolio's, whatever happens
          SchedulePoint.reach(SchedulePoint.Kind.FILL_START, folio);
          if (mapping.operations().readFolio(mapping, folio) == FillResult.RETRY) {
            return AGAIN;
          }
        }
      } finally {
        if (!filling) {
          folio.unlock();
        }
        mapping.invalidateLock().unlockShared();
      }
      if (n != AGAIN || !filling) {
        return n;
      }
      folio.waitUnlocked();
      if (!folio.isUptodate() && folio.isAttached()) {
        throw new FsException(Errno.EIO, "read of " + mapping + " at " + at);
      }
      return look(folio, at, wanted, segment, array, offset);
    } finally {
      if (pinned) {
        folio.put();
      }
    }
  }
}
