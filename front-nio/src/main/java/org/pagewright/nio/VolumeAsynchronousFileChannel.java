package org.pagewright.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.LockRequest;
import org.pagewright.vfs.OpenFile;

/// An asynchronous channel over an open file. Operations run on the executor that it was opened
/// with, or each on a virtual thread: whoever waits for a device or a lock of ours parks.
///
/// A cancelled future leaves the operation running; its buffer is not to be touched. But the lock
/// of one is given back, whether it is there already or waited for: nobody else has it to release.
final class VolumeAsynchronousFileChannel extends AsynchronousFileChannel {
  private static final ExecutorService VIRTUAL =
      Executors.newThreadPerTaskExecutor(
          Thread.ofVirtual().name("pagewright-async-", 0).factory());

  private final VolumeFileSystem fileSystem;
  private final VolumePath path;
  private final OpenFile file;
  private final boolean readable;
  private final boolean writable;
  private final ExecutorService executor;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final ChannelLocks locks;
  private final Set<LockWait> waits = ConcurrentHashMap.newKeySet();

  VolumeAsynchronousFileChannel(
      VolumePath path, OpenFile file, OpenRequest request, @Nullable ExecutorService executor) {
    this.fileSystem = path.getFileSystem();
    this.path = path;
    this.file = file;
    this.readable = request.reads();
    this.writable = request.writes();
    this.executor = executor == null ? VIRTUAL : executor;
    this.locks = new ChannelLocks(file, request);
  }

  /// What is done on the executor.
  private interface Task<V> {
    V run() throws IOException;
  }

  /// What an operation ended with: one of the two.
  private record Outcome<V extends @Nullable Object>(V value, @Nullable Throwable failure) {}

  /// Does a task, unless the channel was closed before it was begun, or before it had its turn.
  /// Whatever it throws is its outcome: nobody else is there to hear of it, and who waits for the
  /// operation would wait for ever.
  private <V> Outcome<@Nullable V> outcome(Task<V> task, boolean begunOpen) {
    try {
      if (!isOpen()) {
        return new Outcome<>(
            null, begunOpen ? new AsynchronousCloseException() : new ClosedChannelException());
      }
      return new Outcome<>(task.run(), null);
    } catch (FsException e) {
      if (e.errno() == Errno.EBADF && !isOpen()) {
        return new Outcome<>(null, new AsynchronousCloseException());
      }
      return new Outcome<>(null, Failures.of(e, path));
    } catch (IllegalStateException | WrongThreadException e) {
      // A buffer whose memory is gone, or another thread's; or the file system was closed.
      return new Outcome<>(null, isOpen() ? e : new AsynchronousCloseException());
    } catch (IOException | RuntimeException | Error e) {
      return new Outcome<>(null, e);
    }
  }

  private <V> Future<V> start(Task<V> task) {
    CompletableFuture<V> future = new CompletableFuture<>();
    start(executor, task, future, isOpen());
    return future;
  }

  private <V> void start(
      Executor where, Task<V> task, CompletableFuture<V> future, boolean open) {
    where.execute(
        () -> {
          Outcome<@Nullable V> outcome = outcome(task, open);
          if (outcome.failure != null) {
            future.completeExceptionally(outcome.failure);
          } else {
            future.complete(outcome.value);
          }
        });
  }

  private <V, A> void start(
      Task<V> task, A attachment, CompletionHandler<V, ? super A> handler) {
    start(executor, task, attachment, handler, isOpen());
  }

  private <V, A> void start(
      Executor where,
      Task<V> task,
      A attachment,
      CompletionHandler<V, ? super A> handler,
      boolean open) {
    if (handler == null) {
      throw new NullPointerException("handler");
    }
    where.execute(
        () -> {
          Outcome<@Nullable V> outcome = outcome(task, open);
          if (outcome.failure != null) {
            handler.failed(outcome.failure, attachment);
          } else {
            handler.completed(outcome.value, attachment);
          }
        });
  }

  // ---- Reading and writing ----------------------------------------------------------------------

  private Task<Integer> reading(ByteBuffer dst, long pos) {
    checkPosition(pos);
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("read-only buffer");
    }
    if (!readable) {
      throw new NonReadableChannelException();
    }
    return () -> {
      boolean room = dst.hasRemaining();
      int n = file.read(pos, dst);
      return n == 0 && room ? -1 : n;
    };
  }

  private Task<Integer> writing(ByteBuffer src, long pos) {
    checkPosition(pos);
    Objects.requireNonNull(src, "src");
    if (!writable) {
      throw new NonWritableChannelException();
    }
    return () -> file.write(pos, src);
  }

  private static void checkPosition(long pos) {
    if (pos < 0) {
      throw new IllegalArgumentException("negative position " + pos);
    }
  }

  @Override
  public <A> void read(
      ByteBuffer dst, long position, A attachment, CompletionHandler<Integer, ? super A> handler) {
    start(reading(dst, position), attachment, handler);
  }

  @Override
  public Future<Integer> read(ByteBuffer dst, long position) {
    return start(reading(dst, position));
  }

  @Override
  public <A> void write(
      ByteBuffer src, long position, A attachment, CompletionHandler<Integer, ? super A> handler) {
    start(writing(src, position), attachment, handler);
  }

  @Override
  public Future<Integer> write(ByteBuffer src, long position) {
    return start(writing(src, position));
  }

  // ---- The whole --------------------------------------------------------------------------------

  private void checkOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public long size() throws IOException {
    checkOpen();
    return file.size();
  }

  @Override
  public AsynchronousFileChannel truncate(long size) throws IOException {
    if (size < 0) {
      throw new IllegalArgumentException("negative size " + size);
    }
    checkOpen();
    if (!writable) {
      throw new NonWritableChannelException();
    }
    try {
      if (size < file.size()) {
        file.truncate(size);
      }
    } catch (FsException e) {
      throw fileSystem.failure(e, path);
    }
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    checkOpen();
    try {
      file.fsync(!metaData);
    } catch (FsException e) {
      throw fileSystem.failure(e, path);
    }
  }

  // ---- Locks ------------------------------------------------------------------------------------

  /// Passes on how a lock was got.
  private interface Next {
    void start(Executor where, Task<FileLock> task, boolean begunOpen);
  }

  /// A lock that is waited for, without a thread, and what is to be done then.
  private final class LockWait {
    private final ChannelLocks.Held lock;
    private final Next next;
    private final AtomicBoolean over = new AtomicBoolean();
    private @Nullable LockRequest request;

    LockWait(ChannelLocks.Held lock, Next next) {
      this.lock = lock;
      this.next = next;
    }

    /// Asks for the lock. The listener may be told before this returns.
    void begin() {
      waits.add(this);
      try {
        LockRequest asked = locks.request(lock, ended -> finish(ended.error()));
        request = asked;
        if (!asked.isWaiting()) {
          finish(asked.error());
        } else if (!isOpen()) {
          close();
        }
      } catch (FsException e) {
        finish(e.errno());
      }
    }

    /// The channel was closed.
    void close() {
      LockRequest asked = request;
      if (asked != null) {
        locks.cancel(asked);
      }
      finish(Errno.EINTR);
    }

    /// Nobody is there to take the lock.
    void abandon() {
      close();
      drop();
    }

    /// Passes on how it ended, once. Perhaps in the thread of whoever made way, which is to hear
    /// nothing of our troubles.
    private void finish(@Nullable Errno errno) {
      if (!over.compareAndSet(false, true)) {
        return;
      }
      waits.remove(this);
      if (errno != null || !isOpen()) { // closed from now on: the close drops it
        drop();
      }
      try {
        next.start(
            executor,
            () -> {
              if (errno != null) {
                throw new FsException(errno, path + ": lock");
              }
              return lock;
            },
            true);
      } catch (RejectedExecutionException e) {
        drop();
        next.start(
            VIRTUAL,
            () -> {
              throw new IOException(path + ": lock: the executor of the channel has ended", e);
            },
            true);
      }
    }

    private void drop() {
      try {
        locks.drop(lock);
      } catch (FsException e) {
        // No room to note two ranges; but a lock of ours lies in the middle of none.
        throw new AssertionError(e);
      }
    }
  }

  private @Nullable LockWait lock(
      long position, long size, boolean shared, Next next) {
    if (!isOpen()) {
      next.start(
          executor,
          () -> {
            throw new ClosedChannelException();
          },
          false);
      return null;
    }
    // An overlap is the caller's error, and told to the caller.
    LockWait wait = new LockWait(locks.enter(this, position, size, shared), next);
    wait.begin();
    return wait;
  }

  @Override
  public <A> void lock(
      long position,
      long size,
      boolean shared,
      A attachment,
      CompletionHandler<FileLock, ? super A> handler) {
    if (handler == null) {
      throw new NullPointerException("handler");
    }
    lock(
        position,
        size,
        shared,
        (where, task, open) -> start(where, task, attachment, handler, open));
  }

  @Override
  public Future<FileLock> lock(long position, long size, boolean shared) {
    CompletableFuture<FileLock> future = new CompletableFuture<>();
    LockWait wait =
        lock(position, size, shared, (where, task, open) -> start(where, task, future, open));
    if (wait != null) {
      future.whenComplete(
          (lock, failure) -> {
            if (future.isCancelled()) {
              wait.abandon();
            }
          });
    }
    return future;
  }

  @Override
  public @Nullable FileLock tryLock(long position, long size, boolean shared)
      throws IOException {
    checkOpen();
    ChannelLocks.Held lock = locks.enter(this, position, size, shared);
    boolean taken = false;
    try {
      try {
        taken = locks.tryTake(lock);
      } finally {
        if (!taken || !isOpen()) {
          locks.drop(lock);
        }
      }
    } catch (FsException e) {
      throw fileSystem.failure(e, path);
    }
    if (!isOpen()) {
      throw new AsynchronousCloseException();
    }
    return taken ? lock : null;
  }

  // ---- Closing ----------------------------------------------------------------------------------

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    fileSystem.forget(this);
    for (LockWait wait : waits) {
      wait.close();
    }
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
