package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;

/// Writes transactions into a journal, in every variant of the format, whole or damaged on purpose.
final class JournalWriter {
  private final BlockDevice device;
  private final JournalBlocks blocks;
  private final int blockSize;
  private final int incompat;
  private final boolean v1;
  private final int seed;
  private final long end;
  long at;
  int sequence;
  long seconds = 1000;
  private int crc = Crc32Forward.SEED;

  /// Makes the journal a log that begins at a block and with a transaction number, and the file
  /// system ask for its replay.
  JournalWriter(
      BlockDevice device, int incompat, boolean v1, long start, int sequence, int fastBlocks)
      throws FsException {
    this.device = device;
    this.incompat = incompat;
    this.v1 = v1;
    this.at = start;
    this.sequence = sequence;
    Superblock sb = Superblock.read(device);
    this.blockSize = sb.blockSize();
    this.blocks = JournalBlocks.read(device, sb);
    MemorySegment s = read(0);
    ByteBuffer b = s.asByteBuffer();
    b.putInt(0x18, sequence).putInt(0x1c, (int) start);
    b.putInt(0x24, v1 ? JournalSuperblock.COMPAT_CHECKSUM : 0).putInt(0x28, incompat);
    b.putInt(0x54, fastBlocks);
    this.end = b.getInt(0x10) - fastBlocks;
    this.seed = Crc32c.update(Crc32c.SEED, s, 0x30, 16);
    if (checksums()) {
      b.put(0x50, (byte) 4).putInt(0xfc, 0);
      b.putInt(0xfc, Crc32c.update(Crc32c.SEED, s, 0, 1024));
    }
    device.write(blocks.deviceBlock(0) * blockSize, s);
    sb.putFeatures(sb.features().with(Feature.NEEDS_RECOVERY));
    sb.write(device);
  }

  private boolean checksums() {
    return (incompat & (JournalSuperblock.INCOMPAT_CSUM_V2 | JournalSuperblock.INCOMPAT_CSUM_V3))
        != 0;
  }

  private boolean has(int feature) {
    return (incompat & feature) != 0;
  }

  MemorySegment read(long index) throws FsException {
    MemorySegment s = MemorySegment.ofArray(new byte[blockSize]);
    device.read(blocks.deviceBlock(index) * blockSize, s);
    return s;
  }

  void write(long index, MemorySegment s) throws FsException {
    device.write(blocks.deviceBlock(index) * blockSize, s);
  }

  private void append(MemorySegment s) throws FsException {
    write(at, s);
    at = at + 1 == end ? 1 : at + 1;
  }

  private MemorySegment header(int type) {
    MemorySegment s = MemorySegment.ofArray(new byte[blockSize]);
    s.asByteBuffer().putInt(JournalSuperblock.MAGIC).putInt(type).putInt(sequence);
    return s;
  }

  /// A descriptor and its blocks: every byte of a block is its fill, or the block begins with the
  /// journal's magic number where the fill is 0.
  void log(long[] places, int[] fills) throws FsException {
    MemorySegment descriptor = header(1);
    ByteBuffer b = descriptor.asByteBuffer();
    boolean v3 = has(JournalSuperblock.INCOMPAT_CSUM_V3);
    boolean wide = has(JournalSuperblock.INCOMPAT_64BIT);
    int tag = 12;
    MemorySegment[] data = new MemorySegment[places.length];
    for (int i = 0; i < places.length; i++) {
      data[i] = MemorySegment.ofArray(new byte[blockSize]);
      data[i].fill((byte) fills[i]);
      // As it lies in the log: the magic number at the beginning is hidden.
      int flags = (fills[i] == 0 ? 1 : 0) | (i > 0 ? 2 : 0) | (i == places.length - 1 ? 8 : 0);
      int sum = Crc32c.update32(seed, Integer.reverseBytes(sequence));
      sum = Crc32c.update(sum, data[i], 0, blockSize);
      b.putInt(tag, (int) places[i]);
      if (v3) {
        b.putInt(tag + 4, flags).putInt(tag + 8, (int) (places[i] >>> 32)).putInt(tag + 12, sum);
        tag += 16;
      } else {
        boolean v2 = has(JournalSuperblock.INCOMPAT_CSUM_V2);
        b.putShort(tag + 4, (short) (v2 ? sum : 0)).putShort(tag + 6, (short) flags);
        if (wide) {
          b.putInt(tag + 8, (int) (places[i] >>> 32));
        }
        tag += 8 + (wide ? 4 : 0) + (v2 ? 2 : 0);
      }
      tag += i == 0 ? 16 : 0;
    }
    tail(descriptor);
    crc = Crc32Forward.update(crc, descriptor);
    append(descriptor);
    for (MemorySegment d : data) {
      crc = Crc32Forward.update(crc, d);
      append(d);
    }
  }

  void revoke(long... places) throws FsException {
    MemorySegment s = header(5);
    ByteBuffer b = s.asByteBuffer();
    int size = has(JournalSuperblock.INCOMPAT_64BIT) ? 8 : 4;
    b.putInt(0xc, 16 + places.length * size);
    for (int i = 0; i < places.length; i++) {
      if (size == 8) {
        b.putLong(16 + i * size, places[i]);
      } else {
        b.putInt(16 + i * size, (int) places[i]);
      }
    }
    tail(s);
    append(s);
  }

  private void tail(MemorySegment s) {
    if (checksums()) {
      s.asByteBuffer().putInt(blockSize - 4, Crc32c.update(seed, s, 0, blockSize));
    }
  }

  void commit() throws FsException {
    MemorySegment s = header(2);
    ByteBuffer b = s.asByteBuffer();
    b.putLong(0x30, seconds++);
    if (checksums()) {
      b.putInt(0x10, Crc32c.update(seed, s, 0, blockSize));
    } else if (v1) {
      b.put(0xc, (byte) 1).put(0xd, (byte) 4).putInt(0x10, crc);
    }
    append(s);
    sequence++;
    crc = Crc32Forward.SEED;
  }
}
