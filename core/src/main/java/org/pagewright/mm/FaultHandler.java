package org.pagewright.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.AddressSpaceOperations.MkwriteResult;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.Count;
import org.pagewright.stats.Counters;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.DirtyContexts;
import org.pagewright.writeback.DirtyThrottle;

/// Serves an access that found no entry, or none that allows it. Compare Linux's
/// mm/memory.c:do_fault(), do_wp_page() and finish_mkwrite_fault().
///
/// ## A store to a shared area, step by step
///
///     fill               no lock: the folio is brought in, and a reference keeps it    R-A4 R-A14
///     MMAP shared        closed? protection?
///       SB_PAGEFAULT     frozen: MMAP is given back, wait, from the beginning          R-F16
///         times          a journal handle, perhaps; no folio locked                    R-F9 R-F18
///         entry          noted                                                         R-F6
///         pageMkwrite    unlocked -> LOCKED | RETRY | throws                     R-F1 R-F4 R-F5
///         FOLIO          still ours; fits its context; not under a write-out that
///                        needs it to stand still                                       R-F17 R-F15
///           size         not the one that pageMkwrite saw: dirty, but from the
///                        beginning: a further block may need space                     R-D5 R-F12
///           entry        as noted? then writable                                       R-F6 R-F2
///           dirty        cannot wait, cannot fail                                      R-F3 R-F20
///         FOLIO given back
///       SB_PAGEFAULT given back: what a freezer syncs after it has the folio dirty     R-F16
///     MMAP given back
///     throttled          with nothing held                                             R-F8
///
/// From pageMkwrite's success to the dirty folio the folio lock is held, so nobody starts to clean
/// it in between (R-F2). Every way out gives back what was taken (R-F7). Whoever comes back from
/// here tries its access again, and may find its entry gone once more. The file is the area's, not
/// asked of a folio that may have left it (R-F10).
final class FaultHandler {
  /// The access is a store.
  static final int WRITE = 1;

  /// The page is to be pinned: the result holds it.
  static final int PIN = 2;

  /// The page is to be locked in memory, if it lies in such a range.
  static final int LOCK = 4;

  /// Neighbours that a load maps along, where they are in memory.
  private static final int AROUND = 16;

  private static final WriteOp PLAIN = new WriteOp();

  /// A page that cannot go away: a folio with a reference, or a copy that is held.
  record Pinned(@Nullable Folio folio, VmArea.@Nullable PrivateCopy copy, boolean write) {
    /// Where it is, as an entry says it.
    long place() {
      if (folio != null) {
        return PageTable.placeOf(folio);
      }
      assert copy != null;
      return copy.place();
    }
  }

  private final VmArea area;
  private final long page;
  private final int mode;
  private final AddressSpace mapping;
  private final VmOperations operations;
  private @Nullable Pinned pinned;
  private int rounds;
  private boolean frozen; // why the last attempt came to nothing
  private boolean installed; // whether the last attempt put its copy in place

  private FaultHandler(VmArea area, long page, int mode) {
    this.area = area;
    this.page = page;
    this.mode = mode;
    this.mapping = area.mapping();
    this.operations = area.operations();
  }

  /// Serves a fault.
  ///
  /// Nothing from MMAP on held; INODE may be, by a writer whose source the page is. May sleep. Who
  /// pins is a user of the area already, and stays one until the release.
  ///
  /// @param area where
  /// @param page which page of it
  /// @param mode WRITE, PIN, LOCK
  /// @return what is pinned, with PIN; else null
  /// @throws FsException ENXIO beyond the end of the file, EBADF if closed, EACCES, EROFS, ENOSPC,
  ///     EDQUOT, ENOMEM, EIO: no entry was changed
  static @Nullable Pinned handle(VmArea area, long page, int mode) throws FsException {
    assert Lockdep.holdsNoneFrom(LockClass.MMAP) : Lockdep.describe();
    SchedulePoint.reach(SchedulePoint.Kind.FAULT, area);
    area.enter();
    FaultHandler fault = new FaultHandler(area, page, mode);
    FaultEvent event = FaultEvent.started();
    try {
      fault.serve();
    } finally {
      if (event != null) {
        event.ended(area, page, fault.isWrite(), fault.rounds);
      }
      area.leave();
    }
    Counters counters = area.mapping().counters();
    counters.add(Count.FAULTS, 1);
    counters.add(Count.LOOKUPS, 1);
    if (fault.isWrite() && area.isShared()) {
      fault.throttle(); // R-F8
    }
    return fault.pinned;
  }

  private boolean isWrite() {
    return (mode & WRITE) != 0;
  }

  private boolean isPin() {
    return (mode & PIN) != 0;
  }

  /// A store that made a folio dirty pays for it like a write. An interrupt is not for us: stores
  /// cannot be interrupted.
  private void throttle() throws FsException {
    try {
      DirtyThrottle.balance(mapping, PLAIN);
    } catch (FsException e) {
      if (e.errno() != Errno.EINTR) {
        if (pinned != null) {
          release(area, pinned);
        }
        throw e;
      }
    }
  }

  private void serve() throws FsException {
    // Ends: each round finds its folio gone, or its entry changed by another, or the volume frozen.
    while (true) {
      frozen = false;
      installed = false;
      rounds++;
      Folio folio = operations.fault(area.indexOf(page));
      if (folio == null && !hasCopy()) {
        throw new FsException(Errno.ENXIO, area + ": page " + page + " is beyond the end");
      }
      VmArea.PrivateCopy spare = null;
      try {
        if (isWrite() && !area.isShared()) {
          // Before any lock, because it may wait for the write-out of others (R-I6).
          spare = new VmArea.PrivateCopy(mapping, mapping.cache().takeFrame(false));
        }
        if (attempt(folio, spare)) {
          area.space().countFault(isWrite());
          return;
        }
      } finally {
        if (spare != null && !installed) {
          mapping.cache().freeFrame(spare.frame);
        }
        if (folio != null) {
          folio.put();
        }
      }
      if (frozen) {
        operations.awaitThaw();
      }
    }
  }

  private boolean hasCopy() {
    return PageTable.is(area.table().get(page), PageTable.PRIVATE);
  }

  /// Returns true if the fault is served; false to start over.
  private boolean attempt(@Nullable Folio folio, VmArea.@Nullable PrivateCopy spare)
      throws FsException {
    area.mmap().lockShared();
    try {
      area.checkOpen();
      if (isWrite()) {
        area.checkStores(page);
      }
      long entry = area.table().get(page);
      if (PageTable.is(entry, PageTable.PRIVATE)) {
        return touchCopy(entry);
      }
      if (folio == null) {
        return false; // the copy went with the end of the file
      }
      if (!isWrite()) {
        return load(folio, entry);
      }
      return spare == null ? store(folio, entry) : copy(folio, entry, spare);
    } finally {
      area.mmap().unlockShared();
    }
  }

  // ---- Loads ----------------------------------------------------------------------------------

  private boolean load(Folio folio, long entry) throws FsException {
    folio.lock();
    try {
      if (!isOurs(folio)) {
        return false;
      }
      if (PageTable.is(entry, PageTable.PRESENT)) {
        long young = entry | PageTable.READ;
        if (entry != young && !area.table().compareAndSet(page, entry, young)) {
          return false;
        }
      } else if (!area.table().compareAndSet(
          page, entry, PageTable.entry(entry, PageTable.placeOf(folio), PageTable.READ))) {
        return false;
      }
      settle(folio);
    } finally {
      folio.unlock();
    }
    if (!area.isRandom() && !PageTable.is(entry, PageTable.PRESENT)) {
      loadAround(folio.index());
    }
    return true;
  }

  /// Whether the folio is still what its page is to lead to. Folio lock held.
  private boolean isOurs(Folio folio) throws FsException {
    // Meanwhile it may have been truncated (R-G1), and the size may have fallen before it was
    // (R-D4): an entry that is made now would come too late to be removed.
    if (!folio.isAttached() || !folio.isUptodate()) {
      return false;
    }
    if (folio.pos() >= mapping.size()) {
      throw new FsException(Errno.ENXIO, area + ": page " + page + " is beyond the end");
    }
    return true;
  }

  /// What is left to do when the entry is there: pin, lock in memory. Folio lock held.
  private void settle(Folio folio) throws FsException {
    if (isPin()) {
      boolean got = folio.tryGet();
      assert got : folio;
      if (isWrite()) {
        folio.pinForWrite();
      }
      pinned = new Pinned(folio, null, isWrite());
    }
    if (area.isLockedRange(page)) {
      lockInMemory(folio);
    }
  }

  private void lockInMemory(Folio folio) throws FsException {
    long e = area.table().get(page);
    while (!PageTable.is(e, PageTable.LOCKED | PageTable.PRIVATE)
        && PageTable.is(e, PageTable.PRESENT)) {
      if (!area.space().countLocked(1)) {
        if ((mode & LOCK) == 0) {
          return; // the access itself can be served
        }
        throw new FsException(Errno.ENOMEM, area + ": half of the cache is locked in memory");
      }
      boolean got = folio.tryGet();
      assert got : folio;
      if (area.table().compareAndSet(page, e, e | PageTable.LOCKED)) {
        return;
      }
      folio.put();
      area.space().countLocked(-1);
      e = area.table().get(page);
    }
  }

  /// Maps what is in memory around a page, as far as that needs no waiting: who goes through a file
  /// takes one fault for [#AROUND] folios.
  private void loadAround(long index) {
    long first = page & -AROUND;
    long last = Math.min(first + AROUND, area.pages()) - 1;
    for (long p = first; p <= last; p++) {
      long e = area.table().get(p);
      if (PageTable.is(e, PageTable.PRESENT)) {
        continue;
      }
      Folio folio = mapping.find(area.indexOf(p));
      if (folio == null || folio.index() == index || !folio.isUptodate() || !folio.tryLock()) {
        continue;
      }
      if (folio.isAttached()
          && folio.isUptodate()
          && !folio.isReadahead()
          && folio.pos() < mapping.size()
          && !area.isLockedRange(p)) {
        long fresh = PageTable.entry(e, PageTable.placeOf(folio), PageTable.READ);
        area.table().compareAndSet(p, e, fresh);
      }
      folio.unlock();
    }
  }

  // ---- Stores to the file ---------------------------------------------------------------------

  private boolean store(Folio folio, long entry) throws FsException {
    if (!operations.tryStartPagefault()) { // R-F16
      frozen = true;
      return false;
    }
    try {
      operations.updateTimes(); // R-F9, R-F18
      return mkwrite(folio, entry);
    } finally {
      operations.endPagefault();
    }
  }

  private boolean mkwrite(Folio folio, long entry) throws FsException {
    AddressSpaceOperations fs = mapping.operations();
    long size = mapping.size();
    SchedulePoint.reach(SchedulePoint.Kind.MKWRITE, folio);
    // Called with nothing held that ranks below SB_PAGEFAULT (R-F1). If it throws, nothing was
    // made writable (R-F4), and nothing is locked (R-F7).
    if (fs.pageMkwrite(mapping, folio) == MkwriteResult.RETRY) {
      return false; // R-F5
    }
    assert folio.isLockedByCaller() && folio.isAttached() : folio;
    if (!DirtyContexts.admit(folio)) { // R-F17
      return false; // unlocked
    }
    boolean done = false;
    try {
      if (fs.needsStableFolios()) {
        folio.waitWriteback(); // R-F15
      }
      done = makeWritable(folio, entry, size);
      // Dirty even if the entry is not writable after all: what pageMkwrite took is for a dirty
      // folio, and would be lost if nobody wrote it out.
      folio.markDirty(); // R-F2, R-F3
      if (done) {
        settle(folio);
      }
      return done;
    } finally {
      folio.unlock();
    }
  }

  /// Makes the entry writable if it is still what it was, and the file as long as it was. The folio
  /// is locked, so a size that is seen here cannot fall below it before the caller is done.
  private boolean makeWritable(Folio folio, long entry, long size) {
    long fresh = PageTable.entry(entry, PageTable.placeOf(folio), PageTable.READ | PageTable.WRITE);
    fresh |= entry & PageTable.LOCKED;
    if (size >= folio.pos() + folio.size()) {
      return area.table().compareAndSet(page, entry, fresh); // R-F6
    }
    // The file ends in this folio. If it grew since pageMkwrite looked, a block that was beyond the
    // end is inside now and has no space; if it grows from now on, who grows it takes the entry
    // back first (R-D5).
    ReverseMap rmap = ReverseMap.of(mapping);
    rmap.endLock().lock();
    boolean done = mapping.size() == size && area.table().compareAndSet(page, entry, fresh);
    rmap.endLock().unlock();
    return done;
  }

  // ---- Private copies -------------------------------------------------------------------------

  private boolean touchCopy(long entry) {
    long wanted = entry | PageTable.READ | (isWrite() ? PageTable.WRITE : 0);
    if (wanted != entry && !area.table().compareAndSet(page, entry, wanted)) {
      return false;
    }
    return !isPin() || pinCopy();
  }

  private boolean pinCopy() {
    VmArea.PrivateCopy held = area.holdCopy(page);
    if (held == null) {
      return false;
    }
    pinned = new Pinned(null, held, isWrite());
    return true;
  }

  /// Copies a folio for this area alone. Compare Linux's mm/memory.c:do_cow_fault().
  private boolean copy(Folio folio, long entry, VmArea.PrivateCopy spare) throws FsException {
    folio.lock();
    try {
      if (!isOurs(folio)) {
        return false;
      }
      folio.shutOverwriters();
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
      int length = folio.size();
      mapping
          .cache()
          .frames()
          .frame(spare.frame)
          .copyFrom(folio.chunk().asSlice(folio.chunkOffset(), length));
      // A reference of an entry that was locked in memory is the folio's, not the copy's.
      if (PageTable.is(entry, PageTable.LOCKED)) {
        if (!area.table().compareAndSet(page, entry, entry & ~PageTable.LOCKED)) {
          return false;
        }
        area.space().countLocked(-1);
        folio.put();
        entry &= ~PageTable.LOCKED;
      }
      installed = area.install(page, entry, spare);
    } finally {
      folio.unlock();
    }
    return installed && (!isPin() || pinCopy());
  }

  // ---- Pins -----------------------------------------------------------------------------------

  /// Lets go of what a fault pinned. Any thread.
  static void release(VmArea area, Pinned pinned) {
    Folio folio = pinned.folio;
    VmArea.PrivateCopy copy = pinned.copy;
    if (folio != null) {
      if (pinned.write) {
        folio.unpinForWrite();
      }
      folio.put();
    } else if (copy != null) {
      area.putCopy(copy);
    }
  }
}
