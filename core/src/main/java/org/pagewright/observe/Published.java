package org.pagewright.observe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.SuperBlock;

/// A volume of this process that other processes may see the numbers of: with `pagewright top`, or
/// with `cat`.
///
/// As long as there is one, a thread replaces a file of some kilobytes once a second, in a folder
/// that lies in memory; when the last one is closed, or the process ends, the file goes. What a
/// killed process leaves behind is told from a living one's by number and start of the process, and
/// removed by the next one. That nothing can be published is no error: see [#problem()].
public final class Published implements AutoCloseable {
  private static final long PERIOD_NANOS = 1_000_000_000L;
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private static final List<Published> VOLUMES = new CopyOnWriteArrayList<>();
  private static final Mutex WRITING = new Mutex(LockClass.REPORT, "report of this process");
  private static final WaitQueue QUEUE = new WaitQueue();
  private static final AtomicBoolean STARTED = new AtomicBoolean();
  private static volatile @Nullable String problem;
  private static @Nullable Path file; // guarded by WRITING

  private final SuperBlock superBlock;
  private final String name;
  private final String mountPoint;

  private Published(SuperBlock superBlock, String name, String mountPoint) {
    this.superBlock = superBlock;
    this.name = name;
    this.mountPoint = mountPoint;
  }

  /// Publishes a volume. No lock held.
  ///
  /// @param superBlock the volume
  /// @param name what people call it: an image's path
  /// @param mountPoint where it is mounted, a real path; null if it is not
  /// @return close it before the volume
  public static Published volume(SuperBlock superBlock, String name, @Nullable Path mountPoint) {
    Published published =
        new Published(superBlock, name, mountPoint == null ? "" : mountPoint.toString());
    VOLUMES.add(published);
    refresh();
    if (STARTED.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("pagewright-report").start(Published::run);
    } else {
      QUEUE.wakeAll(VOLUMES);
    }
    return published;
  }

  /// The volume is no longer published. Idempotent.
  @Override
  public void close() {
    if (VOLUMES.remove(this)) {
      refresh();
    }
  }

  /// Why the last report could not be written.
  ///
  /// @return null if it was written
  public static @Nullable String problem() {
    return problem;
  }

  /// What is published of this process.
  ///
  /// @return the numbers of now
  public static ProcessReport report() {
    List<VolumeReport> volumes = new ArrayList<>();
    for (Published p : VOLUMES) {
      if (volumes.size() == ProcessReport.VOLUMES_MAX) {
        break;
      }
      volumes.add(VolumeReport.of(p.superBlock, p.name, p.mountPoint));
    }
    ProcessHandle self = ProcessHandle.current();
    return new ProcessReport(self.pid(), startOf(self), System.nanoTime(), volumes);
  }

  static long startOf(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /// Writes the report now, rather than within a second. No lock held.
  public static void refresh() {
    WRITING.lock();
    try {
      if (VOLUMES.isEmpty()) {
        remove();
      } else {
        write(report().text());
      }
      problem = null;
    } catch (IOException e) {
      problem = e.toString();
    } finally {
      WRITING.unlock();
    }
  }

  private static void run() {
    WaitQueue.Waiter waiter = QUEUE.enter(VOLUMES);
    try {
      while (true) { // as long as the process lives: it is a daemon, and sleeps without volumes
        waiter.park(VOLUMES.isEmpty() ? 0 : PERIOD_NANOS);
        if (!VOLUMES.isEmpty()) {
          refresh();
        }
      }
    } finally {
      QUEUE.leave(waiter);
    }
  }

  // ---- The file. WRITING held. ------------------------------------------------------------------

  private static void write(String text) throws IOException {
    Path target = file;
    if (target == null) {
      Path folder = RuntimeFolder.own();
      Reports.removeStale(folder);
      target = folder.resolve(Long.toString(ProcessHandle.current().pid()));
      target.toFile().deleteOnExit();
      file = target;
    }
    // Replaced as a whole: who reads sees the old report or the new one.
    Path fresh = target.resolveSibling(target.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try (SeekableByteChannel out =
        Files.newByteChannel(
            fresh, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), PRIVATE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
    Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void remove() throws IOException {
    Path target = file;
    file = null;
    if (target != null) {
      Files.deleteIfExists(target);
    }
  }
}
