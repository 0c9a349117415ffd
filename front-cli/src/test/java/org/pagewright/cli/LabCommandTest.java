package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The lab by way of the command line.
final class LabCommandTest {
  @TempDir Path dir;

  private static String refused(Object... args) {
    Shell.Result result = Shell.run(args);
    assertEquals(2, result.code(), result.err());
    assertEquals(2, result.err().lines().count(), result.err());
    return result.err();
  }

  @Test
  void theTableIsPrinted() {
    String out = Shell.ok("lab", "--stats").out();
    assertTrue(out.contains("claims hold, with at most 2 preemptions"), out);
    assertTrue(out.contains("\nENGINE "), out);
    assertTrue(out.contains("schedules a second"), out);
  }

  @Test
  void anObjectHasClaimsTableAndCosts() {
    String out = Shell.ok("lab", "--json").out();
    for (String part :
        new String[] {
          "\"id\":\"X0 b\"", "\"verdict\":\"LOST WRITE\"", "\"table\":[", "\"costs\":[",
          "\"situation\":\"CROSS\"", "\"cycle\":[{\"thread\":\"T1\""
        }) {
      assertTrue(out.contains(part), part);
    }
  }

  @Test
  void thePageAndItsPicturesAreWritten() throws IOException {
    Shell.ok("lab", "--doc", dir);
    assertTrue(Files.readString(dir.resolve("lab.md")).startsWith("# The lab"));
    assertTrue(Files.readString(dir.resolve("lab/X0-b.svg")).startsWith("<svg "));
  }

  @Test
  void oneFailureIsShownDrawnAndRunAgain() throws IOException {
    Path svg = dir.resolve("x.svg");
    String story = Shell.ok("lab", "show", "X0", "b", "--svg", svg, "--stats").out();
    assertTrue(Files.readString(svg).contains("</svg>"));
    assertTrue(story.contains("The engine in the same situation: ok, all schedules"), story);
    int at = story.indexOf("Schedule ") + "Schedule ".length();
    String schedule = story.substring(at, story.indexOf(',', at));
    String again = Shell.ok("lab", "show", "x0", "B", "--replay", schedule, "--json").out();
    assertTrue(again.contains("\"schedule\":\"" + schedule + "\""), again);
  }

  @Test
  void unknownNamesGetNearOnes() {
    assertTrue(refused("lab", "show", "Z0", "b").contains("did you mean X0"));
    assertTrue(refused("lab", "show", "X0", "z").contains("X0 a, X0 b"));
  }

  @Test
  void schedulesThatDoNotApplySayWhere() {
    assertTrue(refused("lab", "show", "X0", "a", "--replay", "a2b9").contains("step 3"));
    assertTrue(refused("lab", "show", "X0", "a", "--replay", "??").contains("malformed"));
  }

  @Test
  void boundsThatMakeNoSenseAreRefused() {
    refused("lab", "--preemptions", "-1");
    refused("lab", "show", "X0", "a", "--schedules", "0");
  }

  @Test
  void anExplorationThatMeetsItsBoundIsCalledNoProof() {
    Shell.Result result = Shell.run("lab", "--schedules", "5");
    assertEquals(1, result.code(), result.err());
    assertTrue(result.out().contains("no proof"), result.out());
  }
}
