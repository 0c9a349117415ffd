package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;

/// Locks on ranges of a file and on whole files.
@Timeout(60)
final class FileLocksTest {
  private static final long END = FileLock.TO_END;

  private final CacheMemory memory = CacheMemory.ofBytes(1 << 20);
  private final Object door = new Object();
  private final LockOwner a = new LockOwner(door, 1, 101);
  private final LockOwner b = new LockOwner(door, 2, 102);
  private final LockOwner c = new LockOwner(door, 3, 103);
  private Volume volume;
  private OpenFile file;
  private OpenFile other;

  @BeforeEach
  void mount() throws FsException {
    volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
    file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
    other = volume.open("/other", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
  }

  @AfterEach
  void nothingIsLeft() throws FsException {
    for (LockOwner owner : List.of(a, b, c)) {
      for (LockKind kind : LockKind.values()) {
        file.unlockAll(kind, owner);
        other.unlockAll(kind, owner);
      }
    }
    assertEquals(0, locks().records());
    assertNull(file.inode().fileLocks);
    file.close();
    other.close();
    volume.close();
    memory.close();
  }

  private FileLocks locks() {
    return volume.superBlock().fileLocks();
  }

  private boolean shared(LockOwner owner, long first, long last) throws FsException {
    return file.tryLock(FileLock.range(owner, false, first, last));
  }

  private boolean exclusive(LockOwner owner, long first, long last) throws FsException {
    return file.tryLock(FileLock.range(owner, true, first, last));
  }

  private void unlock(LockOwner owner, long first, long last) throws FsException {
    file.unlock(FileLock.range(owner, false, first, last));
  }

  /// The first lock of others in a range, as `first-last` with a star if exclusive.
  private String seenBy(LockOwner owner, long first, long last) throws FsException {
    FileLock found = file.lockInTheWay(FileLock.range(owner, true, first, last));
    return found == null
        ? "none"
        : found.first() + "-" + (found.last() == END ? "end" : found.last())
            + (found.exclusive() ? "*" : "")
            + " by " + found.owner().pid();
  }

  private static void assertErrno(Errno expected, FsException e) {
    assertEquals(expected, e.errno(), e.getMessage());
  }

  @Test
  void sharedLocksGoTogetherAndExclusiveOnesWithNone() throws FsException {
    assertTrue(shared(a, 0, 9));
    assertTrue(shared(b, 5, 14));
    assertFalse(exclusive(b, 9, 9));
    assertTrue(exclusive(b, 10, 14));
    assertFalse(shared(a, 0, 10));
    assertTrue(exclusive(a, 0, 4));
    assertFalse(shared(c, 0, END));
    assertEquals("0-4* by 101", seenBy(c, 0, 3));
    assertEquals("5-9 by 102", seenBy(a, 0, END));
  }

  @Test
  void unlockInTheMiddleLeavesTwoAndLockingTheGapMakesOneAgain() throws FsException {
    assertTrue(exclusive(a, 0, END));
    unlock(a, 100, 199);
    assertEquals("0-99* by 101", seenBy(b, 0, 0));
    assertEquals("200-end* by 101", seenBy(b, 100, END));
    assertEquals(2, locks().records());
    assertTrue(exclusive(b, 100, 199));
    unlock(b, 0, END);
    assertTrue(exclusive(a, 100, 199));
    assertEquals(1, locks().records());
    assertEquals("0-end* by 101", seenBy(b, 150, 150));
  }

  @Test
  void changingTheTypeOfAPartCutsAndNeighboursOfOneTypeAreJoined() throws FsException {
    assertTrue(exclusive(a, 0, 99));
    assertTrue(shared(a, 40, 59));
    assertEquals(3, locks().records());
    assertEquals("40-59 by 101", seenBy(b, 40, 45));
    assertTrue(shared(a, 60, 99));
    assertEquals(2, locks().records());
    assertEquals("40-99 by 101", seenBy(b, 70, 70));
    assertTrue(shared(a, 0, 39));
    assertEquals(1, locks().records());
  }

  @Test
  void aChangeThatIsRefusedKeepsTheRange() throws FsException {
    assertTrue(shared(a, 0, 9));
    assertTrue(shared(b, 0, 9));
    assertFalse(exclusive(a, 0, 9));
    assertEquals("0-9 by 101", seenBy(b, 0, 9));
  }

  @Test
  void wholeAndRangeKnowNothingOfEachOther() throws FsException {
    assertTrue(exclusive(a, 0, END));
    assertTrue(file.tryLock(FileLock.whole(b, true)));
    assertFalse(file.tryLock(FileLock.whole(a, false)));
    file.unlock(FileLock.whole(b, true));
    assertTrue(file.tryLock(FileLock.whole(a, false)));
    assertTrue(file.tryLock(FileLock.whole(b, false)));
  }

  @Test
  void aChangeOfAWholeLockThatIsRefusedHasLostIt() throws FsException {
    assertTrue(file.tryLock(FileLock.whole(a, false)));
    assertTrue(file.tryLock(FileLock.whole(b, false)));
    assertFalse(file.tryLock(FileLock.whole(a, true)));
    assertTrue(file.tryLock(FileLock.whole(b, true)), "the first one is gone");
  }

  @Test
  void aLockOnARangeAsksForAFileOpenForIt() throws FsException {
    try (OpenFile reader = volume.open("/file", OpenFlags.RDONLY, 0);
        OpenFile writer = volume.open("/file", OpenFlags.WRONLY, 0)) {
      assertErrno(
          Errno.EBADF,
          assertThrows(FsException.class, () -> reader.tryLock(FileLock.range(a, true, 0, 1))));
      assertErrno(
          Errno.EBADF,
          assertThrows(FsException.class, () -> writer.tryLock(FileLock.range(a, false, 0, 1))));
      assertTrue(reader.tryLock(FileLock.whole(a, true)));
    }
    assertErrno(
        Errno.EINVAL,
        assertThrows(FsException.class, () -> file.tryLock(FileLock.range(a, true, 5, 4))));
  }

  @Test
  void closingAnOpenFileLetsGoOfWhatItOwns() throws FsException {
    OpenFile mine = volume.open("/file", OpenFlags.RDWR, 0);
    LockOwner owner = new LockOwner(mine, 0, 7);
    assertTrue(mine.tryLock(FileLock.whole(owner, true)));
    assertTrue(mine.tryLock(FileLock.range(owner, true, 3, 4)));
    LockRequest request = file.requestLock(FileLock.whole(b, true), ended -> {});
    assertTrue(request.isWaiting());
    mine.close();
    assertTrue(request.isGranted());
    assertEquals("none", seenBy(b, 0, END));
  }

  @Test
  void requestsAreGrantedInTheirOrderByWhoeverMakesWay() throws FsException {
    List<LockRequest> ended = new ArrayList<>();
    assertTrue(exclusive(a, 0, 9));
    LockRequest first = file.requestLock(FileLock.range(b, true, 0, 4), ended::add);
    LockRequest second = file.requestLock(FileLock.range(c, false, 3, 9), ended::add);
    LockRequest apart = file.requestLock(FileLock.range(c, false, 20, 29), ended::add);
    assertTrue(apart.isGranted(), "nobody is in its way");
    unlock(a, 0, 4);
    assertEquals(List.of(first), ended);
    assertTrue(first.isGranted() && second.isWaiting());
    unlock(a, 5, 9);
    assertEquals(1, ended.size(), "the first one is in the way of the second now");
    file.unlockAll(LockKind.RANGE, b);
    assertEquals(List.of(first, second), ended);
  }

  @Test
  void makingARangeSharedLetsReadersIn() throws FsException {
    assertTrue(exclusive(a, 0, END));
    LockRequest reader = file.requestLock(FileLock.range(b, false, 0, 9), ended -> {});
    LockRequest writer = file.requestLock(FileLock.range(c, true, 5, 5), ended -> {});
    assertTrue(shared(a, 0, END));
    assertTrue(reader.isGranted() && writer.isWaiting());
    assertTrue(file.cancelLock(writer));
    assertFalse(file.cancelLock(writer));
    assertSame(Errno.EINTR, writer.error());
    assertFalse(file.cancelLock(reader));
  }

  @Test
  void aCircleOfWaitersThroughSeveralFilesIsRefused() throws FsException {
    assertTrue(exclusive(a, 0, 0));
    assertTrue(other.tryLock(FileLock.range(b, true, 0, 0)));
    assertTrue(exclusive(c, 1, 1));
    LockRequest first = other.requestLock(FileLock.range(a, true, 0, 9), ended -> {}); // a -> b
    LockRequest second = file.requestLock(FileLock.range(b, false, 1, 1), ended -> {}); // b -> c
    assertErrno(
        Errno.EDEADLK,
        assertThrows(
            FsException.class, () -> file.requestLock(FileLock.range(c, true, 0, 0), e -> {})));
    // Without the middle one there is no circle.
    assertTrue(file.cancelLock(second));
    LockRequest third = file.requestLock(FileLock.range(c, true, 0, 0), ended -> {});
    assertTrue(third.isWaiting());
    file.unlockAll(LockKind.RANGE, a);
    assertTrue(third.isGranted() && first.isWaiting());
    other.unlockAll(LockKind.RANGE, b);
    assertTrue(first.isGranted());
  }

  @Test
  void twoReadersThatBothWantToWriteAreADeadlock() throws FsException {
    assertTrue(shared(a, 0, 9));
    assertTrue(shared(b, 0, 9));
    LockRequest first = file.requestLock(FileLock.range(a, true, 0, 9), ended -> {});
    assertErrno(
        Errno.EDEADLK,
        assertThrows(
            FsException.class, () -> file.requestLock(FileLock.range(b, true, 0, 9), e -> {})));
    unlock(b, 0, 9);
    assertTrue(first.isGranted());
  }

  @Test
  void wholeLocksAreNotSearchedForDeadlocks() throws FsException {
    assertTrue(file.tryLock(FileLock.whole(a, true)));
    assertTrue(other.tryLock(FileLock.whole(b, true)));
    LockRequest first = other.requestLock(FileLock.whole(a, true), ended -> {});
    LockRequest second = file.requestLock(FileLock.whole(b, true), ended -> {});
    assertTrue(first.isWaiting() && second.isWaiting());
    file.cancelLock(second);
    file.cancelLock(first);
  }

  @Test
  void aThreadThatWaitsIsWokenOrInterrupted() throws Exception {
    assertTrue(exclusive(a, 0, 9));
    CompletableFuture<Void> got = new CompletableFuture<>();
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    file.lock(FileLock.range(b, true, 5, 5));
                    got.complete(null);
                  } catch (Throwable e) {
                    got.completeExceptionally(e);
                  }
                });
    awaitRecords(2);
    unlock(a, 0, 9);
    got.join();
    waiter.join();
    CompletableFuture<FsException> told = new CompletableFuture<>();
    Thread interrupted =
        Thread.ofPlatform()
            .start(
                () ->
                    told.complete(
                        assertThrows(
                            FsException.class, () -> file.lock(FileLock.range(c, true, 0, END)))));
    awaitRecords(2);
    interrupted.interrupt();
    assertErrno(Errno.EINTR, told.join());
    interrupted.join();
    assertEquals(1, locks().records());
  }

  private void awaitRecords(int wanted) {
    while (locks().records() != wanted) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aLockThatComesAfterTheFileWasClosedIsGivenBack() throws Exception {
    assertTrue(exclusive(a, 0, 9));
    OpenFile mine = volume.open("/file", OpenFlags.RDWR, 0);
    CompletableFuture<FsException> told = new CompletableFuture<>();
    Thread waiter =
        Thread.ofPlatform()
            .start(
                () ->
                    told.complete(
                        assertThrows(
                            FsException.class, () -> mine.lock(FileLock.range(b, true, 0, 0)))));
    awaitRecords(2);
    mine.close();
    unlock(a, 0, 9);
    assertErrno(Errno.EBADF, told.join());
    waiter.join();
    assertEquals(0, locks().records());
  }

  @Test
  void moreLocksThanThereIsRoomForAreRefusedAndNothingIsLost() throws FsException {
    FileLocks few = new FileLocks("few", 4);
    assertTrue(few.tryLock(file.inode(), FileLock.range(a, true, 0, END)));
    few.unlock(file.inode(), FileLock.range(a, true, 10, 10));
    few.unlock(file.inode(), FileLock.range(a, true, 20, 20));
    few.unlock(file.inode(), FileLock.range(a, true, 30, 30));
    assertEquals(4, few.records());
    assertErrno(
        Errno.ENOLCK,
        assertThrows(
            FsException.class,
            () -> few.unlock(file.inode(), FileLock.range(a, true, 40, 40))));
    assertErrno(
        Errno.ENOLCK,
        assertThrows(
            FsException.class,
            () -> few.request(file.inode(), FileLock.range(b, true, 0, 0), e -> {})));
    few.unlock(file.inode(), FileLock.range(a, true, 0, 9));
    assertEquals(3, few.records());
    few.unlockAll(file.inode(), LockKind.RANGE, a);
    assertEquals(0, few.records());
  }

  /// Method: owners lock, unlock and change ranges of sixteen bytes at random; a table byte by byte
  /// says what must be held, and how many ranges that makes.
  @Test
  void randomLocksAreThoseOfAByteTable() throws FsException {
    long seed = Long.getLong("locks.seed", System.nanoTime());
    Random random = new Random(seed);
    LockOwner[] owners = {a, b, c};
    int[][] held = new int[owners.length][16]; // 0 none, 1 shared, 2 exclusive
    for (int step = 0; step < 20_000; step++) {
      int who = random.nextInt(owners.length);
      int first = random.nextInt(16);
      int last = first + random.nextInt(16 - first);
      int want = random.nextInt(3);
      boolean free = true;
      for (int o = 0; o < owners.length; o++) {
        for (int i = first; i <= last; i++) {
          free &= o == who || Math.min(held[o][i], want) == 0 || Math.max(held[o][i], want) == 1;
        }
      }
      FileLock lock = FileLock.range(owners[who], want == 2, first, last);
      String message = "seed " + seed + ", step " + step + ": " + lock;
      if (want == 0) {
        file.unlock(lock);
      } else {
        assertEquals(free, file.lockInTheWay(lock) == null, message);
        assertEquals(free, file.tryLock(lock), message);
      }
      int ranges = 0;
      for (int o = 0; o < owners.length; o++) {
        for (int i = 0; i < 16; i++) {
          if (o == who && i >= first && i <= last && (want == 0 || free)) {
            held[o][i] = want;
          }
          ranges += held[o][i] != 0 && (i == 0 || held[o][i - 1] != held[o][i]) ? 1 : 0;
        }
      }
      assertEquals(ranges, locks().records(), message);
    }
  }

  /// Goal: who waits for something else does not slow down a release, and of those who wait for one
  /// byte each release looks at no more than it must. Method: as many locks and requests as a
  /// table of all has to bear; looked at one by one they would take hours.
  @Test
  void thousandsThatHoldAndWaitAreNotLookedAtByEachOther() throws FsException {
    int owners = 12_000;
    int[] granted = new int[1];
    for (int i = 0; i < owners; i++) { // each holds its own byte, and one other waits for it
      assertTrue(shared(new LockOwner(door, 10 + i, i), 2L * i, 2L * i + 1));
      file.requestLock(
          FileLock.range(new LockOwner(door, -10 - i, i), true, 2L * i, 2L * i),
          ended -> granted[0]++);
    }
    for (int i = owners - 1; i >= 0; i--) {
      assertEquals(owners - 1 - i, granted[0]);
      unlock(new LockOwner(door, 10 + i, i), 2L * i, 2L * i + 1);
    }
    for (int i = 0; i < owners; i++) {
      unlock(new LockOwner(door, -10 - i, i), 0, END);
    }
    assertEquals(0, locks().records());
    assertTrue(exclusive(a, 7, 7));
    for (int i = 0; i < owners; i++) { // all wait for one byte
      file.requestLock(
          FileLock.range(new LockOwner(door, 10 + i, i), true, 7, 7), ended -> granted[0]++);
    }
    unlock(a, 7, 7);
    for (int i = 0; i < owners; i++) {
      assertEquals(owners + 1 + i, granted[0]);
      unlock(new LockOwner(door, 10 + i, i), 7, 7);
    }
  }

  @Test
  void twoRequestsOfOneOwnerAreBothGrantedByOneRelease() throws FsException {
    for (LockKind kind : LockKind.values()) {
      assertTrue(file.tryLock(new FileLock(kind, a, true, 0, END)));
      LockRequest first = file.requestLock(new FileLock(kind, b, true, 0, END), ended -> {});
      LockRequest other = file.requestLock(new FileLock(kind, c, true, 0, END), ended -> {});
      LockRequest second = file.requestLock(new FileLock(kind, b, true, 0, END), ended -> {});
      file.unlockAll(kind, a);
      assertTrue(first.isGranted() && second.isGranted() && other.isWaiting());
      file.unlockAll(kind, b);
      assertTrue(other.isGranted());
      file.unlockAll(kind, c);
    }
  }

  /// Method: owners ask for, and let go of, ranges of twelve bytes at random and wait where they
  /// must; beside it a table byte by byte, and a list of who waits, all of which is gone over again
  /// and again after each release until nothing more can be granted.
  @Test
  void randomRequestsAreGrantedAsByALookAtAllOfThem() throws FsException {
    long seed = Long.getLong("locks.seed", System.nanoTime());
    Random random = new Random(seed);
    LockOwner[] owners = new LockOwner[6];
    for (int i = 0; i < owners.length; i++) {
      owners[i] = new LockOwner(door, i, 100 + i);
    }
    int[][] held = new int[owners.length][12];
    List<LockRequest> waiting = new ArrayList<>();
    for (int step = 0; step < 30_000; step++) {
      int who = random.nextInt(owners.length);
      int first = random.nextInt(12);
      int last = first + random.nextInt(Math.min(12 - first, 4));
      int want = random.nextInt(4);
      String message = "seed " + seed + ", step " + step;
      if (want == 0) {
        unlock(owners[who], first, last);
        mark(held[who], first, last, 0);
      } else if (want == 3 && !waiting.isEmpty()) {
        assertTrue(file.cancelLock(waiting.remove(random.nextInt(waiting.size()))), message);
      } else if (want != 3) {
        FileLock lock = FileLock.range(owners[who], want == 2, first, last);
        LockRequest request;
        try {
          request = file.requestLock(lock, ended -> {});
        } catch (FsException e) {
          assertErrno(Errno.EDEADLK, e);
          assertFalse(isFree(held, lock), message);
          continue;
        }
        if (isFree(held, lock)) {
          assertTrue(request.isGranted(), message);
          mark(held[who], first, last, want);
        } else {
          waiting.add(request);
        }
      }
      boolean again = true;
      while (again) {
        again = false;
        for (LockRequest request : List.copyOf(waiting)) {
          FileLock lock = request.lock();
          if (isFree(held, lock)) {
            again = true;
            waiting.remove(request);
            mark(
                held[(int) lock.owner().id()],
                (int) lock.first(),
                (int) lock.last(),
                lock.exclusive() ? 2 : 1);
            assertTrue(request.isGranted(), () -> message + ": " + request);
          }
        }
      }
      int records = waiting.size();
      for (LockRequest request : waiting) {
        assertTrue(request.isWaiting(), () -> message + ": " + request);
      }
      for (int[] bytes : held) {
        for (int i = 0; i < bytes.length; i++) {
          records += bytes[i] != 0 && (i == 0 || bytes[i - 1] != bytes[i]) ? 1 : 0;
        }
      }
      assertEquals(records, locks().records(), message);
    }
    for (LockRequest request : waiting) {
      file.cancelLock(request);
    }
    for (LockOwner owner : owners) {
      file.unlockAll(LockKind.RANGE, owner);
    }
  }

  private static void mark(int[] bytes, int first, int last, int as) {
    for (int i = first; i <= last; i++) {
      bytes[i] = as;
    }
  }

  private static boolean isFree(int[][] held, FileLock lock) {
    for (int owner = 0; owner < held.length; owner++) {
      for (int i = (int) lock.first(); i <= lock.last() && owner != lock.owner().id(); i++) {
        if (held[owner][i] == 2 || held[owner][i] == 1 && lock.exclusive()) {
          return false;
        }
      }
    }
    return true;
  }
}
