package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.FaultingIter;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.Lockdep;

/// The schedules on which the write paths of 2006 to 2025 failed, as far as one thread can play
/// them, against ours. Source: "The designs that were tried" in docs/RULES.md; a name begins with
/// the design's letter there.
final class FailedDesignsTest {
  private static final int PAGE = 4_096;

  private final FakeFiles files = new FakeFiles(1024);

  @AfterEach
  void close() {
    assertTrue(Lockdep.holdsNothing());
    files.close();
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static FaultingIter cold(int length, int value) {
    return new FaultingIter(bytes(length, value), 100);
  }

  private static Folio folio(FakeFiles.File file, long index) {
    Folio folio = file.mapping.find(index);
    assertTrue(folio != null, "folio " + index + " is not there");
    return folio;
  }

  private void assertBadAddress(FakeFiles.File file, long pos, FaultingIter source) {
    FsException e = assertThrows(FsException.class, () -> file.write(pos, source));
    assertSame(Errno.EFAULT, e.errno());
    file.check();
  }

  /// X0a, R-A1: the source is the cold folio that is written; a fault under its lock would wait for
  /// itself.
  @Test
  void naiveSelfMappedWriteReturns() throws FsException {
    byte[] content = join(bytes(2_000, 'a'), bytes(6_192, 'b'));
    for (int to : new int[] {0, 100, 2_000}) {
      var file = files.file("f" + to, content);
      assertEquals(PAGE, file.write(to, new FileIter(file.mapping, to, PAGE)));
      assertArrayEquals(content, file.readAll());
      file.check();
    }
  }

  /// X0b, R-A2: the source is a folio of another file whose lock somebody holds who, for all we
  /// know, waits for ours. It is uptodate, so it is copied without its lock.
  @Test
  void naiveCrossMappedWriteDoesNotWaitForTheLockOfItsSource() throws FsException {
    var source = files.file("g", bytes(PAGE, 'g'));
    source.readAll();
    var target = files.file("f", bytes(PAGE, 'x'));
    target.readAll();
    Folio locked = folio(source, 0);
    locked.lock();
    locked.handLockToIo(); // somebody else's from now on
    assertEquals(PAGE, target.write(0, new FileIter(source.mapping, 0, PAGE)));
    locked.endRead(true);
    assertArrayEquals(bytes(PAGE, 'g'), target.readAll());
  }

  /// X1a, R-A5: prefaulted, dropped by another thread, copied.
  @Test
  void prefaultedSourceMayBeDroppedBeforeTheCopy() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    FaultingIter source = cold(PAGE, 'y');
    source.faultIn(PAGE);
    source.drop();
    assertEquals(PAGE, file.write(0, source));
    assertArrayEquals(bytes(PAGE, 'y'), file.readAll());
  }

  /// X1b, R-A6: only the first part was ever prefaulted, and the second is the folio that is
  /// written.
  @Test
  void prefaultOfTheFirstPartDoesNotCoverTheSecond() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    GatherIter source =
        new GatherIter(
            new SegmentIter(bytes(1_000, 'a')), new FileIter(file.mapping, 1_000, 3_096));
    assertEquals(PAGE, file.write(0, source));
    assertArrayEquals(join(bytes(1_000, 'a'), bytes(3_096, 'x')), file.readAll());
  }

  /// X1c, X1d, R-A6: first and last page resident, the middle one cold, behind an empty part.
  @Test
  void coldPageInTheMiddleIsFound() throws FsException {
    var file = files.file("f");
    FaultingIter middle =
        new FaultingIter(bytes(3 * 1_024, 'y'), 1_024).setResident(0, true).setResident(2, true);
    assertEquals(3 * 1_024, file.write(0, new GatherIter(new SegmentIter(), middle)));
    assertArrayEquals(bytes(3 * 1_024, 'y'), file.readAll());
  }

  /// X1e, R-B4: a copy of 100 bytes fails at byte 50; what follows keeps its old bytes, not zeros.
  @Test
  void failedCopyZeroesNothing() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    file.readAll();
    FaultingIter source = new FaultingIter(bytes(100, 'y'), 50).setBad(1);
    source.onCopy(() -> assertEquals('x', folio(file, 0).bytes().toArray(
        java.lang.foreign.ValueLayout.JAVA_BYTE)[50]));
    assertEquals(50, file.write(0, source));
    assertArrayEquals(join(bytes(50, 'y'), bytes(4_046, 'x')), file.readAll());
  }

  /// X2a, X2b, X5a, R-C1: a block was allocated over a hole and nothing copied; the retry fails. A
  /// reader sees zeros, before and after a remount, not what the block held.
  @Test
  void zeroLengthCommitShowsNoSecret() throws FsException {
    var file = files.file("f");
    file.mapping.setSize(2 * PAGE);
    assertBadAddress(file, 0, cold(PAGE, 'y').mapped(0));
    assertBadAddress(file, PAGE + 10, cold(100, 'y').mapped(0));
    assertTrue(file.allocatedBlocks() > 0);
    assertArrayEquals(new byte[2 * PAGE], file.readAll());
    file.remount();
    assertArrayEquals(new byte[2 * PAGE], file.readAll());
  }

  /// X2c, R-B1: between begin and copy the folio is not uptodate, whatever begin did.
  @Test
  void beginDoesNotMakeAColdFolioUptodate() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    AtomicInteger seen = new AtomicInteger();
    FaultingIter source = cold(3_000, 'y').resident(3_000);
    source.onCopy(
        () -> {
          seen.incrementAndGet();
          assertFalse(folio(file, 0).isUptodate());
        });
    assertEquals(3_000, file.write(500, source));
    assertEquals(1, seen.get());
  }

  /// X2d, R-A8: a whole page from two parts of which the second is cold: with a commit of nothing
  /// and the same length again it went on for ever.
  @Test
  void zeroLengthCommitDoesNotGoRoundForEver() throws FsException {
    var file = files.file("f");
    GatherIter source =
        new GatherIter(
            new SegmentIter(bytes(1_000, 'a')),
            cold(3_096, 'b').evictAfterFaultIn(Integer.MAX_VALUE));
    assertEquals(PAGE, file.write(0, source));
    assertTrue(file.begins < 20, file.begins + " begins");
    assertArrayEquals(join(bytes(1_000, 'a'), bytes(3_096, 'b')), file.readAll());
  }

  /// X2e, X12, R-B8, R-E7: what begin opened is closed although the retry never comes.
  @Test
  void nothingLeaksWhenNoFurtherCallComes() throws FsException {
    var file = files.file("f");
    assertBadAddress(file, 0, cold(PAGE, 'y').mapped(0));
    assertEquals(0, file.tokens);
    assertEquals(0, file.mapping.size());
    file.remount();
  }

  /// X3, R-B2, R-B10: 700 bytes of a block of 1024 in a cold folio. They stay, and what follows is
  /// the file's, not the frame's.
  @Test
  void shortCommitIntoAColdFolioLosesNeitherSide() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    assertEquals(700, file.write(0, cold(1_024, 'y').mapped(700)));
    assertArrayEquals(join(bytes(700, 'y'), bytes(3_396, 'x')), file.readAll());
    file.remount();
    assertArrayEquals(join(bytes(700, 'y'), bytes(3_396, 'x')), file.readAll());
  }

  /// X4, X13b, R-B6, R-D2: size 100, write 200 at 100, fault after 50: 50 written, size 150.
  @Test
  void sizeDoesNotCoverWhatWasNotCopied() throws FsException {
    var file = files.file("f", bytes(100, 'x'));
    file.readAll();
    FaultingIter source = new FaultingIter(bytes(200, 'y'), 50).resident(50).mapped(50);
    assertEquals(50, file.write(100, source));
    assertEquals(150, file.mapping.size());
    assertArrayEquals(join(bytes(100, 'x'), bytes(50, 'y')), file.readAll());
  }

  /// X5b, R-C2: block 0 has old data on the store, block 1 is a hole that a short write allocates;
  /// only what is new is zeroed.
  @Test
  void zeroingNewBlocksSparesTheOldOnes() throws FsException {
    var file = files.file("f", bytes(1_024, 'x'));
    file.mapping.setSize(PAGE);
    assertBadAddress(file, 1_024, cold(1_024, 'y').mapped(0));
    byte[] expected = Arrays.copyOf(bytes(1_024, 'x'), PAGE);
    assertArrayEquals(expected, file.readAll());
    file.remount();
    assertArrayEquals(expected, file.readAll());
  }

  /// X8, R-E1: the callback's bytes were taken when begin asked to look again; they are not asked
  /// for twice.
  @Test
  void retryAfterTheSourceWasConsumedDoesNotConsumeItAgain() throws FsException {
    var file = files.file("f");
    AtomicInteger asked = new AtomicInteger();
    file.retries = 5;
    FillerIter source =
        new FillerIter(
            (target, length) -> {
              target.asSlice(0, length).fill((byte) 'y');
              asked.addAndGet(length);
              return length;
            },
            10_000);
    assertEquals(10_000, file.write(0, source));
    assertEquals(10_000, asked.get());
  }

  /// X12, R-A7: one byte of many is reachable: neither an error nor an endless loop.
  @Test
  void oneReachableByteIsProgress() throws FsException {
    for (boolean warm : List.of(false, true)) {
      var file = files.file("f" + warm, bytes(PAGE, 'x'));
      if (warm) {
        file.readAll();
      }
      FaultingIter source = new FaultingIter(bytes(2 * PAGE, 'y'), 1).mapped(1);
      assertEquals(1, file.write(0, source));
      assertArrayEquals(join(bytes(1, 'y'), bytes(PAGE - 1, 'x')), file.readAll());
    }
  }

  /// X13d, R-A9: some bytes were accepted, then begin fails: the count, not the errno.
  @Test
  void countIsReturnedRatherThanTheError() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    file.readAll();
    FaultingIter source = cold(PAGE, 'y').resident(300);
    file.failBeginAt = 2;
    assertEquals(300, file.write(0, source));
    file.check();
  }

  /// X13f, R-B2: a cold page of x, a full-page write of y, a fault at 100, and the retry is EFAULT:
  /// all x, and no zeros.
  @Test
  void rejectedShortCopyIsNotRepairedWithZeros() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    FaultingIter source = cold(PAGE, 'y').resident(100);
    source.onFault(
        () -> {
          for (int page = 0; page < 41; page++) {
            source.setBad(page);
          }
        });
    assertBadAddress(file, 0, source);
    assertArrayEquals(bytes(PAGE, 'x'), file.readAll());
    file.remount();
    assertArrayEquals(bytes(PAGE, 'x'), file.readAll());
  }

  /// X16: a rejected head: the first block is covered in part, was cold, and begin brought it in.
  @Test
  void headOfAPartlyCoveredBlockIsTheFiles() throws FsException {
    var file = files.file("f", bytes(PAGE, 'x'));
    assertEquals(1_300, file.write(500, cold(2_000, 'y').mapped(1_300)));
    byte[] expected = bytes(PAGE, 'x');
    Arrays.fill(expected, 500, 1_800, (byte) 'y');
    assertArrayEquals(expected, file.readAll());
    file.remount();
    assertArrayEquals(expected, file.readAll());
  }
}
