package org.pagewright.cli;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.cli.report.Json;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows what trees take on disk.
@Command(
    name = "du",
    sortOptions = false,
    description = "Shows what trees take on disk; a file with several names counts once.")
final class DuCommand extends Subcommand {
  private static final int SECTOR = 512;

  @Option(
      names = {"-s", "--summarize"},
      description = "Only the sum of each operand.")
  private boolean summarize;

  @Option(
      names = {"-a", "--all"},
      description = "Files too.")
  private boolean all;

  @Option(
      names = {"-B", "--bytes"},
      description = "Sizes in bytes.")
  private boolean inBytes;

  @Option(names = "--apparent-size", description = "Sizes of files, not what they take on disk.")
  private boolean apparent;

  @Option(names = "--json", description = "An array of objects.")
  private boolean asJson;

  @Parameters(arity = "1..*", paramLabel = "IMAGE[:/PATH]", description = "The trees.")
  private List<String> operands = List.of();

  private final Json json = new Json();
  private final Set<Long> counted = new HashSet<>();

  @Override
  void run() throws IOException {
    if (asJson) {
      json.array();
    }
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, false).volume();
          counted.clear();
          Places.at(operand, () -> sum(operand, volume, operand.path(), true));
        });
    if (asJson) {
      out().println(json.endArray().take());
    }
  }

  private long sum(Operand.InImage operand, Volume volume, String path, boolean top)
      throws IOException {
    root().cancellation().check();
    Stat stat = volume.lstat(path);
    if (!stat.isDirectory() && stat.nlink() > 1 && !counted.add(stat.ino())) {
      return 0;
    }
    long bytes = apparent ? stat.size() : stat.blocks() * SECTOR;
    if (stat.isDirectory()) {
      long[] inside = new long[1];
      tryAt(
          operand,
          path,
          () -> {
            for (DirEntry entry : volume.list(path)) {
              String file = Places.in(path, entry.name().toString());
              tryAt(operand, file, () -> inside[0] += sum(operand, volume, file, false));
            }
          });
      bytes += inside[0];
    }
    if (top || !summarize && (all || stat.isDirectory())) {
      if (asJson) {
        json.object().member("path", path).member("bytes", bytes).endObject();
        out().print(json.take());
      } else {
        String size = inBytes ? Long.toString(bytes) : ByteSize.format(bytes);
        out().println(size + "\t" + Listing.printable(path));
      }
    }
    return bytes;
  }
}
