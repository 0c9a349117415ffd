package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Programs of the host: whether they are there, and runs of them that end.
final class Program {
  private static final String MORE_PLACES = ":/usr/sbin:/sbin:/usr/local/sbin";
  private static final int TAIL = 600;

  private Program() {}

  /// Where a program is.
  ///
  /// @throws SkippedException if it is not
  static String find(String name) throws SkippedException {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + MORE_PLACES;
    for (String folder : path.split(":")) {
      Path file = Path.of(folder, name);
      if (!folder.isEmpty() && Files.isExecutable(file)) {
        return file.toString();
      }
    }
    throw new SkippedException("no " + name + " here");
  }

  /// Runs a program to its end.
  ///
  /// @return what it printed
  static String run(Deadline deadline, String... command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("pagewright-bench", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(output.toFile())
              .start();
      try {
        if (!process.waitFor(deadline.millisLeft(), TimeUnit.MILLISECONDS)) {
          throw new IOException(List.of(command) + " takes too long");
        }
      } finally {
        end(process);
      }
      String text = Files.readString(output);
      if (process.exitValue() != 0) {
        throw new IOException(
            List.of(command) + " ended with " + process.exitValue() + ": " + tail(text));
      }
      return text;
    } finally {
      Files.deleteIfExists(output);
    }
  }

  /// Ends a process and its children, if they have not ended.
  static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /// The end of a long text, on one line.
  static String tail(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " / ");
    return line.length() <= TAIL ? line : "... " + line.substring(line.length() - TAIL);
  }

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }
}
