package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X13. begin, atomic copy, end; and the loop, not the file system, turns a short copy into a page
/// that is not uptodate into one of nothing (write_begin and write_end of 2.6.24 with the rule of
/// S2). This is what the engine does.
///
/// Right, with an end that cleans up whatever was rejected (R-B8). The slips are what file systems
/// and loops made of it in the years since; each of them is one line.
final class X13BeginEnd implements WritePath {
  /// Rounds in vain after which a chunk goes through a buffer (R-A14).
  private static final int ROUNDS_BEFORE_BOUNCE = 3;

  /// Which line is wrong.
  enum Slip {
    /// None.
    NONE,
    /// a: new blocks of a rejected copy are not zeroed (R-C1).
    NOT_ZEROED,
    /// b: the size follows what was copied, not what was accepted (1dedde690303, R-D2).
    SIZE_FROM_COPIED,
    /// c: the same length again (5d8edfb900d5, mended in 3ac974796e5d, R-A8).
    SAME_LENGTH,
    /// d: the error although bytes were accepted (219580eea1ee, mended in 20c64ec83a9f, R-A9).
    ERROR_NOT_COUNT,
    /// e: the file system's own range is not shrunk (orangefs, R-C15).
    RANGE_NOT_SHRUNK,
    /// f: the rest is zeroed and the page marked uptodate (fuse in 6.6, R-B2).
    REST_ZEROED,
    /// g: the block map is looked at once, before the pages are locked (d7b64041164c, R-C10).
    STALE_MAP,
    /// h: no buffer however often the source is taken away (R-A14).
    NO_BOUNCE,
    /// i: a rejected copy stays in the blocks that begin had brought in (Linux today, R-B9).
    TRACE_LEFT
  }

  private final Slip slip;
  private final boolean faultsInFirst;

  X13BeginEnd(Slip slip, boolean faultsInFirst) {
    this.slip = slip;
    this.faultsInFirst = faultsInFirst;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    boolean unwritten = file.isUnwritten((pos + from.remaining() - 1) / BLOCK);
    int written = 0;
    int limit = PAGE;
    int rounds = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(Math.min(PAGE - offset, limit), from.remaining());
      if (faultsInFirst && from.faultIn(bytes) == 0) {
        return fault(written);
      }
      char[] bounce = new char[PAGE];
      boolean bounces =
          rounds >= ROUNDS_BEFORE_BOUNCE && slip != Slip.NO_BOUNCE && slip != Slip.SAME_LENGTH;
      if (bounces) {
        bytes = from.copy(bounce, 0, bytes); // nothing is locked
        if (bytes == 0) {
          return fault(written);
        }
      }
      Folio folio = file.grab(at / PAGE);
      boolean uptodate = folio.uptodate;
      begin(file, folio, offset, offset + bytes, unwritten);
      int copied = bytes;
      if (bounces) {
        System.arraycopy(bounce, 0, folio.data, offset, bytes);
      } else if (uptodate || slip == Slip.TRACE_LEFT) {
        copied = from.copyAtomic(folio, offset, bytes);
      } else {
        copied = from.copyAllOrNothing(folio, offset, bytes);
      }
      // The rule, once for every file system: not uptodate, so all or nothing (R-B7).
      int accepted = copied == bytes || uptodate ? copied : 0;
      end(file, folio, offset, offset + bytes, copied, accepted);

      from.advance(accepted);
      written += accepted;
      rounds = accepted > 0 ? 0 : rounds + 1;
      limit = PAGE;
      if (accepted < bytes) {
        int readable = from.faultIn(bytes - accepted);
        if (readable == 0) {
          return fault(written);
        }
        limit = slip == Slip.SAME_LENGTH ? PAGE : readable;
      }
    }
    return written;
  }

  private int fault(int written) throws FsException {
    return WritePath.countOrFault(slip == Slip.ERROR_NOT_COUNT ? 0 : written);
  }

  private void begin(File file, Folio folio, int from, int to, boolean wasUnwritten)
      throws FsException {
    if (slip == Slip.STALE_MAP && wasUnwritten && !folio.uptodate) {
      folio.zero(0, PAGE); // "nothing was ever written there"
      folio.markUptodate();
    }
    file.prepareWrite(folio, from, to);
  }

  private void end(File file, Folio folio, int from, int to, int copied, int accepted) {
    boolean isShort = accepted < to - from;
    if (slip == Slip.SIZE_FROM_COPIED) {
      file.growSize(folio.index * PAGE + from + copied);
    }
    if (slip == Slip.REST_ZEROED && isShort) {
      folio.zero(from + copied, to);
      file.commitWrite(folio, from, to);
    }
    if (slip == Slip.NOT_ZEROED && isShort) {
      file.commitWrite(folio, from, from + accepted);
      folio.lock.unlock();
      return;
    }
    if (slip == Slip.RANGE_NOT_SHRUNK && isShort) {
      folio.addToWriteOut(from, to); // it still says what begin said
    }
    file.writeEnd(folio, from, to, accepted);
  }
}
