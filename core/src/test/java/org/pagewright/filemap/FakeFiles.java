package org.pagewright.filemap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;

/// A file system for tests: files of blocks on a device in memory that shows what was never
/// written.
///
/// Every free block holds 'S', another file's secret, and every free frame 0xDB (R-B3). It keeps
/// the state of each block, allocates in begin, reads only what it must, records what it was asked,
/// and fails where the test says. Compare Linux's fs/buffer.c.
final class FakeFiles implements AutoCloseable {
  static final byte SECRET = 'S';

  final PageCache cache;
  final int blockSize;
  private final byte[] device;
  private final Deque<Integer> freeBlocks = new ArrayDeque<>(); // guarded by itself

  FakeFiles(int blockSize) {
    this(blockSize, 1 << 20, 1 << 20);
  }

  FakeFiles(int blockSize, int deviceSize, long cacheBytes) {
    this.blockSize = blockSize;
    this.cache = new PageCache(cacheBytes);
    this.device = new byte[deviceSize];
    for (int block = 0; block < deviceSize / blockSize; block++) {
      freeBlocks.add(block);
    }
    Arrays.fill(device, SECRET);
  }

  File file(String name) {
    return new File(name);
  }

  /// A file whose blocks hold these bytes, and of which nothing is in memory.
  File file(String name, byte[] content) {
    File file = new File(name);
    for (int pos = 0; pos < content.length; pos += blockSize) {
      int at = file.allocate(pos / blockSize) * blockSize;
      Arrays.fill(device, at, at + blockSize, (byte) 0);
      System.arraycopy(content, pos, device, at, Math.min(blockSize, content.length - pos));
    }
    file.mapping.setSize(content.length);
    return file;
  }

  @Override
  public void close() {
    cache.close();
  }

  /// What is known of the blocks of one folio.
  private static final class State {
    final boolean[] uptodate;
    final boolean[] dirty;
    final boolean[] fresh; // allocated by the write under way

    State(int blocks) {
      uptodate = new boolean[blocks];
      dirty = new boolean[blocks];
      fresh = new boolean[blocks];
    }
  }

  final class File implements AddressSpaceOperations {
    final AddressSpace mapping;
    final RwSem inode;
    private final int[] blocks = new int[device.length / blockSize];

    /// Each writeEnd as `length/offered`.
    final List<String> ends = new ArrayList<>();

    /// Each readahead as `first+count`.
    final List<String> windows = new ArrayList<>();

    final List<Folio> pendingReads = new ArrayList<>();
    int begins;
    int tokens;
    int fills;
    int blockReads;
    int retries; // of begin
    int fillRetries;
    int failBeginAt; // the n-th begin from now fails; 0 for none
    int acceptMax = Integer.MAX_VALUE;
    boolean holdReads; // reads stay pending until completeReads()
    boolean failReads;
    @Nullable Runnable onBegin;
    @Nullable Runnable onFill;
    @Nullable Runnable onInvalidate;

    File(String name) {
      this.mapping = new AddressSpace(cache, this, m -> {}, null, name);
      this.inode = new RwSem(LockClass.INODE, name);
      Arrays.fill(blocks, -1);
    }

    // ---- What tests call ------------------------------------------------------------------------

    long write(long pos, IovIter source) throws FsException {
      return write(pos, source, new WriteOp());
    }

    long write(long pos, IovIter source, WriteOp op) throws FsException {
      inode.lock();
      try {
        return GenericWrite.perform(mapping, pos, source, op);
      } finally {
        inode.unlock();
        assert Lockdep.holdsNothing();
      }
    }

    byte[] read(long pos, int length) throws FsException {
      byte[] bytes = new byte[length];
      String held = Lockdep.describe();
      int n = GenericRead.read(mapping, pos, bytes, 0, length, 0, null);
      if (!held.equals(Lockdep.describe())) {
        throw new AssertionError("read began with " + held + ", ended with " + Lockdep.describe());
      }
      return Arrays.copyOf(bytes, n);
    }

    byte[] readAll() throws FsException {
      return read(0, Math.toIntExact(mapping.size()));
    }

    void truncate(long size) {
      inode.lock();
      mapping.invalidateLock().lock();
      Truncate.setSize(mapping, size);
      for (int b = (int) ((size + blockSize - 1) / blockSize); b < blocks.length; b++) {
        if (blocks[b] >= 0) {
          int at = blocks[b] * blockSize;
          Arrays.fill(device, at, at + blockSize, SECRET);
          synchronized (freeBlocks) {
            freeBlocks.add(blocks[b]);
          }
          blocks[b] = -1;
        }
      }
      int tail = (int) (size % blockSize);
      if (tail > 0 && blocks[(int) (size / blockSize)] >= 0) {
        int at = blocks[(int) (size / blockSize)] * blockSize;
        Arrays.fill(device, at + tail, at + blockSize, (byte) 0);
      }
      mapping.invalidateLock().unlock();
      inode.unlock();
    }

    /// Writes everything out and forgets it: what a remount would show is what is read next.
    void remount() throws FsException {
      writepages(mapping, WritebackControl.integrity(0, Long.MAX_VALUE >>> 13));
      Truncate.invalidatePages(mapping, 0, Long.MAX_VALUE >>> 13);
      assert mapping.folios() == 0 : mapping.folios() + " folios stay";
    }

    /// Nothing is locked, no token is open, flags and tags agree (R-B8, R-E7).
    void check() {
      assert mapping.checkInvariants();
      if (tokens != 0 || begins != ends.size()) {
        throw new AssertionError(begins + " begins, " + ends.size() + " ends, open: " + tokens);
      }
    }

    void completeReads(boolean good) {
      List<Folio> pending = List.copyOf(pendingReads);
      pendingReads.clear();
      for (Folio folio : pending) {
        if (good) {
          fillBlocks(folio);
        }
        folio.endRead(good);
      }
    }

    int allocatedBlocks() {
      int n = 0;
      for (int b : blocks) {
        n += b >= 0 ? 1 : 0;
      }
      return n;
    }

    private int allocate(int fileBlock) {
      Integer block;
      synchronized (freeBlocks) {
        block = freeBlocks.poll();
      }
      return block == null ? -1 : (blocks[fileBlock] = block);
    }

    private State state(Folio folio) {
      State state = (State) folio.attachment();
      if (state == null) {
        state = new State(folio.size() / blockSize);
        if (folio.isUptodate()) {
          Arrays.fill(state.uptodate, true);
        }
        folio.attach(state);
      }
      return state;
    }

    // ---- Reading --------------------------------------------------------------------------------

    @Override
    public FillResult readFolio(AddressSpace mapping, Folio folio) throws FsException {
      assert folio.isLockedByCaller() && folio.isAttached() && !folio.isUptodate() : folio;
      assert Lockdep.holds(LockClass.INVALIDATE, mapping.invalidateLock()); // R-G2
      fills++;
      if (onFill != null) {
        onFill.run();
      }
      if (fillRetries > 0) {
        fillRetries--;
        folio.unlock();
        return FillResult.RETRY;
      }
      folio.handLockToIo();
      if (holdReads) {
        pendingReads.add(folio);
        return FillResult.STARTED;
      }
      if (!failReads) {
        fillBlocks(folio);
      }
      folio.endRead(!failReads);
      return FillResult.STARTED;
    }

    @Override
    public void readahead(AddressSpace mapping, Folio[] folios, int count) {
      windows.add(folios[0].index() + "+" + count);
      for (int i = 0; i < count; i++) {
        assert folios[i].index() == folios[0].index() + i;
      }
      AddressSpaceOperations.super.readahead(mapping, folios, count);
    }

    private void fillBlocks(Folio folio) {
      State state = state(folio);
      for (int b = 0; b < state.uptodate.length; b++) {
        if (!state.uptodate[b]) {
          fillBlock(folio, b);
          state.uptodate[b] = true;
        }
      }
    }

    private void fillBlock(Folio folio, int b) {
      long pos = folio.pos() + (long) b * blockSize;
      int deviceBlock = blocks[(int) (pos / blockSize)];
      byte[] bytes = new byte[blockSize];
      if (deviceBlock >= 0 && pos < mapping.size()) {
        blockReads++;
        int inside = (int) Math.min(blockSize, mapping.size() - pos); // zeros beyond the end (R-D3)
        System.arraycopy(device, deviceBlock * blockSize, bytes, 0, inside);
      }
      MemorySegment.copy(
          bytes, 0, folio.bytes(), ValueLayout.JAVA_BYTE, (long) b * blockSize, blockSize);
    }

    @Override
    public boolean isPartiallyUptodate(Folio folio, int offset, int length) {
      State state = (State) folio.attachment();
      if (state == null) {
        return false;
      }
      for (int b = offset / blockSize; b * blockSize < offset + length; b++) {
        if (!state.uptodate[b]) {
          return false;
        }
      }
      return true;
    }

    // ---- Writing --------------------------------------------------------------------------------

    @Override
    public @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
        throws FsException {
      assert length > 0 && length <= mapping.bytesToFolioEnd(pos);
      if (onBegin != null) {
        onBegin.run();
      }
      if (retries > 0) {
        retries--;
        return null;
      }
      if (failBeginAt > 0 && --failBeginAt == 0) {
        throw new FsException(Errno.ENOSPC, mapping + " at " + pos);
      }
      int flags =
          (op.nowait() ? AddressSpace.NOWAIT : 0) | (op.dontcache() ? AddressSpace.DONTCACHE : 0);
      Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), flags);
      State state = state(folio);
      int from = folio.offsetOf(pos);
      int to = from + length;
      for (int b = from / blockSize; b * blockSize < to; b++) {
        int fileBlock = (int) (folio.pos() / blockSize) + b;
        int start = b * blockSize;
        boolean whole = from <= start && to >= start + blockSize;
        if (blocks[fileBlock] < 0) {
          if (allocate(fileBlock) < 0) {
            zeroFresh(folio, state); // R-C4
            folio.unlock();
            throw new FsException(Errno.ENOSPC, mapping + " at " + pos);
          }
          if (state.uptodate[b]) {
            state.dirty[b] = true; // zeros of a hole in memory, a secret on the device (R-C1)
            folio.markDirty();
          } else {
            state.fresh[b] = true;
            folio.zero(start, Math.max(0, from - start)); // R-C3
            folio.zero(to, Math.max(0, start + blockSize - to));
          }
        } else if (!state.uptodate[b] && !whole) {
          fillBlock(folio, b); // R-B11
          state.uptodate[b] = true;
        }
      }
      begins++;
      tokens++;
      op.attach(folio);
      return folio;
    }

    private void zeroFresh(Folio folio, State state) {
      for (int b = 0; b < state.fresh.length; b++) {
        if (state.fresh[b]) {
          folio.zero(b * blockSize, blockSize);
          written(folio, state, b);
        }
      }
      markIfUptodate(folio, state);
    }

    private void written(Folio folio, State state, int b) {
      state.fresh[b] = false;
      state.uptodate[b] = true;
      state.dirty[b] = true;
      folio.markDirty();
    }

    private void markIfUptodate(Folio folio, State state) {
      for (boolean u : state.uptodate) {
        if (!u) {
          return;
        }
      }
      folio.markUptodate();
    }

    @Override
    public int writeEnd(
        AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
      if (op.detach() != folio) {
        throw new AssertionError("R-E7: the token of another begin");
      }
      tokens--;
      ends.add(length + "/" + copied);
      if (copied != length && copied != 0 && !folio.isUptodate()) {
        throw new AssertionError("R-B7: " + copied + " of " + length + " into " + folio);
      }
      State state = state(folio);
      int accepted = Math.min(copied, acceptMax);
      int from = folio.offsetOf(pos);
      int to = from + accepted;
      if (accepted > 0) {
        for (int b = from / blockSize; b * blockSize < to; b++) {
          // A rejected end of a fresh block would be what the frame held (R-C1).
          int end = (b + 1) * blockSize;
          if (state.fresh[b] && to < end && to < from + length) {
            folio.zero(to, Math.min(end, from + length) - to);
          }
          written(folio, state, b);
        }
        mapping.growSize(pos + accepted); // R-D1, R-D2
      }
      zeroFresh(folio, state);
      folio.unlock();
      return accepted;
    }

    @Override
    public void writepages(AddressSpace mapping, WritebackControl control) throws FsException {
      @Nullable Folio[] batch = new @Nullable Folio[16];
      int n;
      while ((n = mapping.gatherDirty(control.firstIndex(), control.lastIndex(), batch)) > 0) {
        for (int i = 0; i < n; i++) {
          Folio folio = batch[i];
          assert folio != null;
          folio.lock();
          if (folio.isAttached() && startWrite(folio)) {
            folio.unlock();
            finishWrite(folio);
          } else {
            folio.unlock();
          }
        }
      }
    }

    /// Folio lock held. The write-out is under way until [#finishWrite].
    boolean startWrite(Folio folio) {
      int inside = Math.clamp(mapping.size() - folio.pos(), 0, folio.size());
      folio.zero(inside, folio.size() - inside); // R-D3
      if (!folio.clearDirtyForIo()) {
        return false;
      }
      folio.startWriteback();
      return true;
    }

    void finishWrite(Folio folio) {
      State state = state(folio);
      for (int b = 0; b < state.dirty.length; b++) {
        int deviceBlock = blocks[(int) (folio.pos() / blockSize) + b];
        if (state.dirty[b] && deviceBlock >= 0) {
          MemorySegment.copy(
              folio.bytes(), ValueLayout.JAVA_BYTE, (long) b * blockSize, device,
              deviceBlock * blockSize, blockSize);
        }
        state.dirty[b] = false;
      }
      folio.endWriteback(true);
    }

    @Override
    public void invalidateFolio(Folio folio, int offset, int length) {
      assert folio.isLockedByCaller() && !folio.isWriteback() : folio;
      if (onInvalidate != null) {
        onInvalidate.run();
      }
      State state = (State) folio.attachment();
      if (state != null) {
        for (int b = 0; b < state.dirty.length; b++) {
          if (b * blockSize >= offset && (b + 1) * blockSize <= offset + length) {
            state.dirty[b] = false;
          }
        }
      }
      AddressSpaceOperations.super.invalidateFolio(folio, offset, length);
    }
  }
}
