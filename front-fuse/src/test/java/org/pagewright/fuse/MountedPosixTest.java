package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.sim.os.HostDoor;
import org.pagewright.sim.posix.PosixTable;
import org.pagewright.sim.posix.Row;

/// The tables of POSIX over a real mount: system calls here, the server in a process of its own.
/// Skipped without root or `/dev/fuse`.
final class MountedPosixTest {
  /// What the kernel's side of FUSE does not pass on: taking ranges out of files is refused before
  /// we are asked.
  private static final Set<Row.Need> LACKS = Set.of(Row.Need.SHIFT);

  @TempDir Path folder;

  /// Rows that come out differently because the kernel's side answers them itself, or does not say
  /// all that it knows.
  private static boolean isKnown(Row row) {
    String name = row.name();
    return switch (row.table()) {
      // A change of nothing is not sent.
      case "chown" -> name.startsWith("file") && name.contains("to -1:-1");
      // The request to drop set-id bits does not say whether the writer is in the file's group.
      case "set-id bits and content" ->
          name.endsWith("67 by cat") || name.endsWith("66 by cat");
      // The kernel reads the end of a file from its cache of attributes, sends no change of
      // nothing, and does not look again at the source of a copy.
      case "times" ->
          name.equals("read at the end")
              || name.equals("chown of nothing")
              || name.equals("copy a range");
      default -> false;
    };
  }

  @Test
  @Timeout(300)
  void theTablesHoldOverAMount() throws Exception {
    Assumptions.assumeTrue(HostDoor.isPossible(), "no system calls here");
    ServedMount.assume();
    checkTables();
  }

  /// The same through queues of io_uring, where the kernel lets them be turned on.
  @Test
  @Timeout(300)
  void theTablesHoldOverAMountWithRings() throws Exception {
    Assumptions.assumeTrue(HostDoor.isPossible(), "no system calls here");
    try (Rings rings = Rings.turnedOn()) {
      checkTables(Rings.OPTION);
      assertTrue(rings.areOn());
    }
  }

  private void checkTables(String... options) throws Exception {
    Path target = Files.createDirectory(folder.resolve("mount"));
    try (ServedMount mount = ServedMount.of(folder.resolve("image"), target, options)) {
      List<PosixTable.Outcome> outcomes = judge(target);
      assertEquals(
          "",
          outcomes.stream()
              .filter(outcome -> !outcome.isRight() && !isKnown(outcome.row()))
              .map(Object::toString)
              .limit(20)
              .collect(Collectors.joining("\n")));
      mount.end();
    }
  }

  private static List<PosixTable.Outcome> judge(Path target) throws InterruptedException {
    List<PosixTable.Outcome> outcomes = new ArrayList<>();
    Throwable[] failed = new Throwable[1];
    Thread.ofPlatform()
        .start(
            () -> {
              try (HostDoor door = new HostDoor(target)) {
                for (List<Row> rows : PosixTable.all().values()) {
                  outcomes.addAll(PosixTable.run(door, rows, LACKS));
                }
              } catch (Throwable e) {
                failed[0] = e;
              }
            })
        .join();
    if (failed[0] != null) {
      throw new AssertionError("on the mount", failed[0]);
    }
    return outcomes;
  }
}
