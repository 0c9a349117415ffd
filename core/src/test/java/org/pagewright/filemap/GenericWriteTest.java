package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.FaultingIter;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Lockdep;
import org.pagewright.sync.RwSem;

/// The write loop, rule by rule, on one thread: hooks play what other threads would do.
final class GenericWriteTest {
  private final FakeFiles files = new FakeFiles(1024);

  @AfterEach
  void close() {
    files.close();
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static byte[] join(byte[]... parts) {
    int length = 0;
    for (byte[] p : parts) {
      length += p.length;
    }
    byte[] all = new byte[length];
    int at = 0;
    for (byte[] p : parts) {
      System.arraycopy(p, 0, all, at, p.length);
      at += p.length;
    }
    return all;
  }

  private static FaultingIter cold(int length, int value) {
    return new FaultingIter(bytes(length, value), 100);
  }

  private static Errno errnoOf(FsException e) {
    return e.errno();
  }

  private static Folio folio(FakeFiles.File file, long index) {
    Folio folio = file.mapping.find(index);
    assertTrue(folio != null, "folio " + index + " is not there");
    return folio;
  }

  // ---- The loop --------------------------------------------------------------------------------

  @Test
  void splitsAtFolioBoundaries() throws FsException {
    var file = files.file("f");
    assertEquals(10_240, file.write(1_000, new SegmentIter(bytes(10_240, 'y'))));

    assertEquals(List.of("3096/3096", "4096/4096", "3048/3048"), file.ends);
    assertArrayEquals(join(new byte[1_000], bytes(10_240, 'y')), file.readAll());
    file.check();
  }

  /// R-B7: 100 bytes could be copied, none is offered; after the fault all are.
  @Test
  void shortCopyIntoFolioNotUptodateIsAllOrNothing() throws FsException {
    var file = files.file("f");
    assertEquals(4_096, file.write(0, cold(4_096, 'y').resident(100)));

    assertEquals(List.of("4096/0", "4096/4096"), file.ends);
    file.check();
  }

  /// R-B5, R-B7: into an uptodate folio a short copy counts as far as it got.
  @Test
  void shortCopyIntoUptodateFolioKeepsTheOldRest() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    file.readAll();
    assertEquals(200, file.write(0, cold(4_096, 'y').resident(200).mapped(200)));

    assertEquals(List.of("4096/200", "3896/0").subList(0, 1), file.ends);
    assertArrayEquals(join(bytes(200, 'y'), bytes(3_896, 'x')), file.readAll());
    file.check();
  }

  /// R-A7, R-A8: the retry stops where the address space stops, so 700 good bytes are not lost.
  @Test
  void sourceThatEndsInABadAddressGivesAShortWrite() throws FsException {
    var file = files.file("f");
    assertEquals(700, file.write(0, cold(4_096, 'y').mapped(700)));

    assertEquals(List.of("4096/0", "700/700", "3396/0"), file.ends);
    assertEquals(700, file.mapping.size());
    assertArrayEquals(bytes(700, 'y'), file.readAll());
    file.check();
  }

  /// R-A7: not one byte is reachable, and nothing was written: EFAULT, and nothing has changed.
  @Test
  void sourceWithoutAReachableByteIsABadAddress() {
    var file = files.file("f");
    FaultingIter source = cold(4_096, 'y').mapped(0);
    FsException e = assertThrows(FsException.class, () -> file.write(0, source));

    assertSame(Errno.EFAULT, errnoOf(e));
    assertEquals(0, file.mapping.size());
    assertEquals(4_096, source.remaining());
    file.check();
  }

  /// R-A9: what was accepted is told, not why there is no more.
  @Test
  void noSpaceAfterTheFirstFolioIsAShortWrite() throws FsException {
    var file = files.file("f");
    file.failBeginAt = 2;
    assertEquals(4_096, file.write(0, new SegmentIter(bytes(9_000, 'y'))));
    file.failBeginAt = 1;
    FsException e =
        assertThrows(
            FsException.class, () -> file.write(4_096, new SegmentIter(bytes(9_000, 'y'))));
    assertSame(Errno.ENOSPC, errnoOf(e));
    file.check();
  }

  /// R-A6, R-A8, R-A9: as LTP's writev07: 64 good bytes, 64 bad ones, 64 good, 64 good, at four
  /// offsets, into a cold and into a warm folio. Count, content and position agree.
  @Test
  void gatherListWithABadSecondPartWritesTheFirst() throws FsException {
    for (boolean warm : new boolean[] {false, true}) {
      for (int pos : new int[] {0, 65, 4_096, 4_097}) {
        var file = files.file("f" + warm + pos, bytes(8_192, 'x'));
        if (warm) {
          file.readAll();
        }
        GatherIter source =
            new GatherIter(
                cold(64, 'a'), cold(64, 'b').mapped(0), cold(64, 'c'), cold(64, 'd'));
        assertEquals(64, file.write(pos, source));

        assertEquals(192, source.remaining());
        byte[] expected = bytes(8_192, 'x');
        Arrays.fill(expected, pos, pos + 64, (byte) 'a');
        assertArrayEquals(expected, file.readAll());
        file.check();
      }
    }
  }

  /// R-A6: as LTP's writev03: an empty first part does not hide that the second is cold.
  @Test
  void emptyPartsArePassedOver() throws FsException {
    var file = files.file("f");
    GatherIter source =
        new GatherIter(
            new SegmentIter(), cold(3_000, 'a'), new SegmentIter(), cold(5_000, 'b'),
            new SegmentIter());
    assertEquals(8_000, file.write(0, source));
    assertArrayEquals(join(bytes(3_000, 'a'), bytes(5_000, 'b')), file.readAll());
  }

  /// R-A4: when the source is brought in, nothing is held but the inode.
  @Test
  void sourceIsBroughtInWithNothingButTheInodeHeld() throws FsException {
    var file = files.file("f", bytes(8_192, 'x'));
    AtomicInteger seen = new AtomicInteger();
    FaultingIter source =
        cold(8_192, 'y')
            .onFault(
                () -> {
                  seen.incrementAndGet();
                  assertTrue(Lockdep.holds(LockClass.INODE));
                  assertTrue(Lockdep.holdsNoneFrom(LockClass.MMAP), Lockdep.describe());
                  assertEquals(0, file.tokens, "between begin and end");
                });
    assertEquals(8_192, file.write(0, source));
    assertTrue(seen.get() > 0);
  }

  /// R-A3: the lock of the mapped range nests outside the folio lock, so a fault may take it.
  @Test
  void sourceMayTakeTheLockOfItsMappingWhenBroughtIn() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    RwSem mmap = new RwSem(LockClass.MMAP, "mapping");
    FaultingIter source =
        cold(4_096, 'y')
            .onFault(
                () -> {
                  mmap.lockShared();
                  mmap.unlockShared();
                });
    assertEquals(4_096, file.write(0, source));
  }

  /// R-A5: bringing in promises nothing: the pages are gone again three times.
  @Test
  void sourceThatIsDroppedAfterFaultInIsTriedAgain() throws FsException {
    var file = files.file("f");
    assertEquals(4_096, file.write(0, cold(4_096, 'y').evictAfterFaultIn(3)));
    assertArrayEquals(bytes(4_096, 'y'), file.readAll());
    file.check();
  }

  /// R-A14: an evictor that undoes every faultIn cannot hold the writer up for ever.
  @Test
  void evictorWhoAlwaysWinsIsOvercomeThroughABounceBuffer() throws FsException {
    for (boolean warm : new boolean[] {false, true}) {
      var file = files.file("f" + warm, bytes(12_288, 'x'));
      if (warm) {
        file.readAll();
      }
      FaultingIter source = cold(12_288, 'y').evictAfterFaultIn(Integer.MAX_VALUE);
      assertEquals(12_288, file.write(0, source));

      assertTrue(source.faults() <= 3 * 4, source.faults() + " faults for three folios");
      assertArrayEquals(bytes(12_288, 'y'), file.readAll());
      file.check();
    }
  }

  /// R-A14 with R-A7: the bounce buffer meets a bad address.
  @Test
  void evictorAndBadAddressTogetherGiveAShortWrite() throws FsException {
    var file = files.file("f");
    FaultingIter source = cold(4_096, 'y').mapped(700).evictAfterFaultIn(Integer.MAX_VALUE);
    assertEquals(700, file.write(0, source));
    assertArrayEquals(bytes(700, 'y'), file.readAll());
    file.check();
  }

  /// R-A10: what the file system did not accept comes again, in order.
  @Test
  void bytesThatWereNotAcceptedAreOfferedAgain() throws FsException {
    var file = files.file("f");
    file.acceptMax = 100;
    byte[] data = new byte[1_000];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) i;
    }
    assertEquals(1_000, file.write(0, new SegmentIter(data)));
    assertArrayEquals(data, file.readAll());
    file.check();
  }

  @Test
  void fileSystemThatAcceptsNothingEndsTheWrite() {
    var file = files.file("f");
    file.acceptMax = 0;
    FsException e =
        assertThrows(FsException.class, () -> file.write(0, new SegmentIter(bytes(10, 'y'))));
    assertSame(Errno.EIO, errnoOf(e));
    file.check();
  }

  /// R-A12: an interrupt ends the write between two chunks.
  @Test
  void interruptEndsTheWriteBetweenTwoChunks() throws FsException {
    var file = files.file("f");
    file.onBegin =
        () -> {
          if (file.begins == 1) {
            Thread.currentThread().interrupt();
          }
        };
    try {
      assertEquals(8_192, file.write(0, new SegmentIter(bytes(20_000, 'y'))));
      FsException e =
          assertThrows(
              FsException.class, () -> file.write(0, new SegmentIter(bytes(20_000, 'y'))));
      assertSame(Errno.EINTR, errnoOf(e));
    } finally {
      assertTrue(Thread.interrupted(), "the interrupt stays pending");
    }
    assertArrayEquals(bytes(8_192, 'y'), file.readAll());
    file.check();
  }

  /// R-E1: begin asks three times to look again; nothing is consumed twice, nothing unlocked twice.
  @Test
  void retryOfBeginConsumesNothing() throws FsException {
    var file = files.file("f");
    file.retries = 3;
    FaultingIter source = cold(5_000, 'y').resident(5_000);
    assertEquals(5_000, file.write(0, source));
    assertEquals(0, source.reverted());
    assertArrayEquals(bytes(5_000, 'y'), file.readAll());
    file.check();
  }

  /// R-E7, R-B8: every begin has its end, whatever the source did.
  @Test
  void everyBeginHasItsEndEvenIfTheSourceThrows() {
    var file = files.file("f");
    IovIter source =
        cold(4_096, 'y')
            .resident(4_096)
            .onCopy(
                () -> {
                  throw new IllegalArgumentException("a broken source");
                });
    assertThrows(IllegalArgumentException.class, () -> file.write(0, source));
    assertEquals(List.of("4096/0"), file.ends);
    assertTrue(Lockdep.holdsNothing());
    file.check();
  }

  // ---- Sources ---------------------------------------------------------------------------------

  /// R-A13: a callback is a source like any other; it runs outside the folio lock, and is asked for
  /// each byte once.
  @Test
  void fillerIsAskedForEachByteOnce() throws FsException {
    var file = files.file("f", bytes(20_000, 'x'));
    AtomicInteger asked = new AtomicInteger();
    file.acceptMax = 1_000; // so that much is rejected and rewound (R-A10)
    FillerIter source =
        new FillerIter(
            (target, length) -> {
              assertTrue(Lockdep.holdsNoneFrom(LockClass.MMAP), Lockdep.describe());
              int n = Math.min(length, 777);
              for (int i = 0; i < n; i++) {
                target.set(
                    java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (asked.get() + i));
              }
              asked.addAndGet(n);
              return n;
            },
            15_000);
    assertEquals(15_000, file.write(3, source));

    assertEquals(15_000, asked.get());
    byte[] seen = file.readAll();
    for (int i = 0; i < 15_000; i++) {
      assertEquals((byte) i, seen[3 + i], "byte " + i);
    }
    file.check();
  }

  /// R-A13: a callback knows that it has nothing yet: no begin is wasted on it.
  @Test
  void fillerCausesNoVainBegin() throws FsException {
    var file = files.file("f");
    FillerIter source = new FillerIter((target, length) -> fill(target, length, 'y'), 200_000);
    assertEquals(200_000, file.write(0, source));
    assertEquals(49, file.begins);
    assertFalse(file.ends.contains("4096/0"));
  }

  private static int fill(java.lang.foreign.MemorySegment target, int length, int value) {
    target.asSlice(0, length).fill((byte) value);
    return length;
  }

  /// R-A9: what the callback gave before it failed is written.
  @Test
  void fillerThatFailsLateGivesAShortWrite() throws FsException {
    var file = files.file("f");
    AtomicInteger calls = new AtomicInteger();
    FillerIter source =
        new FillerIter(
            (target, length) -> {
              if (calls.getAndIncrement() == 2) {
                throw new FsException(Errno.ENXIO, "pipe");
              }
              return fill(target, Math.min(length, 500), 'y');
            },
            5_000);
    assertEquals(1_000, file.write(0, source));
    FillerIter atOnce =
        new FillerIter(
            (target, length) -> {
              throw new FsException(Errno.ENXIO, "pipe");
            },
            5_000);
    assertSame(
        Errno.ENXIO, errnoOf(assertThrows(FsException.class, () -> file.write(0, atOnce))));
    file.check();
  }

  @Test
  void fillerThatEndsEarlyGivesAShortWrite() throws FsException {
    var file = files.file("f");
    AtomicInteger calls = new AtomicInteger();
    FillerIter source =
        new FillerIter(
            (target, length) -> calls.getAndIncrement() == 0 ? fill(target, 10, 'y') : 0, 5_000);
    assertEquals(10, file.write(0, source));
    assertEquals(0, source.remaining());
    assertEquals(0, file.write(10, new FillerIter((target, length) -> 0, 5_000)));
  }

  /// A callback may use the cache: it reads the very file that is being written.
  @Test
  void fillerMayReadTheFileThatIsWritten() throws FsException {
    var file = files.file("f", bytes(8_192, 'x'));
    FillerIter source =
        new FillerIter(
            (target, length) ->
                (int) GenericRead.read(file.mapping, 0, target, 0, length, 0, null),
            4_096);
    assertEquals(4_096, file.write(2_000, source));
    assertArrayEquals(bytes(8_192, 'x'), file.readAll());
  }

  @Test
  void closedSegmentIsABadAddress() {
    var file = files.file("f");
    SegmentIter source;
    try (var arena = java.lang.foreign.Arena.ofConfined()) {
      source = new SegmentIter(arena.allocate(100));
    }
    FsException e = assertThrows(FsException.class, () -> file.write(0, source));
    assertSame(Errno.EFAULT, errnoOf(e));
    file.check();
  }

  // ---- What readers see ------------------------------------------------------------------------

  /// R-B1, R-B2: between begin and end of a write into a cold folio a reader has nothing to see;
  /// after a short one it sees the old bytes, from the store.
  @Test
  void readerOfAColdFolioSeesNothingBeforeTheWriteIsWhole() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    byte[] seen = new byte[4_096];
    AtomicInteger looks = new AtomicInteger();
    FaultingIter source =
        cold(4_096, 'y')
            .resident(2_000)
            .mapped(2_000)
            .onCopy(
                () -> {
                  looks.incrementAndGet();
                  FsException e =
                      assertThrows(
                          FsException.class,
                          () ->
                              GenericRead.read(
                                  file.mapping, 0, seen, 0, 4_096, GenericRead.NOWAIT, null));
                  assertSame(Errno.EAGAIN, errnoOf(e));
                });
    source.onFault(
        () -> {
          // The rejected bytes are in the frame; the reader fills the folio over them.
          try {
            int accepted = source.position();
            assertArrayEquals(
                join(bytes(accepted, 'y'), bytes(4_096 - accepted, 'x')), file.readAll());
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        });
    assertEquals(2_000, file.write(0, source));
    assertTrue(looks.get() >= 2);
    assertArrayEquals(join(bytes(2_000, 'y'), bytes(2_096, 'x')), file.readAll());
    file.check();
  }

  /// R-B4: a file full of x, a writer of y with faults everywhere: only x and y are ever seen, no
  /// zeros in between.
  @Test
  void failedCopiesLeaveNoTransientZeros() throws FsException {
    var file = files.file("f", bytes(8_192, 'x'));
    file.readAll();
    FaultingIter source = cold(8_192, 'y');
    Runnable look =
        () -> {
          byte[] seen = new byte[8_192];
          try {
            GenericRead.read(file.mapping, 4_096, seen, 0, 4_096, GenericRead.NOWAIT, null);
            for (int i = 0; i < 4_096; i++) {
              assertTrue(seen[i] == 'x' || seen[i] == 'y', "byte " + i + " is " + seen[i]);
            }
          } catch (FsException e) {
            assertSame(Errno.EAGAIN, e.errno()); // this very folio is being written
          }
        };
    for (int page = 0; page < 81; page += 3) {
      source.setResident(page, true);
    }
    source.onCopy(look);
    source.onFault(look);
    assertEquals(8_192, file.write(0, source));
    assertArrayEquals(bytes(8_192, 'y'), file.readAll());
  }

  /// R-B8: a retry that never comes leaves no reservation, no lock and no secret behind.
  @Test
  void shortWriteWithoutARetryLeavesNothingOpen() throws FsException {
    var file = files.file("f");
    file.mapping.setSize(4_096);
    assertThrows(FsException.class, () -> file.write(0, cold(4_096, 'y').mapped(0)));
    file.check();
    assertArrayEquals(new byte[4_096], file.readAll());
    file.remount();
    assertArrayEquals(new byte[4_096], file.readAll());
  }

  /// R-B9: what a write made uptodate is read without I/O, though the folio as a whole is not.
  @Test
  void writtenBlockOfAColdFolioIsReadWithoutTheDevice() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    file.write(3_072, new SegmentIter(bytes(1_024, 'y')));
    assertFalse(folio(file, 0).isUptodate());
    assertArrayEquals(bytes(1_024, 'y'), file.read(3_072, 1_024));
    assertEquals(0, file.blockReads);
    assertEquals(0, file.fills);
    assertEquals('x', file.read(0, 1)[0]);
    assertEquals(3, file.blockReads, "the fill leaves the written block alone");
    assertArrayEquals(bytes(1_024, 'y'), file.read(3_072, 1_024));
  }

  /// R-B7, R-B9: begin brought in the first block because the chunk covers it in part. A short copy
  /// that is rejected leaves no trace in it, for it can be read, is clean, and nobody may come
  /// back.
  @Test
  void rejectedCopyLeavesNoTraceInAnUptodateBlockOfAColdFolio() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    FaultingIter source = cold(3_996, 'y').resident(300);
    source.onFault(
        () -> {
          for (int page = 0; page < 40; page++) {
            source.setBad(page); // unmapped before the retry
          }
        });
    FsException e = assertThrows(FsException.class, () -> file.write(100, source));
    assertSame(Errno.EFAULT, errnoOf(e));
    assertFalse(folio(file, 0).isUptodate());
    assertEquals(1, file.blockReads);
    assertArrayEquals(bytes(1_024, 'x'), file.read(0, 1_024));
    assertEquals(1, file.blockReads, "read from memory");
    assertArrayEquals(bytes(4_096, 'x'), file.readAll());
    file.check();
  }

  // ---- Size ------------------------------------------------------------------------------------

  /// R-D1, R-D2: at each end the size covers what was accepted, and no more.
  @Test
  void sizeGrowsByAcceptedBytesOnly() throws FsException {
    var file = files.file("f", bytes(100, 'x'));
    file.readAll();
    assertEquals(100, file.write(100, cold(200, 'y').resident(100).mapped(100)));
    assertEquals(200, file.mapping.size());
    assertThrows(FsException.class, () -> file.write(5_000, cold(200, 'y').mapped(0)));
    assertEquals(200, file.mapping.size());
    file.remount();
    assertArrayEquals(join(bytes(100, 'x'), bytes(100, 'y')), file.readAll());
  }

  /// R-D5: a store through a mapping left bytes beyond the end; a write after a gap makes them part
  /// of the file, as zeros.
  @Test
  void gapBeforeAWriteIsZeroEvenWhereTheOldEndWasPolluted() throws FsException {
    var file = files.file("f", bytes(100, 'x'));
    file.readAll();
    Folio folio = folio(file, 0);
    folio.lock();
    folio.beginChange();
    folio.bytes().asSlice(100).fill((byte) 'p');
    folio.endChange();
    folio.unlock();

    file.write(9_000, new SegmentIter(bytes(10, 'y')));
    assertArrayEquals(
        join(bytes(100, 'x'), new byte[8_900], bytes(10, 'y')), file.readAll());
  }

  // ---- Not waiting -----------------------------------------------------------------------------

  /// R-J7: a locked folio, and a source that is not resident, are EAGAIN, or a partial count.
  @Test
  void nowaitGivesUpRatherThanWait() throws FsException {
    var file = files.file("f", bytes(12_288, 'x'));
    file.readAll();
    WriteOp op = new WriteOp();
    FaultingIter source = cold(4_096, 'y');
    assertSame(
        Errno.EAGAIN,
        errnoOf(
            assertThrows(
                FsException.class, () -> file.write(0, source, op.reset(WriteOp.NOWAIT)))));
    assertEquals(0, source.faults());
    assertEquals(
        500, file.write(0, cold(4_096, 'y').resident(500), op.reset(WriteOp.NOWAIT)));
    FillerIter filler = new FillerIter((target, length) -> fill(target, length, 'z'), 10);
    assertSame(
        Errno.EAGAIN,
        errnoOf(
            assertThrows(
                FsException.class, () -> file.write(0, filler, op.reset(WriteOp.NOWAIT)))));

    Folio second = folio(file, 1);
    second.lock();
    second.handLockToIo();
    SegmentIter all = new SegmentIter(bytes(12_288, 'y'));
    assertEquals(4_096, file.write(0, all, op.reset(WriteOp.NOWAIT)));
    assertSame(
        Errno.EAGAIN,
        errnoOf(
            assertThrows(
                FsException.class, () -> file.write(4_096, all, op.reset(WriteOp.NOWAIT)))));
    second.endRead(true);
    file.retries = 1;
    assertSame(
        Errno.EAGAIN,
        errnoOf(
            assertThrows(
                FsException.class, () -> file.write(4_096, all, op.reset(WriteOp.NOWAIT)))));
    file.check();
  }

  /// R-J7, R-D5: a write after a gap would have to wait for the folio of the end.
  @Test
  void nowaitDoesNotWaitForTheFolioOfTheEnd() throws FsException {
    var file = files.file("f", bytes(100, 'x'));
    file.write(0, new SegmentIter(bytes(100, 'y')));
    Folio end = folio(file, 0);
    WriteOp op = new WriteOp();
    SegmentIter source = new SegmentIter(bytes(10, 'y'));
    end.lock();
    end.handLockToIo();
    FsException e =
        assertThrows(
            FsException.class, () -> file.write(9_000, source, op.reset(WriteOp.NOWAIT)));
    assertSame(Errno.EAGAIN, errnoOf(e));
    end.endRead(true);

    end.lock();
    assertTrue(file.startWrite(end));
    end.unlock();
    assertThrows(FsException.class, () -> file.write(9_000, source, op.reset(WriteOp.NOWAIT)));
    file.finishWrite(end);
    assertEquals(10, file.write(9_000, source, op.reset(WriteOp.NOWAIT)));
    file.check();
  }

  /// R-J6: a folio that a write with DONTCACHE created goes when it is clean; one that was there
  /// stays.
  @Test
  void foliosOfADontcacheWriteGoWhenTheyAreClean() throws FsException {
    var file = files.file("f", bytes(8_192, 'x'));
    file.read(0, 4_096);
    WriteOp op = new WriteOp().reset(WriteOp.DONTCACHE);
    file.write(0, new SegmentIter(bytes(8_192, 'y')), op);
    file.writepages(
        file.mapping, org.pagewright.cache.WritebackControl.integrity(0, Long.MAX_VALUE >>> 13));
    assertTrue(file.mapping.find(0) != null);
    assertNull(file.mapping.find(1));
    assertArrayEquals(bytes(8_192, 'y'), file.readAll());
  }
}
