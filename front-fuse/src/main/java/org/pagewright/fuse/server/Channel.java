package org.pagewright.fuse.server;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;

/// Where requests come from and answers go to: `/dev/fuse`, or a kernel that a test plays.
///
/// A request is answered on the channel that it came from, once. One thread receives; any thread
/// sends.
public interface Channel extends AutoCloseable {
  /// The mount is gone: no more requests.
  int END = -1;

  /// Waits for a request.
  ///
  /// @param buffer where to, with room for the largest request
  /// @return bytes of the request, or [#END]
  /// @throws FsException if the device fails
  int receive(MemorySegment buffer) throws FsException;

  /// Where the bytes of the write that was received last lie, if not behind its structure in the
  /// buffer.
  ///
  /// @return good until an answer with bytes of its own is put together; null if they are in the
  ///     buffer, or it is no write
  default @Nullable MemorySegment content() {
    return null;
  }

  /// Sends an answer or a notification.
  ///
  /// @param message begins with an out header
  /// @param length bytes of it
  /// @return false if nobody wants it any more: the request was interrupted, or the mount is gone
  /// @throws FsException EINVAL for an answer that makes no sense; ENOENT for a notification about
  ///     what the kernel does not have
  boolean send(MemorySegment message, int length) throws FsException;

  /// Whether an answer may have its body in the frames of the cache, for [#send(MemorySegment, int,
  /// FilePin)].
  ///
  /// @return false if bytes must be copied together
  default boolean sendsPins() {
    return false;
  }

  /// Sends an answer with a body that lies somewhere else, and goes from there without a copy.
  ///
  /// @param head begins with an out header, which counts the body, too
  /// @param length bytes of the head
  /// @param body follows the head; its lender stands by it until this returns
  /// @return as [#send(MemorySegment, int)]
  /// @throws FsException as [#send(MemorySegment, int)]
  default boolean send(MemorySegment head, int length, FilePin body) throws FsException {
    throw new UnsupportedOperationException();
  }

  /// One more channel of the same mount, for another thread.
  ///
  /// @return this one, if the device cannot have more
  /// @throws FsException if the device fails
  Channel another() throws FsException;

  /// Channels of the queues that the kernel has for each processor, where both it and the device
  /// have such. What concerns no process, as to forget, still comes through this one.
  ///
  /// @param threads how many channels each queue is to have
  /// @param bytes the most that comes with a request or goes with an answer
  /// @return empty if there are no queues
  default List<Channel> queues(int threads, int bytes) {
    return List.of();
  }

  /// Where requests are best received.
  ///
  /// @return memory with room for the largest, of which the device needs no more than it uses; null
  ///     if any will do
  default @Nullable MemorySegment requestRoom() {
    return null;
  }

  /// Where answers are best put together, because they go from there.
  ///
  /// @return memory with room for the largest; null if any will do
  default @Nullable MemorySegment answerRoom() {
    return null;
  }

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
