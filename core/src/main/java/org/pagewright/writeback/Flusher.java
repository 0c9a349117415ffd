package org.pagewright.writeback;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.WritebackControl;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.FlushTarget.DirtyInode;

/// Writes the dirty inodes of one super block in the background: by amount, when there is too much
/// of it, and by age, so that nothing stays unwritten for long (R-I1).
///
/// Compare Linux's fs/fs-writeback.c:wb_workfn(). One daemon thread, started when the first inode
/// becomes dirty:
///
///     over the background limit?   a chunk of each inode, oldest first, until below it
///     every 5 s                    all of each inode that has been dirty for 30 s
///     nothing dirty                sleep until told
///
/// A file whose write-out failed is tried again after 1 s, then 2 s, doubling to 30 s (R-H8); each
/// sync tries at once. The list of dirty inodes is the [FlushTarget]'s.
public final class Flusher implements AutoCloseable {
  /// Time from one look at the ages to the next.
  public static final long PERIOD_NANOS = 5_000_000_000L;

  /// Age at which dirty data are written although there is room.
  public static final long EXPIRE_NANOS = 30_000_000_000L;

  private static final long RETRY_FIRST_NANOS = 1_000_000_000L;
  private static final long RETRY_MAX_NANOS = 30_000_000_000L;
  private static final long BUSY_NANOS = 10_000_000L;
  private static final long IDLE = Long.MAX_VALUE;
  private static final long CLOSE_NANOS = 10_000_000_000L;
  private static final int CHUNK_MIN = 1024;

  /// A file that failed: when to try again. Used by the thread of the flusher.
  private static final class Backoff {
    int failuresSeen;
    long delayNanos;
    long notBefore;
    boolean tried; // since the last failure that was seen
  }

  private final BackingDevice device;
  private final FlushTarget target;
  private final boolean threaded;
  private final Clock clock;
  private final WaitQueue queue = new WaitQueue();
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile boolean background; // wanted
  private volatile boolean attention; // a sleep must end
  private volatile boolean idle; // sleeps until told
  private volatile boolean stopping;
  private volatile boolean ended;

  // Used by the thread of the flusher.
  private long nextPeriod;
  private long failedAtWritten = -1;

  /// A flusher without thread yet.
  ///
  /// @param device where the inodes are written to
  /// @param target the super block
  public Flusher(BackingDevice device, FlushTarget target) {
    this(device, target, true);
  }

  /// A flusher with a thread, or one whose owner calls [#round()] himself.
  Flusher(BackingDevice device, FlushTarget target, boolean threaded) {
    this.threaded = threaded;
    this.device = device;
    this.target = target;
    this.clock = device.throttle().clock();
    this.nextPeriod = clock.nanoTime() + PERIOD_NANOS;
    device.add(this);
  }

  // ---- Being told -----------------------------------------------------------------------------

  /// An inode has become dirty: somebody will look at its age. To be called with any lock down to
  /// FOLIO held; does not sleep.
  public void inodeDirtied() {
    start();
    if (idle) {
      wake();
    }
  }

  /// Asks for write-out until the dirty folios are below the background limit. Cheap if that is
  /// wanted already.
  public void startBackground() {
    if (!background) {
      background = true;
      start();
      wake();
    }
  }

  private void start() {
    if (threaded && !started.get() && !stopping && started.compareAndSet(false, true)) {
      String name = "pagewright-flush-" + target.name();
      if (SchedulePoint.spawn(name, true, this::run)) {
        return;
      }
      Thread.ofPlatform()
          .daemon()
          .name(name)
          .uncaughtExceptionHandler((thread, cause) -> died(cause))
          .start(this::run);
    }
  }

  private void wake() {
    attention = true;
    queue.wakeAll(this);
  }

  private void died(Throwable cause) {
    ended = true;
    queue.wakeAll(this);
    target.shutDown(cause);
  }

  // ---- The thread -----------------------------------------------------------------------------

  private void run() {
    while (!stopping) {
      long nanos = round();
      if (nanos > 0) {
        rest(nanos);
      }
    }
    ended = true;
    queue.wakeAll(this);
  }

  private void rest(long nanos) {
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      idle = nanos == IDLE;
      long start = clock.nanoTime();
      long left = nanos;
      // Writers ask for attention at each of their chunks; where a look around found nothing that
      // could be started, another one at once would find the same.
      boolean busy = nanos == BUSY_NANOS;
      while ((busy || !attention) && !stopping && left > 0) {
        // Inodes that became dirty after the round looked are seen here: idle is set before.
        if (nanos == IDLE && target.hasDirty()) {
          break;
        }
        clock.await(waiter, left);
        left = nanos == IDLE ? IDLE : nanos - (clock.nanoTime() - start);
      }
      attention = false;
      idle = false;
    } finally {
      queue.leave(waiter);
    }
  }

  /// One look around: what has to be written is written.
  ///
  /// @return nanoseconds to sleep; 0 if there is more to do
  long round() {
    long now = clock.nanoTime();
    device.throttle().refresh(now);
    if (background || device.throttle().isOverBackground(device)) {
      background = false;
      Chunks chunks = new Chunks(now);
      target.forEachDirty(now, chunks);
      if (device.throttle().isOverBackground(device)) {
        return chunks.written > 0 ? 0 : BUSY_NANOS; // all of it busy, failing, or just dirtied
      }
    }
    if (now - nextPeriod >= 0) {
      nextPeriod = now + PERIOD_NANOS;
      target.forEachDirty(now - EXPIRE_NANOS, new Expired(now));
    }
    return target.hasDirty() ? Math.max(1, nextPeriod - clock.nanoTime()) : IDLE;
  }

  /// Writes a chunk of each inode, oldest first, until the device is below its background limit.
  private final class Chunks implements FlushTarget.Visitor {
    private final long now;
    private final long chunk;
    private long written;

    Chunks(long now) {
      this.now = now;
      // Half a second of work, so that every inode gets its turn; not a large part of the limit.
      double most = device.throttle().limits().limit() / 2.0;
      chunk = (long) Math.max(1, Math.min(Math.max(CHUNK_MIN, device.bandwidth() / 2), most));
    }

    @Override
    public boolean mayGoOn() {
      return !stopping && device.throttle().isOverBackground(device);
    }

    @Override
    public boolean visit(DirtyInode inode) {
      written += write(inode, chunk, now);
      if (inode.mapping().dirtyFolios() > 0) {
        return false;
      }
      writeInode(inode);
      return true;
    }
  }

  /// Writes all of each inode that has been dirty for long.
  private final class Expired implements FlushTarget.Visitor {
    private final long now;

    Expired(long now) {
      this.now = now;
    }

    @Override
    public boolean mayGoOn() {
      return !stopping;
    }

    @Override
    public boolean visit(DirtyInode inode) {
      write(inode, inode.mapping().dirtyFolios(), now);
      writeInode(inode);
      return true;
    }
  }

  private static void writeInode(DirtyInode inode) {
    try {
      inode.writeInode(SyncMode.NONE);
    } catch (FsException e) {
      inode.mapping().recordWriteFailure(e.errno());
    }
  }

  /// @return folios that went to the store
  private long write(DirtyInode inode, long folios, long now) {
    AddressSpace mapping = inode.mapping();
    if (folios <= 0 || isBackingOff(mapping, now)) {
      return 0;
    }
    WritebackControl control = WritebackControl.background(folios);
    Writeback.writepages(mapping, control);
    return control.written();
  }

  // ---- Failures -------------------------------------------------------------------------------

  /// Whether a file failed lately and is to be left alone for now (R-H8). Failures end in
  /// completions, so those of the last attempt are seen at the next.
  private boolean isBackingOff(AddressSpace mapping, long now) {
    int failures = mapping.writeFailures();
    Backoff backoff = (Backoff) mapping.flusherState();
    if (backoff == null) {
      if (failures == 0) {
        return false;
      }
      backoff = new Backoff();
      mapping.keepFlusherState(backoff);
    }
    if (backoff.failuresSeen != failures) {
      backoff.failuresSeen = failures;
      backoff.delayNanos =
          Math.clamp(2 * backoff.delayNanos, RETRY_FIRST_NANOS, RETRY_MAX_NANOS);
      backoff.notBefore = now + backoff.delayNanos;
      backoff.tried = false;
      noteFailure(mapping);
    } else if (backoff.tried && mapping.writebackFolios() == 0) {
      backoff.delayNanos = 0; // the last attempt has ended, and well
    }
    if (backoff.delayNanos > 0 && now - backoff.notBefore < 0) {
      return true;
    }
    backoff.tried = true;
    return false;
  }

  /// A device that completes nothing between two failures is taken to be broken, until it completes
  /// something.
  private void noteFailure(AddressSpace mapping) {
    long written = device.writtenFolios();
    if (written == failedAtWritten) {
      Errno errno = mapping.writebackErrors().checkSince(0);
      device.setFailure(errno != null ? errno : Errno.EIO);
    }
    failedAtWritten = written;
  }

  // ---- Sync -----------------------------------------------------------------------------------

  /// Writes everything that is dirty now and waits until it is on the store; in the caller's
  /// thread, which holds no lock below SB_WRITE. What becomes dirty meanwhile is not waited for
  /// (R-H3).
  ///
  /// @param past whether to tell of failures of before, too, that no sync has told of and no open
  ///     file has heard of, although what failed then is on the store now
  /// @return the first error; each is recorded with its file
  public @Nullable Errno sync(boolean past) {
    long until = clock.nanoTime();
    // First start everything, so that the device has all of it to choose from; then wait.
    target.forEachUnsynced(until, new Start());
    Sync sync = new Sync(past);
    target.forEachUnsynced(until, sync);
    return sync.first;
  }

  private static final class Start implements FlushTarget.Visitor {
    @Override
    public boolean mayGoOn() {
      return true;
    }

    @Override
    public boolean visit(DirtyInode inode) {
      Writeback.startRange(inode.mapping(), 0, AddressSpace.MAX_SIZE - 1);
      return false;
    }
  }

  private static final class Sync implements FlushTarget.Visitor {
    private final boolean past;
    private @Nullable Errno first;

    Sync(boolean past) {
      this.past = past;
    }

    @Override
    public boolean mayGoOn() {
      return true;
    }

    @Override
    public boolean visit(DirtyInode inode) {
      AddressSpace mapping = inode.mapping();
      int told = past ? mapping.failuresTold() : mapping.writeFailures();
      Errno error = Writeback.syncRange(mapping, 0, AddressSpace.MAX_SIZE - 1);
      if (error != null && mapping.writeFailures() == told) {
        error = null; // an open file has still to hear of it; whoever syncs has, or it is over
      }
      try {
        inode.writeInode(SyncMode.ALL);
      } catch (FsException e) {
        mapping.recordWriteFailure(e.errno());
        error = error != null ? error : e.errno();
      }
      if (error != null) {
        mapping.tellFailures(mapping.writeFailures());
      }
      first = first != null ? first : error;
      return true;
    }
  }

  // ---- End ------------------------------------------------------------------------------------

  /// Ends the thread, waiting for a write-out that it is at, but not for ever. Does not sync.
  @Override
  public void close() {
    device.remove(this);
    stopping = true;
    wake();
    if (!started.get()) {
      return;
    }
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      long start = clock.nanoTime();
      long left = CLOSE_NANOS;
      while (!ended && left > 0) {
        clock.await(waiter, left);
        left = CLOSE_NANOS - (clock.nanoTime() - start);
      }
    } finally {
      queue.leave(waiter);
    }
  }
}
