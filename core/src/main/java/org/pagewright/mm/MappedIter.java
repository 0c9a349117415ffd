package org.pagewright.mm;

import java.lang.foreign.MemorySegment;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.sync.SchedulePoint;

/// A source that is a range of a region: the bytes that a user hands to write() out of a mapping,
/// the case that the short copy was invented for (S0). The range may lie in the file that is
/// written, even in the very folio (R-A1); two writers may copy from each other's file (R-A2).
///
/// [#copyAtomic] takes what has an entry and never serves a fault; it holds a reference of the
/// folio meanwhile, so that nothing but the file's bytes can reach the target, and waits for no
/// lock. What has no entry is brought in by [#faultIn(int)], where MMAP may be taken because no
/// folio is locked (R-A3, R-A4); by the next copy it may be gone again (R-A5).
///
/// For a file that is open past the cache it goes through the cache, too: no device ever transfers
/// from what may be the range that is written (R-J4).
///
/// A region that is closed half-way, or whose file is truncated, is a bad address from there on.
final class MappedIter implements IovIter {
  private final VmArea area;
  private final PageTable table;
  private final long end;
  private long at; // byte of the area

  MappedIter(VmArea area, long at, long count) {
    this.area = area;
    this.table = area.table();
    this.at = at;
    this.end = at + count;
  }

  @Override
  public long remaining() {
    return end - at;
  }

  private static int toFolioEnd(long at) {
    return AddressSpace.FOLIO_SIZE - (int) (at & (AddressSpace.FOLIO_SIZE - 1));
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int done = 0;
    while (done < length) {
      int n = Math.min(toFolioEnd(at), length - done);
      if (!copyWithin(target, offset + done, n)) {
        break;
      }
      done += n;
      at += n;
    }
    return done;
  }

  private boolean copyWithin(MemorySegment target, long offset, int n) {
    long page = at >>> AddressSpace.FOLIO_SHIFT;
    SchedulePoint.reach(SchedulePoint.Kind.READ, table);
    long entry = table.get(page);
    if (!PageTable.is(entry, PageTable.READ)) {
      return false;
    }
    VmArea.PrivateCopy copy = null;
    Folio folio = null;
    if (PageTable.is(entry, PageTable.PRIVATE)) {
      copy = area.holdCopy(page);
    } else {
      folio = area.mapping().find(area.indexOf(page));
      folio = folio != null && folio.tryGet() ? folio : null;
    }
    if (copy == null && folio == null) {
      return false;
    }
    try {
      // Held now; and it is what the entry leads to, if that has not changed since.
      SchedulePoint.reach(SchedulePoint.Kind.READ, table);
      if (table.get(page) != entry) {
        return false;
      }
      MemorySegment chunk =
          PageTable.memory(area.mapping().cache().frames().chunks(), entry);
      long from = PageTable.offsetOf(entry) + (at & (AddressSpace.FOLIO_SIZE - 1));
      SchedulePoint.touchMemory(chunk, from, false);
      MemorySegment.copy(chunk, from, target, offset, n);
      return true;
    } finally {
      if (folio != null) {
        folio.put();
      } else {
        area.putCopy(copy);
      }
    }
  }

  @Override
  public void revert(int count) {
    at -= count;
  }

  /// Visits each page of the range (R-A6), and stops at the first that cannot be reached.
  @Override
  public int faultIn(int length) throws FsException {
    int done = 0;
    while (done < length) {
      try {
        FaultHandler.handle(area, at + done >>> AddressSpace.FOLIO_SHIFT, 0);
      } catch (FsException e) {
        if (done == 0 && e.errno() != Errno.ENXIO && e.errno() != Errno.EBADF) {
          throw e;
        }
        break;
      }
      done += Math.min(toFolioEnd(at + done), length - done);
    }
    return done;
  }

  /// Brings a page in and copies it while it is held, so that nobody can come between (R-A14).
  @Override
  public int copy(MemorySegment target, long offset, int length) throws FsException {
    long page = at >>> AddressSpace.FOLIO_SHIFT;
    try {
      area.enter();
    } catch (FsException e) {
      return 0; // closed: a bad address
    }
    try {
      FaultHandler.Pinned pinned = FaultHandler.handle(area, page, FaultHandler.PIN);
      if (pinned == null) {
        return 0;
      }
      try {
        int n = Math.min(toFolioEnd(at), length);
        long place = pinned.place();
        MemorySegment chunk =
            PageTable.memory(area.mapping().cache().frames().chunks(), place);
        long from = PageTable.offsetOf(place) + (at & (AddressSpace.FOLIO_SIZE - 1));
        SchedulePoint.touchMemory(chunk, from, false);
        MemorySegment.copy(chunk, from, target, offset, n);
        at += n;
        return n;
      } finally {
        FaultHandler.release(area, pinned);
      }
    } catch (FsException e) {
      if (e.errno() == Errno.ENXIO || e.errno() == Errno.EBADF) {
        return 0;
      }
      throw e;
    } finally {
      area.leave();
    }
  }
}
