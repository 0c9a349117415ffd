package org.pagewright.filemap;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.FolioMapper;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;

/// Bytes that cease to exist: truncation, holes, and folios that are dropped because somebody goes
/// past the cache. Compare Linux's mm/truncate.c.
///
/// A file system truncates in this order (R-D4). The size first: from then on no reader believes in
/// the bytes, whatever it still finds in memory. The cache next: from then on nobody can write them
/// back. The blocks last: they may be another file's at once.
///
///     INODE, INVALIDATE exclusive -> setSize -> cache dropped, tail zeroed -> blocks freed
///
/// | method           | INODE | INVALIDATE | waits for               | dirty folios |
/// |------------------|-------|------------|-------------------------|--------------|
/// | setSize          | excl. | excl.      | folio locks, write-out  | dropped      |
/// | truncatePages    | excl. | excl.      | folio locks, write-out  | dropped      |
/// | zeroBeyondEnd    | excl. | -          | folio lock, write-out   | stay         |
/// | invalidatePages  | -     | -          | nothing                 | stay         |
/// | invalidateRange2 | -     | -          | folio locks, write-out  | stay         |
public final class Truncate {
  private static final int BATCH = 64;

  private Truncate() {}

  /// Sets the size of a file and makes the cache agree.
  ///
  /// Down: the new size is visible before the first byte goes (R-D4). Up: what the folio of the old
  /// end holds beyond it is zeroed before it comes inside (R-D5).
  ///
  /// INODE and INVALIDATE exclusive, or nobody else knows the file. May sleep.
  ///
  /// @param mapping the file
  /// @param size the new size in bytes
  public static void setSize(AddressSpace mapping, long size) {
    long old = mapping.size();
    if (size > old) {
      zeroBeyondEnd(mapping);
    }
    mapping.setSize(size);
    if (size < old) {
      truncatePages(mapping, size, Long.MAX_VALUE);
    }
  }

  /// Zeroes what the folio of the file's end holds beyond it: nobody promised that a store through
  /// a mapping left zeros there. To be called before the size grows from outside that folio (R-D5).
  /// It does not become dirty: each write-out leaves zeros beyond the end on the store (R-D3).
  ///
  /// INODE exclusive. May sleep.
  ///
  /// @param mapping the file
  public static void zeroBeyondEnd(AddressSpace mapping) {
    zeroBeyondEnd(mapping, false);
  }

  /// Like the other, but waits for nothing if asked. Returns false if it would have to (R-J7).
  static boolean zeroBeyondEnd(AddressSpace mapping, boolean nowait) {
    long size = mapping.size();
    Folio folio = mapping.find(AddressSpace.indexOf(size));
    if (folio == null || folio.pos() == size) {
      return true; // the end is between two folios: no folio holds both sides of it
    }
    if (!folio.tryLock()) {
      if (nowait) {
        return false;
      }
      folio.lock();
    }
    boolean free = !nowait || !folio.isWriteback();
    if (folio.isAttached() && free) {
      folio.waitWriteback(); // the bytes belong to the write-out until then
      folio.zero(folio.offsetOf(size), mapping.bytesToFolioEnd(size));
    }
    folio.unlock();
    return free;
  }

  /// Drops a range of bytes: folios wholly inside go, dirty or not; of those at its borders the
  /// bytes inside become zero and what is dirty stays dirty (R-G4). No folio that went comes back
  /// (R-G3).
  ///
  /// INVALIDATE exclusive, so that no fill brings back what goes (R-G2), and INODE exclusive, so
  /// that no write does. Waits for write-out of each folio. The size is set already. May sleep.
  ///
  /// @param mapping the file
  /// @param from first byte to drop
  /// @param toInclusive last byte to drop; [Long#MAX_VALUE] for all
  public static void truncatePages(AddressSpace mapping, long from, long toInclusive) {
    assert Lockdep.holds(LockClass.INVALIDATE, mapping.invalidateLock());
    if (mapping.folios() == 0 && mapping.mapper() == null || from > toInclusive) {
      return;
    }
    long first = AddressSpace.indexOf(from);
    long last = AddressSpace.indexOf(toInclusive);
    unmap(mapping, from, toInclusive);
    @Nullable Folio[] batch = new @Nullable Folio[BATCH];
    int n;
    while ((n = mapping.gather(first, last, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        first = folio.index() + 1;
        long folioEnd = folio.pos() + folio.size() - 1;
        int offset = (int) (Math.max(from, folio.pos()) - folio.pos());
        int length = (int) (Math.min(toInclusive, folioEnd) - folio.pos()) + 1 - offset;
        dropOrZero(mapping, folio, offset, length);
      }
      if (first > last) {
        break;
      }
    }
  }

  /// Takes mappings away from what is wholly inside a range, at one go for all of it. Those that a
  /// fault makes after that find the new size, or INVALIDATE held, or have their folio locked,
  /// which is then unmapped with its folio (R-D4). Private copies go with the end of the file only.
  private static void unmap(AddressSpace mapping, long from, long toInclusive) {
    FolioMapper mapper = mapping.mapper();
    long first = AddressSpace.indexOf(from + AddressSpace.FOLIO_SIZE - 1);
    long last =
        toInclusive == Long.MAX_VALUE
            ? AddressSpace.indexOf(toInclusive)
            : AddressSpace.indexOf(toInclusive + 1) - 1;
    if (mapper != null && first <= last) {
      mapper.unmapRange(first, last, toInclusive == Long.MAX_VALUE);
    }
  }

  private static void dropOrZero(AddressSpace mapping, Folio folio, int offset, int length) {
    SchedulePoint.reach(SchedulePoint.Kind.TRUNCATE, folio);
    folio.lock();
    // While we waited, reclaim may have taken it (R-G1).
    if (folio.isAttached()) {
      folio.waitWriteback(); // its bytes are on the way to blocks that are about to be freed (R-G3)
      if (length == folio.size()) {
        mapping.operations().invalidateFolio(folio, 0, length);
        mapping.detach(folio);
      } else {
        // The blocks of the range are about to go: the next store asks for one anew (R-G4).
        folio.writeProtect();
        folio.zero(offset, length);
        mapping.operations().invalidateFolio(folio, offset, length);
      }
    }
    folio.unlock();
  }

  /// Drops what can be dropped without waiting or losing anything: clean folios that nobody uses.
  ///
  /// @param mapping the file
  /// @param first first folio
  /// @param last last folio
  /// @return how many went
  public static long invalidatePages(AddressSpace mapping, long first, long last) {
    @Nullable Folio[] batch = new @Nullable Folio[BATCH];
    long dropped = 0;
    long next = first;
    int n;
    while (next <= last && (n = mapping.gather(next, last, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        next = folio.index() + 1;
        if (folio.isDirty() || folio.isWriteback() || !folio.tryLock()) {
          continue;
        }
        if (folio.isAttached() && mapping.evict(folio)) {
          dropped++;
        }
        folio.unlock();
      }
    }
    return dropped;
  }

  /// Drops a range for somebody who goes past the cache: direct I/O (R-J1). Waits for locks and for
  /// write-out, but writes nothing itself. Clean folios go although somebody holds a reference. May
  /// sleep.
  ///
  /// @param mapping the file
  /// @param first first folio
  /// @param last last folio
  /// @return false if a folio stayed, because it is dirty, or memory is its only place: then what
  ///     lies in the cache and what is on the store may differ
  public static boolean invalidateRange2(AddressSpace mapping, long first, long last) {
    @Nullable Folio[] batch = new @Nullable Folio[BATCH];
    boolean all = true;
    long next = first;
    int n;
    while (next <= last && (n = mapping.gather(next, last, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        next = folio.index() + 1;
        folio.lock();
        if (folio.isAttached()) {
          folio.waitWriteback();
          all &= mapping.evict(folio) || detachInUse(mapping, folio);
        }
        folio.unlock();
      }
    }
    return all;
  }

  /// Removes a clean folio that a reader holds a reference to, between its fill and its look: it
  /// will find the folio detached and look again. Were the folio left, everybody would read old
  /// bytes.
  private static boolean detachInUse(AddressSpace mapping, Folio folio) {
    if (folio.isDirty() || !mapping.operations().releaseFolio(folio)) {
      return false;
    }
    mapping.operations().invalidateFolio(folio, 0, folio.size());
    mapping.detach(folio);
    return true;
  }
}
