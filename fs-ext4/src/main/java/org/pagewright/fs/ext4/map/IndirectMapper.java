package org.pagewright.fs.ext4.map;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.alloc.BlockAllocator;
import org.pagewright.fs.ext4.alloc.BlockRun;
import org.pagewright.fs.ext4.alloc.SystemZone;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Geometry;
import org.pagewright.fs.ext4.disk.LittleEndian;
import org.pagewright.fs.ext4.journal.Handle;
import org.pagewright.fs.ext4.map.Mapping.State;

/// A mapping of ext2 and ext3: one pointer of 32 bits for each block of the file.
///
/// ```
/// inode    0..11      12          13                  14
///          direct     indirect    double indirect     triple indirect
///                     [p]         [p] -> [p]          [p] -> [p] -> [p]     p = block size / 4
/// ```
///
/// A pointer of 0 is a hole, as large as what hangs below it. There is no checksum and no unwritten
/// state; the shape is given by the file's block number, so a walk has at most four steps whatever
/// an image says, and a block that turns up on two levels is checked again as another type.
final class IndirectMapper extends BlockMapper {
  private static final int DIRECT = 12;
  private static final int SLOTS = 15;
  private static final int LEVELS_MAX = 3;
  private static final int ZEROS_MAX = 64 << 10;

  /// Path, new blocks with their allocation, the data, the inode.
  private static final int ALLOCATE_CREDITS =
      LEVELS_MAX
          + LEVELS_MAX * (1 + BlockAllocator.CREDITS_PER_GROUP)
          + BlockAllocator.CREDITS_PER_GROUP
          + 1;

  private static final int STEP_CREDITS =
      LEVELS_MAX + (LEVELS_MAX + 1) * BlockAllocator.CREDITS_PER_GROUP + 1 + REVOKE_CREDITS;

  /// Pointers in a block, as a power of two.
  private final int bits;

  /// Written with the map's lock held alone.
  private boolean rootTouched;

  IndirectMapper(BlockAllocator allocator, MapRoot root) throws CorruptedException {
    super(allocator, root);
    this.bits = geometry.blockSizeBits() - 2;
    String wrong = check(root.block(), SLOTS, geometry, allocator.systemZone());
    if (wrong != null) {
      throw corrupted(-1, "block pointers: " + wrong);
    }
  }

  private static @Nullable String check(
      MemorySegment s, int count, Geometry geometry, SystemZone zone) {
    for (int i = 0; i < count; i++) {
      long pointer = LittleEndian.u32(s, 4L * i);
      if (pointer != 0 && (!geometry.isBlockRange(pointer, 1) || zone.overlaps(pointer, 1))) {
        return "pointer " + i + " points to block " + pointer + ", which no file can own";
      }
    }
    return null;
  }

  /// A block of pointers, so many levels above the data.
  private record PointerBlock(
      Geometry geometry, SystemZone zone, long ino, int generation, int height)
      implements BufferType {
    @Override
    public void verify(Buffer buffer) throws CorruptedException {
      String wrong = check(buffer.segment(), geometry.blockSize() / 4, geometry, zone);
      if (wrong != null) {
        throw new CorruptedException(
            buffer.deviceName(), buffer.blockNr(), "inode " + ino + ", " + this + ": " + wrong);
      }
    }

    @Override
    public void seal(Buffer buffer) {} // no checksum in this format

    @Override
    public String toString() {
      return "indirect block of inode " + ino + ", height " + height;
    }
  }

  private BufferType type(int height) {
    return new PointerBlock(
        geometry, allocator.systemZone(), root.ino(), root.generation(), height);
  }

  @Override
  public boolean supportsUnwritten() {
    return false;
  }

  @Override
  public long maxBlocks() {
    long all = DIRECT + (1L << bits) + (1L << 2 * bits) + (1L << 3 * bits);
    return Math.min(all, 0xffff_ffffL);
  }

  @Override
  public int allocateCredits() {
    return ALLOCATE_CREDITS;
  }

  @Override
  public int stepCredits() {
    return STEP_CREDITS;
  }

  @Override
  int runMax() {
    return 1 << bits;
  }

  @Override
  int runMaxUnwritten() {
    return 1 << bits;
  }

  @Override
  public int depth() {
    for (int levels = LEVELS_MAX; levels > 0; levels--) {
      if (LittleEndian.u32(root.block(), 4L * (DIRECT + levels - 1)) != 0) {
        return levels;
      }
    }
    return 0;
  }

  @Override
  boolean rootTouched() {
    boolean was = rootTouched;
    rootTouched = false;
    return was;
  }

  // ---- the path --------------------------------------------------------------------------

  /// The way from the inode to a block's pointer, as far as there are blocks.
  private final class Path implements AutoCloseable {
    /// Number of pointer blocks on a complete way.
    final int levels;

    /// Place of the pointer in the inode, and in each pointer block.
    final int[] slots;

    /// First block of the file that the inode's slot leads to; 0 for the direct ones.
    final long base;

    private final @Nullable Buffer[] buffers;

    /// The last level that exists: its pointer is 0, unless it is the last of all.
    int level;

    Path(long logical) throws FsException {
      long rest = logical;
      int n = 0;
      if (rest >= DIRECT) {
        rest -= DIRECT;
        n = 1;
        while (rest >= 1L << n * bits) {
          rest -= 1L << n * bits;
          n++;
        }
      }
      levels = n;
      base = n == 0 ? 0 : logical - rest;
      slots = new int[n + 1];
      slots[0] = n == 0 ? (int) logical : DIRECT + n - 1;
      for (int i = 1; i <= n; i++) {
        slots[i] = (int) (rest >>> (n - i) * bits) & (1 << bits) - 1;
      }
      buffers = new Buffer[n + 1];
      boolean good = false;
      try {
        while (level < levels && pointer() != 0) {
          buffers[level + 1] = cache.read(pointer(), type(levels - level));
          level++;
        }
        good = true;
      } finally {
        if (!good) {
          close();
        }
      }
    }

    MemorySegment node(int at) {
      Buffer buffer = buffers[at];
      return buffer == null ? root.block() : buffer.segment();
    }

    /// What the last existing level says.
    long pointer() {
      return pointer(slots[level]);
    }

    long pointer(int slot) {
      return LittleEndian.u32(node(level), 4L * slot);
    }

    /// Blocks of the file below one pointer of the last existing level.
    long span() {
      return 1L << (levels - level) * bits;
    }

    /// First slot of the last existing level that is of the same kind.
    int firstSlot() {
      return level == 0 && levels > 0 ? slots[0] : 0;
    }

    /// Behind the last one.
    int endSlot() {
      return level > 0 ? 1 << bits : levels == 0 ? DIRECT : slots[0] + 1;
    }

    /// First block of the file below a slot of the last existing level.
    long logicalOf(int slot) {
      long at = base;
      for (int i = 1; i < level; i++) {
        at += (long) slots[i] << (levels - i) * bits;
      }
      return at + (slot - firstSlot()) * span();
    }

    void put(Handle handle, int at, int slot, int count, long pointer) throws FsException {
      Buffer buffer = buffers[at];
      MemorySegment s = node(at);
      if (buffer == null) {
        rootTouched = true;
        fill(s, slot, count, pointer);
        return;
      }
      touchNodes();
      handle.getWriteAccess(buffer);
      buffer.lock();
      fill(s, slot, count, pointer);
      buffer.unlock();
      handle.dirtyMetadata(buffer);
    }

    @Override
    public void close() {
      for (Buffer buffer : buffers) {
        if (buffer != null) {
          buffer.put();
        }
      }
    }
  }

  /// Stores consecutive block numbers, or zeros.
  private static void fill(MemorySegment s, int slot, int count, long pointer) {
    for (int i = 0; i < count; i++) {
      LittleEndian.put32(s, 4L * (slot + i), pointer == 0 ? 0 : pointer + i);
    }
  }

  // ---- read ------------------------------------------------------------------------------

  @Override
  void read(long logical, Mapping out) throws FsException {
    try (Path path = new Path(logical)) {
      int slot = path.slots[path.level];
      long pointer = path.pointer();
      int end = slot + 1;
      if (pointer == 0) {
        while (end < path.endSlot() && path.pointer(end) == 0) {
          end++;
        }
        out.set(State.HOLE, path.logicalOf(slot), (end - slot) * path.span(), -1);
        return;
      }
      while (end < path.endSlot() && path.pointer(end) == pointer + (end - slot)) {
        end++;
      }
      out.set(State.MAPPED, logical, end - slot, pointer);
    }
  }

  // ---- allocate --------------------------------------------------------------------------

  @Override
  BlockRun allocateRun(
      Handle handle, long logical, int want, long goal, boolean unwritten, int flags)
      throws FsException {
    try (Path path = new Path(logical)) {
      int leafSlot = path.slots[path.levels];
      int room = path.levels == 0 ? DIRECT - leafSlot : (1 << bits) - leafSlot;
      long near = goal >= 0 ? goal : goalFor(path);
      int missing = path.levels - path.level;
      Buffer[] fresh = new Buffer[missing];
      int kind = flags | (root.metadataContent() ? BlockAllocator.METADATA : 0);
      int n = 0;
      boolean entered = false;
      BlockRun run = null;
      try {
        for (; n < missing; n++) {
          fresh[n] = allocateNode(handle, near, missing - n);
          near = fresh[n].blockNr() + 1;
        }
        run = allocator.allocate(handle, near, Math.min(want, room), stream(), kind);
        if (run.end() > 1L << 32) {
          throw new FsException(
              Errno.EFBIG, device + ": block " + run.blockNr() + " in a pointer of 32 bits");
        }
        if (unwritten) {
          zeroOnDevice(run);
        }
        if (missing == 0) {
          path.put(handle, path.level, leafSlot, run.count(), run.blockNr());
        } else {
          link(handle, path, fresh, run);
        }
        entered = true;
        blocksDelta += run.count() + missing;
        return run;
      } finally {
        for (int i = 0; i < n; i++) {
          long blockNr = fresh[i].blockNr();
          fresh[i].put();
          if (!entered) {
            allocator.free(handle, blockNr, 1, BlockAllocator.METADATA);
          }
        }
        if (!entered && run != null) {
          takeBack(handle, run, flags);
        }
      }
    }
  }

  /// A pointer cannot say "reads as zeros", so the blocks are zeros before one points to them
  /// (R-C1): some of them may be promised for bytes that have not come yet, and a fill, a write
  /// that covers a block in part, or a crash would show what the last owner left.
  private void zeroOnDevice(BlockRun run) throws FsException {
    long length = (long) run.count() << geometry.blockSizeBits();
    MemorySegment zeros = MemorySegment.ofArray(new byte[(int) Math.min(length, ZEROS_MAX)]);
    for (long done = 0; done < length; done += ZEROS_MAX) {
      cache
          .device()
          .write(
              (run.blockNr() << geometry.blockSizeBits()) + done,
              zeros.asSlice(0, Math.min(ZEROS_MAX, length - done)));
    }
  }

  /// Fills new pointer blocks from the data upwards; the last store makes them part of the file.
  private void link(Handle handle, Path path, Buffer[] fresh, BlockRun run) throws FsException {
    for (int i = fresh.length - 1; i >= 0; i--) {
      boolean leaf = i == fresh.length - 1;
      int slot = path.slots[path.level + 1 + i];
      fresh[i].lock();
      fill(
          fresh[i].segment(),
          slot,
          leaf ? run.count() : 1,
          leaf ? run.blockNr() : fresh[i + 1].blockNr());
      fresh[i].unlock();
      handle.dirtyMetadata(fresh[i]);
    }
    path.put(handle, path.level, path.slots[path.level], 1, fresh[0].blockNr());
  }

  private Buffer allocateNode(Handle handle, long goal, int height) throws FsException {
    BlockRun run = allocator.allocate(handle, goal, 1, null, BlockAllocator.METADATA);
    Buffer buffer = null;
    boolean good = false;
    try {
      if (run.end() > 1L << 32) {
        throw new FsException(
            Errno.EFBIG, device + ": block " + run.blockNr() + " in a pointer of 32 bits");
      }
      buffer = cache.create(run.blockNr(), type(height));
      handle.getCreateAccess(buffer);
      good = true;
      return buffer;
    } finally {
      if (!good) {
        if (buffer != null) {
          buffer.put();
        }
        allocator.free(handle, run.blockNr(), 1, BlockAllocator.METADATA);
      }
    }
  }

  /// Behind the pointer before in the same block; else behind the block of pointers; else near the
  /// inode.
  private long goalFor(Path path) {
    for (int slot = path.slots[path.level] - 1; slot >= path.firstSlot(); slot--) {
      long pointer = path.pointer(slot);
      if (pointer != 0) {
        return pointer + (path.slots[path.level] - slot);
      }
    }
    Buffer own = path.buffers[path.level];
    if (own != null) {
      return own.blockNr() + 1;
    }
    // The first block behind the direct ones goes on where those end.
    for (int slot = DIRECT - 1; path.levels > 0 && slot >= 0; slot--) {
      long pointer = LittleEndian.u32(root.block(), 4L * slot);
      if (pointer != 0) {
        return pointer + 1;
      }
    }
    return inodeGoal();
  }

  // ---- steps -----------------------------------------------------------------------------

  @Override
  long step(Handle handle, long from, long end, Step step) throws FsException {
    if (step != Step.FREE) {
      return from; // nothing is ever unwritten here
    }
    try (Path path = new Path(end - 1)) {
      int slot = path.slots[path.level];
      if (path.pointer() == 0) {
        // Go back over what is missing.
        while (slot > path.firstSlot() && path.pointer(slot - 1) == 0) {
          slot--;
        }
        return Math.max(from, path.logicalOf(slot));
      }
      assert path.level == path.levels;
      int first = slot;
      long pointer = path.pointer(slot);
      int group = geometry.groupOfBlock(pointer);
      while (first > path.firstSlot()
          && path.logicalOf(first - 1) >= from
          && path.pointer(first - 1) == pointer - 1
          && geometry.groupOfBlock(pointer - 1) == group) {
        first--;
        pointer--;
      }
      int count = slot - first + 1;
      // What can fail comes first: then the blocks leave the file and are free, or neither.
      allocator.prepareFree(handle, pointer, count);
      path.put(handle, path.level, first, count, 0);
      allocator.free(
          handle, pointer, count, root.journalledContent() ? BlockAllocator.METADATA : 0);
      blocksDelta -= count;
      removeEmpty(handle, path);
      return path.logicalOf(first);
    }
  }

  /// Frees pointer blocks that hold nothing any more, from the last one up. One that cannot be
  /// freed stays, empty, and is used again.
  private void removeEmpty(Handle handle, Path path) throws FsException {
    for (int level = path.levels; level > 0 && isEmpty(path.node(level)); level--) {
      long blockNr = LittleEndian.u32(path.node(level - 1), 4L * path.slots[level - 1]);
      allocator.prepareFree(handle, blockNr, 1);
      path.put(handle, level - 1, path.slots[level - 1], 1, 0);
      allocator.free(handle, blockNr, 1, BlockAllocator.METADATA);
      blocksDelta--;
    }
  }

  @Override
  long end() {
    throw new AssertionError("blocks of " + root.ino() + " cannot be moved");
  }

  @Override
  void cutAt(Handle handle, long at) {
    throw new AssertionError("blocks of " + root.ino() + " cannot be moved");
  }

  @Override
  long shiftLeft(Handle handle, long at, long by) {
    throw new AssertionError("blocks of " + root.ino() + " cannot be moved");
  }

  @Override
  long shiftRight(Handle handle, long at, long last, long by) {
    throw new AssertionError("blocks of " + root.ino() + " cannot be moved");
  }

  private static boolean isEmpty(MemorySegment s) {
    for (long at = 0; at < s.byteSize(); at += 8) {
      if (LittleEndian.i64(s, at) != 0) {
        return false;
      }
    }
    return true;
  }
}
