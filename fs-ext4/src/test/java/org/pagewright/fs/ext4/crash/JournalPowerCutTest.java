package org.pagewright.fs.ext4.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.fs.ext4.crash.CrashModel.Mode;
import org.pagewright.fs.ext4.crash.Ext4CrashSubject.Judge;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;
import org.pagewright.sim.crash.CrashReport;

/// Goal: with a journal of the smallest size, in each mode of data, what a sync returned for is
/// there after a power cut, operations are there in their order and each whole or not at all, and
/// e2fsck and the kernel agree (R-C9, R-C13, R-D4, R-H9).
///
/// Method: that of [PowerCutTest], with the same properties.
@Timeout(7200)
final class JournalPowerCutTest {
  private static final boolean SLOW = Boolean.getBoolean("pagewright.slowTests");

  @TempDir Path folder;

  private final long seed = Long.getLong("pagewright.seed", 20_26_12L);

  @ParameterizedTest
  @CsvSource({
    "ORDERED, E2FSCK, 40, 6", "WRITEBACK, E2FSCK, 10, 2", "JOURNAL, E2FSCK, 15, 3",
    "ORDERED, KERNEL, 0, 1", "JOURNAL, KERNEL, 0, 1"
  })
  void aPowerCutLeavesWhatWasPromised(Mode mode, Judge judge, int pairs, int longOnes)
      throws Exception {
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<List<CrashOp>> workloads = new ArrayList<>();
    if (pairs > 0) {
      workloads.addAll(Workloads.ofOne());
      workloads.addAll(Workloads.some(Workloads.ofTwo(), random, SLOW ? 100 * pairs : pairs));
    }
    for (int i = 0; i < (SLOW ? 20 * longOnes : longOnes); i++) {
      workloads.add(Workloads.random(random, 40));
    }
    int every = judge == Judge.KERNEL ? 8 : 40;
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(mode, folder, judge)) {
      CrashLimits limits =
          CrashLimits.DEFAULTS.withStates(SLOW ? 80 : 20).withOpinions(every);
      CrashReport report = explore(mode.toString(), subject, limits, workloads);
      System.out.println(mode + ", " + judge + ": " + report);
      assertTrue(report.states() > 10 * longOnes, report.toString());
    }
  }

  /// The same on other formats: block pointers, which cannot say that a block reads as zeros; no
  /// checksums; orphans in a file.
  @ParameterizedTest
  @CsvSource({"ext3, 6", "plain, 2", "orphan_file, 4"})
  void aPowerCutLeavesWhatWasPromisedOnOtherFormats(String kind, int longOnes) throws Exception {
    MkfsOptions format =
        new MkfsOptions()
            .type(kind.equals("ext3") ? MkfsOptions.Type.EXT3 : MkfsOptions.Type.EXT4)
            .blockSize(1024)
            .inodes(64)
            .journalBytes(1 << 20)
            .timeSeconds(1_700_000_000L);
    switch (kind) {
      case "plain" -> format.feature("^metadata_csum").feature("^64bit");
      case "orphan_file" -> format.feature("orphan_file");
      default -> assertEquals("ext3", kind);
    }
    Random random = new Random(seed);
    List<List<CrashOp>> workloads = new ArrayList<>(Workloads.ofOne());
    workloads.addAll(Workloads.some(Workloads.ofTwo(), random, SLOW ? 1000 : 10));
    for (int i = 0; i < (SLOW ? 20 * longOnes : longOnes); i++) {
      workloads.add(Workloads.random(random, 40));
    }
    if (kind.equals("ext3")) {
      workloads.replaceAll(ops -> ops.stream().filter(op -> !needsExtents(op)).toList());
    }
    try (Ext4CrashSubject subject =
        new Ext4CrashSubject(Mode.ORDERED, format, folder, Judge.E2FSCK)) {
      CrashLimits limits =
          CrashLimits.DEFAULTS.withStates(SLOW ? 80 : 20).withOpinions(20);
      System.out.println(kind + ": " + explore(kind, subject, limits, workloads));
    }
  }

  private static boolean needsExtents(CrashOp op) {
    return switch (op.kind()) {
      case FALLOCATE, FALLOCATE_KEEP, ZERO -> true;
      default -> false;
    };
  }

  private CrashReport explore(
      String what,
      Ext4CrashSubject subject,
      CrashLimits limits,
      List<List<CrashOp>> workloads)
      throws Exception {
    CrashExplorer<CrashOp, Sight> explorer = new CrashExplorer<>(subject, limits);
    for (List<CrashOp> ops : workloads) {
      try {
        explorer.explore(ops, seed);
      } catch (AssertionError e) {
        throw new AssertionError(
            what + ": " + e.getMessage().replace("  replay: ", "  replay: " + what + ";"), e);
      }
    }
    return explorer.report();
  }
}
