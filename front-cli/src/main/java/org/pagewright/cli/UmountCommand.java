package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.Mounts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Ends a mount, also one whose server is dead or hangs.
@Command(
    name = "umount",
    sortOptions = false,
    description = "Ends a mount and waits until everything is on the image.")
final class UmountCommand extends Subcommand {
  @Option(
      names = {"-l", "--lazy"},
      description = "Take the name away now, the rest when nobody uses it any more.")
  private boolean lazy;

  @Option(
      names = {"-f", "--abort"},
      description = "End it though its server hangs: every request fails, nothing more is written.")
  private boolean abort;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "How long to wait for the server's end. Default: ${DEFAULT-VALUE}.")
  private long waitSeconds;

  @Parameters(paramLabel = "DIR", description = "Where it is mounted.")
  private String dir = "";

  @Override
  void run() throws IOException {
    Path target = Path.of(dir);
    Mounts.Entry entry = Mounts.at(target);
    if (entry == null || !entry.isOurs()) {
      throw new CommandException(
          ExitCode.FAILED,
          dir + (entry == null ? ": nothing is mounted there" : ": a mount of " + entry.type()),
          entry == null ? "see the mounts with `mount -t " + Mounts.TYPE + "`" : "umount " + dir);
    }
    @Nullable ProcessHandle server = Mounts.server(entry);
    if (abort) {
      Mounts.abort(entry);
    }
    unmount(target, abort || lazy || server == null && !Mounts.isServed(entry));
    if (server != null && !lazy) {
      awaitEnd(server);
    }
  }

  private void unmount(Path target, boolean now) throws CommandException {
    try {
      Mounts.unmount(target, now);
    } catch (FsException e) {
      if (e.errno() == Errno.EINVAL && abort) {
        return; // ending the connection took the mount away
      }
      throw new CommandException(
          ExitCode.of(e),
          e.getMessage() + " (" + e.errno() + ")",
          switch (e.errno()) {
            case EBUSY -> "close the files that are open there: fuser -vm " + dir + "; or --lazy";
            case EPERM -> "it is for whoever mounted it";
            default -> "see what `pagewright mount --doctor` says";
          },
          e);
    }
  }

  /// The kernel says that the mount is gone before the server has written everything.
  private void awaitEnd(ProcessHandle server) throws CommandException {
    long pid = server.pid();
    try {
      if (!Mounts.awaitEnd(server, TimeUnit.SECONDS.toNanos(waitSeconds))) {
        throw new CommandException(
            ExitCode.FAILED,
            dir + ": unmounted, but process " + pid + " has not closed the image yet",
            "wait for it, or see what it does: jstack " + pid);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
