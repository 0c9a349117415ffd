package org.pagewright.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.Json;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Draws a directory with all that is in it.
@Command(
    name = "tree",
    sortOptions = false,
    description = "Draws a directory with all that is in it.")
final class TreeCommand extends Subcommand {
  @Option(
      names = {"-L", "--level"},
      paramLabel = "DEPTH",
      description = "At most so many levels.")
  private int levels = Integer.MAX_VALUE;

  @Option(
      names = {"-a", "--all"},
      description = "Names that begin with a dot too.")
  private boolean all;

  @Option(names = "-d", description = "Directories only.")
  private boolean directoriesOnly;

  @Option(names = "--json", description = "Objects in objects.")
  private boolean asJson;

  @Parameters(paramLabel = "IMAGE[:/PATH]", description = "The directory.")
  private String operandText = "";

  private final Json json = new Json();
  private long directories;
  private long files;

  @Override
  void run() throws IOException {
    Operand.InImage operand = Operand.parseInImage(operandText);
    Volume volume = open(operand, false).volume();
    Places.at(
        operand,
        () -> {
          Listing top = Listing.of(volume, operand.path(), operand.path());
          if (asJson) {
            top.members(json.object());
            children(operand, volume, operand.path(), "", 1);
            out().println(json.endObject().take());
          } else {
            out().println(operand.imageName() + ":" + top.nameText());
            children(operand, volume, operand.path(), "", 1);
            out().println();
            out().println(directories + " directories, " + files + " files");
          }
        });
  }

  private void children(
      Operand.InImage operand, Volume volume, String path, String indent, int level)
      throws IOException {
    root().cancellation().check();
    if (!volume.lstat(path).isDirectory()) {
      return;
    }
    List<Name> names = new ArrayList<>();
    tryAt(
        operand,
        path,
        () -> {
          for (DirEntry entry : volume.list(path)) {
            if (all || entry.name().byteAt(0) != '.') {
              names.add(entry.name());
            }
          }
        });
    names.sort(null);
    List<Listing> shown = new ArrayList<>(names.size());
    for (Name name : names) {
      String child = Places.in(path, name.toString());
      tryAt(
          operand,
          child,
          () -> {
            Listing file = Listing.of(volume, name.toString(), child);
            if (!directoriesOnly || file.stat().isDirectory()) {
              shown.add(file);
            }
          });
    }
    if (asJson) {
      json.name("children").array();
    }
    for (int i = 0; i < shown.size(); i++) {
      Listing file = shown.get(i);
      boolean last = i == shown.size() - 1;
      boolean directory = file.stat().type() == FileType.DIRECTORY;
      if (directory) {
        directories++;
      } else {
        files++;
      }
      if (asJson) {
        file.members(json.object());
      } else {
        out().println(indent + (last ? "`-- " : "|-- ") + file.nameText());
      }
      if (directory && level < levels) {
        String deeper = indent + (last ? "    " : "|   ");
        children(operand, volume, file.path(), deeper, level + 1);
      }
      if (asJson) {
        json.endObject();
        out().print(json.take());
      }
    }
    if (asJson) {
      json.endArray();
    }
  }
}
