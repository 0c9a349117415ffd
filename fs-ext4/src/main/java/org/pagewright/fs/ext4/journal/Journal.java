package org.pagewright.fs.ext4.journal;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.stats.Counters;
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
    handle = new Handle(this, credits);
    enter(handle, credits);
    current.set(handle);
    return handle;
  }

  /// Takes the shared side, once there is room for the credits.
  private void enter(Handle handle, int credits) throws FsException {
    // Ends: each round but the last has waited for a commit or a checkpoint of others' changes.
    while (true) {
      handles.lockShared();
      boolean began = false;
      try {
        began = begin(handle, credits);
      } finally {
        if (!began) {
          handles.unlockShared();
        }
      }
      if (began) {
        return;
      }
      makeRoom(credits);
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
    boolean entered = false;
    try {
      cache.balanceDirty();
      enter(handle, credits);
      entered = true;
    } finally {
      if (!entered) {
        handles.lockShared(); // the handle stays open for its owner to stop
      }
    }
  }

  /// What is told of blocks that were freed and may be given out again.
  public interface FreedBlocks {
    /// The transaction that freed them is committed. Called with JOURNAL_COMMIT held, at most.
    ///
    /// @param blockNr first block
    /// @param count how many
    void release(long blockNr, long count);
  }

  private volatile @Nullable FreedBlocks freedBlocks;

  /// Says who wants to know of freed blocks; before the first handle.
  ///
  /// @param listener the allocator
  public final void setFreedBlocks(FreedBlocks listener) {
    freedBlocks = listener;
  }

  final @Nullable FreedBlocks freedBlocks() {
    return freedBlocks;
  }

  /// Says where commits are counted.
  ///
  /// @param counters those of the volume
  public void countIn(Counters counters) {}

  /// The side that only one has, for a commit: no handle is open while it is held.
  final RwSem barrier() {
    return handles;
  }

  /// Makes durable everything that stopped handles have changed, flush included. No handle open, no
  /// lock from JOURNAL_COMMIT on.
  ///
  /// @throws FsException EIO
  public abstract void commit() throws FsException;

  /// Makes durable what a transaction holds, and every write to the device that has ended. No
  /// handle open, no lock from JOURNAL_COMMIT on.
  ///
  /// @param transaction from [Handle#transaction()]
  /// @throws FsException EIO
  public abstract void sync(long transaction) throws FsException;

  /// Asks for a commit in the near future. Never waits.
  public void startCommit() {}

  /// Brings every committed block to its place and leaves the log empty, so that the image is good
  /// by itself. No handle open, no lock from JOURNAL_COMMIT on.
  ///
  /// @throws FsException EIO
  public abstract void flush() throws FsException;

  /// Whether the log holds what a crash must not lose: then the image says that it needs recovery.
  ///
  /// @return false for a journal that is none
  public boolean recovers() {
    return false;
  }

  /// Ends threads of the journal. Writes nothing: [#flush] comes first.
  public void close() {}

  /// A handle begins or goes on: room for its credits is set aside. JOURNAL_HANDLE is held shared.
  ///
  /// @param handle which
  /// @param credits number of blocks
  /// @return false if room must be made first
  /// @throws FsException EIO, EROFS, ENOSPC if it can never fit
  protected abstract boolean begin(Handle handle, int credits) throws FsException;

  /// Waits for what makes room for a handle. JOURNAL_HANDLE is not held.
  ///
  /// @param credits number of blocks
  /// @throws FsException EIO
  protected abstract void makeRoom(int credits) throws FsException;

  /// {@return number of the transaction that handles are joining now; 0 if there are none}
  public abstract long newestTransaction();

  /// Stops for good: nothing is committed any more. What was is kept for the next recovery. Never
  /// blocks.
  ///
  /// @param why what every later call is told
  public void stop(FsException why) {}

  /// Number of the transaction that a handle belongs to; 0 if there are none.
  abstract long transactionOf(Handle handle);

  /// Blocks were freed.
  ///
  /// @return false if they may be given out again at once
  abstract boolean freed(Handle handle, long blockNr, long count);

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
