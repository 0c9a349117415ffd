package org.pagewright.sim.crash;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.sim.crash.Recording.Event;
import org.pagewright.sim.crash.Recording.Kind;
import org.pagewright.sim.crash.Recording.Request;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;

/// Keeps every write and flush that passes to the device below, with its content, and when it was
/// submitted and ended.
///
/// The content is taken when the request is submitted. A write with PREFLUSH becomes a flush, and
/// when that has ended the write, so that the two are told apart; FUA passes through. Discards are
/// kept as writes of what the range reads as afterwards.
///
/// Any thread may use it. Whoever runs operations on it calls [#mark()] between them, after what
/// they promise is due: the recording then tells how far the run was at each moment.
public final class RecordingDevice extends StackedBlockDevice {
  /// More than this kept is a workload too large to be explored.
  private static final long BYTES_MAX = 512L << 20;

  private final Mutex lock = new Mutex(LockClass.QUEUE, this);
  private final List<Event> events = new ArrayList<>(); // guarded by lock
  private final List<Request> requests = new ArrayList<>(); // guarded by lock
  private int marks; // guarded by lock
  private long bytes; // guarded by lock

  /// Records from now on.
  ///
  /// @param below closed with this one
  public RecordingDevice(BlockDevice below) {
    super(below);
  }

  /// The run passes a point.
  ///
  /// @return how many points it has passed, with this one
  public int mark() {
    lock.lock();
    marks++;
    events.add(new Event(Kind.MARK, marks));
    int n = marks;
    lock.unlock();
    return n;
  }

  /// What happened so far.
  ///
  /// @return a snapshot
  public Recording recording() {
    lock.lock();
    try {
      return new Recording(events, requests);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void submit(Bio bio) {
    switch (bio.op()) {
      case READ -> below().submit(bio);
      case FLUSH -> flush(bio, bio);
      case WRITE -> {
        if ((bio.flags() & Bio.PREFLUSH) != 0) {
          flush(Bio.flush(), bio);
        } else {
          write(bio);
        }
      }
    }
  }

  /// Flushes the device below; what follows is either the end of the flush, or the write that it
  /// goes before.
  private void flush(Bio flush, Bio whole) {
    int id = submitted(true, false, 0, new byte[0]);
    boolean alone = flush == whole;
    Bio below = Bio.flush();
    below.whenEnded(
        (b, error) -> {
          ended(id, error);
          if (alone || error != null || whole.length() == 0) {
            whole.end(error);
          } else {
            write(whole);
          }
        },
        null);
    below().submit(below);
  }

  private void write(Bio bio) {
    byte[] content = new byte[Math.toIntExact(bio.length())];
    try {
      checkBio(bio);
      bio.checkMemory(this, Thread.currentThread());
    } catch (FsException e) {
      bio.end(e); // never reaches a medium
      return;
    }
    int done = 0;
    for (MemorySegment s : bio.segments()) {
      MemorySegment.copy(s, ValueLayout.JAVA_BYTE, 0, content, done, (int) s.byteSize());
      done += (int) s.byteSize();
    }
    int id = submitted(false, (bio.flags() & Bio.FUA) != 0, bio.pos(), content);
    Bio below = Bio.of(Bio.Op.WRITE, bio.pos(), bio.flags() & ~Bio.PREFLUSH);
    for (MemorySegment s : bio.segments()) {
      below.add(s);
    }
    below.whenEnded(
        (b, error) -> {
          ended(id, error);
          bio.end(error);
        },
        null);
    below().submit(below);
  }

  private int submitted(boolean flush, boolean fua, long pos, byte[] content) {
    lock.lock();
    try {
      bytes += content.length;
      if (bytes > BYTES_MAX) {
        throw new AssertionError(name() + ": a run that writes more than " + BYTES_MAX + " bytes");
      }
      int id = requests.size();
      requests.add(new Request(id, flush, fua, pos, content));
      events.add(new Event(Kind.SUBMIT, id));
      return id;
    } finally {
      lock.unlock();
    }
  }

  private void ended(int id, @Nullable FsException error) {
    lock.lock();
    events.add(new Event(error == null ? Kind.END : Kind.FAIL, id));
    lock.unlock();
  }

  @Override
  public void discard(long pos, long length) throws FsException {
    below().discard(pos, length);
    byte[] content = new byte[Math.toIntExact(length)];
    below().read(pos, MemorySegment.ofArray(content));
    ended(submitted(false, false, pos, content), null);
  }
}
