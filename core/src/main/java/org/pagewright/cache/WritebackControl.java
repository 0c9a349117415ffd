package org.pagewright.cache;

/// What a write-out is to do: which range, how thoroughly, how much. Compare Linux's struct
/// writeback_control. Used by one thread.
public final class WritebackControl {
  /// How thorough.
  public enum SyncMode {
    /// Background: skip what is busy, stop after the amount (R-H6).
    NONE,
    /// Integrity: everything that was dirty at the start is written, what is under write-out is
    /// waited for and written again if dirty (R-H3, R-H4). Waiting for the end is the caller's
    /// part.
    ALL
  }

  private final SyncMode mode;
  private final long firstIndex;
  private final long lastIndex;
  private final boolean cyclic;
  private long toWrite;
  private long written;
  private long skipped;

  private WritebackControl(
      SyncMode mode, long firstIndex, long lastIndex, boolean cyclic, long toWrite) {
    this.mode = mode;
    this.firstIndex = firstIndex;
    this.lastIndex = lastIndex;
    this.cyclic = cyclic;
    this.toWrite = toWrite;
  }

  /// An integrity write-out of a range.
  ///
  /// @param firstIndex first folio
  /// @param lastIndex last folio
  /// @return a new control
  public static WritebackControl integrity(long firstIndex, long lastIndex) {
    return new WritebackControl(SyncMode.ALL, firstIndex, lastIndex, false, Long.MAX_VALUE);
  }

  /// Starts write-out of a range without the promise of integrity.
  ///
  /// @param firstIndex first folio
  /// @param lastIndex last folio
  /// @return a new control
  public static WritebackControl start(long firstIndex, long lastIndex) {
    return new WritebackControl(SyncMode.NONE, firstIndex, lastIndex, false, Long.MAX_VALUE);
  }

  /// A background write-out that goes on where the last one of the file stopped (R-H6).
  ///
  /// @param folios most folios to write
  /// @return a new control
  public static WritebackControl background(long folios) {
    return new WritebackControl(
        SyncMode.NONE, 0, Long.MAX_VALUE >>> AddressSpace.FOLIO_SHIFT, true, folios);
  }

  /// How thorough.
  ///
  /// @return the mode
  public SyncMode mode() {
    return mode;
  }

  /// First folio of the range.
  ///
  /// @return an index
  public long firstIndex() {
    return firstIndex;
  }

  /// Last folio of the range.
  ///
  /// @return an index
  public long lastIndex() {
    return lastIndex;
  }

  /// Whether the range starts at the file's cursor and wraps once.
  ///
  /// @return true for background
  public boolean cyclic() {
    return cyclic;
  }

  /// Folios that may still be written.
  ///
  /// @return 0 or less when the amount is used up
  public long toWrite() {
    return toWrite;
  }

  /// Counts a folio that went to the store.
  public void countWritten() {
    written++;
    toWrite--;
  }

  /// Counts a dirty folio that was passed over because it was busy.
  public void countSkipped() {
    skipped++;
  }

  /// Folios that went to the store.
  ///
  /// @return at least 0
  public long written() {
    return written;
  }

  /// Dirty folios that were passed over.
  ///
  /// @return at least 0
  public long skipped() {
    return skipped;
  }
}
