package org.pagewright.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.bench.measure.Contest;
import org.pagewright.bench.measure.Effort;
import org.pagewright.bench.measure.Deadline;
import org.pagewright.bench.measure.Machine;
import org.pagewright.bench.measure.Results;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Rows;
import org.pagewright.bench.measure.Target;
import org.pagewright.bench.measure.Unit;

final class PageTest {
  private static final Machine MACHINE =
      new Machine(
          "2030-01-01T00:00:00Z", "2030-01-01T00:04:00Z", "a processor", 2, 4096, "a kernel",
          "a JVM", "ext4", "0123456789ab", false, "0.1 0.1 0.1", "1.0 0.5 0.2");

  @TempDir Path dir;

  private static Path docs() {
    Path here = Path.of("docs");
    return Files.isDirectory(here) ? here : Path.of("..").resolve(here);
  }

  private static final class Nothing implements Contest {
    @Override
    public List<String> peers(Effort effort) {
      return List.of("ours", "theirs");
    }

    @Override
    public List<Results.Peer> run(Effort effort, Deadline deadline) {
      return List.of();
    }
  }

  private static Row row(String id, Unit unit, Target target) {
    return new Row(
        id, Row.Group.CACHED, "How " + id + " is", unit, new Nothing(), "theirs",
        List.of(target), true);
  }

  private static Results.Peer peer(String name, Double... figures) {
    return new Results.Peer(
        name, Results.Status.MEASURED, "", List.of(figures), List.of(0.01, 0.02));
  }

  private static Results results(Results.RowResult... rows) {
    return new Results(Results.FORMAT, "quick", MACHINE, List.of(rows));
  }

  private static Results.RowResult measured(String id, Results.Peer... peers) {
    return new Results.RowResult(id, Results.Status.MEASURED, "", 1, List.of(peers));
  }

  @Test
  void theCommittedPageIsTheReportOfTheCommittedResults() throws IOException {
    Map<String, String> made = Page.files(Results.read(docs().resolve(Page.RESULTS)));
    for (Map.Entry<String, String> file : made.entrySet()) {
      assertEquals(
          file.getValue(),
          Files.readString(docs().resolve(file.getKey())),
          file.getKey() + " is old: ./pagewright bench report");
    }
    Set<String> there = new HashSet<>();
    try (Stream<Path> files = Files.list(docs().resolve("benchmarks"))) {
      files.forEach(f -> there.add("benchmarks/" + f.getFileName()));
    }
    there.remove(Page.RESULTS);
    there.removeAll(made.keySet());
    assertEquals(Set.of(), there, "pictures that the page does not show");
  }

  @Test
  void aTargetIsMetOrMissedByTheMedianAndAMissIsToldWithItsReason() {
    Row won = row("won", Unit.NANOS, new Target(Target.Kind.TIME_AT_MOST, "theirs", 1.2));
    Row lost = row("lost", Unit.NANOS, new Target(Target.Kind.SPEED_AT_LEAST, "theirs", 3));
    Map<String, String> files =
        Page.files(
            results(
                measured("won", peer("ours", 11.0, 14.0, 11.0), peer("theirs", 10.0, 10.0, 10.0)),
                measured("lost", peer("ours", 10.0, 5.0), peer("theirs", 20.0, 10.0))),
            List.of(won, lost),
            Map.of("lost", "Because of | gravity.", "won", "No word of this."));
    String page = files.get(Page.NAME);
    assertTrue(page.contains("1 of 2 targets that were measured are met"), page);
    assertTrue(page.contains("Because of \\| gravity."), page);
    assertFalse(page.contains("No word of this"), page);
    assertTrue(page.contains("at least 3 x the speed of theirs | 2.00 |"), page);
    assertTrue(page.contains("1.10 (1.10..1.40) | yes"), page);
    String picture = files.get("benchmarks/cached.svg");
    assertTrue(picture.contains("prefers-color-scheme: dark"), picture);
    assertTrue(picture.contains("beside theirs"), picture);
  }

  @Test
  void rowsAndPeersWithoutFiguresAreToldWithTheReason() {
    Row failed = row("failed", Unit.NANOS, new Target(Target.Kind.AT_MOST, "", 5));
    Row half = row("half", Unit.NANOS, new Target(Target.Kind.TIME_AT_MOST, "theirs", 2));
    Row absent = row("absent", Unit.NANOS, new Target(Target.Kind.AT_MOST, "", 5));
    Results.Peer without =
        new Results.Peer(
            "theirs", Results.Status.SKIPPED, "no such tool here", List.of(), List.of());
    String page =
        Page.files(
                results(
                    new Results.RowResult(
                        "failed", Results.Status.FAILED, "it broke", 1, List.of()),
                    measured("half", peer("ours", 1.0), without)),
                List.of(failed, half, absent),
                Map.of())
            .get(Page.NAME);
    assertTrue(page.contains("failed: it broke"), page);
    assertTrue(page.contains("skipped: no such tool here"), page);
    assertTrue(page.contains("How absent is | not in this run"), page);
    assertTrue(page.contains("0 of 0 targets"), page);
  }

  @Test
  void hitsAreHeldAgainstEachOtherByTheirDifference() {
    Row hits = row("hits", Unit.PERCENT, new Target(Target.Kind.BEHIND_AT_MOST, "theirs", 1));
    String page =
        Page.files(
                results(measured("hits", peer("ours", 80.5, 70.0), peer("theirs", 81.0, 70.7))),
                List.of(hits),
                Map.of())
            .get(Page.NAME);
    assertTrue(page.contains("at most 1 point behind theirs | 0.60 (0.50..0.70) | yes"), page);
    assertTrue(page.contains("| -0.60 (-0.70..-0.50) |"), page);
  }

  @Test
  void aTargetBesideEitherOfTwoIsMetBesideTheBetterOne() {
    Target either = new Target(Target.Kind.BEHIND_AT_MOST, List.of("theirs", "others"), 1);
    Row hits = row("hits", Unit.PERCENT, either);
    Results.Peer far = peer("theirs", 85.0);
    for (Results.Peer near :
        List.of(
            peer("others", 80.5),
            new Results.Peer(
                "others", Results.Status.SKIPPED, "no such tool here", List.of(), List.of()))) {
      boolean met = near.status() == Results.Status.MEASURED;
      String page =
          Page.files(
                  results(measured("hits", peer("ours", 80.0), far, near)),
                  List.of(hits),
                  Map.of())
              .get(Page.NAME);
      String told = met ? "0.50 | yes" : "5.00 | **no**";
      assertTrue(page.contains("at most 1 point behind theirs or others | " + told), page);
    }
  }

  @Test
  void resultsAreReadAsTheyWereWritten() throws IOException {
    Results results = results(measured("won", peer("ours", 1.0), peer("theirs", 2.5)));
    Path file = dir.resolve("results.json");
    Files.writeString(file, results.toJson());
    assertEquals(results, Results.read(file));
  }

  @Test
  void everyReasonIsOfARow() {
    Set<String> ids = Rows.all().stream().map(Row::id).collect(Collectors.toSet());
    for (String id : Reasons.read().keySet()) {
      assertTrue(ids.contains(id), "why.md tells of a row " + id + " that is not there");
    }
    assertEquals(
        Map.of("a", "one two", "b", "one two", "c", "three"),
        Reasons.parse("# Title\n\n## a, b\none\ntwo\n\n## c\n\nthree\n"));
  }
}
