package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X7. Allocate blocks when the bytes are committed, not before: what S0 would prefer, because a
/// copy that fails then leaves nothing behind.
///
/// As it stands it finds out too late that there is no space: the old bytes in the page are gone
/// (R-C7). The cure is to promise the space first and to allocate at write-out, and that is delayed
/// allocation; its own question is what to do with a promise that a short copy did not need. It is
/// kept (a leak), taken back from under somebody's mapped store, or taken back together with that
/// store's page (R-C8: Linux until 6.2).
final class X7AllocateAtCommit implements WritePath {
  /// When space is found.
  enum Space {
    /// At commit.
    AT_COMMIT,
    /// Promised before, and kept.
    KEPT,
    /// Promised before, and taken back when the page is unlocked already.
    PUNCHED_LATE,
    /// Promised before, and taken back by dropping the page.
    PAGE_DROPPED,
    /// Promised before, and taken back under the page lock: right.
    RIGHT
  }

  private final Space space;

  X7AllocateAtCommit(Space space) {
    this.space = space;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());

      Folio folio = file.grab(at / PAGE);
      if (!folio.uptodate) {
        file.fill(folio); // so that nothing but space is in question here
      }
      if (space != Space.AT_COMMIT) {
        file.prepareWrite(folio, offset, offset + bytes); // promises
      }
      int copied = from.copyAtomic(folio, offset, bytes);
      if (space == Space.AT_COMMIT) {
        file.prepareWrite(folio, offset, offset + copied); // the old bytes are gone by now
      }
      if (space == Space.RIGHT) {
        file.writeEnd(folio, offset, offset + bytes, copied);
      } else {
        file.commitWrite(folio, offset, offset + copied);
        folio.lock.unlock();
        giveBack(file, folio, offset + copied, offset + bytes);
      }

      from.advance(copied);
      written += copied;
      if (copied < bytes && from.faultIn(bytes - copied) == 0) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }

  /// Takes back what was promised for the blocks that lie wholly in the range.
  private void giveBack(File file, Folio folio, int from, int to) {
    int first = (from + BLOCK - 1) / BLOCK;
    if (space == Space.KEPT || space == Space.AT_COMMIT) {
      return;
    }
    folio.lock.lock();
    for (int b = first; b * BLOCK < to; b++) {
      if (space == Space.PAGE_DROPPED) {
        file.drop(folio, b);
      }
      file.unreserve(folio, b); // whoever may have stored there meanwhile
    }
    folio.lock.unlock();
  }
}
