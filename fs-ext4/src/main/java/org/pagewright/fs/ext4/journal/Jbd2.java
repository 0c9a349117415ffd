package org.pagewright.fs.ext4.journal;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.stats.Count;
import org.pagewright.stats.Counters;
import org.pagewright.stats.Trace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// The journal of ext3 and ext4, written: changes of metadata reach the log as whole transactions,
/// and their places only after that. The package comment tells a commit step by step.
///
/// Who is where, at any time:
///
/// ```
/// log:     | superblock | ... free ... | committed, oldest first ...... | committing | free ... |
///                                      ^ tail                                         ^ head
/// memory:                                checkpoints                      committing   running
/// ```
///
/// A commit is done by the thread that wants one; others that want the same wait for JOURNAL_COMMIT
/// and find it done: so concurrent syncs share a commit. A thread of the journal's own commits by
/// age and by size, and moves the tail before somebody has to wait for room.
///
/// A write of the log that fails is tried once more. If that fails, or a flush does, the journal
/// stops for good: after a failed flush nobody knows which of the writes before it are on the
/// device, and a log that says otherwise would lie. What was committed before stays in the log for
/// the next recovery. Compare Linux's fs/jbd2/commit.c, checkpoint.c and transaction.c.
public final class Jbd2 extends Journal {
  /// Is told when the journal stops. Called with JOURNAL_COMMIT held, at most; must not block.
  public interface Stopped {
    /// Nothing will be committed any more.
    ///
    /// @param what the journal was at
    /// @param error why
    void stopped(String what, Throwable error);
  }

  /// Shortest journal that is written, in blocks; mke2fs makes none shorter.
  private static final int BLOCKS_MIN = 1024;

  /// Most bytes of one transaction, however large the journal is: they are copied at its commit.
  private static final long TRANSACTION_BYTES_MAX = 32 << 20;

  private static final long IDLE = Long.MAX_VALUE;

  private static final int FLUSH_ROUNDS_MAX = 16;

  private final BufferCache cache;
  private final BlockDevice device;
  private final JournalSuperblock superblock; // where the log begins is guarded by commitMutex
  private final MemorySegment superblockBytes; // the whole block; the same
  private final LogWriter writer;
  private final Clock clock;
  private final InstantSource time;
  private final long commitNanos;
  private final Stopped listener;
  private final int transactionMax; // in blocks
  private final long capacity; // of the log, in blocks

  /// One commit or move of the tail at a time.
  private final Mutex commitMutex;

  private long head; // guarded by commitMutex

  private final Mutex state;

  // Guarded by state to change.
  private volatile Transaction running;
  private final Deque<Transaction> checkpoints = new ArrayDeque<>();
  private long logFree;

  private volatile long committedTid;
  private volatile boolean commitWanted; // somebody waits for handles to end
  private final AtomicReference<@Nullable FsException> failure = new AtomicReference<>();

  private final AtomicBoolean threadStarted = new AtomicBoolean();
  private final WaitQueue queue = new WaitQueue();
  private volatile boolean attention;
  private volatile boolean closing;
  private volatile boolean ended;
  private volatile long askedTid;
  private volatile @Nullable Counters counters; // where commits are counted

  private Jbd2(
      BufferCache cache,
      JournalBlocks blocks,
      JournalSuperblock superblock,
      MemorySegment bytes,
      Clock clock,
      InstantSource time,
      long commitNanos,
      Stopped listener) {
    super(cache);
    this.cache = cache;
    this.device = cache.device();
    this.superblock = superblock;
    this.superblockBytes = bytes;
    this.writer = new LogWriter(device, blocks, superblock);
    this.clock = clock;
    this.time = time;
    this.commitNanos = commitNanos;
    this.listener = listener;
    this.commitMutex = new Mutex(LockClass.JOURNAL_COMMIT, device.name());
    this.state = new Mutex(LockClass.JOURNAL_STATE, device.name());
    // One block stays free, so that a full log differs from an empty one.
    this.capacity = superblock.end() - superblock.first() - 1;
    this.transactionMax =
        (int) Math.min(capacity / 4, TRANSACTION_BYTES_MAX / superblock.blockSize());
    this.logFree = capacity;
    this.head = superblock.first();
    // Never 0, which in a buffer means "none"; what counts in the log are the low 32 bits.
    long tid = 1L << 32 | Integer.toUnsignedLong(superblock.sequence());
    this.running = new Transaction(tid);
    this.committedTid = tid - 1;
  }

  /// Takes the journal of a file system into use, after its recovery.
  ///
  /// @param cache the metadata blocks, none of them changed yet
  /// @param sb the superblock of the file system
  /// @param clock for the age of transactions
  /// @param time what commits are stamped with
  /// @param commitNanos age at which a transaction is committed though nobody asks
  /// @param listener is told if the journal stops
  /// @return the journal; the caller says in the superblock that there may be something to recover
  ///     before the first handle starts
  /// @throws FsException EOPNOTSUPP for an external journal, unknown features or one that is too
  ///     short; EUCLEAN if it is damaged or not empty; EIO
  public static Jbd2 open(
      BufferCache cache,
      Superblock sb,
      Clock clock,
      InstantSource time,
      long commitNanos,
      Stopped listener)
      throws FsException {
    BlockDevice device = cache.device();
    JournalBlocks blocks = JournalBlocks.read(device, sb);
    int blockSize = cache.blockSize();
    MemorySegment bytes = MemorySegment.ofArray(new byte[blockSize]);
    device.read(blocks.deviceBlock(0) * blockSize, bytes);
    JournalSuperblock superblock = JournalSuperblock.copyOf(bytes, 0);
    superblock.validate(device.name(), blocks.deviceBlock(0), blockSize, blocks.length());
    if (superblock.start() != 0) {
      throw new FsException(
          Errno.EUCLEAN, device.name() + ": the journal is not empty; run e2fsck on it");
    }
    if (superblock.end() < BLOCKS_MIN) {
      throw new FsException(
          Errno.EOPNOTSUPP,
          device.name() + ": a journal of " + superblock.end() + " blocks is too short, "
              + BLOCKS_MIN + " is the least (make a new one with `tune2fs -J`)");
    }
    superblock.prepareForWriting(
        sb.features().has(Feature.BIT64), sb.features().has(Feature.METADATA_CSUM));
    return new Jbd2(cache, blocks, superblock, bytes, clock, time, commitNanos, listener);
  }

  // ---- handles ----------------------------------------------------------------------------------

  @Override
  public boolean recovers() {
    return true;
  }

  private void checkAlive() throws FsException {
    FsException error = failure.get();
    if (error != null) {
      throw new FsException(
          error.errno(), device.name() + ": the journal has stopped: " + error.getMessage(), error);
    }
  }

  /// Blocks of a running transaction, at most. State lock held.
  private int total(Transaction t) {
    return t.buffers.size() + t.outstanding + writer.revokeBlocks(t.revokes.blocks());
  }

  private boolean fits(Transaction t, int blocks) {
    int total = total(t) + blocks;
    return total <= transactionMax && writer.logBlocks(total) <= logFree;
  }

  /// One more than was asked for: the few revokes of any operation fit into a block.
  private static int wanted(int credits) {
    return credits + 1;
  }

  @Override
  protected boolean begin(Handle handle, int credits) throws FsException {
    checkAlive();
    int wanted = wanted(credits);
    if (wanted > transactionMax) {
      throw new FsException(
          Errno.ENOSPC,
          device.name() + ": an operation of " + credits + " blocks does not fit a journal of "
              + superblock.end());
    }
    state.lock();
    try {
      if (!fits(running, wanted)) {
        return false;
      }
      running.outstanding += wanted;
      handle.reserved = wanted;
      return true;
    } finally {
      state.unlock();
    }
  }

  @Override
  protected void makeRoom(int credits) throws FsException {
    state.lock();
    Transaction t = running;
    boolean full = total(t) + wanted(credits) > transactionMax;
    state.unlock();
    if (full) {
      commitTransaction(t.tid);
    } else {
      checkpoint();
    }
  }

  @Override
  protected boolean extend(Handle handle, int credits) {
    if (commitWanted) {
      return false; // others wait for us: let the commit through
    }
    state.lock();
    try {
      if (!fits(running, credits)) {
        return false;
      }
      running.outstanding += credits;
      handle.reserved += credits;
      return true;
    } finally {
      state.unlock();
    }
  }

  @Override
  protected void end(Handle handle) {
    state.lock();
    Transaction t = running;
    t.outstanding -= handle.reserved;
    handle.reserved = 0;
    final boolean large = t.buffers.size() > transactionMax / 2;
    state.unlock();
    if (large) {
      startCommit();
    }
  }

  @Override
  public long newestTransaction() {
    return running.tid;
  }

  @Override
  long transactionOf(Handle handle) {
    return running.tid; // it stays the running one as long as the handle is open
  }

  @Override
  protected void writeAccess(Handle handle, Buffer buffer) {
    Transaction t = running;
    if (!buffer.join(t.tid)) {
      return;
    }
    state.lock();
    final boolean first = begins(t);
    t.buffers.add(buffer);
    if (handle.reserved > 0) {
      handle.reserved--;
      t.outstanding--;
    }
    state.unlock();
    if (first) {
      begun();
    }
  }

  @Override
  protected void dirtied(Handle handle, Buffer buffer) {
    buffer.changedBy(running.tid);
  }

  @Override
  protected void revoked(Handle handle, long blockNr, long count) {
    // The content stays in the cache until the commit: until then the blocks are their old owner's.
    Transaction t = running;
    state.lock();
    final boolean first = begins(t);
    t.revokes.add(blockNr, count);
    state.unlock();
    if (first) {
      begun();
    }
  }

  @Override
  boolean freed(Handle handle, long blockNr, long count) {
    Transaction t = running;
    state.lock();
    final boolean first = begins(t);
    t.freed.add(blockNr, count);
    state.unlock();
    if (first) {
      begun();
    }
    return true;
  }

  /// Whether what is about to be added is a transaction's first; then its age begins. State lock
  /// held.
  private boolean begins(Transaction t) {
    boolean first = t.isEmpty();
    if (first) {
      t.startedNanos = clock.nanoTime();
    }
    return first;
  }

  private void begun() {
    if (threadStarted.compareAndSet(false, true)) {
      String name = "pagewright-journal-" + device.name();
      if (SchedulePoint.spawn(name, true, this::work)) {
        return;
      }
      Thread.ofPlatform()
          .daemon()
          .name(name)
          .uncaughtExceptionHandler((thread, cause) -> died(cause))
          .start(this::work);
    } else {
      wake();
    }
  }

  // ---- commit -----------------------------------------------------------------------------------

  @Override
  public void commit() throws FsException {
    checkAlive();
    sync(running.tid);
  }

  @Override
  public void sync(long transaction) throws FsException {
    checkAlive();
    state.lock();
    // A commit that begins from here on flushes what was written before this call.
    final boolean will = transaction == running.tid && !running.isEmpty();
    state.unlock();
    commitTransaction(transaction);
    if (!will) {
      flushDevice();
    }
  }

  /// Returns when a transaction is in the log, or is empty. No handle open.
  private void commitTransaction(long tid) throws FsException {
    commitMutex.lock();
    try {
      checkAlive();
      if (tid > committedTid) {
        commitRunning();
      }
    } finally {
      commitMutex.unlock();
    }
  }

  /// Makes the running transaction a committed one. Commit mutex held.
  private void commitRunning() throws FsException {
    LogWriter.Snapshot snapshot;
    long since = clock.nanoTime();
    CommitEvent event = started();
    int revokes;
    commitWanted = true;
    barrier().lock();
    try {
      commitWanted = false;
      Transaction t = running;
      if (t.isEmpty()) {
        return;
      }
      snapshot = writer.snapshot(t);
      state.lock();
      assert t.outstanding == 0 : t.outstanding + " credits of no handle";
      running = new Transaction(t.tid + 1);
      t.logBlocks = snapshot.logBlocks();
      revokes = t.revokes.size();
      logFree -= t.logBlocks;
      state.unlock();
    } finally {
      barrier().unlock();
    }
    // From here on handles change the same blocks for the next transaction.
    Transaction t = snapshot.transaction;
    String at = "commit";
    try {
      if (logFree < 0) {
        throw new FsException(
            Errno.EIO, device.name() + ": the log is short of " + -logFree + " blocks");
      }
      if (superblock.start() == 0) {
        at = "begin the log";
        putLog(head, t.sequence());
      }
      t.logStart = head;
      at = "write the log";
      writer.write(snapshot, head);
      at = "flush before a commit";
      device.flush();
      at = "write the commit";
      Instant now = time.instant();
      writer.writeCommit(snapshot, head, now.getEpochSecond(), now.getNano());
    } catch (FsException e) {
      if (event != null) {
        event.ended(device.name(), t, revokes, e);
      }
      throw stop(at, e);
    }
    Counters told = counters;
    if (told != null) {
      told.add(Count.COMMITS, 1);
      told.add(Count.COMMIT_NANOS, Math.max(0, clock.nanoTime() - since));
    }
    if (event != null) {
      event.ended(device.name(), t, revokes, null);
    }
    head = writer.after(head, t.logBlocks);
    finish(snapshot);
    if (logFree < capacity / 2) {
      try {
        advanceTail(capacity / 8);
      } catch (FsException e) {
        checkAlive(); // the commit is good; the tail stays where it is for now
      }
    }
  }

  private static @Nullable CommitEvent started() {
    if (!Trace.isOn()) {
      return null;
    }
    CommitEvent event = new CommitEvent();
    event.begin();
    return event;
  }

  @Override
  public void countIn(Counters counters) {
    this.counters = counters;
  }

  /// The transaction is durable: its blocks may go to their places, and what it freed is free.
  private void finish(LogWriter.Snapshot snapshot) {
    Transaction t = snapshot.transaction;
    int next = 0;
    for (Buffer buffer : t.buffers) {
      boolean logged = next < snapshot.logged.size() && snapshot.logged.get(next) == buffer;
      buffer.leave(logged ? t.checkpoint : null);
      next += logged ? 1 : 0;
    }
    t.buffers.clear();
    snapshot.logged.clear();
    for (int i = 0; i < t.revokes.size(); i++) {
      cache.forget(t.revokes.first(i), t.revokes.count(i));
    }
    t.revokes.clear();
    state.lock();
    checkpoints.addLast(t);
    state.unlock();
    committedTid = t.tid;
    FreedBlocks allocator = freedBlocks();
    for (int i = 0; allocator != null && i < t.freed.size(); i++) {
      allocator.release(t.freed.first(i), t.freed.count(i));
    }
    t.freed.clear();
  }

  private void putLog(long start, int sequence) throws FsException {
    long oldStart = superblock.start();
    int oldSequence = superblock.sequence();
    superblock.putLog(start, sequence);
    superblock.copyTo(superblockBytes, 0);
    boolean written = false;
    try {
      writer.writeSuperblock(superblockBytes);
      written = true;
    } finally {
      if (!written) {
        superblock.putLog(oldStart, oldSequence);
      }
    }
  }

  private void flushDevice() throws FsException {
    try {
      device.flush();
    } catch (FsException e) {
      throw stop("flush", e);
    }
  }

  /// Stops the journal: the first error stays the reason.
  ///
  /// @return the error, to be thrown
  private FsException stop(String what, FsException error) {
    if (failure.compareAndSet(null, error)) {
      listener.stopped("journal: " + what, error);
      wake();
    }
    return error;
  }

  @Override
  public void stop(FsException why) {
    failure.compareAndSet(null, why);
    wake();
  }

  // ---- checkpoint -------------------------------------------------------------------------------

  /// Makes room in the log: brings the oldest committed blocks to their places. No lock from
  /// JOURNAL_COMMIT on held.
  private void checkpoint() throws FsException {
    state.lock();
    Transaction oldest = checkpoints.peekFirst();
    state.unlock();
    if (oldest != null && cache.left(oldest.checkpoint) > 0) {
      cache.sync();
      if (cache.left(oldest.checkpoint) > 0) {
        // The running transaction has declared some of them: they go on with its commit.
        commitTransaction(running.tid);
        cache.sync();
      }
    }
    // If there is none, a commit under way has all the room: wait for it here.
    commitMutex.lock();
    try {
      checkAlive();
      advanceTail(1);
    } finally {
      commitMutex.unlock();
    }
  }

  /// Lets the log begin at the first transaction whose blocks are not all in their places, if that
  /// gives enough room. Commit mutex held.
  private void advanceTail(long roomMin) throws FsException {
    int done = 0;
    long room = 0;
    Transaction first = null;
    state.lock();
    for (Transaction t : checkpoints) {
      if (cache.left(t.checkpoint) > 0) {
        first = t;
        break;
      }
      done++;
      room += t.logBlocks;
    }
    state.unlock();
    if (room < roomMin) {
      return;
    }
    flushDevice(); // what is in its place must be so for good before the log forgets it
    if (first == null) {
      putLog(head, running.sequence());
    } else {
      putLog(first.logStart, first.sequence());
    }
    state.lock();
    for (int i = 0; i < done; i++) {
      checkpoints.removeFirst();
    }
    logFree += room;
    state.unlock();
  }

  @Override
  public void flush() throws FsException {
    for (int round = 0; round < FLUSH_ROUNDS_MAX; round++) {
      commit();
      cache.sync();
      commitMutex.lock();
      try {
        checkAlive();
        advanceTail(1);
        if (running.isEmpty() && checkpoints.isEmpty()) {
          if (superblock.start() != 0) {
            putLog(0, running.sequence());
          }
          head = superblock.first();
          return;
        }
      } finally {
        commitMutex.unlock();
      }
    }
    throw new FsException(Errno.EBUSY, device.name() + ": the journal does not come to rest");
  }

  // ---- the thread -------------------------------------------------------------------------------

  @Override
  public void startCommit() {
    long tid = running.tid;
    if (askedTid != tid) {
      askedTid = tid;
      wake();
    }
  }

  private void wake() {
    attention = true;
    queue.wakeAll(this);
  }

  private void died(Throwable cause) {
    ended = true;
    FsException error = new FsException(Errno.EIO, device.name() + ": journal thread", cause);
    if (failure.compareAndSet(null, error)) {
      listener.stopped("journal thread", cause);
    }
    queue.wakeAll(this);
  }

  private void work() {
    while (!closing && failure.get() == null) {
      long nanos = round();
      if (nanos > 0) {
        rest(nanos);
      }
    }
    ended = true;
    queue.wakeAll(this);
  }

  /// One look at what is to be done.
  ///
  /// @return nanoseconds to sleep
  private long round() {
    try {
      Transaction t = running;
      state.lock();
      final boolean empty = t.isEmpty();
      state.unlock();
      long age = empty ? 0 : clock.nanoTime() - t.startedNanos;
      boolean due = !empty && (askedTid == t.tid || age >= commitNanos);
      if (due) {
        commitTransaction(t.tid);
      }
      if (freeLogBlocks() < capacity / 2) {
        checkpoint();
      }
      if (due) {
        return 0;
      }
      return empty ? IDLE : Math.max(1, commitNanos - age);
    } catch (FsException e) {
      // A stopped journal ends the thread; what else failed has been left dirty and waits.
      return Math.max(1, commitNanos);
    }
  }

  private void rest(long nanos) {
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      if (!attention && !closing) {
        clock.await(waiter, nanos);
      }
      attention = false;
    } finally {
      queue.leave(waiter);
    }
  }

  /// Ends the thread and waits for it.
  @Override
  public void close() {
    closing = true;
    wake();
    if (!threadStarted.get()) {
      return;
    }
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while (!ended) { // a commit that it is at ends with the device's answers
        waiter.park();
      }
    } finally {
      queue.leave(waiter);
    }
  }

  // ---- for tests and checks ---------------------------------------------------------------------

  /// {@return number of the last committed transaction, as [Handle#transaction()] counts}
  public long committedTransaction() {
    return committedTid;
  }

  /// {@return blocks of one transaction, at most}
  public int transactionBlocksMax() {
    return transactionMax;
  }

  /// {@return blocks of the log that a next transaction may use}
  public long freeLogBlocks() {
    state.lock();
    try {
      return logFree;
    } finally {
      state.unlock();
    }
  }
}
