package org.pagewright.cli;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Operand;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Sets times, making files that are not there.
@Command(
    name = "touch",
    sortOptions = false,
    description = "Sets times to the present, and makes files that are not there.")
final class TouchCommand extends Subcommand {
  @Option(names = "-a", description = "The access time only.")
  private boolean accessOnly;

  @Option(names = "-m", description = "The modification time only.")
  private boolean modificationOnly;

  @Option(
      names = {"-c", "--no-create"},
      description = "Make no file.")
  private boolean noCreate;

  @Option(
      names = {"-d", "--date"},
      paramLabel = "TIME",
      description = "This time: 2026-01-31, 2026-01-31T12:00:00Z, @SECONDS. Without zone: UTC.")
  private @Nullable String date;

  @Option(names = "--no-dereference", description = "A symbolic link itself.")
  private boolean linkItself;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The files.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    String text = date;
    Instant time = text == null ? Volume.NOW : Times.parse(text);
    Instant atime = modificationOnly && !accessOnly ? Volume.OMIT : time;
    Instant mtime = accessOnly && !modificationOnly ? Volume.OMIT : time;
    each(
        operands,
        operandText -> {
          Operand.InImage operand = Operand.parseInImage(operandText);
          Volume volume = open(operand, true).volume();
          Places.at(operand, () -> touch(volume, operand.path(), atime, mtime));
        });
  }

  private void touch(Volume volume, String path, Instant atime, Instant mtime)
      throws IOException {
    try {
      volume.utimens(path, atime, mtime, !linkItself);
    } catch (FsException e) {
      if (e.errno() != Errno.ENOENT) {
        throw e;
      }
      if (!noCreate) {
        volume.open(path, OpenFlags.WRONLY | OpenFlags.CREAT, 0666).close();
        volume.utimens(path, atime, mtime, true);
      }
    }
  }
}
