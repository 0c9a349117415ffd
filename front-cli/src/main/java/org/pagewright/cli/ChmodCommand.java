package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.vfs.Stat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Changes permissions.
@Command(name = "chmod", sortOptions = false, description = "Changes permissions.")
final class ChmodCommand extends Subcommand {
  @Option(
      names = {"-R", "--recursive"},
      description = "Directories with all that is in them.")
  private boolean recursive;

  @Parameters(index = "0", paramLabel = "MODE", description = "Octal, or such as u+rwX,go-w.")
  private String mode = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE:/PATH")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    ModeChange change = ModeChange.parse(mode);
    Recursion.overOperands(
        this,
        operands,
        recursive,
        (volume, path, found) -> {
          Stat stat = found == null ? volume.stat(path) : found;
          if (!stat.isSymlink()) {
            volume.chmod(path, change.apply(stat.mode(), stat.isDirectory()));
          }
        });
  }
}
