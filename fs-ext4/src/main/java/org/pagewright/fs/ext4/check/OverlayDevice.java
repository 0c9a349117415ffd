package org.pagewright.fs.ext4.check;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A device that keeps writes in memory, over one that is only read: a journal is replayed into it.
/// For one thread, which waits for each request.
final class OverlayDevice implements BlockDevice {
  private final BlockDevice below;
  private final long bytesMax;
  private final Map<Long, byte[]> sectors = new HashMap<>();
  private long written;

  OverlayDevice(BlockDevice below, long bytesMax) {
    this.below = below;
    this.bytesMax = bytesMax;
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
    return false;
  }

  @Override
  public long bytesWritten() {
    return written;
  }

  @Override
  public void submit(Bio bio) {
    FsException error = null;
    try {
      checkBio(bio);
      long pos = bio.pos();
      for (MemorySegment s : bio.segments()) {
        switch (bio.op()) {
          case READ -> load(pos, s);
          case WRITE -> store(pos, s);
          case FLUSH -> {}
        }
        pos += s.byteSize();
      }
    } catch (FsException e) {
      error = e;
    }
    bio.end(error);
  }

  private void load(long pos, MemorySegment s) throws FsException {
    below.read(pos, s);
    int size = sectorSize();
    for (long at = 0; !sectors.isEmpty() && at < s.byteSize(); at += size) {
      byte[] sector = sectors.get(pos + at);
      if (sector != null) {
        MemorySegment.copy(sector, 0, s, ValueLayout.JAVA_BYTE, at, size);
      }
    }
  }

  private void store(long pos, MemorySegment s) throws FsException {
    int size = sectorSize();
    for (long at = 0; at < s.byteSize(); at += size) {
      byte[] sector = sectors.get(pos + at);
      if (sector == null) {
        if ((sectors.size() + 1L) * size > bytesMax) {
          throw new FsException(
              Errno.ENOMEM,
              name() + ": the journal holds more than " + bytesMax + " bytes to look behind");
        }
        sector = new byte[size];
        sectors.put(pos + at, sector);
      }
      MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at, sector, 0, size);
      written += size;
    }
  }

  @Override
  public void close() {}
}
