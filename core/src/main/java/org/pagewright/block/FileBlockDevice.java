package org.pagewright.block;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.stats.DeviceStats;
import org.pagewright.sync.SchedulePoint;

/// A file, or a block special file, as a block device.
///
/// **Lock.** A writable device holds an exclusive lock on the file, a read-only one a shared lock;
/// whoever comes second gets EBUSY, from this or another process. The locks are advisory POSIX
/// record locks: they keep out programs that ask, such as another instance of this library. That
/// the kernel itself has a block special file mounted is not noticed.
///
/// **Requests** run on a fixed number of platform threads that take them from a bounded queue;
/// [#submit(Bio)] waits while the queue is full. A completion that submits while the queue is full
/// does not wait: its thread keeps the request for itself and runs it next, as a wait there could
/// be for itself. Memory must be usable by those threads: shared, global or automatic arenas, or
/// heap arrays. [#read] and [#write] also take memory that is confined to the caller, whose own
/// thread does the I/O where no staging buffer is needed.
///
/// ```
///  submit --> bounded queue --> worker: one native segment, or few large ones --> pread, pwrite
///                                       many small ones, heap, not aligned --> staging buffer
///                                       of up to 1 MiB --> one pread or pwrite for all of it
/// ```
///
/// Staging was measured against gathering writes and scattering reads (page-sized segments, 2 to
/// 256 of them, one run on a machine in use): up to 32 segments it is level or faster by up to a
/// third; for 256 it is faster by a fifth to a third under direct I/O, and slower by 15 to 40
/// percent through the kernel's page cache.
/// It also leaves the channel without a position that workers would have to take turns for.
///
/// **Durability.** A flush, and a write with [Bio#PREFLUSH] or [Bio#FUA], is an fdatasync of the
/// file. When it fails, which of the completed writes are lost is not known, and a second flush may
/// succeed without them: the caller has to stop trusting the device.
///
/// **Discard** does nothing: the JDK cannot punch a hole into a file.
///
/// A file whose size is no multiple of the sector size is used up to its last whole sector.
public final class FileBlockDevice implements BlockDevice {
  /// The largest staging buffer of a worker, and the largest single transfer of heap memory.
  private static final int STAGING_MAX = 1 << 20;

  /// Enough for direct I/O on any file, as a worker may run a request of another device.
  private static final int STAGING_ALIGNMENT = 64 << 10;

  /// Segments of this mean size go to the kernel one by one: a copy costs more than a call.
  private static final int STRAIGHT_MIN = 128 << 10;

  /// A byte buffer's size is an int; a multiple of every alignment.
  private static final long TRANSFER_MAX = 1 << 30;

  private static final int SECTOR_MAX = 64 << 10;

  /// How a file is opened.
  ///
  /// @param readOnly refuse writes with EROFS, and share the file with other readers
  /// @param direct past the kernel's page cache; the sector size is then at least the file system's
  ///     block size
  /// @param sectorSize a power of two from 512 to 65536, or 0 for the smallest that is possible
  /// @param workers threads that do the I/O, 1 to 64
  /// @param queueDepth requests that wait for a thread before submit waits, 1 to 65536
  public record Options(
      boolean readOnly, boolean direct, int sectorSize, int workers, int queueDepth) {

    /// Reading and writing through the kernel's page cache, 4 threads, 256 requests waiting.
    public static final Options READ_WRITE = new Options(false, false, 0, 4, 256);

    /// Like READ_WRITE without writing.
    public static final Options READ_ONLY = new Options(true, false, 0, 4, 256);

    /// Checks the ranges.
    ///
    /// @throws IllegalArgumentException when a number is out of range
    public Options {
      if (workers < 1 || workers > 64) {
        throw new IllegalArgumentException("workers " + workers + " not in 1..64");
      }
      if (queueDepth < 1 || queueDepth > 65536) {
        throw new IllegalArgumentException("queueDepth " + queueDepth + " not in 1..65536");
      }
      if (sectorSize != 0
          && (sectorSize < 512 || sectorSize > SECTOR_MAX || Integer.bitCount(sectorSize) != 1)) {
        throw new IllegalArgumentException(
            "sectorSize " + sectorSize + " is no power of two in 512..65536");
      }
    }

    /// The same with or without direct I/O.
    ///
    /// @param direct past the kernel's page cache
    /// @return new options
    public Options withDirect(boolean direct) {
      return new Options(readOnly, direct, sectorSize, workers, queueDepth);
    }

    /// The same with another sector size.
    ///
    /// @param sectorSize a power of two from 512 to 65536, or 0 for the smallest that is possible
    /// @return new options
    public Options withSectorSize(int sectorSize) {
      return new Options(readOnly, direct, sectorSize, workers, queueDepth);
    }

    /// The same with another pool.
    ///
    /// @param workers threads that do the I/O, 1 to 64
    /// @param queueDepth requests that wait for a thread before submit waits, 1 to 65536
    /// @return new options
    public Options withPool(int workers, int queueDepth) {
      return new Options(readOnly, direct, sectorSize, workers, queueDepth);
    }
  }

  private final String name;
  private final LockedFile file;
  private final boolean readOnly;
  private final int sectorSize;
  private final long sizeBytes;
  private final ArrayBlockingQueue<Bio> queue;
  private final Worker[] workers;
  private final InFlight inFlight = new InFlight();
  private final AtomicLong bytesWritten = new AtomicLong();
  private final DeviceStats stats = new DeviceStats();

  /// What close puts into the queue, once per worker, after the last request.
  private final Bio stop = Bio.flush();

  private FileBlockDevice(
      Path path, LockedFile file, Options options, int sectorSize, long sizeBytes) {
    this.name = path.toString();
    this.file = file;
    this.readOnly = options.readOnly();
    this.sectorSize = sectorSize;
    this.sizeBytes = sizeBytes;
    this.queue = new ArrayBlockingQueue<>(options.queueDepth());
    this.workers = new Worker[options.workers()];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker("pagewright-io-" + path.getFileName() + "-" + i);
    }
  }

  /// Opens an existing file or block special file.
  ///
  /// @param path where it lies
  /// @param options how to open it
  /// @return a device that its owner closes
  /// @throws FsException ENOENT, EACCES, EISDIR, EROFS; EINVAL for what is neither a regular file
  ///     nor a block device, where direct I/O is refused, and for a sector size that direct I/O
  ///     cannot do; EBUSY while the file is in use; EIO
  public static FileBlockDevice open(Path path, Options options) throws FsException {
    LockedFile file = LockedFile.open(path, options.readOnly(), options.direct());
    FileBlockDevice device = null;
    boolean opened = false;
    try {
      int sectorSize = sectorSizeFor(path, options, file.alignment());
      long sizeBytes = file.size() & -(long) sectorSize;
      device = new FileBlockDevice(path, file, options, sectorSize, sizeBytes);
      for (Worker worker : device.workers) {
        worker.start(); // may fail half-way, when the system gives no more threads
      }
      opened = true;
      return device;
    } finally {
      if (!opened) {
        if (device != null) {
          device.stopWorkers();
        }
        file.release();
      }
    }
  }

  private static int sectorSizeFor(Path path, Options options, int alignment) throws FsException {
    if (options.sectorSize() == 0) {
      return Math.max(512, alignment);
    }
    if (options.sectorSize() < alignment) {
      throw new FsException(
          Errno.EINVAL,
          path
              + ": direct I/O needs sectors of "
              + alignment
              + " bytes or more, not "
              + options.sectorSize());
    }
    return options.sectorSize();
  }

  /// Creates a file of zeros, which takes no space until it is written, and opens it.
  ///
  /// @param path where it shall lie
  /// @param sizeBytes its size
  /// @param options how to open it
  /// @return a device that its owner closes
  /// @throws FsException EEXIST; EFBIG, ENOSPC; and what [#open] says
  public static FileBlockDevice create(Path path, long sizeBytes, Options options)
      throws FsException {
    LockedFile.create(path, sizeBytes);
    try {
      return open(path, options);
    } catch (FsException e) {
      if (e.errno() != Errno.EBUSY) { // else somebody found the file and uses it
        LockedFile.delete(path);
      }
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int sectorSize() {
    return sectorSize;
  }

  @Override
  public boolean readOnly() {
    return readOnly;
  }

  /// Whether requests go past the kernel's page cache.
  ///
  /// @return as opened
  public boolean direct() {
    return file.direct();
  }

  @Override
  public long bytesWritten() {
    return bytesWritten.get();
  }

  @Override
  public DeviceStats stats() {
    return stats;
  }

  /// How often the file was opened again after an interrupt had closed it.
  int reopens() {
    return file.reopens();
  }

  @Override
  public void submit(Bio bio) {
    SchedulePoint.reach(SchedulePoint.Kind.SUBMIT, bio);
    if (!inFlight.enter()) {
      bio.end(new FsException(Errno.EIO, name + ": " + bio + ": the device is closed"));
      return;
    }
    try {
      checkBio(bio);
      bio.checkMemory(this, workers[0]); // what one worker can use, all can
    } catch (FsException e) {
      try {
        bio.end(e);
      } finally {
        inFlight.exit();
      }
      return;
    }
    bio.begin();
    enqueue(bio);
  }

  private void enqueue(Bio bio) {
    if (queue.offer(bio)) {
      return;
    }
    if (Thread.currentThread() instanceof Worker worker) {
      // A completion, of this device or one that waits for this one: to wait here could be for
      // ourselves. Bounded by what a completion submits.
      worker.keep(this, bio);
      return;
    }
    put(bio);
  }

  private void put(Bio bio) {
    boolean interrupted = false;
    while (true) { // ends: the workers take from the queue without end
      try {
        queue.put(bio);
        break;
      } catch (InterruptedException e) {
        interrupted = true; // the bio must end; there is no way to report an interrupt
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void read(long pos, MemorySegment target) throws FsException {
    Bio whole = Bio.read(pos, target);
    if (runHere(whole)) {
      return;
    }
    if (target.isAccessibleBy(workers[0])) {
      whole.submitAndWait(this);
      return;
    }
    checkRange(pos, target.byteSize());
    MemorySegment bounce = bounceFor(target);
    for (long done = 0; done < target.byteSize(); done += bounce.byteSize()) {
      long part = Math.min(target.byteSize() - done, bounce.byteSize());
      Bio.read(pos + done, bounce.asSlice(0, part)).submitAndWait(this);
      MemorySegment.copy(bounce, 0, target, done, part);
    }
  }

  @Override
  public void write(long pos, MemorySegment source) throws FsException {
    Bio whole = Bio.write(pos, source);
    if (runHere(whole)) {
      return;
    }
    if (source.isAccessibleBy(workers[0])) {
      whole.submitAndWait(this);
      return;
    }
    checkRange(pos, source.byteSize());
    MemorySegment bounce = bounceFor(source);
    for (long done = 0; done < source.byteSize(); done += bounce.byteSize()) {
      long part = Math.min(source.byteSize() - done, bounce.byteSize());
      MemorySegment.copy(source, done, bounce, 0, part);
      Bio.write(pos + done, bounce.asSlice(0, part)).submitAndWait(this);
    }
  }

  /// Checks its arguments and does nothing: the JDK cannot punch a hole into a file.
  @Override
  public void discard(long pos, long length) throws FsException {
    checkRange(pos, length);
    if (readOnly) {
      throw new FsException(Errno.EROFS, name + ": discard at byte " + pos);
    }
  }

  private static MemorySegment bounceFor(MemorySegment memory) {
    return MemorySegment.ofArray(new byte[(int) Math.min(memory.byteSize(), STAGING_MAX)]);
  }

  @Override
  public void close() throws FsException {
    if (Thread.currentThread() instanceof Worker worker && worker.device() == this) {
      throw new AssertionError(name + ": closed by a completion, which close would wait for");
    }
    if (!inFlight.closeAndDrain()) {
      return;
    }
    stopWorkers();
    file.release();
  }

  /// Ends the workers that were started; no request is left for them.
  private void stopWorkers() {
    // Counted before the first stop: any worker may take any stop, and one that has ended by then
    // was started all the same.
    int started = 0;
    for (Worker worker : workers) {
      started += worker.isAlive() ? 1 : 0;
    }
    for (int i = 0; i < started; i++) {
      put(stop);
    }
    boolean interrupted = false;
    for (Worker worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true; // the file may not be closed under a worker
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// Runs one request to its end and tells its submitter.
  private void run(Bio bio, Worker worker) {
    FsException error = perform(bio, worker);
    try {
      bio.end(error);
    } finally {
      inFlight.exit();
    }
  }

  /// Runs a request for a caller that waits for it anyway, by its own thread: nobody has to be
  /// woken, twice. Only what needs no staging buffer.
  ///
  /// @return false if nothing was done
  private boolean runHere(Bio bio) throws FsException {
    if (bio.length() == 0 || !goesStraight(bio)) {
      return false;
    }
    SchedulePoint.reach(SchedulePoint.Kind.SUBMIT, bio);
    checkBio(bio);
    bio.checkMemory(this, Thread.currentThread());
    if (!inFlight.enter()) {
      throw new FsException(Errno.EIO, name + ": " + bio + ": the device is closed");
    }
    FsException error;
    try {
      bio.begin();
      error = perform(bio, null);
    } finally {
      inFlight.exit();
    }
    if (error != null) {
      throw error;
    }
    return true;
  }

  /// @param worker whose buffer stages; null for what needs none
  private @Nullable FsException perform(Bio bio, @Nullable Worker worker) {
    FsException error = null;
    try {
      execute(bio, worker);
      if (bio.op() == Bio.Op.WRITE) {
        bytesWritten.addAndGet(bio.length());
      }
    } catch (IOException e) {
      error = LockedFile.translated(name + ": " + bio, e);
    } catch (RuntimeException e) {
      // The memory was usable at submit; its owner gave it back since.
      error = new FsException(Errno.EFAULT, name + ": " + bio + ": memory was given back", e);
    } catch (OutOfMemoryError e) {
      error = new FsException(Errno.ENOMEM, name + ": " + bio + ": staging buffer", e);
    } catch (Error e) { // whatever it is, somebody waits for the end of the request
      error = new FsException(Errno.EIO, name + ": " + bio, e);
    }
    bio.measure(this, stats, error);
    return error;
  }

  private void execute(Bio bio, @Nullable Worker worker) throws IOException {
    boolean write = bio.op() == Bio.Op.WRITE;
    if (bio.op() == Bio.Op.FLUSH || (write && (bio.flags() & Bio.PREFLUSH) != 0)) {
      force();
    }
    if (bio.op() == Bio.Op.FLUSH || bio.length() == 0) {
      return;
    }
    if (worker == null || goesStraight(bio)) {
      transferStraight(bio);
    } else {
      transferStaged(bio, worker);
    }
    if (write && (bio.flags() & Bio.FUA) != 0) {
      force();
    }
  }

  private void force() throws IOException {
    if (!readOnly) {
      file.force();
    }
  }

  private boolean goesStraight(Bio bio) {
    List<MemorySegment> segments = bio.segments();
    int count = segments.size();
    if (count > 1 && bio.length() / count < STRAIGHT_MIN) {
      return false;
    }
    int mask = file.alignment() - 1;
    for (int i = 0; i < count; i++) {
      MemorySegment segment = segments.get(i);
      // The size counts as the next segment's place on the device too.
      if (!segment.isNative() || ((segment.address() | segment.byteSize()) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  private void transferStraight(Bio bio) throws IOException {
    long pos = bio.pos();
    List<MemorySegment> segments = bio.segments();
    for (int i = 0; i < segments.size(); i++) {
      MemorySegment segment = segments.get(i);
      for (long done = 0; done < segment.byteSize(); ) {
        long part = Math.min(segment.byteSize() - done, TRANSFER_MAX);
        transfer(bio, segment.asSlice(done, part).asByteBuffer(), pos);
        pos += part;
        done += part;
      }
    }
  }

  private void transferStaged(Bio bio, Worker worker) throws IOException {
    MemorySegment staging = worker.staging(Math.min(bio.length(), STAGING_MAX));
    boolean write = bio.op() == Bio.Op.WRITE;
    List<MemorySegment> segments = bio.segments();
    int index = 0; // segment and byte in it that come next
    long offset = 0;
    for (long done = 0; done < bio.length(); ) {
      int part = (int) Math.min(bio.length() - done, staging.byteSize());
      if (!write) {
        transfer(bio, staging.asSlice(0, part).asByteBuffer(), bio.pos() + done);
      }
      for (int staged = 0; staged < part; ) {
        MemorySegment segment = segments.get(index);
        long step = Math.min(segment.byteSize() - offset, part - staged);
        if (write) {
          MemorySegment.copy(segment, offset, staging, staged, step);
        } else {
          MemorySegment.copy(staging, staged, segment, offset, step);
        }
        staged += (int) step;
        offset += step;
        if (offset == segment.byteSize()) {
          index++;
          offset = 0;
        }
      }
      if (write) {
        transfer(bio, staging.asSlice(0, part).asByteBuffer(), bio.pos() + done);
      }
      done += part;
    }
  }

  private void transfer(Bio bio, ByteBuffer buffer, long pos) throws IOException {
    if (bio.op() == Bio.Op.WRITE) {
      file.writeFully(buffer, pos);
    } else {
      file.readFully(buffer, pos);
    }
  }

  /// A thread of the pool with its staging buffer.
  private final class Worker extends Thread {
    /// Requests that a completion on this thread submitted while a queue was full.
    private final ArrayDeque<Kept> kept = new ArrayDeque<>();

    private @Nullable Arena arena;
    private MemorySegment staging = MemorySegment.NULL;

    Worker(String name) {
      super(name);
      setDaemon(true);
    }

    FileBlockDevice device() {
      return FileBlockDevice.this;
    }

    void keep(FileBlockDevice device, Bio bio) {
      assert Thread.currentThread() == this;
      kept.addLast(new Kept(device, bio));
    }

    @Override
    public void run() {
      try {
        while (true) {
          Bio bio;
          try {
            bio = queue.take();
          } catch (InterruptedException e) {
            continue; // nobody has a reason to interrupt us; close has its own way to end us
          }
          if (bio == stop) {
            return;
          }
          runGuarded(FileBlockDevice.this, bio);
          for (Kept next = kept.poll(); next != null; next = kept.poll()) {
            runGuarded(next.device(), next.bio());
          }
        }
      } finally {
        if (arena != null) {
          arena.close();
        }
      }
    }

    /// A completion that throws is its author's error: told like any error of a thread, but the
    /// worker lives on, as other requests depend on it.
    private void runGuarded(FileBlockDevice device, Bio bio) {
      try {
        device.run(bio, this);
      } catch (RuntimeException | Error e) {
        getUncaughtExceptionHandler().uncaughtException(this, e);
      }
    }

    /// A buffer of the size or more, aligned for direct I/O. Grows in powers of two.
    MemorySegment staging(long size) {
      if (staging.byteSize() < size) {
        long rounded = Math.max(64 << 10, Long.highestOneBit(size - 1) << 1);
        if (arena != null) {
          arena.close();
          arena = null;
          staging = MemorySegment.NULL;
        }
        Arena fresh = Arena.ofConfined();
        arena = fresh;
        staging = fresh.allocate(rounded, STAGING_ALIGNMENT);
      }
      return staging;
    }
  }

  /// A request and the device it is for.
  private record Kept(FileBlockDevice device, Bio bio) {}
}
