package org.pagewright.writeback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.ErrSeq;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WritebackControl;
import org.pagewright.cache.WritebackControl.SyncMode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.Lockdep;

/// The walk over dirty folios, and the range calls (R-H1 to R-H14, as far as they are this room's).
@Timeout(60)
final class WritebackTest {
  private static final int SIZE = AddressSpace.FOLIO_SIZE;
  private static final long END = AddressSpace.MAX_SIZE - 1;

  private final PageCache cache = new PageCache(4096L * SIZE);
  private final DirtyThrottle throttle = new DirtyThrottle(cache, DirtyLimits.of(cache));
  private final BackingDevice device = new BackingDevice(throttle, "dev");
  private final FakeFile.Io io = new FakeFile.Io();
  private final FakeFile file = new FakeFile(cache, device, "f");
  private final FakeFile slow = new FakeFile(cache, device, "slow", io, false);

  @AfterEach
  void nothingIsLeftBehind() {
    while (io.complete(1000) > 0) {
      continue;
    }
    assertTrue(file.mapping.checkInvariants());
    assertTrue(slow.mapping.checkInvariants());
    assertTrue(Lockdep.holdsNothing());
    file.drop();
    slow.drop();
    assertEquals(0, device.dirtyFolios() + device.writebackFolios());
    assertEquals(0, cache.dirtyFolios() + cache.writebackFolios());
    assertEquals(0, cache.frames().used());
    cache.close();
  }

  private static void write(FakeFile file, long first, long last, long value) throws FsException {
    for (long i = first; i <= last; i++) {
      file.write(i, value);
    }
  }

  /// Runs something while another thread holds a folio's lock.
  private static void whileLocked(Folio folio, Runnable what) throws InterruptedException {
    CountDownLatch locked = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .start(
                () -> {
                  folio.lock();
                  locked.countDown();
                  try {
                    done.await();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  } finally {
                    folio.unlock();
                  }
                });
    locked.await();
    what.run();
    done.countDown();
    holder.join();
  }

  // ---- What is written --------------------------------------------------------------------------

  @Test
  void syncWritesWhatIsDirtyAndLeavesItClean() throws FsException {
    write(file, 0, 99, 7);
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertEquals(100, file.written.size());
    assertEquals(0, file.mapping.dirtyFolios());
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertEquals(100, file.written.size(), "nothing was dirty the second time");
  }

  /// R-H10.
  @Test
  void syncOfARangeLeavesTheRestDirty() throws FsException {
    write(file, 0, 9, 1);
    Writeback.syncRange(file.mapping, 3 * SIZE + 5, 5 * SIZE);
    assertEquals(List.of(3L, 4L, 5L), file.written);
    assertEquals(7, file.mapping.dirtyFolios());
  }

  /// R-H3. Goal: an integrity sync ends although each folio that it writes makes two new ones
  /// dirty, one of them the folio just written.
  @Test
  void syncWritesNoMoreThanWasDirtyWhenItBegan() throws FsException {
    write(file, 0, 199, 1);
    AtomicLong next = new AtomicLong(200);
    file.afterWrite =
        index -> {
          try {
            file.write(next.getAndIncrement(), 2);
            file.write(index, 3);
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        };
    Writeback.syncRange(file.mapping, 0, END);
    file.afterWrite = null;
    assertEquals(200, file.written.size());
    assertEquals(400, file.mapping.dirtyFolios());
  }

  /// R-H3. The same against a thread that dirties for ever, as fast as it can.
  @Test
  void syncEndsUnderAThreadThatDirtiesForEver() throws Exception {
    write(file, 0, 63, 1);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong dirtied = new AtomicLong();
    Thread dirtier =
        Thread.ofPlatform()
            .start(
                () -> {
                  Random random = new Random(1);
                  while (!stop.get()) {
                    try {
                      file.write(random.nextInt(1000), 9);
                      dirtied.incrementAndGet();
                    } catch (FsException e) {
                      throw new AssertionError(e);
                    }
                  }
                });
    while (dirtied.get() < 100) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 20; i++) {
      int before = file.written.size();
      Writeback.syncRange(file.mapping, 0, END);
      int wrote = file.written.size() - before;
      assertTrue(wrote <= 1000, "wrote " + wrote + " of 1000 folios in one sync");
    }
    stop.set(true);
    dirtier.join();
  }

  /// R-H4.
  @Test
  void syncWaitsForAWriteoutAndWritesAgainWhatBecameDirtyMeanwhile() throws Exception {
    write(slow, 0, 0, 1);
    Writeback.startRange(slow.mapping, 0, END);
    assertEquals(1, io.size());
    write(slow, 0, 0, 2); // newer than what is on its way
    AtomicBoolean synced = new AtomicBoolean();
    Thread syncer =
        Thread.ofPlatform()
            .start(
                () -> {
                  Writeback.syncRange(slow.mapping, 0, END);
                  assertEquals(2, slow.store.get(0L));
                  synced.set(true);
                });
    while (syncer.isAlive()) {
      io.complete(1);
      Thread.onSpinWait();
    }
    assertTrue(synced.get());
    assertEquals(List.of(0L, 0L), slow.written);
  }

  /// R-H1, R-H4. Goal: a sync that comes when another walk has marked a folio clean and has not
  /// started its write-out waits for it. Method: that walk runs the sync in a second thread just
  /// then and goes on when it waits. A count of dirty folios that follows the flag lets it pass.
  @Test
  void syncDoesNotMissAFolioBetweenCleanAndUnderWriteout() throws Exception {
    write(slow, 0, 0, 5);
    AtomicBoolean synced = new AtomicBoolean();
    Thread syncer =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  Writeback.syncRange(slow.mapping, 0, END);
                  assertEquals(5, slow.store.get(0L));
                  synced.set(true);
                });
    slow.beforeStart =
        index -> {
          syncer.start();
          while (syncer.getState() != Thread.State.WAITING && syncer.isAlive()) {
            Thread.onSpinWait();
          }
          assertTrue(syncer.isAlive(), "the sync has not returned");
        };
    Writeback.startRange(slow.mapping, 0, END);
    slow.beforeStart = null;
    while (syncer.isAlive()) {
      io.complete(1);
      Thread.onSpinWait();
    }
    assertTrue(synced.get());
  }

  /// R-H4, R-H11.
  @Test
  void backgroundAndStartRangePassOverWhatIsUnderWriteout() throws FsException {
    write(slow, 0, 1, 1);
    Writeback.startRange(slow.mapping, 0, 0);
    write(slow, 0, 0, 2);
    WritebackControl control = WritebackControl.background(10);
    Writeback.writepages(slow.mapping, control);
    assertEquals(1, control.written());
    assertEquals(1, control.skipped());
    Writeback.startRange(slow.mapping, 0, END);
    assertEquals(List.of(0L, 1L), slow.written);
    assertTrue(slow.folio(0).isDirty(), "no promise was made");
  }

  /// R-I6. A background walk waits for no folio lock, so its thread cannot be stopped by a thread
  /// that waits for memory with folios locked.
  @Test
  void backgroundPassesOverALockedFolio() throws Exception {
    write(file, 0, 2, 1);
    WritebackControl control = WritebackControl.background(10);
    whileLocked(file.folio(1), () -> Writeback.writepages(file.mapping, control));
    assertEquals(List.of(0L, 2L), file.written);
    assertEquals(1, control.skipped());
  }

  /// R-H5. Goal: a folio that was found and is truncated before its turn. Method: the writer of
  /// folio 0 truncates folio 1, which the walk has in its hands already.
  @Test
  void aFolioThatVanishedMeanwhileIsPassedOver() throws FsException {
    write(file, 0, 2, 1);
    file.afterWrite =
        index -> {
          if (index == 0) {
            file.detach(1);
          }
        };
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    file.afterWrite = null;
    assertEquals(List.of(0L, 2L), file.written);
  }

  /// R-H12.
  @Test
  void aFolioPastTheEndIsLeftToTruncation() throws FsException {
    write(file, 0, 3, 1);
    file.mapping.setSize(2 * SIZE - 100);
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertEquals(List.of(0L, 1L), file.written, "the last folio is cut, not past the end");
    assertEquals(2, file.mapping.dirtyFolios());
  }

  /// R-H2.
  @Test
  void whatIsDirtiedDuringItsWriteoutIsWrittenByTheNextSync() throws Exception {
    write(slow, 0, 0, 1);
    Writeback.startRange(slow.mapping, 0, END);
    write(slow, 0, 0, 2);
    io.complete(1);
    assertEquals(1, slow.store.get(0L));
    assertTrue(slow.folio(0).isDirty());
    Writeback.startRange(slow.mapping, 0, END);
    io.complete(1);
    assertEquals(2, slow.store.get(0L));
  }

  /// R-H13.
  @Test
  void theEndOfAWriteoutMayComeFromAnyThread() throws Exception {
    write(slow, 0, 9, 1);
    Thread completer =
        Thread.ofPlatform()
            .start(
                () -> {
                  int done = 0;
                  while (done < 10) {
                    done += io.complete(10);
                    Thread.onSpinWait();
                  }
                });
    assertNull(Writeback.syncRange(slow.mapping, 0, END));
    completer.join();
    assertEquals(10, slow.store.size());
  }

  /// R-H1. A writer that leaves a folio for later keeps flag and tag in step.
  @Test
  void aFolioLeftForLaterIsFoundAgain() throws FsException {
    write(file, 0, 2, 1);
    file.later.add(1L);
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertTrue(file.mapping.checkInvariants());
    assertEquals(1, file.mapping.dirtyFolios());
    file.later.clear();
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertEquals(List.of(0L, 2L, 1L), file.written);
  }

  // ---- Amount and place -------------------------------------------------------------------------

  /// R-H6.
  @Test
  void backgroundStopsAfterItsAmountAndGoesOnFromThere() throws FsException {
    write(file, 0, 9, 1);
    Writeback.writepages(file.mapping, WritebackControl.background(4));
    assertEquals(List.of(0L, 1L, 2L, 3L), file.written);
    write(file, 0, 3, 2);
    Writeback.writepages(file.mapping, WritebackControl.background(4));
    assertEquals(List.of(4L, 5L, 6L, 7L), file.written.subList(4, 8));
    Writeback.writepages(file.mapping, WritebackControl.background(4));
    assertEquals(List.of(8L, 9L, 0L, 1L), file.written.subList(8, 12), "wraps once");
    assertEquals(2, file.mapping.dirtyFolios());
  }

  /// R-H6.
  @Test
  void backgroundWrapsAtMostOnce() throws FsException {
    write(file, 0, 9, 1);
    file.mapping.setWritebackIndex(5);
    file.afterWrite =
        index -> {
          try {
            file.write(index, 2);
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        };
    Writeback.writepages(file.mapping, WritebackControl.background(1000));
    file.afterWrite = null;
    assertEquals(List.of(5L, 6L, 7L, 8L, 9L, 0L, 1L, 2L, 3L, 4L), file.written);
  }

  @Test
  void runsAreAllocatedBeforeAnyFolioIsLockedAndAreAdjacentAndBounded() throws FsException {
    write(file, 0, 2, 1);
    write(file, 5, 5, 1);
    write(file, 100, 100 + DirtyRun.MAX_FOLIOS + 9, 1);
    Writeback.syncRange(file.mapping, 0, END);
    int max = DirtyRun.MAX_FOLIOS;
    assertEquals(
        List.of("0..2", "5..5", "100.." + (99 + max), (100 + max) + ".." + (109 + max)),
        file.runs);
  }

  @Test
  void aRunOfTheBackgroundIsNoLongerThanTheAmount() throws FsException {
    write(file, 0, 99, 1);
    Writeback.writepages(file.mapping, WritebackControl.background(10));
    assertEquals(List.of("0..9"), file.runs);
  }

  @Test
  void theNextRunIsFoundWithoutLocksOfFolios() throws Exception {
    write(file, 10, 20, 1);
    write(file, 22, 22, 1);
    whileLocked(file.folio(15), this::findsRuns);
  }

  private void findsRuns() {
    DirtyRun run = new DirtyRun();
    assertTrue(Writeback.nextDirtyRun(file.mapping, 0, 1000, SyncMode.NONE, run));
    assertEquals("10..20", run.toString());
    assertEquals(11, run.folios());
    assertTrue(Writeback.nextDirtyRun(file.mapping, 12, 14, SyncMode.NONE, run));
    assertEquals("12..14", run.toString());
    assertTrue(Writeback.nextDirtyRun(file.mapping, 21, 1000, SyncMode.NONE, run));
    assertEquals("22..22", run.toString());
    assertFalse(Writeback.nextDirtyRun(file.mapping, 23, 1000, SyncMode.NONE, run));
    assertFalse(
        Writeback.nextDirtyRun(file.mapping, 0, 1000, SyncMode.ALL, run), "nothing is tagged");
    file.mapping.tagDirtyToWrite(11, 12);
    assertTrue(Writeback.nextDirtyRun(file.mapping, 0, 1000, SyncMode.ALL, run));
    assertEquals("11..12", run.toString());
  }

  // ---- Errors -----------------------------------------------------------------------------------

  /// R-H6.
  @Test
  void aFolioThatCannotBeWrittenDoesNotBlockTheRest() throws FsException {
    write(file, 0, 9, 1);
    file.refused.put(2L, Errno.ENOSPC);
    file.refused.put(7L, Errno.EIO);
    FsException e =
        assertThrows(
            FsException.class,
            () ->
                Writeback.writeCachePages(
                    file.mapping, WritebackControl.integrity(0, 1000), file));
    assertEquals(Errno.ENOSPC, e.errno(), "the first");
    assertEquals(List.of(0L, 1L, 3L, 4L, 5L, 6L, 8L, 9L), file.written);
    assertEquals(2, file.mapping.dirtyFolios());
  }

  /// R-H6.
  @Test
  void aRunThatCannotBeAllocatedDoesNotBlockTheNext() throws FsException {
    write(file, 0, 2, 1);
    write(file, 4, 6, 1);
    file.unallocated.put(0L, Errno.ENOSPC);
    assertEquals(Errno.ENOSPC, Writeback.syncRange(file.mapping, 0, END));
    assertEquals(List.of(4L, 5L, 6L), file.written);
    assertEquals(3, file.mapping.dirtyFolios(), "nothing that was accepted is lost");
  }

  /// R-H7.
  @Test
  void eachOpenFileHearsOfAFailedWriteoutOnce() throws FsException {
    ErrSeq errors = file.mapping.writebackErrors();
    int one = errors.sample();
    int two = errors.sample();
    write(file, 0, 9, 1);
    file.failing.add(3L);
    assertEquals(Errno.EIO, Writeback.syncRange(file.mapping, 0, END));
    file.failing.clear();
    assertEquals(Errno.EIO, errors.checkSince(one));
    one = errors.advance();
    assertEquals(Errno.EIO, errors.checkSince(two));
    two = errors.advance();
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertNull(errors.checkSince(one));
    assertNull(errors.checkSince(two));
  }

  /// R-H8. Where we differ from Linux: the bytes stay, and the next sync tries again.
  @Test
  void aFolioWhoseWriteoutFailedStaysDirtyUntilOneSucceeds() throws FsException {
    write(file, 0, 2, 5);
    file.failing.add(1L);
    assertEquals(Errno.EIO, Writeback.syncRange(file.mapping, 0, END));
    Folio folio = file.folio(1);
    assertTrue(folio.isDirty() && folio.isUptodate());
    assertEquals(1, file.mapping.dirtyFolios());
    assertTrue(folio.tryLock());
    assertFalse(file.mapping.evict(folio), "nothing accepted is dropped");
    folio.unlock();
    assertEquals(1, file.mapping.writeFailures());
    file.mapping.writebackErrors().advance();
    file.failing.clear();
    assertNull(Writeback.syncRange(file.mapping, 0, END));
    assertEquals(5, file.store.get(1L));
  }

  // ---- Held back I/O ----------------------------------------------------------------------------

  /// R-I6. Goal: two walks that hold back I/O and meet each other's folios under write-out do not
  /// wait for one another. Method: each submits before it waits; without that, this hangs.
  @Test
  void heldBackIoIsSubmittedBeforeAWait() throws Exception {
    FakeFile held = new FakeFile(cache, device, "held", io, true);
    for (int round = 0; round < 50; round++) {
      write(held, 0, 30, round);
      FolioWriter own = writerOf(held);
      Thread other =
          Thread.ofPlatform()
              .start(() -> walk(held, WritebackControl.integrity(0, 100), own));
      AtomicBoolean stop = new AtomicBoolean();
      Thread completer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      io.complete(3);
                      Thread.onSpinWait();
                    }
                  });
      walk(held, WritebackControl.integrity(0, 100), writerOf(held));
      other.join();
      Writeback.waitRange(held.mapping, 0, END);
      stop.set(true);
      completer.join();
      assertEquals(0, held.mapping.dirtyFolios());
    }
    held.drop();
  }

  private static void walk(FakeFile file, WritebackControl control, FolioWriter writer) {
    try {
      Writeback.writeCachePages(file.mapping, control, writer);
    } catch (FsException e) {
      throw new AssertionError(e);
    }
  }

  /// A writer with its own held back I/O over the same folios.
  private FolioWriter writerOf(FakeFile file) {
    return new FolioWriter() {
      private final ArrayDeque<Folio> back = new ArrayDeque<>();

      @Override
      public boolean writeFolio(Folio folio, WritebackControl control) {
        assertTrue(Writeback.isWriting());
        assertTrue(folio.clearDirtyForIo());
        folio.startWriteback();
        folio.unlock();
        back.add(folio);
        return true;
      }

      @Override
      public void flush() {
        while (!back.isEmpty()) {
          file.submit(back.remove());
        }
      }
    };
  }

  // ---- All of it at random ----------------------------------------------------------------------

  /// R-H1, R-H2, R-H8. Random writes, walks, completions, failures and truncations: at the end one
  /// sync brings the store to what was written last.
  @Test
  void whateverHappensTheLastSyncBringsEverythingToTheStore() throws FsException {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Map<Long, Long> model = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      long index = random.nextInt(200);
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> {
          slow.write(index, step);
          model.put(index, (long) step);
        }
        case 3 ->
            Writeback.writepages(
                slow.mapping, WritebackControl.background(1 + random.nextInt(20)));
        case 4 -> Writeback.startRange(slow.mapping, index * SIZE, (index + 20) * SIZE);
        case 5 -> io.complete(random.nextInt(10));
        case 6 -> slow.failAll = random.nextInt(4) == 0;
        default -> {
          Folio folio = slow.mapping.find(index);
          if (folio != null && !folio.isWriteback() && random.nextInt(10) == 0) {
            slow.detach(index);
            slow.store.remove(index);
            model.remove(index);
          }
        }
      }
    }
    slow.failAll = false;
    while (slow.mapping.dirtyFolios() + slow.mapping.writebackFolios() > 0) {
      Writeback.startRange(slow.mapping, 0, END);
      io.complete(1000);
    }
    assertEquals(new TreeMap<>(model), slow.stored(), "seed " + seed);
  }
}
