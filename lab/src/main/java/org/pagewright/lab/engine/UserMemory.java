package org.pagewright.lab.engine;

import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericRead;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// A user's memory over the engine's own files: one address range, its lock of class MMAP, and a
/// fault path that reads through the engine and takes the folio's lock, as a page fault does.
final class UserMemory {
  /// One entry of the page table.
  static final class Entry {
    final UserPage page;
    boolean valid;
    boolean resident;
    @Nullable Folio folio;

    Entry(UserPage page) {
      this.page = page;
      this.valid = page.valid();
      this.resident = page.resident();
    }

    /// Whether an access would not fault. A folio that left the cache left every page table.
    boolean isThere() {
      Folio shown = folio;
      return resident && (shown == null || shown.isAttached());
    }
  }

  final Stage stage;
  private final RwSem lock = new RwSem(LockClass.MMAP, "mm");
  private final Map<UserPage, Entry> table = new IdentityHashMap<>();
  boolean evicts;
  int walks;

  /// See [org.pagewright.lab.kernel.Kernel#heldAtFaults()]; known only where assertions are on.
  String heldAtFaults = "";

  UserMemory(Stage stage) {
    this.stage = stage;
    stage.name(lock, "mm");
  }

  Entry entry(UserPage page) {
    SchedulePoint.touch(page, false);
    return table.computeIfAbsent(page, Entry::new);
  }

  /// Makes a page resident.
  ///
  /// @return false if nothing is mapped there
  boolean touch(UserPage page) throws FsException {
    Entry entry = entry(page);
    while (!entry.isThere()) {
      SchedulePoint.reach(SchedulePoint.Kind.FAULT_IN, page);
      stage.note("faults on " + page);
      if (!Lockdep.holdsNoneFrom(LockClass.MMAP) && heldAtFaults.isEmpty()) {
        heldAtFaults = Lockdep.describe();
      }
      lock.lockShared();
      walks++;
      boolean good = fault(entry);
      lock.unlockShared();
      if (!good) {
        stage.note(page + " is a bad address");
        return false;
      }
    }
    return true;
  }

  private boolean fault(Entry entry) throws FsException {
    SchedulePoint.touch(entry.page, true);
    EngineFile file = (EngineFile) entry.page.file();
    if (!entry.valid || entry.isThere() || file == null) {
      entry.resident = entry.valid;
      return entry.valid;
    }
    AddressSpace mapping = file.mapping;
    long pos = (long) entry.page.index() * AddressSpace.FOLIO_SIZE;
    while (pos < mapping.size()) {
      GenericRead.read(mapping, pos, new byte[1], 0, 1, 0, null);
      Folio folio = mapping.find(entry.page.index());
      if (folio == null) {
        continue;
      }
      folio.lock();
      boolean good = folio.isAttached() && folio.isUptodate();
      if (good) {
        SchedulePoint.touch(entry.page, true);
        entry.folio = folio;
        entry.resident = true;
      }
      folio.unlock();
      if (good) {
        return true;
      }
    }
    return false;
  }

  void drop(UserPage page) {
    SchedulePoint.reach(SchedulePoint.Kind.EVICT, page);
    SchedulePoint.touch(page, true);
    Entry entry = entry(page);
    entry.resident = false;
    entry.folio = null;
    stage.note("takes " + page + " out of core");
  }

  void munmap(UserPage page) {
    lock.lock();
    SchedulePoint.touch(page, true);
    Entry entry = entry(page);
    entry.valid = false;
    entry.resident = false;
    stage.note("unmaps " + page);
    lock.unlock();
  }

  void mlock(UserPage page) throws FsException {
    lock.lock();
    fault(entry(page));
    stage.note("locks " + page + " in core");
    lock.unlock();
  }
}
