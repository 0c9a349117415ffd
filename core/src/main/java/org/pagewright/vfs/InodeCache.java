package org.pagewright.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// The inodes of one volume that are in memory, by number.
///
///                 readInode ok                last put, many unused           evicted
///     (loading) ---------------> LIVE, refs>0 <----> LIVE, refs=0 -> FREEING ---------> gone
///                                     |               (on the LRU)      ^
///                                     +--- last put, link count 0 ------+
///
/// One object for each number at any time: a number that is being loaded or freed makes a second
/// caller wait. Compare Linux's fs/inode.c:iget_locked().
///
/// A walk over dirty inodes takes no reference, because then it could be the one who gives the last
/// one back: who removed a file and let go of it would find its space not free yet. It says that it
/// is at the inode ([#beginSync]), and an eviction waits for it. That is I_SYNC in Linux.
///
/// Whoever makes a new inode claims its number first. Until it is entered, nobody finds it: a
/// number that came from outside (a file handle) is ESTALE, and what somebody read of it meanwhile
/// is thrown away, because it may be half of the old inode and half of the new.
final class InodeCache {
  /// How far from the old end an eviction looks for an inode that is clean.
  private static final int SCAN_MAX = 32;

  /// A number that one thread is reading from disk.
  private static final class Loading {
    final long ino;
    volatile boolean done;
    boolean outdated; // guarded by lock

    Loading(long ino) {
      this.ino = ino;
    }
  }

  private final SuperBlock superBlock;
  private final int unusedMax;
  private final Mutex lock = new Mutex(LockClass.DCACHE, "inodes");
  private final WaitQueue queue = new WaitQueue();

  // Guarded by lock.
  private @Nullable Inode[] table = new Inode[256];
  private int count;
  private int unusedCount;
  private @Nullable Inode oldest;
  private @Nullable Inode youngest;
  private final List<Loading> loading = new ArrayList<>();
  private final List<Long> claimed = new ArrayList<>(); // about to be made
  private final List<Inode> leaving = new ArrayList<>(); // in FREEING, with names: written first

  InodeCache(SuperBlock superBlock, int unusedMax) {
    this.superBlock = superBlock;
    this.unusedMax = unusedMax;
  }

  private static int bucket(long ino, int length) {
    return (int) (ino * 0x9E3779B97F4A7C15L >>> 32) & length - 1;
  }

  private @Nullable Inode findLocked(long ino) {
    for (Inode i = table[bucket(ino, table.length)]; i != null; i = i.hashNext) {
      if (i.ino() == ino) {
        return i;
      }
    }
    return null;
  }

  /// The inode with a number, with one more reference; read from disk if need be.
  ///
  /// @param trusted whether the number comes from the volume itself
  Inode get(long ino, boolean trusted) throws FsException {
    Loading mine;
    while (true) {
      lock.lock();
      Inode inode = findLocked(ino);
      if (inode != null && inode.state == Inode.LIVE) {
        refLocked(inode);
        lock.unlock();
        return inode;
      }
      if (inode != null && inode.state == Inode.STUCK) {
        lock.unlock();
        throw new FsException(
            Errno.ESTALE, inode + " is to be freed, which failed: an entry still names it");
      }
      if (!trusted
          && inode != null
          && inode.state == Inode.FREEING
          && inode.nlink() == 0) {
        // Whatever comes to have the number next is another file. Nobody is to wait for an end that
        // comes with a thaw only. (Who found a name waits: that may be one of the next file.)
        lock.unlock();
        throw new FsException(Errno.ESTALE, inode + " has no name and is being freed");
      }
      if (inode == null && claimed.contains(ino)) {
        lock.unlock();
        throw new FsException(Errno.ESTALE, superBlock + ": inode " + ino + " is being made");
      }
      Object other = inode != null ? inode : findLoadingLocked(ino);
      if (other == null) {
        mine = new Loading(ino);
        loading.add(mine);
        lock.unlock();
        break;
      }
      waitFor(other); // then look again: it may be there, gone, or in the hands of a third
    }
    Inode inode = null;
    try {
      inode =
          trusted
              ? superBlock.operations().readInode(superBlock, ino)
              : superBlock.operations().readUntrusted(superBlock, ino);
      assert inode.ino() == ino : inode + " read for " + ino;
      inode.loadAcls();
    } finally {
      lock.lock();
      loading.remove(mine);
      if (inode != null && (mine.outdated || findLocked(ino) != null)) {
        inode = null; // its number was given to a new one meanwhile
      }
      if (inode != null) {
        inode.refs = 1;
        insertLocked(inode);
      }
      lock.unlock();
      mine.done = true;
      queue.wakeAll(mine);
    }
    if (inode == null) {
      throw new FsException(Errno.ESTALE, superBlock + ": inode " + ino + " was just made");
    }
    return inode;
  }

  /// Claims a number for an inode about to be made, until [#insertNew] or [#unclaim].
  ///
  /// @return false if it is in use
  boolean claim(long ino) {
    lock.lock();
    try {
      Inode old = findLocked(ino);
      if (old != null && old.state != Inode.FREEING) {
        return false;
      }
      claimed.add(ino);
      for (Loading l : loading) {
        // What it reads is of a time when there was no such inode, or of one that may be made,
        // removed and free again before it is done: not to be entered.
        l.outdated |= l.ino == ino;
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// The inode was not made after all.
  void unclaim(long ino) {
    lock.lock();
    claimed.remove((Long) ino);
    lock.unlock();
  }

  /// The inode with a number if it is in memory and not on its way out, with one more reference.
  @Nullable Inode getCached(long ino) {
    lock.lock();
    try {
      Inode inode = findLocked(ino);
      if (inode == null || inode.state != Inode.LIVE) {
        return null;
      }
      refLocked(inode);
      return inode;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Loading findLoadingLocked(long ino) {
    for (Loading l : loading) {
      if (l.ino == ino) {
        return l;
      }
    }
    return null;
  }

  /// Called with the lock held, which it gives back.
  private void waitFor(Object other) {
    WaitQueue.Waiter waiter = queue.enter(other);
    lock.unlock();
    try {
      while (other instanceof Inode inode
          ? inode.state == Inode.FREEING
          : !((Loading) other).done) {
        waiter.park();
      }
    } finally {
      queue.leave(waiter);
    }
  }

  /// Enters an inode that was just made, with one reference. If the number belonged to an inode
  /// whose eviction has freed it already but has not ended yet, waits for that.
  void insertNew(Inode inode) {
    while (true) {
      lock.lock();
      Inode old = findLocked(inode.ino());
      if (old == null) {
        inode.refs = 1;
        insertLocked(inode);
        claimed.remove((Long) inode.ino());
        lock.unlock();
        return;
      }
      if (old.state != Inode.FREEING) { // the file system has looked before
        lock.unlock();
        throw new AssertionError(inode + " made while " + old + " is in use");
      }
      waitFor(old);
    }
  }

  private void insertLocked(Inode inode) {
    if (count > table.length) {
      @Nullable Inode[] wide = new Inode[table.length * 2];
      for (Inode head : table) {
        for (Inode i = head; i != null; ) {
          final Inode next = i.hashNext;
          int b = bucket(i.ino(), wide.length);
          i.hashNext = wide[b];
          wide[b] = i;
          i = next;
        }
      }
      table = wide;
    }
    int b = bucket(inode.ino(), table.length);
    inode.hashNext = table[b];
    table[b] = inode;
    inode.state = Inode.LIVE;
    count++;
  }

  private void refLocked(Inode inode) {
    if (inode.refs++ == 0) {
      unlinkUnusedLocked(inode);
    }
  }

  /// One more reference to an inode that the caller has one of already.
  void hold(Inode inode) {
    lock.lock();
    assert inode.state == Inode.LIVE : inode + " held without a reference";
    refLocked(inode);
    lock.unlock();
  }

  /// One more reference to an inode that goes only with the volume.
  ///
  /// @return false if it is gone, or about to be
  boolean tryHold(Inode inode) {
    lock.lock();
    try {
      if (inode.state != Inode.LIVE) {
        return false;
      }
      refLocked(inode);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// A walk is about to write an inode out, which stays in memory until [#endSync]. Several may be
  /// at it.
  ///
  /// @return false if it is being evicted
  boolean beginSync(Inode inode) {
    lock.lock();
    try {
      if (inode.state != Inode.LIVE) {
        return false;
      }
      inode.syncing++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// The walk has left the inode.
  void endSync(Inode inode) {
    lock.lock();
    assert inode.syncing > 0 : inode + " left once too often";
    boolean last = --inode.syncing == 0;
    lock.unlock();
    if (last) {
      queue.wakeAll(inode);
    }
  }

  /// Waits until no walk is at an inode in FREEING, where none begins any more.
  void awaitSync(Inode inode) {
    assert inode.state == Inode.FREEING : inode + " is not about to be evicted";
    if (inode.syncing == 0) {
      return;
    }
    WaitQueue.Waiter waiter = queue.enter(inode);
    try {
      while (inode.syncing > 0) {
        waiter.park();
      }
    } finally {
      queue.leave(waiter);
    }
  }

  /// Gives a reference back. With the last one, an inode without names is evicted, and one with
  /// names joins the unused; if there are too many of those, an old one is evicted.
  void put(Inode inode) {
    Inode victim = null;
    lock.lock();
    assert inode.refs > 0 && inode.state == Inode.LIVE : inode + " put once too often";
    if (--inode.refs == 0) {
      if (inode.nlink() == 0 || superBlock.isClosed()) {
        inode.state = Inode.FREEING;
        victim = inode;
      } else {
        linkUnusedLocked(inode);
        if (unusedCount > unusedMax && !superBlock.operations().livesInMemory()) {
          victim = victimLocked();
        }
      }
    }
    lock.unlock();
    if (victim != null) {
      superBlock.evict(victim);
    }
    if (superBlock.isGone()) {
      queue.wakeAll(this);
    }
  }

  /// Waits until nobody holds an inode, but not for ever. The volume is gone.
  void awaitUnused(Clock clock, long nanos) {
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      long start = clock.nanoTime();
      for (long left = nanos; left > 0 && used() > 0; ) {
        clock.await(waiter, left);
        left = nanos - (clock.nanoTime() - start);
      }
    } finally {
      queue.leave(waiter);
    }
  }

  /// An old unused inode, clean if there is one near the old end: writing back in the middle of
  /// somebody's lookup is the flusher's work done by the wrong thread.
  private @Nullable Inode victimLocked() {
    Inode dirty = null;
    int steps = 0;
    for (Inode i = oldest; i != null && steps < SCAN_MAX; i = i.unusedNext, steps++) {
      if (i.syncing > 0) {
        continue; // its eviction would wait for a walk
      }
      if (!i.needsWriting()) {
        return takeUnusedLocked(i);
      }
      if (dirty == null) {
        dirty = i;
      }
    }
    return unusedCount > 2 * unusedMax && dirty != null ? takeUnusedLocked(dirty) : null;
  }

  private Inode takeUnusedLocked(Inode inode) {
    unlinkUnusedLocked(inode);
    inode.state = Inode.FREEING;
    leaving.add(inode);
    return inode;
  }

  /// Takes any unused inode for eviction, oldest first; for unmount.
  ///
  /// @return null if every inode left is in use
  @Nullable Inode takeUnused() {
    lock.lock();
    try {
      return oldest == null ? null : takeUnusedLocked(oldest);
    } finally {
      lock.unlock();
    }
  }

  /// The inode in FREEING is gone, or stays after all.
  void evicted(Inode inode, boolean gone) {
    lock.lock();
    assert inode.state == Inode.FREEING && inode.refs == 0;
    leaving.remove(inode);
    if (gone) {
      int b = bucket(inode.ino(), table.length);
      Inode i = table[b];
      if (i == inode) {
        table[b] = inode.hashNext;
      } else {
        while (i != null && i.hashNext != inode) {
          i = i.hashNext;
        }
        assert i != null : inode + " not in its bucket";
        i.hashNext = inode.hashNext;
      }
      inode.hashNext = null;
      count--;
      inode.state = Inode.GONE;
    } else {
      inode.state = Inode.LIVE;
      linkUnusedLocked(inode);
    }
    lock.unlock();
    queue.wakeAll(inode);
  }

  /// The inode in FREEING could not be freed: nobody shall wait for it until it is tried again.
  void stuck(Inode inode) {
    lock.lock();
    assert inode.state == Inode.FREEING && inode.refs == 0;
    leaving.remove(inode);
    inode.state = Inode.STUCK;
    lock.unlock();
    queue.wakeAll(inode);
  }

  /// An inode that could not be freed, or whose eviction was put off, is tried again.
  void tryAgain(Inode inode) {
    lock.lock();
    if (inode.state == Inode.STUCK) {
      inode.state = Inode.FREEING;
    }
    lock.unlock();
  }

  /// Waits for the evictions under way of inodes that have names: a sync passes those over, and
  /// what they write back was accepted before it.
  ///
  /// @return false if there was none
  boolean awaitEvictions() {
    lock.lock();
    List<Inode> now = List.copyOf(leaving);
    lock.unlock();
    for (Inode inode : now) {
      lock.lock();
      waitFor(inode);
    }
    return !now.isEmpty();
  }

  private void linkUnusedLocked(Inode inode) {
    inode.unusedPrevious = youngest;
    inode.unusedNext = null;
    if (youngest != null) {
      youngest.unusedNext = inode;
    } else {
      oldest = inode;
    }
    youngest = inode;
    unusedCount++;
  }

  private void unlinkUnusedLocked(Inode inode) {
    if (inode.unusedPrevious != null) {
      inode.unusedPrevious.unusedNext = inode.unusedNext;
    } else {
      oldest = inode.unusedNext;
    }
    if (inode.unusedNext != null) {
      inode.unusedNext.unusedPrevious = inode.unusedPrevious;
    } else {
      youngest = inode.unusedPrevious;
    }
    inode.unusedNext = null;
    inode.unusedPrevious = null;
    unusedCount--;
  }

  /// Regular files that somebody holds, at some moment during this call.
  List<Inode> inUse() {
    List<Inode> found = new ArrayList<>();
    lock.lock();
    try {
      for (Inode head : table) {
        for (Inode i = head; i != null; i = i.hashNext) {
          if (i.refs > 0 && i.isRegular()) {
            found.add(i);
          }
        }
      }
    } finally {
      lock.unlock();
    }
    return found;
  }

  /// Inodes in memory now.
  int size() {
    lock.lock();
    try {
      return count;
    } finally {
      lock.unlock();
    }
  }

  /// Inodes in memory that somebody holds.
  int used() {
    lock.lock();
    try {
      return count - unusedCount;
    } finally {
      lock.unlock();
    }
  }
}
