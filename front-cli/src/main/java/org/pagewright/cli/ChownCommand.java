package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.pagewright.cli.report.CommandException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Changes owner and group.
@Command(name = "chown", sortOptions = false, description = "Changes owner and group.")
final class ChownCommand extends Subcommand {
  private static final int KEEP = -1;

  @Option(
      names = {"-R", "--recursive"},
      description = "Directories with all that is in them; links themselves.")
  private boolean recursive;

  @Option(names = "--no-dereference", description = "A symbolic link itself.")
  private boolean linkItself;

  @Parameters(index = "0", paramLabel = "UID[:GID]", description = "Numbers; :GID for the group.")
  private String owner = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE:/PATH")
  private List<String> operands = List.of();

  @Override
  void run() throws IOException {
    int colon = owner.indexOf(':');
    int uid = number(colon < 0 ? owner : owner.substring(0, colon));
    int gid = number(colon < 0 ? "" : owner.substring(colon + 1));
    if (uid == KEEP && gid == KEEP) {
      throw CommandException.usage("`" + owner + "` is no owner", "write UID, UID:GID or :GID");
    }
    Recursion.overOperands(
        this,
        operands,
        recursive,
        (volume, path, found) -> volume.chown(path, uid, gid, found == null && !linkItself));
  }

  private static int number(String text) throws CommandException {
    if (text.isEmpty()) {
      return KEEP;
    }
    try {
      int id = Integer.parseUnsignedInt(text);
      if (id != KEEP) {
        return id;
      }
    } catch (NumberFormatException e) {
      throw noNumber(text);
    }
    throw noNumber(text);
  }

  private static CommandException noNumber(String text) {
    return CommandException.usage(
        "`" + text + "` is no number of a user or group",
        "write numbers: the host's names mean nothing in an image; see `id -u NAME`");
  }
}
