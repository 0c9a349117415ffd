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
    CACHED(
        "cached",
        "Cached reads and writes",
        "One thread, and a buffer off the heap. The limit is a bare copy between two pieces of"
            + " memory: nothing that has the bytes elsewhere than where they are wanted can be"
            + " faster."),
    /// The same in other ways: order, buffers, every door there is.
    WAYS("ways", "Other orders, buffers and doors", ""),
    /// More threads.
    THREADS(
        "threads",
        "Threads",
        "The time of an operation is that of all threads together: two that do not hinder each"
            + " other take half of it."),
    /// Files as memory.
    MAPPED("mapped", "Mapped regions", ""),
    /// Reads of what is not in memory.
    COLD("cold", "Cold reads", "Nobody has the file in memory, the host's page cache neither."),
    /// What stays in memory.
    EVICTION(
        "eviction",
        "What stays when memory is full",
        "Hits of a hundred accesses: the real cache over an image in memory, beside policies that"
            + " have as many pages as it has frames. Differences are in points."),
    /// Write-back and durability.
    SYNC("sync", "Write-back and sync", ""),
    /// Whole tools.
    TOOLS("tools", "Files and tools", ""),
    /// What other programs do through a mount.
    MOUNTS(
        "mounts",
        "Other programs, through a mount",
        "Each peer on an image of its own in a file on the disk. `passthrough_ll`, libfuse's own"
            + " example, passes every request on to the kernel's ext4: what it costs is what FUSE"
            + " costs a server in C. The kernel asks it less: not for attributes of folders after"
            + " each change, for it has no rights checked, and not for extended attributes, for it"
            + " has none. Where that counts it is there once more with both, so that it is asked"
            + " what ours is."),
    /// Memory.
    MEMORY("memory", "Memory", ""),
    /// How cost grows.
    GROWTH(
        "growth",
        "How cost grows",
        "Ours at its largest beside ours at a tenth and a hundredth of that: 1 is a cost that does"
            + " not grow.");

    private final String id;
    private final String title;
    private final String note;

    Group(String id, String title, String note) {
      this.id = id;
      this.title = title;
      this.note = note;
    }

    /// What one must know to read it.
    ///
    /// @return a sentence or two, or nothing
    public String note() {
      return note;
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
    return target(new Target(kind, peer, bound));
  }

  Row target(Target target) {
    List<Target> more = new ArrayList<>(targets);
    more.add(target);
    return new Row(id, group, question, unit, contest, limit, List.copyOf(more), inQuick);
  }
}
