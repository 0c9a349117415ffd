package org.pagewright.sim.explore;

import java.util.function.LongSupplier;
import org.pagewright.writeback.Clock;

/// What a [Program] says about itself to the explorer: its threads, its checks, its progress.
public interface Stage {
  /// Adds a logical thread; only while the program is set. All start runnable.
  ///
  /// @param name short and unique, for the story of a failure
  /// @param body what it does; an exception it throws is a failure of the program
  void thread(String name, Body body);

  /// Adds a logical thread that starts when all others have ended, but for daemons: for checks that
  /// have to wait, e.g. for a write-out that they start. Only while the program is set.
  ///
  /// @param name short and unique
  /// @param body what it does; an exception it throws is a failure of the program
  void lastThread(String name, Body body);

  /// Adds a check that runs when all threads have ended. It may call the code under test, but
  /// nothing it calls may have to wait.
  ///
  /// @param check throws [Failure] or any other exception or error if the program failed
  void atEnd(Body check);

  /// Closes something when the schedule is over, however it ended; what was named last goes first.
  /// For memory and other things that are not garbage; the state that they are in may be any.
  ///
  /// @param resource what to close; an exception it throws ends the exploration
  void close(AutoCloseable resource);

  /// Adds a check that runs after every step. It must not change anything.
  ///
  /// @param check throws [Failure] or any other exception or error if the program failed
  void invariant(Body check);

  /// Says that a byte was accepted: what repeated until now is no livelock. By any thread.
  void progress();

  /// Names the hash of the shared state. A state that repeats again and again, each thread at the
  /// place where it was and no progress made, is a livelock.
  ///
  /// @param hash of all state that the threads share and that matters
  void state(LongSupplier hash);

  /// Adds a line to the current thread's story at its current step.
  ///
  /// @param words what happens, for whoever reads the failure
  void note(String words);

  /// A choice of the explorer: whether a page is dropped, whether a device fails. By a logical
  /// thread; all options are explored, and the one taken is part of the schedule.
  ///
  /// @param what is chosen, for the story
  /// @param options how many there are, at least 1
  /// @return 0 to `options - 1`; 0 is what a run without surprises takes
  int choose(String what, int options);

  /// Names an object that steps are about, for the story.
  ///
  /// @param subject a lock, a page, or what else points are reached with
  /// @param name short and unique
  void name(Object subject, String name);

  /// Virtual time. It only moves when nothing can run but a thread whose wait has a time limit.
  ///
  /// @return nanoseconds since the schedule began
  long nanos();

  /// Virtual time as a clock, for the parts of the page cache that ask for one.
  ///
  /// @return a clock that shows [#nanos()]
  Clock clock();
}
