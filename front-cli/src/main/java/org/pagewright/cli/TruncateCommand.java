package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.CommandException;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Sets sizes.
@Command(
    name = "truncate",
    sortOptions = false,
    description = "Sets the size of files; what is added is a hole.")
final class TruncateCommand extends Subcommand {
  @Option(
      names = {"-s", "--size"},
      required = true,
      paramLabel = "[+-]SIZE",
      description = "The new size, or how much to add or take away.")
  private String size = "";

  @Option(
      names = {"-c", "--no-create"},
      description = "Make no file.")
  private boolean noCreate;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The files.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    boolean relative = size.startsWith("+") || size.startsWith("-");
    long bytes;
    try {
      bytes = ByteSize.parse(relative ? size.substring(1) : size);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(String.valueOf(e.getMessage()), "write --size 1M or +4K");
    }
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, true).volume();
          int flags = OpenFlags.WRONLY | (noCreate ? 0 : OpenFlags.CREAT);
          Places.at(
              operand,
              () -> {
                try (OpenFile file = volume.open(operand.path(), flags, 0666)) {
                  long old = relative ? file.size() : 0;
                  file.truncate(
                      Math.max(0, size.startsWith("-") ? old - bytes : Math.addExact(old, bytes)));
                } catch (ArithmeticException e) {
                  throw CommandException.usage(size + ": too large", "give a smaller size");
                }
              });
        });
  }
}
