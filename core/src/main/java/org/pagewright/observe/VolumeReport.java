package org.pagewright.observe;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.PageCache;
import org.pagewright.stats.Count;
import org.pagewright.stats.Counters;
import org.pagewright.stats.DeviceStats;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.DirtyLimits;

/// The numbers of one volume at one moment. Folios are of 4096 bytes.
///
/// @param name what people call it: an image's path
/// @param mountPoint where it is mounted; empty if it is not
/// @param frames frames of the cache that it shares with others
/// @param framesUsed of those, in use
/// @param cacheDirty folios of the whole cache that are dirty or under write-out
/// @param dirtyBackground above this the flushers write; 0 if nothing is ever written
/// @param dirtyLimit at this writers wait; 0 if nothing is ever written
/// @param dirty folios of the volume that are dirty
/// @param writeback folios of the volume that are under write-out
/// @param written folios of the volume that reached the store so far
/// @param bandwidth folios a second that the store takes, as the throttle estimates it
/// @param counts one for each [Count], by its ordinal; not to be changed
/// @param device what the block device did; nothing if nobody measures that
public record VolumeReport(
    String name,
    String mountPoint,
    int frames,
    int framesUsed,
    int cacheDirty,
    int dirtyBackground,
    int dirtyLimit,
    int dirty,
    int writeback,
    long written,
    long bandwidth,
    long[] counts,
    DeviceStats.Snapshot device) {

  /// The numbers of a volume now.
  ///
  /// @param superBlock the volume, open or closed
  /// @param name what people call it
  /// @param mountPoint where it is mounted; empty if it is not
  /// @return numbers that may be old already, and not all of the same moment
  public static VolumeReport of(SuperBlock superBlock, String name, String mountPoint) {
    PageCache.Statistics cache = superBlock.cache().statistics();
    BackingDevice device = superBlock.device();
    DirtyLimits limits = device == null ? null : device.throttle().limits();
    DeviceStats stats = device == null ? null : device.stats();
    Counters counters = device == null ? superBlock.cache().counters() : device.counters();
    return new VolumeReport(
        name,
        mountPoint,
        cache.frames(),
        cache.used(),
        cache.dirty() + cache.writeback(),
        limits == null ? 0 : limits.background(),
        limits == null ? 0 : limits.limit(),
        device == null ? 0 : device.dirtyFolios(),
        device == null ? 0 : device.writebackFolios(),
        device == null ? 0 : device.writtenFolios(),
        device == null ? 0 : (long) device.bandwidth(),
        counters.all(),
        stats == null ? DeviceStats.Snapshot.EMPTY : stats.snapshot());
  }

  /// One of the counts.
  ///
  /// @param count which
  /// @return so far, or since, as [#since] says
  public long count(Count count) {
    return counts[count.ordinal()];
  }

  /// Lookups that found their folio in memory. Lookups are told late, so they may be fewer than the
  /// misses for a moment.
  ///
  /// @return 0 or more
  public long hits() {
    return Math.max(0, count(Count.LOOKUPS) - count(Count.MISSES));
  }

  /// Hits in percent of lookups.
  ///
  /// @return 0 to 100; -1 if nothing was looked up
  public double hitPercent() {
    long lookups = Math.max(count(Count.LOOKUPS), count(Count.MISSES));
    return lookups == 0 ? -1 : 100.0 * hits() / lookups;
  }

  /// What happened since an earlier moment: counts and durations are differences, all else is of
  /// now.
  ///
  /// @param earlier of the same volume; null for since it was opened
  /// @return a new report
  public VolumeReport since(@Nullable VolumeReport earlier) {
    if (earlier == null) {
      return this;
    }
    long[] difference = new long[counts.length];
    for (int i = 0; i < counts.length; i++) {
      difference[i] = Math.max(0, counts[i] - earlier.counts[i]);
    }
    return new VolumeReport(
        name,
        mountPoint,
        frames,
        framesUsed,
        cacheDirty,
        dirtyBackground,
        dirtyLimit,
        dirty,
        writeback,
        Math.max(0, written - earlier.written),
        bandwidth,
        difference,
        device.since(earlier.device));
  }
}
