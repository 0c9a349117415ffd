package org.pagewright.iomap;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.DirtyAccount;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// The smallest file system with extents that keeps every promise of [ExtentOperations]: a map of
/// blocks per file in memory, an allocator, reservations, and a journal that is one lock.
final class ExtentFs implements ExtentOperations {
  private static final long HOLE = 0;
  private static final long DELALLOC = 1;

  // A block with a place: device block << 2 | one of these.
  private static final long UNWRITTEN = 2;
  private static final long MAPPED = 3;

  /// One file's map; "on disk" is everything but what is DELALLOC.
  private static final class Node {
    long[] blocks = new long[16];
    int used;
    long diskSize;
    long version;
    int delayed;

    /// Blocks that another file has, too; and the source of those that are getting their own.
    final Set<Long> shared = new HashSet<>();

    final Map<Long, Long> sources = new HashMap<>();
  }

  private final TestDevice device;
  private final int blockSize;
  private final boolean allocates;
  private final Mutex journal = new Mutex(LockClass.JOURNAL_HANDLE, "journal");
  private final Mutex mapLock = new Mutex(LockClass.EXTENT_MAP, "extents");
  private final Map<AddressSpace, Node> nodes = new IdentityHashMap<>(); // under mapLock, as below
  private final BitSet taken = new BitSet();
  private int limit; // blocks that may be taken or reserved
  private int reserved;

  /// Runs once, after the next begin with WRITE has answered and before the folio is locked.
  Runnable afterBegin = () -> {};

  /// Hears the flags of each begin.
  java.util.function.IntConsumer onBegin = flags -> {};

  /// Runs once, after the next begin with ZERO has answered.
  Runnable afterBeginZero = () -> {};

  /// Every n-th block is skipped by the allocator, so that files are fragmented; 0 for none.
  int fragmentEvery;

  /// Whether its device computes something over the bytes on their way.
  boolean stable;

  boolean failAllocation;
  boolean failCompletion;
  int begins;
  int ends;
  long writtenInEnd;
  int completions;
  int zeroBegins;
  int allocations;

  ExtentFs(TestDevice device, int blockSize, boolean allocates) {
    this.device = device;
    this.blockSize = blockSize;
    this.allocates = allocates;
    this.limit = (int) (device.sizeBytes() / blockSize) / 2;
  }

  void setLimit(int blocks) {
    limit = blocks;
  }

  int reserved() {
    return reserved;
  }

  int taken() {
    return taken.cardinality();
  }

  // ---- Files ----------------------------------------------------------------------------------

  private Node node(AddressSpace mapping) {
    assert mapLock.isHeldByCaller();
    return nodes.computeIfAbsent(mapping, m -> new Node());
  }

  /// An empty file whose folios count as dirty somewhere, hence are written.
  static AddressSpace newMapping(PageCache cache, IomapOperations operations) {
    DirtyAccount account =
        new DirtyAccount() {
          @Override
          public void dirtied(int folios) {}

          @Override
          public void writeback(int folios) {}

          @Override
          public void written() {}
        };
    return new AddressSpace(cache, operations, m -> {}, account, "file");
  }

  /// The file as a crash would leave it, in a new address space.
  AddressSpace remount(
      AddressSpace old, PageCache cache, IomapOperations operations) {
    AddressSpace fresh = newMapping(cache, operations);
    mapLock.lock();
    Node node = node(old);
    for (int i = 0; i < node.used; i++) {
      if (node.blocks[i] == DELALLOC) {
        set(node, i, HOLE);
      }
    }
    nodes.remove(old);
    nodes.put(fresh, node);
    mapLock.unlock();
    fresh.setSize(node.diskSize);
    return fresh;
  }

  long diskSize(AddressSpace mapping) {
    mapLock.lock();
    long size = node(mapping).diskSize;
    mapLock.unlock();
    return size;
  }

  void setDiskSize(AddressSpace mapping, long size) {
    mapLock.lock();
    node(mapping).diskSize = size;
    mapLock.unlock();
  }

  /// Type of a block, as a letter: H, D, U or M.
  char typeOf(AddressSpace mapping, long block) {
    mapLock.lock();
    long b = get(node(mapping), block);
    mapLock.unlock();
    return b == HOLE ? 'H' : b == DELALLOC ? 'D' : (b & 3) == UNWRITTEN ? 'U' : 'M';
  }

  long addrOf(AddressSpace mapping, long block) {
    mapLock.lock();
    long b = get(node(mapping), block);
    mapLock.unlock();
    return (b >>> 2) * blockSize;
  }

  int delayed(AddressSpace mapping) {
    mapLock.lock();
    int n = node(mapping).delayed;
    mapLock.unlock();
    return n;
  }

  /// Frees whole blocks; INODE and INVALIDATE exclusive.
  void free(AddressSpace mapping, long firstBlock, long endBlock) {
    mapLock.lock();
    Node node = node(mapping);
    for (long b = firstBlock; b < Math.min(endBlock, node.used); b++) {
      set(node, b, HOLE);
    }
    mapLock.unlock();
  }

  /// Allocates unwritten blocks for holes; INODE exclusive.
  void fallocate(AddressSpace mapping, long pos, long length) throws FsException {
    mapLock.lock();
    try {
      Node node = node(mapping);
      for (long b = pos / blockSize; b < up(pos + length); b++) {
        if (get(node, b) == HOLE) {
          set(node, b, take() << 2 | UNWRITTEN);
        }
      }
    } finally {
      mapLock.unlock();
    }
  }

  /// As if another file had been given the same blocks.
  void share(AddressSpace mapping, long block) {
    mapLock.lock();
    Node node = node(mapping);
    node.shared.add(block);
    node.version++;
    mapLock.unlock();
  }

  private long up(long pos) {
    return Math.ceilDiv(pos, blockSize);
  }

  // ---- The map --------------------------------------------------------------------------------

  private static long get(Node node, long block) {
    return block < node.used ? node.blocks[(int) block] : HOLE;
  }

  private void set(Node node, long block, long value) {
    int i = Math.toIntExact(block);
    if (i >= node.blocks.length) {
      node.blocks = Arrays.copyOf(node.blocks, 2 * i);
    }
    node.used = Math.max(node.used, i + 1);
    long old = node.blocks[i];
    if (old == DELALLOC) {
      reserved--;
      node.delayed--;
    } else if (old != HOLE && (value == HOLE || value == DELALLOC)) {
      taken.clear((int) (old >>> 2));
    }
    if (value == DELALLOC) {
      reserved++;
      node.delayed++;
    }
    node.blocks[i] = value;
    node.version++;
  }

  private long take() throws FsException {
    if (taken.cardinality() >= limit) {
      throw new FsException(Errno.ENOSPC, "ram0");
    }
    int block = taken.nextClearBit(0);
    while (fragmentEvery > 0 && block % fragmentEvery == 0) {
      block = taken.nextClearBit(block + 1);
    }
    taken.set(block);
    return block;
  }

  private void reserve(Node node, long block) throws FsException {
    if (taken.cardinality() + reserved >= limit) {
      throw new FsException(Errno.ENOSPC, "ram0");
    }
    set(node, block, DELALLOC);
  }

  /// Fills in the extent around a block, from that block on.
  private void answer(AddressSpace mapping, long block, long endBlock, int flags, Iomap out) {
    Node node = node(mapping);
    long first = get(node, block);
    long end = block + 1;
    if (block >= node.used) {
      end = Math.max(end, endBlock); // a hole, however far
    }
    while (end < node.used
        && end < Math.max(endBlock, block + 1)
        && follows(first, end - block, get(node, end))) {
      end++;
    }
    long pos = block * blockSize;
    long length = (end - block) * blockSize;
    if (first == HOLE || first == DELALLOC) {
      Iomap.Type type = first == HOLE ? Iomap.Type.HOLE : Iomap.Type.DELALLOC;
      out.setUnmapped(type, pos, length, flags, node.version);
    } else {
      Iomap.Type type = (first & 3) == UNWRITTEN ? Iomap.Type.UNWRITTEN : Iomap.Type.MAPPED;
      boolean behind = pos + length > node.diskSize && type == Iomap.Type.MAPPED;
      out.set(
          type,
          pos,
          length,
          (first >>> 2) * blockSize,
          flags | (behind ? Iomap.DIRTY : 0),
          node.version);
    }
  }

  private static boolean follows(long first, long distance, long next) {
    return first == HOLE || first == DELALLOC ? next == first : next == first + (distance << 2);
  }

  // ---- ExtentOperations -----------------------------------------------------------------------

  @Override
  public BlockDevice device() {
    return device;
  }

  @Override
  public int blockSize() {
    return blockSize;
  }

  @Override
  public boolean needsStableFolios() {
    return stable;
  }

  @Override
  public boolean allocatesInBegin() {
    return allocates;
  }

  @Override
  public void begin(AddressSpace mapping, long pos, long length, int flags, Iomap out)
      throws FsException {
    if ((flags & REPORT) == 0) {
      journal.lock(); // proves that no folio is held
    }
    try {
      mapLock.lock();
      try {
        begins++;
        onBegin.accept(flags);
        beginLocked(mapping, pos, length, flags, out);
      } catch (FsException e) {
        begins--;
        throw e;
      } finally {
        mapLock.unlock();
      }
    } finally {
      if ((flags & REPORT) == 0) {
        journal.unlock();
      }
    }
    if ((flags & WRITE) != 0) {
      Runnable hook = afterBegin;
      afterBegin = () -> {};
      hook.run();
    } else if ((flags & ZERO) != 0) {
      Runnable hook = afterBeginZero;
      afterBeginZero = () -> {};
      hook.run();
    }
  }

  private void beginLocked(AddressSpace mapping, long pos, long length, int flags, Iomap out)
      throws FsException {
    long block = pos / blockSize;
    long end = up(pos + length);
    zeroBegins += (flags & ZERO) != 0 ? 1 : 0;
    int newFlag = 0;
    Node node = node(mapping);
    if ((flags & WRITE) != 0 && node.shared.contains(block)) {
      long old = get(node, block);
      if (taken.cardinality() + reserved >= limit) {
        throw new FsException(Errno.ENOSPC, "ram0");
      }
      node.shared.remove(block);
      node.sources.put(block, old);
      node.blocks[(int) block] = HOLE; // the other file keeps the device's block
      set(node, block, DELALLOC);
    }
    if ((flags & WRITE) != 0 && node.sources.containsKey(block)) {
      answer(mapping, block, block + 1, Iomap.SHARED, out);
      return;
    }
    if ((flags & WRITE) != 0 && get(node, block) == HOLE) {
      for (long b = block; b < end && get(node, b) == HOLE; b++) {
        try {
          if ((flags & DIRECT) != 0) {
            set(node, b, take() << 2 | UNWRITTEN);
          } else if (allocates) {
            set(node, b, take() << 2 | MAPPED);
          } else {
            reserve(node, b);
          }
        } catch (FsException e) {
          if (b == block) {
            throw e;
          }
          end = b;
          break;
        }
        newFlag = Iomap.NEW;
        if (allocates && b > block && !follows(get(node, block), b - block, get(node, b))) {
          set(node, b, HOLE);
          end = b;
        }
      }
      // The answer ends where what is new ends.
      long newEnd = block;
      while (newEnd < end && get(node, newEnd) != HOLE) {
        newEnd++;
      }
      end = newEnd;
    }
    answer(mapping, block, end, newFlag, out);
    if (newFlag != 0 && !allocates && (flags & DIRECT) == 0) {
      // Blocks delayed before are not new; the flag is only a hint for reservations.
      assert out.type() == Iomap.Type.DELALLOC;
    }
  }

  @Override
  public void end(
      AddressSpace mapping, long pos, long length, long written, int flags, Iomap iomap) {
    mapLock.lock();
    ends++;
    writtenInEnd += written;
    if ((flags & (WRITE | DIRECT)) == (WRITE | DIRECT) && written > 0) {
      Node node = node(mapping);
      node.diskSize = Math.max(node.diskSize, Math.min(pos + written, mapping.size()));
    }
    mapLock.unlock();
  }

  @Override
  public boolean stillValid(AddressSpace mapping, Iomap iomap) {
    mapLock.lock();
    boolean valid = node(mapping).version == iomap.cookie();
    mapLock.unlock();
    return valid;
  }

  @Override
  public void punchDelalloc(AddressSpace mapping, long pos, long length) {
    assert mapping.invalidateLock().isHeldByCaller();
    assert pos % blockSize == 0 && length % blockSize == 0;
    mapLock.lock();
    Node node = node(mapping);
    for (long b = pos / blockSize; b < (pos + length) / blockSize; b++) {
      if (get(node, b) == DELALLOC) {
        Long source = node.sources.remove(b);
        set(node, b, source == null ? HOLE : source);
        if (source != null) {
          node.shared.add(b);
        }
      }
    }
    mapLock.unlock();
  }

  @Override
  public void mapSource(AddressSpace mapping, long pos, long length, Iomap out) {
    mapLock.lock();
    Node node = node(mapping);
    Long source = node.sources.get(pos / blockSize);
    if (source == null) {
      answer(mapping, pos / blockSize, up(pos + length), 0, out);
      cutAtSource(node, out);
    } else {
      long start = pos / blockSize * blockSize;
      out.set(Iomap.Type.MAPPED, start, blockSize, (source >>> 2) * blockSize, 0, node.version);
    }
    mapLock.unlock();
  }

  private void cutAtSource(Node node, Iomap out) {
    for (long b = out.pos() / blockSize + 1; b < out.end() / blockSize; b++) {
      if (node.sources.containsKey(b)) {
        long length = b * blockSize - out.pos();
        out.set(out.type(), out.pos(), length, out.addr(), out.flags(), out.cookie());
        return;
      }
    }
  }

  @Override
  public void writeFailed(AddressSpace mapping, long pos, long length) {
    assert mapping.invalidateLock().isHeldByCaller();
    mapLock.lock();
    Node node = node(mapping);
    for (long b = Math.max(up(mapping.size()), pos / blockSize); b < up(pos + length); b++) {
      if (get(node, b) != HOLE && get(node, b) != DELALLOC) {
        set(node, b, HOLE);
      }
    }
    mapLock.unlock();
  }

  @Override
  public void allocateForWriteback(AddressSpace mapping, long pos, long length)
      throws FsException {
    journal.lock();
    mapLock.lock();
    try {
      allocations++;
      Node node = node(mapping);
      for (long b = pos / blockSize; b < up(pos + length); b++) {
        if (get(node, b) == DELALLOC) {
          if (failAllocation) {
            throw new FsException(Errno.EIO, "ram0: allocation");
          }
          set(node, b, take() << 2 | UNWRITTEN);
        }
      }
    } finally {
      mapLock.unlock();
      journal.unlock();
    }
  }

  @Override
  public void mapBlocks(AddressSpace mapping, long pos, long length, Iomap out) {
    mapLock.lock();
    answer(mapping, pos / blockSize, up(pos + length), 0, out);
    mapLock.unlock();
  }

  @Override
  public void writeCompleted(AddressSpace mapping, long pos, long length) throws FsException {
    journal.lock();
    mapLock.lock();
    try {
      if (failCompletion) {
        throw new FsException(Errno.EIO, "ram0: conversion");
      }
      completions++;
      Node node = node(mapping);
      for (long b = pos / blockSize; b < up(pos + length); b++) {
        long value = get(node, b);
        if (value != HOLE && (value & 3) == UNWRITTEN) {
          set(node, b, value | MAPPED);
          node.sources.remove(b);
        }
      }
      node.diskSize = Math.max(node.diskSize, Math.min(pos + length, mapping.size()));
    } finally {
      mapLock.unlock();
      journal.unlock();
    }
  }
}
