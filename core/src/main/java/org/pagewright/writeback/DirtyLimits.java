package org.pagewright.writeback;

import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;

/// How much of a cache may be dirty or under write-out, in folios (R-I1).
///
///     0 ........ background ........ freeRun ....... setpoint ....... limit
///       nobody      the flusher         writers are slowed, so that      writers
///       writes      writes              the sum settles at setpoint      wait
///
/// @param background above this the flusher writes
/// @param limit at this writers wait
public record DirtyLimits(int background, int limit) {
  /// Default of [#background()] in percent of the budget.
  public static final int BACKGROUND_PERCENT = 10;

  /// Default of [#limit()] in percent of the budget.
  public static final int LIMIT_PERCENT = 20;

  /// Limits in folios.
  ///
  /// @throws IllegalArgumentException unless 0 < background < limit
  public DirtyLimits {
    if (background <= 0 || background >= limit) {
      throw new IllegalArgumentException(
          "dirty limits: background of " + background + " folios must lie between 0 and the limit"
              + " of " + limit);
    }
  }

  /// The defaults for a cache.
  ///
  /// @param cache whose budget counts
  /// @return limits of 10 and 20 percent
  public static DirtyLimits of(PageCache cache) {
    return ofPercent(cache, BACKGROUND_PERCENT, LIMIT_PERCENT);
  }

  /// Limits as shares of the budget of a cache; of a tiny cache, at least a few folios.
  ///
  /// @param cache whose budget counts
  /// @param backgroundPercent 1 to 99
  /// @param limitPercent more than that, at most 100
  /// @return the limits
  /// @throws IllegalArgumentException if they are not in this order
  public static DirtyLimits ofPercent(PageCache cache, int backgroundPercent, int limitPercent) {
    if (backgroundPercent <= 0 || backgroundPercent >= limitPercent || limitPercent > 100) {
      throw new IllegalArgumentException(
          "dirty limits of " + backgroundPercent + " and " + limitPercent + " percent");
    }
    long frames = cache.frames().frames();
    int limit = (int) Math.max(4, frames * limitPercent / 100);
    int background = (int) (frames * backgroundPercent / 100);
    return new DirtyLimits(Math.clamp(background, 1, limit - 1), limit).within(cache);
  }

  /// Limits in bytes.
  ///
  /// @param cache whose budget they must fit
  /// @param backgroundBytes above this the flusher writes
  /// @param limitBytes at this writers wait
  /// @return the limits
  /// @throws IllegalArgumentException unless 0 < background < limit, in whole folios
  public static DirtyLimits ofBytes(PageCache cache, long backgroundBytes, long limitBytes) {
    long background = Math.min(Integer.MAX_VALUE, backgroundBytes / AddressSpace.FOLIO_SIZE);
    long limit = Math.min(Integer.MAX_VALUE, limitBytes / AddressSpace.FOLIO_SIZE);
    return new DirtyLimits((int) background, (int) limit).within(cache);
  }

  /// Leaves a quarter of the frames that are not reserved for what is clean: without it, reading
  /// the edges of what is to be written would find no frame.
  private DirtyLimits within(PageCache cache) {
    int most = (cache.frames().frames() - cache.frames().reserve()) / 4 * 3;
    return limit <= most ? this : new DirtyLimits(Math.min(background, most / 2), most);
  }

  /// Up to here nobody is slowed.
  ///
  /// @return folios
  public int freeRun() {
    return (background + limit) / 2;
  }

  /// Where the sum of dirty and under write-out settles while writers are faster than devices.
  ///
  /// @return folios
  public int setpoint() {
    return (freeRun() + limit) / 2;
  }
}
