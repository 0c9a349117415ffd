package org.pagewright.lab;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.Lab.Cell;
import org.pagewright.lab.Lab.Finding;
import org.pagewright.lab.Lab.Price;
import org.pagewright.lab.Lab.Result;
import org.pagewright.lab.kernel.Cost;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.scenario.Contender;
import org.pagewright.lab.scenario.Situation;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Verdict;

/// What a lab has found, as text for people.
public final class Report {
  private static final int WIDTH = 100;

  private Report() {}

  /// The claims, the table of designs and situations, and the costs.
  ///
  /// @param result what was found
  /// @return lines
  public static String text(Result result) {
    StringBuilder out = new StringBuilder();
    claims(result, out);
    out.append('\n');
    table(result, out);
    out.append('\n');
    prices(result.prices(), out);
    return out.toString();
  }

  /// How much was done in how long.
  ///
  /// @param result what was found
  /// @return a line
  public static String statistics(Result result) {
    double seconds = result.nanos() / 1e9;
    return String.format(
        Locale.ROOT,
        "%,d schedules of %,d steps in %.1f s: %,.0f schedules a second, %,.0f steps a second",
        result.schedules(),
        result.steps(),
        seconds,
        result.schedules() / seconds,
        result.steps() / seconds);
  }

  /// What became of one claim: the story of its failure, or what was covered without one.
  ///
  /// @param finding the claim and what was found
  /// @return lines
  public static String story(Finding finding) {
    Story story = Story.of(finding);
    if (story != null) {
      return story.text(WIDTH);
    }
    var claim = finding.claim();
    String first = claim.id() + ": " + claim.design().title() + "\n"
        + Story.wrap(Words.capital(claim.situation().words()) + ".", WIDTH, "") + "\n\n";
    String rule = claim.rule().isEmpty()
        ? ""
        : "\n" + Story.wrap(claim.rule() + ". " + Words.rule(claim.rule()), WIDTH, "") + "\n";
    return first + "=> ok: " + finding.found().coverage() + ".\n" + rule;
  }

  /// What became of the engine in the situation of a claim.
  ///
  /// @param engine what was found
  /// @return one line
  public static String engine(Exploration engine) {
    return "The engine in the same situation: "
        + words(engine.verdict())
        + ", "
        + engine.coverage()
        + ".\n";
  }

  /// A failure drawn.
  ///
  /// @param finding the claim and what was found
  /// @return an SVG image; null if there was no failure
  public static @Nullable String picture(Finding finding) {
    Story story = Story.of(finding);
    Counterexample failure = finding.found().failure();
    return story == null || failure == null ? null : Picture.svg(finding, story, failure);
  }

  /// A verdict in the words of the table.
  ///
  /// @param verdict what went wrong, or OK
  /// @return such as `LOST WRITE`, or `ok`
  public static String words(Verdict verdict) {
    return Words.of(verdict);
  }

  /// What a step is.
  ///
  /// @param step of a failing schedule
  /// @return a few words; empty if there is nothing to say of it
  public static String words(Step step) {
    return Story.words(step);
  }

  /// What a rule says.
  ///
  /// @param number such as `R-A1`
  /// @return one sentence
  public static String rule(String number) {
    return Words.rule(number);
  }

  private static void claims(Result result, StringBuilder out) {
    long held = result.findings().stream().filter(Finding::isAsClaimed).count();
    out.append(held).append(" of ").append(result.findings().size());
    out.append(" claims hold, with at most ").append(result.preemptions());
    out.append(" preemptions.\n");
    String family = "";
    for (Finding finding : result.findings()) {
      var claim = finding.claim();
      if (!claim.design().family().equals(family)) {
        family = claim.design().family();
        out.append('\n').append(family).append("  ").append(familyWords(finding)).append('\n');
      }
      String slip = claim.design().isVariant() ? claim.design().words() + ": " : "";
      String words = slip + claim.situation().words();
      String start =
          String.format("  %s  %-14s%-6s", claim.letter(), verdict(finding), claim.rule());
      List<String> parts = Story.wrapped(words, WIDTH - start.length());
      out.append(start).append(parts.getFirst()).append('\n');
      for (String part : parts.subList(1, parts.size())) {
        out.append(" ".repeat(start.length())).append(part).append('\n');
      }
      if (!finding.isAsClaimed()) {
        out.append("     claimed was ").append(Words.of(claim.claimed())).append("; ");
        out.append(finding.found().coverage()).append('\n');
      }
    }
  }

  private static String familyWords(Finding finding) {
    String title = finding.claim().design().title();
    int dots = title.indexOf(" ...");
    return dots < 0 ? title : title.substring(0, dots);
  }

  /// The verdict, with a star if it is an OK that is no proof.
  private static String verdict(Finding finding) {
    Exploration found = finding.found();
    boolean proof = found.verdict() != Verdict.OK || found.complete();
    return Words.of(found.verdict()) + (proof ? "" : "*");
  }

  private static void table(Result result, StringBuilder out) {
    out.append("Each design as it was meant, in each situation that its file system knows:\n\n");
    out.append(matrix(result)).append('\n');
    for (Situation situation : Situation.values()) {
      out.append(String.format("%3d  %s\n", situation.ordinal() + 1, situation.words()));
    }
  }

  /// A row for each design, a column for each situation, and what the letters mean.
  static String matrix(Result result) {
    StringBuilder out = new StringBuilder();
    StringBuilder tens = new StringBuilder(" ".repeat(8));
    StringBuilder ones = new StringBuilder(" ".repeat(8));
    for (int i = 1; i <= Situation.values().length; i++) {
      tens.append(' ').append(i % 10 == 0 ? String.valueOf(i / 10) : " ");
      ones.append(' ').append(i % 10);
    }
    out.append(tens.toString().stripTrailing()).append('\n').append(ones).append('\n');
    boolean star = false;
    for (Contender contender : Contender.ALL) {
      StringBuilder row = new StringBuilder(String.format("%-8s", contender.id()));
      for (Cell cell : result.cells()) {
        if (cell.contender() == contender) {
          Exploration found = cell.found();
          boolean open = found != null && found.verdict() == Verdict.OK && !found.complete();
          star |= open;
          row.append(' ');
          row.append(found == null ? ' ' : open ? '*' : Words.letter(found.verdict()));
        }
      }
      out.append(row.toString().stripTrailing()).append('\n');
    }
    out.append('\n');
    out.append("D deadlock  L livelock  S stale  U uninitialised  Z zeros  W lost write\n");
    out.append("C wrong count  K leak  E error  . ok  blank: nothing for it\n");
    if (star) {
      out.append("* no failure, but not every schedule was run: no proof\n");
    }
    return out.toString();
  }

  private static void prices(List<Price> prices, StringBuilder out) {
    out.append("What the sound ones cost: one write of ");
    out.append(Kernel.PAGE).append(" bytes, or ").append(Kernel.BLOCK).append(" for a part.\n\n");
    out.append("          bytes copied per byte     blocks read         locks    walks of the\n");
    out.append("          cold    part    warm      cold    part        taken    page table\n");
    for (Price price : prices) {
      out.append(
          String.format(
              Locale.ROOT,
              "%-9s %-7s %-7s %-9s %-7d %-11d %-8d %d%n",
              price.contender().id(),
              perByte(price.cold(), Kernel.PAGE),
              perByte(price.part(), Kernel.BLOCK),
              perByte(price.warm(), Kernel.PAGE),
              price.cold().blockReads(),
              price.part().blockReads(),
              price.locks(),
              price.warm().pageWalks()));
    }
  }

  static String perByte(Cost cost, int length) {
    return String.format(Locale.ROOT, "%.1f", (double) cost.bytesCopied() / length);
  }
}
