package org.pagewright.cli.tree;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Files with several names, by their inode: the first name that each was told by. Forgets a file
/// when all its names were met.
final class LinkTable {
  private record Key(long device, long ino) {}

  private static final class Seen {
    final String path;
    long left;

    Seen(String path, long left) {
      this.path = path;
      this.left = left;
    }
  }

  private final Map<Key, Seen> seen = new HashMap<>();

  /// Meets a name.
  ///
  /// @param device tells inodes of several file systems apart
  /// @param ino inode number
  /// @param names how many the file has
  /// @param path this name
  /// @return the first name, or null if this is it
  @Nullable String meet(long device, long ino, long names, String path) {
    if (names < 2) {
      return null;
    }
    Key key = new Key(device, ino);
    Seen first = seen.get(key);
    if (first == null) {
      seen.put(key, new Seen(path, names - 1));
      return null;
    }
    if (--first.left == 0) {
      seen.remove(key);
    }
    return first.path;
  }
}
