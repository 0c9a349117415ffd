/// A schedule explorer: runs ordinary code on several logical threads, one step at a time, and
/// decides at every schedule point which of them goes on. So a race is not waited for but looked
/// up, and a program without one can be proved, within bounds, to have none.
///
/// May import core. What it explores may be anything: production classes of core, a model of them,
/// a file system on a device in memory.
///
/// | type                                          | what                                           |
/// |-----------------------------------------------|------------------------------------------------|
/// | [org.pagewright.sim.explore.Program]          | sets a fresh world, names threads and checks   |
/// | [org.pagewright.sim.explore.Stage]            | what a program says all that to                |
/// | [org.pagewright.sim.explore.Explorer]         | runs a program: exhaustively, at random, again |
/// | [org.pagewright.sim.explore.Exploration]      | what was found, and how much was covered       |
/// | [org.pagewright.sim.explore.Counterexample]   | a failure: its story, its cycle, its schedule  |
/// | [org.pagewright.sim.explore.Failure]          | thrown by a check that knows what went wrong   |
///
/// ## A first program
///
/// ```java
/// Exploration e = Explorer.exhaustive(2).explore(stage -> {
///   Mutex a = new Mutex(LockClass.INODE, "a");
///   Mutex b = new Mutex(LockClass.INODE, "b");
///   stage.thread("A", () -> { a.lock(); b.lock(); b.unlock(); a.unlock(); });
///   stage.thread("B", () -> { b.lock(); a.lock(); a.unlock(); b.unlock(); });
/// });
/// // DEADLOCK: A holds INODE(a) and wants INODE(b), which B holds; B holds INODE(b) and wants ...
/// // again: Explorer.replay(e.failure().schedule()).explore(...)
/// ```
///
/// The JVM needs `-Dpagewright.explore=true` and `--add-opens java.base/java.lang=ALL-UNNAMED`
/// (`=org.pagewright.sim` where this is a named module). Without the first the points are not in
/// the compiled code at all; see [org.pagewright.sync.SchedulePoint].
///
/// ## One step
///
/// A thread stands at a point: it is about to take a lock, to read a word that others change, to
/// copy. When it is its turn it goes on until it reaches its next point, and that is one step;
/// nobody else runs meanwhile. Each step has a footprint: all objects that it touched, read or
/// written.
///
///     A   reach(LOCK, m) | m taken, x++, m given back, reach(UNLOCK, m) | ...
///                        ^------------ one step, touches m -------------^
///     B                    reach(READ, y) | y read, reach(COPY, folio)  | ...
///
/// | what                                   | how the explorer hears of it                         |
/// |----------------------------------------|------------------------------------------------------|
/// | what the step begins with              | `SchedulePoint.reach(kind, subject)`                 |
/// | a lock or reference taken, given back  | the types of [org.pagewright.sync], and the folio    |
/// | who was woken, who parked              | [org.pagewright.sync.WaitQueue]                      |
/// | anything else that others may see      | `SchedulePoint.touch(object, write)`, `touchMemory`  |
///
/// `READ` and `LOCK_SHARED` read their subject, all other kinds count as writing it; when unsure,
/// write. What only the holder of a lock ever touches need not be told: the lock orders it. What a
/// thread touches without a lock and without telling is a data race that the explorer cannot see;
/// [org.pagewright.sim.explore.Explorer#withoutPruning()] shows in a small program whether there
/// is one.
///
/// A thread that is about to take a mutex or a folio cannot run while another holds it, so that
/// waiting costs no steps; [org.pagewright.sim.explore.Explorer#withQueuesOfLocks()] lets it run
/// into the queue instead. An [org.pagewright.sync.RwSem] is always run into, because a writer that
/// waits keeps readers out.
///
/// ## What is claimed
///
/// Two schedules that differ only in the order of steps that touch nothing in common lead to the
/// same outcome; it is enough to run one of them. How much is left out differs:
///
/// | explorer               | covers                                                               |
/// |------------------------|----------------------------------------------------------------------|
/// | `exhaustive(k)`        | every state that a schedule with at most k preemptions reaches       |
/// | `exhaustive(UNBOUNDED)`| every outcome and every deadlock; with an invariant every state      |
/// | `random(seed, n, d)`   | no proof; a bug of depth d is met with a known chance in each of n   |
/// | `replay(string)`       | one schedule                                                         |
///
/// - A preemption takes the turn from a thread that could go on. Most races need one or two, so
///   `exhaustive(2)` is where to begin.
/// - Unbounded: dynamic partial-order reduction with source sets and sleep sets. One schedule at
///   least of each class of equivalent ones is run, but not every moment in between is seen: a
///   program with an invariant is explored state by state instead.
/// - Bounded: sleep sets would be wrong, for what they leave out may have an equal that needs more
///   preemptions than are allowed. Instead a schedule is cut where it comes to a situation that was
///   explored with no fewer preemptions left. Situations are told apart by a hash of 64 bits.
/// - Both are compared in the tests with all schedules, one by one, of random programs.
/// - Memory is sequentially consistent: what a processor or a compiler reorders is not shown.
/// - `complete` is false, and the words say why, if a bound on schedules, steps or time was met.
/// - A thread that spins until somebody else does something is made to wait after a while, else
///   its schedules would never end. Then `complete` is false, too: the program might count how
///   often it spins. A loop with `SchedulePoint.spin` costs no steps and is covered. If the state
///   comes again and again although everybody had his turn, and no progress was made, it is a
///   livelock.
///
/// ## What a failure tells
///
/// It is run a second time first: a program that behaves otherwise under the same schedule is not
/// deterministic, and that is the verdict. Then the schedule is shortened: fewest preemptions, then
/// fewest steps, then fewest surprises, each attempt a run. The string replays it:
///
///     a8b17=1a7#adbf    8 steps of the first thread, 17 of the second, in the last of which a
///                       choice was 1, 7 of the first; check sum of what the steps were
///
/// A string that does not fit the program any more says at which step:
/// [org.pagewright.sim.explore.ScheduleException].
///
/// | verdict       | when                                                                          |
/// |---------------|-------------------------------------------------------------------------------|
/// | DEADLOCK      | nothing can run, and the waits for locks make a circle, or end at a thread    |
/// |               | that ended with the lock                                                      |
/// | LOST_WAKEUP   | nothing can run, and it is no lock that is waited for: nobody will wake them  |
/// | LIVELOCK      | see above; needs `stage.state`                                                |
/// | LEAK          | all have ended, and a lock or a reference was not given back                  |
/// | ERROR         | an exception, an assertion (lockdep's, too), or the program is no program     |
/// | others        | what a check throws as a [org.pagewright.sim.explore.Failure]                 |
///
/// ## How to explore the engine
///
/// The tests in `org.pagewright.sim.engine` are the pattern:
///
/// ```java
/// stage -> {
///   PageCache cache = new PageCache(64 << 10);   // small: each schedule has its own
///   stage.close(cache);                          // however the schedule ends
///   Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
///   OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
///   stage.thread("writer", () -> file.write(0, bytes, 0, 4096));
///   stage.thread("reader", () -> check(file.read(...)));   // throw new Failure(STALE, "...")
///   stage.atEnd(() -> check(...));               // all threads have ended: read back, close
/// }
/// ```
///
/// 1. Everything new in `set`: nothing that a schedule changes may live on. Files that a thread
///    needs warm are read or written there; no step is made yet, and nothing may have to wait.
/// 2. No clock but [org.pagewright.sim.explore.Stage#clock()]: `CacheMemory.ofBytes(1 << 20,
///    stage.clock())`, and a fixed `java.time.Clock` in the mount options. Time moves when nothing
///    else can; [org.pagewright.sim.explore.Explorer#withTimeoutsAnytime()] lets waits end early.
/// 3. Devices in memory only: [org.pagewright.block.RamBlockDevice] ends a request in the step that
///    submits it. Threads of the operating system are not switched: no `FileBlockDevice`, no
///    `Hostfs`. A device that ends requests later does so on a thread that it starts as below.
/// 4. Threads that core starts (the flusher, the ends of write-outs that sleep) are logical threads
///    here, because core asks [org.pagewright.sync.SchedulePoint] to `spawn` them, and so does the
///    journal of ext4. Flusher and journal are daemons, which need not end; they start with the
///    first dirty inode and the first handle. To leave the flusher out, use a file system without a
///    store (`Ramfs`), or an address space without an account.
/// 5. A surprise (the device fails, a page is dropped) is
///    [org.pagewright.sim.explore.Stage#choose(String, int)], 0 for none.
/// 6. A check that only reads can be in `atEnd`. One that syncs or closes a volume has to wait for
///    others and is a [org.pagewright.sim.explore.Stage#lastThread(String, Body)].
/// 7. ext4: in `set`, `Mkfs.make` on a `RamBlockDevice` of 2 MiB with fixed time, UUID and hash
///    seed (or an image made once and copied), then `Ext4.mount`. A write beside an fsync without a
///    journal has some 800 classes of schedules, 300 steps each. Not with `data=journal`: that has
///    a thread that is not spawned.
/// 8. A class that is initialized within a step cannot be switched in its initializer. If the
///    explorer says so, touch the class in `set`.
/// 9. Who waits by `java.util.concurrent` instead of [org.pagewright.sync] is told so.
/// 10. Keep it small: two threads, one or two calls each, one folio. A write is some twenty steps.
///    Begin with `exhaustive(1)`, look at the count, go to 2, then `UNBOUNDED`, or `random`.
///
/// What core does not tell and therefore is not explored faithfully: counters and limits of the
/// throttle, the lock-free parts of the inode and dentry caches, volatile fields of file systems.
/// Where a scenario is about one of these, give it its points first.
///
/// ## What we do differently
///
/// CHESS (Musuvathi and others, 2008) has the preemption bound, PCT the priorities, dBug and others
/// the reduction; those for the JVM rewrite byte code and see every access. Here the code names its
/// points itself, so the explorer needs no agent, costs nothing where it is off, runs the very
/// classes that ship, and shows steps that mean something: lock, copy, fill, clean, evict. Threads
/// are virtual threads on a scheduler of our own, so `Thread.currentThread()` and thread locals are
/// right; a schedule of a few dozen steps takes some tens of microseconds.
///
/// ## Not here
///
/// Power cuts (`crash`), the memory model of the machine, and oracles: what is stale or lost only
/// the program knows.
package org.pagewright.sim.explore;
