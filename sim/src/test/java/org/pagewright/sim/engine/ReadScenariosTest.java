package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.engine.StoreFile.FOLIO;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;
import static org.pagewright.sim.engine.StoreFile.checkRange;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.Readahead;
import org.pagewright.mem.FramePool;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.oracle.ByteHistory;
import org.pagewright.sync.SchedulePoint;

/// Readers, fills and evictions beside writers and truncation.
final class ReadScenariosTest {
  private static final int LENGTH = 1024;

  private static PageCache cache(Stage stage) {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    return cache;
  }

  /// By looks at the folio, which the fast path is not taken for.
  private static byte[] readByLooks(StoreFile file, int length) throws Exception {
    byte[] bytes = new byte[length];
    int n = GenericRead.read(file.mapping, 0, bytes, 0, length, 0, null);
    return Arrays.copyOf(bytes, n);
  }

  private static ByteHistory history(int size) {
    byte[] content = StoreFile.filled(1, size);
    return new ByteHistory("f", content, 2 * LENGTH, StoreFile.SECRET, FramePool.POISON);
  }

  private static byte[][] choices(int value, int length) {
    byte[][] choices = new byte[length][];
    Arrays.fill(choices, new byte[] {(byte) value});
    return choices;
  }

  /// R-B13: a write to one folio is seen whole or not at all, and once it has returned, whole.
  private static Program writeAndRead(boolean fast) {
    return stage -> {
      StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
      file.read(0, LENGTH);
      ByteHistory history = history(LENGTH);
      stage.thread(
          "writer",
          () -> {
            ByteHistory.Write write = history.write(0, choices(2, LENGTH));
            file.write(0, 2, LENGTH);
            write.end(LENGTH);
          });
      stage.thread(
          "reader",
          () -> {
            ByteHistory.Read read = history.read();
            byte[] seen = fast ? file.read(0, LENGTH) : readByLooks(file, LENGTH);
            read.end(0, LENGTH, seen);
            check("the reader", seen, 1, 2);
          });
    };
  }

  @Test
  void aReadByTheFastPathSeesAWriteWholeOrNotAtAll() {
    assertSound("write, fast read", 3, writeAndRead(true));
  }

  @Test
  void aReadByLooksSeesAWriteWholeOrNotAtAll() {
    assertSound("write, read by looks", 3, writeAndRead(false));
  }

  /// R-A8, R-B2, R-B4, R-B5, R-B7: the source of a write is not all there. A folio in memory takes
  /// what could be copied, and keeps its bytes behind that; one that is not takes nothing. Either
  /// way no reader sees anything but old bytes and new ones.
  private static Program shortCopy(boolean warm) {
    return stage -> {
      StoreFile file = StoreFile.cold(cache(stage), "f", 1, FOLIO);
      if (warm) {
        file.read(0, FOLIO);
      }
      stage.thread("writer", () -> file.write(0, new StoreFile.Halves(2, FOLIO, 512), 0));
      stage.thread(
          "reader",
          () -> {
            byte[] seen = file.read(0, FOLIO);
            checkRange("the reader", seen, 0, 512, 1, 2);
            checkRange("the reader", seen, 512, FOLIO, 1, 2);
          });
      stage.atEnd(() -> check("the end", file.read(0, FOLIO), 2));
    };
  }

  @Test
  void aReadBesideAShortCopySeesOldBytesAndNewOnes() {
    assertSound("short copy, read", 3, shortCopy(true));
  }

  @Test
  void aReadBesideAShortCopyIntoAFolioThatIsNotFilledSeesOldBytesOrNewOnes() {
    assertSound("short copy into a cold folio, read", 3, shortCopy(false));
  }

  /// R-B13, R-D1: bytes before size.
  private static Program appendAndRead(boolean fast) {
    return stage -> {
      StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
      ByteHistory history = history(LENGTH);
      stage.thread(
          "appender",
          () -> {
            ByteHistory.Write write = history.write(LENGTH, choices(2, LENGTH));
            file.append(2, LENGTH);
            write.end(LENGTH);
          });
      stage.thread(
          "reader",
          () -> {
            ByteHistory.Read read = history.read();
            byte[] seen = fast ? file.read(0, 2 * LENGTH) : readByLooks(file, 2 * LENGTH);
            read.end(0, 2 * LENGTH, seen);
            checkRange("the reader", seen, LENGTH, seen.length, 2);
          });
    };
  }

  @Test
  void aReaderOfTheTailSeesNoByteBeforeItIsThere() {
    assertSound("append, fast read", 2, appendAndRead(true));
  }

  @Test
  void aReaderOfTheTailByLooksSeesNoByteBeforeItIsThere() {
    assertSound("append, read by looks", 2, appendAndRead(false));
  }

  /// R-B12, R-D4, R-G1 to R-G3: the file is cut and grows again beside a reader, who may see what
  /// it held before, zeros, or its end, but no other's bytes; and afterwards only zeros.
  private static Program cutAndRead(boolean cold, boolean fast) {
    return stage -> {
      StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
      if (!cold) {
        file.read(0, LENGTH);
      }
      stage.thread(
          "truncater",
          () -> {
            file.truncate(0);
            file.truncate(LENGTH);
          });
      stage.thread(
          "reader",
          () -> {
            byte[] seen = fast ? file.read(0, LENGTH) : readByLooks(file, LENGTH);
            assertTrue(seen.length == 0 || seen.length == LENGTH);
            check("the reader", seen, 0, 1);
          });
      stage.atEnd(
          () -> {
            check("the end", file.read(0, LENGTH), 0);
            file.checkAtRest();
          });
    };
  }

  @Test
  void aReadBesideATruncationSeesNoOthersBytes() {
    assertSound("truncate, fast read", 3, cutAndRead(false, true));
    assertSound("truncate, read by looks", 3, cutAndRead(false, false));
  }

  @Test
  void aFillBesideATruncationBringsNothingBack() {
    assertSound("truncate, fill", 3, cutAndRead(true, true));
    assertSound("truncate, fill under INVALIDATE", 3, cutAndRead(true, false));
  }

  /// R-B12: the size is looked at after the bytes are known to be good.
  @Test
  void aReadBesideACutAndAWriteSeesNoByteBeyondTheSizeOfItsMoment() {
    assertSound(
        "cut, write, read",
        3,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
          file.read(0, LENGTH);
          stage.thread("truncater", () -> file.truncate(512));
          stage.thread(
              "reader",
              () -> {
                byte[] seen = readByLooks(file, LENGTH);
                assertTrue(seen.length == 512 || seen.length == LENGTH);
                check("the reader", seen, 1);
              });
        });
  }

  /// R-G1 to R-G3, R-I9: a readahead that began before a truncation leaves nothing behind.
  @Test
  void aReadaheadBesideATruncationBringsNothingBack() {
    assertSound(
        "truncate, readahead",
        3,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, FOLIO + LENGTH);
          stage.thread("reader", () -> Readahead.willNeed(file.mapping, 0, FOLIO + LENGTH));
          stage.thread(
              "truncater",
              () -> {
                file.truncate(0);
                file.truncate(FOLIO + LENGTH);
              });
          stage.atEnd(
              () -> {
                check("the end", file.read(0, FOLIO + LENGTH), 0);
                file.checkAtRest();
              });
        });
  }

  /// R-G1: who waited for the folio lock looks whether somebody else has filled it meanwhile.
  @Test
  void twoReadersOfOneFolioFillItOnce() {
    assertSound(
        "two fills",
        Explorer.UNBOUNDED,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
          stage.thread("A", () -> check("A", file.read(0, LENGTH), 1));
          stage.thread("B", () -> check("B", file.read(0, LENGTH), 1));
          stage.atEnd(() -> assertEquals(1, file.fills));
        });
  }

  /// R-I4: a folio that somebody writes to is not evicted, or its bytes come back from the store
  /// before the write.
  @Test
  void aWriteBesideAnEvictionIsNotLost() {
    assertSound(
        "write, evict",
        3,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
          file.read(0, LENGTH);
          stage.thread("writer", () -> file.write(0, 2, 512));
          stage.thread("evictor", file::evict);
          stage.thread(
              "reader",
              () -> {
                byte[] seen = file.read(0, LENGTH);
                checkRange("the reader", seen, 0, 512, 1, 2);
                checkRange("the reader", seen, 512, LENGTH, 1);
              });
          stage.atEnd(
              () -> {
                byte[] seen = file.read(0, LENGTH);
                checkRange("the end", seen, 0, 512, 2);
                checkRange("the end", seen, 512, LENGTH, 1);
                file.checkAtRest();
              });
        });
  }

  /// R-I4: a reference keeps the frame.
  @Test
  void aFolioWithAReferenceKeepsItsBytes() {
    assertSound(
        "reference, evict",
        Explorer.UNBOUNDED,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
          file.read(0, LENGTH);
          stage.thread(
              "holder",
              () -> {
                Folio folio = file.mapping.find(0);
                if (folio != null && folio.tryGet()) {
                  SchedulePoint.reach(SchedulePoint.Kind.READ, folio);
                  folio.touchBytes(false);
                  byte[] seen = folio.bytes().asSlice(0, LENGTH).toArray(ValueLayout.JAVA_BYTE);
                  check("the holder", seen, 1);
                  assertTrue(folio.isAttached(), "evicted while in use");
                  folio.put();
                }
              });
          stage.thread("evictor", file::evict);
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 1);
                file.checkAtRest();
              });
        });
  }
}
