package org.pagewright.jmx;

import java.util.Map;

/// What a console sees of an open volume. Folios are of 4096 bytes; counts and durations are since
/// the volume was opened.
public interface VolumeMXBean {
  /// What people call it.
  ///
  /// @return an image's path
  String getName();

  /// Lookups of folios that found them in memory, in percent.
  ///
  /// @return 0 to 100; -1 if nothing was looked up
  double getHitPercent();

  /// Memory of the cache that it shares with others.
  ///
  /// @return bytes
  long getCacheBytes();

  /// Of that, in use.
  ///
  /// @return bytes
  long getCacheUsedBytes();

  /// What the volume has in memory and not on the store yet.
  ///
  /// @return bytes
  long getDirtyBytes();

  /// What is on its way to the store.
  ///
  /// @return bytes
  long getWritebackBytes();

  /// At so many dirty bytes of the cache writers wait.
  ///
  /// @return bytes; 0 if nothing is ever written
  long getDirtyLimitBytes();

  /// What reached the store so far.
  ///
  /// @return bytes
  long getWrittenBytes();

  /// How fast the store takes it, as the throttle estimates.
  ///
  /// @return bytes a second
  long getBandwidthBytes();

  /// All counts, by the names that docs/observe.md tells.
  ///
  /// @return a new map
  Map<String, Long> getCounts();

  /// How long requests of the device took: `reads`, `writes`, `flushes`, each with `Count`,
  /// `P50Nanos` and `P99Nanos`; and `failures`.
  ///
  /// @return a new map; zeros if nobody measures the device
  Map<String, Long> getDevice();

  /// The last pause of a writer, with the terms of the formula.
  ///
  /// @return one line; empty if no writer waited yet
  String getLastPause();
}
