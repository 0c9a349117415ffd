package org.pagewright.mem;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.os.HugePages;

/// The memory of a cache: frames of [#FRAME_SIZE] bytes, up to a hard budget, in one arena.
///
/// Memory is taken from the arena a chunk at a time, when it is first needed, and never given back
/// before [#close()]; [#alloc(boolean)] and [#free(int)] take no lock. A frame is zeroed when it
/// is handed out, so the bytes of one file never reach another (R-B3).
///
/// The number of a frame says where it is without a look at anything and without a branch, because
/// a hot path waits for nothing else:
///
///     27..14  chunk, see [#chunks()]
///     13..0   frame of the chunk
///
/// Chunks grow with the pool, so that small pools take little and large ones have few: 256 frames,
/// 256, 512, 1024 ... 16384, and 16384 from then on. So the numbers have gaps; inside, the frames
/// are counted without them, in the order in which their memory is taken: their ranks.
///
/// Frames come into use 64 at a time. Of those, one bit says that a frame is free, another that it
/// was never handed out, hence is zero still. Above the bits of free frames lie summaries, one bit
/// for 64 below: set if any of those may be set. Who takes the last bit of a word clears the bit
/// above, then looks again, for somebody may have given one back in between. If that is before who
/// gave the bit has set the one above, it comes to be set over nothing: who finds that clears it.
///
///     summary    1 word for 4096 frames
///     free       1 word for 64 frames      fresh    likewise
///
/// ## Which frame
///
/// Neighbours in a file shall be neighbours in memory: then an I/O of many folios is one piece for
/// the device, and a reader can foresee where the bytes are. So who wants a frame says which one
/// would be right, and where in a row of 64 the folio belongs.
///
/// | wanted                      | gets                                                          |
/// |-----------------------------|---------------------------------------------------------------|
/// | a frame that is free        | that one                                                      |
/// | one that is taken, or none, | the frame of a row that is free as a whole; a new row, while  |
/// | in the middle of a file     | few are free in the old ones                                  |
/// | none, at a file's beginning | one of the row that the last of these came from               |
/// | whatever, and no row left   | any                                                           |
///
/// ## The reserve
///
/// The last few frames are a reserve for a write-out that must take frames itself, because that
/// is what makes frames free (R-I5). The write-out of this library takes none.
public final class FramePool implements AutoCloseable {
  /// Bytes of a frame.
  public static final int FRAME_SIZE = 4096;

  /// Byte that a free frame is filled with when assertions are on.
  public static final byte POISON = (byte) 0xDB;

  /// Bits of the number of a frame.
  public static final int NUMBER_BITS = 28;

  private static final int FRAME_SHIFT = 12;
  private static final int FIRST_SHIFT = 8;
  private static final int LAST_SHIFT = 14;
  private static final int IN_CHUNK = (1 << LAST_SHIFT) - 1;
  private static final int GROWING = LAST_SHIFT - FIRST_SHIFT;

  /// Most frames of a pool, hence a budget of almost 1 TiB.
  private static final int FRAMES_MAX = (1 << NUMBER_BITS) - (GROWING << LAST_SHIFT);

  private static final boolean POISONING = FramePool.class.desiredAssertionStatus();

  /// Wanted by who wants none in particular.
  public static final int ANY = -1;

  private static final int ROW_SHIFT = 6;
  private static final int ROW = 1 << ROW_SHIFT;

  /// Rows looked at in search of one that is free as a whole: two lines of the processor's cache.
  private static final int ROWS_SEARCHED = 16;

  private static final VarHandle ROWS;
  private static final VarHandle USED;
  private static final VarHandle CHUNK = MethodHandles.arrayElementVarHandle(MemorySegment[].class);
  private static final VarHandle BITS = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ROWS = lookup.findVarHandle(FramePool.class, "rows", int.class);
      USED = lookup.findVarHandle(FramePool.class, "used", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Cleaner CLEANER = Cleaner.create();

  private final Arena arena = Arena.ofShared();
  private final AtomicReference<@Nullable Object> leases = new AtomicReference<>();
  private final int frames;
  private final int reserve;
  private final MemorySegment[] chunks;
  private final long[][] free; // bits of frames by rank, and the summaries above
  private final long[] fresh;
  private final int rowsMax;

  private int smallRow; // where the next frame for a file's beginning is looked for: a hint
  private int freeRow; // where the last search for a row that is free ended: a hint

  @SuppressWarnings("unused") // through ROWS: rows in use, all below this number
  private volatile int rows;

  @SuppressWarnings("unused") // through USED: frames handed out now
  private volatile int used;

  /// A pool without memory yet.
  ///
  /// @param budgetBytes most bytes it may ever take; at least 16 frames
  /// @throws IllegalArgumentException if the budget is too small, or more than a number of
  ///     [#NUMBER_BITS] can tell apart, which is almost 1 TiB
  public FramePool(long budgetBytes) {
    long n = budgetBytes / FRAME_SIZE;
    if (n < 16 || n > FRAMES_MAX) {
      throw new IllegalArgumentException(
          "cache budget of " + budgetBytes + " bytes: give at least " + 16 * FRAME_SIZE
              + " and at most " + (long) FRAMES_MAX * FRAME_SIZE);
    }
    frames = (int) n;
    reserve = Math.clamp(frames / 256, 2, 64); // what is kept free hits nothing
    chunks = new MemorySegment[chunkOfRank(frames - 1) + 1];
    rowsMax = frames + ROW - 1 >>> ROW_SHIFT;
    fresh = new long[rowsMax];
    List<long[]> levels = new ArrayList<>();
    for (int words = rowsMax; ; words = words + ROW - 1 >>> ROW_SHIFT) {
      levels.add(new long[words]);
      if (words == 1) {
        break;
      }
    }
    free = levels.toArray(long[][]::new);
  }

  /// Takes any frame, zeroed.
  ///
  /// @param fromReserve true for write-out, which may use the last frames too
  /// @return number of the frame, or -1 if none is free
  public int alloc(boolean fromReserve) {
    return alloc(fromReserve, ANY, 0);
  }

  /// Takes a frame, zeroed, near those of its neighbours.
  ///
  /// @param fromReserve true for write-out, which may use the last frames too
  /// @param wanted number of the frame that would be right, [#ANY], or nonsense
  /// @param index number of the folio in its file
  /// @return number of the frame, or -1 if none is free
  public int alloc(boolean fromReserve, int wanted, long index) {
    int u = (int) USED.getAndAdd(this, 1);
    if (u >= (fromReserve ? frames : frames - reserve)) {
      USED.getAndAdd(this, -1);
      return -1;
    }
    int rank = takeWanted(wanted, u);
    if (rank < 0 && index > 0) {
      rank = takeOfRow((int) index & ROW - 1, u);
    }
    // Counted in: a frame is free or in no row yet for us, though another thread may be between
    // its count and its bit; then we look again.
    while (rank < 0) {
      rank = takeSmall();
      if (rank < 0) {
        rank = takeNewRow((int) index & ROW - 1);
      }
      if (rank < 0) {
        Thread.onSpinWait();
      }
    }
    int frame = numberOf(rank);
    long bit = 1L << rank;
    if (((long) BITS.getVolatile(fresh, rank >>> ROW_SHIFT) & bit) != 0) {
      BITS.getAndBitwiseAnd(fresh, rank >>> ROW_SHIFT, ~bit);
      chunk(frame); // fresh from the arena: zero already
    } else {
      frame(frame).fill((byte) 0);
    }
    return frame;
  }

  /// Returns a rank, or -1 if the frame is not free, or no frame.
  private int takeWanted(int wanted, int inUse) {
    int chunk = wanted >> LAST_SHIFT;
    if (chunk < 0 || chunk >= chunks.length) {
      return -1;
    }
    int rank = firstOf(chunk) + (wanted & IN_CHUNK);
    if (rank >= Math.min(firstOf(chunk + 1), frames)) {
      return -1;
    }
    int row = rank >>> ROW_SHIFT;
    if (row == (int) ROWS.getVolatile(this)) {
      return mayGrow(inUse) ? takeNewRow(rank & ROW - 1) : -1;
    }
    return take(rank) ? rank : -1;
  }

  /// Takes a frame of a row that is free as a whole.
  private int takeOfRow(int slot, int inUse) {
    int n = (int) ROWS.getVolatile(this);
    int row = freeRow;
    for (int i = Math.min(n, ROWS_SEARCHED); i > 0; i--) {
      row = row + 1 < n ? row + 1 : 0;
      if ((long) BITS.getVolatile(free[0], row) == -1 && take(row << ROW_SHIFT | slot)) {
        freeRow = row;
        return row << ROW_SHIFT | slot;
      }
    }
    freeRow = row;
    return mayGrow(inUse) ? takeNewRow(slot) : -1;
  }

  /// Whether few frames are free in the rows there are, so that memory does not grow in vain.
  private boolean mayGrow(int inUse) {
    return ((long) (int) ROWS.getVolatile(this) << ROW_SHIFT) - inUse <= inUse / 8 + ROW;
  }

  /// Takes a free frame of the row where that was done last, or of the next that has one.
  private int takeSmall() {
    int row = smallRow;
    for (int i = 0; i < 3 && row >= 0; i++) { // that one, one after it, one from the first on
      long bits = (long) BITS.getVolatile(free[0], row);
      while (bits != 0) {
        int rank = row << ROW_SHIFT | Long.numberOfTrailingZeros(bits);
        if (take(rank)) {
          smallRow = row;
          return rank;
        }
        bits = (long) BITS.getVolatile(free[0], row);
      }
      if (i > 0) {
        emptied(0, row); // else two such rows would hide what is free behind them, for ever
      }
      int next = nextFree(row + 1);
      row = next < 0 ? nextFree(0) : next;
    }
    return -1;
  }

  /// Begins a row, and takes a frame of it: the one at the slot if the row is that long.
  private int takeNewRow(int slot) {
    while (true) {
      int row = (int) ROWS.getVolatile(this);
      if (row == rowsMax) {
        return -1;
      }
      if (ROWS.compareAndSet(this, row, row + 1)) {
        int length = Math.min(frames - (row << ROW_SHIFT), ROW);
        long all = -1L >>> ROW - length;
        int mine = slot < length ? slot : 0;
        BITS.setVolatile(fresh, row, all);
        long others = all & ~(1L << mine);
        if (others != 0) {
          give(0, row, others);
        }
        return row << ROW_SHIFT | mine;
      }
    }
  }

  /// Takes one frame, if it is free.
  private boolean take(int rank) {
    int row = rank >>> ROW_SHIFT;
    long bit = 1L << rank;
    if (((long) BITS.getVolatile(free[0], row) & bit) == 0) {
      return false;
    }
    long old = (long) BITS.getAndBitwiseAnd(free[0], row, ~bit);
    if (old == bit) {
      emptied(0, row);
    }
    return (old & bit) != 0;
  }

  /// A word has no bit any more: nor has it one in the summary above.
  private void emptied(int below, int word) {
    int at = word;
    for (int level = below + 1; level < free.length; level++) {
      long bit = 1L << at;
      long old = (long) BITS.getAndBitwiseAnd(free[level], at >>> ROW_SHIFT, ~bit);
      if ((long) BITS.getVolatile(free[level - 1], at) != 0) {
        give(level, at >>> ROW_SHIFT, bit); // somebody gave one back meanwhile
        return;
      }
      if (old != bit) {
        return;
      }
      at >>>= ROW_SHIFT;
    }
  }

  /// Sets bits of a word, and what is above.
  private void give(int level, int word, long bits) {
    int at = word;
    long set = bits;
    for (int i = level; i < free.length; i++) {
      long old = (long) BITS.getAndBitwiseOr(free[i], at, set);
      if (old != 0) {
        return; // then it is set all the way up, or will be by who emptied it
      }
      set = 1L << at;
      at >>>= ROW_SHIFT;
    }
  }

  /// The first row from a number on in which a frame may be free, or -1.
  private int nextFree(int from) {
    int at = from;
    for (int level = 1; level < free.length; level++) {
      int word = at >>> ROW_SHIFT;
      long bits = word < free[level].length ? (long) BITS.getVolatile(free[level], word) : 0;
      bits &= -1L << at;
      if (bits != 0) {
        return rowBelow(level, word << ROW_SHIFT | Long.numberOfTrailingZeros(bits));
      }
      at = word + 1;
    }
    return free.length == 1 && from == 0 ? 0 : -1;
  }

  /// The first row in which a frame may be free, of those that a bit of a summary stands for.
  private int rowBelow(int level, int bit) {
    int at = bit;
    for (int below = level - 1; below > 0; below--) {
      long bits = (long) BITS.getVolatile(free[below], at);
      if (bits == 0) {
        emptied(below, at);
        return -1; // taken meanwhile; the caller looks again
      }
      at = at << ROW_SHIFT | Long.numberOfTrailingZeros(bits);
    }
    return at;
  }

  /// Gives a frame back. Nobody may use its memory from now on.
  ///
  /// @param frame number from [#alloc(boolean)]
  public void free(int frame) {
    if (POISONING) {
      frame(frame).fill(POISON);
    }
    int rank = firstOf(chunkOf(frame)) + (frame & IN_CHUNK);
    give(0, rank >>> ROW_SHIFT, 1L << rank);
    USED.getAndAdd(this, -1);
  }

  /// The chunk of memory that a frame lies in.
  ///
  /// @param frame number of a frame that is handed out
  /// @return a segment of many frames; see [#offsetInChunk(int)]
  public MemorySegment chunk(int frame) {
    int i = chunkOf(frame);
    MemorySegment chunk = (MemorySegment) CHUNK.getAcquire(chunks, i);
    return chunk != null ? chunk : takeChunk(i);
  }

  private MemorySegment takeChunk(int i) {
    int first = firstOf(i);
    int n = Math.min(firstOf(i + 1), frames) - first;
    long bytes = (long) n * FRAME_SIZE;
    MemorySegment fresh = bytes < HugePages.SIZE ? null : HugePages.allocate(bytes, arena);
    if (fresh == null) {
      fresh = arena.allocate(bytes, FRAME_SIZE);
    }
    MemorySegment other = (MemorySegment) CHUNK.compareAndExchange(chunks, i, null, fresh);
    if (other != null) {
      return other; // the loser's chunk is wasted: a rare, bounded race
    }
    return fresh;
  }

  /// Where in its chunk a frame begins.
  ///
  /// @param frame number of a frame
  /// @return bytes from the start of [#chunk(int)]
  public static int offsetInChunk(int frame) {
    return (frame & IN_CHUNK) << FRAME_SHIFT;
  }

  /// The memory of a frame.
  ///
  /// @param frame number of a frame that is handed out
  /// @return a new slice of [#FRAME_SIZE] bytes
  public MemorySegment frame(int frame) {
    return chunk(frame).asSlice(offsetInChunk(frame), FRAME_SIZE);
  }

  /// Where a frame is, in one number: 39..26 number of its chunk in [#chunks()], 25..0 byte in it.
  ///
  /// @param frame number of a frame
  /// @return a multiple of [#FRAME_SIZE], below 2 to the 40
  public static long placeOf(int frame) {
    return (long) frame << FRAME_SHIFT;
  }

  /// The number of the chunk that a frame lies in.
  ///
  /// @param frame number of a frame
  /// @return index in [#chunks()]
  public static int chunkOf(int frame) {
    return frame >>> LAST_SHIFT;
  }

  /// The chunks by number; those that no frame was taken from yet are missing.
  ///
  /// @return the pool's own table, for who has no time to call [#chunk(int)]; not to be changed
  public MemorySegment[] chunks() {
    return chunks;
  }

  private static int numberOf(int rank) {
    int chunk = chunkOfRank(rank);
    return chunk << LAST_SHIFT | rank - firstOf(chunk);
  }

  private static int chunkOfRank(int rank) {
    int i = rank >>> LAST_SHIFT;
    return i == 0
        ? Integer.SIZE - Integer.numberOfLeadingZeros(rank >>> FIRST_SHIFT)
        : GROWING + i;
  }

  /// Rank of the first frame of a chunk.
  private static int firstOf(int chunk) {
    return chunk > GROWING
        ? chunk - GROWING << LAST_SHIFT
        : 1 << FIRST_SHIFT + chunk >>> 1 & -(1 << FIRST_SHIFT);
  }

  /// Frames in the budget.
  ///
  /// @return a number that never changes
  public int frames() {
    return frames;
  }

  /// Frames handed out now.
  ///
  /// @return a number that may be old already
  public int used() {
    return (int) USED.getVolatile(this);
  }

  /// Frames that only write-out may take.
  ///
  /// @return a number that never changes
  public int reserve() {
    return reserve;
  }

  /// A promise that the memory stays where it is, for who accesses it by address: [#close()] gives
  /// it back when nobody can reach the promise any more.
  ///
  /// @return the same for all
  public Object lease() {
    Object fresh = new Object();
    Object other = leases.compareAndExchange(null, fresh);
    return other != null ? other : fresh;
  }

  /// Gives all memory back to the operating system; if it was leased, as soon as the garbage
  /// collector finds no holder of the lease. Every later access to a frame throws from then on.
  @Override
  public void close() {
    Object leased = leases.getAndSet(null);
    if (leased == null) {
      arena.close();
    } else {
      Arena last = arena; // not this pool, which may be reached for longer
      CLEANER.register(leased, last::close);
    }
  }
}
