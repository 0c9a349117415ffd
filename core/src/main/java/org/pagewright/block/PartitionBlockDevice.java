package org.pagewright.block;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.DeviceStats;

/// A range of another device as a device of its own.
///
/// Requests are passed on with their position moved; nothing outside the range can be reached, as
/// the range is checked here before. Errors name the device below and the byte there. A flush
/// flushes all of the device below. Several partitions of one device may be in use at once.
public final class PartitionBlockDevice implements BlockDevice {
  private final BlockDevice device;
  private final String name;
  private final long startBytes;
  private final long sizeBytes;
  private final boolean owner;
  private final InFlight inFlight = new InFlight();
  private final AtomicLong bytesWritten = new AtomicLong();
  private final Bio.Completion passedOn = this::endOriginal;

  private PartitionBlockDevice(
      BlockDevice device, String name, long startBytes, long sizeBytes, boolean owner) {
    this.device = device;
    this.name = name;
    this.startBytes = startBytes;
    this.sizeBytes = sizeBytes;
    this.owner = owner;
  }

  /// A window on a device that others use too: closing the window leaves the device open.
  ///
  /// @param device the device below; stays open at least as long as this
  /// @param name what messages call it, e.g. `disk.img1`
  /// @param startBytes first byte, a multiple of the device's sector size
  /// @param sizeBytes bytes, a multiple of the device's sector size
  /// @return a device that its owner closes
  /// @throws FsException EINVAL if the range is not whole sectors of the device
  public static PartitionBlockDevice window(
      BlockDevice device, String name, long startBytes, long sizeBytes) throws FsException {
    device.checkRange(startBytes, sizeBytes);
    return new PartitionBlockDevice(device, name, startBytes, sizeBytes, false);
  }

  /// A partition that owns the device below: closing the partition closes it.
  ///
  /// @param device the device below; still the caller's if this throws
  /// @param name what messages call it, e.g. `disk.img1`
  /// @param startBytes first byte, a multiple of the device's sector size
  /// @param sizeBytes bytes, a multiple of the device's sector size
  /// @return a device that its owner closes
  /// @throws FsException EINVAL if the range is not whole sectors of the device
  public static PartitionBlockDevice owning(
      BlockDevice device, String name, long startBytes, long sizeBytes) throws FsException {
    device.checkRange(startBytes, sizeBytes);
    return new PartitionBlockDevice(device, name, startBytes, sizeBytes, true);
  }

  @Override
  public String name() {
    return name;
  }

  /// Where the partition begins.
  ///
  /// @return byte on the device below
  public long startBytes() {
    return startBytes;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int sectorSize() {
    return device.sectorSize();
  }

  @Override
  public boolean readOnly() {
    return device.readOnly();
  }

  @Override
  public long bytesWritten() {
    return bytesWritten.get();
  }

  /// Those of the device below, with the requests of its other users.
  @Override
  public @Nullable DeviceStats stats() {
    return device.stats();
  }

  @Override
  public void submit(Bio bio) {
    if (!inFlight.enter()) {
      bio.end(closed(bio.toString()));
      return;
    }
    try {
      checkBio(bio);
    } catch (FsException e) {
      end(bio, e);
      return;
    }
    long below = bio.op() == Bio.Op.FLUSH ? 0 : startBytes + bio.pos();
    device.submit(bio.cloneAt(below).whenEnded(passedOn, bio));
  }

  private void endOriginal(Bio below, @Nullable FsException error) {
    if (below.op() == Bio.Op.WRITE && error == null) {
      bytesWritten.addAndGet(below.length());
    }
    if (below.context() instanceof Bio original) {
      end(original, error);
    }
  }

  private void end(Bio bio, @Nullable FsException error) {
    try {
      bio.end(error);
    } finally {
      inFlight.exit();
    }
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    if (!inFlight.enter()) {
      throw closed("discard at byte " + pos);
    }
    try {
      checkRange(pos, length);
      device.discard(startBytes + pos, length);
    } finally {
      inFlight.exit();
    }
  }

  @Override
  public boolean discardZeroes() {
    return device.discardZeroes();
  }

  @Override
  public void close() throws FsException {
    if (inFlight.closeAndDrain() && owner) {
      device.close();
    }
  }

  private FsException closed(String what) {
    return new FsException(Errno.EIO, name + ": " + what + ": the device is closed");
  }
}
