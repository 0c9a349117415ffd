package org.pagewright.iomap;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.MkwriteResult;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A mapped folio is about to be stored to: gives each of its blocks inside the file a place or a
/// reservation, and returns with the folio locked and those blocks dirty. Compare Linux's
/// fs/iomap/buffered-io.c:iomap_page_mkwrite(), which asks the file system under the folio lock;
/// here the file system may start a journal handle, which ranks above that lock (R-F1):
///
///     locked: every block inside the end dirty already? done
///     INVALIDATE shared             no truncation, no hole, nobody who moves blocks (R-G5), no
///                                   giving back of reservations (R-C8)
///       ask the file system         reserves (R-F13); no folio lock
///       lock the folio              detached? RETRY (R-F5)
///       answers still true?         no: ask again (R-C10)
///       zero beyond the end         R-F12
///       blocks and folio dirty      before anybody can see what was reserved as nobody's
///
/// The lock keeps write-out away until the caller has made the entry writable (R-F2); and the
/// states of blocks are made and marked under it, so no dirty mark is lost in between (R-H14).
///
/// If the device is full after some of the blocks were reserved, those are made dirty all the same:
/// they hold zeros or what they held, and what is reserved and not dirty would be lost until the
/// file is truncated. The store fails nevertheless.
final class IomapFault {
  /// How often outdated answers are asked for again before the fault starts over.
  private static final int ATTEMPTS = 16;

  private final IomapOperations operations;
  private final ExtentOperations extents;
  private final AddressSpace mapping;
  private final Folio folio;
  private final Iomap[] maps;
  private int count;

  IomapFault(IomapOperations operations, AddressSpace mapping, Folio folio) {
    this.operations = operations;
    this.extents = operations.extents();
    this.mapping = mapping;
    this.folio = folio;
    this.maps = new Iomap[operations.blocks()];
  }

  MkwriteResult mkwrite() throws FsException {
    if (!lockInside()) {
      return MkwriteResult.RETRY;
    }
    if (isBacked()) {
      return MkwriteResult.LOCKED;
    }
    folio.unlock();
    // A file system that chooses real blocks would show their old bytes to a fill (R-C1).
    boolean exclusive = extents.allocatesInBegin();
    if (exclusive) {
      mapping.invalidateLock().lock();
    } else {
      mapping.invalidateLock().lockShared();
    }
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        MkwriteResult result = attempt();
        if (result != null) {
          return result;
        }
      }
      return MkwriteResult.RETRY;
    } finally {
      if (exclusive) {
        mapping.invalidateLock().unlock();
      } else {
        mapping.invalidateLock().unlockShared();
      }
    }
  }

  /// Takes the folio lock. Returns false, with nothing held, if the folio is gone or begins at or
  /// beyond the end (R-D7).
  private boolean lockInside() {
    folio.lock();
    if (folio.isAttached() && folio.pos() < mapping.size()) {
      return true;
    }
    folio.unlock();
    return false;
  }

  private int bytesInside(long size) {
    return (int) Math.min(folio.size(), size - folio.pos());
  }

  /// Whether each block inside the file is dirty: then it has a place or a reservation.
  private boolean isBacked() {
    if (!folio.isDirty()) {
      return false;
    }
    return operations.blocks() == 1
        || folio.attachment() instanceof BlockState state
            && state.isDirty(operations.maskOf(0, bytesInside(mapping.size())));
  }

  /// One attempt, under INVALIDATE, so that the size does not fall meanwhile. Returns null if the
  /// answers were outdated.
  private @Nullable MkwriteResult attempt() throws FsException {
    long size = mapping.size();
    if (!folio.isAttached() || folio.pos() >= size) {
      return MkwriteResult.RETRY;
    }
    int length = bytesInside(size);
    FsException failed = ask(length);
    if (!lockInside()) {
      abandon();
      return MkwriteResult.RETRY;
    }
    boolean ready = false;
    try {
      if (count > 0 && !isStillValid()) {
        return null;
      }
      long end = count == 0 ? folio.pos() : maps[count - 1].end();
      int answered = (int) (Math.min(folio.pos() + length, end) - folio.pos());
      if (answered > 0) {
        IomapOperations.zeroBeyond(folio, 0, folio.size(), size);
        BlockState state =
            operations.blocks() == 1 ? null : BlockState.of(folio, operations.blocks());
        operations.writer().markWritten(folio, state, 0, answered);
      }
      if (failed != null) {
        throw failed;
      }
      ready = true;
      return MkwriteResult.LOCKED;
    } finally {
      if (!ready) {
        folio.unlock();
      }
    }
  }

  /// Asks about the bytes of the folio from its start, as far as the file system has answers.
  ///
  /// @return why it has none for the rest
  private @Nullable FsException ask(int length) {
    count = 0;
    long end = folio.pos() + length;
    int flags = ExtentOperations.WRITE | ExtentOperations.FAULT; // and no others (R-F11)
    for (long at = folio.pos(); at < end; at = maps[count - 1].end()) {
      if (maps[count] == null) {
        maps[count] = new Iomap();
      }
      Iomap map = maps[count];
      try {
        extents.begin(mapping, at, end - at, flags, map);
        extents.end(mapping, at, end - at, Math.min(map.end(), end) - at, flags, map);
        operations.checkAnswer(mapping, at, map);
        if (map.type() == Iomap.Type.HOLE || map.type() == Iomap.Type.INLINE) {
          throw new FsException(
              Errno.EOPNOTSUPP, mapping + ": store at " + at + " got " + map);
        }
      } catch (FsException e) {
        return e;
      }
      count++;
    }
    return null;
  }

  private boolean isStillValid() {
    for (int i = 0; i < count; i++) {
      if (!isNewBlocks(maps[i]) && !extents.stillValid(mapping, maps[i])) {
        return false;
      }
    }
    return true;
  }

  private static boolean isNewBlocks(Iomap map) {
    return map.type() == Iomap.Type.MAPPED && map.has(Iomap.NEW);
  }

  /// The folio is gone: real blocks that were chosen for it hold somebody else's bytes, and no fill
  /// has seen them yet (R-C4).
  private void abandon() {
    for (int i = 0; i < count; i++) {
      if (isNewBlocks(maps[i])) {
        try {
          IomapZero.zeroDevice(operations.device(), maps[i].addr(), maps[i].length());
        } catch (FsException e) {
          mapping.writebackErrors().set(e.errno());
        }
      }
    }
  }
}
