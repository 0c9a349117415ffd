package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A mount whose name was taken away while a file was open, and another one in its place. Skipped
/// without root or `/dev/fuse`.
final class MountedTwiceTest {
  @TempDir Path folder;

  private static boolean isMounted(Path target) throws IOException {
    return Files.readString(Path.of("/proc/mounts")).contains(" " + target + " ");
  }

  private static String firstLine(Process process) throws IOException {
    BufferedReader said =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    return String.valueOf(said.readLine());
  }

  private static void end(Process process) throws Exception {
    process.getOutputStream().close();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  @Test
  @Timeout(200)
  void theEndOfAMountThatHasNoNameIsNotTheEndOfTheOneInItsPlace() throws Exception {
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here");
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "root only");
    Path target = Files.createDirectory(folder.resolve("mount"));
    Process first = MountedPosixTest.serve(folder.resolve("a.img"), target);
    Process user = null;
    Process second = null;
    try {
      assertTrue(firstLine(first).startsWith("ready"));
      user =
          new ProcessBuilder("sh", "-c", "exec 3>" + target + "/held; echo open; read end")
              .start();
      assertEquals("open", firstLine(user));
      assertEquals(0, new ProcessBuilder("umount", "-l", target.toString()).start().waitFor());
      second = MountedPosixTest.serve(folder.resolve("b.img"), target);
      assertTrue(firstLine(second).startsWith("ready"));
      end(first);
      assertTrue(isMounted(target), "unmounted by the server of another mount");
      Files.writeString(target.resolve("f"), "text");
      assertEquals("text", Files.readString(target.resolve("f")));
    } finally {
      if (user != null) {
        end(user);
      }
      end(first);
      if (second != null) {
        end(second);
      }
      while (isMounted(target)) {
        new ProcessBuilder("umount", "-l", target.toString()).start().waitFor();
      }
    }
    assertEquals(0, second.exitValue());
  }
}
