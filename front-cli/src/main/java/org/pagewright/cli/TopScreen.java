package org.pagewright.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pagewright.cache.AddressSpace;
import org.pagewright.cli.report.ByteSize;
import org.pagewright.observe.ProcessReport;
import org.pagewright.observe.VolumeReport;
import org.pagewright.stats.Count;
import org.pagewright.stats.Histogram;

/// Draws reports for a terminal: some lines for each volume.
final class TopScreen {
  private static final int WIDTH = 96;
  private static final String CELL = "%-22s";

  private final List<String> lines = new ArrayList<>();

  /// Seconds that the numbers are of; 0 if they are since the volume was opened.
  private final double seconds;

  private final VolumeReport now;

  private TopScreen(VolumeReport now, double seconds) {
    this.now = now;
    this.seconds = seconds;
  }

  /// Draws what happened between two looks.
  ///
  /// @param reports of now
  /// @param before those of the look before; numbers of volumes that are not in them are since they
  ///     were opened
  static List<String> lines(List<ProcessReport> reports, List<ProcessReport> before) {
    List<String> lines = new ArrayList<>();
    for (ProcessReport report : reports) {
      ProcessReport earlier = find(before, report);
      double seconds = earlier == null ? 0 : (report.nanos() - earlier.nanos()) / 1e9;
      for (VolumeReport volume : report.volumes()) {
        VolumeReport old = earlier == null ? null : earlier.find(volume);
        if (old != null && seconds <= 0) {
          continue; // no new report yet: nothing can be said
        }
        TopScreen screen = new TopScreen(volume.since(old), old == null ? 0 : seconds);
        screen.draw(report.pid());
        lines.addAll(screen.lines);
        lines.add("");
      }
    }
    if (reports.stream().allMatch(r -> r.volumes().isEmpty())) {
      lines.add("No volume is open in a process that tells of it.");
    }
    return lines;
  }

  private static @Nullable ProcessReport find(List<ProcessReport> reports, ProcessReport like) {
    for (ProcessReport report : reports) {
      if (report.pid() == like.pid() && report.startedMillis() == like.startedMillis()) {
        return report;
      }
    }
    return null;
  }

  private void draw(long pid) {
    String place = now.mountPoint().isEmpty() ? "" : " on " + now.mountPoint();
    String process = "process " + pid;
    String name = shown(now.name() + place);
    int room = WIDTH - process.length() - 2;
    if (name.length() > room) {
      name = "..." + name.substring(name.length() - room + 3);
    }
    lines.add(String.format(Locale.ROOT, "%-" + room + "s  %s", name, process));
    double hits = now.hitPercent();
    row(
        "reads",
        hits < 0 ? "no lookups" : String.format(Locale.ROOT, "%.1f %% hits", hits),
        rate(now.count(Count.LOOKUPS), "lookups"),
        rate(now.count(Count.MISSES), "misses"),
        rate(now.count(Count.READAHEAD), "readahead"));
    row(
        "cache",
        bytes(now.framesUsed()) + " of " + bytes(now.frames()),
        rate(now.count(Count.EVICTIONS), "evictions"),
        rate(now.count(Count.REFAULTS), "refaults"));
    if (now.dirtyLimit() > 0) {
      row(
          "dirty",
          bytes(now.dirty()) + " dirty",
          bytes(now.writeback()) + " write-out",
          bytes(now.cacheDirty()) + " of " + bytes(now.dirtyLimit()),
          bytes(now.bandwidth()) + "/s device takes");
      row(
          "writeback",
          ByteSize.format(perSecond(now.written() * AddressSpace.FOLIO_SIZE)) + unit("written"),
          rate(now.count(Count.WRITEBACK_PASSES), "passes"));
      row(
          "throttled",
          rate(now.count(Count.THROTTLES), "pauses"),
          waiting(now.count(Count.THROTTLED_NANOS)));
    }
    row(
        "faults",
        rate(now.count(Count.FAULTS), "faults"),
        rate(now.count(Count.FAULTS_MAJOR), "major"));
    long commits = now.count(Count.COMMITS);
    row(
        "journal",
        rate(commits, "commits"),
        commits == 0 ? "" : nanos(now.count(Count.COMMIT_NANOS) / commits) + " each");
    device("read", now.device().reads(), now.device().bytesRead());
    device("write", now.device().writes(), now.device().bytesWritten());
    device("flush", now.device().flushes(), -1);
    row(
        "errors",
        now.device().failures() + " requests failed",
        now.count(Count.ERRORS_TOLD) + " told to files");
  }

  private void device(String what, Histogram.Snapshot latency, long bytes) {
    long n = latency.count();
    row(
        what,
        rate(n, "requests"),
        bytes < 0 ? "" : ByteSize.format(perSecond(bytes)) + (seconds == 0 ? "" : "/s"),
        n == 0 ? "" : "p50 " + nanos(latency.percentile(50)),
        n == 0 ? "" : "p99 " + nanos(latency.percentile(99)));
  }

  private void row(String what, String... cells) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %-10s", what));
    for (String cell : cells) {
      line.append(String.format(Locale.ROOT, CELL, cell));
    }
    lines.add(line.toString().stripTrailing());
  }

  // ---- Numbers ----------------------------------------------------------------------------------

  private long perSecond(long n) {
    return seconds == 0 ? n : Math.round(n / seconds);
  }

  private String unit(String what) {
    return (seconds == 0 ? " " : "/s ") + what;
  }

  private String rate(long n, String what) {
    return count(perSecond(n)) + unit(what);
  }

  private String waiting(long nanos) {
    if (seconds == 0) {
      return nanos(nanos) + " waited";
    }
    return String.format(Locale.ROOT, "%.1f writers wait", nanos / 1e9 / seconds);
  }

  private static String count(long n) {
    if (n < 10_000) {
      return Long.toString(n);
    }
    return n < 10_000_000 ? n / 1000 + "k" : n / 1_000_000 + "m";
  }

  private static String bytes(long folios) {
    return ByteSize.format(folios * AddressSpace.FOLIO_SIZE);
  }

  /// A duration in three digits or so.
  static String nanos(long nanos) {
    if (nanos < 1000) {
      return nanos + " ns";
    }
    double value = nanos / 1e3;
    String unit = "us";
    if (value >= 1000) {
      value /= 1000;
      unit = "ms";
    }
    if (unit.equals("ms") && value >= 1000) {
      value /= 1000;
      unit = "s";
    }
    return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  }

  /// A name of another process may hold what a terminal would obey.
  private static String shown(String name) {
    StringBuilder shown = new StringBuilder();
    name.codePoints()
        .forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return shown.toString();
  }
}
