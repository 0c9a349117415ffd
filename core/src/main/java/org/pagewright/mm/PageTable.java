package org.pagewright.mm;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.pagewright.cache.Folio;
import org.pagewright.mem.FramePool;
import org.pagewright.os.ScopedMemory;
import org.pagewright.sync.SchedulePoint;

/// The entries of one area: where each of its folios is in memory, and what may be done with it.
/// One long an entry: in one array, so that an access is one load from its word, for areas of up to
/// 8 GiB, of which it takes 16 MiB; above that in two levels, the second made when it is first
/// needed.
///
///     63..48 version     two meanings of a word never look alike: it grows with each removal
///     47..12 place       of the frame: its address; or chunk and byte in it, see FramePool.placeOf
///     11..5  (free)
///      4     LOCKED      holds a reference of the folio: locked in memory
///      3     PRIVATE     leads to a copy that only this area has
///      2     PRESENT     leads somewhere
///      1     WRITE       may be stored to; implies that the folio is dirty, or locked
///      0     READ        may be loaded from; PRESENT without READ: not used since reclaim looked
///
/// | from            | to              | by whom                        | under                     |
/// |-----------------|-----------------|--------------------------------|---------------------------|
/// | empty           | PRESENT READ    | read fault                     | MMAP shared, FOLIO        |
/// | any             | + WRITE         | write fault                    | MMAP shared, FOLIO, D next|
/// | any             | PRIVATE + WRITE | write fault of a private area  | MMAP shared, FOLIO of the |
/// |                 |                 |                                | folio that is copied      |
/// | PRESENT         | + READ          | the first load after aging     | nothing                   |
/// | READ            | - READ          | reclaim: aging                 | nothing                   |
/// | WRITE           | - WRITE         | write-protection               | nothing; FOLIO to be sure |
/// | PRESENT         | empty           | truncation, eviction           | FOLIO                     |
/// | PRESENT         | empty           | truncation, in advance; close  | nothing; MMAP             |
///
/// Every change is a compare-and-set. There is no dirty bit: WRITE implies that the folio is marked
/// dirty already, so there is nothing to fold when it is taken away (R-F14).
///
/// With native access a place is an address, and bytes are accessed there without a look at a
/// segment; the pool gives its memory back only when no region can be used any more
/// (`FramePool.lease`), so a place that was read from an entry a moment ago is memory of the pool
/// in any case. Without native access each chunk is asked for its segment.
final class PageTable {
  static final long READ = 1;
  static final long WRITE = 1 << 1;
  static final long PRESENT = 1 << 2;
  static final long PRIVATE = 1 << 3;
  static final long LOCKED = 1 << 4;

  private static final boolean DIRECT = ScopedMemory.AVAILABLE;
  private static final long VERSION_ONE = 1L << 48;
  private static final long PLACE = VERSION_ONE - FramePool.FRAME_SIZE;
  private static final int CHUNK_SHIFT = 26;
  private static final int CHUNK_MASK = (1 << 15) - 1;
  private static final long OFFSET_MASK = (1L << CHUNK_SHIFT) - FramePool.FRAME_SIZE;

  /// Entries of a leaf, as a shift.
  private static final int LEAF_SHIFT = 12;

  private static final int LEAF_MASK = (1 << LEAF_SHIFT) - 1;

  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle LEAF = MethodHandles.arrayElementVarHandle(long[][].class);

  /// Most entries in one array.
  static final long FLAT_MAX = 1L << 21;

  /// Stands for every leaf that was not made yet; nobody ever writes to it.
  private static final long[] EMPTY = new long[1 << LEAF_SHIFT];

  private static final long[] NONE = {};

  private final long[] flat; // the only leaf; or of length 0, and there are many
  private final long[][] leaves;
  private final long pages;

  PageTable(long pages) {
    this.pages = pages;
    if (pages <= FLAT_MAX) {
      flat = new long[(int) pages];
      leaves = new long[0][];
    } else {
      flat = NONE;
      leaves = new long[Math.toIntExact((pages + LEAF_MASK) >>> LEAF_SHIFT)][];
      java.util.Arrays.fill(leaves, EMPTY);
    }
  }

  /// The entries themselves by page, for the accessors.
  ///
  /// @return of length 0 if they are too many for one array
  long[] flat() {
    return flat;
  }

  /// The segment that an entry leads into.
  ///
  /// @param chunks those of the pool
  static MemorySegment memory(MemorySegment[] chunks, long entry) {
    return DIRECT
        ? ScopedMemory.EVERYTHING
        : chunks[(int) (entry >>> CHUNK_SHIFT) & CHUNK_MASK];
  }

  /// Where in [#memory] the frame begins that an entry leads to.
  static long offsetOf(long entry) {
    return DIRECT ? entry & PLACE : entry & OFFSET_MASK;
  }

  /// Where a folio is.
  static long placeOf(Folio folio) {
    return DIRECT ? folio.chunk().address() + folio.chunkOffset() : folio.place();
  }

  /// Where a frame is.
  static long placeOf(FramePool frames, int frame) {
    return DIRECT
        ? frames.chunk(frame).address() + FramePool.offsetInChunk(frame)
        : FramePool.placeOf(frame);
  }

  /// Whether an entry leads to a place.
  static boolean leadsTo(long entry, long place) {
    return is(entry, PRESENT) && (entry & PLACE) == place;
  }

  /// An entry for a frame, in place of another.
  static long entry(long old, long place, long flags) {
    assert (place & ~PLACE) == 0 : place;
    return old & -VERSION_ONE | place | flags | PRESENT;
  }

  static boolean is(long entry, long flag) {
    return (entry & flag) != 0;
  }

  /// The leaf of a page. In one array, a leaf is all of them.
  private long[] leaf(long page) {
    SchedulePoint.touch(this, false);
    return flat != NONE ? flat : (long[]) LEAF.getAcquire(leaves, (int) (page >>> LEAF_SHIFT));
  }

  private int slot(long page) {
    return flat != NONE ? (int) page : (int) page & LEAF_MASK;
  }

  long get(long page) {
    return (long) ENTRY.getVolatile(leaf(page), slot(page));
  }

  boolean compareAndSet(long page, long expected, long value) {
    long[] leaf = leaf(page);
    if (leaf == EMPTY) {
      long[] fresh = new long[1 << LEAF_SHIFT];
      int i = (int) (page >>> LEAF_SHIFT);
      leaf = (long[]) LEAF.compareAndExchange(leaves, i, EMPTY, fresh);
      leaf = leaf == EMPTY ? fresh : leaf;
    }
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    return ENTRY.compareAndSet(leaf, slot(page), expected, value);
  }

  /// What to do with the entries of a range.
  interface Change {
    /// An entry to be changed.
    ///
    /// @return its new value; the old one to leave it
    long of(long entry);
  }

  /// Takes WRITE away from what is not a private copy.
  static final Change WRITE_PROTECT = e -> is(e, PRIVATE) ? e : e & ~WRITE;

  /// Takes WRITE away.
  static final Change READ_ONLY = e -> e & ~WRITE;

  /// Takes READ away.
  static final Change AGE = e -> is(e, PRESENT) ? e & ~READ : e;

  /// Empties entries that lead to the file, and are not locked in memory.
  static final Change UNMAP =
      e -> is(e, PRESENT) && !is(e, PRIVATE | LOCKED) ? emptied(e) : e;

  /// Empties entries that lead to the file.
  static final Change UNMAP_LOCKED = e -> is(e, PRESENT) && !is(e, PRIVATE) ? emptied(e) : e;

  /// Empties entries that are not locked in memory.
  static final Change UNMAP_ALL = e -> is(e, PRESENT) && !is(e, LOCKED) ? emptied(e) : e;

  private static long emptied(long entry) {
    return (entry & -VERSION_ONE) + VERSION_ONE;
  }

  /// Changes the entries of a range. Entries that nobody made yet are passed over leaf by leaf.
  ///
  /// @return all flags that the changed entries had and have no more; 0 if none changed
  long change(long first, long last, Change change) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    long lost = 0;
    long page = Math.max(first, 0);
    long end = Math.min(last, pages - 1);
    while (page <= end) {
      long[] leaf = leaf(page);
      long leafEnd = flat != NONE ? end : Math.min(end, page | LEAF_MASK);
      if (leaf != EMPTY) {
        for (; page <= leafEnd; page++) {
          lost |= change(leaf, slot(page), change);
        }
      }
      page = leafEnd + 1;
    }
    return lost;
  }

  private static long change(long[] leaf, int slot, Change change) {
    while (true) {
      long old = (long) ENTRY.getVolatile(leaf, slot);
      long fresh = change.of(old);
      if (fresh == old) {
        return 0;
      }
      if (ENTRY.compareAndSet(leaf, slot, old, fresh)) {
        return old & ~fresh & FLAGS;
      }
    }
  }

  private static final long FLAGS = READ | WRITE | PRESENT | PRIVATE | LOCKED;

  /// How many entries of a range have a flag.
  long count(long first, long last, long flag) {
    long n = 0;
    for (long page = first; page <= Math.min(last, pages - 1); page++) {
      long[] leaf = leaf(page);
      if (leaf == EMPTY) {
        page |= LEAF_MASK;
      } else {
        n += is((long) ENTRY.getVolatile(leaf, slot(page)), flag) ? 1 : 0;
      }
    }
    return n;
  }
}
