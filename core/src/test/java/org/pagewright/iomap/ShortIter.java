package org.pagewright.iomap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.pagewright.iov.IovIter;

/// A source whose bytes are resident up to a point only; bringing in more works, or never does.
final class ShortIter implements IovIter {
  private final byte[] bytes;
  private final boolean reachable;
  private int at;
  private int resident;

  /// @param resident bytes that can be copied at first
  /// @param reachable whether the rest can be brought in
  ShortIter(byte[] bytes, int resident, boolean reachable) {
    this.bytes = bytes;
    this.resident = resident;
    this.reachable = reachable;
  }

  @Override
  public long remaining() {
    return bytes.length - at;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    int n = Math.clamp(resident - at, 0, length);
    MemorySegment.copy(bytes, at, target, ValueLayout.JAVA_BYTE, offset, n);
    at += n;
    return n;
  }

  @Override
  public void revert(int count) {
    at -= count;
  }

  @Override
  public int faultIn(int length) {
    if (reachable) {
      resident = Math.max(resident, at + length);
    }
    return Math.clamp(resident - at, 0, length);
  }
}
