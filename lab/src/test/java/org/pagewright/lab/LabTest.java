package org.pagewright.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.pagewright.lab.Lab.Finding;
import org.pagewright.lab.Lab.Result;
import org.pagewright.lab.Lab.UnknownNameException;
import org.pagewright.lab.scenario.Scenario;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.ScheduleException;
import org.pagewright.sim.explore.Verdict;

/// What the lab finds as a whole, and how it tells it.
final class LabTest {
  private static @Nullable Result whole;

  private final Lab lab = new Lab(Lab.PREEMPTIONS, Lab.SCHEDULES_MAX);

  /// One run of everything, for the tests that look at it.
  private static Result whole() throws IOException {
    Result known = whole;
    if (known == null) {
      known = new Lab(Lab.PREEMPTIONS, Lab.SCHEDULES_MAX).run((done, total) -> {});
      whole = known;
    }
    return known;
  }

  private Finding found(String design, String letter) throws UnknownNameException {
    return lab.explore(Lab.find(design, letter));
  }

  private static Counterexample failure(Finding finding) {
    Counterexample failure = finding.found().failure();
    assertNotNull(failure, finding.claim().id());
    return failure;
  }

  private static Path docs() {
    Path here = Path.of("docs");
    return Files.isDirectory(here) ? here : Path.of("..").resolve(here);
  }

  @Test
  void allClaimsHold() throws IOException {
    assertTrue(whole().isAsClaimed(), Report.text(whole()));
  }

  @Test
  void theCommittedPageIsWhatIsFound() throws IOException {
    Map<String, String> made = Handbook.files(whole());
    for (Map.Entry<String, String> file : made.entrySet()) {
      assertEquals(
          file.getValue(),
          Files.readString(docs().resolve(file.getKey())),
          file.getKey() + " is old: ./pagewright lab --doc docs");
    }
    Set<String> pictures = new HashSet<>();
    try (Stream<Path> files = Files.list(docs().resolve("lab"))) {
      files.forEach(f -> pictures.add("lab/" + f.getFileName()));
    }
    pictures.removeAll(made.keySet());
    assertEquals(Set.of(), pictures, "pictures that the page does not show");
  }

  @Test
  void theTableHasARowForEachDesignAndTheEngine() throws IOException {
    String text = Report.text(whole());
    for (String row : List.of("\nX0 ", "\nX7' ", "\nX16 ", "\nENGINE ")) {
      assertTrue(text.contains(row), row);
    }
    assertFalse(text.contains("no proof"), text);
    assertTrue(text.lines().allMatch(line -> line.length() <= 110), text);
    String engine = text.lines().filter(l -> l.startsWith("ENGINE")).findFirst().orElseThrow();
    assertTrue(engine.matches("ENGINE[ .]+"), engine);
  }

  /// R-E4: the price of a second copy is on every write; of a first read, on every cold page.
  @Test
  void costsAreThoseOfTheDesigns() throws IOException {
    for (Lab.Price price : whole().prices()) {
      String id = price.contender().id();
      assertEquals(id.equals("X8") ? 8 : 4, price.warm().bytesCopied(), id);
      assertEquals(Set.of("X6", "X7'").contains(id) ? 2 : 0, price.cold().blockReads(), id);
      assertEquals(id.equals("X11") ? 1 : 0, price.warm().pageWalks(), id);
      assertTrue(price.locks() >= 2, id);
    }
  }

  @Test
  void aStoryHasAColumnForEachThreadAndEndsWithTheRule() throws UnknownNameException {
    String story = Report.story(found("X0", "b"));
    assertTrue(story.contains("      T1        "), story);
    assertTrue(story.contains("locks F:P0"), story);
    assertTrue(story.contains("=> DEADLOCK"), story);
    assertTrue(story.contains("wants G:P0, which T2 holds"), story);
    assertTrue(story.contains("R-A2 is broken."), story);
    assertTrue(story.lines().allMatch(line -> line.length() <= 100), story);
  }

  @Test
  void whatComesAgainAndAgainIsToldOnce() throws UnknownNameException {
    String story = Report.story(found("X2", "d"));
    assertTrue(story.contains("... the same again"), story);
    assertTrue(story.contains("=> LIVELOCK"), story);
  }

  @Test
  void aSoundDesignIsToldWithWhatWasCovered() throws UnknownNameException {
    String story = Report.story(found("X11", "a"));
    assertTrue(story.contains("=> ok: all schedules with at most 2 preemptions"), story);
    assertNull(Report.picture(found("X11", "a")));
  }

  @Test
  void everyFailureCanBeToldAndDrawn() throws IOException {
    for (Finding finding : whole().findings()) {
      assertTrue(Report.story(finding).contains(finding.claim().rule()));
      String picture = Report.picture(finding);
      assertEquals(finding.claim().claimed() == Verdict.OK, picture == null, finding.claim().id());
      if (picture != null) {
        assertWellFormed(picture);
      }
    }
  }

  /// Every element is closed, in order, and no text holds a bare mark.
  private static void assertWellFormed(String xml) {
    Deque<String> open = new ArrayDeque<>();
    Matcher tag = Pattern.compile("<(/?)(\\w+)([^<>]*?)(/?)>").matcher(xml);
    while (tag.find()) {
      if (!tag.group(1).isEmpty()) {
        assertEquals(open.pop(), tag.group(2), xml);
      } else if (tag.group(4).isEmpty()) {
        open.push(tag.group(2));
      }
    }
    assertTrue(open.isEmpty(), open.toString());
    String text = tag.replaceAll("");
    assertFalse(text.contains("<") || text.contains(">"), text);
    assertFalse(text.replaceAll("&(amp|lt|gt);", "").contains("&"), text);
  }

  @Test
  void aCircleOfWaitingIsRed() throws UnknownNameException {
    String picture = Report.picture(found("X0", "b"));
    assertNotNull(picture);
    assertTrue(picture.contains("wants G:P0"), picture);
    assertTrue(picture.contains("marker-end"), picture);
  }

  @Test
  void aFailingScheduleFailsAgain() throws UnknownNameException {
    for (String letter : List.of("a", "b", "c", "d")) {
      Finding first = found("X0", letter);
      Finding again = lab.replay(first.claim(), failure(first).schedule());
      assertEquals(Verdict.DEADLOCK, again.found().verdict());
      assertEquals(Report.story(first), Report.story(again));
    }
  }

  @Test
  void aScheduleThatDoesNotApplySaysAtWhichStep() throws UnknownNameException {
    Scenario one = Lab.find("X0", "a");
    String two = failure(found("X0", "b")).schedule();
    ScheduleException stale =
        assertThrows(ScheduleException.class, () -> lab.replay(one, two));
    assertTrue(stale.step() >= 1, stale.getMessage());
    ScheduleException malformed =
        assertThrows(ScheduleException.class, () -> lab.replay(one, "a3?b"));
    assertTrue(malformed.getMessage().contains("step"), malformed.getMessage());
  }

  @Test
  void aBoundThatIsMetIsNoProof() throws UnknownNameException {
    Finding cut = new Lab(2, 3).explore(Lab.find("X11", "a"));
    assertFalse(cut.isAsClaimed());
    assertTrue(cut.found().coverage().contains("no proof"), cut.found().coverage());
    assertTrue(Report.story(cut).contains("no proof"));
  }

  @Test
  void aFieldOfTheTableIsToldByItsNumber() throws UnknownNameException {
    String story = Report.story(found("X0", "29"));
    assertTrue(story.startsWith("X0 29: lock, prepare, copy, commit\nTwo writers"), story);
    assertTrue(story.contains("=> ok"), story);
    String failure = Report.story(found("X4", "20"));
    assertTrue(failure.contains("=> WRONG COUNT") && !failure.contains("is broken"), failure);
    assertThrows(UnknownNameException.class, () -> Lab.find("X0", "99"));
    assertThrows(UnknownNameException.class, () -> Lab.find("X15", "17"));
  }

  @Test
  void unknownNamesGetTheNearestOnes() {
    UnknownNameException design =
        assertThrows(UnknownNameException.class, () -> Lab.find("Y0", "a"));
    assertTrue(design.near().contains("X0"), design.near().toString());
    UnknownNameException letter =
        assertThrows(UnknownNameException.class, () -> Lab.find("x0", "q"));
    assertEquals(List.of("X0 a", "X0 b", "X0 c", "X0 d"), letter.near());
  }
}
