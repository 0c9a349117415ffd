package org.pagewright.nio;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.LockRequest;
import org.pagewright.vfs.OpenFile;

/// A channel over an open file.
///
/// ## Interrupts
///
/// A thread that is interrupted finds the channel closed, as
/// [java.nio.channels.InterruptibleChannel] has it. A call that finds its bytes in the page cache
/// blocks on nothing, so it looks at the thread's interrupt before and after instead of announcing
/// itself to the thread, which would cost more than the copy of a few bytes; a call that waits for
/// a device is closed under itself when the device has answered, and a writer that waits for memory
/// is woken.
///
/// ## Errors of write-out
///
/// What a device refuses after `write` has returned is told by the next [#force] or by [#close], to
/// each channel once.
///
/// ## Mapping
///
/// The JDK's own mapped buffers are made by the kernel, which knows nothing of this file: there are
/// none. A segment of [#map(FileChannel.MapMode, long, long, Arena)] is a copy of the bytes at that
/// moment; a mapping that stays one with the file needs page tables of ours: see
/// [OpenFile#map(long, long, org.pagewright.mm.Protection, org.pagewright.mm.Sharing)].
final class VolumeFileChannel extends FileChannel {
  /// Bytes per step of a transfer to or from somebody else's channel.
  private static final int TRANSFER_STEP = 128 << 10;

  /// Bytes per step of a copy between two files of volumes; a step cannot be interrupted.
  private static final int COPY_STEP = 4 << 20;

  private final VolumeFileSystem fileSystem;
  private final VolumePath path;
  private final OpenFile file;
  private final boolean readable;
  private final boolean writable;
  private final boolean appends;
  private final Mutex positionLock;
  private long position; // guarded by positionLock
  private final ChannelLocks locks;

  /// Threads that use the channel at a time may overwrite each other's; each uses what it has read.
  private @Nullable LastBuffer last;

  private final WaitQueue lockWaiters = new WaitQueue();

  VolumeFileChannel(VolumePath path, OpenFile file, OpenRequest request) {
    this.fileSystem = path.getFileSystem();
    this.path = path;
    this.file = file;
    this.readable = request.reads();
    this.writable = request.writes();
    this.appends = request.appends();
    this.positionLock = new Mutex(LockClass.FILE_POSITION, path);
    this.locks = new ChannelLocks(file, request);
  }

  /// A direct buffer and all of its memory, so that a channel that is used with one buffer does not
  /// make an object for each call.
  ///
  /// @param buffer of the caller, kept until the channel sees another one or is closed
  /// @param segment from position 0 to the capacity
  private record LastBuffer(ByteBuffer buffer, MemorySegment segment) {}

  // ---- Before and after -------------------------------------------------------------------------

  private void checkOpen() throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    checkInterrupt();
  }

  private void checkReadable() throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    if (!readable) {
      throw new NonReadableChannelException();
    }
    checkInterrupt();
  }

  private void checkWritable() throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    if (!writable) {
      throw new NonWritableChannelException();
    }
    checkInterrupt();
  }

  /// Closes the channel if this thread is interrupted, and says so.
  private void checkInterrupt() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      closeByInterrupt();
    }
  }

  private void closeByInterrupt() throws IOException {
    try {
      begin(); // which finds the interrupt and closes
    } finally {
      end(false);
    }
  }

  /// What a failed call ends with.
  private IOException failed(FsException e) throws IOException {
    if (e.errno() == Errno.EINTR) {
      checkInterrupt();
    }
    if (e.errno() == Errno.EBADF && !isOpen()) {
      throw new AsynchronousCloseException();
    }
    return fileSystem.failure(e, path);
  }

  /// The memory below is gone if the file system was closed in the middle of a copy.
  private RuntimeException gone(IllegalStateException e) throws IOException {
    if (!isOpen()) {
      throw new AsynchronousCloseException();
    }
    return e;
  }

  private static void checkPosition(long pos) {
    if (pos < 0) {
      throw new IllegalArgumentException("negative position " + pos);
    }
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public int read(ByteBuffer dst, long pos) throws IOException {
    checkPosition(pos);
    checkReadable();
    return readAt(pos, dst);
  }

  /// Reads at a position.
  ///
  /// @return bytes; -1 at the end of the file if there was room for one
  private int readAt(long pos, ByteBuffer dst) throws IOException {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("read-only buffer");
    }
    boolean room = dst.hasRemaining();
    int n;
    try {
      if (dst.isDirect()) {
        int at = dst.position();
        n = file.read(pos, segmentOf(dst), at, dst.remaining());
        dst.position(at + n);
      } else {
        n = file.read(pos, dst);
      }
    } catch (FsException e) {
      throw failed(e);
    } catch (IllegalStateException e) {
      throw gone(e);
    }
    checkInterrupt();
    return n == 0 && room ? -1 : n;
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

  @Override
  public int read(ByteBuffer dst) throws IOException {
    checkReadable();
    positionLock.lock();
    try {
      int n = readAt(position, dst);
      if (n > 0) {
        position += n;
      }
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public long read(ByteBuffer[] dsts, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, dsts.length);
    checkReadable();
    positionLock.lock();
    try {
      long done = 0;
      for (int i = offset; i < offset + length; i++) {
        int wanted = dsts[i].remaining();
        if (wanted == 0) {
          continue;
        }
        int n = readAt(position, dsts[i]);
        if (n > 0) {
          position += n;
          done += n;
        }
        if (n < wanted) {
          return done == 0 ? n : done;
        }
      }
      return done;
    } finally {
      positionLock.unlock();
    }
  }

  // ---- Writing ----------------------------------------------------------------------------------

  @Override
  public int write(ByteBuffer src, long pos) throws IOException {
    checkPosition(pos);
    checkWritable();
    return writeAt(pos, src);
  }

  private int writeAt(long pos, ByteBuffer src) throws IOException {
    int n;
    try {
      if (src.isDirect()) {
        int at = src.position();
        n = file.write(pos, segmentOf(src), at, src.remaining());
        src.position(at + n);
      } else {
        n = file.write(pos, src);
      }
    } catch (FsException e) {
      throw failed(e);
    } catch (IllegalStateException e) {
      throw gone(e);
    }
    checkInterrupt();
    return n;
  }

  @Override
  public int write(ByteBuffer src) throws IOException {
    checkWritable();
    positionLock.lock();
    try {
      int n = writeAt(position, src);
      position = appends ? file.size() : position + n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /// All buffers are one write: no other writer's bytes come in between.
  @Override
  public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, srcs.length);
    checkWritable();
    IovIter[] parts = new IovIter[length];
    for (int i = 0; i < length; i++) {
      parts[i] = new SegmentIter(MemorySegment.ofBuffer(srcs[offset + i]));
    }
    positionLock.lock();
    try {
      long n = file.write(position, new GatherIter(parts), 0);
      position = appends ? file.size() : position + n;
      long left = n;
      for (int i = offset; i < offset + length && left > 0; i++) {
        int step = (int) Math.min(left, srcs[i].remaining());
        srcs[i].position(srcs[i].position() + step);
        left -= step;
      }
      checkInterrupt();
      return n;
    } catch (FsException e) {
      throw failed(e);
    } catch (IllegalStateException e) {
      throw gone(e);
    } finally {
      positionLock.unlock();
    }
  }

  // ---- Position and size ------------------------------------------------------------------------

  /// The position; of a channel that appends, the end of the file.
  @Override
  public long position() throws IOException {
    checkOpen();
    if (appends) {
      return file.size();
    }
    positionLock.lock();
    long now = position;
    positionLock.unlock();
    return now;
  }

  @Override
  public VolumeFileChannel position(long newPosition) throws IOException {
    checkPosition(newPosition);
    checkOpen();
    positionLock.lock();
    position = newPosition;
    positionLock.unlock();
    return this;
  }

  @Override
  public long size() throws IOException {
    checkOpen();
    return file.size();
  }

  @Override
  public VolumeFileChannel truncate(long size) throws IOException {
    if (size < 0) {
      throw new IllegalArgumentException("negative size " + size);
    }
    checkWritable();
    positionLock.lock();
    try {
      if (size < file.size()) {
        file.truncate(size);
      }
      position = Math.min(position, size);
    } catch (FsException e) {
      throw failed(e);
    } finally {
      positionLock.unlock();
    }
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    checkOpen();
    try {
      file.fsync(!metaData);
    } catch (FsException e) {
      throw failed(e);
    }
    checkInterrupt();
  }

  // ---- Transfers --------------------------------------------------------------------------------

  @Override
  public long transferTo(long pos, long count, WritableByteChannel target) throws IOException {
    checkOpen();
    if (!target.isOpen()) {
      throw new ClosedChannelException();
    }
    checkReadable();
    if (target instanceof FileChannel other && !isWritable(other)) {
      throw new NonWritableChannelException();
    }
    checkRange(pos, count);
    long wanted = Math.min(count, file.size() - pos);
    if (wanted <= 0) {
      return 0;
    }
    if (target instanceof VolumeFileChannel other
        && !other.appends // where its end is when its turn comes, no copy to a place can know
        && !other.overlaps(this, pos, wanted)) {
      return other.copyFrom(this, pos, wanted);
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(wanted, TRANSFER_STEP));
    long done = 0;
    try {
      while (done < wanted) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), wanted - done));
        if (readAt(pos + done, buffer) <= 0) {
          break;
        }
        buffer.flip();
        int n = target.write(buffer);
        done += n;
        if (buffer.hasRemaining()) {
          break; // it takes no more now
        }
      }
    } catch (IOException e) {
      checkNothingWasMoved(done, e);
    }
    return done;
  }

  /// A transfer that fails in the middle tells how far it came, so that the caller goes on from
  /// there, and hears of it then.
  private static void checkNothingWasMoved(long done, IOException e) throws IOException {
    if (done == 0) {
      throw e;
    }
  }

  private static boolean isWritable(FileChannel channel) {
    return !(channel instanceof VolumeFileChannel ours) || ours.writable;
  }

  private static void checkRange(long pos, long count) {
    if (pos < 0 || count < 0) {
      throw new IllegalArgumentException(count + " bytes at " + pos);
    }
  }

  /// Whether a copy of a range to our position would be one onto itself.
  private boolean overlaps(VolumeFileChannel source, long pos, long length) throws IOException {
    if (source.file.inode() != file.inode()) {
      return false;
    }
    long at = position();
    return pos < at + length && at < pos + length;
  }

  /// Copies from another file of a volume to our position, from cache to cache.
  private long copyFrom(VolumeFileChannel source, long pos, long length) throws IOException {
    checkWritable();
    positionLock.lock();
    try {
      long n = copy(source, pos, position, length);
      position += n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /// Copies without looking at our position.
  private long copy(VolumeFileChannel source, long pos, long at, long length) throws IOException {
    long done = 0;
    try {
      while (done < length) {
        long step = Math.min(length - done, COPY_STEP);
        long n = source.file.copyRange(pos + done, file, at + done, step);
        checkInterrupt();
        if (n == 0) {
          break;
        }
        done += n;
      }
    } catch (FsException e) {
      if (done == 0) {
        throw failed(e);
      }
    }
    return done;
  }

  @Override
  public long transferFrom(ReadableByteChannel src, long pos, long count) throws IOException {
    checkOpen();
    if (!src.isOpen()) {
      throw new ClosedChannelException();
    }
    checkWritable();
    checkRange(pos, count);
    if (src instanceof VolumeFileChannel other && !other.readable) {
      throw new NonReadableChannelException();
    }
    if (src instanceof VolumeFileChannel other && !appends && other.file.inode() != file.inode()) {
      return other.copyTo(this, pos, count);
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, TRANSFER_STEP));
    long done = 0;
    try {
      while (done < count) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), count - done));
        int got = src.read(buffer);
        if (got <= 0) {
          break;
        }
        buffer.flip();
        while (buffer.hasRemaining()) { // each write takes at least a byte, or throws
          done += writeAt(pos + done, buffer);
        }
      }
    } catch (IOException e) {
      checkNothingWasMoved(done, e);
    }
    return done;
  }

  /// Copies from our position to a place in another file, and moves ours.
  private long copyTo(VolumeFileChannel target, long at, long count) throws IOException {
    positionLock.lock();
    try {
      long length = Math.min(count, file.size() - position);
      long n = length <= 0 ? 0 : target.copy(this, position, at, length);
      position += n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  // ---- Mapping ----------------------------------------------------------------------------------

  /// Always refuses: only the JDK makes mapped buffers, and only of files that the kernel knows.
  @Override
  public MappedByteBuffer map(MapMode mode, long pos, long size) throws IOException {
    checkOpen();
    throw new UnsupportedOperationException(
        "a MappedByteBuffer is a mapping of the kernel's, which does not know " + path
            + "; map(mode, offset, size, Arena) gives a copy, OpenFile.map a MappedRegion");
  }

  /// A copy of a range: read-only for READ_ONLY, the caller's to change for PRIVATE.
  ///
  /// The segment does not see what is written to the file later, and the memory for all of it is
  /// taken now. READ_WRITE, whose stores would have to reach the file, is refused.
  @Override
  public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(arena, "arena");
    checkOpen();
    checkRange(offset, size);
    Math.addExact(offset, size);
    if (mode != MapMode.READ_ONLY && mode != MapMode.PRIVATE) {
      throw new UnsupportedOperationException(
          mode + ": stores into a segment of the JDK's cannot reach " + path
              + "; use a MappedRegion, which OpenFile.map of the volume gives, or write");
    }
    checkReadable();
    if (mode == MapMode.PRIVATE) {
      checkWritable();
    }
    if (offset + size > file.size()) {
      throw new IOException(
          path + ": " + size + " bytes at " + offset + " reach beyond its end at " + file.size());
    }
    MemorySegment copy = allocate(arena, size);
    long done = 0;
    while (done < size) {
      long step = Math.min(size - done, COPY_STEP);
      long n;
      try {
        n = file.read(offset + done, copy.asSlice(done, step));
      } catch (FsException e) {
        throw failed(e);
      }
      checkInterrupt();
      if (n == 0) {
        break; // cut meanwhile; the rest is zeros, as in a mapping
      }
      done += n;
    }
    return mode == MapMode.READ_ONLY ? copy.asReadOnly() : copy;
  }

  /// An arena of somebody's own may be good for the JDK's mappings alone, as Lucene's is.
  private MemorySegment allocate(Arena arena, long size) {
    try {
      return arena.allocate(size, Long.BYTES);
    } catch (UnsupportedOperationException e) {
      throw new UnsupportedOperationException(
          "map of " + path + ": " + arena.getClass().getName() + " gives no memory for a copy", e);
    }
  }

  // ---- Locks ------------------------------------------------------------------------------------

  /// Waits for locks of other doors; an interrupt, or a close by another thread, ends the wait.
  @Override
  public FileLock lock(long pos, long size, boolean shared) throws IOException {
    checkOpen();
    ChannelLocks.Held lock = locks.enter(this, pos, size, shared);
    boolean done = false;
    begin();
    try {
      done = await(lock) && isOpen();
    } catch (FsException e) {
      throw failed(e);
    } finally {
      if (!done) {
        drop(lock);
      }
      end(done);
    }
    return lock;
  }

  /// Waits until a lock is ours.
  ///
  /// @return false if the channel was closed meanwhile
  private boolean await(ChannelLocks.Held lock) throws FsException {
    LockRequest request = locks.request(lock, ended -> lockWaiters.wakeAll(this));
    WaitQueue.Waiter waiter = lockWaiters.enter(this);
    try {
      while (request.isWaiting() && isOpen()) {
        waiter.park();
      }
    } finally {
      lockWaiters.leave(waiter);
    }
    locks.cancel(request);
    Errno errno = isOpen() ? request.error() : null;
    if (errno != null) {
      throw new FsException(errno, path + ": lock");
    }
    return request.isGranted();
  }

  @Override
  public @Nullable FileLock tryLock(long pos, long size, boolean shared) throws IOException {
    checkOpen();
    ChannelLocks.Held lock = locks.enter(this, pos, size, shared);
    boolean taken = false;
    try {
      taken = locks.tryTake(lock);
    } catch (FsException e) {
      throw failed(e);
    } finally {
      if (!taken || !isOpen()) {
        drop(lock);
      }
    }
    if (!isOpen()) {
      throw new AsynchronousCloseException();
    }
    return taken ? lock : null;
  }

  private void drop(ChannelLocks.Held lock) throws IOException {
    try {
      locks.drop(lock);
    } catch (FsException e) {
      throw fileSystem.failure(e, path);
    }
  }

  // ---- Closing ----------------------------------------------------------------------------------

  @Override
  protected void implCloseChannel() throws IOException {
    fileSystem.forget(this);
    last = null;
    lockWaiters.wakeAll(this);
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
    return path + (isOpen() ? "" : " (closed)");
  }
}
