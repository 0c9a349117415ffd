package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// A real mount of a new image by a process of its own, [ServedImage]. Closing it leaves neither
/// process nor mount behind, however the test went.
final class ServedMount implements AutoCloseable {
  private static final long SECONDS = 60;

  private final Path target;
  private final Process server;

  private ServedMount(Path target, Process server) {
    this.target = target;
    this.server = server;
  }

  /// Skips the test without root or `/dev/fuse`.
  static void assume() {
    Assumptions.assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "no /dev/fuse here");
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "root only");
  }

  /// Makes an image and mounts it.
  ///
  /// @param options of the mount, see [FuseOptions#with(String)]
  static ServedMount of(Path image, Path target, String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-ea", "--enable-native-access=ALL-UNNAMED", "-cp", classPath()));
    command.add(ServedImage.class.getName());
    command.addAll(List.of(image.toString(), target.toString()));
    command.addAll(List.of(options));
    Process server =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    ServedMount mount = new ServedMount(target, server);
    String line = firstLine(server);
    if (!line.startsWith("ready")) {
      mount.close();
      throw new AssertionError("the server says " + line);
    }
    return mount;
  }

  private static String classPath() {
    return Stream.of(
            System.getProperty("java.class.path", ""),
            System.getProperty("jdk.module.path", ""),
            Path.of("target", "test-classes").toAbsolutePath().toString(),
            Path.of("target", "classes").toAbsolutePath().toString())
        .filter(part -> !part.isEmpty())
        .reduce((a, b) -> a + ":" + b)
        .orElseThrow();
  }

  /// What a program says first.
  static String firstLine(Process process) throws IOException {
    BufferedReader said =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    return String.valueOf(said.readLine());
  }

  /// Ends a program that reads its input until there is no more.
  static void end(Process process) throws IOException {
    process.getOutputStream().close();
    if (!hasEnded(process)) {
      process.destroyForcibly();
      hasEnded(process);
    }
  }

  private static boolean hasEnded(Process process) {
    try {
      return process.waitFor(SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError("the test was interrupted", e);
    }
  }

  /// A program's exit code; the test fails if it does not end.
  static int run(String... command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      assertTrue(hasEnded(process), () -> List.of(command) + " hangs");
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }

  Path target() {
    return target;
  }

  Process server() {
    return server;
  }

  /// Whether anything is mounted there.
  boolean isMounted() throws IOException {
    return Files.readString(Path.of("/proc/mounts")).contains(" " + target + " ");
  }

  /// Takes the name away, whoever uses it.
  void detach() throws IOException {
    assertEquals(0, run("umount", "-l", target.toString()));
  }

  /// Unmounts; the server has closed the image then, as it should.
  void end() throws IOException {
    end(server);
    assertEquals(0, server.exitValue(), "the server's exit code");
  }

  @Override
  public void close() throws IOException {
    end(server);
    while (isMounted()) { // each turn takes one mount away, or fails
      detach();
    }
  }
}
