package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint.Hold;

/// Who has what, in the order of taking. Objects go by their number.
final class Holds {
  private static final int FREE = -2;

  /// The holder of a lock that was handed to an I/O.
  private static final int IO = -1;

  private final IntList objects = new IntList();
  private final IntList holders = new IntList();
  private final List<Hold> hows = new ArrayList<>();

  /// By object: who holds it alone.
  private int[] alone = new int[64];

  Holds() {
    Arrays.fill(alone, FREE);
  }

  void clear() {
    objects.clear();
    holders.clear();
    hows.clear();
    Arrays.fill(alone, FREE);
  }

  boolean isEmpty() {
    return objects.size() == 0;
  }

  /// Whether nobody holds a lock alone.
  boolean isFree(int object) {
    return object >= alone.length || alone[object] == FREE;
  }

  void took(Logical thread, int object, Hold how) {
    objects.add(object);
    holders.add(thread.id);
    hows.add(how);
    if (how == Hold.EXCLUSIVE) {
      setAlone(object, thread.id);
    }
  }

  /// Something was given back, by whoever took it if he has it, else by another. What was taken
  /// while the program was set is not known here.
  void gave(Logical thread, int object, Hold how) {
    int found = -1;
    for (int i = objects.size() - 1; i >= 0; i--) {
      if (objects.get(i) == object && hows.get(i) == how) {
        found = found < 0 ? i : found;
        if (holders.get(i) == thread.id) {
          found = i;
          break;
        }
      }
    }
    if (found >= 0) {
      objects.remove(found);
      holders.remove(found);
      hows.remove(found);
    }
    if (how == Hold.EXCLUSIVE) {
      setAlone(object, FREE);
    }
  }

  void handed(int object) {
    for (int i = 0; i < objects.size(); i++) {
      if (objects.get(i) == object && hows.get(i) == Hold.EXCLUSIVE) {
        holders.set(i, IO);
      }
    }
    setAlone(object, IO);
  }

  private void setAlone(int object, int holder) {
    int old = alone.length;
    if (object >= old) {
      alone = Arrays.copyOf(alone, Math.max(object + 1, old * 2));
      Arrays.fill(alone, old, alone.length, FREE);
    }
    alone[object] = holder;
  }

  /// A thread that has a lock, alone or with others; null if none does. Of several one that has not
  /// ended, for it is to blame.
  @Nullable Logical holder(int object, List<Logical> threads) {
    Logical holder = null;
    for (int i = 0; i < objects.size(); i++) {
      int by = holders.get(i);
      if (objects.get(i) == object && hows.get(i) != Hold.REFERENCE && by != IO) {
        Logical thread = threads.get(by);
        holder = holder == null || thread.status != Logical.Status.DONE ? thread : holder;
      }
    }
    return holder;
  }

  /// Names of the locks that a thread has.
  List<String> locksOf(Logical thread, List<String> names) {
    List<String> locks = new ArrayList<>();
    for (int i = 0; i < objects.size(); i++) {
      if (holders.get(i) == thread.id && hows.get(i) != Hold.REFERENCE) {
        locks.add(names.get(objects.get(i)));
      }
    }
    return locks;
  }

  /// What was never given back, in words.
  String leaked(List<Logical> threads, List<String> names) {
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < objects.size(); i++) {
      int by = holders.get(i);
      words.append(i == 0 ? "" : "; ");
      words.append(hows.get(i) == Hold.REFERENCE ? "a reference to " : "");
      words.append(names.get(objects.get(i)));
      if (by == IO) {
        words.append(" is still locked by an I/O");
      } else {
        words.append(" was never given back by ").append(threads.get(by).name);
      }
    }
    return words.toString();
  }
}
