package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.DirtyAccount;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilemapFault;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.GenericWrite;
import org.pagewright.filemap.Readahead;
import org.pagewright.filemap.Truncate;
import org.pagewright.iov.IovIter;
import org.pagewright.mem.FramePool;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.mm.VmOperations;
import org.pagewright.mm.VmSpace;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.FolioWriter;
import org.pagewright.writeback.Writeback;

/// One file with a store of three blocks in memory, and nothing else: the smallest file system that
/// has all that a race can be about. A block that is free holds a secret, a frame that is free
/// holds poison; whoever reads either has found a bug.
///
/// A block of the store is one folio long and is taken when it is first written out. What is
/// written out goes in two steps, to the device and its end, between which anybody may run.
///
/// Each folio is promised room in the store before it becomes dirty, and the promise is used up
/// when it is cleaned: the metadata that stay with a folio as long as it is dirty (R-F2). A folio
/// that is dirty without one is a bug of whoever made it so.
final class StoreFile implements AddressSpaceOperations, DirtyAccount, FolioWriter {
  static final int FOLIO = AddressSpace.FOLIO_SIZE;

  /// What blocks hold that were never written, or were freed.
  static final byte SECRET = 'S';

  private static final int BLOCKS = 3;

  /// Bytes of one value whose copy is two steps, because a real one is not atomic either: who comes
  /// between sees half of it, unless the cache keeps him from that.
  static final class Halves implements IovIter {
    private final byte[] bytes;
    private int position;
    private int resident;

    /// A source of which, at first, only so much is resident.
    Halves(int value, int length, int resident) {
      this.bytes = filled(value, length);
      this.resident = resident;
    }

    @Override
    public long remaining() {
      return bytes.length - position;
    }

    @Override
    public int ready(int length) {
      return length; // as far as it says
    }

    @Override
    public int copyAtomic(MemorySegment target, long offset, int length) {
      int n = Math.min(length, resident - position);
      int half = n / 2;
      MemorySegment.copy(bytes, position, target, ValueLayout.JAVA_BYTE, offset, half);
      SchedulePoint.reach(SchedulePoint.Kind.COPY, this);
      SchedulePoint.touchMemory(target, offset, true);
      int rest = n - half;
      MemorySegment.copy(
          bytes, position + half, target, ValueLayout.JAVA_BYTE, offset + half, rest);
      position += n;
      return n;
    }

    @Override
    public void revert(int count) {
      position -= count;
    }

    @Override
    public int faultIn(int length) {
      resident = bytes.length;
      return Math.min(length, bytes.length - position);
    }
  }

  final AddressSpace mapping;
  final RwSem inode;
  final byte[] store = new byte[BLOCKS * FOLIO];
  final boolean[] taken = new boolean[BLOCKS];
  final boolean[] promised = new boolean[BLOCKS]; // guarded by FOLIO
  int fills;

  /// Room for stores through a mapping is refused (R-F3).
  boolean full;

  /// Faults inside the door of the volume's freeze now.
  final AtomicInteger pagefaults = new AtomicInteger();

  /// The size of the file when it was last about to be asked before a store.
  int sizeBeforeMkwrite;

  /// The bytes of a folio must not change while it is written out (R-F15).
  boolean stable;

  /// An empty file.
  StoreFile(PageCache cache, String name) throws FsException {
    mapping = new AddressSpace(cache, this, m -> {}, this, name);
    inode = new RwSem(LockClass.INODE, name);
    Arrays.fill(store, SECRET);
    // Frames start out as zeros of the operating system; let the first ones be used ones.
    int a = cache.takeFrame(true);
    int b = cache.takeFrame(true);
    cache.freeFrame(b);
    cache.freeFrame(a);
  }

  /// A file that is on its store and not in memory.
  static StoreFile cold(PageCache cache, String name, int value, int size) throws FsException {
    StoreFile file = new StoreFile(cache, name);
    Arrays.fill(file.store, 0, size, (byte) value);
    for (int i = 0; i * FOLIO < size; i++) {
      file.taken[i] = true;
      int end = (i + 1) * FOLIO;
      Arrays.fill(file.store, Math.min(size, end), end, (byte) 0);
    }
    file.mapping.setSize(size);
    return file;
  }

  // ---- Calls, with the locks that the VFS takes ------------------------------------------------

  long write(int pos, IovIter source, int flags) throws FsException {
    inode.lock();
    try {
      return GenericWrite.perform(mapping, pos, source, new WriteOp().reset(flags));
    } finally {
      inode.unlock();
    }
  }

  void write(int pos, int value, int length) throws FsException {
    assertEquals(length, write(pos, new Halves(value, length, length), 0));
  }

  void append(int value, int length) throws FsException {
    inode.lock();
    try {
      IovIter source = new Halves(value, length, length);
      long n = GenericWrite.perform(mapping, mapping.size(), source, new WriteOp().reset(0));
      assertEquals(length, n);
    } finally {
      inode.unlock();
    }
  }

  /// Reads as an open file does: first what is simply there.
  byte[] read(int pos, int length) throws FsException {
    return read(pos, length, 0, new Readahead(0));
  }

  byte[] read(int pos, int length, int flags, Readahead readahead) throws FsException {
    byte[] bytes = new byte[length];
    int n = 0;
    if (flags == 0) {
      n = (int) GenericRead.readCached(mapping, pos, null, bytes, 0, length, readahead);
    }
    if (n < length) {
      n += GenericRead.read(mapping, pos + n, bytes, n, length - n, flags, readahead);
    }
    return Arrays.copyOf(bytes, n);
  }

  /// Maps the file from its beginning.
  MappedRegion map(int length) throws FsException {
    return map(length, Sharing.SHARED);
  }

  MappedRegion map(int length, Sharing sharing) throws FsException {
    return new VmSpace(mapping.cache())
        .map(mapping, new Opened(), 0, length, Protection.READ_WRITE, sharing);
  }

  /// The open file behind a region: without times, and never frozen.
  private final class Opened implements VmOperations {
    private final Readahead readahead = new Readahead(0);

    @Override
    public @Nullable Folio fault(long index) throws FsException {
      return FilemapFault.fault(mapping, index, readahead);
    }

    @Override
    public boolean tryStartPagefault() {
      pagefaults.getAndIncrement();
      return true;
    }

    @Override
    public void awaitThaw() {
      throw new AssertionError("never frozen");
    }

    @Override
    public void updateTimes() {
      SchedulePoint.touch(mapping, false);
      sizeBeforeMkwrite = (int) mapping.size();
    }

    @Override
    public void endPagefault() {
      pagefaults.getAndDecrement();
    }

    @Override
    public void sync(long from, long to) {
      Errno error = Writeback.syncRange(mapping, from, to - 1);
      assertTrue(error == null, () -> "sync failed: " + error);
    }

    @Override
    public void advise(long from, long to, Advice advice) {}

    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public void released() {}
  }

  void truncate(int size) {
    inode.lock();
    mapping.invalidateLock().lock();
    Truncate.setSize(mapping, size);
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this); // the blocks last (R-D4)
    SchedulePoint.touch(store, true);
    int last = size / FOLIO;
    if (size % FOLIO > 0 && taken[last]) {
      Arrays.fill(store, size, (last + 1) * FOLIO, (byte) 0); // the kept folio is clean, perhaps
    }
    for (int i = (size + FOLIO - 1) / FOLIO; i < BLOCKS; i++) {
      taken[i] = false;
      Arrays.fill(store, i * FOLIO, (i + 1) * FOLIO, SECRET);
    }
    mapping.invalidateLock().unlock();
    inode.unlock();
  }

  void sync() {
    Errno error = Writeback.syncRange(mapping, 0, Long.MAX_VALUE >>> 1);
    assertTrue(error == null, () -> "sync failed: " + error);
  }

  /// Reclaim, of what needs no waiting.
  void evict() {
    Truncate.invalidatePages(mapping, 0, BLOCKS);
  }

  // ---- Checks ----------------------------------------------------------------------------------

  static byte[] filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// Throws unless all bytes are the same one of those allowed.
  static void checkRange(String who, byte[] seen, int from, int to, int... allowed) {
    for (int value : allowed) {
      int i = from;
      while (i < to && seen[i] == value) {
        i++;
      }
      if (i == to) {
        return;
      }
    }
    int at = from;
    while (at < to - 1 && seen[at] == seen[from] && isAmong(seen[at], allowed)) {
      at++;
    }
    Verdict verdict =
        switch (seen[at]) {
          case FramePool.POISON -> Verdict.UNINITIALISED;
          case SECRET -> Verdict.STALE;
          case 0 -> Verdict.ZEROS;
          default -> Verdict.LOST_WRITE;
        };
    throw new Failure(
        verdict,
        who + ": " + seen[at] + " at " + at + ", after " + seen[from] + " at " + from
            + ", allowed are " + Arrays.toString(allowed));
  }

  private static boolean isAmong(int value, int... allowed) {
    for (int one : allowed) {
      if (one == value) {
        return true;
      }
    }
    return false;
  }

  static void check(String who, byte[] seen, int... allowed) {
    checkRange(who, seen, 0, seen.length, allowed);
  }

  /// Throws unless the store, which somebody synced, holds one of some bytes all over a range.
  void checkStore(String who, int from, int to, int... allowed) {
    SchedulePoint.touch(store, false);
    checkRange(who + " finds on the store", store, from, to, allowed);
  }

  /// Throws unless cache and tags are in order, and what is in memory and clean is on the store.
  void checkAtRest() {
    mapping.checkInvariants();
    for (int i = 0; i < BLOCKS; i++) {
      Folio folio = mapping.find(i);
      if (folio == null || folio.isDirty() || !folio.isUptodate()) {
        continue;
      }
      int inside = Math.clamp(mapping.size() - folio.pos(), 0, FOLIO);
      for (int at = 0; at < inside; at++) {
        byte here = folio.bytes().get(ValueLayout.JAVA_BYTE, at);
        byte there = taken[i] ? store[i * FOLIO + at] : 0;
        if (here != there) {
          throw new Failure(
              Verdict.LOST_WRITE,
              folio + " is clean, and has " + here + " at " + at + ", its store " + there);
        }
      }
    }
  }

  /// Proves a program right under every schedule within a bound.
  static void assertSound(String name, int bound, Program program) {
    Exploration e = Explorer.exhaustive(bound).explore(program);
    assertEquals(Verdict.OK, e.verdict(), () -> name + ": " + e);
    assertTrue(e.complete(), () -> name + ": " + e.coverage());
    System.out.println(
        name + ": " + e.coverage() + ", " + e.steps() / e.schedules() + " steps, "
            + e.schedulesPerSecond() + " schedules/s");
  }

  // ---- The file system -------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    folio.handLockToIo();
    fill(folio);
    folio.endRead(true);
    return FillResult.STARTED;
  }

  /// Looks up where the block is, and then reads it: a block that is freed in between is another
  /// file's (R-G2).
  private void fill(Folio folio) {
    int block = (int) folio.index();
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    boolean present = taken[block];
    fills++;
    SchedulePoint.reach(SchedulePoint.Kind.SUBMIT, store);
    folio.touchBytes(true);
    MemorySegment bytes = folio.bytes();
    if (present) {
      MemorySegment.copy(store, block * FOLIO, bytes, ValueLayout.JAVA_BYTE, 0, FOLIO);
    } else {
      bytes.fill((byte) 0);
    }
    int inside = Math.clamp(mapping.size() - folio.pos(), 0, FOLIO);
    bytes.asSlice(inside).fill((byte) 0); // R-D3
  }

  @Override
  public @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    int flags = op.dontcache() ? AddressSpace.DONTCACHE : 0;
    Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), flags);
    if (!folio.isUptodate() && length < folio.size()) {
      fill(folio);
      folio.markUptodate();
    }
    promised[(int) folio.index()] = true;
    return folio;
  }

  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    if (full) {
      throw new FsException(Errno.ENOSPC, folio.toString());
    }
    MkwriteResult result = AddressSpaceOperations.super.pageMkwrite(mapping, folio);
    if (result == MkwriteResult.LOCKED) {
      promised[(int) folio.index()] = true;
    }
    return result;
  }

  @Override
  public boolean needsStableFolios() {
    return stable;
  }

  @Override
  public void invalidateFolio(Folio folio, int offset, int length) {
    if (length == folio.size()) {
      promised[(int) folio.index()] = false;
    }
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    if (copied > 0) {
      folio.markUptodate();
      folio.markDirty();
      mapping.growSize(pos + copied); // still locked (R-D1), by what was accepted (R-D2)
      folio.openForOverwrite();
    }
    folio.unlock();
    return copied;
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
    Writeback.writeCachePages(mapping, control, this);
  }

  @Override
  public boolean writeFolio(Folio folio, WritebackControl control) {
    int block = (int) folio.index();
    folio.clearDirtyForIo();
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    if (!promised[block]) {
      folio.unlock();
      throw new Failure(Verdict.LOST_WRITE, folio + " is dirty, and there is no room for it");
    }
    promised[block] = false;
    taken[block] = true;
    folio.startWriteback();
    int inside = Math.clamp(mapping.size() - folio.pos(), 0, FOLIO);
    folio.zero(inside, FOLIO - inside); // R-D3
    folio.unlock();
    SchedulePoint.reach(SchedulePoint.Kind.SUBMIT, store);
    SchedulePoint.touch(this, false);
    folio.touchBytes(false);
    if (!taken[block]) {
      throw new Failure(Verdict.STALE, folio + " is written into a block that was freed");
    }
    MemorySegment.copy(folio.bytes(), ValueLayout.JAVA_BYTE, 0, store, block * FOLIO, FOLIO);
    SchedulePoint.reach(SchedulePoint.Kind.COMPLETE, folio);
    if (stable) {
      folio.touchBytes(false);
      MemorySegment written = MemorySegment.ofArray(store).asSlice(block * FOLIO, FOLIO);
      if (written.mismatch(folio.bytes()) >= 0) {
        throw new Failure(Verdict.LOST_WRITE, folio + " changed while it was written out");
      }
    }
    folio.endWriteback(true);
    return true;
  }

  @Override
  public void dirtied(int folios) {}

  @Override
  public void writeback(int folios) {}

  @Override
  public void written() {}
}
