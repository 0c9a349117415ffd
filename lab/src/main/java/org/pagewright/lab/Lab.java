package org.pagewright.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.design.Design;
import org.pagewright.lab.kernel.Cost;
import org.pagewright.lab.scenario.Contender;
import org.pagewright.lab.scenario.Scenario;
import org.pagewright.lab.scenario.Situation;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;

/// Explores the claims about the designs, and every design in every situation.
///
/// One lab at a time in a JVM, which must have been started for it; see [Explorer].
public final class Lab {
  /// Preemptions that are tried unless told otherwise: none of the failures needs more.
  public static final int PREEMPTIONS = 2;

  /// Schedules of one program after which an exploration gives up, and says so.
  public static final long SCHEDULES_MAX = 200_000;

  private final int preemptions;
  private final long schedulesMax;

  /// A lab.
  ///
  /// @param preemptions how often a thread may be interrupted that could have gone on
  /// @param schedulesMax most schedules for one program
  public Lab(int preemptions, long schedulesMax) {
    this.preemptions = preemptions;
    this.schedulesMax = schedulesMax;
  }

  /// Whether the JVM was started so that the explorer can run.
  ///
  /// @return false if `-Dpagewright.explore=true` is missing
  public static boolean isReady() {
    return SchedulePoint.ENABLED;
  }

  /// A claim, and what came of it.
  ///
  /// @param claim the design, the situation, and what is claimed
  /// @param found what was found
  public record Finding(Scenario claim, Exploration found) {
    /// Whether the claim holds; an OK that is no proof does not.
    ///
    /// @return true if so
    public boolean isAsClaimed() {
      return found.verdict() == claim.claimed()
          && (found.verdict() != Verdict.OK || found.complete());
    }
  }

  /// A design in a situation.
  ///
  /// @param contender the design, or the engine
  /// @param situation what happens
  /// @param found what was found; null if the situation is nothing for it
  public record Cell(Contender contender, Situation situation, @Nullable Exploration found) {}

  /// What a sound design costs.
  ///
  /// @param contender the design, or the engine
  /// @param cold of a page that is not in memory, overwritten whole
  /// @param part of one, overwritten in the middle
  /// @param warm of a page that is in memory, overwritten whole
  /// @param locks locks taken for the last
  public record Price(Contender contender, Cost cold, Cost part, Cost warm, int locks) {}

  /// All that a lab finds out.
  ///
  /// @param preemptions the bound
  /// @param findings the claims
  /// @param cells the designs in the situations, design by design
  /// @param prices of the sound ones
  public record Result(
      int preemptions, List<Finding> findings, List<Cell> cells, List<Price> prices) {
    /// Schedules run.
    ///
    /// @return how many in all
    public long schedules() {
      long sum = 0;
      for (Exploration e : explorations()) {
        sum += e.schedules();
      }
      return sum;
    }

    /// Time spent on exploring.
    ///
    /// @return nanoseconds
    public long nanos() {
      long sum = 0;
      for (Exploration e : explorations()) {
        sum += e.nanos();
      }
      return sum;
    }

    /// Steps of all schedules.
    ///
    /// @return how many in all
    public long steps() {
      long sum = 0;
      for (Exploration e : explorations()) {
        sum += e.steps();
      }
      return sum;
    }

    private List<Exploration> explorations() {
      List<Exploration> all = new ArrayList<>();
      findings.forEach(f -> all.add(f.found()));
      for (Cell cell : cells) {
        Exploration found = cell.found();
        if (found != null) {
          all.add(found);
        }
      }
      return all;
    }

    /// Whether all claims hold.
    ///
    /// @return true if so
    public boolean isAsClaimed() {
      return findings.stream().allMatch(Finding::isAsClaimed);
    }
  }

  /// Is told how far the work has come.
  @FunctionalInterface
  public interface Watcher {
    /// One more program was explored.
    ///
    /// @param done how many so far
    /// @param total how many there are
    /// @throws IOException to stop
    void explored(int done, int total) throws IOException;
  }

  /// Explores everything.
  ///
  /// @param watcher is told how far it has come
  /// @return what was found
  /// @throws IOException the watcher's
  public Result run(Watcher watcher) throws IOException {
    int total = Scenario.ALL.size() + Contender.ALL.size() * Situation.values().length;
    int done = 0;
    List<Finding> findings = new ArrayList<>();
    for (Scenario claim : Scenario.ALL) {
      findings.add(explore(claim));
      watcher.explored(++done, total);
    }
    List<Cell> cells = new ArrayList<>();
    List<Price> prices = new ArrayList<>();
    for (Contender contender : Contender.ALL) {
      boolean sound = true;
      for (Situation situation : Situation.values()) {
        Exploration found =
            contender.fits(situation) ? explore(situation.program(contender.maker())) : null;
        cells.add(new Cell(contender, situation, found));
        sound &= found == null || found.verdict() == Verdict.OK || situation == Situation.EVICTOR;
        watcher.explored(++done, total);
      }
      if (sound) {
        prices.add(PriceTag.of(contender));
      }
    }
    return new Result(preemptions, findings, cells, prices);
  }

  /// Explores one claim.
  ///
  /// @param claim which
  /// @return what was found
  public Finding explore(Scenario claim) {
    return new Finding(claim, explore(claim.program()));
  }

  /// Explores the engine's own write path in a situation.
  ///
  /// @param situation what happens
  /// @return what was found; null if the situation is nothing for it
  public @Nullable Exploration engine(Situation situation) {
    Contender engine = Contender.ALL.getLast();
    return engine.fits(situation) ? explore(situation.program(engine.maker())) : null;
  }

  /// Runs one schedule of a claim.
  ///
  /// @param claim which
  /// @param schedule as a story printed it
  /// @return what came of it
  /// @throws org.pagewright.sim.explore.ScheduleException it cannot be read, or does not apply
  public Finding replay(Scenario claim, String schedule) {
    return new Finding(claim, Explorer.replay(schedule).explore(claim.program()));
  }

  private Exploration explore(Program program) {
    return Explorer.exhaustive(preemptions).withSchedules(schedulesMax).explore(program);
  }

  /// A name that no claim has.
  public static final class UnknownNameException extends Exception {
    private static final long serialVersionUID = 1;

    private final String[] near;

    private UnknownNameException(String message, List<String> near) {
      super(message);
      this.near = near.toArray(String[]::new);
    }

    /// What may have been meant.
    ///
    /// @return names, the nearest first
    public List<String> near() {
      return List.of(near);
    }
  }

  /// Finds a claim, or a design in a situation of which nothing is claimed.
  ///
  /// @param design such as `X0`
  /// @param letter such as `b`; or the number of a situation, as the table has it
  /// @return the claim; without a rule if it is none
  /// @throws UnknownNameException there is none
  public static Scenario find(String design, String letter) throws UnknownNameException {
    List<String> letters = new ArrayList<>();
    TreeMap<Integer, List<String>> near = new TreeMap<>();
    for (Scenario claim : Scenario.ALL) {
      String family = claim.design().family();
      if (family.equalsIgnoreCase(design)) {
        letters.add(claim.id());
        Scenario cell = cell(family, letter);
        if (cell != null) {
          return cell;
        }
        if (claim.letter().equalsIgnoreCase(letter)) {
          return claim;
        }
      }
      int distance = distance(family.toUpperCase(Locale.ROOT), design.toUpperCase(Locale.ROOT));
      List<String> same = near.computeIfAbsent(distance, d -> new ArrayList<>());
      if (!same.contains(family)) {
        same.add(family);
      }
    }
    if (!letters.isEmpty()) {
      throw new UnknownNameException("nothing is claimed of " + design + " as " + letter, letters);
    }
    throw new UnknownNameException(
        "no design is called " + design, near.isEmpty() ? List.of() : near.firstEntry().getValue());
  }

  /// The design as it was meant in the situation of a number; null if there is none, or if the
  /// design's file system knows nothing of it.
  private static @Nullable Scenario cell(String family, String number) {
    if (!number.matches("[1-9][0-9]?") || Integer.parseInt(number) > Situation.values().length) {
      return null;
    }
    Situation situation = Situation.values()[Integer.parseInt(number) - 1];
    for (Design design : Design.values()) {
      if (design.family().equals(family)
          && !design.isVariant()
          && design.knows().containsAll(situation.needs())) {
        return new Scenario(design, number, situation, Verdict.OK, "");
      }
    }
    return null;
  }

  /// Letters to change, put in or take out to make one word of the other.
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int corner = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        corner = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
