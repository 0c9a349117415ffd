package org.pagewright.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pagewright.os.Membarrier;
import org.pagewright.sync.SchedulePoint;

/// Stores under way, and who waits for them: a thread that stores through an entry says so in a
/// slot of its own; who has taken the entry away looks at all slots.
///
///     store                               shootdown
///     slot = page           opaque        entry: WRITE taken away
///     (fence, or nothing)                 membarrier, or fence
///     entry: WRITE?         else fault    each slot that says page: wait until it says another
///     bytes
///     slot = 0              release
///
/// One of the two sees the other, if the processor keeps the first store and the load of the entry
/// in order. That costs a full fence, 20 ns, on each store; or nothing, if the shootdown has every
/// processor pass one with membarrier(2) ([Membarrier]). The fence between the two lines on the
/// left is then one for the compiler only.
///
/// A page number is that of no other area of this process, so a shootdown waits for the stores to
/// its own pages and for no others. It waits for stores only, which never wait themselves: loads
/// look at the entry twice instead (see [MappedRegion]).
///
/// Slots are for ever those of one thread, virtual or not; those of threads that have ended are
/// found when the table is full, and it grows only if there are not enough.
final class Announcements {
  /// Whether a store may leave out the fence.
  static final boolean ASYMMETRIC = Membarrier.AVAILABLE && !SchedulePoint.ENABLED;

  private static final int OWNER = 0; // number of the thread
  private static final int PAGE = 12; // far from the slots of others on both sides
  private static final int LENGTH = 24;
  private static final int NEAR = 1024;
  private static final int SPINS = 256;

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle NEAR_SLOT = MethodHandles.arrayElementVarHandle(long[][].class);

  /// Slots by number of thread, where two threads do not want the same place: found faster than
  /// through a ThreadLocal.
  private static final long[][] near = new long[NEAR][];

  private static final ThreadLocal<long[]> MINE = new ThreadLocal<>();

  private record Owned(WeakReference<Thread> thread, long[] slot) {
    boolean isOver() {
      Thread t = thread.get();
      return t == null || !t.isAlive();
    }
  }

  /// Never changed, only replaced.
  private static final AtomicReference<@Nullable Owned[]> ALL =
      new AtomicReference<>(new @Nullable Owned[16]);

  private Announcements() {}

  /// The slot of this thread.
  static long[] mine() {
    Thread thread = Thread.currentThread();
    long number = thread.threadId();
    long[] slot = near[(int) number & (NEAR - 1)];
    return slot != null && slot[OWNER] == number ? slot : mineSlow(thread, number);
  }

  private static long[] mineSlow(Thread thread, long number) {
    long[] slot = MINE.get();
    if (slot == null) {
      slot = new long[LENGTH];
      slot[OWNER] = number;
      register(new Owned(new WeakReference<>(thread), slot));
      MINE.set(slot);
    }
    NEAR_SLOT.setRelease(near, (int) number & (NEAR - 1), slot);
    return slot;
  }

  /// Enters a slot. No lock, so that a schedule explorer sees no difference between a thread that
  /// is new and one that has a slot since the schedule before.
  private static void register(Owned owned) {
    while (true) {
      @Nullable Owned[] table = ALL.get();
      @Nullable Owned[] fresh = Arrays.copyOf(table, table.length);
      int free = free(fresh);
      if (free < 0) {
        int left = 0;
        for (int i = 0; i < fresh.length; i++) {
          Owned o = fresh[i];
          if (o != null && o.isOver()) {
            fresh[i] = null;
          }
          left += fresh[i] != null ? 1 : 0;
        }
        fresh = 2 * left > fresh.length ? Arrays.copyOf(fresh, 2 * fresh.length) : fresh;
        free = free(fresh);
      }
      fresh[free] = owned;
      if (ALL.compareAndSet(table, fresh)) {
        break;
      }
    }
    VarHandle.fullFence(); // a shootdown that does not see the slot was before our first look
  }

  private static int free(@Nullable Owned[] table) {
    for (int i = 0; i < table.length; i++) {
      if (table[i] == null) {
        return i;
      }
    }
    return -1;
  }

  /// Announces a store. Between this and [#end] the thread waits for nothing.
  ///
  /// @param slot from [#mine()]
  /// @param page not 0
  static void begin(long[] slot, long page) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, slot);
    SLOT.setOpaque(slot, PAGE, page);
    if (ASYMMETRIC) {
      VarHandle.acquireFence(); // no instruction; the compiler keeps what follows behind it
    } else {
      VarHandle.fullFence();
    }
  }

  /// The store has happened, or will not.
  static void end(long[] slot) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, slot);
    SLOT.setRelease(slot, PAGE, 0L);
  }

  /// Waits for the stores to some pages that found their entries as they were before the caller
  /// changed them. Short: a store never waits.
  ///
  /// @param ranges pairs of first and last page
  /// @param count how many numbers of it
  static void await(long[] ranges, int count) {
    SchedulePoint.reach(SchedulePoint.Kind.SHOOTDOWN, ALL);
    if (ASYMMETRIC) {
      Membarrier.issue();
    } else {
      VarHandle.fullFence();
    }
    for (Owned owned : ALL.get()) {
      if (owned != null) {
        await(owned.slot, ranges, count);
      }
    }
  }

  private static void await(long[] slot, long[] ranges, int count) {
    long page = page(slot);
    if (page == 0 || !isIn(page, ranges, count)) {
      return;
    }
    for (int i = 1; page(slot) == page; i++) {
      if (i % SPINS == 0) {
        Thread.yield(); // it was preempted in the middle of its store
      } else {
        SchedulePoint.spin(slot);
      }
    }
  }

  private static long page(long[] slot) {
    SchedulePoint.touch(slot, false);
    return (long) SLOT.getAcquire(slot, PAGE);
  }

  private static boolean isIn(long page, long[] ranges, int count) {
    for (int i = 0; i < count; i += 2) {
      if (page >= ranges[i] && page <= ranges[i + 1]) {
        return true;
      }
    }
    return false;
  }
}
