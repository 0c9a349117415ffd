package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.RwSem;

/// Says why nothing can run although not all have ended: tells a circle of locks, and a lock that
/// its holder took along, from a wake-up that never comes.
final class Stuck {
  private final List<Logical> threads;
  private final Objects objects;
  private final Holds holds;
  private final Story story;
  private final List<String> names;

  Stuck(
      List<Logical> threads, Objects objects, Holds holds, Story story, List<String> names) {
    this.threads = threads;
    this.objects = objects;
    this.holds = holds;
    this.story = story;
    this.names = names;
  }

  Run.Trouble trouble() {
    List<Logical> waiting = new ArrayList<>();
    boolean takenAlong = false;
    for (Logical t : threads) {
      if (t.status != Logical.Status.DONE && !t.daemon && !(t.isLast && !t.started)) {
        waiting.add(t);
        Logical holder = holderFor(t);
        takenAlong |= holder != null && holder.status == Logical.Status.DONE;
      }
    }
    for (Logical t : waiting) {
      List<Logical> circle = circleFrom(t);
      if (!circle.isEmpty()) {
        List<Wait> waits = waits(circle);
        return new Run.Trouble(Verdict.DEADLOCK, join(waits), waits, null);
      }
    }
    List<Wait> waits = waits(waiting);
    if (takenAlong) {
      String words = join(waits) + "; but the holder has ended";
      return new Run.Trouble(Verdict.DEADLOCK, words, waits, null);
    }
    StringBuilder words = new StringBuilder(join(waits));
    words.append("; nobody is left to wake ").append(waiting.size() == 1 ? "it" : "them");
    for (Logical t : waiting) {
      String wake = t.subject < 0 ? null : story.lastWake(t.subject);
      if (wake != null) {
        words.append("; ").append(names.get(t.subject)).append(" was last woken ").append(wake);
      }
    }
    return new Run.Trouble(Verdict.LOST_WAKEUP, words.toString(), waits, null);
  }

  /// Threads that wait for each other; none if the way from this thread ends.
  private List<Logical> circleFrom(Logical from) {
    List<Logical> path = new ArrayList<>();
    Logical at = from;
    while (at != null && !path.contains(at)) {
      path.add(at);
      at = holderFor(at);
    }
    return at == null || at.status == Logical.Status.DONE
        ? List.of()
        : path.subList(path.indexOf(at), path.size());
  }

  private static String join(List<Wait> waits) {
    StringBuilder words = new StringBuilder();
    for (Wait wait : waits) {
      words.append(words.isEmpty() ? "" : "; ").append(wait);
    }
    return words.toString();
  }

  private List<Wait> waits(List<Logical> waiting) {
    List<Wait> waits = new ArrayList<>();
    for (Logical t : waiting) {
      Logical holder = holderFor(t);
      String wants = t.subject < 0 ? "something" : names.get(t.subject);
      String whose = holder == null ? null : holder.name;
      waits.add(new Wait(t.name, holds.locksOf(t, names), wants, whose));
    }
    return waits;
  }

  /// Who keeps a thread that cannot run from running; null if nobody does.
  private @Nullable Logical holderFor(Logical t) {
    int object = t.wanted;
    if (object < 0 || object != t.subject) {
      return null; // it does not wait for a lock
    }
    Logical holder = holds.holder(object, threads);
    if (t.inPark && objects.get(object) instanceof RwSem) {
      if (holds.isFree(object) && !t.wantsAlone) {
        holder = null; // sharers do not keep each other out: a writer that waits does
      }
      for (int i = 0; i < threads.size() && holder == null; i++) {
        Logical other = threads.get(i);
        if (other != t && other.inPark && other.wanted == object && other.wantsAlone) {
          holder = other;
        }
      }
    }
    return holder;
  }
}
