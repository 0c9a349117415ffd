package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.cli.report.ExitCode;

/// The user guide tells the truth: its commands run, in its order, and its table is the code's.
final class GuideTest {
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
  private static final List<String> FILES =
      List.of("disk.img", "empty.img", "old.img", "tree", "notes.txt", "out", "stale.svg");

  @TempDir Path dir;

  private static String guide() throws IOException {
    Path page = Path.of("docs/cli.md");
    return Files.readString(Files.exists(page) ? page : Path.of("..").resolve(page));
  }

  /// The words of a command line, with the files that it names in the test's folder.
  private Object[] words(String line) {
    List<Object> words = new ArrayList<>();
    Matcher m = WORD.matcher(line);
    while (m.find()) {
      String word = m.group(1) != null ? m.group(1) : m.group(2);
      boolean command = words.isEmpty();
      for (String file : FILES) {
        if (!command && (word.equals(file) || word.startsWith(file + ":"))) {
          word = dir.resolve(file) + word.substring(file.length());
          break;
        }
      }
      words.add(word);
    }
    return words.toArray();
  }

  @Test
  void everyCommandOfTheGuideRuns() throws IOException, InterruptedException {
    Files.createDirectories(dir.resolve("tree/docs"));
    Files.writeString(dir.resolve("tree/docs/guide.txt"), "read me");
    Files.writeString(dir.resolve("notes.txt"), "note");
    List<String> commands =
        guide().lines().filter(line -> line.startsWith("./pagewright ")).toList();
    assertTrue(commands.size() > 30, commands.size() + " commands");
    for (String line : commands) {
      Shell.Result result = Shell.run(words(line.substring("./pagewright ".length())));
      assertEquals(0, result.code(), () -> line + ": " + result.err());
      assertEquals("", result.err(), line);
    }
    assertEquals("read me", Files.readString(dir.resolve("out/guide.txt")));
    Shell.assertSound(dir.resolve("disk.img"));
    Shell.assertSound(dir.resolve("empty.img"));
  }

  @Test
  void theTableOfExitCodesIsTheOneInTheCode() throws IOException {
    String guide = guide();
    for (ExitCode code : ExitCode.values()) {
      String row = "| " + code.number() + " | " + code.words() + " |";
      assertTrue(guide.contains(row), row);
    }
  }

  @Test
  void everyCommandIsInTheGuide() throws IOException {
    String guide = guide();
    boolean listed = false;
    for (String line : Shell.ok("--help").lines()) {
      if (listed && line.startsWith("  ") && !line.startsWith("   ")) {
        String name = line.strip().split(" ")[0];
        assertTrue(guide.contains("./pagewright " + name + " ")
            || guide.contains("./pagewright " + name + "\n"), name);
      }
      listed |= line.startsWith("Commands:");
    }
    assertTrue(listed);
  }
}
