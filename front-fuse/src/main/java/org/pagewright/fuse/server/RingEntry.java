package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;

/// Memory that a thread of the server shares with the kernel, or with a test that plays it, for one
/// request and its answer at a time.
public interface RingEntry extends AutoCloseable {
  /// What an entry has beside its payload.
  ///
  /// @return `fuse_uring_req_header`
  MemorySegment header();

  /// The payload, with a page before it that the kernel does not know of.
  ///
  /// @return a page more than the largest payload
  MemorySegment paddedPayload();

  /// Memory of our own that costs nothing where it is not touched.
  ///
  /// @return two pages more than the largest payload
  MemorySegment scratch();

  /// Gives the entry to the kernel, and waits until it comes back with a request.
  ///
  /// @param operation see [org.pagewright.fuse.protocol.Wire.RingCommand]
  /// @param commitId names the request that was answered
  /// @return 0 or a negated error number
  /// @throws FsException if the ring fails
  int exchange(int operation, long commitId) throws FsException;

  /// Gives the entry back: by the thread that uses it, or when none does any more. The memory stays
  /// as long as somebody can reach it.
  @Override
  void close();
}
