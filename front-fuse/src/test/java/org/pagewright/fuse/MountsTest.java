package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read of the kernel's table of mounts.
final class MountsTest {
  private static final String OURS =
      "40 28 0:51 / /mnt/a\\040b rw shared:1 - fuse.pagewright /disk.img rw,user_id=0";

  @Test
  void mountsAreReadWithTheirOptionalFieldsAndBlanks() {
    assertEquals(
        List.of(new Mounts.Entry(Path.of("/mnt/a b"), "fuse.pagewright", "/disk.img", 51)),
        Mounts.parse(OURS + "\n"));
  }

  @Test
  void placeIsFoundThroughLinks(@TempDir Path dir) throws IOException {
    Path real = dir.toRealPath();
    Path point = Files.createDirectory(real.resolve("point"));
    Path below = Files.createDirectory(point.resolve("below"));
    Path link = Files.createSymbolicLink(below.resolve("link"), Path.of("../../point"));
    Path second = Files.createSymbolicLink(real.resolve("second"), link);
    assertEquals(point, Mounts.canonical(point));
    assertEquals(point, Mounts.canonical(link));
    assertEquals(point, Mounts.canonical(second));
    assertEquals(below, Mounts.canonical(second.resolve("below")));
    assertEquals(real.resolve("none"), Mounts.canonical(real.resolve("none")));
    Path loop = Files.createSymbolicLink(real.resolve("loop"), Path.of("loop"));
    assertEquals(loop, Mounts.canonical(loop));
  }

  /// Somebody else's mount, at a place whose name this JVM cannot say, is in nobody's way.
  @Test
  void mountAtAPlaceWithoutAPathIsPassedOver() {
    String odd = "41 28 0:52 / /mnt/\\000 rw - tmpfs none rw";
    assertEquals(Mounts.parse(OURS), Mounts.parse(odd + "\n" + OURS));
  }
}
