package org.pagewright.sim.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.Volume;

/// The tables over the file system in memory.
final class PosixTableTest {
  @TestFactory
  Stream<DynamicTest> ramfs() {
    return PosixTable.all().entrySet().stream()
        .map(table -> DynamicTest.dynamicTest(table.getKey(), () -> run(table)));
  }

  private static void run(Map.Entry<String, List<Row>> table) throws Exception {
    TickingClock clock = new TickingClock();
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume =
            Ramfs.mount(memory.cache(), MountOptions.DEFAULTS.withClock(clock))) {
      List<PosixTable.Outcome> outcomes =
          PosixTable.run(
              new VolumeDoor(volume, clock::tick),
              table.getValue(),
              Set.of(Row.Need.SHIFT, Row.Need.EXT_FLAGS));
      assertEquals(
          "",
          outcomes.stream()
              .filter(outcome -> !outcome.isRight())
              .map(Object::toString)
              .limit(Integer.getInteger("posix.show", 20))
              .collect(Collectors.joining("\n")));
    }
  }
}
