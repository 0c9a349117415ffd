package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.sim.contract.FileFixture.Feature;
import org.pagewright.writeback.Writeback;

/// Write-out, its errors, and what becomes of folios that go.
final class FileStoreContract extends FileSuite {
  FileStoreContract(FileFixture fixture) {
    super(fixture);
  }

  private void start() throws IOException {
    start(5 * FOLIO + 100, piece(0, 3 * FOLIO, 1), piece(4 * FOLIO, FOLIO + 100, 2));
  }

  private Folio present(long index) {
    Folio folio = mapping().find(index);
    assertNotNull(folio, "folio " + index);
    return folio;
  }

  // ---- Write-out --------------------------------------------------------------------------------

  @FileCase(needs = Feature.STORE)
  void writeOutCleansWhatWasDirtyAndTagsAgree() throws IOException { // R-H1
    start();
    write(FOLIO - 50, bytes(100, 3));
    write(3 * FOLIO + 1000, bytes(10, 3)); // in the hole
    write(5 * FOLIO + 50, bytes(3000, 3)); // over the end
    assertEquals(4, mapping().dirtyFolios());
    assertQuiet();
    WritebackControl control = WritebackControl.integrity(0, LAST_INDEX);
    checked().writepages(mapping(), control);
    Writeback.waitRange(mapping(), 0, Long.MAX_VALUE);
    assertEquals(0, mapping().dirtyFolios());
    assertEquals(0, mapping().writebackFolios());
    assertEquals(4, control.written());
    assertQuiet();
    assertFileEverywhere("after write-out");
  }

  @FileCase(needs = Feature.STORE)
  void writeOutOfARangeLeavesTheOthersDirty() throws IOException { // R-H10
    start();
    write(10, bytes(10, 3));
    write(2 * FOLIO, bytes(10, 3));
    write(4 * FOLIO, bytes(10, 3));
    sync(1, 3);
    assertTrue(present(0).isDirty());
    assertFalse(present(2).isDirty());
    assertTrue(present(4).isDirty());
    assertQuiet();
    assertFileEverywhere("after write-out of a part");
  }

  @FileCase(needs = Feature.STORE)
  void writingTheSameFolioAgainAndAgainKeepsTheLastBytes() throws IOException { // R-H1
    start();
    for (int i = 0; i < 10; i++) {
      write(3 * FOLIO + 500 * (i % 3), bytes(700, i));
      sync(0, LAST_INDEX);
    }
    assertFileEverywhere("after ten write-outs");
  }

  @FileCase(needs = Feature.DEVICE)
  void whatIsWrittenDuringWriteOutIsWrittenByTheNext() throws IOException { // R-H2, R-H4
    start();
    write(FOLIO + 100, bytes(50, 3));
    fixture.store().holdWrites();
    try {
      checked().writepages(mapping(), WritebackControl.start(0, LAST_INDEX));
      Folio folio = present(1);
      assertTrue(folio.isWriteback() && !folio.isDirty(), folio.toString());
      write(FOLIO + 110, bytes(50, 4));
      assertTrue(folio.isWriteback() && folio.isDirty(), folio.toString());
      // In the background what is busy is passed over, not waited for (R-H4).
      checked().writepages(mapping(), WritebackControl.background(10));
      assertTrue(folio.isDirty());
      assertQuiet();
    } finally {
      fixture.store().releaseWrites();
    }
    assertFileEverywhere("after write-out of what changed meanwhile");
  }

  @FileCase(needs = Feature.DEVICE)
  void aFailedWriteOutKeepsTheBytesAndIsToldOnce() throws IOException { // R-H7, R-H8
    start();
    int opened = mapping().writebackErrors().sample();
    write(100, bytes(50, 3));
    write(2 * FOLIO, bytes(FOLIO, 4));
    fixture.store().failWrites(true);
    Errno told = Writeback.syncRange(mapping(), 0, Long.MAX_VALUE);
    fixture.store().failWrites(false);
    assertEquals(Errno.EIO, told);
    assertEquals(2, mapping().dirtyFolios(), "dirty folios after a write-out that failed");
    assertEquals(0, mapping().writebackFolios());
    assertTrue(mapping().writeFailures() > 0);
    assertQuiet();
    assertFile("after a write-out that failed");
    drop();
    assertTrue(present(0).isDirty() && present(2).isDirty());

    assertEquals(Errno.EIO, mapping().writebackErrors().checkSince(opened));
    opened = mapping().writebackErrors().advance();
    assertNull(mapping().writebackErrors().checkSince(opened), "told twice");
    assertNull(Writeback.syncRange(mapping(), 0, Long.MAX_VALUE));
    assertNull(mapping().writebackErrors().checkSince(opened), "told after it went well");
    assertEquals(0, mapping().dirtyFolios());
    assertFileEverywhere("after a second attempt");
  }

  @FileCase(needs = Feature.DEVICE)
  void aFailedWriteOutOfNewBlocksShowsNobodyWhatTheyHeld() throws IOException { // R-C14, R-H8
    start();
    write(3 * FOLIO + 700, bytes(50, 3)); // in the hole
    fixture.store().failWrites(true);
    Errno told = Writeback.syncRange(mapping(), 0, Long.MAX_VALUE);
    fixture.store().failWrites(false);
    assertNotNull(told);
    mapping().writebackErrors().advance();
    assertFile("after a write-out that failed");
    assertFileEverywhere("after a second attempt");
  }

  // ---- The end of the file ----------------------------------------------------------------------

  @FileCase(needs = Feature.STORE)
  void writeOutLeavesZerosBehindTheEndWhateverIsInMemory() throws IOException { // R-D3
    start();
    write(5 * FOLIO + 10, bytes(20, 5));
    Folio folio = fill(5);
    folio.lock();
    byte[] stray = bytes(FOLIO - 100, 5); // as a store through a mapping may leave it
    copyIn(folio, 100, stray, stray.length);
    folio.unlock();
    sync();
    drop();
    // Growth that tells the file system nothing: what the store holds comes to light.
    fixture.inodeLock().lock();
    mapping().setSize(6 * FOLIO);
    try {
      byte[] tail = fill(5).bytes().toArray(ValueLayout.JAVA_BYTE);
      assertBytes(
          new byte[FOLIO - 100],
          Arrays.copyOfRange(tail, 100, FOLIO),
          model.length,
          "behind the end");
    } finally {
      drop();
      mapping().setSize(model.length);
      fixture.inodeLock().unlock();
    }
    assertFileEverywhere("after stray bytes");
  }

  @FileCase(needs = Feature.STORE)
  void fillLeavesZerosBehindTheEndWhateverTheStoreHolds() throws IOException { // R-D3
    start();
    makeCold();
    fixture.inodeLock().lock();
    mapping().setSize(FOLIO + 100);
    try {
      byte[] filled = fill(1).bytes().toArray(ValueLayout.JAVA_BYTE);
      byte[] expected = Arrays.copyOf(Arrays.copyOfRange(model, FOLIO, FOLIO + 100), FOLIO);
      assertBytes(expected, filled, FOLIO, "in a folio with the end in it");
    } finally {
      drop();
      mapping().setSize(model.length);
      fixture.inodeLock().unlock();
    }
    assertFileEverywhere("after the size was set back");
  }

  // ---- Folios that go ---------------------------------------------------------------------------

  @FileCase(needs = Feature.STORE)
  void invalidatingAPartKeepsTheRestAndInvalidatingAllKeepsNothing() throws IOException { // R-G3
    start();
    makeCold();
    write(FOLIO + 600, bytes(fixture.blockSize(), 6)); // so that something is attached
    sync();
    Folio folio = present(1);
    mapping().invalidateLock().lock();
    folio.lock();
    try {
      checked().invalidateFolio(folio, FOLIO / 2, FOLIO / 2);
      checked().invalidateFolio(folio, 0, 100);
      checked().invalidateFolio(folio, 0, FOLIO);
      mapping().detach(folio);
    } finally {
      folio.unlock();
      mapping().invalidateLock().unlock();
    }
    assertFileEverywhere("after a folio was invalidated");
  }

  @FileCase(needs = Feature.STORE)
  void aDirtyFolioIsNotLetGoAndACleanOneIs() throws IOException { // R-I4
    start();
    makeCold();
    write(FOLIO + 600, bytes(100, 6));
    Folio folio = present(1);
    folio.lock();
    try {
      assertFalse(mapping().evict(folio), "a dirty folio went");
    } finally {
      folio.unlock();
    }
    assertFile("after an attempt to evict what is dirty");
    sync();
    folio.lock();
    try {
      assertTrue(checked().releaseFolio(folio), "a clean folio does not go");
      assertTrue(mapping().evict(folio), "a clean folio does not go");
    } finally {
      folio.unlock();
    }
    assertFileEverywhere("after a folio went");
  }
}
