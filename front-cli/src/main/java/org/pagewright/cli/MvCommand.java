package org.pagewright.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Moves and renames within an image.
@Command(
    name = "mv",
    sortOptions = false,
    description = {
      "Moves and renames within an image.",
      "If the target is a directory, what is moved goes into it."
    })
final class MvCommand extends Subcommand {
  @Option(
      names = {"-n", "--no-clobber"},
      description = "Fail if the new name is taken.")
  private boolean noClobber;

  @Option(names = "--exchange", description = "Swap two names in one step.")
  private boolean exchange;

  @Option(
      names = {"-T", "--no-target-directory"},
      description = "The target is the new name, even if it is a directory.")
  private boolean exactTarget;

  @Parameters(arity = "2..*", paramLabel = "IMAGE:/SOURCE... IMAGE:/TARGET")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    List<Operand.InImage> sources = new ArrayList<>();
    for (String text : operands) {
      sources.add(Operand.parseInImage(text));
    }
    Operand.InImage target = sources.removeLast();
    Image image = open(target, true);
    for (Operand.InImage source : sources) {
      if (open(source, true) != image) {
        throw new CommandException(
            ExitCode.FAILED,
            source.text() + " and " + target.text() + ": " + Errno.EXDEV.words() + " (EXDEV)",
            "copy with `pagewright cp -a`, then remove with `pagewright rm -r`");
      }
    }
    Volume volume = image.volume();
    Places.at(target, () -> moveAll(volume, sources, target));
  }

  private void moveAll(Volume volume, List<Operand.InImage> sources, Operand.InImage target)
      throws IOException {
    Stat there = Places.statOrNull(volume, target.path(), true);
    boolean into = !exactTarget && !exchange && there != null && there.isDirectory();
    if (sources.size() > 1 && !into) {
      throw new CommandException(
          ExitCode.FAILED,
          target.text() + ": " + Errno.ENOTDIR.words() + " (ENOTDIR)",
          "several files are moved into a directory: make it with `pagewright mkdir`");
    }
    int flags = exchange ? RenameFlags.EXCHANGE : noClobber ? RenameFlags.NOREPLACE : 0;
    for (Operand.InImage source : sources) {
      String name = Places.nameOf(source.path());
      volume.rename(
          source.path(), into ? Places.in(target.path(), name) : target.path(), flags);
    }
  }
}
