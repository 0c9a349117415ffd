package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Looks for a shorter schedule with the same verdict: first fewer preemptions, then fewer steps,
/// then fewer surprises.
///
/// Fewer preemptions: all schedules with none, with one, and so on are tried, up to a bound on
/// their number. Fewer steps: schedules that leave out one turn of a thread, or the end of it, or
/// join two turns, followed as far as they make sense; as long as that gains something.
final class Shortener {
  private static final int SEARCH_MAX = 20_000;
  private static final int ATTEMPTS_MAX = 4_000;

  private final Run run;
  private final Program program;
  private final Verdict verdict;
  private Schedule best;
  private int preemptions;
  private int steps;
  private int attempts;

  Shortener(Run run, Program program, Verdict verdict, Schedule found, int preemptions, int steps) {
    this.run = run;
    this.program = program;
    this.verdict = verdict;
    this.best = found;
    this.preemptions = preemptions;
    this.steps = steps;
  }

  Schedule shorten() {
    search();
    boolean gained = true;
    while (gained && attempts < ATTEMPTS_MAX) {
      gained = false;
      for (Schedule candidate : candidates()) {
        if (attempts++ == ATTEMPTS_MAX) {
          break;
        }
        if (tryOut(new Guided(candidate, false))) {
          gained = true;
          break;
        }
      }
    }
    return best;
  }

  /// Runs one schedule and keeps it if it fails alike and is shorter.
  private boolean tryOut(Strategy strategy) {
    run.use(strategy);
    if (run.execute(program) != Run.End.FAILED) {
      return false;
    }
    Run.Trouble failure = run.failure();
    if (failure == null || failure.verdict() != verdict) {
      return false;
    }
    Schedule schedule = run.schedule();
    int surprises = surprises(schedule);
    int shorter = Integer.compare(run.preemptions(), preemptions);
    shorter = shorter != 0 ? shorter : Integer.compare(run.step(), steps);
    shorter = shorter != 0 ? shorter : Integer.compare(surprises, surprises(best));
    if (shorter >= 0) {
      return false;
    }
    best = schedule;
    preemptions = run.preemptions();
    steps = run.step();
    return true;
  }

  /// Choices that were not the usual one.
  private static int surprises(Schedule schedule) {
    int surprises = 0;
    for (int decision : schedule.decisions()) {
      surprises += decision < -1 ? 1 : 0;
    }
    return surprises;
  }

  private void search() {
    int tried = 0;
    for (int bound = 0; bound < preemptions; bound++) {
      Bounded strategy = new Bounded(bound, true);
      do {
        if (tryOut(strategy)) {
          return;
        }
        if (++tried == SEARCH_MAX) {
          return;
        }
      } while (strategy.again(run));
    }
  }

  /// One turn: steps of one thread in a row, with the choices in them.
  private record Turn(int from, int to) {}

  private List<Schedule> candidates() {
    int[] all = best.decisions();
    List<Turn> turns = new ArrayList<>();
    int from = 0;
    int thread = all.length == 0 ? -1 : all[0];
    for (int i = 0; i <= all.length; i++) {
      if (i == all.length || (all[i] >= 0 && all[i] != thread)) {
        turns.add(new Turn(from, i));
        from = i;
        thread = i == all.length ? -1 : all[i];
      }
    }
    List<Schedule> candidates = new ArrayList<>();
    for (int i = 0; i < turns.size(); i++) {
      Turn turn = turns.get(i);
      candidates.add(without(all, turn.from, turn.to, null));
      for (int k = i + 1; k < turns.size(); k++) {
        if (all[turns.get(k).from] == all[turn.from]) {
          candidates.add(without(all, turn.from, turn.to, turns.get(k)));
          candidates.add(joined(all, turn, turns.get(k)));
          break;
        }
      }
    }
    for (int i = 0; i < all.length; i++) {
      candidates.add(without(all, i, i + 1, null));
    }
    for (int i = 0; i < all.length; i++) {
      if (all[i] < -1) {
        int[] other = all.clone();
        other[i] = -1; // the unsurprising option
        candidates.add(new Schedule(other, -1));
      }
    }
    return candidates;
  }

  /// A schedule without some decisions; they are made right before a later turn, or never.
  private static Schedule without(int[] all, int from, int to, @Nullable Turn before) {
    IntList left = new IntList();
    for (int i = 0; i < all.length; i++) {
      if (before != null && i == before.from) {
        for (int k = from; k < to; k++) {
          left.add(all[k]);
        }
      }
      if (i < from || i >= to) {
        left.add(all[i]);
      }
    }
    return new Schedule(left.toArray(), -1);
  }

  /// A schedule in which a later turn follows an earlier one of the same thread at once.
  private static Schedule joined(int[] all, Turn early, Turn late) {
    IntList joined = new IntList();
    for (int i = 0; i < all.length; i++) {
      if (i == early.to) {
        for (int k = late.from; k < late.to; k++) {
          joined.add(all[k]);
        }
      }
      if (i < late.from || i >= late.to) {
        joined.add(all[i]);
      }
    }
    return new Schedule(joined.toArray(), -1);
  }
}
