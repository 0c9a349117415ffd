package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
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
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, true).volume();
          Places.at(
              operand,
              () -> {
                if (recursive) {
                  Recursion.over(
                      volume,
                      operand.path(),
                      root().cancellation(),
                      (path, stat) -> {
                        if (!stat.isSymlink()) {
                          change(volume, path, stat, change);
                        }
                      });
                } else {
                  change(volume, operand.path(), volume.stat(operand.path()), change);
                }
              });
        });
  }

  private static void change(Volume volume, String path, Stat stat, ModeChange change)
      throws IOException {
    volume.chmod(path, change.apply(stat.mode(), stat.isDirectory()));
  }
}
