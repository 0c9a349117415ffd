package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;

/// A cursor over the bytes that a writer hands in.
///
/// The write loop copies from it under a folio lock, where no fault may be served, and makes it
/// resident where no such lock is held (R-A1, R-A4). Compare Linux's struct iov_iter. Used by one
/// thread at a time.
public interface IovIter {

  /// Bytes from the cursor to the end.
  ///
  /// @return at least 0
  long remaining();

  /// Copies and moves the cursor on, without ever serving a fault: stops where the source is not
  /// resident. Holds FOLIO; never sleeps, never allocates, never throws.
  ///
  /// @param target where to
  /// @param offset byte in the target
  /// @param length most bytes to copy; at most [#remaining()]
  /// @return bytes copied, short if the source is not resident (R-A5)
  int copyAtomic(MemorySegment target, long offset, int length);

  /// Moves the cursor back over the last bytes copied, which were not accepted (R-A10).
  ///
  /// @param count bytes, at most what was copied since the last accepted one
  void revert(int count);

  /// Makes the source resident from the cursor on; visits every page and every segment of the
  /// range (R-A6). May sleep, take MMAP, read a file, reclaim, and call the user's code. A hint:
  /// the source may be gone again before the copy (R-A5).
  ///
  /// @param length bytes wanted, at most [#remaining()]
  /// @return how many of them can be read now, from the cursor on without a gap; 0 is a bad address
  /// @throws FsException what a source that is a callback or a file failed with
  int faultIn(int length) throws FsException;
}
