package org.pagewright.nio;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.OverlappingFileLockException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.LockRequest;
import org.pagewright.vfs.OpenFile;

/// The locks of one channel.
///
/// A [FileLock] is held on behalf of the whole process: two of them never overlap, shared or not,
/// and asking for one that would is an error of the program that does not wait. So each is entered
/// in a table of the process first, by inode, whichever file system of a volume its channel is of.
/// Then the volume is asked, where those of other doors stand in the way: to it, each channel is an
/// owner of its own.
final class ChannelLocks {
  /// All locks of this process, held or waited for.
  private static final Map<Inode, List<FileLock>> OF_PROCESS = new ConcurrentHashMap<>();

  private final OpenFile file;
  private final boolean readable;
  private final boolean writable;
  private final LockOwner owner;
  private final Set<Held> held = ConcurrentHashMap.newKeySet();

  ChannelLocks(OpenFile file, OpenRequest request) {
    this.file = file;
    this.readable = request.reads();
    this.writable = request.writes();
    this.owner = new LockOwner(file, 0, (int) ProcessHandle.current().pid());
  }

  /// A lock, held or waited for, until it is let go.
  static final class Held extends FileLock {
    private final ChannelLocks locks;
    private volatile boolean released;

    private Held(
        ChannelLocks locks, FileChannel channel, long position, long size, boolean shared) {
      super(channel, position, size, shared);
      this.locks = locks;
    }

    private Held(
        ChannelLocks locks,
        AsynchronousFileChannel channel,
        long position,
        long size,
        boolean shared) {
      super(channel, position, size, shared);
      this.locks = locks;
    }

    private org.pagewright.vfs.FileLock inVolume() {
      long last = size() == 0 ? Long.MAX_VALUE : position() + size() - 1;
      return org.pagewright.vfs.FileLock.range(locks.owner, !isShared(), position(), last);
    }

    @Override
    public boolean isValid() {
      return !released && acquiredBy().isOpen();
    }

    @Override
    public void release() throws IOException {
      Channel channel = acquiredBy();
      if (!channel.isOpen()) {
        throw new ClosedChannelException();
      }
      try {
        locks.drop(this);
      } catch (FsException e) {
        throw Failures.of(e, channel);
      }
    }
  }

  /// A size of 0 means all bytes from the position on.
  private static long sizeOf(long position, long size) {
    return size == 0 ? Long.MAX_VALUE - Math.max(0, position) : size;
  }

  private void check(boolean shared) {
    if (shared && !readable) {
      throw new NonReadableChannelException();
    }
    if (!shared && !writable) {
      throw new NonWritableChannelException();
    }
  }

  /// Enters a lock that is to be asked for.
  ///
  /// @throws OverlappingFileLockException if a lock of this process has some of its bytes
  Held enter(FileChannel channel, long position, long size, boolean shared) {
    check(shared);
    return enter(new Held(this, channel, position, sizeOf(position, size), shared));
  }

  /// The same for an asynchronous channel.
  ///
  /// @throws OverlappingFileLockException if a lock of this process has some of its bytes
  Held enter(AsynchronousFileChannel channel, long position, long size, boolean shared) {
    check(shared);
    return enter(new Held(this, channel, position, sizeOf(position, size), shared));
  }

  private Held enter(Held lock) {
    OF_PROCESS.compute(
        file.inode(),
        (inode, others) -> {
          List<FileLock> all = others == null ? new ArrayList<>(1) : others;
          for (FileLock other : all) {
            if (other.overlaps(lock.position(), lock.size())) {
              throw new OverlappingFileLockException();
            }
          }
          all.add(lock);
          return all;
        });
    held.add(lock);
    return lock;
  }

  /// Takes a lock that was entered, if it is to be had now.
  ///
  /// @return null if somebody else has it; it is dropped then
  /// @throws AsynchronousCloseException if the channel was closed meanwhile
  @Nullable Held tryTake(Held lock) throws FsException, AsynchronousCloseException {
    Channel channel = lock.acquiredBy();
    boolean taken = false;
    try {
      taken = file.tryLock(lock.inVolume());
    } finally {
      if (!taken || !channel.isOpen()) {
        drop(lock);
      }
    }
    if (!channel.isOpen()) {
      throw new AsynchronousCloseException();
    }
    return taken ? lock : null;
  }

  /// Asks for a lock that was entered, and comes back at once.
  LockRequest request(Held lock, LockRequest.Listener listener) throws FsException {
    return file.requestLock(lock.inVolume(), listener);
  }

  /// Gives up a request; granted or not, the lock is to be dropped then.
  void cancel(LockRequest request) {
    file.cancelLock(request);
  }

  /// Lets a lock go. Idempotent.
  void drop(Held lock) throws FsException {
    if (!held.remove(lock)) {
      return;
    }
    lock.released = true;
    try {
      file.unlock(lock.inVolume());
    } finally {
      OF_PROCESS.computeIfPresent(
          file.inode(),
          (inode, all) -> {
            all.remove(lock);
            return all.isEmpty() ? null : all;
          });
    }
  }

  /// Lets all go, before the file is closed.
  void dropAll() throws FsException {
    FsException failed = null;
    for (Held lock : held) {
      try {
        drop(lock);
      } catch (FsException e) {
        failed = e;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
