package org.pagewright.fs.ext4.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.fs.ext4.crash.MappedTableSubject.Ground;
import org.pagewright.fs.ext4.crash.MappedTableSubject.Op;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;

/// Goal: a table that lives in a mapped region on ext4 has, after a power cut at any moment, each
/// slot as it was when the last sync of it returned, or as some later store left it (R-H9, R-H10,
/// R-F14, R-C9); nothing else, and the volume is sound.
///
/// Method: random puts and syncs of an eighth of the table; every state that a cut could leave,
/// opened with our recovery; a share of them looked at by e2fsck. `-Dpagewright.seed=N` for another
/// run, `-Dpagewright.rounds=N` for so many of them.
@Timeout(600)
final class MappedTablePowerCutTest {
  private static final int OPERATIONS = 60;
  private static final int ROUNDS = Integer.getInteger("pagewright.rounds", 1);
  private static final long SEED = Long.getLong("pagewright.seed", 2009_04L);

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"HOLE, 1024", "ALLOCATED, 1024", "ALLOCATED, 4096", "ZEROS, 4096"})
  void whatASyncReturnedForIsThereAndTheRestIsOldOrNew(Ground ground, int blockSize)
      throws Exception {
    try (MappedTableSubject subject = new MappedTableSubject(ground, blockSize, folder)) {
      CrashLimits limits =
          CrashLimits.DEFAULTS.withStates(250).withRecovery(8, 12).withOpinions(25);
      CrashExplorer<Op, ?> explorer = new CrashExplorer<>(subject, limits);
      for (int round = 0; round < ROUNDS; round++) {
        explorer.explore(workload(new Random(SEED + round)), SEED + round);
      }
      System.out.println(ground + ", " + blockSize + ", seed " + SEED + ": " + explorer.report());
      assertTrue(explorer.report().states() > 40, explorer.report().toString());
    }
  }

  private static List<Op> workload(Random random) {
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < OPERATIONS; i++) {
      boolean sync = random.nextInt(4) == 0;
      ops.add(new Op(sync ? 0 : 1 + random.nextInt(60), 1 + random.nextInt(1_000_000)));
    }
    return ops;
  }
}
