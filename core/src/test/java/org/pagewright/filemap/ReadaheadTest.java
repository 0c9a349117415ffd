package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.SegmentIter;

/// R-I8, R-I9: which windows are read for which reads.
final class ReadaheadTest {
  private static final int FOLIO = 4_096;

  private final FakeFiles files = new FakeFiles(4_096, 4 << 20, 4 << 20);

  @AfterEach
  void close() {
    files.close();
  }

  private FakeFiles.File file(int folios) {
    byte[] content = new byte[folios * FOLIO];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i / FOLIO + 1);
    }
    return files.file("f", content);
  }

  private static void read(FakeFiles.File file, Readahead state, long index, int folios)
      throws FsException {
    byte[] target = new byte[folios * FOLIO];
    int n =
        GenericRead.read(file.mapping, index * FOLIO, target, 0, target.length, 0, state);
    assertEquals(target.length, n);
    for (int i = 0; i < folios; i++) {
      assertEquals((byte) (index + i + 1), target[i * FOLIO]);
    }
  }

  /// R-I8: 4, 8, 16, 32, 32: each window is started when the mark in the one before is met.
  @Test
  void sequentialReadDoublesItsWindowUpToTheMaximum() throws FsException {
    var file = file(140);
    Readahead state = new Readahead();
    for (int i = 0; i < 124; i++) {
      read(file, state, i, 1);
    }
    assertEquals(List.of("0+4", "4+8", "12+16", "28+32", "60+32", "92+32", "124+16"), file.windows);
    assertEquals(140, file.fills);
  }

  /// In a cache that is large enough a stream comes to windows of 1 MiB, and then to several of
  /// them ahead of itself: here two, a 32nd of the cache.
  @Test
  void aLongStreamHasSeveralLargeWindowsUnderWay() throws FsException {
    try (FakeFiles large = new FakeFiles(4_096, 16 << 20, 64 << 20)) {
      byte[] content = new byte[3_000 * FOLIO];
      for (int i = 0; i < content.length; i++) {
        content[i] = (byte) (i / FOLIO + 1);
      }
      var file = large.file("f", content);
      Readahead state = new Readahead();
      for (int i = 0; i < 1_100; i++) {
        read(file, state, i, 1);
      }
      assertEquals(
          List.of(
              "0+4", "4+16", "20+32", "52+64", "116+128", "244+256", "500+256", "756+256",
              "1012+256", "1268+256", "1524+256"),
          file.windows);
      assertEquals(1, large.cache.statistics().misses());
    }
  }

  /// What one reader has ahead of itself, and never used, is at most a small part of the cache.
  @Test
  void whatIsAheadOfAReaderIsAShareOfTheCache() throws FsException {
    for (int shift = 18; shift <= 26; shift++) {
      try (FakeFiles some = new FakeFiles(4_096, 16 << 20, 1 << shift)) {
        var file = some.file("f", new byte[4_000 * FOLIO]);
        Readahead state = new Readahead();
        int folios = Math.min(2_000, (1 << shift) / FOLIO / 2);
        byte[] target = new byte[FOLIO];
        int most = Math.max(2 * 32, (1 << shift - 12 - 5) + 256);
        for (int i = 0; i < folios; i++) {
          GenericRead.read(file.mapping, (long) i * FOLIO, target, 0, FOLIO, 0, state);
          long ahead = file.mapping.folios() - i - 1;
          assertTrue(ahead <= most, ahead + " folios ahead of " + i + ", cache 2^" + shift);
        }
      }
    }
  }

  /// The window after this one has been asked for before the reader needs it.
  @Test
  void nextWindowIsUnderWayBeforeItIsNeeded() throws FsException {
    var file = file(100);
    Readahead state = new Readahead();
    for (int i = 0; i < 60; i++) {
      read(file, state, i, 1);
      if (i > 0) {
        assertNotNull(file.mapping.find(i + 1), "folio after " + i);
      }
    }
    assertEquals(1, files.cache.statistics().misses());
  }

  @Test
  void oneLargeReadStartsWithTheLargestWindow() throws FsException {
    var file = file(100);
    read(file, new Readahead(), 0, 64);
    assertEquals(List.of("0+32", "32+32", "64+32"), file.windows);
  }

  @Test
  void randomReadsReadNoMoreThanTheyAreAskedFor() throws FsException {
    var file = file(200);
    Readahead state = new Readahead();
    for (int i : new int[] {100, 50, 190, 7, 120}) {
      read(file, state, i, 1);
    }
    read(file, state, 30, 3);
    assertEquals(List.of("100+1", "50+1", "190+1", "7+1", "120+1", "30+3"), file.windows);
  }

  /// R-I8: two readers of one open file take turns; each is recognised by its trail in the cache.
  @Test
  void interleavedStreamsEachGetTheirWindows() throws FsException {
    var file = file(300);
    Readahead state = new Readahead();
    for (int i = 0; i < 100; i++) {
      read(file, state, i, 1);
      read(file, state, 150 + i, 1);
    }
    int longest = 0;
    int behind = 0;
    for (String window : file.windows) {
      String[] parts = window.split("\\+");
      longest = Math.max(longest, Integer.parseInt(parts[1]));
      behind += Integer.parseInt(parts[0]) >= 150 ? 1 : 0;
    }
    assertEquals(32, longest, file.windows.toString());
    assertTrue(behind < 20, file.windows.toString());
    assertTrue(file.windows.size() < 40, file.windows.toString());
  }

  /// R-I9: a dirty folio amid the window keeps its data; the window is read around it.
  @Test
  void foliosThatArePresentAreLeftAlone() throws FsException {
    var file = file(10);
    byte[] fresh = new byte[FOLIO];
    Arrays.fill(fresh, (byte) 'd');
    file.write(2 * FOLIO, new SegmentIter(fresh));
    Readahead.willNeed(file.mapping, 0, 10 * FOLIO);
    assertEquals(List.of("0+2", "3+7"), file.windows);
    assertArrayEquals(fresh, file.read(2 * FOLIO, FOLIO));
    assertEquals(9, file.fills);
  }

  /// R-I8: errors of folios nobody asked for are soft; who really reads them hears of it.
  @Test
  void errorsOfReadaheadAreHeardByWhoReads() throws FsException {
    var file = file(10);
    Readahead state = new Readahead();
    file.onFill = () -> file.failReads = file.fills > 1 && file.fills < 5;
    read(file, state, 0, 1);
    assertEquals(List.of("0+4"), file.windows);
    file.onFill = null;
    file.failReads = true;
    FsException e = assertThrows(FsException.class, () -> read(file, state, 2, 1));
    assertSame(Errno.EIO, e.errno());
    file.failReads = false;
    read(file, state, 1, 9);
    file.check();
  }

  @Test
  void windowsEndWithTheFile() throws FsException {
    var file = file(3);
    read(file, new Readahead(), 0, 1);
    assertEquals(List.of("0+3"), file.windows);
    Readahead.willNeed(file.mapping, 3 * FOLIO, 100);
    Readahead.willNeed(file.mapping, 0, Long.MAX_VALUE);
    assertEquals(3, file.fills);
  }

  @Test
  void adviceChangesTheWindows() throws FsException {
    var random = file(100);
    Readahead state = new Readahead();
    state.advise(Readahead.Advice.RANDOM);
    for (int i = 0; i < 4; i++) {
      read(random, state, i, 1);
    }
    assertEquals(List.of("0+1", "1+1", "2+1", "3+1"), random.windows);

    var sequential = file(150);
    state = new Readahead();
    state.advise(Readahead.Advice.SEQUENTIAL);
    read(sequential, state, 0, 100);
    assertEquals("0+64", sequential.windows.getFirst());

    var none = file(10);
    read(none, new Readahead(0), 0, 4);
    assertEquals(List.of("0+1", "1+1", "2+1", "3+1"), none.windows);
  }

  @Test
  void forcedReadaheadReadsEverythingInLargePieces() throws FsException {
    var file = file(600);
    Readahead.willNeed(file.mapping, 10, 600 * FOLIO);
    assertEquals(List.of("0+256", "256+256", "512+88"), file.windows);
    assertEquals(600, file.mapping.folios());
    file.check();
  }

  /// Memory is not waited for: the window ends where it ends, and the read goes on.
  @Test
  void readaheadWithoutMemoryEndsSoftly() throws FsException {
    try (FakeFiles small = new FakeFiles(4_096, 1 << 20, 64 << 10)) {
      var file = small.file("f", new byte[100 * FOLIO]);
      byte[] target = new byte[8 * FOLIO];
      assertEquals(
          target.length,
          GenericRead.read(file.mapping, 0, target, 0, target.length, 0, new Readahead()));
      assertTrue(file.mapping.folios() >= 8 && file.mapping.folios() <= 16);
      Readahead.willNeed(file.mapping, 0, 100 * FOLIO);
      file.check();
    }
  }

  /// R-G2: while folios go away no fill starts, least of all one that nobody waits for.
  @Test
  void readaheadDoesNotStartDuringATruncation() throws Exception {
    var file = file(10);
    file.mapping.invalidateLock().lock();
    Thread other =
        Thread.ofPlatform().start(() -> Readahead.willNeed(file.mapping, 0, 10 * FOLIO));
    other.join();
    file.mapping.invalidateLock().unlock();
    assertEquals(0, file.mapping.folios());
  }

  @Test
  void oneMarkStartsOneWindow() throws FsException {
    var file = file(100);
    Readahead state = new Readahead();
    read(file, state, 0, 1);
    read(file, state, 1, 1);
    read(file, state, 1, 1);
    assertEquals(List.of("0+4", "4+8"), file.windows);
    Folio marked = file.mapping.find(4);
    assertNotNull(marked);
    assertTrue(marked.isReadahead());
  }

  @Test
  void windowSizesFollowTheTable() {
    int[][] first = {{1, 4}, {2, 4}, {3, 8}, {4, 8}, {8, 16}, {9, 32}, {32, 32}};
    for (int[] row : first) {
      assertEquals(row[1], Readahead.firstWindow(row[0], 32), "request of " + row[0]);
    }
    int[][] next = {{1, 4}, {2, 4}, {4, 8}, {8, 16}, {16, 32}, {17, 32}, {32, 32}};
    for (int[] row : next) {
      assertEquals(row[1], Readahead.nextWindow(row[0], 32), "window of " + row[0]);
    }
  }
}
