package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Random operations against a plain model.
///
/// Goal: every operation ends as the model says, with the same error or the same tree and bytes.
/// Method: the model is maps and arrays, written from POSIX and without a look at the VFS; after
/// each run, and again after a remount, the whole tree is compared. The seed is in every message.
final class RandomContract extends Suite {
  private static final int STEPS = 400;

  RandomContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  @Case
  void seedOne() throws IOException {
    run(1);
  }

  @Case
  void seedTwo() throws IOException {
    run(2);
  }

  @Case
  void seedThree() throws IOException {
    run(3);
  }

  @Case
  void seedFromTheCommandLine() throws IOException {
    run(Long.getLong("pagewright.seed", 20_061_118));
  }

  // ---- The model --------------------------------------------------------------------------------

  private static final class Node {
    final @Nullable Map<String, Node> entries; // a directory
    byte[] bytes = new byte[0]; // a file
    @Nullable String target; // a symbolic link

    int links;

    Node(boolean directory) {
      entries = directory ? new TreeMap<>() : null;
    }
  }

  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    final Errno errno;

    Refused(Errno errno) {
      super(errno.name(), null, false, false);
      this.errno = errno;
    }
  }

  private final Node root = new Node(true);
  private Random random = new Random(0);

  /// The node of a directory path.
  private Node directory(String path) throws Refused {
    Node at = root;
    for (String name : path.split("/")) {
      if (name.isEmpty()) {
        continue;
      }
      Node next = entries(at).get(name);
      if (next == null) {
        throw new Refused(Errno.ENOENT);
      }
      if (next.entries == null) {
        // Links of the model lead nowhere, so walking through one finds nothing.
        throw new Refused(next.target != null ? Errno.ENOENT : Errno.ENOTDIR);
      }
      at = next;
    }
    return at;
  }

  private static Map<String, Node> entries(Node dir) {
    if (dir.entries == null) {
      throw new AssertionError("model: no directory");
    }
    return dir.entries;
  }

  private static String dirOf(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private boolean isBelow(Node node, Node above) {
    if (node == above) {
      return true;
    }
    if (above.entries == null) {
      return false;
    }
    for (Node child : above.entries.values()) {
      if (isBelow(node, child)) {
        return true;
      }
    }
    return false;
  }

  // ---- The operations ---------------------------------------------------------------------------

  private interface Real {
    void run() throws IOException;
  }

  private interface Model {
    void run() throws Refused;
  }

  private void both(String what, Real real, Model model) throws IOException {
    Errno expected = null;
    try {
      model.run();
    } catch (Refused e) {
      expected = e.errno;
    }
    Errno actual = null;
    FsException cause = null;
    try {
      real.run();
    } catch (FsException e) {
      actual = e.errno();
      cause = e;
    }
    if (expected != actual) {
      throw new AssertionError(what + ": model " + expected + ", volume " + actual, cause);
    }
  }

  private String path() {
    StringBuilder path = new StringBuilder("/");
    int depth = random.nextInt(3);
    for (int i = 0; i < depth; i++) {
      path.append("dir").append(random.nextInt(2)).append('/');
    }
    return path.append(random.nextInt(3) == 0 ? "dir" : "f").append(random.nextInt(3)).toString();
  }

  private void run(long seed) throws IOException {
    random = new Random(seed);
    try {
      for (int i = 0; i < STEPS; i++) {
        step(i);
      }
      for (int round = 0; round < 2; round++) {
        compare("/", root);
        remount();
      }
    } catch (AssertionError | IOException e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  private void step(int i) throws IOException {
    String path = path();
    String other = path();
    switch (random.nextInt(12)) {
      case 0, 1 -> both("mkdir " + path, () -> dir(path), () -> make(path, new Node(true)));
      case 2 -> both("mknod " + path, () -> file(path), () -> make(path, new Node(false)));
      case 3 ->
          both("symlink " + path, () -> volume().symlink("to" + i, path), () -> {
            Node link = new Node(false);
            link.target = "to" + i;
            make(path, link);
          });
      case 4 -> both("unlink " + path, () -> volume().unlink(path), () -> unlink(path));
      case 5 -> both("rmdir " + path, () -> volume().rmdir(path), () -> rmdir(path));
      case 6 ->
          both("link " + path + " " + other, () -> volume().link(path, other), () -> {
            link(path, other);
          });
      case 7, 8 -> {
        boolean canSwap = fixture.has(VolumeFixture.Feature.EXCHANGE);
        int flags = random.nextInt(canSwap ? 3 : 2);
        both(
            "rename " + path + " " + other + " " + flags,
            () -> volume().rename(path, other, flags),
            () -> rename(path, other, flags));
      }
      default -> changeBytes(path);
    }
  }

  private void make(String path, Node node) throws Refused {
    Map<String, Node> dir = entries(directory(dirOf(path)));
    if (dir.containsKey(nameOf(path))) {
      throw new Refused(Errno.EEXIST);
    }
    node.links = 1;
    dir.put(nameOf(path), node);
  }

  private Node find(String path) throws Refused {
    Node node = entries(directory(dirOf(path))).get(nameOf(path));
    if (node == null) {
      throw new Refused(Errno.ENOENT);
    }
    return node;
  }

  private void unlink(String path) throws Refused {
    Node node = find(path);
    if (node.entries != null) {
      throw new Refused(Errno.EISDIR);
    }
    node.links--;
    entries(directory(dirOf(path))).remove(nameOf(path));
  }

  private void rmdir(String path) throws Refused {
    Node node = find(path);
    if (node.entries == null) {
      throw new Refused(Errno.ENOTDIR);
    }
    if (!node.entries.isEmpty()) {
      throw new Refused(Errno.ENOTEMPTY);
    }
    entries(directory(dirOf(path))).remove(nameOf(path));
  }

  private void link(String path, String other) throws Refused {
    Node node = find(path);
    Map<String, Node> dir = entries(directory(dirOf(other)));
    if (dir.containsKey(nameOf(other))) {
      throw new Refused(Errno.EEXIST);
    }
    if (node.entries != null) {
      throw new Refused(Errno.EPERM);
    }
    node.links++;
    dir.put(nameOf(other), node);
  }

  private void rename(String path, String other, int flags) throws Refused {
    Map<String, Node> from = entries(directory(dirOf(path)));
    Node toDir = directory(dirOf(other));
    Map<String, Node> to = entries(toDir);
    Node source = from.get(nameOf(path));
    Node target = to.get(nameOf(other));
    if (source == null) {
      throw new Refused(Errno.ENOENT);
    }
    if (flags == RenameFlags.NOREPLACE && target != null) {
      throw new Refused(Errno.EEXIST);
    }
    if (flags == RenameFlags.EXCHANGE && target == null) {
      throw new Refused(Errno.ENOENT);
    }
    if (source.entries != null && isBelow(toDir, source)) {
      throw new Refused(Errno.EINVAL);
    }
    if (target != null && target.entries != null && isBelow(directory(dirOf(path)), target)) {
      throw new Refused(flags == RenameFlags.EXCHANGE ? Errno.EINVAL : Errno.ENOTEMPTY);
    }
    if (source == target) {
      return;
    }
    if (flags == RenameFlags.EXCHANGE) {
      from.put(nameOf(path), target);
      to.put(nameOf(other), source);
      return;
    }
    if (target != null) {
      if (source.entries != null && target.entries == null) {
        throw new Refused(Errno.ENOTDIR);
      }
      if (source.entries == null && target.entries != null) {
        throw new Refused(Errno.EISDIR);
      }
      if (target.entries != null && !target.entries.isEmpty()) {
        throw new Refused(Errno.ENOTEMPTY);
      }
      target.links--;
    }
    from.remove(nameOf(path));
    to.put(nameOf(other), source);
  }

  private void changeBytes(String path) throws IOException {
    int kind = random.nextInt(5);
    int pos = random.nextInt(20_000);
    int length = 1 + random.nextInt(9000);
    byte[] bytes = pattern(length, random.nextInt());
    int flags = OpenFlags.RDWR | OpenFlags.NOFOLLOW;
    boolean holes = fixture.has(VolumeFixture.Feature.HOLES);
    both(
        "bytes of " + path + ", kind " + kind + " at " + pos + ", " + length,
        () -> {
          try (OpenFile file = volume().open(path, flags, 0)) {
            if (kind <= 1) {
              assertEquals(length, file.write(pos, bytes, 0, length));
            } else if (kind == 2) {
              file.truncate(pos);
            } else if (kind == 3 && holes) {
              file.fallocate(FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, pos, length);
            } else {
              file.fsync(random.nextBoolean());
              file.dontNeed(0, 0);
            }
          }
        },
        () -> {
          Node node = find(path);
          if (node.target != null) {
            throw new Refused(Errno.ELOOP);
          }
          if (node.entries != null) {
            throw new Refused(Errno.EISDIR);
          }
          if (kind <= 1) {
            if (node.bytes.length < pos + length) {
              node.bytes = Arrays.copyOf(node.bytes, pos + length);
            }
            System.arraycopy(bytes, 0, node.bytes, pos, length);
          } else if (kind == 2) {
            node.bytes = Arrays.copyOf(node.bytes, pos);
          } else if (kind == 3 && holes && pos < node.bytes.length) {
            Arrays.fill(node.bytes, pos, Math.min(node.bytes.length, pos + length), (byte) 0);
          }
        });
  }

  // ---- Comparing --------------------------------------------------------------------------------

  private void compare(String path, Node node) throws IOException {
    Stat stat = volume().lstat(path);
    if (node.target != null) {
      assertEquals(node.target, volume().readlink(path), path);
      assertEquals(node.links, stat.nlink(), path);
    } else if (node.entries == null) {
      assertEquals(node.bytes.length, stat.size(), path);
      assertArrayEquals(node.bytes, content(path), path);
      assertEquals(node.links, stat.nlink(), path);
    } else {
      List<String> names = new ArrayList<>();
      int links = 2;
      for (DirEntry entry : volume().list(path)) {
        if (!(path.equals("/") && entry.name().toString().equals("lost+found"))) {
          names.add(entry.name().toString());
        } else {
          links++;
        }
      }
      names.sort(null);
      assertEquals(List.copyOf(node.entries.keySet()), names, path);
      for (Map.Entry<String, Node> entry : node.entries.entrySet()) {
        String child = (path.equals("/") ? "/" : path + "/") + entry.getKey();
        compare(child, entry.getValue());
        links += entry.getValue().entries != null ? 1 : 0;
      }
      assertEquals(links, stat.nlink(), path);
    }
  }
}
