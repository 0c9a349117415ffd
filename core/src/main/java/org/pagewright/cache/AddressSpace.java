package org.pagewright.cache;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.mem.FramePool;
import org.pagewright.stats.Count;
import org.pagewright.stats.Counters;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// The cached content of one file: its folios, its size, and the errors of writing it.
///
/// Compare Linux's struct address_space; the file size lives here, too. Lookups take no lock.
///
/// | guarded by    | what                                                                      |
/// |---------------|---------------------------------------------------------------------------|
/// | CACHE_INDEX   | changes of the index and its tags, the counts                             |
/// | INVALIDATE    | shared: a fill may start; exclusive: folios go away and blocks change (R-G2) |
/// | INODE (vfs)   | the size shrinks or grows from outside a folio                            |
/// | FOLIO         | the size grows by a write into that folio (R-D1)                          |
public final class AddressSpace {
  /// Bytes of a folio; only this room and constants derived from it may depend on it.
  public static final int FOLIO_SIZE = 4096;

  /// Binary logarithm of [#FOLIO_SIZE].
  public static final int FOLIO_SHIFT = 12;

  /// Largest size of a file in bytes.
  public static final long MAX_SIZE = Long.MAX_VALUE - FOLIO_SIZE + 1;

  /// Flag of [#getOrCreate]: fail with EAGAIN rather than wait.
  public static final int NOWAIT = WriteOp.NOWAIT;

  /// Flag of [#getOrCreate]: a folio that is created here is to be dropped once clean.
  public static final int DONTCACHE = WriteOp.DONTCACHE;

  private static final VarHandle SIZE;
  private static final VarHandle MAPPER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SIZE = lookup.findVarHandle(AddressSpace.class, "size", long.class);
      MAPPER = lookup.findVarHandle(AddressSpace.class, "mapper", FolioMapper.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /// What the owner of an address space hears. Called with FOLIO held; must not sleep.
  public interface Host {
    /// The first folio of this file became dirty.
    ///
    /// @param mapping the file
    void becameDirty(AddressSpace mapping);
  }

  private final PageCache cache;
  private final MemorySegment[] chunks; // the frame pool's
  private final AddressSpaceOperations operations;
  private final Host host;
  private final @Nullable DirtyAccount account;
  private final Counters counters;
  private final boolean contexts;
  private final String name;
  private final long number;
  private final FolioIndex index = new FolioIndex();
  private final Mutex indexLock = new Mutex(LockClass.CACHE_INDEX, this);
  private final RwSem invalidateLock = new RwSem(LockClass.INVALIDATE, this);
  private final ErrSeq writebackErrors = new ErrSeq();

  private volatile long size;
  private volatile @Nullable FolioMapper mapper; // set once, by the first mapping of the file
  private volatile int folios; // guarded by CACHE_INDEX for writing, as the next four
  private volatile int dirty;
  private volatile int writeback;
  private volatile int failures;
  private volatile int failuresTold; // by syncs of the volume
  private @Nullable Object flusherState; // by the thread of the flusher only
  private volatile long writebackIndex; // where background write-out goes on; a hint
  private volatile boolean exiting; // never false again

  /// An empty file.
  ///
  /// @param cache whose memory it uses
  /// @param operations the file system
  /// @param host who is told when it becomes dirty
  /// @param account the device whose dirty limits it counts in; null if its folios are memory
  ///     themselves and are never written
  /// @param name for messages, e.g. `disk.img:12`
  public AddressSpace(
      PageCache cache,
      AddressSpaceOperations operations,
      Host host,
      @Nullable DirtyAccount account,
      String name) {
    this.cache = cache;
    this.chunks = cache.frames().chunks();
    this.operations = operations;
    this.host = host;
    this.account = account;
    Counters own = account != null ? account.counters() : null;
    this.counters = own != null ? own : cache.counters();
    this.contexts = operations.keepsContexts();
    assert !contexts || account != null : name + ": contexts end with a write-out";
    this.name = name;
    this.number = cache.nextMapping();
  }

  // ---- What belongs to it ---------------------------------------------------------------------

  /// The cache whose memory it uses.
  ///
  /// @return never null
  public PageCache cache() {
    return cache;
  }

  /// Where what happens to the file is counted: with its volume.
  ///
  /// @return never null
  public Counters counters() {
    return counters;
  }

  /// Counts a folio that a reader found missing.
  public void countMiss() {
    cache.countMiss();
    counters.add(Count.MISSES, 1);
  }

  /// The file system's side.
  ///
  /// @return never null
  public AddressSpaceOperations operations() {
    return operations;
  }

  /// Who owns it: the inode.
  ///
  /// @return never null
  public Host host() {
    return host;
  }

  /// The device whose dirty limits it counts in.
  ///
  /// @return null if its folios are never written
  public @Nullable DirtyAccount account() {
    return account;
  }

  /// Whether its dirty folios belong to contexts (R-F17).
  ///
  /// @return what [AddressSpaceOperations#keepsContexts()] said
  public boolean keepsContexts() {
    return contexts;
  }

  /// Who maps this file.
  ///
  /// @return null if nobody ever has
  public @Nullable FolioMapper mapper() {
    SchedulePoint.touch(this, false);
    return mapper;
  }

  /// Sets who maps this file, unless somebody was faster.
  ///
  /// @param fresh knows of no mapping yet
  /// @return the one that counts
  public FolioMapper mapperOr(FolioMapper fresh) {
    SchedulePoint.touch(this, true);
    FolioMapper other = (FolioMapper) MAPPER.compareAndExchange(this, null, fresh);
    return other != null ? other : fresh;
  }

  /// A number that no other address space of this cache has.
  ///
  /// @return at least 1
  public long number() {
    return number;
  }

  /// Shared while a fill starts, exclusive while folios go away and blocks change (R-G2).
  ///
  /// @return a lock of class INVALIDATE
  public RwSem invalidateLock() {
    return invalidateLock;
  }

  /// Errors of writing this file, for each open file to hear once (R-H7).
  ///
  /// @return never null
  public ErrSeq writebackErrors() {
    return writebackErrors;
  }

  // ---- Size -----------------------------------------------------------------------------------

  /// Size of the file in bytes. A reader looks at it after it knows the bytes to be good (R-B12).
  ///
  /// @return bytes
  public long size() {
    SchedulePoint.touch(this, false);
    return size;
  }

  /// Sets the size: truncation, or growth from outside a folio. INODE held exclusive, or nobody
  /// knows the file yet.
  ///
  /// @param size bytes
  public void setSize(long size) {
    FolioMapper growing = size > this.size ? beginGrowth(this.size, true) : null;
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    this.size = size;
    if (growing != null) {
      growing.endGrowth();
    }
  }

  /// Before the size grows from inside a folio that may be mapped (R-D5).
  ///
  /// @param zero whether to zero what lies beyond the end in that folio
  /// @return whom to tell afterwards; null if nobody
  private @Nullable FolioMapper beginGrowth(long from, boolean zero) {
    FolioMapper m = mapper();
    if (m == null || (from & (FOLIO_SIZE - 1)) == 0) {
      return null;
    }
    m.beginGrowth(indexOf(from));
    if (zero) {
      zeroTail(from);
    }
    return m;
  }

  /// Zeroes the folio of the end from there on, once more: whoever grows the file has done so, but
  /// a store may have come between that and the moment when entries are read-only, which is now. No
  /// folio lock, because another folio's may be held: nobody reads these bytes, and who else writes
  /// them writes zeros. The reference keeps the frame.
  private void zeroTail(long from) {
    Folio folio = find(indexOf(from));
    if (folio != null && folio.tryGet()) {
      folio.touchBytes(true);
      int offset = folio.offsetOf(from);
      long at = (long) folio.chunkOffset() + offset;
      folio.chunk().asSlice(at, folio.size() - offset).fill((byte) 0);
      folio.put();
    }
  }

  /// Grows the size to the end of accepted bytes. FOLIO held, so that write-out cannot take the new
  /// bytes for what lies beyond the end (R-D1); bytes before size, so a reader that sees the size
  /// sees the bytes (R-B13).
  ///
  /// @param end byte after the last accepted one
  /// @return true if it grew
  public boolean growSize(long end) {
    if (end <= size) {
      return false;
    }
    // In the folio that is written to, the writer has seen to it.
    FolioMapper growing = beginGrowth(size, indexOf(end - 1) > indexOf(size));
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    long old = size;
    boolean grown = false;
    while (end > old && !grown) {
      grown = SIZE.compareAndSet(this, old, end);
      old = size;
    }
    if (growing != null) {
      growing.endGrowth();
    }
    return grown;
  }

  /// Folio that holds a byte.
  ///
  /// @param pos byte in the file
  /// @return index of the folio
  public static long indexOf(long pos) {
    return pos >>> FOLIO_SHIFT;
  }

  /// Bytes from a position to the end of the folio that holds it.
  ///
  /// @param pos byte in the file
  /// @return 1 to the size of a folio
  public int bytesToFolioEnd(long pos) {
    return FOLIO_SIZE - (int) (pos & (FOLIO_SIZE - 1));
  }

  // ---- Lookup ---------------------------------------------------------------------------------

  /// The folio at an index, as it was a moment ago. No lock, no reference: use it under its own
  /// lock after a look at [Folio#isAttached()], or between two looks at its look word.
  ///
  /// @param index folio number
  /// @return null if there is none
  public @Nullable Folio find(long index) {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this.index);
    return this.index.get(index);
  }

  /// The look words of the folios around an index, see [Folio].
  ///
  /// @return null if there is no folio near
  long @Nullable [] looks(long index) {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this.index);
    return this.index.looks(index);
  }

  /// A guess at the frame of the folio at an index, see [FolioIndex#guessFrame(long)].
  int guessFrame(long index) {
    return this.index.guessFrame(index);
  }

  /// The memory that a frame lies in, if a look word named it: then the chunk is there.
  MemorySegment chunkOf(int frame) {
    return chunks[FramePool.chunkOf(frame)];
  }

  /// The folio at an index, locked and attached, created if there is none.
  ///
  /// @param index folio number
  /// @param flags NOWAIT, DONTCACHE or 0
  /// @return locked; not uptodate if it is new
  /// @throws FsException ENOMEM; EAGAIN with NOWAIT
  public Folio getOrCreate(long index, int flags) throws FsException {
    while (true) {
      Folio folio = find(index);
      if (folio == null) {
        folio = insertNew(index, flags);
        if (folio != null) {
          return folio;
        }
        continue; // somebody was faster
      }
      if (!folio.tryLock()) {
        if ((flags & NOWAIT) != 0) {
          throw new FsException(Errno.EAGAIN, folio + " is locked");
        }
        folio.lock();
      }
      // While we waited for its lock, truncation or reclaim may have removed it (R-G1).
      if (folio.isAttached()) {
        if ((flags & DONTCACHE) == 0 && folio.isDropBehind()) {
          folio.setDropBehind(false); // somebody wants to keep it after all (R-J6)
        }
        return folio;
      }
      folio.unlock();
    }
  }

  /// Creates a folio.
  ///
  /// @param index folio number
  /// @param flags NOWAIT, DONTCACHE or 0
  /// @return the new folio, locked; null if there is one already
  /// @throws FsException ENOMEM; EAGAIN with NOWAIT
  public @Nullable Folio insertNew(long index, int flags) throws FsException {
    int wanted = this.index.wantedFrame(index);
    int frame = cache.allocFrame(wanted, index, (flags & NOWAIT) != 0);
    Folio folio = new Folio(this, index, frame, cache.frames().chunk(frame));
    indexLock.lock();
    boolean inserted = this.index.get(index) == null;
    if (inserted) {
      this.index.insert(index, folio);
      folios++;
    }
    indexLock.unlock();
    if (!inserted) {
      folio.discard();
      folio.unlock();
      cache.freeFrame(folio);
      return null;
    }
    if ((flags & DONTCACHE) != 0) {
      folio.setDropBehind(true);
    }
    MemoryPolicy policy = cache.policy();
    if (policy != null) {
      policy.inserted(folio);
    }
    return folio;
  }

  /// Collects present folios of a range in ascending order.
  ///
  /// @param first first index
  /// @param last last index
  /// @param out receives them, up to its length
  /// @return how many
  public int gather(long first, long last, @Nullable Folio[] out) {
    return gather(first, last, -1, out);
  }

  /// Collects dirty folios of a range in ascending order.
  ///
  /// @param first first index
  /// @param last last index
  /// @param out receives them, up to its length
  /// @return how many
  public int gatherDirty(long first, long last, @Nullable Folio[] out) {
    return gather(first, last, FolioIndex.TAG_DIRTY, out);
  }

  /// Collects folios that [#tagDirtyToWrite] marked, in ascending order.
  ///
  /// @param first first index
  /// @param last last index
  /// @param out receives them, up to its length
  /// @return how many
  public int gatherToWrite(long first, long last, @Nullable Folio[] out) {
    return gather(first, last, FolioIndex.TAG_TOWRITE, out);
  }

  /// Collects folios under write-out in ascending order.
  ///
  /// @param first first index
  /// @param last last index
  /// @param out receives them, up to its length
  /// @return how many
  public int gatherWriteback(long first, long last, @Nullable Folio[] out) {
    return gather(first, last, FolioIndex.TAG_WRITEBACK, out);
  }

  private int gather(long first, long last, int tag, @Nullable Folio[] out) {
    SchedulePoint.touch(indexLock, false);
    if (folios == 0) {
      return 0;
    }
    indexLock.lock();
    int n = index.gather(first, last, tag, out);
    indexLock.unlock();
    return n;
  }

  // ---- Dirty and write-out --------------------------------------------------------------------

  /// Marks every folio of a range that is dirty now, so that an integrity sync writes those and no
  /// more, however fast others dirty new ones (R-H3).
  ///
  /// @param first first index
  /// @param last last index
  public void tagDirtyToWrite(long first, long last) {
    indexLock.lock();
    index.tagDirtyToWrite(first, last);
    indexLock.unlock();
  }

  /// Takes the mark of [#tagDirtyToWrite] from a folio that needs no write-out. FOLIO held.
  ///
  /// @param folio attached
  public void clearToWrite(Folio folio) {
    indexLock.lock();
    if (index.get(folio.index()) == folio) {
      index.clearTag(folio.index(), FolioIndex.TAG_TOWRITE);
    }
    indexLock.unlock();
  }

  void setDirty(Folio folio) {
    indexLock.lock();
    boolean first = false;
    if (!folio.set(Folio.DIRTY)) {
      first = tagDirty(folio);
    }
    // With D set, the end of a write-out leaves the context it finds; so the two cannot miss each
    // other. One that is there already stays: a folio has one (R-F17).
    boolean newContext = contexts && folio.context() == null;
    indexLock.unlock();
    if (newContext) {
      attachContext(folio);
    }
    if (first) {
      host.becameDirty(this);
    }
  }

  private void attachContext(Folio folio) {
    Object context = operations.contextOf(folio);
    if (context != null) {
      operations.attachedContext(folio, context);
      indexLock.lock();
      folio.setContext(context);
      indexLock.unlock();
    }
  }

  /// Takes the context from a folio none of whose bytes wait for the store. CACHE_INDEX held.
  private @Nullable Object takeContext(Folio folio) {
    Object context = folio.context();
    if (context != null) {
      folio.setContext(null);
    }
    return context;
  }

  /// Tags and counts a folio that became dirty; does nothing if it was only clean for an I/O that
  /// did not start.
  ///
  /// @return true if the file had no dirty folio
  private boolean tagDirty(Folio folio) {
    if (index.hasTag(folio.index(), FolioIndex.TAG_DIRTY)) {
      return false;
    }
    index.setTag(folio.index(), FolioIndex.TAG_DIRTY);
    boolean first = dirty == 0;
    countDirty(1);
    return first;
  }

  private void untagDirty(Folio folio) {
    if (index.hasTag(folio.index(), FolioIndex.TAG_DIRTY)) {
      index.clearTag(folio.index(), FolioIndex.TAG_DIRTY);
      countDirty(-1);
    }
  }

  /// The count follows the tag, not the flag: between [Folio#clearDirtyForIo()] and
  /// [Folio#startWriteback()] the folio counts as dirty, or a sync that looks at the counts just
  /// then would find nothing to write and nothing to wait for (R-H1).
  private void countDirty(int n) {
    assert indexLock.isHeldByCaller();
    dirty += n;
    if (account != null) {
      cache.dirtied(n); // first: the account may wake somebody who looks at the sum
      account.dirtied(n);
    }
  }

  private void countWriteback(int n) {
    assert indexLock.isHeldByCaller();
    writeback += n;
    cache.writeback(n);
    if (account != null) {
      account.writeback(n);
    }
  }

  boolean clearDirtyForIo(Folio folio) {
    // No CACHE_INDEX: tag and counts stay as they are until the write-out starts.
    return folio.clear(Folio.DIRTY);
  }

  void startWriteback(Folio folio) {
    indexLock.lock();
    boolean was = folio.set(Folio.WRITEBACK);
    assert !was : folio;
    index.setTag(folio.index(), FolioIndex.TAG_WRITEBACK);
    countWriteback(1);
    if (folio.clear(Folio.STAYS_DIRTY)) {
      folio.set(Folio.DIRTY); // a write pin may be stored to while this write-out is under way
    }
    if (!folio.isDirty()) {
      untagDirty(folio);
    }
    index.clearTag(folio.index(), FolioIndex.TAG_TOWRITE);
    indexLock.unlock();
  }

  void endWriteback(Folio folio, boolean written) {
    if (!written || contexts) {
      settleWriteback(folio, written);
    }
    // Flag, tag and count go together: who waits for the end by any of them finds it in all.
    indexLock.lock();
    assert folio.isWriteback() && index.get(folio.index()) == folio : folio;
    index.clearTag(folio.index(), FolioIndex.TAG_WRITEBACK);
    countWriteback(-1);
    if (written && account != null) {
      account.written();
    }
    boolean waitedFor = folio.clearWriteback();
    indexLock.unlock();
    if (waitedFor) {
      folio.wakeAll();
    }
    if (written && folio.isDropBehind()) {
      dropBehind(folio);
    }
  }

  /// What has to be true before anyone who waits for the end can look: the folio is dirty again if
  /// its bytes did not get there, and the file known to have such; a context is told that it is out
  /// of the folio.
  private void settleWriteback(Folio folio, boolean written) {
    indexLock.lock();
    boolean first = false;
    if (!written) {
      failures++;
      first = !folio.set(Folio.DIRTY) && tagDirty(folio);
    }
    Object over = contexts && !folio.isDirty() ? takeContext(folio) : null;
    indexLock.unlock();
    if (over != null) {
      operations.releasedContext(folio, over);
    }
    if (first) {
      host.becameDirty(this);
    }
  }

  /// Removes a clean folio that was only passing through (R-J6). Tries once: whoever holds the
  /// folio lock now has a use for it.
  private void dropBehind(Folio folio) {
    if (folio.tryLock()) {
      if (folio.isAttached() && folio.isDropBehind()) {
        evict(folio);
      }
      folio.unlock();
    }
  }

  // ---- Removal --------------------------------------------------------------------------------

  /// Removes a folio whose bytes cease to exist, dirty or not. FOLIO held and kept, INVALIDATE
  /// exclusive unless the file is going away or the folio is clean; not under write-out (R-G3). The
  /// operations have been told already.
  ///
  /// @param folio attached
  public void detach(Folio folio) {
    assert folio.isLocked() && !folio.isWriteback() : folio;
    SchedulePoint.reach(SchedulePoint.Kind.TRUNCATE, folio);
    unmap(folio);
    indexLock.lock();
    folio.clear(Folio.DIRTY);
    untagDirty(folio);
    Object over = contexts ? takeContext(folio) : null;
    int references = folio.freezeDetached(false);
    index.remove(folio.index());
    folios--;
    indexLock.unlock();
    if (over != null) {
      operations.releasedContext(folio, over);
    }
    removed(folio, references);
  }

  /// Removes a folio that nobody uses, for its frame. FOLIO held and kept.
  ///
  /// @param folio attached
  /// @return false if it is dirty, under write-out or in use (R-I4), or the file system keeps it
  public boolean evict(Folio folio) {
    assert folio.isLocked() && folio.isAttached() : folio;
    SchedulePoint.reach(SchedulePoint.Kind.EVICT, folio);
    if (folio.isDirty()
        || folio.isWriteback()
        || folio.references() > 0
        || !operations.releaseFolio(folio)) {
      return false;
    }
    unmap(folio); // it is clean, so nobody can be storing to it, and this waits for nothing
    indexLock.lock();
    int references = folio.freezeDetached(true);
    if (references == 0) {
      index.remove(folio.index());
      folios--;
    }
    indexLock.unlock();
    if (references != 0) {
      return false;
    }
    removed(folio, 0);
    cache.countEviction();
    counters.add(Count.EVICTIONS, 1);
    return true;
  }

  private void unmap(Folio folio) {
    FolioMapper m = mapper();
    if (m != null) {
      m.unmap(folio);
    }
  }

  private void removed(Folio folio, int references) {
    MemoryPolicy policy = cache.policy();
    if (policy != null) {
      policy.removed(folio);
    }
    if (references == 0) {
      cache.freeFrame(folio);
    }
  }

  // ---- Counts ---------------------------------------------------------------------------------

  /// Folios in memory.
  ///
  /// @return a number that may be old already
  public int folios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, indexLock);
    return folios;
  }

  /// Folios that are dirty.
  ///
  /// @return a number that may be old already
  public int dirtyFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, indexLock);
    return dirty;
  }

  /// Folios under write-out.
  ///
  /// @return a number that may be old already
  public int writebackFolios() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, indexLock);
    return writeback;
  }

  /// Write-outs that failed so far. A change tells the flusher to back off (R-H8).
  ///
  /// @return a number that only grows, and may wrap
  public int writeFailures() {
    SchedulePoint.touch(indexLock, false);
    return failures;
  }

  /// Records that a write-out could not even be started; for every open file to hear (R-H7).
  ///
  /// @param errno what went wrong
  public void recordWriteFailure(Errno errno) {
    writebackErrors.set(errno);
    indexLock.lock();
    failures++;
    indexLock.unlock();
  }

  /// Of how many of [#writeFailures()] a sync of the volume has told; so it tells of each once,
  /// whether or not an open file has heard of it.
  ///
  /// @return 0 before the first
  public int failuresTold() {
    SchedulePoint.touch(indexLock, false);
    return failuresTold;
  }

  /// Notes that a sync of the volume tells of failures.
  ///
  /// @param failures [#writeFailures()]
  public void tellFailures(int failures) {
    SchedulePoint.touch(indexLock, true);
    failuresTold = failures;
  }

  /// What the flusher keeps about failures of this file.
  ///
  /// @return null if it never failed
  public @Nullable Object flusherState() {
    return flusherState;
  }

  /// Sets [#flusherState()]. By the thread of the flusher.
  ///
  /// @param state what to keep
  public void keepFlusherState(Object state) {
    flusherState = state;
  }

  /// Where background write-out goes on (R-H6).
  ///
  /// @return an index
  public long writebackIndex() {
    SchedulePoint.touch(writebackErrors, false); // stands for what write-out keeps
    return writebackIndex;
  }

  /// Notes where background write-out stopped.
  ///
  /// @param index the next folio to look at
  public void setWritebackIndex(long index) {
    SchedulePoint.touch(writebackErrors, true);
    writebackIndex = index;
  }

  /// Says that the file is about to go, with all its folios: what is dirty need not be written any
  /// more. AS_EXITING in Linux.
  public void setExiting() {
    exiting = true;
  }

  /// Whether the file is about to go.
  ///
  /// @return true from [#setExiting()] on
  public boolean isExiting() {
    return exiting;
  }

  /// Throws unless flags and tags agree (R-H1) and nothing is locked. For quiet moments: nobody
  /// else may use the file.
  ///
  /// @return true
  public boolean checkInvariants() {
    @Nullable Folio[] batch = new @Nullable Folio[64];
    long from = 0;
    int seen = 0;
    int dirtySeen = 0;
    int writebackSeen = 0;
    indexLock.lock();
    try {
      int n;
      while ((n = index.gather(from, Long.MAX_VALUE >>> FOLIO_SHIFT, -1, batch)) > 0) {
        for (int i = 0; i < n; i++) {
          Folio folio = batch[i];
          assert folio != null && folio.checkInvariants() && folio.isAttached() : folio;
          assert !folio.isLocked() : folio;
          assert folio.isDirty() == index.hasTag(folio.index(), FolioIndex.TAG_DIRTY) : folio;
          assert folio.isWriteback() == index.hasTag(folio.index(), FolioIndex.TAG_WRITEBACK)
              : folio;
          seen++;
          dirtySeen += folio.isDirty() ? 1 : 0;
          writebackSeen += folio.isWriteback() ? 1 : 0;
          from = folio.index() + 1;
        }
      }
      assert seen == folios && dirtySeen == dirty && writebackSeen == writeback
          : this + ": counted " + seen + ", " + dirtySeen + ", " + writebackSeen;
    } finally {
      indexLock.unlock();
    }
    return true;
  }

  @Override
  public String toString() {
    return name;
  }
}
