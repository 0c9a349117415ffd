package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.OpenFile;

/// Names that go and move while their files are in use.
@Tag("explore")
final class NamesTest {
  private static final int SIZE = 100;

  /// A file loses its name while it is written out for fsync. It can be read until it is closed,
  /// and then its inode, its blocks and its promises come back, each once (R-C8, R-G3).
  private static final Program UNLINK_AGAINST_FSYNC =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        v.volume.sync();
        long blocks = v.volume.statfs().blocksFree();
        long inodes = v.volume.statfs().filesFree();
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO);
        stage.thread("syncer", () -> file.fsync(false));
        stage.thread("remover", () -> v.volume.unlink("/f"));
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.LOST_WRITE, "without a name", StagedVolume.read(file), 1);
              assertEquals(0, file.inode().nlink());
              file.close();
              v.volume.sync();
              assertEquals(blocks, v.volume.statfs().blocksFree(), "free blocks");
              assertEquals(inodes, v.volume.statfs().filesFree(), "free inodes");
              v.end();
            });
      };

  /// A name is replaced while it is looked up, and the number of the file that lost it is given to
  /// another file at once. The name leads to the old file or to the new one: never to none, and
  /// never to whom the number has gone.
  private static final Program RENAME_AGAINST_LOOKUP =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        for (int i = 1; i <= 2; i++) {
          try (OpenFile file = v.create("/" + i)) {
            StagedVolume.write(file, 0, i, SIZE);
          }
        }
        stage.thread(
            "renamer",
            () -> {
              v.volume.rename("/2", "/1");
              v.create("/3").close();
            });
        stage.thread(
            "looker",
            () -> {
              try (OpenFile file = v.open("/1")) { // ENOENT would be a failure
                assertEquals(SIZE, file.size(), "whom the name leads to");
                check(Verdict.STALE, "whom the name leads to", StagedVolume.read(file), 1, 2);
              }
            });
        stage.lastThread(
            "end",
            () -> {
              assertFalse(v.volume.exists("/2"));
              assertEquals(2, v.volume.list("/").size());
              try (OpenFile file = v.open("/1")) {
                check(Verdict.STALE, "the name after the move", StagedVolume.read(file), 2);
              }
              v.end("/1", "/3");
            });
      };

  @Test
  void aFileRemovedDuringItsFsyncGivesEverythingBackOnce() {
    StagedVolume.assertProved(
        "unlink against fsync", Explorer.exhaustive(1).explore(UNLINK_AGAINST_FSYNC));
  }

  @Test
  void aNameThatIsReplacedAlwaysLeadsToAFile() {
    StagedVolume.assertProved(
        "rename against lookup", Explorer.exhaustive(1).explore(RENAME_AGAINST_LOOKUP));
  }
}
