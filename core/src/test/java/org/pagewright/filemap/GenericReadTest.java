package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.SegmentIter;

/// Reading, rule by rule.
final class GenericReadTest {
  private final FakeFiles files = new FakeFiles(1024);

  @AfterEach
  void close() {
    files.close();
  }

  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i % 251 + 1);
    }
    return bytes;
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static Folio folio(FakeFiles.File file, long index) {
    Folio folio = file.mapping.find(index);
    assertTrue(folio != null, "folio " + index + " is not there");
    return folio;
  }

  private static Errno failure(FakeFiles.File file, long pos, int flags) {
    return assertThrows(
            FsException.class,
            () -> GenericRead.read(file.mapping, pos, new byte[100], 0, 100, flags, null))
        .errno();
  }

  @Test
  void arraysAndSegmentsGetTheSameBytes() throws FsException {
    byte[] content = pattern(10_000);
    var file = files.file("f", content);
    byte[] array = new byte[9_010];
    assertEquals(9_000, GenericRead.read(file.mapping, 500, array, 10, 9_000, 0, null));
    assertArrayEquals(
        Arrays.copyOfRange(content, 500, 9_500), Arrays.copyOfRange(array, 10, 9_010));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(9_010);
      assertEquals(9_000, GenericRead.read(file.mapping, 500, segment, 10, 9_000, 0, null));
      assertEquals(-1, segment.mismatch(MemorySegment.ofArray(array)));
    }
  }

  @Test
  void readEndsAtTheEndOfTheFileAndCreatesNothingBeyond() throws FsException {
    var file = files.file("f", pattern(5_000));
    assertArrayEquals(pattern(5_000), file.read(0, 100_000));
    assertEquals(0, file.read(5_000, 10).length);
    assertEquals(0, file.read(50_000, 10).length);
    assertEquals(2, file.mapping.folios());
  }

  @Test
  void holesAndNewFramesReadAsZeros() throws FsException {
    var file = files.file("f");
    file.mapping.setSize(9_000);
    assertArrayEquals(new byte[9_000], file.readAll());
    assertEquals(0, file.blockReads);
  }

  /// What is uptodate is read while somebody else holds the folio lock: no lock is needed.
  @Test
  void uptodateFolioIsReadWhileItIsLocked() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.readAll();
    Folio folio = folio(file, 0);
    folio.lock();
    assertArrayEquals(pattern(4_096), file.readAll());
    folio.unlock();
    assertEquals(1, file.fills);
    assertEquals(1, files.cache.statistics().misses());
  }

  /// R-B13: a folio in the middle of a change is not read, with NOWAIT not even waited for.
  @Test
  void folioInTheMiddleOfAChangeIsNotRead() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.readAll();
    Folio folio = folio(file, 0);
    folio.lock();
    folio.beginChange();
    assertSame(Errno.EAGAIN, failure(file, 0, GenericRead.NOWAIT));
    folio.endChange();
    folio.unlock();
    assertArrayEquals(pattern(4_096), file.readAll());
  }

  /// R-B12: the file shrinks while the fill is under way; what lies beyond the new end is not read.
  @Test
  void sizeIsLookedAtAfterTheBytesAreUptodate() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.onFill = () -> file.mapping.setSize(100);
    assertArrayEquals(pattern(100), file.read(0, 4_096));
    var gone = files.file("g", pattern(4_096));
    gone.onFill = () -> gone.mapping.setSize(0);
    assertEquals(0, gone.read(0, 4_096).length);
  }

  /// R-E1: the file system asks three times to look again.
  @Test
  void retryOfAFillLooksTheFolioUpAgain() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.fillRetries = 3;
    assertArrayEquals(pattern(4_096), file.readAll());
    assertEquals(4, file.fills);
    file.check();
  }

  @Test
  void interruptEndsAReadThatIsAskedToLookAgainForEver() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.fillRetries = Integer.MAX_VALUE;
    Thread.currentThread().interrupt();
    try {
      assertSame(Errno.EINTR, failure(file, 0, 0));
    } finally {
      assertTrue(Thread.interrupted());
    }
    file.check();
  }

  @Test
  void failedFillIsAnErrorAndTheNextReadTriesAgain() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.failReads = true;
    assertSame(Errno.EIO, failure(file, 0, 0));
    assertFalse(folio(file, 0).isUptodate());
    assertEquals(0, folio(file, 0).references());
    file.failReads = false;
    assertArrayEquals(pattern(4_096), file.readAll());
    file.check();
  }

  @Test
  void bytesBeforeAFailedFillAreReturnedFirst() throws FsException {
    var file = files.file("f", pattern(8_192));
    file.read(0, 10);
    file.failReads = true;
    assertEquals(4_000, file.read(96, 8_000).length);
    assertSame(Errno.EIO, failure(file, 4_096, 0));
  }

  /// R-G1: a fill that another thread waits for; the folio is then uptodate, or the reader fills.
  @Test
  void readerWaitsForAFillThatIsUnderWay() throws Exception {
    var file = files.file("f", pattern(4_096));
    file.holdReads = true;
    CountDownLatch started = new CountDownLatch(1);
    file.onFill = started::countDown;
    AtomicReference<Object> first = new AtomicReference<>();
    AtomicReference<Object> second = new AtomicReference<>();
    Thread a = reader(file, first);
    started.await();
    Thread b = reader(file, second);
    while (file.pendingReads.isEmpty()
        || a.getState() != Thread.State.WAITING
        || b.getState() != Thread.State.WAITING) {
      Thread.onSpinWait(); // both must get here, or the test's time is up
    }
    file.completeReads(true);
    a.join();
    b.join();
    assertArrayEquals(pattern(4_096), (byte[]) first.get());
    assertArrayEquals(pattern(4_096), (byte[]) second.get());
    assertEquals(1, file.fills);
  }

  private static Thread reader(FakeFiles.File file, AtomicReference<Object> result) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                result.set(file.read(0, 4_096));
              } catch (FsException e) {
                result.set(e);
              }
            });
  }

  /// R-J7: nothing is read from the device; what is in memory is returned first.
  @Test
  void nowaitReturnsWhatIsInMemoryOrEagain() throws FsException {
    var file = files.file("f", pattern(12_288));
    assertSame(Errno.EAGAIN, failure(file, 0, GenericRead.NOWAIT));
    assertEquals(0, file.mapping.folios());
    file.read(0, 10);
    byte[] target = new byte[12_288];
    assertEquals(
        4_096, GenericRead.read(file.mapping, 0, target, 0, 12_288, GenericRead.NOWAIT, null));
    assertEquals(1, file.fills);
    // Partly uptodate (R-B9), and free: that needs no waiting either.
    file.write(9_216, new SegmentIter(bytes(1_024, 'y')));
    assertEquals(
        1_024,
        GenericRead.read(file.mapping, 9_216, target, 0, 1_024, GenericRead.NOWAIT, null));
    Folio third = folio(file, 2);
    third.lock();
    assertSame(Errno.EAGAIN, failure(file, 9_216, GenericRead.NOWAIT));
    third.unlock();
  }

  /// R-J6: created by this read: gone. There before: stays. Wanted by another read: stays.
  @Test
  void dontcacheDropsWhatItBroughtInAndNothingElse() throws FsException {
    var file = files.file("f", pattern(16_384));
    file.read(0, 10);
    byte[] target = new byte[16_384];
    Readahead readahead = new Readahead();
    assertEquals(
        16_384,
        GenericRead.read(file.mapping, 0, target, 0, 16_384, GenericRead.DONTCACHE, readahead));
    assertArrayEquals(pattern(16_384), target);
    assertNotNull(file.mapping.find(0));
    assertEquals(1, file.mapping.folios());

    Folio marked = file.mapping.insertNew(1, GenericRead.DONTCACHE);
    assertNotNull(marked);
    marked.unlock();
    file.read(4_096, 10);
    assertFalse(marked.isDropBehind(), "a normal read clears the mark");
    GenericRead.read(file.mapping, 4_096, target, 0, 10, GenericRead.DONTCACHE, null);
    assertSame(marked, file.mapping.find(1));

    // Dirty: goes when it has been written.
    Folio dirty = file.mapping.insertNew(2, GenericRead.DONTCACHE);
    assertNotNull(dirty);
    dirty.markUptodate();
    dirty.markDirty();
    dirty.unlock();
    GenericRead.read(file.mapping, 8_192, target, 0, 10, GenericRead.DONTCACHE, null);
    assertSame(dirty, file.mapping.find(2));
    file.writepages(
        file.mapping, org.pagewright.cache.WritebackControl.integrity(0, Long.MAX_VALUE >>> 13));
    assertNull(file.mapping.find(2));
  }

  /// A read into memory that cannot be written fails with nothing locked.
  @Test
  void targetThatCannotBeWrittenLeavesNothingLocked() throws FsException {
    var file = files.file("f", pattern(4_096));
    file.write(0, new SegmentIter(bytes(1_024, 'y')));
    MemorySegment target = MemorySegment.ofArray(new byte[100]).asReadOnly();
    assertThrows(
        IllegalArgumentException.class,
        () -> GenericRead.read(file.mapping, 0, target, 0, 100, 0, null));
    file.check();
    assertEquals(0, folio(file, 0).references());
    assertEquals('y', folio(file, 0).bytes().get(ValueLayout.JAVA_BYTE, 0));
  }
}
