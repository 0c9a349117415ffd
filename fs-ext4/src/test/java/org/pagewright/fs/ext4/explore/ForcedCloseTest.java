package org.pagewright.fs.ext4.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.fs.ext4.explore.StagedVolume.FOLIO;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.iov.FillerIter;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.WaitQueue;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.Volume;

/// A volume that is closed by force under the hands of those who use it. What they were promised
/// holds (R-H9), what they were at is done or not, and the image is whole. A close that is not
/// forced takes nothing from them.
@Tag("explore")
final class ForcedCloseTest {
  private static final int SIZE = 100;
  private static final long SEED = Long.getLong("pagewright.seed", 20261122);
  private static final int SCHEDULES = Integer.getInteger("pagewright.schedules", 250);

  /// What somebody is at while the volume is closed.
  private interface Call {
    void run(StagedVolume v, OpenFile file) throws Exception;
  }

  /// A file of ones. Somebody is at it, or at the volume, and ends with EIO if the close was first.
  /// If he does not, and was to make the file one of twos, then it is one.
  private static Program against(StagedVolume.Kind kind, boolean changes, Call call) {
    return stage -> {
      StagedVolume v = StagedVolume.mount(stage, kind);
      OpenFile file = v.create("/f");
      StagedVolume.write(file, 0, 1, SIZE);
      boolean[] done = new boolean[1];
      stage.thread(
          "user",
          () -> {
            try {
              call.run(v, file);
              done[0] = true;
            } catch (FsException e) {
              assertEquals(Errno.EIO, e.errno(), e.getMessage());
            } catch (MappedRegionException e) {
              stage.note("the region was closed: " + e.getMessage());
            }
          });
      stage.thread("closer", () -> v.volume.superBlock().close(true));
      stage.lastThread(
          "end",
          () -> {
            file.close();
            Report report = Fsck.check(v.image, 4);
            assertTrue(report.findings().isEmpty(), () -> report.findings().toString());
            checkContent(v, changes, changes && done[0]);
          });
    };
  }

  /// Twos up to somewhere, then ones.
  private static void checkContent(StagedVolume v, boolean mayChange, boolean changed)
      throws FsException {
    try (Volume again = v.mountAgain();
        OpenFile there = again.open("/f", 0, 0)) {
      byte[] seen = StagedVolume.read(there);
      assertEquals(SIZE, seen.length);
      int twos = 0;
      while (twos < SIZE && seen[twos] == 2) {
        twos++;
      }
      for (int i = twos; i < SIZE; i++) {
        if (seen[i] != 1) {
          throw new Failure(Verdict.UNINITIALISED, "byte " + seen[i] + " at " + i);
        }
      }
      if (changed ? twos < SIZE : !mayChange && twos > 0) {
        throw new Failure(Verdict.LOST_WRITE, "changed up to " + twos);
      }
    }
  }

  private static void assertNothingFound(
      String what, StagedVolume.Kind kind, boolean changes, Call call) {
    StagedVolume.assertNothingFound(
        "forced close against " + what + ", " + kind,
        Explorer.random(SEED, SCHEDULES, 3).explore(against(kind, changes, call)));
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void whatAnFsyncReturnedForIsThere(StagedVolume.Kind kind) {
    assertNothingFound(
        "fsync",
        kind,
        true,
        (v, file) -> {
          StagedVolume.write(file, 0, 2, SIZE);
          file.fsync(false);
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void whatASyncOfARegionReturnedForIsThere(StagedVolume.Kind kind) {
    assertNothingFound(
        "store",
        kind,
        true,
        (v, file) -> {
          MappedRegion region = file.map(0, FOLIO, Protection.READ_WRITE, Sharing.SHARED);
          for (int i = 0; i < SIZE; i += SIZE / 4) {
            region.put(i, StagedVolume.filled(2, SIZE / 4), 0, SIZE / 4);
          }
          region.sync(0, FOLIO);
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void aSyncIsOverBeforeTheImageIsMarkedClean(StagedVolume.Kind kind) {
    assertNothingFound("sync", kind, false, (v, file) -> v.volume.sync());
    assertNothingFound(
        "write-out", kind, false, (v, file) -> file.syncRange(0, 0, OpenFile.SYNC_WRITE));
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void aChangeOfNamesIsWholeOrNotThere(StagedVolume.Kind kind) {
    assertNothingFound("create", kind, false, (v, file) -> v.create("/g").close());
    assertNothingFound(
        "lookup",
        kind,
        false,
        (v, file) -> {
          assertEquals(SIZE, v.volume.stat("/f").size());
          v.volume.list("/");
        });
    assertNothingFound(
        "mkdir and removal",
        kind,
        false,
        (v, file) -> {
          v.volume.mkdir("/d", 0755);
          v.volume.rmdir("/d");
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void ofTwoClosesOneClosesAndTheOtherWaitsForIt(StagedVolume.Kind kind) {
    assertNothingFound(
        "forced close", kind, false, (v, file) -> v.volume.superBlock().close(true));
    assertNothingFound(
        "polite close",
        kind,
        false,
        (v, file) -> {
          try {
            v.volume.close();
          } catch (FsException e) {
            throw e.errno() == Errno.EBUSY ? new FsException(Errno.EIO, "") : e;
          }
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "JOURNAL"})
  void aFrozenVolumeIsThawedOnce(StagedVolume.Kind kind) {
    assertNothingFound(
        "freeze",
        kind,
        false,
        (v, file) -> {
          v.volume.superBlock().freeze();
          try {
            v.volume.superBlock().thaw();
          } catch (FsException e) {
            assertEquals(Errno.EINVAL, e.errno()); // the close has thawed it
          }
        });
  }

  /// Somebody opens a file and maps it while a close is under way that nobody forces: it ends with
  /// EBUSY, and takes no region away.
  @ParameterizedTest
  @EnumSource(names = "PLAIN")
  void aPoliteCloseThatIsRefusedLeavesRegionsAlone(StagedVolume.Kind kind) {
    Program program =
        stage -> {
          StagedVolume v = StagedVolume.mount(stage, kind);
          OpenFile first = v.create("/f");
          StagedVolume.write(first, 0, 1, SIZE);
          first.close();
          stage.thread(
              "user",
              () -> {
                try (OpenFile file = v.open("/f");
                    MappedRegion region =
                        file.map(0, FOLIO, Protection.READ_WRITE, Sharing.SHARED)) {
                  assertEquals(1, region.getByte(0));
                } catch (FsException e) {
                  assertEquals(Errno.EIO, e.errno(), e.getMessage());
                }
              });
          stage.thread(
              "closer",
              () -> {
                try {
                  v.volume.close();
                } catch (FsException e) {
                  assertEquals(Errno.EBUSY, e.errno(), e.getMessage());
                }
              });
          stage.lastThread("end", () -> v.volume.close());
        };
    StagedVolume.assertNothingFound(
        "polite close against a region, " + kind,
        Explorer.random(SEED, SCHEDULES, 3).explore(program));
  }

  @ParameterizedTest
  @EnumSource(names = "PLAIN")
  void whoWaitsForALockIsTold(StagedVolume.Kind kind) {
    assertNothingFound(
        "wait for a lock",
        kind,
        false,
        (v, file) -> {
          LockOwner other = new LockOwner(v, 1, 1);
          assertTrue(file.tryLock(FileLock.whole(other, true)));
          file.lock(FileLock.whole(new LockOwner(v, 2, 2), true));
          throw new AssertionError("two have an exclusive lock");
        });
  }

  /// A source of bytes that waits for the close: the close does not wait for ever. What it leaves
  /// is what a crash would: with a journal no damage.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCallThatDoesNotEndIsNotWaitedForForEver(boolean freezes) {
    Program program =
        stage -> {
          StagedVolume v = StagedVolume.mount(stage, StagedVolume.Kind.JOURNAL);
          OpenFile file = v.create("/f");
          StagedVolume.write(file, 0, 1, SIZE);
          WaitQueue queue = new WaitQueue();
          boolean[] closed = new boolean[1];
          boolean[] asked = new boolean[1];
          boolean[] synced = new boolean[1];
          stage.thread(
              "writer",
              () -> {
                FillerIter.Filler filler =
                    (target, length) -> {
                      asked[0] = true;
                      WaitQueue.Waiter waiter = queue.enter(queue);
                      while (!closed[0]) {
                        waiter.park();
                      }
                      queue.leave(waiter);
                      target.fill((byte) 2);
                      return length;
                    };
                try {
                  v.volume.sync();
                  synced[0] = true;
                  file.write(0, new FillerIter(filler, SIZE), 0);
                } catch (FsException e) {
                  assertEquals(Errno.EIO, e.errno(), e.getMessage());
                }
              });
          if (freezes) { // which waits for the writer
            stage.thread(
                "freezer",
                () -> {
                  try {
                    v.volume.superBlock().freeze();
                    v.volume.superBlock().thaw();
                  } catch (FsException e) {
                    assertTrue(e.errno() == Errno.EIO || e.errno() == Errno.EINVAL);
                  }
                });
          }
          stage.thread(
              "closer",
              () -> {
                try {
                  v.volume.superBlock().close(true);
                } catch (FsException e) {
                  assertEquals(Errno.EIO, e.errno(), e.getMessage());
                  assertTrue(asked[0], e.getMessage());
                }
                closed[0] = true;
                queue.wakeAll(queue);
              });
          stage.lastThread(
              "end",
              () -> {
                assertThrows(FsException.class, () -> file.fsync(false));
                file.close();
                if (synced[0]) {
                  checkContent(v, false, false);
                }
              });
        };
    StagedVolume.assertNothingFound(
        "forced close against a call that does not end" + (freezes ? ", and a freeze" : ""),
        Explorer.random(SEED, SCHEDULES, 3).explore(program));
  }
}
