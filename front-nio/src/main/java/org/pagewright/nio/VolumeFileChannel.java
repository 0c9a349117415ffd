package org.pagewright.nio;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
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
/// is woken. The channel under a stream is deaf to interrupts, as the JDK's is.
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

  /// Bytes per step of a copy between two files of volumes.
  private static final int COPY_STEP = 4 << 20;

  private final ChannelFile file;
  private final boolean deaf;
  private final Mutex positionLock;
  private long position; // guarded by positionLock
  private final WaitQueue lockWaiters = new WaitQueue();

  /// A channel over a file that was opened for it.
  ///
  /// @param deaf whether interrupts of its users are nothing to it
  VolumeFileChannel(VolumePath path, OpenFile file, OpenRequest request, boolean deaf) {
    this.file = new ChannelFile(this, path, file, request);
    this.deaf = deaf;
    this.positionLock = new Mutex(LockClass.FILE_POSITION, path);
  }

  // ---- Before and after -------------------------------------------------------------------------

  private void checkReadable() throws IOException {
    file.checkOpen();
    file.checkReads();
    checkInterrupt();
  }

  private void checkWritable() throws IOException {
    file.checkOpen();
    file.checkWrites();
    checkInterrupt();
  }

  /// Closes the channel if this thread is interrupted, and says so.
  private void checkInterrupt() throws IOException {
    if (!deaf && Thread.currentThread().isInterrupted()) {
      try {
        begin(); // which finds the interrupt and closes
      } finally {
        end(false);
      }
    }
  }

  private <T> T call(Interrupts.Call<T> call) throws IOException {
    T result;
    try {
      result = call.run();
    } catch (FsException e) {
      result = after(e, call);
    } catch (IllegalStateException e) {
      throw file.gone(e);
    }
    checkInterrupt();
    return result;
  }

  /// What a call comes to that failed: an exception, unless an interrupt made it fail, and the
  /// channel is deaf.
  private <T> T after(FsException e, Interrupts.Call<T> call) throws IOException {
    if (e.errno() != Errno.EINTR) {
      throw file.failed(e);
    }
    checkInterrupt();
    try {
      return Interrupts.aside(call);
    } catch (FsException again) {
      throw file.failed(again);
    } catch (IllegalStateException again) {
      throw file.gone(again);
    }
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public int read(ByteBuffer dst, long pos) throws IOException {
    ChannelFile.checkPosition(pos);
    checkReadable();
    return readAt(pos, dst);
  }

  private int readAt(long pos, ByteBuffer dst) throws IOException {
    ChannelFile.checkTarget(dst);
    int n;
    try {
      n = file.read(pos, dst);
    } catch (FsException e) {
      n = after(e, () -> file.read(pos, dst));
    } catch (IllegalStateException e) {
      throw file.gone(e);
    }
    checkInterrupt();
    return n;
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
    for (int i = offset; i < offset + length; i++) {
      ChannelFile.checkTarget(dsts[i]);
    }
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
    ChannelFile.checkPosition(pos);
    checkWritable();
    return writeAt(pos, src);
  }

  private int writeAt(long pos, ByteBuffer src) throws IOException {
    int n;
    try {
      n = file.write(pos, src);
    } catch (FsException e) {
      n = after(e, () -> file.write(pos, src));
    } catch (IllegalStateException e) {
      throw file.gone(e);
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
      moveBy(n);
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /// After a write at the position, whose lock is held.
  private void moveBy(long written) {
    position = file.appends() ? file.size() : position + written;
  }

  /// All buffers are one write: no other writer's bytes come in between.
  @Override
  public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, srcs.length);
    checkWritable();
    positionLock.lock();
    try {
      long at = position;
      long n = call(() -> file.write(at, srcs, offset, length));
      moveBy(n);
      long left = n;
      for (int i = offset; i < offset + length && left > 0; i++) {
        int step = (int) Math.min(left, srcs[i].remaining());
        srcs[i].position(srcs[i].position() + step);
        left -= step;
      }
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  // ---- Position and size ------------------------------------------------------------------------

  /// The position; of a channel that appends, the end of the file.
  @Override
  public long position() throws IOException {
    file.checkOpen();
    checkInterrupt();
    if (file.appends()) {
      return file.size();
    }
    positionLock.lock();
    long now = position;
    positionLock.unlock();
    return now;
  }

  @Override
  public VolumeFileChannel position(long newPosition) throws IOException {
    file.checkOpen();
    ChannelFile.checkPosition(newPosition);
    checkInterrupt();
    positionLock.lock();
    position = newPosition;
    positionLock.unlock();
    return this;
  }

  @Override
  public long size() throws IOException {
    file.checkOpen();
    checkInterrupt();
    return file.size();
  }

  @Override
  public VolumeFileChannel truncate(long size) throws IOException {
    file.checkOpen();
    ChannelFile.checkSize(size);
    checkWritable();
    positionLock.lock();
    try {
      call(
          () -> {
            file.truncate(size);
            return size;
          });
      position = Math.min(position, size);
    } finally {
      positionLock.unlock();
    }
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    file.checkOpen();
    checkInterrupt();
    call(
        () -> {
          file.force(metaData);
          return metaData;
        });
  }

  // ---- Transfers --------------------------------------------------------------------------------

  @Override
  public long transferTo(long pos, long count, WritableByteChannel target) throws IOException {
    checkBothOpen(target);
    file.checkReads();
    if (target instanceof VolumeFileChannel other) {
      other.file.checkWrites();
    }
    checkRange(pos, count);
    long done = 0;
    try {
      checkInterrupt();
      long wanted = Math.min(count, file.size() - pos);
      if (wanted <= 0) {
        return 0;
      }
      if (target instanceof VolumeFileChannel other) {
        long n = transferWithin(this, pos, other, -1, wanted);
        if (n >= 0) {
          return n;
        }
      }
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(wanted, TRANSFER_STEP));
      while (done < wanted) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), wanted - done));
        if (readAt(pos + done, buffer) <= 0) {
          break;
        }
        buffer.flip();
        done += target.write(buffer);
        if (buffer.hasRemaining()) {
          break; // it takes no more now
        }
      }
    } catch (IOException e) {
      transferFailed(e, done, target);
    }
    return done;
  }

  @Override
  public long transferFrom(ReadableByteChannel src, long pos, long count) throws IOException {
    checkBothOpen(src);
    if (src instanceof VolumeFileChannel other) {
      other.file.checkReads();
    }
    file.checkWrites();
    checkRange(pos, count);
    long done = 0;
    try {
      checkInterrupt();
      if (src instanceof VolumeFileChannel other) {
        long n = transferWithin(other, -1, this, pos, count);
        if (n >= 0) {
          return n;
        }
      }
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(count, TRANSFER_STEP));
      while (done < count) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), count - done));
        if (src.read(buffer) <= 0) {
          break;
        }
        buffer.flip();
        while (buffer.hasRemaining()) { // each write takes at least a byte, or throws
          done += writeAt(pos + done, buffer);
        }
      }
    } catch (IOException e) {
      transferFailed(e, done, src);
    }
    return done;
  }

  private void checkBothOpen(Channel other) throws ClosedChannelException {
    file.checkOpen();
    if (!other.isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private static void checkRange(long pos, long count) {
    if (pos < 0 || count < 0) {
      throw new IllegalArgumentException(count + " bytes at " + pos);
    }
  }

  /// A transfer that fails in the middle tells how far it came, so that the caller goes on from
  /// there, and hears of it then. An interrupt closes both channels.
  private void transferFailed(IOException e, long done, Channel other) throws IOException {
    if (done > 0) {
      return;
    }
    if (e instanceof ClosedByInterruptException) {
      try (this) {
        other.close();
      } catch (IOException failed) {
        e.addSuppressed(failed);
      }
    } else if (!other.isOpen() && !(e instanceof AsynchronousCloseException)) {
      throw (IOException) new AsynchronousCloseException().initCause(e);
    }
    throw e;
  }

  /// Copies between two files of volumes, from cache to cache. One of the positions is that of its
  /// channel, which is -1 here, and moves.
  ///
  /// @return bytes; -1 if it cannot be done this way: onto the same file, where ranges may overlap,
  ///     or to an end that only a write finds
  private long transferWithin(
      VolumeFileChannel source, long pos, VolumeFileChannel target, long at, long count)
      throws IOException {
    if (target.file.appends() || source.file.file().inode() == target.file.file().inode()) {
      return -1;
    }
    VolumeFileChannel moving = pos < 0 ? source : target;
    moving.positionLock.lock();
    try {
      long from = pos < 0 ? source.position : pos;
      long to = at < 0 ? target.position : at;
      long length = Math.min(count, source.file.size() - from);
      long done = 0;
      while (done < length) {
        long copied = done;
        long step = Math.min(length - done, COPY_STEP);
        try {
          long n =
              call(
                  () ->
                      source.file.file().copyRange(
                          from + copied, target.file.file(), to + copied, step));
          if (n == 0) {
            break;
          }
          done += n;
        } catch (IOException e) {
          if (done == 0) {
            throw e;
          }
          break;
        }
      }
      moving.position += done;
      return done;
    } finally {
      moving.positionLock.unlock();
    }
  }

  // ---- Mapping ----------------------------------------------------------------------------------

  /// Always refuses: only the JDK makes mapped buffers, and only of files that the kernel knows.
  @Override
  public MappedByteBuffer map(MapMode mode, long pos, long size) throws IOException {
    file.checkOpen();
    throw new UnsupportedOperationException(
        "a MappedByteBuffer is a mapping of the kernel's, which does not know " + file.path()
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
    file.checkOpen();
    checkRange(offset, size);
    Math.addExact(offset, size);
    if (mode != MapMode.READ_ONLY && mode != MapMode.PRIVATE) {
      throw new UnsupportedOperationException(
          mode + ": stores into a segment of the JDK's cannot reach " + file.path()
              + "; use a MappedRegion, which OpenFile.map of the volume gives, or write");
    }
    checkReadable();
    if (mode == MapMode.PRIVATE) {
      checkWritable();
    }
    if (offset + size > file.size()) {
      throw new IOException(
          file.path() + ": " + size + " bytes at " + offset + " reach beyond its end at "
              + file.size());
    }
    MemorySegment copy = allocate(arena, size);
    long done = 0;
    while (done < size) {
      long at = done;
      long step = Math.min(size - done, COPY_STEP);
      long n = call(() -> file.file().read(offset + at, copy.asSlice(at, step)));
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
          "map of " + file.path() + ": " + arena.getClass().getName()
              + " gives no memory for a copy",
          e);
    }
  }

  // ---- Locks ------------------------------------------------------------------------------------

  /// Waits for locks of other doors; an interrupt, or a close by another thread, ends the wait.
  @Override
  public FileLock lock(long pos, long size, boolean shared) throws IOException {
    file.checkOpen();
    ChannelLocks locks = file.locks();
    ChannelLocks.Held lock = locks.enter(this, pos, size, shared);
    boolean done = false;
    try {
      begin();
      done = await(lock);
    } catch (FsException e) {
      throw file.failed(e);
    } finally {
      if (!done || !isOpen()) {
        drop(lock);
      }
      endLock(done);
    }
    return lock;
  }

  private void endLock(boolean done) throws IOException {
    try {
      end(done && isOpen());
    } catch (ClosedByInterruptException e) {
      throw (IOException) new FileLockInterruptionException().initCause(e);
    }
  }

  /// Waits until a lock is ours.
  ///
  /// @return false if the channel was closed meanwhile
  private boolean await(ChannelLocks.Held lock) throws FsException {
    LockRequest request = file.locks().request(lock, ended -> lockWaiters.wakeAll(this));
    WaitQueue.Waiter waiter = lockWaiters.enter(this);
    try {
      while (request.isWaiting() && isOpen()) {
        waiter.park();
      }
    } finally {
      lockWaiters.leave(waiter);
    }
    file.locks().cancel(request);
    Errno errno = isOpen() ? request.error() : null;
    if (errno != null) {
      throw new FsException(errno, file.path() + ": lock");
    }
    return request.isGranted();
  }

  /// Waits for nothing, so that an interrupt is nothing to it.
  @Override
  public @Nullable FileLock tryLock(long pos, long size, boolean shared) throws IOException {
    file.checkOpen();
    ChannelLocks locks = file.locks();
    try {
      return locks.tryTake(locks.enter(this, pos, size, shared));
    } catch (FsException e) {
      throw file.failed(e);
    }
  }

  private void drop(ChannelLocks.Held lock) throws IOException {
    try {
      file.locks().drop(lock);
    } catch (FsException e) {
      throw file.failed(e);
    }
  }

  // ---- Closing ----------------------------------------------------------------------------------

  @Override
  protected void implCloseChannel() throws IOException {
    lockWaiters.wakeAll(this);
    file.close();
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
