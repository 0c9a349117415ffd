package org.pagewright.nio;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.vfs.OpenFile;

/// The open file of a channel: what both kinds of channels do with it, and the JDK's exceptions for
/// what goes wrong.
///
/// ## Errors of write-out
///
/// What a device refuses after `write` has returned is told by the next [#force] or by [#close], to
/// each channel once.
final class ChannelFile {
  private final Channel channel;
  private final VolumePath path;
  private final OpenFile file;
  private final OpenRequest request;
  private final ChannelLocks locks;

  /// Threads that use the channel at a time may overwrite each other's; each uses what it has read.
  private @Nullable LastBuffer last;

  /// The file of a channel.
  ///
  /// @param channel which closes this with itself
  /// @param path for messages, and whose file system keeps the channel
  /// @param file closed with this
  /// @param request that it was opened with
  ChannelFile(Channel channel, VolumePath path, OpenFile file, OpenRequest request) {
    this.channel = channel;
    this.path = path;
    this.file = file;
    this.request = request;
    this.locks = new ChannelLocks(file, request);
  }

  /// A direct buffer and all of its memory, so that a channel that is used with one buffer does not
  /// make an object for each call.
  ///
  /// @param buffer of the caller, kept until the channel sees another one or is closed
  /// @param segment from position 0 to the capacity
  private record LastBuffer(ByteBuffer buffer, MemorySegment segment) {}

  // ---- What it is -------------------------------------------------------------------------------

  VolumePath path() {
    return path;
  }

  OpenFile file() {
    return file;
  }

  ChannelLocks locks() {
    return locks;
  }

  boolean reads() {
    return request.reads();
  }

  boolean writes() {
    return request.writes();
  }

  boolean appends() {
    return request.appends();
  }

  long size() {
    return file.size();
  }

  // ---- Before a call ----------------------------------------------------------------------------

  void checkOpen() throws ClosedChannelException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
  }

  void checkReads() {
    if (!request.reads()) {
      throw new NonReadableChannelException();
    }
  }

  void checkWrites() {
    if (!request.writes()) {
      throw new NonWritableChannelException();
    }
  }

  static void checkPosition(long pos) {
    if (pos < 0) {
      throw new IllegalArgumentException("negative position " + pos);
    }
  }

  static void checkSize(long size) {
    if (size < 0) {
      throw new IllegalArgumentException("negative size " + size);
    }
  }

  static void checkTarget(ByteBuffer dst) {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("read-only buffer");
    }
  }

  // ---- Calls ------------------------------------------------------------------------------------

  /// Reads at a position.
  ///
  /// @return bytes; -1 at the end of the file if there was room for one
  int read(long pos, ByteBuffer dst) throws FsException {
    boolean room = dst.hasRemaining();
    int n;
    if (dst.isDirect()) {
      int at = dst.position();
      n = file.read(pos, segmentOf(dst), at, dst.remaining());
      dst.position(at + n);
    } else {
      n = file.read(pos, dst);
    }
    return n == 0 && room ? -1 : n;
  }

  /// Writes at a position.
  ///
  /// @return bytes, at least one if there was one
  int write(long pos, ByteBuffer src) throws FsException {
    if (!src.isDirect()) {
      return file.write(pos, src);
    }
    int at = src.position();
    int n;
    try {
      n = file.write(pos, segmentOf(src), at, src.remaining());
    } catch (FsException e) {
      throw unreachable(e, src);
    }
    src.position(at + n);
    return n;
  }

  /// Writes buffers one after the other, as one write. Their positions stay.
  ///
  /// @return bytes
  long write(long pos, ByteBuffer[] srcs, int offset, int length) throws FsException {
    IovIter[] parts = new IovIter[length];
    for (int i = 0; i < length; i++) {
      parts[i] = new SegmentIter(MemorySegment.ofBuffer(srcs[offset + i]));
    }
    try {
      return file.write(pos, new GatherIter(parts), 0);
    } catch (FsException e) {
      throw unreachable(e, Arrays.copyOfRange(srcs, offset, offset + length));
    }
  }

  /// What a write ends with: of memory that is closed, or another thread's, what the JDK says.
  private static FsException unreachable(FsException e, ByteBuffer... srcs) {
    if (e.errno() == Errno.EFAULT) {
      for (ByteBuffer src : srcs) {
        if (src.hasRemaining()) {
          src.get(src.position());
        }
      }
    }
    return e;
  }

  /// The segment of a direct buffer, made anew only if this is another buffer than the last.
  private MemorySegment segmentOf(ByteBuffer buffer) {
    LastBuffer known = last;
    if (known == null || known.buffer != buffer) {
      known = new LastBuffer(buffer, MemorySegment.ofBuffer(buffer.duplicate().clear()));
      last = known;
    }
    return known.segment;
  }

  /// Cuts the file, which does not grow.
  void truncate(long size) throws FsException {
    if (size < file.size()) {
      file.truncate(size);
    }
  }

  void force(boolean metaData) throws FsException {
    file.fsync(!metaData);
  }

  // ---- After a call -----------------------------------------------------------------------------

  /// What a call ends with that failed.
  IOException failed(FsException e) {
    return e.errno() == Errno.EBADF && !channel.isOpen()
        ? new AsynchronousCloseException()
        : path.getFileSystem().failure(e, path);
  }

  /// What a call ends with that found its memory gone: the caller's, or that of the volume because
  /// the file system was closed in the middle of a copy.
  RuntimeException gone(IllegalStateException e) throws AsynchronousCloseException {
    if (!channel.isOpen()) {
      throw new AsynchronousCloseException();
    }
    return e;
  }

  /// Lets locks and file go. The channel says that it is closed already, and does this once.
  void close() throws IOException {
    path.getFileSystem().forget(channel);
    last = null;
    try {
      try {
        locks.dropAll();
      } finally {
        file.close();
      }
    } catch (FsException e) {
      throw Failures.of(e, path);
    }
  }

  @Override
  public String toString() {
    return path + (channel.isOpen() ? "" : " (closed)");
  }
}
