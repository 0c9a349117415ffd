package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;

/// Stores through regions of files whose folios have several blocks, each with a place, a promise,
/// or neither.
@Tag("explore")
final class MappedTest {
  private static final int PART = 100;
  private static final long SEED = Long.getLong("pagewright.seed", 2009);
  private static final int SCHEDULES = 400;

  private static MappedRegion map(OpenFile file, int length) throws Exception {
    return file.map(0, length, Protection.READ_WRITE, Sharing.SHARED);
  }

  /// A store to a block beyond the end, while the file grows over it. If it came inside, it has a
  /// block, and is read again after a remount; else it never was (R-D5, R-F12, R-F13).
  private static final Program STORE_AGAINST_GROWTH =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.SMALL_BLOCKS);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, PART);
        MappedRegion region = map(file, FOLIO);
        region.putByte(3000, (byte) 2);
        stage.thread("storer", () -> region.putByte(3000, (byte) 3));
        stage.thread("grower", () -> file.truncate(FOLIO));
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.STALE, "beyond the end", StagedVolume.read(file, 3000, 1), 0, 3);
              check(Verdict.STALE, "around it", StagedVolume.read(file, PART, 2900), 0);
              region.close();
              file.close();
              v.end("/f");
            });
      };

  /// A store to one block of a folio, while another one is written and all are written out: which
  /// blocks are dirty is known to several (R-F2, R-F14, R-H14).
  private static final Program STORE_AGAINST_WRITE_AND_SYNC =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.SMALL_BLOCKS);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO);
        MappedRegion region = map(file, FOLIO);
        region.getByte(0);
        stage.thread("storer", () -> region.putByte(0, (byte) 2));
        stage.thread(
            "writer",
            () -> {
              StagedVolume.write(file, 2048, 3, 1024);
              file.fsync(true);
            });
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.LOST_WRITE, "stored", StagedVolume.read(file, 0, 1), 2);
              check(Verdict.LOST_WRITE, "written", StagedVolume.read(file, 2048, 1024), 3);
              region.close();
              file.close();
              v.end("/f");
            });
      };

  /// A store into a hole that is punched at that moment: the promise of the block and what becomes
  /// of it belong together (R-F5, R-C8, R-G2).
  private static final Program STORE_AGAINST_PUNCH =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO);
        MappedRegion region = map(file, FOLIO);
        region.getByte(0);
        int punch = FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE;
        stage.thread("storer", () -> region.putByte(0, (byte) 2));
        stage.thread("puncher", () -> file.fallocate(punch, 0, FOLIO));
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.LOST_WRITE, "stored", StagedVolume.read(file, 0, 1), 0, 2);
              byte rest = StagedVolume.read(file, 1, 1)[0];
              check(Verdict.STALE, "the rest", StagedVolume.read(file, 1, FOLIO - 1), rest);
              assertEquals(0, rest, "punched, before the store or after it");
              region.close();
              file.close();
              v.end("/f");
            });
      };

  /// A store that reserves a block, under a journal, beside an fsync that commits: neither waits
  /// for the other in a circle, and nothing is dirty without a place (R-F1, R-F9, R-F13).
  private static final Program STORE_AGAINST_COMMIT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.JOURNAL);
        OpenFile file = v.create("/f");
        file.truncate(FOLIO);
        MappedRegion region = map(file, FOLIO);
        region.putByte(0, (byte) 1);
        stage.thread("storer", () -> region.putByte(2048, (byte) 2));
        stage.thread("syncer", () -> file.fsync(false));
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.LOST_WRITE, "before", StagedVolume.read(file, 0, 1), 1);
              check(Verdict.LOST_WRITE, "stored", StagedVolume.read(file, 2048, 1), 2);
              region.close();
              file.close();
              v.end("/f");
            });
      };

  /// A store against a freeze: what is on the device meanwhile is all there is (R-F16).
  private static final Program STORE_AGAINST_FREEZE =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO);
        MappedRegion region = map(file, FOLIO);
        region.putByte(1, (byte) 1);
        stage.thread("storer", () -> region.putByte(0, (byte) 2));
        stage.thread(
            "freezer",
            () -> {
              v.volume.superBlock().freeze();
              byte frozen = StagedVolume.read(file, 0, 1)[0];
              assertEquals(0, file.inode().mapping().dirtyFolios(), "dirty while frozen");
              assertEquals(frozen, StagedVolume.read(file, 0, 1)[0]);
              v.volume.superBlock().thaw();
            });
        stage.lastThread(
            "end",
            () -> {
              check(Verdict.LOST_WRITE, "stored", StagedVolume.read(file, 0, 1), 2);
              region.close();
              file.close();
              v.end("/f");
            });
      };

  /// A store to a folio that is cut off: served before, or refused (R-F5, R-D4, R-D6).
  private static final Program STORE_AGAINST_TRUNCATE =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.PLAIN);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, 2 * FOLIO);
        MappedRegion region = map(file, 2 * FOLIO);
        region.getByte(FOLIO);
        stage.thread(
            "storer",
            () -> {
              try {
                region.putByte(FOLIO, (byte) 2);
              } catch (MappedRegionException e) {
                assertEquals(MappedRegionException.Kind.BEYOND_END, e.kind());
              }
            });
        stage.thread("truncater", () -> file.truncate(PART));
        stage.lastThread(
            "end",
            () -> {
              file.truncate(2 * FOLIO);
              check(Verdict.STALE, "cut off", StagedVolume.read(file, PART, FOLIO), 0);
              region.close();
              file.close();
              v.end("/f");
            });
      };

  private static void prove(String name, Program program) {
    StagedVolume.assertProved(name, Explorer.exhaustive(1).explore(program));
  }

  private static void tryAtRandom(String name, Program program) {
    StagedVolume.assertNothingFound(
        name + ", seed " + SEED, Explorer.random(SEED, SCHEDULES, 3).explore(program));
  }

  @Test
  void whatIsStoredBeyondTheEndHasABlockOrIsNotThere() {
    prove("store against growth", STORE_AGAINST_GROWTH);
  }

  @Test
  void aStoreAndAWriteToOneFolioReachTheDeviceBoth() {
    prove("store against write and sync", STORE_AGAINST_WRITE_AND_SYNC);
  }

  @Test
  void aStoreIntoWhatIsPunchedKeepsItsBlock() {
    prove("store against punch", STORE_AGAINST_PUNCH);
  }

  @Test
  void aStoreAndACommitDoNotWaitForEachOther() {
    tryAtRandom("store against commit", STORE_AGAINST_COMMIT);
  }

  @Test
  void nothingBecomesDirtyOnAFrozenVolume() {
    tryAtRandom("store against freeze", STORE_AGAINST_FREEZE);
  }

  @Test
  void aStoreToWhatIsCutOffIsServedBeforeOrRefused() {
    prove("store against truncation", STORE_AGAINST_TRUNCATE);
  }
}
