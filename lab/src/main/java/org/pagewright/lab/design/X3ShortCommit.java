package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X3. Copy without serving faults, and commit what was copied.
///
/// On a page that is uptodate this is right, and every design after it does so: the rest of the
/// page keeps its old bytes (R-B5). On one that is not, there is no right answer for the block in
/// which the copy stopped. Marked uptodate, its rest is what the frame held before (R-B10); not
/// marked, the next fill brings the old block in over the bytes that were accepted.
final class X3ShortCommit implements WritePath {
  /// What is done with the block in which a copy stops.
  enum LastBlock {
    /// It becomes uptodate with the others.
    MARKED,
    /// It stays as it was.
    UNMARKED
  }

  private final LastBlock lastBlock;

  X3ShortCommit(LastBlock lastBlock) {
    this.lastBlock = lastBlock;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());

      Folio folio = file.grab(at / PAGE);
      boolean uptodate = folio.uptodate;
      file.prepareWrite(folio, offset, offset + bytes);
      int copied = from.copyAtomic(folio, offset, bytes);
      boolean whole = copied == bytes || (offset + copied) % BLOCK == 0;
      if (uptodate) {
        file.writeEnd(folio, offset, offset + bytes, copied);
      } else if (whole || lastBlock == LastBlock.MARKED) {
        file.commitWrite(folio, offset, offset + copied);
        folio.lock.unlock();
      } else {
        file.commitWrite(folio, offset, (offset + copied) / BLOCK * BLOCK);
        file.growSize(at + copied);
        folio.lock.unlock();
      }

      from.advance(copied);
      written += copied;
      if (copied < bytes && from.faultIn(bytes - copied) == 0) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
