package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.OpenFile;

/// What a writer was told of blocks before it had the folio, and what became of them meanwhile.
@Tag("explore")
final class StaleMapTest {
  private static final int HEAD = 100;

  /// One write over two unwritten blocks, of which the second has dirty bytes: they are written
  /// out, converted and evicted while the writer still holds the answer "both are unwritten".
  /// Believing it would put zeros around its own bytes (R-C10; design X13 g).
  private static final Program WRITE_AGAINST_EVICTION =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        file.fallocate(0, 0, 2 * FOLIO);
        StagedVolume.write(file, FOLIO, 2, FOLIO);
        stage.thread("writer", () -> StagedVolume.write(file, 0, 1, FOLIO + HEAD));
        stage.thread(
            "evictor",
            () -> {
              file.syncRange(
                  FOLIO,
                  FOLIO,
                  OpenFile.SYNC_WAIT_BEFORE | OpenFile.SYNC_WRITE | OpenFile.SYNC_WAIT_AFTER);
              file.dontNeed(FOLIO, FOLIO);
            });
        stage.lastThread(
            "end",
            () -> {
              assertEquals(2 * FOLIO, file.size());
              check(Verdict.LOST_WRITE, "written", StagedVolume.read(file, 0, FOLIO + HEAD), 1);
              check(
                  Verdict.LOST_WRITE,
                  "written before",
                  StagedVolume.read(file, FOLIO + HEAD, FOLIO - HEAD),
                  2);
              file.close();
              v.end("/f");
            });
      };

  /// Where there are data: the seeker is told that the block is unwritten, and when it looks into
  /// the cache for dirty bytes they have been written out and converted (R-C10).
  private static final Program SEEK_AGAINST_WRITE_OUT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        file.fallocate(0, 0, FOLIO);
        StagedVolume.write(file, 0, 1, FOLIO);
        stage.thread("seeker", () -> assertEquals(0, file.seekData(0), "where there are data"));
        stage.thread("syncer", () -> file.fsync(false));
        stage.lastThread(
            "end",
            () -> {
              file.close();
              v.end("/f");
            });
      };

  @Test
  void dataThatAreWrittenOutMeanwhileAreNotTakenForAHole() {
    StagedVolume.assertProved(
        "seek against write-out", Explorer.exhaustive(1).explore(SEEK_AGAINST_WRITE_OUT));
  }

  @Test
  void bytesThatWereWrittenOutAndEvictedSurviveAWriterWithAnOldMap() {
    StagedVolume.assertProved(
        "stale map", Explorer.exhaustive(1).explore(WRITE_AGAINST_EVICTION));
  }
}
