package org.pagewright.cache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.pagewright.iov.IovIter;
import org.pagewright.mem.FramePool;
import org.pagewright.sync.SchedulePoint;

/// Reads and overwrites of bytes that are in memory, for one word and a copy each.
///
/// Where a random access goes, little else is in the processor's caches: each further thing it has
/// to look at is a miss, one after the other, before the copy can begin, and each atomic operation
/// waits for the stores of the copy before it. A folio's look word (see [Folio]) has all that an
/// access must know, next to those of its neighbours, and names the frame; so there is one miss
/// besides those of the bytes, no atomic operation on a read, and one on an overwrite.
///
///     copyOut                               overwrite
///     word: READABLE, even, not MARKED?     word: READABLE, OPEN, even, not MARKED?
///     size (R-B12)                          compare-and-set: odd     no reader, no cleaner and
///     copy                                  copy                     no eviction meanwhile
///     word: same sequence, frame?           word: even again
///
/// Either says -1 if it cannot, with nothing done; then the long way is to be taken
/// (`filemap.GenericRead`, `filemap.GenericWrite`), which can everything.
///
/// ## Why the frame is guessed
///
/// Where a read goes at random, the word comes from a cache of the processor that is far away, and
/// until it is there nobody knows where the bytes are: two waits, one after the other. So a read
/// has a guess at the frame, from a table that is always near (see [FolioIndex]). The word decides,
/// as before; but the branch that finds the guess right is foreseen by the processor, which goes
/// on to fetch the bytes while the word is still under way. That is why [#copyOut] has the same
/// call twice: in one the place comes from the guess, in the other from the word. Guesses are right
/// because new folios are given frames that make them so (see [FramePool]); where free frames lie
/// scattered they are mostly wrong, and a read waits as it would without them.
///
/// An overwrite gains nothing by it: nothing passes its compare-and-set.
///
/// ## Why an overwrite needs no folio lock
///
/// The file system has opened the folio ([Folio#openForOverwrite()]): while it stays dirty, a write
/// into it changes bytes and nothing else: no block, no reservation, no size, no count. INODE keeps
/// away truncation and other writers of several folios; who would clean, detach or change the folio
/// under its lock closes it first and waits for the overwriter inside. The overwriter never waits
/// for anything while the word is odd: its copy is atomic (R-A1, R-A5), so that wait is short.
///
/// The overwriter ends with a plain store. That it is not lost: while the word is odd and OPEN,
/// nobody else stores to it except hints by compare-and-set, and a lost hint is a lost hint.
public final class FastPath {
  private static final VarHandle LOOK = MethodHandles.arrayElementVarHandle(long[].class);

  private FastPath() {}

  /// Copies bytes of one folio out of the cache. No lock, no allocation.
  ///
  /// @param mapping the file; it may be closed or go away meanwhile
  /// @param at first byte in the file
  /// @param wanted most bytes to copy; those beyond the end of the folio are left
  /// @param segment where to; null if `array` is given
  /// @param array where to; null if `segment` is given
  /// @param offset first byte in the target
  /// @return bytes copied, less than wanted only at the end of the folio or of the file; -1 if the
  ///     long way is to be taken, as with nothing wanted or nonsense
  public static int copyOut(
      AddressSpace mapping,
      long at,
      long wanted,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    long index = AddressSpace.indexOf(at);
    long[] looks = mapping.looks(index);
    if (looks == null) {
      return -1;
    }
    int slot = FolioIndex.slotIn(looks, index);
    int guess = mapping.guessFrame(index);
    SchedulePoint.reach(SchedulePoint.Kind.READ, looks);
    long w = (long) LOOK.getAcquire(looks, slot);
    if ((w & (Folio.READABLE | Folio.CHANGING | Folio.MARKED)) != Folio.READABLE) {
      return -1;
    }
    int in = (int) at & AddressSpace.FOLIO_SIZE - 1;
    int n = (int) wanted;
    if (wanted > AddressSpace.FOLIO_SIZE - in || wanted > mapping.size() - at) { // R-B12
      n = (int) Math.min(Math.min(wanted, AddressSpace.FOLIO_SIZE - in), mapping.size() - at);
    }
    if (n <= 0) {
      return -1;
    }
    int frame = (int) (w & Folio.FRAME);
    SchedulePoint.reach(SchedulePoint.Kind.COPY, looks);
    int first = 0;
    if (SchedulePoint.ENABLED) { // who explores sees that a copy takes its time
      first = n / 2;
      take(mapping, frame, in, first, segment, array, offset);
      SchedulePoint.reach(SchedulePoint.Kind.COPY, looks);
    }
    if (frame == guess) { // the bytes may be under way already, see above
      take(mapping, guess, in + first, n - first, segment, array, offset + first);
    } else {
      take(mapping, frame, in + first, n - first, segment, array, offset + first);
    }
    SchedulePoint.reach(SchedulePoint.Kind.READ, looks);
    VarHandle.loadLoadFence(); // the copy comes before the second look
    long again = (long) LOOK.getAcquire(looks, slot);
    long differs = (w | Folio.FREQ) ^ again; // nothing, as a rule: used often, and not changed
    if ((differs & (Folio.STABLE | Folio.FREQ)) != 0) {
      if ((differs & Folio.STABLE) != 0) {
        return -1;
      }
      SchedulePoint.touch(looks, true);
      LOOK.weakCompareAndSetPlain(looks, slot, again, again + Folio.FREQ_ONE);
    }
    return n;
  }

  /// Overwrites bytes of one folio in the cache. INODE held exclusive, the range inside the size.
  ///
  /// @param mapping the file
  /// @param at first byte in the file
  /// @param length bytes; all in one folio
  /// @param iter where they come from, advanced by what was copied; null if one of the next is
  /// given
  /// @param segment where they come from
  /// @param array where they come from
  /// @param offset the first byte in the segment or the array
  /// @return bytes copied, less than `length` if the source is not resident further; -1 if the long
  ///     way is to be taken
  public static int overwrite(
      AddressSpace mapping,
      long at,
      int length,
      @Nullable IovIter iter,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    long index = AddressSpace.indexOf(at);
    long[] looks = mapping.looks(index);
    if (looks == null) {
      return -1;
    }
    int slot = FolioIndex.slotIn(looks, index);
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
    long w = (long) LOOK.getAcquire(looks, slot);
    long asked = Folio.READABLE | Folio.OPEN;
    if ((w & (asked | Folio.CHANGING | Folio.MARKED)) != asked
        || !LOOK.compareAndSet(looks, slot, w, w + Folio.CHANGING)) {
      return -1;
    }
    int frame = (int) (w & Folio.FRAME);
    try {
      MemorySegment chunk = mapping.chunkOf(frame);
      long to = FramePool.offsetInChunk(frame) + (at & (AddressSpace.FOLIO_SIZE - 1));
      SchedulePoint.reach(SchedulePoint.Kind.COPY, looks);
      int first = 0;
      if (SchedulePoint.ENABLED && (iter == null || iter.isAlwaysResident())) {
        int done = put(chunk, to, length / 2, iter, segment, array, offset);
        if (done < length / 2) {
          return done;
        }
        first = done;
        SchedulePoint.reach(SchedulePoint.Kind.COPY, looks);
      }
      return first + put(chunk, to + first, length - first, iter, segment, array, offset + first);
    } catch (IllegalStateException | WrongThreadException e) {
      return -1; // the source is closed, or not this thread's: the long way says so
    } finally {
      SchedulePoint.reach(SchedulePoint.Kind.ACCESS, looks);
      long used = (w & Folio.FREQ) == Folio.FREQ ? 0 : Folio.FREQ_ONE;
      LOOK.setRelease(looks, slot, w + Folio.CHANGED + used);
    }
  }

  private static void take(
      AddressSpace mapping,
      int frame,
      int in,
      int n,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    MemorySegment chunk = mapping.chunkOf(frame);
    long from = FramePool.offsetInChunk(frame) + in;
    SchedulePoint.touchMemory(chunk, from, false);
    if (array != null) {
      MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, from, array, (int) offset, n);
    } else if (segment != null) {
      MemorySegment.copy(chunk, from, segment, offset, n);
    }
  }

  /// Returns the bytes copied.
  private static int put(
      MemorySegment chunk,
      long to,
      int n,
      @Nullable IovIter iter,
      @Nullable MemorySegment segment,
      byte @Nullable [] array,
      long offset) {
    SchedulePoint.touchMemory(chunk, to, true);
    if (segment != null) {
      MemorySegment.copy(segment, offset, chunk, to, n);
    } else if (array != null) {
      MemorySegment.copy(array, (int) offset, chunk, ValueLayout.JAVA_BYTE, to, n);
    } else if (iter != null) {
      return iter.copyAtomic(chunk, to, n);
    }
    return n;
  }
}
