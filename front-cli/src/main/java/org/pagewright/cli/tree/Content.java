package org.pagewright.cli.tree;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The bytes of a regular file, read once from begin to end. Valid only during the call it is
/// passed to.
public interface Content {
  /// Sees to it that the bytes can be read, before anything is made to hold them.
  ///
  /// @throws IOException if they cannot
  default void prepare() throws IOException {}

  /// How many bytes there are, holes included.
  ///
  /// @return bytes
  long size();

  /// Whether the holes that this tells are all there are; otherwise zeros may be holes too.
  ///
  /// @return true if it knows
  boolean knowsHoles();

  /// The first byte at or after a position that is not in a hole.
  ///
  /// @param pos where to begin
  /// @return a position, or the size if there is only a hole
  /// @throws IOException if it cannot be read
  long nextData(long pos) throws IOException;

  /// The first byte after a position that is in a hole.
  ///
  /// @param pos a position in data
  /// @return a position, at most the size
  /// @throws IOException if it cannot be read
  long nextHole(long pos) throws IOException;

  /// Reads at a position that is in data, never before one that was read.
  ///
  /// @param pos where to begin
  /// @param target memory outside the heap
  /// @return bytes read; 0 if the file has become shorter
  /// @throws IOException if it cannot be read
  int read(long pos, MemorySegment target) throws IOException;

  /// Bytes that are in memory already, to be used where they are instead of being read.
  ///
  /// @param pos where to begin, as for [#read(long, MemorySegment)]
  /// @param length how many, at most
  /// @return at least one byte, outside the heap, valid until the next call; null: read them
  /// @throws IOException if they cannot be read
  default @Nullable MemorySegment lend(long pos, int length) throws IOException {
    return null;
  }
}
