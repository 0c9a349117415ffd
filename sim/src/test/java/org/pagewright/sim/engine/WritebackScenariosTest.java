package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.engine.StoreFile.FOLIO;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;

import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.cache.WriteOp;
import org.pagewright.cache.WritebackControl;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.writeback.Writeback;

/// Write-out beside writers, other write-outs and truncation.
final class WritebackScenariosTest {
  private static final int LENGTH = 1024;
  private static final int PASSING = WriteOp.DONTCACHE;

  private static StoreFile dirty(Stage stage) throws Exception {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    StoreFile file = new StoreFile(cache, "f");
    file.write(0, 1, LENGTH);
    return file;
  }

  /// R-H4: bytes that are on their way already may be older than those that a sync is asked for.
  @Test
  void aSyncWritesWhatBecameDirtyWhileOlderBytesWereOnTheirWay() {
    assertSound(
        "redirty, two syncs",
        2,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("background", () -> Writeback.startRange(file.mapping, 0, FOLIO));
          stage.thread(
              "writer",
              () -> {
                file.write(0, 2, LENGTH);
                file.sync();
                file.checkStore("the writer", 0, LENGTH, 2);
              });
          stage.atEnd(file::checkAtRest);
        });
  }

  /// R-H4: who waited for a write-out that somebody else had under way finds it over, whichever way
  /// he looks: by the folio's flag, by its tag, or by the count of the file.
  @Test
  void aSyncReturnsWhenWriteOutIsOverByFlagTagAndCount() {
    assertSound(
        "write out, sync",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("background", () -> Writeback.startRange(file.mapping, 0, FOLIO));
          stage.thread(
              "syncer",
              () -> {
                file.sync();
                Folio folio = file.mapping.find(0);
                assertFalse(folio.isWriteback(), "on its way after a sync");
                assertEquals(0, file.mapping.writebackFolios());
              });
          stage.atEnd(file::checkAtRest);
        });
  }

  /// R-H2: a write during write-out leaves the folio dirty, and tagged so that the next walk finds
  /// it; by the slow path, of a folio that is not open any more.
  @Test
  void aWriteDuringWriteOutIsFoundByTheNextOne() {
    assertSound(
        "write out, redirty",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("syncer", file::sync);
          stage.thread(
              "writer",
              () -> {
                file.write(0, 2, LENGTH);
                file.write(0, 3, LENGTH);
              });
          stage.atEnd(
              () -> {
                file.checkAtRest();
                file.sync();
                file.checkStore("the end", 0, LENGTH, 3);
                assertEquals(0, file.mapping.dirtyFolios());
              });
        });
  }

  /// R-H3: an integrity walk writes a folio once, although others dirty it again and again.
  @Test
  void aSyncWritesAFolioThatIsDirtiedAgainOnlyOnce() {
    assertSound(
        "sync, redirtier",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread(
              "syncer",
              () -> {
                WritebackControl control = WritebackControl.integrity(0, 2);
                file.writepages(file.mapping, control);
                assertEquals(1, control.written());
              });
          stage.thread(
              "writer",
              () -> {
                file.write(0, 2, LENGTH);
                file.write(0, 3, LENGTH);
              });
          stage.atEnd(
              () -> {
                file.checkAtRest();
                file.sync();
                file.checkStore("the end", 0, LENGTH, 3);
              });
        });
  }

  /// R-H3: an integrity walk leaves alone what became dirty after it had begun.
  @Test
  void aSyncDoesNotFollowAWriterWhoRunsAheadOfIt() {
    assertSound(
        "sync, dirtier of the next folio",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          WritebackControl control = WritebackControl.integrity(0, 2);
          boolean[] ahead = new boolean[1];
          stage.thread("syncer", () -> file.writepages(file.mapping, control));
          stage.thread(
              "writer",
              () -> {
                SchedulePoint.reach(SchedulePoint.Kind.READ, file);
                ahead[0] = file.taken[0]; // the walk is at its first folio, or past it
                file.write(FOLIO, 2, LENGTH);
              });
          stage.atEnd(
              () -> {
                assertTrue(!ahead[0] || control.written() == 1, "it ran after the writer");
                file.checkStore("the end", 0, LENGTH, 1);
                file.checkAtRest();
              });
        });
  }

  /// R-H5, R-G1, R-G3, R-D4: nothing is written into a block that truncation has freed.
  @Test
  void noWriteOutReachesABlockThatATruncationFreed() {
    assertSound(
        "write out, truncate",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("syncer", file::sync);
          stage.thread("truncater", () -> file.truncate(0));
          stage.atEnd(
              () -> {
                assertEquals(0, file.mapping.folios());
                assertEquals(0, file.mapping.size());
                file.checkStore("the end", 0, FOLIO, StoreFile.SECRET);
                file.checkAtRest();
              });
        });
  }

  /// R-G1, R-D1, R-D2: a write and a truncation happen one after the other, write-out or not.
  @Test
  void aWriteBesideATruncationLeavesOneOfTwoSizes() {
    assertSound(
        "write, truncate, sync",
        2,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("writer", () -> file.write(512, 2, LENGTH));
          stage.thread("truncater", () -> file.truncate(256));
          stage.thread("syncer", file::sync);
          stage.atEnd(
              () -> {
                byte[] all = file.read(0, FOLIO);
                if (all.length != 256) {
                  assertEquals(512 + LENGTH, all.length);
                  StoreFile.checkRange("the gap", all, 256, 512, 0);
                  StoreFile.checkRange("the write", all, 512, 512 + LENGTH, 2);
                }
                StoreFile.checkRange("the start", all, 0, 256, 1);
                file.sync();
                file.checkStore("the end", 0, 256, 1);
                file.checkStore("beyond the end", all.length, FOLIO, 0);
                file.checkAtRest();
              });
        });
  }

  /// R-D1: the size grows before the folio is unlocked, so write-out does not take the new bytes
  /// for what lies beyond the end, which it zeroes.
  @Test
  void whatIsAppendedIsNotZeroedByWriteOut() {
    assertSound(
        "append, sync",
        3,
        stage -> {
          StoreFile file = dirty(stage);
          stage.thread("appender", () -> file.append(2, LENGTH));
          stage.thread("syncer", file::sync);
          stage.atEnd(
              () -> {
                byte[] all = file.read(0, FOLIO);
                assertEquals(2 * LENGTH, all.length);
                StoreFile.checkRange("the end", all, LENGTH, 2 * LENGTH, 2);
                file.sync();
                file.checkStore("the end", LENGTH, 2 * LENGTH, 2);
              });
        });
  }

  /// R-J6: a folio of a write that does not want it cached goes when it is clean, not before, and
  /// not if it was written again meanwhile.
  @Test
  void aFolioThatIsWrittenAgainIsNotDroppedBehind() {
    assertSound(
        "drop behind, redirty",
        3,
        stage -> {
          PageCache cache = new PageCache(64 << 10);
          stage.close(cache);
          StoreFile file = new StoreFile(cache, "f");
          file.write(0, source(1), PASSING);
          stage.thread("syncer", file::sync);
          stage.thread("writer", () -> file.write(0, source(2), PASSING));
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 2);
                file.checkAtRest();
                file.sync();
                file.checkStore("the end", 0, LENGTH, 2);
              });
        });
  }

  private static SegmentIter source(int value) {
    return new SegmentIter(StoreFile.filled(value, LENGTH));
  }

  /// R-J6: a reader beside the drop sees the file, and one that reads as usual keeps the folio if
  /// it came first.
  @Test
  void aReaderOfAFolioThatIsDroppedBehindSeesTheFile() {
    assertSound(
        "drop behind, reader",
        2,
        stage -> {
          PageCache cache = new PageCache(64 << 10);
          stage.close(cache);
          StoreFile file = new StoreFile(cache, "f");
          file.write(0, source(1), PASSING);
          boolean[] first = new boolean[2];
          stage.thread(
              "syncer",
              () -> {
                first[0] = first[1]; // the read had ended before the sync began
                file.sync();
              });
          stage.thread(
              "reader",
              () -> {
                check("the reader", file.read(0, LENGTH), 1);
                first[1] = true;
              });
          stage.atEnd(
              () -> {
                assertTrue(!first[0] || file.mapping.folios() == 1, "it was read and is gone");
                check("the end", file.read(0, LENGTH), 1);
                file.checkAtRest();
              });
        });
  }
}
