package org.pagewright.fs.ext4.alloc;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.AllocationStream.Reserve;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.GroupDescriptor;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.journal.Journal;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// Gives out and takes back the blocks of a file system, and keeps count of what is promised.
///
/// Finds runs: behind the goal, else long enough anywhere in the goal's group, else in the groups
/// behind it, else ever shorter ones. Files that grow keep a reserve; small files of one
/// neighbourhood share one, and so lie side by side.
///
/// Locks: callers may hold anything above BLOCK_GROUP. One group's lock is taken at a time; bitmaps
/// are read with it held.
public final class BlockAllocator implements Journal.FreedBlocks {
  /// Credits of one [#allocate], and of [#free] for each group that the range touches.
  public static final int CREDITS_PER_GROUP = 2;

  /// Flag of [#allocate]: the blocks were promised by [#reserve]; the promise is used up by as many
  /// as are given out. Flag of [#free]: undoes that.
  public static final int RESERVED = 1;

  /// Flag of [#allocate]: for the file system's own use, may take from the pool kept for that. Flag
  /// of [#free]: the blocks may be cached as metadata, and are forgotten.
  public static final int METADATA = 2;

  /// Flag of [#allocate] and [#reserve]: may take what is kept for the super user.
  public static final int PRIVILEGED = 4;

  /// Files up to here share the reserve of their neighbourhood.
  private static final int SMALL_FILE_BLOCKS = 16;

  private static final int SMALL_FILES_RESERVE = 512;
  private static final int STREAM_RESERVE_MIN = 16;
  private static final int STREAM_RESERVE_MAX = 2048;

  /// A run behind the goal that is shorter than asked for is taken from this length on: staying in
  /// place is worth more than one extent less.
  private static final int GOAL_RUN_MIN = 256;

  /// Streams that have a reserve at the same time; the oldest loses its own beyond.
  private static final int STREAMS_MAX = 1024;

  private static final int NEIGHBOURHOODS = 16;

  /// More than one operation takes of blocks for metadata.
  private static final int SHORT_OF_SPACE = 64;

  private final GroupTable groups;
  private final Geometry geometry;
  private final String device;
  private final long rootReserved;
  private final long metadataPool;

  /// Free blocks that are not promised. Never negative.
  private final AtomicLong available;

  /// Blocks promised and not yet given out.
  private final AtomicLong promised = new AtomicLong();

  /// No free run of a group is longer than this. Guarded by the group's lock, read without as a
  /// hint.
  private final int[] longestRun;

  /// Blocks of a group that streams have set aside, one bit each; null if none. Guarded by the
  /// group's lock.
  private final Bits @Nullable [] aside;

  private final int[] asideCount;

  /// Blocks of a group that were freed by a transaction that is not committed; null if none.
  /// Guarded by the group's lock.
  private final Bits @Nullable [] held;

  private final int[] heldCount;

  /// Blocks that are held, in all groups: free in the bitmaps, and not to be had yet.
  private final AtomicLong heldBlocks = new AtomicLong();

  private final AtomicLong releasedBlocks = new AtomicLong();

  private final AllocationStream[] smallFiles = new AllocationStream[NEIGHBOURHOODS];

  private final Mutex streamsLock;

  /// Streams that got a reserve, oldest first; some may have lost it since. Guarded by streamsLock.
  private final ArrayDeque<AllocationStream> streams = new ArrayDeque<>();

  /// An allocator for a file system that is opened for writing.
  ///
  /// @param groups the group descriptors
  /// @param rootReserved blocks kept for the super user: the superblock's count of reserved blocks
  public BlockAllocator(GroupTable groups, long rootReserved) {
    this.groups = groups;
    this.geometry = groups.geometry();
    this.device = groups.cache().device().name();
    long free = groups.sumFreeBlocks();
    this.available = new AtomicLong(free);
    this.rootReserved = rootReserved;
    this.metadataPool = Math.min(geometry.blocksCount() / 50, 4096);
    this.longestRun = new int[geometry.groupCount()];
    Arrays.fill(longestRun, geometry.blocksPerGroup());
    this.aside = new Bits[geometry.groupCount()];
    this.asideCount = new int[geometry.groupCount()];
    this.held = new Bits[geometry.groupCount()];
    this.heldCount = new int[geometry.groupCount()];
    this.streamsLock = new Mutex(LockClass.INODE_STATE, device);
    for (int i = 0; i < NEIGHBOURHOODS; i++) {
      smallFiles[i] = new AllocationStream();
    }
  }

  /// {@return the layout of the file system}
  public Geometry geometry() {
    return geometry;
  }

  /// {@return the group descriptors}
  public GroupTable groups() {
    return groups;
  }

  /// {@return the blocks that no file may own}
  public SystemZone systemZone() {
    return groups.systemZone();
  }

  // ---- counts -----------------------------------------------------------------------------

  /// {@return free blocks, promised ones included: what the bitmaps say}
  public long freeBlocks() {
    return available.get() + promised.get() + heldBlocks.get();
  }

  /// {@return free blocks that can be had only after the next commit}
  public long heldBlocks() {
    return heldBlocks.get();
  }

  /// {@return blocks that commits have made free so far; to see whether one came in between}
  public long releasedBlocks() {
    return releasedBlocks.get();
  }

  /// {@return whether so little is left that an operation may fail for want of space which the next
  /// commit would bring}
  public boolean waitsForCommit() {
    return heldBlocks.get() > 0
        && available.get() < metadataPool + rootReserved + SHORT_OF_SPACE;
  }

  /// {@return blocks that an ordinary user may still be promised}
  public long availableBlocks() {
    return Math.max(0, available.get() - rootReserved - metadataPool);
  }

  /// {@return blocks that are promised and not yet given out}
  public long reservedBlocks() {
    return promised.get();
  }

  private long keptBack(int flags) {
    if ((flags & METADATA) != 0) {
      return 0; // write-out must not fail for want of an extent block
    }
    return metadataPool + ((flags & PRIVILEGED) != 0 ? 0 : rootReserved);
  }

  /// Promises blocks, for bytes that are accepted now and get their place later (R-C7).
  ///
  /// @param count how many, all or nothing
  /// @param flags PRIVILEGED or 0
  /// @throws FsException ENOSPC, and nothing is promised
  public void reserve(long count, int flags) throws FsException {
    if (promise(count, count, flags) < count) {
      throw new FsException(Errno.ENOSPC, device + ": " + count + " blocks wanted");
    }
  }

  /// Promises as many blocks as there are, up to a number.
  ///
  /// @param count how many at most
  /// @param flags PRIVILEGED or 0
  /// @return how many, at least 1
  /// @throws FsException ENOSPC if there is not one
  public int reserveUpTo(int count, int flags) throws FsException {
    int got = (int) promise(count, 1, flags);
    if (got == 0) {
      throw new FsException(Errno.ENOSPC, device + ": a block wanted");
    }
    return got;
  }

  /// {@return a good place for the first block of an inode's file: its own group, and under flex_bg
  /// behind the metadata that the flexible group's first group is full of}
  ///
  /// @param ino inode number
  /// @param metadata whether the blocks are a directory's: those stay near the metadata
  public long inodeGoal(long ino, boolean metadata) {
    int group = geometry.groupOfInode(ino);
    int flex = geometry.logGroupsPerFlex();
    if (flex >= 2) {
      group = group >>> flex << flex;
      if (!metadata && group + 1 < geometry.groupCount()) {
        group++;
      }
    }
    return geometry.groupFirstBlock(group);
  }

  /// Gives a promise back that was not used.
  ///
  /// @param count how many blocks
  public void release(long count) {
    // In this order, so that nobody sees more free than there is.
    promised.addAndGet(-count);
    available.addAndGet(count);
    assert promised.get() >= 0 : promised.get() + " blocks promised";
  }

  /// @return how many were promised, between min and count, or 0
  private long promise(long count, long min, int flags) {
    long keep = keptBack(flags);
    while (true) {
      long a = available.get();
      long n = Math.min(count, a - keep);
      if (n < min || n <= 0) {
        return 0;
      }
      if (available.compareAndSet(a, a - n)) {
        promised.addAndGet(n);
        return n;
      }
    }
  }

  // ---- bitmaps ----------------------------------------------------------------------------

  /// The block bitmap of one group.
  private record BlockBitmap(GroupTable groups, int group) implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      Geometry geometry = groups.geometry();
      if (geometry.hasMetadataChecksums()) {
        int kept = groups.blockBitmapChecksum(group);
        int computed =
            Checksums.keptInDescriptor(
                Checksums.blockBitmap(geometry, buffer.segment(), 0), geometry.descSize());
        if (kept != computed) {
          throw bad(buffer, String.format("checksum 0x%08x, computed 0x%08x", kept, computed));
        }
      }
      Bits bits = new Bits(buffer.segment());
      int count = geometry.blocksInGroup(group);
      int free = count - bits.countSet(0, count);
      if (free != groups.freeBlocks(group)) {
        throw bad(
            buffer, free + " blocks are free, the descriptor says " + groups.freeBlocks(group));
      }
      if (!groups.systemZone().isSetIn(bits, geometry.groupFirstBlock(group), count)) {
        throw bad(buffer, "a block of the file system's own is marked free");
      }
    }

    private CorruptedException bad(Buffer buffer, String why) {
      return new CorruptedException(
          buffer.deviceName(), buffer.blockNr(), this + ": " + why);
    }

    @Override
    public void seal(Buffer buffer) {} // its checksum is in the descriptor, set with each change

    @Override
    public String toString() {
      return "block bitmap of group " + group;
    }
  }

  /// The bitmap of a locked group, with a reference. One that was never initialised is made up: all
  /// free but what the file system itself uses.
  private Buffer bitmap(int group) throws FsException {
    BlockBitmap type = new BlockBitmap(groups, group);
    if ((groups.flags(group) & GroupDescriptor.BLOCK_UNINIT) == 0) {
      return groups.cache().read(groups.blockBitmap(group), type);
    }
    Buffer buffer = groups.cache().create(groups.blockBitmap(group), type);
    int count = geometry.blocksInGroup(group);
    long first = geometry.groupFirstBlock(group);
    buffer.lock();
    try {
      Bits bits = new Bits(buffer.segment());
      groups.systemZone().markIn(bits, first, count);
      bits.set(count, geometry.blockSize() * 8 - count);
    } finally {
      buffer.unlock();
    }
    long free = count - groups.systemZone().countIn(first, count);
    if (free != groups.freeBlocks(group)) {
      buffer.put();
      throw new CorruptedException(
          device,
          groups.blockBitmap(group),
          "group " + group + " was never used and has " + free
              + " free blocks, the descriptor says " + groups.freeBlocks(group));
    }
    return buffer;
  }

  /// Sets or clears bits of a locked group, with everything that follows from it. The credits are
  /// taken and errors found before anything changes.
  private void change(Handle handle, int group, Buffer bitmap, int bit, int count, boolean set)
      throws FsException {
    groups.declare(handle, group);
    handle.getWriteAccess(bitmap);
    MemorySegment bytes = bitmap.segment();
    bitmap.lock();
    try {
      Bits bits = new Bits(bytes);
      if (set) {
        bits.set(bit, count);
      } else {
        bits.clear(bit, count);
      }
    } finally {
      bitmap.unlock();
    }
    handle.dirtyMetadata(bitmap);
    groups.change(
        handle,
        group,
        (s, at, size) -> {
          int free = GroupDescriptor.freeBlocks(s, at, size);
          GroupDescriptor.putFreeBlocks(s, at, size, set ? free - count : free + count);
          if (geometry.hasGroupChecksums()) {
            GroupDescriptor.putFlags(
                s, at, GroupDescriptor.flags(s, at) & ~GroupDescriptor.BLOCK_UNINIT);
          }
          if (geometry.hasMetadataChecksums()) {
            GroupDescriptor.putBlockBitmapChecksum(
                s, at, size, Checksums.blockBitmap(geometry, bytes, 0));
          }
        });
  }

  // ---- allocate ---------------------------------------------------------------------------

  /// Gives out neighbouring blocks. Costs [#CREDITS_PER_GROUP].
  ///
  /// @param handle the operation
  /// @param goal block that would be best as the first one; any number will do
  /// @param count how many at most
  /// @param stream where the file's next blocks are set aside, or null for a block alone
  /// @param flags RESERVED, METADATA, PRIVILEGED
  /// @return at least one block, at most count
  /// @throws FsException ENOSPC; EIO
  /// @throws CorruptedException if a bitmap is wrong
  public BlockRun allocate(
      Handle handle, long goal, int count, @Nullable AllocationStream stream, int flags)
      throws FsException {
    assert count > 0 : count;
    boolean reserved = (flags & RESERVED) != 0;
    int want = Math.min(count, geometry.blocksPerGroup());
    if (!reserved) {
      want = reserveUpTo(want, flags);
    }
    int got = 0;
    try {
      BlockRun run = find(handle, goal, want, stream);
      if (run == null) {
        discardAll(); // somebody has set aside what we were promised
        run = find(handle, goal, want, null);
      }
      if (run == null) {
        throw new FsException(Errno.ENOSPC, device + ": no free block found");
      }
      got = run.count();
      promised.addAndGet(-got);
      return run;
    } finally {
      if (!reserved && got < want) {
        release(want - got);
      }
    }
  }

  private @Nullable BlockRun find(
      Handle handle, long goal, int want, @Nullable AllocationStream own) throws FsException {
    long inside =
        Math.clamp(goal, (long) geometry.firstDataBlock(), geometry.blocksCount() - 1);
    int goalGroup = geometry.groupOfBlock(inside);
    int goalBit = geometry.blockIndexInGroup(inside);
    BlockRun run;
    AllocationStream stream = own;
    int extra = 0;
    if (own != null) {
      boolean small = own.total + want <= SMALL_FILE_BLOCKS;
      own.total += want;
      if (small) {
        stream = smallFiles[(goalGroup >>> geometry.logGroupsPerFlex()) & NEIGHBOURHOODS - 1];
      }
      run = takeReserve(handle, stream, want);
      if (run != null) {
        return run;
      }
      extra = reserveWanted(own, small);
    }
    // A good place first, then any place; ever shorter, so that it ends after a few rounds.
    run = findBehindGoal(handle, goalGroup, goalBit, want, extra, stream);
    for (int length = want + extra; run == null; ) {
      run = findInGroups(handle, goalGroup, goalBit, length, want, extra, stream);
      if (length == 1) {
        break;
      }
      length = length > want ? want : Math.max(1, length / 4);
    }
    trimStreams();
    return run;
  }

  private int reserveWanted(AllocationStream stream, boolean small) {
    if (available.get() < geometry.blocksCount() / 8) {
      return 0; // nearly full: what is set aside would only be taken back
    }
    long limit = Math.max(STREAM_RESERVE_MIN, geometry.blocksCount() / 64);
    long wanted =
        small
            ? SMALL_FILES_RESERVE
            : Math.clamp(stream.total, STREAM_RESERVE_MIN, STREAM_RESERVE_MAX);
    return (int) Math.min(wanted, limit);
  }

  /// Takes from what the stream has set aside.
  private @Nullable BlockRun takeReserve(Handle handle, AllocationStream stream, int want)
      throws FsException {
    Reserve reserve = stream.reserve;
    if (reserve == null) {
      return null;
    }
    Mutex lock = groups.lock(reserve.group());
    lock.lock();
    try {
      reserve = stream.reserve;
      if (reserve == null || groups.lock(reserve.group()) != lock) {
        return null; // taken back, or replaced, while we waited
      }
      int group = reserve.group();
      int n = Math.min(want, reserve.count());
      try (Buffer bitmap = bitmap(group)) {
        change(handle, group, bitmap, reserve.bit(), n, true);
      }
      putBack(group, reserve.bit(), n);
      stream.reserve =
          n == reserve.count() ? null : new Reserve(group, reserve.bit() + n, reserve.count() - n);
      return new BlockRun(geometry.groupFirstBlock(group) + reserve.bit(), n);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable BlockRun findBehindGoal(
      Handle handle,
      int group,
      int goalBit,
      int want,
      int extra,
      @Nullable AllocationStream stream)
      throws FsException {
    if (groups.freeBlocks(group) == 0) {
      return null;
    }
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      Bits bits = new Bits(bitmap.segment());
      int end = geometry.blocksInGroup(group);
      if (nextFree(group, bits, goalBit, end) != goalBit) {
        return null;
      }
      int length = nextUsed(group, bits, goalBit, end) - goalBit;
      if (length < Math.min(want, GOAL_RUN_MIN)) {
        return null;
      }
      return take(handle, group, bitmap, goalBit, length, want, extra, stream);
    } finally {
      lock.unlock();
    }
  }

  /// Looks for a run of a length, in the goal's group from the goal on and then in all others.
  private @Nullable BlockRun findInGroups(
      Handle handle,
      int goalGroup,
      int goalBit,
      int length,
      int want,
      int extra,
      @Nullable AllocationStream stream)
      throws FsException {
    int count = geometry.groupCount();
    for (int i = 0; i < count; i++) {
      int group = goalGroup + i < count ? goalGroup + i : goalGroup + i - count;
      if (groups.freeBlocks(group) < length || longestRun[group] < length) {
        continue;
      }
      Mutex lock = groups.lock(group);
      lock.lock();
      try (Buffer bitmap = bitmap(group)) {
        Bits bits = new Bits(bitmap.segment());
        int end = geometry.blocksInGroup(group);
        int from = i == 0 ? Math.min(goalBit, end) : 0;
        int longest = 0;
        int at = -1;
        // From the goal to the end, then from the start to the goal: each bit is seen once.
        for (int round = from > 0 ? 0 : 1; round < 2 && at < 0; round++) {
          int low = round == 0 ? from : 0;
          int high = round == 0 || from == 0 ? end : from;
          for (int bit = nextFree(group, bits, low, high); bit < high; ) {
            int runEnd = nextUsed(group, bits, bit, end);
            longest = Math.max(longest, runEnd - bit);
            if (runEnd - bit >= length) {
              at = bit;
              break;
            }
            bit = nextFree(group, bits, runEnd, high);
          }
        }
        if (at >= 0) {
          return take(
              handle,
              group,
              bitmap,
              at,
              nextUsed(group, bits, at, end) - at,
              want,
              extra,
              stream);
        }
        // A run across the goal was seen in two parts at worst, so twice the longest is a bound.
        longestRun[group] = from > 0 ? Math.min(longestRun[group], 2 * longest) : longest;
      } finally {
        lock.unlock();
      }
    }
    return null;
  }

  private BlockRun take(
      Handle handle,
      int group,
      Buffer bitmap,
      int bit,
      int length,
      int want,
      int extra,
      @Nullable AllocationStream stream)
      throws FsException {
    int n = Math.min(want, length);
    long blockNr = geometry.groupFirstBlock(group) + bit;
    if (systemZone().overlaps(blockNr, n)) {
      throw new CorruptedException(
          device, bitmap.blockNr(), "block " + blockNr + " of the file system's own is free");
    }
    change(handle, group, bitmap, bit, n, true);
    int behind = Math.min(extra, length - n);
    if (stream != null && behind > 0 && stream.reserve == null) {
      Bits bits = aside[group];
      if (bits == null) {
        bits = new Bits(MemorySegment.ofArray(new byte[geometry.blockSize()]));
        aside[group] = bits;
      }
      bits.set(bit + n, behind);
      asideCount[group] += behind;
      stream.reserve = new Reserve(group, bit + n, behind);
      streamsLock.lock();
      streams.addLast(stream);
      streamsLock.unlock();
    }
    return new BlockRun(blockNr, n);
  }

  private int nextFree(int group, Bits bits, int from, int end) {
    Bits set = aside[group];
    Bits kept = held[group];
    int bit = bits.nextClear(from, end);
    while (bit < end) { // ends: each round goes on behind a bit that is set
      int clear = set == null ? bit : set.nextClear(bit, end);
      clear = kept == null ? clear : kept.nextClear(clear, end);
      if (clear == bit) {
        break;
      }
      bit = bits.nextClear(clear, end);
    }
    return bit;
  }

  private int nextUsed(int group, Bits bits, int from, int end) {
    Bits set = aside[group];
    Bits kept = held[group];
    int bit = bits.nextSet(from, end);
    bit = set == null ? bit : set.nextSet(from, bit);
    return kept == null ? bit : kept.nextSet(from, bit);
  }

  // ---- reserves ---------------------------------------------------------------------------

  /// Takes back what a stream has set aside: its file was closed, truncated or removed.
  ///
  /// @param stream the file's stream
  public void discard(AllocationStream stream) {
    Reserve reserve = stream.reserve;
    if (reserve == null) {
      return;
    }
    Mutex lock = groups.lock(reserve.group());
    lock.lock();
    try {
      if (stream.reserve == reserve) {
        putBack(reserve.group(), reserve.bit(), reserve.count());
        stream.reserve = null;
      }
    } finally {
      lock.unlock();
    }
  }

  private void putBack(int group, int bit, int count) {
    Bits bits = aside[group];
    assert bits != null && bits.countSet(bit, count) == count : "reserve lost in group " + group;
    bits.clear(bit, count);
    asideCount[group] -= count;
    if (asideCount[group] == 0) {
      aside[group] = null;
    }
    longestRun[group] = geometry.blocksPerGroup();
  }

  /// Takes back everything that is set aside: space is short, or the file system is closing.
  public void discardAll() {
    while (true) {
      AllocationStream oldest = pollStream(0);
      if (oldest == null) {
        return;
      }
      discard(oldest);
    }
  }

  private void trimStreams() {
    AllocationStream oldest = pollStream(STREAMS_MAX);
    if (oldest != null) {
      discard(oldest);
    }
  }

  private @Nullable AllocationStream pollStream(int keep) {
    streamsLock.lock();
    try {
      return streams.size() > keep ? streams.pollFirst() : null;
    } finally {
      streamsLock.unlock();
    }
  }

  // ---- free -------------------------------------------------------------------------------

  /// Takes blocks back. Costs [#CREDITS_PER_GROUP] for each group that the range touches. Without a
  /// journal they may be given out again at once; a journal keeps them until the handle's
  /// transaction has committed, see [#release(long, long)].
  ///
  /// @param handle the operation
  /// @param blockNr first block
  /// @param count how many
  /// @param flags METADATA if the cache may hold them; RESERVED if they are promised again at once,
  ///     because an allocation out of a promise is undone
  /// @throws CorruptedException if some are outside the file system, the file system's own, or free
  ///     already: no block of the group concerned was freed then
  /// @throws FsException EIO
  public void free(Handle handle, long blockNr, long count, int flags) throws FsException {
    checkOwnable(blockNr, count);
    for (long nr = blockNr, end = blockNr + count; nr < end; ) {
      nr += freeInGroup(handle, nr, end, flags, true);
    }
  }

  /// Does everything of a [#free] that can fail, and nothing else: brings the bitmaps in, has them
  /// checked and declares them, so that the handle keeps them. To be called before the blocks are
  /// cut off from their file: a bitmap that cannot be read then costs no block.
  ///
  /// @param handle the operation; the credits are those of the free that follows
  /// @param blockNr first block
  /// @param count how many
  /// @throws CorruptedException as [#free]
  /// @throws FsException EIO
  public void prepareFree(Handle handle, long blockNr, long count) throws FsException {
    checkOwnable(blockNr, count);
    for (long nr = blockNr, end = blockNr + count; nr < end; ) {
      nr += freeInGroup(handle, nr, end, 0, false);
    }
  }

  private void checkOwnable(long blockNr, long count) throws FsException {
    if (!geometry.isBlockRange(blockNr, count) || systemZone().overlaps(blockNr, count)) {
      throw new CorruptedException(
          device, blockNr, count + " blocks to be freed that no file can own");
    }
  }

  /// @return how many blocks lie in the first block's group
  private int freeInGroup(Handle handle, long blockNr, long end, int flags, boolean really)
      throws FsException {
    int group = geometry.groupOfBlock(blockNr);
    int bit = geometry.blockIndexInGroup(blockNr);
    int count = (int) Math.min(end - blockNr, geometry.blocksInGroup(group) - bit);
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      if (new Bits(bitmap.segment()).countSet(bit, count) != count) {
        throw new CorruptedException(
            device,
            bitmap.blockNr(),
            "block bitmap of group " + group + ": of blocks " + blockNr + " to "
                + (blockNr + count - 1) + ", to be freed now, some are free already");
      }
      if (!really) {
        groups.declare(handle, group);
        handle.getWriteAccess(bitmap);
        return count;
      }
      if ((flags & METADATA) != 0) {
        // Before anybody can have the block anew: an old write must not land on new content.
        handle.revoke(blockNr, count);
      }
      change(handle, group, bitmap, bit, count, false);
      longestRun[group] = geometry.blocksPerGroup();
      // What was given out under this very handle was nobody's before.
      boolean undone = (flags & RESERVED) != 0;
      if (!undone && handle.freed(blockNr, count)) {
        hold(group, bit, count);
        return count;
      }
      (undone ? promised : available).addAndGet(count);
      return count;
    } finally {
      lock.unlock();
    }
  }

  private void hold(int group, int bit, int count) {
    Bits bits = held[group];
    if (bits == null) {
      bits = new Bits(MemorySegment.ofArray(new byte[geometry.blockSize()]));
      held[group] = bits;
    }
    bits.set(bit, count);
    heldCount[group] += count;
    heldBlocks.addAndGet(count);
  }

  /// Gives blocks free that a transaction had freed, which is committed now.
  ///
  /// @param blockNr first block
  /// @param count how many
  @Override
  public void release(long blockNr, long count) {
    for (long nr = blockNr, end = blockNr + count; nr < end; ) {
      int group = geometry.groupOfBlock(nr);
      int bit = geometry.blockIndexInGroup(nr);
      int n = (int) Math.min(end - nr, geometry.blocksInGroup(group) - bit);
      Mutex lock = groups.lock(group);
      lock.lock();
      Bits bits = held[group];
      assert bits != null && bits.countSet(bit, n) == n : "freed blocks lost in group " + group;
      bits.clear(bit, n);
      heldCount[group] -= n;
      if (heldCount[group] == 0) {
        held[group] = null;
      }
      longestRun[group] = geometry.blocksPerGroup();
      available.addAndGet(n);
      releasedBlocks.addAndGet(n);
      heldBlocks.addAndGet(-n); // last: who sees none held sees that some were released
      lock.unlock();
      nr += n;
    }
  }

  /// Throws if a block that a file is to own is not marked as in use. For tests and checks.
  ///
  /// @param blockNr first block
  /// @param count how many, within one group
  /// @return whether every one is in use
  /// @throws FsException EIO
  public boolean isAllocated(long blockNr, int count) throws FsException {
    int group = geometry.groupOfBlock(blockNr);
    int bit = geometry.blockIndexInGroup(blockNr);
    Mutex lock = groups.lock(group);
    lock.lock();
    try (Buffer bitmap = bitmap(group)) {
      return new Bits(bitmap.segment()).countSet(bit, count) == count;
    } finally {
      lock.unlock();
    }
  }

  /// Throws if the counts and the groups disagree; nothing else may be running.
  ///
  /// @return true
  public boolean checkInvariants() {
    assert groups.sumFreeBlocks() == freeBlocks()
        : "groups have " + groups.sumFreeBlocks() + " free blocks, counted " + freeBlocks();
    assert promised.get() >= 0 && available.get() >= 0 : promised + " " + available;
    return true;
  }
}
