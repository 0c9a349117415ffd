package org.pagewright.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// The mapped areas of one volume, and what they have cost. Compare Linux's struct mm_struct.
public final class VmSpace {
  /// Numbers of pages are given out once, for all areas of the process: 2 to the 63 of them.
  private static final AtomicLong NEXT_PAGE = new AtomicLong(1);

  /// Longest area in folios: its table of leaves has 4 million entries then.
  private static final long PAGES_MAX = 1L << 34;

  private final PageCache cache;
  private final Mutex lock = new Mutex(LockClass.RMAP, "mapped areas");
  private final List<VmArea> areas = new ArrayList<>(); // guarded by lock
  private final AtomicInteger locked = new AtomicInteger();
  private final LongAdder faults = new LongAdder();
  private final LongAdder writeFaults = new LongAdder();
  private final LongAdder shootdowns = new LongAdder();

  /// No areas yet.
  ///
  /// @param cache whose files are mapped
  public VmSpace(PageCache cache) {
    this.cache = cache;
  }

  static long takePages(long count) {
    return NEXT_PAGE.getAndAdd(count);
  }

  /// Maps a range of a file. The caller has made its checks.
  ///
  /// @param mapping the file
  /// @param operations the open file behind it, which stays open until
  ///     [VmOperations#released()]
  /// @param pos first byte
  /// @param length bytes, at least 1; may reach beyond the end of the file
  /// @param protection what it may be used for
  /// @param sharing who sees what is stored
  /// @return close it
  /// @throws FsException ENOMEM if it is longer than any table of entries
  public MappedRegion map(
      AddressSpace mapping,
      VmOperations operations,
      long pos,
      long length,
      Protection protection,
      Sharing sharing)
      throws FsException {
    long first = AddressSpace.indexOf(pos);
    long pages = AddressSpace.indexOf(pos + length - 1) - first + 1;
    if (pages > PAGES_MAX) {
      throw new FsException(Errno.ENOMEM, mapping + ": a region of " + length + " bytes");
    }
    VmArea area = new VmArea(this, mapping, operations, sharing, protection, first, pages);
    ReverseMap.of(mapping).add(area);
    lock.lock();
    areas.add(area);
    lock.unlock();
    return new MappedRegion(area, pos, length);
  }

  void remove(VmArea area) {
    ReverseMap.of(area.mapping()).remove(area);
    lock.lock();
    areas.remove(area);
    lock.unlock();
  }

  /// Makes each store through a shared region a fault again, and waits for those under way. A folio
  /// that nobody will write out, or could not, keeps its entries writable otherwise while the
  /// volume is frozen (R-F16). No fault of a store is under way: the inner door is shut.
  public void writeProtect() {
    List<VmArea> now;
    lock.lock();
    now = List.copyOf(areas);
    lock.unlock();
    for (VmArea area : now) {
      area.writeProtect();
    }
  }

  /// Closes every region, for a volume that is closed by force.
  public void closeAll() {
    List<VmArea> now;
    lock.lock();
    now = List.copyOf(areas);
    lock.unlock();
    for (VmArea area : now) {
      area.close();
    }
  }

  // ---- Counts ---------------------------------------------------------------------------------

  /// Counts folios locked in memory, at most half of all, or nobody else would find any.
  ///
  /// @return false if that is one too many
  boolean countLocked(int n) {
    if (locked.addAndGet(n) > cache.frames().frames() / 2 && n > 0) {
      locked.addAndGet(-n);
      return false;
    }
    return true;
  }

  void countFault(boolean write) {
    (write ? writeFaults : faults).increment();
  }

  void countShootdown() {
    shootdowns.increment();
  }

  /// What mappings have cost so far.
  ///
  /// @param areas regions open now
  /// @param faults faults of loads
  /// @param writeFaults faults of stores
  /// @param shootdowns waits for stores under way
  /// @param locked folios locked in memory now
  public record Statistics(
      int areas, long faults, long writeFaults, long shootdowns, int locked) {}

  /// What mappings have cost so far.
  ///
  /// @return numbers that may be old already
  public Statistics statistics() {
    lock.lock();
    int n = areas.size();
    lock.unlock();
    return new Statistics(n, faults.sum(), writeFaults.sum(), shootdowns.sum(), locked.get());
  }
}
