package org.pagewright.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Image;
import org.pagewright.cli.image.Images;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.image.Settings;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.Doctor;
import org.pagewright.fuse.FuseMount;
import org.pagewright.fuse.FuseOptions;
import org.pagewright.vfs.MountOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Mounts an image, and answers until it is unmounted.
@Command(
    name = "mount",
    sortOptions = false,
    description = "Mounts an image on a directory, and stays until it is unmounted.",
    footer = {
      "",
      "Options of -o: ro, noatime, relatime, strictatime, allow_other, nosuid, nodev, noexec,",
      "sync, dirsync, uid=, gid=, fsname=, writeback_cache, io_uring, local_locks, threads=,",
      "timeout_ms=, max_write=, patience=. default_permissions is always on. End it with",
      "`pagewright umount DIR`, Ctrl-C or SIGTERM: all three write everything to the image first."
    })
final class MountCommand extends Subcommand {
  /// What the child of `--background` says when the mount is there.
  private static final String READY = "pagewright: mounted";

  private static final long TURN_NANOS = 100_000_000L;

  /// The most memory for content that a mount takes by itself.
  private static final long CACHE_MAX = 4L << 30;

  /// The part of the machine's memory that it takes, one in so many.
  private static final long CACHE_PART = 8;

  @Option(
      names = "-o",
      paramLabel = "OPTION",
      description = "Mount options, separated by commas; may be given several times.")
  private List<String> options = List.of();

  @Option(names = "--trace", description = "Tell of every request on standard error.")
  private boolean trace;

  @Option(
      names = "--background",
      description = "Return when the mount is there; a process of its own goes on.")
  private boolean background;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description = "Where the process in the background tells of trouble. Default: nowhere.")
  private @Nullable Path logFile;

  @Option(names = "--in-child", hidden = true, description = "We are that process.")
  private boolean inChild;

  @Option(names = "--writeback-cache", description = "The same as -o writeback_cache.")
  private boolean writebackCache;

  @Option(
      names = "--doctor",
      description = "Look at what mounting needs on this host, and mount nothing.")
  private boolean doctor;

  @Option(
      names = "--rehearse",
      hidden = true,
      paramLabel = "ROUNDS",
      description = "Work on a volume as a mount does, without one.")
  private int rehearsal;

  @Parameters(
      arity = "0..2",
      paramLabel = "IMAGE DIR",
      hideParamSyntax = true,
      description = "The image, or IMAGE@1 for a partition of it, and the directory.")
  private List<String> operands = List.of();

  private boolean allGood = true;

  @Override
  void run() throws IOException {
    if (doctor) {
      examine();
      return;
    }
    if (rehearsal > 0 && operands.size() == 1) {
      FuseMount.rehearse(
          open(Operand.parseInImage(operands.get(0)), true).volume(), rehearsal);
      return;
    }
    if (operands.size() != 2) {
      throw CommandException.usage(
          "an image and a directory are needed", "write `pagewright mount disk.img /mnt`");
    }
    FuseOptions fuse = fuseOptions();
    if (background) {
      startChild();
    } else {
      serve(fuse);
    }
  }

  @Override
  ExitCode exitCode() {
    return allGood ? ExitCode.OK : ExitCode.FAILED;
  }

  private void examine() {
    for (Doctor.Finding finding : Doctor.examine()) {
      allGood &= finding.good();
      out().printf(
          "%-4s %-20s %s%n", finding.good() ? "ok" : "BAD", finding.what(), finding.found());
      if (!finding.next().isEmpty()) {
        out().println("       next: " + finding.next());
      }
    }
  }

  private FuseOptions fuseOptions() throws IOException {
    FuseOptions fuse = FuseOptions.DEFAULTS;
    try {
      for (String list : options) {
        fuse = fuse.with(list);
      }
      if (writebackCache) {
        fuse = fuse.with("writeback_cache");
      }
      return settings().readOnly() ? fuse.with("ro") : fuse;
    } catch (FsException e) {
      throw new CommandException(
          ExitCode.USAGE,
          String.valueOf(e.getMessage()),
          "see `pagewright mount --help` for those there are",
          e);
    }
  }

  // ---- In the foreground ------------------------------------------------------------------------

  private void serve(FuseOptions fuse) throws IOException {
    Operand.InImage operand = Operand.parseInImage(operands.get(0));
    Path target = Path.of(operands.get(1));
    MountOptions.Atime atime =
        fuse.noAtime()
            ? MountOptions.Atime.NEVER
            : fuse.strictAtime() ? MountOptions.Atime.STRICT : MountOptions.Atime.RELATIVE;
    if (inChild) {
      FuseMount.leaveTerminal();
    }
    Settings settings = root().settings(cacheDefault()).withAtime(atime);
    try (Images opened = new Images(settings)) {
      Image image = open(opened, operand, fuse);
      image.volume().superBlock().setTrouble((what, error) -> tell(what + ": " + error));
      root().cancellation().keepToTheEnd();
      try (FuseMount mount = mount(image, operand, target, fuse)) {
        FuseMount.tellReady();
        out().println(READY + " " + operand.imageName() + " on " + mount.target());
        out().flush();
        while (!mount.awaitEnd(TURN_NANOS)) {
          if (root().cancellation().isWanted()) {
            break;
          }
        }
        tellStopping();
      }
    }
  }

  private static Image open(Images images, Operand.InImage operand, FuseOptions fuse)
      throws IOException {
    try {
      return images.open(operand, !fuse.readOnly());
    } catch (CommandException e) {
      if (!fuse.readOnly()
          && e.getCause() instanceof FsException below
          && (below.errno() == Errno.EROFS
              || below.errno() == Errno.EACCES
              || below.errno() == Errno.EPERM)) {
        boolean marked = e.exitCode() == ExitCode.NO_FILE_SYSTEM;
        throw new CommandException(
            e.exitCode(),
            String.valueOf(e.getMessage()),
            "mount it with `-o ro` to read it, or "
                + (marked ? "do what is said for each feature" : e.next()),
            e);
      }
      throw e;
    }
  }

  /// A supervisor that cannot be told does not keep a mount from ending well.
  private void tellStopping() {
    try {
      FuseMount.tellStopping();
    } catch (FsException e) {
      tell(String.valueOf(e.getMessage()));
    }
  }

  /// A mount stays, and what programs write waits in its memory: a share of what is dirty at most,
  /// so that with little of it writers wait for the device. Frames are taken when they are needed.
  private static long cacheDefault() {
    long bytes = Pagewright.CACHE_DEFAULT;
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean machine) {
      bytes = Math.clamp(machine.getTotalMemorySize() / CACHE_PART, bytes, CACHE_MAX);
    }
    return bytes;
  }

  private FuseMount mount(Image image, Operand.InImage operand, Path target, FuseOptions fuse)
      throws IOException {
    int partition = operand.partition();
    String source = operand.image().toAbsolutePath() + (partition == 0 ? "" : "@" + partition);
    try {
      return FuseMount.mount(image.volume(), target, source, fuse, new Listening());
    } catch (FsException e) {
      throw new CommandException(
          ExitCode.of(e),
          e.getMessage() + " (" + e.errno() + ")",
          switch (e.errno()) {
            case ENOENT, ENOTDIR -> "make the directory first: mkdir " + target;
            case EBUSY -> "end what is there: pagewright umount " + target;
            default -> "see what `pagewright mount --doctor` says";
          },
          e);
    }
  }

  private void tell(String text) {
    err().println("pagewright mount: " + text);
    err().flush();
  }

  /// Tells on standard error.
  private final class Listening implements FuseMount.Listener {
    @Override
    public void trouble(String text) {
      tell(text);
    }

    @Override
    public boolean traces() {
      return trace;
    }

    @Override
    public void trace(String line) {
      err().println(line);
    }
  }

  // ---- In the background ------------------------------------------------------------------------

  /// A JVM cannot fork: the same command line is started again, and says when it is ready.
  private void startChild() throws IOException {
    List<String> command = new ArrayList<>();
    ProcessHandle.Info self = ProcessHandle.current().info();
    command.add(self.command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    for (String argument : spec().root().commandLine().getParseResult().originalArgs()) {
      if (!argument.equals("--background")) {
        command.add(argument);
      }
    }
    command.add("--in-child");
    ProcessBuilder builder = new ProcessBuilder(command);
    Path errors = logFile != null ? logFile : Files.createTempFile("pagewright-mount", ".log");
    builder.redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()));
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    Process child = builder.start();
    String line = null;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      line = reader.readLine();
    }
    boolean ready = line != null && line.startsWith(READY);
    String said = ready ? "" : Files.readString(errors).strip();
    if (logFile == null) {
      Files.deleteIfExists(errors); // the child goes on writing to it, for nobody
    }
    if (!ready) {
      throw failureOf(child, said);
    }
    out().println(line + ", process " + child.pid());
  }

  /// What the child said, as if it had been said here, and with the child's exit code.
  private CommandException failureOf(Process child, String said) {
    String mine = spec().qualifiedName() + ": ";
    String[] parts = said.split("\\R  next: ", 2);
    if (!said.startsWith(mine) || parts.length < 2) {
      return new CommandException(
          ExitCode.FAILED,
          said.isEmpty() ? "the process in the background ended" : said,
          "try it without --background");
    }
    ExitCode code = ExitCode.FAILED;
    try {
      int number = child.waitFor();
      for (ExitCode one : ExitCode.values()) {
        code = one.number() == number ? one : code;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new CommandException(code, parts[0].substring(mine.length()), parts[1]);
  }
}
