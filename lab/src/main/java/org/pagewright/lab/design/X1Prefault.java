package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X1. Touch the source first, then do as X0: Linux 2.4 and 2.6 up to 2.6.18.
///
/// Why it looked right: a page that was touched a microsecond ago is in core, so the copy will not
/// fault. Nothing holds it there, though (R-A5); and the helper touches two bytes: a page between
/// them, or a second segment, it never sees (R-A6). What is left of the risk is then the old
/// deadlock, in fewer cases and harder to find.
final class X1Prefault implements WritePath {
  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());

      from.touchEnds(from.remaining()); // first and last byte of this segment; a hint

      Folio folio = file.grab(at / PAGE);
      file.prepareWrite(folio, offset, offset + bytes);
      int copied = from.copy(folio, offset, bytes); // may fault all the same
      file.commitWrite(folio, offset, offset + bytes);
      folio.lock.unlock();

      from.advance(copied);
      written += copied;
      if (copied < bytes) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
