package org.pagewright.iomap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.GenericWrite;
import org.pagewright.filemap.Readahead;
import org.pagewright.filemap.Truncate;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;
import org.pagewright.writeback.Writeback;

/// One file of an [ExtentFs], and what a VFS would do around it.
final class ExtentFile implements AutoCloseable {
  final TestDevice device;
  final ExtentFs fs;
  final IomapOperations operations;
  final PageCache cache;
  final int blockSize;
  AddressSpace mapping;
  @Nullable Readahead readahead;
  private WriteOp op = new WriteOp();
  private final RwSem inode = new RwSem(LockClass.INODE, "inode");

  ExtentFile(int blockSize) throws FsException {
    this(blockSize, false);
  }

  ExtentFile(int blockSize, boolean allocates) throws FsException {
    this.blockSize = blockSize;
    device = new TestDevice(16 << 20);
    fs = new ExtentFs(device, blockSize, allocates);
    operations = new IomapOperations(fs, "test");
    cache = new PageCache(8 << 20);
    mapping = ExtentFs.newMapping(cache, operations);
  }

  /// Writes from now on ask anew instead of using the last answer.
  void forgetAnswers() {
    op = new WriteOp();
  }

  void lock() {
    inode.lock();
  }

  void unlock() {
    inode.unlock();
  }

  long write(long pos, byte[] bytes) throws FsException {
    return write(pos, new SegmentIter(bytes), 0);
  }

  long write(long pos, IovIter iter, int flags) throws FsException {
    inode.lock();
    try {
      return GenericWrite.perform(mapping, pos, iter, op.reset(flags));
    } finally {
      inode.unlock();
      assert Lockdep.holdsNothing();
    }
  }

  long directWrite(long pos, byte[] bytes) throws FsException {
    inode.lock();
    try (Arena arena = Arena.ofShared()) {
      long end = pos + bytes.length - 1;
      if (Writeback.syncRange(mapping, pos, end) != null) {
        throw new FsException(Errno.EIO, "sync");
      }
      boolean dropped =
          Truncate.invalidateRange2(
              mapping, AddressSpace.indexOf(pos), AddressSpace.indexOf(end));
      assert dropped;
      MemorySegment memory = arena.allocate(Math.max(1, bytes.length), 4096);
      MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
      long n = operations.directWrite(mapping, pos, memory.asSlice(0, bytes.length));
      boolean droppedAgain =
          Truncate.invalidateRange2(
              mapping, AddressSpace.indexOf(pos), AddressSpace.indexOf(end));
      assert droppedAgain;
      return n;
    } finally {
      inode.unlock();
      assert Lockdep.holdsNothing();
    }
  }

  byte @Nullable [] directRead(long pos, int length) throws FsException {
    try (Arena arena = Arena.ofShared()) {
      Writeback.syncRange(mapping, pos, pos + length - 1);
      MemorySegment memory = arena.allocate(length, 4096);
      memory.fill((byte) 0xDB);
      long n = operations.directRead(mapping, pos, memory);
      return n < 0 ? null : memory.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  byte[] read(long pos, int length) throws FsException {
    byte[] target = new byte[length];
    Arrays.fill(target, (byte) 0xEE);
    int n = GenericRead.read(mapping, pos, target, 0, length, 0, readahead);
    assert Lockdep.holdsNothing();
    return Arrays.copyOf(target, n);
  }

  byte[] readAll() throws FsException {
    return read(0, Math.toIntExact(mapping.size()));
  }

  @Nullable Errno sync() {
    Errno errno = Writeback.syncRange(mapping, 0, Long.MAX_VALUE);
    mapping.writebackErrors().advance(); // somebody has heard of it now
    return errno;
  }

  void truncate(long size) throws FsException {
    inode.lock();
    try {
      long old = mapping.size();
      if (size < old) {
        IomapZero.truncateTail(operations, mapping, size);
      } else {
        IomapZero.extendTail(operations, mapping);
      }
      mapping.invalidateLock().lock();
      try {
        Truncate.setSize(mapping, size);
        fs.free(mapping, operations.roundUp(size) / blockSize, Integer.MAX_VALUE);
        // Also where the new end lies in a hole, which no write-out will reach.
        fs.setDiskSize(mapping, size);
      } finally {
        mapping.invalidateLock().unlock();
      }
    } finally {
      inode.unlock();
    }
  }

  void punch(long pos, long length) throws FsException {
    inode.lock();
    try {
      IomapZero.zeroPartialBlocks(operations, mapping, pos, length);
      long from = operations.roundUp(pos);
      long to = operations.roundDown(pos + length);
      if (from < to) {
        mapping.invalidateLock().lock();
        try {
          Truncate.truncatePages(mapping, from, to - 1);
          fs.free(mapping, from / blockSize, to / blockSize);
          // The write-out that would have moved the size on disk may be gone with its folios.
          fs.setDiskSize(mapping, mapping.size());
        } finally {
          mapping.invalidateLock().unlock();
        }
      }
    } finally {
      inode.unlock();
    }
  }

  void zero(long pos, long length) throws FsException {
    inode.lock();
    try {
      IomapZero.zeroRange(operations, mapping, pos, length);
    } finally {
      inode.unlock();
    }
  }

  void fallocate(long pos, long length) throws FsException {
    inode.lock();
    try {
      fs.fallocate(mapping, pos, length);
    } finally {
      inode.unlock();
    }
  }

  /// Drops every clean folio.
  void evictAll() {
    Truncate.invalidatePages(mapping, 0, Long.MAX_VALUE >>> 12);
  }

  /// What is left after a crash now; the cache is gone.
  void crash() {
    mapping = fs.remount(mapping, cache, operations);
  }

  /// Syncs and starts with an empty cache.
  void remount() {
    Errno errno = sync();
    assert errno == null : errno;
    AddressSpace old = mapping;
    checkQuiet();
    inode.lock();
    old.invalidateLock().lock();
    Truncate.truncatePages(old, 0, Long.MAX_VALUE);
    old.invalidateLock().unlock();
    inode.unlock();
    crash();
  }

  /// The ledger: dirty folios and reservations agree, every begin was ended.
  void checkQuiet() {
    operations.drain();
    assert mapping.checkInvariants();
    assert fs.begins == fs.ends : fs.begins + " begins, " + fs.ends + " ends";
    assert mapping.dirtyFolios() > 0 || fs.delayed(mapping) == 0
        : fs.delayed(mapping) + " blocks reserved for nothing";
    Folio[] all = new Folio[1];
    long next = 0;
    while (mapping.gather(next, Long.MAX_VALUE >>> 13, all) > 0) {
      Folio folio = all[0];
      next = folio.index() + 1;
      int dirty = operations.dirtyBlocks(folio);
      for (int b = 0; b < operations.blocks(); b++) {
        long block = folio.index() * operations.blocks() + b;
        boolean d = (dirty >>> b & 1) != 0;
        char type = fs.typeOf(mapping, block);
        assert !d || type != 'H' || folio.pos() >= mapping.size()
            : "dirty block " + block + " without a place";
        assert d || type != 'D' : "clean block " + block + " with a reservation";
      }
    }
  }

  @Override
  public void close() {
    operations.drain();
    cache.close();
    device.close();
  }
}
