package org.pagewright.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// A range of a file, mapped: its entries, its protection, and who uses it. Compare Linux's struct
/// vm_area_struct. Pages of an area are numbered from 0, each one a folio of the file.
///
/// | guarded by                | what                                                           |
/// |---------------------------|----------------------------------------------------------------|
/// | MMAP, shared              | faults                                                         |
/// | MMAP, exclusive           | protection, ranges locked in memory, the end                   |
/// | PAGE_TABLE                | the private copies by page                                     |
/// | nothing                   | entries: see [PageTable]                                       |
///
/// A fault, a pin and a sync count as users; the file is let go when the area is closed and the
/// last of them has left, so none of them can meet an inode that is gone.
final class VmArea {
  private static final VarHandle USERS;

  static {
    try {
      USERS = MethodHandles.lookup().findVarHandle(VmArea.class, "users", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int CLOSED = 1 << 31;

  private final VmSpace space;
  private final AddressSpace mapping;
  private final VmOperations operations;
  private final Sharing sharing;
  private final long firstIndex;
  private final long pages;
  private final long base;
  private final PageTable table;
  private final Object lease; // as long as it can be reached, so can the memory
  private final RwSem mmap = new RwSem(LockClass.MMAP, this);
  private final Mutex copiesLock = new Mutex(LockClass.PAGE_TABLE, this);
  private final Map<Long, PrivateCopy> copies = new HashMap<>();

  private volatile PageRanges readOnly; // guarded by MMAP exclusive for writing
  private volatile boolean random; // a hint
  private PageRanges locked = PageRanges.NONE; // guarded by MMAP

  /// 31 closed, 30..0 users.
  @SuppressWarnings("unused") // through USERS
  private volatile int users;

  private final AtomicInteger shootdowns = new AtomicInteger(); // under way

  /// A frame that only one area sees; freed when the entry and the last pin are gone.
  static final class PrivateCopy {
    final int frame;
    private final AddressSpace mapping;
    private int holders = 1; // guarded by the area's PAGE_TABLE lock

    PrivateCopy(AddressSpace mapping, int frame) {
      this.mapping = mapping;
      this.frame = frame;
    }

    long place() {
      return PageTable.placeOf(mapping.cache().frames(), frame);
    }
  }

  VmArea(
      VmSpace space,
      AddressSpace mapping,
      VmOperations operations,
      Sharing sharing,
      Protection protection,
      long firstIndex,
      long pages) {
    this.space = space;
    this.mapping = mapping;
    this.operations = operations;
    this.sharing = sharing;
    this.readOnly =
        protection == Protection.READ ? PageRanges.of(0, pages - 1) : PageRanges.NONE;
    this.firstIndex = firstIndex;
    this.pages = pages;
    this.table = new PageTable(pages);
    this.lease = mapping.cache().frames().lease();
    this.base = VmSpace.takePages(pages);
  }

  VmSpace space() {
    return space;
  }

  /// What keeps the memory of the cache from being given back.
  Object lease() {
    return lease;
  }

  AddressSpace mapping() {
    return mapping;
  }

  VmOperations operations() {
    return operations;
  }

  boolean isShared() {
    return sharing == Sharing.SHARED;
  }

  PageTable table() {
    return table;
  }

  RwSem mmap() {
    return mmap;
  }

  long pages() {
    return pages;
  }

  /// What stores to page 0 announce; the next pages follow.
  long base() {
    return base;
  }

  /// Folio of the file that a page leads to.
  long indexOf(long page) {
    return firstIndex + page;
  }

  /// Page that leads to a folio of the file; outside 0 to [#pages()] if none does.
  long pageOf(long index) {
    return index - firstIndex;
  }

  /// What the pages of a range may be used for: READ_WRITE if any of them may be stored to.
  Protection protection(long first, long last) {
    SchedulePoint.touch(mmap, false);
    return readOnly.covers(first, last) ? Protection.READ : Protection.READ_WRITE;
  }

  boolean isRandom() {
    return random;
  }

  void setRandom(boolean random) {
    this.random = random;
  }

  // ---- Users ----------------------------------------------------------------------------------

  void enter() throws FsException {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    int old;
    do {
      old = (int) USERS.getVolatile(this);
      if (old < 0) {
        throw new FsException(Errno.EBADF, this + ": region is closed");
      }
    } while (!USERS.weakCompareAndSet(this, old, old + 1));
  }

  void leave() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    if ((int) USERS.getAndAdd(this, -1) - 1 == CLOSED) {
      operations.released();
    }
  }

  boolean isClosed() {
    SchedulePoint.touch(this, false);
    return (int) USERS.getVolatile(this) < 0;
  }

  /// Under MMAP, which a close takes exclusively before it empties the table: so what is found open
  /// here stays so until MMAP is given back.
  void checkOpen() throws FsException {
    if (isClosed()) {
      throw new FsException(Errno.EBADF, this + ": region is closed");
    }
  }

  /// Under MMAP: so what may be stored to here, may be until MMAP is given back.
  void checkStores(long page) throws FsException {
    if (protection(page, page) != Protection.READ_WRITE) {
      throw new FsException(Errno.EACCES, this + ": page " + page + " is read-only");
    }
  }

  /// Ends the area: from its return on no access finds an entry, and none is under way that found
  /// one. Idempotent. Faults that are under way end with EBADF.
  void close() {
    int old;
    do {
      old = (int) USERS.getVolatile(this);
      if (old < 0) {
        return;
      }
    } while (!USERS.compareAndSet(this, old, old | CLOSED));
    mmap.lock();
    unlockMemoryLocked(0, pages - 1);
    locked = PageRanges.NONE;
    removeEntries(0, pages - 1, PageTable.UNMAP_ALL);
    mmap.unlock();
    space.remove(this);
    if (old == 0) {
      operations.released();
    }
  }

  // ---- Protection -----------------------------------------------------------------------------

  /// Changes what the pages of a range may be used for; from its return on no store is under way
  /// that was not allowed. Compare Linux's mm/mprotect.c, which splits areas where protections
  /// meet.
  void protect(long first, long last, Protection wanted) throws FsException {
    if (wanted == Protection.READ_WRITE && isShared() && !operations.isWritable()) {
      throw new FsException(Errno.EACCES, this + ": the file is not open for writing");
    }
    mmap.lock();
    try {
      checkOpen();
      if (wanted == Protection.READ) {
        readOnly = readOnly.with(first, last);
        shootDown(first, last, PageTable.READ_ONLY);
      } else {
        readOnly = readOnly.without(first, last);
      }
    } finally {
      mmap.unlock();
    }
  }

  // ---- Entries --------------------------------------------------------------------------------

  /// Takes WRITE away from all entries that lead to the file, and waits for the stores that found
  /// it: the next store to each folio is a fault.
  void writeProtect() {
    shootDown(0, pages - 1, PageTable.WRITE_PROTECT);
  }

  /// Empties entries, waits for the stores that found them, and frees private copies among them.
  void removeEntries(long first, long last, PageTable.Change change) {
    if (PageTable.is(shootDown(first, last, change), PageTable.PRIVATE)) {
      dropCopies(first, last);
    }
  }

  /// Changes entries, and waits for the stores that found them as they were, whoever changed them.
  ///
  /// @return what the entries have lost
  private long shootDown(long first, long last, PageTable.Change change) {
    beginShootdown();
    try {
      long lost = table.change(first, last, change);
      if (PageTable.is(lost, PageTable.WRITE) || othersShootDown()) {
        awaitStores(first, last);
      }
      return lost;
    } finally {
      endShootdown();
    }
  }

  /// Waits for stores to a page whose entry the caller found empty: who emptied it may be waiting
  /// for them still.
  void awaitOthersStores(long page) {
    if (shootdowns.get() > 0) {
      awaitStores(page, page);
    }
  }

  private void awaitStores(long first, long last) {
    space.countShootdown();
    Announcements.await(new long[] {base + first, base + Math.min(last, pages - 1)}, 2);
  }

  /// Says that entries are about to be changed, until the stores through them have ended. One who
  /// finds no WRITE in an entry may rely on no store being under way only if nobody else is between
  /// this and [#endShootdown]: not every change is made under the folio lock (R-F14).
  void beginShootdown() {
    shootdowns.incrementAndGet();
  }

  /// The stores have ended.
  void endShootdown() {
    shootdowns.decrementAndGet();
  }

  /// Whether another than the caller, who is in one, is in a shootdown. To be asked after the
  /// entries were looked at.
  boolean othersShootDown() {
    return shootdowns.get() > 1;
  }

  // ---- Private copies -------------------------------------------------------------------------

  int privateCopies() {
    copiesLock.lock();
    int n = copies.size();
    copiesLock.unlock();
    return n;
  }

  /// Enters a copy, if its entry can be put in place of an old one.
  boolean install(long page, long old, PrivateCopy copy) {
    long flags = PageTable.PRIVATE | PageTable.READ | PageTable.WRITE;
    copiesLock.lock();
    try {
      if (!table.compareAndSet(page, old, PageTable.entry(old, copy.place(), flags))) {
        return false;
      }
      copies.put(page, copy);
      return true;
    } finally {
      copiesLock.unlock();
    }
  }

  /// The copy of a page, held for a pin; null if there is none.
  @Nullable PrivateCopy holdCopy(long page) {
    copiesLock.lock();
    try {
      PrivateCopy copy = copies.get(page);
      if (copy != null) {
        copy.holders++;
      }
      return copy;
    } finally {
      copiesLock.unlock();
    }
  }

  void putCopy(PrivateCopy copy) {
    copiesLock.lock();
    boolean last = --copy.holders == 0;
    copiesLock.unlock();
    if (last) {
      copy.mapping.cache().freeFrame(copy.frame);
    }
  }

  /// Lets go of copies whose entries are gone.
  private void dropCopies(long first, long last) {
    PrivateCopy[] gone;
    copiesLock.lock();
    gone =
        copies.entrySet().stream()
            .filter(e -> e.getKey() >= first && e.getKey() <= last)
            .filter(e -> !PageTable.is(table.get(e.getKey()), PageTable.PRIVATE))
            .map(Map.Entry::getValue)
            .toArray(PrivateCopy[]::new);
    copies.keySet().removeIf(
        page ->
            page >= first
                && page <= last
                && !PageTable.is(table.get(page), PageTable.PRIVATE));
    copiesLock.unlock();
    for (PrivateCopy copy : gone) {
      putCopy(copy);
    }
  }

  // ---- Locked in memory -----------------------------------------------------------------------

  /// Whether a fault is to lock the page in memory. MMAP held.
  boolean isLockedRange(long page) {
    return locked.contains(page);
  }

  /// Has faults lock a range in memory from now on.
  void addLockedRange(long first, long last) throws FsException {
    mmap.lock();
    try {
      checkOpen();
      locked = locked.with(first, last);
    } finally {
      mmap.unlock();
    }
  }

  /// Lets reclaim have a range again.
  void unlockMemory(long first, long last) throws FsException {
    mmap.lock();
    try {
      checkOpen();
      locked = locked.without(first, last);
      unlockMemoryLocked(first, last);
    } finally {
      mmap.unlock();
    }
  }

  private void unlockMemoryLocked(long first, long last) {
    if (locked.isEmpty() && table.count(first, last, PageTable.LOCKED) == 0) {
      return;
    }
    for (long page = first; page <= Math.min(last, pages - 1); page++) {
      if (PageTable.is(table.get(page), PageTable.LOCKED)) {
        unlockPage(page);
      }
    }
  }

  private void unlockPage(long page) {
    Folio folio = mapping.find(indexOf(page));
    if (folio == null) {
      return; // truncated a moment ago: its entry and reference went with it
    }
    folio.lock();
    boolean mine = false;
    if (folio.isAttached()) {
      mine = PageTable.is(table.change(page, page, e -> e & ~PageTable.LOCKED), PageTable.LOCKED);
    }
    folio.unlock();
    if (mine) {
      space.countLocked(-1);
      folio.put();
    }
  }

  @Override
  public String toString() {
    return mapping + " from folio " + firstIndex;
  }
}
