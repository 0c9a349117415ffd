package org.pagewright.writeback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Background write-out by age and amount (R-I1), and its retries (R-H8), by a clock of our own.
/// Where no thread is needed the test is the thread and calls [Flusher#round()].
@Timeout(60)
final class FlusherTest {
  private static final int SIZE = AddressSpace.FOLIO_SIZE;

  private final VirtualClock clock = new VirtualClock();
  private final PageCache cache = new PageCache(4096L * SIZE);
  private final DirtyLimits limits = new DirtyLimits(400, 800);
  private final DirtyThrottle throttle = new DirtyThrottle(cache, limits, clock);
  private final BackingDevice device = new BackingDevice(throttle, "dev");
  private final FakeTarget target = new FakeTarget(clock);
  private final Flusher flusher = new Flusher(device, target);
  private final FakeFile one = new FakeFile(cache, device, "one");
  private final FakeFile two = new FakeFile(cache, device, "two");
  private final FakeTarget.Entry inodeOne = target.add(one);
  private final FakeTarget.Entry inodeTwo = target.add(two);

  @AfterEach
  void close() {
    flusher.close();
    device.close();
    assertTrue(one.mapping.checkInvariants() && two.mapping.checkInvariants());
  }

  private static void write(FakeFile file, int folios) throws FsException {
    for (int i = 0; i < folios; i++) {
      file.write(i, 1);
    }
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  // ---- Age --------------------------------------------------------------------------------------

  @Test
  void whatIsDirtyForThirtySecondsIsWrittenAtTheNextLook() throws FsException {
    write(one, 3);
    clock.advance(Flusher.EXPIRE_NANOS / 2);
    write(two, 3);
    flusher.round();
    assertEquals(0, one.written.size(), "young");
    clock.advance(Flusher.EXPIRE_NANOS / 2);
    long rest = flusher.round();
    assertEquals(3, one.written.size());
    assertEquals(0, two.written.size());
    assertTrue(rest > 0 && rest <= Flusher.PERIOD_NANOS, "looks again: " + rest);
    clock.advance(Flusher.EXPIRE_NANOS / 2);
    assertEquals(Long.MAX_VALUE, flusher.round(), "nothing dirty: sleeps until told");
    assertEquals(3, two.written.size());
  }

  @Test
  void theAgesAreLookedAtOnceAPeriod() throws FsException {
    write(one, 3);
    clock.advance(Flusher.EXPIRE_NANOS);
    flusher.round();
    write(two, 1);
    clock.advance(Flusher.PERIOD_NANOS / 2);
    target.visited.clear();
    flusher.round();
    assertEquals(List.of(), target.visited);
  }

  @Test
  void metadataOfAnOldInodeIsWrittenAfterItsData() throws FsException {
    write(one, 1);
    inodeOne.metadataDirty = true;
    inodeTwo.metadataDirty = true;
    target.dirtied(inodeTwo);
    clock.advance(Flusher.EXPIRE_NANOS);
    flusher.round();
    assertEquals(1, inodeOne.inodeWrites);
    assertEquals(1, inodeTwo.inodeWrites, "also without data");
    assertFalse(target.hasDirty());
  }

  @Test
  void anInodeThatIsDirtiedForEverIsNotWrittenMoreOftenThanItAges() throws FsException {
    write(one, 10);
    one.afterWrite =
        index -> {
          try {
            one.write(index, 2);
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        };
    clock.advance(Flusher.EXPIRE_NANOS);
    flusher.round();
    assertEquals(10, one.written.size());
    clock.advance(Flusher.PERIOD_NANOS);
    flusher.round();
    assertEquals(10, one.written.size(), "counts as dirty since it was written");
    one.afterWrite = null;
  }

  // ---- Amount -----------------------------------------------------------------------------------

  /// R-I1.
  @Test
  void belowTheBackgroundLimitNothingIsWrittenForAmount() throws FsException {
    write(one, limits.background());
    flusher.round();
    assertEquals(0, one.written.size());
  }

  /// R-I1, R-H6.
  @Test
  void aboveTheBackgroundLimitTheOldestIsWrittenFirstAndOnlyUntilBelow() throws FsException {
    write(one, 300);
    clock.advanceMillis(1);
    write(two, 300);
    flusher.round();
    assertEquals(300, one.written.size());
    assertEquals(0, two.written.size(), "below again after the first");
    assertEquals(300, cache.dirtyFolios());
  }

  @Test
  void everyInodeGetsAChunkInTurn() throws FsException {
    write(one, 700);
    clock.advanceMillis(1);
    write(two, 500);
    target.visited.clear();
    while (flusher.round() == 0) {
      continue;
    }
    assertEquals(List.of("one", "two"), target.visited);
    assertEquals(400, one.written.size(), "half of the limit");
    assertEquals(400, two.written.size());
  }

  @Test
  void whenAllIsBusyTheFlusherRestsInsteadOfSpinning() throws FsException {
    FakeFile.Io io = new FakeFile.Io();
    FakeFile slow = new FakeFile(cache, device, "slow", io, false);
    target.add(slow);
    write(slow, 600);
    Writeback.startRange(slow.mapping, 0, AddressSpace.MAX_SIZE - 1);
    write(slow, 600); // dirty while under write-out: nothing that could be started
    long rest = flusher.round();
    assertTrue(rest > 0 && rest < 1_000_000_000, "rests " + rest);
    while (io.complete(100) > 0) {
      continue;
    }
  }

  // ---- Failures ---------------------------------------------------------------------------------

  /// R-H8: at 1, 2, 4, 8, 16, 30, 30 seconds after the failure that was seen last.
  @Test
  void aFailingFileIsTriedAgainEverMoreRarely() throws FsException {
    write(one, 500);
    one.failAll = true;
    List<Long> attempts = new ArrayList<>();
    long start = clock.nanoTime();
    for (int tick = 0; tick < 2000; tick++) {
      int before = one.written.size();
      flusher.round();
      if (one.written.size() > before) {
        attempts.add((clock.nanoTime() - start) / 100_000_000);
      }
      clock.advanceMillis(100);
    }
    List<Long> gaps = new ArrayList<>();
    for (int i = 1; i < attempts.size(); i++) {
      gaps.add((attempts.get(i) - attempts.get(i - 1)) / 10);
    }
    assertEquals(List.of(1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L, 30L, 30L), gaps.subList(0, 10));
    assertEquals(500, one.mapping.dirtyFolios(), "nothing accepted is lost");

    one.failAll = false;
    for (int tick = 0; tick < 400; tick++) {
      flusher.round();
      clock.advanceMillis(100);
    }
    assertEquals(500, one.store.size());
  }

  /// R-H8.
  @Test
  void aFileThatRecoveredIsTriedAfterASecondWhenItFailsAnew() throws FsException {
    for (int i = 0; i < 3; i++) {
      write(one, 401);
      one.failAll = true;
      flusher.round();
      flusher.round();
      one.failAll = false;
      flusher.round();
      assertEquals(401, one.mapping.dirtyFolios(), "not yet");
      clock.advanceMillis(1100);
      flusher.round();
      flusher.round();
      assertTrue(one.mapping.dirtyFolios() <= 1);
      Writeback.syncRange(one.mapping, 0, AddressSpace.MAX_SIZE - 1);
      write(one, 401);
      flusher.round(); // goes well: the next failure is a first one
    }
  }

  @Test
  void aFailingFileDoesNotHoldUpTheOthers() throws FsException {
    write(one, 450);
    one.failAll = true;
    clock.advanceMillis(1);
    write(two, 450);
    flusher.round();
    flusher.round();
    assertEquals(450, two.store.size());
  }

  @Test
  void anInodeThatCannotBeWrittenIsRecordedForItsOpenFiles() throws FsException {
    write(one, 1);
    inodeOne.inodeFailure = Errno.ENOSPC;
    int since = one.mapping.writebackErrors().sample();
    clock.advance(Flusher.EXPIRE_NANOS);
    flusher.round();
    assertEquals(Errno.ENOSPC, one.mapping.writebackErrors().checkSince(since));
  }

  // ---- Sync -------------------------------------------------------------------------------------

  /// R-H3.
  @Test
  void syncWritesAllThatWasDirtyAndNoInodeDirtiedLater() throws FsException {
    write(one, 20);
    write(two, 20);
    inodeOne.metadataDirty = true;
    AtomicLong files = new AtomicLong();
    one.afterWrite =
        index -> {
          FakeFile later = new FakeFile(cache, device, "later" + files.incrementAndGet());
          target.add(later);
          clock.advance(1);
          try {
            later.write(0, 1);
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        };
    assertNull(flusher.sync(true));
    assertEquals(20, one.store.size());
    assertEquals(20, two.store.size());
    assertEquals(1, inodeOne.inodeWrites);
    assertEquals(20, cache.dirtyFolios(), "those of the files that came later");
  }

  @Test
  void syncTellsTheFirstErrorAndGoesOn() throws FsException {
    write(one, 3);
    write(two, 3);
    one.failAll = true;
    assertEquals(Errno.EIO, flusher.sync(true));
    assertEquals(3, two.store.size());
    assertEquals(3, one.mapping.dirtyFolios());
    one.failAll = false;
    one.mapping.writebackErrors().advance();
    assertNull(flusher.sync(true));
  }

  // ---- The thread -------------------------------------------------------------------------------

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().equals("pagewright-flush-fake"))
        .count();
  }

  @Test
  void theThreadStartsWithTheFirstDirtyInodeAndEndsOnClose() throws FsException {
    target.flusher = flusher;
    assertEquals(0, threads());
    write(one, 1);
    assertEquals(1, threads());
    await(() -> clock.sleepers() == 1);
    for (int i = 0; i < 7; i++) {
      await(() -> clock.sleepers() == 1 || !target.hasDirty());
      clock.advance(Flusher.PERIOD_NANOS);
    }
    await(() -> one.store.size() == 1);
    await(() -> !target.hasDirty());
    flusher.close();
    await(() -> threads() == 0);
  }

  @Test
  void aFlusherWithoutWorkSleepsUntilTold() throws FsException {
    target.flusher = flusher;
    for (int i = 0; i < 5; i++) {
      write(one, 1);
      while (target.hasDirty()) {
        clock.advance(Flusher.PERIOD_NANOS);
        Thread.onSpinWait();
      }
    }
    assertEquals(1, one.store.size());
    assertEquals(1, threads());
  }

  @Test
  void anAmountAboveTheLimitWakesTheFlusherAtOnce() throws FsException {
    target.flusher = flusher;
    write(one, 600);
    flusher.startBackground();
    await(() -> cache.dirtyFolios() <= limits.background());
  }

  /// Goal: a writer that asks for write-out at each chunk does not make a flusher spin that can
  /// start nothing.
  @Test
  void aFlusherThatCanStartNothingRestsHoweverOftenItIsAsked() throws FsException {
    FakeFile.Io io = new FakeFile.Io();
    FakeFile slow = new FakeFile(cache, device, "slow", io, false);
    target.add(slow);
    write(slow, 600);
    Writeback.startRange(slow.mapping, 0, AddressSpace.MAX_SIZE - 1);
    write(slow, 600);
    flusher.startBackground();
    await(() -> clock.sleepers() == 1);
    int rounds = target.visited.size();
    for (int i = 0; i < 1000; i++) {
      flusher.startBackground();
      await(() -> clock.sleepers() == 1);
    }
    assertTrue(target.visited.size() <= rounds + 1, "looked again without time passing");
    while (io.complete(100) > 0) {
      continue;
    }
    clock.advanceMillis(100);
    await(() -> cache.dirtyFolios() <= limits.background());
    flusher.close();
    while (io.complete(100) > 0) {
      continue;
    }
  }

  @Test
  void aFlusherThatDiesShutsTheSuperBlockDown() throws FsException {
    target.broken = true;
    target.flusher = flusher;
    write(one, 500);
    flusher.startBackground();
    await(() -> target.shutDownBy != null);
    assertInstanceOf(IllegalStateException.class, target.shutDownBy);
    flusher.close(); // does not hang
  }
}
