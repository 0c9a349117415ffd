package org.pagewright.iomap;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Where a file has bytes and where it has holes. Compare Linux's fs/iomap/seek.c and
/// mm/filemap.c:mapping_seek_hole_data().
///
/// An unwritten extent is a hole, except where the cache holds bytes for it that are dirty or on
/// their way to the device. What is delayed has bytes. The end of the file is a hole.
///
/// INODE shared; no folio lock. The answer is a moment's.
public final class SeekHoleData {
  private static final int BATCH = 16;

  private SeekHoleData() {}

  /// The first byte at or after `pos` that is data.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param pos byte in the file
  /// @return byte in the file
  /// @throws FsException ENXIO if there is none before the end, or `pos` is not inside; EIO
  public static long seekData(IomapOperations operations, AddressSpace mapping, long pos)
      throws FsException {
    long found = seek(operations, mapping, pos, true);
    if (found >= mapping.size()) {
      throw outside(mapping, pos);
    }
    return found;
  }

  /// The first byte at or after `pos` that is not data.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param pos byte in the file
  /// @return byte in the file, at most its size
  /// @throws FsException ENXIO if `pos` is not inside the file; EIO
  public static long seekHole(IomapOperations operations, AddressSpace mapping, long pos)
      throws FsException {
    return seek(operations, mapping, pos, false);
  }

  private static FsException outside(AddressSpace mapping, long pos) {
    return new FsException(Errno.ENXIO, mapping + ": seek from " + pos);
  }

  private static long seek(
      IomapOperations operations, AddressSpace mapping, long pos, boolean data)
      throws FsException {
    long size = mapping.size();
    if (pos < 0 || pos >= size) {
      throw outside(mapping, pos);
    }
    ExtentOperations extents = operations.extents();
    Iomap map = new Iomap();
    long at = pos;
    while (at < size) {
      extents.begin(mapping, at, size - at, ExtentOperations.REPORT, map);
      try {
        operations.checkAnswer(mapping, at, map);
      } finally {
        extents.end(mapping, at, size - at, 0, ExtentOperations.REPORT, map);
      }
      long end = Math.min(map.end(), size);
      switch (map.type()) {
        case HOLE -> {
          if (!data) {
            return at;
          }
        }
        case UNWRITTEN -> {
          long found = seekCached(operations, mapping, at, end, data);
          boolean cached = data && found < end;
          if (!cached && !extents.stillValid(mapping, map)) {
            // What the cache does not hold dirty any more may have been written out and converted
            // since the map was asked (R-C10). Ends: each time a write-out has.
            continue;
          }
          if (found < end) {
            return found;
          }
        }
        case DELALLOC, MAPPED, INLINE -> {
          if (data) {
            return at;
          }
        }
      }
      at = end;
    }
    return size;
  }

  /// Looks for bytes of the cache, or the lack of them, over an unwritten extent.
  ///
  /// @return where; `end` if there is none
  private static long seekCached(
      IomapOperations operations, AddressSpace mapping, long pos, long end, boolean data) {
    @Nullable Folio[] batch = new @Nullable Folio[BATCH];
    long at = pos; // everything before it is not what we look for
    long last = AddressSpace.indexOf(end - 1);
    int n;
    while (at < end && (n = mapping.gather(AddressSpace.indexOf(at), last, batch)) > 0) {
      for (int i = 0; i < n && at < end; i++) {
        Folio folio = batch[i];
        assert folio != null;
        if (folio.pos() > at) {
          if (!data) {
            return at; // no folio, no bytes
          }
          at = folio.pos();
        }
        long folioEnd = Math.min(end, folio.pos() + folio.size());
        folio.lock();
        try {
          while (at < folioEnd) {
            long blockEnd =
                Math.min(folioEnd, operations.roundDown(at) + operations.blockSize());
            if (hasBytes(operations, folio, at, blockEnd) == data) {
              return at;
            }
            at = blockEnd;
          }
        } finally {
          folio.unlock();
        }
      }
    }
    return data ? end : Math.min(at, end);
  }

  private static boolean hasBytes(
      IomapOperations operations, Folio folio, long from, long to) {
    if (!folio.isAttached()) {
      return false;
    }
    int offset = folio.offsetOf(from);
    int length = (int) (to - from);
    return (operations.dirtyBlocks(folio) & operations.maskOf(offset, length)) != 0
        || (folio.isWriteback() && operations.isPartiallyUptodate(folio, offset, length));
  }
}
