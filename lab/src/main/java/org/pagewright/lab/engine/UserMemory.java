package org.pagewright.lab.engine;

import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.FolioMapper;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilemapFault;
import org.pagewright.filemap.Readahead;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.mm.VmOperations;
import org.pagewright.mm.VmSpace;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.Writeback;

/// A user's memory. A page of a file is a region of the engine, [MappedRegion], with all that comes
/// with it: its entries, its faults, its lock. An anonymous page is a few letters that come and go,
/// under a lock of the same class.
final class UserMemory {
  /// What is mapped at a page.
  static final class Entry {
    final UserPage page;
    final @Nullable MappedRegion region;
    boolean valid;
    boolean resident; // of anonymous memory

    Entry(UserPage page, @Nullable MappedRegion region) {
      this.page = page;
      this.region = region;
      this.valid = page.valid();
      this.resident = page.resident();
    }

    /// Whether reclaim could take it.
    boolean isThere() {
      return region != null ? valid : resident;
    }
  }

  final Stage stage;
  private final VmSpace space;
  private final RwSem lock = new RwSem(LockClass.MMAP, "mm");
  private final Map<UserPage, Entry> table = new IdentityHashMap<>();
  boolean evicts;
  int walks;

  /// See [org.pagewright.lab.kernel.Kernel#heldAtFaults()]; known only where assertions are on.
  String heldAtFaults = "";

  UserMemory(Stage stage, VmSpace space) {
    this.stage = stage;
    this.space = space;
    stage.name(lock, "mm");
  }

  Entry entry(UserPage page) {
    SchedulePoint.touch(page, false);
    Entry known = table.get(page);
    if (known == null) {
      known = new Entry(page, map(page));
      table.put(page, known);
    }
    return known;
  }

  private @Nullable MappedRegion map(UserPage page) {
    EngineFile file = (EngineFile) page.file();
    if (file == null) {
      return null;
    }
    long pos = (long) page.index() * AddressSpace.FOLIO_SIZE;
    try {
      return space.map(
          file.mapping, new Opened(file, page), pos, AddressSpace.FOLIO_SIZE,
          Protection.READ_WRITE, Sharing.SHARED);
    } catch (FsException e) {
      throw new AssertionError("one page cannot be mapped", e);
    }
  }

  /// Serving a fault of any kind begins.
  private void faults(UserPage page) {
    stage.note("faults on " + page);
    if (!Lockdep.holdsNoneFrom(LockClass.MMAP) && heldAtFaults.isEmpty()) {
      heldAtFaults = Lockdep.describe();
    }
    walks++;
  }

  /// The open file behind a region. Its volume is never frozen.
  private final class Opened implements VmOperations {
    private final EngineFile file;
    private final UserPage page;
    private final Readahead readahead = new Readahead(0);

    Opened(EngineFile file, UserPage page) {
      this.file = file;
      this.page = page;
    }

    @Override
    public @Nullable Folio fault(long index) throws FsException {
      faults(page);
      return FilemapFault.fault(file.mapping, index, readahead);
    }

    @Override
    public boolean tryStartPagefault() {
      return true;
    }

    @Override
    public void awaitThaw() {
      throw new AssertionError("never frozen");
    }

    @Override
    public void updateTimes() {}

    @Override
    public void endPagefault() {}

    @Override
    public void sync(long from, long to) {
      Writeback.syncRange(file.mapping, from, to - 1);
    }

    @Override
    public void advise(long from, long to, Advice advice) {}

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public void released() {}
  }

  /// Makes a page resident.
  ///
  /// @return false if nothing is mapped there
  boolean touch(UserPage page) {
    Entry entry = entry(page);
    MappedRegion region = entry.region;
    if (region != null) {
      return isServed(page, () -> region.getByte(0));
    }
    while (!entry.resident) {
      SchedulePoint.reach(SchedulePoint.Kind.FAULT_IN, page);
      faults(page);
      lock.lockShared();
      SchedulePoint.touch(page, true);
      entry.resident = entry.valid;
      lock.unlockShared();
      if (!entry.valid) {
        stage.note(page + " is a bad address");
        return false;
      }
    }
    return true;
  }

  /// Accesses a region.
  ///
  /// @return false if that is no address any more: unmapped, or beyond the end of its file
  boolean isServed(UserPage page, Runnable access) {
    try {
      access.run();
      return true;
    } catch (MappedRegionException e) {
      if (e.kind() == MappedRegionException.Kind.IO) {
        throw e;
      }
      stage.note(page + " is a bad address: " + e.kind());
      return false;
    }
  }

  /// Takes a page out of core, as reclaim does: the next access is a fault.
  void drop(UserPage page) {
    SchedulePoint.reach(SchedulePoint.Kind.EVICT, page);
    Entry entry = entry(page);
    EngineFile file = (EngineFile) page.file();
    if (file != null) {
      FolioMapper mapper = file.mapping.mapper();
      assert mapper != null : page;
      mapper.unmapRange(page.index(), page.index(), false);
    } else {
      SchedulePoint.touch(page, true);
      entry.resident = false;
    }
    stage.note("takes " + page + " out of core");
  }

  void munmap(UserPage page) {
    Entry entry = entry(page);
    MappedRegion region = entry.region;
    if (region != null) {
      region.close();
    }
    lock.lock();
    SchedulePoint.touch(page, true);
    entry.valid = false;
    entry.resident = false;
    stage.note("unmaps " + page);
    lock.unlock();
  }

  void mlock(UserPage page) {
    MappedRegion region = entry(page).region;
    if (region != null) {
      isServed(
          page,
          () -> {
            region.lock(0, AddressSpace.FOLIO_SIZE);
            region.unlock(0, AddressSpace.FOLIO_SIZE); // the scenario is about the first
          });
    } else {
      touch(page);
    }
    stage.note("locks " + page + " in core");
  }

  /// Unmaps everything, as the end of a process does.
  void exit() {
    for (Entry entry : table.values()) {
      MappedRegion region = entry.region;
      if (region != null) {
        region.close();
      }
    }
  }
}
