package org.pagewright.sync;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The places at which a schedule explorer may switch threads, and the one place where threads
/// park.
///
/// In production this is nothing: [#ENABLED] is a constant, so the compiler drops every call. With
/// the system property `pagewright.explore` set, an explorer installs itself as the [Explorer] and
/// decides at each point which thread goes on. Code calls [#reach(Kind, Object)] at each access to
/// shared state that a lock does not order.
public final class SchedulePoint {

  /// What is about to happen.
  public enum Kind {
    /// A lock is about to be taken, by waiting if need be.
    LOCK,
    /// A lock is about to be shared, by waiting if need be.
    LOCK_SHARED,
    /// A lock is about to be taken or shared if that needs no waiting.
    TRY_LOCK,
    /// A lock was given back.
    UNLOCK,
    /// A thread is about to wait.
    WAIT,
    /// Waiters are about to be woken.
    WAKE,
    /// A piece of a copy between a source and a folio was done.
    COPY,
    /// A source is about to be made resident.
    FAULT_IN,
    /// A folio's content is about to be read from its store.
    FILL_START,
    /// A folio's content has arrived, or failed to.
    FILL_END,
    /// A folio is about to be marked clean for write-out.
    CLEAR_DIRTY,
    /// A folio's write-out starts.
    WRITEBACK_START,
    /// A folio's write-out has ended.
    WRITEBACK_END,
    /// One step of a truncation.
    TRUNCATE,
    /// A folio is about to be evicted.
    EVICT,
    /// An access to a mapping found no entry that allows it.
    FAULT,
    /// A file system is about to be asked whether a mapped folio may be stored to.
    MKWRITE,
    /// Stores through entries that were taken away are about to be waited for.
    SHOOTDOWN,
    /// A request goes to a device.
    SUBMIT,
    /// A request came back from a device.
    COMPLETE,
    /// Shared state is about to be read without a lock.
    READ,
    /// Shared state is about to be changed, where others may look without a lock.
    ACCESS
  }

  /// What a thread has of an object until it gives it back.
  public enum Hold {
    /// A lock, alone.
    EXCLUSIVE,
    /// A lock, with others.
    SHARED,
    /// A reference that keeps the object.
    REFERENCE
  }

  /// Decides who goes on; see the class comment.
  public interface Explorer {
    /// A thread has reached a point.
    ///
    /// @param kind what is about to happen
    /// @param subject the lock, folio or other object concerned
    void reach(Kind kind, @Nullable Object subject);

    /// The step under way reads or changes an object, besides the one it began with.
    ///
    /// @param subject the object
    /// @param write whether it may change
    void touch(Object subject, boolean write);

    /// The step under way reads or changes memory that files share.
    ///
    /// @param address of a byte; all bytes of its page count as one object
    /// @param write whether they may change
    void touchMemory(long address, boolean write);

    /// A thread has got something that it is to give back.
    ///
    /// @param what the lock or other object
    /// @param hold how it has it
    void took(Object what, Hold hold);

    /// Something was given back, maybe by another thread than the one that took it.
    ///
    /// @param what the lock or other object
    /// @param hold how it was held
    void gave(Object what, Hold hold);

    /// A lock that this thread holds alone belongs to an I/O from now on.
    ///
    /// @param what the lock
    void handed(Object what);

    /// A thread of the code under test is to start.
    ///
    /// @param name what to call it
    /// @param daemon whether it serves others for as long as they like, and never ends by itself
    /// @param body what it does
    /// @return false if the caller is none of the explorer's and has to start a thread by itself
    boolean spawn(String name, boolean daemon, Runnable body);

    /// A thread wants to park.
    ///
    /// @param blocker what it waits for
    /// @param nanos longest time in nanoseconds, or 0 for no limit
    /// @return false if the thread is none of the explorer's and has to park by itself
    boolean park(Object blocker, long nanos);

    /// A thread spins: it goes on when another step has changed an object.
    ///
    /// @param blocker the object, which it has just looked at
    /// @return false if the thread is none of the explorer's and has to spin by itself
    boolean spin(Object blocker);

    /// A thread may go on.
    ///
    /// @param thread whom to wake
    /// @return false if the thread is none of the explorer's
    boolean unpark(Thread thread);
  }

  /// Whether an explorer may be installed in this JVM.
  public static final boolean ENABLED = Boolean.getBoolean("pagewright.explore");

  private static volatile @Nullable Explorer explorer;

  private SchedulePoint() {}

  /// Installs or removes the explorer. Only where [#ENABLED].
  ///
  /// @param explorer who decides from now on, or null
  /// @throws IllegalStateException if the JVM was not started for it
  public static void install(@Nullable Explorer explorer) {
    if (!ENABLED) {
      throw new IllegalStateException("start the JVM with -Dpagewright.explore=true");
    }
    SchedulePoint.explorer = explorer;
  }

  /// Marks a point.
  ///
  /// @param kind what is about to happen
  /// @param subject the object concerned
  public static void reach(Kind kind, @Nullable Object subject) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null) {
        e.reach(kind, subject);
      }
    }
  }

  /// Says that the step under way reads or changes an object, where no choice is needed: under a
  /// lock that orders it, or so close to a point that nothing can come between. An explorer takes
  /// two steps that touch different objects for independent of each other.
  ///
  /// @param subject the object
  /// @param write whether it may change
  public static void touch(Object subject, boolean write) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null) {
        e.touch(subject, write);
      }
    }
  }

  /// Says that the step under way reads or changes memory that files share: the bytes of a folio,
  /// which an I/O knows by their address only. On the heap is nothing but callers' memory.
  ///
  /// @param segment where it lies
  /// @param offset of a byte; all bytes of its page count as one object
  /// @param write whether they may change
  public static void touchMemory(MemorySegment segment, long offset, boolean write) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null && segment.isNative()) {
        e.touchMemory(segment.address() + offset, write);
      }
    }
  }

  /// Says that this thread has got something it is to give back.
  ///
  /// @param what the lock or other object
  /// @param hold how it has it
  public static void took(Object what, Hold hold) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null) {
        e.took(what, hold);
      }
    }
  }

  /// Says that something was given back; before anybody is woken for it.
  ///
  /// @param what the lock or other object
  /// @param hold how it was held
  public static void gave(Object what, Hold hold) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null) {
        e.gave(what, hold);
      }
    }
  }

  /// Says that a lock which this thread holds alone belongs to an I/O from now on.
  ///
  /// @param what the lock
  public static void handed(Object what) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null) {
        e.handed(what);
      }
    }
  }

  /// Waits a moment for a thread that is in the middle of something short and does not wait itself.
  /// For the body of a loop that looks again.
  ///
  /// @param blocker what that thread is at
  public static void spin(Object blocker) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null && e.spin(blocker)) {
        return;
      }
    }
    Thread.onSpinWait();
  }

  /// Starts a thread of the explorer's, if the caller is one. Whoever starts threads asks here
  /// first, so that an explorer switches those, too.
  ///
  /// @param name what to call it
  /// @param daemon whether it serves others for as long as they like, and never ends by itself
  /// @param body what it does
  /// @return false, always in production: start a thread
  public static boolean spawn(String name, boolean daemon, Runnable body) {
    if (ENABLED) {
      Explorer e = explorer;
      return e != null && e.spawn(name, daemon, body);
    }
    return false;
  }

  static void park(Object blocker, long nanos) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null && e.park(blocker, nanos)) {
        return;
      }
    }
    if (nanos > 0) {
      LockSupport.parkNanos(blocker, nanos);
    } else {
      LockSupport.park(blocker);
    }
  }

  static void unpark(Thread thread) {
    if (ENABLED) {
      Explorer e = explorer;
      if (e != null && e.unpark(thread)) {
        return;
      }
    }
    LockSupport.unpark(thread);
  }
}
