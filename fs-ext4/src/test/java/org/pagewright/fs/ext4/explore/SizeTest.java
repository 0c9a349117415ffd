package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// Files that grow and shrink under readers and write-out.
@Tag("explore")
final class SizeTest {
  private static final int PART = 100;

  /// An append against a read across the end: no byte inside the size that nobody wrote, before and
  /// after a remount (R-B13, R-D1).
  private static final Program APPEND_AGAINST_TAIL_READ =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, PART);
        OpenFile end = v.volume.open("/f", OpenFlags.RDWR | OpenFlags.APPEND, 0);
        stage.thread("appender", () -> StagedVolume.write(end, 0, 2, PART));
        stage.thread(
            "reader",
            () -> {
              byte[] seen = new byte[FOLIO];
              int n = file.read(0, seen, 0, FOLIO);
              if (n != PART && n != 2 * PART) {
                throw new Failure(Verdict.WRONG_COUNT, "read " + n + " bytes");
              }
              check(Verdict.UNINITIALISED, "head", Arrays.copyOf(seen, PART), 1);
              check(Verdict.UNINITIALISED, "tail", Arrays.copyOfRange(seen, PART, n), 2);
            });
        stage.thread("syncer", () -> file.syncRange(0, 0, OpenFile.SYNC_WRITE));
        stage.lastThread(
            "end",
            () -> {
              assertEquals(2 * PART, file.size());
              file.close();
              end.close();
              v.end("/f");
            });
      };

  /// A truncation against the end of a write-out, which converts blocks that may be gone, and
  /// brings the size on disk after the data (R-C9, R-G3).
  private static final Program TRUNCATE_AGAINST_WRITE_OUT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, 2 * FOLIO);
        stage.thread("syncer", () -> file.syncRange(0, 0, OpenFile.SYNC_WRITE));
        stage.thread("cutter", () -> file.truncate(PART));
        stage.lastThread(
            "end",
            () -> {
              assertArrayEquals(StagedVolume.filled(1, PART), StagedVolume.read(file));
              file.close();
              v.end("/f");
            });
      };

  /// A write to a block of a folio of which another is being written out: what becomes dirty
  /// meanwhile is written by the next write-out, not forgotten by the end of this (R-H1, R-H2).
  private static final Program REDIRTY_AGAINST_WRITE_OUT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.SMALL_BLOCKS);
        int block = v.blockSize();
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, 2 * block);
        stage.thread("syncer", () -> file.syncRange(0, 0, OpenFile.SYNC_WRITE));
        // One block that is being written out, and one that is not: the folio stays dirty for that.
        stage.thread("writer", () -> StagedVolume.write(file, block, 2, 2 * block));
        stage.lastThread(
            "end",
            () -> {
              byte[] seen = StagedVolume.read(file, block, 2 * block);
              check(Verdict.LOST_WRITE, "written last", seen, 2);
              file.close();
              v.end("/f");
            });
      };

  @Test
  void aReaderAtTheEndSeesOnlyWhatAnAppendWrote() {
    StagedVolume.assertProved(
        "append against tail read", Explorer.exhaustive(1).explore(APPEND_AGAINST_TAIL_READ));
  }

  @Test
  void aTruncationAndTheEndOfAWriteOutAgreeOnBlocksAndSize() {
    StagedVolume.assertProved(
        "truncate against write-out", Explorer.exhaustive(1).explore(TRUNCATE_AGAINST_WRITE_OUT));
  }

  @Test
  void aBlockWrittenWhileItsFolioIsWrittenOutStaysDirty() {
    StagedVolume.assertProved(
        "redirty against write-out", Explorer.exhaustive(1).explore(REDIRTY_AGAINST_WRITE_OUT));
  }
}
