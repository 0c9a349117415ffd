package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.contract.FileFixture.Feature;
import org.pagewright.sync.Lockdep;

/// Begin and end of writes.
///
///     folio     0           1          2         3          4
///     file   [ old     ][ hole    ][old|hole][ old   |  ]
///                                              size ^
final class FileWriteContract extends FileSuite {
  private static final int SIZE = 3 * FOLIO + 1500;

  FileWriteContract(FileFixture fixture) {
    super(fixture);
  }

  private void start() throws IOException {
    start(
        SIZE,
        piece(0, FOLIO, 1),
        piece(2 * FOLIO, FOLIO / 2, 2),
        piece(3 * FOLIO, SIZE - 3 * FOLIO, 3));
  }

  /// Chunks at every kind of place: first byte and length.
  private int[][] chunks() {
    int block = fixture.blockSize();
    return new int[][] {
      {0, FOLIO}, // an old folio as a whole
      {0, block}, // a whole block
      {100, 700}, // a piece of old blocks
      {block - 1, 2}, // both sides of a border of blocks, or of folios
      {FOLIO, FOLIO}, // a hole as a whole
      {FOLIO, block},
      {FOLIO + 10, 10}, // a piece of a hole
      {2 * FOLIO + FOLIO / 2 - 5, 10}, // from old bytes into a hole
      {2 * FOLIO, FOLIO},
      {3 * FOLIO, FOLIO}, // over the end
      {SIZE, 10}, // at the end
      {SIZE - 5, 20},
      {3 * FOLIO, 1500}, // up to the end
      {4 * FOLIO, FOLIO}, // behind the end
      {4 * FOLIO + 700, 300},
      {5 * FOLIO + block - 1, 1}, // far behind it
    };
  }

  private interface Attempt {
    void at(int pos, byte[] bytes) throws IOException;
  }

  /// Makes an attempt at each place, each on a cold cache.
  private void atEachPlace(Attempt attempt) throws IOException {
    start();
    for (int[] chunk : chunks()) {
      int length = Math.min(chunk[1], mapping().bytesToFolioEnd(chunk[0]));
      makeCold();
      try {
        attempt.at(chunk[0], bytes(length, 4 + chunk[0] % 11));
        assertFile("after an attempt");
      } catch (AssertionError e) {
        throw new AssertionError(
            length + " bytes at " + chunk[0] + ": " + e.getMessage(), e);
      }
    }
    assertFileEverywhere("in the end");
  }

  @FileCase
  void aWholeChunkIsAcceptedAndOldBytesAroundItStay() throws IOException { // R-B1, R-B10, R-C3
    atEachPlace((pos, bytes) -> offer(pos, bytes, bytes.length));
  }

  @FileCase
  void aCommitOfNothingLeavesNothingBehind() throws IOException { // R-B2, R-B8, R-D2, R-C1
    atEachPlace((pos, bytes) -> offer(pos, bytes, 0));
  }

  @FileCase
  void aShortCommitIsAllOrNothingUnlessTheFolioIsUptodate() throws IOException { // R-B7, R-B2
    atEachPlace((pos, bytes) -> offer(pos, bytes, bytes.length / 2));
    atEachShortened(1);
  }

  private void atEachShortened(int by) throws IOException {
    for (int[] chunk : chunks()) {
      int length = Math.min(chunk[1], mapping().bytesToFolioEnd(chunk[0]));
      makeCold();
      offer(chunk[0], bytes(length, 5), length - by);
    }
    assertFileEverywhere("one byte short each");
  }

  @FileCase
  void aShortCommitIntoAnUptodateFolioIsTakenAsItIs() throws IOException { // R-B5
    atEachPlace(
        (pos, bytes) -> {
          if (pos < mapping().size()) {
            fill(pos / FOLIO);
          }
          offer(pos, bytes, bytes.length / 2);
        });
  }

  @FileCase
  void newBlocksOfARejectedWriteReadAsZerosAndNoOthersDo() throws IOException { // R-C1, R-C2
    start();
    int block = fixture.blockSize();
    // The hole as a whole, its last block, its first bytes; then a folio with old blocks in it.
    int[][] rejected = {
      {FOLIO, FOLIO}, {2 * FOLIO - block, block}, {FOLIO, 10}, {2 * FOLIO, FOLIO},
      {2 * FOLIO + FOLIO / 2, FOLIO / 2}
    };
    for (int[] chunk : rejected) {
      for (int copied : new int[] {0, chunk[1] / 3, chunk[1] - 1}) {
        makeCold();
        offer(chunk[0], bytes(chunk[1], 6), copied);
        assertFile("after a short write of " + copied + " at " + chunk[0]);
        if (hasStore()) {
          makeCold();
          assertFile("after that, read again");
        }
      }
    }
    assertFileEverywhere("after short writes into holes");
  }

  @FileCase
  void aRejectedWriteBehindTheEndGivesBackWhatItTook() throws IOException { // R-B8, R-C5, R-D2
    start();
    makeCold();
    long free = fixture.freeBlocks();
    for (int pos : new int[] {4 * FOLIO, 4 * FOLIO + 700, 7 * FOLIO}) {
      offer(pos, bytes(300, 7), 0);
      assertEquals(SIZE, mapping().size());
      assertEquals(free, fixture.freeBlocks(), "free blocks after a rejected write at " + pos);
    }
    assertFileEverywhere("after writes that were rejected");
  }

  @FileCase
  void whoGetsTheFolioNextSeesTheNewSize() throws IOException { // R-D1, R-B13
    start();
    write(SIZE, bytes(1, 8));
    fixture.inodeLock().lock();
    Folio folio;
    AtomicLong seen = new AtomicLong();
    Thread next;
    try {
      byte[] more = bytes(200, 8);
      folio = begin(SIZE + 1, more.length);
      copyIn(folio, folio.offsetOf(SIZE + 1), more, more.length);
      next =
          new Thread(
              () -> {
                folio.lock();
                seen.set(mapping().size());
                folio.unlock();
              });
      next.start();
      checked().writeEnd(mapping(), SIZE + 1, more.length, more.length, folio, op);
      accept(SIZE + 1, more, more.length);
    } finally {
      fixture.inodeLock().unlock();
    }
    join(next);
    assertEquals(SIZE + 201, seen.get());
    assertFileEverywhere("after it grew");
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError("it hangs: " + thread, e);
    }
  }

  @FileCase
  void aGapBeforeAWriteReadsAsZeros() throws IOException { // R-D5, R-C3
    start();
    write(SIZE + 37, bytes(10, 9));
    assertFile("after a gap within a folio");
    write(6 * FOLIO + 1000, bytes(10, 9));
    assertFileEverywhere("after a gap of folios");
  }

  @FileCase
  void smallWritesOneAfterTheOtherAddUp() throws IOException { // R-B10: accepted bytes are kept
    start();
    makeCold();
    for (int pos = 2 * FOLIO - 600; pos < 3 * FOLIO; pos += 97) {
      write(pos, bytes(97, pos % 5));
      if (pos % 3 == 0) {
        fill(pos / FOLIO); // must not bring back what was there before
      }
    }
    assertFileEverywhere("after many small writes");
  }

  @FileCase(needs = Feature.DEVICE)
  void aBeginThatCannotReadLeavesNothingLockedAndNothingChanged() throws IOException { // R-C4
    start();
    makeCold();
    fixture.store().failReads(true);
    fixture.inodeLock().lock();
    FsException e =
        assertThrows(FsException.class, () -> checked().writeBegin(mapping(), 100, 50, op));
    fixture.inodeLock().unlock();
    fixture.store().failReads(false);
    assertEquals(Errno.EIO, e.errno());
    assertQuiet();
    assertFileEverywhere("after a begin that failed");
  }

  @FileCase(needs = Feature.DEVICE)
  void wholeBlocksAreOverwrittenWithoutAReadAndPiecesWithOne() throws IOException { // R-B11
    start();
    makeCold();
    int block = fixture.blockSize();
    long before = fixture.store().bytesRead();
    write(0, bytes(block, 10));
    write(FOLIO + 10, bytes(10, 10)); // a hole holds nothing to be read
    assertEquals(before, fixture.store().bytesRead(), "bytes read");
    makeCold();
    before = fixture.store().bytesRead();
    write(100, bytes(10, 10));
    assertEquals(before + block, fixture.store().bytesRead(), "bytes read");
    assertFileEverywhere("after writes that read and that did not");
  }

  @FileCase
  void nowaitDoesNotWaitForALockedFolio() throws IOException { // R-J7
    start();
    fixture.inodeLock().lock();
    op.reset(WriteOp.NOWAIT);
    try {
      Folio folio = mapping().getOrCreate(0, 0);
      boolean[] refused = new boolean[1];
      Thread other =
          new Thread(
              () -> {
                // Another thread: this one holds the folio, and lockdep knows.
                assertTrue(Lockdep.holdsNothing());
                refused[0] = isRefused(folio);
              });
      other.start();
      join(other);
      folio.unlock();
      assertTrue(refused[0], "EAGAIN expected while the folio is locked");
      assertFalse(folio.isLocked());
    } finally {
      op.reset(0);
      fixture.inodeLock().unlock();
    }
    assertFile("after an attempt without waiting");
  }

  private boolean isRefused(Folio folio) {
    try {
      Folio got = mapping().operations().writeBegin(mapping(), 0, folio.size(), op);
      assertFalse(got != null, "a locked folio was given away");
      return true; // asked to look again
    } catch (FsException e) {
      return e.errno() == Errno.EAGAIN;
    }
  }
}
