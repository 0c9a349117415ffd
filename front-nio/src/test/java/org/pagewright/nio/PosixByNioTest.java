package org.pagewright.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.sim.posix.PosixTable;
import org.pagewright.sim.posix.Row;
import org.pagewright.sim.posix.TickingClock;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// The tables of POSIX through `java.nio.file`, on ext4: thousands of cases of rights, modes, paths
/// and links, as far as they can be said in its words.
final class PosixByNioTest {
  /// Cases that can be said in the words of `java.nio.file`; fewer, and the door has lost some.
  private static final int CASES_MIN = 4500;

  @Test
  void theTablesHoldThroughThisDoorToo() throws IOException {
    TickingClock clock = new TickingClock();
    RamBlockDevice device = RamBlockDevice.of("ram", 64 << 20);
    Mkfs.make(device, new MkfsOptions().blockSize(4096));
    List<PosixTable.Outcome> outcomes = new ArrayList<>();
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(Ext4Options.DEFAULTS.mount().withClock(clock));
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume = Ext4.mount(device, memory, options);
        NioDoor door = new NioDoor(volume, clock::tick)) {
      for (List<Row> rows : PosixTable.all().values()) {
        outcomes.addAll(PosixTable.run(door, rows, Set.of()));
      }
    }
    String wrong =
        outcomes.stream()
            .filter(outcome -> !outcome.isRight())
            .map(Object::toString)
            .limit(40)
            .collect(Collectors.joining("\n"));
    assertEquals("", wrong);
    assertTrue(outcomes.size() >= CASES_MIN, () -> outcomes.size() + " cases");
  }
}
