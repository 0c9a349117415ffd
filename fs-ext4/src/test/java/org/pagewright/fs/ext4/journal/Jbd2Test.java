package org.pagewright.fs.ext4.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.fs.ext4.disk.Crc32c;
import org.pagewright.fs.ext4.disk.Feature;
import org.pagewright.fs.ext4.disk.Superblock;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.device.CountingBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// Transactions of plain blocks, as the device sees them: what is in the log, what is in its place,
/// and what a recovery makes of it.
@Timeout(60)
final class Jbd2Test {
  private static final int BLOCK = 1024;

  /// Blocks that the file system does not use: the end of the volume.
  private static final long PLACE = 10_000;

  private static final long NEVER = Long.MAX_VALUE;

  @TempDir Path folder;

  private static RamImage image(String kind) throws FsException {
    MkfsOptions options =
        new MkfsOptions().blockSize(BLOCK).timeSeconds(1_700_000_000).journalBytes(1 << 20);
    if (!kind.contains("64bit")) {
      options.feature("^64bit");
    }
    if (!kind.contains("csum")) {
      options.feature("^metadata_csum");
    }
    RamImage image = RamImage.of(12 << 20);
    Mkfs.make(image, options);
    if (kind.contains("v2")) {
      patch(image, 0, JournalSuperblock.INCOMPAT_CSUM_V2);
    } else if (kind.contains("v1")) {
      patch(image, JournalSuperblock.COMPAT_CHECKSUM, 0);
    } else if (kind.contains("old")) {
      patch(image, -1, 0);
    }
    return image;
  }

  /// Gives the journal other features than it was made with; -1 makes it one of version 1.
  private static void patch(RamImage image, int compat, int incompat) throws FsException {
    JournalBlocks blocks = JournalBlocks.read(image, Superblock.read(image));
    MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
    image.read(blocks.deviceBlock(0) * BLOCK, s);
    ByteBuffer b = s.asByteBuffer();
    if (compat < 0) {
      b.putInt(4, 3);
    } else {
      b.putInt(0x24, compat).putInt(0x28, incompat);
    }
    if (incompat != 0) {
      b.put(0x50, (byte) 4).putInt(0xfc, 0);
      b.putInt(0xfc, Crc32c.update(Crc32c.SEED, s, 0, 1024));
    }
    image.write(blocks.deviceBlock(0) * BLOCK, s);
  }

  /// A journal in use on a device.
  private static final class Log implements AutoCloseable {
    final BlockDevice device;
    final BufferCache cache;
    final Jbd2 journal;
    final AtomicReference<Throwable> stopped = new AtomicReference<>();

    Log(BlockDevice device) throws FsException {
      this(device, Clock.SYSTEM, NEVER);
    }

    Log(BlockDevice device, Clock clock, long commitNanos) throws FsException {
      this.device = device;
      Superblock sb = Superblock.read(device);
      cache = new BufferCache(device, BLOCK, 64 << 10);
      journal =
          Jbd2.open(
              cache,
              sb,
              clock,
              () -> Instant.ofEpochSecond(1_700_000_000),
              commitNanos,
              (what, error) -> stopped.compareAndSet(null, error));
      sb.putFeatures(sb.features().with(Feature.NEEDS_RECOVERY));
      sb.write(device);
    }

    /// Fills blocks, each with one value; 0 makes it begin with the magic number of the log.
    long fill(int value, long... places) throws FsException {
      try (Handle handle = journal.start(places.length)) {
        for (long place : places) {
          try (Buffer buffer = cache.read(place, BufferType.PLAIN)) {
            handle.getWriteAccess(buffer);
            buffer.lock();
            buffer.segment().copyFrom(content(value));
            buffer.unlock();
            handle.dirtyMetadata(buffer);
          }
        }
        return handle.transaction();
      }
    }

    void free(long place, long count) throws FsException {
      try (Handle handle = journal.start(1)) {
        handle.revoke(place, count);
        handle.freed(place, count);
      }
    }

    @Override
    public void close() {
      journal.close();
      assertTrue(cache.checkInvariants());
      assertTrue(Lockdep.holdsNothing());
    }
  }

  private static MemorySegment content(int value) {
    MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
    s.fill((byte) value);
    if (value == 0) {
      s.asByteBuffer().putInt(JournalSuperblock.MAGIC);
    }
    return s;
  }

  private static void assertHolds(BlockDevice device, long place, int value) throws FsException {
    MemorySegment s = MemorySegment.ofArray(new byte[BLOCK]);
    device.read(place * BLOCK, s);
    assertEquals(-1, s.mismatch(content(value)), "block " + place + " is not full of " + value);
  }

  private static Recovery.Result recover(RamImage crashed) throws FsException {
    return Recovery.recover(crashed, Superblock.read(crashed));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"csum v3 64bit", "csum v3", "csum v2 64bit", "csum v2", "v1", "plain", "old"})
  void whatIsCommittedIsReplayedAndWhatIsNotIsNot(String kind) throws Exception {
    E2fs.assumeTools("e2fsck", "debugfs");
    RamImage image = image(kind);
    try (Log log = new Log(image)) {
      log.fill(1, PLACE, PLACE + 1, PLACE + 2);
      log.fill(2, PLACE + 1);
      log.journal.commit();
      log.fill(0, PLACE + 2);
      long[] many = new long[100]; // several descriptors
      for (int i = 0; i < many.length; i++) {
        many[i] = PLACE + 100 + 2L * i;
      }
      log.fill(3, many);
      log.free(PLACE, 1);
      log.journal.commit();
      log.fill(9, PLACE + 1, PLACE + 2);
      RamImage crashed = image.copy();
      Path file = crashed.save(folder.resolve("image"));
      Recovery.Result done = recover(crashed);
      assertEquals(2, done.transactions());
      assertEquals(1, done.blocksRevoked());
      assertHolds(crashed, PLACE + 1, 2);
      assertHolds(crashed, PLACE + 2, 0);
      for (long place : many) {
        assertHolds(crashed, place, 3);
      }
      assertFalse(crashed.bytes(PLACE * BLOCK, BLOCK)[7] == 1, "it was freed");
      // The same to others.
      String dump = E2fs.debugfs(file, "logdump -a");
      assertTrue(dump.contains("Found expected sequence"), dump);
      E2fs.Result result =
          E2fs.run(List.of("e2fsck", "-fy", "-E", "journal_only", file.toString()));
      assertEquals(0, result.code() & ~1, result.output());
      RamImage theirs = RamImage.load(file);
      assertEquals(
          -1,
          java.util.Arrays.mismatch(
              crashed.bytes(PLACE * BLOCK, 600 * BLOCK), theirs.bytes(PLACE * BLOCK, 600 * BLOCK)));
      theirs.free();
      crashed.free();
    }
    image.free();
  }

  /// Goal: the log may be any number of times as long as the journal. Method: random transactions;
  /// after each the image is copied, recovered and compared with a model.
  @ParameterizedTest
  @ValueSource(strings = {"csum v3 64bit", "plain"})
  void theLogGoesRoundAndEveryMomentOfItCanBeRecovered(String kind) throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    RamImage image = image(kind);
    TreeMap<Long, Integer> committed = new TreeMap<>();
    TreeMap<Long, Integer> running = new TreeMap<>();
    try (Log log = new Log(image)) {
      for (int i = 1; i <= 120; i++) {
        long[] places = new long[1 + random.nextInt(90)];
        long start = PLACE + random.nextInt(300);
        for (int k = 0; k < places.length; k++) {
          places[k] = start + k;
          running.put(places[k], i % 120);
        }
        log.fill(i % 120, places);
        if (random.nextInt(3) > 0) {
          log.journal.commit();
          committed = new TreeMap<>(running);
        }
        if (random.nextInt(8) == 0) {
          log.cache.sync(); // some blocks reach their places by themselves
        }
        if (i % 6 == 0 && committed.equals(running)) {
          RamImage crashed = image.copy();
          recover(crashed);
          for (long place : committed.keySet()) {
            assertHolds(crashed, place, committed.get(place));
          }
          crashed.free();
        }
      }
      log.journal.commit();
      log.journal.flush();
      for (long place : running.keySet()) {
        assertHolds(image, place, running.get(place));
      }
      assertEquals(0, JournalBlocks.read(image, Superblock.read(image)).length() & 1023);
    }
    RamImage closed = image.copy();
    assertEquals(0, recover(closed).transactions());
    closed.free();
    image.free();
  }

  @Test
  void aBlockThatWasFreedAndIsContentNowIsNotWrittenOverByAReplay() throws Exception {
    RamImage image = image("csum v3 64bit");
    try (Log log = new Log(image)) {
      log.fill(1, PLACE, PLACE + 1);
      log.journal.commit();
      log.free(PLACE, 1);
      log.fill(4, PLACE + 1);
      log.journal.commit();
      // Now it belongs to a file, whose content goes past the journal.
      image.write(PLACE * BLOCK, content(7));
      log.cache.sync();
      RamImage crashed = image.copy();
      recover(crashed);
      assertHolds(crashed, PLACE, 7);
      assertHolds(crashed, PLACE + 1, 4);
      crashed.free();
      // And now it is metadata again.
      log.fill(5, PLACE);
      log.journal.commit();
      crashed = image.copy();
      recover(crashed);
      assertHolds(crashed, PLACE, 5);
      crashed.free();
    }
    image.free();
  }

  @Test
  void freedBlocksAreToldOfOnlyWhenTheirTransactionIsCommitted() throws Exception {
    RamImage image = image("csum v3 64bit");
    List<String> told = new ArrayList<>();
    try (Log log = new Log(image)) {
      log.journal.setFreedBlocks((blockNr, count) -> told.add(blockNr + "+" + count));
      try (Handle handle = log.journal.start(1)) {
        assertTrue(handle.freed(PLACE + 10, 5));
        assertTrue(handle.freed(PLACE + 5, 5));
      }
      assertEquals(List.of(), told);
      log.journal.commit();
      assertEquals(List.of((PLACE + 5) + "+10"), told);
    }
    image.free();
  }

  /// Stops the first flush after [#arm()] until it is let go.
  private static final class Gate extends StackedBlockDevice {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);
    private final AtomicInteger armed = new AtomicInteger();

    Gate(BlockDevice below) {
      super(below);
    }

    void arm() {
      armed.set(1);
    }

    @Override
    public void submit(Bio bio) {
      if (bio.op() == Bio.Op.FLUSH && armed.compareAndSet(1, 0)) {
        reached.countDown();
        try {
          open.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      below().submit(bio);
    }
  }

  private static Thread start(ThrowingRunnable body, AtomicReference<Throwable> failure) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                body.run();
              } catch (Throwable t) {
                failure.compareAndSet(null, t);
              }
            });
  }

  private interface ThrowingRunnable {
    void run() throws Exception;
  }

  /// Goal: syncs that come while a commit is under way share the next one. Method: the first commit
  /// is held at its flush until every thread has changed a block and is about to sync.
  @Test
  void syncsOfManyThreadsShareACommit() throws Exception {
    RamImage image = image("csum v3 64bit");
    Gate gate = new Gate(image);
    CountingBlockDevice device = new CountingBlockDevice(gate);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    int threads = 8;
    try (Log log = new Log(device)) {
      long first = log.fill(1, PLACE);
      gate.arm();
      Thread leader = start(() -> log.journal.sync(first), failure);
      gate.reached.await();
      device.reset();
      CountDownLatch changed = new CountDownLatch(threads);
      List<Thread> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        long place = PLACE + 1 + i;
        all.add(
            start(
                () -> {
                  long mine = log.fill(2, place);
                  changed.countDown();
                  log.journal.sync(mine);
                  assertTrue(log.journal.committedTransaction() >= mine);
                },
                failure));
      }
      changed.await(); // handles go on although a commit is at its flush
      gate.open.countDown();
      leader.join();
      for (Thread thread : all) {
        thread.join();
      }
      assertEquals(null, failure.get());
      assertEquals(first + 1, log.journal.committedTransaction(), "one commit for all of them");
    }
    image.free();
  }

  @Test
  void whatACommitHasCopiedMayBeChangedForTheNextOneAtOnce() throws Exception {
    RamImage image = image("csum v3 64bit");
    Gate gate = new Gate(image);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (Log log = new Log(gate)) {
      long first = log.fill(1, PLACE, PLACE + 1);
      gate.arm();
      Thread committer = start(() -> log.journal.sync(first), failure);
      gate.reached.await();
      log.fill(2, PLACE);
      log.cache.sync(); // neither the old nor the new content may go to its place
      assertFalse(image.bytes((PLACE + 1) * BLOCK, BLOCK)[9] == 1, "not committed");
      assertFalse(image.bytes(PLACE * BLOCK, BLOCK)[9] == 2, "not committed");
      gate.open.countDown();
      committer.join();
      assertEquals(null, failure.get());
      log.cache.sync();
      assertHolds(image, PLACE + 1, 1);
      assertFalse(image.bytes(PLACE * BLOCK, BLOCK)[9] == 2, "still pinned by the next one");
      RamImage crashed = image.copy();
      recover(crashed);
      assertHolds(crashed, PLACE, 1);
      crashed.free();
      log.journal.commit();
      log.cache.sync();
      assertHolds(image, PLACE, 2);
    }
    image.free();
  }

  /// A clock that goes on only when told.
  private static final class HandClock implements Clock {
    final AtomicLong now = new AtomicLong();
    private final WaitQueue queue = new WaitQueue();

    void advance(long nanos) {
      now.addAndGet(nanos);
      queue.wakeAll(this);
    }

    @Override
    public long nanoTime() {
      return now.get();
    }

    @Override
    public void await(WaitQueue.Waiter waiter, long nanos) {
      // Woken by the queue it waits on, or by looking at the time again and again.
      waiter.park(1_000_000);
    }

    @Override
    public boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos) {
      return waiter.parkInterruptibly(1_000_000);
    }
  }

  @Test
  void aTransactionIsCommittedWhenItIsOldThoughNobodyAsks() throws Exception {
    RamImage image = image("csum v3 64bit");
    HandClock clock = new HandClock();
    CountDownLatch committed = new CountDownLatch(1);
    try (Log log = new Log(image, clock, 5_000_000_000L)) {
      log.journal.setFreedBlocks((blockNr, count) -> committed.countDown());
      long before = log.fill(1, PLACE);
      log.free(PLACE + 1, 1);
      clock.advance(4_000_000_000L);
      assertEquals(before - 1, log.journal.committedTransaction());
      clock.advance(1_000_000_000L);
      committed.await();
      RamImage crashed = image.copy();
      assertEquals(1, recover(crashed).transactions());
      assertHolds(crashed, PLACE, 1);
      crashed.free();
    }
    image.free();
  }

  /// Goal: whatever write or flush of a commit or checkpoint fails, the journal stops or is as good
  /// as before, and what was committed is there. Method: all requests from the n-th on fail.
  @ParameterizedTest
  @ValueSource(strings = {"WRITE", "FLUSH"})
  void aDeviceThatFailsFromTheNthRequestOnStopsTheJournalAndLosesNoCommit(String what)
      throws Exception {
    FaultyBlockDevice.Kind kind = FaultyBlockDevice.Kind.valueOf(what);
    long n = 1;
    boolean failed = true;
    for (; failed; n++) {
      RamImage image = image("csum v3 64bit");
      FaultyBlockDevice device = new FaultyBlockDevice(image);
      Log log = new Log(device);
      int durable = 0;
      device.reset();
      device.failFrom(kind, n, Errno.EIO);
      failed = false;
      for (int i = 1; i <= 12 && !failed; i++) {
        try {
          log.fill(i, PLACE + i, PLACE + 20);
          log.journal.commit();
          durable = i;
          if (i % 4 == 0) {
            log.journal.flush();
          }
        } catch (FsException e) {
          assertEquals(Errno.EIO, e.errno());
          failed = true;
        }
      }
      if (failed && log.stopped.get() != null) {
        device.heal();
        assertThrows(FsException.class, () -> log.journal.start(1), "EIO from then on");
        assertThrows(FsException.class, () -> log.journal.commit());
      }
      log.close();
      device.heal();
      RamImage crashed = image.copy();
      recover(crashed);
      int last = crashed.bytes((PLACE + 20) * BLOCK, BLOCK)[9];
      assertTrue(last == durable || last == durable + 1, n + ": " + last + ", durable " + durable);
      for (int i = 1; i <= durable; i++) {
        assertHolds(crashed, PLACE + i, i);
      }
      crashed.free();
      image.free();
    }
    assertTrue(n > 10, "requests failed: " + n);
  }

  @Test
  void oneFailedWriteOfTheLogIsMadeGood() throws Exception {
    RamImage image = image("csum v3 64bit");
    FaultyBlockDevice device = new FaultyBlockDevice(image);
    try (Log log = new Log(device)) {
      device.reset();
      device.failNth(FaultyBlockDevice.Kind.WRITE, 2, Errno.EIO);
      log.fill(1, PLACE);
      log.journal.commit();
      assertEquals(1, device.faults());
      RamImage crashed = image.copy();
      recover(crashed);
      assertHolds(crashed, PLACE, 1);
      crashed.free();
    }
    image.free();
  }

  @Test
  void anOperationThatFitsNoTransactionIsRefusedByName() throws Exception {
    RamImage image = image("csum v3 64bit");
    try (Log log = new Log(image)) {
      FsException e =
          assertThrows(
              FsException.class, () -> log.journal.start(log.journal.transactionBlocksMax()));
      assertEquals(Errno.ENOSPC, e.errno());
      log.journal.start(log.journal.transactionBlocksMax() - 1).stop();
      assertEquals(0, log.journal.newestTransaction() - log.journal.committedTransaction() - 1);
    }
    image.free();
  }

  @Test
  void aLongOperationRestartsWhenItsTransactionIsFullAndLetsACommitThrough() throws Exception {
    RamImage image = image("csum v3 64bit");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (Log log = new Log(image);
        Handle handle = log.journal.start(1)) {
      long first = handle.transaction();
      for (long place = PLACE; place < PLACE + 600; place++) {
        handle.ensure(1);
        try (Buffer buffer = log.cache.read(place, BufferType.PLAIN)) {
          handle.getWriteAccess(buffer);
          buffer.lock();
          buffer.segment().copyFrom(content(6));
          buffer.unlock();
          handle.dirtyMetadata(buffer);
        }
      }
      assertTrue(handle.transaction() >= first + 2, "600 blocks in transactions of 255");
      // Somebody waits for a commit: no more credits without a restart.
      long mine = handle.transaction();
      Thread waiting = start(() -> log.journal.sync(mine), failure);
      while (handle.transaction() == mine) {
        if (!handle.extend(1)) {
          handle.restart(1);
        }
      }
      waiting.join();
      assertEquals(null, failure.get());
      assertTrue(log.journal.committedTransaction() >= mine);
    }
    RamImage crashed = image.copy();
    recover(crashed);
    for (long place = PLACE; place < PLACE + 600; place++) {
      assertHolds(crashed, place, 6);
    }
    crashed.free();
    image.free();
  }

  @Test
  void aJournalElsewhereIsRefusedByName() throws Exception {
    RamImage image = image("csum v3 64bit");
    Superblock sb = Superblock.read(image);
    sb.putJournalInode(0);
    sb.putJournalDevice(0x801);
    sb.write(image);
    FsException e = assertThrows(FsException.class, () -> new Log(image));
    assertEquals(Errno.EOPNOTSUPP, e.errno());
    assertTrue(e.getMessage().contains("on a device of its own"), e.getMessage());
    image.free();
  }
}
