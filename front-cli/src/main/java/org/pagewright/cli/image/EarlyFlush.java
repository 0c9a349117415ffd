package org.pagewright.cli.image;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;

/// Has what is written made durable while more is on its way, so that the flush at the end, for
/// which a command waits, has little left to do. The host's kernel would begin by itself only after
/// seconds, or when a share of all memory is dirty.
///
/// One flush at a time. Its error is told by the next [#look()]; after the last one, when the
/// device is closed, by [#check()]: the host tells it once, and the flush at the end may not hear
/// it.
///
/// Used by one thread.
public final class EarlyFlush {
  private static final long EVERY_BYTES = 48L << 20;

  private final BlockDevice device;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private final AtomicReference<@Nullable FsException> error = new AtomicReference<>();
  private long begun; // bytes that had been written when the last flush began

  /// Flushes of a device.
  ///
  /// @param device where
  public EarlyFlush(BlockDevice device) {
    this.device = device;
    this.begun = device.bytesWritten();
  }

  /// Starts a flush if much was written since the last one. Does not wait for it.
  ///
  /// @throws FsException what an earlier flush failed with
  public void look() throws FsException {
    long written = device.bytesWritten();
    if (written - begun < EVERY_BYTES) {
      return;
    }
    check();
    if (underWay.compareAndSet(false, true)) {
      begun = written;
      device.submit(
          Bio.flush()
              .whenEnded(
                  (bio, failed) -> {
                    if (failed != null) {
                      error.compareAndSet(null, failed);
                    }
                    underWay.set(false);
                  },
                  null));
    }
  }

  /// Says what went wrong so far.
  ///
  /// @throws FsException what a flush failed with
  public void check() throws FsException {
    FsException failed = error.get();
    if (failed != null) {
      throw failed;
    }
  }
}
