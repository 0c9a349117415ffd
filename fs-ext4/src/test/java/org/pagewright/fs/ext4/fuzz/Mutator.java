package org.pagewright.fs.ext4.fuzz;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Invents changes: knows where the fields of each structure are, which values lie on a boundary,
/// and which blocks a pointer could be bent to.
final class Mutator {
  private static final int[] SUPER = {
    0x0, 4, 0x4, 4, 0x8, 4, 0xc, 4, 0x10, 4, 0x14, 4, 0x18, 4, 0x1c, 4, 0x20, 4, 0x24, 4, 0x28, 4,
    0x30, 4, 0x34, 2, 0x36, 2, 0x38, 2, 0x3a, 2, 0x3c, 2, 0x3e, 2, 0x48, 4, 0x4c, 4, 0x50, 2, 0x54,
    4, 0x58, 2, 0x5a, 2, 0x5c, 4, 0x60, 4, 0x64, 4, 0xce, 2, 0xd0, 4, 0xe0, 4, 0xe4, 4, 0xe8, 4,
    0xec, 4, 0xfc, 1, 0xfd, 1, 0xfe, 2, 0x100, 4, 0x104, 4, 0x10c, 4, 0x110, 4, 0x150, 4, 0x154, 4,
    0x158, 4, 0x15c, 2, 0x15e, 2, 0x160, 4, 0x168, 4, 0x174, 1, 0x175, 1, 0x194, 4, 0x24c, 4, 0x250,
    4, 0x268, 4, 0x270, 4, 0x27c, 2, 0x280, 4
  };
  private static final int[] DESCRIPTOR = {
    0x0, 4, 0x4, 4, 0x8, 4, 0xc, 2, 0xe, 2, 0x10, 2, 0x12, 2, 0x18, 2, 0x1a, 2, 0x1c, 2, 0x1e, 2,
    0x20, 4, 0x24, 4, 0x28, 4, 0x2c, 2, 0x2e, 2, 0x30, 2, 0x32, 2, 0x38, 2, 0x3a, 2
  };
  private static final int[] INODE = {
    0x0, 2, 0x2, 2, 0x4, 4, 0x8, 4, 0xc, 4, 0x10, 4, 0x14, 4, 0x18, 2, 0x1a, 2, 0x1c, 4, 0x20, 4,
    0x20, 4, 0x28, 2, 0x2a, 2, 0x2c, 2, 0x2e, 2, 0x34, 4, 0x38, 2, 0x3a, 2, 0x3c, 4, 0x40, 4, 0x44,
    2, 0x46, 2, 0x48, 4, 0x28, 4, 0x2c, 4, 0x54, 4, 0x58, 4, 0x5c, 4, 0x60, 4, 0x64, 4, 0x68, 4,
    0x6c, 4, 0x70, 4, 0x74, 2, 0x76, 2, 0x7c, 2, 0x80, 2, 0x82, 2, 0x84, 4, 0x88, 4, 0x94, 4, 0xa0,
    4, 0xa4, 1, 0xa6, 2, 0xa8, 4, 0xac, 4, 0xb0, 4
  };
  private static final int[] JOURNAL_SUPER = {
    0x0, 4, 0x4, 4, 0x8, 4, 0xc, 4, 0x10, 4, 0x14, 4, 0x18, 4, 0x1c, 4, 0x20, 4, 0x24, 4, 0x28, 4,
    0x2c, 4, 0x30, 4, 0x40, 4, 0x50, 4, 0x54, 4, 0xfc, 4
  };

  private final SplittableRandom random;
  private final BaseImage base;
  private final Map<Target.Kind, List<Target>> byKind = new EnumMap<>(Target.Kind.class);
  private final List<Target.Kind> kinds;

  Mutator(SplittableRandom random, BaseImage base) {
    this.random = random;
    this.base = base;
    for (Target target : base.all) {
      byKind.computeIfAbsent(target.kind(), k -> new ArrayList<>()).add(target);
    }
    kinds = List.copyOf(byKind.keySet());
  }

  Case invent() {
    int dice = random.nextInt(100);
    int count = dice < 50 ? 1 : dice < 85 ? 2 + random.nextInt(3) : 5 + random.nextInt(8);
    List<Mutation> mutations = new ArrayList<>();
    while (mutations.size() < count) {
      mutations.add(one());
    }
    return new Case(base.variant, random.nextInt(5) > 0, mutations);
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private Mutation one() {
    Target target = any(byKind.get(any(kinds)));
    int dice = random.nextInt(100);
    if (dice < 4) {
      return Mutation.copy(target.label(), any(byKind.get(target.kind())).label());
    }
    if (dice < 6) {
      return Mutation.copy(target.label(), any(base.all).label());
    }
    if (dice < 12) {
      byte[] bytes = new byte[1 + random.nextInt(Math.min(64, target.length()))];
      if (random.nextInt(3) > 0) {
        random.nextBytes(bytes);
      }
      return Mutation.put(
          target.label(), random.nextInt(target.length() - bytes.length + 1), bytes);
    }
    return field(target);
  }

  private Mutation field(Target target) {
    MemorySegment s = MemorySegment.ofArray(base.image.get(target.pos(), target.length()));
    return switch (target.kind()) {
      case SUPER -> listed(target, s, SUPER, false);
      case DESCRIPTOR -> listed(target, s, DESCRIPTOR, false);
      case INODE -> listed(target, s, INODE, false);
      case JOURNAL_SUPER -> listed(target, s, JOURNAL_SUPER, true);
      case JOURNAL -> number(target, s, 4 * random.nextInt(16), 4, true);
      case EXTENTS -> extent(target, s);
      case DIRECTORY -> directory(target, s);
      case XATTR -> xattr(target, s);
      case POINTERS, ORPHANS ->
          number(target, s, 4 * random.nextInt(target.length() / 4), 4, false);
      case BLOCK_BITMAP, INODE_BITMAP -> bits(target, s);
      case LINK -> number(target, s, random.nextInt(320), 1, false);
    };
  }

  private Mutation listed(Target target, MemorySegment s, int[] fields, boolean bigEndian) {
    while (true) {
      int i = random.nextInt(fields.length / 2) * 2;
      if (fields[i] + fields[i + 1] <= target.length()) {
        return number(target, s, fields[i], fields[i + 1], bigEndian);
      }
    }
  }

  private Mutation extent(Target target, MemorySegment s) {
    int entry = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(30);
    int[][] parts = {{0, 4}, {4, 2}, {6, 2}, {8, 4}, {2, 2}, {0, 2}};
    int[] part = parts[random.nextInt(entry == 0 ? 6 : 4)];
    return number(target, s, 12 * entry + part[0], part[1], false);
  }

  private Mutation directory(Target target, MemorySegment s) {
    boolean index = !target.label().equals("dir:/:0") && random.nextInt(4) == 0;
    if (index) {
      int[][] parts = {{24, 4}, {28, 1}, {29, 1}, {30, 1}, {31, 1}, {32, 2}, {34, 2}, {36, 4}};
      int[] part =
          random.nextBoolean()
              ? parts[random.nextInt(parts.length)]
              : new int[] {40 + 4 * random.nextInt(12), 4};
      return number(target, s, part[0], part[1], false);
    }
    List<Integer> records = new ArrayList<>();
    for (int at = 0; at + 12 <= target.length() && LittleEndian.u16(s, at + 4) >= 8; ) {
      records.add(at);
      at += LittleEndian.u16(s, at + 4);
    }
    int at = records.isEmpty() ? 0 : any(records);
    int[][] parts = {{0, 4}, {4, 2}, {6, 1}, {7, 1}, {8, 1}, {9, 1}, {4, 2}};
    int[] part = parts[random.nextInt(parts.length)];
    return number(target, s, at + part[0], part[1], false);
  }

  private Mutation xattr(Target target, MemorySegment s) {
    int[][] parts = {
      {0, 4}, {4, 4}, {8, 4}, {12, 4}, {16, 4}, {32, 1}, {33, 1}, {34, 2}, {36, 4}, {40, 4},
      {44, 4}, {48, 1}
    };
    int[] part = parts[random.nextInt(parts.length)];
    return number(target, s, part[0], part[1], false);
  }

  private Mutation bits(Target target, MemorySegment s) {
    int at = random.nextInt(random.nextBoolean() ? 64 : target.length());
    int value = LittleEndian.u8(s, at) ^ 1 << random.nextInt(8);
    return Mutation.put(target.label(), at, new byte[] {(byte) value});
  }

  /// A field with another value: near the old one, on a boundary, a block, an inode, or anything.
  private Mutation number(
      Target target, MemorySegment s, int offset, int width, boolean bigEndian) {
    long old = 0;
    for (int i = 0; i < width; i++) {
      int at = bigEndian ? offset + i : offset + width - 1 - i;
      old = old << 8 | LittleEndian.u8(s, at);
    }
    long all = (1L << 8 * width) - 1;
    long value =
        switch (random.nextInt(14)) {
          case 0 -> 0;
          case 1 -> all;
          case 2 -> all - 1;
          case 3 -> all >>> 1;
          case 4 -> (all >>> 1) + 1;
          case 5 -> old + 1;
          case 6 -> old - 1;
          case 7 -> old ^ 1L << random.nextInt(8 * width);
          case 8 -> random.nextInt(64);
          case 9 -> any(base.places);
          case 10 -> target.pos() / base.geometry.blockSize();
          case 11 -> base.geometry.blocksCount() - random.nextInt(3);
          case 12 -> random.nextInt(20) > 0 ? 1 + random.nextInt(40) : base.geometry.inodesCount();
          default -> random.nextLong();
        };
    byte[] bytes = new byte[width];
    for (int i = 0; i < width; i++) {
      bytes[bigEndian ? width - 1 - i : i] = (byte) (value >>> 8 * i);
    }
    return Mutation.put(target.label(), offset, bytes);
  }
}
