package org.pagewright.vfs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;

/// All locks on files of one volume, and who waits for one.
///
///     inode.fileLocks --> Table   RANGE: what is held, see [HeldRanges]
///                                 WHOLE: the same, each range over everything
///                                 waiting: requests, first come first
///     waitingOf           owner -> its requests for locks on any file, for the deadlock search
///
/// A file without locks has no table, so nothing looks further than one null field. One mutex
/// guards it all, because a circle of waiters may lead through several files; it is held for a few
/// lookups, and to walk over the file's requests where a lock was taken away; never while anybody
/// waits.
///
/// Whoever takes a lock away grants, in the order they came, the requests that nothing stands
/// against any more, and tells the waiters after the mutex. Only requests that overlap what was
/// taken away are looked at, and none any more once one of them has all of it for itself: else a
/// thousand that wait for one byte, each for its turn, would look at each other a million times. A
/// later request that conflicts with nothing held does not queue behind an earlier one that waits,
/// as in Linux: readers may pass a waiting writer.
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

  /// More ranges than that, let go of at once, are taken for one: one walk over the requests.
  private static final int RANGES_APART = 4;

  /// The locks on one file. Guarded by the mutex.
  static final class Table {
    private final HeldRanges ranges = new HeldRanges();
    private final HeldRanges wholes = new HeldRanges();
    private final Set<LockRequest> waiting = new LinkedHashSet<>();

    private HeldRanges of(LockKind kind) {
      return kind == LockKind.RANGE ? ranges : wholes;
    }

    private boolean isEmpty() {
      return ranges.isEmpty() && wholes.isEmpty() && waiting.isEmpty();
    }
  }

  private final Mutex mutex;
  private final WaitQueue threads = new WaitQueue();
  private final int recordsMax;
  private final Map<LockOwner, Set<LockRequest>> waitingOf = new HashMap<>();
  private int records; // guarded by mutex: ranges and requests
  private boolean closed; // guarded by mutex

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
        if (closed) {
          throw new FsException(Errno.EIO, inode + ": its volume was closed");
        }
        if (lock.kind() == LockKind.RANGE && closesCircle(table, lock)) {
          throw new FsException(Errno.EDEADLK, inode + ": " + lock);
        }
        reserve(inode, 1);
        records++;
        table.waiting.add(request);
        waitingOf.computeIfAbsent(lock.owner(), owner -> new LinkedHashSet<>(2)).add(request);
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
    if (request.isGranted()) {
      return; // else it waits, or is over already, and not well
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
      return table == null ? null : table.of(lock.kind()).inTheWay(lock);
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
      if (table != null && table.of(lock.kind()).has(lock.owner())) {
        reserve(inode, table.of(lock.kind()).isInMiddle(lock) ? 1 : 0);
        cut(table, lock);
        grant(table, lock.kind(), lock.first(), lock.last(), ended);
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
        List<FileLock> gone = new ArrayList<>(1);
        HeldRanges held = table.of(kind);
        records -= held.size();
        if (owner != null) {
          held.removeAll(owner, kind, gone::add);
        } else {
          held.removeAllOfHolder(holder, kind, gone::add);
          giveUp(table, holder);
        }
        records += held.size();
        grant(table, kind, gone, ended);
        dropIfEmpty(inode, table);
      }
    } finally {
      mutex.unlock();
      tell(ended);
    }
  }

  /// Ends all waits: the volume is being closed. Nobody waits from now on.
  void close() {
    List<LockRequest> ended = new ArrayList<>();
    mutex.lock();
    closed = true;
    for (Set<LockRequest> requests : waitingOf.values()) {
      ended.addAll(requests);
    }
    for (LockRequest request : ended) {
      request.state = LockRequest.State.GONE;
      Table table = tableOf(request.inode());
      table.waiting.remove(request);
      forget(request);
      dropIfEmpty(request.inode(), table);
    }
    mutex.unlock();
    tell(ended);
  }

  /// The volume stays open: one may wait again.
  void open() {
    mutex.lock();
    closed = false;
    mutex.unlock();
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
        records -= table.of(kind).size();
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

  private void giveUp(Table table, @Nullable Object holder) {
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
    HeldRanges held = table.of(lock.kind());
    if (lock.kind() == LockKind.WHOLE && held.has(lock.owner())) {
      if (held.isExclusive(lock.owner()) == lock.exclusive()) {
        return true;
      }
      cut(table, lock); // a change of type begins with letting go
      grant(table, lock.kind(), lock.first(), lock.last(), ended);
    }
    if (held.inTheWay(lock) != null) {
      return false;
    }
    // Cut out of the middle of a range of the other type, it makes three of one.
    if (records > recordsMax - 2) {
      throw new FsException(Errno.ENOLCK, records + " locks are held");
    }
    if (put(table, lock)) {
      grant(table, lock.kind(), lock.first(), lock.last(), ended);
    }
    return true;
  }

  private void cut(Table table, FileLock lock) {
    HeldRanges held = table.of(lock.kind());
    records -= held.size();
    held.cut(lock);
    records += held.size();
  }

  /// @return whether something that was exclusive is shared now
  private boolean put(Table table, FileLock lock) {
    HeldRanges held = table.of(lock.kind());
    records -= held.size();
    boolean opened = held.put(lock);
    records += held.size();
    return opened;
  }

  /// Grants what was waiting for any of some ranges.
  private void grant(Table table, LockKind kind, List<FileLock> gone, List<LockRequest> ended) {
    if (gone.isEmpty() || table.waiting.isEmpty()) {
      return;
    }
    if (gone.size() > RANGES_APART) { // rather look at a few too many than walk many times
      long first = Long.MAX_VALUE;
      long last = 0;
      for (FileLock lock : gone) {
        first = Math.min(first, lock.first());
        last = Math.max(last, lock.last());
      }
      grant(table, kind, first, last, ended);
      return;
    }
    for (FileLock lock : gone) {
      grant(table, kind, lock.first(), lock.last(), ended);
    }
  }

  /// Grants what nothing stands against any more after a range was let go of, or is not exclusive
  /// any more. One pass is enough: a lock that is granted takes nothing out of anybody's way,
  /// unless its owner shares with it what was exclusive. Then there is another pass, over what was
  /// opened so, each time with one request less.
  private void grant(
      Table table, LockKind kind, long first, long last, List<LockRequest> ended) {
    HeldRanges held = table.of(kind);
    while (first <= last) {
      long openedFirst = Long.MAX_VALUE;
      long openedLast = 0;
      Iterator<LockRequest> each = table.waiting.iterator();
      while (each.hasNext()) {
        LockRequest request = each.next();
        FileLock lock = request.lock();
        if (lock.kind() != kind
            || lock.first() > last
            || lock.last() < first
            || held.inTheWay(lock) != null) {
          continue;
        }
        each.remove();
        forget(request);
        ended.add(request);
        if (records > recordsMax - 2) {
          request.state = LockRequest.State.FAILED;
          continue;
        }
        if (put(table, lock)) {
          openedFirst = Math.min(openedFirst, lock.first());
          openedLast = Math.max(openedLast, lock.last());
        }
        request.state = LockRequest.State.GRANTED;
        if (lock.exclusive()
            && lock.first() <= first
            && lock.last() >= last
            && !waitingOf.containsKey(lock.owner())) {
          break; // nobody gets past it: its owner alone could, and asks for nothing else
        }
      }
      first = openedFirst;
      last = openedLast;
    }
  }

  private void forget(LockRequest request) {
    records--;
    Set<LockRequest> mine = waitingOf.get(request.lock().owner());
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
    Consumer<LockOwner> sink =
        owner -> {
          if (seen.add(owner)) {
            next.add(owner);
          }
        };
    table.ranges.showOwnersInTheWay(lock, sink);
    LockOwner owner;
    while ((owner = next.poll()) != null) {
      for (LockRequest request : waitingOf.getOrDefault(owner, Set.of())) {
        if (request.lock().kind() == LockKind.WHOLE) {
          continue;
        }
        Table there = request.inode().fileLocks;
        assert there != null : request;
        there.ranges.showOwnersInTheWay(request.lock(), sink);
        if (seen.contains(lock.owner())) {
          return true;
        }
      }
    }
    return false;
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
