package org.pagewright.vfs;

import java.time.Clock;

/// How a volume is opened. Start from [#DEFAULTS] and change what differs.
///
/// @param readOnly refuse every change with EROFS
/// @param atime when a read changes the access time
/// @param directoryAtimes whether reading a directory counts as a read; `nodiratime` if not
/// @param clock what time it is; a fixed clock makes images reproducible
/// @param unusedInodesMax inodes kept in memory though nobody uses them
/// @param dentriesMax names kept in memory
/// @param openFilesMax files open at a time; more is ENFILE
public record MountOptions(
    boolean readOnly,
    Atime atime,
    boolean directoryAtimes,
    Clock clock,
    int unusedInodesMax,
    int dentriesMax,
    int openFilesMax) {

  /// When a read changes the access time.
  public enum Atime {
    /// If it is older than the last change, or than a day.
    RELATIVE,
    /// Never.
    NEVER,
    /// Always.
    STRICT
  }

  /// Read and write, relative access times, the system's clock in whole milliseconds, which may lag
  /// behind by a few of them while it is read more than once in a microsecond. Inodes and names as
  /// many as a heap of this size has room for: some 3 percent of it, and at least 8,192 and 32,768.
  public static final MountOptions DEFAULTS =
      new MountOptions(
          false,
          Atime.RELATIVE,
          true,
          new CoarseClock(Clock.systemUTC()),
          heapShare(32 << 10, 8 << 10, 256 << 10),
          heapShare(8 << 10, 32 << 10, 1 << 20),
          65536);

  /// One for so many bytes of heap, within bounds.
  private static int heapShare(int bytes, int least, int most) {
    return (int) Math.clamp(Runtime.getRuntime().maxMemory() / bytes, least, (long) most);
  }

  /// Checks the bounds.
  public MountOptions {
    if (unusedInodesMax < 0 || dentriesMax < 0 || openFilesMax < 1) {
      throw new IllegalArgumentException("negative bound in mount options");
    }
  }

  /// The same, read-only or not.
  ///
  /// @param readOnly refuse every change
  /// @return changed options
  public MountOptions withReadOnly(boolean readOnly) {
    return new MountOptions(
        readOnly, atime, directoryAtimes, clock, unusedInodesMax, dentriesMax, openFilesMax);
  }

  /// The same with another policy for access times.
  ///
  /// @param atime the policy
  /// @return changed options
  public MountOptions withAtime(Atime atime) {
    return new MountOptions(
        readOnly, atime, directoryAtimes, clock, unusedInodesMax, dentriesMax, openFilesMax);
  }

  /// The same, with reads of directories counting or not.
  ///
  /// @param directoryAtimes whether they do; if not, this is `nodiratime`
  /// @return changed options
  public MountOptions withDirectoryAtimes(boolean directoryAtimes) {
    return new MountOptions(
        readOnly, atime, directoryAtimes, clock, unusedInodesMax, dentriesMax, openFilesMax);
  }

  /// The same with another clock.
  ///
  /// @param clock the clock
  /// @return changed options
  public MountOptions withClock(Clock clock) {
    return new MountOptions(
        readOnly, atime, directoryAtimes, clock, unusedInodesMax, dentriesMax, openFilesMax);
  }

  /// The same with other bounds.
  ///
  /// @param unusedInodesMax inodes kept in memory though nobody uses them
  /// @param dentriesMax names kept in memory
  /// @return changed options
  public MountOptions withCaches(int unusedInodesMax, int dentriesMax) {
    return new MountOptions(
        readOnly, atime, directoryAtimes, clock, unusedInodesMax, dentriesMax, openFilesMax);
  }
}
