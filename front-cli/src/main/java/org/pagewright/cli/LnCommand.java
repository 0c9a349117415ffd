package org.pagewright.cli;

import java.io.IOException;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes links.
@Command(
    name = "ln",
    sortOptions = false,
    description = {
      "Gives a file one more name, or makes a symbolic link with -s.",
      "With -s the target is any text, and is not looked at: pagewright ln -s ../x disk.img:/a/b"
    })
final class LnCommand extends Subcommand {
  @Option(
      names = {"-s", "--symbolic"},
      description = "A symbolic link.")
  private boolean symbolic;

  @Option(names = "-f", description = "Replace what has the new name.")
  private boolean replace;

  @Parameters(index = "0", paramLabel = "TARGET", description = "What the link leads to.")
  private String target = "";

  @Parameters(index = "1", paramLabel = "IMAGE:/NAME", description = "The new name.")
  private String link = "";

  @Override
  void run() throws IOException {
    Operand.InImage operand = Operand.parseInImage(link);
    Image image = open(operand, true);
    Volume volume = image.volume();
    Operand.InImage existing = symbolic ? null : Operand.parseInImage(target);
    if (existing != null && open(existing, true) != image) {
      throw new CommandException(
          ExitCode.FAILED,
          target + " and " + link + ": " + Errno.EXDEV.words() + " (EXDEV)",
          "copy it with `pagewright cp -p`, or make a symbolic link with -s");
    }
    String targetPath = existing == null ? target : existing.path();
    Places.at(
        operand,
        () -> {
          String path = operand.path();
          Stat there = Places.statOrNull(volume, path, true);
          if (there != null && there.isDirectory()) {
            path = Places.in(path, Places.nameOf(targetPath));
          }
          if (replace && Places.statOrNull(volume, path, false) != null) {
            volume.unlink(path);
          }
          if (symbolic) {
            volume.symlink(target, path);
          } else {
            volume.link(targetPath, path);
          }
        });
  }
}
