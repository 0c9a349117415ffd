package org.pagewright.iomap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Zeroes ranges of a file through its cache: the tail of the last block at truncation, the edges
/// of a hole, a gap. Compare Linux's fs/iomap/buffered-io.c:iomap_zero_range().
///
/// What reads as zeros already is left alone, so a sparse file stays sparse. But what the extent
/// says is not enough: over an unwritten extent there may be bytes in the cache that were written
/// and not yet converted, and those must be zeroed (R-C11).
///
/// | extent            | folio in the cache       | what happens                        |
/// |-------------------|--------------------------|-------------------------------------|
/// | HOLE              | cannot be dirty          | nothing                             |
/// | UNWRITTEN         | dirty or under write-out | zeroed in the cache, dirty          |
/// | UNWRITTEN         | clean or none            | nothing                             |
/// | MAPPED, DELALLOC  | any                      | read if cut, zeroed, dirty          |
///
/// INODE exclusive in all methods; INVALIDATE either side or not at all; no folio lock.
public final class IomapZero {
  private static final int BATCH = 16;
  private static final int ATTEMPTS = 64;
  private static final int DEVICE_CHUNK = 64 << 10;

  private final IomapOperations operations;
  private final ExtentOperations extents;
  private final AddressSpace mapping;
  private final boolean nowait;
  private final Iomap[] maps = {new Iomap()};
  private final @Nullable Folio[] batch = new @Nullable Folio[BATCH];

  private IomapZero(IomapOperations operations, AddressSpace mapping, boolean nowait) {
    this.operations = operations;
    this.extents = operations.extents();
    this.mapping = mapping;
    this.nowait = nowait;
  }

  /// Makes a range read as zeros. The size does not change. The bytes become dirty and are written
  /// with the next write-out.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes
  /// @throws FsException EIO, ENOMEM; a part from the start may have been zeroed
  public static void zeroRange(
      IomapOperations operations, AddressSpace mapping, long pos, long length) throws FsException {
    new IomapZero(operations, mapping, false).zero(pos, Math.addExact(pos, length));
  }

  /// Zeroes the last block beyond a new, smaller size, in the cache and, with the next write-out,
  /// on the device: the block stays, and a later growth would show what was there (R-D4). To be
  /// called by the file system before the size changes.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param size the size the file is about to get
  /// @throws FsException EIO, ENOMEM
  public static void truncateTail(IomapOperations operations, AddressSpace mapping, long size)
      throws FsException {
    long end = Math.min(operations.roundUp(size), operations.roundUp(mapping.size()));
    if (size < end) {
      new IomapZero(operations, mapping, false).zero(size, end);
    }
  }

  /// Zeroes what the last block holds beyond the end of the file, before growth from outside brings
  /// it inside (R-D5): nobody promised that other systems, or a store through a mapping, left zeros
  /// there. To be called by the file system before truncation upwards; writes do it themselves.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @throws FsException EIO, ENOMEM
  public static void extendTail(IomapOperations operations, AddressSpace mapping)
      throws FsException {
    zeroTail(operations, mapping, false);
  }

  static void zeroTail(IomapOperations operations, AddressSpace mapping, boolean nowait)
      throws FsException {
    long size = mapping.size();
    long end = operations.roundUp(size);
    if (size < end) {
      new IomapZero(operations, mapping, nowait).zero(size, end);
    }
  }

  /// Zeroes the parts of a range that share a block with bytes outside it: what is left is whole
  /// blocks, for the file system to free or to make unwritten (punch hole, zero range).
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes
  /// @throws FsException EIO, ENOMEM
  public static void zeroPartialBlocks(
      IomapOperations operations, AddressSpace mapping, long pos, long length)
      throws FsException {
    long end = Math.addExact(pos, length);
    IomapZero zero = new IomapZero(operations, mapping, false);
    long headEnd = Math.min(end, operations.roundUp(pos));
    zero.zero(pos, headEnd);
    zero.zero(Math.max(headEnd, operations.roundDown(end)), end);
  }

  // ---- Through the cache ----------------------------------------------------------------------

  private void zero(long pos, long end) throws FsException {
    long at = pos;
    int attempts = 0; // answers found outdated since the last progress
    Iomap map = maps[0];
    while (at < end) {
      int flags =
          ExtentOperations.ZERO | (nowait ? ExtentOperations.NOWAIT : 0);
      extents.begin(mapping, at, end - at, flags, map);
      long done = at;
      try {
        operations.checkAnswer(mapping, at, map);
        done = zeroExtent(map, at, Math.min(map.end(), end));
      } finally {
        extents.end(mapping, at, end - at, done - at, flags, map);
      }
      attempts = done > at ? 0 : attempts + 1;
      if (attempts > ATTEMPTS) {
        throw new FsException(
            Errno.EBUSY, mapping + ": extents at byte " + at + " do not come to rest");
      }
      at = done;
    }
  }

  /// Zeroes inside one extent.
  ///
  /// @return where it stopped: before `end` if the answer was found outdated (R-C10)
  private long zeroExtent(Iomap map, long pos, long end) throws FsException {
    switch (map.type()) {
      case HOLE -> {
        return end;
      }
      case UNWRITTEN -> {
        return zeroCached(map, pos, end);
      }
      case INLINE ->
          throw new FsException(Errno.EOPNOTSUPP, mapping + ": zeroing at " + pos + " got " + map);
      case MAPPED, DELALLOC -> {
        long at = pos;
        while (at < end) {
          int length = (int) Math.min(mapping.bytesToFolioEnd(at), end - at);
          if (!zeroFolio(map, at, length)) {
            return at;
          }
          at += length;
        }
        return end;
      }
    }
    throw new AssertionError(map);
  }

  private boolean zeroFolio(Iomap map, long pos, int length) throws FsException {
    Folio folio =
        mapping.getOrCreate(AddressSpace.indexOf(pos), nowait ? AddressSpace.NOWAIT : 0);
    try {
      if (!extents.stillValid(mapping, map)) {
        return false;
      }
      operations.writer().prepare(maps, 1, folio, pos, length, nowait);
      zeroLocked(folio, pos, length);
      return true;
    } finally {
      folio.unlock();
    }
  }

  private void zeroLocked(Folio folio, long pos, int length) {
    int offset = folio.offsetOf(pos);
    folio.zero(offset, length);
    BlockState state =
        operations.blocks() == 1 ? null : BlockState.of(folio, operations.blocks());
    operations.writer().markWritten(folio, state, offset, length);
  }

  /// Zeroes what the cache holds over an unwritten extent and the device does not know of yet.
  private long zeroCached(Iomap map, long pos, long end) {
    long next = AddressSpace.indexOf(pos);
    long last = AddressSpace.indexOf(end - 1);
    int n;
    while (next <= last && (n = mapping.gather(next, last, batch)) > 0) {
      for (int i = 0; i < n; i++) {
        Folio folio = batch[i];
        assert folio != null;
        next = folio.index() + 1;
        long from = Math.max(pos, folio.pos());
        long to = Math.min(end, folio.pos() + folio.size());
        folio.lock();
        try {
          if (!folio.isAttached()) {
            continue; // evicted, so it was clean; if it was converted first, the answer is outdated
          }
          // The folio may have been written back since we asked: then the extent is mapped now, and
          // a clean folio holds bytes, not zeros.
          if (!extents.stillValid(mapping, map)) {
            return from;
          }
          zeroUnwritten(folio, from, to);
        } finally {
          folio.unlock();
        }
      }
    }
    // Folios that were evicted before we could lock them leave no trace but this.
    return extents.stillValid(mapping, map) ? end : pos;
  }

  /// Zeroes the blocks of a folio that hold bytes although their extent is unwritten: dirty ones,
  /// and those on their way to the device. Folio lock held.
  private void zeroUnwritten(Folio folio, long from, long to) {
    boolean busy = folio.isWriteback();
    int dirty = operations.dirtyBlocks(folio);
    if (!busy && dirty == 0) {
      return;
    }
    long at = from;
    while (at < to) {
      long blockEnd = Math.min(to, operations.roundDown(at) + operations.blockSize());
      int offset = folio.offsetOf(at);
      int length = (int) (blockEnd - at);
      int mask = operations.maskOf(offset, length);
      boolean bytes = (dirty & mask) != 0;
      if (!bytes && busy) {
        bytes = operations.isPartiallyUptodate(folio, offset, length);
      }
      if (bytes) {
        zeroLocked(folio, at, length);
      }
      at = blockEnd;
    }
  }

  // ---- On the device --------------------------------------------------------------------------

  /// Writes zeros to a range of a device and waits.
  static void zeroDevice(BlockDevice device, long addr, long length) throws FsException {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment zeros = arena.allocate(Math.min(length, DEVICE_CHUNK));
      for (long done = 0; done < length; done += DEVICE_CHUNK) {
        MemorySegment part = zeros.asSlice(0, Math.min(DEVICE_CHUNK, length - done));
        Bio.write(addr + done, part).submitAndWait(device);
      }
    }
  }
}
