/// Where the bytes of a write come from: cursors that copy without serving a fault, and that can be
/// made resident outside all locks.
///
/// ## Entry points
///
/// | type          | Linux                 | source                                             |
/// |---------------|-----------------------|----------------------------------------------------|
/// | [IovIter]     | struct iov_iter       | the contract                                       |
/// | [SegmentIter] | ITER_UBUF, ITER_KVEC  | one heap array or segment                          |
/// | [GatherIter]  | ITER_IOVEC            | several sources, one after the other               |
/// | [FillerIter]  | -                     | a callback, which may block, fail or use the cache |
///
/// `filemap.FileIter` reads another file of the same cache; it lives there because it needs to
/// read.
///
/// May import errno.
///
/// ## How a source is used
///
///                   +--------------- short: revert what was not accepted ----------------+
///                   v                                                                    |
///     ready -> copyAtomic (FOLIO held) -> accepted -> ready -> ...       faultIn (no FOLIO held)
///
/// ## Rules
///
/// - **R-A1**, **R-A5** [IovIter#copyAtomic] never serves a fault; its result alone decides,
///   whatever [IovIter#faultIn] said before. Why: the fault may need the lock of the folio being
///   written.
/// - **R-A6** faultIn visits every page of every segment and passes over empty ones. Why: what it
///   leaves out is never brought in, and the write goes round for ever.
/// - **R-A10**, **R-A11** The cursor advances by accepted bytes only, and in order. Why: the file
///   would lose or repeat bytes.
/// - **R-A13** Memory that cannot fault uses the same path. Why: one loop, one set of bugs.
/// - **R-A14** [IovIter#copy] gets on against any evictor. Why: the write must end.
///
/// ## What we do differently from Linux
///
/// A callback is a source like any other (Piggin's "filler", never merged), staged through memory
/// of its own. [IovIter#copy], the copy that may fault, is part of the contract, for the bounce
/// buffer.
///
/// ## Not here
///
/// Targets of reads: those are plain memory.
package org.pagewright.iov;
