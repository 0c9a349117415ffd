package org.pagewright.bench.door;

import java.io.IOException;

/// Files that are in memory, each as long as the door was asked for, and full. Closing a door
/// closes its lanes, which nobody uses any more.
public interface Door extends AutoCloseable {
  /// One thread's way to one file, with buffers of its own.
  interface Lane {
    /// Reads one piece.
    ///
    /// @param pos where it begins, a multiple of its size
    /// @return something that depends on the read, for the harness
    /// @throws IOException if the door fails
    long read(long pos) throws IOException;

    /// Writes one piece.
    ///
    /// @param pos where it begins, a multiple of its size
    /// @return something that depends on the write, for the harness
    /// @throws IOException if the door fails
    long write(long pos) throws IOException;
  }

  /// Opens a file, which is made and filled when it is asked for first. One thread at a time.
  ///
  /// @param file number of the file, from 0
  /// @param pieceBytes bytes that each read and write moves
  /// @return to be used by one thread
  /// @throws IOException if the door fails
  Lane lane(int file, int pieceBytes) throws IOException;

  @Override
  void close() throws IOException;
}
