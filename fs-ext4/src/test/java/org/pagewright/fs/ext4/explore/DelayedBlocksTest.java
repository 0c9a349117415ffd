package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;

/// Blocks that are promised and not chosen yet, against what takes them away and what chooses them.
@Tag("explore")
final class DelayedBlocksTest {
  /// A write-out chooses blocks for what a hole punch throws away. Whoever is first: zeros are
  /// read, and each promise is kept or given back, once (R-C7, R-C8, R-G2).
  private static final Program PUNCH_AGAINST_WRITE_OUT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO);
        stage.thread("syncer", () -> file.syncRange(0, 0, OpenFile.SYNC_WRITE));
        stage.thread(
            "puncher",
            () ->
                file.fallocate(
                    FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, 0, FOLIO));
        stage.lastThread(
            "end",
            () -> {
              assertEquals(FOLIO, file.size());
              check(Verdict.STALE, "after the punch", StagedVolume.read(file), 0);
              file.close();
              v.end("/f");
            });
      };

  @Test
  void aPunchedHoleKeepsNoPromiseAndNoBlockThatWriteOutChooses() {
    StagedVolume.assertProved(
        "punch against write-out", Explorer.exhaustive(1).explore(PUNCH_AGAINST_WRITE_OUT));
  }
}
