package org.pagewright.block;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;

/// A block device in off-heap memory that takes memory only for what was written.
///
/// ```
///  byte on the device = | leaf (root index) | chunk in leaf, 12 bits | byte in chunk, 16 bits |
///
///  root --+--> null                 256 MiB never written: reads as the fill byte
///         +--> leaf --+--> null      64 KiB never written
///                     +--> chunk     64 KiB of memory
/// ```
///
/// So a device of 16 TiB costs 256 KiB of heap until it is written to. Requests run on the thread
/// that submits them and have ended when [#submit(Bio)] returns, the completion included; a chain
/// of requests, each submitted by the completion of the one before, therefore nests on the stack.
/// Writes that overlap and run at the same time may mix, byte by byte: the cache above never issues
/// such.
///
/// [#discard(long, long)] fills the range with the fill byte; the memory under it is kept for the
/// next write to the same place and given back by [#close()]. A flush has nothing to do. Compare
/// Linux's drivers/block/brd.c, which frees pages on discard: it can wait for their users.
public final class RamBlockDevice implements BlockDevice {
  private static final int CHUNK_SHIFT = 16;
  private static final int CHUNK_SIZE = 1 << CHUNK_SHIFT;
  private static final int LEAF_SHIFT = CHUNK_SHIFT + 12;
  private static final int CHUNKS_PER_LEAF = 1 << (LEAF_SHIFT - CHUNK_SHIFT);

  /// The largest device: 1 PiB, for which the root alone takes 16 MiB of heap.
  private static final long SIZE_MAX = 1L << 50;

  private final String name;
  private final long sizeBytes;
  private final int sectorSize;
  private final byte fill;
  private final Arena arena = Arena.ofShared();
  private final InFlight inFlight = new InFlight();
  private final AtomicLong bytesWritten = new AtomicLong();
  private final AtomicLong chunks = new AtomicLong();

  /// Never changed back to null once set; see the drawing above.
  private final AtomicReferenceArray<@Nullable AtomicReferenceArray<@Nullable MemorySegment>> root;

  /// Chunks whose allocation lost the race for their place. At most one per thread and race; they
  /// serve the next allocation, since an arena cannot take back a part of what it gave.
  private final ConcurrentLinkedQueue<MemorySegment> spares = new ConcurrentLinkedQueue<>();

  private RamBlockDevice(String name, long sizeBytes, int sectorSize, byte fill) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.sectorSize = sectorSize;
    this.fill = fill;
    this.root =
        new AtomicReferenceArray<>(
            Math.toIntExact((sizeBytes + (1L << LEAF_SHIFT) - 1) >>> LEAF_SHIFT));
  }

  /// A device of zeros with sectors of 512 bytes.
  ///
  /// @param name what messages call it, e.g. `ram0`
  /// @param sizeBytes a multiple of 512, at most 1 PiB
  /// @return a device that its owner closes
  /// @throws FsException EINVAL
  public static RamBlockDevice of(String name, long sizeBytes) throws FsException {
    return of(name, sizeBytes, 512);
  }

  /// A device of zeros.
  ///
  /// @param name what messages call it, e.g. `ram0`
  /// @param sizeBytes a multiple of the sector size, at most 1 PiB
  /// @param sectorSize a power of two from 512 to 65536
  /// @return a device that its owner closes
  /// @throws FsException EINVAL
  public static RamBlockDevice of(String name, long sizeBytes, int sectorSize) throws FsException {
    return filled(name, sizeBytes, sectorSize, (byte) 0);
  }

  /// A device that reads as one byte wherever it was not written yet: a test that sees the byte in
  /// a file has caught a block that was handed out with its old content.
  ///
  /// @param name what messages call it, e.g. `ram0`
  /// @param sizeBytes a multiple of the sector size, at most 1 PiB
  /// @param sectorSize a power of two from 512 to 65536
  /// @param fill the byte
  /// @return a device that its owner closes
  /// @throws FsException EINVAL
  public static RamBlockDevice filled(String name, long sizeBytes, int sectorSize, byte fill)
      throws FsException {
    if (sectorSize < 512 || sectorSize > CHUNK_SIZE || Integer.bitCount(sectorSize) != 1) {
      throw new FsException(
          Errno.EINVAL, name + ": sector size " + sectorSize + " is no power of two in 512..65536");
    }
    if (sizeBytes < 0 || sizeBytes > SIZE_MAX || (sizeBytes & (sectorSize - 1)) != 0) {
      throw new FsException(
          Errno.EINVAL,
          name + ": size " + sizeBytes + " is not whole sectors of " + sectorSize + " up to 1 PiB");
    }
    return new RamBlockDevice(name, sizeBytes, sectorSize, fill);
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
    return sectorSize;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public long bytesWritten() {
    return bytesWritten.get();
  }

  /// Memory taken for content so far.
  ///
  /// @return bytes, a multiple of 64 KiB
  public long memoryBytes() {
    return chunks.get() << CHUNK_SHIFT;
  }

  @Override
  public void submit(Bio bio) {
    SchedulePoint.reach(SchedulePoint.Kind.SUBMIT, bio);
    if (!inFlight.enter()) {
      bio.end(closed(bio.toString()));
      return;
    }
    try {
      FsException error = null;
      try {
        checkBio(bio);
        bio.checkMemory(this, Thread.currentThread());
        transfer(bio);
      } catch (FsException e) {
        error = e;
      } catch (IllegalStateException e) {
        error = new FsException(Errno.EFAULT, name + ": " + bio + ": memory was given back", e);
      }
      bio.end(error);
    } finally {
      inFlight.exit();
    }
  }

  private void transfer(Bio bio) throws FsException {
    long pos = bio.pos();
    List<MemorySegment> segments = bio.segments();
    boolean write = bio.op() == Bio.Op.WRITE;
    SchedulePoint.touch(this, write);
    for (int i = 0; i < segments.size(); i++) {
      MemorySegment segment = segments.get(i);
      long size = segment.byteSize();
      SchedulePoint.touchMemory(segment, 0, !write);
      SchedulePoint.touchMemory(segment, Math.max(0, size - 1), !write);
      for (long done = 0; done < size; ) {
        int offset = (int) pos & (CHUNK_SIZE - 1);
        long part = Math.min(size - done, CHUNK_SIZE - offset);
        if (write) {
          MemorySegment.copy(segment, done, chunkForWrite(pos), offset, part);
        } else {
          MemorySegment chunk = chunkOrNull(pos);
          if (chunk == null) {
            segment.asSlice(done, part).fill(fill);
          } else {
            MemorySegment.copy(chunk, offset, segment, done, part);
          }
        }
        pos += part;
        done += part;
      }
    }
    if (write) {
      bytesWritten.addAndGet(bio.length());
    }
  }

  private @Nullable MemorySegment chunkOrNull(long pos) {
    AtomicReferenceArray<@Nullable MemorySegment> leaf = root.get((int) (pos >>> LEAF_SHIFT));
    return leaf == null ? null : leaf.get(chunkIndex(pos));
  }

  private MemorySegment chunkForWrite(long pos) throws FsException {
    int leafIndex = (int) (pos >>> LEAF_SHIFT);
    AtomicReferenceArray<@Nullable MemorySegment> leaf = root.get(leafIndex);
    if (leaf == null) {
      AtomicReferenceArray<@Nullable MemorySegment> fresh =
          new AtomicReferenceArray<>(CHUNKS_PER_LEAF);
      leaf = root.compareAndExchange(leafIndex, null, fresh);
      if (leaf == null) {
        leaf = fresh;
      }
    }
    int index = chunkIndex(pos);
    MemorySegment chunk = leaf.get(index);
    if (chunk != null) {
      return chunk;
    }
    MemorySegment fresh = allocateChunk(pos);
    chunk = leaf.compareAndExchange(index, null, fresh);
    if (chunk != null) {
      spares.add(fresh); // another write to the same chunk was first; nobody saw ours
      return chunk;
    }
    chunks.incrementAndGet();
    return fresh;
  }

  private MemorySegment allocateChunk(long pos) throws FsException {
    MemorySegment spare = spares.poll();
    if (spare != null) {
      return spare;
    }
    try {
      MemorySegment chunk = arena.allocate(CHUNK_SIZE, 4096);
      return fill == 0 ? chunk : chunk.fill(fill);
    } catch (OutOfMemoryError e) {
      throw new FsException(
          Errno.ENOSPC,
          name + ": byte " + pos + ": no memory beyond the " + memoryBytes() + " bytes in use",
          e);
    }
  }

  private static int chunkIndex(long pos) {
    return (int) (pos >>> CHUNK_SHIFT) & (CHUNKS_PER_LEAF - 1);
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    if (!inFlight.enter()) {
      throw closed("discard at byte " + pos);
    }
    try {
      checkRange(pos, length);
      long end = pos + length;
      while (pos < end) {
        if (root.get((int) (pos >>> LEAF_SHIFT)) == null) {
          pos = ((pos >>> LEAF_SHIFT) + 1) << LEAF_SHIFT; // nothing was ever written here
          continue;
        }
        int offset = (int) pos & (CHUNK_SIZE - 1);
        long part = Math.min(end - pos, CHUNK_SIZE - offset);
        MemorySegment chunk = chunkOrNull(pos);
        if (chunk != null) {
          chunk.asSlice(offset, part).fill(fill);
        }
        pos += part;
      }
    } finally {
      inFlight.exit();
    }
  }

  @Override
  public boolean discardZeroes() {
    return fill == 0;
  }

  @Override
  public void close() {
    if (inFlight.closeAndDrain()) {
      arena.close();
    }
  }

  private FsException closed(String what) {
    return new FsException(Errno.EIO, name + ": " + what + ": the device is closed");
  }
}
