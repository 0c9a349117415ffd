package org.pagewright.sim.explore;

/// What became of a program under one schedule, or under all that were tried.
public enum Verdict {
  /// Nothing went wrong.
  OK,
  /// Threads wait for each other's locks in a circle, or for a lock that its holder took along.
  DEADLOCK,
  /// The state repeats and no byte is ever accepted.
  LIVELOCK,
  /// A thread is parked for ever and nobody is left to wake it.
  LOST_WAKEUP,
  /// Bytes of another time were read: that a finished write had replaced, or that a block held when
  /// it was another file's.
  STALE,
  /// Bytes were read that nobody ever wrote: what the memory held before.
  UNINITIALISED,
  /// Zeros were read where there were bytes, and nobody had written them.
  ZEROS,
  /// Bytes that a write had accepted are gone.
  LOST_WRITE,
  /// A call returned another count than it accepted, or a size covers what nobody wrote.
  WRONG_COUNT,
  /// A lock or a reference was never given back.
  LEAK,
  /// Anything else: an exception, an assertion, a program that is not deterministic.
  ERROR
}
