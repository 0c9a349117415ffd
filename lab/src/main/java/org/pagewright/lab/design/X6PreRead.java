package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X6. Read the page before writing to it, so that it is always uptodate and a short commit is
/// always right: the way out that S0 offers to simple file systems.
///
/// It is correct. It costs a read of each cold page, also of one that is then overwritten whole; a
/// bad sector cannot be overwritten any more; and a server that can only be written to is lost.
///
/// A file system whose read unlocks the page has to look at it again afterwards (R-G1).
final class X6PreRead implements WritePath {
  /// The page is read, unlocked and locked again, and not looked at again.
  private final boolean forgetsToLook;

  X6PreRead(boolean forgetsToLook) {
    this.forgetsToLook = forgetsToLook;
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
        file.fill(folio);
        if (forgetsToLook) {
          folio.lock.unlock(); // the end of the read unlocks
          folio.lock.lock(); // and here it may belong to nobody any more
        }
      }
      file.prepareWrite(folio, offset, offset + bytes);
      int copied = from.copyAtomic(folio, offset, bytes);
      file.writeEnd(folio, offset, offset + bytes, copied);

      from.advance(copied);
      written += copied;
      if (copied < bytes && from.faultIn(bytes - copied) == 0) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
