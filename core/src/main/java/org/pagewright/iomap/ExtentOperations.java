package org.pagewright.iomap;

import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;

/// What a file system implements that keeps its files in extents of blocks; [IomapOperations] does
/// the rest. One object serves a super block; the [AddressSpace] says which file, and its host is
/// the inode. Compare Linux's struct iomap_ops and struct iomap_writeback_ops.
///
/// | method               | INODE    | INVALIDATE | FOLIO | handle  | sleeps  | called by        |
/// |----------------------|----------|------------|-------|---------|---------|------------------|
/// | begin, WRITE or ZERO | excl.    | - (1)      | no    | may     | yes     | writer           |
/// | begin, WRITE, FAULT  | -        | held (3)   | no    | may     | yes     | write fault      |
/// | begin, REPORT        | shared   | -          | no    | no      | yes     | anybody          |
/// | begin, DIRECT read   | -        | - (1)      | no    | no      | yes     | reader           |
/// | end                  | as begin | as begin   | no    | may     | yes     | who called begin |
/// | stillValid           | -        | -          | -     | no      | no      | anybody          |
/// | punchDelalloc        | excl.    | excl.      | no    | no      | yes     | writer           |
/// | writeFailed          | excl.    | excl.      | no    | may     | yes     | writer           |
/// | allocateForWriteback | -        | -          | no    | may     | yes     | flusher, fsync   |
/// | mapBlocks            | -        | -          | held  | no (2)  | yes     | anybody          |
/// | mapSource            | -        | -          | held  | no (2)  | yes     | anybody          |
/// | writeCompleted       | -        | -          | no    | may     | yes     | worker, writer   |
/// | writebackFailed      | -        | -          | no    | no      | no      | completion       |
///
/// "-" means that nothing is promised, either way.
///
/// 1. The caller may hold it, either side: zeroing does, inside truncate and punch.
/// 2. It may read metadata: EXTENT_MAP and what is below it rank below FOLIO. But JOURNAL_HANDLE
///    ranks above, and a commit may wait for the write-out of this very folio.
/// 3. Shared; exclusive with [#allocatesInBegin()]. Writers may ask about the same range meanwhile.
///
/// Positions and lengths of answers are whole blocks; of questions, any bytes.
public interface ExtentOperations {
  /// Flag of [#begin]: bytes will be written.
  int WRITE = 1;

  /// Flag of [#begin]: bytes will be zeroed: what reads as zeros already stays as it is, so nothing
  /// is allocated or reserved.
  int ZERO = 1 << 1;

  /// Flag of [#begin]: only to know, for SEEK_HOLE, SEEK_DATA and extent lists.
  int REPORT = 1 << 2;

  /// Flag of [#begin]: the bytes go past the cache; with WRITE blocks are allocated at once.
  int DIRECT = 1 << 3;

  /// Flag of [#begin]: EAGAIN rather than wait (R-J7).
  int NOWAIT = 1 << 4;

  /// Flag of [#begin]: with WRITE: give the range blocks of its own where they are shared (R-C12).
  int UNSHARE = 1 << 5;

  /// Flag of [#begin]: with WRITE: for a store through a mapping.
  int FAULT = 1 << 6;

  /// The device that extents point to. Written straight to, so it must not be one of the page
  /// cache.
  ///
  /// @return always the same
  BlockDevice device();

  /// Bytes of a block of the file system: a power of two, a multiple of the device's sector, at
  /// most the size of a folio.
  ///
  /// @return always the same
  int blockSize();

  /// Whether [#begin] for a buffered write answers with real blocks that are MAPPED and NEW,
  /// instead of a reservation or unwritten blocks. Such blocks show their old bytes to every fill
  /// until they are written, so the engine then keeps fills out, with INVALIDATE exclusive, from
  /// before begin until it holds the folio (R-C1). For file systems without delayed allocation.
  ///
  /// @return always the same
  default boolean allocatesInBegin() {
    return false;
  }

  /// Whether folios must stand still under write-out, because something is computed over the bytes
  /// on their way to the store (R-F15).
  ///
  /// @return always the same
  default boolean needsStableFolios() {
    return false;
  }

  /// Says what lies under `pos`, and prepares it for what the flags announce:
  ///
  /// | flags          | may answer                    | has made sure                            |
  /// |----------------|-------------------------------|------------------------------------------|
  /// | WRITE          | DELALLOC, UNWRITTEN, MAPPED   | each block asked for that lies in the    |
  /// |                |                               | answer has a place or is reserved (R-C7) |
  /// | WRITE, DIRECT  | UNWRITTEN, MAPPED; HOLE to    | each has a place, unwritten unless it    |
  /// |                | make the caller use the cache | was written before, or [#isBehindFills]  |
  /// | ZERO           | all                           | what is INLINE or SHARED can be written  |
  /// | REPORT, DIRECT | all                           | nothing                                  |
  ///
  /// The answer contains `pos`. It may be shorter than asked: the caller asks again for the rest.
  /// It may be longer, before and behind: but then NEW is not set beyond what was asked, so an
  /// extent is cut where what is new begins or ends.
  ///
  /// If a range is delayed already, or its blocks exist, nothing is reserved twice. Each begin that
  /// returned is followed by one [#end] with the same arguments (R-E7).
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes wanted, at least 1; with REPORT and reads it may reach beyond the size
  /// @param flags WRITE, ZERO, REPORT, DIRECT, NOWAIT, UNSHARE, FAULT
  /// @param out filled in
  /// @throws FsException ENOSPC, EDQUOT (here, not in write-out: R-C7), EIO, EFBIG, a corruption,
  ///     EAGAIN with NOWAIT; then nothing was reserved that was not before, or it is DELALLOC and
  ///     the caller's punch will give it back
  void begin(AddressSpace mapping, long pos, long length, int flags, Iomap out) throws FsException;

  /// Whether no fill reads what a block holds, because it lies behind the folio that the file ends
  /// in. Such a block may be MAPPED and NEW for a direct write: what it held is seen by nobody
  /// before the size has grown, which follows the bytes (R-B13), and if they cannot be written
  /// [#writeFailed] frees it (R-C1). A crash in between is for the file system to think of.
  ///
  /// @param mapping the file; INODE held exclusively
  /// @param pos begin of a block
  /// @return true for what is wholly behind
  static boolean isBehindFills(AddressSpace mapping, long pos) {
    long size = mapping.size();
    return size == 0 || AddressSpace.indexOf(pos) > AddressSpace.indexOf(size - 1);
  }

  /// Ends what [#begin] opened. For a direct write that made the file larger, the size in the
  /// mapping has grown by now and the size on disk may follow (the data are on the device). What a
  /// short write left reserved is given back by [#punchDelalloc], not here: by then another may
  /// have dirtied a block (R-C8).
  ///
  /// @param mapping the file
  /// @param pos as given to begin
  /// @param length as given to begin
  /// @param written bytes that were accepted, 0 to `length`
  /// @param flags as given to begin
  /// @param iomap as filled in by begin
  /// @throws FsException EIO; the file system has recorded what it needs to recover
  default void end(
      AddressSpace mapping, long pos, long length, long written, int flags, Iomap iomap)
      throws FsException {}

  /// Whether an answer of [#begin] or [#mapBlocks] is still true: false if the blocks or types of
  /// anything in its range may have changed since (R-C10). A count of changes of the file's extent
  /// map, noted as the cookie under EXTENT_MAP and compared here, is enough. With the folio lock
  /// the answer holds for that folio; without it says what was true a moment ago.
  ///
  /// @param mapping the file
  /// @param iomap an answer about this file
  /// @return false to ask again
  boolean stillValid(AddressSpace mapping, Iomap iomap);

  /// Gives back the reservations of a range in which no block is dirty; what is not DELALLOC stays.
  ///
  /// @param mapping the file
  /// @param pos start of a block
  /// @param length bytes, whole blocks
  void punchDelalloc(AddressSpace mapping, long pos, long length);

  /// A write at `pos` failed or was cut short: frees blocks that lie wholly beyond the size and
  /// were allocated for it (R-C5, R-C6). Not called for what is only reserved.
  ///
  /// @param mapping the file; its size is final
  /// @param pos first byte of the write
  /// @param length bytes of the write
  default void writeFailed(AddressSpace mapping, long pos, long length) {}

  /// Chooses blocks for every delayed byte of a range: the extents become unwritten until
  /// [#writeCompleted], or mapped where the file cannot have unwritten extents and the file system
  /// has another way to keep R-C9. Several extents may result. Other types stay.
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes
  /// @throws FsException EIO, a corruption, ENOSPC if the reservation was no promise; what was
  ///     allocated until then stays allocated, unwritten (R-C14), the rest stays delayed
  void allocateForWriteback(AddressSpace mapping, long pos, long length) throws FsException;

  /// Looks up what lies under `pos`, changing nothing. For a fill and for write-out, under the
  /// folio lock; hence it must never start a handle.
  ///
  /// @param mapping the file
  /// @param pos byte in the file; beyond the size is a legal question
  /// @param length bytes of interest; the answer may be shorter or longer
  /// @param out filled in; contains `pos`
  /// @throws FsException EIO, a corruption
  void mapBlocks(AddressSpace mapping, long pos, long length, Iomap out) throws FsException;

  /// Looks up where bytes are to be read from. The same as [#mapBlocks], except where a write has
  /// reserved blocks of its own for a shared range: until they are written the bytes are still in
  /// the shared ones, and not zeros (R-C12). FOLIO held.
  ///
  /// @param mapping the file
  /// @param pos byte in the file; beyond the size is a legal question
  /// @param length bytes of interest; the answer may be shorter or longer
  /// @param out filled in; contains `pos`
  /// @throws FsException EIO, a corruption
  default void mapSource(AddressSpace mapping, long pos, long length, Iomap out)
      throws FsException {
    mapBlocks(mapping, pos, length, out);
  }

  /// The bytes of a range are on the device (not flushed yet): turns the unwritten blocks that it
  /// touches into mapped ones, and moves the size on disk up to `pos + length`, but not beyond the
  /// size in the mapping (R-C9, R-D2). The folios are still under write-out, so that an fsync that
  /// waits for them covers this, too; and truncation waits for them, so the range still exists.
  ///
  /// Somebody may be waiting for the end of this very write-out with the folio lock held: a handle
  /// that is started here must not wait for one that wants a folio. Compare Linux's
  /// jbd2_journal_start_reserved().
  ///
  /// @param mapping the file
  /// @param pos first byte, start of a block
  /// @param length bytes; the range ends with a block, or where the file ended when this write-out
  ///     began: bytes that were appended later are not on the device
  /// @throws FsException EIO, ENOSPC; the folios stay dirty
  void writeCompleted(AddressSpace mapping, long pos, long length) throws FsException;

  /// A write-out failed, for file systems that keep an error per volume or a log. The file's own
  /// [AddressSpace#writebackErrors()] has it already, its folios stay dirty. Called by a
  /// completion: must not block.
  ///
  /// @param mapping the file
  /// @param pos first byte
  /// @param error what the device or [#writeCompleted] said
  default void writebackFailed(AddressSpace mapping, long pos, FsException error) {}
}
