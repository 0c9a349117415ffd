package org.pagewright.fuse;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.fuse.server.FuseServer;
import org.pagewright.fuse.server.Log;
import org.pagewright.sync.WaitQueue;

/// Tells of each request that is not answered for long, once: which it is, and where its thread is;
/// and sees that there is a thread for the next one while others are stuck.
final class Watchdog {
  private static final long TURN_NANOS = 1_000_000_000L;

  private final FuseServer server;
  private final Path target;
  private final int patienceSeconds;
  private final Log log;
  private final WaitQueue queue = new WaitQueue();
  private final Set<String> told = new HashSet<>(); // of the watchdog's thread

  private volatile boolean stopped;
  private @Nullable Thread thread;

  Watchdog(FuseServer server, Path target, int patienceSeconds, Log log) {
    this.server = server;
    this.target = target;
    this.patienceSeconds = patienceSeconds;
    this.log = log;
  }

  void start() {
    Thread made = new Thread(this::run, "fuse-watchdog");
    made.setDaemon(true);
    thread = made;
    made.start();
  }

  private void run() {
    WaitQueue.Waiter waiter = queue.enter(this);
    try {
      while (!stopped && !server.hasEnded()) {
        waiter.park(TURN_NANOS);
        server.relieve();
        look();
      }
    } finally {
      queue.leave(waiter);
    }
  }

  private void look() {
    if (patienceSeconds > 0) {
      tell(server.stuckRequests(patienceSeconds * 1_000_000_000L));
    }
  }

  /// Tells of those that were not told of yet, and forgets those that were answered meanwhile: one
  /// that never is would else have all of them remembered with it.
  ///
  /// @param stuck each begins with what tells it from all others, up to a colon
  void tell(List<String> stuck) {
    Set<String> now = new HashSet<>();
    for (String request : stuck) {
      int end = request.indexOf(':');
      String name = end < 0 ? request : request.substring(0, end);
      now.add(name);
      if (told.add(name)) {
        log.trouble(target + ": no answer yet to " + request);
      }
    }
    told.retainAll(now);
  }

  /// Requests that are stuck, and were told of.
  int told() {
    return told.size();
  }

  void stop() {
    stopped = true;
    if (thread != null) {
      queue.wakeAll(this);
    }
  }
}
