package org.pagewright.iomap;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.cache.Folio;

/// Builds one request from pieces of folios. Frames that lie beside each other in memory, as those
/// of a file written in order do, become one segment: fewer pieces for the device to gather.
final class BioBuilder {
  private final Bio bio;
  private @Nullable MemorySegment chunk;
  private long start;
  private long end;
  private long length;

  /// A request without memory yet.
  ///
  /// @param op READ or WRITE
  /// @param addr byte on the device
  BioBuilder(Bio.Op op, long addr) {
    bio = Bio.of(op, addr, 0);
  }

  /// Appends a piece of a folio.
  void add(Folio folio, int offset, int bytes) {
    long from = (long) folio.chunkOffset() + offset;
    if (folio.chunk() != chunk || from != end) {
      flushSegment();
      chunk = folio.chunk();
      start = from;
    }
    end = from + bytes;
    length += bytes;
  }

  /// Bytes added.
  long length() {
    return length;
  }

  /// Byte on the device after the last one added.
  long endAddr() {
    return bio.pos() + length;
  }

  /// The request, complete.
  Bio finish() {
    flushSegment();
    chunk = null;
    return bio;
  }

  private void flushSegment() {
    if (chunk != null) {
      bio.add(chunk.asSlice(start, end - start));
    }
  }
}
