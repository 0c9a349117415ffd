package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;

/// A lock that somebody waits for without a thread, or with one.
///
///     WAITING --> GRANTED     the last lock in the way went, in whosever thread that was
///        |------> FAILED      there was no room to note it: ENOLCK
///        |------> GONE        the volume was closed: EIO
///        +------> CANCELLED   by [OpenFile#cancelLock]
public final class LockRequest {
  /// Hears of the end of a wait.
  public interface Listener {
    /// The request was granted or has failed. Called once, without any lock of the volume, by the
    /// thread that made way; never for a request that was cancelled. Must neither wait nor throw.
    ///
    /// @param request which
    void ended(LockRequest request);
  }

  /// How far it is.
  enum State {
    WAITING,
    GRANTED,
    FAILED,
    GONE,
    CANCELLED
  }

  private final Inode inode;
  private final FileLock lock;
  private final Listener listener;

  /// Written under the lock of FileLocks.
  volatile State state = State.WAITING;

  LockRequest(Inode inode, FileLock lock, Listener listener) {
    this.inode = inode;
    this.lock = lock;
    this.listener = listener;
  }

  Inode inode() {
    return inode;
  }

  /// What is asked for.
  ///
  /// @return never null
  public FileLock lock() {
    return lock;
  }

  /// Whether it is neither granted nor over.
  ///
  /// @return true as long as somebody else is in the way
  public boolean isWaiting() {
    return state == State.WAITING;
  }

  /// Whether the lock is, or was, held because of this request.
  ///
  /// @return true once granted
  public boolean isGranted() {
    return state == State.GRANTED;
  }

  /// Why it failed.
  ///
  /// @return ENOLCK, EIO if the volume was closed, EINTR if it was cancelled; null if none
  public @Nullable Errno error() {
    return switch (state) {
      case WAITING, GRANTED -> null;
      case FAILED -> Errno.ENOLCK;
      case GONE -> Errno.EIO;
      case CANCELLED -> Errno.EINTR;
    };
  }

  void tell() {
    listener.ended(this);
  }

  @Override
  public String toString() {
    return inode + ": " + lock + " " + state;
  }
}
