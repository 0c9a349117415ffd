package org.pagewright.lab;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.Lab.Finding;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Wait;
import org.pagewright.sync.SchedulePoint.Kind;

/// A failure told step by step, one column for each thread.
final class Story {
  /// Steps that come again so often are told once.
  private static final int REPEATS_MIN = 3;

  /// One line: what a thread does.
  ///
  /// @param number of the step
  /// @param thread who; empty for a remark about all
  /// @param words what
  record Line(int number, String thread, String words) {}

  private final Finding finding;
  private final Counterexample failure;
  private final List<String> threads;
  private final List<Line> lines;

  Story(Finding finding, Counterexample failure) {
    this.finding = finding;
    this.failure = failure;
    Set<String> names = new LinkedHashSet<>();
    for (Step step : failure.steps()) {
      names.add(step.thread());
    }
    threads = names.stream().sorted().toList();
    lines = lines(failure.steps());
  }

  List<String> threads() {
    return threads;
  }

  List<Line> lines() {
    return lines;
  }

  /// What a step is, in a few words.
  static String words(Step step) {
    String subject = Words.plain(step.subject());
    Kind kind = step.kind();
    String act =
        kind == null
            ? ""
            : switch (kind) {
              case LOCK -> "locks " + subject;
              case LOCK_SHARED -> "locks " + subject + ", shared";
              case TRY_LOCK -> "tries to lock " + subject;
              case UNLOCK -> "has unlocked " + subject;
              case WAIT -> "waits for " + subject;
              case COPY -> step.notes().isEmpty() ? "copies from " + subject : "";
              case TRUNCATE -> "removes " + subject;
              case WRITEBACK_END -> "write-out of " + subject + " ends";
              case FAULT_IN -> step.notes().isEmpty() ? "faults on " + subject : "";
              case ACCESS -> step.notes().isEmpty() ? "accesses " + subject : "";
              default -> "";
            };
    List<String> parts = new ArrayList<>();
    if (!act.isEmpty()) {
      parts.add(act);
    }
    String last = "";
    for (String note : step.notes()) {
      String told = note.replaceAll(": 1 of 0 to 1$", "").replaceAll("(.*): 0 of 0 to 1$", "");
      if (!told.isEmpty() && !told.equals(last)) {
        parts.add(told);
        last = told;
      }
    }
    return String.join("; ", parts);
  }

  private static List<Line> lines(List<Step> steps) {
    List<Line> all = new ArrayList<>();
    for (Step step : steps) {
      String words = words(step);
      if (!words.isEmpty()) {
        all.add(new Line(step.number(), step.thread(), words));
      }
    }
    return folded(all);
  }

  /// Tells what comes again and again only once.
  private static List<Line> folded(List<Line> all) {
    for (int period = 1; period <= all.size() / REPEATS_MIN; period++) {
      for (int from = 0; from + period * REPEATS_MIN <= all.size(); from++) {
        int to = from + period;
        while (to < all.size() && same(all.get(to), all.get(to - period))) {
          to++;
        }
        int times = (to - from) / period;
        if (times >= REPEATS_MIN && period >= 3) {
          List<Line> folded = new ArrayList<>(all.subList(0, from + period));
          int last = from + times * period;
          folded.add(
              new Line(
                  all.get(last - 1).number(), "",
                  "... the same again, " + (times - 1) + " times more"));
          folded.addAll(all.subList(last, all.size()));
          return folded;
        }
      }
    }
    return all;
  }

  private static boolean same(Line a, Line b) {
    return a.thread().equals(b.thread()) && a.words().equals(b.words());
  }

  /// The story as text.
  ///
  /// @param width columns of the page
  String text(int width) {
    StringBuilder out = new StringBuilder();
    var claim = finding.claim();
    out.append(claim.id()).append(": ").append(claim.design().title()).append('\n');
    out.append(wrap(Words.capital(claim.situation().words()) + ".", width, "")).append('\n');
    int column = (width - 6) / threads.size();
    out.append("      ");
    for (String thread : threads) {
      out.append(pad(thread, column));
    }
    trim(out).append('\n');
    for (Line line : lines) {
      int at = Math.max(0, threads.indexOf(line.thread()));
      boolean first = true;
      for (String part : wrapped(line.words(), column - 2)) {
        out.append(first ? String.format("%4d  ", line.number()) : "      ");
        out.append(" ".repeat(at * column)).append(part).append('\n');
        first = false;
      }
    }
    out.append('\n');
    out.append("=> ").append(Words.of(failure.verdict())).append('\n');
    if (failure.cycle().isEmpty()) {
      out.append(wrap(Words.plain(failure.words()) + ".", width, "   ")).append('\n');
    } else {
      for (Wait wait : failure.cycle()) {
        out.append(wrap(Words.plain(wait.toString()) + ".", width, "   ")).append('\n');
      }
    }
    out.append('\n');
    if (!claim.rule().isEmpty()) {
      out.append(wrap(claim.rule() + " is broken. " + Words.rule(claim.rule()), width, ""));
      out.append("\n\n");
    }
    out.append("Schedule ").append(failure.schedule()).append(", ");
    out.append(measure(failure)).append(".\n");
    return out.toString();
  }

  /// How long a schedule is, and how often it interrupts.
  static String measure(Counterexample failure) {
    int steps = failure.steps().size();
    int preemptions = failure.preemptions();
    return steps + (steps == 1 ? " step, " : " steps, ")
        + preemptions + (preemptions == 1 ? " preemption" : " preemptions");
  }

  private static StringBuilder trim(StringBuilder out) {
    while (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
    return out;
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }

  static String wrap(String text, int width, String indent) {
    StringBuilder out = new StringBuilder();
    for (String part : wrapped(text, width - indent.length())) {
      out.append(out.isEmpty() ? "" : "\n").append(indent).append(part);
    }
    return out.toString();
  }

  /// Breaks a text at spaces.
  static List<String> wrapped(String text, int width) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (String word : text.split(" ")) {
      if (!part.isEmpty() && part.length() + 1 + word.length() > width) {
        parts.add(part.toString());
        part.setLength(0);
      }
      part.append(part.isEmpty() ? "" : " ").append(word);
    }
    parts.add(part.toString());
    return parts;
  }

  /// The story of a finding, or null if nothing failed.
  static @Nullable Story of(Finding finding) {
    Counterexample failure = finding.found().failure();
    return failure == null ? null : new Story(finding, failure);
  }
}
