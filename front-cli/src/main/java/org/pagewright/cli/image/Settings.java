package org.pagewright.cli.image;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.DataMode;
import org.pagewright.vfs.MountOptions;

/// What the options that every command has say about opening images.
///
/// @param cacheBytes memory for file content, of all images together
/// @param direct read and write the image's file around the host's own page cache
/// @param readOnly refuse every change
/// @param force write even what should be checked first
/// @param data what journals promise of file content
/// @param fixedTime the only time that new files get, or null for the clock's
/// @param atime when a read changes the access time
public record Settings(
    long cacheBytes,
    boolean direct,
    boolean readOnly,
    boolean force,
    DataMode data,
    @Nullable Instant fixedTime,
    MountOptions.Atime atime) {

  /// Settings of a command that copies files: its reads change no access times.
  ///
  /// @param cacheBytes memory for file content, of all images together
  /// @param direct read and write the image's file around the host's own page cache
  /// @param readOnly refuse every change
  /// @param force write even what should be checked first
  /// @param data what journals promise of file content
  /// @param fixedTime the only time that new files get, or null for the clock's
  public Settings(
      long cacheBytes,
      boolean direct,
      boolean readOnly,
      boolean force,
      DataMode data,
      @Nullable Instant fixedTime) {
    this(cacheBytes, direct, readOnly, force, data, fixedTime, MountOptions.Atime.NEVER);
  }

  /// The clock that volumes are mounted with.
  ///
  /// @return the fixed time, or the system's in milliseconds
  public Clock clock() {
    return fixedTime != null
        ? Clock.fixed(fixedTime, ZoneOffset.UTC)
        : Clock.tickMillis(ZoneOffset.UTC);
  }

  /// The same with another time.
  ///
  /// @param time the only time that new files get
  /// @return changed settings
  public Settings withFixedTime(@Nullable Instant time) {
    return new Settings(cacheBytes, direct, readOnly, force, data, time, atime);
  }

  /// The same with another promise for content.
  ///
  /// @param mode what journals promise of file content
  /// @return changed settings
  public Settings withData(DataMode mode) {
    return new Settings(cacheBytes, direct, readOnly, force, mode, fixedTime, atime);
  }

  /// The same with other access times.
  ///
  /// @param policy when a read changes them
  /// @return changed settings
  public Settings withAtime(MountOptions.Atime policy) {
    return new Settings(cacheBytes, direct, readOnly, force, data, fixedTime, policy);
  }
}
