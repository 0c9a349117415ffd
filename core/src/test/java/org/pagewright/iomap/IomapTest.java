package org.pagewright.iomap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cache.Folio;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.Readahead;

/// Goal: the rules of B, C, D and H that extents are about, one by one, and J1 to J5.
/// Method: a file system of extents in memory over a device full of 'S', block sizes 512 to 4096.
final class IomapTest {

  static byte[] filled(int length, char c) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) c);
    return bytes;
  }

  private static void assertAll(char expected, byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      assertEquals(expected, (char) (bytes[i] & 0xFF), "byte " + i);
    }
  }

  // ---- Round trips ----------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void whatIsWrittenIsReadAgainAfterRemount(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      byte[] bytes = new byte[100_001];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (i * 31 >>> 3);
      }
      assertEquals(bytes.length, f.write(0, bytes));
      assertArrayEquals(bytes, f.readAll());
      assertNull(f.sync());
      f.checkQuiet();
      f.remount();
      assertArrayEquals(bytes, f.readAll());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void holesAndGapsReadAsZerosAndNeverAsTheDevicesOldBytes(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(10, filled(5, 'a')); // R-C3
      f.write(20_000, filled(5, 'b'));
      for (int i = 0; i < 2; i++) {
        byte[] all = f.readAll();
        assertEquals(20_005, all.length);
        assertAll('\0', all, 0, 10);
        assertAll('a', all, 10, 15);
        assertAll('\0', all, 15, 20_000);
        assertAll('b', all, 20_000, 20_005);
        f.remount();
      }
    }
  }

  // ---- B: what readers may see ----------------------------------------------------------------

  /// R-B1, R-B7: writeEnd with less than the whole on a folio that is not uptodate takes nothing.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void shortCopyIntoFolioNotUptodateIsAllOrNothing(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(4096, 'x'));
      f.remount();
      WriteOp op = new WriteOp();
      f.lock();
      Folio folio = f.operations.writeBegin(f.mapping, 0, 4096, op);
      assertNotNull(folio);
      assertFalse(folio.isUptodate()); // R-B1
      folio.chunk().asSlice(folio.chunkOffset(), 100).fill((byte) 'y');
      assertEquals(0, f.operations.writeEnd(f.mapping, 0, 4096, 100, folio, op));
      f.unlock();
      assertFalse(folio.isUptodate()); // R-B2
      assertFalse(folio.isDirty());
      assertArrayEquals(filled(4096, 'x'), f.readAll()); // R-B4
      f.checkQuiet();
    }
  }

  /// R-B5: on an uptodate folio exactly what was copied is accepted.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void shortCopyIntoUptodateFolioKeepsOldBytesBehindIt(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(4096, 'x'));
      f.sync();
      assertEquals(700, f.write(0, new ShortIter(filled(4096, 'y'), 700, false), 0));
      f.remount();
      byte[] all = f.readAll();
      assertAll('y', all, 0, 700);
      assertAll('x', all, 700, 4096);
    }
  }

  /// R-B8, R-B10: nothing more may be needed after a failed write, and a later fill must neither
  /// skip a part-written block nor destroy accepted bytes.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void failedWriteLeavesNothingBehind(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(3000, 'x'));
      f.remount();
      FsException e =
          assertThrows(
              FsException.class,
              () -> f.write(1000, new ShortIter(filled(3000, 'y'), 0, false), 0));
      assertEquals(Errno.EFAULT, e.errno());
      assertEquals(3000, f.mapping.size()); // R-D2
      f.checkQuiet();
      assertEquals(0, f.fs.reserved());
      assertArrayEquals(filled(3000, 'x'), f.readAll());
      f.remount();
      assertArrayEquals(filled(3000, 'x'), f.readAll());
    }
  }

  /// R-B9: a block that was written whole is read without the device, and a fill leaves it alone.
  @Test
  void uptodateBlocksOfAFolioNeedNoReadAndSurviveTheFill() throws FsException {
    try (ExtentFile f = new ExtentFile(512)) {
      f.write(0, filled(4096, 'x'));
      f.remount();
      f.device.resetCounts();
      f.write(3 * 512, filled(512, 'y'));
      assertArrayEquals(filled(512, 'y'), f.read(3 * 512, 512));
      assertEquals(0, f.device.reads.get());
      byte[] all = f.readAll();
      assertEquals(4096 - 512, f.device.readBytes.get());
      assertEquals(2, f.device.reads.get());
      assertAll('x', all, 0, 3 * 512);
      assertAll('y', all, 3 * 512, 4 * 512);
      assertAll('x', all, 4 * 512, 4096);
    }
  }

  /// R-B11: only blocks that are covered in part are read.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void onlyPartlyCoveredBlocksAreRead(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(16384, 'x'));
      f.remount();
      f.device.resetCounts();
      f.write(0, filled(blockSize, 'y')); // whole block
      assertEquals(0, f.device.reads.get());
      f.write(4096 + 10, filled(20, 'y')); // inside one block
      assertEquals(1, f.device.reads.get());
      assertEquals(blockSize, f.device.readBytes.get());
      f.device.resetCounts();
      f.write(8192 + 10, filled(4096 - 20, 'y')); // head and tail
      assertEquals(blockSize == 4096 ? 1 : 2, f.device.reads.get());
      f.device.resetCounts();
      f.write(12288, filled(4096 - 1, 'y'));
      assertEquals(1, f.device.reads.get());
      f.device.resetCounts();
      f.write(16384, filled(7, 'z')); // at the end of the file
      f.write(40_000, filled(7, 'z')); // beyond it, into a hole
      assertEquals(0, f.device.reads.get());
      f.remount();
      byte[] all = f.readAll();
      assertEquals('x', all[4096 + 9]);
      assertEquals('y', all[4096 + 10]);
      assertEquals('x', all[4096 + 30]);
      assertEquals('x', all[8192 + 4096 - 1]);
      assertEquals('x', all[16383]);
    }
  }

  /// R-B11: what holds no byte of the file any more need not be read to be overwritten.
  @Test
  void overwritingTheWholeFileReadsNothing() throws FsException {
    try (ExtentFile f = new ExtentFile(4096)) {
      f.write(0, filled(100, 'x'));
      f.remount();
      f.device.resetCounts();
      f.write(0, filled(100, 'y'));
      assertEquals(0, f.device.reads.get());
      assertArrayEquals(filled(100, 'y'), f.readAll());
    }
  }

  /// R-B3, R-B15: copies that are short anywhere, in every block size.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void copiesShortAnywhereLoseNothing(int blockSize) throws FsException {
    for (int resident = 0; resident < 9000; resident += 611) {
      try (ExtentFile f = new ExtentFile(blockSize)) {
        f.write(0, filled(5000, 'x'));
        f.remount();
        byte[] bytes = filled(9000, 'y');
        assertEquals(9000, f.write(300, new ShortIter(bytes, resident, true), 0));
        f.remount();
        byte[] all = f.readAll();
        assertAll('x', all, 0, 300);
        assertAll('y', all, 300, 9300);
      }
    }
  }

  // ---- C: allocation --------------------------------------------------------------------------

  /// R-C1: blocks chosen in begin and not written are zeros, uptodate and dirty, copied == 0 or
  /// not.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void blocksChosenInBeginAndNotWrittenAreZeros(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize, true)) {
      f.truncate(8192);
      assertThrows(
          FsException.class,
          () -> f.write(100, new ShortIter(filled(4500, 'y'), 0, false), 0));
      assertArrayEquals(new byte[8192], f.readAll());
      f.remount();
      assertArrayEquals(new byte[8192], f.readAll());
    }
  }

  /// R-C2: only new blocks are zeroed.
  @Test
  void oldBlocksOfTheFolioAreNotZeroed() throws FsException {
    try (ExtentFile f = new ExtentFile(512, true)) {
      f.write(0, filled(512, 'x'));
      f.truncate(4096);
      f.remount();
      assertThrows(
          FsException.class, () -> f.write(0, new ShortIter(filled(1024, 'y'), 0, false), 0));
      for (int i = 0; i < 2; i++) {
        byte[] all = f.readAll();
        assertAll('x', all, 0, 512);
        assertAll('\0', all, 512, 4096);
        f.remount();
      }
    }
  }

  /// R-C4: begin fails at the k-th block.
  @Test
  void beginThatFailsHalfWayZeroesOrGivesBackWhatItHas() throws FsException {
    for (boolean allocates : new boolean[] {false, true}) {
      for (int k = 0; k < 8; k++) {
        try (ExtentFile f = new ExtentFile(512, allocates)) {
          f.truncate(4096);
          f.fs.setLimit(k);
          FsException e =
              assertThrows(FsException.class, () -> f.write(0, filled(4096, 'y')));
          assertEquals(Errno.ENOSPC, e.errno());
          f.checkQuiet();
          assertEquals(0, f.fs.reserved());
          assertArrayEquals(new byte[4096], f.readAll());
          f.remount();
          assertArrayEquals(new byte[4096], f.readAll());
        }
      }
    }
  }

  /// R-C5, R-C6: blocks beyond the end that a failed write allocated are cut off, and no others.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void failedWriteBeyondTheEndIsCutOff(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize, true)) {
      f.write(0, filled(blockSize + 1, 'x'));
      int taken = f.fs.taken();
      assertThrows(
          FsException.class,
          () -> f.write(2 * blockSize, new ShortIter(filled(8192, 'y'), 0, false), 0));
      assertEquals(taken, f.fs.taken());
      assertEquals(blockSize + 1, f.mapping.size());
      f.truncate(4 * blockSize);
      f.remount();
      byte[] all = f.readAll();
      assertAll('x', all, 0, blockSize + 1);
      assertAll('\0', all, blockSize + 1, 4 * blockSize);
    }
  }

  /// Found by random operations: the head block of a rejected write beyond the end was made dirty
  /// and then lost its place.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void rejectedWriteBeyondTheEndLeavesNothingDirty(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize, true)) {
      assertThrows(
          FsException.class, () -> f.write(10_001, new ShortIter(filled(50, 'y'), 0, false), 0));
      f.checkQuiet();
      assertEquals(0, f.mapping.dirtyFolios());
      assertEquals(0, f.fs.taken());
    }
  }

  /// R-C7: a full device is told at the write, and what was accepted before has its place.
  @Test
  void fullDeviceIsToldAtTheWriteNotLater() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.fs.setLimit(16);
      assertEquals(16 * 1024, f.write(0, filled(20 * 1024, 'x')));
      FsException e =
          assertThrows(FsException.class, () -> f.write(16 * 1024, filled(1, 'x')));
      assertEquals(Errno.ENOSPC, e.errno());
      assertEquals(1024, f.write(0, filled(1024, 'y'))); // overwriting needs no space
      assertNull(f.sync());
      f.remount();
      assertEquals(16 * 1024, f.readAll().length);
    }
  }

  /// R-C8: a short write gives back what it reserved, but nothing that is dirty.
  @Test
  void shortWriteGivesBackCleanBlocksOnly() throws FsException {
    try (ExtentFile f = new ExtentFile(512)) {
      f.write(2 * 512, filled(512, 'a'));
      assertEquals(1, f.fs.reserved());
      assertThrows(
          FsException.class, () -> f.write(0, new ShortIter(filled(4096, 'y'), 0, false), 0));
      assertEquals(1, f.fs.reserved());
      assertEquals('D', f.fs.typeOf(f.mapping, 2));
      f.checkQuiet();
      f.remount();
      byte[] all = f.readAll();
      assertAll('\0', all, 0, 1024);
      assertAll('a', all, 1024, 1536);
    }
  }

  /// R-C9: unwritten until the data are on the device, and the size on disk after them.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void crashDuringWriteOutShowsNoOldBytes(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(10_000, 'x'));
      f.device.hold();
      f.operations.writepages(
          f.mapping, WritebackControl.start(0, Long.MAX_VALUE >>> 13));
      assertTrue(f.device.held() > 0);
      assertEquals('U', f.fs.typeOf(f.mapping, 0));
      assertEquals(0, f.fs.diskSize(f.mapping));
      f.device.release();
      assertNull(f.sync());
      assertEquals('M', f.fs.typeOf(f.mapping, 0));
      assertEquals(10_000, f.fs.diskSize(f.mapping));
      assertTrue(f.fs.completions > 0);
    }
  }

  /// R-C9, R-D2: bytes appended to the last block during its write-out are not on the device.
  @Test
  void sizeOnDiskDoesNotCoverWhatWasAppendedDuringTheWriteOut() throws FsException {
    try (ExtentFile f = new ExtentFile(4096)) {
      f.write(0, filled(100, 'x'));
      f.device.hold();
      f.operations.writepages(f.mapping, WritebackControl.start(0, 10));
      f.write(100, filled(100, 'y'));
      f.device.release();
      Folio folio = f.mapping.find(0);
      assertNotNull(folio);
      folio.waitWriteback();
      assertEquals(100, f.fs.diskSize(f.mapping));
      assertTrue(folio.isDirty()); // R-H2
      assertNull(f.sync());
      assertEquals(200, f.fs.diskSize(f.mapping));
    }
  }

  /// R-C10, the schedule of xfs/559: the range is unwritten when the writer asks; before it has the
  /// folio, the folio is written back, converted and evicted.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void staleAnswerDoesNotZeroBytesThatWereWrittenBackMeanwhile(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(4096);
      f.fallocate(0, 4096);
      f.write(0, filled(4096, 'x'));
      f.device.hold();
      f.operations.writepages(f.mapping, WritebackControl.start(0, 0));
      f.forgetAnswers();
      f.fs.afterBegin =
          () -> {
            assertEquals('U', f.fs.typeOf(f.mapping, 0));
            f.device.release();
            assertNull(f.sync());
            f.evictAll();
            assertEquals('M', f.fs.typeOf(f.mapping, 0));
            assertEquals(0, f.mapping.folios());
          };
      f.write(10, filled(10, 'y'));
      f.remount();
      byte[] all = f.readAll();
      assertAll('x', all, 0, 10);
      assertAll('y', all, 10, 20);
      assertAll('x', all, 20, 4096);
    }
  }

  /// R-C11: zeroing a range that is unwritten on disk and dirty in the cache.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void zeroingAnUnwrittenRangeSeesTheDirtyCache(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(16384);
      f.fallocate(0, 16384);
      f.write(0, filled(12000, 'x'));
      assertEquals('U', f.fs.typeOf(f.mapping, 0));
      f.zero(1000, 9000);
      for (int i = 0; i < 2; i++) {
        byte[] all = f.readAll();
        assertAll('x', all, 0, 1000);
        assertAll('\0', all, 1000, 10_000);
        assertAll('x', all, 10_000, 12_000);
        assertAll('\0', all, 12_000, 16_384);
        f.remount();
      }
    }
  }

  /// R-C11: the same while the write-out is on its way, and when it ends after the question.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void zeroingSeesWhatIsOnItsWayToAnUnwrittenRange(int blockSize) throws FsException {
    for (boolean ended : new boolean[] {false, true}) {
      try (ExtentFile f = new ExtentFile(blockSize)) {
        f.truncate(8192);
        f.fallocate(0, 8192);
        f.write(0, filled(8192, 'x'));
        f.device.hold();
        f.operations.writepages(f.mapping, WritebackControl.start(0, 10));
        if (ended) {
          f.fs.afterBeginZero =
              () -> {
                f.device.release();
                assertNull(f.sync());
                f.evictAll();
              };
        }
        f.zero(100, 6000);
        f.device.release();
        f.remount();
        byte[] all = f.readAll();
        assertAll('x', all, 0, 100);
        assertAll('\0', all, 100, 6100);
        assertAll('x', all, 6100, 8192);
      }
    }
  }

  @Test
  void zeroingHolesAndCleanUnwrittenRangesTouchesNothing() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.truncate(1 << 20);
      f.fallocate(65536, 65536);
      f.zero(0, 1 << 20);
      assertEquals(0, f.mapping.folios());
      assertEquals('H', f.fs.typeOf(f.mapping, 0));
      assertEquals('U', f.fs.typeOf(f.mapping, 64));
    }
  }

  /// R-C12: a block that takes a shared one's place is filled from it, not with zeros; a rejected
  /// write leaves the shared one, whose bytes nobody changes.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void blockOfItsOwnIsFilledFromTheSharedOne(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(8192, 'x'));
      f.remount();
      long shared = f.fs.addrOf(f.mapping, 0);
      f.fs.share(f.mapping, 0);
      assertThrows(
          FsException.class, () -> f.write(10, new ShortIter(filled(10, 'y'), 0, false), 0));
      f.checkQuiet();
      assertArrayEquals(filled(8192, 'x'), f.readAll());
      f.remount();
      f.write(10, filled(1, 'y'));
      f.remount();
      byte[] all = f.readAll();
      assertAll('x', all, 0, 10);
      assertEquals('y', all[10]);
      assertAll('x', all, 11, 8192);
      assertTrue(shared != f.fs.addrOf(f.mapping, 0));
    }
  }

  /// R-C15: what end hears of is what was accepted, chunk by chunk.
  @Test
  void endHearsOfWhatWasAccepted() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.truncate(4096);
      f.readAll();
      assertEquals(1500, f.write(0, new ShortIter(filled(4096, 'y'), 1500, false), 0));
      assertEquals(1500, f.fs.writtenInEnd);
    }
  }

  /// R-C14: write-out fails for some of the file; the rest is written, and what failed stays dirty,
  /// block by block (R-H6, R-H8).
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void failedWriteOutKeepsExactlyTheFailedBlocksDirty(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.fs.fragmentEvery = 3;
      f.write(0, filled(16384, 'x'));
      f.fs.allocateForWriteback(f.mapping, 0, 16384);
      long bad = 4096 / blockSize; // first block of the second folio
      f.device.failWritesAt(f.fs.addrOf(f.mapping, bad));
      assertEquals(Errno.EIO, f.sync());
      Folio folio = f.mapping.find(1);
      assertNotNull(folio);
      assertTrue(folio.isDirty() && folio.isUptodate());
      assertEquals(1, f.operations.dirtyBlocks(folio) & 1);
      assertEquals('U', f.fs.typeOf(f.mapping, bad));
      Folio last = f.mapping.find(3);
      assertNotNull(last);
      assertFalse(last.isDirty());
      assertArrayEquals(filled(16384, 'x'), f.readAll());
      f.device.failWritesAt(-1);
      assertNull(f.sync());
      f.remount();
      assertArrayEquals(filled(16384, 'x'), f.readAll());
    }
  }

  /// R-C14: allocation or conversion fails; nothing is lost, nothing old is shown after a crash.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void failedAllocationAndFailedConversionLoseNothing(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(9000, 'x'));
      f.fs.failAllocation = true;
      assertEquals(Errno.EIO, f.sync());
      assertEquals(3, f.mapping.dirtyFolios());
      f.fs.failAllocation = false;
      f.fs.failCompletion = true;
      assertEquals(Errno.EIO, f.sync());
      assertEquals(3, f.mapping.dirtyFolios());
      assertEquals('U', f.fs.typeOf(f.mapping, 0));
      assertEquals(0, f.fs.diskSize(f.mapping));
      f.fs.failCompletion = false;
      assertNull(f.sync());
      f.remount();
      assertArrayEquals(filled(9000, 'x'), f.readAll());
    }
  }

  // ---- D: size and end of file ----------------------------------------------------------------

  /// R-D3, R-D4, R-D5: what lay beyond the end is zeros on the device and when the file grows.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void bytesBeyondTheEndAreZerosOnTheDeviceAndAfterGrowth(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(8192, 'x'));
      f.remount();
      f.truncate(5000);
      assertEquals(5000, f.readAll().length);
      f.remount();
      f.truncate(8192);
      byte[] all = f.readAll();
      assertAll('x', all, 0, 5000);
      assertAll('\0', all, 5000, 8192);
      f.remount();
      assertArrayEquals(all, f.readAll());
    }
  }

  /// R-D5: growth by a write behind a gap, with old bytes beyond the end on the device.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void gapBehindTheOldEndIsZerosWhateverTheDeviceHolds(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(4096, 'x'));
      f.remount();
      f.mapping.setSize(100); // as a careless system leaves it: 'x' beyond the end
      f.fs.setDiskSize(f.mapping, 100);
      f.fs.free(f.mapping, f.operations.roundUp(100) / blockSize, Integer.MAX_VALUE);
      f.write(9000, filled(10, 'z'));
      for (int i = 0; i < 2; i++) {
        byte[] all = f.readAll();
        assertAll('x', all, 0, 100);
        assertAll('\0', all, 100, 9000);
        assertAll('z', all, 9000, 9010);
        f.remount();
      }
    }
  }

  // ---- H: write-out ---------------------------------------------------------------------------

  @Test
  void writeOutOfAFileWrittenInOrderIsAFewLargeRequests() throws FsException {
    try (ExtentFile f = new ExtentFile(4096)) {
      f.write(0, new byte[4 << 20]);
      f.device.resetCounts();
      assertNull(f.sync());
      assertEquals(2, f.device.writes.get());
      assertEquals(4 << 20, f.device.writtenBytes.get());
      f.remount();
      f.device.resetCounts();
      f.readahead = new Readahead();
      f.readAll();
      assertTrue(f.device.reads.get() <= 64, f.device.reads + " reads");
    }
  }

  @Test
  void onlyDirtyBlocksAreWritten() throws FsException {
    try (ExtentFile f = new ExtentFile(512)) {
      f.write(0, filled(8192, 'x'));
      f.sync();
      f.device.resetCounts();
      f.write(1024, filled(100, 'y'));
      f.write(3 * 512, filled(10, 'y'));
      f.write(4096, filled(1, 'y'));
      assertNull(f.sync());
      assertEquals(3 * 512, f.device.writtenBytes.get());
      assertEquals(2, f.device.writes.get());
    }
  }

  /// R-H2: dirtied again during its write-out, a folio is written again.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void bytesWrittenDuringTheWriteOutAreWrittenByTheNext(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(4096, 'x'));
      f.device.hold();
      f.operations.writepages(f.mapping, WritebackControl.start(0, 0));
      f.write(512, filled(512, 'y'));
      f.device.release();
      f.remount();
      byte[] all = f.readAll();
      assertAll('x', all, 0, 512);
      assertAll('y', all, 512, 1024);
      assertAll('x', all, 1024, 4096);
    }
  }

  /// R-H12: a folio wholly beyond the end is left to truncation.
  @Test
  void folioBeyondTheEndIsNotWritten() throws FsException {
    try (ExtentFile f = new ExtentFile(4096)) {
      f.write(0, filled(8192, 'x'));
      f.mapping.setSize(4096);
      f.device.resetCounts();
      f.sync();
      assertEquals(4096, f.device.writtenBytes.get());
      Folio folio = f.mapping.find(1);
      assertNotNull(folio);
      assertTrue(folio.isDirty());
    }
  }

  /// R-H1: zeroed from outside and marked dirty over a hole, there is nothing to write.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void dirtyZerosOverAHoleStayAHole(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(4096);
      f.readAll();
      Folio folio = f.mapping.find(0);
      assertNotNull(folio);
      folio.lock();
      folio.markDirty();
      folio.unlock();
      assertNull(f.sync());
      assertFalse(folio.isDirty());
      assertEquals('H', f.fs.typeOf(f.mapping, 0));
      f.checkQuiet();
    }
  }

  /// R-I8: an error in a read for many is soft; only who needs the bad folio hears of it.
  @Test
  void readErrorIsToldToWhoNeedsTheBytes() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.write(0, filled(16384, 'x'));
      f.remount();
      f.device.failReads(true);
      FsException e = assertThrows(FsException.class, () -> f.read(0, 100));
      assertEquals(Errno.EIO, e.errno());
      f.device.failReads(false);
      assertArrayEquals(filled(16384, 'x'), f.readAll());
    }
  }

  // ---- J: past the cache ----------------------------------------------------------------------

  /// R-J1, R-J3: direct and cached bytes agree.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void directIoAndTheCacheAgree(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(10_000, 'x'));
      assertArrayEquals(filled(4096, 'x'), f.directRead(4096, 4096)); // R-J3
      assertEquals(4096, f.directWrite(4096, filled(4096, 'y')));
      byte[] all = f.readAll();
      assertAll('x', all, 0, 4096);
      assertAll('y', all, 4096, 8192);
      assertAll('x', all, 8192, 10_000);
      byte[] tail = f.directRead(8192, 4096);
      assertArrayEquals(filled(10_000 - 8192, 'x'), tail);
      assertEquals(0, f.directRead(12288, 4096).length);
      f.remount();
      assertArrayEquals(all, f.readAll());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void directWriteFillsHolesAndAppends(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      assertEquals(8192, f.directWrite(4096, filled(8192, 'y')));
      assertEquals(12288, f.mapping.size());
      assertEquals(12288, f.fs.diskSize(f.mapping));
      assertEquals('M', f.fs.typeOf(f.mapping, 4096 / blockSize));
      f.checkQuiet();
      f.crash();
      byte[] all = f.readAll();
      assertAll('\0', all, 0, 4096);
      assertAll('y', all, 4096, 12288);
      byte[] direct = f.directRead(0, 8192);
      assertNotNull(direct);
      assertAll('\0', direct, 0, 4096);
      assertAll('y', direct, 4096, 8192);
    }
  }

  /// R-J2, R-D5: what ends the file may end inside a block, whose rest are zeros.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void directWriteMayEndTheFileInsideABlock(int blockSize) throws FsException {
    int[] lengths = {1, 100, 4096, 4097, 65_535, 65_536, 65_537, 200_001, 1_500_001};
    for (int length : lengths) {
      try (ExtentFile f = new ExtentFile(blockSize)) {
        f.write(0, filled(4096, 'x'));
        assertEquals(length, f.directWrite(4096, filled(length, 'y')));
        assertEquals(4096 + length, f.mapping.size());
        assertEquals(4096 + length, f.fs.diskSize(f.mapping));
        f.checkQuiet();
        f.truncate(4096 + length + 5000);
        f.remount();
        byte[] all = f.readAll();
        assertAll('x', all, 0, 4096);
        assertAll('y', all, 4096, 4096 + length);
        assertAll('\0', all, 4096 + length, all.length);
      }
    }
  }

  /// R-J2, R-J4: what cannot go past the cache is refused, not mangled.
  @Test
  void unalignedDirectIoIsLeftToTheCache() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.write(0, filled(10_000, 'x'));
      assertEquals(-1, f.directWrite(512, filled(1024, 'y')));
      assertEquals(-1, f.directWrite(1024, filled(1000, 'y')));
      assertNull(f.directRead(100, 1024));
      assertNull(f.directRead(0, 1000));
    }
  }

  /// R-J5: a direct append that fails leaves size and space as they were, and shows nothing old.
  @Test
  void failedDirectAppendLeavesTheSize() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.write(0, filled(1024, 'x'));
      f.sync();
      int taken = f.fs.taken();
      f.device.failWrites(true);
      assertThrows(FsException.class, () -> f.directWrite(1024, filled(4096, 'y')));
      f.device.failWrites(false);
      assertEquals(1024, f.mapping.size());
      assertEquals(1024, f.fs.diskSize(f.mapping));
      assertEquals(taken, f.fs.taken());
      f.truncate(5120);
      f.remount();
      assertAll('\0', f.readAll(), 1024, 5120);
    }
  }

  // ---- Seek, report ---------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void seekFindsDirtyBytesOverUnwrittenExtents(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.truncate(1 << 20);
      f.fallocate(65536, 65536);
      assertEquals(0, SeekHoleData.seekHole(f.operations, f.mapping, 0));
      assertThrows(FsException.class, () -> SeekHoleData.seekData(f.operations, f.mapping, 0));
      f.write(70_000, filled(10, 'x'));
      f.write(200_000, filled(10, 'x'));
      for (int i = 0; i < 2; i++) {
        long data = SeekHoleData.seekData(f.operations, f.mapping, 0);
        assertEquals(f.operations.roundDown(70_000), data);
        long hole = SeekHoleData.seekHole(f.operations, f.mapping, data);
        assertEquals(data + blockSize, hole);
        data = SeekHoleData.seekData(f.operations, f.mapping, hole);
        assertEquals(f.operations.roundDown(200_000), data);
        assertEquals(70_000, SeekHoleData.seekData(f.operations, f.mapping, 70_000));
        FsException e =
            assertThrows(
                FsException.class,
                () -> SeekHoleData.seekHole(f.operations, f.mapping, 1 << 20));
        assertEquals(Errno.ENXIO, e.errno());
        f.remount();
      }
    }
  }

  @Test
  void reportListsExtents() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.truncate(100 * 1024);
      f.fallocate(10 * 1024, 5 * 1024);
      f.write(12 * 1024, filled(1024, 'x'));
      f.sync();
      f.write(50 * 1024, filled(2048, 'y'));
      List<ExtentReport.Extent> list =
          ExtentReport.of(f.operations, f.mapping, 0, Long.MAX_VALUE, 100);
      assertEquals(4, list.size());
      assertEquals(Iomap.Type.UNWRITTEN, list.get(0).type());
      assertEquals(Iomap.Type.MAPPED, list.get(1).type());
      assertEquals(12 * 1024, list.get(1).pos());
      assertEquals(2 * 1024, list.get(2).length());
      assertEquals(Iomap.Type.DELALLOC, list.get(3).type());
      assertEquals(2, ExtentReport.of(f.operations, f.mapping, 0, Long.MAX_VALUE, 2).size());
    }
  }

  @Test
  void punchedRangeReadsAsZerosAndFreesItsBlocks() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.write(0, filled(16384, 'x'));
      f.sync();
      f.punch(1500, 9000);
      assertEquals('H', f.fs.typeOf(f.mapping, 2));
      assertEquals('M', f.fs.typeOf(f.mapping, 10));
      for (int i = 0; i < 2; i++) {
        byte[] all = f.readAll();
        assertAll('x', all, 0, 1500);
        assertAll('\0', all, 1500, 10_500);
        assertAll('x', all, 10_500, 16_384);
        f.remount();
      }
    }
  }

  // ---- Bounds and refusals --------------------------------------------------------------------

  @Test
  void answerOutsideTheDeviceIsCorruption() throws FsException {
    try (ExtentFile f = new ExtentFile(1024)) {
      Iomap map = new Iomap();
      map.set(Iomap.Type.MAPPED, 0, 4096, f.device.sizeBytes() - 1024, 0, 0);
      FsException e =
          assertThrows(
              FsException.class, () -> f.operations.checkAnswer(f.mapping, 0, map));
      assertEquals(Errno.EUCLEAN, e.errno());
    }
  }

  @Test
  void blockSizesThatDoNotFitAreRefused() throws FsException {
    try (TestDevice device = new TestDevice(1 << 20)) {
      for (int size : new int[] {256, 1000, 8192}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> new IomapOperations(new ExtentFs(device, size, false), "x"));
      }
    }
  }

  /// R-J7: NOWAIT does not read from the device.
  @Test
  void nowaitWriteThatNeedsAReadIsToldToComeBack() throws FsException {
    try (ExtentFile f = new ExtentFile(4096)) {
      f.write(0, filled(4096, 'x'));
      f.remount();
      FsException e =
          assertThrows(
              FsException.class,
              () ->
                  f.write(
                      10, new ShortIter(filled(10, 'y'), 10, true), WriteOp.NOWAIT));
      assertEquals(Errno.EAGAIN, e.errno());
      f.checkQuiet();
      assertEquals(4096, f.write(0, new ShortIter(filled(4096, 'y'), 4096, true), WriteOp.NOWAIT));
    }
  }

  /// A rewrite of dirty blocks asks the file system nothing.
  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void rewritingDirtyBlocksAsksNothing(int blockSize) throws FsException {
    try (ExtentFile f = new ExtentFile(blockSize)) {
      f.write(0, filled(4096, 'x'));
      int begins = f.fs.begins;
      f.write(100, filled(1000, 'y'));
      f.write(0, filled(4096, 'z'));
      assertEquals(begins, f.fs.begins);
      f.remount();
      assertArrayEquals(filled(4096, 'z'), f.readAll());
    }
  }

  @Test
  void invariantsOfBlockMasks() {
    assertEquals(0b1, BlockState.mask(0, 0));
    assertEquals(0b111100, BlockState.mask(2, 5));
    assertEquals(0xFF, BlockState.mask(0, BlockState.BLOCKS_MAX - 1));
    assertEquals(4096, AddressSpace.FOLIO_SIZE);
  }
}
