package org.pagewright.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The arrows between packages, as `jdeps` finds them in the class files, against the tables below.
/// The picture and its reasons are in docs/ARCHITECTURE.md; an upward call needs an interface that
/// the lower room owns. Rooms that a table names and that do not exist yet are no complaint.
final class LayeringTest {

  /// Rooms of core, bottom to top: the package, then what it may import.
  private static final String CORE =
      """
      errno      :
      os         :
      sync       :
      stats      :
      mem        : os
      iov        : errno
      block      : errno mem sync stats os
      cache      : errno sync stats mem iov os
      writeback  : errno sync stats mem iov cache block
      reclaim    : errno sync stats mem iov cache writeback
      mm         : errno sync stats mem iov cache writeback os
      filemap    : errno sync stats mem iov cache writeback reclaim mm
      iomap      : errno sync stats mem iov cache writeback reclaim mm filemap block
      vfs        : errno sync stats mem iov cache writeback reclaim mm filemap iomap block
      ramfs      : errno sync stats mem iov cache writeback reclaim mm filemap iomap block vfs
      hostfs     : errno sync stats mem iov cache writeback reclaim mm filemap iomap block vfs
      observe    : errno sync stats mem cache writeback reclaim vfs
      """;

  /// Rooms of fs-ext4; `.` is its root package, where the file system meets the VFS. What it takes
  /// from core is free: core exports only what file systems may use.
  private static final String EXT4 =
      """
      disk       :
      buffer     : disk
      journal    : disk buffer
      alloc      : disk buffer journal
      map        : disk buffer journal alloc
      dir        : disk buffer journal alloc map
      xattr      : disk buffer journal alloc map
      mkfs       : disk
      check      : disk buffer journal
      .          : disk buffer journal alloc map dir xattr mkfs
      """;

  /// Rooms of front-fuse; `.` is its root package, which mounts. What it takes from core is free.
  private static final String FUSE =
      """
      os         :
      protocol   :
      server     : os protocol
      .          : os protocol server
      """;

  /// Rooms of sim. What they take from core is free.
  private static final String SIM =
      """
      device     :
      explore    :
      oracle     : explore
      crash      : device
      contract   : device crash explore oracle
      posix      :
      os         : posix
      """;

  /// Rooms of the lab; `.` is its root package, which explores and tells.
  private static final String LAB =
      """
      kernel     :
      design     : kernel
      engine     : kernel
      scenario   : kernel design engine
      .          : kernel design scenario
      """;

  /// Rooms of bench; `.` is its root package, the benchmarks, from which JMH generates code. What
  /// they take from the engine and from peers is free.
  private static final String BENCH =
      """
      door          :
      policy        :
      .             : door
      jmh_generated : . door
      measure       : . door policy
      report        : measure
      command       : measure report
      """;

  private static final Set<String> JDK_MODULES_OF_CORE =
      Set.of("java.base", "jdk.unsupported", "jdk.jfr");

  private static final Pattern EDGE =
      Pattern.compile("^ +(org\\.pagewright\\S*) +-> (\\S+) +(.+?) *$");

  private final Tree tree = Tree.get();

  /// One arrow: a package uses another, which lives in a module or "not found".
  private record Edge(String from, String to, String where) {}

  @Test
  void roomsOfCoreImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("core"), "org.pagewright.", CORE);
  }

  @Test
  void roomsOfExt4ImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("fs-ext4"), "org.pagewright.fs.ext4", EXT4);
  }

  @Test
  void roomsOfTheLabImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("lab"), "org.pagewright.lab", LAB);
  }

  @Test
  void roomsOfFuseImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("front-fuse"), "org.pagewright.fuse", FUSE);
  }

  @Test
  void roomsOfSimImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("sim"), "org.pagewright.sim.", SIM);
  }

  @Test
  void roomsOfBenchImportOnlyRoomsBelow() throws IOException {
    assertFollows(edges("bench"), "org.pagewright.bench", BENCH);
  }

  @Test
  void coreNeedsNothingButTheJdk() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Edge e : edges("core")) {
      boolean ours = e.to.startsWith("org.pagewright");
      boolean annotation = e.to.equals("org.jspecify.annotations");
      if (!ours && !annotation && !JDK_MODULES_OF_CORE.contains(e.where)) {
        wrong.add(e.from + " uses " + e.to + " of " + e.where);
      }
    }
    assertNoneWrong(wrong, "core may use only " + new TreeSet<>(JDK_MODULES_OF_CORE));
  }

  @Test
  void noPackagesUseEachOtherInACircle() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String module : tree.modules()) {
      Map<String, Set<String>> graph = new TreeMap<>();
      for (Edge e : edges(module)) {
        graph.computeIfAbsent(e.from, k -> new TreeSet<>()).add(e.to);
      }
      String cycle = cycle(graph);
      if (cycle != null) {
        wrong.add(module + ": " + cycle);
      }
    }
    assertNoneWrong(wrong, "turn one arrow with an interface that the lower package owns");
  }

  @Test
  void nothingBelowTheVfsKnowsAFileSystem() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String module : tree.modules()) {
      for (Edge e : edges(module)) {
        if (module.equals("core") && e.to.startsWith("org.pagewright.fs.")
            || module.startsWith("fs-") && e.to.matches("org\\.pagewright\\.(cli|nio|fuse)\\b.*")) {
          wrong.add(module + ": " + e.from + " -> " + e.to);
        }
      }
    }
    assertNoneWrong(wrong, "the arrows go from front ends to file systems to core");
  }

  @Test
  void aCircleOfThreeIsFoundAndATreeIsNot() {
    Map<String, Set<String>> tree = Map.of("a", Set.of("b", "c"), "b", Set.of("c"));
    assertEquals(null, cycle(tree));
    String found = cycle(Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("a")));
    assertTrue(found != null && found.matches("(. -> ){3}."), found);
  }

  /// Fails for each arrow between packages under the prefix that the table does not allow.
  private static void assertFollows(List<Edge> edges, String prefix, String tableText) {
    Map<String, Set<String>> table = new TreeMap<>();
    for (String line : tableText.lines().toList()) {
      String[] parts = line.split(":", 2);
      Set<String> below = new TreeSet<>(List.of(parts[1].strip().split(" +")));
      below.remove("");
      table.put(parts[0].strip(), below);
    }
    Set<String> wrong = new LinkedHashSet<>();
    for (Edge e : edges) {
      String from = room(e.from, prefix);
      String to = room(e.to, prefix);
      if (from == null || to == null) {
        continue;
      }
      Set<String> below = table.get(from);
      if (below == null) {
        wrong.add(e.from + ": no line for it in the table of LayeringTest; say where it stands");
      } else if (!below.contains(to)) {
        wrong.add(
            e.from + " -> " + e.to + ": may import " + (below.isEmpty() ? "none of ours" : below));
      }
    }
    assertNoneWrong(List.copyOf(wrong), "see the picture in docs/ARCHITECTURE.md");
  }

  /// The room of a package under the prefix, "." for the prefix itself, or null.
  private static @Nullable String room(String name, String prefix) {
    if (name.equals(prefix)) {
      return ".";
    }
    String start = prefix.endsWith(".") ? prefix : prefix + ".";
    return name.startsWith(start) ? name.substring(start.length()) : null;
  }

  private static void assertNoneWrong(List<String> wrong, String todo) {
    assertTrue(
        wrong.isEmpty(),
        () -> wrong.size() + " arrows to turn; " + todo + ":\n  " + String.join("\n  ", wrong));
  }

  /// The arrows out of a module's compiled packages; none if it has no sources of its own.
  private List<Edge> edges(String module) throws IOException {
    Path root = tree.root().resolve(module);
    Path classes = root.resolve("target/classes/org");
    if (!Files.isDirectory(classes)) {
      String sources = module + "/src/main/java/org/";
      boolean expected = tree.java().anyMatch(f -> f.path().startsWith(sources));
      assertTrue(!expected, () -> module + " is not compiled: mvn compile, then again");
      return List.of();
    }
    List<String> arguments = new ArrayList<>(List.of("-verbose:package"));
    // Package by package, not the module's root: with its module-info in sight jdeps would want
    // to resolve everything the module requires.
    try (Stream<Path> files = Files.list(classes)) {
      files.map(Path::toString).forEach(arguments::add);
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
    int status =
        jdeps.run(
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            arguments.toArray(String[]::new));
    assertEquals(0, status, () -> "jdeps over " + module + ": " + out + err);
    List<Edge> edges = new ArrayList<>();
    for (String line : out.toString().lines().toList()) {
      Matcher m = EDGE.matcher(line);
      if (m.matches() && !m.group(1).equals(m.group(2))) {
        edges.add(new Edge(m.group(1), m.group(2), m.group(3)));
      }
    }
    assertTrue(!edges.isEmpty(), () -> "jdeps said nothing about " + module + ": " + out);
    return edges;
  }

  /// @return one circle as `a -> b -> a`, or null if there is none
  private static @Nullable String cycle(Map<String, Set<String>> graph) {
    Set<String> done = new TreeSet<>();
    for (String start : graph.keySet()) {
      List<String> found = cycleFrom(start, graph, new ArrayList<>(), done);
      if (found != null) {
        return String.join(" -> ", found);
      }
    }
    return null;
  }

  private static @Nullable List<String> cycleFrom(
      String node, Map<String, Set<String>> graph, List<String> path, Set<String> done) {
    int seen = path.indexOf(node);
    if (seen >= 0) {
      List<String> cycle = new ArrayList<>(path.subList(seen, path.size()));
      cycle.add(node);
      return cycle;
    }
    if (done.contains(node)) {
      return null;
    }
    path.add(node);
    for (String next : graph.getOrDefault(node, Set.of())) {
      List<String> found = cycleFrom(next, graph, path, done);
      if (found != null) {
        return found;
      }
    }
    path.removeLast();
    done.add(node);
    return null;
  }
}
