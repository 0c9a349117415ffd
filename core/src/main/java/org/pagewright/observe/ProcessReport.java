package org.pagewright.observe;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.stats.Count;
import org.pagewright.stats.DeviceStats;
import org.pagewright.stats.Histogram;

/// The numbers of all volumes that one process tells others of, and the text they are told in.
///
/// The text is lines of a key, a blank and a value, for people as well as for programs:
///
///     pagewright 1              the version of the format
///     pid 4711
///     started 1700000000000     when the process was, in milliseconds since 1970
///     nanos 81723412344         of this report, by a clock of the process
///     volume disk.img           all lines from here on are of this volume
///     mount /mnt
///     lookups 81234             counts since it was opened
///     reads 96:3,97:12          durations: buckets and their counts
///     ...
///     end                       the text is whole
///
/// Who reads it passes over keys that he does not know, and takes 0 for those that are missing.
///
/// @param pid number of the process
/// @param startedMillis when it was started, in milliseconds since 1970; 0 if that is not known
/// @param nanos when the report was made, by a clock that only differences are good of
/// @param volumes in the order in which they were opened
public record ProcessReport(
    long pid, long startedMillis, long nanos, List<VolumeReport> volumes) {
  /// Most volumes that a report tells of.
  public static final int VOLUMES_MAX = 256;

  private static final String FORMAT = "pagewright";
  private static final String VERSION = "1";
  private static final int NAME_MAX = 4096;

  /// The text.
  ///
  /// @return lines that end with a newline each
  public String text() {
    StringBuilder text = new StringBuilder(1024);
    line(text, FORMAT, VERSION);
    line(text, "pid", pid);
    line(text, "started", startedMillis);
    line(text, "nanos", nanos);
    for (VolumeReport v : volumes.subList(0, Math.min(VOLUMES_MAX, volumes.size()))) {
      line(text, "volume", escaped(v.name()));
      line(text, "mount", escaped(v.mountPoint()));
      line(text, "frames", v.frames());
      line(text, "framesUsed", v.framesUsed());
      line(text, "cacheDirty", v.cacheDirty());
      line(text, "dirtyBackground", v.dirtyBackground());
      line(text, "dirtyLimit", v.dirtyLimit());
      line(text, "dirty", v.dirty());
      line(text, "writeback", v.writeback());
      line(text, "written", v.written());
      line(text, "bandwidth", v.bandwidth());
      for (Count count : Count.values()) {
        line(text, count.key(), v.count(count));
      }
      DeviceStats.Snapshot device = v.device();
      line(text, "reads", device.reads().text());
      line(text, "writes", device.writes().text());
      line(text, "flushes", device.flushes().text());
      line(text, "bytesRead", device.bytesRead());
      line(text, "bytesWritten", device.bytesWritten());
      line(text, "failures", device.failures());
    }
    return text.append("end\n").toString();
  }

  private static void line(StringBuilder text, String key, long value) {
    text.append(key).append(' ').append(value).append('\n');
  }

  private static void line(StringBuilder text, String key, String value) {
    text.append(key).append(' ').append(value).append('\n');
  }

  private static String escaped(String name) {
    String shortened = name.length() <= NAME_MAX ? name : name.substring(0, NAME_MAX);
    return shortened.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
  }

  private static String unescaped(String text) {
    StringBuilder name = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        char escape = text.charAt(++i);
        c = escape == 'n' ? '\n' : escape == 'r' ? '\r' : escape;
      }
      name.append(c);
    }
    return name.toString();
  }

  /// Reads a text.
  ///
  /// @param text perhaps cut off, or of another program
  /// @return the report
  /// @throws IllegalArgumentException if it is no whole report of a version that is known
  public static ProcessReport parse(String text) {
    if (!text.startsWith(FORMAT + " " + VERSION + "\n") || !text.endsWith("\nend\n")) {
      throw new IllegalArgumentException("no whole report of version " + VERSION);
    }
    Map<String, String> process = new HashMap<>();
    Map<String, String> current = process;
    List<Map<String, String>> found = new ArrayList<>();
    for (String line : text.split("\n")) {
      int blank = line.indexOf(' ');
      String key = blank < 0 ? line : line.substring(0, blank);
      if (key.equals("volume")) {
        if (found.size() == VOLUMES_MAX) {
          throw new IllegalArgumentException("more than " + VOLUMES_MAX + " volumes");
        }
        current = new HashMap<>();
        found.add(current);
      }
      current.put(key, blank < 0 ? "" : line.substring(blank + 1));
    }
    List<VolumeReport> volumes = new ArrayList<>();
    for (Map<String, String> volume : found) {
      volumes.add(volume(volume));
    }
    return new ProcessReport(
        number(process, "pid"), number(process, "started"), number(process, "nanos"),
        List.copyOf(volumes));
  }

  private static VolumeReport volume(Map<String, String> lines) {
    long[] counts = new long[Count.values().length];
    for (Count count : Count.values()) {
      counts[count.ordinal()] = number(lines, count.key());
    }
    return new VolumeReport(
        unescaped(word(lines, "volume")),
        unescaped(word(lines, "mount")),
        small(lines, "frames"),
        small(lines, "framesUsed"),
        small(lines, "cacheDirty"),
        small(lines, "dirtyBackground"),
        small(lines, "dirtyLimit"),
        small(lines, "dirty"),
        small(lines, "writeback"),
        number(lines, "written"),
        number(lines, "bandwidth"),
        counts,
        new DeviceStats.Snapshot(
            Histogram.Snapshot.parse(word(lines, "reads")),
            Histogram.Snapshot.parse(word(lines, "writes")),
            Histogram.Snapshot.parse(word(lines, "flushes")),
            number(lines, "bytesRead"),
            number(lines, "bytesWritten"),
            number(lines, "failures")));
  }

  private static String word(Map<String, String> lines, String key) {
    return lines.getOrDefault(key, "");
  }

  private static long number(Map<String, String> lines, String key) {
    String word = word(lines, key);
    return word.isEmpty() ? 0 : Long.parseLong(word);
  }

  private static int small(Map<String, String> lines, String key) {
    return Math.clamp(number(lines, key), Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /// The report of one of the volumes, to compare with.
  ///
  /// @param like the same volume, of another moment
  /// @return null if it is not there
  public @Nullable VolumeReport find(VolumeReport like) {
    for (VolumeReport volume : volumes) {
      if (volume.name().equals(like.name()) && volume.mountPoint().equals(like.mountPoint())) {
        return volume;
      }
    }
    return null;
  }
}
