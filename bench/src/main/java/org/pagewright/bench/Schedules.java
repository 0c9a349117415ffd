package org.pagewright.bench;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;
import org.pagewright.lab.design.Design;
import org.pagewright.lab.scenario.Situation;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Schedules a second of the explorer, by lot, nothing pruned: for a sound design of the lab with
/// three threads, and for the smallest write scenario of the engine, two writes of a folio each.
///
/// One core does the work: one thread runs at a time.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgs = {
      "-Xmx1g", "-Dpagewright.explore=true", "--add-opens=java.base/java.lang=ALL-UNNAMED"
    })
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class Schedules {
  private static final int SCHEDULES = 1000;
  private static final int FOLIO = 4096;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  /// What is explored.
  @Param({"model", "engine"})
  public String program;

  private Program explored = stage -> {};
  private long seed;

  @Setup
  public void choose() {
    explored =
        switch (program) {
          case "model" -> Situation.QUEUED_WRITER.program(Design.X13::kernel);
          case "engine" -> Schedules::twoWrites;
          default -> throw new IllegalArgumentException(program);
        };
  }

  private static void twoWrites(Stage stage) throws FsException {
    PageCache cache = new PageCache(16 * FOLIO);
    stage.close(cache);
    Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
    OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    byte[] bytes = new byte[FOLIO];
    stage.thread("A", () -> file.write(0, bytes, 0, FOLIO));
    stage.thread("B", () -> file.write(FOLIO, bytes, 0, FOLIO));
  }

  @Benchmark
  @OperationsPerInvocation(SCHEDULES)
  public Exploration schedules() {
    Exploration found = Explorer.random(++seed, SCHEDULES, 3).explore(explored);
    if (found.failure() != null) {
      throw new IllegalStateException(String.valueOf(found.failure()));
    }
    return found;
  }
}
