package org.pagewright.vfs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.mm.VmSpace;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.Clock;
import org.pagewright.writeback.Flusher;
import org.pagewright.writeback.Writeback;

/// One mounted volume: a file system below, the inodes and names it has in memory, and the state of
/// the whole: read-only, frozen, shut down, closed.
///
/// A file system makes one with [#mount]; users start from [Volume#of(SuperBlock)].
///
/// ## Writing and freezing
///
/// Each change happens between [#startWrite()] and [#endWrite()]. [#freeze()] shuts that door,
/// waits for those inside, syncs, and then shuts the inner door of write faults, because a fault
/// may come from inside a write. [#thaw()] opens both.
///
/// What is dirty is on a list that the [Flusher] walks by age and amount, and a sync as a whole:
/// see [DirtyInodes].
public final class SuperBlock {
  /// An inode or a volume that could not be written or freed; for whoever keeps a log.
  public interface Trouble {
    /// Something went wrong that no call can report. Must not close the volume.
    ///
    /// @param what the operation and its object
    /// @param error why
    void happened(String what, Throwable error);
  }

  private final PageCache cache;
  private final SuperBlockOperations operations;
  private final MountOptions options;
  private final @Nullable BackingDevice device;
  private final @Nullable Flusher flusher;
  private final InodeCache inodes;
  private final DirtyInodes dirty;
  private final Evictions evictions;
  private final DentryCache dentries;
  private final VmSpace vmSpace;
  private final Namespace namespace = new Namespace(this);
  private final Attributes attributes = new Attributes(this);
  private final FileLocks fileLocks = new FileLocks(this);
  private final FreezeLock writeLevel;
  private final FreezeLock pagefaultLevel;
  private final Mutex renameMutex;
  private final Mutex stateLock;
  private final AtomicLong cacheIds = new AtomicLong();
  private final OpenFiles files;
  private final Clock clock;
  private final FreezeLock syncLevel; // shut for ever when the file system is about to be closed
  private final AtomicInteger freezing = new AtomicInteger();
  private final AtomicReference<@Nullable Thread> closer = new AtomicReference<>();
  private final WaitQueue changes = new WaitQueue(); // of freezing and closer

  private @Nullable Inode root; // written once before publication
  private volatile boolean readOnly;
  private volatile boolean shutDown;
  private volatile boolean closed;
  private volatile boolean gone; // either, or about to be closed: one look for the hot paths
  private volatile Now now = new Now(Long.MIN_VALUE, Instant.EPOCH);
  private volatile Trouble trouble = (what, error) -> {};
  private volatile Watcher[] watchers = NO_WATCHERS; // replaced as a whole, by a swap

  private static final Watcher[] NO_WATCHERS = {};

  // Of freezing.
  private static final int THAWED = 0;
  private static final int CHANGING = 1;
  private static final int FROZEN = 2;
  private static final int CLOSING = 3;

  /// How long a close waits for calls that are under way, all together.
  private static final long CALLS_NANOS = 10_000_000_000L;

  /// The time of a millisecond, kept so that writing does not make a new object each time.
  private record Now(long millis, Instant time) {}

  private SuperBlock(
      PageCache cache,
      SuperBlockOperations operations,
      MountOptions options,
      @Nullable BackingDevice device) {
    this.cache = cache;
    this.operations = operations;
    this.options = options;
    this.device = device;
    this.readOnly = options.readOnly();
    this.inodes = new InodeCache(this, options.unusedInodesMax());
    this.dentries = new DentryCache(options.dentriesMax());
    this.vmSpace = new VmSpace(cache);
    this.writeLevel = new FreezeLock(LockClass.SB_WRITE, operations.name());
    this.pagefaultLevel = new FreezeLock(LockClass.SB_PAGEFAULT, operations.name());
    this.syncLevel = new FreezeLock(LockClass.SB_WRITE, operations.name());
    this.renameMutex = new Mutex(LockClass.RENAME, operations.name());
    this.stateLock = new Mutex(LockClass.INODE_STATE, operations.name());
    this.clock = device != null ? device.throttle().clock() : Clock.SYSTEM;
    this.files = new OpenFiles(this, options.openFilesMax());
    this.dirty = new DirtyInodes(this, inodes, clock);
    this.evictions = new Evictions(this, inodes, dirty, writeLevel);
    this.flusher = device != null ? new Flusher(device, dirty) : null;
  }

  /// Makes a volume of a file system and reads its root.
  ///
  /// @param cache where its files' content lives
  /// @param operations the file system, ready to read inodes
  /// @param options how
  /// @param device where folios are written to, which shares in the dirty limits; the volume closes
  ///     it, also if this throws. Null if folios are never written
  /// @return the volume
  /// @throws FsException EIO, EUCLEAN; ENOTDIR if the root is no directory
  public static SuperBlock mount(
      PageCache cache,
      SuperBlockOperations operations,
      MountOptions options,
      @Nullable BackingDevice device)
      throws FsException {
    SuperBlock superBlock = new SuperBlock(cache, operations, options, device);
    boolean done = false;
    try {
      Inode root = superBlock.iget(operations.rootIno());
      if (!root.isDirectory()) {
        superBlock.iput(root);
        throw new FsException(Errno.ENOTDIR, operations.name() + ": root");
      }
      superBlock.root = root;
      done = true;
      return superBlock;
    } finally {
      if (!done) {
        superBlock.closeFlusher();
        superBlock.closeDevice();
      }
    }
  }

  // ---- Parts ------------------------------------------------------------------------------------

  /// Where the content of its files lives.
  ///
  /// @return never null
  public PageCache cache() {
    return cache;
  }

  /// The file system.
  ///
  /// @return never null
  public SuperBlockOperations operations() {
    return operations;
  }

  /// How it was mounted.
  ///
  /// @return never null
  public MountOptions options() {
    return options;
  }

  /// Where folios are written to.
  ///
  /// @return null if they are never written
  public @Nullable BackingDevice device() {
    return device;
  }

  /// Names: everything that works on an inode and a name.
  ///
  /// @return never null
  public Namespace namespace() {
    return namespace;
  }

  /// Attributes: everything that works on one inode.
  ///
  /// @return never null
  public Attributes attributes() {
    return attributes;
  }

  /// The root directory; the volume holds a reference as long as it is open.
  ///
  /// @return never null after mounting
  public Inode root() {
    assert root != null;
    return root;
  }

  FileLocks fileLocks() {
    return fileLocks;
  }

  /// The mapped regions of its files.
  ///
  /// @return never null
  public VmSpace vmSpace() {
    return vmSpace;
  }

  DentryCache dentries() {
    return dentries;
  }

  Mutex renameMutex() {
    return renameMutex;
  }

  /// Sets who hears of errors that no call can report. Until then they go nowhere. (A failed
  /// write-out is none of those: open files and [#sync()] tell of it, R-H7.)
  ///
  /// @param trouble called by any thread, perhaps with locks held
  public void setTrouble(Trouble trouble) {
    this.trouble = trouble;
  }

  // ---- Watching ---------------------------------------------------------------------------------

  /// Adds somebody who hears of each change from now on.
  ///
  /// @param watcher see there what it may do
  public void addWatcher(Watcher watcher) {
    stateLock.lock();
    Watcher[] more = Arrays.copyOf(watchers, watchers.length + 1);
    more[more.length - 1] = watcher;
    watchers = more;
    stateLock.unlock();
  }

  /// Lets a watcher go. A change under way in another thread may still be told to it.
  ///
  /// @param watcher one that was added; others are no error
  public void removeWatcher(Watcher watcher) {
    stateLock.lock();
    List<Watcher> rest = new ArrayList<>(Arrays.asList(watchers));
    rest.remove(watcher);
    watchers = rest.isEmpty() ? NO_WATCHERS : rest.toArray(NO_WATCHERS);
    stateLock.unlock();
  }

  /// Whether a change is to be told.
  boolean isWatched() {
    return watchers != NO_WATCHERS;
  }

  void tellAdded(Inode dir, Name name, Inode inode) {
    assert dir.rwsem().isHeldByCaller();
    for (Watcher watcher : watchers) {
      watcher.added(dir, name, inode);
    }
  }

  void tellRemoved(Inode dir, Name name, Inode inode) {
    assert dir.rwsem().isHeldByCaller();
    for (Watcher watcher : watchers) {
      watcher.removed(dir, name, inode);
    }
  }

  /// A page of a mapped region becomes writable: no INODE, which a fault may not take.
  void tellStored(Inode inode) {
    for (Watcher watcher : watchers) {
      watcher.changed(inode, Watcher.CONTENT);
    }
  }

  void tellChanged(Inode inode, int what) {
    assert inode.rwsem().isHeldByCaller();
    for (Watcher watcher : watchers) {
      watcher.changed(inode, what);
    }
  }

  /// Now, in milliseconds, as the file system can keep it. Makes no new object within one.
  ///
  /// @return a time
  public Instant now() {
    long millis = options.clock().millis();
    Now last = now;
    if (last.millis != millis) {
      last = new Now(millis, operations.roundTime(Instant.ofEpochMilli(millis)));
      now = last;
    }
    return last.time;
  }

  long nextCacheId() {
    return cacheIds.incrementAndGet();
  }

  // ---- Inodes -----------------------------------------------------------------------------------

  /// The inode with a number, with a reference for the caller.
  ///
  /// @param ino inode number, perhaps nonsense from outside
  /// @return give it back with [#iput(Inode)]
  /// @throws FsException ESTALE if no such inode is in use; EIO, EUCLEAN
  public Inode iget(long ino) throws FsException {
    checkAlive();
    if (ino == InodeOperations.NO_INODE) {
      throw new FsException(Errno.ESTALE, operations.name() + ": inode 0");
    }
    return inodes.get(ino, true);
  }

  /// The inode with a number that came from outside, such as a file handle, with a reference for
  /// the caller, who compares the generation. A number proves nothing: what is not in use, or is
  /// being made, is ESTALE, and what makes no sense is no damage of the volume.
  ///
  /// @param ino any number
  /// @return give it back with [#iput(Inode)]
  /// @throws FsException ESTALE; EIO
  public Inode igetUntrusted(long ino) throws FsException {
    checkAlive();
    if (ino == InodeOperations.NO_INODE) {
      throw new FsException(Errno.ESTALE, operations.name() + ": inode 0");
    }
    return inodes.get(ino, false);
  }

  /// The inode with a number if it is in memory and stays there, with a reference for the caller.
  @Nullable Inode ilookup(long ino) throws FsException {
    checkAlive();
    return inodes.getCached(ino);
  }

  /// One more reference to an inode that the caller has one of already.
  ///
  /// @param inode in use
  public void hold(Inode inode) {
    inodes.hold(inode);
  }

  /// One more reference to an inode that is there as long as the volume is open: the root.
  ///
  /// @param inode of this volume
  /// @throws FsException EIO if the volume was closed meanwhile
  public void holdLasting(Inode inode) throws FsException {
    if (!inodes.tryHold(inode)) {
      throw new FsException(Errno.EIO, operations.name() + ": closed");
    }
  }

  /// Gives a reference back. The last one of an inode without names frees it on disk, before this
  /// returns unless the volume is frozen; so no handle and nothing below INODE of another inode may
  /// be held. What a walk is writing out of it is waited for, the rest is not written any more.
  ///
  /// @param inode with a reference
  public void iput(Inode inode) {
    inodes.put(inode);
  }

  /// Enters an inode that a file system has just made, with one reference for the caller. A handle
  /// may be held.
  ///
  /// @param inode all fields filled
  public void insertNew(Inode inode) {
    inodes.insertNew(inode);
  }

  /// Claims the number of an inode that a file system is about to make, before it writes anything
  /// of it: until [#insertNew(Inode)] nobody finds the number. A file system that found it free,
  /// and hears that it is in use, has met damage.
  ///
  /// @param ino number
  /// @return false if it is in use
  public boolean claim(long ino) {
    return inodes.claim(ino);
  }

  /// Gives a claim up: the inode was not made.
  ///
  /// @param ino as for [#claim]
  public void unclaim(long ino) {
    inodes.unclaim(ino);
  }

  /// Brings an inode in FREEING to its end.
  void evict(Inode inode) {
    evictions.evict(inode);
  }

  /// Tells who watches over the volume of something that is wrong and that no call can report.
  ///
  /// @param what the operation and its object
  /// @param error why
  public void report(String what, FsException error) {
    trouble.happened(what, error);
  }

  // ---- Sync -------------------------------------------------------------------------------------

  /// An inode has something to write. Any lock above INODE_STATE may be held.
  void noteDirty(Inode inode) {
    if (dirty.add(inode) && flusher != null) {
      flusher.inodeDirtied();
    }
  }

  /// Inodes with something to write.
  ///
  /// @return a number that may be old already
  public int dirtyInodes() {
    return dirty.size();
  }

  /// Writes a range of a file and then the inode, and waits for both; the default of
  /// [InodeOperations#fsync]. Errors of writing the range are told through the mapping's ErrSeq.
  ///
  /// @param inode the inode
  /// @param from first byte
  /// @param to byte after the last, `Long.MAX_VALUE` for the whole file
  /// @param datasync leave the inode unless reading needs it
  /// @throws FsException EIO while writing the inode
  public void genericSync(Inode inode, long from, long to, boolean datasync) throws FsException {
    if (from < to) {
      Writeback.syncRange(inode.mapping(), from, Math.min(to, AddressSpace.MAX_SIZE) - 1);
    }
    inode.writeBack(true, datasync);
  }

  /// Makes everything durable that was accepted before this call.
  ///
  /// @throws FsException EIO; what could not be written stays dirty. Also, once, if a write-out
  ///     before this call failed and nobody has heard of it, although all is written now
  public void sync() throws FsException {
    if (!syncLevel.tryStart()) { // else a close waits for us
      throw new FsException(Errno.EIO, operations.name() + ": closed");
    }
    try {
      checkAlive();
      syncAll(true);
    } finally {
      syncLevel.end();
    }
  }

  /// @param past whether a failure that is over is to be told
  private void syncAll(boolean past) throws FsException {
    Errno error = null;
    if (flusher != null) {
      error = flusher.sync(past);
      if (inodes.awaitEvictions()) {
        Errno again = flusher.sync(past); // what an eviction failed to write is on the list again
        error = error != null ? error : again;
      }
    } else {
      dirty.clean();
    }
    int state = freezing.get();
    boolean frees = !readOnly && (state == THAWED || state == CLOSING);
    if (frees) {
      evictions.evictDeferred();
    }
    if (!readOnly) {
      operations.syncFs(true);
    }
    if (frees) {
      evictions.checkDeferred();
    }
    if (error != null) {
      throw new FsException(error, operations.name() + ": sync");
    }
  }

  // ---- Writing, freezing ------------------------------------------------------------------------

  /// Enters as a writer, waiting while the volume is frozen.
  ///
  /// @throws FsException EROFS; EIO after a shutdown
  public void startWrite() throws FsException {
    checkWritable();
    writeLevel.start();
    checkStarted();
  }

  /// Since the look at the state, the volume may have become read-only, or be about to be closed: a
  /// close waits for those who are inside, and once.
  private void checkStarted() throws FsException {
    if (readOnly || gone) {
      writeLevel.end();
      checkWritable();
      throw new FsException(Errno.EIO, operations.name() + ": closing, which failed");
    }
  }

  /// Enters as a writer unless that has to wait (R-J7).
  ///
  /// @return false if frozen
  /// @throws FsException EROFS; EIO after a shutdown
  public boolean tryStartWrite() throws FsException {
    checkWritable();
    if (!writeLevel.tryStart()) {
      return false;
    }
    checkStarted();
    return true;
  }

  /// Leaves as a writer.
  public void endWrite() {
    writeLevel.end();
  }

  /// The inner door, for write faults of mappings.
  ///
  /// @return a lock of class SB_PAGEFAULT
  public FreezeLock pagefaultLevel() {
    return pagefaultLevel;
  }

  /// Makes the image consistent as it lies, and keeps it so until [#thaw()]. Calls that change
  /// something wait meanwhile.
  ///
  /// @throws FsException EBUSY if frozen already; EIO, then nothing is frozen
  public void freeze() throws FsException {
    checkAlive();
    if (!freezing.compareAndSet(THAWED, CHANGING)) {
      throw new FsException(Errno.EBUSY, operations.name() + ": freeze");
    }
    boolean done = false;
    writeLevel.freeze();
    try {
      checkAlive(); // a close by force may have come while we waited for a writer
      for (Inode inode : inodes.inUse()) {
        inode.awaitOverwriters(); // those that came before see no frozen level
      }
      syncAll(false);
      pagefaultLevel.freeze();
      try {
        vmSpace.writeProtect();
        syncAll(false); // faults dirtied more until the inner door was shut
        operations.freeze();
        done = true;
      } finally {
        if (!done) {
          pagefaultLevel.thaw();
        }
      }
    } finally {
      if (!done) {
        writeLevel.thaw();
        change(THAWED);
        evictions.evictDeferred();
      }
    }
    change(FROZEN);
  }

  private void change(int state) {
    freezing.set(state);
    changes.wakeAll(changes);
  }

  /// Whether writers are kept out, or about to be.
  boolean isFrozen() {
    return writeLevel.isFrozen();
  }

  /// Lets writers in again.
  ///
  /// @throws FsException EINVAL if not frozen; EIO
  public void thaw() throws FsException {
    if (!freezing.compareAndSet(FROZEN, CHANGING)) {
      throw new FsException(Errno.EINVAL, operations.name() + ": thaw");
    }
    thawTo(THAWED);
    evictions.evictDeferred();
  }

  private void thawTo(int state) throws FsException {
    try {
      operations.thaw();
    } finally {
      pagefaultLevel.thaw();
      writeLevel.thaw();
      change(state);
    }
  }

  // ---- State ------------------------------------------------------------------------------------

  /// Whether changes are refused.
  ///
  /// @return true if read-only
  public boolean isReadOnly() {
    return readOnly;
  }

  /// Refuses changes from now on, after an error that makes further writing dangerous.
  public void setReadOnly() {
    readOnly = true;
  }

  /// Throws if the volume was closed or shut down.
  ///
  /// @throws FsException EIO
  public void checkAlive() throws FsException {
    if (gone) {
      throw new FsException(
          Errno.EIO, operations.name() + (shutDown ? ": shut down after an error" : ": closed"));
    }
  }

  void checkWritable() throws FsException {
    checkAlive();
    if (readOnly) {
      throw new FsException(Errno.EROFS, operations.name());
    }
  }

  /// Stops everything after an error that nothing can mend, e.g. an exception at a thread's top:
  /// each later call ends with EIO, nothing is written any more.
  ///
  /// @param what what went wrong
  /// @param error why
  public void shutdown(String what, Throwable error) {
    shutDown = true;
    gone = true;
    operations.shutdown();
    trouble.happened(what, error);
  }

  /// Whether [#shutdown] was called.
  ///
  /// @return true from then on
  public boolean isShutDown() {
    return shutDown;
  }

  /// Whether the file system is closed, or about to be: what is evicted from now on was in use when
  /// that was forced, and changes nothing on the device.
  ///
  /// @return true from then on
  public boolean isClosed() {
    return evictions.isShut();
  }

  /// Whether a close has written all that will be written.
  boolean isEnding() {
    return closed;
  }

  /// Whether files that are open still are to answer EIO.
  boolean isGone() {
    return gone;
  }

  /// Space and inodes in use.
  ///
  /// @return a snapshot
  /// @throws FsException EIO
  public StatFs statfs() throws FsException {
    checkAlive();
    return operations.statfs();
  }

  /// The open files.
  OpenFiles files() {
    return files;
  }

  /// Waits until no file is open: one that was closed is open until the calls under way in it have
  /// ended. No lock held. An interrupt does not end the wait.
  ///
  /// @param nanos how long at most
  /// @return false if files are open still
  public boolean awaitClosedFiles(long nanos) {
    return files.awaitClosed(nanos);
  }

  /// Files open now.
  ///
  /// @return a number that may be old already
  public int openFiles() {
    return files.count();
  }

  /// Inodes in memory now.
  ///
  /// @return a number that may be old already
  public int cachedInodes() {
    return inodes.size();
  }

  /// Names in memory now.
  ///
  /// @return a number that may be old already
  public int cachedDentries() {
    return dentries.size();
  }

  // ---- Closing ----------------------------------------------------------------------------------

  /// Writes everything, lets every inode go, and closes the file system. Idempotent: of several
  /// callers one does it, and the others wait for that one. To be called with no lock held, and
  /// not from within a call of this volume, such as by a source of bytes or a [Watcher]: the close
  /// would wait for that call.
  ///
  /// Calls that are under way end before the last sync, those that come later with EIO: so what an
  /// fsync has returned for is on the device, and nothing on it is half made. A wait for a lock on
  /// a file ends with EIO. A call that does not end within ten seconds counts as an error that
  /// nothing can mend: the volume is shut down under it.
  ///
  /// @param force close even if files are open or something cannot be written: regions are closed,
  ///     open files then answer EIO, and what cannot be written is lost
  /// @throws FsException EBUSY if files are open; EIO if not all could be written: without `force`
  ///     the volume is still open then
  public void close(boolean force) throws FsException {
    Thread me = Thread.currentThread();
    if (closer.get() == me) {
      return; // by somebody whom the close calls
    }
    WaitQueue.Waiter waiter = changes.enter(changes);
    try {
      SchedulePoint.reach(SchedulePoint.Kind.ACCESS, closer);
      while (!closer.compareAndSet(null, me)) {
        waiter.park();
      }
    } finally {
      changes.leave(waiter);
    }
    try {
      if (!closed) {
        closeOnce(force);
      }
    } finally {
      closer.set(null);
      changes.wakeAll(changes);
    }
  }

  private void closeOnce(boolean force) throws FsException {
    if (files.count() > 0 && !force) {
      throw new FsException(
          Errno.EBUSY, operations.name() + ": " + files.count() + " files are open");
    }
    FsException failed = null;
    boolean done = false;
    try {
      if (force) {
        gone = true; // writers that a thaw lets in find it
      }
      failed = endFreeze(force);
      if (force) {
        vmSpace.closeAll(); // no store comes after the sync
      } else {
        if (failed != null) {
          throw failed;
        }
        if (!shutDown) {
          syncAll(false); // while it is still open: this may fail
        }
        gone = true;
      }
      // Else the wait for a freeze has given up.
      FsException late = freezing.get() == CLOSING ? endCalls(force) : null;
      failed = failed == null ? late : failed;
      if (!force && files.count() > 0) {
        throw new FsException(Errno.EBUSY, operations.name() + ": a file was opened");
      }
      try {
        if (!shutDown && (force || dirty.size() > 0 || evictions.hasDeferred())) {
          syncAll(false);
        }
      } catch (FsException e) {
        if (!force) {
          throw e;
        }
        failed = failed == null ? e : failed;
        giveUp();
      }
      done = true;
    } finally {
      if (!done) {
        stayOpen();
      }
    }
    closeFlusher();
    closed = true;
    iput(root());
    if (shutDown) {
      // Nothing is freed any more, and what a file system holds to go on with at the next sync it
      // holds for ever.
      evictions.evictDeferred();
    } else if (!force) {
      inodes.awaitUnused(clock, CALLS_NANOS); // who is looking something up
    }
    evictions.evictUnused();
    evictions.shut(); // waits for those under way, by files that others are just closing
    evictions.evictUnused();
    for (Inode inode : inodes.inUse()) { // nobody reads them any more, and others need the memory
      Evictions.dropFolios(inode.mapping());
    }
    assert force || shutDown || inodes.used() == 0
        : operations.name() + ": inodes leaked: " + inodes.used();
    if (evictions.hasDeferred()) {
      operations.shutdown(); // space of removed files is lost: what checks the image must look
    }
    try {
      operations.close();
    } catch (FsException e) {
      failed = failed == null ? e : failed;
    }
    closeDevice();
    if (failed != null) {
      throw failed;
    }
  }

  /// Waits for a freeze or a thaw under way, thaws, and lets nobody freeze any more.
  ///
  /// @param force not for ever: a freeze may wait for a call that does not end
  /// @return why the file system could not thaw, or null
  private @Nullable FsException endFreeze(boolean force) {
    WaitQueue.Waiter waiter = changes.enter(changes);
    try {
      long start = clock.nanoTime();
      while (!freezing.compareAndSet(THAWED, CLOSING)) {
        if (!freezing.compareAndSet(FROZEN, CHANGING)) {
          long left = force ? CALLS_NANOS - (clock.nanoTime() - start) : Long.MAX_VALUE;
          if (left <= 0) {
            giveUp();
            return new FsException(
                Errno.EIO, operations.name() + ": closed under a freeze that does not end");
          }
          clock.await(waiter, left);
          continue;
        }
        thawTo(CLOSING);
        return null;
      }
      return null;
    } catch (FsException e) {
      return e;
    } finally {
      changes.leave(waiter);
    }
  }

  /// Waits for the calls under way; later ones find that the volume is gone.
  ///
  /// @param force close regions, too; else one that was just made keeps the volume open
  /// @return not null if some did not end: the volume is shut down then
  private @Nullable FsException endCalls(boolean force) {
    fileLocks.close();
    final long end = clock.nanoTime() + CALLS_NANOS;
    boolean ended = files.awaitCalls(clock, CALLS_NANOS);
    if (force) {
      vmSpace.closeAll(); // with regions that were just being made
    }
    for (FreezeLock level : List.of(writeLevel, pagefaultLevel)) {
      ended &= level.freeze(clock, end - clock.nanoTime());
      level.thaw(); // who waits there finds that the volume is gone
    }
    ended &= syncLevel.freeze(clock, end - clock.nanoTime());
    for (Inode inode : inodes.inUse()) {
      if (ended) {
        inode.awaitOverwriters();
      }
    }
    if (ended) {
      return null;
    }
    giveUp();
    return new FsException(Errno.EIO, operations.name() + ": closed under calls that do not end");
  }

  /// From here on nothing is kept for later, and nobody shall take the image for a whole one.
  private void giveUp() {
    shutDown = true;
    gone = true;
    fileLocks.close();
    operations.shutdown();
  }

  /// A close has failed.
  private void stayOpen() {
    fileLocks.open();
    if (syncLevel.isFrozen()) {
      syncLevel.thaw();
    }
    gone = false;
    if (shutDown) { // perhaps just now
      gone = true;
    }
    change(THAWED);
    evictions.evictDeferred();
  }

  private void closeFlusher() {
    if (flusher != null) {
      flusher.close();
    }
  }

  private void closeDevice() {
    if (device != null) {
      device.close();
    }
  }

  @Override
  public String toString() {
    return operations.name();
  }
}
