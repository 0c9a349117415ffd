/// When dirty folios are written to their store, and what happens to those who make them faster
/// than that.
///
/// ## Entry points
///
/// | type            | Linux                            | what                                     |
/// |-----------------|----------------------------------|------------------------------------------|
/// | [Writeback]     | write_cache_pages, fdatawrite    | walks dirty folios; syncs a range        |
/// | [FolioWriter]   | writepage of the walk            | what a file system does with each        |
/// | [DirtyThrottle] | balance_dirty_pages              | slows writers, keeps the limit           |
/// | [DirtyLimits]   | dirty_ratio and its kin          | background, free run, setpoint, limit    |
/// | [DirtyContexts] | nfs_flush_incompatible           | one snapshot or user a dirty folio       |
/// | [BackingDevice] | struct bdi_writeback             | counts, bandwidth, share of a store      |
/// | [Flusher]       | wb_workfn                        | writes by age and amount, one super block|
/// | [FlushTarget]   | struct super_block's lists       | upward call: the dirty inodes            |
/// | [ThrottlePause] | trace balance_dirty_pages        | why a writer was made to wait            |
///
/// May import errno, sync, stats, mem, iov, cache, block.
///
/// ## One folio's way
///
///     write: balance -> writeBegin -> copy -> writeEnd: markDirty
///                 |                                     |
///                 | above background: wakes             v  becameDirty -> FlushTarget's order
///                 +-----------------> Flusher -- gatherDirty, oldest first
///                                        |
///                                        v
///                writepages -> writeCachePages -> writeFolio: D -> W -> I/O -> endWriteback
///                                                                                |
///                 slowed writers, reclaim <------- room, bandwidth, share -------+
///
/// ## Rules
///
/// - **R-F17** Bytes of two contexts do not meet in one folio, see [DirtyContexts].
/// - **R-H3**, **R-H4**, **R-H5**, **R-H6**, **R-H12** The walk, see [Writeback].
/// - **R-H7** Every error of a write-out is recorded once with its file; who asked for it is told
///   by the open file's sample.
/// - **R-H8** A folio that failed stays dirty and is tried again ever more rarely.
/// - **R-H10** A sync of a range writes the folios of that range only.
/// - **R-H11** [Writeback#startRange] passes over what is busy: no integrity call.
/// - **R-I1**, **R-I2**, **R-I3** The limits, see [DirtyThrottle].
/// - **R-I5**, **R-I6** A background walk waits for no folio lock and no write-out, an integrity
///   walk for neither while it holds back I/O of its own: so memory becomes clean whoever waits for
///   it.
///
/// ## What we do differently from Linux
///
/// Failed folios stay dirty. Writers of one device share one line of time, so nobody has to guess
/// their number. Time comes from a [Clock], so that every rule about it is proven without waiting.
///
/// ## Not here
///
/// How bytes get to the blocks (`iomap`), which clean folio leaves (`reclaim`), the list of dirty
/// inodes and the errors of open files (`vfs`).
package org.pagewright.writeback;
