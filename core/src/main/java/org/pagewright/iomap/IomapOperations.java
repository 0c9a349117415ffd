package org.pagewright.iomap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Writeback;

/// The page cache's operations for every file system that keeps its files in extents: built once,
/// on top of [ExtentOperations]. One object serves a super block.
///
/// | operation            | how                                                                   |
/// |----------------------|-----------------------------------------------------------------------|
/// | fill, readahead      | map under the folio lock; large reads across folios; zeros for holes  |
/// | writeBegin, writeEnd | reserve, then lock, then look whether the answer is still true        |
/// | pageMkwrite          | the same for all of a folio that lies inside the file                 |
/// | writepages           | allocate a run without folio locks, then map each folio under its own |
/// | directRead, -Write   | requests straight from and to the caller's memory                     |
///
/// The table of locks is that of [AddressSpaceOperations]. At most [#IN_FLIGHT_MAX] write-out
/// requests are under way, give or take one folio's worth; those that need a conversion end on at
/// most [#WORKERS] threads, which exist only while there is something to do.
public final class IomapOperations implements AddressSpaceOperations {
  private static final int WORKERS = 2;
  private static final int IN_FLIGHT_MAX = 64;
  private static final long WORKER_IDLE_SECONDS = 2;

  /// Size of [#takeSpare()]: up to this a copy costs less than a request more.
  static final int SPARE_BYTES = 64 << 10;

  private static final int SPARE_ALIGNMENT = 4096;

  private final ExtentOperations extents;
  private final BlockDevice device;
  private final int blockShift;
  private final int blocks;
  private final IomapWrite write;
  private final Executor workers;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final WaitQueue room = new WaitQueue();
  private final AtomicReference<@Nullable MemorySegment> spare = new AtomicReference<>();

  /// Operations for the files of one super block.
  ///
  /// @param extents the file system
  /// @param name of the volume, for the names of threads
  /// @throws IllegalArgumentException if the block size is none that a folio and the device allow
  public IomapOperations(ExtentOperations extents, String name) {
    int blockSize = extents.blockSize();
    this.extents = extents;
    this.device = extents.device();
    if (Integer.bitCount(blockSize) != 1
        || blockSize > AddressSpace.FOLIO_SIZE
        || blockSize * BlockState.BLOCKS_MAX < AddressSpace.FOLIO_SIZE
        || blockSize % device.sectorSize() != 0) {
      throw new IllegalArgumentException(
          device.name() + ": blocks of " + blockSize + " bytes on sectors of "
              + device.sectorSize());
    }
    this.blockShift = Integer.numberOfTrailingZeros(blockSize);
    this.blocks = AddressSpace.FOLIO_SIZE >>> blockShift;
    this.write = new IomapWrite(this);
    this.workers = newWorkers(name);
  }

  /// Completions may wait for a journal, so they get threads of their own: were they those of
  /// another volume, one journal that waits for another's data would stop both.
  private static Executor newWorkers(String name) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            WORKER_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // bounded by IN_FLIGHT_MAX
            task -> {
              Thread thread =
                  new Thread(task, "pagewright-ioend-" + name + "-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  // ---- Fill -----------------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) throws FsException {
    IomapRead read = new IomapRead(this, mapping);
    try {
      return read.add(folio);
    } finally {
      read.submit();
    }
  }

  @Override
  public void readahead(AddressSpace mapping, Folio[] folios, int count) {
    IomapRead read = new IomapRead(this, mapping);
    for (int i = 0; i < count; i++) {
      try {
        read.add(folios[i]);
      } catch (FsException e) {
        // Soft (R-I8): whoever really reads this folio will ask for it again and hear of it.
        continue;
      }
    }
    read.submit();
  }

  @Override
  public boolean isPartiallyUptodate(Folio folio, int offset, int length) {
    if (length <= 0 || folio.isUptodate()) {
      return true;
    }
    return folio.attachment() instanceof BlockState state
        && state.isUptodate(maskOf(offset, length));
  }

  // ---- Write ----------------------------------------------------------------------------------

  @Override
  public @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    return write.begin(mapping, pos, length, op);
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    return write.end(mapping, pos, length, copied, folio, op);
  }

  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    return new IomapFault(this, mapping, folio).mkwrite();
  }

  @Override
  public boolean needsStableFolios() {
    return extents.needsStableFolios();
  }

  // ---- Write-out ------------------------------------------------------------------------------

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
    Writeback.writeCachePages(mapping, control, new IomapWriteback(this, mapping));
  }

  /// Hands a write-out whose end may sleep to a worker.
  void executeOnWorker(Runnable end) {
    if (!SchedulePoint.spawn("pagewright-ioend", false, end)) {
      workers.execute(end);
    }
  }

  /// Counts a request in.
  void ioStarted() {
    inFlight.incrementAndGet();
  }

  /// Counts a request out, when its folios are no longer under write-out.
  void ioEnded() {
    if (inFlight.decrementAndGet() < IN_FLIGHT_MAX && !room.isEmpty()) {
      room.wakeAll(this);
    }
  }

  /// Whether a further request would be one too many.
  boolean isCrowded() {
    return inFlight.get() >= IN_FLIGHT_MAX;
  }

  /// Waits until there is room for a further request. No folio lock held, and nothing of ours
  /// waiting to be submitted: the workers that make room may need the journal, and whoever holds
  /// the journal back may want that folio, or the end of that write-out.
  void waitForRoom() {
    waitForFewerThan(IN_FLIGHT_MAX);
  }

  /// Waits until every write-out that was started has ended, its last completion included. For
  /// unmounting, after the last sync: that returns when no folio is under write-out any more, while
  /// a worker may still be dropping folios that were only passing through (R-J6), and must not find
  /// their memory given back. No lock held.
  public void drain() {
    waitForFewerThan(1);
  }

  private void waitForFewerThan(int n) {
    if (inFlight.get() < n) {
      return;
    }
    WaitQueue.Waiter waiter = room.enter(this);
    try {
      while (inFlight.get() >= n) {
        waiter.park();
      }
    } finally {
      room.leave(waiter);
    }
  }

  // ---- Removal --------------------------------------------------------------------------------

  @Override
  public void invalidateFolio(Folio folio, int offset, int length) {
    if (length == folio.size()) {
      folio.attach(null);
    } else if (folio.attachment() instanceof BlockState state) {
      // Blocks wholly inside lose their place on the device; one that is cut keeps it, and its
      // zeroed part is made dirty by IomapZero#truncateTail.
      int first = (offset + blockSize() - 1) >>> blockShift;
      int last = ((offset + length) >>> blockShift) - 1;
      if (last >= first) {
        state.clearDirty(BlockState.mask(first, last));
      }
    }
  }

  @Override
  public boolean releaseFolio(Folio folio) {
    folio.attach(null);
    return true;
  }

  // ---- Past the cache -------------------------------------------------------------------------

  @Override
  public long directRead(AddressSpace mapping, long pos, MemorySegment target)
      throws FsException {
    return new IomapDirect(this, mapping).read(pos, target);
  }

  @Override
  public long directWrite(AddressSpace mapping, long pos, MemorySegment source)
      throws FsException {
    return new IomapDirect(this, mapping).write(pos, source);
  }

  // ---- For this room --------------------------------------------------------------------------

  /// Memory of [#SPARE_BYTES] that a device's thread may touch, for what is not whole blocks.
  MemorySegment takeSpare() {
    MemorySegment taken = spare.getAndSet(null);
    return taken != null ? taken : Arena.ofAuto().allocate(SPARE_BYTES, SPARE_ALIGNMENT);
  }

  /// Gives it back, for the next: one is kept.
  void putSpare(MemorySegment memory) {
    spare.set(memory);
  }

  ExtentOperations extents() {
    return extents;
  }

  BlockDevice device() {
    return device;
  }

  IomapWrite writer() {
    return write;
  }

  int blockSize() {
    return 1 << blockShift;
  }

  int blockShift() {
    return blockShift;
  }

  /// Blocks of a folio; with 1 no folio has a [BlockState].
  int blocks() {
    return blocks;
  }

  /// First byte of the block after `pos`, or `pos` itself if a block begins there.
  long roundUp(long pos) {
    return (pos + blockSize() - 1) & -blockSize();
  }

  /// First byte of the block that holds `pos`.
  long roundDown(long pos) {
    return pos & -blockSize();
  }

  /// Blocks of a folio that a range touches, one bit each.
  int maskOf(int offset, int length) {
    return BlockState.mask(offset >>> blockShift, (offset + length - 1) >>> blockShift);
  }

  /// Blocks of a folio that are dirty, one bit each. Folio lock held.
  int dirtyBlocks(Folio folio) {
    if (folio.attachment() instanceof BlockState state) {
      return state.dirty();
    }
    return folio.isDirty() ? (1 << blocks) - 1 : 0;
  }

  /// Throws unless an answer is about what was asked and lies on the device: it may come from a
  /// damaged disk.
  void checkAnswer(AddressSpace mapping, long pos, Iomap map) throws FsException {
    if (!map.contains(pos)
        || (map.hasBlocks()
            && (map.length() > device.sizeBytes()
                || map.addr() > device.sizeBytes() - map.length()
                || ((map.addr() | map.pos() | map.length()) & (blockSize() - 1)) != 0))) {
      throw new CorruptedException(
          device.name(),
          Math.max(map.addr(), 0) >>> blockShift,
          mapping + ": byte " + pos + " mapped to " + map);
    }
  }

  /// Zeroes what a piece of a folio holds beyond the end of the file (R-D3).
  static void zeroBeyond(Folio folio, int offset, int length, long size) {
    long from = Math.max(size, folio.pos() + offset);
    long end = folio.pos() + offset + length;
    if (from < end) {
      folio.zero(folio.offsetOf(from), (int) (end - from));
    }
  }

  /// Copies bytes that lie in the inode into a folio, zeros where there are none. Folio lock held,
  /// or owned by a fill.
  static void copyInline(Iomap map, Folio folio, int offset, int length, long size) {
    MemorySegment data = map.inlineData();
    long from = folio.pos() + offset - map.pos();
    long present = data == null ? 0 : Math.min(data.byteSize(), size - map.pos());
    long bytes = Math.clamp(present - from, 0L, length);
    folio.beginChange();
    MemorySegment target = folio.chunk().asSlice(folio.chunkOffset() + (long) offset, length);
    if (data != null && bytes > 0) {
      MemorySegment.copy(data, from, target, 0, bytes);
    }
    target.asSlice(bytes).fill((byte) 0);
    folio.endChange();
  }

  @Override
  public String toString() {
    return "iomap on " + device.name();
  }
}
