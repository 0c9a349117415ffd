package org.pagewright.cache;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.sync.SchedulePoint;

/// The last write-out error of a file or a volume, told once to everybody who was there (R-H7).
///
/// Compare Linux's lib/errseq.c. Each open file keeps a sample; an error recorded later differs
/// from every sample, so each open file hears of it once, at its next check. Errors that nobody has
/// seen are seen by a file opened later, too. Lock-free; recording again while nobody looked costs
/// nothing.
///
///     value:  31..13 counter | 12 SEEN | 11..0 number of the errno, 0 if there never was an error
public final class ErrSeq {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(ErrSeq.class, "value", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final int ERRNO = 0xFFF;
  private static final int SEEN = 0x1000;
  private static final int COUNT_ONE = 0x2000;
  private static final @Nullable Errno[] BY_NUMBER = new @Nullable Errno[256];

  static {
    for (Errno errno : Errno.values()) {
      BY_NUMBER[errno.number()] = errno;
    }
  }

  @SuppressWarnings("unused") // through VALUE
  private volatile int value;

  /// No error yet.
  public ErrSeq() {}

  /// Records an error.
  ///
  /// @param errno what went wrong
  public void set(Errno errno) {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    while (true) {
      int old = (int) VALUE.getVolatile(this);
      int fresh = old & ~(ERRNO | SEEN) | errno.number();
      if ((old & SEEN) != 0) {
        fresh += COUNT_ONE; // somebody holds the old value as a sample: it must differ
      }
      if (fresh == old || VALUE.compareAndSet(this, old, fresh)) {
        return;
      }
    }
  }

  /// A sample for a file that is being opened.
  ///
  /// @return what to hand to [#checkSince(int)]; 0 if there is an error that nobody has seen
  public int sample() {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    int v = (int) VALUE.getVolatile(this);
    return (v & SEEN) != 0 ? v : 0;
  }

  /// The error recorded since a sample, without marking it seen.
  ///
  /// @param since a sample
  /// @return null if there was none
  public @Nullable Errno checkSince(int since) {
    SchedulePoint.reach(SchedulePoint.Kind.READ, this);
    int v = (int) VALUE.getVolatile(this);
    return differs(v, since) ? BY_NUMBER[v & ERRNO] : null;
  }

  /// Marks the present value seen and returns it: the sample to keep after [#checkSince(int)].
  ///
  /// @return a sample
  public int advance() {
    SchedulePoint.reach(SchedulePoint.Kind.ACCESS, this);
    while (true) {
      int v = (int) VALUE.getVolatile(this);
      if (v == 0 || (v & SEEN) != 0) {
        return v;
      }
      if (VALUE.compareAndSet(this, v, v | SEEN)) {
        return v | SEEN;
      }
    }
  }

  /// The error a sample does not know of, of a value that [#advance()] returned.
  ///
  /// @param now a value from [#advance()]
  /// @param since the sample kept until then
  /// @return null if there is none
  public static @Nullable Errno between(int now, int since) {
    return differs(now, since) ? BY_NUMBER[now & ERRNO] : null;
  }

  private static boolean differs(int now, int since) {
    return (now & ~SEEN) != (since & ~SEEN);
  }
}
