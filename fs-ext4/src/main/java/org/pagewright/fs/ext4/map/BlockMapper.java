package org.pagewright.fs.ext4.map;

import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.AllocationStream;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.BlockRun;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.Mapping.State;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// The mapping of one inode: which device block holds which block of the file.
///
/// | method                                | handle, credits    | takes             | sleeps    |
/// |---------------------------------------|--------------------|-------------------|-----------|
/// | [#lookup], hit in memory              | -                  | INODE_STATE       | no        |
/// | [#lookup], [#reserve]                 | -                  | EXTENT_MAP shared | device    |
/// | [#stillValid]                         | -                  | none              | no        |
/// | [#punchDelayed]                       | -                  | EXTENT_MAP alone  | for it    |
/// | [#allocate], [#allocateDelayed]       | [#allocateCredits] | EXTENT_MAP alone  | device    |
/// | [#convertUnwritten], [#markUnwritten] | [#stepCredits]     | EXTENT_MAP alone  | device    |
/// | [#punch], [#truncate]                 | [#stepCredits]     | EXTENT_MAP alone  | device    |
/// | [#collapse], [#insert]                | [#stepCredits]     | EXTENT_MAP alone  | device    |
///
/// Everything may be called with a folio locked, but for what works in steps: those may restart the
/// handle, so they need the caller to hold no lock below JOURNAL_HANDLE.
public abstract sealed class BlockMapper permits ExtentMapper, IndirectMapper {
  /// Blocks of content that may be in the log and that one step frees, at most: each costs a few
  /// bytes of the transaction.
  static final int REVOKES_PER_STEP = 1024;

  /// Blocks of the log that so many revokes take, at most, and one for those of the mapping's own.
  static final int REVOKE_CREDITS = 10;

  /// Value of a goal: the mapper chooses, near the file's other blocks.
  public static final long GOAL_AUTO = -1;

  final BlockAllocator allocator;
  final BufferCache cache;
  final Geometry geometry;
  final MapRoot root;
  final String device;

  private final RwSem map;
  private final Mutex state;

  /// Guarded by state.
  private final ExtentStatus status = new ExtentStatus();

  /// Counted up with each change; with state held, read without.
  private volatile long cookie;

  private final AllocationStream stream = new AllocationStream();

  /// Blocks that the operation under way has added to the file. Guarded by map, held alone.
  long blocksDelta;

  /// Whether it has changed blocks of the mapping's own. Guarded by map, held alone.
  private boolean nodesTouched;

  BlockMapper(BlockAllocator allocator, MapRoot root) {
    this.allocator = allocator;
    this.cache = allocator.groups().cache();
    this.geometry = allocator.geometry();
    this.device = cache.device().name();
    this.root = root;
    Object name = "inode " + root.ino();
    this.map = new RwSem(LockClass.EXTENT_MAP, name);
    this.state = new Mutex(LockClass.INODE_STATE, name);
  }

  /// A mapper for an inode that has been read.
  ///
  /// @param allocator of the file system
  /// @param root the inode
  /// @param extents whether the inode has the extents flag, and not block pointers
  /// @return the mapper
  /// @throws CorruptedException if the 60 bytes cannot be the root of a mapping
  public static BlockMapper open(BlockAllocator allocator, MapRoot root, boolean extents)
      throws CorruptedException {
    return extents ? new ExtentMapper(allocator, root) : new IndirectMapper(allocator, root);
  }

  /// Makes the 60 bytes of a new inode an empty mapping.
  ///
  /// @param root the inode; the caller writes it
  /// @param extents whether the inode has the extents flag
  public static void initialise(MapRoot root, boolean extents) {
    root.block().fill((byte) 0);
    if (extents) {
      ExtentNode.initialise(root.block(), ExtentNode.ROOT_MAX, 0);
    }
  }

  // ---- what kind ---------------------------------------------------------------------------

  /// {@return whether blocks may be allocated that read as zeros; without, fallocate is refused}
  public abstract boolean supportsUnwritten();

  /// {@return number of blocks that the mapping can address: the first that it cannot}
  public abstract long maxBlocks();

  /// {@return credits of one [#allocate]}
  public abstract int allocateCredits();

  /// {@return credits of a step of the operations that work in steps; what their handle is started
  /// with}
  public abstract int stepCredits();

  // ---- lookup ------------------------------------------------------------------------------

  /// How a block is mapped, and as many behind it as are mapped alike; perhaps more follow in the
  /// same way. Known runs cost no lock that anybody sleeps under.
  ///
  /// @param logical first block, in blocks of the file
  /// @param max how many at most are wanted, at least 1
  /// @param out filled: begins at `logical`
  /// @throws CorruptedException if the mapping on the device is wrong
  /// @throws FsException EIO
  public final void lookup(long logical, long max, Mapping out) throws FsException {
    if (tryLookup(logical, max, out)) {
      return;
    }
    map.lockShared();
    try {
      lookupLocked(logical, max, out);
    } finally {
      map.unlockShared();
    }
  }

  /// Like [#lookup], for callers that must not wait (R-J7).
  ///
  /// @param logical first block, in blocks of the file
  /// @param max how many at most are wanted, at least 1
  /// @param out filled if known
  /// @return false if the device would have to be asked
  public final boolean tryLookup(long logical, long max, Mapping out) {
    assert logical >= 0 && max > 0 : logical + "+" + max;
    state.lock();
    try {
      boolean known = status.find(logical, max, out);
      out.stamp(cookie);
      return known;
    } finally {
      state.unlock();
    }
  }

  /// The lookup with the map's lock held, shared or alone.
  private void lookupLocked(long logical, long max, Mapping out) throws FsException {
    if (tryLookup(logical, max, out)) {
      return;
    }
    if (logical >= maxBlocks()) {
      out.set(State.HOLE, logical, max, -1);
      out.stamp(cookie);
      return;
    }
    long seen = cookie;
    read(logical, out);
    assert out.logical() <= logical && out.logical() + out.count() > logical : out;
    // What is known has been cut off a run that was learnt. Else blocks behind the first may have
    // been promised, which the device knows nothing of.
    long most = learn(logical, out, seen) ? max : 1;
    // Only now the part that was asked for.
    long skipped = logical - out.logical();
    long count = Math.min(most, out.count() - skipped);
    out.set(
        out.state(), logical, count, out.isAllocated() ? out.blockNr() + skipped : out.blockNr());
    out.stamp(seen);
  }

  /// Remembers what the device says around a block: only where nothing is known, because what is
  /// known may be delayed blocks, which the device knows nothing of.
  ///
  /// @return false if somebody changed something meanwhile: nothing was learnt
  private boolean learn(long logical, Mapping found, long seen) {
    state.lock();
    try {
      if (cookie != seen) {
        return false; // perhaps blocks of this hole are promised now: leave it to the next lookup
      }
      if (status.find(logical, 1, new Mapping())) {
        return false; // another reader of the same blocks was faster
      }
      long start = status.unknownStart(logical, found.logical());
      long end = status.knownFrom(logical, found.logical() + found.count());
      long blockNr = found.isAllocated() ? found.blockNr() + (start - found.logical()) : -1;
      State was = found.state();
      status.put(start, end, was, blockNr);
      found.set(was, start, end - start, blockNr);
      return true;
    } finally {
      state.unlock();
    }
  }

  /// Reads the device's structures: the whole run around a block, or of a hole any part around it.
  /// The map's lock is held.
  abstract void read(long logical, Mapping out) throws FsException;

  /// Number of the mapping's present state: changes whenever any block's mapping does (R-C10).
  ///
  /// @return a cookie for [#stillValid]
  public final long cookie() {
    return cookie;
  }

  /// Whether no block's mapping has changed since a lookup (R-C10).
  ///
  /// @param since [Mapping#cookie()]
  /// @return false if the lookup has to be done again
  public final boolean stillValid(long since) {
    SchedulePoint.reach(SchedulePoint.Kind.READ, status);
    return cookie == since;
  }

  /// State lock held.
  private void changed() {
    SchedulePoint.touch(status, true); // for those who look at the cookie without it
    cookie++;
  }

  /// Remembers a change: the only place where the cookie moves.
  private void note(long start, long end, State to, long blockNr) {
    state.lock();
    try {
      status.put(start, end, to, blockNr);
      changed();
    } finally {
      state.unlock();
    }
  }

  /// Forgets a range that is about to change, or that may have changed in part.
  private void unlearn(long start, long end) {
    state.lock();
    try {
      status.forget(start, end);
      changed();
    } finally {
      state.unlock();
    }
  }

  // ---- delayed blocks ----------------------------------------------------------------------

  /// {@return number of blocks that are promised and have no place yet; they count for st_blocks}
  public final long delayedBlocks() {
    state.lock();
    try {
      return status.delayedBlocks();
    } finally {
      state.unlock();
    }
  }

  /// Promises space for blocks that are about to be written in the cache (R-C7). Looks up like
  /// [#lookup]; if the run is a hole, as much of it as there is space for becomes DELALLOC, new.
  ///
  /// @param logical first block
  /// @param max how many at most
  /// @param flags [BlockAllocator#PRIVILEGED] or 0
  /// @param out filled: anything but a HOLE
  /// @throws FsException ENOSPC if not one block can be promised; EFBIG; EIO
  public final void reserve(long logical, long max, int flags, Mapping out) throws FsException {
    reserve(logical, max, flags, out, true);
  }

  /// Like [#reserve], for callers that must not wait (R-J7).
  ///
  /// @param logical first block
  /// @param max how many at most
  /// @param flags [BlockAllocator#PRIVILEGED] or 0
  /// @param out filled if that needed no wait
  /// @return false if the device would have to be asked, or somebody is changing the mapping
  /// @throws FsException ENOSPC, EFBIG
  public final boolean tryReserve(long logical, long max, int flags, Mapping out)
      throws FsException {
    return reserve(logical, max, flags, out, false);
  }

  private boolean reserve(long logical, long max, int flags, Mapping out, boolean wait)
      throws FsException {
    checkSize(logical);
    if (wait) {
      map.lockShared();
    } else if (!map.tryLockShared()) {
      return false;
    }
    try {
      while (true) { // ends: each round finds the block more settled than the one before
        if (!wait && !tryLookup(logical, max, out)) {
          return false;
        }
        lookupLocked(logical, max, out);
        if (out.state() != State.HOLE) {
          return true;
        }
        int want = (int) Math.min(Math.min(out.count(), maxBlocks() - logical), 1 << 20);
        int got = allocator.reserveUpTo(want, flags);
        if (promise(logical, got, out)) {
          return true;
        }
        allocator.release(got);
      }
    } finally {
      map.unlockShared();
    }
  }

  /// @return false if somebody else has promised or forgotten part of the hole since
  private boolean promise(long logical, int count, Mapping out) {
    state.lock();
    try {
      if (!status.find(logical, count, out)
          || out.state() != State.HOLE
          || out.count() < count) {
        return false;
      }
      status.put(logical, logical + count, State.DELALLOC, -1);
      changed();
      out.set(State.DELALLOC, logical, count, -1);
      out.setFresh();
      out.stamp(cookie);
      return true;
    } finally {
      state.unlock();
    }
  }

  /// Gives back the promises of a range: its cached data are gone, or were never written (R-C8).
  /// Blocks that have a place keep it.
  ///
  /// @param from first block
  /// @param end block behind the last one
  /// @return how many blocks were given back
  public final long punchDelayed(long from, long end) {
    long sum = 0;
    // An allocation under way uses the promise up before it is known as allocated: in between the
    // same promise must not be given back.
    map.lock();
    state.lock();
    try {
      Mapping run = new Mapping();
      while (status.findDelayed(from, end, run)) {
        // Delayed blocks always lie in a hole of the device's structures.
        status.put(run.logical(), run.logical() + run.count(), State.HOLE, -1);
        sum += run.count();
      }
      if (sum > 0) {
        changed();
      }
    } finally {
      state.unlock();
      map.unlock();
    }
    if (sum > 0) {
      allocator.release(sum);
    }
    return sum;
  }

  /// Finds the next delayed run, for write-out that goes by the mapping.
  ///
  /// @param from first block
  /// @param end block behind the last one
  /// @param out filled if there is one
  /// @return false if there is none
  public final boolean findDelayed(long from, long end, Mapping out) {
    state.lock();
    try {
      return status.findDelayed(from, end, out);
    } finally {
      state.unlock();
    }
  }

  // ---- change ------------------------------------------------------------------------------

  /// Gives a run of blocks a place, if it has none. A hole is allocated; delayed blocks are
  /// allocated out of their promise; what is allocated already is returned as it is. Costs
  /// [#allocateCredits].
  ///
  /// @param handle the operation
  /// @param logical first block
  /// @param max how many at most; the run may come out shorter, since it lies together
  /// @param goal block of the device that would be best, or [#GOAL_AUTO]
  /// @param unwritten whether the run shall read as zeros until converted; where
  ///     [#supportsUnwritten()] is false it is MAPPED, and zeroed on the device first
  /// @param flags [BlockAllocator#PRIVILEGED] or 0
  /// @param out filled: UNWRITTEN or MAPPED, at least one block
  /// @throws FsException ENOSPC (not for delayed blocks, but for want of room in the structures
  ///     itself); EFBIG; EIO
  public final void allocate(
      Handle handle,
      long logical,
      long max,
      long goal,
      boolean unwritten,
      int flags,
      Mapping out)
      throws FsException {
    checkSize(logical);
    map.lock();
    try {
      lookupLocked(logical, Math.min(max, maxBlocks() - logical), out);
      if (!out.isAllocated()) {
        place(handle, logical, goal, unwritten, flags, out);
      }
    } finally {
      map.unlock();
    }
  }

  /// Gives a run of delayed blocks a place, for write-out; a hole stays one: a truncation may have
  /// come between finding the run and this call. Costs [#allocateCredits].
  ///
  /// @param handle the operation
  /// @param logical first block
  /// @param max how many at most
  /// @param flags [BlockAllocator#PRIVILEGED] or 0
  /// @param out filled: UNWRITTEN, MAPPED or HOLE, at least one block
  /// @throws FsException as [#allocate]
  public final void allocateDelayed(
      Handle handle, long logical, long max, int flags, Mapping out) throws FsException {
    map.lock();
    try {
      lookupLocked(logical, max, out);
      if (out.state() == State.DELALLOC) {
        place(handle, logical, GOAL_AUTO, true, flags, out);
      }
    } finally {
      map.unlock();
    }
  }

  /// Gives the run that was looked up a place. The map's lock is held alone.
  private void place(
      Handle handle, long logical, long goal, boolean unwritten, int flags, Mapping out)
      throws FsException {
    boolean delayed = out.state() == State.DELALLOC;
    boolean zeros = unwritten && supportsUnwritten();
    int want = (int) Math.min(out.count(), zeros ? runMaxUnwritten() : runMax());
    int kind = flags & BlockAllocator.PRIVILEGED | (delayed ? BlockAllocator.RESERVED : 0);
    blocksDelta = 0;
    BlockRun run;
    try {
      run = allocateRun(handle, logical, want, goal, unwritten, kind);
    } finally {
      settle(handle);
    }
    State now = zeros ? State.UNWRITTEN : State.MAPPED;
    note(logical, logical + run.count(), now, run.blockNr());
    out.set(now, logical, run.count(), run.blockNr());
    out.setFresh();
    out.stamp(cookie);
  }

  /// Tells the inode, also when an operation has failed in its middle: what it did is consistent.
  private void settle(Handle handle) throws FsException {
    boolean below = nodesTouched;
    nodesTouched = false;
    if (rootTouched() || blocksDelta != 0) {
      long delta = blocksDelta;
      blocksDelta = 0;
      root.changed(handle, delta);
    } else if (below) {
      root.changedBelow(handle);
    }
  }

  /// Blocks of the mapping's own are about to change: [#settle] tells the inode, or a sync of the
  /// file would not know of it.
  final void touchNodes() {
    nodesTouched = true;
  }

  /// Whether the root's bytes changed since this was last asked.
  abstract boolean rootTouched();

  /// Longest run of one entry.
  abstract int runMax();

  abstract int runMaxUnwritten();

  /// Allocates a run and enters it, at a block that is known to be a hole for `want` blocks. If it
  /// throws, no data block is left allocated and promises are as they were.
  abstract BlockRun allocateRun(
      Handle handle, long logical, int want, long goal, boolean unwritten, int flags)
      throws FsException;

  /// Takes blocks that could not be entered back.
  final void takeBack(Handle handle, BlockRun run, int flags) throws FsException {
    allocator.free(handle, run.blockNr(), run.count(), flags & BlockAllocator.RESERVED);
  }

  final AllocationStream stream() {
    return stream;
  }

  /// A place near the inode, for a file without blocks.
  final long inodeGoal() {
    return allocator.inodeGoal(root.ino(), root.metadataContent());
  }

  /// Marks unwritten blocks of a range as holding data: their write-out has ended (R-C9). Holes and
  /// blocks that hold data already are left alone.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param logical first block
  /// @param count how many
  /// @throws FsException ENOSPC for want of room in the structures; EIO
  public final void convertUnwritten(Handle handle, long logical, long count) throws FsException {
    steps(handle, logical, logical + count, Step.TO_WRITTEN);
  }

  /// Makes allocated blocks of a range read as zeros without touching them.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param logical first block
  /// @param count how many
  /// @throws FsException ENOSPC for want of room in the structures; EOPNOTSUPP without
  ///     [#supportsUnwritten()]; EIO
  public final void markUnwritten(Handle handle, long logical, long count) throws FsException {
    if (!supportsUnwritten()) {
      throw new FsException(
          Errno.EOPNOTSUPP, device + ": inode " + root.ino() + " has no extents to mark unwritten");
    }
    steps(handle, logical, logical + count, Step.TO_UNWRITTEN);
  }

  /// Makes a range a hole: frees its blocks, and the mapping's own blocks that become empty, and
  /// gives promises back. The cache must hold no data of the range, or it would lose its place.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param from first block
  /// @param end block behind the last one
  /// @throws CorruptedException if a block to be freed is free already
  /// @throws FsException EIO; ENOSPC if an extent must be cut in two and there is no room
  public final void punch(Handle handle, long from, long end) throws FsException {
    punchDelayed(from, end);
    allocator.discard(stream);
    steps(handle, from, end, Step.FREE);
  }

  /// Makes everything from a block on a hole.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param from first block that goes
  /// @throws FsException as [#punch]
  public final void truncate(Handle handle, long from) throws FsException {
    punch(handle, from, Long.MAX_VALUE);
  }

  /// Takes back what is set aside for the file's growth: it was closed, or leaves memory.
  public final void discardReserve() {
    allocator.discard(stream);
  }

  /// Takes a range out of the file: its blocks are freed, and what lies behind moves to the front.
  /// The cache must hold nothing from the range's start on, dirty or clean. After a crash in the
  /// middle, part may have moved.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param from first block that goes
  /// @param end block behind the last one
  /// @throws FsException EOPNOTSUPP without [#supportsUnwritten()]; as [#punch]
  public final void collapse(Handle handle, long from, long end) throws FsException {
    checkShift(from);
    punch(handle, from, end);
    for (long at = end; at < maxBlocks(); ) { // ends: a leaf further each time
      handle.ensure(stepCredits());
      map.lock();
      try {
        unlearn(from, Long.MAX_VALUE);
        blocksDelta = 0;
        long next;
        try {
          next = shiftLeft(handle, at, end - from);
        } finally {
          settle(handle);
        }
        assert next > at : "a step from " + at + " to " + next;
        at = next;
      } finally {
        map.unlock();
      }
    }
  }

  /// Makes room in the middle of the file: what lies from a block on moves back, and leaves a hole.
  /// The cache must hold nothing from that block on, dirty or clean. After a crash in the middle,
  /// part may have moved.
  ///
  /// @param handle the operation, started with [#stepCredits()]; may be restarted
  /// @param at first block that moves
  /// @param count by how many blocks
  /// @throws FsException EOPNOTSUPP without [#supportsUnwritten()]; EFBIG, and nothing has moved,
  ///     if the last block would move too far; ENOSPC if an extent must be cut in two and there is
  ///     no room; EIO
  public final void insert(Handle handle, long at, long count) throws FsException {
    checkShift(at);
    for (long left = maxBlocks(); left > at; ) { // ends: a leaf further to the front each time
      handle.ensure(stepCredits());
      map.lock();
      try {
        if (left == maxBlocks()) {
          checkSize(Math.addExact(end(), count) - 1);
        }
        unlearn(at, Long.MAX_VALUE);
        blocksDelta = 0;
        long next;
        try {
          if (left == maxBlocks()) {
            cutAt(handle, at);
          }
          next = shiftRight(handle, at, left - 1, count);
        } finally {
          settle(handle);
        }
        assert next < left : "a step from " + left + " to " + next;
        left = next;
      } finally {
        map.unlock();
      }
    }
  }

  private void checkShift(long from) throws FsException {
    if (!supportsUnwritten()) {
      throw new FsException(
          Errno.EOPNOTSUPP, device + ": inode " + root.ino() + " has no extents to move");
    }
    assert !findDelayed(from, Long.MAX_VALUE, new Mapping()) : "delayed blocks would stay behind";
  }

  /// {@return the block behind the last one that is allocated}
  abstract long end() throws FsException;

  /// Cuts an extent in two where a block begins, if it lies inside of one.
  abstract void cutAt(Handle handle, long at) throws FsException;

  /// Moves the extents of one leaf to the front, from a block on; there is room.
  ///
  /// @return first block of the next leaf
  abstract long shiftLeft(Handle handle, long at, long by) throws FsException;

  /// Moves the extents of one leaf to the back: the one that `last` lies in or behind, and those in
  /// front of it, down to the one that begins at `at`.
  ///
  /// @return first block that has moved; `at` or less if there are no more
  abstract long shiftRight(Handle handle, long at, long last, long by) throws FsException;

  /// What a step does to the blocks of its range.
  enum Step {
    FREE,
    TO_WRITTEN,
    TO_UNWRITTEN
  }

  private void steps(Handle handle, long from, long end, Step step) throws FsException {
    long limit = Math.min(end, maxBlocks());
    long left = limit; // steps go from the end to the start; everything from here on is done
    while (left > from) {
      handle.ensure(stepCredits());
      map.lock();
      try {
        // Before anything changes: who looks it up now waits for the lock.
        unlearn(from, left);
        long next;
        blocksDelta = 0;
        try {
          next = step(handle, from, left, step);
        } finally {
          settle(handle);
        }
        assert next < left : "a step from " + left + " to " + next;
        left = next;
      } finally {
        map.unlock();
      }
    }
  }

  /// Does part of a range, from its end.
  ///
  /// @return block from which on the range is done, below `end`; `from` or less if it all is
  abstract long step(Handle handle, long from, long end, Step step) throws FsException;

  private void checkSize(long logical) throws FsException {
    if (logical >= maxBlocks()) {
      throw new FsException(
          Errno.EFBIG, device + ": inode " + root.ino() + ", block " + logical + " of the file");
    }
  }

  /// Names the structure that is wrong.
  final CorruptedException corrupted(long blockNr, String why) {
    return new CorruptedException(device, blockNr, "inode " + root.ino() + ": " + why);
  }

  /// Throws if what is remembered is wrong in itself, or differs from the device. For tests;
  /// nothing else may be running.
  ///
  /// @return true
  /// @throws FsException EIO
  public final boolean checkInvariants() throws FsException {
    Mapping known = new Mapping();
    Mapping onDevice = new Mapping();
    map.lockShared();
    try {
      assert status.checkInvariants();
      for (long at = 0; at < maxBlocks(); at = nextAfter(onDevice)) {
        read(at, onDevice);
        if (tryLookup(at, 1, known)) {
          State expected = known.state() == State.DELALLOC ? State.HOLE : known.state();
          long shift = at - onDevice.logical();
          assert expected == onDevice.state()
                  && (!known.isAllocated() || known.blockNr() == onDevice.blockNr() + shift)
              : known + " remembered, " + onDevice + " on the device";
        }
      }
    } finally {
      map.unlockShared();
    }
    return true;
  }

  private static long nextAfter(Mapping run) {
    return run.logical() + run.count();
  }

  /// How deep the structure is: 0 if everything is in the inode.
  ///
  /// @return levels of blocks below the inode
  /// @throws FsException EIO
  public abstract int depth() throws FsException;
}
