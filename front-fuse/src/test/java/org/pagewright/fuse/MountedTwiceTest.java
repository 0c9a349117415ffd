package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A mount whose name was taken away while a file was open, and another one in its place. Skipped
/// without root or `/dev/fuse`.
final class MountedTwiceTest {
  @TempDir Path folder;

  @Test
  @Timeout(200)
  void theEndOfAMountThatHasNoNameIsNotTheEndOfTheOneInItsPlace() throws Exception {
    ServedMount.assume();
    Path target = Files.createDirectory(folder.resolve("mount"));
    Process user = null;
    try (ServedMount first = ServedMount.of(folder.resolve("a.img"), target)) {
      user =
          new ProcessBuilder("sh", "-c", "exec 3>" + target + "/held; echo open; read end")
              .start();
      assertEquals("open", ServedMount.firstLine(user));
      first.detach();
      try (ServedMount second = ServedMount.of(folder.resolve("b.img"), target)) {
        ServedMount.end(first.server());
        assertTrue(second.isMounted(), "unmounted by the server of another mount");
        Files.writeString(target.resolve("f"), "text");
        assertEquals("text", Files.readString(target.resolve("f")));
        second.end();
      }
    } finally {
      if (user != null) {
        ServedMount.end(user);
      }
    }
  }
}
