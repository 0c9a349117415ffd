package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A mount that is at more than one place: its end is the end of them all, and the image is closed
/// as it should be. Skipped without root or `/dev/fuse`.
final class MountedElsewhereTest {
  @TempDir Path folder;

  private static String firstLine(Process process) throws IOException {
    BufferedReader said =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    return String.valueOf(said.readLine());
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private static void end(Process process) throws Exception {
    process.getOutputStream().close();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  /// A container, for one, has all mounts of the time when it was made.
  @Test
  @Timeout(150)
  void aMountEndsInANamespaceThatWasMadeMeanwhile() throws Exception {
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here");
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "root only");
    Path target = Files.createDirectory(folder.resolve("mount"));
    String control = "/sys/fs/fuse/connections";
    boolean missing = !Files.readString(Path.of("/proc/mounts")).contains(" " + control + " ");
    if (missing) {
      assertEquals(0, run("mount", "-t", "fusectl", "none", control));
    }
    Process server = MountedPosixTest.serve(folder.resolve("a.img"), target);
    Process other = null;
    try {
      assertTrue(firstLine(server).startsWith("ready"));
      Files.writeString(target.resolve("f"), "text");
      String script = "cat " + target + "/f && echo && read end";
      other =
          new ProcessBuilder("unshare", "-m", "--propagation", "private", "sh", "-c", script)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      assertEquals("text", firstLine(other), "the other namespace has it");
      end(server);
      assertEquals(0, server.exitValue(), "the image was closed, with nothing left in use");
      List<String> mounts = Files.readAllLines(Path.of("/proc/mounts"));
      assertFalse(mounts.stream().anyMatch(line -> line.contains(" " + target + " ")));
    } finally {
      if (other != null) {
        end(other);
      }
      end(server);
      if (missing) {
        run("umount", control);
      }
    }
  }
}
