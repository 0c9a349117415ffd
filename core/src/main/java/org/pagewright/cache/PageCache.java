package org.pagewright.cache;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.mem.FramePool;
import org.pagewright.stats.Counters;
import org.pagewright.sync.SchedulePoint;

/// The memory of all files that share one budget.
///
/// Owns the [FramePool]; hands frames to folios and takes them back; counts what is dirty. Which
/// folio leaves is decided by the [MemoryPolicy], when to write is decided by the `writeback` room.
public final class PageCache implements AutoCloseable {
  private static final int RETRIES = 1 << 16;

  private final FramePool frames;
  private final AtomicInteger dirty = new AtomicInteger();
  private final AtomicInteger writeback = new AtomicInteger();
  private final AtomicLong mappings = new AtomicLong();
  private final LongAdder misses = new LongAdder();
  private final LongAdder evictions = new LongAdder();
  private final Counters counters = new Counters();
  private @Nullable MemoryPolicy policy; // written once before the first folio

  /// A cache without files.
  ///
  /// @param budgetBytes most memory for file content, in bytes; never exceeded
  /// @throws IllegalArgumentException if the budget is under 64 KiB
  public PageCache(long budgetBytes) {
    frames = new FramePool(budgetBytes);
  }

  /// Sets who decides which folio leaves; before the first folio.
  ///
  /// @param policy the policy; without one a full cache is ENOMEM
  public void setPolicy(MemoryPolicy policy) {
    assert this.policy == null && frames.used() == 0;
    this.policy = policy;
  }

  @Nullable MemoryPolicy policy() {
    return policy;
  }

  /// Number of a new address space, for messages and hashing.
  long nextMapping() {
    return mappings.incrementAndGet();
  }

  /// Takes a frame, making room if there is none.
  ///
  /// @param wanted the frame that would be right, see [FramePool#alloc(boolean, int, long)]
  /// @param index number of the folio in its file
  /// @param nowait give up rather than wait for write-out
  /// @return the frame's number
  /// @throws FsException ENOMEM if nothing can be freed; EAGAIN with `nowait`
  int allocFrame(int wanted, long index, boolean nowait) throws FsException {
    SchedulePoint.touch(frames, true);
    int frame = frames.alloc(false, wanted, index);
    for (int i = 0; frame < 0 && i < RETRIES; i++) {
      MemoryPolicy p = policy;
      if (p == null || !p.makeRoom(!nowait)) {
        break;
      }
      frame = frames.alloc(false, wanted, index);
    }
    if (frame < 0) {
      throw new FsException(
          nowait ? Errno.EAGAIN : Errno.ENOMEM,
          "cache budget of " + (long) frames.frames() * FramePool.FRAME_SIZE + " bytes, "
              + dirty.get() + " frames dirty, " + writeback.get() + " under write-out");
    }
    return frame;
  }

  /// Takes a frame for something else than a folio, e.g. a bounce page.
  ///
  /// @param nowait give up rather than wait for write-out
  /// @return number of the frame, to be given back with [#freeFrame(int)]
  /// @throws FsException ENOMEM; EAGAIN with `nowait`
  public int takeFrame(boolean nowait) throws FsException {
    return allocFrame(FramePool.ANY, 0, nowait);
  }

  /// Gives back a frame from [#takeFrame(boolean)].
  ///
  /// @param frame its number
  public void freeFrame(int frame) {
    SchedulePoint.touch(frames, true);
    frames.free(frame);
  }

  void freeFrame(Folio folio) {
    folio.touchBytes(true); // they are poisoned now, and soon somebody else's
    freeFrame(folio.frame());
  }

  /// The memory.
  ///
  /// @return the pool
  public FramePool frames() {
    return frames;
  }

  /// Folios that are dirty.
  ///
  /// @return a number that may be old already
  public int dirtyFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, dirty);
    return dirty.get();
  }

  /// Folios under write-out.
  ///
  /// @return a number that may be old already
  public int writebackFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, writeback);
    return writeback.get();
  }

  void dirtied(int folios) {
    SchedulePoint.touch(dirty, true);
    dirty.addAndGet(folios);
  }

  void writeback(int folios) {
    SchedulePoint.touch(writeback, true);
    writeback.addAndGet(folios);
  }

  void countMiss() {
    misses.increment();
  }

  void countEviction() {
    evictions.increment();
  }

  /// What the cache has done so far.
  ///
  /// @param frames frames in the budget
  /// @param used frames in use
  /// @param dirty folios dirty
  /// @param writeback folios under write-out
  /// @param misses lookups that had to read
  /// @param evictions folios that reclaim removed
  public record Statistics(
      int frames, int used, int dirty, int writeback, long misses, long evictions) {}

  /// What the cache has done so far.
  ///
  /// @return numbers that may be old already
  public Statistics statistics() {
    return new Statistics(
        frames.frames(), frames.used(), dirty.get(), writeback.get(), misses.sum(),
        evictions.sum());
  }

  /// The counts of files whose volume has none of its own, because it has no store.
  ///
  /// @return never null
  public Counters counters() {
    return counters;
  }

  /// Gives the memory back. All files must have been closed: what is dirty is lost.
  @Override
  public void close() {
    frames.close();
  }
}
