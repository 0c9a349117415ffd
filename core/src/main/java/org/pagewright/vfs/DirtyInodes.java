package org.pagewright.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.writeback.Clock;
import org.pagewright.writeback.FlushTarget;

/// The inodes of one volume that have something to write: dirty fields, dirty folios, or folios
/// under write-out. They are on one list, in the order in which they became so.
///
/// The flusher walks it by age and amount, a sync walks all of it; a walk looks only at what was on
/// the list when it began, so it ends however fast others dirty more (R-H3). It takes no
/// references, see [InodeCache#beginSync].
final class DirtyInodes implements FlushTarget {
  private final SuperBlock superBlock;
  private final InodeCache inodes;
  private final Clock clock;
  private final Mutex lock;

  // Guarded by lock, with the links in the inodes: oldest first.
  private @Nullable Inode first;
  private @Nullable Inode last;
  private int size;

  DirtyInodes(SuperBlock superBlock, InodeCache inodes, Clock clock) {
    this.superBlock = superBlock;
    this.inodes = inodes;
    this.clock = clock;
    this.lock = new Mutex(LockClass.INODE_STATE, superBlock);
  }

  // ---- The list ---------------------------------------------------------------------------------

  /// Puts an inode on the list. Any lock above INODE_STATE may be held.
  ///
  /// @return false if it was there
  boolean add(Inode inode) {
    lock.lock();
    boolean joins = !inode.onDirtyList;
    if (joins) {
      inode.unsyncedSince = clock.nanoTime();
      appendLocked(inode);
    }
    lock.unlock();
    return joins;
  }

  /// Takes an inode off the list if it is there.
  void remove(Inode inode) {
    lock.lock();
    if (inode.onDirtyList) {
      unlinkLocked(inode);
    }
    lock.unlock();
  }

  /// {@return how many there are; a number that may be old already}
  int size() {
    lock.lock();
    int n = size;
    lock.unlock();
    return n;
  }

  private void appendLocked(Inode inode) {
    inode.onDirtyList = true;
    inode.dirtySince = clock.nanoTime();
    inode.dirtyNext = null;
    inode.dirtyPrevious = last;
    if (last != null) {
      last.dirtyNext = inode;
    } else {
      first = inode;
    }
    last = inode;
    size++;
  }

  private void unlinkLocked(Inode inode) {
    inode.onDirtyList = false;
    if (inode.dirtyPrevious != null) {
      inode.dirtyPrevious.dirtyNext = inode.dirtyNext;
    } else {
      first = inode.dirtyNext;
    }
    if (inode.dirtyNext != null) {
      inode.dirtyNext.dirtyPrevious = inode.dirtyPrevious;
    } else {
      last = inode.dirtyPrevious;
    }
    inode.dirtyNext = null;
    inode.dirtyPrevious = null;
    size--;
  }

  // ---- Walks ------------------------------------------------------------------------------------

  @Override
  public String name() {
    return superBlock.toString();
  }

  @Override
  public boolean hasDirty() {
    return size() > 0;
  }

  @Override
  public void shutDown(Throwable cause) {
    superBlock.shutdown("flusher", cause);
  }

  @Override
  public void forEachDirty(long until, Visitor visitor) {
    show(dirtyUntil(until), visitor);
  }

  @Override
  public void forEachUnsynced(long until, Visitor visitor) {
    show(unsyncedUntil(until), visitor);
  }

  /// Forgets what is dirty: without a store there is nothing to write but the inodes, and those
  /// only in name.
  void clean() {
    forEachDirty(
        clock.nanoTime(),
        new Visitor() {
          @Override
          public boolean visit(DirtyInode inode) {
            ((Inode) inode).clearDirty();
            return true;
          }

          @Override
          public boolean mayGoOn() {
            return true;
          }
        });
  }

  private void show(Inode[] found, Visitor visitor) {
    for (Inode inode : found) {
      if (!visitor.mayGoOn()) {
        return;
      }
      if (inodes.beginSync(inode)) { // else it is being evicted: written or freed by that
        try {
          boolean all = visitor.visit(inode);
          visited(inode, all);
        } finally {
          inodes.endSync(inode);
        }
      }
    }
  }

  /// The inodes that became dirty up to a moment, oldest first. No longer than the table of inodes.
  private Inode[] dirtyUntil(long until) {
    lock.lock();
    try {
      int n = 0;
      for (Inode i = first; i != null && i.dirtySince - until <= 0; i = i.dirtyNext) {
        n++;
      }
      Inode[] found = new Inode[n];
      Inode i = first;
      for (int k = 0; k < n && i != null; k++, i = i.dirtyNext) {
        found[k] = i;
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  /// The inodes that have been dirty since a moment or longer, whatever walks came by.
  private Inode[] unsyncedUntil(long until) {
    lock.lock();
    try {
      List<Inode> found = new ArrayList<>(size);
      for (Inode i = first; i != null; i = i.dirtyNext) {
        if (i.unsyncedSince - until <= 0) {
          found.add(i);
        }
      }
      return found.toArray(new Inode[0]);
    } finally {
      lock.unlock();
    }
  }

  /// An inode leaves the list if it is clean: who dirties it later finds it off the list and puts
  /// it back. If all of it was tried and it is dirty still, it counts as having become so now.
  private void visited(Inode inode, boolean all) {
    lock.lock();
    if (inode.onDirtyList) {
      boolean needed = inode.needsWriting();
      if (!needed || all) {
        unlinkLocked(inode);
      }
      if (needed && all) {
        appendLocked(inode);
      }
    }
    lock.unlock();
  }
}
