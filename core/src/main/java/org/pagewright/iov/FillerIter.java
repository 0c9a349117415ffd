package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// A source that is a callback, which may block, fail, or use the cache itself.
///
/// It cannot run where the bytes are needed, under the lock of the folio that takes them: it might
/// wait for that very folio. So it runs in [#faultIn(int)], outside all such locks, and fills a
/// bounce buffer; [#copyAtomic] copies from there. Piggin's double buffering (2006), for the one
/// source that has no other way (R-A13):
///
///     callback --faultIn, no FOLIO held--> bounce --copyAtomic, FOLIO held--> folio
///
/// What the file system rejects goes back into the bounce buffer (R-A10): the callback is asked for
/// each byte once. What the callback gave before it failed is written first (R-A9). It runs under
/// the INODE lock of the file that is being written, so it may read that file but not write it.
public final class FillerIter implements IovIter {

  /// Gives the bytes of a write, in order.
  @FunctionalInterface
  public interface Filler {
    /// Gives the next bytes.
    ///
    /// @param target where to
    /// @param length most bytes to give, at least 1
    /// @return bytes given; 0 or less ends the source, and the write is short
    /// @throws FsException ends the write, unless bytes were given before: then it is a short count
    int fill(MemorySegment target, int length) throws FsException;
  }

  private static final int BOUNCE_SIZE = 1 << 16;

  private final Filler filler;
  private final MemorySegment bounce;
  private long unasked; // bytes the filler still owes
  private int position; // of the cursor in the bounce
  private int end; // of what the filler gave
  private @Nullable FsException failure;

  /// A source of a known length.
  ///
  /// @param filler who gives the bytes
  /// @param length how many bytes it will give, if it does not end before
  public FillerIter(Filler filler, long length) {
    this.filler = filler;
    this.unasked = length;
    this.bounce = MemorySegment.ofArray(new byte[(int) Math.min(length, BOUNCE_SIZE)]);
  }

  @Override
  public long remaining() {
    return unasked + (end - position);
  }

  @Override
  public int ready(int length) {
    return Math.min(length, end - position);
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int n = Math.min(length, end - position);
    MemorySegment.copy(bounce, position, target, offset, n);
    position += n;
    return n;
  }

  @Override
  public void revert(int count) {
    assert count <= position;
    position -= count;
  }

  @Override
  public int faultIn(int length) throws FsException {
    // Move what is left to the front, so that a whole folio's worth fits: a chunk that ends where
    // the bounce ends would make the file system read what the next chunk overwrites.
    int kept = end - position;
    if (kept >= length) {
      return length;
    }
    MemorySegment.copy(bounce, position, bounce, 0, kept);
    position = 0;
    end = kept;
    int wanted = (int) Math.min(length, bounce.byteSize());
    while (end < wanted && unasked > 0 && failure == null) {
      ask();
    }
    if (end == 0 && failure != null) {
      throw failure; // and again, for whoever comes back: it ends here
    }
    return Math.min(length, end);
  }

  /// Asks for as much as fits: the fewer calls, the better. Ends the loop of its caller, as each
  /// call gives a byte, fails, or ends the source.
  private void ask() {
    int room = (int) Math.min(unasked, bounce.byteSize() - end);
    try {
      int n = filler.fill(bounce.asSlice(end, room), room);
      if (n > room) {
        throw new IndexOutOfBoundsException("filler gave " + n + " bytes for " + room);
      }
      end += Math.max(n, 0);
      unasked = n <= 0 ? 0 : unasked - n;
    } catch (FsException e) {
      failure = e;
    }
  }
}
