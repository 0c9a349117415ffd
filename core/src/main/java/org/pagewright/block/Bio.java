package org.pagewright.block;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.DeviceStats;
import org.pagewright.stats.Trace;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.WaitQueue;

/// One request to a [BlockDevice]: a contiguous range of the device, and the memory for it.
///
/// Named after Linux's `struct bio`. The memory may be scattered over several segments; their sizes
/// add up to the length. The memory belongs to the device from [BlockDevice#submit(Bio)] until
/// completion. Completion runs on any thread, holds no lock, and must not block.
public final class Bio {
  /// What the request does.
  public enum Op {
    /// Device to memory.
    READ,
    /// Memory to device.
    WRITE,
    /// Everything completed before becomes durable; no memory.
    FLUSH
  }

  /// Called once, when the request has ended.
  public interface Completion {
    /// The request has ended.
    ///
    /// @param bio the request
    /// @param error null on success
    void ended(Bio bio, @Nullable FsException error);
  }

  /// Flag: this write itself is durable when it completes.
  public static final int FUA = 1;

  /// Flag: flush the device before this write starts.
  public static final int PREFLUSH = 2;

  private final Op op;
  private final long pos;
  private final int flags;
  private final List<MemorySegment> segments;
  private long length;
  private @Nullable Completion completion;
  private @Nullable Object context;
  private long submitted; // by the clock of System.nanoTime
  private @Nullable DeviceRequestEvent event;

  private Bio(Op op, long pos, int flags, List<MemorySegment> segments, long length) {
    this.op = op;
    this.pos = pos;
    this.flags = flags;
    this.segments = segments;
    this.length = length;
  }

  /// A request without memory yet; add it with [#add(MemorySegment)].
  ///
  /// @param op what to do
  /// @param pos byte on the device
  /// @param flags FUA and PREFLUSH, or 0
  /// @return a new request
  public static Bio of(Op op, long pos, int flags) {
    return new Bio(op, pos, flags, new ArrayList<>(4), 0);
  }

  /// A read into one segment.
  ///
  /// @param pos byte on the device
  /// @param target memory to fill
  /// @return a new request
  public static Bio read(long pos, MemorySegment target) {
    return of(Op.READ, pos, 0).add(target);
  }

  /// A write from one segment.
  ///
  /// @param pos byte on the device
  /// @param source memory to write
  /// @return a new request
  public static Bio write(long pos, MemorySegment source) {
    return of(Op.WRITE, pos, 0).add(source);
  }

  /// A flush.
  ///
  /// @return a new request
  public static Bio flush() {
    return of(Op.FLUSH, 0, 0);
  }

  /// The same request with the same memory at another place, for a device that passes requests on
  /// to one below it. It has no completion of its own yet; the memory list is shared, so neither
  /// of the two may grow from now on.
  ///
  /// Compare Linux's block/bio.c:bio_alloc_clone().
  ///
  /// @param pos byte on the device below
  /// @return a new request
  public Bio cloneAt(long pos) {
    return new Bio(op, pos, flags, segments, length);
  }

  /// Appends memory to the end of the range.
  ///
  /// @param segment memory; the caller keeps it alive until completion
  /// @return this
  public Bio add(MemorySegment segment) {
    segments.add(segment);
    length += segment.byteSize();
    return this;
  }

  /// Sets what runs at the end.
  ///
  /// @param completion called once, by any thread
  /// @param context anything the completion needs; see [#context()]
  /// @return this
  public Bio whenEnded(Completion completion, @Nullable Object context) {
    this.completion = completion;
    this.context = context;
    return this;
  }

  /// What the request does.
  ///
  /// @return the operation
  public Op op() {
    return op;
  }

  /// First byte on the device.
  ///
  /// @return bytes from the start of the device
  public long pos() {
    return pos;
  }

  /// Length in bytes.
  ///
  /// @return the sum of the segments' sizes
  public long length() {
    return length;
  }

  /// FUA and PREFLUSH.
  ///
  /// @return a bit set
  public int flags() {
    return flags;
  }

  /// The memory, in order of device position. Owned by the bio: not to be changed.
  ///
  /// @return a live list
  public List<MemorySegment> segments() {
    return segments;
  }

  /// What [#whenEnded] was given.
  ///
  /// @return the context
  public @Nullable Object context() {
    return context;
  }

  /// Called by a device before it touches the memory: throws unless the thread that will do so can.
  /// It cannot when the memory is confined to another thread, was given back, or is read-only and
  /// the request a read.
  ///
  /// @param device for the message
  /// @param user the thread that will read or fill the memory
  /// @throws FsException EFAULT
  public void checkMemory(BlockDevice device, Thread user) throws FsException {
    for (int i = 0; i < segments.size(); i++) {
      MemorySegment segment = segments.get(i);
      String why;
      if (!segment.scope().isAlive()) {
        why = "was given back already";
      } else if (!segment.isAccessibleBy(user)) {
        why = "belongs to one thread only; use a shared arena";
      } else if (op == Op.READ && segment.isReadOnly()) {
        why = "is read-only";
      } else {
        continue;
      }
      throw new FsException(Errno.EFAULT, device.name() + ": " + this + ": memory " + why);
    }
  }

  /// Called by a device that measures: the time of the request begins.
  void begin() {
    submitted = System.nanoTime();
    if (Trace.isOn()) {
      DeviceRequestEvent started = new DeviceRequestEvent();
      started.begin();
      event = started;
    }
  }

  /// Called by a device that measures: the request is about to end.
  void measure(BlockDevice device, DeviceStats stats, @Nullable FsException error) {
    long nanos = System.nanoTime() - submitted;
    if (error != null) {
      stats.failed();
    } else {
      switch (op) {
        case READ -> stats.read(nanos, length);
        case WRITE -> stats.written(nanos, length);
        case FLUSH -> stats.flushed(nanos);
      }
    }
    if (event != null) {
      event.ended(device, this, error);
    }
  }

  /// Called by a device, once, when the request has ended.
  ///
  /// @param error null on success
  public void end(@Nullable FsException error) {
    SchedulePoint.reach(SchedulePoint.Kind.COMPLETE, this);
    Completion c = completion;
    if (c != null) {
      c.ended(this, error);
    }
  }

  /// Submits and waits; an interrupt does not end the wait but is kept for the caller to see.
  ///
  /// @param device where to
  /// @throws FsException what the device said
  public void submitAndWait(BlockDevice device) throws FsException {
    Waiter waiter = new Waiter();
    whenEnded(waiter, null);
    device.submit(this);
    waiter.await();
  }

  /// The request for messages: `write of 4096 bytes at byte 8192`.
  ///
  /// @return operation, length and place
  @Override
  public String toString() {
    return switch (op) {
      case READ -> "read of " + length + " bytes at byte " + pos;
      case WRITE -> "write of " + length + " bytes at byte " + pos;
      case FLUSH -> "flush";
    };
  }

  private static final class Waiter implements Completion {
    private final WaitQueue queue = new WaitQueue();
    private @Nullable FsException error; // written once before `done`
    private volatile boolean done;

    @Override
    public void ended(Bio bio, @Nullable FsException error) {
      this.error = error;
      done = true;
      SchedulePoint.touch(this, true);
      queue.wakeAll(this);
    }

    void await() throws FsException {
      SchedulePoint.touch(this, false);
      if (!done) {
        WaitQueue.Waiter waiter = queue.enter(this);
        // An interrupt does not end the wait: the device still owns the memory.
        while (!done) {
          waiter.park();
        }
        queue.leave(waiter);
      }
      if (error != null) {
        throw error;
      }
    }
  }
}
