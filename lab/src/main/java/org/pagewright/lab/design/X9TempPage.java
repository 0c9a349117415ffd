package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X9. Copy straight into a page that is uptodate, and through a temporary page into one that is
/// not (S3; generic_perform_write_2copy() of 2.6.24 to 2.6.27).
///
/// The second copy is paid only where it is needed. But the page is unlocked while the temporary
/// one is filled, and then everything known about it is old: it may have been truncated (R-G1), or
/// filled by a reader, so that another branch would be the right one now (R-E5).
final class X9TempPage implements WritePath {
  /// What is forgotten after the page is locked again.
  enum Slip {
    /// Nothing: if anything has changed, it starts again.
    NONE,
    /// Whether the page still belongs to the file.
    MAPPING,
    /// That the branch for an uptodate page must not serve faults under the lock.
    FAULTS
  }

  private final Slip slip;

  X9TempPage(Slip slip) {
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
        folio.lock.unlock();
        char[] temp = new char[PAGE];
        copied = from.copy(temp, 0, bytes); // nothing is locked: it may fault
        if (copied == 0) {
          return WritePath.countOrFault(written);
        }
        folio.lock.lock();
        boolean gone = folio.file == null;
        if (gone && slip != Slip.MAPPING || folio.uptodate && slip == Slip.NONE) {
          folio.lock.unlock();
          continue; // start again
        }
        file.prepareWrite(folio, offset, offset + copied);
        if (folio.uptodate && slip == Slip.FAULTS) {
          copied = from.copy(folio, offset, copied); // the old deadlock, by the back door
        } else {
          System.arraycopy(temp, 0, folio.data, offset, copied);
          from.copied += copied;
        }
        file.writeEnd(folio, offset, offset + copied, copied);
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
