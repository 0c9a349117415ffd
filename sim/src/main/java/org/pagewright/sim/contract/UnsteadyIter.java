package org.pagewright.sim.contract;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.pagewright.iov.IovIter;

/// A source whose bytes come and go at random, as those of a mapped region do under an evictor: a
/// copy is short anywhere, what was brought in may be gone again (R-A5), and from some byte on the
/// address may be bad (R-A7).
final class UnsteadyIter implements IovIter {
  private final byte[] bytes;
  private final int good; // bytes before the first bad address
  private final Random random;
  private int position;
  private int resident;

  UnsteadyIter(byte[] bytes, int good, Random random) {
    this.bytes = bytes;
    this.good = good;
    this.random = random;
    this.resident = random.nextInt(good + 1);
  }

  @Override
  public long remaining() {
    return bytes.length - position;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int n = Math.clamp(resident - position, 0, length);
    MemorySegment.copy(bytes, position, target, ValueLayout.JAVA_BYTE, offset, n);
    position += n;
    return n;
  }

  @Override
  public void revert(int count) {
    assert count >= 0 && count <= position;
    position -= count;
  }

  @Override
  public int faultIn(int length) {
    int reachable = Math.min(good, position + length);
    // It was all there, but some of it may be gone before anybody looks.
    int kept = random.nextInt(3) == 0 ? position + random.nextInt(length) : reachable;
    resident = Math.min(kept, reachable);
    return Math.max(0, reachable - position);
  }
}
