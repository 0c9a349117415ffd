package org.pagewright.fs.ext4.crash;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fs.ext4.crash.CrashModel.Mode;
import org.pagewright.fs.ext4.crash.Ext4CrashSubject.Judge;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;

final class JournalTryTest {
  @TempDir Path folder;

  @org.junit.jupiter.params.ParameterizedTest
  @org.junit.jupiter.params.provider.EnumSource(value = Mode.class, names = {"ORDERED", "WRITEBACK", "JOURNAL"})
  void ordered(Mode mode) throws Exception {
    long seed = Long.getLong("pagewright.seed", 1L);
    List<List<CrashOp>> workloads = new ArrayList<>(Workloads.ofOne());
    Random random = new Random(seed);
    workloads.addAll(Workloads.some(Workloads.ofTwo(), random, 60));
    for (int i = 0; i < 5; i++) workloads.add(Workloads.random(random, 40));
    int failed = 0;
    try (Ext4CrashSubject subject = Ext4CrashSubject.of(mode, folder, Judge.E2FSCK)) {
      for (List<CrashOp> ops : workloads) {
        CrashExplorer<CrashOp, Sight> explorer =
            new CrashExplorer<>(subject, CrashLimits.DEFAULTS.withStates(20));
        try {
          explorer.explore(ops, seed);
          System.out.println("OK " + CrashOp.print(ops) + " " + explorer.report());
        } catch (Throwable e) {
          failed++;
          System.out.println("BAD " + mode + " " + CrashOp.print(ops) + "\n" + e);
          if (!(e instanceof AssertionError)) e.printStackTrace(System.out);
        }
      }
    }
    System.out.println("failed " + failed + " of " + workloads.size());
  }
}
