package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.pagewright.cli.image.Cancellation;

/// Runs our command in this process, and tools of the host beside it.
final class Shell {
  private Shell() {}

  /// What a command line ended with.
  record Result(int code, byte[] bytes, String err) {
    String out() {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    List<String> lines() {
      return out().lines().toList();
    }
  }

  static Result run(Object... args) {
    String[] texts = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      texts[i] = args[i].toString();
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code = new Main(out, err, new Cancellation()).run(texts);
    return new Result(code, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }

  /// Runs a command line that must succeed.
  static Result ok(Object... args) {
    Result result = run(args);
    assertEquals(0, result.code(), () -> List.of(args) + ": " + result.err());
    return result;
  }

  /// Runs a tool of the host.
  static Result tool(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    byte[] out = process.getInputStream().readAllBytes();
    return new Result(process.waitFor(), out, new String(out, StandardCharsets.UTF_8));
  }

  static void assume(boolean condition, String reason) {
    if (!condition) {
      System.out.println("skipped: " + reason);
    }
    Assumptions.assumeTrue(condition, reason);
  }

  static boolean has(String tool) {
    for (String dir : List.of("/sbin", "/usr/sbin", "/bin", "/usr/bin")) {
      if (Files.isExecutable(Path.of(dir, tool))) {
        return true;
      }
    }
    return false;
  }

  /// e2fsck has nothing to say.
  static void assertSound(Path image) throws IOException, InterruptedException {
    assume(has("e2fsck"), "no e2fsck to check the image with");
    Result result = tool("e2fsck", "-fn", image.toString());
    assertEquals(0, result.code(), result.err());
  }

  /// Work on a mounted image.
  interface Mounted {
    void at(Path mountPoint) throws IOException, InterruptedException;
  }

  /// Mounts an image read-only with the kernel's own ext4, and unmounts it whatever happens.
  static void mounted(Path image, Path scratch, Mounted work)
      throws IOException, InterruptedException {
    assume(System.getProperty("user.name").equals("root"), "only root can mount");
    assume(has("mount") && Files.exists(Path.of("/dev/loop-control")), "no loop devices");
    Path point = Files.createTempDirectory(scratch, "mount");
    Result result = tool("mount", "-o", "loop,ro", image.toString(), point.toString());
    assume(result.code() == 0, "the kernel does not mount: " + result.err());
    try {
      work.at(point);
    } finally {
      assertEquals(0, tool("umount", point.toString()).code());
    }
  }

}
