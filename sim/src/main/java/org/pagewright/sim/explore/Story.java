package org.pagewright.sim.explore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pagewright.sync.SchedulePoint.Kind;

/// What happened under one schedule, step by step; kept only if somebody wants to be told.
final class Story {
  private final List<@Nullable Kind> kinds = new ArrayList<>();
  private final List<Logical> threads = new ArrayList<>();
  private final IntList subjects = new IntList();
  private final List<List<String>> notes = new ArrayList<>();
  private final Map<Integer, String> wakes = new HashMap<>();

  void clear() {
    kinds.clear();
    threads.clear();
    subjects.clear();
    notes.clear();
    wakes.clear();
  }

  void step(Logical thread, @Nullable Kind kind, int subject) {
    kinds.add(kind);
    threads.add(thread);
    subjects.add(subject);
    notes.add(new ArrayList<>());
  }

  /// Adds words to the step under way; what is said before the first step is not kept.
  void note(String words) {
    if (!notes.isEmpty()) {
      notes.getLast().add(words);
    }
  }

  void woken(int subject, int step, Logical by) {
    wakes.put(subject, "at step " + step + " by " + by.name);
  }

  /// When somebody was last woken who waited for an object; null if that is not known.
  @Nullable String lastWake(int subject) {
    return wakes.get(subject);
  }

  List<Step> told(List<String> names) {
    List<Step> told = new ArrayList<>();
    for (int i = 0; i < kinds.size(); i++) {
      int subject = subjects.get(i);
      told.add(
          new Step(
              i + 1,
              threads.get(i).name,
              kinds.get(i),
              subject < 0 ? "" : names.get(subject),
              notes.get(i)));
    }
    return told;
  }
}
