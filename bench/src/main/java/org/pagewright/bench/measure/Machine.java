package org.pagewright.bench.measure;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.pagewright.bench.door.Doors;

/// On what was measured, and when.
///
/// @param begin when
/// @param end until when
/// @param cpu its name
/// @param cores processors that the JVM may use
/// @param memoryMib memory of the machine
/// @param kernel name and version
/// @param jvm name and version
/// @param disk the file system where files on a disk were made
/// @param commit of the sources
/// @param changed whether files differed from it
/// @param loadBegin load averages of 1, 5 and 15 minutes at the beginning
/// @param loadEnd and at the end
public record Machine(
    String begin,
    String end,
    String cpu,
    int cores,
    long memoryMib,
    String kernel,
    String jvm,
    String disk,
    String commit,
    boolean changed,
    String loadBegin,
    String loadEnd) {

  /// This machine, now.
  ///
  /// @param root of the sources
  /// @return without an end
  static Machine here(Path root) throws InterruptedException {
    long memory = 0;
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os) {
      memory = os.getTotalMemorySize() >> 20;
    }
    String load = load();
    return new Machine(
        now(),
        "",
        processor(),
        Runtime.getRuntime().availableProcessors(),
        memory,
        System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
            + System.getProperty("os.arch"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        diskType(),
        git(root, "rev-parse", "--short=12", "HEAD"),
        !git(root, "status", "--porcelain", "--untracked-files=no").isEmpty(),
        load,
        load);
  }

  /// Whether nobody else worked there when the run began.
  ///
  /// @return true, too, if the host does not tell
  public boolean wasQuiet() {
    try {
      return Double.parseDouble(loadBegin.split(" ")[0]) < cores * 0.75;
    } catch (NumberFormatException e) {
      return true;
    }
  }

  Machine ended() {
    return new Machine(
        begin, now(), cpu, cores, memoryMib, kernel, jvm, disk, commit, changed, loadBegin,
        load());
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String processor() {
    for (String line : text(Path.of("/proc/cpuinfo")).lines().toList()) {
      if (line.startsWith("model name")) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return System.getProperty("os.arch");
  }

  private static String diskType() {
    try {
      return Files.getFileStore(Doors.disk()).type();
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static String load() {
    String[] words = text(Path.of("/proc/loadavg")).split(" ");
    return words.length < 3 ? "" : words[0] + " " + words[1] + " " + words[2];
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static String git(Path root, String... words) throws InterruptedException {
    String[] command = new String[words.length + 3];
    command[0] = "git";
    command[1] = "-C";
    command[2] = root.toString();
    System.arraycopy(words, 0, command, 3, words.length);
    try {
      return Program.run(Deadline.inSeconds(20), command).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
