package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;

/// A source made of several, one after the other: what writev() hands in. The parts may be of
/// different kinds.
///
/// Parts without bytes are passed over, wherever they stand (R-A6); the order of the bytes is the
/// order of the parts, whichever of them faults (R-A11).
public final class GatherIter implements IovIter {
  private IovIter[] parts = {};
  private int[] taken = {}; // bytes copied from each part since it was last passed, for revert
  private int count;
  private int current;
  private long left;

  /// An empty source, for [#reset(IovIter\[\], int)].
  public GatherIter() {}

  /// A list of sources.
  ///
  /// @param parts the sources in order; each is used up on the way
  public GatherIter(IovIter... parts) {
    reset(parts, parts.length);
  }

  /// Points it at other sources.
  ///
  /// @param parts the sources in order; the array stays the caller's but must not change
  /// @param count how many of them
  /// @return this
  public GatherIter reset(IovIter[] parts, int count) {
    assert count <= parts.length;
    this.parts = parts;
    this.count = count;
    if (taken.length < count) {
      taken = new int[count];
    }
    current = 0;
    left = 0;
    for (int i = 0; i < count; i++) {
      taken[i] = 0;
      left = Math.addExact(left, parts[i].remaining());
    }
    return this;
  }

  @Override
  public long remaining() {
    return left;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    if (current < count) {
      taken[current] = 0; // what was copied before this call has been accepted or reverted
    }
    int done = 0;
    while (done < length && current < count) {
      IovIter part = parts[current];
      int wanted = (int) Math.min(length - done, part.remaining());
      int n = wanted == 0 ? 0 : part.copyAtomic(target, offset + done, wanted);
      taken[current] += n;
      done += n;
      if (n < wanted || part.remaining() > 0) {
        break; // short, or enough
      }
      nextPart();
    }
    left -= done;
    return done;
  }

  private void nextPart() {
    if (++current < count) {
      taken[current] = 0;
    }
  }

  @Override
  public void revert(int count) {
    int rest = count;
    left += count;
    while (rest > 0) {
      if (current == this.count || taken[current] == 0) {
        current--;
        continue;
      }
      int n = Math.min(rest, taken[current]);
      parts[current].revert(n);
      taken[current] -= n;
      rest -= n;
    }
  }

  @Override
  public int faultIn(int length) throws FsException {
    int readable = 0;
    for (int i = current; i < count && readable < length; i++) {
      IovIter part = parts[i];
      long before = part.remaining();
      int wanted = (int) Math.min(length - readable, before);
      if (wanted == 0) {
        continue;
      }
      int n;
      try {
        n = part.faultIn(wanted);
      } catch (FsException e) {
        if (readable == 0) {
          throw e;
        }
        break; // it will be told when the cursor gets there
      } finally {
        left -= before - part.remaining(); // it may have found out that it ends earlier
      }
      readable += n;
      if (n < Math.min(wanted, part.remaining())) {
        break; // a gap: what lies behind it is not readable without it
      }
    }
    return readable;
  }

  @Override
  public int copy(MemorySegment target, long offset, int length) throws FsException {
    while (current < count && parts[current].remaining() == 0) {
      nextPart();
    }
    if (current == count) {
      return 0;
    }
    IovIter part = parts[current];
    taken[current] = 0;
    long before = part.remaining();
    int n = part.copy(target, offset, (int) Math.min(length, before));
    taken[current] = n;
    left -= before - part.remaining();
    return n;
  }

  @Override
  public int ready(int length) {
    int ready = 0;
    for (int i = current; i < count && ready < length; i++) {
      int wanted = (int) Math.min(length - ready, parts[i].remaining());
      int n = wanted == 0 ? 0 : parts[i].ready(wanted);
      ready += n;
      if (n < wanted) {
        break;
      }
    }
    return ready;
  }

  @Override
  public boolean isAlwaysResident() {
    for (int i = current; i < count; i++) {
      if (!parts[i].isAlwaysResident()) {
        return false;
      }
    }
    return true;
  }
}
