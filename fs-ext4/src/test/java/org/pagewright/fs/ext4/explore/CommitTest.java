package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;
import static org.pagewright.fs.ext4.explore.StagedVolume.check;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.Volume;

/// Commits of the journal against whoever waits for them and whom they wait for. Schedules are long
/// here: most of what follows is random, with a seed that is printed.
@Tag("explore")
final class CommitTest {
  private static final int SIZE = 100;
  private static final long FROZEN_NANOS = 1_000_000;
  private static final long SEED = Long.getLong("pagewright.seed", 20260102);

  /// Syncs, and cuts the power at the moment the call returns. False if another was first.
  private static boolean syncAndCut(StagedVolume v, OpenFile file) {
    try {
      file.fsync(false);
    } catch (FsException e) {
      return false; // power was cut under it
    }
    if (v.device.faults() > 0) {
      return false;
    }
    v.device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
    return true;
  }

  /// Two files are synced, and share a commit or not. As soon as the first call returns the power
  /// goes: what it was about is found again by recovery (R-H9).
  private static final Program TWO_FSYNCS =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.JOURNAL);
        OpenFile[] files = {v.create("/0"), v.create("/1")};
        boolean[] durable = new boolean[2]; // each element of one thread
        for (int i = 0; i < 2; i++) {
          int n = i;
          StagedVolume.write(files[n], 0, 1 + n, SIZE);
          stage.thread("syncer " + n, () -> durable[n] = syncAndCut(v, files[n]));
        }
        stage.lastThread(
            "end",
            () -> {
              v.volume.superBlock().shutdown("power cut", new FsException(Errno.EIO, "power cut"));
              closeQuietly(files[0]);
              closeQuietly(files[1]);
              v.volume.superBlock().close(true);
              assertTrue(durable[0] || durable[1]);
              try (Volume again = v.mountAgain()) {
                for (int i = 0; i < 2; i++) {
                  if (durable[i]) {
                    try (OpenFile file = again.open("/" + i, 0, 0)) {
                      assertEquals(SIZE, file.size());
                      check(Verdict.LOST_WRITE, "synced", StagedVolume.read(file), 1 + i);
                    }
                  }
                }
              }
            });
      };

  private static void closeQuietly(OpenFile file) {
    try {
      file.close();
    } catch (FsException e) {
      assertEquals(Errno.EIO, e.errno()); // the power is gone
    }
  }

  /// An operation that takes folios and then a handle, beside commits that write data out first and
  /// wait until no handle is open: no circle of JOURNAL_HANDLE and folios (R-C7, R-G1).
  private static final Program HANDLE_AGAINST_COMMIT =
      stage -> {
        StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.JOURNAL);
        OpenFile file = v.create("/f");
        StagedVolume.write(file, 0, 1, FOLIO + SIZE);
        stage.thread("cutter", () -> file.truncate(SIZE));
        stage.thread("syncer", () -> file.fsync(false));
        stage.thread("committer", () -> v.volume.sync());
        stage.lastThread(
            "end",
            () -> {
              assertEquals(SIZE, file.size());
              check(Verdict.LOST_WRITE, "what was kept", StagedVolume.read(file), 1);
              file.close();
              v.end("/f");
            });
      };

  /// A freeze beside a write that wants durability: while frozen not one byte reaches the device,
  /// and after the thaw the write goes on.
  private static Program freeze(StagedVolume.Kind kind) {
    return stage -> {
      StagedVolume v = StagedVolume.mount(stage, kind);
      OpenFile file = v.create("/f");
      stage.thread("freezer", () -> freezeAndThaw(stage, v));
      stage.thread(
          "writer",
          () -> {
            StagedVolume.write(file, 0, 2, SIZE);
            file.fsync(false);
          });
      stage.lastThread(
          "end",
          () -> {
            check(Verdict.LOST_WRITE, "written", StagedVolume.read(file), 2);
            assertEquals(SIZE, file.size());
            file.close();
            v.end("/f");
          });
    };
  }

  private static void freezeAndThaw(Stage stage, StagedVolume v) throws FsException {
    v.volume.superBlock().freeze();
    long before = v.image.bytesWritten();
    // Time only moves when nobody else can go on: the others get as far as they can.
    WaitQueue queue = new WaitQueue();
    WaitQueue.Waiter waiter = queue.enter(queue);
    stage.clock().await(waiter, FROZEN_NANOS);
    queue.leave(waiter);
    long after = v.image.bytesWritten();
    v.volume.superBlock().thaw();
    if (before != after) {
      throw new Failure(Verdict.ERROR, (after - before) + " bytes were written while frozen");
    }
  }

  @Test
  void whatAnFsyncPromisedIsThereThoughThePowerGoesWhenItReturns() {
    StagedVolume.assertNothingFound(
        "two fsyncs", Explorer.random(SEED, 2000, 3).explore(TWO_FSYNCS));
  }

  @Test
  void handlesFoliosAndCommitsMakeNoCircle() {
    StagedVolume.assertNothingFound(
        "handle against commit", Explorer.random(SEED, 1000, 3).explore(HANDLE_AGAINST_COMMIT));
  }

  @Test
  void nothingIsWrittenWhileTheVolumeIsFrozen() {
    StagedVolume.assertProved(
        "freeze against write",
        Explorer.exhaustive(1).explore(freeze(StagedVolume.Kind.PLAIN)));
    StagedVolume.assertNothingFound(
        "freeze against commit",
        Explorer.random(SEED, 1000, 3).explore(freeze(StagedVolume.Kind.JOURNAL)));
  }
}
