package org.pagewright.fs.ext4.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.fs.ext4.crash.CrashOp.Kind;
import org.pagewright.fs.ext4.crash.Ext4CrashSubject.Judge;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;
import org.pagewright.sim.crash.CrashReport;

/// Goal: whatever moment the power goes, what was promised is there after recovery, operations are
/// there in their order and each whole or not at all, and files show nothing but what was written
/// to them (R-C1, R-C9, R-C13, R-D4, R-H9).
///
/// Method: families of workloads on a small volume, each state that a cut could leave opened with
/// our recovery (which is cut in turn), judged by a model; a share judged by e2fsck, and by the
/// kernel's own recovery. The usual run takes a share of each family, chosen by a printed seed
/// (`-Dpagewright.seed=N`); `-Dpagewright.rounds=N` takes so many times more, and
/// `-Dpagewright.slowTests=true` all of them on more kinds of volumes (`-Dpagewright.kind=KIND` on
/// one).
/// `-Dpagewright.crash='KIND;SEED;OPERATIONS;CUT'` replays the line of a finding.
@Timeout(7200)
final class PowerCutTest {
  private static final boolean SLOW = Boolean.getBoolean("pagewright.slowTests");
  private static final int ROUNDS = Integer.getInteger("pagewright.rounds", 1);

  @TempDir Path folder;

  private final long seed = Long.getLong("pagewright.seed", 20_26_11L);

  /// Kinds of volumes, by name: what is promised, and how they are made.
  private static final List<String> JOURNALLED =
      List.of(
          "ordered", "ordered tight", "journal tight", "journal 4096", "writeback", "ordered 4096",
          "ordered ext3",
          "ordered ^metadata_csum", "ordered orphan_file", "writeback ext3 4096",
          "ordered ^64bit", "journal ^extent,^64bit");

  /// Files with block pointers have no unwritten blocks.
  private static final Set<Kind> NEED_EXTENTS =
      EnumSet.of(Kind.FALLOCATE, Kind.FALLOCATE_KEEP, Kind.ZERO);

  private CrashReport explore(
      String what, String kind, Judge judge, CrashLimits limits, List<List<CrashOp>> workloads)
      throws Exception {
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(kind, folder, judge)) {
      CrashExplorer<CrashOp, Sight> explorer = new CrashExplorer<>(subject, limits);
      int tooLarge = 0;
      for (List<CrashOp> workload : workloads) {
        List<CrashOp> ops = new ArrayList<>(workload);
        if (kind.contains("late")) {
          ops.removeIf(op -> op.kind() == Kind.REMOUNT); // the device ends with the volume
        }
        if (kind.contains("ext3") || kind.contains("^extent")) {
          ops.removeIf(op -> NEED_EXTENTS.contains(op.kind()));
        }
        try {
          explorer.explore(ops, seed);
        } catch (FsException e) {
          if (e.errno() != Errno.ENOSPC) {
            throw e;
          }
          tooLarge++;
        } catch (AssertionError e) {
          throw new AssertionError(
              what + ": " + e.getMessage().replace("  replay: ", "  replay: " + kind + ";"), e);
        }
      }
      System.out.println(what + ", " + kind + ", seed " + seed + ": " + explorer.report()
              + (tooLarge == 0 ? "" : "; " + tooLarge + " workloads did not fit"));
      return explorer.report();
    }
  }

  private static CrashLimits limits(int states) {
    return CrashLimits.DEFAULTS
        .withStates(SLOW ? 4 * states : states)
        .withRecovery(8, 12)
        .withOpinions(SLOW ? 20 : 100);
  }

  private List<List<CrashOp>> some(List<List<CrashOp>> all, int usually) {
    return SLOW ? all : Workloads.some(all, new Random(seed), ROUNDS * usually);
  }

  static List<String> journalled() {
    String chosen = System.getProperty("pagewright.kind");
    return chosen != null ? List.of(chosen) : SLOW ? JOURNALLED : JOURNALLED.subList(0, 4);
  }

  @Test
  void withoutAJournalWhatASyncReturnedForIsThere() throws Exception {
    List<List<CrashOp>> workloads = new ArrayList<>(Workloads.ofOne());
    workloads.addAll(some(Workloads.ofTwo(), 40));
    workloads.addAll(manyOf(2, 100));
    CrashLimits limits = limits(20).withRecovery(0, 0);
    CrashReport report =
        explore("one, two and many operations", "none", Judge.E2FSCK, limits, workloads);
    assertTrue(report.states() > 500, report.toString());
  }

  @ParameterizedTest
  @MethodSource("journalled")
  void oneOperation(String kind) throws Exception {
    explore("one operation", kind, Judge.E2FSCK, limits(30), some(Workloads.ofOne(), 40));
  }

  @ParameterizedTest
  @MethodSource("journalled")
  void twoOperations(String kind) throws Exception {
    explore("two operations", kind, Judge.E2FSCK, limits(30), some(Workloads.ofTwo(), 25));
  }

  @ParameterizedTest
  @MethodSource("journalled")
  void threeOperations(String kind) throws Exception {
    List<List<CrashOp>> workloads = Workloads.ofThree(new Random(seed), SLOW ? 2000 : ROUNDS * 10);
    explore("three operations", kind, Judge.E2FSCK, limits(40), workloads);
  }

  @ParameterizedTest
  @MethodSource("journalled")
  void manyOperations(String kind) throws Exception {
    explore("many operations", kind, Judge.E2FSCK, limits(150), manyOf(1, 200));
  }

  private List<List<CrashOp>> manyOf(int usually, int slow) {
    Random random = new Random(seed);
    List<List<CrashOp>> workloads = new ArrayList<>();
    for (int i = 0; i < (SLOW ? slow : ROUNDS * usually); i++) {
      workloads.add(Ext4CrashSubject.randomWorkload(random, i % 5 == 4 ? 200 : 40));
    }
    return workloads;
  }

  @ParameterizedTest
  @ValueSource(strings = {"ordered tight", "writeback tight", "journal tight"})
  void whatWasMetadataAndIsContentNowIsNotReplayed(String kind) throws Exception {
    List<List<CrashOp>> workloads = new ArrayList<>();
    for (String metadata :
        List.of(
            "mkdir:/e,sync,rmdir:/e", // a directory's block
            "setxattr:/d/x:user.large:0:500,sync,unlink:/d/x", // attributes of their own block
            "create:/c,write:/c::0:1,write:/c::2048:1,write:/c::4096:1,write:/c::6144:1,"
                + "write:/c::8192:1,write:/c::10240:1,sync,unlink:/c")) { // an extent block
      for (String between : List.of(",sync", "", ",fsync:/d")) {
        for (String last : List.of("fsync:/b", "sync", "fsync:/b,store:/b::1024:9000")) {
          workloads.add(
              CrashOp.parse(metadata + between + ",create:/b,write:/b::0:55000," + last));
        }
      }
    }
    CrashReport report =
        explore("blocks used again", kind, Judge.E2FSCK, limits(60), workloads);
    assertTrue(report.runs() == workloads.size(), report.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ordered late", "journal late"})
  void whoFlushesHasWaitedForItsWrites(String kind) throws Exception {
    explore("writes that end late", kind, Judge.E2FSCK, limits(30), some(Workloads.ofTwo(), 15));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ordered", "journal 4096"})
  void theKernelRecoversToTheSame(String kind) throws Exception {
    CrashLimits limits = limits(40).withRecovery(0, 0).withOpinions(SLOW ? 10 : 60);
    explore("one and two operations, and the kernel", kind, Judge.KERNEL, limits,
        Workloads.some(Workloads.ofTwo(), new Random(seed), SLOW ? 1000 : ROUNDS * 20));
  }

  /// What was found once, each with what went wrong.
  @ParameterizedTest
  @ValueSource(
      strings = {
        // A hole far behind the end made the size durable before the bytes.
        "create:/b,sync,append:/b::0:743,punch:/b::26753:930,mkdir:/e,fsync:/e",
        // The ends of a zeroed range came back with the new size.
        "zero:/d/x::2084:3915,mkdir:/d/f,fsync:/d/f",
        // A truncation to the size that is there made it durable before the bytes.
        "append:/a::0:3000,truncate:/a::9000:0,mkdir:/e,fsync:/e",
      })
  void whatWasFoundOnceIsNotFoundAgain(String workload) throws Exception {
    for (String kind : List.of("ordered", "journal")) {
      explore(
          "found once", kind, Judge.E2FSCK, limits(200), List.of(CrashOp.parse(workload)));
    }
  }

  /// Of the commit the first sector was written, over a block of a former transaction: the kernel
  /// takes it for whole, which its content is.
  @Test
  void aCommitOfWhichTheFirstSectorIsThereHasHappened() throws Exception {
    String cut = "34026484679589;setxattr:/a:user.n:0:20;16/torn=6:1";
    try (Ext4CrashSubject subject = Ext4CrashSubject.of("ordered", folder, Judge.KERNEL)) {
      new CrashExplorer<>(subject, CrashLimits.DEFAULTS.withOpinions(1)).replay(cut);
    }
  }

  @Test
  void aCutThatWasFoundIsReplayed() throws Exception {
    String line = System.getProperty("pagewright.crash");
    if (line == null) {
      return;
    }
    String kind = line.substring(0, line.indexOf(';'));
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(kind, folder, Judge.KERNEL)) {
      new CrashExplorer<>(subject, CrashLimits.DEFAULTS)
          .replay(line.substring(line.indexOf(';') + 1));
    }
    System.out.println("not found again: " + line);
  }
}
