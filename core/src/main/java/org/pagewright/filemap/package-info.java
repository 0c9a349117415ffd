/// The generic file paths over the page cache: read, buffered write, readahead, truncation. Named
/// after Linux's mm/filemap.c, whose rules it keeps.
///
/// ## Entry points
///
/// | type           | Linux                                | called by                              |
/// |----------------|--------------------------------------|----------------------------------------|
/// | [GenericWrite] | generic_perform_write()              | an open file's write                   |
/// | [GenericRead]  | filemap_read()                       | an open file's read                    |
/// | [FilePin]      | filemap_splice_read()                | a read that somebody else copies       |
/// | [Readahead]    | struct file_ra_state, mm/readahead.c | GenericRead; the reader's advice       |
/// | [FileIter]     | ITER_BVEC over the source's pages    | a copy from file to file               |
/// | [Truncate]     | mm/truncate.c                        | file systems, direct I/O, fallocate    |
///
/// May import errno, sync, stats, mem, iov, cache, writeback, reclaim, mm. Never vfs, iomap, block
/// or a file system: those are reached through [org.pagewright.cache.AddressSpaceOperations] only.
///
/// ## How one folio is written
///
///     balance -> writeBegin -> copyAtomic -> writeEnd
///        ^        (locks)                    (unlocks)
///        |                                      |
///        +---- faultIn, no folio lock held <----+  only after a short copy
///
/// ## How one folio is read
///
///     find -> look -> size -> copy -> look again            no lock, nothing allocated
///       |
///       +-> readahead -> INVALIDATE shared -> FOLIO -> readFolio -> wait -> look
///
/// ## How bytes are lent
///
///     INODE shared, if free -> find -> reference -> look -> size     for each folio
///     somebody else copies, straight from the frames
///     put each, INODE
///
/// ## Rules
///
/// Cited in code and tests by number; [org.pagewright.sync.LockClass] has the lock order.
///
/// - **R-A1**, **R-A4** No fault on the source is served while a FOLIO lock is held. Why: the
///   source may be this very folio (self-deadlock), or one whose lock somebody holds who waits for
///   ours (ABBA, R-A2), or lie behind MMAP, which somebody holds who waits for ours (R-A3).
/// - **R-A5** The copy alone decides; faultIn is a hint. Why: pages vanish again in between.
/// - **R-A7**, **R-A8**, **R-A9** After a short copy the next attempt is no longer than what
///   faultIn found; EFAULT only if not one byte is reachable and none was written. Why: a good byte
///   before a bad address would be tried for ever, or lost.
/// - **R-A12** An interrupt ends a write between two chunks only. Why: every chunk is then whole.
/// - **R-A14** After four rounds in vain a chunk goes through a bounce buffer. Why: an evictor
///   could hold the writer up for ever.
/// - **R-B7** writeEnd sees a count below the length only if the folio is uptodate. Why: what
///   follows a short copy is otherwise nobody's bytes.
/// - **R-B8**, **R-E7** writeEnd is called for every writeBegin that returned a folio, with 0 if
///   need be. Why: blocks allocated by begin hold a deleted file's bytes, and the retry may never
///   come.
/// - **R-B9** A copy that is rejected leaves no trace in blocks that can be read.
/// - **R-B12** A reader looks at the size after it knows the bytes to be good.
/// - **R-D4**, **R-D5** Size, then cache, then blocks, when shrinking; when growing from outside
///   the last folio its tail is zeroed first. Why: see [Truncate].
/// - **R-E1** Begin and fill may ask to look the folio up again; nothing was consumed then.
/// - **R-G1** After a folio lock was waited for, the folio may be gone: look, and start over.
/// - **R-G2** A fill starts under INVALIDATE shared; folios go away under INVALIDATE exclusive.
///   Why: a fill would bring back a block that is somebody else's by now.
/// - **R-I8**, **R-I9** See [Readahead].
/// - **R-J7** NOWAIT waits for no lock, no I/O, no memory and no source that is not resident.
///
/// ## What we do differently from Linux
///
/// R-B7 is decided in [GenericWrite], not in each file system (Linux: block_write_end() and its
/// copies). A rejected short copy does not even show in the blocks that begin had brought in (Linux
/// leaves it there, clean). R-A14 is a bound (Linux: only the chunk shrinks). Reads of a folio see
/// each write to it whole or not at all (R-B13), and so do those that the kernel copies from a
/// [FilePin] (Linux splices pages that may change under way). The source is brought in after a
/// failed copy, never before it; so does Linux since Hansen's patch of February 2025.
///
/// ## Not here
///
/// Direct I/O, sync after a write, and write checks such as size limits (`vfs`); faults of mapped
/// regions (`mm`); which blocks a folio has (`iomap`, file systems).
package org.pagewright.filemap;
