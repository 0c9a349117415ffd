package org.pagewright.bench.measure;

import java.util.ArrayList;
import java.util.List;

/// One question that is measured.
///
/// @param id what `--rows` and the results call it
/// @param group the part of the page
/// @param question what is asked, in words
/// @param unit what its figures count
/// @param contest how its peers are measured; the first of them is ours
/// @param limit the peer that nobody can beat, or the one that is beaten or not; may be empty
/// @param targets what it should come to
/// @param inQuick whether `--quick` measures it
public record Row(
    String id,
    Group group,
    String question,
    Unit unit,
    Contest contest,
    String limit,
    List<Target> targets,
    boolean inQuick) {

  /// The parts of the page.
  public enum Group {
    /// Reads and writes of what is in memory.
    CACHED("cached", "Cached reads and writes"),
    /// The same in other ways: order, buffers, every door there is.
    WAYS("ways", "Other orders, buffers and doors"),
    /// More threads.
    THREADS("threads", "Threads"),
    /// Files as memory.
    MAPPED("mapped", "Mapped regions"),
    /// Reads of what is not in memory.
    COLD("cold", "Cold reads"),
    /// What stays in memory.
    EVICTION("eviction", "What stays when memory is full"),
    /// Write-back and durability.
    SYNC("sync", "Write-back and sync"),
    /// Whole tools.
    TOOLS("tools", "Files, tools and mounts"),
    /// Memory.
    MEMORY("memory", "Memory"),
    /// How cost grows.
    GROWTH("growth", "How cost grows");

    private final String id;
    private final String title;

    Group(String id, String title) {
      this.id = id;
      this.title = title;
    }

    /// What files of it are called.
    ///
    /// @return one word
    public String id() {
      return id;
    }

    /// Its heading.
    ///
    /// @return a few words
    public String title() {
      return title;
    }
  }

  Row limit(String peer) {
    return new Row(id, group, question, unit, contest, peer, targets, inQuick);
  }

  Row quick() {
    return new Row(id, group, question, unit, contest, limit, targets, true);
  }

  Row target(Target.Kind kind, String peer, double bound) {
    List<Target> more = new ArrayList<>(targets);
    more.add(new Target(kind, peer, bound));
    return new Row(id, group, question, unit, contest, limit, List.copyOf(more), inQuick);
  }
}
