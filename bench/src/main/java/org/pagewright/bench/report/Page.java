package org.pagewright.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.bench.measure.Machine;
import org.pagewright.bench.measure.Results;
import org.pagewright.bench.measure.Row;
import org.pagewright.bench.measure.Rows;
import org.pagewright.bench.measure.Target;
import org.pagewright.bench.measure.Unit;

/// docs/benchmarks.md of results, and its pictures.
public final class Page {
  /// The page, in the folder of the documents.
  public static final String NAME = "benchmarks.md";

  /// The results that it tells, in the same folder.
  public static final String RESULTS = "benchmarks/results.json";

  /// More bytes than that for an operation are an allocation, unless it takes long; what is less is
  /// the harness's own.
  private static final double ALLOCATION = 0.5;

  /// More bytes than that a nanosecond likewise. The harness has some 350 a millisecond: so many
  /// were counted at operations of all lengths, from 0.1 to 110 microseconds.
  private static final double ALLOCATION_RATE = 0.0007;

  private final Results results;
  private final List<Row> rows;
  private final Map<String, String> reasons;
  private final Map<String, Results.RowResult> byId = new LinkedHashMap<>();
  private final Map<String, String> files = new LinkedHashMap<>();
  private final StringBuilder page = new StringBuilder();

  private Page(Results results, List<Row> rows, Map<String, String> reasons) {
    this.results = results;
    this.rows = rows;
    this.reasons = reasons;
    for (Results.RowResult row : results.rows()) {
      byId.put(row.id(), row);
    }
  }

  /// Makes the page and its pictures.
  ///
  /// @param results what was measured
  /// @return contents by file, relative to the folder of the documents
  public static Map<String, String> files(Results results) {
    return files(results, Rows.all(), Reasons.read());
  }

  static Map<String, String> files(
      Results results, List<Row> rows, Map<String, String> reasons) {
    return new Page(results, rows, reasons).make();
  }

  /// The targets and what became of them, for a terminal.
  ///
  /// @param results what was measured
  /// @return lines
  public static String summary(Results results) {
    StringBuilder text = new StringBuilder();
    Page page = new Page(results, Rows.all(), Map.of());
    for (Row row : page.measuredRows()) {
      Results.RowResult result = page.byId.get(row.id());
      text.append(row.id()).append(": ").append(row.question()).append('\n');
      if (result.status() != Results.Status.MEASURED) {
        text.append("    ").append(words(result.status(), result.reason())).append('\n');
        continue;
      }
      Results.Peer ours = result.peers().get(0);
      text.append(
          String.format(
              Locale.ROOT, "    %-34s %10s %s%n", ours.name(),
              Spread.number(Spread.of(ours.figures()).median()), row.unit().words()));
      for (Results.Peer peer : result.peers().subList(1, result.peers().size())) {
        Comparison comparison = new Comparison(row, ours, peer);
        text.append(
            comparison.isThere()
                ? String.format(
                    Locale.ROOT, "    %-34s %10s %s, %s: %s%n", peer.name(),
                    Spread.number(Spread.of(peer.figures()).median()), row.unit().words(),
                    Comparison.words(row.unit()), comparison.advantage())
                : "    " + peer.name() + ": " + words(peer.status(), peer.reason()) + "\n");
      }
      for (Target target : row.targets()) {
        Verdict verdict = Verdict.of(row, target, result);
        text.append("    target: ").append(verdict.asked()).append(": ").append(verdict.told());
        text.append(", met: ").append(verdict.mark().replace("*", "")).append('\n');
      }
    }
    return text.toString();
  }

  static Results.@Nullable Peer peer(Results.RowResult result, String name) {
    for (Results.Peer peer : result.peers()) {
      if (peer.name().equals(name)) {
        return peer;
      }
    }
    return null;
  }

  private static String words(Results.Status status, String reason) {
    return status.name().toLowerCase(Locale.ROOT) + ": " + reason;
  }

  /// The rows that the run asked for.
  private List<Row> measuredRows() {
    return rows.stream().filter(r -> byId.containsKey(r.id())).toList();
  }

  private Map<String, String> make() {
    head();
    targets();
    losses();
    for (Row.Group group : Row.Group.values()) {
      group(group);
    }
    allocation();
    missing();
    how();
    files.put(NAME, page.toString());
    return files;
  }

  private void line(String text) {
    page.append(text).append('\n');
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replaceAll("\\s+", " ").strip();
  }

  private void head() {
    Machine machine = results.machine();
    line("# Benchmarks");
    line("");
    line("This page is made by `./pagewright bench report` from [the figures of one run](" + RESULTS
        + ");");
    line(
        "a test compares the two. Ours stands beside each peer, "
            + "measured in the same run, in turns");
    line("of a fraction of a second. What counts is the ratio: a median over the rounds, and in");
    line(
        "brackets the least and the most. How it is done, and how to "
            + "do it on another machine, is");
    line("told [at the end](#how-it-is-measured).");
    line("");
    line("| | |");
    line("|---|---|");
    line("| run | " + results.mode() + ", " + machine.begin() + " to " + machine.end() + " |");
    line("| machine | " + cell(machine.cpu()) + ", " + machine.cores() + " cores, "
        + machine.memoryMib() + " MiB |");
    line("| kernel | " + cell(machine.kernel()) + ", disk " + machine.disk() + " |");
    line("| JVM | " + cell(machine.jvm()) + " |");
    line("| sources | " + machine.commit()
        + (machine.changed() ? ", and changes on top of it" : "") + " |");
    line("| load | " + machine.loadBegin() + " at the beginning, " + machine.loadEnd()
        + " at the end |");
    line("");
    if (!machine.wasQuiet()) {
      line(
          "The machine had other work when this run began: its figures "
              + "are worth little, its ratios");
      line("somewhat more.");
      line("");
    }
  }

  private void targets() {
    line("## Targets");
    line("");
    line("| row | what | target | measured | met |");
    line("|---|---|---|---|---|");
    int met = 0;
    int measured = 0;
    for (Row row : rows) {
      for (Target target : row.targets()) {
        Verdict verdict = Verdict.of(row, target, byId.get(row.id()));
        met += verdict.isMet() ? 1 : 0;
        measured += verdict.value() == null ? 0 : 1;
        line("| `" + row.id() + "` | " + cell(row.question()) + " | " + cell(verdict.asked())
            + " | " + cell(verdict.told()) + " | " + verdict.mark() + " |");
      }
    }
    line("");
    line(met + " of " + measured + " targets that were measured are met.");
    line("");
  }

  private void losses() {
    line("## Where we lose, and why");
    line("");
    List<String> lines = new ArrayList<>();
    for (Row row : rows) {
      for (Target target : row.targets()) {
        Verdict verdict = Verdict.of(row, target, byId.get(row.id()));
        if (verdict.isMissed()) {
          lines.add("| `" + row.id() + "` | " + cell(verdict.asked()) + " | "
              + cell(verdict.told()) + " | "
              + cell(reasons.getOrDefault(row.id(), "not known yet")) + " |");
        }
      }
    }
    if (lines.isEmpty()) {
      line("Every target that was measured is met.");
    } else {
      line("| row | target | measured | why |");
      line("|---|---|---|---|");
      lines.forEach(this::line);
    }
    line("");
  }

  private void group(Row.Group group) {
    List<Row> mine =
        measuredRows().stream()
            .filter(r -> r.group() == group)
            .filter(r -> byId.get(r.id()).status() == Results.Status.MEASURED)
            .toList();
    if (mine.isEmpty()) {
      return;
    }
    List<Comparison> all = new ArrayList<>();
    for (Row row : mine) {
      Results.RowResult result = byId.get(row.id());
      Results.Peer ours = result.peers().get(0);
      for (Results.Peer peer : result.peers().subList(1, result.peers().size())) {
        all.add(new Comparison(row, ours, peer));
      }
    }
    line("## " + group.title());
    line("");
    if (!group.note().isEmpty()) {
      line(group.note());
      line("");
    }
    List<Comparison> drawn = all.stream().filter(Comparison::isThere).toList();
    if (!drawn.isEmpty()) {
      String picture = "benchmarks/" + group.id() + ".svg";
      Unit unit = drawn.get(0).row().unit();
      String title = group.title() + ": " + Comparison.words(unit);
      files.put(picture, Plot.draw(title, drawn));
      line("![" + title + "](" + picture + ")");
      line("");
    }
    Unit unit = mine.get(0).unit();
    line("| row | what | ours | beside | theirs | " + Comparison.words(unit) + " |");
    line("|---|---|---|---|---|---|");
    for (Row row : mine) {
      Results.RowResult result = byId.get(row.id());
      Results.Peer ours = result.peers().get(0);
      String start = "| `" + row.id() + "` | " + cell(row.question()) + " | "
          + figure(row, ours) + " | ";
      List<Comparison> own = all.stream().filter(c -> c.row() == row).toList();
      if (own.isEmpty()) {
        line(start + " | | |");
      }
      for (Comparison each : own) {
        String limit =
            each.peer().name().equals(row.limit()) && group == Row.Group.CACHED
                ? " (the limit)"
                : "";
        line(start + cell(each.peer().name()) + limit + " | "
            + (each.isThere()
                ? figure(row, each.peer()) + " | " + each.advantage() + " |"
                : cell(words(each.peer().status(), each.peer().reason())) + " | |"));
        start = "| | | | ";
      }
    }
    line("");
  }

  private static String figure(Row row, Results.Peer peer) {
    return Spread.number(Spread.of(peer.figures()).median()) + " " + row.unit().words();
  }

  private void allocation() {
    List<String> lines = new ArrayList<>();
    for (Row row : measuredRows()) {
      Results.RowResult result = byId.get(row.id());
      if (result.status() != Results.Status.MEASURED || row.unit() != Unit.NANOS) {
        continue;
      }
      Results.Peer ours = result.peers().get(0);
      if (!ours.allocated().isEmpty()) {
        double bytes = Spread.of(ours.allocated()).median();
        double nanos = Spread.of(ours.figures()).median();
        boolean none = bytes < Math.max(ALLOCATION, nanos * ALLOCATION_RATE);
        lines.add("| `" + row.id() + "` | " + cell(row.question()) + " | "
            + Spread.number(bytes) + " | " + (none ? "yes" : "**no**") + " |");
      }
    }
    if (lines.isEmpty()) {
      return;
    }
    line("## Allocation");
    line("");
    line(
        "Bytes of heap an operation of ours, counted by the JVM over "
            + "whole iterations. The harness");
    line("allocates some 350 bytes a millisecond: less than twice that, or than half a byte an");
    line("operation, is nothing of ours.");
    line("");
    line("| row | what | bytes an operation | none |");
    line("|---|---|---|---|");
    lines.forEach(this::line);
    line("");
  }

  private void missing() {
    List<String> lines = new ArrayList<>();
    for (Row row : rows) {
      Results.RowResult result = byId.get(row.id());
      if (result == null) {
        lines.add("| `" + row.id() + "` | " + cell(row.question()) + " | not in this run |");
      } else if (result.status() != Results.Status.MEASURED) {
        lines.add("| `" + row.id() + "` | " + cell(row.question()) + " | "
            + cell(words(result.status(), result.reason())) + " |");
      }
    }
    if (lines.isEmpty()) {
      return;
    }
    line("## Not measured");
    line("");
    line("| row | what | why |");
    line("|---|---|---|");
    lines.forEach(this::line);
    line("");
  }

  private void how() {
    page.append(
        """
        ## How it is measured

        ```
        ./pagewright bench --quick
        ./pagewright bench --out mine.json
        ./pagewright bench report mine.json
        ```

        The first measures most targets, in under 5 minutes; the second everything, in under 30.
        `--list` lists the rows, `--rows 'read-*,build'` takes some of them, `--rounds N` \
        more rounds.
        Be alone on the machine. As root the kernel's ext4 takes part through a loop device; `fio`,
        `fuse2fs`, `mke2fs` and `debugfs` take part where they are installed. What cannot be had is
        skipped, with the reason.

        - Rows within the JVM are measured by JMH. Each peer has a process of its own, \
        with only its own
          code and profile; all are alive at once, and take turns of an iteration each, every second
          round backwards. So whatever else the machine does meets all of them alike.
        - Whole programs are timed from start to end, also in turns. What the kernel then \
        still owes to
          the disk is written between the turns.
        - Rounds at the beginning, in which code is compiled and memory touched first, are not kept;
          where hits or bytes are counted there are none.
        - Peers are in their best form: positions given, buffers made once, keys made once, values
          overwritten in place.
        - The policies that hits are compared with have as many pages as ours has frames; \
        what ours needs
          beside comes out of its own.

        One benchmark alone, with all options of JMH: `bench/run CachedIo -p size=4096 -prof gc`.
        """);
  }
}
