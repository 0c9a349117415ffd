package org.pagewright.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.fuse.Mounts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Writes the program that `mount -t fuse.pagewright` and /etc/fstab call.
@Command(
    name = "install-mount-helper",
    sortOptions = false,
    description = {
      "Writes /sbin/mount.fuse.pagewright, so that `mount -t fuse.pagewright IMAGE DIR` works, and",
      "lines of /etc/fstab do."
    })
final class InstallMountHelperCommand extends Subcommand {
  private static final String MARK = "# Written by pagewright install-mount-helper.";

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = "/sbin",
      description = "Where to. Default: ${DEFAULT-VALUE}.")
  private Path dir = Path.of("/sbin");

  @Option(
      names = "--command",
      paramLabel = "FILE",
      description = "The pagewright command that the helper calls. Default: this one.")
  private @Nullable Path command;

  @Option(names = "--remove", description = "Take the helper away again.")
  private boolean remove;

  @Override
  void run() throws IOException {
    Path helper = dir.resolve("mount." + Mounts.TYPE);
    if (Files.exists(helper) && !Files.readString(helper).contains(MARK)) {
      throw new CommandException(
          ExitCode.FAILED, helper + ": is there, and not ours", "see what it is, and move it away");
    }
    if (remove) {
      Files.deleteIfExists(helper);
      return;
    }
    Path fresh = Files.createTempFile(dir, ".mount", ".new");
    try {
      Files.writeString(fresh, script(commandPath().toString()), StandardCharsets.UTF_8);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(fresh, helper, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
    out().println(helper + ": mount -t " + Mounts.TYPE + " IMAGE DIR");
  }

  private Path commandPath() throws CommandException {
    Path given = command;
    if (given == null) {
      String launcher = System.getProperty("pagewright.launcher");
      given = launcher == null ? null : Path.of(launcher);
    }
    if (given == null || !Files.isExecutable(given)) {
      throw CommandException.usage(
          "which command shall the helper call?", "give --command /path/to/pagewright");
    }
    return given.toAbsolutePath().normalize();
  }

  /// mount(8) calls: HELPER SOURCE DIR [-sfnv] [-N namespace] [-t type] [-o options].
  private static String script(String launcher) {
    return """
        #!/bin/sh
        %s
        set -eu
        image=$1
        dir=$2
        shift 2
        options=defaults
        while getopts sfnvN:t:o: flag; do
          case $flag in
            o) options=$OPTARG ;;
            f) exit 0 ;;
            *) ;;
          esac
        done
        exec '%s' mount --background -o "$options" "$image" "$dir"
        """
        .formatted(MARK, launcher.replace("'", "'\\\\''"));
  }
}
