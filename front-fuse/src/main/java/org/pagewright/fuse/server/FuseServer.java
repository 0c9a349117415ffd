package org.pagewright.fuse.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Request;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.Volume;

/// Answers the kernel's requests about one mount, with a volume behind it.
///
///     main channel --INIT--> agreed --> workers, each a thread with a channel of its own: one for
///                                        |  each processor, more when all of them wait
///                                        |
///                                        +-- the channel ends: unmounted, or aborted
///
/// The volume is not closed here: whoever opened it closes it when the server has ended.
public final class FuseServer implements AutoCloseable {
  /// The oldest kernel that is spoken to, 5.4: 7.31.
  static final int MINOR_MIN = 31;

  /// The newest protocol that is known here.
  static final int MINOR_MAX = 45;

  private static final int MAJOR = 7;
  private static final int BACKGROUND_MAX = 64;

  /// After what time a request keeps its thread from the next one for long.
  private static final long LONG_NANOS = 2_000_000L;

  /// How long after such a moment more threads than processors go on.
  private static final long REST_NANOS = 1_000_000_000L;

  private static final long WANTED =
      Feature.ASYNC_READ
          | Feature.ATOMIC_O_TRUNC
          | Feature.EXPORT_SUPPORT
          | Feature.BIG_WRITES
          | Feature.DONT_MASK
          | Feature.EXPLICIT_INVAL_DATA
          | Feature.DO_READDIRPLUS
          | Feature.READDIRPLUS_AUTO
          | Feature.ASYNC_DIO
          | Feature.PARALLEL_DIROPS
          | Feature.MAX_PAGES
          | Feature.HANDLE_KILLPRIV_V2
          | Feature.SETXATTR_EXT
          | Feature.INIT_EXT
          | Feature.DIRECT_IO_ALLOW_MMAP
          | Feature.POSIX_ACL
          | Feature.POSIX_LOCKS
          | Feature.FLOCK_LOCKS;

  final Services services;
  final NameOps names;
  final FileOps files;
  final AttrOps attributes;
  final DirOps directories;
  final LockOps locks;
  private final Coherence coherence;
  final Log log;

  private final Volume volume;
  private final int atFirst;
  private final Mutex lock = new Mutex(LockClass.QUEUE, "fuse server");
  private final WaitQueue ends = new WaitQueue();

  // Guarded by lock.
  private final List<Worker> workers = new ArrayList<>();
  private int ofQueues; // of them, those whose requests come from queues
  private int running;
  private int resting; // workers that wait to be called
  private int called; // of them, those that were and have not heard of it
  private boolean over; // the channels end, or are about to

  /// Workers that do not rest; written with the lock held, never changed in place.
  private volatile Worker[] answering = {};

  private volatile long relieved; // when all of them were last busy, by System.nanoTime

  private volatile @Nullable Channel main; // that more are made of; written once, by INIT

  private volatile long agreed; // features; written once, by INIT
  private volatile int minor;
  private volatile List<Channel> queues = List.of(); // agreed on, but not begun
  private volatile boolean ended;
  private volatile boolean guarded = true;

  /// A server that does nothing yet.
  ///
  /// @param volume open as long as the server runs
  /// @param options how to answer
  /// @param log hears of what no answer can tell
  public FuseServer(Volume volume, ServerOptions options, Log log) {
    this.volume = volume;
    this.services = new Services(volume.superBlock(), options);
    this.atFirst = atFirst(options);
    this.names = new NameOps(services);
    this.files = new FileOps(services, names, this);
    this.coherence = new Coherence(services, this);
    this.attributes = new AttrOps(services, files, coherence);
    this.directories = new DirOps(services);
    this.locks = new LockOps(services, this);
    this.log = log;
  }

  /// Begins to answer. The rest of the threads follow when kernel and server have agreed.
  ///
  /// @param channel closed by the server
  public void start(Channel channel) {
    coherence.start(channel);
    startWorker(channel, false);
  }

  /// Starts a thread, unless there are enough at the device, or it is too late.
  ///
  /// @param ofQueue whether its requests come from a queue of the kernel: such a thread does not
  ///     rest, and none is started for it when it is busy
  private void startWorker(Channel channel, boolean ofQueue) {
    Worker worker = new Worker(this, channel, ofQueue);
    ServerOptions options = services.options;
    boolean refused;
    int index;
    lock.lock();
    try {
      // Nobody comes after the last one has gone, who gave everything back.
      refused =
          over
              || !workers.isEmpty()
                  && (running == 0 || !ofQueue && workers.size() - ofQueues >= options.threads());
      index = workers.size();
      if (!refused) {
        workers.add(worker);
        running++;
        if (ofQueue) {
          ofQueues++;
        } else {
          answering = with(worker);
        }
      }
    } finally {
      lock.unlock();
    }
    if (!refused) {
      worker.start("fuse-" + index);
    } else if (channel != main) { // where the device cannot have more, it is everybody's
      channel.close();
    }
  }

  /// Answers the first request.
  void init(Context c) throws FsException {
    Request r = c.request;
    int major = r.intAt(Wire.InitIn.MAJOR);
    int theirs = r.intAt(Wire.InitIn.MINOR);
    if (major < MAJOR || major == MAJOR && theirs < MINOR_MIN) {
      throw new FsException(
          Errno.EOPNOTSUPP, "FUSE protocol " + major + "." + theirs + ", at least 7.31 is needed");
    }
    int at = c.reply.add(Wire.InitOut.BYTES);
    c.reply.putInt(at + Wire.InitOut.MAJOR, MAJOR);
    c.reply.putInt(at + Wire.InitOut.MINOR, Math.min(theirs, MINOR_MAX));
    if (major > MAJOR) {
      return; // the kernel asks again with what we can
    }
    long offered = Integer.toUnsignedLong(r.intAt(Wire.InitIn.FLAGS));
    if ((offered & Feature.INIT_EXT) != 0) {
      offered |= Integer.toUnsignedLong(r.intAt(Wire.InitIn.FLAGS2)) << 32;
    }
    ServerOptions options = services.options;
    long wanted = WANTED | (options.writebackCache() ? Feature.WRITEBACK_CACHE : 0);
    wanted &= options.localLocks() ? ~(Feature.POSIX_LOCKS | Feature.FLOCK_LOCKS) : -1;
    long features = offered & wanted;
    boolean first = agreed == 0;
    if (first && (offered & Feature.OVER_IO_URING) != 0) {
      // Made before they are agreed on: what is agreed on the kernel waits for.
      queues = c.channel.queues(options.threads(), options.maxWriteBytes());
      if (!queues.isEmpty()) {
        // A request that waits for a lock would keep an entry of the kernel's, see RingChannel.
        features &= ~(Feature.POSIX_LOCKS | Feature.FLOCK_LOCKS);
        features |= Feature.OVER_IO_URING;
      }
    }
    int pages = options.maxWriteBytes() / 4096;
    c.reply.putInt(at + Wire.InitOut.MAX_READAHEAD, r.intAt(Wire.InitIn.MAX_READAHEAD));
    c.reply.putInt(at + Wire.InitOut.FLAGS, (int) features);
    c.reply.putInt(at + Wire.InitOut.FLAGS2, (int) (features >>> 32));
    c.reply.putShort(at + Wire.InitOut.MAX_BACKGROUND, BACKGROUND_MAX);
    c.reply.putShort(at + Wire.InitOut.CONGESTION_THRESHOLD, BACKGROUND_MAX * 3 / 4);
    c.reply.putInt(at + Wire.InitOut.MAX_WRITE, options.maxWriteBytes());
    c.reply.putInt(at + Wire.InitOut.TIME_GRAN, 1);
    c.reply.putShort(at + Wire.InitOut.MAX_PAGES, pages);
    minor = Math.min(theirs, MINOR_MAX);
    agreed = features | 1L << 63;
    ends.wakeAll(this);
    if (first) {
      main = c.channel;
      for (int i = 1; i < atFirst; i++) {
        startWorker(c.channel.another(), false);
      }
    }
  }

  /// The kernel has heard what was agreed on: from now on it takes threads to its queues, and lets
  /// requests wait until each queue has one. If it takes none after all, all requests come to the
  /// device itself, where there are threads as without.
  void initAnswered() {
    for (Channel queue : queues) {
      startWorker(queue, true);
    }
    queues = List.of();
  }

  private static int atFirst(ServerOptions options) {
    return Math.min(options.threads(), Math.max(2, Runtime.getRuntime().availableProcessors()));
  }

  /// Threads that a server begins with: one for each processor, two at least.
  ///
  /// Each request wakes the thread that has waited longest. More threads than processors are not
  /// there sooner for a request, they are only in each other's way: of four on two processors,
  /// those that take back what was closed and forgotten wait for the locks of the one that makes
  /// the next file, and the other way round.
  int atFirst() {
    return atFirst;
  }

  /// Adds a thread if there may be more, and each has long been busy with a request: it waits for a
  /// device, or for somebody else.
  public void relieve() {
    relieve(null, System.nanoTime());
  }

  /// The same, by one that is about to begin with a request, and will not be there for the next.
  ///
  /// @param self not asked how long it has been busy
  /// @param now by `System.nanoTime`
  void relieve(@Nullable Worker self, long now) {
    Worker[] all = answering;
    Channel channel = main;
    if (channel == null) {
      return;
    }
    for (Worker worker : all) {
      if (worker != self && !worker.isBusySince(now - LONG_NANOS)) {
        return;
      }
    }
    relieved = now;
    if (all.length >= services.options.threads()) {
      return;
    }
    boolean rested = false;
    lock.lock();
    if (resting > called) {
      called++;
      rested = true;
    }
    lock.unlock();
    if (rested) {
      ends.wakeAll(this);
      return;
    }
    try {
      startWorker(channel.another(), false);
    } catch (FsException e) {
      log.trouble("one more thread: " + e.getMessage());
    }
  }

  /// Lets a worker rest until it is called, if there are more than one for each processor and none
  /// was needed for a while. Its channel stays: a lock that somebody waits for is answered on it.
  ///
  /// @param now by `System.nanoTime`
  void restIfIdle(Worker self, long now) {
    if (answering.length <= atFirst || now - relieved < REST_NANOS) {
      return;
    }
    lock.lock();
    boolean rests = answering.length > atFirst && !over;
    if (rests) {
      resting++;
      answering = without(self);
    }
    lock.unlock();
    if (!rests) {
      return;
    }
    // Whoever takes a request from here on sees that we do not wait for the next one, and calls us
    // if nobody else does. If somebody took one before, and nobody is left, we are not to rest.
    final boolean awaited = isAwaited();
    if (awaited) {
      awaitCall();
    }
    lock.lock();
    if (!awaited) {
      resting--;
      called = Math.min(called, resting);
    }
    answering = with(self);
    lock.unlock();
  }

  /// Whether the next request has a thread that waits for it.
  private boolean isAwaited() {
    for (Worker worker : answering) {
      if (!worker.isBusySince(System.nanoTime())) {
        return true;
      }
    }
    return false;
  }

  private Worker[] with(Worker worker) {
    Worker[] more = Arrays.copyOf(answering, answering.length + 1);
    more[answering.length] = worker;
    return more;
  }

  private Worker[] without(Worker self) {
    List<Worker> left = new ArrayList<>(List.of(answering));
    left.remove(self);
    return left.toArray(Worker[]::new);
  }

  private void awaitCall() {
    WaitQueue.Waiter waiter = ends.enter(this);
    try {
      while (!takeCall()) { // ends with a call, or with the mount
        waiter.park();
      }
    } finally {
      ends.leave(waiter);
    }
  }

  private boolean takeCall() {
    lock.lock();
    try {
      if (called == 0 && !over) {
        return false;
      }
      called = Math.max(0, called - 1);
      resting--;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// Nobody rests any longer: the channels end.
  private void callAll() {
    lock.lock();
    over = true;
    lock.unlock();
    ends.wakeAll(this);
  }

  /// Threads that answer requests.
  int workerCount() {
    return answering.length;
  }

  /// Whether kernel and server agreed on something.
  boolean has(long feature) {
    return (agreed & feature) != 0;
  }

  /// Whether the first request was answered.
  ///
  /// @return true from then on
  public boolean isInitialized() {
    return agreed != 0;
  }

  /// Waits for the first request.
  ///
  /// @param nanos how long at most
  /// @return false if it did not come, or could not be agreed on
  public boolean awaitInitialized(long nanos) {
    return await(nanos, this::isInitialized);
  }

  /// Whether this process is kept from opening files of its own mount.
  ///
  /// @param guarded false for a thread that knows what it does
  public void setGuarded(boolean guarded) {
    this.guarded = guarded;
  }

  /// Throws if a request to open something comes from this process itself.
  void checkNotOurselves(Context c) throws FsException {
    if (guarded && c.channel.isOwnThread(c.request.pid())) {
      throw new FsException(
          Errno.EDEADLK, "the server of the mount opens a file in it: it would wait for itself");
    }
  }

  /// Tells whoever listens.
  ///
  /// @param text what happened
  public void trouble(@Nullable String text) {
    log.trouble(String.valueOf(text));
  }

  /// The protocol's minor version that both sides speak.
  ///
  /// @return 31 or more; 0 before they agreed
  public int minor() {
    return minor;
  }

  /// Nodes that the kernel knows.
  ///
  /// @return a number that may be old already
  public int knownNodes() {
    return services.nodes.size();
  }

  void destroy() throws FsException {
    volume.sync();
  }

  /// The thread of a worker ends. The last one ends the server.
  ///
  /// @param gone whether its channel has ended; false if it failed, or was never taken
  void leave(boolean gone) {
    if (gone) {
      callAll();
    }
    boolean last;
    lock.lock();
    try {
      last = --running == 0;
    } finally {
      lock.unlock();
    }
    if (last) {
      letAllGo();
      ended = true;
      ends.wakeAll(this);
    }
  }

  /// The kernel has gone: nobody will give back what it had.
  private void letAllGo() {
    coherence.stop();
    locks.letAllGo();
    Handle handle;
    while ((handle = services.handles.removeAny()) != null) {
      handle.unlockAll();
      try {
        handle.file.close();
      } catch (FsException e) {
        log.trouble("close " + handle.file + ": " + e.getMessage());
      }
    }
    services.nodes.clear();
    for (Worker worker : workersNow()) {
      worker.closeChannel();
    }
  }

  private List<Worker> workersNow() {
    lock.lock();
    try {
      return List.copyOf(workers);
    } finally {
      lock.unlock();
    }
  }

  /// Requests that have been worked on for longer than a time.
  ///
  /// @param nanos how long
  /// @return a line for each, with what its thread is doing
  public List<String> stuckRequests(long nanos) {
    List<String> lines = new ArrayList<>();
    for (Worker worker : workersNow()) {
      String line = worker.stuckFor(nanos);
      if (line != null) {
        lines.add(line);
      }
    }
    return lines;
  }

  /// Whether all threads have ended and everything the kernel had was given back.
  ///
  /// @return true after an unmount or an abort
  public boolean hasEnded() {
    return ended;
  }

  /// Waits for the end of the mount.
  ///
  /// @param nanos how long at most
  /// @return false if it has not ended
  public boolean awaitEnd(long nanos) {
    return await(nanos, this::hasEnded);
  }

  private boolean await(long nanos, BooleanSupplier condition) {
    long until = System.nanoTime() + nanos;
    WaitQueue.Waiter waiter = ends.enter(this);
    try {
      long left;
      while (!condition.getAsBoolean() && !ended && (left = until - System.nanoTime()) > 0) {
        waiter.park(left);
      }
    } finally {
      ends.leave(waiter);
    }
    return condition.getAsBoolean();
  }

  /// Closes the channels: requests that were not answered fail, and the mount is dead. Threads that
  /// wait for the device end when it is unmounted or aborted; that comes first.
  @Override
  public void close() {
    callAll();
    for (Worker worker : workersNow()) {
      worker.closeChannel();
    }
  }

  /// The volume behind the mount.
  ///
  /// @return as it was given
  public Volume volume() {
    return volume;
  }

  /// Nobody can go on after this: the volume answers EIO from now on.
  void failed(String what, Throwable e) {
    volume.superBlock().shutdown(what, e);
    log.trouble(what + ": " + e + " at " + firstFrame(e));
  }

  private static @Nullable StackTraceElement firstFrame(Throwable e) {
    StackTraceElement[] frames = e.getStackTrace();
    return frames.length == 0 ? null : frames[0];
  }
}
