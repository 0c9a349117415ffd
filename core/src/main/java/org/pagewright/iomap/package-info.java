/// Files kept in extents of blocks: what lies under a range, and the page cache's operations built
/// once on top of that answer. Named after Linux's fs/iomap.
///
/// ## Entry points
///
/// | type               | Linux                                  | what                               |
/// |--------------------|----------------------------------------|------------------------------------|
/// | [ExtentOperations] | struct iomap_ops, iomap_writeback_ops  | what a file system implements      |
/// | [Iomap]            | struct iomap                           | one extent, an answer              |
/// | [IomapOperations]  | fs/iomap/buffered-io.c, direct-io.c    | the page cache's operations        |
/// | [IomapZero]        | iomap_zero_range()                     | truncation tails, edges of holes   |
/// | [SeekHoleData]     | fs/iomap/seek.c                        | SEEK_DATA, SEEK_HOLE               |
/// | [ExtentReport]     | fs/iomap/fiemap.c                      | the extents as a list              |
///
/// May import everything of core but vfs.
///
/// ## One block's life
///
///     write:      begin ------> folio lock -> still valid? -> fill, copy, dirty -> unlock -> end
///                 HOLE -> DELALLOC, or UNWRITTEN, or MAPPED                     |
///     write-out:  allocateForWriteback      DELALLOC -> UNWRITTEN               | no folio lock
///                 folio lock, mapBlocks     where to?                           | EXTENT_MAP below
///                 D -> W, unlock, submit
///     completion: writeCompleted            UNWRITTEN -> MAPPED, size on disk   | may sleep
///                 W ends                    an fsync that waited finds it all done
///
///     truncate:   truncateTail -> INVALIDATE -> setSize -> cache dropped -> blocks freed
///     short write: unlock -> end -> INVALIDATE -> clean and DELALLOC -> punchDelalloc -> HOLE
///
/// ## Rules
///
/// - **R-B9**, **R-B10** [IomapOperations] keeps uptodate and dirty bits for each block of a folio
///   where blocks are smaller. A fill passes over uptodate blocks: they may be newer than the
///   device.
/// - **R-B11** Only a block that is covered in part is read, and only if it has bytes on the
///   device.
/// - **R-C1**, **R-C2** Real blocks that are new are zeroed before the folio is unlocked, those and
///   none else, whether or not a byte was accepted.
/// - **R-C7** ENOSPC is told by begin, at the write, because space is reserved there.
/// - **R-C8** What a short write reserved is given back under INVALIDATE exclusive, block by clean
///   block: a dirty block without a reservation never exists.
/// - **R-C9** Blocks are unwritten until the data are on the device; the size on disk follows then.
///   A direct write may have others where no fill reads, see [ExtentOperations#isBehindFills].
/// - **R-C10** An answer that was given before the folio lock is looked at again under it.
/// - **R-C11** Zeroing an unwritten range looks into the cache, too.
/// - **R-C14** Everything in write-out that can fail comes before the folio is marked clean.
/// - **R-D1**, **R-D2** The size grows under the folio lock, by what was accepted.
/// - **R-D3** Beyond the end of the file: zeros at each fill and each write-out.
/// - **R-J5** A direct write grows the size when its bytes are on the device, and not before.
///
/// ## What we do differently from Linux
///
/// Allocation for write-out comes before the folio locks, a run at a time, and never under one: the
/// journal ranks above the folio lock, and no trick is needed to get round it. A block that was
/// delayed again in between is found under the lock, and the folio is unlocked for another round. A
/// failed write-out keeps the folio and exactly its failed blocks dirty (R-H8). A file system that
/// allocates in begin is supported by keeping fills out meanwhile, not by a folio lock.
///
/// ## Not here
///
/// Stores through mappings; atomic direct writes; a file system's own block maps.
package org.pagewright.iomap;
