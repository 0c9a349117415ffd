package org.pagewright.sim.crash;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.pagewright.sim.crash.Recording.Event;
import org.pagewright.sim.crash.Recording.Kind;

/// Goes through a recording event by event and shows a probe the states that a cut could leave.
///
/// ```
///   write submitted   new states: it, with every subset of the others in doubt, or samples; and it
///                     torn
///   flush ended       states that lack what is certain now cannot be left any more
///   mark              all states that can still be left are judged anew
/// ```
///
/// So each state is judged when it first can be left, when least may be seen, and up to the last
/// moment, when most must be seen. Each content is opened once, by whichever sweep meets it first.
final class Sweep<V> {
  /// Looks at states and judges what was seen.
  interface Probe<V> {
    /// Opens an image.
    ///
    /// @throws Finding if it cannot be opened; of the cut only what follows the state's own
    V look(OverlayDevice image, long hash) throws Finding;

    /// Says whether a sight is legal.
    ///
    /// @throws Finding if it is not
    void judge(V seen, int marks) throws Finding;

    /// Whether a write may be there in part.
    boolean mayTear(long pos, int length);
  }

  /// Which of the writes in doubt are there, and which of these in part.
  private record State(BitSet there, int torn, BigInteger sectors) {
    static final int NONE = -1;

    static State of(BitSet there) {
      return new State(there, NONE, BigInteger.ZERO);
    }

    Map<Integer, BigInteger> tornMap() {
      return torn == NONE ? Map.of() : Map.of(torn, sectors);
    }
  }

  private final Recording recording;
  private final CrashLimits limits;
  private final OverlayDevice start;
  private final Probe<V> probe;
  private final SplittableRandom random;
  private final Medium medium;
  private final LinkedHashMap<State, V> live = new LinkedHashMap<>();
  private final Map<Long, V> seenByHash;
  private final Set<V> judgedNow = new HashSet<>();
  private double keep = 1;
  private int at;

  Sweep(
      Recording recording,
      OverlayDevice start,
      CrashLimits limits,
      long seed,
      Map<Long, V> seenByHash,
      Probe<V> probe) {
    this.recording = recording;
    this.start = start;
    this.limits = limits;
    this.probe = probe;
    this.seenByHash = seenByHash;
    this.random = new SplittableRandom(seed);
    this.medium = new Medium(recording, start);
  }

  void run() throws Finding {
    keep = Math.min(1, (double) limits.statesMax() / Math.max(1, estimate()));
    consider(State.of(new BitSet()));
    for (int i = 0; i < recording.events(); i++) {
      at = i + 1;
      Event event = recording.event(i);
      List<Integer> settled = medium.step(event);
      if (!settled.isEmpty()) {
        settle(settled);
      } else if (event.kind() == Kind.MARK) {
        judgedNow.clear();
        for (Map.Entry<State, V> e : live.entrySet()) {
          judge(e.getKey(), e.getValue());
        }
      } else if (event.kind() == Kind.SUBMIT && !recording.request(event.id()).flush()) {
        for (State state : statesOf(event.id())) {
          consider(state);
        }
      }
    }
  }

  /// The number of states that there would be without a bound.
  private long estimate() {
    Medium dry = new Medium(recording, start);
    long sum = 1;
    for (int i = 0; i < recording.events(); i++) {
      Event event = recording.event(i);
      dry.step(event);
      if (event.kind() == Kind.SUBMIT && !recording.request(event.id()).flush()) {
        int others = dry.pending().size() - 1;
        sum += others <= limits.subsetBits() ? 1L << others : 2L + 2L * limits.samples();
        sum += tears(event.id());
      }
    }
    return sum;
  }

  private void settle(List<Integer> settled) throws Finding {
    Map<State, V> before = new LinkedHashMap<>(live);
    live.clear();
    for (Map.Entry<State, V> e : before.entrySet()) {
      State state = e.getKey();
      boolean stays = true;
      BitSet there = (BitSet) state.there.clone();
      for (int id : settled) {
        stays &= there.get(id) && state.torn != id;
        there.clear(id);
      }
      if (stays) {
        live.put(new State(there, state.torn, state.sectors), e.getValue());
      }
    }
    consider(State.of(new BitSet()));
  }

  /// The states to try when a write has joined those in doubt.
  private List<State> statesOf(int id) {
    List<Integer> others = new ArrayList<>();
    BitSet all = new BitSet();
    for (Medium.Pending p : medium.pending()) {
      all.set(p.request.id());
      if (p.request.id() != id) {
        others.add(p.request.id());
      }
    }
    List<State> states = new ArrayList<>();
    states.add(State.of(all));
    if (others.size() <= limits.subsetBits()) {
      for (int subset = 0; subset < (1 << others.size()) - 1; subset++) {
        BitSet there = new BitSet();
        there.set(id);
        for (int i = 0; i < others.size(); i++) {
          there.set(others.get(i), (subset >> i & 1) != 0);
        }
        addSome(states, State.of(there));
      }
    } else {
      BitSet alone = new BitSet();
      alone.set(id);
      addSome(states, State.of(alone));
      for (int i = 0; i < limits.samples(); i++) {
        BitSet butOne = (BitSet) all.clone();
        butOne.clear(others.get(random.nextInt(others.size())));
        addSome(states, State.of(butOne));
        addSome(states, State.of(some(id, others)));
      }
    }
    int sectors = recording.request(id).sectors();
    for (int i = 0; i < tears(id); i++) {
      BitSet there = i == 0 || random.nextBoolean() ? all : some(id, others);
      addSome(states, new State(there, id, tear(sectors, i)));
    }
    return states;
  }

  private int tears(int id) {
    Recording.Request r = recording.request(id);
    return r.sectors() > 1 && probe.mayTear(r.pos(), r.bytes().length) ? limits.torn() : 0;
  }

  private void addSome(List<State> states, State state) {
    if (keep >= 1 || random.nextDouble() < keep) {
      states.add(state);
    }
  }

  private BitSet some(int id, List<Integer> others) {
    BitSet there = new BitSet();
    there.set(id);
    double share = 0.1 + 0.8 * random.nextDouble();
    for (int other : others) {
      there.set(other, random.nextDouble() < share);
    }
    return there;
  }

  /// Some of the sectors, neither none nor all: the first ones, the last ones, or any.
  private BigInteger tear(int sectors, int kind) {
    BigInteger all = BigInteger.ONE.shiftLeft(sectors).subtract(BigInteger.ONE);
    int first = 1 + random.nextInt(sectors - 1);
    BigInteger begin = BigInteger.ONE.shiftLeft(first).subtract(BigInteger.ONE);
    if (kind == 0) {
      return begin;
    }
    if (kind == 1) {
      return all.andNot(begin);
    }
    BigInteger any = BigInteger.ZERO;
    for (int i = 0; i < sectors; i++) {
      any = random.nextBoolean() ? any.setBit(i) : any;
    }
    return any.signum() == 0 || any.equals(all) ? begin : any;
  }

  private void consider(State state) throws Finding {
    if (live.containsKey(state)) {
      return;
    }
    OverlayDevice image = medium.image(state.there, state.tornMap());
    long hash = image.contentHash();
    V seen = seenByHash.get(hash);
    if (seen == null) {
      try {
        seen = probe.look(image, hash);
      } catch (Finding e) {
        throw e.at(cut(state));
      }
      seenByHash.put(hash, seen);
    }
    live.put(state, seen);
    judge(state, seen);
  }

  private void judge(State state, V seen) throws Finding {
    if (judgedNow.add(seen)) {
      try {
        probe.judge(seen, medium.marks());
      } catch (Finding e) {
        throw e.at(cut(state));
      }
    }
  }

  private Cut cut(State state) {
    TreeSet<Integer> lost = new TreeSet<>();
    for (Medium.Pending p : medium.pending()) {
      if (!state.there.get(p.request.id())) {
        lost.add(p.request.id());
      }
    }
    return new Cut(at, lost, new TreeMap<>(state.tornMap()), null);
  }
}
