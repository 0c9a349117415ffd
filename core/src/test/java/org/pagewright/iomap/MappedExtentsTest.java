package org.pagewright.iomap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.AddressSpaceOperations.MkwriteResult;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.mm.MappedPin;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.mm.TestVm;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.writeback.BackingDevice;
import org.pagewright.writeback.DirtyLimits;
import org.pagewright.writeback.DirtyThrottle;

/// Goal: the rules of F, D and G that a store through a mapping is about, one by one.
/// Method: regions over a file system of extents in memory, whose journal is a lock that ranks
/// above every folio, on a device full of 'S'; block sizes 512 to 4096.
final class MappedExtentsTest {
  private static MappedRegion map(ExtentFile f) throws FsException {
    return map(f, 1 << 20);
  }

  private static MappedRegion map(ExtentFile f, long length) throws FsException {
    return new TestVm(f.mapping).map(0, length, Sharing.SHARED);
  }

  private static Folio folio(ExtentFile f, long index) {
    Folio folio = f.mapping.find(index);
    assertTrue(folio != null);
    return folio;
  }

  private static MappedRegionException failed(MappedRegionException.Kind kind, Runnable access) {
    MappedRegionException e = assertThrows(MappedRegionException.class, access::run);
    assertEquals(kind, e.kind());
    return e;
  }

  /// A quiet moment: no reference, no lock, no reservation for nothing.
  private static void checkQuiet(ExtentFile f) {
    Folio[] all = new Folio[1];
    for (long next = 0; f.mapping.gather(next, Long.MAX_VALUE >>> 13, all) > 0; ) {
      assertEquals(0, all[0].references(), all[0].toString());
      next = all[0].index() + 1;
    }
    f.checkQuiet();
    assert Lockdep.holdsNothing();
  }

  // ---- Space ----------------------------------------------------------------------------------

  /// R-F1, R-F12: the file system is asked with nothing locked, or its journal would complain, and
  /// for the bytes inside the file only.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void aStoreIntoAHoleReservesTheBlocksInsideTheEndAndNoOthers(int blockSize)
      throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(4_096 + 700);
      try (MappedRegion region = map(f)) {
        region.putByte(4_096, (byte) 'a');
        int inside = (700 + blockSize - 1) / blockSize;
        assertEquals(inside, f.fs.reserved());
        region.putByte(0, (byte) 'b');
        assertEquals(inside + 4_096 / blockSize, f.fs.reserved());
      }
      checkQuiet(f);
      f.remount();
      byte[] all = f.readAll();
      assertEquals('b', all[0]);
      assertEquals('a', all[4_096]);
      assertEquals(0, all[1]);
      assertEquals(0, all[4_097]);
    }
  }

  /// R-F13, R-F3, R-F4, R-F7: a full device is told at the store, nothing became dirty or visible,
  /// nothing is held, and the region works when there is room.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aStoreIntoAHoleOfAFullDeviceFailsAndChangesNothing(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(8_192);
      f.fs.setLimit(0);
      try (MappedRegion region = map(f)) {
        assertEquals(0, region.getByte(0));
        failed(MappedRegionException.Kind.NO_SPACE, () -> region.putByte(0, (byte) 1));
        failed(MappedRegionException.Kind.NO_SPACE, () -> region.reserve(0, 1));
        assertEquals(0, region.getByte(0));
        assertFalse(folio(f, 0).isDirty());
        assertFalse(folio(f, 0).isLocked());
        checkQuiet(f);
        f.fs.setLimit(100);
        region.reserve(0, 1);
        f.fs.setLimit(0);
        region.putByte(0, (byte) 1);
        assertEquals(1, region.getByte(0));
      }
      f.fs.setLimit(100);
      checkQuiet(f);
      f.remount();
      assertEquals(1, f.readAll()[0]);
    }
  }

  /// R-F13, R-C8: what was reserved before the device turned out to be full belongs to dirty
  /// blocks, and is not lost.
  @Test
  void blocksReservedBeforeTheDeviceWasFullAreNotLost() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(1_024, new byte[1_024]); // the second block of four
      f.sync();
      f.fs.setLimit(2); // one more
      f.truncate(4_096);
      try (MappedRegion region = map(f)) {
        failed(MappedRegionException.Kind.NO_SPACE, () -> region.putByte(0, (byte) 1));
        assertEquals(0, region.getByte(0));
      }
      checkQuiet(f);
      f.fs.setLimit(100);
      f.remount();
      assertArrayEquals(new byte[4_096], f.readAll());
    }
  }

  /// R-F13: a store to what has its blocks needs none, however full the device.
  @Test
  void aStoreToBlocksThatExistNeedsNoSpace() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, IomapTest.filled(4_096, 'x'));
      f.sync();
      f.fs.setLimit(0);
      try (MappedRegion region = map(f)) {
        region.putByte(1, (byte) 'y');
        region.sync(0, 4_096);
      }
      f.remount();
      assertEquals('y', f.readAll()[1]);
    }
  }

  /// R-F11: the file system hears that the write is a fault, and of nothing else.
  @Test
  void theQuestionSaysThatItIsAFault() throws FsException {
    try (ExtentFile f = new ExtentFile(4_096)) {
      f.truncate(4_096);
      List<Integer> flags = new ArrayList<>();
      f.fs.onBegin = flags::add;
      try (MappedRegion region = map(f)) {
        region.putByte(0, (byte) 1);
      }
      assertEquals(List.of(ExtentOperations.WRITE | ExtentOperations.FAULT), flags);
    }
  }

  // ---- No window ------------------------------------------------------------------------------

  /// R-F2, R-F20: from success of the file system to the dirty folio it is locked; a write-out that
  /// begins in between waits.
  @Test
  void nobodyCleansAFolioBetweenItsReservationAndItsDirtyMark() throws Exception {
    try (ExtentFile f = new ExtentFile(4_096)) {
      f.truncate(4_096);
      try (MappedRegion region = map(f)) {
        assertEquals(0, region.getByte(0));
        Folio folio = folio(f, 0);
        assertTrue(folio.tryGet());
        assertEquals(MkwriteResult.LOCKED, f.operations.pageMkwrite(f.mapping, folio));
        assertTrue(folio.isLockedByCaller() && folio.isDirty()); // R-F2
        Thread syncer = Thread.ofPlatform().start(f::sync);
        while (syncer.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
        assertTrue(folio.isDirty() && !folio.isWriteback());
        folio.unlock();
        folio.put();
        syncer.join();
        assertFalse(folio.isDirty());
      }
    }
  }

  /// R-F14: once write-out has begun, the next store is a fault, and the sync after it writes it.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void aStoreAfterTheBeginningOfWriteOutIsWrittenByTheNextSync(int blockSize)
      throws Exception {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(4_096);
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 4_096, Sharing.SHARED)) {
        region.putByte(0, (byte) 1);
        region.putByte(0, (byte) 2);
        assertEquals(1, vm.timesSet); // R-F18: once for each fault, and the second was none
        f.device.hold();
        CompletableFuture<Void> started = region.startSync(0, 4_096);
        assertTrue(folio(f, 0).isWriteback() && !folio(f, 0).isDirty());
        assertFalse(started.isDone()); // nor can it be before the device answers
        region.putByte(1, (byte) 3);
        assertEquals(2, vm.timesSet);
        assertTrue(folio(f, 0).isDirty());
        f.device.release();
        started.get();
        region.sync(0, 4_096);
        assertFalse(folio(f, 0).isDirty());
      }
      f.remount();
      assertEquals(2, f.readAll()[0]);
      assertEquals(3, f.readAll()[1]);
    }
  }

  /// R-F5: the folio goes between fault and file system: looked up anew by the fault, not by it.
  @Test
  void aFolioThatIsTruncatedBeforeTheQuestionIsLookedUpAgain() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, IomapTest.filled(8_192, 'x'));
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 8_192, Sharing.SHARED)) {
        // MMAP is held by the fault, so the truncation comes from another thread.
        vm.beforeMkwrite =
            () ->
                elsewhere(
                    () -> {
                      f.truncate(0);
                      f.truncate(8_192);
                    });
        region.putByte(4_096, (byte) 'y');
        assertEquals(2, vm.fills);
        assertEquals(0, region.getByte(4_097));
        f.sync();
        vm.beforeMkwrite = () -> elsewhere(() -> f.truncate(100));
        failed(MappedRegionException.Kind.BEYOND_END, () -> region.putByte(4_100, (byte) 1));
        f.sync();
        vm.beforeMkwrite = () -> elsewhere(() -> f.truncate(0));
        failed(MappedRegionException.Kind.BEYOND_END, () -> region.putByte(0, (byte) 1));
      }
      checkQuiet(f);
    }
  }

  private interface Step {
    void run() throws FsException;
  }

  private static void elsewhere(Step step) {
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    step.run();
                  } catch (FsException e) {
                    throw new AssertionError(e);
                  }
                });
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// R-F6: the entry is another than at the beginning of the fault: everything is given back, and
  /// the fault is served from its beginning.
  @Test
  void anEntryThatChangedMeanwhileIsNotMadeWritable() throws FsException {
    try (ExtentFile f = new ExtentFile(4_096)) {
      f.write(0, IomapTest.filled(4_096, 'x'));
      f.sync();
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 4_096, Sharing.SHARED)) {
        assertEquals('x', region.getByte(0));
        vm.fills = 0;
        vm.beforeMkwrite = () -> f.mapping.mapper().unmapRange(0, 0, false);
        region.putByte(0, (byte) 'y');
        assertEquals(2, vm.fills);
        assertEquals('y', region.getByte(0));
      }
      checkQuiet(f);
    }
  }

  /// R-D7: a folio that begins exactly at the end is beyond it.
  @Test
  void aStoreToTheFolioThatBeginsAtTheEndFailsAndDirtiesNothing() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, new byte[8_192]);
      f.sync();
      try (MappedRegion region = map(f)) {
        failed(MappedRegionException.Kind.BEYOND_END, () -> region.putByte(8_192, (byte) 1));
        assertEquals(0, f.mapping.dirtyFolios());
        Folio folio = folio(f, 1);
        f.lock();
        f.mapping.setSize(4_096); // between the size and the end of a truncation
        f.unlock();
        assertTrue(folio.tryGet());
        assertEquals(MkwriteResult.RETRY, f.operations.pageMkwrite(f.mapping, folio));
        folio.put();
        assertFalse(folio.isLocked());
        f.lock();
        f.mapping.setSize(8_192);
        f.unlock();
      }
      checkQuiet(f);
    }
  }

  // ---- The end of the file ----------------------------------------------------------------------

  /// R-D3: what is stored beyond the end is not on the device, and not in the file that grows.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void whatIsStoredBeyondTheEndIsZeroWhenTheFileGrows(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, IomapTest.filled(100, 'x'));
      try (MappedRegion region = map(f)) {
        region.fill(0, 4_096, (byte) 'y');
        region.sync(0, 4_096);
        region.fill(100, 3_996, (byte) 'z');
        f.truncate(3_000);
        assertEquals('y', region.getByte(99));
        assertEquals(0, region.getByte(100));
        assertEquals(0, region.getByte(2_999));
        region.fill(3_000, 1_000, (byte) 'z');
        f.write(10_000, new byte[1]);
        assertEquals(0, region.getByte(3_000));
      }
      checkQuiet(f);
      f.remount();
      byte[] all = f.readAll();
      assertEquals('y', all[99]);
      for (int i = 100; i < all.length; i++) {
        assertEquals(0, all[i], "byte " + i);
      }
    }
  }

  /// R-D5: growth makes a block of the last folio part of the file: a store to it asks for space.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048})
  void aStoreToABlockThatGrowthBroughtInsideIsAFaultAgain(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(10);
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 4_096, Sharing.SHARED)) {
        region.putByte(0, (byte) 1);
        assertEquals(1, f.fs.reserved());
        f.truncate(4_096); // by truncation
        region.putByte(4_095, (byte) 2);
        assertEquals(4_096 / blockSize, f.fs.reserved());
        assertEquals(2, vm.timesSet);
      }
      checkQuiet(f);
      f.remount();
      assertEquals(2, f.readAll()[4_095]);
    }
  }

  /// R-D5: the same for growth by a write elsewhere, and while a fault is under way.
  @ParameterizedTest
  @ValueSource(ints = {512, 2048})
  void aFileThatGrowsUnderAWriteFaultLosesNoStore(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(10);
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 4_096, Sharing.SHARED)) {
        f.fs.afterBegin = () -> elsewhere(() -> f.write(8_000, new byte[1]));
        region.putByte(4_095, (byte) 2);
        region.putByte(2_000, (byte) 3);
      }
      checkQuiet(f);
      f.remount();
      assertEquals(2, f.readAll()[4_095]);
      assertEquals(3, f.readAll()[2_000]);
    }
  }

  /// R-D4, R-D6: what is truncated is gone from every region, and comes back as zeros.
  @Test
  void truncationTakesFoliosAwayFromEveryRegion() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, IomapTest.filled(20_000, 'x'));
      try (MappedRegion shared = map(f);
          MappedRegion copy = new TestVm(f.mapping).map(0, 20_000, Sharing.PRIVATE)) {
        shared.putByte(8_192, (byte) 'y');
        copy.putByte(8_192, (byte) 'z');
        copy.putByte(1, (byte) 'z');
        f.truncate(5_000);
        failed(MappedRegionException.Kind.BEYOND_END, () -> shared.getByte(8_192));
        failed(MappedRegionException.Kind.BEYOND_END, () -> copy.getByte(8_192));
        f.truncate(20_000);
        assertEquals(0, shared.getByte(8_192));
        assertEquals(0, copy.getByte(8_192));
        assertEquals('z', copy.getByte(1));
        assertEquals('x', shared.getByte(4_999));
        assertEquals(0, shared.getByte(5_000));
      }
      checkQuiet(f);
    }
  }

  /// R-G4, R-G2: a hole is zeros for loads at once, and a store into it asks for space anew, also
  /// where only some blocks of a folio went.
  @Test
  void aHoleIsZerosForARegionAndAStoreIntoItAsksForSpace() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, IomapTest.filled(12_288, 'x'));
      f.sync();
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 12_288, Sharing.SHARED)) {
        region.fill(0, 12_288, (byte) 'y');
        region.sync(0, 12_288);
        region.fill(0, 12_288, (byte) 'w');
        f.punch(2_048, 8_000);
        assertEquals('w', region.getByte(2_047));
        assertEquals(0, region.getByte(2_048));
        assertEquals(0, region.getByte(10_047));
        assertEquals('w', region.getByte(10_048));
        region.putByte(3_000, (byte) 1);
        region.putByte(5_000, (byte) 2);
        region.putByte(9_000, (byte) 3);
      }
      checkQuiet(f);
      f.remount();
      byte[] all = f.readAll();
      assertEquals(1, all[3_000]);
      assertEquals(2, all[5_000]);
      assertEquals(3, all[9_000]);
      assertEquals(0, all[2_048]);
      assertEquals('w', all[2_047]);
    }
  }

  /// R-G5, R-G2: who holds INVALIDATE because he moves blocks has no store come in between.
  @Test
  void aStoreToACleanFolioWaitsForWhoeverMovesBlocks() throws Exception {
    try (ExtentFile f = new ExtentFile(4_096)) {
      f.write(0, IomapTest.filled(4_096, 'x'));
      f.sync();
      try (MappedRegion region = map(f, 4_096)) {
        assertEquals('x', region.getByte(0));
        f.mapping.invalidateLock().lock();
        Thread storer = Thread.ofPlatform().start(() -> region.putByte(0, (byte) 'y'));
        while (storer.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
        assertEquals('x', region.getByte(0));
        assertFalse(folio(f, 0).isDirty());
        f.mapping.invalidateLock().unlock();
        storer.join();
        assertEquals('y', region.getByte(0));
      }
    }
  }

  // ---- Reclaim ----------------------------------------------------------------------------------

  /// R-I4, R-H14: what is mapped and clean can leave, what was stored to cannot before it is
  /// written.
  @Test
  void evictionTakesMappedFoliosThatAreCleanAndNoOthers() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024)) {
      f.write(0, IomapTest.filled(8_192, 'x'));
      f.sync();
      TestVm vm = new TestVm(f.mapping);
      try (MappedRegion region = vm.map(0, 8_192, Sharing.SHARED)) {
        assertEquals('x', region.getByte(0));
        region.putByte(4_096, (byte) 'y');
        f.evictAll();
        assertNull(f.mapping.find(0));
        assertTrue(f.mapping.find(1) != null);
        vm.fills = 0;
        assertEquals('x', region.getByte(0));
        assertEquals(1, vm.fills);
        assertEquals('y', region.getByte(4_096));
        assertTrue(f.mapping.mapper().testAndClearYoung(0));
        assertFalse(f.mapping.mapper().testAndClearYoung(0));
        assertEquals('x', region.getByte(1));
        assertEquals(1, vm.fills); // the entry was there
        assertTrue(f.mapping.mapper().testAndClearYoung(0));
        region.lock(0, 1);
        f.evictAll();
        assertTrue(f.mapping.find(0) != null);
        region.unlock(0, 1);
        f.evictAll();
        assertNull(f.mapping.find(0));
      }
      checkQuiet(f);
    }
  }

  /// A pin for stores: each write-out leaves the folio dirty until it is released.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void whatIsStoredThroughAPinDuringWriteOutIsWrittenLater(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(4_096);
      try (MappedRegion region = map(f, 4_096)) {
        try (MappedPin pin = region.pin(0, 4_096, Protection.READ_WRITE)) {
          pin.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, 0, (byte) 1);
          region.sync(0, 4_096);
          assertTrue(folio(f, 0).isDirty());
          pin.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, 1, (byte) 2);
          f.evictAll();
        }
        assertEquals(2, region.getByte(1));
        region.sync(0, 4_096);
        assertFalse(folio(f, 0).isDirty());
      }
      checkQuiet(f);
      f.remount();
      assertEquals(1, f.readAll()[0]);
      assertEquals(2, f.readAll()[1]);
    }
  }

  /// R-F15: where the store needs folios to stand still, stores and writes wait for the write-out.
  @Test
  void aStoreWaitsForTheEndOfAWriteOutThatNeedsTheBytesToStandStill() throws Exception {
    try (ExtentFile f = new ExtentFile(4_096)) {
      f.fs.stable = true;
      f.truncate(4_096);
      try (MappedRegion region = map(f, 4_096)) {
        region.putByte(0, (byte) 1);
        f.device.hold();
        region.startSync(0, 4_096);
        AtomicBoolean stored = new AtomicBoolean();
        Thread storer =
            Thread.ofPlatform()
                .start(
                    () -> {
                      region.putByte(0, (byte) 2);
                      stored.set(true);
                    });
        while (storer.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
        assertEquals(1, region.getByte(0));
        assertFalse(stored.get());
        f.device.release();
        storer.join();
        assertEquals(2, region.getByte(0));

        region.sync(0, 4_096);
        region.putByte(0, (byte) 3);
        f.device.hold();
        region.startSync(0, 4_096);
        Thread writer = Thread.ofPlatform().start(() -> elsewhere(() -> f.write(0, new byte[1])));
        while (writer.getState() != Thread.State.WAITING || !folio(f, 0).isLocked()) {
          Thread.onSpinWait();
        }
        assertEquals(3, region.getByte(0));
        f.device.release();
        writer.join();
        assertEquals(0, region.getByte(0));
      }
    }
  }

  /// R-F8, R-I3: whoever dirties too much by stores waits with nothing held: MMAP can be taken
  /// alone meanwhile, and his folios can be written out.
  @Test
  void aThrottledStoreHoldsNothing() throws Exception {
    try (ExtentFile f = new ExtentFile(4_096)) {
      DirtyThrottle throttle = new DirtyThrottle(f.cache, DirtyLimits.ofPercent(f.cache, 1, 2));
      BackingDevice device = new BackingDevice(throttle, "slow");
      f.mapping = new AddressSpace(f.cache, f.operations, m -> {}, device, "throttled");
      f.truncate(1 << 20);
      try (MappedRegion region = map(f)) {
        Thread storer =
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < 128; i++) {
                        region.putByte((long) i << 12, (byte) 1);
                      }
                    });
        while (throttle.dirty() < 40) {
          Thread.onSpinWait();
        }
        while (storer.isAlive()) {
          region.protect(Protection.READ_WRITE); // MMAP alone
          f.sync();
          Thread.onSpinWait();
        }
        storer.join();
        assertEquals(1, region.getByte(127 << 12));
      }
      device.close();
    }
  }

  /// R-F1: a file system that chooses real blocks at once keeps fills out meanwhile (R-C1).
  @Test
  void blocksChosenAtTheFaultNeverShowTheirOldBytes() throws FsException {
    try (ExtentFile f = new ExtentFile(1_024, true)) {
      f.truncate(10_000);
      try (MappedRegion region = map(f, 10_000)) {
        f.fs.afterBegin =
            () -> {
              assert Lockdep.holds(LockClass.INVALIDATE, f.mapping.invalidateLock());
            };
        region.putByte(5_000, (byte) 1);
      }
      f.remount();
      byte[] all = f.readAll();
      for (int i = 0; i < all.length; i++) {
        assertEquals(i == 5_000 ? 1 : 0, all[i], "byte " + i);
      }
    }
  }
}
