package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.pagewright.fuse.Doctor;
import org.pagewright.fuse.Mounts;

/// An image mounted by a process of its own, which ends with this whatever happens: unmounted, or
/// aborted and killed by its own number.
final class MountedImage implements AutoCloseable {
  private static final long START_SECONDS = 60;
  private static final long TOOL_SECONDS = 240;

  /// In scripts: a command that must fail. `! command` would pass over one that does not.
  private static final String NO = "no() { if \"$@\"; then echo no \"$*\"; exit 99; fi; }\n";

  private final Path image;
  private final Path point;
  private final Path log;
  private final Process server;

  private MountedImage(Path image, Path point, Path log, Process server) {
    this.image = image;
    this.point = point;
    this.log = log;
    this.server = server;
  }

  /// Skips the test where nothing can be mounted, and says why.
  static void assume() {
    Shell.assume(Files.exists(Path.of("/dev/fuse")), "no /dev/fuse here");
    boolean root = System.getProperty("user.name").equals("root");
    Shell.assume(root || Shell.has("fusermount3"), "neither root nor fusermount3");
    List<Doctor.Finding> bad = new ArrayList<>(Doctor.examine());
    // Mounts that others left behind do not keep us from making our own.
    bad.removeIf(finding -> finding.good() || finding.what().equals(Doctor.MOUNTS));
    Shell.assume(bad.isEmpty(), "mounting does not work here: " + bad);
  }

  /// The command line of a JVM that runs our command.
  static List<String> command(String... words) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-ea", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(words));
    return command;
  }

  /// A script `pagewright` in a folder that runs our command, as the launcher does.
  static Path script(Path dir) throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\nexec");
    for (String word : command()) {
      script.append(" '").append(word).append('\'');
    }
    Path file = Files.writeString(dir.resolve("pagewright"), script.append(" \"$@\"\n"));
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /// Mounts, and waits until the mount is there.
  static MountedImage mount(Path image, Path scratch, String... options) throws IOException {
    return mount(Map.of(), image, scratch, options);
  }

  /// The same, with more variables in its environment.
  static MountedImage mount(
      Map<String, String> environment, Path image, Path scratch, String... options)
      throws IOException {
    Path point = Files.createTempDirectory(scratch, "mount");
    Path log = Files.createTempFile(scratch, "server", ".log");
    List<String> command = command("mount", image.toString(), point.toString());
    command.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
    builder.environment().putAll(environment);
    Process server = builder.start();
    BufferedReader out =
        new BufferedReader(
            new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
    MountedImage mounted = new MountedImage(image, point, log, server);
    String line = null;
    try {
      line =
          CompletableFuture.supplyAsync(() -> firstLine(out))
              .get(START_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      line = e.toString();
    }
    if (line == null || !line.startsWith("pagewright: mounted")) {
      String said = line + " " + Files.readString(log);
      mounted.kill();
      throw new AssertionError("not mounted: " + said);
    }
    return mounted;
  }

  private static String firstLine(BufferedReader reader) {
    try {
      return String.valueOf(reader.readLine());
    } catch (IOException e) {
      return e.toString();
    }
  }

  /// Where it is mounted.
  Path point() {
    return point;
  }

  /// The process that answers.
  Process server() {
    return server;
  }

  /// Whether a signal reaches the server: a shell's jobs in the background do not hear INT, those
  /// of nohup no HUP, and their children neither.
  boolean hears(int signal) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + server.pid() + "/status"))) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) >>> signal - 1 & 1) == 0;
      }
    }
    return true;
  }

  /// Runs a script of the shell in the mount; it must succeed, and end in time. `no COMMAND` in it
  /// is a command that must fail.
  String sh(String script) throws IOException {
    return sh(script, point);
  }

  static String sh(String script, Path dir) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-euc", NO + script)
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    CompletableFuture<String> out =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return new String(
                    process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
              } catch (IOException e) {
                return e.toString();
              }
            });
    try {
      if (!process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("still running: " + script);
      }
      String said = out.get(TOOL_SECONDS, TimeUnit.SECONDS);
      assertEquals(0, process.exitValue(), () -> script + "\n" + said);
      return said;
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError(script, e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /// Unmounts as a user does; the server ends by itself, with the image whole.
  void unmount() throws IOException {
    assertEquals(0, Shell.run("umount", point).code(), () -> "umount " + point);
    await();
    assertEquals(0, server.exitValue(), Files.readString(log));
    Shell.ok("fsck", image);
  }

  /// Waits for the end of the server.
  void await() {
    try {
      assertTrue(server.waitFor(START_SECONDS, TimeUnit.SECONDS), "the server ends");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// What the server had to say.
  String said() throws IOException {
    return Files.readString(log);
  }

  private void kill() throws IOException {
    Mounts.Entry entry = Mounts.at(point);
    server.destroyForcibly();
    if (entry != null && entry.isOurs()) {
      Mounts.unmount(point, true);
    }
  }

  @Override
  public void close() throws IOException {
    if (server.isAlive()) {
      Mounts.Entry entry = Mounts.at(point);
      if (entry != null && entry.isOurs()) {
        Shell.run("umount", "--abort", "--wait", "20", point);
      }
    }
    kill();
  }
}
