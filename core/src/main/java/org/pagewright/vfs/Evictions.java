package org.pagewright.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.writeback.Writeback;

/// How inodes of one volume leave memory, after [InodeCache] has put them in FREEING.
///
///     has names     written back, then dropped; if that fails it stays, dirty (R-H8)
///     has none      freed on disk; while the volume is frozen, or if it fails, that is put off:
///                   until the thaw, or the next sync
///     after [#shut] only dropped: nothing reaches the device any more
final class Evictions {
  private final SuperBlock superBlock;
  private final InodeCache inodes;
  private final DirtyInodes dirty;
  private final FreezeLock writeLevel;
  private final FreezeLock level; // shut for ever when the file system is about to be closed
  private final Mutex lock;

  // Guarded by lock: inodes to be freed at thaw or by the next sync.
  private final List<Inode> deferred = new ArrayList<>();
  private @Nullable FsException whyDeferred; // guarded by lock: why the last one was not freed

  Evictions(
      SuperBlock superBlock, InodeCache inodes, DirtyInodes dirty, FreezeLock writeLevel) {
    this.superBlock = superBlock;
    this.inodes = inodes;
    this.dirty = dirty;
    this.writeLevel = writeLevel;
    this.level = new FreezeLock(LockClass.SB_WRITE, superBlock);
    this.lock = new Mutex(LockClass.INODE_STATE, superBlock);
  }

  /// Brings an inode in FREEING to its end.
  void evict(Inode inode) {
    if (!level.tryStart()) {
      evictClosed(inode);
      return;
    }
    try {
      evictOpen(inode);
    } finally {
      level.end();
    }
  }

  /// Evicts what nobody holds.
  void evictUnused() {
    Inode inode;
    while ((inode = inodes.takeUnused()) != null) {
      evict(inode);
    }
  }

  /// Waits for the evictions under way. What is evicted later changes nothing on the device.
  void shut() {
    level.freeze();
  }

  /// Whether [#shut] was called.
  boolean isShut() {
    return level.isFrozen();
  }

  // ---- Three ways -------------------------------------------------------------------------------

  /// The file system is closed, or about to be: a file was open when that was forced. Nothing of
  /// the inode reaches the device; one without names is freed by whoever opens the volume next.
  private void evictClosed(Inode inode) {
    begin(inode, true);
    if (inode.nlink() != 0 && inode.needsWriting()) {
      superBlock.report(
          inode + ": evict",
          new FsException(Errno.EIO, inode + ": written to while its volume was closed by force"));
    }
    drop(inode);
    inodes.evicted(inode, true);
  }

  private void evictOpen(Inode inode) {
    if (inode.nlink() != 0 || superBlock.isShutDown()) {
      evictNow(inode);
      return;
    }
    if (writeLevel.tryStart()) {
      try {
        evictNow(inode);
      } finally {
        writeLevel.end();
      }
      return;
    }
    // Frozen, or about to be: freeing it changes the image. Thaw does it.
    lock.lock();
    deferred.add(inode);
    lock.unlock();
    if (!writeLevel.isFrozen()) {
      // Thawed between the two, and who thawed did not find it. That may have been a close, which
      // waits for us, but looks no more at what was put off.
      for (Inode found : takeDeferred()) {
        evictOpen(found);
      }
    }
  }

  private void evictNow(Inode inode) {
    begin(inode, inode.nlink() == 0);
    if (inode.nlink() != 0 && !superBlock.isShutDown()) {
      FsException failed = writeBack(inode);
      if (failed != null) {
        superBlock.report(inode + ": write back before eviction", failed);
        if (!superBlock.isEnding()) {
          // Nothing accepted is given up: it stays, dirty, until a write succeeds (R-H8).
          inodes.evicted(inode, false);
          return;
        }
      }
    }
    FsException failed = drop(inode);
    if (failed != null
        && inode.nlink() == 0
        && !superBlock.isShutDown()
        && !superBlock.isEnding()) {
      // Half freed is lost space and a damaged image: the next sync goes on.
      inodes.stuck(inode);
      lock.lock();
      deferred.add(inode);
      whyDeferred = failed;
      lock.unlock();
      return;
    }
    inodes.evicted(inode, true);
  }

  // ---- What they share --------------------------------------------------------------------------

  private void begin(Inode inode, boolean exiting) {
    if (inode.fileLocks != null) {
      superBlock.fileLocks().forgetAll(inode);
    }
    if (exiting) {
      inode.mapping().setExiting();
    }
    inodes.awaitSync(inode);
  }

  /// Drops what the inode has in memory; the file system frees it if it has no names.
  ///
  /// @return why that failed, or null
  private @Nullable FsException drop(Inode inode) {
    dropFolios(inode.mapping());
    inode.clearDirty();
    dirty.remove(inode);
    try {
      superBlock.operations().evictInode(inode);
      return null;
    } catch (FsException e) {
      superBlock.report(inode + ": evict", e);
      return e;
    }
  }

  /// Drops every folio of a file that is going away.
  static void dropFolios(AddressSpace mapping) {
    mapping.invalidateLock().lock();
    try {
      Truncate.truncatePages(mapping, 0, Long.MAX_VALUE);
    } finally {
      mapping.invalidateLock().unlock();
    }
  }

  private static @Nullable FsException writeBack(Inode inode) {
    try {
      Errno errno = Writeback.syncRange(inode.mapping(), 0, AddressSpace.MAX_SIZE - 1);
      inode.writeBack(false, false);
      boolean failed = errno != null && inode.needsWriting();
      return failed ? new FsException(errno, inode.toString()) : null;
    } catch (FsException e) {
      return e;
    }
  }

  // ---- Put off ----------------------------------------------------------------------------------

  /// Frees what was put off, as far as that goes now.
  void evictDeferred() {
    for (Inode inode : takeDeferred()) {
      evict(inode);
    }
  }

  /// Takes what was put off, to be tried again.
  private List<Inode> takeDeferred() {
    lock.lock();
    List<Inode> now = List.copyOf(deferred);
    deferred.clear();
    lock.unlock();
    for (Inode inode : now) {
      inodes.tryAgain(inode);
    }
    return now;
  }

  /// Whether something is put off still.
  boolean hasDeferred() {
    lock.lock();
    try {
      return !deferred.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /// Throws if something is put off still: its space cannot be freed.
  ///
  /// @throws FsException of what the last attempt failed; EIO
  void checkDeferred() throws FsException {
    lock.lock();
    int left = deferred.size();
    FsException why = whyDeferred;
    lock.unlock();
    if (left > 0) {
      String what = superBlock + ": space of " + left + " removed files cannot be freed";
      throw why == null
          ? new FsException(Errno.EIO, what)
          : new FsException(why.errno(), what + ": " + why.getMessage(), why);
    }
  }
}
