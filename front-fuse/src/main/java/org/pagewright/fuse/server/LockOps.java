package org.pagewright.fuse.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Reply;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockKind;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.LockRequest;

/// Requests about locks on files. The volume keeps the locks, so that other doors see them.
///
/// Who waits for a lock keeps no thread of ours: the request is put aside, and answered by the
/// thread that makes way, or when the kernel says that nobody waits any more:
///
///     SETLKW --> granted: answered
///        +-----> put aside --> ended by whoever let go: answered
///                    +-------> INTERRUPT: taken back, answered with EINTR
final class LockOps {
  private static final int LK_FLOCK = 1;
  private static final int F_WRLCK = 1;
  private static final int F_UNLCK = 2;

  /// Interrupts that came before their request was put aside: so many are remembered.
  private static final int EARLY_MAX = 64;

  private final Services s;
  private final FuseServer server;
  private final Mutex lock = new Mutex(LockClass.QUEUE, "fuse locks");

  // Guarded by lock.
  private final Map<Long, Waiting> waiting = new HashMap<>();
  private final long[] early = new long[EARLY_MAX];
  private int earlyCount;

  LockOps(Services services, FuseServer server) {
    this.s = services;
    this.server = server;
  }

  /// A request that was put aside.
  private final class Waiting implements LockRequest.Listener {
    private final long unique;
    private final Channel channel;
    private final Handle handle;
    private final AtomicBoolean answered = new AtomicBoolean();

    Waiting(long unique, Channel channel, Handle handle) {
      this.unique = unique;
      this.channel = channel;
      this.handle = handle;
    }

    private volatile @Nullable LockRequest request;

    /// The first to say so answers.
    boolean claim() {
      return answered.compareAndSet(false, true);
    }

    @Override
    public void ended(LockRequest ended) {
      if (claim()) {
        remove(unique);
        Errno error = ended.error();
        answer(error == null ? 0 : error.number());
      }
    }

    void answer(int error) {
      Reply reply = Reply.small();
      reply.finish(unique, error);
      try {
        channel.send(reply.buffer(), reply.length());
      } catch (FsException e) {
        server.log.trouble("answer to a lock: " + e.getMessage());
      }
    }
  }

  private void remove(long unique) {
    lock.lock();
    waiting.remove(unique);
    lock.unlock();
  }

  private FileLock asked(Context c, Handle handle, LockKind kind) throws FsException {
    Request r = c.request;
    LockOwner owner = owner(r.longAt(Wire.LkIn.OWNER), r.intAt(Wire.LkIn.PID));
    boolean exclusive = r.intAt(Wire.LkIn.TYPE) == F_WRLCK;
    if (kind == LockKind.WHOLE) {
      return FileLock.whole(owner, exclusive);
    }
    return FileLock.range(owner, exclusive, r.longAt(Wire.LkIn.START), r.longAt(Wire.LkIn.END));
  }

  private LockOwner owner(long id, int pid) {
    return new LockOwner(server, id, pid);
  }

  private static LockKind kind(Context c) throws FsException {
    return (c.request.intAt(Wire.LkIn.LK_FLAGS) & LK_FLOCK) != 0 ? LockKind.WHOLE : LockKind.RANGE;
  }

  void get(Context c) throws FsException {
    Handle handle = s.handles.get(c.request.longAt(Wire.LkIn.FH));
    FileLock inTheWay = handle.file.lockInTheWay(asked(c, handle, kind(c)));
    int at = c.reply.add(Wire.LkOut.BYTES);
    if (inTheWay == null) {
      c.reply.putInt(at + Wire.LkOut.TYPE, F_UNLCK);
      return;
    }
    c.reply.putLong(at + Wire.LkOut.START, inTheWay.first());
    c.reply.putLong(at + Wire.LkOut.END, inTheWay.last());
    c.reply.putInt(at + Wire.LkOut.TYPE, inTheWay.exclusive() ? F_WRLCK : 0);
    c.reply.putInt(at + Wire.LkOut.PID, inTheWay.owner().pid());
  }

  void set(Context c, boolean waits) throws FsException {
    Handle handle = s.handles.get(c.request.longAt(Wire.LkIn.FH));
    FileLock asked = asked(c, handle, kind(c));
    int type = c.request.intAt(Wire.LkIn.TYPE);
    if (type == F_UNLCK) {
      handle.file.unlock(asked);
    } else if (type != F_WRLCK && type != 0) {
      throw new FsException(Errno.EINVAL, handle.file + ": lock of type " + type);
    } else if (waits) {
      handle.noteOwner(asked);
      await(c, handle, asked);
    } else {
      handle.noteOwner(asked);
      if (!handle.file.tryLock(asked)) {
        throw new FsException(Errno.EAGAIN, handle.file + ": " + asked);
      }
      handle.noteOwner(asked); // a close by another thread may have come in between
    }
  }

  private void await(Context c, Handle handle, FileLock asked) throws FsException {
    long unique = c.request.unique();
    Waiting mine = new Waiting(unique, c.channel, handle);
    LockRequest request = handle.file.requestLock(asked, mine);
    mine.request = request;
    if (!request.isWaiting()) {
      if (mine.claim()) {
        Errno error = request.error();
        if (error != null) {
          throw new FsException(error, handle.file + ": " + asked);
        }
      } else {
        c.deferred = true; // it was put aside for a moment, and answered
      }
      return;
    }
    c.deferred = true;
    boolean interrupted;
    lock.lock();
    try {
      interrupted = wasInterruptedLocked(unique);
      waiting.put(unique, mine);
      if (mine.answered.get()) {
        waiting.remove(unique);
      }
    } finally {
      lock.unlock();
    }
    if (interrupted) {
      cancel(mine);
    }
  }

  private boolean wasInterruptedLocked(long unique) {
    for (long candidate : early) {
      if (candidate == unique && unique != 0) {
        return true;
      }
    }
    return false;
  }

  /// Nobody waits for a request any more. Only locks are waited for so long that this matters.
  void interrupt(Context c) throws FsException {
    long unique = c.request.longAt(Wire.InterruptIn.UNIQUE);
    Waiting found;
    lock.lock();
    try {
      found = waiting.get(unique);
      if (found == null) {
        early[earlyCount++ % EARLY_MAX] = unique;
      }
    } finally {
      lock.unlock();
    }
    if (found != null) {
      cancel(found);
    }
  }

  private void cancel(Waiting w) {
    LockRequest request = w.request;
    if (request != null && w.handle.file.cancelLock(request) && w.claim()) {
      remove(w.unique);
      w.answer(Errno.EINTR.number());
    }
  }

  /// A descriptor was closed: a process loses its locks on ranges of the file by that, whichever of
  /// its descriptors it is.
  void closedDescriptor(Handle handle, long ownerId) {
    if (server.has(Feature.POSIX_LOCKS)) {
      handle.unlockAll(LockKind.RANGE, owner(ownerId, 0));
    }
  }

  /// The last descriptor of an open file was closed. What its processes had went with their own
  /// closes: what is left are locks of the open file itself, on the whole or on ranges, of which
  /// the kernel says nothing more.
  void released(Handle handle) {
    handle.unlockAll();
  }

  /// The kernel has gone: nobody waits, and nobody lets go.
  void letAllGo() {
    List<Waiting> all;
    lock.lock();
    try {
      all = new ArrayList<>(waiting.values());
    } finally {
      lock.unlock();
    }
    for (Waiting w : all) {
      cancel(w);
    }
  }
}
