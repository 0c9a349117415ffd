package org.pagewright.iomap;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.pagewright.cache.Folio;

/// Which blocks of one folio are uptodate and which are dirty, and how many I/Os of it are under
/// way. Attached to the folio; only where a block is smaller than a folio: otherwise the folio's
/// own state says it all. Compare Linux's struct iomap_folio_state.
///
///     63..35 (free)
///     34     a write of the present write-out failed
///     33..29 parts of the present write-out that have not ended
///     28..24 parts of the present fill that have not ended
///     23..16 (free)
///     15..8  DIRTY      one bit a block: newer than the store
///      7..0  UPTODATE   one bit a block: all bytes of the block are the file's
///
/// | bits      | set                                        | cleared                             |
/// |-----------|--------------------------------------------|-------------------------------------|
/// | UPTODATE  | folio lock, which a fill may own           | with the state                      |
/// | DIRTY     | folio lock; a failed write, without (R-H8) | folio lock                          |
/// | fill      | folio lock                                 | the completion                      |
/// | write-out | folio lock, before W                       | the completion                      |
///
/// Completions run beside holders of the folio lock, so every change is atomic. A dirty block is
/// uptodate and has a block or a reservation on the device; a part-written block is never uptodate,
/// and a block with accepted bytes always is (R-B10).
final class BlockState {
  /// Most blocks of a folio.
  static final int BLOCKS_MAX = 8;

  private static final int DIRTY_SHIFT = 8;
  private static final long READ_ONE = 1L << 24;
  private static final long READS = 31L << 24;
  private static final long WRITE_ONE = 1L << 29;
  private static final long WRITES = 31L << 29;
  private static final long WRITE_FAILED = 1L << 34;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(BlockState.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int all;

  @SuppressWarnings("unused") // through WORD
  private volatile long word;

  private BlockState(int all, long word) {
    this.all = all;
    WORD.setRelease(this, word);
  }

  /// The state of a folio, created from what the folio says if there is none. Folio lock held.
  ///
  /// @param folio attached
  /// @param blocks blocks in the folio, at least 2
  static BlockState of(Folio folio, int blocks) {
    if (folio.attachment() instanceof BlockState state) {
      return state;
    }
    int all = (1 << blocks) - 1;
    long word = folio.isUptodate() ? all : 0;
    if (folio.isDirty()) {
      word |= (word & all) << DIRTY_SHIFT; // dirtied from outside this room: nobody knows where
    }
    BlockState fresh = new BlockState(all, word);
    folio.attach(fresh);
    return fresh;
  }

  /// One bit for each block from `first` to `last`.
  static int mask(int first, int last) {
    return (2 << last) - (1 << first);
  }

  // ---- Uptodate -------------------------------------------------------------------------------

  int uptodate() {
    return (int) get() & all;
  }

  boolean isUptodate(int mask) {
    return (get() & mask) == mask;
  }

  boolean allUptodate() {
    return (get() & all) == all;
  }

  void markUptodate(int mask) {
    WORD.getAndBitwiseOr(this, (long) mask);
  }

  // ---- Dirty ----------------------------------------------------------------------------------

  int dirty() {
    return (int) (get() >>> DIRTY_SHIFT) & all;
  }

  boolean isDirty(int mask) {
    return (dirty() & mask) == mask;
  }

  void markDirty(int mask) {
    assert isUptodate(mask) : this + " dirty " + Integer.toBinaryString(mask);
    WORD.getAndBitwiseOr(this, (long) mask << DIRTY_SHIFT);
  }

  void clearDirty(int mask) {
    WORD.getAndBitwiseAnd(this, ~((long) mask << DIRTY_SHIFT));
  }

  // ---- Fill -----------------------------------------------------------------------------------

  /// One more part of a fill, or the submitter's own hold on it.
  void beginRead() {
    long w = (long) WORD.getAndAdd(this, READ_ONE);
    assert (w & READS) != READS : this;
  }

  /// A part has ended.
  ///
  /// @param mask blocks that are uptodate now
  /// @return true if it was the last: the folio lock is to be given back
  boolean endRead(int mask) {
    long old;
    do {
      old = get();
      assert (old & READS) != 0 : this;
    } while (!WORD.compareAndSet(this, old, (old | mask) - READ_ONE));
    return (old & READS) == READ_ONE;
  }

  // ---- Write-out ------------------------------------------------------------------------------

  /// A write-out of `parts` I/Os begins. Folio lock held, not under write-out.
  void beginWrites(int parts) {
    long old;
    do {
      old = get();
      assert (old & WRITES) == 0 && parts <= BLOCKS_MAX : this;
    } while (!WORD.compareAndSet(this, old, (old & ~WRITE_FAILED) + parts * WRITE_ONE));
  }

  /// A part has ended. What failed is dirty again (R-H8, R-C14): the bit is set before the count
  /// falls, so it is there when the folio's own dirty flag is.
  ///
  /// @param mask blocks of the part
  /// @param written false if they did not reach the store
  /// @return true if it was the last: the write-out is to be ended
  boolean endWrite(int mask, boolean written) {
    long failed = written ? 0 : WRITE_FAILED | (long) mask << DIRTY_SHIFT;
    long old;
    do {
      old = get();
      assert (old & WRITES) != 0 : this;
    } while (!WORD.compareAndSet(this, old, (old | failed) - WRITE_ONE));
    return (old & WRITES) == WRITE_ONE;
  }

  /// Whether a part of the present write-out failed.
  boolean writeFailed() {
    return (get() & WRITE_FAILED) != 0;
  }

  private long get() {
    return (long) WORD.getAcquire(this);
  }

  @Override
  public String toString() {
    long w = get();
    return "uptodate "
        + Long.toBinaryString(w & all)
        + " dirty "
        + Integer.toBinaryString(dirty())
        + " reads "
        + (w & READS) / READ_ONE
        + " writes "
        + (w & WRITES) / WRITE_ONE
        + ((w & WRITE_FAILED) != 0 ? " failed" : "");
  }
}
