package org.pagewright.nio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.FileLock;
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

  private final ChannelFile file;
  private final ExecutorService executor;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Set<LockWait> waits = ConcurrentHashMap.newKeySet();

  VolumeAsynchronousFileChannel(
      VolumePath path, OpenFile file, OpenRequest request, @Nullable ExecutorService executor) {
    this.file = new ChannelFile(this, path, file, request);
    this.executor = executor == null ? VIRTUAL : executor;
  }

  /// What an operation ended with: one of the two.
  private record Outcome<V extends @Nullable Object>(V value, @Nullable Throwable failure) {}

  /// Does something with the file; the interrupt of a thread is nothing to this kind of channel.
  private <V> V call(Interrupts.Call<V> call) throws IOException {
    try {
      return Interrupts.aside(call);
    } catch (FsException e) {
      throw file.failed(e);
    } catch (IllegalStateException e) {
      throw file.gone(e);
    }
  }

  /// Does a task, unless the channel was closed before it was begun, or before it had its turn.
  /// Whatever it throws is its outcome: nobody else is there to hear of it, and who waits for the
  /// operation would wait for ever.
  private <V> Outcome<@Nullable V> outcome(Interrupts.Call<V> task, boolean begunOpen) {
    try {
      if (!isOpen()) {
        throw begunOpen ? new AsynchronousCloseException() : new ClosedChannelException();
      }
      return new Outcome<>(call(task), null);
    } catch (IOException | RuntimeException | Error e) {
      return new Outcome<>(null, e);
    }
  }

  private <V> Future<V> start(Interrupts.Call<V> task) {
    CompletableFuture<V> future = new CompletableFuture<>();
    start(executor, task, future, isOpen());
    return future;
  }

  private <V> void start(
      Executor where, Interrupts.Call<V> task, CompletableFuture<V> future, boolean open) {
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
      Interrupts.Call<V> task, A attachment, CompletionHandler<V, ? super A> handler) {
    start(executor, task, attachment, handler, isOpen());
  }

  private <V, A> void start(
      Executor where,
      Interrupts.Call<V> task,
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

  private Interrupts.Call<Integer> reading(ByteBuffer dst, long pos) {
    ChannelFile.checkPosition(pos);
    ChannelFile.checkTarget(dst);
    file.checkReads();
    return () -> file.read(pos, dst);
  }

  private Interrupts.Call<Integer> writing(ByteBuffer src, long pos) {
    ChannelFile.checkPosition(pos);
    Objects.requireNonNull(src, "src");
    file.checkWrites();
    return () -> file.write(pos, src);
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

  @Override
  public long size() throws IOException {
    file.checkOpen();
    return file.size();
  }

  @Override
  public AsynchronousFileChannel truncate(long size) throws IOException {
    ChannelFile.checkSize(size);
    file.checkOpen();
    file.checkWrites();
    call(
        () -> {
          file.truncate(size);
          return size;
        });
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    file.checkOpen();
    call(
        () -> {
          file.force(metaData);
          return metaData;
        });
  }

  // ---- Locks ------------------------------------------------------------------------------------

  /// Passes on how a lock was got.
  private interface Next {
    void start(Executor where, Interrupts.Call<FileLock> task, boolean begunOpen);
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
        LockRequest asked = file.locks().request(lock, ended -> finish(ended.error()));
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
        file.locks().cancel(asked);
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
                throw new FsException(errno, file.path() + ": lock");
              }
              return lock;
            },
            true);
      } catch (RejectedExecutionException e) {
        drop();
        next.start(
            VIRTUAL,
            () -> {
              throw new IOException(
                  file.path() + ": lock: the executor of the channel has ended", e);
            },
            true);
      }
    }

    private void drop() {
      try {
        file.locks().drop(lock);
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
    LockWait wait = new LockWait(file.locks().enter(this, position, size, shared), next);
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
    file.checkOpen();
    ChannelLocks locks = file.locks();
    try {
      return locks.tryTake(locks.enter(this, position, size, shared));
    } catch (FsException e) {
      throw file.failed(e);
    }
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
    for (LockWait wait : waits) {
      wait.close();
    }
    file.close();
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
