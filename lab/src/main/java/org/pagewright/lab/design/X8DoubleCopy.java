package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.lab.kernel.Kernel.Trait;

/// X8. Copy to a buffer of our own first, with faults allowed and nothing locked, and from there to
/// the page (S1: correctness before speed).
///
/// Right, and simple enough to see that it is. The price is on every write: a second copy, a page
/// of memory, and a new way to fail. The two slips: buffers from a pool that is too small, of which
/// each writer holds one and wants another (R-E4); and a file system that asks for the lookup to be
/// repeated (R-E1), after which the source must not be consumed twice.
final class X8DoubleCopy implements WritePath {
  /// What is forgotten.
  enum Slip {
    /// Nothing: one buffer for the whole call.
    NONE,
    /// A second buffer is wanted while the first is held, from a pool of two.
    TWO_FROM_A_POOL,
    /// The source moves on with the first copy and is not moved back when begin says "again".
    NOT_REWOUND
  }

  private final Slip slip;
  private final Deque<Lock> pool = new ArrayDeque<>();

  X8DoubleCopy(Slip slip) {
    this.slip = slip;
    pool.add(new Lock("buffer 1"));
    pool.add(new Lock("buffer 2"));
  }

  @Override
  public int write(File file, int pos, Cursor from) throws FsException {
    Lock first = null;
    Lock second = null;
    if (slip == Slip.TWO_FROM_A_POOL) {
      first = pool.removeFirst(); // whoever comes next begins with the other one
      pool.addLast(first);
      second = pool.getFirst();
      first.lock();
      second.lock();
    }
    try {
      return writeBuffered(file, pos, from, new char[PAGE]);
    } finally {
      Lock.unlockIfHeld(second);
      Lock.unlockIfHeld(first);
    }
  }

  private int writeBuffered(File file, int pos, Cursor from, char[] buffer) throws FsException {
    int written = 0;
    while (from.hasMore()) {
      int at = pos + written;
      int offset = at % PAGE;
      int bytes = from.copy(buffer, 0, Math.min(PAGE - offset, from.remaining()));
      if (bytes == 0) {
        return WritePath.countOrFault(written);
      }
      from.copied += bytes; // the second copy
      if (slip == Slip.NOT_REWOUND) {
        from.advance(bytes);
      }
      Folio folio = begin(file, at / PAGE);
      if (folio == null) {
        continue; // again, from the lookup on
      }
      file.prepareWrite(folio, offset, offset + bytes);
      System.arraycopy(buffer, 0, folio.data, offset, bytes);
      file.writeEnd(folio, offset, offset + bytes, bytes);
      if (slip != Slip.NOT_REWOUND) {
        from.advance(bytes);
      }
      written += bytes;
    }
    return written;
  }

  private static @Nullable Folio begin(File file, int index) {
    Folio folio = file.grab(index);
    if (file.is(Trait.RETRIES) && file.retries) {
      file.retries = false;
      file.stage.note("says: unlocked, look it up again");
      folio.lock.unlock();
      return null;
    }
    return folio;
  }
}
