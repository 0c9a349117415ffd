package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X11. Look up the source pages in the page table and hold on to them before anything is locked,
/// then copy from the pages themselves (patch 9 of Piggin's series of February 2007).
///
/// Right: a page that is held cannot go away, so the copy cannot fault and is never short for that
/// reason. If it was truncated meanwhile its old bytes are copied, which no order of the two calls
/// forbids. It costs a walk of the page table under the lock of the address range for every page,
/// and while a page is held direct I/O cannot invalidate it (R-J1).
final class X11PinSource implements WritePath {
  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = from.pin(Math.min(PAGE - offset, from.remaining()));
      if (bytes == 0) {
        return WritePath.countOrFault(written);
      }
      Folio folio = file.grab(at / PAGE);
      file.prepareWrite(folio, offset, offset + bytes);
      from.copyPinned(folio, offset, bytes);
      file.writeEnd(folio, offset, offset + bytes, bytes);

      from.advance(bytes);
      written += bytes;
    }
    return written;
  }
}
