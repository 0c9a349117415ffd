package org.pagewright.sim.explore;

import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint.Kind;

/// A thread of the program under one schedule.
final class Logical {
  /// What keeps it from running.
  enum Status {
    /// Nothing, but maybe the lock that it is about to take.
    READY,
    /// It parked.
    PARKED,
    /// It parked for a time.
    TIMED,
    /// It has ended.
    DONE
  }

  final int id;
  final String name;
  final Body body;
  final Worker worker;
  final boolean daemon;

  /// The number of the thread as an object.
  int object;

  Status status = Status.READY;
  boolean started;

  /// Whether it waits in a way that nobody here can end.
  boolean lost;

  /// Whether it starts only when all others have ended.
  boolean isLast;

  /// Whether another thread of the schedule started it.
  boolean spawned;

  /// The point that it stands at; null before its first step.
  @Nullable Kind kind;

  /// The number of what the point is about, or -1.
  int subject = -1;

  /// Whether it is parked until somebody changes what it spins on.
  boolean spins;

  /// Whether it stands in a park, or was woken from it and has not run yet.
  boolean inPark;

  /// The lock it has asked for and not got yet, or -1.
  int wanted = -1;

  /// Whether it wants that alone.
  boolean wantsAlone;

  /// When its park ends by itself, in virtual time.
  long deadline;

  /// The step it made last; 0 for none.
  int lastStep;

  Logical(int id, String name, boolean daemon, Body body, Worker worker) {
    this.id = id;
    this.name = name;
    this.daemon = daemon;
    this.body = body;
    this.worker = worker;
  }

  @Override
  public String toString() {
    return name;
  }
}
