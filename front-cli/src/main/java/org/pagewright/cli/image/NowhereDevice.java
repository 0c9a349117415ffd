package org.pagewright.cli.image;

import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;

/// A device of zeros that forgets what is written: to see what mkfs would make, of any size,
/// without a file.
public final class NowhereDevice implements BlockDevice {
  private static final int SECTOR = 512;

  private final String name;
  private final long sizeBytes;
  private final AtomicLong bytesWritten = new AtomicLong();

  /// A device of a size.
  ///
  /// @param name what messages call it
  /// @param sizeBytes its size
  public NowhereDevice(String name, long sizeBytes) {
    this.name = name;
    this.sizeBytes = sizeBytes & -(long) SECTOR;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int sectorSize() {
    return SECTOR;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public void submit(Bio bio) {
    FsException error = null;
    try {
      checkBio(bio);
      if (bio.op() == Bio.Op.READ) {
        for (var segment : bio.segments()) {
          segment.fill((byte) 0);
        }
      } else if (bio.op() == Bio.Op.WRITE) {
        bytesWritten.addAndGet(bio.length());
      }
    } catch (FsException e) {
      error = e;
    }
    bio.end(error);
  }

  @Override
  public long bytesWritten() {
    return bytesWritten.get();
  }

  @Override
  public void close() {}
}
