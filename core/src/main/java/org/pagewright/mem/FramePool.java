package org.pagewright.mem;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.os.HugePages;

/// The memory of a cache: frames of [#FRAME_SIZE] bytes, up to a hard budget, in one arena.
///
/// Memory is taken from the arena a chunk at a time, when it is first needed, and never given back
/// before [#close()]; [#alloc(boolean)] and [#free(int)] are lock-free. A frame is zeroed when it
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
/// are counted without them, in the order in which they are first handed out: their ranks.
///
/// The free frames form a stack of ranks. Its head carries a count of changes, so that a thread
/// that slept between reading the head and swapping it does not mistake a head that left and came
/// back for the same stack:
///
///     head:  63..32 changes | 31..0 rank of the top frame + 1, 0 if empty
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

  private static final VarHandle HEAD;
  private static final VarHandle CARVED;
  private static final VarHandle USED;
  private static final VarHandle CHUNK = MethodHandles.arrayElementVarHandle(MemorySegment[].class);
  private static final VarHandle NEXT = MethodHandles.arrayElementVarHandle(int[].class);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(FramePool.class, "head", long.class);
      CARVED = lookup.findVarHandle(FramePool.class, "carved", int.class);
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
  private final int[] next;

  @SuppressWarnings("unused") // through HEAD
  private volatile long head;

  @SuppressWarnings("unused") // through CARVED: frames ever handed out, all below this number
  private volatile int carved;

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
    next = new int[frames];
  }

  /// Takes a frame, zeroed.
  ///
  /// @param fromReserve true for write-out, which may use the last frames too
  /// @return number of the frame, or -1 if none is free
  public int alloc(boolean fromReserve) {
    int u = (int) USED.getAndAdd(this, 1);
    if (u >= (fromReserve ? frames : frames - reserve)) {
      USED.getAndAdd(this, -1);
      return -1;
    }
    // Counted in: a frame is free or uncarved for us, though another thread may be between its
    // count and its push; then we look again.
    while (true) {
      long h = (long) HEAD.getVolatile(this);
      int top = (int) h - 1;
      if (top >= 0) {
        int below = (int) NEXT.getVolatile(next, top);
        if (HEAD.compareAndSet(this, h, ((h >>> 32) + 1 << 32) | Integer.toUnsignedLong(below))) {
          int frame = numberOf(top);
          frame(frame).fill((byte) 0);
          return frame;
        }
        continue;
      }
      int c = (int) CARVED.getVolatile(this);
      if (c < frames) {
        if (CARVED.compareAndSet(this, c, c + 1)) {
          int frame = numberOf(c);
          chunk(frame); // fresh from the arena: zero already
          return frame;
        }
        continue;
      }
      Thread.onSpinWait();
    }
  }

  /// Gives a frame back. Nobody may use its memory from now on.
  ///
  /// @param frame number from [#alloc(boolean)]
  public void free(int frame) {
    if (POISONING) {
      frame(frame).fill(POISON);
    }
    int rank = firstOf(chunkOf(frame)) + (frame & IN_CHUNK);
    while (true) {
      long h = (long) HEAD.getVolatile(this);
      NEXT.setVolatile(next, rank, (int) h);
      if (HEAD.compareAndSet(this, h, ((h >>> 32) + 1 << 32) | (rank + 1L))) {
        break;
      }
    }
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
