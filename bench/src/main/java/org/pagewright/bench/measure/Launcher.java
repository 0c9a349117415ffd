package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The command of this tree, `./pagewright`, as its users start it.
final class Launcher {
  private Launcher() {}

  /// The folder of the sources: `-Dpagewright.root`, set by who started us.
  static Path root() throws SkippedException {
    String root = System.getProperty("pagewright.root");
    if (root == null || !Files.isExecutable(Path.of(root, "pagewright"))) {
      throw new SkippedException("no ./pagewright: -Dpagewright.root does not say where");
    }
    return Path.of(root);
  }

  /// Runs the command to its end.
  static String run(Deadline deadline, String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(root().resolve("pagewright").toString()));
    command.addAll(List.of(words));
    return Program.run(deadline, command.toArray(String[]::new));
  }

  /// Lets it build what it needs, before anything is timed.
  static void warm(Deadline deadline) throws IOException, InterruptedException {
    run(deadline, "--version");
  }
}
