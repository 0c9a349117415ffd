package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X15. Keep the range of dirty bytes of a page that is not uptodate, so that any short copy can be
/// accepted whole and nothing need be read (NFS; netfs today).
///
/// Right, for a store that takes any range of bytes. A page keeps one range: a second one that does
/// not touch it means that the first is written out before, not forgotten. And whoever fills the
/// page later has to read around the range.
final class X15ByteRanges implements WritePath {
  /// What is forgotten.
  enum Slip {
    /// Nothing.
    NONE,
    /// The first range, when a second one comes.
    FIRST_RANGE,
    /// The range, when the page is filled.
    FILL
  }

  private final Slip slip;

  X15ByteRanges(Slip slip) {
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
      int copied;
      if (folio.uptodate) {
        file.prepareWrite(folio, offset, offset + bytes);
        copied = from.copyAtomic(folio, offset, bytes);
        file.writeEnd(folio, offset, offset + bytes, copied);
      } else {
        boolean joins = folio.rangeFrom <= offset && offset <= folio.rangeTo;
        boolean first = folio.rangeFrom == folio.rangeTo;
        if (!first && !joins && slip != Slip.FIRST_RANGE) {
          file.writeOutRange(folio);
          first = true;
        }
        copied = from.copyAtomic(folio, offset, bytes);
        if (copied > 0) {
          folio.rangeFrom = first || !joins ? offset : folio.rangeFrom;
          folio.rangeTo = first || !joins ? offset + copied
              : Math.max(folio.rangeTo, offset + copied);
          folio.dirty = true;
          file.growSize(at + copied);
        }
        if (slip == Slip.FILL) {
          file.fillsOver = true;
        }
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
