package org.pagewright.cli.image;

import java.lang.foreign.MemorySegment;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.FsException;

/// A device whose [#flush()] does nothing, for the first part of a file that nobody needs unless it
/// comes to its end: the flush at the end is for all of it.
public final class UnflushedDevice extends StackedBlockDevice {
  /// A device around another, which it owns.
  ///
  /// @param device what is written
  public UnflushedDevice(BlockDevice device) {
    super(device);
  }

  @Override
  public void submit(Bio bio) {
    below().submit(bio);
  }

  @Override
  public void read(long pos, MemorySegment target) throws FsException {
    below().read(pos, target);
  }

  @Override
  public void write(long pos, MemorySegment source) throws FsException {
    below().write(pos, source);
  }

  @Override
  public void flush() {}
}
