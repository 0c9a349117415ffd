package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.BLOCK;
import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.pagewright.errno.FsException;

/// X16. Of a short copy into a page that is not uptodate, accept the blocks that it covered to
/// their ends (proposed for iomap in 2025, R-B14).
///
/// Right where the state of each block is known: nothing copied has to be copied again. The first
/// block counts as covered only if what lies before the write in it was brought in.
final class X16BlockPrefix implements WritePath {
  /// Begin takes the first block for covered although the write starts in its middle.
  private final boolean headNotRead;

  X16BlockPrefix(boolean headNotRead) {
    this.headNotRead = headNotRead;
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    int written = 0;
    int limit = PAGE;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = Math.min(Math.min(PAGE - offset, limit), from.remaining());

      Folio folio = file.grab(at / PAGE);
      boolean uptodate = folio.uptodate;
      int covered = headNotRead ? offset / BLOCK * BLOCK : offset;
      file.prepareWrite(folio, covered, offset + bytes);
      int copied;
      int accepted;
      if (uptodate) {
        copied = from.copyAtomic(folio, offset, bytes);
        accepted = copied;
      } else {
        char[] buffer = new char[PAGE]; // what is rejected must leave no trace (R-B9)
        copied = from.copyAtomic(buffer, offset, bytes);
        accepted = copied == bytes
            ? bytes
            : Math.max(0, (offset + copied) / BLOCK * BLOCK - offset);
        System.arraycopy(buffer, offset, folio.data, offset, accepted);
        from.copied += accepted;
      }
      file.writeEnd(folio, offset, offset + bytes, accepted);

      from.advance(accepted);
      written += accepted;
      limit = PAGE;
      if (accepted < bytes) {
        limit = from.faultIn(bytes - accepted);
        if (limit == 0) {
          return WritePath.countOrFault(written);
        }
      }
    }
    return written;
  }
}
