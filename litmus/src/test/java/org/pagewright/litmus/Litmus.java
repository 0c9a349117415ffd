package org.pagewright.litmus;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.mm.VmOperations;
import org.pagewright.mm.VmSpace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// Small programs over the shared state of core; each is made afresh for every schedule.
enum Litmus {
  /// Two threads add one to a number under a mutex.
  MUTEX(MutexCounter::new),

  /// Two threads change two numbers under the exclusive side, one compares them under the other.
  RWSEM(RwSemPair::new),

  /// Two threads add one to a number under a folio lock.
  FOLIO_LOCK(FolioCounter::new),

  /// One thread overwrites without the folio lock, another cleans and writes out (R-H1).
  OVERWRITE_AGAINST_CLEAN(OverwriteAgainstClean::new),

  /// One thread changes two numbers as one change, another looks at them without a lock (R-B13).
  LOOK_AGAINST_CHANGE(LookAgainstChange::new),

  /// One thread takes a reference, another evicts (R-I4).
  REFERENCE_AGAINST_EVICTION(ReferenceAgainstEviction::new),

  /// One thread stores through an entry that is writable, another cleans and writes out (R-F14).
  STORE_AGAINST_CLEAN(StoreAgainstClean::new),

  /// One thread has an entry made writable, another cleans and writes out: the window of S4 (R-F2).
  FAULT_AGAINST_CLEAN(FaultAgainstClean::new);

  /// One run of a program.
  interface Run {
    /// Number of threads.
    int threads();

    /// What one thread does.
    ///
    /// @param thread its number, from 0
    void run(int thread);

    /// Throws unless the end is one that can be; all threads have ended. May be asked again.
    void check();
  }

  private final Supplier<Run> maker;

  Litmus(Supplier<Run> maker) {
    this.maker = maker;
  }

  /// A fresh world.
  Run begin() {
    return maker.get();
  }

  private static void require(boolean holds, String words) {
    if (!holds) {
      throw new IllegalStateException(words);
    }
  }

  /// A number in the heap, where Lincheck sees every access and the explorer is told of it.
  private static final class Cell {
    private int value;

    int get() {
      SchedulePoint.reach(SchedulePoint.Kind.READ, this);
      return value;
    }

    void set(int v) {
      SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
      value = v;
    }
  }

  private static final class MutexCounter implements Run {
    private final Mutex mutex = new Mutex(LockClass.INODE, "mutex");
    private final Cell cell = new Cell();

    private void add() {
      mutex.lock();
      cell.set(cell.get() + 1);
      mutex.unlock();
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      add();
    }

    @Override
    public void check() {
      require(cell.value == 2, "counted " + cell.value + " of 2");
    }
  }

  private static final class RwSemPair implements Run {
    private final RwSem sem = new RwSem(LockClass.INODE, "sem");
    private final Cell left = new Cell();
    private final Cell right = new Cell();

    private void change() {
      sem.lock();
      left.set(left.get() + 1);
      right.set(right.get() + 1);
      sem.unlock();
    }

    private void compare() {
      sem.lockShared();
      int l = left.get();
      int r = right.get();
      sem.unlockShared();
      require(l == r, "saw " + l + " and " + r);
    }

    @Override
    public int threads() {
      return 3;
    }

    @Override
    public void run(int thread) {
      if (thread == 1) {
        compare();
      } else {
        change();
      }
    }

    @Override
    public void check() {
      require(left.value == right.value, left.value + " and " + right.value);
    }
  }

  /// A file with one folio, uptodate, attached, unlocked.
  private abstract static class OneFolio implements Run {
    private static final long BUDGET = 16 * AddressSpace.FOLIO_SIZE;

    final PageCache cache = new PageCache(BUDGET);
    final AddressSpace mapping = Content.mapping(cache);
    final Folio folio;
    private boolean closed;

    OneFolio() {
      try {
        folio = mapping.getOrCreate(0, 0);
      } catch (FsException e) {
        throw new IllegalStateException(e);
      }
      folio.markUptodate();
      folio.unlock();
    }

    @Override
    public void check() {
      require(!folio.isLocked(), "left locked");
      if (!closed) {
        closed = true;
        cache.close();
      }
    }
  }

  private static final class FolioCounter extends OneFolio {
    private final Cell cell = new Cell();

    private void add() {
      folio.lock();
      cell.set(cell.get() + 1);
      folio.unlock();
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      add();
    }

    @Override
    public void check() {
      require(cell.value == 2, "counted " + cell.value + " of 2");
      super.check();
    }
  }

  /// A source that sets a number instead of the folio's bytes.
  private static final class Setting implements IovIter {
    private final Cell cell;

    Setting(Cell cell) {
      this.cell = cell;
    }

    @Override
    public long remaining() {
      return 1;
    }

    @Override
    public int copyAtomic(MemorySegment target, long offset, int length) {
      cell.set(1);
      return length;
    }

    @Override
    public void revert(int count) {
      throw new IllegalStateException("all was taken");
    }

    @Override
    public int faultIn(int length) {
      return length;
    }
  }

  private static final class OverwriteAgainstClean extends OneFolio {
    private final Cell bytes = new Cell(); // of the folio
    private final Cell store = new Cell();

    OverwriteAgainstClean() {
      folio.lock();
      folio.markDirty();
      folio.openForOverwrite();
      folio.unlock();
    }

    private void overwrite() {
      IovIter source = new Setting(bytes);
      if (FastPath.overwrite(mapping, 0, 1, source, null, null, 0) < 0) {
        folio.lock();
        bytes.set(1);
        folio.markDirty();
        folio.unlock();
      }
    }

    private void clean() {
      folio.lock();
      if (folio.clearDirtyForIo()) {
        folio.startWriteback();
        folio.unlock();
        store.set(bytes.get());
        folio.endWriteback(true);
      } else {
        folio.unlock();
      }
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      if (thread == 0) {
        overwrite();
      } else {
        clean();
      }
    }

    @Override
    public void check() {
      require(
          folio.isDirty() || store.value == bytes.value,
          "LOST WRITE: clean, and not in the store");
      super.check();
    }
  }

  private static final class LookAgainstChange extends OneFolio {
    private final Cell left = new Cell();
    private final Cell right = new Cell();

    private void change() {
      folio.lock();
      folio.beginChange();
      left.set(1);
      right.set(1);
      folio.endChange();
      folio.unlock();
    }

    private void look() {
      long look = folio.beginLook();
      if (look != 0) {
        int l = left.get();
        int r = right.get();
        if (folio.endLook(look)) {
          require(l == r, "torn: " + l + " and " + r);
        }
      }
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      if (thread == 0) {
        change();
      } else {
        look();
      }
    }
  }

  private static final class ReferenceAgainstEviction extends OneFolio {
    private void use() {
      if (folio.tryGet()) {
        require(folio.references() > 0, "a reference that nobody counts");
        SchedulePoint.reach(SchedulePoint.Kind.READ, folio);
        require(folio.isAttached(), "evicted while in use");
        folio.put();
      }
    }

    private void evict() {
      folio.lock();
      if (folio.isAttached()) {
        mapping.evict(folio);
      }
      folio.unlock();
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      if (thread == 0) {
        use();
      } else {
        evict();
      }
    }
  }

  /// The open file behind a region of one folio that is in memory.
  private record Opened(Folio folio) implements VmOperations {
    @Override
    public @Nullable Folio fault(long index) {
      return folio.tryGet() ? folio : null;
    }

    @Override
    public boolean tryStartPagefault() {
      return true;
    }

    @Override
    public void awaitThaw() {}

    @Override
    public void updateTimes() {}

    @Override
    public void endPagefault() {}

    @Override
    public void sync(long from, long to) {}

    @Override
    public void advise(long from, long to, Advice advice) {}

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public void released() {}
  }

  /// A store through a region beside a write-out.
  private abstract static class Mapped extends OneFolio {
    final MappedRegion region;
    private byte stored;

    Mapped() {
      try {
        region =
            new VmSpace(cache)
                .map(
                    mapping,
                    new Opened(folio),
                    0,
                    folio.size(),
                    Protection.READ_WRITE,
                    Sharing.SHARED);
      } catch (FsException e) {
        throw new IllegalStateException(e);
      }
    }

    final Content content() {
      return (Content) mapping.operations();
    }

    private byte copy() {
      SchedulePoint.reach(SchedulePoint.Kind.COPY, folio);
      folio.touchBytes(false);
      return folio.bytes().get(ValueLayout.JAVA_BYTE, 0);
    }

    private void clean() {
      folio.lock();
      if (folio.clearDirtyForIo()) {
        require(content().usePromise(), "DIRTY WITHOUT ROOM: to be written");
        folio.startWriteback();
        folio.unlock();
        stored = copy();
        folio.endWriteback(true);
      } else {
        folio.unlock();
      }
    }

    @Override
    public int threads() {
      return 2;
    }

    @Override
    public void run(int thread) {
      if (thread == 0) {
        region.putByte(0, (byte) 1);
      } else {
        clean();
      }
    }

    @Override
    public void check() {
      boolean dirty = folio.isDirty();
      require(!dirty || content().isPromised(), "DIRTY WITHOUT ROOM: in the end");
      require(dirty || stored == copy(), "LOST WRITE: clean, and not in the store");
      super.check();
    }
  }

  private static final class StoreAgainstClean extends Mapped {
    StoreAgainstClean() {
      region.putByte(1, (byte) 1);
    }
  }

  private static final class FaultAgainstClean extends Mapped {
    FaultAgainstClean() {
      folio.lock();
      content().promise();
      folio.markDirty();
      folio.unlock();
      region.getByte(0);
    }
  }
}
