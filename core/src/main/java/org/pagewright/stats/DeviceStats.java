package org.pagewright.stats;

import java.util.concurrent.atomic.LongAdder;

/// What a block device did, and how long its requests took from submit to their end, the wait for a
/// place and a worker included: what somebody who waits for it sees.
public final class DeviceStats {
  private final Histogram reads = new Histogram();
  private final Histogram writes = new Histogram();
  private final Histogram flushes = new Histogram();
  private final LongAdder bytesRead = new LongAdder();
  private final LongAdder bytesWritten = new LongAdder();
  private final LongAdder failures = new LongAdder();

  /// A device that did nothing yet.
  public DeviceStats() {}

  /// A read has ended well.
  ///
  /// @param nanos how long it took
  /// @param bytes its length
  public void read(long nanos, long bytes) {
    reads.record(nanos);
    bytesRead.add(bytes);
  }

  /// A write has ended well.
  ///
  /// @param nanos how long it took
  /// @param bytes its length
  public void written(long nanos, long bytes) {
    writes.record(nanos);
    bytesWritten.add(bytes);
  }

  /// A flush has ended well.
  ///
  /// @param nanos how long it took
  public void flushed(long nanos) {
    flushes.record(nanos);
  }

  /// A request has failed.
  public void failed() {
    failures.increment();
  }

  /// Numbers of one moment.
  ///
  /// @param reads how long reads took
  /// @param writes how long writes took
  /// @param flushes how long flushes took
  /// @param bytesRead bytes that came from the device
  /// @param bytesWritten bytes that went to it
  /// @param failures requests that failed
  public record Snapshot(
      Histogram.Snapshot reads,
      Histogram.Snapshot writes,
      Histogram.Snapshot flushes,
      long bytesRead,
      long bytesWritten,
      long failures) {
    /// A device that did nothing.
    public static final Snapshot EMPTY =
        new Snapshot(
            Histogram.Snapshot.EMPTY, Histogram.Snapshot.EMPTY, Histogram.Snapshot.EMPTY, 0, 0, 0);

    /// What it did since an earlier moment.
    ///
    /// @param earlier of the same device
    /// @return the difference
    public Snapshot since(Snapshot earlier) {
      return new Snapshot(
          reads.since(earlier.reads),
          writes.since(earlier.writes),
          flushes.since(earlier.flushes),
          Math.max(0, bytesRead - earlier.bytesRead),
          Math.max(0, bytesWritten - earlier.bytesWritten),
          Math.max(0, failures - earlier.failures));
    }
  }

  /// What it did so far.
  ///
  /// @return numbers that may be old already
  public Snapshot snapshot() {
    return new Snapshot(
        reads.snapshot(),
        writes.snapshot(),
        flushes.snapshot(),
        bytesRead.sum(),
        bytesWritten.sum(),
        failures.sum());
  }
}
