package org.pagewright.vfs;

import org.jspecify.annotations.Nullable;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.SchedulePoint;

/// Remembers what names mean, present and absent ones, up to a bound.
///
/// An entry is added while the directory's INODE lock is held (shared is enough), and killed or
/// replaced while it is held exclusively, so the table never says what the directory does not.
/// Readers take no INODE lock. The race that leaves:
///
///     A: finds "x" -> 12                    B: unlinks x, kills the dentry, inode 12 is freed,
///     A: gets inode 12 from the cache          its number is used again for another file
///
/// B kills the dentry before it gives up its reference to inode 12, and a number is free only after
/// the last reference is gone. So if the dentry is still alive *after* A has its reference, the
/// inode is the right one; if not, A lets go and looks again. A directory is keyed by a number that
/// is never used twice, so entries of a directory that was removed can never be found again.
///
/// Old entries go by the clock: one that was found since the hand last passed gets another round.
final class DentryCache {
  private final Mutex lock = new Mutex(LockClass.DCACHE, "dentries");
  private final int max;

  // Guarded by lock.
  private final @Nullable Dentry[] table;
  private final Dentry lru = new Dentry(0, Name.DOT, 0); // head: next is the oldest
  private int count;

  DentryCache(int max) {
    this.max = Math.max(16, max);
    this.table = new Dentry[Integer.highestOneBit(this.max)];
  }

  private int bucket(long dirId, Name name) {
    long h = dirId * 0x9E3779B97F4A7C15L + name.hashCode() * 0xC2B2AE3D27D4EB4FL;
    return (int) (h >>> 32) & table.length - 1;
  }

  /// What is known about a name.
  ///
  /// @return null if nothing is known
  @Nullable Dentry find(long dirId, Name name) {
    lock.lock();
    try {
      Dentry found = findLocked(dirId, name);
      if (found != null) {
        found.referenced = true;
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Dentry findLocked(long dirId, Name name) {
    for (Dentry d = table[bucket(dirId, name)]; d != null; d = d.hashNext) {
      if (d.dirId == dirId && d.name.equals(name)) {
        return d;
      }
    }
    return null;
  }

  /// Remembers a name; what was known about it before is killed unless it is the same.
  ///
  /// @param ino inode number, or NO_INODE for a name known to be absent
  void put(long dirId, Name name, long ino) {
    lock.lock();
    try {
      Dentry old = findLocked(dirId, name);
      if (old != null) {
        if (old.ino == ino) {
          return;
        }
        removeLocked(old);
      }
      Dentry dentry = new Dentry(dirId, name, ino);
      int b = bucket(dirId, name);
      dentry.hashNext = table[b];
      table[b] = dentry;
      append(dentry);
      count++;
      // Each pass takes a mark away or an entry out: ends after at most 2 * count + 1 steps.
      while (count > max) {
        Dentry oldest = lru.lruNext;
        if (oldest.referenced) {
          oldest.referenced = false;
          unlinkLru(oldest);
          append(oldest);
        } else {
          removeLocked(oldest);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /// Forgets a name.
  void kill(long dirId, Name name) {
    lock.lock();
    try {
      Dentry old = findLocked(dirId, name);
      if (old != null) {
        removeLocked(old);
      }
    } finally {
      lock.unlock();
    }
  }

  private void removeLocked(Dentry dentry) {
    SchedulePoint.touch(dentry, true);
    dentry.dead = true;
    int b = bucket(dentry.dirId, dentry.name);
    Dentry d = table[b];
    if (d == dentry) {
      table[b] = dentry.hashNext;
    } else {
      while (d != null && d.hashNext != dentry) {
        d = d.hashNext;
      }
      assert d != null : dentry + " not in its bucket";
      d.hashNext = dentry.hashNext;
    }
    dentry.hashNext = null;
    unlinkLru(dentry);
    count--;
  }

  private void append(Dentry dentry) {
    Dentry last = lru.lruPrev;
    last.lruNext = dentry;
    dentry.lruPrev = last;
    dentry.lruNext = lru;
    lru.lruPrev = dentry;
  }

  private static void unlinkLru(Dentry dentry) {
    dentry.lruPrev.lruNext = dentry.lruNext;
    dentry.lruNext.lruPrev = dentry.lruPrev;
    dentry.lruPrev = dentry;
    dentry.lruNext = dentry;
  }

  /// Entries held now.
  int size() {
    lock.lock();
    try {
      return count;
    } finally {
      lock.unlock();
    }
  }
}
