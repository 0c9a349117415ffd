package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Removes files and directories.
@Command(name = "rm", sortOptions = false, description = "Removes files and directories.")
final class RmCommand extends Subcommand {
  @Option(
      names = {"-r", "-R", "--recursive"},
      description = "Directories with all that is in them.")
  private boolean recursive;

  @Option(names = {"-d", "--dir"}, description = "Empty directories too.")
  private boolean emptyDirectories;

  @Option(names = "-f", description = "What is not there is no error.")
  private boolean ignoreMissing;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "What to remove.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    each(operands, this::remove);
  }

  private void remove(String text) throws IOException {
    Operand.InImage operand = Operand.parseInImage(text);
    if (Places.nameOf(operand.path()).isEmpty()) {
      throw new CommandException(
          ExitCode.FAILED,
          text + ": the root cannot be removed: " + Errno.EBUSY.words() + " (EBUSY)",
          "give a path in it, such as " + operand.imageName() + ":/dir");
    }
    Volume volume = open(operand, true).volume();
    Places.at(operand, () -> remove(operand, volume, operand.path(), true));
  }

  /// @return whether it is gone; else what is in the way has been told of
  private boolean remove(Operand.InImage operand, Volume volume, String path, boolean top)
      throws IOException {
    root().cancellation().check();
    try {
      if (!volume.lstat(path).isDirectory()) {
        volume.unlink(path);
      } else if (recursive) {
        boolean empty = true;
        for (DirEntry entry : volume.list(path)) {
          empty &= removeInside(operand, volume, Places.in(path, entry.name().toString()));
        }
        if (!empty) {
          return false;
        }
        volume.rmdir(path);
      } else if (emptyDirectories) {
        volume.rmdir(path);
      } else {
        throw new CommandException(
            ExitCode.FAILED,
            operand.text() + ": " + Errno.EISDIR.words() + " (EISDIR)",
            "give -r to remove it with all that is in it");
      }
    } catch (FsException e) {
      if (!(top && ignoreMissing && e.errno() == Errno.ENOENT)) {
        throw e;
      }
    }
    return true;
  }

  private boolean removeInside(Operand.InImage operand, Volume volume, String path)
      throws IOException {
    boolean[] gone = new boolean[1];
    tryAt(operand, path, () -> gone[0] = remove(operand, volume, path, false));
    return gone[0];
  }
}
