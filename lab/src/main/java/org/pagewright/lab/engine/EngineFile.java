package org.pagewright.lab.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Truncate;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;

/// A file of the engine over a few blocks in memory, which hold another file's bytes until they are
/// written. Allocates when a write begins: the hard case. The state of each block is kept with the
/// folio, as Linux keeps it in buffer heads.
final class EngineFile implements AddressSpaceOperations, UserPage.Inode {
  private static final int BLOCKS = AddressSpace.FOLIO_SIZE / EngineKernel.BLOCK_SIZE;
  private static final int FILE_BLOCKS = 2 * BLOCKS;
  private static final int HOLE = -1;

  /// The blocks that all files of one system share.
  static final class Device {
    private static final int SIZE = 16;
    private final byte[] bytes = new byte[SIZE * EngineKernel.BLOCK_SIZE];
    private final boolean[] used = new boolean[SIZE];
    int free = SIZE;
    int reads;

    Device() {
      Arrays.fill(bytes, (byte) Kernel.SECRET);
    }

    int allocate() throws FsException {
      SchedulePoint.touch(this, true);
      if (free == 0) {
        throw new FsException(Errno.ENOSPC, "no block left");
      }
      free--;
      for (int block = 0; ; block++) {
        if (!used[block]) {
          used[block] = true;
          return block;
        }
      }
    }

    void release(int block) {
      SchedulePoint.touch(this, true);
      used[block] = false;
      free++;
      int at = block * EngineKernel.BLOCK_SIZE;
      Arrays.fill(bytes, at, at + EngineKernel.BLOCK_SIZE, (byte) Kernel.SECRET);
    }
  }

  /// What is known of the blocks of one folio. Guarded by the folio's lock.
  private static final class State {
    final boolean[] uptodate = new boolean[BLOCKS];
    final boolean[] dirty = new boolean[BLOCKS];
    final boolean[] fresh = new boolean[BLOCKS];
  }

  private final String name;
  private final Device device;
  final AddressSpace mapping;
  final RwSem inode;
  private final int[] blocks = new int[FILE_BLOCKS];
  boolean retries;
  int open; // begins without their end

  EngineFile(PageCache cache, Device device, String name) {
    this.name = name;
    this.device = device;
    this.mapping = new AddressSpace(cache, this, m -> {}, null, name);
    this.inode = new RwSem(LockClass.INODE, name);
    Arrays.fill(blocks, HOLE);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String toString() {
    return name;
  }

  /// Lays a block out on disk; before the threads run.
  void layOut(int block, String content) throws FsException {
    blocks[block] = device.allocate();
    int at = blocks[block] * EngineKernel.BLOCK_SIZE;
    for (int i = 0; i < content.length(); i++) {
      Arrays.fill(
          device.bytes,
          at + i * EngineKernel.UNIT,
          at + (i + 1) * EngineKernel.UNIT,
          (byte) content.charAt(i));
    }
  }

  int charged() {
    int n = 0;
    for (int block : blocks) {
      n += block == HOLE ? 0 : 1;
    }
    return n;
  }

  private static int fileBlock(Folio folio, int b) {
    return (int) folio.index() * BLOCKS + b;
  }

  private static State state(Folio folio) {
    State state = (State) folio.attachment();
    if (state == null) {
      state = new State();
      Arrays.fill(state.uptodate, folio.isUptodate());
      folio.attach(state);
    }
    return state;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  @Override
  public FillResult readFolio(AddressSpace mapping, Folio folio) {
    State state = state(folio);
    for (int b = 0; b < BLOCKS; b++) {
      if (!state.uptodate[b]) {
        fillBlock(folio, state, b);
      }
    }
    folio.handLockToIo();
    folio.endRead(true);
    return FillResult.STARTED;
  }

  private void fillBlock(Folio folio, State state, int b) {
    SchedulePoint.touch(this, false);
    int block = blocks[fileBlock(folio, b)];
    byte[] bytes = new byte[EngineKernel.BLOCK_SIZE];
    long pos = folio.pos() + (long) b * bytes.length;
    if (block != HOLE && pos < mapping.size()) {
      device.reads++;
      int inside = (int) Math.min(bytes.length, mapping.size() - pos); // zeros beyond (R-D3)
      System.arraycopy(device.bytes, block * bytes.length, bytes, 0, inside);
    }
    int offset = b * bytes.length;
    SchedulePoint.touchMemory(folio.chunk(), folio.chunkOffset(), true);
    MemorySegment.copy(
        bytes, 0, folio.bytes(), ValueLayout.JAVA_BYTE, offset, bytes.length);
    state.uptodate[b] = true;
  }

  @Override
  public boolean isPartiallyUptodate(Folio folio, int offset, int length) {
    State state = (State) folio.attachment();
    for (int b = offset / EngineKernel.BLOCK_SIZE;
        b * EngineKernel.BLOCK_SIZE < offset + length;
        b++) {
      if (state == null || !state.uptodate[b]) {
        return false;
      }
    }
    return true;
  }

  // ---- Writing ----------------------------------------------------------------------------------

  @Override
  public @Nullable Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op)
      throws FsException {
    if (retries) {
      retries = false;
      return null;
    }
    Folio folio = mapping.getOrCreate(AddressSpace.indexOf(pos), 0);
    SchedulePoint.touch(this, true);
    State state = state(folio);
    int from = folio.offsetOf(pos);
    int to = from + length;
    for (int b = from / EngineKernel.BLOCK_SIZE; b * EngineKernel.BLOCK_SIZE < to; b++) {
      int start = b * EngineKernel.BLOCK_SIZE;
      int end = start + EngineKernel.BLOCK_SIZE;
      if (blocks[fileBlock(folio, b)] == HOLE) {
        try {
          blocks[fileBlock(folio, b)] = device.allocate();
        } catch (FsException e) {
          zeroFresh(folio, state); // R-C4
          folio.unlock();
          throw e;
        }
        if (state.uptodate[b]) {
          written(folio, state, b);
        } else {
          state.fresh[b] = true;
          folio.zero(start, Math.max(0, from - start)); // R-C3
          folio.zero(Math.min(to, end), Math.max(0, end - to));
        }
      } else if (!state.uptodate[b] && (from > start || to < end)) {
        fillBlock(folio, state, b); // R-B11
      }
    }
    open++;
    return folio;
  }

  /// Blocks for what a store may reach; asked for at the first one, so that a full device shows at
  /// the store (R-F13).
  @Override
  public MkwriteResult pageMkwrite(AddressSpace mapping, Folio folio) throws FsException {
    folio.lock();
    SchedulePoint.touch(this, true);
    if (!folio.isAttached() || folio.pos() >= mapping.size()) { // R-D7
      folio.unlock();
      return MkwriteResult.RETRY; // R-F5
    }
    State state = state(folio);
    long inside = Math.min(folio.size(), mapping.size() - folio.pos()); // R-F12
    for (int b = 0; (long) b * EngineKernel.BLOCK_SIZE < inside; b++) {
      if (blocks[fileBlock(folio, b)] == HOLE) {
        try {
          blocks[fileBlock(folio, b)] = device.allocate();
        } catch (FsException e) {
          folio.unlock(); // R-F7; the blocks before are dirty, and zero
          throw e;
        }
      }
      written(folio, state, b);
    }
    return MkwriteResult.LOCKED;
  }

  private static void zeroFresh(Folio folio, State state) {
    for (int b = 0; b < BLOCKS; b++) {
      if (state.fresh[b]) {
        folio.zero(b * EngineKernel.BLOCK_SIZE, EngineKernel.BLOCK_SIZE);
        written(folio, state, b);
      }
    }
    boolean all = true;
    for (boolean good : state.uptodate) {
      all &= good;
    }
    if (all) {
      folio.markUptodate();
    }
  }

  private static void written(Folio folio, State state, int b) {
    state.fresh[b] = false;
    state.uptodate[b] = true;
    state.dirty[b] = true;
    folio.markDirty();
  }

  @Override
  public int writeEnd(
      AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
    SchedulePoint.touch(this, true);
    open--;
    State state = state(folio);
    int from = folio.offsetOf(pos);
    if (copied > 0) {
      for (int b = from / EngineKernel.BLOCK_SIZE;
          b * EngineKernel.BLOCK_SIZE < from + copied;
          b++) {
        written(folio, state, b);
      }
      mapping.growSize(pos + copied); // R-D1, R-D2
    }
    zeroFresh(folio, state); // R-C1, whether or not anything was copied
    if (copied < length) {
      cutBeyondEnd(folio, state); // R-C5
    }
    folio.unlock();
    return copied;
  }

  private void cutBeyondEnd(Folio folio, State state) {
    for (int b = 0; b < BLOCKS; b++) {
      int block = fileBlock(folio, b);
      if ((long) block * EngineKernel.BLOCK_SIZE >= mapping.size() && blocks[block] != HOLE) {
        device.release(blocks[block]);
        blocks[block] = HOLE;
        state.dirty[b] = false;
      }
    }
  }

  @Override
  public void writepages(AddressSpace mapping, WritebackControl control) {
    @Nullable Folio[] batch = new @Nullable Folio[FILE_BLOCKS];
    int n = mapping.gatherDirty(control.firstIndex(), control.lastIndex(), batch);
    for (int i = 0; i < n; i++) {
      Folio folio = batch[i];
      if (folio == null) {
        continue;
      }
      folio.lock();
      boolean starts = folio.isAttached() && folio.clearDirtyForIo();
      if (starts) {
        folio.startWriteback();
      }
      folio.unlock();
      if (starts) {
        writeOut(folio);
        folio.endWriteback(true);
      }
    }
  }

  private void writeOut(Folio folio) {
    SchedulePoint.touch(this, true);
    SchedulePoint.touchMemory(folio.chunk(), folio.chunkOffset(), false);
    State state = state(folio);
    for (int b = 0; b < BLOCKS; b++) {
      int block = blocks[fileBlock(folio, b)];
      if (state.dirty[b] && block != HOLE) {
        int size = EngineKernel.BLOCK_SIZE;
        MemorySegment.copy(
            folio.bytes(), ValueLayout.JAVA_BYTE, (long) b * size, device.bytes, block * size,
            size);
      }
      state.dirty[b] = false;
    }
  }

  // ---- Removal ----------------------------------------------------------------------------------

  void truncate(long size) {
    inode.lock();
    mapping.invalidateLock().lock();
    Truncate.setSize(mapping, size);
    SchedulePoint.touch(this, true);
    for (int block = (int) (size / EngineKernel.BLOCK_SIZE); block < FILE_BLOCKS; block++) {
      if (blocks[block] != HOLE) {
        device.release(blocks[block]);
        blocks[block] = HOLE;
      }
    }
    mapping.invalidateLock().unlock();
    inode.unlock();
  }
}
