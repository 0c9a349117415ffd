package org.pagewright.sim.device;

import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.FsException;

/// Counts the requests that pass to the device below, failed ones included.
public final class CountingBlockDevice extends StackedBlockDevice {
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong flushes = new AtomicLong();
  private final AtomicLong discards = new AtomicLong();
  private final AtomicLong bytesReadSubmitted = new AtomicLong();
  private final AtomicLong bytesWriteSubmitted = new AtomicLong();

  /// Counts from zero.
  ///
  /// @param device the device below; closed with this one
  public CountingBlockDevice(BlockDevice device) {
    super(device);
  }

  /// Reads since the start or the last [#reset()].
  ///
  /// @return requests
  public long reads() {
    return reads.get();
  }

  /// Writes since the start or the last [#reset()].
  ///
  /// @return requests
  public long writes() {
    return writes.get();
  }

  /// Flushes since the start or the last [#reset()]: FLUSH requests, and one more for each PREFLUSH
  /// and each FUA of a write.
  ///
  /// @return flushes of the device's cache
  public long flushes() {
    return flushes.get();
  }

  /// Discards since the start or the last [#reset()].
  ///
  /// @return calls
  public long discards() {
    return discards.get();
  }

  /// Bytes asked for by reads since the start or the last [#reset()].
  ///
  /// @return bytes
  public long bytesReadSubmitted() {
    return bytesReadSubmitted.get();
  }

  /// Bytes handed over by writes since the start or the last [#reset()].
  ///
  /// @return bytes
  public long bytesWriteSubmitted() {
    return bytesWriteSubmitted.get();
  }

  /// All counts back to zero.
  public void reset() {
    reads.set(0);
    writes.set(0);
    flushes.set(0);
    discards.set(0);
    bytesReadSubmitted.set(0);
    bytesWriteSubmitted.set(0);
  }

  @Override
  public void submit(Bio bio) {
    switch (bio.op()) {
      case READ -> {
        reads.incrementAndGet();
        bytesReadSubmitted.addAndGet(bio.length());
      }
      case WRITE -> {
        writes.incrementAndGet();
        bytesWriteSubmitted.addAndGet(bio.length());
        flushes.addAndGet(Integer.bitCount(bio.flags() & (Bio.PREFLUSH | Bio.FUA)));
      }
      case FLUSH -> flushes.incrementAndGet();
    }
    below().submit(bio);
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    discards.incrementAndGet();
    below().discard(pos, length);
  }
}
