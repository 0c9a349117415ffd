package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Operand;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes directories.
@Command(name = "mkdir", sortOptions = false, description = "Makes directories.")
final class MkdirCommand extends Subcommand {
  @Option(
      names = {"-p", "--parents"},
      description = "Those above it too; one that is there is no error.")
  private boolean parents;

  @Option(
      names = {"-m", "--mode"},
      paramLabel = "MODE",
      description = "Permissions, octal or symbolic. Default: 755.")
  private @Nullable String mode;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The new directories.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    String text = mode;
    ModeChange change = text == null ? null : ModeChange.parse(text);
    each(
        operands,
        operandText -> {
          Operand.InImage operand = Operand.parseInImage(operandText);
          Volume volume = open(operand, true).volume();
          Places.at(operand, () -> make(volume, operand.path(), change));
        });
  }

  private void make(Volume volume, String path, @Nullable ModeChange change) throws IOException {
    if (parents) {
      for (int end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
        makeUnlessThere(volume, path.substring(0, end));
      }
      if (!makeUnlessThere(volume, path)) {
        return;
      }
    } else {
      volume.mkdir(path, 0777);
    }
    if (change != null) {
      volume.chmod(path, change.apply(0777, true));
    }
  }

  private static boolean makeUnlessThere(Volume volume, String path) throws FsException {
    try {
      volume.mkdir(path, 0777);
      return true;
    } catch (FsException e) {
      Stat there = e.errno() == Errno.EEXIST ? volume.stat(path) : null;
      if (there == null) {
        throw e;
      }
      if (!there.isDirectory()) {
        throw new FsException(Errno.ENOTDIR, path, e);
      }
      return false;
    }
  }
}
