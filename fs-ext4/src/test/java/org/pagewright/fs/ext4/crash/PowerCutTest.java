package org.pagewright.fs.ext4.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fs.ext4.crash.CrashModel.Mode;
import org.pagewright.fs.ext4.crash.Ext4CrashSubject.Judge;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;
import org.pagewright.sim.crash.CrashReport;

/// Goal: whatever moment the power goes, what was promised is there after recovery, and nothing
/// else than what was written.
///
/// Method: families of workloads on a small volume, each state that a cut could leave opened with
/// our recovery (which is cut in turn), judged by a model; a share judged by e2fsck, and by the
/// kernel's own recovery. The usual run takes a share of each family, chosen by a printed seed
/// (`-Dpagewright.seed=N`); `-Dpagewright.slowTests=true` takes all.
/// `-Dpagewright.crash='MODE;SEED;OPERATIONS;CUT'` replays the line of a finding.
@Timeout(7200)
final class PowerCutTest {
  private static final boolean SLOW = Boolean.getBoolean("pagewright.slowTests");

  @TempDir Path folder;

  private final long seed = Long.getLong("pagewright.seed", 20_26_11L);

  private CrashReport explore(
      String what,
      Mode mode,
      Judge judge,
      CrashLimits limits,
      List<List<CrashOp>> workloads)
      throws Exception {
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(mode, folder, judge)) {
      CrashExplorer<CrashOp, Sight> explorer = new CrashExplorer<>(subject, limits);
      for (List<CrashOp> ops : workloads) {
        try {
          explorer.explore(ops, seed);
        } catch (AssertionError e) {
          throw new AssertionError(
              what + ": " + e.getMessage().replace("  replay: ", "  replay: " + mode + ";"), e);
        }
      }
      System.out.println(what + ", " + mode + ", seed " + seed + ": " + explorer.report());
      return explorer.report();
    }
  }

  private static CrashLimits limits(int states) {
    return CrashLimits.DEFAULTS.withStates(SLOW ? 4 * states : states);
  }

  @Test
  void withoutAJournalWhatASyncReturnedForIsThere() throws Exception {
    List<List<CrashOp>> workloads = new ArrayList<>(Workloads.ofOne());
    Random random = new Random(seed);
    workloads.addAll(Workloads.some(Workloads.ofTwo(), random, SLOW ? 3000 : 40));
    for (int i = 0; i < (SLOW ? 100 : 2); i++) {
      workloads.add(Workloads.random(random, 40));
    }
    CrashReport report =
        explore(
            "one, two and many operations",
            Mode.NONE,
            Judge.E2FSCK,
            limits(20).withRecovery(0, 0),
            workloads);
    assertTrue(report.states() > 500, report.toString());
  }

  @Test
  void aCutThatWasFoundIsReplayed() throws Exception {
    String line = System.getProperty("pagewright.crash");
    if (line == null) {
      return;
    }
    Mode mode = Mode.valueOf(line.substring(0, line.indexOf(';')));
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(mode, folder, Judge.KERNEL)) {
      new CrashExplorer<>(subject, CrashLimits.DEFAULTS)
          .replay(line.substring(line.indexOf(';') + 1));
    }
    System.out.println("not found again: " + line);
  }
}
