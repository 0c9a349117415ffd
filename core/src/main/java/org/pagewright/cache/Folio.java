package org.pagewright.cache;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.pagewright.mem.FramePool;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;

/// A piece of a file in memory: its place in the file, its frame, and one atomic state word.
///
/// ## The state word
///
///     31..16  references beyond the cache
///     15..9   (free)
///      8      STAYS_DIRTY  dirty again as soon as the write-out has started: a write pin
///      7      DETACHED    no longer part of its file, for ever
///      6      DROPBEHIND  to be dropped once it is clean (R-J6)
///      5      READAHEAD   a read that meets it starts the next window (R-I8)
///      4      WRITEBACK   being written to its store
///      3      DIRTY       newer than its store
///      2      UPTODATE    all its bytes are the file's
///      1      WAITERS     somebody waits for the end of LOCKED or WRITEBACK
///      0      LOCKED
///
/// ## Transitions
///
/// | from        | event           | to                              | method                   |
/// |-------------|-----------------|---------------------------------|--------------------------|
/// | -           | insert          | attached, L                     | [AddressSpace#insert]    |
/// | L, !U       | read ended      | U or !U, unlocked               | [#endRead(boolean)]      |
/// | L           | bytes change    | L, look word odd, then even     | [#beginChange()]         |
/// | L           | dirty           | D, tagged, accounted            | [#markDirty()]           |
/// | L, D, !W    | clear for I/O   | !D; W or redirty before unlock  | [#clearDirtyForIo()]     |
/// | L, !D       | write-out       | W                               | [#startWriteback()]      |
/// | W           | end of I/O      | !W, no folio lock needed (R-H13)| [#endWriteback(boolean)] |
/// | L           | truncate, evict | DETACHED                        | [AddressSpace#detach]    |
///
/// Invariants, see [#checkInvariants()]: D or W implies attached; no D and W on a detached folio.
///
/// ## The look word
///
/// What the hot paths need to know of a folio is in a second word, which lies not here but in the
/// leaf of the [FolioIndex], beside those of its 63 neighbours: eight of them in a line of the
/// processor's cache. A read or an overwrite of what is in memory touches this one word and the
/// bytes, and not the folio at all; see [FastPath].
///
///     63..34  sequence: odd while the bytes change, two more for each change
///     33..32  FREQ        how often it was used, 0 to 3, for reclaim
///     31      READABLE    uptodate and attached
///     30      OPEN        may be overwritten without the folio lock
///     29      MARKED      READAHEAD or DROPBEHIND is set: a read must look at the folio
///     28      (free)
///     27..0   number of the frame
///
/// | bits                      | changed by                                                       |
/// |---------------------------|------------------------------------------------------------------|
/// | OPEN, from 1 to 0         | who holds the folio lock, and only while the sequence is even    |
/// | the sequence, while OPEN  | one overwriter at a time, which won it by compare-and-set        |
/// | all, while not OPEN       | who holds the folio lock, by plain stores                        |
/// | FREQ, MARKED              | anybody, by compare-and-set: a lost one is a lost hint           |
///
/// OPEN implies DIRTY and UPTODATE: before the folio is cleaned, detached or changed under its
/// lock it is closed, which waits for the overwriter inside. So what an overwriter leaves is
/// written out later (R-H1), whether it came before or after a write-out began.
///
/// ## Readers without a lock
///
/// A reader notes the look word, copies, and looks again: if the sequence moved or the folio was
/// detached, what it copied may be torn or another file's, and it starts over. So a reader costs
/// two loads, and a read of one folio sees each write to that folio whole or not at all (R-B13).
/// The sequence moves before a frame is given back, hence a reused frame is noticed too; and it
/// goes on from one folio of an index to the next.
///
/// There is no error flag: errors live in the [ErrSeq] of the address space. The lock has no owner,
/// because an I/O completion may give it back.
public final class Folio {
  private static final VarHandle STATE;
  private static final VarHandle WRITE_PINS;
  private static final VarHandle LOOK = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(Folio.class, "state", int.class);
      WRITE_PINS = lookup.findVarHandle(Folio.class, "writePins", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Bits of the state word.
  static final int LOCKED = 1;
  static final int WAITERS = 1 << 1;
  static final int UPTODATE = 1 << 2;
  static final int DIRTY = 1 << 3;
  static final int WRITEBACK = 1 << 4;
  static final int READAHEAD = 1 << 5;
  static final int DROPBEHIND = 1 << 6;
  static final int DETACHED = 1 << 7;
  static final int STAYS_DIRTY = 1 << 8;
  static final int REF_ONE = 1 << 16;
  static final int REFS = 0xFFFF << 16;

  // Bits of the look word.
  static final long FRAME = (1L << FramePool.NUMBER_BITS) - 1;
  static final long MARKED = 1L << 29;
  static final long OPEN = 1L << 30;
  static final long READABLE = 1L << 31;
  static final long FREQ_ONE = 1L << 32;
  static final long FREQ = 3L << 32;
  static final long CHANGING = 1L << 34;
  static final long CHANGED = 2 * CHANGING;

  /// What must not move between the two looks of a lock-free reader.
  static final long STABLE = -CHANGING | READABLE | FRAME;

  private static final WaitQueue[] QUEUES = new WaitQueue[256];

  static {
    for (int i = 0; i < QUEUES.length; i++) {
      QUEUES[i] = new WaitQueue();
    }
  }

  private final AddressSpace mapping;
  private final long index;
  private final int frame;
  private final MemorySegment chunk;
  private final int chunkOffset;

  /// What the file system keeps for this folio, e.g. which of its blocks are uptodate. Guarded by
  /// the folio lock, or by write-out while W.
  private @Nullable Object attachment;

  /// What the bytes belong to while D or W; set and cleared under CACHE_INDEX, set with the folio
  /// lock held.
  private volatile @Nullable Object context;

  // Links of a FolioQueue; guarded by the lock of the queue's owner.
  @Nullable Folio queueNext;
  @Nullable Folio queuePrevious;
  @Nullable FolioQueue queue;

  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  @SuppressWarnings("unused") // through WRITE_PINS; grows under the folio lock only
  private volatile int writePins;

  /// The look words of the leaf that holds it; set before it is published.
  private long[] looks = NOWHERE;

  private static final long[] NOWHERE = new long[0];

  Folio(AddressSpace mapping, long index, int frame, MemorySegment chunk) {
    this.mapping = mapping;
    this.index = index;
    this.frame = frame;
    this.chunk = chunk;
    this.chunkOffset = FramePool.offsetInChunk(frame);
    assert Lockdep.acquired(LockClass.FOLIO, this);
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    state = LOCKED; // it is born locked by the thread that will fill it
  }

  // ---- Where it is ----------------------------------------------------------------------------

  /// The file it belongs to, or belonged to before it was detached.
  ///
  /// @return never null; see [#isAttached()]
  public AddressSpace mapping() {
    return mapping;
  }

  /// Whether it is still part of its file. After the folio lock was waited for, always look (R-G1).
  ///
  /// @return false once truncation or reclaim has removed it; it never comes back (R-G3)
  public boolean isAttached() {
    return (stateAcquire() & DETACHED) == 0;
  }

  /// Folio number in the file.
  ///
  /// @return the index; kept after detaching
  public long index() {
    return index;
  }

  /// First byte in the file.
  ///
  /// @return bytes from the start of the file
  public long pos() {
    return index << AddressSpace.FOLIO_SHIFT;
  }

  /// Size in bytes. Not assumed to be one page by anybody.
  ///
  /// @return bytes
  public int size() {
    return AddressSpace.FOLIO_SIZE;
  }

  /// Byte in this folio of a byte of the file.
  ///
  /// @param pos byte in the file, inside this folio
  /// @return offset from the start of the folio
  public int offsetOf(long pos) {
    assert pos >= pos() && pos < pos() + size();
    return (int) (pos - pos());
  }

  /// The memory that holds the bytes; they begin at [#chunkOffset()]. To be touched under the folio
  /// lock, under W, with a reference, or between two looks at the look word.
  ///
  /// @return a segment larger than the folio
  public MemorySegment chunk() {
    return chunk;
  }

  /// Where in [#chunk()] the bytes begin.
  ///
  /// @return bytes
  public int chunkOffset() {
    return chunkOffset;
  }

  /// The bytes of this folio as a segment of their own; for I/O and cold paths.
  ///
  /// @return a new slice of [#size()] bytes
  public MemorySegment bytes() {
    return chunk.asSlice(chunkOffset, size());
  }

  int frame() {
    return frame;
  }

  /// Where its bytes are, in one number.
  ///
  /// @return see [FramePool#placeOf(int)]
  public long place() {
    return FramePool.placeOf(frame);
  }

  // ---- Lock -----------------------------------------------------------------------------------

  /// Takes the folio lock, waiting for I/O if need be. Look at [#isAttached()] next (R-G1).
  public void lock() {
    assert Lockdep.willAcquire(LockClass.FOLIO, this);
    SchedulePoint.reach(SchedulePoint.Kind.LOCK, this);
    if (!trySetLocked()) {
      lockContended();
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(LockClass.FOLIO, this);
  }

  private void lockContended() {
    WaitQueue queue = waitQueue();
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while (!trySetLocked()) {
        announceWaiter(LOCKED, waiter);
      }
    } finally {
      queue.leave(waiter);
    }
  }

  /// Sets WAITERS and parks, unless the awaited bit is clear already.
  private void announceWaiter(int awaited, WaitQueue.Waiter waiter) {
    SchedulePoint.touch(this, true);
    int s = stateAcquire();
    while ((s & awaited) != 0) {
      if ((s & WAITERS) != 0 || STATE.compareAndSet(this, s, s | WAITERS)) {
        waiter.park();
        return;
      }
      s = stateAcquire();
    }
  }

  private boolean trySetLocked() {
    SchedulePoint.touch(this, true);
    while (true) {
      int s = stateAcquire();
      if ((s & LOCKED) != 0) {
        return false;
      }
      if (STATE.compareAndSet(this, s, s | LOCKED)) {
        return true;
      }
    }
  }

  /// Takes the folio lock if it is free.
  ///
  /// @return true if taken
  public boolean tryLock() {
    SchedulePoint.reach(SchedulePoint.Kind.TRY_LOCK, this);
    if (!trySetLocked()) {
      return false;
    }
    SchedulePoint.took(this, SchedulePoint.Hold.EXCLUSIVE);
    assert Lockdep.acquired(LockClass.FOLIO, this);
    return true;
  }

  /// Gives the folio lock back.
  public void unlock() {
    assert Lockdep.released(LockClass.FOLIO, this);
    SchedulePoint.gave(this, SchedulePoint.Hold.EXCLUSIVE);
    clearAndWake(LOCKED, 0);
    SchedulePoint.reach(SchedulePoint.Kind.UNLOCK, this);
  }

  /// Hands the folio lock to an I/O that was, or is about to be, submitted: its completion calls
  /// [#endRead(boolean)]. This thread must not unlock.
  public void handLockToIo() {
    assert Lockdep.released(LockClass.FOLIO, this);
    SchedulePoint.handed(this);
  }

  /// Ends a read that owns the folio lock: marks the bytes good or leaves them, and unlocks. By the
  /// completion, any thread.
  ///
  /// @param uptodate whether all bytes are now the file's
  public void endRead(boolean uptodate) {
    SchedulePoint.reach(SchedulePoint.Kind.FILL_END, this);
    SchedulePoint.gave(this, SchedulePoint.Hold.EXCLUSIVE);
    if (uptodate) {
      setReadable();
    }
    clearAndWake(LOCKED, uptodate ? UPTODATE : 0);
  }

  private void clearAndWake(int clear, int set) {
    if (clearAndSet(clear, set)) {
      wakeAll();
    }
  }

  /// Changes bits of which one may be waited for.
  ///
  /// @return whether somebody waits
  private boolean clearAndSet(int clear, int set) {
    SchedulePoint.touch(this, true);
    int s;
    do {
      s = stateAcquire();
      assert (s & clear) != 0 : this;
    } while (!STATE.compareAndSet(this, s, s & ~(clear | WAITERS) | set));
    return (s & WAITERS) != 0;
  }

  /// Waits until nobody holds the folio lock; for a reader that wants the bytes a fill will bring.
  public void waitUnlocked() {
    waitFor(LOCKED);
  }

  /// Waits for the end of write-out. May be called with the folio lock held, or without.
  public void waitWriteback() {
    waitFor(WRITEBACK);
  }

  private void waitFor(int bit) {
    if ((stateAcquire() & bit) == 0) {
      return;
    }
    WaitQueue queue = waitQueue();
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while ((stateAcquire() & bit) != 0) {
        announceWaiter(bit, waiter);
      }
    } finally {
      queue.leave(waiter);
    }
  }

  private WaitQueue waitQueue() {
    // A hash that is the same in each run, if somebody explores.
    int h =
        SchedulePoint.ENABLED
            ? Long.hashCode(mapping.number() * 31 + index)
            : System.identityHashCode(this);
    return QUEUES[(h ^ h >>> 8) & (QUEUES.length - 1)];
  }

  /// Whether somebody holds the folio lock.
  ///
  /// @return true if it is locked
  public boolean isLocked() {
    return (stateAcquire() & LOCKED) != 0;
  }

  /// Whether this thread holds the folio lock. Only inside `assert`.
  ///
  /// @return true if it does
  public boolean isLockedByCaller() {
    return isLocked() && Lockdep.holds(LockClass.FOLIO, this);
  }

  // ---- Bytes ----------------------------------------------------------------------------------

  /// Starts a look at the bytes without the lock.
  ///
  /// @return a mark for [#endLook(long)], or 0 if the bytes are not all uptodate, are changing, or
  ///     the folio is detached
  public long beginLook() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, looks);
    long w = look();
    if ((w & (READABLE | CHANGING)) != READABLE) {
      return 0;
    }
    // The word may be that of the next folio at this index; then ours was detached before.
    return isAttached() ? w & STABLE : 0; // READABLE is set, so never 0
  }

  /// Ends a look at the bytes without the lock.
  ///
  /// @param look from [#beginLook()]
  /// @return true if what was seen since then is what one moment held
  public boolean endLook(long look) {
    SchedulePoint.reach(SchedulePoint.Kind.READ, looks);
    VarHandle.loadLoadFence(); // the copy comes before the second look
    return (look() & STABLE) == look;
  }

  /// Announces that the bytes are about to change: lock-free readers of them will look again, and
  /// nobody overwrites them without the lock. The caller holds the folio lock and ends with
  /// [#endChange()], however the change went.
  public void beginChange() {
    assert isLocked() : this;
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
    long w = close();
    assert (w & CHANGING) == 0 : "change within a change: " + this;
    storeLook(w + CHANGING);
    VarHandle.storeStoreFence(); // no new byte before the sequence says so
  }

  /// The bytes are as they shall be.
  public void endChange() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
    long w = look();
    assert (w & CHANGING) != 0 : "no change under way: " + this;
    storeLook(w + CHANGING);
  }

  /// Lets writers overwrite bytes without the folio lock from now on, until the folio is cleaned,
  /// detached or changed under its lock. For a file system that needs to hear nothing of a write
  /// into this folio as long as it stays dirty, because each of its blocks is dirty and has its
  /// place or its reservation. Folio lock held, no change under way.
  public void openForOverwrite() {
    assert isLocked() && isAttached() && isDirty() && isUptodate() : this;
    if (mapping.keepsContexts()) {
      return; // each write is to be asked whether it fits to what is there (R-F17)
    }
    long w = look();
    if ((w & OPEN) == 0) {
      assert (w & CHANGING) == 0 : this;
      storeLook(w | OPEN);
    }
  }

  /// Makes the bytes stand still for who reads them under the folio lock: overwriters take that
  /// lock, too, until the file system opens the folio again. Waits for the one inside; so what is
  /// read has each overwrite whole or not at all (R-B13). Folio lock held.
  public void shutOverwriters() {
    assert isLocked() : this;
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
    close();
  }

  /// Shuts overwriters out and waits for the one inside, which copies at most a folio from memory.
  /// Folio lock held.
  private long close() {
    for (int i = 1; ; i++) {
      long w = look();
      if ((w & OPEN) == 0) {
        return w;
      }
      if ((w & CHANGING) == 0) {
        SchedulePoint.touch(looks, true);
        if (LOOK.compareAndSet(looks, slot(), w, w & ~OPEN)) {
          return w & ~OPEN;
        }
      } else if ((i & 0xff) == 0) {
        Thread.yield(); // it was preempted in the middle of its copy
      } else {
        SchedulePoint.spin(looks);
      }
    }
  }

  private void setReadable() {
    storeLook(look() | READABLE);
  }

  private long look() {
    SchedulePoint.touch(looks, false);
    return (long) LOOK.getAcquire(looks, slot());
  }

  private void storeLook(long w) {
    SchedulePoint.touch(looks, true);
    LOOK.setRelease(looks, slot(), w);
  }

  private int slot() {
    return FolioIndex.slotIn(looks, index);
  }

  /// Enters the leaf of the index. Folio lock and CACHE_INDEX held, not published yet.
  ///
  /// @param looks the look words of the leaf
  void enter(long[] looks) {
    this.looks = looks;
    storeLook((look() & -CHANGED) + CHANGED | frame);
  }

  /// Zeroes a range, as one change. Folio lock held.
  ///
  /// @param offset first byte in the folio
  /// @param length bytes; may be 0
  public void zero(int offset, int length) {
    if (length > 0) {
      beginChange();
      touchBytes(true);
      chunk.asSlice(chunkOffset + offset, length).fill((byte) 0);
      endChange();
    }
  }

  /// Says that the step under way reads or changes the bytes. For a schedule explorer.
  ///
  /// @param write whether they may change
  public void touchBytes(boolean write) {
    SchedulePoint.touchMemory(chunk, chunkOffset, write);
  }

  /// Whether all bytes are the file's.
  ///
  /// @return true if no fill is needed to read any of them
  public boolean isUptodate() {
    return (stateAcquire() & UPTODATE) != 0;
  }

  /// All bytes are the file's now. Folio lock held.
  public void markUptodate() {
    assert isLocked() : this;
    set(UPTODATE);
    setReadable();
  }

  // ---- Dirty and write-out --------------------------------------------------------------------

  /// Whether the bytes are newer than the store.
  ///
  /// @return true if a write-out is needed
  public boolean isDirty() {
    return (stateAcquire() & DIRTY) != 0;
  }

  /// Whether a write-out is under way.
  ///
  /// @return true until the I/O has ended
  public boolean isWriteback() {
    return (stateAcquire() & WRITEBACK) != 0;
  }

  /// Marks the folio dirty, tags it and counts it. Folio lock held; never waits for I/O, never
  /// fails. A folio may become dirty while it is under write-out (R-H2).
  ///
  /// @return true if it was clean
  public boolean markDirty() {
    assert isLocked() && isAttached() : this;
    if ((stateAcquire() & DIRTY) != 0) {
      return false;
    }
    mapping.setDirty(this);
    return true;
  }

  /// Marks the folio clean so that its bytes can be written. Folio lock held, not under write-out;
  /// before the lock is given back the caller must call [#startWriteback()] or [#markDirty()]:
  /// until then the tag says dirty and the flag does not (R-H1).
  ///
  /// @return false if it was clean: there is nothing to write
  public boolean clearDirtyForIo() {
    assert isLocked() && !isWriteback() : this;
    SchedulePoint.reach(SchedulePoint.Kind.CLEAR_DIRTY, this);
    writeProtect();
    close();
    if ((int) WRITE_PINS.getVolatile(this) > 0) {
      set(STAYS_DIRTY); // a store before its release may come after this write-out's copy
    } else {
      clear(STAYS_DIRTY);
    }
    return mapping.clearDirtyForIo(this);
  }

  /// Makes every mapping of this folio read-only and waits for the stores under way: the next store
  /// is a write fault, which waits for the folio lock (R-F14). An entry that is writable thus
  /// implies D, or L. Folio lock held.
  public void writeProtect() {
    assert isLocked() : this;
    FolioMapper mapper = mapping.mapper();
    if (mapper != null) {
      mapper.writeProtect(index, index);
    }
  }

  /// Pins the folio for stores that no entry announces: until [#unpinForWrite()] each write-out
  /// leaves it dirty. Folio lock held, dirty; the caller holds a reference, too.
  public void pinForWrite() {
    assert isLocked() && isDirty() && references() > 0 : this;
    WRITE_PINS.getAndAdd(this, 1);
  }

  /// Between [#clearDirtyForIo()] and [#startWriteback()]: whether the folio will be dirty again at
  /// once, because somebody may be storing to it through a pin. Who keeps the state of parts of a
  /// folio leaves them dirty then. Folio lock held.
  ///
  /// @return true if this write-out does not make it clean
  public boolean staysDirty() {
    assert isLocked() : this;
    return (stateAcquire() & STAYS_DIRTY) != 0;
  }

  /// The last store through the pin has happened. No lock needed.
  public void unpinForWrite() {
    int was = (int) WRITE_PINS.getAndAdd(this, -1);
    assert was > 0 : this;
  }

  /// Whether it was used through a mapping since the last time; forgets it. By reclaim.
  ///
  /// @return true if it was
  public boolean testAndClearYoung() {
    FolioMapper mapper = mapping.mapper();
    return mapper != null && mapper.testAndClearYoung(index);
  }

  /// Starts a write-out. Folio lock held, folio clean since [#clearDirtyForIo()]. The lock may be
  /// given back at once; the bytes belong to the I/O and to whoever changes them under the lock.
  public void startWriteback() {
    assert isLocked() && !isWriteback() && isAttached() : this;
    SchedulePoint.reach(SchedulePoint.Kind.WRITEBACK_START, this);
    mapping.startWriteback(this);
  }

  /// Ends a write-out. By the completion, any thread, no lock needed (R-H13).
  ///
  /// @param written false if the bytes did not reach the store: the folio is dirty again and stays
  ///     in memory until a later write-out succeeds (R-H8)
  public void endWriteback(boolean written) {
    SchedulePoint.reach(SchedulePoint.Kind.WRITEBACK_END, this);
    mapping.endWriteback(this, written);
  }

  /// Ends a write-out for those who look at the flag; the address space does it while it holds the
  /// lock under which it accounts for it, and wakes them afterwards.
  ///
  /// @return whether [#wakeAll()] has to follow
  boolean clearWriteback() {
    return clearAndSet(WRITEBACK, 0);
  }

  /// Wakes those who wait for the folio lock or for the end of a write-out.
  void wakeAll() {
    waitQueue().wakeAll(this);
  }

  // ---- Hints ----------------------------------------------------------------------------------

  /// Notes one use, for reclaim: no lock, at most one atomic operation, mostly none.
  public void markAccessed() {
    long w = look();
    if ((w & FREQ) != FREQ) {
      SchedulePoint.touch(looks, true);
      // A lost race loses one count of a statistic.
      LOOK.weakCompareAndSetPlain(looks, slot(), w, w + FREQ_ONE);
    }
  }

  /// How often it was used since reclaim last looked.
  ///
  /// @return 0 to 3
  public int frequency() {
    return (int) ((look() & FREQ) / FREQ_ONE);
  }

  /// Takes one from the frequency, or leaves it at 0. By reclaim.
  public void ageFrequency() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
    long w;
    do {
      w = look();
      if ((w & FREQ) == 0) {
        return;
      }
    } while (!LOOK.compareAndSet(looks, slot(), w, w - FREQ_ONE));
  }

  /// Makes MARKED agree with the two marks that it stands for.
  public void settleMarks() {
    SchedulePoint.touch(looks, true);
    boolean on = (stateAcquire() & (READAHEAD | DROPBEHIND)) != 0;
    long w = look();
    while ((w & MARKED) != 0 != on
        && !LOOK.compareAndSet(looks, slot(), w, on ? w | MARKED : w & ~MARKED)) {
      w = look();
    }
  }

  /// Whether a read that meets this folio should start the next readahead window.
  ///
  /// @return the mark
  public boolean isReadahead() {
    return (stateAcquire() & READAHEAD) != 0;
  }

  /// Sets or clears the readahead mark.
  ///
  /// @param on the new mark
  /// @return the old one; of several who clear it, one sees true
  public boolean setReadahead(boolean on) {
    return mark(READAHEAD, on);
  }

  /// Whether the folio is to be dropped when it is clean.
  ///
  /// @return the mark
  public boolean isDropBehind() {
    return (stateAcquire() & DROPBEHIND) != 0;
  }

  /// Sets or clears the drop-behind mark (R-J6).
  ///
  /// @param on the new mark
  /// @return the old one
  public boolean setDropBehind(boolean on) {
    return mark(DROPBEHIND, on);
  }

  private boolean mark(int bit, boolean on) {
    boolean old = on ? set(bit) : clear(bit);
    settleMarks();
    return old;
  }

  // ---- References -----------------------------------------------------------------------------

  /// Takes a reference: the frame stays this folio's until [#put()], even if it is detached.
  ///
  /// @return false if it is detached already, then there is nothing to put
  public boolean tryGet() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    while (true) {
      int s = stateAcquire();
      if ((s & DETACHED) != 0) {
        return false;
      }
      assert (s & REFS) != REFS : "too many references: " + this;
      if (STATE.compareAndSet(this, s, s + REF_ONE)) {
        SchedulePoint.took(this, SchedulePoint.Hold.REFERENCE);
        return true;
      }
    }
  }

  /// Gives a reference back; the last one of a detached folio frees its frame.
  public void put() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    SchedulePoint.gave(this, SchedulePoint.Hold.REFERENCE);
    int s = (int) STATE.getAndAdd(this, -REF_ONE);
    assert (s & REFS) != 0 : "no reference to put: " + this;
    if ((s & REFS) == REF_ONE && (s & DETACHED) != 0) {
      mapping.cache().freeFrame(this);
    }
  }

  /// References beyond the cache.
  ///
  /// @return a number that may be old already
  public int references() {
    return (stateAcquire() & REFS) >>> 16;
  }

  /// Makes the folio detached: no new reference, every lock-free look fails. Folio lock held.
  ///
  /// @param onlyUnused refuse if somebody holds a reference, or it is dirty or under write-out
  /// @return references that remain: with 0 the caller frees the frame, else the last
  ///     [#put()] does; -1 if refused
  int freezeDetached(boolean onlyUnused) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    close();
    while (true) {
      int s = stateAcquire();
      assert (s & LOCKED) != 0 && (s & DETACHED) == 0 : this;
      // References and dirty are one word here, so one compare-and-set decides both: a holder of a
      // reference cannot dirty the folio after we looked (R-I4).
      if (onlyUnused && (s & (REFS | DIRTY | WRITEBACK)) != 0) {
        return -1;
      }
      if (STATE.compareAndSet(this, s, s | DETACHED)) {
        storeLook((look() & -CHANGING) + CHANGED);
        VarHandle.storeStoreFence(); // before any byte of the frame's next owner
        return (s & REFS) >>> 16;
      }
    }
  }

  /// Makes a folio that never entered the index detached.
  void discard() {
    assert looks == NOWHERE : this;
    set(DETACHED);
  }

  // ---- What the file system keeps ---------------------------------------------------------------

  /// What the file system keeps for this folio.
  ///
  /// @return null if nothing
  public @Nullable Object attachment() {
    return attachment;
  }

  /// Sets what the file system keeps. Folio lock held.
  ///
  /// @param attachment null for nothing
  public void attach(@Nullable Object attachment) {
    this.attachment = attachment;
  }

  /// What the bytes that are not on the store yet belong to (R-F17), see
  /// [AddressSpaceOperations#keepsContexts()].
  ///
  /// @return null if the folio is neither dirty nor under write-out, or the file has no contexts
  public @Nullable Object context() {
    SchedulePoint.touch(this, false);
    return context;
  }

  /// CACHE_INDEX held.
  void setContext(@Nullable Object context) {
    SchedulePoint.touch(this, true);
    this.context = context;
  }

  // ---- State word -----------------------------------------------------------------------------

  private int stateAcquire() {
    SchedulePoint.touch(this, false);
    return (int) STATE.getAcquire(this);
  }

  boolean set(int bit) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    return ((int) STATE.getAndBitwiseOr(this, bit) & bit) != 0;
  }

  boolean clear(int bit) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    return ((int) STATE.getAndBitwiseAnd(this, ~bit) & bit) != 0;
  }

  /// Throws unless the state is one that can be.
  ///
  /// @return true
  public boolean checkInvariants() {
    int s = stateAcquire();
    assert (s & DETACHED) == 0 || (s & (DIRTY | WRITEBACK)) == 0 : this;
    long w = look();
    int whole = DIRTY | UPTODATE;
    assert (w & OPEN) == 0 || (s & (whole | DETACHED)) == whole : this;
    assert (w & (READABLE | OPEN)) == 0 || (w & FRAME) == frame : this;
    assert context == null || (s & (DIRTY | WRITEBACK)) != 0 : this;
    assert (w & OPEN) == 0 || !mapping.keepsContexts() : this;
    return true;
  }

  @Override
  public String toString() {
    int s = stateAcquire();
    StringBuilder text = new StringBuilder();
    text.append(mapping).append('/').append(index).append(' ');
    String letters = "LwUDWRBXP";
    for (int i = 0; i < letters.length(); i++) {
      if ((s >>> i & 1) != 0) {
        text.append(letters.charAt(i));
      }
    }
    long w = looks == NOWHERE ? 0 : look();
    text.append((w & OPEN) != 0 ? "O v" : " v").append(w / CHANGING);
    return text.append(" refs ").append(references()).toString();
  }
}
