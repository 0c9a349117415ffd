package org.pagewright.lab;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.Lab.Finding;
import org.pagewright.lab.Lab.Price;
import org.pagewright.lab.Lab.Result;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.scenario.Situation;
import org.pagewright.sim.explore.Counterexample;

/// The document about the designs, docs/lab.md, and its pictures: made from one run, and the same
/// for each run, because it tells no times.
public final class Handbook {
  private static final int WIDTH = 104;
  private static final String SOURCES =
      "../lab/src/main/java/org/pagewright/lab/design/";

  private static final String INTRODUCTION =
      """
      # The lab: designs that were tried, and how each one fails

      This page is made by `./pagewright lab --doc docs`; a test compares it with what is found
      today.

      How do the bytes of a `write` get from a user's memory into the page cache? Between 2006 and
      today that question was answered some twenty times. Most of the answers were wrong, each in a
      way that took years to find, and each looked right. The lab builds every one of them as a
      small class over one small model of a page cache, and lets an explorer look for a schedule on
      which it fails. It is told no schedule. The engine's own write path is put into the same
      situations.

      ## How to read it

      The model has files F and G with pages P0 and P1; a page has four bytes and two blocks. Device
      blocks hold `S`, a secret of another file, until they are written; a frame holds `#` until it
      is filled. `uF0` is a mapping of F:P0 into the user's memory. A file's content is written as
      letters, a hole as dots. Threads T1 to T3 do one call or two each. The explorer runs every
      order of their steps in which a thread that could have gone on is interrupted (a preemption)
      at most twice, leaving out orders that are known to lead to the same; of a failing one it
      shows the shortest form that it can make.

      Judges stand at every step: each byte that is read must be an old value or one of a write in
      flight or done; nothing secret and nothing uninitialised may be seen; counts and sizes must
      agree with the content; no lock, no block and no promise may be left over; and all of it again
      after a remount.

      | verdict | means |
      |---|---|
      | DEADLOCK | threads wait for each other's locks in a circle |
      | LIVELOCK | the same rounds for ever, and not a byte |
      | STALE | bytes of another time, or of another file: what the block held before |
      | UNINITIALISED | bytes that the frame held before |
      | ZEROS | zeros where bytes had been, and nobody wrote them |
      | LOST WRITE | bytes that a call had accepted are gone |
      | WRONG COUNT | a count, or a size, that does not agree with the content |
      | LEAK | a lock, a block or a promise that nobody gives back |
      | ERROR | a crash |
      | ok | every schedule within the bound was run, and none fails |

      Rules are those of [RULES.md](RULES.md), and so are the founding texts S0 to S4. To see a
      failure as a story, or to draw it:

      ```
      ./pagewright lab
      ./pagewright lab show X0 b
      ./pagewright lab show X0 b --svg abba.svg
      ```

      In a picture time runs down. A bar is a lock, from where it is taken to where it is given
      back; those of a circle of waiting are red, and so is the arrow from who waits.

      ## The designs

      """;

  private Handbook() {}

  /// Makes the document.
  ///
  /// @param result what was found
  /// @return file names, relative to the folder of documents, and what they hold
  public static Map<String, String> files(Result result) {
    Map<String, String> files = new TreeMap<>();
    StringBuilder out = new StringBuilder();
    out.append(INTRODUCTION);
    for (Families.Family family : Families.ALL) {
      family(family, result, files, out);
    }
    table(result, out);
    prices(result, out);
    files.put("lab.md", out.toString());
    return files;
  }

  private static void family(
      Families.Family family, Result result, Map<String, String> files, StringBuilder out) {
    out.append("### ").append(family.id()).append(": ").append(family.title()).append("\n\n");
    paragraph(out, family.source() + ". " + family.claimed());
    paragraph(
        out,
        "Read [" + family.type() + "](" + SOURCES + family.type() + ".java). What was found:");
    out.append("| | verdict | what happens | rule | shortest schedule |\n|---|---|---|---|---|\n");
    Finding drawn = null;
    for (Finding finding : result.findings()) {
      var claim = finding.claim();
      if (!claim.design().family().equals(family.id())) {
        continue;
      }
      Counterexample failure = finding.found().failure();
      String slip = claim.design().isVariant() ? "*" + claim.design().words() + "*: " : "";
      out.append("| ").append(claim.letter()).append(" | ");
      out.append(Words.of(finding.found().verdict())).append(" | ");
      out.append(slip).append(claim.situation().words()).append(" | ");
      out.append(claim.rule()).append(" | ");
      out.append(
          failure == null
              ? "none fails"
              : Story.measure(failure));
      out.append(" |\n");
      if (failure != null && (drawn == null || isBetter(failure, drawn.found().failure()))) {
        drawn = finding;
      }
    }
    out.append('\n');
    if (drawn != null) {
      String id = drawn.claim().id();
      String name = "lab/" + id.replace("'", "-prime").replace(' ', '-') + ".svg";
      String picture = Report.picture(drawn);
      files.put(name, picture == null ? "" : picture);
      out.append("![").append(id).append(", drawn](").append(name).append(")\n\n");
      var claim = drawn.claim();
      paragraph(
          out,
          "The picture is " + id + ", which breaks " + claim.rule() + ": "
              + Words.rule(claim.rule()) + " In words: `./pagewright lab show "
              + quoted(family.id()) + " " + claim.letter() + "`.");
    }
  }

  /// A circle of waiting says more in a picture than anything else, and two threads more than one.
  private static boolean isBetter(Counterexample a, @Nullable Counterexample b) {
    return b == null || b.cycle().size() < 2 && a.cycle().size() > b.cycle().size();
  }

  private static String quoted(String id) {
    return id.endsWith("'") ? "\"" + id + "\"" : id;
  }

  private static void table(Result result, StringBuilder out) {
    Situation[] situations = Situation.values();
    out.append("## Every design in every situation\n\n");
    paragraph(
        out,
        "Each design as it was meant, and the engine, in each situation that its file system "
            + "knows, with at most " + result.preemptions() + " preemptions. A dot is an "
            + "exploration that ended and found nothing.");
    out.append("```\n").append(Report.matrix(result)).append("```\n\n");
    out.append("| | what happens |\n|---|---|\n");
    for (Situation situation : situations) {
      out.append("| ").append(situation.ordinal() + 1).append(" | ");
      out.append(situation.words()).append(" |\n");
    }
    out.append('\n');
    paragraph(
        out,
        "An L in column " + (Situation.EVICTOR.ordinal() + 1) + " is the one thing that most of "
            + "the sound designs have in common: whoever takes the source away before each copy "
            + "holds them up for ever (R-A14). Those that copy with faults allowed and nothing "
            + "locked, always or in the end, get on.");
  }

  private static void prices(Result result, StringBuilder out) {
    out.append("## What the sound ones cost\n\n");
    paragraph(
        out,
        "One write of a page of " + Kernel.PAGE + " bytes, or of " + Kernel.BLOCK
            + " in its middle (part), from a source in core, by one thread. Cold is a page that is "
            + "not in memory. Locks are those of a warm write.");
    out.append("| | copies per byte: cold | part | warm | blocks read: cold | part | locks ");
    out.append("| page table walks |\n|---|---|---|---|---|---|---|---|\n");
    for (Price price : result.prices()) {
      out.append("| ").append(price.contender().id()).append(" | ");
      out.append(Report.perByte(price.cold(), Kernel.PAGE)).append(" | ");
      out.append(Report.perByte(price.part(), Kernel.BLOCK)).append(" | ");
      out.append(Report.perByte(price.warm(), Kernel.PAGE)).append(" | ");
      out.append(price.cold().blockReads()).append(" | ");
      out.append(price.part().blockReads()).append(" | ");
      out.append(price.locks()).append(" | ");
      out.append(price.warm().pageWalks()).append(" |\n");
    }
    out.append('\n');
    paragraph(
        out,
        "Two copies of a part where others need one: the blocks that were brought in can be read "
            + "already, and a copy that may still be rejected goes to a buffer first (R-B9).");
    trimEnd(out);
  }

  private static void trimEnd(StringBuilder out) {
    while (out.charAt(out.length() - 1) == '\n' && out.charAt(out.length() - 2) == '\n') {
      out.setLength(out.length() - 1);
    }
  }

  private static void paragraph(StringBuilder out, String text) {
    out.append(Story.wrap(text, WIDTH, "")).append("\n\n");
  }
}
