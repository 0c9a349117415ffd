package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Makes space for files, or takes it away.
@Command(
    name = "fallocate",
    sortOptions = false,
    description = "Makes space for a range of a file, or changes what lies behind it.")
final class FallocateCommand extends Subcommand {
  @Option(
      names = {"-o", "--offset"},
      paramLabel = "BYTES",
      converter = Pagewright.SizeConverter.class,
      description = "Where the range begins. Default: 0.")
  private long offset;

  @Option(
      names = {"-l", "--length"},
      required = true,
      paramLabel = "BYTES",
      converter = Pagewright.SizeConverter.class,
      description = "How long it is.")
  private long length;

  @Option(
      names = {"-n", "--keep-size"},
      description = "Leave the size of the file.")
  private boolean keepSize;

  @Option(
      names = {"-p", "--punch-hole"},
      description = "Give the space of the range back.")
  private boolean punchHole;

  @Option(
      names = {"-z", "--zero-range"},
      description = "Make the range zeros that have space.")
  private boolean zeroRange;

  @Option(
      names = {"-c", "--collapse-range"},
      description = "Remove the range; what follows moves down.")
  private boolean collapse;

  @Option(
      names = {"-i", "--insert-range"},
      description = "Insert a hole; what follows moves up.")
  private boolean insert;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The files.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    int mode = mode();
    boolean creates = mode == 0 || mode == FallocateMode.KEEP_SIZE;
    int flags = OpenFlags.WRONLY | (creates ? OpenFlags.CREAT : 0);
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, true).volume();
          Places.at(
              operand,
              () -> {
                try (OpenFile file = volume.open(operand.path(), flags, 0666)) {
                  file.fallocate(mode, offset, length);
                }
              });
        });
  }

  private int mode() throws CommandException {
    int kinds =
        (punchHole ? 1 : 0) + (zeroRange ? 1 : 0) + (collapse ? 1 : 0) + (insert ? 1 : 0);
    if (kinds > 1) {
      throw CommandException.usage(
          "-p, -z, -c and -i exclude each other", "give one of them, or none to make space");
    }
    int mode = keepSize ? FallocateMode.KEEP_SIZE : 0;
    if (punchHole) {
      return FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE;
    }
    if (zeroRange) {
      return mode | FallocateMode.ZERO_RANGE;
    }
    return collapse
        ? FallocateMode.COLLAPSE_RANGE
        : insert ? FallocateMode.INSERT_RANGE : mode;
  }
}
