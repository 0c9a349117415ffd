package org.pagewright.iomap;

import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The buffered write: writeBegin and writeEnd over extents. Compare Linux's
/// fs/iomap/buffered-io.c:iomap_write_begin() and iomap_write_end().
///
///     begin:  every block dirty already? lock, done              blocks that are dirty are backed
///             else ask the file system   (reserves; may take the journal; no folio lock: R-C7)
///                  lock the folio        (it may have been written back and evicted meanwhile)
///                  answer still true?    no: give it back, ask again (R-C10)
///                  fill blocks that are covered in part (R-B11)
///     end:    accept, zero what is new and was not covered (R-C1), grow the size (R-D1), unlock
///             end of the answer; give back what is reserved and not dirty (R-C8)
///
/// The answers live in the token ([WriteOp#scratch()]), so that nothing is allocated, and the last
/// one serves the next chunk, too, if it reaches that far and is still true.
final class IomapWrite {
  /// How often an outdated answer is asked for again before the write loop gets a turn.
  private static final int ATTEMPTS = 16;

  private final IomapOperations operations;
  private final ExtentOperations extents;

  IomapWrite(IomapOperations operations) {
    this.operations = operations;
    this.extents = operations.extents();
  }

  /// What one token keeps: the answers about the present chunk. Mostly one; several where a chunk
  /// spans extents.
  private static final class Scratch {
    final Iomap[] maps;
    int count;
    boolean open; // begun and not ended
    boolean allocated; // this chunk's begins made real blocks, in one attempt or another
    @Nullable AddressSpace mapping;
    long pos;
    int length;
    int flags;

    Scratch(int blocks) {
      maps = new Iomap[blocks];
      for (int i = 0; i < blocks; i++) {
        maps[i] = new Iomap();
      }
    }

    /// Where the question began that answer `i` belongs to.
    long askedAt(int i) {
      return i == 0 ? pos : maps[i - 1].end();
    }

    /// Whether the last answer serves this chunk: blocks that exist and are ours alone.
    boolean isAnswered(AddressSpace m, long from, int bytes) {
      Iomap map = maps[0];
      return count == 1
          && m == mapping
          && map.hasBlocks()
          && !map.has(Iomap.NEW | Iomap.SHARED | Iomap.STALE)
          && map.contains(from)
          && map.end() - from >= bytes;
    }
  }

  private Scratch scratch(WriteOp op) {
    if (op.scratch() instanceof Scratch s && s.maps.length == operations.blocks()) {
      return s;
    }
    Scratch s = new Scratch(operations.blocks());
    op.keepScratch(s);
    return s;
  }

  // ---- Begin ----------------------------------------------------------------------------------

  @Nullable Folio begin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    Scratch s = scratch(op);
    assert !s.open : "writeBegin without writeEnd";
    Folio folio = lockIfDirty(mapping, pos, length, op);
    if (folio != null) {
      s.count = 0;
      return folio;
    }
    Folio busy = op.nowait() ? mapping.find(AddressSpace.indexOf(pos)) : null;
    if (busy != null && busy.isLocked()) {
      // Before anything is reserved: giving it back would wait for this very folio (R-J7).
      throw new FsException(Errno.EAGAIN, busy + " is locked");
    }
    if (pos > mapping.size()) {
      IomapZero.zeroTail(operations, mapping, op.nowait()); // R-D5
    }
    s.allocated = false;
    boolean asked = false;
    folio = null;
    try {
      for (int attempt = 0; attempt < ATTEMPTS && folio == null; attempt++) {
        boolean answered = s.isAnswered(mapping, pos, length);
        asked |= !answered;
        folio = tryBegin(s, mapping, pos, length, op, answered);
      }
      return folio; // null: the write loop may look whether it is to stop, and comes back
    } finally {
      if (folio == null && asked) {
        giveBack(mapping, pos, length, 0, true, s.allocated);
      }
    }
  }

  /// One attempt.
  ///
  /// @return null if the answers were outdated: what they reserved stays reserved, so that asking
  ///     again changes nothing and the next answers can be true
  private @Nullable Folio tryBegin(
      Scratch s, AddressSpace mapping, long pos, int length, WriteOp op, boolean answered)
      throws FsException {
    boolean exclusive = false;
    Folio folio = null;
    boolean ready = false;
    try {
      if (!answered) {
        exclusive = excludeFills(mapping, op);
        ask(s, mapping, pos, length, op);
      }
      folio = mapping.getOrCreate(AddressSpace.indexOf(pos), folioFlags(op));
      if (isStillValid(s, mapping)) {
        prepare(s.maps, s.count, folio, pos, length, op.nowait());
        ready = true;
        return folio;
      }
      return null;
    } finally {
      if (!ready) {
        if (folio != null) {
          folio.unlock();
        }
        abandon(s, mapping);
      }
      if (exclusive) {
        mapping.invalidateLock().unlock();
      }
    }
  }

  private static int folioFlags(WriteOp op) {
    return (op.nowait() ? AddressSpace.NOWAIT : 0) | (op.dontcache() ? AddressSpace.DONTCACHE : 0);
  }

  /// The folio, locked, if each block of the chunk is dirty: then each is uptodate and has a block
  /// or a reservation, so there is nothing to ask and nothing to fill.
  private @Nullable Folio lockIfDirty(AddressSpace mapping, long pos, int length, WriteOp op) {
    Folio folio = mapping.find(AddressSpace.indexOf(pos));
    if (folio == null || !folio.isDirty() || pos > mapping.size()) {
      return null;
    }
    if (!folio.tryLock()) {
      if (op.nowait()) {
        return null;
      }
      folio.lock();
    }
    if (folio.isAttached()
        && folio.isDirty()
        && (operations.blocks() == 1
            ? folio.isUptodate()
            : folio.attachment() instanceof BlockState state
                && state.isDirty(operations.maskOf(folio.offsetOf(pos), length)))) {
      if (!op.dontcache() && folio.isDropBehind()) {
        folio.setDropBehind(false); // R-J6
      }
      return folio;
    }
    folio.unlock();
    return null;
  }

  /// A file system that chooses real blocks in begin would show their old bytes to a fill between
  /// its answer and our folio lock: no fill may start meanwhile (R-C1).
  private boolean excludeFills(AddressSpace mapping, WriteOp op) throws FsException {
    if (!extents.allocatesInBegin()) {
      return false;
    }
    if (!op.nowait()) {
      mapping.invalidateLock().lock();
    } else if (!mapping.invalidateLock().tryLock()) {
      throw new FsException(Errno.EAGAIN, mapping + ": fills are under way");
    }
    return true;
  }

  private void ask(Scratch s, AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    s.mapping = mapping;
    s.pos = pos;
    s.length = length;
    s.flags = ExtentOperations.WRITE | (op.nowait() ? ExtentOperations.NOWAIT : 0);
    s.count = 0;
    s.open = true;
    long end = pos + length;
    for (long at = pos; at < end; at = s.maps[s.count - 1].end()) {
      Iomap map = s.maps[s.count];
      extents.begin(mapping, at, end - at, s.flags, map);
      s.count++;
      s.allocated |= isNewBlocks(map);
      operations.checkAnswer(mapping, at, map);
      if (map.type() == Iomap.Type.HOLE || map.type() == Iomap.Type.INLINE) {
        throw new FsException(
            Errno.EOPNOTSUPP,
            mapping + ": write of " + length + " bytes at " + pos + " got " + map);
      }
    }
  }

  /// Whether what was answered before the folio lock is true under it. Meanwhile the range may have
  /// been written back, converted and evicted: what was unwritten then holds data now, and zeroing
  /// around our bytes would destroy them (R-C10). Real blocks made by this very call are not
  /// touched by anybody: INODE keeps other writers out, and there was nothing to write back.
  private boolean isStillValid(Scratch s, AddressSpace mapping) {
    for (int i = 0; i < s.count; i++) {
      Iomap map = s.maps[i];
      if (!isNewBlocks(map) && !extents.stillValid(mapping, map)) {
        map.markStale();
        return false;
      }
    }
    return true;
  }

  private static boolean isNewBlocks(Iomap map) {
    return map.type() == Iomap.Type.MAPPED && map.has(Iomap.NEW);
  }

  // ---- Fill -----------------------------------------------------------------------------------

  /// Makes each block that the chunk covers in part uptodate, and no other (R-B1, R-B11). Folio
  /// lock held.
  void prepare(Iomap[] maps, int count, Folio folio, long pos, int length, boolean nowait)
      throws FsException {
    if (folio.isUptodate()) {
      return;
    }
    BlockState state =
        operations.blocks() == 1 ? null : BlockState.of(folio, operations.blocks());
    long end = pos + length;
    long size = folio.mapping().size();
    long headBlock = operations.roundDown(pos);
    long tailBlock = operations.roundDown(end - 1);
    prepareBlock(maps, count, folio, state, headBlock, pos, end, size, nowait);
    if (tailBlock != headBlock) {
      prepareBlock(maps, count, folio, state, tailBlock, pos, end, size, nowait);
    }
    if (state != null) {
      zeroBlocksBeyond(folio, state, Math.max(operations.roundUp(size), operations.roundUp(end)));
      if (state.allUptodate()) {
        folio.markUptodate();
      }
    }
  }

  private void prepareBlock(
      Iomap[] maps,
      int count,
      Folio folio,
      @Nullable BlockState state,
      long blockPos,
      long pos,
      long end,
      long size,
      boolean nowait)
      throws FsException {
    int blockSize = operations.blockSize();
    int offset = folio.offsetOf(blockPos);
    int mask = operations.maskOf(offset, blockSize);
    boolean covered = pos <= blockPos && end >= blockPos + blockSize;
    if (covered || (state != null && state.isUptodate(mask))) {
      return; // covered: no need to read; uptodate: no right to (R-B9)
    }
    if (pos <= blockPos && end >= size) {
      // All that the file has of this block is about to be overwritten; the rest lies beyond the
      // end. Not uptodate before the bytes are there (R-B1).
      folio.zero(folio.offsetOf(end), (int) (blockPos + blockSize - end));
      return;
    }
    Iomap source = mapAt(maps, count, Math.max(blockPos, pos));
    if (source.has(Iomap.SHARED)) {
      // A block of our own will take the shared one's place; its other bytes are in that (R-C12).
      source = new Iomap();
      extents.mapSource(folio.mapping(), blockPos, blockSize, source);
      operations.checkAnswer(folio.mapping(), blockPos, source);
    }
    if (source.readsAsZeros() || source.has(Iomap.NEW) || blockPos >= size) {
      folio.zero(offset, blockSize); // R-C3
    } else if (nowait) {
      throw new FsException(Errno.EAGAIN, folio.mapping() + ": fill at " + blockPos);
    } else {
      IomapRead.readNow(operations, source, folio, offset, blockSize);
    }
    if (state != null) {
      state.markUptodate(mask);
    } else {
      folio.markUptodate();
    }
  }

  private static Iomap mapAt(Iomap[] maps, int count, long pos) {
    for (int i = 0; i < count; i++) {
      if (maps[i].contains(pos)) {
        return maps[i];
      }
    }
    throw new AssertionError("no answer about byte " + pos);
  }

  /// Blocks beyond both the end of the file and the chunk are zeros: knowing it now, a file that
  /// grows by small writes gets folios that are uptodate as a whole.
  private void zeroBlocksBeyond(Folio folio, BlockState state, long from) {
    for (int block = operations.blocks() - 1; block >= 0; block--) {
      int offset = block << operations.blockShift();
      if (folio.pos() + offset < from) {
        break;
      }
      if (!state.isUptodate(1 << block)) {
        folio.zero(offset, operations.blockSize());
        state.markUptodate(1 << block);
      }
    }
  }

  // ---- End ------------------------------------------------------------------------------------

  int end(AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    Scratch s = scratch(op);
    assert !s.open || (s.mapping == mapping && s.pos == pos && s.length == length);
    int accepted;
    try {
      accepted = accept(s, mapping, folio, pos, length, copied);
    } finally {
      folio.unlock();
    }
    if (s.open) {
      close(s, accepted);
    }
    return accepted;
  }

  private int accept(
      Scratch s, AddressSpace mapping, Folio folio, long pos, int length, int copied) {
    BlockState state =
        operations.blocks() == 1 ? null : BlockState.of(folio, operations.blocks());
    int offset = folio.offsetOf(pos);
    boolean uptodate =
        folio.isUptodate()
            || (state != null && state.isUptodate(operations.maskOf(offset, length)));
    // The write loop has decided so already (R-B7); a caller of its own has not. Per folio, however
    // many bytes that is, and wherever the copy stopped (R-B15).
    int accepted = copied == length || uptodate ? copied : 0;
    if (accepted > 0) {
      markWritten(folio, state, offset, accepted);
    }
    if (accepted < length && s.open) {
      for (int i = 0; i < s.count; i++) {
        if (isNewBlocks(s.maps[i])) {
          zeroNew(s.maps[i], folio, state, accepted > 0, pos + accepted, pos + length);
        }
      }
    }
    if (accepted > 0) {
      mapping.growSize(pos + accepted); // R-D1, R-D2: under the folio lock, by what was accepted
    }
    return accepted;
  }

  /// A range holds the file's newest bytes: its blocks are uptodate and dirty. Folio lock held;
  /// blocks covered in part are uptodate already.
  void markWritten(Folio folio, @Nullable BlockState state, int offset, int length) {
    boolean whole = true;
    if (state == null) {
      if (!folio.isUptodate()) {
        folio.markUptodate();
      }
    } else {
      int mask = operations.maskOf(offset, length);
      state.markUptodate(mask);
      state.markDirty(mask);
      if (!folio.isUptodate() && state.allUptodate()) {
        folio.markUptodate();
      }
      whole = folio.isUptodate() && state.isDirty(operations.maskOf(0, folio.size()));
    }
    folio.markDirty();
    if (whole) {
      folio.openForOverwrite(); // each block is uptodate and dirty, see lockIfDirty
    }
  }

  /// Blocks that begin chose and nobody wrote hold somebody else's bytes: zeros, uptodate and dirty
  /// before anyone can see them, also if not one byte was accepted (R-C1), and none but those
  /// (R-C2). Beyond the end of the file they are cut off instead (R-C5).
  private void zeroNew(
      Iomap map, Folio folio, @Nullable BlockState state, boolean any, long from, long to) {
    int blockSize = operations.blockSize();
    long size = any ? Math.max(folio.mapping().size(), from) : folio.mapping().size();
    // Without an accepted byte the first block is one of them, too.
    long start = any ? operations.roundUp(from) : operations.roundDown(from);
    for (long at = Math.max(start, map.pos()); at < Math.min(to, map.end()); at += blockSize) {
      int offset = folio.offsetOf(at);
      int mask = operations.maskOf(offset, blockSize);
      boolean known = folio.isUptodate() || (state != null && state.isUptodate(mask));
      if (!known) {
        folio.zero(offset, blockSize);
      }
      if (at < size) {
        markWritten(folio, state, offset, blockSize);
      }
    }
  }

  // ---- Give back ------------------------------------------------------------------------------

  /// Ends the answers after a chunk. No folio lock held.
  private void close(Scratch s, int accepted) {
    AddressSpace mapping = s.mapping;
    assert mapping != null;
    s.open = false;
    endAll(s, mapping, accepted);
    if (accepted < s.length) {
      boolean delayed = false;
      for (int i = 0; i < s.count; i++) {
        delayed |= s.maps[i].type() == Iomap.Type.DELALLOC;
      }
      giveBack(mapping, s.pos, s.length, accepted, delayed, s.allocated);
    }
  }

  private void endAll(Scratch s, AddressSpace mapping, int accepted) {
    long end = s.pos + s.length;
    for (int i = 0; i < s.count; i++) {
      long at = s.askedAt(i);
      long length = end - at;
      // What was kept for this chunk shrinks to what was accepted (R-C15).
      long written = Math.clamp(s.pos + accepted - at, 0L, length);
      try {
        extents.end(mapping, at, length, written, s.flags, s.maps[i]);
      } catch (FsException e) {
        // The bytes are in the cache and will be written: told by the next fsync.
        mapping.writebackErrors().set(e.errno());
      }
    }
  }

  /// After an attempt to begin that came to nothing: no folio lock held, fills still kept out.
  private void abandon(Scratch s, AddressSpace mapping) {
    if (s.open) {
      s.open = false;
      for (int i = 0; i < s.count; i++) {
        if (isNewBlocks(s.maps[i])) {
          zeroOnDevice(mapping, s.maps[i]); // R-C4; no fill can have seen them yet
        }
      }
      endAll(s, mapping, 0);
    }
    s.count = 0;
  }

  private void zeroOnDevice(AddressSpace mapping, Iomap map) {
    try {
      IomapZero.zeroDevice(operations.device(), map.addr(), map.length());
    } catch (FsException e) {
      mapping.writebackErrors().set(e.errno());
    }
  }

  /// Gives back what was reserved or allocated for bytes that were not accepted (R-B8). Only blocks
  /// that are not dirty: a store through a mapping may have found the reservation and relies on it,
  /// and INVALIDATE exclusive keeps the next one out (R-C8). Rare, hence not sparing with locks,
  /// and not subject to NOWAIT: a reservation left behind would be lost for ever.
  private void giveBack(
      AddressSpace mapping,
      long pos,
      int length,
      int accepted,
      boolean delayed,
      boolean allocated) {
    if (!delayed && !allocated) {
      return;
    }
    mapping.invalidateLock().lock();
    try {
      if (delayed) {
        punchClean(mapping, pos, length, accepted);
      }
      if (allocated && pos + length > mapping.size()) {
        extents.writeFailed(mapping, pos, length); // R-C5
      }
    } finally {
      mapping.invalidateLock().unlock();
    }
  }

  private void punchClean(AddressSpace mapping, long pos, int length, int accepted) {
    long start = accepted == 0 ? operations.roundDown(pos) : operations.roundUp(pos + accepted);
    long end = operations.roundUp(pos + length);
    Folio folio = mapping.find(AddressSpace.indexOf(pos));
    int dirty = 0;
    if (folio != null) {
      folio.lock();
      dirty = folio.isAttached() ? operations.dirtyBlocks(folio) : 0;
      folio.unlock();
    }
    long folioPos = AddressSpace.indexOf(pos) << AddressSpace.FOLIO_SHIFT;
    long from = -1;
    for (long at = start; at <= end; at += operations.blockSize()) {
      boolean clean =
          at < end && (dirty >>> ((at - folioPos) >>> operations.blockShift()) & 1) == 0;
      if (clean && from < 0) {
        from = at;
      } else if (!clean && from >= 0) {
        extents.punchDelalloc(mapping, from, at - from);
        from = -1;
      }
    }
  }
}
