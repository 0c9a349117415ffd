package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.Mounts;

/// A real mount under a supervisor as systemd is one, of `Type=notify`. Skipped where nothing can
/// be mounted.
@Timeout(400)
final class SupervisedMountTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImage() {
    MountedImage.assume();
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "64M", image);
  }

  private MountedImage mountFor(String socket) throws IOException {
    return MountedImage.mount(Map.of("NOTIFY_SOCKET", socket), image, dir);
  }

  @Test
  void supervisorHearsWhenTheMountIsThereAndWhenItIsAboutToEnd() throws IOException {
    String socket = dir.resolve("notify").toString();
    try (Supervisor supervisor = new Supervisor(socket);
        MountedImage mounted = mountFor(socket)) {
      assertEquals("READY=1", supervisor.next());
      assertNotNull(Mounts.at(mounted.point()));
      mounted.sh("echo kept > a");
      mounted.server().destroy(); // what systemd does to stop a unit
      assertEquals("STOPPING=1", supervisor.next());
      mounted.await();
      assertNull(Mounts.at(mounted.point()), mounted.said());
    }
    assertEquals("kept\n", ok("cat", image + ":/a").out());
  }

  @Test
  void supervisorInTheAbstractNamespaceHearsOfAnUnmountFromOutside() throws IOException {
    String socket = "@pagewright-test-" + ProcessHandle.current().pid();
    try (Supervisor supervisor = new Supervisor(socket);
        MountedImage mounted = mountFor(socket)) {
      assertEquals("READY=1", supervisor.next());
      mounted.unmount();
      assertEquals("STOPPING=1", supervisor.next());
    }
  }

  @Test
  void supervisorThatIsGoneKeepsNobodyFromUnmounting() throws IOException {
    String socket = dir.resolve("gone").toString();
    try (Supervisor supervisor = new Supervisor(socket);
        MountedImage mounted = mountFor(socket)) {
      assertEquals("READY=1", supervisor.next());
      supervisor.leave();
      mounted.unmount();
      assertEquals(1, mounted.said().lines().filter(l -> l.contains(socket)).count());
    }
  }
}
