package org.pagewright.iomap;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Writeback;

/// Reads and writes past the cache, straight from and to the caller's memory. Compare Linux's
/// fs/iomap/direct-io.c.
///
/// | step  | read                                   | write                                     |
/// |-------|----------------------------------------|-------------------------------------------|
/// | range | whole sectors                          | whole blocks, and a rest that is the end  |
/// |       |                                        | of the file; else the cache (R-J2)        |
/// | map   | holes and unwritten: zeros             | allocates; a hole left: the cache         |
/// | I/O   | up to [#IN_FLIGHT_MAX] requests at once | the same; one alone by this thread       |
/// | after |                                        | convert, grow the size (R-B13, R-J5), end |
///
/// The caller, above this room, writes back and removes the range from the cache before and after
/// (R-J1, R-J3). Direct writes of one file exclude each other by INODE.
final class IomapDirect {
  private static final int BYTES_MAX = 1 << 20;
  private static final int IN_FLIGHT_MAX = 8;

  /// Stands for a device's thread: is the memory one that another thread may touch?
  private static final Thread ANOTHER = new Thread(() -> {}, "pagewright-probe");

  private final IomapOperations operations;
  private final ExtentOperations extents;
  private final BlockDevice device;
  private final AddressSpace mapping;
  private final Iomap map = new Iomap();

  IomapDirect(IomapOperations operations, AddressSpace mapping) {
    this.operations = operations;
    this.extents = operations.extents();
    this.device = operations.device();
    this.mapping = mapping;
  }

  long read(long pos, MemorySegment target) throws FsException {
    long size = mapping.size();
    if (!isUsable(target) || !isAligned(pos, target.byteSize(), device.sectorSize())) {
      return -1;
    }
    if (pos >= size) {
      return 0;
    }
    // Whole sectors: the last one may hold bytes beyond the end, for which the target has room.
    long sector = device.sectorSize();
    long end = Math.min(pos + target.byteSize(), (size + sector - 1) & -sector);
    Requests requests = new Requests(device);
    long at = pos;
    try {
      while (at < end && requests.isGood()) {
        extents.begin(mapping, at, end - at, ExtentOperations.DIRECT, map);
        long bytes = 0;
        try {
          operations.checkAnswer(mapping, at, map);
          if (map.type() == Iomap.Type.INLINE) {
            break; // the cache knows how
          }
          bytes = Math.min(map.end(), end) - at;
          MemorySegment part = target.asSlice(at - pos, bytes);
          if (map.readsAsZeros()) {
            part.fill((byte) 0);
          } else {
            requests.start(Bio.Op.READ, map.addrOf(at), part);
          }
        } finally {
          extents.end(mapping, at, end - at, bytes, ExtentOperations.DIRECT, map);
        }
        at += bytes;
      }
    } finally {
      requests.await(); // the device owns the memory until then, whatever went wrong
    }
    requests.throwError();
    if (at == pos) {
      return -1;
    }
    long valid = Math.min(at, size);
    if (at > valid) {
      target.asSlice(valid - pos, at - valid).fill((byte) 0); // R-D3
    }
    return valid - pos;
  }

  long write(long pos, MemorySegment source) throws FsException {
    long end = pos + source.byteSize();
    // Behind a rest that ends the file there is nothing to keep: its block is filled up with zeros.
    long aligned = end >= mapping.size() ? pos : pos | end;
    if (!isUsable(source) || !isAligned(pos, aligned, operations.blockSize())) {
      return -1;
    }
    if (pos > mapping.size() && !flushTail()) {
      return -1;
    }
    long at = pos;
    while (at < end) {
      long bytes;
      try {
        bytes = writeExtent(at, end, source.asSlice(at - pos));
      } catch (FsException e) {
        if (at == pos) {
          throw e;
        }
        break; // progress first (R-A9); the error comes back with the next call
      }
      if (bytes == 0) {
        break;
      }
      at += bytes;
    }
    return at == pos && pos < end ? -1 : at - pos;
  }

  /// Zeroes what the last block holds beyond the end, before this write brings it inside (R-D5).
  /// That goes through the cache; and since the folio may hold blocks of the range, too, which it
  /// takes for zeros, it must be on the device and out of the cache before the write (R-J1).
  ///
  /// @return false if the folio cannot be dropped
  private boolean flushTail() throws FsException {
    long size = mapping.size();
    if (size == operations.roundUp(size)) {
      return true;
    }
    IomapZero.zeroTail(operations, mapping, false);
    Errno errno = Writeback.syncRange(mapping, size, size);
    if (errno != null) {
      throw new FsException(errno, mapping + ": write-out before a direct write");
    }
    long index = AddressSpace.indexOf(size);
    return Truncate.invalidateRange2(mapping, index, index);
  }

  /// Writes up to the end of one extent.
  ///
  /// @return bytes written; 0 if the cache has to do it
  private long writeExtent(long at, long end, MemorySegment source) throws FsException {
    int flags = ExtentOperations.WRITE | ExtentOperations.DIRECT;
    extents.begin(mapping, at, end - at, flags, map);
    long written = 0;
    try {
      operations.checkAnswer(mapping, at, map);
      // Blocks that hold somebody else's bytes would show them if the write failed half-way: only
      // unwritten ones may be new, or such as no fill reads (R-C1).
      boolean fresh = map.type() == Iomap.Type.MAPPED && map.has(Iomap.NEW);
      if (!map.hasBlocks()
          || map.has(Iomap.SHARED)
          || fresh && !ExtentOperations.isBehindFills(mapping, at)) {
        return 0;
      }
      long bytes = Math.min(map.end(), end) - at;
      transfer(map.addrOf(at), source.asSlice(0, bytes));
      if (map.type() == Iomap.Type.UNWRITTEN || map.has(Iomap.DIRTY) && !fresh) {
        extents.writeCompleted(mapping, at, bytes); // R-C9
      }
      // Only now: a reader that sees the size sees the bytes (R-B13), and a failed write leaves the
      // size alone (R-J5).
      mapping.growSize(at + bytes);
      written = bytes;
      return bytes;
    } finally {
      extents.end(mapping, at, end - at, written, flags, map);
      if (written == 0 && map.hasBlocks() && end > mapping.size()) {
        mapping.invalidateLock().lock();
        try {
          extents.writeFailed(mapping, at, end - at); // R-C5
        } finally {
          mapping.invalidateLock().unlock();
        }
      }
    }
  }

  /// Writes bytes to the device, the last block filled up with zeros.
  private void transfer(long addr, MemorySegment source) throws FsException {
    long length = source.byteSize();
    long whole = length;
    if (length != operations.roundDown(length)) {
      // As much as fits goes the same way: of a small file that is all, with one request.
      whole = Math.max(0, operations.roundUp(length) - IomapOperations.SPARE_BYTES);
    }
    if (whole > BYTES_MAX) {
      Requests requests = new Requests(device);
      try {
        requests.start(Bio.Op.WRITE, addr, source.asSlice(0, whole));
      } finally {
        requests.await();
      }
      requests.throwError();
    } else if (whole > 0) {
      device.write(addr, source.asSlice(0, whole));
    }
    if (whole < length) {
      MemorySegment spare = operations.takeSpare();
      MemorySegment.copy(source, whole, spare, 0, length - whole);
      MemorySegment last = spare.asSlice(0, operations.roundUp(length) - whole);
      last.asSlice(length - whole).fill((byte) 0);
      device.write(addr + whole, last);
      operations.putSpare(spare);
    }
  }

  private static boolean isUsable(MemorySegment memory) {
    return memory.isAccessibleBy(ANOTHER);
  }

  private static boolean isAligned(long pos, long length, long unit) {
    return ((pos | length) & (unit - 1)) == 0;
  }

  /// Requests under way for one caller, who waits for them.
  private static final class Requests implements Bio.Completion {
    private final BlockDevice device;
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicReference<@Nullable FsException> error = new AtomicReference<>();
    private final WaitQueue queue = new WaitQueue();

    Requests(BlockDevice device) {
      this.device = device;
    }

    /// Starts the transfer of one extent, in pieces.
    void start(Bio.Op op, long addr, MemorySegment memory) {
      long length = memory.byteSize();
      for (long done = 0; done < length && isGood(); done += BYTES_MAX) {
        awaitFewerThan(IN_FLIGHT_MAX);
        pending.incrementAndGet();
        MemorySegment part = memory.asSlice(done, Math.min(BYTES_MAX, length - done));
        device.submit(Bio.of(op, addr + done, 0).add(part).whenEnded(this, null));
      }
    }

    @Override
    public void ended(Bio bio, @Nullable FsException error) {
      if (error != null) {
        this.error.compareAndSet(null, error);
      }
      pending.decrementAndGet();
      queue.wakeAll(this);
    }

    void await() {
      awaitFewerThan(1);
    }

    private void awaitFewerThan(int n) {
      if (pending.get() < n) {
        return;
      }
      WaitQueue.Waiter waiter = queue.enter(this);
      try {
        while (pending.get() >= n) {
          waiter.park();
        }
      } finally {
        queue.leave(waiter);
      }
    }

    boolean isGood() {
      return error.get() == null;
    }

    void throwError() throws FsException {
      FsException e = error.get();
      if (e != null) {
        throw e;
      }
    }
  }
}
