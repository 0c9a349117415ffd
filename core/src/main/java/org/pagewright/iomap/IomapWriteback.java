package org.pagewright.iomap;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.writeback.FolioWriter;

/// Writes dirty folios of one file to its blocks. Compare Linux's
/// fs/iomap/buffered-io.c:iomap_writepages().
///
///     beginRun    no folio lock   allocateForWriteback: delayed -> unwritten   (journal)
///     writeFolio  folio locked    map each dirty block; still delayed: unlock, allocate, again
///                                 zero beyond the end (R-D3)
///                                 D -> W, unlock
///                                 pieces into an IoEnd, sent when the next is elsewhere
///     completion                  writeCompleted, then W ends
///
/// All that can fail is done before the folio is marked clean, so a failure leaves it as it was,
/// dirty and with what was allocated for it unwritten (R-C14). Nothing is held back while this
/// thread waits for the journal, a folio or room: see [FolioWriter#flush()].
///
/// One object serves one call, in one thread.
final class IomapWriteback implements FolioWriter {
  /// How often a block may be found delayed again, because it was written anew between the
  /// allocation and the folio lock.
  private static final int ALLOCATIONS_MAX = 4;

  private static final long NO_BLOCK = -1;

  private final IomapOperations operations;
  private final ExtentOperations extents;
  private final AddressSpace mapping;
  private final Iomap map = new Iomap();
  private boolean mapped;
  private @Nullable FsException runError;

  // Where the blocks of the present folio go.
  private final long[] addrs;
  private final boolean[] converts; // whether metadata must follow

  private @Nullable IoEnd ioEnd;

  IomapWriteback(IomapOperations operations, AddressSpace mapping) {
    this.operations = operations;
    this.extents = operations.extents();
    this.mapping = mapping;
    this.addrs = new long[operations.blocks()];
    this.converts = new boolean[operations.blocks()];
  }

  // ---- A run ----------------------------------------------------------------------------------

  @Override
  public void beginRun(AddressSpace mapping, long firstIndex, long lastIndex) {
    flush();
    operations.waitForRoom();
    runError = null;
    mapped = false;
    try {
      allocate(
          firstIndex << AddressSpace.FOLIO_SHIFT, (lastIndex + 1) << AddressSpace.FOLIO_SHIFT);
    } catch (FsException e) {
      // Some of the run may have got its blocks, or have had them: those folios are written all the
      // same (R-C14, R-H6); the others say why they cannot.
      runError = e;
    }
  }

  private void allocate(long pos, long end) throws FsException {
    long to = Math.min(end, operations.roundUp(mapping.size()));
    if (pos < to) {
      extents.allocateForWriteback(mapping, pos, to - pos);
    }
  }

  // ---- A folio --------------------------------------------------------------------------------

  @Override
  public boolean writeFolio(Folio folio, WritebackControl control) throws FsException {
    boolean locked = true;
    try {
      int allocations = 0;
      while (true) {
        long size = mapping.size();
        if (folio.pos() >= size) {
          return false; // truncated while it was unlocked: about to be dropped (R-H12)
        }
        int blocks = blocksToWrite(folio, size);
        boolean crowded = operations.isCrowded();
        if (!crowded && mapBlocks(folio, blocks)) {
          start(folio, blocks, size); // unlocks
          locked = false;
          send(folio, blocks, size);
          return true;
        }
        // There are too many requests on their way, or a block is delayed still or again.
        folio.unlock();
        locked = false;
        flush();
        if (crowded) {
          operations.waitForRoom();
        } else {
          reallocate(folio, allocations++);
        }
        folio.lock();
        locked = true;
        if (!folio.isAttached() || !folio.isDirty() || folio.isWriteback()) {
          return false; // truncated, or written by somebody else meanwhile (R-H5)
        }
      }
    } finally {
      if (locked) {
        folio.unlock();
      }
    }
  }

  private void reallocate(Folio folio, int attempt) throws FsException {
    FsException e = runError;
    if (e != null && (e.errno() == Errno.ENOSPC || e.errno() == Errno.EROFS)) {
      throw e; // it will not be better for a single folio
    }
    if (attempt >= ALLOCATIONS_MAX) {
      throw new FsException(
          Errno.EIO, mapping + ": bytes at " + folio.pos() + " have no blocks after allocation");
    }
    mapped = false;
    allocate(folio.pos(), folio.pos() + folio.size());
  }

  /// Blocks of a folio that are to be written, one bit each. Folio lock held.
  private int blocksToWrite(Folio folio, long size) {
    int inside =
        operations.maskOf(0, (int) Math.min(folio.size(), size - folio.pos()));
    if (operations.blocks() == 1) {
      return inside;
    }
    BlockState state = BlockState.of(folio, operations.blocks());
    int dirty = state.dirty();
    // Dirty without a dirty block: somebody outside this room marked the folio. Then all that is
    // known is written.
    return inside & (dirty != 0 ? dirty : state.uptodate());
  }

  /// Finds where blocks go, into [#addrs] and [#converts]. Folio lock held.
  ///
  /// @return false if one of them has no blocks yet
  private boolean mapBlocks(Folio folio, int blocks) throws FsException {
    // The last answer was about another folio; meanwhile this one may have got its blocks (R-C10).
    mapped = mapped && extents.stillValid(mapping, map);
    Arrays.fill(addrs, NO_BLOCK);
    for (int block = 0; block < operations.blocks(); block++) {
      if ((blocks >>> block & 1) == 0) {
        continue;
      }
      long pos = folio.pos() + ((long) block << operations.blockShift());
      if (!mapped || !map.contains(pos)) {
        extents.mapBlocks(mapping, pos, folio.pos() + folio.size() - pos, map);
        operations.checkAnswer(mapping, pos, map);
        mapped = true;
      }
      switch (map.type()) {
        case MAPPED, UNWRITTEN -> {
          addrs[block] = map.addrOf(pos);
          converts[block] = map.type() == Iomap.Type.UNWRITTEN || map.has(Iomap.DIRTY);
        }
        case DELALLOC -> {
          return false;
        }
        case HOLE, INLINE -> {
          if (map.type() == Iomap.Type.INLINE || !isZero(folio, block)) {
            throw new FsException(
                Errno.EIO, mapping + ": dirty bytes at " + pos + " have nowhere to go: " + map);
          }
          // Zeroed by truncation without a block below: a hole says the same.
        }
      }
    }
    return true;
  }

  private boolean isZero(Folio folio, int block) {
    long from = folio.chunkOffset() + ((long) block << operations.blockShift());
    long end = from + operations.blockSize();
    for (long at = from; at < end; at += Long.BYTES) {
      if (folio.chunk().get(ValueLayout.JAVA_LONG_UNALIGNED, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /// From dirty to write-out, and unlocks. Cannot fail.
  private void start(Folio folio, int blocks, long size) {
    if (size < folio.pos() + folio.size()) {
      folio.writeProtect(); // or a store comes between the zeros and the write-out
    }
    IomapOperations.zeroBeyond(folio, 0, folio.size(), size); // R-D3
    boolean was = folio.clearDirtyForIo();
    assert was : folio;
    if (folio.attachment() instanceof BlockState state) {
      if (!folio.staysDirty()) {
        state.clearDirty((1 << operations.blocks()) - 1);
      } // else a pin may store to any of them, and a later write must not be all that is written
      state.beginWrites(Math.max(1, pieces(blocks)));
    }
    folio.startWriteback();
    folio.unlock();
  }

  /// Hands the pieces of a folio under write-out to requests.
  private void send(Folio folio, int blocks, long size) {
    int end = 0;
    boolean any = false;
    for (int block = nextStart(blocks, 0); block >= 0; block = nextStart(blocks, end)) {
      end = pieceEnd(blocks, block);
      int offset = block << operations.blockShift();
      long pos = folio.pos() + offset;
      IoEnd io = ioEnd;
      if (io == null || !io.continuesAt(pos, addrs[block], converts[block])) {
        flush();
        io = new IoEnd(operations, mapping, pos, addrs[block], converts[block]);
        ioEnd = io;
      }
      io.add(folio, offset, (end - block) << operations.blockShift(), size);
      any = true;
    }
    if (!any) {
      // Zeros over holes only: nothing to write.
      if (!(folio.attachment() instanceof BlockState state) || state.endWrite(0, true)) {
        folio.endWriteback(true);
      }
    }
  }

  private int pieces(int blocks) {
    int n = 0;
    for (int block = nextStart(blocks, 0); block >= 0; ) {
      n++;
      block = nextStart(blocks, pieceEnd(blocks, block));
    }
    return n;
  }

  /// The first block from `from` on that has a place; -1 if there is none.
  private int nextStart(int blocks, int from) {
    for (int block = from; block < operations.blocks(); block++) {
      if ((blocks >>> block & 1) != 0 && addrs[block] != NO_BLOCK) {
        return block;
      }
    }
    return -1;
  }

  /// Block after those that go out in one piece with `block`.
  private int pieceEnd(int blocks, int block) {
    int end = block + 1;
    while (end < operations.blocks()
        && (blocks >>> end & 1) != 0
        && addrs[end] == addrs[end - 1] + operations.blockSize()
        && converts[end] == converts[block]) {
      end++;
    }
    return end;
  }

  @Override
  public void flush() {
    IoEnd io = ioEnd;
    if (io != null) {
      ioEnd = null;
      io.submit();
    }
  }
}
