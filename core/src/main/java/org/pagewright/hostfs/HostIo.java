package org.pagewright.hostfs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;

/// The threads that touch host files, and the memory they do it with.
///
/// Callers may be interrupted, which would close the channel they wait on; these threads are not.
/// The queue is bounded by the stages: each request in it holds one, but for the few that open,
/// sync or cut a file, of which each caller has one at most.
final class HostIo implements AutoCloseable {
  /// Bytes of one stage: the largest request.
  static final int STAGE_BYTES = 256 << 10;

  private static final int THREADS = 4;
  private static final int STAGES = 8;

  /// What a thread does for somebody who waits.
  interface Work {
    void run() throws IOException;
  }

  private final Arena arena = Arena.ofShared();
  private final ThreadPoolExecutor threads;
  private final Mutex lock = new Mutex(LockClass.QUEUE, "host I/O");
  private final WaitQueue queue = new WaitQueue();
  private final Deque<MemorySegment> stages = new ArrayDeque<>(STAGES); // guarded by lock
  private int made; // guarded by lock
  private volatile int free = STAGES;

  HostIo(String name) {
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("pagewright-host-" + name + "-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  /// Does something on one of the threads and waits for it; an interrupt does not end the wait.
  ///
  /// @param what for messages
  void call(String what, Work work) throws FsException {
    Call call = new Call(work);
    threads.execute(call);
    WaitQueue.Waiter waiter = queue.enter(call);
    try {
      while (!call.done) {
        waiter.park();
      }
    } finally {
      queue.leave(waiter);
    }
    if (call.failure != null) {
      throw translate(what, call.failure);
    }
  }

  private final class Call implements Runnable {
    private final Work work;
    private @Nullable IOException failure; // written once before done
    private volatile boolean done;

    Call(Work work) {
      this.work = work;
    }

    @Override
    public void run() {
      try {
        work.run();
      } catch (IOException e) {
        failure = e;
      } finally {
        done = true;
        queue.wakeAll(this);
      }
    }
  }

  /// Does something on one of the threads, for nobody who waits.
  void submit(Runnable request) {
    threads.execute(request);
  }

  /// Takes a stage, waiting for one if all are in use: their requests end by themselves.
  MemorySegment takeStage() {
    MemorySegment stage = pollStage();
    if (stage == null) {
      WaitQueue.Waiter waiter = queue.enter(stages);
      try {
        while ((stage = pollStage()) == null) {
          waiter.park();
        }
      } finally {
        queue.leave(waiter);
      }
    }
    return stage;
  }

  private @Nullable MemorySegment pollStage() {
    if (free == 0) {
      return null;
    }
    lock.lock();
    try {
      MemorySegment stage = stages.poll();
      if (stage == null && made < STAGES) {
        stage = arena.allocate(STAGE_BYTES, HostFile.ALIGNMENT);
        made++;
      }
      free = STAGES - made + stages.size();
      return stage;
    } finally {
      lock.unlock();
    }
  }

  void giveStage(MemorySegment stage) {
    lock.lock();
    stages.add(stage);
    free = STAGES - made + stages.size();
    lock.unlock();
    queue.wakeAll(stages);
  }

  /// What the host said, in our words.
  static FsException translate(String what, IOException e) {
    if (e instanceof FsException ours) {
      return ours;
    }
    Errno errno = errnoOf(e);
    String detail = e instanceof FileSystemException f && f.getReason() != null
        ? what + " (" + f.getReason() + ")"
        : what;
    return new FsException(errno, detail, e);
  }

  static Errno errnoOf(IOException e) {
    if (e instanceof NoSuchFileException) {
      return Errno.ENOENT;
    } else if (e instanceof FileAlreadyExistsException) {
      return Errno.EEXIST;
    } else if (e instanceof DirectoryNotEmptyException) {
      return Errno.ENOTEMPTY;
    } else if (e instanceof NotDirectoryException) {
      return Errno.ENOTDIR;
    } else if (e instanceof NotLinkException) {
      return Errno.EINVAL;
    } else if (e instanceof AccessDeniedException) {
      return Errno.EACCES;
    } else if (e instanceof AtomicMoveNotSupportedException) {
      return Errno.EXDEV;
    }
    // The JDK has no class for the rest, only the host's words.
    String words = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return switch (words == null ? "" : words) {
      case "No space left on device" -> Errno.ENOSPC;
      case "Disk quota exceeded" -> Errno.EDQUOT;
      case "Read-only file system" -> Errno.EROFS;
      case "File name too long" -> Errno.ENAMETOOLONG;
      case "Operation not permitted" -> Errno.EPERM;
      case "Directory not empty" -> Errno.ENOTEMPTY;
      case "Not a directory" -> Errno.ENOTDIR;
      case "Is a directory" -> Errno.EISDIR;
      case "Invalid argument" -> Errno.EINVAL;
      case "File too large" -> Errno.EFBIG;
      case "Too many links" -> Errno.EMLINK;
      case "Operation not supported" -> Errno.EOPNOTSUPP;
      case "Too many levels of symbolic links",
          "Too many levels of symbolic links or unable to access attributes of symbolic link" ->
          Errno.ELOOP;
      default -> Errno.EIO;
    };
  }

  @Override
  public void close() {
    threads.shutdown();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) { // every request ends by itself
      try {
        ended = threads.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    arena.close();
  }
}
