package org.pagewright.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.Json;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Lists directories.
@Command(
    name = "ls",
    sortOptions = false,
    description = "Lists directories. Owners are numbers and times are UTC.")
final class LsCommand extends Subcommand {
  @Option(names = "-l", description = "Mode, links, owner, group, size and time too.")
  private boolean withDetails;

  @Option(
      names = {"-R", "--recursive"},
      description = "Directories in directories too.")
  private boolean recursive;

  @Option(
      names = {"-a", "--all"},
      description = "Names that begin with a dot too.")
  private boolean all;

  @Option(
      names = {"-d", "--directory"},
      description = "A directory itself, not what is in it.")
  private boolean directoryItself;

  @Option(
      names = {"-i", "--inode"},
      description = "Inode numbers.")
  private boolean withInode;

  @Option(
      names = {"-H", "--human"},
      description = "Sizes with K, M and G.")
  private boolean human;

  @Option(names = "-t", description = "Newest first.")
  private boolean byTime;

  @Option(names = "-S", description = "Largest first.")
  private boolean bySize;

  @Option(
      names = {"-r", "--reverse"},
      description = "The other way round.")
  private boolean reverse;

  @Option(names = "--full-time", description = "Times to the nanosecond.")
  private boolean fullTime;

  @Option(names = "--json", description = "An array of objects.")
  private boolean asJson;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE[:/PATH]",
      description = "What to list; the root of an image without a path.")
  private List<String> operands = List.of();

  private final Json json = new Json();
  private boolean somethingPrinted;

  @Override
  void run() throws IOException {
    if (asJson) {
      json.array();
    }
    boolean headings = recursive || operands.size() > 1;
    each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = open(operand, false).volume();
          Places.at(operand, () -> list(volume, operand, headings));
        });
    if (asJson) {
      json.endArray();
      out().println(json.take());
    }
  }

  private void list(Volume volume, Operand.InImage operand, boolean headings) throws IOException {
    String path = operand.path();
    Stat stat = volume.lstat(path);
    boolean followed = stat.isSymlink() && !withDetails && !directoryItself;
    boolean isDirectory = followed ? volume.stat(path).isDirectory() : stat.isDirectory();
    if (isDirectory && !directoryItself) {
      listDirectory(volume, path, operand.imageName(), headings);
    } else {
      print(List.of(Listing.of(volume, path, path)));
    }
  }

  private void listDirectory(Volume volume, String path, String image, boolean heading)
      throws IOException {
    root().cancellation().check();
    List<Listing> files = entries(volume, path);
    if (heading && !asJson) {
      if (somethingPrinted) {
        out().println();
      }
      out().println(image + ":" + Listing.printable(path) + ":");
    }
    print(files);
    somethingPrinted = true;
    if (recursive) {
      for (Listing file : files) {
        if (file.stat().type() == FileType.DIRECTORY) {
          try {
            listDirectory(volume, file.path(), image, true);
          } catch (FsException e) {
            goOnAfter(CommandException.at(image, file.path(), e));
          }
        }
      }
    }
  }

  private List<Listing> entries(Volume volume, String path) throws FsException {
    List<Name> names = new ArrayList<>();
    for (DirEntry entry : volume.list(path)) {
      if (all || entry.name().byteAt(0) != '.') {
        names.add(entry.name());
      }
    }
    names.sort(null);
    List<Listing> files = new ArrayList<>(names.size());
    for (Name name : names) {
      String text = name.toString();
      files.add(Listing.of(volume, text, Places.in(path, text)));
    }
    if (byTime) {
      files.sort(Comparator.comparing((Listing f) -> f.stat().mtime()).reversed());
    } else if (bySize) {
      files.sort(Comparator.comparingLong((Listing f) -> f.stat().size()).reversed());
    }
    return reverse ? files.reversed() : files;
  }

  private void print(List<Listing> files) {
    Listing.Widths widths = new Listing.Widths();
    for (Listing file : files) {
      widths.include(file, human);
    }
    for (Listing file : files) {
      if (asJson) {
        file.members(json.object()).endObject();
        out().print(json.take());
      } else if (withDetails) {
        file.printLong(out(), widths, withInode, human, fullTime);
      } else {
        out().println((withInode ? file.stat().ino() + " " : "") + Listing.printable(file.name()));
      }
    }
  }
}
