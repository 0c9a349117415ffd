package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.errno.FsException;
import org.pagewright.iov.SegmentIter;

/// Bytes that cease to exist.
final class TruncateTest {
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

  private static Folio folio(FakeFiles.File file, long index) {
    Folio folio = file.mapping.find(index);
    assertTrue(folio != null, "folio " + index + " is not there");
    return folio;
  }

  private static void punch(FakeFiles.File file, long from, long toInclusive) {
    file.mapping.invalidateLock().lock();
    Truncate.truncatePages(file.mapping, from, toInclusive);
    file.mapping.invalidateLock().unlock();
  }

  /// R-D4: the size is the new one before the first folio goes.
  @Test
  void sizeIsSetBeforeTheCacheGoes() throws FsException {
    var file = files.file("f");
    file.write(0, new SegmentIter(bytes(20_000, 'x')));
    AtomicInteger seen = new AtomicInteger();
    file.onInvalidate =
        () -> {
          assertEquals(5_000, file.mapping.size());
          seen.incrementAndGet();
        };
    file.truncate(5_000);
    assertEquals(4, seen.get());
    assertEquals(2, file.mapping.folios());
    assertEquals(2, file.mapping.dirtyFolios());
    assertArrayEquals(bytes(5_000, 'x'), file.readAll());
    file.check();
  }

  /// R-D4, R-G4: the tail of the folio that stays is zero, in memory and in the next write-out;
  /// what is dirty in it stays dirty.
  @Test
  void tailOfTheLastFolioIsZeroAndWhatIsDirtyStaysSo() throws FsException {
    var file = files.file("f");
    file.write(0, new SegmentIter(bytes(4_096, 'x')));
    file.truncate(100);
    assertTrue(folio(file, 0).isDirty());
    file.truncate(4_096);
    byte[] expected = Arrays.copyOf(bytes(100, 'x'), 4_096);
    assertArrayEquals(expected, file.readAll());
    file.remount();
    assertArrayEquals(expected, file.readAll());
  }

  /// R-D5: the file grows from outside the folio of its old end: what a store through a mapping
  /// left there does not come inside.
  @Test
  void growingZeroesWhatLayBeyondTheOldEnd() throws FsException {
    var file = files.file("f", bytes(100, 'x'));
    file.readAll();
    Folio folio = folio(file, 0);
    folio.lock();
    folio.bytes().asSlice(100).fill((byte) 'p');
    folio.unlock();
    file.truncate(5_000);
    assertArrayEquals(Arrays.copyOf(bytes(100, 'x'), 5_000), file.readAll());
  }

  /// R-G3: a folio that went never comes back; the index can still be told from it.
  @Test
  void truncatedFolioStaysDetached() throws FsException {
    var file = files.file("f", bytes(8_192, 'x'));
    file.readAll();
    Folio old = folio(file, 1);
    file.truncate(4_096);
    file.truncate(8_192);
    assertArrayEquals(new byte[4_096], file.read(4_096, 4_096));
    assertFalse(old.isAttached());
    assertEquals(1, old.index());
    assertNotSame(old, folio(file, 1));
    file.check();
  }

  /// R-G3: write-out is waited for before the folio goes: its bytes are on their way to blocks that
  /// are about to be freed.
  @Test
  void truncationWaitsForWriteOut() throws Exception {
    var file = files.file("f");
    file.write(0, new SegmentIter(bytes(4_096, 'x')));
    Folio folio = folio(file, 0);
    folio.lock();
    assertTrue(file.startWrite(folio));
    folio.unlock();
    Thread truncator = Thread.ofPlatform().start(() -> file.truncate(0));
    while (truncator.getState() != Thread.State.WAITING) {
      Thread.onSpinWait(); // it must get there, or the test's time is up
    }
    assertTrue(folio.isAttached());
    file.finishWrite(folio);
    truncator.join();
    assertFalse(folio.isAttached());
    assertEquals(0, files.cache.frames().used());
    file.check();
  }

  /// A holder of a reference keeps the frame until it lets go.
  @Test
  void frameOfATruncatedFolioLivesAsLongAsAReference() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    file.readAll();
    Folio folio = folio(file, 0);
    assertTrue(folio.tryGet());
    file.truncate(0);
    assertEquals(1, files.cache.frames().used());
    assertEquals('x', folio.bytes().get(ValueLayout.JAVA_BYTE, 0));
    folio.put();
    assertEquals(0, files.cache.frames().used());
  }

  /// R-G4: a hole that begins and ends inside folios: those are zeroed in part and stay, what lies
  /// between goes.
  @Test
  void holeZeroesTheFoliosAtItsBorders() throws FsException {
    for (long[] hole :
        new long[][] {
          {100, 200}, {0, 4_095}, {0, 4_096}, {4_095, 4_096}, {100, 12_287}, {4_096, 8_191},
          {5_000, 16_000}, {16_383, 16_383}, {0, Long.MAX_VALUE}
        }) {
      var file = files.file("f" + Arrays.toString(hole));
      file.write(0, new SegmentIter(bytes(16_384, 'x')));
      punch(file, hole[0], hole[1]);

      byte[] expected = bytes(16_384, 'x');
      Arrays.fill(expected, (int) hole[0], (int) Math.min(16_384, hole[1] + 1), (byte) 0);
      for (long index = 0; index < 4; index++) {
        Folio folio = file.mapping.find(index);
        boolean gone = hole[0] <= index * 4_096 && hole[1] >= index * 4_096 + 4_095;
        assertEquals(gone, folio == null, "folio " + index + " of " + Arrays.toString(hole));
        if (folio != null) {
          assertTrue(folio.isDirty());
          byte[] now = folio.bytes().toArray(ValueLayout.JAVA_BYTE);
          int from = (int) index * 4_096;
          assertArrayEquals(Arrays.copyOfRange(expected, from, from + 4_096), now);
        }
      }
      file.check();
    }
  }

  /// R-G1: a reader that looked a folio up before it was truncated does not get its bytes.
  @Test
  void lookAtAFolioFailsAfterItWasTruncated() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    file.readAll();
    Folio folio = folio(file, 0);
    long look = folio.beginLook();
    file.truncate(0);
    assertFalse(folio.endLook(look));
    assertEquals(0, folio.beginLook());
  }

  @Test
  void invalidationDropsOnlyWhatIsCleanAndUnused() throws FsException {
    var file = files.file("f", bytes(20_480, 'x'));
    file.readAll();
    file.write(4_096, new SegmentIter(bytes(10, 'y')));
    Folio locked = folio(file, 2);
    locked.lock();
    assertTrue(folio(file, 3).tryGet());

    assertEquals(2, Truncate.invalidatePages(file.mapping, 0, 100));
    assertNull(file.mapping.find(0));
    assertNotNull(file.mapping.find(1));
    assertNotNull(file.mapping.find(2));
    assertNotNull(file.mapping.find(3));
    assertNull(file.mapping.find(4));
    locked.unlock();
    folio(file, 3).put();
    assertEquals(2, Truncate.invalidatePages(file.mapping, 0, 100));
    file.check();
  }

  /// R-J1: direct I/O is told if something stayed that differs from the store.
  @Test
  void invalidationForDirectIoTellsWhatStayed() throws FsException {
    var file = files.file("f", bytes(12_288, 'x'));
    file.readAll();
    file.write(4_096, new SegmentIter(bytes(10, 'y')));
    assertTrue(Truncate.invalidateRange2(file.mapping, 0, 0));
    assertFalse(Truncate.invalidateRange2(file.mapping, 0, 2));
    assertNull(file.mapping.find(2), "the others go");
    assertTrue(folio(file, 1).isDirty(), "nothing was written");
    file.remount();
    file.readAll();
    assertTrue(Truncate.invalidateRange2(file.mapping, 0, Long.MAX_VALUE >>> 13));
    assertEquals(0, file.mapping.folios());
  }

  /// R-J1: a reader that is between its fill and its look holds a reference. Were the folio left
  /// for that, a direct write would leave old bytes in the cache.
  @Test
  void invalidationForDirectIoTakesCleanFoliosAlthoughAReaderHoldsThem() throws FsException {
    var file = files.file("f", bytes(4_096, 'x'));
    file.readAll();
    Folio held = folio(file, 0);
    assertTrue(held.tryGet());
    assertTrue(Truncate.invalidateRange2(file.mapping, 0, 0));
    assertNull(file.mapping.find(0));
    assertFalse(held.isAttached());
    held.put();
    file.check();
  }
}
