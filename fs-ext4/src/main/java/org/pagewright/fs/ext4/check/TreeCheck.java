package org.pagewright.fs.ext4.check;

import org.pagewright.fs.ext4.disk.Feature;

/// Whether every inode can be reached from the root, by as many names as it has links.
final class TreeCheck {
  /// Links that a directory may have; more are said by 1, under the feature dir_nlink.
  private static final int LINKS_MAX = 65000;

  private final Scan scan;

  /// Directories that are known to lead up to the root, or were told of.
  private final SparseBits known;

  TreeCheck(Scan scan) {
    this.scan = scan;
    this.known = new SparseBits(scan.geometry.inodesCount() + 1);
  }

  void run() {
    known.set(Scan.ROOT_INO);
    if (scan.directories.get(Scan.ROOT_INO) && scan.facts.dotDot(Scan.ROOT_INO) != 0) {
      dotDot(Scan.ROOT_INO, Scan.ROOT_INO);
    }
    long end = scan.geometry.inodesCount() + 1;
    for (long ino = next(1); ino >= 0; ino = next(ino + 1)) {
      if (scan.hidden.get(ino)) {
        continue;
      }
      if (scan.directories.get(ino) && ino != Scan.ROOT_INO) {
        up(ino);
        if (scan.facts.parent(ino) != 0) {
          dotDot(ino, scan.facts.parent(ino));
        }
      }
      links(ino);
      if (ino + 1 >= end) {
        return;
      }
    }
  }

  private long next(long from) {
    long end = scan.geometry.inodesCount() + 1;
    return from >= end ? -1 : scan.used.firstSet(from, end - from);
  }

  private void dotDot(long ino, long parent) {
    if (scan.facts.dotDot(ino) != parent && scan.facts.dotDot(ino) != 0) {
      scan.damage(
          FindingCode.DIRECTORY_DOTS,
          ino,
          -1,
          "its `..` leads to inode " + scan.facts.dotDot(ino) + ", its name is in " + parent);
    }
  }

  /// Follows parents; each directory is passed once in all, as what was passed is known.
  private void up(long ino) {
    for (long at = ino; known.set(at); ) {
      long parent = scan.facts.parent(at);
      if (parent == 0) {
        if (!scan.orphans.get(at)) {
          scan.damage(
              FindingCode.DIRECTORY_UNCONNECTED, at, -1, "directory has no name in any directory");
        }
        return;
      }
      at = parent;
      if (at == ino) {
        scan.damage(
            FindingCode.DIRECTORY_UNCONNECTED,
            ino,
            -1,
            "directory is in a circle of directories that the root does not lead to");
        return;
      }
    }
  }

  private void links(long ino) {
    int names = scan.facts.names(ino);
    int links = scan.facts.links(ino);
    boolean isDirectory = scan.directories.get(ino);
    if (names == 0 && !scan.orphans.get(ino)) {
      scan.damage(FindingCode.INODE_UNCONNECTED, ino, -1, "is in use and has no name");
      return;
    }
    boolean many = isDirectory && scan.has(Feature.DIR_NLINK) && (links == 1 || names > LINKS_MAX);
    boolean right = many ? links == 1 : links == names;
    // An orphan directory keeps its dot.
    if (!right && !(scan.orphans.get(ino) && links == 0)) {
      scan.damage(
          FindingCode.LINK_COUNT, ino, -1, "has " + links + " links, and " + names + " names");
    }
  }
}
