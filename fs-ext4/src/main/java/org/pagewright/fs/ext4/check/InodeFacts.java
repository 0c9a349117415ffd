package org.pagewright.fs.ext4.check;

import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.disk.Geometry;

/// What later phases must know of each inode in use: a few bytes, for groups that have any.
final class InodeFacts {
  private final int perGroup;
  private final byte @Nullable [][] types;
  private final char @Nullable [][] links;
  private final char @Nullable [][] names;
  private final int @Nullable [][] parents;
  private final int @Nullable [][] dotDots;

  InodeFacts(Geometry geometry) {
    perGroup = geometry.inodesPerGroup();
    int groups = geometry.groupCount();
    types = new byte[groups][];
    links = new char[groups][];
    names = new char[groups][];
    parents = new int[groups][];
    dotDots = new int[groups][];
  }

  private int group(long ino) {
    return (int) ((ino - 1) / perGroup);
  }

  private int index(long ino) {
    return (int) ((ino - 1) % perGroup);
  }

  void put(long ino, int type, int linksCount) {
    int group = group(ino);
    byte[] row = types[group];
    char[] counts = links[group];
    if (row == null || counts == null) {
      row = new byte[perGroup];
      types[group] = row;
      counts = new char[perGroup];
      links[group] = counts;
    }
    row[index(ino)] = (byte) type;
    counts[index(ino)] = (char) linksCount;
  }

  /// The type in the high bits of a mode, as 0 to 15; 0 if the inode is not in use.
  int type(long ino) {
    byte[] row = types[group(ino)];
    return row == null ? 0 : row[index(ino)];
  }

  int links(long ino) {
    char[] row = links[group(ino)];
    return row == null ? 0 : row[index(ino)];
  }

  /// Counts a name; stops at the most that a count on disk can say.
  void addName(long ino) {
    int group = group(ino);
    char[] row = names[group];
    if (row == null) {
      row = new char[perGroup];
      names[group] = row;
    }
    if (row[index(ino)] != 0xffff) {
      row[index(ino)]++;
    }
  }

  int names(long ino) {
    char[] row = names[group(ino)];
    return row == null ? 0 : row[index(ino)];
  }

  void putParent(long ino, long parent) {
    put(parents, ino, parent);
  }

  long parent(long ino) {
    return get(parents, ino);
  }

  void putDotDot(long ino, long parent) {
    put(dotDots, ino, parent);
  }

  long dotDot(long ino) {
    return get(dotDots, ino);
  }

  private void put(int @Nullable [][] table, long ino, long value) {
    int group = group(ino);
    int[] row = table[group];
    if (row == null) {
      row = new int[perGroup];
      table[group] = row;
    }
    row[index(ino)] = (int) value;
  }

  private long get(int @Nullable [][] table, long ino) {
    int[] row = table[group(ino)];
    return row == null ? 0 : row[index(ino)] & 0xffff_ffffL;
  }
}
