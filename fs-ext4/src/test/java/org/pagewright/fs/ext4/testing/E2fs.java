package org.pagewright.fs.ext4.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// The tools of e2fsprogs, as judges. A test that needs one is skipped, with the reason printed,
/// where it is not installed.
public final class E2fs {
  private E2fs() {}

  /// What a tool said.
  ///
  /// @param code exit code
  /// @param output standard output and error together
  public record Result(int code, String output) {}

  /// Skips the test unless every tool is there.
  ///
  /// @param tools names of programs
  public static void assumeTools(String... tools) {
    for (String tool : tools) {
      if (!isThere(tool)) {
        System.out.println("skipped: " + tool + " is not installed (apt install e2fsprogs)");
        Assumptions.abort(tool + " is not installed");
      }
    }
  }

  private static boolean isThere(String tool) {
    for (String dir : List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin")) {
      if (Files.isExecutable(Path.of(dir, tool))) {
        return true;
      }
    }
    return false;
  }

  /// Runs a tool, with a fixed time zone and language.
  ///
  /// @param command the tool and its arguments
  /// @return what it said
  /// @throws IOException if it cannot be run
  public static Result run(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    builder.environment().put("TZ", "UTC");
    builder.environment().put("PATH", "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin");
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    try {
      return new Result(process.waitFor(), output);
    } catch (InterruptedException e) {
      process.destroy();
      throw new AssertionError(e);
    }
  }

  /// Runs a tool that must succeed.
  ///
  /// @param command the tool and its arguments
  /// @return its output
  /// @throws IOException if it cannot be run
  public static String ok(String... command) throws IOException {
    Result result = run(List.of(command));
    if (result.code() != 0) {
      throw new AssertionError(
          String.join(" ", command) + " ended with " + result.code() + ":\n" + result.output());
    }
    return result.output();
  }

  /// Makes an image with mke2fs.
  ///
  /// @param image the file to make
  /// @param size as mke2fs understands it, `64M`
  /// @param options everything before the file
  /// @throws IOException if it cannot be run
  public static void mke2fs(Path image, String size, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("mke2fs", "-q", "-F"));
    command.addAll(List.of(options));
    command.add(image.toString());
    command.add(size);
    ok(command.toArray(String[]::new));
  }

  /// Asks debugfs.
  ///
  /// @param image the file
  /// @param request one request
  /// @return its output without the line with its version
  /// @throws IOException if it cannot be run
  public static String debugfs(Path image, String request) throws IOException {
    String output = ok("debugfs", "-R", request, image.toString());
    return output.substring(output.indexOf('\n') + 1);
  }

  /// Runs one request of `debugfs` on an image that is not recovered: bitmaps, which may disagree
  /// with their checksums before the journal is replayed, are not looked at.
  ///
  /// @param image the file
  /// @param request what to do
  /// @return what it printed
  /// @throws IOException if debugfs cannot be run
  public static String debugfsUnrecovered(Path image, String request) throws IOException {
    String output = ok("debugfs", "-c", "-R", request, image.toString());
    return output.substring(output.indexOf('\n') + 1);
  }

  /// Mounts an image with the kernel's driver, or skips the test where that is not to be had. The
  /// caller unmounts.
  ///
  /// @param image the file
  /// @param mount an empty directory
  /// @throws IOException if mount cannot be run
  public static void assumeMounted(Path image, Path mount) throws IOException {
    Result result =
        run(List.of("mount", "-t", "ext4", "-o", "loop", image.toString(), mount.toString()));
    if (result.code() != 0) {
      System.out.println("skipped: no loop mount here: " + result.output().strip());
      Assumptions.abort("no loop mount here");
    }
  }

  /// Fails unless e2fsck has nothing to say.
  ///
  /// @param image the file
  /// @throws IOException if it cannot be run
  public static void assertClean(Path image) throws IOException {
    Result result = run(List.of("e2fsck", "-fn", image.toString()));
    if (result.code() != 0) {
      throw new AssertionError("e2fsck -fn ended with " + result.code() + ":\n" + result.output());
    }
  }
}
