package org.pagewright.fs.ext4.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.buffer.BufferCache;
import org.pagewright.fs.ext4.buffer.BufferType;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.Mutex;

final class HandleTest {
  private final BufferCache cache;
  private final Journal journal;

  HandleTest() throws FsException {
    cache = new BufferCache(RamBlockDevice.of("ram", 1 << 20), 1024, 1 << 20);
    journal = new NoJournal(cache);
  }

  @Test
  void aNestedStartIsTheSameHandleAndOnlyTheLastStopEndsIt() throws FsException {
    Handle outer = journal.start(4);
    Handle inner = journal.start(2);
    assertSame(outer, inner);
    inner.stop();
    assertSame(outer, journal.current());
    outer.stop();
    assertNull(journal.current());
    assertTrue(Lockdep.holdsNothing());
  }

  @Test
  void moreBlocksThanCreditsAreAnError() throws FsException {
    try (Handle handle = journal.start(1);
        Buffer a = cache.create(1, BufferType.PLAIN);
        Buffer b = cache.create(2, BufferType.PLAIN)) {
      handle.getCreateAccess(a);
      handle.getWriteAccess(a);
      assertEquals(0, handle.creditsLeft());
      assertThrows(AssertionError.class, () -> handle.getWriteAccess(b));
      assertThrows(AssertionError.class, () -> journal.start(1));
    }
  }

  @Test
  void aBlockThatWasNotDeclaredMustNotBeChanged() throws FsException {
    try (Handle handle = journal.start(1);
        Buffer a = cache.create(1, BufferType.PLAIN)) {
      assertThrows(AssertionError.class, () -> handle.dirtyMetadata(a));
      handle.getWriteAccess(a);
      handle.dirtyMetadata(a);
      assertTrue(a.dirty());
      handle.revoke(1, 1);
      assertFalse(a.dirty());
    }
    assertTrue(cache.checkInvariants());
  }

  @Test
  void aRestartWantsEverythingDeclaredAgain() throws FsException {
    try (Handle handle = journal.start(1);
        Buffer a = cache.create(1, BufferType.PLAIN)) {
      handle.getWriteAccess(a);
      assertTrue(handle.extend(3));
      assertEquals(3, handle.creditsLeft());
      assertFalse(handle.extend(1 << 20));
      handle.restart(2);
      assertThrows(AssertionError.class, () -> handle.dirtyMetadata(a));
      handle.ensure(2);
      assertEquals(2, handle.creditsLeft());
      handle.ensure(5);
      assertEquals(5, handle.creditsLeft());
    }
  }

  @Test
  void aHandleMustNotStartBelowAFolio() {
    Mutex folio = new Mutex(LockClass.FOLIO, "folio");
    folio.lock();
    try {
      assertThrows(AssertionError.class, () -> journal.start(1));
    } finally {
      folio.unlock();
    }
  }

  @Test
  void aBarrierWaitsForHandlesAndHoldsNewOnesBack() throws Exception {
    Handle handle = journal.start(1);
    CountDownLatch frozen = new CountDownLatch(1);
    CountDownLatch thaw = new CountDownLatch(1);
    AtomicBoolean stopped = new AtomicBoolean();
    AtomicBoolean stoppedFirst = new AtomicBoolean();
    Thread freezer =
        Thread.ofPlatform()
            .start(
                () -> {
                  journal.lockUpdates();
                  stoppedFirst.set(stopped.get());
                  frozen.countDown();
                  try {
                    thaw.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  journal.unlockUpdates();
                });
    stopped.set(true);
    handle.stop();
    frozen.await();
    assertTrue(stoppedFirst.get());
    thaw.countDown();
    journal.start(1).stop();
    freezer.join();
  }
}
