package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X0. Lock the page, prepare it, copy, commit, unlock: generic_file_buffered_write() as the 1990s
/// wrote it.
///
/// Why it looked right: the page is locked from the first look at it to the last, so nobody can see
/// it half-written. What it forgets: the copy reads user memory, user memory may be a file's page,
/// and the fault that brings it in takes a page lock of its own - this very one (R-A1), one whose
/// holder waits for ours (R-A2), or the lock of the address range, behind somebody who does (R-A3).
final class X0Naive implements WritePath {
  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());

      Folio folio = file.grab(at / PAGE);
      file.prepareWrite(folio, offset, offset + bytes);
      int copied = from.copy(folio, offset, bytes); // faults, and the page is locked
      file.commitWrite(folio, offset, offset + bytes); // zeros included, if the copy failed
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
