package org.pagewright.fs.ext4.mkfs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// The few blocks of a new file system that are put together piece by piece, kept until all are
/// written in order; and direct writes of what is large.
final class BlockStore {
  private static final int ZERO_BYTES = 1 << 20;

  private final BlockDevice device;
  private final int blockSize;
  private final boolean zeroed;
  private final Arena arena;
  private final TreeMap<Long, MemorySegment> blocks = new TreeMap<>();
  private final MemorySegment zeros;
  private long bytesWritten;

  BlockStore(BlockDevice device, int blockSize, boolean zeroed, Arena arena) {
    this.device = device;
    this.blockSize = blockSize;
    this.zeroed = zeroed;
    this.arena = arena;
    this.zeros = zeroed ? MemorySegment.NULL : allocate(ZERO_BYTES);
  }

  /// Zeroed memory, aligned for direct I/O, that lives as long as the store.
  MemorySegment allocate(long bytes) {
    return arena.allocate(bytes, 4096);
  }

  /// The content of a block to be: zeros at first.
  MemorySegment block(long blockNr) {
    return blocks.computeIfAbsent(blockNr, nr -> allocate(blockSize));
  }

  /// Writes what [#block] gave out, in order, neighbours together.
  void writeBlocks() throws FsException {
    MemorySegment batch = allocate(Math.min(ZERO_BYTES, (long) blocks.size() * blockSize));
    long start = -1;
    long count = 0;
    for (Map.Entry<Long, MemorySegment> e : blocks.entrySet()) {
      if (e.getKey() != start + count || (count + 1) * blockSize > batch.byteSize()) {
        writeNow(start, batch.asSlice(0, count * blockSize));
        start = e.getKey();
        count = 0;
      }
      MemorySegment.copy(e.getValue(), 0, batch, count * blockSize, blockSize);
      count++;
    }
    writeNow(start, batch.asSlice(0, count * blockSize));
    blocks.clear();
  }

  /// Writes whole blocks past the store.
  void writeNow(long blockNr, MemorySegment content) throws FsException {
    if (content.byteSize() > 0) {
      device.write(blockNr * blockSize, content);
      bytesWritten += content.byteSize();
    }
  }

  /// Makes blocks read as zeros.
  void zero(long blockNr, long count) throws FsException {
    if (!zeroed) {
      zeroBytes(blockNr * blockSize, count * blockSize);
    }
  }

  /// Makes a range read as zeros.
  void zeroBytes(long pos, long length) throws FsException {
    if (zeroed) {
      return;
    }
    for (long done = 0; done < length; ) {
      long part = Math.min(length - done, ZERO_BYTES);
      device.write(pos + done, zeros.asSlice(0, part));
      bytesWritten += part;
      done += part;
    }
  }

  long bytesWritten() {
    return bytesWritten;
  }

  /// Sets a run of bits in a bitmap.
  static void setBits(MemorySegment bitmap, long first, long count) {
    long at = first;
    long end = first + count;
    for (; at < end && (at & 7) != 0; at++) {
      setBit(bitmap, at);
    }
    long bytes = (end - at) >>> 3;
    bitmap.asSlice(at >>> 3, bytes).fill((byte) 0xff);
    for (at += bytes << 3; at < end; at++) {
      setBit(bitmap, at);
    }
  }

  private static void setBit(MemorySegment bitmap, long bit) {
    LittleEndian.put8(bitmap, bit >>> 3, LittleEndian.u8(bitmap, bit >>> 3) | 1 << (bit & 7));
  }
}
