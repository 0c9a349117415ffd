package org.pagewright.sim.crash;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// Cuts the power at every moment of a run, and looks whether recovery keeps what was promised.
///
/// A run is recorded once; its states are overlays over its first image, so each costs what is in
/// doubt at that moment, and each content is opened once. A state that should not be is made
/// smaller (fewer operations, an earlier cut, fewer lost writes) and thrown as an [AssertionError]
/// that ends in the line for [#replay].
///
/// For one thread.
///
/// @param <O> an operation of a workload
/// @param <V> what can be seen of an image after recovery
public final class CrashExplorer<O, V> {
  private static final int SEEN_MAX = 20_000;

  private final CrashSubject<O, V> subject;
  private final CrashLimits limits;

  /// What was seen of each content, by its hash; of all runs, since they begin with the same image.
  private final Map<Long, V> seenByHash = new HashMap<>();

  /// The same of what a recovery left that was cut: opened, but not cut once more.
  private final Map<Long, V> seenAfterRecovery = new HashMap<>();

  // What the exploration in progress has done so far.
  private long runs;
  private long writes;
  private long flushes;
  private long states;
  private long recoveries;
  private long recoveryStates;
  private long judged;
  private long opinions;
  private long nanos;

  /// Explores one subject.
  ///
  /// @param subject what is explored
  /// @param limits how much of it
  public CrashExplorer(CrashSubject<O, V> subject, CrashLimits limits) {
    this.subject = subject;
    this.limits = limits;
  }

  /// A run that was recorded.
  private record Run<O, V>(
      List<O> operations, OverlayDevice start, Recording recording, CrashOracle<V> oracle) {}

  /// A run, and a state of it that should not be.
  private record Case<O, V>(Run<O, V> run, Finding finding, Cut cut) {}

  /// What was done since this explorer was made.
  ///
  /// @return counts
  public CrashReport report() {
    return new CrashReport(
        runs, writes, flushes, states, recoveries, recoveryStates, judged, opinions, nanos);
  }

  /// Runs a workload and tries the states that a cut could leave.
  ///
  /// @param operations the workload
  /// @param seed decides which samples are taken
  /// @throws FsException if the run fails without any cut
  /// @throws AssertionError if there is a state that should not be: the smallest that was found, as
  ///     a text with the line that replays it
  public void explore(List<O> operations, long seed) throws FsException {
    Case<O, V> found = attempt(operations, seed, limits);
    if (found != null) {
      throw told(withSmallerCut(withFewerOperations(found, seed)), seed);
    }
  }

  /// Tries one state again.
  ///
  /// @param line seed, operations and cut, as an error of [#explore] printed them
  /// @throws FsException if the run fails without any cut
  /// @throws AssertionError if the state is still one that should not be
  /// @throws IllegalArgumentException if it is no such line
  public void replay(String line) throws FsException {
    String[] words = line.strip().split(";");
    if (words.length != 3) {
      throw new IllegalArgumentException("not SEED;OPERATIONS;CUT: " + line);
    }
    long seed = Long.parseLong(words[0]);
    Cut cut = Cut.parse(words[2]);
    Run<O, V> run = record(subject.parse(words[1]));
    if (cut.at() > run.recording.events()) {
      // What is tested has changed and makes fewer requests: that very cut is no more.
      explore(run.operations, seed);
      return;
    }
    Finding finding = check(run, cut);
    if (finding != null) {
      throw told(new Case<>(run, finding, cut), seed);
    }
  }

  private AssertionError told(Case<O, V> found, long seed) {
    Run<O, V> run = found.run;
    String operations = subject.print(run.operations);
    return new AssertionError(
        found.finding.getMessage()
            + "\n  after: "
            + operations
            + "\n  power cut: "
            + found.cut
            + " of these events:\n"
            + run.recording.describe(found.cut.at()).indent(4)
            + "  replay: "
            + seed
            + ";"
            + operations
            + ";"
            + found.cut,
        found.finding.getCause());
  }

  // ---- Running ----------------------------------------------------------------------------------

  private Run<O, V> record(List<O> operations) throws FsException {
    OverlayDevice start = subject.start();
    RecordingDevice device = new RecordingDevice(subject.deviceOf(start.fork()));
    CrashOracle<V> oracle = subject.run(device, operations);
    Recording recording = device.recording();
    runs++;
    writes += recording.writes();
    flushes += recording.flushes();
    return new Run<>(List.copyOf(operations), start, recording, oracle);
  }

  private @Nullable Case<O, V> attempt(List<O> operations, long seed, CrashLimits much)
      throws FsException {
    Run<O, V> run = record(operations);
    if (seenByHash.size() + seenAfterRecovery.size() > SEEN_MAX) {
      seenByHash.clear();
      seenAfterRecovery.clear();
    }
    long before = System.nanoTime();
    try {
      Sweep.Probe<V> probe = new Outer(run.oracle, seed);
      new Sweep<>(run.recording, run.start, much, seed, seenByHash, probe).run();
      return null;
    } catch (Finding e) {
      Cut cut = e.cut();
      assert cut != null;
      return new Case<>(run, e, cut);
    } finally {
      nanos += System.nanoTime() - before;
    }
  }

  /// Opens states of the run and asks the oracle.
  private final class Outer extends Probe {
    private final CrashOracle<V> oracle;
    private final long seed;

    Outer(CrashOracle<V> oracle, long seed) {
      this.oracle = oracle;
      this.seed = seed;
    }

    @Override
    public V look(OverlayDevice image, long hash) throws Finding {
      states++;
      OverlayDevice recovered = image.fork();
      if (!chosen(hash, limits.recoveryEvery())) {
        V seen = open(recovered, "");
        ask(image, recovered, seen, hash);
        return seen;
      }
      RecordingDevice device = new RecordingDevice(recovered);
      V seen = open(device, "");
      ask(image, recovered, seen, hash);
      Recording recovery = device.recording();
      if (recovery.writes() > 0) {
        recoveries++;
        Sweep.Probe<V> inner = new Inner(seen);
        CrashLimits few = limits.ofRecovery();
        new Sweep<>(recovery, image, few, seed ^ hash, seenAfterRecovery, inner).run();
      }
      return seen;
    }

    @Override
    public void judge(V seen, int marks) throws Finding {
      judged++;
      String objection = oracle.objection(seen, marks);
      if (objection != null) {
        throw new Finding(objection, null, null);
      }
    }
  }

  /// Opens what is left by a recovery that was cut: recovery must come to the same end.
  private final class Inner extends Probe {
    private final V expected;

    Inner(V expected) {
      this.expected = expected;
    }

    @Override
    public V look(OverlayDevice image, long hash) throws Finding {
      recoveryStates++;
      return open(image.fork(), "after recovery was cut, ");
    }

    @Override
    public void judge(V seen, int marks) throws Finding {
      judged++;
      if (!seen.equals(expected)) {
        throw new Finding(differs(expected, seen), null, null);
      }
    }
  }

  private abstract class Probe implements Sweep.Probe<V> {
    @Override
    public final boolean mayTear(long pos, int length) {
      return subject.mayTear(pos, length);
    }
  }

  private static String differs(Object expected, Object seen) {
    return "recovery that was cut and begun anew shows something else:\n"
        + String.valueOf(expected).indent(4)
        + "  became\n"
        + String.valueOf(seen).indent(4);
  }

  private static boolean chosen(long hash, int every) {
    return every > 0 && Long.remainderUnsigned(hash * 0x9e37_79b9_7f4a_7c15L >>> 8, every) == 0;
  }

  private V open(org.pagewright.block.BlockDevice image, String when) throws Finding {
    try {
      return subject.open(image);
    } catch (Exception | AssertionError e) {
      throw new Finding(when + "the image cannot be opened: " + e, null, e);
    }
  }

  private void ask(OverlayDevice crashed, OverlayDevice recovered, V seen, long hash)
      throws Finding {
    if (chosen(hash + 1, limits.opinionEvery())) {
      opinions++;
      try {
        subject.secondOpinion(crashed, recovered, seen);
      } catch (IOException | AssertionError e) {
        throw new Finding("others object: " + e.getMessage(), null, e);
      }
    }
  }

  // ---- Making a case smaller --------------------------------------------------------------------

  /// Leaves out parts, from halves to single operations, as long as some state still should not be.
  private Case<O, V> withFewerOperations(Case<O, V> found, long seed) throws FsException {
    Case<O, V> best = found;
    int tries = 0;
    for (int part = Math.max(1, best.run.operations.size() / 2); part >= 1; part /= 2) {
      int from = 0;
      while (from < best.run.operations.size() && tries++ < limits.shrinksMax()) {
        List<O> all = best.run.operations;
        List<O> less = new ArrayList<>(all.subList(0, from));
        less.addAll(all.subList(Math.min(all.size(), from + part), all.size()));
        Case<O, V> smaller = less.isEmpty() ? null : attempt(less, seed, limits.thorough());
        if (smaller != null) {
          best = smaller;
        } else {
          from += part;
        }
      }
    }
    return best;
  }

  /// The sweep finds the earliest cut first; of that, losses that do not matter are taken back.
  private Case<O, V> withSmallerCut(Case<O, V> found) throws FsException {
    Case<O, V> best = found;
    List<Integer> ids = new ArrayList<>(found.cut.lost());
    ids.addAll(found.cut.torn().keySet());
    for (int id : ids) {
      Cut cut = best.cut.withWhole(id);
      Finding finding = check(best.run, cut);
      if (finding != null) {
        best = new Case<>(best.run, finding, cut);
      }
    }
    return best;
  }

  /// Looks at one state again.
  ///
  /// @return what is wrong with it, or null
  private @Nullable Finding check(Run<O, V> run, Cut cut) throws FsException {
    Medium medium = Medium.before(run.recording, run.start, cut.at());
    OverlayDevice image = medium.image(cut);
    try {
      OverlayDevice recovered = image.fork();
      RecordingDevice device = new RecordingDevice(recovered);
      V seen = open(device, "");
      if (limits.opinionEvery() > 0) {
        ask(image, recovered, seen, image.contentHash());
      }
      String objection = run.oracle.objection(seen, medium.marks());
      if (objection != null) {
        return new Finding(objection, null, null);
      }
      Cut then = cut.then();
      Recording recovery = device.recording();
      if (then != null && then.at() <= recovery.events()) {
        OverlayDevice again = Medium.before(recovery, image, then.at()).image(then).fork();
        V last = open(again, "after recovery was cut, ");
        return last.equals(seen) ? null : new Finding(differs(seen, last), null, null);
      }
      return null;
    } catch (Finding e) {
      return e;
    }
  }
}
