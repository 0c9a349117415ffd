package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.KernelMount;
import org.pagewright.sim.os.HostDoor;
import org.pagewright.sim.posix.PosixTable;
import org.pagewright.sim.posix.Row;
import org.pagewright.sim.posix.TickingClock;
import org.pagewright.sim.posix.VolumeDoor;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// The tables of POSIX over our driver, and over the kernel's, which judges their rules.
final class Ext4PosixTest {
  @TempDir Path folder;

  private Path image() throws IOException {
    Path image = folder.resolve("image");
    Files.deleteIfExists(image);
    try (FileBlockDevice device =
        FileBlockDevice.create(image, 64 << 20, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, new MkfsOptions().blockSize(4096));
    }
    return image;
  }

  private static void assertRight(List<PosixTable.Outcome> outcomes) {
    assertEquals(
        "",
        outcomes.stream()
            .filter(outcome -> !outcome.isRight())
            .map(Object::toString)
            .limit(Integer.getInteger("posix.show", 20))
            .collect(Collectors.joining("\n")));
  }

  @TestFactory
  Stream<DynamicTest> ours() {
    return PosixTable.all().entrySet().stream()
        .map(table -> DynamicTest.dynamicTest(table.getKey(), () -> run(table)));
  }

  private void run(Map.Entry<String, List<Row>> table) throws IOException {
    TickingClock clock = new TickingClock();
    Path image = image();
    List<PosixTable.Outcome> outcomes;
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume =
            Ext4.mount(
                FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
                memory,
                Ext4Options.DEFAULTS.withMount(
                    Ext4Options.DEFAULTS.mount().withClock(clock)))) {
      outcomes =
          PosixTable.run(new VolumeDoor(volume, clock::tick), table.getValue(), Set.of());
    }
    E2fs.assertClean(image);
    assertRight(outcomes);
  }

  /// Method: the same rows through system calls on a loop mount, by a thread that takes on the
  /// credentials of each case for the length of a call. Skipped without root or loop devices.
  @Test
  void theKernelAgreesWithTheTables() throws Exception {
    Assumptions.assumeTrue(HostDoor.isPossible(), "no system calls here");
    Path root = Files.createDirectory(folder.resolve("mount"));
    List<PosixTable.Outcome> outcomes = new ArrayList<>();
    Throwable[] failed = new Throwable[1];
    try (KernelMount mount = KernelMount.mount(image(), root, false)) {
      Thread thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (HostDoor door = new HostDoor(mount.root())) {
                      for (List<Row> rows : PosixTable.all().values()) {
                        outcomes.addAll(PosixTable.run(door, rows, Set.of()));
                      }
                    } catch (Throwable e) {
                      failed[0] = e;
                    }
                  });
      thread.join();
    }
    if (failed[0] != null) {
      throw new AssertionError("on the host", failed[0]);
    }
    assertRight(outcomes);
  }
}
