/// The page cache: files in memory, folio by folio, with their states, tags, sizes and errors.
///
/// ## Entry points
///
/// | type                     | Linux                            | what                              |
/// |--------------------------|----------------------------------|-----------------------------------|
/// | [PageCache]              | the page allocator's share of it | one memory budget, its counts     |
/// | [AddressSpace]           | struct address_space             | one file's folios and size        |
/// | [Folio]                  | struct folio                     | bytes, one state word, one lock   |
/// | [FolioIndex]             | struct xarray                    | lookup without lock, tags         |
/// | [FastPath]               | filemap_read() and its like      | one word and a copy               |
/// | [ErrSeq]                 | errseq_t                         | each error told once to each file |
/// | [AddressSpaceOperations] | struct address_space_operations  | what a file system implements     |
/// | [MemoryPolicy]           | mm/vmscan.c                      | upward call: who leaves           |
/// | [DirtyAccount]           | struct bdi_writeback             | upward call: the device's share   |
///
/// May import errno, os, sync, stats, mem, iov.
///
/// ## One folio's life
///
///     insertNew -> L --readFolio--> endRead -> U
///                  L --writeEnd---> U, D --clearDirtyForIo--> startWriteback -> W --endWriteback-+
///                                   ^                                                            |
///                                   +------------ the write failed: dirty again -----------------+
///                  U, clean, unused --evict--> detached        any --truncate: detach--> detached
///
/// ## Rules
///
/// - **R-G1** After the folio lock was waited for, the folio may be detached: look, and start over.
/// - **R-H1** Between [Folio#clearDirtyForIo()] and the end of the folio lock the flag says clean
///   and the tag dirty; [Folio#startWriteback()] or [Folio#markDirty()] makes them agree again.
///   Otherwise a dirty folio is forgotten.
/// - **R-H2** A folio dirtied during its write-out keeps its DIRTY tag, so that the next pass finds
///   it.
/// - **R-H3** [AddressSpace#tagDirtyToWrite] bounds an integrity sync under a fast writer.
/// - **R-H7** [ErrSeq].
/// - **R-F17** A dirty folio belongs to at most one context: attached when it becomes dirty, asked
///   for before more bytes come, released when they are on the store.
/// - **R-H13** The folio lock and the end of write-out belong to no thread.
/// - **R-I4** References and DIRTY are one word: eviction decides over both at once.
/// - **R-B13**, **R-D1** The size grows under the folio lock, after the bytes.
///
/// ## What we do differently from Linux
///
/// A folio whose write-out failed stays dirty (R-H8). A read of one folio sees each write to it
/// whole or not at all: lock-free readers compare the look word. There is no reference for being
/// cached: the garbage collector keeps the object, the look word tells that the frame moved on.
///
/// ## What a cached access costs
///
/// 64 bytes at random places of 256 MiB, in a loop of its own, on a quiet processor:
///
/// | what                                                    | ns  |
/// |---------------------------------------------------------|-----|
/// | a load that waits for the one before it, in huge pages  | 206 |
/// | the same in pages of 4 KiB                              | 306 |
/// | bare copy                                               | 28  |
/// | with a look at a long of its folio before and after     | 56  |
/// | [FastPath#copyOut], alone in a loop                     | 80  |
/// | through an open file                                    | 103 |
///
/// The processor begins the next accesses while one waits for memory, as far as its window of some
/// 500 instructions reaches. So each instruction costs five times what it does where the bytes are
/// in its caches: twenty loads that hit, with a test each, are 3 ns there and 45 here. Hence what
/// looks like trifles in [FastPath] and in what leads to it: one word that tells all, one test
/// where two would be clearer, a frame's place computed from its number without a branch, no
/// argument passed that is not used. Plain stores are free.
///
/// ## Not here
///
/// When to write (`writeback`), whom to evict (`reclaim`), how to read and write (`filemap`).
package org.pagewright.cache;
