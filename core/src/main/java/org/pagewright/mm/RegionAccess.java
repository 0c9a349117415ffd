package org.pagewright.mm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;

/// Accesses of a region that take more than one look: those that find no entry, cross two folios,
/// or are of many bytes. Positions here are bytes from the start of the area's first page.
///
///     load                                  store
///     entry: READ?          else fault      announce
///     bytes                                 entry: WRITE?          else take back, fault
///     entry: the same?      else again      bytes
///                                           take back
///
/// An entry that was removed and made anew looks different ([PageTable]), so a load that found the
/// same word twice has seen bytes of its own folio and no others, although it held nothing.
///
/// A schedule explorer sees a point before each look at an entry and before each piece of a copy.
final class RegionAccess {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final VarHandle INTS = ValueLayout.JAVA_INT.varHandle();
  private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();
  private static final boolean BIG = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int IN = FOLIO - 1;

  private final VmArea area;
  private final PageTable table;
  private final MemorySegment[] chunks;
  private final StartedSyncs started;

  RegionAccess(VmArea area) {
    this.area = area;
    this.table = area.table();
    this.chunks = area.mapping().cache().frames().chunks();
    this.started = new StartedSyncs(area);
  }

  private static long pageOf(long at) {
    return at >>> AddressSpace.FOLIO_SHIFT;
  }

  private static int inFolio(long at) {
    return (int) at & IN;
  }

  private static int toFolioEnd(long at) {
    return FOLIO - inFolio(at);
  }

  private MemorySegment chunk(long entry) {
    return PageTable.memory(chunks, entry);
  }

  // ---- Entries --------------------------------------------------------------------------------

  /// An entry that allows loads, brought about if need be.
  private long entryForLoad(long page) {
    while (true) {
      SchedulePoint.reach(SchedulePoint.Kind.READ, table);
      long entry = table.get(page);
      if (PageTable.is(entry, PageTable.READ)) {
        return entry;
      }
      if (PageTable.is(entry, PageTable.PRESENT)) {
        table.compareAndSet(page, entry, entry | PageTable.READ); // used again since reclaim looked
      } else {
        fault(page, 0);
      }
    }
  }

  /// Whether an entry is still what a load found.
  private boolean isSame(long page, long entry) {
    VarHandle.loadLoadFence(); // the bytes come before the second look
    SchedulePoint.reach(SchedulePoint.Kind.READ, table);
    return table.get(page) == entry;
  }

  /// Brings about an entry that allows stores, which may be gone again on return.
  void faultForStore(long page) {
    fault(page, FaultHandler.WRITE);
  }

  private void fault(long page, int mode) {
    try {
      FaultHandler.handle(area, page, mode);
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
  }

  // ---- Numbers --------------------------------------------------------------------------------

  /// Loads a number of 1, 2, 4 or 8 bytes in the order of the machine.
  long load(long at, int width) {
    if (inFolio(at) <= FOLIO - width) {
      return loadWithin(at, width);
    }
    long value = 0;
    for (int i = 0; i < width; i++) {
      value |= (loadWithin(at + i, 1) & 0xff) << 8 * (BIG ? width - 1 - i : i);
    }
    return value;
  }

  private long loadWithin(long at, int width) {
    long page = pageOf(at);
    while (true) {
      long entry = entryForLoad(page);
      long from = PageTable.offsetOf(entry) + inFolio(at);
      MemorySegment chunk = chunk(entry);
      SchedulePoint.touchMemory(chunk, from, false);
      long value =
          switch (width) {
            case 1 -> chunk.get(BYTE, from);
            case 2 -> chunk.get(SHORT, from);
            case 4 -> chunk.get(INT, from);
            default -> chunk.get(LONG, from);
          };
      if (isSame(page, entry)) {
        return value;
      }
    }
  }

  /// Stores a number of 1, 2, 4 or 8 bytes in the order of the machine.
  void store(long at, int width, long value) {
    if (inFolio(at) <= FOLIO - width) {
      change(at, width == 1 ? Op.BYTE : width == 2 ? Op.SHORT : width == 4 ? Op.INT : Op.LONG,
          0, value);
      return;
    }
    for (int i = 0; i < width; i++) {
      change(at + i, Op.BYTE, 0, value >>> 8 * (BIG ? width - 1 - i : i));
    }
  }

  private enum Op {
    BYTE,
    SHORT,
    INT,
    LONG,
    CAS_INT,
    CAS_LONG,
    ADD_INT,
    ADD_LONG
  }

  boolean compareAndSetInt(long at, int expected, int value) {
    return change(at, Op.CAS_INT, expected, value) != 0;
  }

  boolean compareAndSetLong(long at, long expected, long value) {
    return change(at, Op.CAS_LONG, expected, value) != 0;
  }

  int getAndAddInt(long at, int delta) {
    return (int) change(at, Op.ADD_INT, 0, delta);
  }

  long getAndAddLong(long at, long delta) {
    return change(at, Op.ADD_LONG, 0, delta);
  }

  /// Changes a number that lies in one folio.
  private long change(long at, Op op, long expected, long value) {
    long page = pageOf(at);
    long[] mine = Announcements.mine();
    while (true) {
      Announcements.begin(mine, area.base() + page);
      try {
        SchedulePoint.reach(SchedulePoint.Kind.READ, table);
        long entry = table.get(page);
        if (PageTable.is(entry, PageTable.WRITE)) {
          MemorySegment chunk = chunk(entry);
          long to = PageTable.offsetOf(entry) + inFolio(at);
          SchedulePoint.reach(SchedulePoint.Kind.COPY, table);
          SchedulePoint.touchMemory(chunk, to, true);
          return apply(chunk, to, op, expected, value);
        }
      } finally {
        Announcements.end(mine);
      }
      faultForStore(page);
    }
  }

  private static long apply(MemorySegment chunk, long to, Op op, long expected, long value) {
    switch (op) {
      case BYTE -> chunk.set(BYTE, to, (byte) value);
      case SHORT -> chunk.set(SHORT, to, (short) value);
      case INT -> chunk.set(INT, to, (int) value);
      case LONG -> chunk.set(LONG, to, value);
      case CAS_INT -> {
        return INTS.compareAndSet(chunk, to, (int) expected, (int) value) ? 1 : 0;
      }
      case CAS_LONG -> {
        return LONGS.compareAndSet(chunk, to, expected, value) ? 1 : 0;
      }
      case ADD_INT -> {
        return (int) INTS.getAndAdd(chunk, to, (int) value);
      }
      case ADD_LONG -> {
        return (long) LONGS.getAndAdd(chunk, to, value);
      }
    }
    return 0;
  }

  // ---- Bytes ----------------------------------------------------------------------------------

  /// Copies out; one of segment and array is given.
  void copyOut(
      long at, @Nullable MemorySegment segment, byte @Nullable [] array, long from, long count) {
    for (long done = 0; done < count; ) {
      int n = (int) Math.min(toFolioEnd(at + done), count - done);
      copyOutWithin(at + done, segment, array, from + done, n);
      done += n;
    }
  }

  private void copyOutWithin(
      long at, @Nullable MemorySegment segment, byte @Nullable [] array, long to, int n) {
    long page = pageOf(at);
    boolean spoilt = false;
    try {
      while (true) {
        long entry = entryForLoad(page);
        long from = PageTable.offsetOf(entry) + inFolio(at);
        MemorySegment chunk = chunk(entry);
        SchedulePoint.reach(SchedulePoint.Kind.COPY, table);
        SchedulePoint.touchMemory(chunk, from, false);
        spoilt = true;
        if (array != null) {
          MemorySegment.copy(chunk, BYTE, from, array, (int) to, n);
        } else if (segment != null) {
          MemorySegment.copy(chunk, from, segment, to, n);
        }
        if (isSame(page, entry)) {
          spoilt = false;
          return;
        }
      }
    } finally {
      if (spoilt) {
        // What was copied may be another file's, and there is nothing to put in its place (R-B3).
        wipe(segment, array, to, n);
      }
    }
  }

  private static void wipe(
      @Nullable MemorySegment segment, byte @Nullable [] array, long to, int n) {
    if (array != null) {
      java.util.Arrays.fill(array, (int) to, (int) to + n, (byte) 0);
    } else if (segment != null && segment.scope().isAlive()) {
      segment.asSlice(to, n).fill((byte) 0);
    }
  }

  /// Copies in; one of segment and array is given.
  void copyIn(
      long at, @Nullable MemorySegment segment, byte @Nullable [] array, long from, long count) {
    for (long done = 0; done < count; ) {
      int n = (int) Math.min(toFolioEnd(at + done), count - done);
      copyInWithin(at + done, segment, array, from + done, n, (byte) 0);
      done += n;
    }
  }

  void fill(long at, long count, byte value) {
    for (long done = 0; done < count; ) {
      int n = (int) Math.min(toFolioEnd(at + done), count - done);
      copyInWithin(at + done, null, null, 0, n, value);
      done += n;
    }
  }

  /// Stores into one folio: from a segment, from an array, or one byte again and again.
  private void copyInWithin(
      long at,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long from,
      int n,
      byte value) {
    long page = pageOf(at);
    long[] mine = Announcements.mine();
    while (true) {
      Announcements.begin(mine, area.base() + page);
      try {
        SchedulePoint.reach(SchedulePoint.Kind.READ, table);
        long entry = table.get(page);
        if (PageTable.is(entry, PageTable.WRITE)) {
          MemorySegment chunk = chunk(entry);
          long to = PageTable.offsetOf(entry) + inFolio(at);
          SchedulePoint.reach(SchedulePoint.Kind.COPY, table);
          SchedulePoint.touchMemory(chunk, to, true);
          if (array != null) {
            MemorySegment.copy(array, (int) from, chunk, BYTE, to, n);
          } else if (segment != null) {
            MemorySegment.copy(segment, from, chunk, to, n);
          } else {
            chunk.asSlice(to, n).fill(value);
          }
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      fault(page, FaultHandler.WRITE);
    }
  }

  long mismatch(long at, MemorySegment other, long from, long count) {
    for (long done = 0; done < count; ) {
      int n = (int) Math.min(toFolioEnd(at + done), count - done);
      long page = pageOf(at + done);
      long entry;
      long found;
      do {
        entry = entryForLoad(page);
        long start = PageTable.offsetOf(entry) + inFolio(at + done);
        SchedulePoint.touchMemory(chunk(entry), start, false);
        found =
            MemorySegment.mismatch(
                chunk(entry), start, start + n, other, from + done, from + done + n);
      } while (!isSame(page, entry));
      if (found >= 0) {
        return done + found;
      }
      done += n;
    }
    return -1;
  }

  // ---- Ranges ---------------------------------------------------------------------------------

  void faultRange(long at, long count, int mode) {
    for (long page = pageOf(at); count > 0 && page <= pageOf(at + count - 1); page++) {
      fault(page, mode);
    }
  }

  void lock(long at, long count) {
    if (count == 0) {
      return;
    }
    try {
      area.addLockedRange(pageOf(at), pageOf(at + count - 1));
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
    faultRange(at, count, FaultHandler.LOCK);
  }

  void unlock(long at, long count) {
    try {
      if (count > 0) {
        area.unlockMemory(pageOf(at), pageOf(at + count - 1));
      }
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
  }

  Protection protection(long at, long count) {
    return area.protection(pageOf(at), pageOf(at + count - 1));
  }

  void protect(long at, long count, Protection protection) {
    asUser(() -> area.protect(pageOf(at), pageOf(at + count - 1), protection));
  }

  void sync(long from, long to) {
    asUser(() -> area.operations().sync(from, to));
  }

  CompletableFuture<Void> startSync(long from, long to) {
    try {
      return started.start(from, to);
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
  }

  /// Closes the area, and waits for the syncs that were started.
  void close() {
    area.close();
    started.await();
  }

  void advise(long from, long count, Advice advice) {
    asUser(
        () -> {
          if (advice != Advice.WILL_NEED && advice != Advice.DONT_NEED) {
            area.setRandom(advice == Advice.RANDOM);
          }
          if (count > 0) {
            area.operations().advise(from, from + count, advice);
          }
        });
  }

  private interface Call {
    void run() throws FsException;
  }

  /// Runs something for which the file must stay open.
  private void asUser(Call call) {
    try {
      area.enter();
      try {
        call.run();
      } finally {
        area.leave();
      }
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
  }

  long count(long at, long count, boolean dirty) {
    long bytes = 0;
    for (long page = pageOf(at); count > 0 && page <= pageOf(at + count - 1); page++) {
      Folio folio = area.mapping().find(area.indexOf(page));
      boolean copy = PageTable.is(table.get(page), PageTable.PRIVATE);
      boolean there = folio != null && folio.isUptodate();
      if (dirty ? there && folio.isDirty() : there || copy) {
        bytes += FOLIO;
      }
    }
    return bytes;
  }
}
