package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X4. On an uptodate page, commit the full length that was prepared however short the copy: the
/// safer way that Piggin weighed in 2006 and called a wart.
///
/// Why it looked right: the bytes that were not copied are the old ones, writing them again harms
/// nobody, and file systems never see a short commit, which few of them had thought of. What it
/// forgets: a commit says more than "these bytes are dirty". It moves the end of the file, and it
/// charges space (R-B6); and the retry that would make it true may end in a bad address (R-D2).
final class X4FullCommit implements WritePath {
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
      }
      file.prepareWrite(folio, offset, offset + bytes);
      int copied = from.copyAtomic(folio, offset, bytes);
      file.commitWrite(folio, offset, offset + bytes); // not `copied`
      folio.lock.unlock();

      from.advance(copied);
      written += copied;
      if (copied < bytes && from.faultIn(bytes - copied) == 0) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
