package org.pagewright.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Writes files to standard output.
@Command(name = "cat", sortOptions = false, description = "Writes files to standard output.")
final class CatCommand extends Subcommand {
  private static final int BUFFER = 256 << 10;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The files.")
  private List<String> files = List.of();

  @Override
  void run() throws IOException {
    OutputStream bytes = root().bytes();
    byte[] buffer = new byte[BUFFER];
    each(
        files,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, false).volume();
          Places.at(operand, () -> copy(volume, operand.path(), bytes, buffer));
        });
    bytes.flush();
  }

  private void copy(Volume volume, String path, OutputStream bytes, byte[] buffer)
      throws IOException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      int length;
      while ((length = file.read(buffer, 0, buffer.length)) > 0) {
        root().cancellation().check();
        bytes.write(buffer, 0, length);
      }
    }
  }
}
