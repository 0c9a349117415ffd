package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X10. A lock that keeps the user's pages where they are: taken shared around "touch the page" and
/// "copy it", and alone by whoever wants to unmap a page (Morton in S3, as a thing to think about).
///
/// Why it looked right: it makes the prefault of X1 a promise. What it forgets: the fault itself
/// happens under the new lock, and a fault allocates memory, which may have to come from this very
/// task (Piggin's objection, R-E6); it takes the lock of the address range, which munmap takes
/// first and then waits for us; and whoever truncates a file that is mapped has to wait for every
/// copy from it, for as long as that one's I/O takes.
final class X10PinMm implements WritePath {
  /// Touch once before the lock is taken, and again under it: usually the second one finds all
  /// there.
  private final boolean touchesTwice;

  X10PinMm(boolean touchesTwice) {
    this.touchesTwice = touchesTwice;
  }

  @Override
  public void install(Mm mm) {
    mm.unpaging = new Lock("unpaging");
    mm.inner.add(mm.unpaging);
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    Lock unpaging = file.mm.unpaging;
    if (unpaging == null) {
      throw new AssertionError("not installed");
    }
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(PAGE - offset, from.remaining());
      if (touchesTwice) {
        from.faultIn(bytes);
      }
      unpaging.lockShared();
      int readable = from.faultIn(bytes); // no page can leave now; one that has left comes in
      Folio folio = file.grab(at / PAGE);
      try {
        if (!folio.uptodate) {
          file.fill(folio);
        }
        file.prepareWrite(folio, offset, offset + bytes);
      } catch (FsException e) {
        unpaging.unlock();
        throw e;
      }
      int copied = from.copy(folio, offset, readable);
      file.writeEnd(folio, offset, offset + bytes, copied);
      unpaging.unlock();

      from.advance(copied);
      written += copied;
      if (copied < bytes) {
        return WritePath.countOrFault(written);
      }
    }
    return written;
  }
}
