package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Stands for the measurer, which is a program of its own with the peers on its class path: the
/// launcher starts that one, and who comes here came without the launcher.
@Command(
    name = "bench",
    sortOptions = false,
    description = {
      "Measures everything beside its peers, and makes the page about it. Runs from a tree of the",
      "sources; see ./pagewright bench --help there."
    })
final class BenchCommand extends Subcommand {
  @Parameters(arity = "0..*", paramLabel = "ARGUMENT", description = "See there.")
  private List<String> arguments = List.of();

  @Override
  void run() throws IOException {
    throw new CommandException(
        ExitCode.FAILED,
        "the measurer is not in this program",
        String.join(" ", "run ./pagewright bench", String.join(" ", arguments)).strip()
            + " in a tree of the sources");
  }
}
