package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.Kernel.Trait;

/// X5. As X2, but zero the NEW blocks before the page is unlocked (Fasheh's idea of 2006; what
/// block_write_end() does today).
///
/// Right, if it is done exactly so: whenever bytes were rejected, for new blocks only, only where
/// nobody wrote, with the snapshot's bytes instead of zeros where there is one, through the journal
/// where there is one, before the lock is dropped, and with what lies beyond the end of the file
/// cut off again. Each of these words was learnt from a bug.
final class X5ZeroNew implements WritePath {
  /// Which of the words is missing.
  enum Slip {
    /// None: as it has to be.
    NONE,
    /// Only if some bytes were copied: ext4 in 2015, which S2 doubts.
    IF_COPIED,
    /// The whole page, not its new blocks: the nobh code until 2007 (R-C2).
    WHOLE_PAGE,
    /// Zeros although the block is a copy of a shared one (R-C12).
    SHARED,
    /// Outside the transaction (R-C13).
    NOT_LOGGED,
    /// Blocks beyond the end of the file stay (R-C5).
    NOT_CUT,
    /// All blocks of the page are cut, not only those beyond the end.
    CUT_TOO_MUCH,
    /// After the page is unlocked.
    TOO_LATE
  }

  private final Slip slip;

  X5ZeroNew(Slip slip) {
    this.slip = slip;
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
      int copied =
          uptodate
              ? from.copyAtomic(folio, offset, bytes)
              : from.copyAllOrNothing(folio, offset, bytes);
      int accepted = uptodate || copied == bytes ? copied : 0;
      if (accepted == bytes || slip == Slip.NONE) {
        file.writeEnd(folio, offset, offset + bytes, accepted);
      } else {
        endWithSlip(file, folio, offset, offset + bytes, accepted, copied);
      }

      from.advance(accepted);
      written += accepted;
      if (accepted < bytes && from.faultIn(bytes - accepted) < bytes - accepted) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }

  private void endWithSlip(File file, Folio folio, int from, int to, int accepted, int copied) {
    file.commitWrite(folio, from, from + accepted);
    if (slip == Slip.TOO_LATE) {
      folio.lock.unlock();
      folio.lock.lock();
    }
    if (slip == Slip.WHOLE_PAGE) {
      folio.zero(0, PAGE);
      folio.markDirty(0, PAGE);
    } else if (slip != Slip.IF_COPIED || copied > 0) {
      file.zeroNew(folio, 0, PAGE);
    }
    if (slip != Slip.NOT_LOGGED && file.is(Trait.JOURNALLED)) {
      file.log(folio, from, to);
    }
    if (slip == Slip.CUT_TOO_MUCH) {
      for (int b = 0; b < Folio.BLOCKS; b++) {
        file.cutBlock(folio, b);
      }
    } else if (slip != Slip.NOT_CUT) {
      file.cutBeyondEnd(folio);
    }
    folio.lock.unlock();
  }
}
