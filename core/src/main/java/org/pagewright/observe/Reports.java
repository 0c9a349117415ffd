package org.pagewright.observe;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reports that processes of this host have published.
///
/// A file counts if it is named by the number of a process that lives, was started when the file
/// says, and belongs to the user that the file belongs to: else it was left behind, or somebody
/// pretends.
public final class Reports {
  /// Longer files are none of ours.
  private static final int BYTES_MAX = 8 << 20;

  /// Two looks at when a process was started may differ by as much.
  private static final long START_TOLERANCE_MILLIS = 2_000;

  private static final String PID = "[1-9][0-9]{0,18}";

  private Reports() {}

  /// All reports that this user may read.
  ///
  /// @return a new list, by number of the process
  public static List<ProcessReport> all() {
    List<ProcessReport> reports = new ArrayList<>();
    for (Path folder : RuntimeFolder.all()) {
      for (Path file : RuntimeFolder.list(folder, "[1-9]*")) {
        ProcessReport report = read(file);
        if (report != null && reports.stream().noneMatch(r -> r.pid() == report.pid())) {
          reports.add(report);
        }
      }
    }
    reports.sort(Comparator.comparingLong(ProcessReport::pid));
    return reports;
  }

  /// The report of a process.
  ///
  /// @param pid its number
  /// @return null if it has none, or none for this user
  public static @Nullable ProcessReport of(long pid) {
    for (Path folder : RuntimeFolder.all()) {
      ProcessReport report = read(folder.resolve(Long.toString(pid)));
      if (report != null) {
        return report;
      }
    }
    return null;
  }

  /// A report of a living process, or null.
  private static @Nullable ProcessReport read(Path file) {
    String name = file.getFileName().toString();
    if (!name.matches(PID) || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    ProcessHandle process = living(name);
    if (process == null) {
      return null;
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      byte[] bytes = in.readNBytes(BYTES_MAX);
      ProcessReport report = ProcessReport.parse(new String(bytes, StandardCharsets.UTF_8));
      return report.pid() == process.pid() && isOf(report, process, file) ? report : null;
    } catch (IOException | IllegalArgumentException e) {
      return null; // replaced, removed, not for us, or no report
    }
  }

  private static @Nullable ProcessHandle living(String pid) {
    try {
      return ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive).orElse(null);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean isOf(ProcessReport report, ProcessHandle process, Path file)
      throws IOException {
    long started = Published.startOf(process);
    if (started != 0
        && report.startedMillis() != 0
        && Math.abs(started - report.startedMillis()) > START_TOLERANCE_MILLIS) {
      return false; // another process has its number now
    }
    String user = process.info().user().orElse("");
    return user.isEmpty()
        || Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName().equals(user);
  }

  /// Removes what processes left behind that were killed.
  static void removeStale(Path folder) throws IOException {
    for (Path file : RuntimeFolder.list(folder, "[1-9]*")) {
      String name = file.getFileName().toString();
      String pid = name.endsWith(".new") ? name.substring(0, name.length() - 4) : name;
      if (pid.matches(PID) && living(pid) == null) {
        Files.deleteIfExists(file);
      }
    }
  }
}
