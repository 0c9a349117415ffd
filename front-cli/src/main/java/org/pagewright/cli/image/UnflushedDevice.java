package org.pagewright.cli.image;

import java.lang.foreign.MemorySegment;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;

/// A device whose [#flush()] does nothing, for the first part of a file that nobody needs unless it
/// comes to its end: the flush at the end is for all of it.
public final class UnflushedDevice implements BlockDevice {
  private final BlockDevice device;

  /// A device around another, which it owns.
  ///
  /// @param device what is written
  public UnflushedDevice(BlockDevice device) {
    this.device = device;
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public long sizeBytes() {
    return device.sizeBytes();
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
  public void submit(Bio bio) {
    device.submit(bio);
  }

  @Override
  public void read(long pos, MemorySegment target) throws FsException {
    device.read(pos, target);
  }

  @Override
  public void write(long pos, MemorySegment source) throws FsException {
    device.write(pos, source);
  }

  @Override
  public void flush() {}

  @Override
  public long bytesWritten() {
    return device.bytesWritten();
  }

  @Override
  public void close() throws FsException {
    device.close();
  }
}
