package org.pagewright.fs.ext4.crash;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.sim.crash.CrashOracle;
import org.pagewright.vfs.FileType;

/// What a volume holds after each operation of a run, and from that, what may be seen after a power
/// cut.
///
/// With a journal, names, attributes, sizes set by truncate and space are as they were after some
/// operation `m`: changes become durable in their order, and each whole or not at all. A sync that
/// has returned bounds `m` from below, what has been begun bounds it from above. Written bytes are
/// not in that order: each sector of a file is as after the last sync of the file, or as after a
/// later operation; never zero or foreign where it was written, and a file is never longer than
/// what was written to it. What an operation up to `m` cut off or punched does not come back; the
/// rest of a block where it cuts may be zero before the cut is there, because it is zeroed first
/// (R-D4). A file that replaced another by a rename is there whole.
///
/// Without a journal only the moment after a sync counts: then all is as it was.
final class CrashModel implements CrashOracle<Sight> {
  /// What is promised.
  enum Mode {
    /// A journal of metadata; bytes go out before the metadata that leads to them.
    ORDERED,
    /// A journal of metadata; blocks that were given to a file may show what they held before.
    WRITEBACK,
    /// A journal of metadata and bytes.
    JOURNAL,
    /// No journal.
    NONE
  }

  private static final int SECTOR = 512;

  /// A range of a file that an operation set to zero as part of its metadata.
  private record Cleared(long from, long to) {}

  /// The content of a file after an operation.
  ///
  /// @param op number of the operation
  /// @param size in bytes
  /// @param bytes all of it
  /// @param sizeSet whether the operation set the size as metadata
  /// @param ahead whether its size may be durable before bytes that older operations wrote: set as
  ///     metadata, or by a write past the cache
  /// @param cleared what it cleared; null for nothing
  private record Version(
      int op,
      long size,
      byte[] bytes,
      boolean sizeSet,
      boolean ahead,
      @Nullable Cleared cleared) {

    Version(int op, long size, byte[] bytes, boolean sizeSet, @Nullable Cleared cleared) {
      this(op, size, bytes, sizeSet, sizeSet, cleared);
    }

    /// A byte; zero beyond the end.
    byte at(long pos) {
      return pos < bytes.length ? bytes[(int) pos] : 0;
    }
  }

  private static final class Node {
    final FileType type;
    final TreeMap<String, Node> children = new TreeMap<>();
    final TreeMap<String, String> xattrs = new TreeMap<>();
    final List<Version> versions = new ArrayList<>();

    /// Operation by which the file replaced another, and its version then: as durable as the name.
    final Map<Integer, Integer> replacing = new HashMap<>();

    String target = "";
    int nlink = 1;

    /// The last operation that changed the inode or a name of it; the last that changed its size or
    /// space.
    int changedBy;

    int resizedBy;

    Node(FileType type, int op) {
      this.type = type;
      this.changedBy = op;
      this.resizedBy = op;
      if (type == FileType.DIRECTORY) {
        nlink = 2;
      } else if (type == FileType.REGULAR) {
        versions.add(new Version(op, 0, new byte[0], true, null));
      }
    }

    Version last() {
      return versions.getLast();
    }
  }

  /// What a path was after an operation.
  private record Place(
      Node node, String first, int nlink, String target, Map<String, String> xattrs) {}

  /// What had been promised when an operation had returned.
  ///
  /// @param names the operation up to which names and metadata are durable
  /// @param contents the version up to which each file's bytes are durable
  private record Promise(int names, Map<Node, Integer> contents) {}

  private final Mode mode;

  /// A size between two sizes may be seen at multiples of it only.
  private final int blockSize;

  private final Node root = new Node(FileType.DIRECTORY, 0);
  private final List<Map<String, Place>> after = new ArrayList<>();
  private final List<Promise> promises = new ArrayList<>();
  private final List<CrashOp> ops = new ArrayList<>();
  private int applied;

  CrashModel(Mode mode, int blockSize) {
    this.mode = mode;
    this.blockSize = blockSize;
    root.nlink++; // lost+found, which is not looked at
    begin();
  }

  /// Everything done so far is on the medium: the run begins here.
  void begin() {
    after.clear();
    promises.clear();
    ops.clear();
    forgetHistory(root);
    remember();
    promises.add(new Promise(0, contents()));
  }

  private void forgetHistory(Node node) {
    node.changedBy = 0;
    node.resizedBy = 0;
    if (node.type == FileType.REGULAR) {
      Version v = node.last();
      node.versions.clear();
      node.replacing.clear();
      node.versions.add(new Version(0, v.size, v.bytes, true, null));
    }
    node.children.values().forEach(this::forgetHistory);
  }

  private void remember() {
    Map<String, Place> places = new TreeMap<>();
    Map<Node, String> firsts = new HashMap<>();
    addPlaces(places, firsts, "/", root);
    after.add(places);
  }

  private static void addPlaces(
      Map<String, Place> places, Map<Node, String> firsts, String path, Node node) {
    String first = firsts.computeIfAbsent(node, n -> path);
    places.put(
        path, new Place(node, first, node.nlink, node.target, new TreeMap<>(node.xattrs)));
    node.children.forEach(
        (name, child) -> addPlaces(places, firsts, Sight.child(path, name), child));
  }

  private Map<Node, Integer> contents() {
    Map<Node, Integer> all = new HashMap<>();
    after.getLast().values().forEach(
        p -> {
          if (p.node.type == FileType.REGULAR) {
            all.put(p.node, p.node.versions.size() - 1);
          }
        });
    return all;
  }

  // ---- Operations -------------------------------------------------------------------------------

  /// The bytes that an operation writes: none is zero, no two operations write the same.
  static byte[] bytes(int content, long pos, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      long p = pos + i;
      bytes[i] = (byte) (1 + (content * 37L + p * 11 + (p >> 8) * 5 + content * (p >> 9)) % 250);
    }
    return bytes;
  }

  /// Which bytes the next operation writes.
  int nextContent() {
    return applied + 1;
  }

  private @Nullable Node find(String path) {
    Node node = root;
    for (String name : path.split("/")) {
      if (!name.isEmpty()) {
        node = node == null ? null : node.children.get(name);
      }
    }
    return node;
  }

  private static String parentOf(String path) {
    return path.substring(0, Math.max(1, path.lastIndexOf('/')));
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /// The size of a regular file.
  ///
  /// @return -1 if there is none
  long sizeOf(String path) {
    Node node = find(path);
    return node == null || node.type != FileType.REGULAR ? -1 : node.last().size;
  }

  /// The paths there are.
  TreeSet<String> paths() {
    return new TreeSet<>(after.getLast().keySet());
  }

  boolean isDirectory(String path) {
    Node node = find(path);
    return node != null && node.type == FileType.DIRECTORY;
  }

  /// Whether an operation makes sense now; one that does not is left out of the run.
  boolean allows(CrashOp op) {
    Node node = find(op.path());
    boolean file = node != null && node.type == FileType.REGULAR;
    boolean directory = node != null && node.type == FileType.DIRECTORY;
    return switch (op.kind()) {
      case CREATE, MKDIR, SYMLINK -> node == null && isDirectory(parentOf(op.path()));
      case WRITE, APPEND, FALLOCATE, FALLOCATE_KEEP, PUNCH, ZERO, TRUNCATE -> file;
      case STORE -> file && op.pos() + op.length() <= node.last().size;
      case DIRECT -> file;
      case SETXATTR -> file || directory;
      case RMXATTR -> (file || directory) && node.xattrs.containsKey(op.other());
      case LINK ->
          node != null && !directory && find(op.other()) == null
              && isDirectory(parentOf(op.other()));
      case UNLINK -> node != null && !directory;
      case RMDIR -> directory && node != root && node.children.isEmpty();
      case RENAME -> node != null && node != root && mayRename(node, op);
      case EXCHANGE ->
          node != null && node != root && find(op.other()) != null
              && !op.other().startsWith(op.path() + "/") && !op.path().startsWith(op.other() + "/")
              && !op.other().equals(op.path());
      case HOLD -> file;
      case FSYNC, FDATASYNC -> (file || directory) && !op.path().isEmpty();
      case TMPFILE, SYNC, REMOUNT -> true;
    };
  }

  private boolean mayRename(Node node, CrashOp op) {
    Node target = find(op.other());
    if (!isDirectory(parentOf(op.other())) || (op.other() + "/").startsWith(op.path() + "/")) {
      return false;
    }
    if (target == null) {
      return true;
    }
    boolean directory = node.type == FileType.DIRECTORY;
    return target != node
        && directory == (target.type == FileType.DIRECTORY)
        && target.children.isEmpty();
  }

  /// Does what the run has just done.
  void apply(CrashOp op) {
    ops.add(op);
    int number = ops.size();
    applied++;
    change(op, number);
    remember();
    Promise last = promises.getLast();
    promises.add(op.kind().isSync() ? promiseOf(op, number, last) : last);
  }

  private Promise promiseOf(CrashOp op, int number, Promise last) {
    if (op.kind() == CrashOp.Kind.SYNC || op.kind() == CrashOp.Kind.REMOUNT) {
      return new Promise(number, contents());
    }
    Node node = find(op.path());
    assert node != null;
    Map<Node, Integer> contents = new HashMap<>(last.contents);
    if (node.type == FileType.REGULAR) {
      contents.put(node, node.versions.size() - 1);
    }
    boolean datasync = op.kind() == CrashOp.Kind.FDATASYNC;
    int names = Math.max(last.names, datasync ? node.resizedBy : node.changedBy);
    // Without a journal a sync of one file writes all metadata there is.
    return new Promise(mode == Mode.NONE ? number : names, contents);
  }

  private void change(CrashOp op, int number) {
    Node node = find(op.path());
    Node dir = op.path().isEmpty() ? root : find(parentOf(op.path()));
    Node otherDir = op.other().startsWith("/") ? find(parentOf(op.other())) : null;
    String name = nameOf(op.path());
    switch (op.kind()) {
      case CREATE -> add(dir, name, new Node(FileType.REGULAR, number), number);
      case MKDIR -> add(dir, name, new Node(FileType.DIRECTORY, number), number);
      case SYMLINK -> {
        Node link = new Node(FileType.SYMLINK, number);
        link.target = op.other();
        add(dir, name, link, number);
      }
      case WRITE, STORE -> write(node, number, op.pos(), op.length(), false);
      case DIRECT -> write(node, number, op.pos(), op.length(), true);
      case APPEND -> write(node, number, node.last().size, op.length(), false);
      case FALLOCATE -> extend(node, number, op.pos() + op.length());
      case FALLOCATE_KEEP -> touch(node, number, true);
      case PUNCH -> clear(node, number, op.pos(), op.pos() + op.length());
      case ZERO -> {
        clear(node, number, op.pos(), op.pos() + op.length());
        extend(node, number, op.pos() + op.length());
      }
      case TRUNCATE -> truncate(node, number, op.pos());
      case LINK -> {
        otherDir.children.put(nameOf(op.other()), node);
        node.nlink++;
        touch(node, number, false);
        touch(otherDir, number, true);
      }
      case UNLINK, RMDIR -> {
        remove(dir, name, number);
      }
      case RENAME -> {
        Node replaced = find(op.other());
        if (replaced != null && replaced.type == FileType.REGULAR) {
          node.replacing.put(number, node.versions.size() - 1);
        }
        if (replaced != null) {
          remove(otherDir, nameOf(op.other()), number);
        }
        dir.children.remove(name);
        otherDir.children.put(nameOf(op.other()), node);
        moved(node, dir, otherDir, number);
      }
      case EXCHANGE -> {
        Node other = find(op.other());
        dir.children.put(name, other);
        otherDir.children.put(nameOf(op.other()), node);
        moved(node, dir, otherDir, number);
        moved(other, otherDir, dir, number);
      }
      case SETXATTR -> {
        byte[] value = bytes(applied, 0, op.length());
        node.xattrs.put(op.other(), HexFormat.of().formatHex(value));
        touch(node, number, false);
      }
      case RMXATTR -> {
        node.xattrs.remove(op.other());
        touch(node, number, false);
      }
      case HOLD, TMPFILE, FSYNC, FDATASYNC, SYNC, REMOUNT -> {}
    }
  }

  private static void touch(Node node, int number, boolean resized) {
    node.changedBy = number;
    node.resizedBy = resized ? number : node.resizedBy;
  }

  private static void add(Node dir, String name, Node node, int number) {
    dir.children.put(name, node);
    dir.nlink += node.type == FileType.DIRECTORY ? 1 : 0;
    touch(dir, number, true);
  }

  private static void remove(Node dir, String name, int number) {
    Node node = dir.children.remove(name);
    node.nlink--;
    dir.nlink -= node.type == FileType.DIRECTORY ? 1 : 0;
    touch(node, number, false);
    touch(dir, number, true);
  }

  private static void moved(Node node, Node from, Node to, int number) {
    if (node.type == FileType.DIRECTORY) {
      from.nlink--;
      to.nlink++;
    }
    touch(node, number, false);
    touch(from, number, true);
    touch(to, number, true);
  }

  private void write(Node node, int number, long pos, int length, boolean direct) {
    Version old = node.last();
    byte[] bytes = Arrays.copyOf(old.bytes, (int) Math.max(old.size, pos + length));
    System.arraycopy(bytes(applied, pos, length), 0, bytes, (int) pos, length);
    node.versions.add(new Version(number, bytes.length, bytes, false, direct, null));
    touch(node, number, bytes.length > old.size);
  }

  private void extend(Node node, int number, long size) {
    Version old = node.last();
    touch(node, number, true);
    if (size > old.size) {
      byte[] bytes = Arrays.copyOf(old.bytes, (int) size);
      long from = endsAreContent() ? roundUp(old.size) : old.size;
      node.versions.add(new Version(number, size, bytes, true, new Cleared(from, Long.MAX_VALUE)));
    }
  }

  private void truncate(Node node, int number, long size) {
    Version old = node.last();
    byte[] bytes = Arrays.copyOf(old.bytes, (int) size);
    long from = Math.min(old.size, size);
    if (endsAreContent()) {
      from = roundUp(from);
    }
    boolean sets = size != old.size;
    node.versions.add(new Version(number, size, bytes, sets, new Cleared(from, Long.MAX_VALUE)));
    touch(node, number, true);
  }

  private void clear(Node node, int number, long from, long to) {
    Version old = node.last();
    byte[] bytes = old.bytes.clone();
    int end = (int) Math.min(to, old.size);
    if (from < end) {
      Arrays.fill(bytes, (int) from, end, (byte) 0);
    }
    Cleared whole = new Cleared(from, to);
    if (endsAreContent()) {
      whole = new Cleared(roundUp(from), to < old.size ? to - to % blockSize : roundUp(to));
    }
    // A hole over the end of the file makes the size durable with it.
    final boolean overEnd = from <= old.size && old.size <= to;
    node.versions.add(
        new Version(number, old.size, bytes, overEnd, whole.from < whole.to ? whole : null));
    touch(node, number, true);
  }

  /// Whether whole blocks are taken out, and parts of blocks at the ends of what goes are zeroed
  /// like any written byte: a sync of the metadata alone, or of another file, does not bring them.
  private boolean endsAreContent() {
    return mode == Mode.WRITEBACK || mode == Mode.NONE;
  }

  private long roundUp(long pos) {
    return (pos + blockSize - 1) / blockSize * blockSize;
  }

  // ---- Judging ----------------------------------------------------------------------------------

  @Override
  public @Nullable String objection(Sight seen, int marks) {
    int returned = Math.min(marks / 2, ops.size());
    int begun = Math.min((marks + 1) / 2, ops.size());
    Promise promise = promises.get(returned);
    if (mode == Mode.NONE) {
      boolean quiet = returned == begun && (returned == 0 || ops.get(returned - 1).kind().isSync());
      return quiet ? explain(seen, returned, promise, returned, begun) : null;
    }
    String why = null;
    for (int m = begun; m >= promise.names; m--) {
      String objection = explain(seen, m, promise, returned, begun);
      if (objection == null) {
        return null;
      }
      // What is told is about the nearest state: the latest one whose names are right.
      why = why == null || why.startsWith("names ") ? objection : why;
    }
    return why;
  }

  private @Nullable String explain(Sight seen, int m, Promise promise, int returned, int begun) {
    String problem = mismatch(seen, m, promise, begun);
    return problem == null
        ? null
        : problem
            + "\n  (compared with the state after operation " + m + "; " + returned
            + " had returned, " + begun + " were begun, durable up to " + promise.names + ")";
  }

  private @Nullable String mismatch(Sight seen, int m, Promise promise, int begun) {
    if (seen.damage() != null) {
      return "damaged: " + seen.damage();
    }
    Map<String, Place> places = after.get(m);
    if (!places.keySet().equals(seen.entries().keySet())) {
      return "names " + seen.entries().keySet() + " instead of " + places.keySet();
    }
    for (Map.Entry<String, Place> e : places.entrySet()) {
      Place place = e.getValue();
      Sight.Entry entry = seen.entries().get(e.getKey());
      String wanted =
          place.node.type + " " + place.first + " " + place.nlink + " " + place.target
              + place.xattrs;
      String got =
          entry.type() + " " + entry.first() + " " + entry.nlink() + " " + entry.target()
              + entry.xattrs();
      if (!wanted.equals(got)) {
        return e.getKey() + " is " + got + " instead of " + wanted;
      }
      if (place.node.type == FileType.REGULAR && place.first.equals(e.getKey())) {
        String problem = content(place.node, entry.content().array(), m, promise, begun);
        if (problem != null) {
          return e.getKey() + ": " + problem;
        }
      }
    }
    return null;
  }

  /// Judges a file's bytes when metadata are as after operation `m`.
  private @Nullable String content(Node node, byte[] seen, int m, Promise promise, int begun) {
    List<Version> all = node.versions;
    int synced = promise.contents.getOrDefault(node, 0);
    for (Map.Entry<Integer, Integer> e : node.replacing.entrySet()) {
      synced = e.getKey() <= m ? Math.max(synced, e.getValue()) : synced;
    }
    int last = 0;
    int sizeFrom = synced;
    for (int i = 0; i < all.size() && all.get(i).op <= begun; i++) {
      last = i;
      sizeFrom = all.get(i).sizeSet && all.get(i).op <= m ? Math.max(sizeFrom, i) : sizeFrom;
    }
    if (!sizeIsLegal(all, sizeFrom, last, seen.length)) {
      return "size " + seen.length + ", not that of any version from "
          + all.get(sizeFrom).size + " (operation " + all.get(sizeFrom).op + ") to "
          + all.get(last).size + " (operation " + all.get(last).op + ")";
    }
    TreeSet<Long> edges = new TreeSet<>();
    for (long pos = 0; pos < seen.length; pos += SECTOR) {
      edges.add(pos);
    }
    for (int i = synced; i <= last; i++) {
      Cleared c = all.get(i).cleared;
      if (c != null) {
        edges.add(c.from);
        edges.add(c.to);
      }
    }
    for (long from : edges.headSet((long) seen.length)) {
      Long next = edges.higher(from);
      int to = (int) Math.min(next == null ? seen.length : next, seen.length);
      if (!partIsLegal(all, synced, last, m, seen, (int) from, to)) {
        return "bytes " + from + " to " + to + " of " + seen.length + " are of no legal version: "
            + HexFormat.of().formatHex(seen, (int) from, (int) Math.min(to, from + 16));
      }
    }
    return null;
  }

  private boolean sizeIsLegal(List<Version> all, int first, int last, long size) {
    for (int i = first; i <= last; i++) {
      if (all.get(i).size == size) {
        return true;
      }
      boolean grows = i > first && all.get(i).size > all.get(i - 1).size;
      if (grows && !all.get(i).sizeSet && size % blockSize == 0
          && size > all.get(i - 1).size && size < all.get(i).size) {
        return true; // a part of what was written went out
      }
    }
    return false;
  }

  private boolean partIsLegal(
      List<Version> all, int synced, int last, int m, byte[] seen, int from, int to) {
    int first = synced;
    for (int i = synced; i <= last; i++) {
      Cleared c = all.get(i).cleared;
      if (c != null && all.get(i).op <= m && c.from <= from && to <= c.to) {
        first = i;
      }
    }
    for (int i = first; i <= last; i++) {
      Version v = all.get(i);
      if (isBeyondAll(v, all, i, last, from)) {
        continue;
      }
      boolean same = true;
      for (int pos = from; pos < to && same; pos++) {
        same = seen[pos] == v.at(pos);
      }
      if (same) {
        return true;
      }
    }
    return mode == Mode.WRITEBACK && first < last;
  }

  /// Whether a version says nothing of a place that the file has: it ended before, and whatever
  /// made the file longer wrote there. Then zeros are no old content, but bytes that were never
  /// written.
  ///
  /// A cut zeroes the rest of its last block in place, before it is committed: that may be seen.
  private boolean isBeyondAll(Version v, List<Version> all, int i, int last, int from) {
    if (from < v.size || v.sizeSet && from / blockSize == v.size / blockSize) {
      return false;
    }
    for (int j = i + 1; j <= last; j++) {
      if (all.get(j).ahead && all.get(j).size > from) {
        return false;
      }
    }
    return true;
  }
}
