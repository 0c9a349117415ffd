package org.pagewright.vfs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;

/// All locks on files of one volume, and who waits for one.
///
///     inode.fileLocks --> Table   RANGE: owner -> ranges, by first byte, apart from each other
///                                 WHOLE: owner -> one range over everything
///                                 waiting: requests, first come first
///     waitingOf           owner -> its requests for ranges of any file, for the deadlock search
///
/// A file without locks has no table, so nothing looks further than one null field. One mutex
/// guards it all, because a circle of waiters may lead through several files; it is held for a few
/// lookups in maps and never while anybody waits.
///
/// Whoever takes a lock away grants, in the order they came, the requests that nothing stands
/// against any more, and tells the waiters after the mutex. A later request that conflicts with
/// nothing held does not queue behind an earlier one that waits, as in Linux: readers may pass a
/// waiting writer.
///
/// ## Bounds
///
/// Ranges and requests together are at most [#RECORDS_MAX]: one more is ENOLCK, also if it is an
/// unlock in the middle of a range, which leaves two. The search for a circle looks at each waiting
/// owner once.
///
/// ## Different from Linux
///
/// The search for deadlocks follows every way through the waiters, not the first request of each
/// owner up to ten steps. Both know owners only: of two threads with one owner, one may wait for
/// what the other is about to let go, and be told EDEADLK. Compare Linux's
/// fs/locks.c:posix_lock_inode() and posix_locks_deadlock().
final class FileLocks {
  /// Most ranges held and requests waiting.
  static final int RECORDS_MAX = 1 << 16;

  /// A range that an owner holds; the first byte is its key.
  private record Held(long last, boolean exclusive, LockOwner owner) {}

  /// The locks on one file. Guarded by the mutex.
  static final class Table {
    private final Map<LockOwner, NavigableMap<Long, Held>> ranges = new HashMap<>();
    private final Map<LockOwner, NavigableMap<Long, Held>> wholes = new HashMap<>();
    private final Deque<LockRequest> waiting = new ArrayDeque<>();

    private Map<LockOwner, NavigableMap<Long, Held>> of(LockKind kind) {
      return kind == LockKind.RANGE ? ranges : wholes;
    }

    private boolean isEmpty() {
      return ranges.isEmpty() && wholes.isEmpty() && waiting.isEmpty();
    }
  }

  private final Mutex mutex;
  private final WaitQueue threads = new WaitQueue();
  private final int recordsMax;
  private final Map<LockOwner, List<LockRequest>> waitingOf = new HashMap<>(); // RANGE only
  private int records; // guarded by mutex: ranges and requests

  FileLocks(SuperBlock superBlock) {
    this(superBlock, RECORDS_MAX);
  }

  FileLocks(Object name, int recordsMax) {
    this.mutex = new Mutex(LockClass.INODE_STATE, name);
    this.recordsMax = recordsMax;
  }

  // ---- Asking -----------------------------------------------------------------------------------

  /// Takes a lock if nobody is in the way.
  ///
  /// @return false if somebody is
  /// @throws FsException ENOLCK
  boolean tryLock(Inode inode, FileLock lock) throws FsException {
    List<LockRequest> ended = new ArrayList<>(0);
    mutex.lock();
    try {
      Table table = tableOf(inode);
      try {
        return takeLocked(table, lock, ended);
      } finally {
        dropIfEmpty(inode, table);
      }
    } finally {
      mutex.unlock();
      tell(ended);
    }
  }

  /// Asks for a lock and comes back at once.
  ///
  /// @param listener hears of the end, unless the request is not waiting on return
  /// @throws FsException EDEADLK, ENOLCK
  LockRequest request(Inode inode, FileLock lock, LockRequest.Listener listener)
      throws FsException {
    LockRequest request = new LockRequest(inode, lock, listener);
    List<LockRequest> ended = new ArrayList<>(0);
    mutex.lock();
    try {
      Table table = tableOf(inode);
      try {
        if (takeLocked(table, lock, ended)) {
          request.state = LockRequest.State.GRANTED;
          return request;
        }
        if (lock.kind() == LockKind.RANGE && closesCircle(table, lock)) {
          throw new FsException(Errno.EDEADLK, inode + ": " + lock);
        }
        reserve(inode, 1);
        records++;
        table.waiting.add(request);
        if (lock.kind() == LockKind.RANGE) {
          waitingOf.computeIfAbsent(lock.owner(), owner -> new ArrayList<>(1)).add(request);
        }
        return request;
      } finally {
        dropIfEmpty(inode, table);
      }
    } finally {
      mutex.unlock();
      tell(ended);
    }
  }

  /// Takes a lock, waiting for those in the way.
  ///
  /// @throws FsException EINTR if the thread is interrupted, which it stays; EDEADLK, ENOLCK
  void lock(Inode inode, FileLock lock) throws FsException {
    LockRequest request = request(inode, lock, ended -> threads.wakeAll(ended));
    if (!request.isWaiting()) {
      return;
    }
    WaitQueue.Waiter waiter = threads.enter(request);
    try {
      while (request.isWaiting()) {
        if (!waiter.parkInterruptibly(0)) {
          cancel(request);
        }
      }
    } finally {
      threads.leave(waiter);
    }
    Errno errno = request.error();
    if (errno != null) {
      throw new FsException(errno, inode + ": wait for " + lock);
    }
  }

  /// Gives a request up.
  ///
  /// @return false if it was over already
  boolean cancel(LockRequest request) {
    mutex.lock();
    try {
      if (!request.isWaiting()) {
        return false;
      }
      request.state = LockRequest.State.CANCELLED;
      Table table = tableOf(request.inode());
      table.waiting.remove(request);
      forget(request);
      dropIfEmpty(request.inode(), table);
      return true;
    } finally {
      mutex.unlock();
    }
  }

  /// A lock that stands against another.
  ///
  /// @return null if there is none
  @Nullable FileLock inTheWay(Inode inode, FileLock lock) {
    if (inode.fileLocks == null) {
      return null;
    }
    mutex.lock();
    try {
      Table table = inode.fileLocks;
      return table == null ? null : firstInTheWay(table, lock);
    } finally {
      mutex.unlock();
    }
  }

  // ---- Letting go -------------------------------------------------------------------------------

  /// Takes an owner's locks off a range.
  ///
  /// @throws FsException ENOLCK if the range lies in the middle of a lock and there is no room
  void unlock(Inode inode, FileLock lock) throws FsException {
    if (inode.fileLocks == null) {
      return;
    }
    List<LockRequest> ended = new ArrayList<>(0);
    mutex.lock();
    try {
      Table table = inode.fileLocks;
      if (table != null && table.of(lock.kind()).containsKey(lock.owner())) {
        reserve(inode, isInMiddle(table, lock) ? 1 : 0);
        cut(table, lock);
        grant(table, ended);
        dropIfEmpty(inode, table);
      }
    } finally {
      mutex.unlock();
      tell(ended);
    }
  }

  /// Takes all locks of an owner off a file.
  void unlockAll(Inode inode, LockKind kind, LockOwner owner) {
    if (inode.fileLocks != null) {
      unlockWhere(inode, kind, owner, null);
    }
  }

  /// Takes all locks off a file whose owners say that they hold them for an object, and gives up
  /// what they ask for.
  void unlockHolder(Inode inode, Object holder) {
    if (inode.fileLocks != null) {
      unlockWhere(inode, LockKind.RANGE, null, holder);
      unlockWhere(inode, LockKind.WHOLE, null, holder);
    }
  }

  private void unlockWhere(
      Inode inode, LockKind kind, @Nullable LockOwner owner, @Nullable Object holder) {
    List<LockRequest> ended = new ArrayList<>(0);
    mutex.lock();
    try {
      Table table = inode.fileLocks;
      if (table != null) {
        Iterator<Map.Entry<LockOwner, NavigableMap<Long, Held>>> all =
            table.of(kind).entrySet().iterator();
        while (all.hasNext()) {
          Map.Entry<LockOwner, NavigableMap<Long, Held>> entry = all.next();
          if (owner != null ? entry.getKey().equals(owner) : entry.getKey().holder() == holder) {
            records -= entry.getValue().size();
            all.remove();
          }
        }
        if (holder != null) {
          giveUp(table, holder);
        }
        grant(table, ended);
        dropIfEmpty(inode, table);
      }
    } finally {
      mutex.unlock();
      tell(ended);
    }
  }

  /// Forgets all locks on an inode that leaves memory. There are none, unless a door did not let go
  /// of those of an owner that is gone.
  void forgetAll(Inode inode) {
    mutex.lock();
    try {
      Table table = inode.fileLocks;
      if (table == null) {
        return;
      }
      for (LockKind kind : LockKind.values()) {
        for (NavigableMap<Long, Held> ranges : table.of(kind).values()) {
          records -= ranges.size();
        }
      }
      for (LockRequest request : table.waiting) {
        request.state = LockRequest.State.CANCELLED;
        forget(request);
      }
      inode.fileLocks = null;
    } finally {
      mutex.unlock();
    }
  }

  private void giveUp(Table table, Object holder) {
    for (Iterator<LockRequest> each = table.waiting.iterator(); each.hasNext(); ) {
      LockRequest request = each.next();
      if (request.lock().owner().holder() == holder) {
        each.remove();
        request.state = LockRequest.State.CANCELLED;
        forget(request);
      }
    }
  }

  // ---- Under the mutex --------------------------------------------------------------------------

  private Table tableOf(Inode inode) {
    assert mutex.isHeldByCaller();
    Table table = inode.fileLocks;
    if (table == null) {
      inode.fileLocks = table = new Table();
    }
    return table;
  }

  private void dropIfEmpty(Inode inode, Table table) {
    if (table.isEmpty()) {
      inode.fileLocks = null;
    }
  }

  private void reserve(Inode inode, int more) throws FsException {
    if (more > recordsMax - records) {
      throw new FsException(Errno.ENOLCK, inode + ": " + records + " locks are held");
    }
  }

  /// Takes a lock if nobody is in the way.
  private boolean takeLocked(Table table, FileLock lock, List<LockRequest> ended)
      throws FsException {
    if (lock.kind() == LockKind.WHOLE) {
      NavigableMap<Long, Held> mine = table.wholes.get(lock.owner());
      if (mine != null) {
        if (mine.firstEntry().getValue().exclusive == lock.exclusive()) {
          return true;
        }
        cut(table, lock); // a change of type begins with letting go
        grant(table, ended);
      }
    }
    if (firstInTheWay(table, lock) != null) {
      return false;
    }
    // Cut out of the middle of a range of the other type, it makes three of one.
    if (records > recordsMax - 2) {
      throw new FsException(Errno.ENOLCK, records + " locks are held");
    }
    put(table, lock);
    grant(table, ended); // what was exclusive may be shared now
    return true;
  }

  private static @Nullable FileLock firstInTheWay(Table table, FileLock lock) {
    for (Map.Entry<LockOwner, NavigableMap<Long, Held>> entry : table.of(lock.kind()).entrySet()) {
      if (!entry.getKey().equals(lock.owner())) {
        FileLock found = firstOverlap(entry.getValue(), lock);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  /// An owner's first range that stands against a lock of somebody else.
  private static @Nullable FileLock firstOverlap(NavigableMap<Long, Held> ranges, FileLock lock) {
    Map.Entry<Long, Held> at = ranges.floorEntry(lock.first());
    if (at == null || at.getValue().last < lock.first()) {
      at = ranges.higherEntry(lock.first());
    }
    while (at != null && at.getKey() <= lock.last()) {
      Held held = at.getValue();
      if (held.exclusive || lock.exclusive()) {
        return new FileLock(lock.kind(), held.owner, held.exclusive, at.getKey(), held.last);
      }
      at = ranges.higherEntry(at.getKey());
    }
    return null;
  }

  private static boolean isInMiddle(Table table, FileLock lock) {
    NavigableMap<Long, Held> mine = table.of(lock.kind()).get(lock.owner());
    Map.Entry<Long, Held> at = mine == null ? null : mine.lowerEntry(lock.first());
    return at != null && at.getValue().last > lock.last();
  }

  /// Takes a range out of what its owner holds; the ends of what it cuts stay.
  private void cut(Table table, FileLock lock) {
    Map<LockOwner, NavigableMap<Long, Held>> all = table.of(lock.kind());
    NavigableMap<Long, Held> mine = all.get(lock.owner());
    if (mine == null) {
      return;
    }
    Map.Entry<Long, Held> at = mine.lowerEntry(lock.first());
    if (at != null && at.getValue().last >= lock.first()) {
      Held held = at.getValue();
      mine.put(at.getKey(), new Held(lock.first() - 1, held.exclusive, held.owner));
      keepTail(mine, held, lock.last());
    }
    for (at = mine.ceilingEntry(lock.first());
        at != null && at.getKey() <= lock.last();
        at = mine.ceilingEntry(lock.first())) {
      mine.remove(at.getKey());
      records--;
      keepTail(mine, at.getValue(), lock.last());
      if (at.getValue().last > lock.last()) {
        break;
      }
    }
    if (mine.isEmpty()) {
      all.remove(lock.owner());
    }
  }

  private void keepTail(NavigableMap<Long, Held> mine, Held held, long last) {
    if (held.last > last) {
      mine.put(last + 1, held);
      records++;
    }
  }

  /// Gives an owner a range, in place of what it has there, and joins it with neighbours of its
  /// type.
  private void put(Table table, FileLock lock) {
    cut(table, lock);
    NavigableMap<Long, Held> mine =
        table.of(lock.kind()).computeIfAbsent(lock.owner(), owner -> new TreeMap<>());
    long first = lock.first();
    long last = lock.last();
    Map.Entry<Long, Held> before = mine.lowerEntry(first);
    if (before != null
        && before.getValue().last == first - 1
        && before.getValue().exclusive == lock.exclusive()) {
      first = before.getKey();
      mine.remove(first);
      records--;
    }
    Map.Entry<Long, Held> after = last == FileLock.TO_END ? null : mine.ceilingEntry(last + 1);
    if (after != null
        && after.getKey() == last + 1
        && after.getValue().exclusive == lock.exclusive()) {
      last = after.getValue().last;
      mine.remove(after.getKey());
      records--;
    }
    mine.put(first, new Held(last, lock.exclusive(), lock.owner()));
    records++;
  }

  /// Grants what nothing stands against any more. One pass is enough: a lock that is granted takes
  /// nothing out of anybody's way, unless its owner changes a type with it, and then the pass
  /// begins anew, each time with one request less.
  private void grant(Table table, List<LockRequest> ended) {
    boolean again = true;
    while (again) {
      again = false;
      for (Iterator<LockRequest> each = table.waiting.iterator(); each.hasNext(); ) {
        LockRequest request = each.next();
        if (firstInTheWay(table, request.lock()) != null) {
          continue;
        }
        each.remove();
        forget(request);
        ended.add(request);
        if (records > recordsMax - 2) {
          request.state = LockRequest.State.FAILED;
        } else {
          again = table.of(request.lock().kind()).containsKey(request.lock().owner());
          put(table, request.lock());
          request.state = LockRequest.State.GRANTED;
        }
        if (again) {
          break;
        }
      }
    }
  }

  private void forget(LockRequest request) {
    records--;
    List<LockRequest> mine = waitingOf.get(request.lock().owner());
    if (mine != null && mine.remove(request) && mine.isEmpty()) {
      waitingOf.remove(request.lock().owner());
    }
  }

  /// Whether an owner that is in the way of a lock waits, by way of any others, for a lock of the
  /// one who asks now.
  private boolean closesCircle(Table table, FileLock lock) {
    if (waitingOf.isEmpty()) {
      return false;
    }
    Set<LockOwner> seen = new HashSet<>();
    Deque<LockOwner> next = new ArrayDeque<>();
    addOwnersInTheWay(table, lock, seen, next);
    LockOwner owner;
    while ((owner = next.poll()) != null) {
      for (LockRequest request : waitingOf.getOrDefault(owner, List.of())) {
        Table there = request.inode().fileLocks;
        assert there != null : request;
        addOwnersInTheWay(there, request.lock(), seen, next);
        if (seen.contains(lock.owner())) {
          return true;
        }
      }
    }
    return false;
  }

  private static void addOwnersInTheWay(
      Table table, FileLock lock, Set<LockOwner> seen, Deque<LockOwner> next) {
    for (Map.Entry<LockOwner, NavigableMap<Long, Held>> entry : table.ranges.entrySet()) {
      if (!entry.getKey().equals(lock.owner())
          && !seen.contains(entry.getKey())
          && firstOverlap(entry.getValue(), lock) != null) {
        seen.add(entry.getKey());
        next.add(entry.getKey());
      }
    }
  }

  private static void tell(List<LockRequest> ended) {
    for (LockRequest request : ended) {
      request.tell();
    }
  }

  /// Ranges held and requests waiting.
  int records() {
    mutex.lock();
    try {
      return records;
    } finally {
      mutex.unlock();
    }
  }
}
