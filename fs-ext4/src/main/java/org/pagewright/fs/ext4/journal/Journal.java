package org.pagewright.fs.ext4.journal;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.RwSem;

/// Groups changes of metadata blocks by operation, and decides when they reach the device.
///
/// Who changes metadata calls [#start]; the rest happens through the [Handle]. What a kind of
/// journal does with a declared or changed block is in the methods that it overrides.
public abstract class Journal {
  private final BufferCache cache;

  /// Handles share it; a barrier, which wants a moment without handles, takes it alone.
  private final RwSem handles;

  private final ThreadLocal<@Nullable Handle> current = new ThreadLocal<>();

  /// A journal without handles.
  ///
  /// @param cache the metadata blocks that it watches over
  protected Journal(BufferCache cache) {
    this.cache = cache;
    this.handles = new RwSem(LockClass.JOURNAL_HANDLE, cache.device().name());
  }

  /// {@return the metadata blocks that this journal watches over}
  public final BufferCache cache() {
    return cache;
  }

  /// Begins an operation, or joins the one that this thread has begun: then the same handle is
  /// returned, and only its last [Handle#stop()] ends it. May sleep for a barrier, and for the
  /// device when there is much dirty metadata. Hold no lock from JOURNAL_HANDLE on, unless nested.
  ///
  /// @param credits how many different blocks the operation may declare; nested, the number that
  ///     the outer start must have room for
  /// @return the handle, to be stopped by this thread
  /// @throws FsException EIO, EROFS after the file system was shut down
  public final Handle start(int credits) throws FsException {
    Handle handle = current.get();
    if (handle != null) {
      return handle.nest(credits);
    }
    cache.balanceDirty();
    handles.lockShared();
    boolean started = false;
    try {
      begin(credits);
      handle = new Handle(this, credits);
      current.set(handle);
      started = true;
      return handle;
    } finally {
      if (!started) {
        handles.unlockShared();
      }
    }
  }

  /// {@return the handle that this thread has open, or null}
  public final @Nullable Handle current() {
    return current.get();
  }

  /// Waits until no handle is open and keeps new ones from starting, for a freeze, until
  /// [#unlockUpdates()]. The thread must have no handle open.
  public final void lockUpdates() {
    assert current.get() == null : "barrier within " + current.get();
    handles.lock();
  }

  /// Lets handles start again.
  public final void unlockUpdates() {
    handles.unlock();
  }

  /// Ends the outermost handle: called by it.
  final void stopped(Handle handle) {
    assert current.get() == handle : handle + " stopped by another thread";
    current.remove();
    end(handle);
    handles.unlockShared();
  }

  /// Lets a barrier or a commit in between two steps of a long operation.
  final void restarted(Handle handle, int credits) throws FsException {
    end(handle);
    handles.unlockShared();
    try {
      cache.balanceDirty();
    } finally {
      // Also when it throws: the handle stays open for its owner to stop.
      handles.lockShared();
    }
    begin(credits);
  }

  /// Makes durable everything that stopped handles have changed, flush included.
  ///
  /// @throws FsException EIO
  public abstract void commit() throws FsException;

  /// A handle begins or goes on: room for its credits is found. JOURNAL_HANDLE is held shared.
  ///
  /// @param credits number of blocks
  /// @throws FsException EIO, EROFS, ENOSPC if it can never fit
  protected abstract void begin(int credits) throws FsException;

  /// More room is wanted for a running handle.
  ///
  /// @param handle which
  /// @param credits how many blocks more
  /// @return false if the handle must be restarted to have them
  protected abstract boolean extend(Handle handle, int credits);

  /// A handle ends, or is about to be restarted. JOURNAL_HANDLE is held shared.
  ///
  /// @param handle which
  protected abstract void end(Handle handle);

  /// A block is about to be changed.
  ///
  /// @param handle by whom
  /// @param buffer which
  /// @throws FsException EIO
  protected abstract void writeAccess(Handle handle, Buffer buffer) throws FsException;

  /// A block was changed.
  ///
  /// @param handle by whom
  /// @param buffer which
  protected abstract void dirtied(Handle handle, Buffer buffer);

  /// Metadata blocks were freed.
  ///
  /// @param handle by whom
  /// @param blockNr first block
  /// @param count how many
  protected abstract void revoked(Handle handle, long blockNr, long count);
}
