package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;

/// An image in memory that outlives the volume on it: closing it does nothing, so that a test opens
/// it again, copies it as it lies at that moment, or saves it for e2fsck and the kernel.
///
/// A copy is of one moment, as a power cut would leave it: requests that a volume's own threads
/// have under way are waited for, and new ones wait until it is made. A copy that ran beside them
/// would hold early blocks from before a checkpoint and a log from after it, which no cut leaves.
public final class RamImage implements BlockDevice {
  private static final int CHUNK = 64 << 10;

  private final RamBlockDevice ram;

  /// Shared by requests, alone for copies.
  private final ReentrantReadWriteLock moment = new ReentrantReadWriteLock();

  private RamImage(RamBlockDevice ram) {
    this.ram = ram;
  }

  /// An image of zeros.
  ///
  /// @param sizeBytes a multiple of 512
  /// @return to be freed with [#free()]
  /// @throws FsException EINVAL
  public static RamImage of(long sizeBytes) throws FsException {
    return new RamImage(RamBlockDevice.of("ram.img", sizeBytes));
  }

  /// An image with the content of a file.
  ///
  /// @param image the file
  /// @return to be freed with [#free()]
  /// @throws IOException if it cannot be read
  public static RamImage load(Path image) throws IOException {
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      RamImage loaded = of(channel.size());
      ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
      for (long pos = 0; pos < loaded.sizeBytes(); pos += CHUNK) {
        buffer.clear().limit((int) Math.min(CHUNK, loaded.sizeBytes() - pos));
        while (buffer.hasRemaining() && channel.read(buffer, pos + buffer.position()) > 0) {}
        MemorySegment bytes = MemorySegment.ofBuffer(buffer.flip());
        if (!isZero(bytes)) {
          loaded.write(pos, bytes);
        }
      }
      return loaded;
    }
  }

  /// Writes the image to a file, with holes where it is zero.
  ///
  /// @param image the file, replaced
  /// @return the file
  /// @throws IOException if it cannot be written
  public Path save(Path image) throws IOException {
    moment.writeLock().lock();
    try (Arena arena = Arena.ofConfined();
        FileChannel channel =
            FileChannel.open(
                image,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      MemorySegment chunk = arena.allocate(CHUNK, 4096);
      for (long pos = 0; pos < sizeBytes(); pos += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, sizeBytes() - pos));
        read(pos, part);
        boolean last = pos + CHUNK >= sizeBytes();
        if (!isZero(part)) {
          channel.write(part.asByteBuffer(), pos);
        } else if (last) {
          channel.write(part.asSlice(part.byteSize() - 1).asByteBuffer(), sizeBytes() - 1);
        }
      }
    } finally {
      moment.writeLock().unlock();
    }
    return image;
  }

  /// A second image with the same content.
  ///
  /// @return to be freed with [#free()]
  /// @throws FsException EINVAL
  public RamImage copy() throws FsException {
    RamImage copy = of(sizeBytes());
    moment.writeLock().lock();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK, 4096);
      for (long pos = 0; pos < sizeBytes(); pos += CHUNK) {
        MemorySegment part = chunk.asSlice(0, Math.min(CHUNK, sizeBytes() - pos));
        read(pos, part);
        if (!isZero(part)) {
          copy.write(pos, part);
        }
      }
    } finally {
      moment.writeLock().unlock();
    }
    return copy;
  }

  /// Some bytes of the image.
  ///
  /// @param pos first byte
  /// @param length how many; whole sectors
  /// @return a new array
  /// @throws FsException EIO
  public byte[] bytes(long pos, int length) throws FsException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(length, 4096);
      read(pos, chunk);
      return chunk.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /// Turns bits of one byte over.
  ///
  /// @param pos the byte
  /// @param mask the bits
  /// @throws FsException EIO
  public void flip(long pos, int mask) throws FsException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sector = arena.allocate(512, 512);
      long start = pos & -512;
      read(start, sector);
      byte old = sector.get(ValueLayout.JAVA_BYTE, pos - start);
      sector.set(ValueLayout.JAVA_BYTE, pos - start, (byte) (old ^ mask));
      write(start, sector);
    }
  }

  /// Gives the memory back.
  public void free() {
    ram.close();
  }

  private static boolean isZero(MemorySegment bytes) {
    return bytes.byteSize() == 0
        || bytes.get(ValueLayout.JAVA_BYTE, 0) == 0
            && MemorySegment.mismatch(
                    bytes, 0, bytes.byteSize() - 1, bytes, 1, bytes.byteSize())
                == -1;
  }

  @Override
  public void submit(Bio bio) {
    // The end of a request may wait for a lock whose owner submits one: it runs outside.
    FsException[] failure = new FsException[1];
    moment.readLock().lock();
    try {
      ram.submit(bio.cloneAt(bio.pos()).whenEnded((clone, error) -> failure[0] = error, null));
    } finally {
      moment.readLock().unlock();
    }
    bio.end(failure[0]);
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    moment.readLock().lock();
    try {
      ram.discard(pos, length);
    } finally {
      moment.readLock().unlock();
    }
  }

  @Override
  public boolean discardZeroes() {
    return ram.discardZeroes();
  }

  @Override
  public String name() {
    return ram.name();
  }

  @Override
  public long sizeBytes() {
    return ram.sizeBytes();
  }

  @Override
  public int sectorSize() {
    return ram.sectorSize();
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public long bytesWritten() {
    return ram.bytesWritten();
  }

  @Override
  public void close() {}
}
