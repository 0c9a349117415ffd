package org.pagewright.mm;

import java.util.Arrays;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.FolioMapper;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.SchedulePoint;

/// The areas that map one file. Compare Linux's i_mmap tree and mm/rmap.c.
///
/// The areas are an array that is never changed, only replaced: so it is walked under a folio lock
/// without a lock of its own. An area that comes while a walk is under way has no entry for that
/// folio, because entries are made under the folio lock; one that goes has none left.
final class ReverseMap implements FolioMapper {
  private final AddressSpace mapping;
  private final Mutex lock = new Mutex(LockClass.RMAP, this);
  private volatile VmArea[] areas = new VmArea[0]; // guarded by lock for changes

  /// Orders the growth of the file against the end of write faults of its last folio.
  private final Mutex endLock = new Mutex(LockClass.PAGE_TABLE, this);

  private ReverseMap(AddressSpace mapping) {
    this.mapping = mapping;
  }

  static ReverseMap of(AddressSpace mapping) {
    FolioMapper there = mapping.mapper();
    return (ReverseMap) (there != null ? there : mapping.mapperOr(new ReverseMap(mapping)));
  }

  void add(VmArea area) {
    lock.lock();
    VmArea[] more = Arrays.copyOf(areas, areas.length + 1);
    more[areas.length] = area;
    SchedulePoint.touch(this, true);
    areas = more;
    lock.unlock();
  }

  void remove(VmArea area) {
    lock.lock();
    SchedulePoint.touch(this, true);
    areas = Arrays.stream(areas).filter(a -> a != area).toArray(VmArea[]::new);
    lock.unlock();
  }

  private VmArea[] areas() {
    SchedulePoint.touch(this, false);
    return areas;
  }

  Mutex endLock() {
    return endLock;
  }

  @Override
  public void writeProtect(long first, long last) {
    VmArea[] now = areas();
    for (VmArea area : now) {
      area.beginShootdown();
    }
    try {
      writeProtect(now, first, last);
    } finally {
      for (VmArea area : now) {
        area.endShootdown();
      }
    }
  }

  private static void writeProtect(VmArea[] now, long first, long last) {
    long[] ranges = null;
    int n = 0;
    for (VmArea area : now) {
      long from = Math.max(area.pageOf(first), 0);
      long to = Math.min(area.pageOf(last), area.pages() - 1);
      if (from <= to
          && (area.table().change(from, to, PageTable.WRITE_PROTECT) != 0
              || area.othersShootDown())) {
        ranges = ranges == null ? new long[2 * now.length] : ranges;
        ranges[n++] = area.base() + from;
        ranges[n++] = area.base() + to;
        area.space().countShootdown();
      }
    }
    if (ranges != null) {
      Announcements.await(ranges, n); // once for all areas
    }
  }

  @Override
  public void unmap(Folio folio) {
    assert folio.isLocked() : folio;
    for (VmArea area : areas()) {
      long page = area.pageOf(folio.index());
      if (page >= 0 && page < area.pages()) {
        long old = area.table().get(page);
        if (PageTable.is(old, PageTable.PRESENT) && !PageTable.is(old, PageTable.PRIVATE)) {
          area.removeEntries(page, page, PageTable.UNMAP_LOCKED);
          if (PageTable.is(old, PageTable.LOCKED)) {
            area.space().countLocked(-1);
            folio.put();
          }
        } else {
          area.awaitOthersStores(page);
        }
      }
    }
  }

  @Override
  public void unmapRange(long first, long last, boolean evenCopies) {
    PageTable.Change change = evenCopies ? PageTable.UNMAP_ALL : PageTable.UNMAP;
    for (VmArea area : areas()) {
      long from = Math.max(area.pageOf(first), 0);
      long to = Math.min(area.pageOf(last), area.pages() - 1);
      if (from <= to) {
        area.removeEntries(from, to, change);
      }
    }
  }

  @Override
  public boolean testAndClearYoung(long index) {
    boolean young = false;
    for (VmArea area : areas()) {
      long page = area.pageOf(index);
      if (page >= 0 && page < area.pages()) {
        young |= PageTable.is(area.table().change(page, page, PageTable.AGE), PageTable.READ);
      }
    }
    return young;
  }

  @Override
  public void beginGrowth(long index) {
    endLock.lock();
    writeProtect(index, index);
  }

  @Override
  public void endGrowth() {
    endLock.unlock();
  }

  @Override
  public String toString() {
    return "mappings of " + mapping;
  }
}
