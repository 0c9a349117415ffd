package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X12. The file system owns the whole loop and calls back for the bytes: perform_write with a
/// filler function (S1), today's `->write_iter`.
///
/// Why it looked right: only the file system knows which of its locks and transactions the copy is
/// under, and it can do many pages under one of them. It then has the whole problem to itself: a
/// filler that faults under the cluster lock waits for that lock (gfs2 and btrfs until 2021). And
/// once it drops everything, faults the source in and tries again, the question when to give up
/// (R-A7): "not all of it can be reached" is too early, "some of it can be reached" may be never.
final class X12PerformWrite implements WritePath {
  /// What is wrong with it.
  enum Slip {
    /// Nothing: faults off, everything dropped, source faulted in, and no longer than that.
    NONE,
    /// The filler serves faults under the cluster lock.
    FAULTS,
    /// All or nothing, and another try as long as one byte can be reached (554c577cee95).
    ANY_IS_PROGRESS,
    /// The iterator is cut for the first try and never made whole again (46f3e0421ccb).
    LEFT_TRUNCATED
  }

  private final Slip slip;

  X12PerformWrite(Slip slip) {
    this.slip = slip;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    int limit = PAGE;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(Math.min(PAGE - offset, limit), from.remaining());
      if (slip == Slip.LEFT_TRUNCATED) {
        from.truncate(bytes);
      }
      if (file.cluster != null) {
        file.cluster.lock();
      }
      int accepted = fill(file, at / PAGE, offset, bytes, from);
      Lock.unlockIfHeld(file.cluster);

      from.advance(accepted);
      written += accepted;
      limit = PAGE;
      if (accepted < bytes) {
        int readable = from.faultIn(bytes - accepted);
        if (readable == 0) {
          return WritePath.countOrFault(written);
        }
        limit = slip == Slip.ANY_IS_PROGRESS ? PAGE : readable; // R-A8
      }
    }
    return written;
  }

  /// One page, under the file system's own locks.
  private int fill(File file, int index, int offset, int bytes, Cursor from) throws FsException {
    Folio folio = file.grab(index);
    boolean partial = folio.uptodate && slip != Slip.ANY_IS_PROGRESS;
    try {
      file.prepareWrite(folio, offset, offset + bytes);
    } catch (FsException e) {
      Lock.unlockIfHeld(file.cluster);
      throw e;
    }
    int copied =
        slip == Slip.FAULTS
            ? from.copy(folio, offset, bytes)
            : partial
                ? from.copyAtomic(folio, offset, bytes)
                : from.copyAllOrNothing(folio, offset, bytes);
    int accepted = copied == bytes || partial ? copied : 0;
    file.writeEnd(folio, offset, offset + bytes, accepted);
    return accepted;
  }
}
