package org.pagewright.fs.ext4;

import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.iomap.ExtentOperations;
import org.pagewright.iomap.Iomap;

/// Stands between iomap and the maps of files, and tells the volume of each exception that leaves
/// it; see [WatchedInodeOperations].
final class WatchedExtents implements ExtentOperations {
  private final Ext4FileSystem fs;
  private final ExtentOperations operations;

  WatchedExtents(Ext4FileSystem fs, ExtentOperations operations) {
    this.fs = fs;
    this.operations = operations;
  }

  @Override
  public BlockDevice device() {
    return operations.device();
  }

  @Override
  public int blockSize() {
    return operations.blockSize();
  }

  @Override
  public boolean allocatesInBegin() {
    return operations.allocatesInBegin();
  }

  @Override
  public boolean needsStableFolios() {
    return operations.needsStableFolios();
  }

  @Override
  public void begin(AddressSpace mapping, long pos, long length, int flags, Iomap out)
      throws FsException {
    try {
      operations.begin(mapping, pos, length, flags, out);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void end(AddressSpace mapping, long pos, long length, long written, int flags, Iomap iomap)
      throws FsException {
    try {
      operations.end(mapping, pos, length, written, flags, iomap);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public boolean stillValid(AddressSpace mapping, Iomap iomap) {
    return operations.stillValid(mapping, iomap);
  }

  @Override
  public void punchDelalloc(AddressSpace mapping, long pos, long length) {
    operations.punchDelalloc(mapping, pos, length);
  }

  @Override
  public void writeFailed(AddressSpace mapping, long pos, long length) {
    operations.writeFailed(mapping, pos, length);
  }

  @Override
  public void allocateForWriteback(AddressSpace mapping, long pos, long length) throws FsException {
    try {
      operations.allocateForWriteback(mapping, pos, length);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void mapBlocks(AddressSpace mapping, long pos, long length, Iomap out) throws FsException {
    try {
      operations.mapBlocks(mapping, pos, length, out);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void mapSource(AddressSpace mapping, long pos, long length, Iomap out) throws FsException {
    try {
      operations.mapSource(mapping, pos, length, out);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void writeCompleted(AddressSpace mapping, long pos, long length) throws FsException {
    try {
      operations.writeCompleted(mapping, pos, length);
    } catch (FsException e) {
      throw fs.met(e);
    }
  }

  @Override
  public void writebackFailed(AddressSpace mapping, long pos, FsException error) {
    operations.writebackFailed(mapping, pos, error);
  }
}
