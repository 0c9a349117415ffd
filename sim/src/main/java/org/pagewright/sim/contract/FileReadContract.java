package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.Readahead;
import org.pagewright.filemap.Truncate;
import org.pagewright.sim.contract.FileFixture.Feature;

/// Fills, readahead, and direct I/O beside the cache.
final class FileReadContract extends FileSuite {
  private static final int FOLIOS = 24;

  FileReadContract(FileFixture fixture) {
    super(fixture);
  }

  /// Old bytes, a hole, and old bytes up to an end within a block.
  private void start() throws IOException {
    start(
        FOLIOS * FOLIO - 300,
        piece(0, 6 * FOLIO + 100, 1),
        piece(9 * FOLIO, (FOLIOS - 9) * FOLIO - 300, 2));
  }

  // ---- Fills ------------------------------------------------------------------------------------

  @FileCase
  void everyFolioIsFilledWithTheFileAndHolesWithZeros() throws IOException { // R-E1, R-D3
    start();
    for (int index = FOLIOS - 1; index >= 0; index--) {
      assertTrue(fill(index).isUptodate(), "folio " + index);
    }
    assertTruthful("after fills");
    assertFileEverywhere("after fills");
  }

  @FileCase
  void aFillDoesNotTouchWhatWasWrittenBefore() throws IOException { // R-B9, R-B10
    start();
    int block = fixture.blockSize();
    for (int index = 0; index < 10; index++) {
      int offset = block * (index % Math.max(1, FOLIO / block));
      makeCold();
      write(index * FOLIO + offset, bytes(block, 3 + index)); // a block of a cold folio
      offer(index * FOLIO + 200, bytes(90, 4), 40); // and an attempt at another
      assertTrue(fill(index).isUptodate());
      assertTruthful("after the fill of a folio that was written in part");
    }
    assertFileEverywhere("after writes and fills");
  }

  @FileCase(needs = Feature.DEVICE)
  void partsThatAreUptodateAreReadWithoutTheDevice() throws IOException { // R-B9
    start();
    makeCold();
    int block = fixture.blockSize();
    int pos = FOLIO - block;
    long before = fixture.store().bytesRead();
    write(pos, bytes(block, 3));
    assertBytes(Arrays.copyOfRange(model, pos, FOLIO), read(pos, block), pos, "just written");
    assertEquals(before, fixture.store().bytesRead(), "bytes read");
    assertFileEverywhere("after a block was written");
  }

  @FileCase(needs = Feature.DEVICE)
  void aFillThatFailsIsToldToTheReaderAndCanBeRepeated() throws IOException { // R-B3
    start();
    makeCold();
    fixture.store().failReads(true);
    FsException e = assertThrows(FsException.class, () -> read(FOLIO, 100));
    fixture.store().failReads(false);
    assertEquals(Errno.EIO, e.errno());
    assertQuiet();
    assertFileEverywhere("after a fill that failed");
  }

  // ---- Readahead --------------------------------------------------------------------------------

  private Folio[] newFolios(int first, int count) throws FsException {
    Folio[] folios = new Folio[count];
    for (int i = 0; i < count; i++) {
      folios[i] = mapping().insertNew(first + i, 0);
      assertNotNull(folios[i]);
    }
    return folios;
  }

  @FileCase(needs = Feature.STORE)
  void readaheadFillsEachFolioAndGivesEachLockBack() throws IOException { // R-I8
    start();
    makeCold();
    Folio[] folios = readahead(3, 16);
    for (Folio folio : folios) {
      folio.waitUnlocked();
      assertTrue(folio.isUptodate(), folio.toString());
    }
    assertTruthful("after readahead");
    assertFileEverywhere("after readahead");
  }

  private Folio[] readahead(int first, int count) throws FsException {
    mapping().invalidateLock().lockShared();
    try {
      Folio[] folios = newFolios(first, count);
      checked().readahead(mapping(), folios, count);
      return folios;
    } finally {
      mapping().invalidateLock().unlockShared();
    }
  }

  @FileCase(needs = Feature.DEVICE)
  void errorsOfReadaheadAreSoft() throws IOException { // R-I8
    start();
    makeCold();
    fixture.store().failReads(true);
    Folio[] folios = readahead(10, 8);
    for (Folio folio : folios) {
      folio.waitUnlocked();
      assertFalse(folio.isUptodate(), folio.toString());
    }
    fixture.store().failReads(false);
    assertQuiet();
    assertFileEverywhere("after a readahead that failed");
  }

  @FileCase
  void readaheadLeavesAloneWhatIsPresent() throws IOException { // R-I9
    start();
    makeCold();
    write(2 * FOLIO + 10, bytes(2000, 3));
    write(3 * FOLIO, bytes(FOLIO, 4));
    write(12 * FOLIO + 100, bytes(10, 5));
    Readahead readahead = new Readahead();
    byte[] all = new byte[model.length];
    for (int pos = 0; pos < all.length; ) {
      int n = Math.min(1500, all.length - pos);
      int got = GenericRead.read(mapping(), pos, all, pos, n, 0, readahead);
      assertEquals(n, got, "bytes read at " + pos);
      pos += n;
    }
    assertBytes(model, all, 0, "read with readahead");
    assertFileEverywhere("after readahead over dirty folios");
  }

  // ---- Past the cache ---------------------------------------------------------------------------

  @FileCase(needs = Feature.STORE)
  void aDirectReadSeesWhatWasWrittenOut() throws IOException { // R-J3
    start();
    write(2 * FOLIO + 10, bytes(2000, 3));
    write(7 * FOLIO, bytes(FOLIO, 3));
    sync();
    try (Arena arena = Arena.ofShared()) {
      for (int[] range : new int[][] {{0, 4}, {5, 4}, {FOLIOS - 3, 3}, {FOLIOS - 2, 8}}) {
        int pos = range[0] * FOLIO;
        MemorySegment target = arena.allocate(range[1] * (long) FOLIO, FOLIO);
        target.fill((byte) 0xDB);
        long n = checked().directRead(mapping(), pos, target);
        if (n >= 0) {
          int inside = Math.min(range[1] * FOLIO, model.length - pos);
          assertEquals(inside, n, "bytes read directly at " + pos);
          assertBytes(
              Arrays.copyOfRange(model, pos, pos + inside),
              target.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE),
              pos,
              "read directly");
        }
      }
      long n = checked().directRead(mapping(), FOLIOS * FOLIO, arena.allocate(FOLIO, FOLIO));
      assertTrue(n <= 0, n + " bytes read behind the end");
      n = checked().directRead(mapping(), 3, arena.allocate(5));
      assertTrue(n <= 5, n + " bytes of 5");
    }
    assertFileEverywhere("after direct reads");
  }

  @FileCase(needs = Feature.STORE)
  void aDirectWriteIsSeenThroughTheCacheOrNotDone() throws IOException { // R-J1, R-J2, R-J5
    start();
    directWrite(FOLIO, bytes(2 * FOLIO, 3)); // over old bytes
    directWrite(7 * FOLIO, bytes(FOLIO, 4)); // into the hole
    directWrite(2 * FOLIO, bytes(fixture.blockSize(), 5));
    directWrite(17, bytes(5, 6)); // a piece of a sector
    directWrite((FOLIOS - 1) * FOLIO, bytes(3 * FOLIO, 7)); // over the end
    directWrite((FOLIOS + 5) * FOLIO, bytes(FOLIO, 8)); // behind it
    assertFileEverywhere("after direct writes");
  }

  private void directWrite(int pos, byte[] bytes) throws IOException {
    fixture.inodeLock().lock();
    try (Arena arena = Arena.ofShared()) {
      sync();
      long first = pos / FOLIO;
      long last = (pos + bytes.length - 1) / FOLIO;
      assertTrue(Truncate.invalidateRange2(mapping(), first, last));
      MemorySegment source = arena.allocate(bytes.length, FOLIO);
      MemorySegment.copy(bytes, 0, source, ValueLayout.JAVA_BYTE, 0, bytes.length);
      long n = checked().directWrite(mapping(), pos, source);
      assertTrue(Truncate.invalidateRange2(mapping(), first, last));
      if (n > 0) {
        accept(pos, bytes, (int) n);
      }
    } finally {
      fixture.inodeLock().unlock();
    }
    assertFile("after a direct write at " + pos);
  }
}
