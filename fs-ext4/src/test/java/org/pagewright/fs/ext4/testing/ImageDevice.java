package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A device over an image file that does each request in the caller's thread, counts, and fails the
/// n-th write or flush on demand.
public final class ImageDevice implements BlockDevice {
  private final String name;
  private final FileChannel channel;
  private final int sectorSize;
  private long written;
  private long requests;
  private long failAt = -1;

  /// Opens an image.
  ///
  /// @param image the file, which must exist
  /// @param sectorSize unit of requests
  /// @throws IOException if it cannot be opened
  public ImageDevice(Path image, int sectorSize) throws IOException {
    this.name = image.getFileName().toString();
    this.channel = FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE);
    this.sectorSize = sectorSize;
  }

  /// Fails the n-th write or flush from now, and every one after it.
  ///
  /// @param n 1 is the next; 0 or less never
  public void failFrom(long n) {
    failAt = n <= 0 ? -1 : requests + n;
  }

  /// {@return the number of writes and flushes so far}
  public long writesAndFlushes() {
    return requests;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sizeBytes() {
    try {
      return channel.size() / sectorSize * sectorSize;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public int sectorSize() {
    return sectorSize;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public void submit(Bio bio) {
    FsException error = null;
    try {
      run(bio);
    } catch (FsException e) {
      error = e;
    } catch (IOException e) {
      error = new FsException(Errno.EIO, name, e);
    }
    bio.end(error);
  }

  private void run(Bio bio) throws IOException {
    if (bio.op() != Bio.Op.READ && failAt >= 0 && ++requests >= failAt) {
      throw new FsException(Errno.EIO, name + ": failed on demand");
    } else if (bio.op() != Bio.Op.READ && failAt < 0) {
      requests++;
    }
    if (bio.op() == Bio.Op.FLUSH) {
      return;
    }
    checkRange(bio.pos(), bio.length());
    long pos = bio.pos();
    for (MemorySegment s : bio.segments()) {
      ByteBuffer b = s.asByteBuffer();
      while (b.hasRemaining()) {
        int n = bio.op() == Bio.Op.READ ? channel.read(b, pos) : channel.write(b, pos);
        if (n < 0) {
          throw new FsException(Errno.EIO, name + ": end of file");
        }
        pos += n;
      }
      if (bio.op() == Bio.Op.WRITE) {
        written += s.byteSize();
      }
    }
  }

  @Override
  public long bytesWritten() {
    return written;
  }

  @Override
  public void close() throws FsException {
    try {
      channel.close();
    } catch (IOException e) {
      throw new FsException(Errno.EIO, name, e);
    }
  }
}
