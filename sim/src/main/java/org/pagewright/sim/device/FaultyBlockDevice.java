package org.pagewright.sim.device;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Fails chosen requests and passes the others to the device below.
///
/// A failed request does not reach the device below at all: a failed write leaves the old content,
/// a failed read leaves the memory as it was. Faults add up; a request fails by the first that
/// fits. Requests are numbered from 1 per kind, in the order of submission, counted from the start
/// or the last [#reset()].
///
/// ```
/// for (long n = 1; ; n++) {
///   device.reset();
///   device.failNth(Kind.WRITE, n, Errno.EIO);
///   try { operation(); } catch (FsException e) { ... }
///   device.heal();
///   check(image);
///   if (device.faults() == 0) break;      // the operation made fewer than n writes
/// }
/// ```
public final class FaultyBlockDevice extends StackedBlockDevice {
  /// What requests are told apart by.
  public enum Kind {
    /// READ requests.
    READ,
    /// WRITE requests.
    WRITE,
    /// FLUSH requests, and writes with PREFLUSH or FUA, which then count as both.
    FLUSH
  }

  /// Requests `first` to `last` of a kind that touch bytes `begin` to `end` (not included).
  private record Fault(Kind kind, long first, long last, long begin, long end, Errno errno) {
    boolean fits(Kind kind, long number, Bio bio) {
      boolean anywhere = begin == 0 && end == Long.MAX_VALUE; // fits a flush too
      return this.kind == kind
          && first <= number
          && number <= last
          && (anywhere || (bio.pos() < end && begin < bio.pos() + bio.length()));
    }
  }

  private final List<Fault> plan = new CopyOnWriteArrayList<>();
  private final AtomicLong faults = new AtomicLong();
  private final AtomicLong[] numbers = {new AtomicLong(), new AtomicLong(), new AtomicLong()};

  /// Without any fault yet.
  ///
  /// @param device the device below; closed with this one
  public FaultyBlockDevice(BlockDevice device) {
    super(device);
  }

  /// Fails one request.
  ///
  /// @param kind of which kind
  /// @param number 1 for the first since the start or the last [#reset()]
  /// @param errno what it ends with
  public void failNth(Kind kind, long number, Errno errno) {
    plan.add(new Fault(kind, number, number, 0, Long.MAX_VALUE, errno));
  }

  /// Fails one request with EIO.
  ///
  /// @param kind of which kind
  /// @param number 1 for the first since the start or the last [#reset()]
  public void failNth(Kind kind, long number) {
    failNth(kind, number, Errno.EIO);
  }

  /// Fails a request and all after it, until [#heal()]: a device that died.
  ///
  /// @param kind of which kind
  /// @param number 1 for the first since the start or the last [#reset()]
  /// @param errno what they end with
  public void failFrom(Kind kind, long number, Errno errno) {
    plan.add(new Fault(kind, number, Long.MAX_VALUE, 0, Long.MAX_VALUE, errno));
  }

  /// Fails every request that touches a range, until [#heal()]: bad sectors.
  ///
  /// @param kind READ or WRITE
  /// @param pos first bad byte
  /// @param length number of bad bytes
  /// @param errno what they end with
  public void failRange(Kind kind, long pos, long length, Errno errno) {
    plan.add(new Fault(kind, 1, Long.MAX_VALUE, pos, pos + length, errno));
  }

  /// Forgets all planned faults; the counts go on.
  public void heal() {
    plan.clear();
  }

  /// Forgets all planned faults and counts.
  public void reset() {
    heal();
    faults.set(0);
    for (AtomicLong number : numbers) {
      number.set(0);
    }
  }

  /// Number of requests that were made to fail.
  ///
  /// @return requests since the start or the last [#reset()]
  public long faults() {
    return faults.get();
  }

  /// Number of requests of a kind, failed ones included.
  ///
  /// @param kind which
  /// @return requests since the start or the last [#reset()]
  public long requests(Kind kind) {
    return numbers[kind.ordinal()].get();
  }

  @Override
  public void submit(Bio bio) {
    Errno errno =
        switch (bio.op()) {
          case READ -> next(Kind.READ, bio);
          case FLUSH -> next(Kind.FLUSH, bio);
          case WRITE -> {
            Errno asWrite = next(Kind.WRITE, bio);
            boolean flushes = (bio.flags() & (Bio.PREFLUSH | Bio.FUA)) != 0;
            Errno asFlush = flushes ? next(Kind.FLUSH, bio) : null;
            yield asWrite != null ? asWrite : asFlush;
          }
        };
    if (errno != null) {
      faults.incrementAndGet();
      bio.end(new FsException(errno, name() + ": " + bio + " made to fail"));
      return;
    }
    below().submit(bio);
  }

  private @Nullable Errno next(Kind kind, Bio bio) {
    long number = numbers[kind.ordinal()].incrementAndGet();
    for (Fault fault : plan) {
      if (fault.fits(kind, number, bio)) {
        return fault.errno();
      }
    }
    return null;
  }
}
