package org.pagewright.cli;

import java.io.IOException;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

/// Writes a completion script.
@Command(
    name = "completion",
    sortOptions = false,
    description = {
      "Writes a completion script for bash and zsh.",
      "Use: source <(pagewright completion)"
    })
final class CompletionCommand extends Subcommand {
  @Override
  void run() throws IOException {
    out().print(AutoComplete.bash("pagewright", spec().root().commandLine()));
  }
}
