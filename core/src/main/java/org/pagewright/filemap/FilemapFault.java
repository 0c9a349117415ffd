package org.pagewright.filemap;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.FillResult;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;

/// A mapping wants a folio: finds it, or fills it. Compare Linux's mm/filemap.c:filemap_fault().
///
///     find -> reference -> uptodate?  done
///       |
///       +-> readahead -> INVALIDATE shared -> FOLIO -> reference -> readFolio -> wait -> done
///
/// No lock is held while the store is waited for, not even MMAP: who unmaps need not wait for a
/// slow device. The folio comes back unlocked but with a reference, so reclaim cannot take it any
/// more and the fault makes progress against any evictor (R-A14); truncation can, and the caller
/// looks at that under the folio lock (R-G1).
public final class FilemapFault {
  private FilemapFault() {}

  /// Brings a folio into memory.
  ///
  /// Nothing from CLUSTER on held (R-A4). May sleep.
  ///
  /// @param mapping the file
  /// @param index number of the folio
  /// @param readahead what this mapping has read so far
  /// @return uptodate a moment ago, with a reference for the caller; not locked. Null if it begins
  ///     at or beyond the end of the file (R-D6)
  /// @throws FsException EIO or what the file system failed with; ENOMEM; EINTR
  public static @Nullable Folio fault(AddressSpace mapping, long index, Readahead readahead)
      throws FsException {
    assert Lockdep.holdsNoneFrom(LockClass.CLUSTER) : Lockdep.describe();
    for (int round = 0; ; round++) {
      if (index << AddressSpace.FOLIO_SHIFT >= mapping.size()) {
        return null;
      }
      if (round > 1 && Thread.currentThread().isInterrupted()) {
        throw new FsException(Errno.EINTR, "fault of " + mapping + "/" + index);
      }
      Folio folio = mapping.find(index);
      if (folio == null) {
        mapping.countMiss();
        if (round == 0) {
          mapping.counters().add(Count.FAULTS_MAJOR, 1);
          readahead.miss(mapping, index, 1, 0);
          folio = mapping.find(index);
        }
      }
      if (folio != null && folio.tryGet()) {
        if (isGoodSoon(folio)) {
          used(folio, readahead);
          return folio;
        }
        folio.put();
      }
      folio = fill(mapping, index);
      if (folio != null) {
        used(folio, readahead);
        return folio;
      }
      // Truncated, or the file system asks to look again (R-E1), or somebody else was faster.
    }
  }

  /// Whether the folio is uptodate, after the fill that may be under way.
  private static boolean isGoodSoon(Folio folio) {
    if (!folio.isUptodate() && folio.isLocked()) {
      folio.waitUnlocked();
    }
    return folio.isUptodate() && folio.isAttached();
  }

  private static void used(Folio folio, Readahead readahead) {
    folio.markAccessed();
    if (folio.isReadahead()) {
      readahead.marked(folio.mapping(), folio, 1, 0);
    }
    if (folio.isDropBehind()) {
      folio.setDropBehind(false); // it is wanted after all (R-J6)
    }
    folio.settleMarks();
    readahead.readTo(folio.pos() + folio.size());
  }

  /// Reads a folio from its store. Returns null if it has to be looked up again.
  private static @Nullable Folio fill(AddressSpace mapping, long index) throws FsException {
    Folio folio;
    boolean mine = false;
    mapping.invalidateLock().lockShared(); // R-G2
    try {
      folio = lockOrInsert(mapping, index);
      if (folio == null) {
        return null;
      }
      // Attached, because it was looked at under its lock; hence the reference is to be had.
      boolean referenced = folio.isAttached() && folio.tryGet();
      if (!referenced || folio.isUptodate()) {
        folio.unlock();
        return referenced ? folio : null;
      }
      try {
        SchedulePoint.reach(SchedulePoint.Kind.FILL_START, folio);
        mine = mapping.operations().readFolio(mapping, folio) == FillResult.STARTED;
      } finally {
        if (!mine) {
          folio.put();
        }
      }
    } finally {
      mapping.invalidateLock().unlockShared();
    }
    if (!mine) {
      return null;
    }
    folio.waitUnlocked();
    if (folio.isUptodate()) {
      return folio;
    }
    boolean attached = folio.isAttached();
    folio.put();
    if (attached) {
      throw new FsException(Errno.EIO, "fault of " + mapping + "/" + index);
    }
    return null;
  }

  private static @Nullable Folio lockOrInsert(AddressSpace mapping, long index)
      throws FsException {
    Folio folio = mapping.find(index);
    if (folio != null) {
      folio.lock();
      return folio;
    }
    // The size was looked at under INVALIDATE: a truncation has not begun, or will find the folio.
    return index << AddressSpace.FOLIO_SHIFT < mapping.size()
        ? mapping.insertNew(index, 0)
        : null;
  }
}
