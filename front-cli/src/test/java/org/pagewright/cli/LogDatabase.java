package org.pagewright.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/// A small database with the system calls of PostgreSQL: pages in one file, a log of what changes
/// them in segments, and a control file that says where the log begins.
///
///     commit       record into the segment, fdatasync
///     segment      zeros, fsync, rename to its name, fsync of the folder; old ones get a new name
///     checkpoint   pages written, fsync, control file overwritten in place, fsync
///     open         pages, and the log from the control file's place on
///
/// Page `n` holds the number of the last transaction that changed it. Opening checks that each
/// transaction that was told committed is there, and none that is out of order.
final class LogDatabase implements AutoCloseable {
  private static final int PAGES = 64;
  private static final int PAGE = 8192;
  private static final int RECORD = 300; // no multiple of a page or a sector
  private static final int SEGMENT_RECORDS = 200;
  private static final int SEGMENT = 65536;
  private static final int CHECKPOINT_EVERY = 350;

  /// What the database was told to be committed, kept where no kill reaches it.
  static final class Committed {
    private final long[] pages = new long[PAGES];
    private volatile long last;
    private volatile boolean ended;

    long last() {
      return last;
    }

    private void add(int page, long number) {
      pages[page] = number;
      last = number;
    }

    /// Waits until a transaction is committed, or no more will be.
    void await(long number) {
      while (last < number && !ended) {
        LockSupport.parkNanos(100_000);
      }
    }

    void end() {
      ended = true;
    }
  }

  private final Path folder;
  private final Committed committed;
  private final FileChannel base;
  private final FileChannel control;
  private final long[] pages = new long[PAGES];
  private FileChannel segment;
  private long next = 1; // transaction

  private LogDatabase(Path folder, Committed committed) throws IOException {
    this.folder = folder;
    this.committed = committed;
    this.base = channel("base");
    this.control = channel("control");
  }

  /// Opens a database, made if there is none, and recovers it.
  static LogDatabase open(Path folder, Committed committed) throws IOException {
    committed.ended = false;
    LogDatabase database = new LogDatabase(folder, committed);
    database.recover();
    return database;
  }

  private FileChannel channel(String name) throws IOException {
    return FileChannel.open(
        folder.resolve(name),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  private void syncFolder() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static String segmentName(long number) {
    return "log." + (number - 1) / SEGMENT_RECORDS;
  }

  private static long place(long number) {
    return (number - 1) % SEGMENT_RECORDS * RECORD;
  }

  private static ByteBuffer sealed(int length, long... values) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (long value : values) {
      bytes.putLong(value);
    }
    Arrays.fill(bytes.array(), bytes.position(), length - 4, (byte) values[0]);
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, length - 4);
    return bytes.putInt(length - 4, (int) crc.getValue()).clear();
  }

  private static boolean isWhole(ByteBuffer bytes) {
    int length = bytes.capacity();
    CRC32C crc = new CRC32C();
    crc.update(bytes.array(), 0, length - 4);
    return bytes.position() == length && bytes.getInt(length - 4) == (int) crc.getValue();
  }

  private static void write(FileChannel channel, ByteBuffer bytes, long pos)
      throws IOException {
    for (long at = pos; bytes.hasRemaining(); ) {
      at += channel.write(bytes, at);
    }
  }

  // ---- Recovery ---------------------------------------------------------------------------------

  private void recover() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    control.read(bytes, 0);
    if (isWhole(bytes)) {
      next = bytes.getLong(0) + 1;
    } else if (bytes.position() != 0) {
      throw new AssertionError("the control file is torn");
    }
    for (int page = 0; page < PAGES; page++) {
      ByteBuffer content = ByteBuffer.allocate(PAGE);
      base.read(content, (long) page * PAGE);
      if (isWhole(content)) {
        pages[page] = content.getLong(0);
      } // else torn by a checkpoint that did not end: it had changed, so the log has it
    }
    replay();
    for (int page = 0; page < PAGES; page++) {
      if (pages[page] < committed.pages[page]) {
        throw new AssertionError(
            "page " + page + " is of " + pages[page] + ", committed was "
                + committed.pages[page]);
      }
    }
    if (next - 1 < committed.last) {
      throw new AssertionError("up to " + (next - 1) + ", committed was " + committed.last);
    }
    checkpoint();
  }

  private void replay() throws IOException {
    while (true) { // ends with the log
      Path file = folder.resolve(segmentName(next));
      if (!Files.exists(file)) {
        return;
      }
      try (FileChannel log = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer record = ByteBuffer.allocate(RECORD);
        log.read(record, place(next));
        if (!isWhole(record) || record.getLong(0) != next) {
          return; // zeros, torn, or of an older use of the segment
        }
        pages[(int) record.getLong(8)] = next;
        next++;
      }
    }
  }

  // ---- Work -------------------------------------------------------------------------------------

  /// Commits one transaction after the other.
  void commitUntilItFails(Random random, int most) throws IOException {
    for (int i = 0; i < most; i++) {
      int page = random.nextInt(PAGES);
      commit(page);
      if (next % CHECKPOINT_EVERY == 0) {
        checkpoint();
      }
    }
  }

  private void commit(int page) throws IOException {
    if (segment == null || place(next) == 0) {
      openSegment();
    }
    write(segment, sealed(RECORD, next, page), place(next));
    segment.force(false);
    pages[page] = next;
    committed.add(page, next);
    next++;
  }

  private void openSegment() throws IOException {
    if (segment != null) {
      segment.close();
    }
    Path file = folder.resolve(segmentName(next));
    if (!Files.exists(file)) {
      Path made = folder.resolve("log.new");
      try (FileChannel zeros =
          FileChannel.open(made, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        write(zeros, ByteBuffer.allocate(SEGMENT), 0);
        zeros.force(true);
      }
      Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
      syncFolder();
    }
    segment = FileChannel.open(file, StandardOpenOption.WRITE);
  }

  private void checkpoint() throws IOException {
    for (int page = 0; page < PAGES; page++) {
      write(base, sealed(PAGE, pages[page]), (long) page * PAGE);
    }
    base.force(false);
    write(control, sealed(512, next - 1), 0);
    control.force(false);
    recycle();
  }

  /// The oldest segments get the names of the next ones.
  private void recycle() throws IOException {
    long now = Math.max(next - 2, 0) / SEGMENT_RECORDS;
    for (long old = Math.max(0, now - 8); old < now; old++) {
      Path file = folder.resolve("log." + old);
      if (Files.exists(file)) {
        Path free = folder.resolve("log." + (now + 1 + (old & 1)));
        Files.move(file, free, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    syncFolder();
  }

  @Override
  public void close() throws IOException {
    base.close();
    control.close();
    if (segment != null) {
      segment.close();
    }
  }
}
