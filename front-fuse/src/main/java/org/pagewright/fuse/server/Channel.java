package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import org.pagewright.errno.FsException;

/// Where requests come from and answers go to: `/dev/fuse`, or a kernel that a test plays.
///
/// A request is answered on the channel that it came from. One thread receives; any thread sends.
public interface Channel extends AutoCloseable {
  /// The mount is gone: no more requests.
  int END = -1;

  /// Waits for a request.
  ///
  /// @param buffer where to, with room for the largest request
  /// @return bytes of the request, or [#END]
  /// @throws FsException if the device fails
  int receive(MemorySegment buffer) throws FsException;

  /// Sends an answer or a notification.
  ///
  /// @param message begins with an out header
  /// @param length bytes of it
  /// @return false if nobody wants it any more: the request was interrupted, or the mount is gone
  /// @throws FsException EINVAL for an answer that makes no sense; ENOENT for a notification about
  ///     what the kernel does not have
  boolean send(MemorySegment message, int length) throws FsException;

  /// One more channel of the same mount, for another thread.
  ///
  /// @return this one, if the device cannot have more
  /// @throws FsException if the device fails
  Channel another() throws FsException;

  /// Whether a thread that asks for something belongs to the process of the server: it may wait
  /// there for itself.
  ///
  /// @param pid as a request tells it
  /// @return true if so
  default boolean isOwnThread(int pid) {
    return false;
  }

  /// Gives the channel back. Requests that were not answered fail.
  @Override
  void close();
}
