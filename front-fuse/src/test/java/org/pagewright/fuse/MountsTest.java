package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read of the kernel's table of mounts.
final class MountsTest {
  private static final String OURS =
      "40 28 0:51 / /mnt/a\\040b rw shared:1 - fuse.pagewright /disk.img rw,user_id=7";

  @Test
  void mountsAreReadWithTheirOptionalFieldsAndBlanks() {
    assertEquals(
        List.of(new Mounts.Entry(Path.of("/mnt/a b"), "fuse.pagewright", "/disk.img", 51, 7)),
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

  /// Kernels before Linux 6.16 do not say whose connection a descriptor of `/dev/fuse` is. Then the
  /// server of a mount that lives is not to be taken for dead, and is known by what it was asked to
  /// do.
  @Test
  void serverIsFoundThoughTheKernelDoesNotSayWhoItIs(@TempDir Path dir) throws Exception {
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here");
    Path real = dir.toRealPath();
    Process server =
        new ProcessBuilder("sh", "-c", "exec 3<>/dev/fuse; echo open; read end", "sh", "point")
            .directory(real.toFile())
            .start();
    try {
      assertEquals('o', server.getInputStream().read());
      Mounts.Entry point = new Mounts.Entry(real.resolve("point"), Mounts.TYPE, "x", -2, 0);
      ProcessHandle found = Mounts.server(point, false);
      assertEquals(server.pid(), found == null ? 0 : found.pid());
      assertTrue(Mounts.isServed(point, false));
      assertNull(Mounts.server(point, true), "it would have been said");
      assertFalse(Mounts.isServed(point, true));
      Mounts.Entry other = new Mounts.Entry(real.resolve("other"), Mounts.TYPE, "x", -2, 0);
      assertNull(Mounts.server(other, false), "one that was started elsewhere");
      assertTrue(Mounts.isServed(other, false), "but perhaps for this one, too");
    } finally {
      server.getOutputStream().close();
      server.waitFor();
    }
  }

  @Test
  void kernelsAreToldApartByTheirVersion() {
    assertTrue(Mounts.tells("6.18.44-fc"));
    assertTrue(Mounts.tells("6.16"));
    assertTrue(Mounts.tells("7.0.0-rc1"));
    assertFalse(Mounts.tells("6.8.0-49-generic"));
    assertFalse(Mounts.tells("5.15.167.4-microsoft-standard-WSL2"));
    assertFalse(Mounts.tells("unknown"));
  }

  /// Somebody else's mount, at a place whose name this JVM cannot say, is in nobody's way.
  @Test
  void mountAtAPlaceWithoutAPathIsPassedOver() {
    String odd = "41 28 0:52 / /mnt/\\000 rw - tmpfs none rw";
    assertEquals(Mounts.parse(OURS), Mounts.parse(odd + "\n" + OURS));
  }
}
