package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X2. Copy without serving faults; if that falls short on a page that is not uptodate, commit
/// nothing and go round again (Piggin's series of 2006, in the -mm tree).
///
/// Why it looked right: no fault can happen under the page lock any more, so every deadlock is
/// gone; and a commit of nothing claims nothing, so no byte that was not copied can pass for data.
/// What it forgets: the preparation was no promise but a deed. It has given the file a block with
/// another file's bytes in it (R-C1), or reserved one (R-C8), and the round that would make it good
/// may never come (R-B8). And a round that asks for the same bytes again may never end (R-A8).
final class X2ZeroLengthCommit implements WritePath {
  /// A file system's prepare_write that marks the page uptodate before its bytes are there: the bug
  /// that the series found in several of them on the way (R-B1).
  private final boolean uptodateInPrepare;

  X2ZeroLengthCommit(boolean uptodateInPrepare) {
    this.uptodateInPrepare = uptodateInPrepare;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());
      from.touchEnds(bytes);

      Folio folio = file.grab(at / PAGE);
      boolean uptodate = folio.uptodate;
      file.prepareWrite(folio, offset, offset + bytes);
      folio.uptodate |= uptodateInPrepare;
      int copied = from.copyAtomic(folio, offset, bytes);
      int committed = uptodate || copied == bytes ? copied : 0;
      file.commitWrite(folio, offset, offset + committed); // nothing at all, if it is nothing
      folio.lock.unlock();

      from.advance(committed);
      written += committed;
      if (copied == 0 && from.faultIn(bytes) == 0) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
