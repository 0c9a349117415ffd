package org.pagewright.block;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.stats.DeviceStats;

/// A device that stands on another and changes what happens to some requests; everything else is
/// that of the device below. [#read], [#write] and [#flush] are requests like all others.
public abstract class StackedBlockDevice implements BlockDevice {
  private final BlockDevice below;

  /// Stands on a device.
  ///
  /// @param below closed with this one
  protected StackedBlockDevice(BlockDevice below) {
    this.below = below;
  }

  /// The device below.
  ///
  /// @return never null
  protected final BlockDevice below() {
    return below;
  }

  @Override
  public String name() {
    return below.name();
  }

  @Override
  public long sizeBytes() {
    return below.sizeBytes();
  }

  @Override
  public int sectorSize() {
    return below.sectorSize();
  }

  @Override
  public boolean readOnly() {
    return below.readOnly();
  }

  @Override
  public long bytesWritten() {
    return below.bytesWritten();
  }

  @Override
  public @Nullable DeviceStats stats() {
    return below.stats();
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    below.discard(pos, length);
  }

  @Override
  public boolean discardZeroes() {
    return below.discardZeroes();
  }

  @Override
  public void close() throws FsException {
    below.close();
  }
}
