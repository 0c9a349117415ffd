package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A mount that is at more than one place: its end is the end of them all, and the image is closed
/// as it should be. Skipped without root or `/dev/fuse`.
final class MountedElsewhereTest {
  @TempDir Path folder;

  /// A container, for one, has all mounts of the time when it was made.
  @Test
  @Timeout(150)
  void aMountEndsInANamespaceThatWasMadeMeanwhile() throws Exception {
    ServedMount.assume();
    Path target = Files.createDirectory(folder.resolve("mount"));
    Process other = null;
    try (ServedMount mount = ServedMount.of(folder.resolve("a.img"), target)) {
      Files.writeString(target.resolve("f"), "text");
      String script = "cat " + target + "/f && echo && read end";
      other =
          new ProcessBuilder("unshare", "-m", "--propagation", "private", "sh", "-c", script)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      assertEquals("text", ServedMount.firstLine(other), "the other namespace has it");
      mount.end(); // the image was closed, with nothing left in use
      assertFalse(mount.isMounted());
    } finally {
      if (other != null) {
        ServedMount.end(other);
      }
    }
  }
}
