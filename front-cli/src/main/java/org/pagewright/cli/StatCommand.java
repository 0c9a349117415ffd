package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.Json;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.FileMode;
import org.pagewright.vfs.FileType;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows all that is known of files.
@Command(name = "stat", sortOptions = false, description = "Shows all that is known of files.")
final class StatCommand extends Subcommand {
  @Option(names = {"-L", "--dereference"}, description = "Follow symbolic links.")
  private boolean follow;

  @Option(names = "--json", description = "An array of objects.")
  private boolean asJson;

  @Parameters(arity = "1..*", paramLabel = "IMAGE:/PATH", description = "The files.")
  private List<String> operands = List.of();

  private final Json json = new Json();

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
          Places.at(operand, () -> show(volume, operand));
        });
    if (asJson) {
      out().println(json.endArray().take());
    }
  }

  private void show(Volume volume, Operand.InImage operand) throws IOException {
    String path = operand.path();
    Stat stat = follow ? volume.stat(path) : volume.lstat(path);
    String target = stat.isSymlink() ? volume.readlink(path) : null;
    Listing file = new Listing(path, path, stat, target);
    List<Name> xattrs = volume.listXattrs(path, follow);
    if (asJson) {
      file.members(json.object());
      json.name("xattrs").array();
      for (Name name : xattrs) {
        json.value(name.toString());
      }
      json.endArray().endObject();
      return;
    }
    out().println("   path: " + operand.imageName() + ":" + file.nameText());
    out().println("   type: " + Listing.typeName(stat.type()));
    out().println("  inode: " + stat.ino() + ", generation "
        + Integer.toUnsignedString(stat.generation()));
    out().println("  links: " + stat.nlink());
    out().println("   mode: " + Listing.octal(stat.mode()) + " " + FileMode.toText(stat.mode()));
    out().println("  owner: " + Integer.toUnsignedString(stat.uid()) + ":"
        + Integer.toUnsignedString(stat.gid()));
    if (stat.type() == FileType.CHARACTER_DEVICE || stat.type() == FileType.BLOCK_DEVICE) {
      out().println(" device: " + DeviceNumber.major(stat.rdev()) + ", "
          + DeviceNumber.minor(stat.rdev()));
    } else {
      out().println("   size: " + stat.size() + " bytes in " + stat.blocks() * 512 + " on disk");
    }
    out().println(" access: " + Times.inFull(stat.atime()));
    out().println(" modify: " + Times.inFull(stat.mtime()));
    out().println(" change: " + Times.inFull(stat.ctime()));
    out().println("  birth: " + Times.inFull(stat.birthTime()));
    for (Name name : xattrs) {
      out().println("  xattr: " + Listing.printable(name.toString()));
    }
  }
}
