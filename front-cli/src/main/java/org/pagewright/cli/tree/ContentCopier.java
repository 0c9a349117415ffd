package org.pagewright.cli.tree;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.report.Progress;

/// Copies the bytes of files, through one buffer where they are not lent, and leaves holes out.
/// Used by one thread.
final class ContentCopier {
  private static final int BUFFER = 1 << 20;

  /// Zeros become holes in units of this: the largest block there is in an image.
  private static final int HOLE_UNIT = 4096;

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[HOLE_UNIT]);

  private final MemorySegment buffer = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(BUFFER));
  private final Keep.Sparse sparse;
  private final Progress progress;
  private final Cancellation cancellation;
  private long end;

  ContentCopier(Keep.Sparse sparse, Progress progress, Cancellation cancellation) {
    this.sparse = sparse;
    this.progress = progress;
    this.cancellation = cancellation;
  }

  /// Takes the bytes.
  interface Sink {
    /// Writes all of them.
    void write(long pos, MemorySegment source) throws IOException;
  }

  /// Copies all that is not in a hole.
  ///
  /// @return the end of the last byte that was written
  long copy(Content content, Sink sink) throws IOException {
    long size = content.size();
    end = size;
    boolean skipZeros =
        switch (sparse) {
          case AUTO -> !content.knowsHoles();
          case ALWAYS -> true;
          case NEVER -> false;
        };
    long written = 0;
    long pos = 0;
    while (pos < size) { // ends: each turn moves on, or returns
      long data = sparse == Keep.Sparse.NEVER ? pos : content.nextData(pos);
      if (data >= size) {
        break;
      }
      long end = sparse == Keep.Sparse.NEVER ? size : Math.min(content.nextHole(data), size);
      while (data < end) {
        cancellation.check();
        // Whole units from an aligned place on, so that zeros are seen where blocks will be.
        int want = (int) Math.min(BUFFER - (data & HOLE_UNIT - 1), end - data);
        MemorySegment bytes = content.lend(data, want);
        if (bytes == null) {
          int length = content.read(data, buffer.asSlice(0, want));
          if (length <= 0) {
            end = data; // cut while it was read: what is there now is copied
            return written;
          }
          bytes = buffer.asSlice(0, length);
        }
        long length = bytes.byteSize();
        long last = skipZeros ? writeNonZero(data, bytes, sink) : writeAll(data, bytes, sink);
        written = Math.max(written, last);
        data += length;
        progress.advance(length, 0);
      }
      pos = end;
    }
    return written;
  }

  /// Where the file ended that was copied last, a hole at its end counted.
  long end() {
    return end;
  }

  private static long writeAll(long pos, MemorySegment bytes, Sink sink) throws IOException {
    sink.write(pos, bytes);
    return pos + bytes.byteSize();
  }

  /// Writes runs of units that are not all zero.
  private static long writeNonZero(long pos, MemorySegment bytes, Sink sink)
      throws IOException {
    int length = (int) bytes.byteSize();
    long last = 0;
    int runStart = -1;
    int at = 0;
    while (at < length) {
      int unit = HOLE_UNIT - (int) (pos + at & HOLE_UNIT - 1);
      int next = Math.min(at + unit, length);
      if (isZero(bytes, at, next)) {
        if (runStart >= 0) {
          sink.write(pos + runStart, bytes.asSlice(runStart, at - runStart));
          last = pos + at;
          runStart = -1;
        }
      } else if (runStart < 0) {
        runStart = at;
      }
      at = next;
    }
    if (runStart >= 0) {
      sink.write(pos + runStart, bytes.asSlice(runStart, length - runStart));
      last = pos + length;
    }
    return last;
  }

  private static boolean isZero(MemorySegment bytes, int from, int to) {
    return bytes.get(ValueLayout.JAVA_BYTE, from) == 0
        && MemorySegment.mismatch(bytes, from, to, ZEROS, 0, to - from) < 0;
  }
}
