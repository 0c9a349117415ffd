/// Which folio leaves memory when a frame is needed, and what to do when none can.
///
/// | type            | Linux           | what                                                     |
/// |-----------------|-----------------|----------------------------------------------------------|
/// | [Reclaimer]     | mm/vmscan.c     | the policy: three queues, makes room in batches           |
/// | Workingset      | mm/workingset.c | shadows of what left, to tell a folio that left too early |
///
/// Entry point: [Reclaimer#install], once for each cache, before its first folio.
///
/// May import errno, sync, stats, mem, iov, cache, writeback.
///
/// ## The walk
///
///     a frame is needed -> PageCache: pool empty -> makeRoom
///         scan a few, more, all: take candidates off the queues      LRU
///         each: try its lock; evict: clean, unused, not W?           FOLIO (tried), CACHE_INDEX
///         put back who stays                                         LRU
///         nothing? wake the flushers, wait for completions, again    none of these
///
/// ## Rules
///
/// - **R-I4** References and DIRTY are looked at in one step, see
///   [org.pagewright.cache.AddressSpace#evict]: whoever dirties a folio holds its lock, whoever is
///   about to holds a reference or waits for the lock.
/// - **R-I5** A thread that writes folios out never waits here for write-outs.
/// - **R-I6** Only tries folio locks, and waits in bounded steps with a bound on all of them.
/// - **R-I7** The refault distance decides whether a folio starts in the main queue.
/// - **R-J6** What was only passing through goes first.
///
/// ## What we do differently from Linux
///
/// No thread of its own: who needs a frame frees a batch. Memory is one budget that is never
/// exceeded, so reclaim has no watermarks. A folio whose write-out failed is never evicted (R-H8).
///
/// ## Not here
///
/// When dirty folios are written (`writeback`); frames and their reserve (`mem`).
package org.pagewright.reclaim;
