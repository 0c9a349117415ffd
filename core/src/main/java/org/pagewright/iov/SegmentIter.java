package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A source in one piece of memory: a heap array, or a segment on or off the heap. Always resident
/// (R-A13).
///
/// To be used again through `reset`, so that a write allocates nothing.
///
/// A segment whose arena has been closed, or that belongs to another thread, is a bad address: no
/// byte of it is copied, and the write ends with EFAULT or a short count (R-A7).
public final class SegmentIter implements IovIter {
  // One of the two is set: an array is copied without wrapping it in a segment.
  private byte @Nullable [] array;
  private MemorySegment segment = MemorySegment.NULL;
  private long position; // of the cursor in the array or segment
  private long end;

  /// An empty source, for [#reset(MemorySegment, long, long)].
  public SegmentIter() {}

  /// A whole segment.
  ///
  /// @param segment the bytes to write
  public SegmentIter(MemorySegment segment) {
    reset(segment, 0, segment.byteSize());
  }

  /// A whole array.
  ///
  /// @param array the bytes to write
  public SegmentIter(byte[] array) {
    reset(array, 0, array.length);
  }

  /// Points it at other bytes.
  ///
  /// @param segment what holds them
  /// @param offset the first one
  /// @param length how many
  /// @return this
  /// @throws IndexOutOfBoundsException if they do not all lie in the segment
  public SegmentIter reset(MemorySegment segment, long offset, long length) {
    Objects.checkFromIndexSize(offset, length, segment.byteSize());
    this.array = null;
    this.segment = segment;
    this.position = offset;
    this.end = offset + length;
    return this;
  }

  /// Points it at other bytes.
  ///
  /// @param array what holds them
  /// @param offset the first one
  /// @param length how many
  /// @return this
  /// @throws IndexOutOfBoundsException if they do not all lie in the array
  public SegmentIter reset(byte[] array, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, array.length);
    this.array = array;
    this.segment = MemorySegment.NULL;
    this.position = offset;
    this.end = (long) offset + length;
    return this;
  }

  /// Lets go of the bytes, so that they can be collected.
  public void clear() {
    array = null;
    segment = MemorySegment.NULL;
    position = 0;
    end = 0;
  }

  @Override
  public long remaining() {
    return end - position;
  }

  @Override
  public int copyAtomic(MemorySegment target, long offset, int length) {
    assert length >= 0 && length <= remaining();
    byte[] from = array;
    if (from != null) {
      MemorySegment.copy(from, (int) position, target, ValueLayout.JAVA_BYTE, offset, length);
    } else {
      try {
        MemorySegment.copy(segment, position, target, offset, length);
      } catch (IllegalStateException | WrongThreadException e) {
        return 0; // closed, or not ours: faultIn says so
      }
    }
    position += length;
    return length;
  }

  @Override
  public void revert(int count) {
    assert count >= 0 && count <= position;
    position -= count;
  }

  @Override
  public int faultIn(int length) {
    if (array == null
        && !(segment.scope().isAlive() && segment.isAccessibleBy(Thread.currentThread()))) {
      return 0;
    }
    return length;
  }

  @Override
  public boolean isAlwaysResident() {
    return true; // a closed segment gives nothing rather than a part
  }
}
