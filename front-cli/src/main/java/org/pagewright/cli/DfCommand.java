package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.Json;
import org.pagewright.vfs.StatFs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows how full images are.
@Command(name = "df", sortOptions = false, description = "Shows how full images are.")
final class DfCommand extends Subcommand {
  private static final String ROW = "%-24s %9s %9s %9s %5s %10s %10s%n";

  @Option(
      names = {"-B", "--bytes"},
      description = "Sizes in bytes.")
  private boolean inBytes;

  @Option(names = "--json", description = "An array of objects.")
  private boolean asJson;

  @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "The images.")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    Json json = new Json();
    if (asJson) {
      json.array();
    } else {
      out().printf(ROW, "Image", "Size", "Used", "Avail", "Use%", "Inodes", "IFree");
    }
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          StatFs fs = open(operand, false).volume().statfs();
          long unit = fs.blockSize();
          long used = (fs.blocks() - fs.blocksFree()) * unit;
          long available = fs.blocksAvailable() * unit;
          long percent = used + available == 0 ? 0 : -Math.floorDiv(-100 * used, used + available);
          if (asJson) {
            json.object().member("image", operand.imageName());
            json.member("size", fs.blocks() * unit).member("used", used);
            json.member("free", fs.blocksFree() * unit).member("available", available);
            json.member("percent", percent).member("inodes", fs.files());
            json.member("inodesFree", fs.filesFree()).member("blockSize", unit).endObject();
          } else {
            out().printf(
                ROW,
                operand.imageName(),
                size(fs.blocks() * unit),
                size(used),
                size(available),
                percent + "%",
                fs.files(),
                fs.filesFree());
          }
        });
    if (asJson) {
      out().println(json.endArray().take());
    }
  }

  private String size(long bytes) {
    return inBytes ? Long.toString(bytes) : ByteSize.format(bytes);
  }
}
