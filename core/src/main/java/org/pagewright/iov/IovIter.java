package org.pagewright.iov;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;

/// A cursor over the bytes that a writer hands in.
///
/// The write loop copies from it under a folio lock, where no fault may be served, and makes it
/// resident where no such lock is held (R-A1, R-A4). Compare Linux's struct iov_iter. Used by one
/// thread at a time.
///
/// | method     | FOLIO | may sleep | may call user code | moves the cursor |
/// |------------|-------|-----------|--------------------|------------------|
/// | remaining  | any   | no        | no                 | no               |
/// | ready      | no    | no        | no                 | no               |
/// | copyAtomic | held  | no        | no                 | on               |
/// | revert     | any   | no        | no                 | back             |
/// | faultIn    | no    | yes       | yes                | no               |
/// | copy       | no    | yes       | yes                | on               |
public interface IovIter {

  /// Bytes from the cursor to the end.
  ///
  /// @return at least 0; shrinks by itself only in [#faultIn(int)], where a source may find out
  ///     that it ends earlier than it said
  long remaining();

  /// Copies and moves the cursor on, without ever serving a fault: stops where the source is not
  /// resident. Holds FOLIO; never sleeps, never allocates, never throws.
  ///
  /// @param target where to
  /// @param offset byte in the target
  /// @param length most bytes to copy; at most [#remaining()]
  /// @return bytes copied, short if the source is not resident (R-A5); nothing beyond them was
  ///     touched in the target (R-B4)
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
  /// @return how many of them can be read now, from the cursor on without a gap; 0 is a bad
  ///     address,
  ///     or the end if [#remaining()] is 0 now
  /// @throws FsException what a source that is a callback or a file failed with
  int faultIn(int length) throws FsException;

  /// Copies and moves the cursor on, serving faults on the way: each byte is brought in and copied
  /// in one step that nobody can come between, so that it makes progress against any evictor
  /// (R-A14). Never under a lock that [#faultIn(int)] may not see. The default tries often; a
  /// source whose pages can be taken away should do better.
  ///
  /// @param target where to
  /// @param offset byte in the target
  /// @param length most bytes to copy; at most [#remaining()]
  /// @return bytes copied; 0 is a bad address, or the end if [#remaining()] is 0 now
  /// @throws FsException what a source that is a callback or a file failed with before any byte
  default int copy(MemorySegment target, long offset, int length) throws FsException {
    int done = 0;
    for (int round = 0; round < 64 && done == 0; round++) {
      int readable = faultIn(length);
      if (readable == 0) {
        break;
      }
      done = copyAtomic(target, offset, readable);
    }
    return done;
  }

  /// How many bytes are worth an attempt with [#copyAtomic] before anything is brought in. A source
  /// that knows it has nothing yet says 0 and saves the file system a vain begin and end.
  ///
  /// @param length bytes wanted, at most [#remaining()]
  /// @return 0 to `length`
  default int ready(int length) {
    return length;
  }

  /// Whether [#copyAtomic] copies everything it is asked for, always: no page of the source can be
  /// taken away.
  ///
  /// @return true only if that is certain
  default boolean isAlwaysResident() {
    return false;
  }
}
