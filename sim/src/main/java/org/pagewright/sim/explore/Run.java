package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.SchedulePoint.Hold;
import org.pagewright.sync.SchedulePoint.Kind;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// Runs one schedule after the other: the machine under all strategies.
///
/// All logical threads and the decisions between their steps run on the one platform thread that
/// called [#execute]. A decision is made by the very thread that reaches a point; only if another
/// one is to go on does it yield, and the loop in [#execute] lets that one run.
///
///     execute      set the program, decide, loop: resume(next)
///     reach, park  end the step, decide; it is somebody else's turn: next = it, yield
///     perform      the body has ended: decide, and wait for the next schedule
///
/// A schedule that is cut short leaves threads in the middle of their code. They are told by an
/// [Unwind] thrown at the point where they stand, so that what is static is left in order.
final class Run implements Stage, SchedulePoint.Explorer {
  /// How a schedule ended.
  enum End {
    /// All threads ended and all checks passed.
    FINE,
    /// Something went wrong; see [#failure].
    FAILED,
    /// The strategy had seen enough.
    CUT,
    /// It was longer than allowed.
    TOO_LONG
  }

  /// What went wrong.
  record Trouble(
      Verdict verdict, String words, List<Wait> cycle, @Nullable Throwable thrown) {}

  /// Ends the code of a thread whose schedule is over.
  private static final class Unwind extends Error {
    private static final long serialVersionUID = 1;
    static final Unwind NOW = new Unwind();

    private Unwind() {
      super("the schedule is over", null, false, false);
    }
  }

  /// How often a thread whose schedule is over is told so before it is left where it is.
  private static final int UNWINDS_MAX = 1000;

  /// Steps of one thread in a row, while others could run, after which another one must: a thread
  /// may spin until somebody else does something.
  private static final int FAIR_STEPS = 1000;

  /// Waits of daemons that run out of time in a row until it is said that nothing happens any more.
  private static final int IDLE_MAX = 50;

  private static final int NOBODY = -1;

  /// Stands for the kind of a step that began at no point.
  private static final int NO_KIND = 31;

  private final Thread owner = Thread.currentThread();
  private final int stepsMax;
  private final int repeats;
  private final boolean locksAtomic;
  private final boolean timeoutsChosen;

  // The program, as it was set for this schedule.
  private final List<Logical> threads = new ArrayList<>();
  private final List<Worker> free = new ArrayList<>();
  private final List<Body> ends = new ArrayList<>();
  private final List<Body> invariants = new ArrayList<>();
  private final List<AutoCloseable> resources = new ArrayList<>();
  private final Map<Object, String> given = new IdentityHashMap<>();
  private @Nullable LongSupplier hash;
  private boolean setting;

  // The schedule under way.
  private Strategy strategy;
  private @Nullable Logical running; // null while a decision or a check is made
  private @Nullable Logical next;
  private @Nullable Logical resumed;
  private boolean aborting;
  private int unwinds;
  private End end = End.FINE;
  private @Nullable Trouble failure;
  private @Nullable ScheduleException stale;
  private int step;
  private int last; // who made the step under way
  private int inRow;
  private int preemptions;
  private long now;
  private int clock; // number of the object that stands for time
  private int spawner; // number of the object that stands for the order of new threads
  private int idle; // waits that ran out of time since a thread that has to end made a step
  private boolean afterAll; // see comesAfterAll()
  private boolean starve; // somebody spins: it is another one's turn
  private int forced = NOBODY; // whose turn it is, for fairness
  private int checksum;
  private long choiceHash;
  private final IntList decisions = new IntList();
  private final Objects objects = new Objects();
  private final Footprint footprint = new Footprint();
  private final Holds holds = new Holds();
  private final SeenStates states = new SeenStates();
  private final Story story = new Story();

  private boolean tracing;

  Run(int stepsMax, int repeats, boolean locksAtomic, boolean timeoutsChosen, Strategy strategy) {
    this.stepsMax = stepsMax;
    this.repeats = repeats;
    this.locksAtomic = locksAtomic;
    this.timeoutsChosen = timeoutsChosen;
    this.strategy = strategy;
  }

  // ---- One schedule ---------------------------------------------------------------------------

  void use(Strategy other) {
    strategy = other;
  }

  /// Keep the story of the next schedules, or not.
  void trace(boolean on) {
    tracing = on;
  }

  /// Runs one schedule of a program.
  End execute(Program program) {
    assert Thread.currentThread() == owner;
    reset();
    try {
      setting = true;
      program.set(this);
    } catch (Exception e) {
      closeResources();
      throw new IllegalStateException("the program cannot be set: " + e, e);
    } finally {
      setting = false;
    }
    if (threads.isEmpty()) {
      throw new IllegalStateException("the program has no threads");
    }
    for (Logical t : threads) {
      t.object = objects.number(t);
    }
    clock = objects.number(this);
    spawner = objects.number(threads);
    strategy.begin(this);
    decide(null);
    Logical go;
    while ((go = next) != null) {
      next = null;
      resume(go);
    }
    if (end == End.FINE) {
      quiesce();
    }
    sendHome();
    closeResources();
    if (stale != null) {
      throw stale;
    }
    return end;
  }

  private void reset() {
    threads.clear();
    ends.clear();
    invariants.clear();
    given.clear();
    hash = null;
    running = null;
    next = null;
    aborting = false;
    unwinds = 0;
    end = End.FINE;
    failure = null;
    stale = null;
    step = 0;
    last = NOBODY;
    inRow = 0;
    preemptions = 0;
    idle = 0;
    now = 0;
    afterAll = false;
    checksum = 17;
    choiceHash = 0;
    decisions.clear();
    objects.clear();
    footprint.clear();
    holds.clear();
    states.forget();
    story.clear();
  }

  private void resume(Logical logical) {
    resumed = logical;
    running = logical;
    logical.started = true;
    logical.worker.resume();
    while (running == logical && logical.status != Logical.Status.DONE) {
      // It did not yield to let another one go on: the code under test yields or waits by itself.
      Thread thread = logical.worker.thread();
      if (thread.getState() != Thread.State.RUNNABLE) {
        logical.lost = true;
        fail(
            Verdict.ERROR,
            logical.name + " waits by other means than org.pagewright.sync: "
                + List.of(thread.getStackTrace()),
            List.of(),
            null);
        break;
      }
      logical.worker.resume();
    }
    running = null;
  }

  private void closeResources() {
    while (!resources.isEmpty()) {
      AutoCloseable resource = resources.removeLast();
      try {
        resource.close();
      } catch (Exception e) {
        throw new IllegalStateException("after a schedule, " + resource + " cannot be closed", e);
      }
    }
  }

  /// Ends what the threads are in the middle of, and keeps the workers that are free.
  private void sendHome() {
    aborting = true;
    for (Logical t : threads) {
      if (t.status == Logical.Status.DONE && end == End.FINE) {
        free.add(t.worker);
      } else if (t.started) {
        // What its thread locals say about locks may be wrong now: the worker ends, too.
        for (int i = 0; i < UNWINDS_MAX && t.status != Logical.Status.DONE && !t.lost; i++) {
          unwinds = 0;
          resume(t);
        }
        if (t.status == Logical.Status.DONE) {
          t.worker.assign(null);
          t.worker.resume();
        }
      } else {
        t.worker.assign(null);
        free.add(t.worker);
      }
    }
  }

  /// What there is to check when all threads have ended: who left with a lock, then the program's
  /// own checks.
  private void quiesce() {
    if (!holds.isEmpty()) {
      fail(Verdict.LEAK, holds.leaked(threads, objects.names(given)), List.of(), null);
      return;
    }
    for (Body check : ends) {
      if (!passes(check)) {
        return;
      }
    }
  }

  private boolean passes(Body check) {
    try {
      check.run();
      return true;
    } catch (Failure e) {
      fail(e.verdict(), String.valueOf(e.getMessage()), List.of(), e);
    } catch (Exception | AssertionError e) {
      fail(Verdict.ERROR, e.toString(), List.of(), e);
    }
    return false;
  }

  private void fail(
      Verdict verdict, String words, List<Wait> cycle, @Nullable Throwable thrown) {
    if (failure == null) {
      failure = new Trouble(verdict, words, cycle, thrown);
      end = End.FAILED;
    }
  }

  // ---- Decisions ------------------------------------------------------------------------------

  /// Runs the body of a thread; on its worker.
  void perform(Logical me) {
    try {
      me.body.run();
    } catch (Unwind e) {
      assert aborting;
    } catch (Failure e) {
      if (!aborting) {
        fail(e.verdict(), me.name + ": " + e.getMessage(), List.of(), e);
      }
    } catch (Throwable e) {
      if (!aborting) {
        fail(Verdict.ERROR, me.name + ": " + e, List.of(), e);
      }
    }
    me.status = Logical.Status.DONE;
    if (!aborting) {
      decide(me);
    }
  }

  /// Ends the step of a thread and begins that of another, or of the same one. Returns when it is
  /// this thread's turn again, or, if it has ended or is none, at once.
  private void decide(@Nullable Logical me) {
    running = null;
    if (me != null) {
      endStep(me);
    }
    Logical chosen = end == End.FINE ? choose() : null;
    if (chosen != null) {
      beginStep(chosen);
      if (chosen == me) {
        running = me;
        return;
      }
    }
    next = chosen;
    if (me == null || me.status == Logical.Status.DONE) {
      return;
    }
    switchAway(me);
  }

  private void switchAway(Logical me) {
    resumed = null;
    Thread.yield();
    if (resumed != me) {
      throw new IllegalStateException(
          me.name + " cannot be switched here: a static initializer or native code is on its stack."
              + " Let the program's set() touch the class first");
    }
    if (aborting) {
      throw Unwind.NOW;
    }
  }

  private void endStep(Logical me) {
    strategy.stepped(this);
    for (int i = 0; i < threads.size(); i++) {
      Logical t = threads.get(i);
      if (t.spins && t != me && footprint.writes(t.subject)) {
        t.status = Logical.Status.READY;
      }
    }
    if (end != End.FINE) {
      return;
    }
    for (int i = 0; i < invariants.size(); i++) {
      if (!passes(invariants.get(i))) {
        return;
      }
    }
    LongSupplier h = hash;
    if (h != null) {
      watch(me, h.getAsLong());
    }
  }

  /// Looks whether the state has come up too often since the last progress. That is a livelock if
  /// everybody who can run did run meanwhile; else the others get their turn.
  private void watch(Logical me, long shared) {
    long state = shared;
    for (Logical t : threads) {
      int kind = t.kind == null ? NO_KIND : t.kind.ordinal();
      state = mix(state + (t.status.ordinal() * 32L + kind) * 1024 + t.subject + 1);
    }
    int first = states.firstSeen(state, step);
    int times = states.times();
    if (times < repeats / 2) {
      return;
    }
    for (Logical t : threads) {
      starve |= t != me && canRun(t) && t.lastStep <= first;
    }
    if (!starve && times >= repeats) {
      String words =
          "the state after step " + first + " came back " + (times - 1)
              + " times, whoever could run did, and no progress was made";
      fail(Verdict.LIVELOCK, words, List.of(), null);
    }
  }

  /// Spreads a number over all bits: the finalizer of SplitMix64.
  static long mix(long x) {
    long z = x + 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  private void beginStep(Logical t) {
    int previous = last;
    boolean preempts =
        previous != t.id && previous != NOBODY && canRun(threads.get(previous)) && forced < 0;
    preemptions += preempts ? 1 : 0;
    inRow = previous == t.id ? inRow + 1 : 1;
    idle = t.daemon ? idle : 0;
    last = t.id;
    step++;
    t.lastStep = step;
    decisions.add(t.id);
    footprint.clear();
    choiceHash = 0;
    Kind kind = t.kind;
    boolean timeout = t.status == Logical.Status.TIMED;
    if (timeout) {
      now = Math.max(now, t.deadline);
      footprint.add(clock, Footprint.WRITE);
      kind = null;
    }
    afterAll |= t.isLast && !t.started;
    if (t.spawned && !t.started) {
      footprint.add(t.object, Footprint.WRITE);
    }
    if (t.inPark) {
      footprint.add(t.object, Footprint.WRITE);
      t.status = Logical.Status.READY;
    }
    if (t.subject >= 0 && kind != null && kind != Kind.UNLOCK) {
      boolean read =
          kind == Kind.READ || kind == Kind.LOCK_SHARED || (kind == Kind.WAIT && !t.inPark);
      footprint.add(t.subject, read ? 0 : Footprint.WRITE);
    }
    t.inPark = false;
    t.spins = false;
    int ordinal = kind == null ? NO_KIND : kind.ordinal();
    checksum = (checksum * 31 + t.id) * 31 + ordinal;
    if (tracing) {
      story.step(t, kind, kind == null ? -1 : t.subject);
      if (timeout) {
        note("its wait ran out of time");
      }
    }
  }

  /// Who goes on; null if the schedule is over.
  private @Nullable Logical choose() {
    if (step >= stepsMax) {
      end = End.TOO_LONG;
      return null;
    }
    long enabled = 0;
    boolean done = true; // all have ended, and who never does waits
    for (int i = 0; i < threads.size(); i++) {
      Logical t = threads.get(i);
      done &=
          t.status == Logical.Status.DONE
              || (t.daemon && t.started && t.status != Logical.Status.READY);
      if (canRun(t)) {
        enabled |= 1L << i;
      }
    }
    if (done) {
      return null;
    }
    forced = NOBODY;
    afterAll = false;
    if (enabled == 0) {
      Logical first = firstTimeout();
      if (first == null || (first.daemon && ++idle > IDLE_MAX)) {
        failure = new Stuck(threads, objects, holds, story, objects.names(given)).trouble();
        end = End.FAILED;
        return null;
      }
      enabled = 1L << first.id;
      afterAll = true;
    } else if ((enabled & (enabled - 1)) != 0 && Strategy.has(enabled, last)) {
      if (inRow >= FAIR_STEPS || starve) {
        forced = longestWaiting(enabled & ~(1L << last));
        enabled = 1L << forced;
      }
    }
    starve = false;
    int pick;
    try {
      pick = strategy.pick(this, enabled, last);
    } catch (ScheduleException e) {
      stale(e);
      return null;
    }
    if (pick == Strategy.CUT) {
      if (end == End.FINE) {
        end = End.CUT;
      }
      return null;
    }
    assert Strategy.has(enabled, pick);
    return threads.get(pick);
  }

  private boolean canRun(Logical t) {
    if (t.isLast && !t.started && !areOthersDone(t)) {
      return false;
    }
    return switch (t.status) {
      case READY ->
          t.kind != Kind.LOCK
              || t.inPark
              || t.subject < 0
              || !locksAtomic
              || holds.isFree(t.subject)
              || objects.get(t.subject) instanceof RwSem;
      case TIMED -> timeoutsChosen;
      case PARKED, DONE -> false;
    };
  }

  private boolean areOthersDone(Logical last) {
    for (Logical t : threads) {
      boolean later = t.isLast && t.id >= last.id; // itself, or one that waits for this one
      if (!later && !t.daemon && t.status != Logical.Status.DONE) {
        return false;
      }
    }
    return true;
  }

  private @Nullable Logical firstTimeout() {
    Logical first = null;
    for (Logical t : threads) {
      if (t.status == Logical.Status.TIMED && (first == null || t.deadline < first.deadline)) {
        first = t;
      }
    }
    return first;
  }

  private int longestWaiting(long set) {
    int longest = Strategy.lowest(set);
    for (int i = longest; i < threads.size(); i++) {
      if (Strategy.has(set, i) && threads.get(i).lastStep < threads.get(longest).lastStep) {
        longest = i;
      }
    }
    return longest;
  }

  // ---- What the code under test tells ---------------------------------------------------------

  /// The logical thread that calls, or null if it is not one, or if a check calls.
  private @Nullable Logical caller() {
    Logical me = running;
    return me != null && Thread.currentThread() == me.worker.thread() ? me : null;
  }

  /// The schedule is over: ends the code of the thread, or, if that does not help, leaves it.
  private void unwind() {
    if (++unwinds > UNWINDS_MAX) {
      Thread.yield();
    }
    throw Unwind.NOW;
  }

  @Override
  public void reach(Kind kind, @Nullable Object subject) {
    Logical me = caller();
    if (me == null) {
      return;
    }
    if (aborting) {
      unwind();
    }
    me.kind = kind;
    me.subject = subject == null ? -1 : objects.number(subject);
    if (kind == Kind.UNLOCK && me.subject >= 0) {
      footprint.add(me.subject, Footprint.WRITE); // by the step that ends here
    }
    if (kind == Kind.LOCK || kind == Kind.LOCK_SHARED) {
      me.wanted = me.subject;
      me.wantsAlone = kind == Kind.LOCK;
    }
    decide(me);
  }

  @Override
  public void touch(Object subject, boolean write) {
    if (caller() != null && !aborting) {
      footprint.add(objects.number(subject), write ? Footprint.WRITE : 0);
    }
  }

  @Override
  public void touchMemory(long address, boolean write) {
    if (caller() == null || aborting) {
      return;
    }
    footprint.add(objects.number(objects.page(address)), write ? Footprint.WRITE : 0);
  }

  @Override
  public void took(Object what, Hold hold) {
    Logical me = caller();
    if (me == null || aborting) {
      return;
    }
    int object = objects.number(what);
    if (me.wanted == object) {
      me.wanted = -1;
    }
    holds.took(me, object, hold);
    footprint.add(
        object,
        switch (hold) {
          case EXCLUSIVE -> Footprint.WRITE | Footprint.TOOK;
          case SHARED -> 0;
          case REFERENCE -> Footprint.WRITE;
        });
  }

  @Override
  public void gave(Object what, Hold hold) {
    Logical me = caller();
    if (me == null || aborting) {
      return;
    }
    int object = objects.number(what);
    holds.gave(me, object, hold);
    footprint.add(object, Footprint.WRITE | (hold == Hold.EXCLUSIVE ? Footprint.GAVE : 0));
  }

  @Override
  public void handed(Object what) {
    Logical me = caller();
    if (me == null || aborting) {
      return;
    }
    int object = objects.number(what);
    holds.handed(object);
    footprint.add(object, Footprint.WRITE);
  }

  @Override
  public boolean park(Object blocker, long nanos) {
    Logical me = caller();
    if (me == null) {
      if (isOurs(Thread.currentThread())) {
        throw new Failure(Verdict.ERROR, "a check, or set(), would wait for " + blocker);
      }
      return false;
    }
    if (aborting) {
      unwind();
    }
    boolean timed = nanos > 0 && nanos < Long.MAX_VALUE - now; // else it is for ever
    me.status = timed ? Logical.Status.TIMED : Logical.Status.PARKED;
    me.inPark = true;
    me.subject = objects.number(blocker);
    me.kind = Kind.WAIT;
    footprint.add(me.object, Footprint.WRITE);
    if (timed) {
      me.deadline = now + nanos;
      footprint.add(clock, 0);
    }
    decide(me);
    return true;
  }

  @Override
  public boolean spin(Object blocker) {
    Logical me = caller();
    if (me == null) {
      return false;
    }
    // It looked at the object in this very step, so no change of it is missed.
    me.spins = true;
    return park(blocker, 0);
  }

  private boolean isOurs(Thread thread) {
    for (Logical t : threads) {
      if (t.worker.thread() == thread) {
        return true;
      }
    }
    return thread == owner;
  }

  @Override
  public boolean unpark(Thread thread) {
    Logical woken = null;
    for (Logical t : threads) {
      if (t.worker.thread() == thread) {
        woken = t;
      }
    }
    if (woken == null) {
      return false;
    }
    Logical me = caller();
    if (me == null || aborting) {
      return true;
    }
    footprint.add(woken.object, Footprint.WRITE);
    if (woken.status == Logical.Status.PARKED || woken.status == Logical.Status.TIMED) {
      woken.status = Logical.Status.READY;
    }
    if (tracing) {
      story.woken(woken.subject, step, me);
    }
    return true;
  }

  // ---- What the program tells -----------------------------------------------------------------

  @Override
  public void thread(String name, Body body) {
    onlyWhileSetting();
    if (isThread(name)) {
      throw new IllegalArgumentException("two threads are named " + name);
    }
    add(name, false, body);
  }

  @Override
  public void lastThread(String name, Body body) {
    thread(name, body);
    threads.getLast().isLast = true;
  }

  private Logical add(String name, boolean daemon, Body body) {
    if (threads.size() == Schedule.THREADS_MAX) {
      throw new IllegalStateException("more than " + Schedule.THREADS_MAX + " threads");
    }
    Worker worker = free.isEmpty() ? new Worker(this) : free.removeLast();
    Logical logical = new Logical(threads.size(), name, daemon, body, worker);
    worker.assign(logical);
    threads.add(logical);
    return logical;
  }

  @Override
  public boolean spawn(String name, boolean daemon, Runnable body) {
    Logical me = caller();
    boolean whileSetting = setting && Thread.currentThread() == owner;
    if (me == null && !whileSetting) {
      return false;
    }
    if (aborting) {
      return true; // it is over, also for the new one
    }
    String unique = name;
    for (int i = 2; isThread(unique); i++) {
      unique = name + " " + i;
    }
    Logical child = add(unique, daemon, body::run);
    if (me != null) {
      child.spawned = true;
      child.object = objects.number(child);
      // Numbers of threads are part of the schedule: who is first gets the lower one.
      footprint.add(spawner, Footprint.WRITE);
      footprint.add(child.object, Footprint.WRITE);
    }
    return true;
  }

  private boolean isThread(String name) {
    for (Logical t : threads) {
      if (t.name.equals(name)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void atEnd(Body check) {
    onlyWhileSetting();
    ends.add(check);
  }

  @Override
  public void close(AutoCloseable resource) {
    resources.add(resource);
  }

  @Override
  public void invariant(Body check) {
    onlyWhileSetting();
    invariants.add(check);
  }

  @Override
  public void state(LongSupplier hashOfState) {
    onlyWhileSetting();
    hash = hashOfState;
  }

  private void onlyWhileSetting() {
    if (!setting) {
      throw new IllegalStateException("only while the program is set");
    }
  }

  @Override
  public void progress() {
    states.forget();
  }

  @Override
  public void note(String words) {
    if (tracing) {
      story.note(words);
    }
  }

  @Override
  public int choose(String what, int options) {
    if (options < 1) {
      throw new IllegalArgumentException(what + ": " + options + " options");
    }
    Logical me = caller();
    if (me == null) {
      throw new IllegalStateException(what + ": only a thread of the program may choose");
    }
    if (aborting || options == 1) {
      return 0;
    }
    running = null;
    int option = 0;
    try {
      option = strategy.choose(this, options);
    } catch (ScheduleException e) {
      stale(e);
    }
    running = me;
    if (end != End.FINE) {
      next = null;
      switchAway(me);
    }
    assert option >= 0 && option < options;
    decisions.add(-1 - option);
    choiceHash = mix(choiceHash * 31 + option + 1);
    if (tracing) {
      note(what + ": " + option + " of 0 to " + (options - 1));
    }
    return option;
  }

  /// The schedule that is followed does not apply: ends it, and throws once all threads are home.
  private void stale(ScheduleException e) {
    stale = e;
    end = End.FAILED;
  }

  @Override
  public void name(Object subject, String name) {
    given.put(subject, name);
  }

  @Override
  public Clock clock() {
    return new Clock() {
      @Override
      public long nanoTime() {
        return nanos();
      }

      @Override
      public void await(WaitQueue.Waiter waiter, long nanos) {
        waiter.park(Math.max(1, nanos));
      }

      @Override
      public boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos) {
        return waiter.parkInterruptibly(Math.max(1, nanos));
      }
    };
  }

  @Override
  public long nanos() {
    if (caller() != null) {
      footprint.add(clock, 0);
    }
    return now;
  }

  // ---- For strategies and reports -------------------------------------------------------------

  /// Ends the schedule: the strategy has found that the program or its schedule is not what it was.
  void reject(Trouble trouble) {
    if (failure == null) {
      failure = trouble;
      end = End.FAILED;
    }
  }

  int threadCount() {
    return threads.size();
  }

  boolean hasInvariants() {
    return !invariants.isEmpty();
  }

  Footprint footprint() {
    return footprint;
  }

  int objectCount() {
    return objects.size();
  }

  /// The step under way, or the last one; from 1.
  int step() {
    return step;
  }

  /// Who makes it.
  int stepper() {
    return last;
  }

  int preemptions() {
    return preemptions;
  }

  /// Whether the step under way was only possible because nothing else was, or all else had ended:
  /// so all steps so far come before it.
  boolean comesAfterAll() {
    return afterAll;
  }

  /// What the choices within the step under way were, as a hash; 0 without any.
  long choiceHash() {
    return choiceHash;
  }

  /// The lock that a thread waits for at the point where it stands, all or nothing; or -1.
  int lockWanted(int thread) {
    Logical t = threads.get(thread);
    return t.kind == Kind.LOCK
            && !t.inPark
            && t.subject >= 0
            && locksAtomic
            && !(objects.get(t.subject) instanceof RwSem)
        ? t.subject
        : -1;
  }

  /// Where the threads stand, for telling one run of the same schedule from another.
  int places() {
    int places = 1;
    for (int i = 0; i < threads.size(); i++) {
      Logical t = threads.get(i);
      places = places * 31 + (t.kind == null ? NO_KIND : t.kind.ordinal()) * 8 + t.status.ordinal();
    }
    return places;
  }

  /// Why a thread cannot make the next step.
  String whyNot(int thread) {
    Logical t = threads.get(thread);
    if (t.status == Logical.Status.DONE) {
      return t.name + " has ended";
    }
    return t.name + " waits for " + objects.names(given).get(Math.max(0, t.subject));
  }

  /// Whether the next step is not the strategy's choice, for fairness.
  boolean isForced() {
    return forced != NOBODY;
  }

  @Nullable Trouble failure() {
    return failure;
  }

  Schedule schedule() {
    return new Schedule(decisions.toArray(), checksum & 0xffff);
  }

  int checksum() {
    return checksum & 0xffff;
  }

  /// The story of the last schedule, if it was traced.
  List<Step> story() {
    return story.told(objects.names(given));
  }
}
