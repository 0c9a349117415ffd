package org.pagewright.vfs;

import org.pagewright.block.BlockDevice;
import org.pagewright.cache.PageCache;
import org.pagewright.reclaim.Reclaimer;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.Clock;
import org.pagewright.writeback.DirtyLimits;
import org.pagewright.writeback.DirtyThrottle;

/// One budget of memory that volumes share: where an embedder starts.
///
/// Puts together what is built in separate rooms: the [PageCache], the [Reclaimer] that decides who
/// leaves it, and the [DirtyThrottle] that bounds what is dirty. Close it after the last volume.
public final class CacheMemory implements AutoCloseable {
  private final PageCache cache;
  private final Reclaimer reclaimer;

  private CacheMemory(PageCache cache, DirtyLimits limits, Clock clock) {
    this.cache = cache;
    this.reclaimer = Reclaimer.install(cache, limits, clock);
  }

  /// Memory with the usual limits: write-out in the background from 10 percent dirty on, writers
  /// slowed down towards 20.
  ///
  /// @param budgetBytes most memory for file content, at least 64 KiB; never exceeded, taken from
  ///     the operating system as it is needed
  /// @return empty memory
  /// @throws IllegalArgumentException if the budget is too small
  public static CacheMemory ofBytes(long budgetBytes) {
    return ofBytes(budgetBytes, Clock.SYSTEM);
  }

  /// Like [#ofBytes(long)], by another clock: for tests and simulations, where time is made.
  ///
  /// @param budgetBytes most memory for file content
  /// @param clock what time it is for flushers and throttled writers
  /// @return empty memory
  /// @throws IllegalArgumentException if the budget is too small
  public static CacheMemory ofBytes(long budgetBytes, Clock clock) {
    PageCache cache = new PageCache(budgetBytes);
    return new CacheMemory(cache, DirtyLimits.of(cache), clock);
  }

  /// Memory with limits of the caller's choice.
  ///
  /// @param budgetBytes most memory for file content
  /// @param backgroundPercent share of the budget that may be dirty before write-out starts
  /// @param limitPercent share of the budget that may be dirty at all
  /// @return empty memory
  /// @throws IllegalArgumentException if a number is out of its range
  public static CacheMemory ofBytes(long budgetBytes, int backgroundPercent, int limitPercent) {
    PageCache cache = new PageCache(budgetBytes);
    return new CacheMemory(
        cache, DirtyLimits.ofPercent(cache, backgroundPercent, limitPercent), Clock.SYSTEM);
  }

  /// The cache itself.
  ///
  /// @return never null
  public PageCache cache() {
    return cache;
  }

  /// What bounds dirty memory.
  ///
  /// @return never null
  public DirtyThrottle throttle() {
    return reclaimer.throttle();
  }

  /// What decides who leaves memory.
  ///
  /// @return never null
  public Reclaimer reclaimer() {
    return reclaimer;
  }

  /// A new device in the dirty limits, for a volume to be mounted.
  ///
  /// @param name what messages call it
  /// @return to be closed by the volume
  public BackingDevice newDevice(String name) {
    return new BackingDevice(throttle(), name);
  }

  /// A new device in the dirty limits, for a volume on a block device.
  ///
  /// @param device what the volume lies on
  /// @return to be closed by the volume
  public BackingDevice newDevice(BlockDevice device) {
    return new BackingDevice(throttle(), device.name(), device.stats());
  }

  /// Gives the memory back. Volumes must have been closed.
  @Override
  public void close() {
    cache.close();
  }
}
