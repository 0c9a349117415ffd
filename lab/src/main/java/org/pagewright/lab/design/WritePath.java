package org.pagewright.lab.design;

import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// One design of the buffered write: how bytes get from a user's memory into the page cache.
@FunctionalInterface
interface WritePath {
  /// Writes; the caller holds the inode's lock, and nothing else.
  ///
  /// @param file to
  /// @param pos first byte
  /// @param from the bytes
  /// @return bytes accepted
  /// @throws FsException none was accepted
  int write(File file, int pos, Cursor from) throws FsException;

  /// Adds what the design needs elsewhere in the kernel; before the threads run.
  ///
  /// @param mm the user's memory
  default void install(Mm mm) {}

  /// How a write ends that met a bad address: with the count if there is one (R-A9).
  static int countOrFault(int written) throws FsException {
    if (written == 0) {
      throw new FsException(Errno.EFAULT, "nothing can be read there");
    }
    return written;
  }
}
