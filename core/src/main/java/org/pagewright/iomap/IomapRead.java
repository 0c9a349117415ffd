package org.pagewright.iomap;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.FillResult;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Fills folios of one file: joins what is adjacent on the device into large reads, across folios;
/// zeroes what has no bytes on the device. Compare Linux's
/// fs/iomap/buffered-io.c:iomap_readahead().
///
/// One object serves one call, in one thread; the reads it starts end on any thread.
///
///     folio locked by us --add: map what is not uptodate (R-B9)--+-- hole, past EOF: zero
///          |                                                     +-- mapped: into a bio
///          +--handLockToIo--> locked by the I/O --last part ends--> endRead: U, unlocked
final class IomapRead {
  private static final int BYTES_MAX = 1 << 20;

  private final IomapOperations operations;
  private final AddressSpace mapping;
  private final Iomap map = new Iomap();
  private boolean mapped;
  private @Nullable Request request;

  IomapRead(IomapOperations operations, AddressSpace mapping) {
    this.operations = operations;
    this.mapping = mapping;
  }

  /// Takes over a locked folio that is not uptodate. After it, [#submit()].
  ///
  /// @return always STARTED: the lock belongs to the I/O, or is free again already
  /// @throws FsException EIO or a corruption in the extent map; the folio is not this thread's any
  ///     more
  FillResult add(Folio folio) throws FsException {
    // The answer about the last folio may be old by the time this one was locked (R-C10).
    mapped = mapped && operations.extents().stillValid(mapping, map);
    if (operations.blocks() == 1) {
      addWhole(folio);
    } else {
      addBlocks(folio);
    }
    return FillResult.STARTED;
  }

  /// A block is a folio: one part, and the folio's own state is enough.
  private void addWhole(Folio folio) throws FsException {
    boolean reading = false;
    try {
      long size = mapping.size();
      if (isZeros(folio.pos(), size)) {
        folio.zero(0, folio.size());
      } else if (map.type() == Iomap.Type.INLINE) {
        copyInline(folio, 0, folio.size(), size);
      } else {
        makeRoom(map.addrOf(folio.pos()));
        reading = true;
      }
      folio.handLockToIo();
      if (reading) {
        request().add(folio, 0, folio.size(), size);
      } else {
        folio.endRead(true);
      }
    } catch (FsException e) {
      folio.unlock();
      throw e;
    }
  }

  private void addBlocks(Folio folio) throws FsException {
    BlockState state = BlockState.of(folio, operations.blocks());
    state.beginRead(); // our own hold: the parts may end before the last one is added
    try {
      long size = mapping.size();
      int offset = 0;
      while (offset < folio.size()) {
        int block = offset >>> operations.blockShift();
        if (state.isUptodate(1 << block)) {
          offset += operations.blockSize();
          continue;
        }
        offset += addRun(folio, state, offset, runEnd(state, block) - offset, size);
      }
    } finally {
      folio.handLockToIo();
      if (state.endRead(0)) {
        folio.endRead(state.allUptodate());
      }
    }
  }

  /// Where the run of blocks that are not uptodate ends: an offset in the folio.
  private int runEnd(BlockState state, int block) {
    int end = block + 1;
    while (end < operations.blocks() && !state.isUptodate(1 << end)) {
      end++;
    }
    return end << operations.blockShift();
  }

  /// Fills the first extent of a run of blocks.
  ///
  /// @return bytes taken care of
  private int addRun(Folio folio, BlockState state, int offset, int length, long size)
      throws FsException {
    long pos = folio.pos() + offset;
    boolean zeros = isZeros(pos, size);
    long end = pos < size ? Math.min(map.end(), operations.roundUp(size)) : Long.MAX_VALUE;
    int bytes = (int) Math.min(length, end - pos);
    int mask = operations.maskOf(offset, bytes);
    if (zeros) {
      folio.zero(offset, bytes);
      state.markUptodate(mask);
    } else if (map.type() == Iomap.Type.INLINE) {
      copyInline(folio, offset, bytes, size);
      state.markUptodate(mask);
    } else {
      makeRoom(map.addrOf(pos));
      state.beginRead();
      request().add(folio, offset, bytes, size);
    }
    return bytes;
  }

  /// Whether the block at `pos` has no bytes on the device: past the end (R-D3), a hole, unwritten,
  /// or delayed and not in the cache. Leaves [#map] about `pos` if it lies inside the file.
  private boolean isZeros(long pos, long size) throws FsException {
    if (pos >= size) {
      return true;
    }
    if (!mapped || !map.contains(pos)) {
      operations.extents().mapSource(mapping, pos, operations.roundUp(size) - pos, map);
      operations.checkAnswer(mapping, pos, map);
      mapped = true;
    }
    return map.readsAsZeros();
  }

  private void copyInline(Folio folio, int offset, int bytes, long size) throws FsException {
    IomapOperations.copyInline(map, folio, offset, bytes, size);
  }

  /// Submits the request being built unless the next bytes on the device belong to it.
  private void makeRoom(long addr) {
    Request r = request;
    if (r != null && (r.builder.endAddr() != addr || r.builder.length() >= BYTES_MAX)) {
      submit();
    }
    if (request == null) {
      request = new Request(addr, operations);
    }
  }

  private Request request() {
    Request r = request;
    assert r != null;
    return r;
  }

  /// Starts what was collected.
  void submit() {
    Request r = request;
    if (r != null) {
      request = null;
      operations.device().submit(r.builder.finish().whenEnded(r, null));
    }
  }

  /// One read, and the pieces of folios it fills.
  private static final class Request implements Bio.Completion {
    final BioBuilder builder;
    private final IomapOperations operations;
    private Folio[] folios = new Folio[4];
    private int[] offsets = new int[4];
    private int[] lengths = new int[4];
    private long[] sizes = new long[4]; // of the file, when the piece was added
    private int count;

    Request(long addr, IomapOperations operations) {
      builder = new BioBuilder(Bio.Op.READ, addr);
      this.operations = operations;
    }

    void add(Folio folio, int offset, int length, long size) {
      if (count == folios.length) {
        folios = Arrays.copyOf(folios, 2 * count);
        offsets = Arrays.copyOf(offsets, 2 * count);
        lengths = Arrays.copyOf(lengths, 2 * count);
        sizes = Arrays.copyOf(sizes, 2 * count);
      }
      folios[count] = folio;
      offsets[count] = offset;
      lengths[count] = length;
      sizes[count] = size;
      count++;
      builder.add(folio, offset, length);
    }

    /// Errors are left to whoever needs the bytes: the folio stays not uptodate (R-I8).
    @Override
    public void ended(Bio bio, @Nullable FsException error) {
      for (int i = 0; i < count; i++) {
        Folio folio = folios[i];
        if (error == null) {
          IomapOperations.zeroBeyond(folio, offsets[i], lengths[i], sizes[i]);
        }
        if (folio.attachment() instanceof BlockState state) {
          if (state.endRead(error == null ? operations.maskOf(offsets[i], lengths[i]) : 0)) {
            folio.endRead(state.allUptodate());
          }
        } else {
          folio.endRead(error == null);
        }
      }
    }
  }

  /// Reads blocks of a folio and waits. Folio lock held and kept.
  ///
  /// @param operations the operations
  /// @param map an extent with blocks that contains them
  /// @param folio the folio
  /// @param offset first byte in the folio, start of a block
  /// @param length bytes, whole blocks
  /// @throws FsException EIO
  static void readNow(IomapOperations operations, Iomap map, Folio folio, int offset, int length)
      throws FsException {
    long pos = folio.pos() + offset;
    if (!map.hasBlocks()) {
      throw new FsException(
          Errno.EIO, operations.device().name() + ": " + folio.mapping() + ": " + map);
    }
    MemorySegment target = folio.chunk().asSlice(folio.chunkOffset() + (long) offset, length);
    Bio.read(map.addrOf(pos), target).submitAndWait(operations.device());
    IomapOperations.zeroBeyond(folio, offset, length, folio.mapping().size());
  }
}
