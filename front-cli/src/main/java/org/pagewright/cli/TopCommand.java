package org.pagewright.cli;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.report.CommandException;
import org.pagewright.cli.report.ExitCode;
import org.pagewright.observe.ProcessReport;
import org.pagewright.observe.Reports;
import org.pagewright.observe.VolumeReport;
import org.pagewright.sync.WaitQueue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Shows what running volumes do.
@Command(
    name = "top",
    sortOptions = false,
    description = {
      "Shows what volumes do that are open in running processes: hit rate, dirty, write-out,",
      "throttled writers, evictions, faults, the device's latency. Rates are of the last interval;",
      "with --once, numbers are since the volume was opened."
    })
final class TopCommand extends Subcommand {
  private static final long STEP_NANOS = 100_000_000L;
  private static final double INTERVAL_MIN = 0.1;
  private static final double INTERVAL_MAX = 3600;

  @Option(names = "--once", description = "Once, and end.")
  private boolean once;

  @Option(names = "--stats-json", description = "A line of JSON each time, for programs.")
  private boolean asJson;

  @Option(
      names = {"-d", "--interval"},
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "Time from one look to the next. Default: ${DEFAULT-VALUE}.")
  private double interval;

  @Parameters(
      arity = "0..1",
      paramLabel = "DIR|PID",
      description = "A mounted directory, an open image, or a process. Default: all there are.")
  private @Nullable String operand;

  @Override
  void run() throws IOException {
    if (!(interval >= INTERVAL_MIN && interval <= INTERVAL_MAX)) {
      throw CommandException.usage(
          "--interval " + interval + " is out of range", "give 0.1 to 3600 seconds");
    }
    boolean redraws = !once && !asJson && root().showsProgress();
    List<ProcessReport> before = List.of();
    boolean first = true;
    while (true) {
      List<ProcessReport> now = look(first);
      if (now.isEmpty() && operand != null) {
        return; // it was there, and is no longer
      }
      show(now, before, first, redraws);
      if (once) {
        return;
      }
      if (!pause()) {
        return;
      }
      before = now;
      first = false;
    }
  }

  private void show(
      List<ProcessReport> now, List<ProcessReport> before, boolean first, boolean redraws) {
    if (asJson) {
      out().println(TopJson.of(now));
    } else {
      List<String> lines = TopScreen.lines(now, before);
      if (redraws) {
        // From the upper left corner; each line ends by clearing its rest, the last one what is
        // below.
        out().print(first ? "\u001b[2J\u001b[H" : "\u001b[H");
        for (String line : lines) {
          out().print(line + "\u001b[K\n");
        }
        out().print("\u001b[J");
      } else {
        lines.forEach(out()::println);
      }
    }
    out().flush();
  }

  /// Returns false if the work was cancelled.
  private boolean pause() {
    WaitQueue queue = new WaitQueue();
    WaitQueue.Waiter waiter = queue.enter(this);
    long start = System.nanoTime();
    long nanos = (long) (interval * 1e9);
    try {
      while (!root().cancellation().isWanted()) {
        long left = nanos - (System.nanoTime() - start);
        if (left <= 0) {
          return true;
        }
        waiter.park(Math.min(left, STEP_NANOS));
      }
      return false;
    } finally {
      queue.leave(waiter);
    }
  }

  // ---- What to look at --------------------------------------------------------------------------

  private List<ProcessReport> look(boolean first) throws IOException {
    String wanted = operand;
    if (wanted == null) {
      return Reports.all();
    }
    List<ProcessReport> found =
        wanted.matches("[0-9]{1,18}")
            ? ofProcess(Long.parseLong(wanted))
            : ofPlace(wanted, Reports.all());
    if (found.isEmpty() && first) {
      throw nothing(wanted);
    }
    return found;
  }

  private static List<ProcessReport> ofProcess(long pid) {
    ProcessReport report = Reports.of(pid);
    return report == null ? List.of() : List.of(report);
  }

  /// The volume that is mounted at a directory or above it, or lies in an image. The path is not
  /// looked up: the process that serves it may hang.
  private static List<ProcessReport> ofPlace(String text, List<ProcessReport> reports) {
    Path path = Path.of(text).toAbsolutePath().normalize();
    ProcessReport best = null;
    VolumeReport bestVolume = null;
    int bestDepth = -1;
    for (ProcessReport report : reports) {
      for (VolumeReport volume : report.volumes()) {
        boolean isImage = path.equals(placeOf(volume.name()));
        Path mountPoint = volume.mountPoint().isEmpty() ? null : placeOf(volume.mountPoint());
        boolean isAbove = mountPoint != null && path.startsWith(mountPoint);
        int depth =
            isImage ? Integer.MAX_VALUE : isAbove ? volume.mountPoint().length() : -1;
        if (depth > bestDepth) {
          best = report;
          bestVolume = volume;
          bestDepth = depth;
        }
      }
    }
    if (best == null || bestVolume == null) {
      return List.of();
    }
    List<VolumeReport> only = new ArrayList<>();
    only.add(bestVolume);
    return List.of(new ProcessReport(best.pid(), best.startedMillis(), best.nanos(), only));
  }

  /// What another process calls a place; null if nothing can be called so.
  private static @Nullable Path placeOf(String name) {
    try {
      return Path.of(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static CommandException nothing(String wanted) {
    boolean isPid = wanted.matches("[0-9]{1,18}");
    boolean lives = isPid && ProcessHandle.of(Long.parseLong(wanted)).isPresent();
    return new CommandException(
        ExitCode.FAILED,
        isPid
            ? "process " + wanted + (lives ? " tells of no volume" : " is not there")
            : wanted + ": no process tells of a volume there",
        "see all there are with `pagewright top --once`; those of others only root may see",
        null);
  }
}
