package org.pagewright.litmus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A JVM of its own, ended after a bounded time.
///
/// @param exit what it ended with
/// @param output what it printed, both streams
record Child(int exit, String output) {
  private static final int MINUTES = 4;

  /// Runs a main class on the class path of this JVM.
  ///
  /// @param folder working folder, and where its output goes
  /// @param first goes before the class path; null for nothing
  /// @param options for the JVM
  /// @param main the class
  /// @param args its arguments
  static Child run(
      Path folder, @Nullable Path first, List<String> options, String main, List<String> args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-cp");
    String path = System.getProperty("java.class.path");
    command.add(first == null ? path : first + System.getProperty("path.separator") + path);
    command.add(main);
    command.addAll(args);
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
      throw new IOException(command + " did not end: " + Files.readString(output));
    }
    return new Child(
        process.exitValue(), new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
  }
}
