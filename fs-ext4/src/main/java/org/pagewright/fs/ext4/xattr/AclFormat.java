package org.pagewright.fs.ext4.xattr;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// Access control lists: programs exchange them in one format, ext4 keeps them in another that
/// leaves out the id of entries that need none.
///
///     programs:  version 2 | tag, permissions, id | tag, permissions, id | ...
///     ext4:      version 1 | tag, permissions | tag, permissions, id | ...
final class AclFormat {
  private static final int PROGRAM_VERSION = 2;
  private static final int DISK_VERSION = 1;
  private static final int TAG_USER = 0x02;
  private static final int TAG_GROUP = 0x08;
  private static final int NO_ID = -1;

  private AclFormat() {}

  /// From the programs' format to ext4's; null if it is malformed.
  static byte @Nullable [] toDisk(byte[] value) {
    MemorySegment in = MemorySegment.ofArray(value);
    if (value.length < 4 || (value.length - 4) % 8 != 0
        || LittleEndian.i32(in, 0) != PROGRAM_VERSION) {
      return null;
    }
    byte[] result = new byte[value.length];
    MemorySegment out = MemorySegment.ofArray(result);
    LittleEndian.put32(out, 0, DISK_VERSION);
    int to = 4;
    for (int at = 4; at < value.length; at += 8) {
      int tag = LittleEndian.u16(in, at);
      if (!isTag(tag)) {
        return null;
      }
      LittleEndian.put16(out, to, tag);
      LittleEndian.put16(out, to + 2, LittleEndian.u16(in, at + 2));
      to += 4;
      if (hasId(tag)) {
        LittleEndian.put32(out, to, LittleEndian.i32(in, at + 4));
        to += 4;
      }
    }
    return Arrays.copyOf(result, to);
  }

  /// From ext4's format to the programs'; null if it is malformed.
  static byte @Nullable [] fromDisk(byte[] value) {
    MemorySegment in = MemorySegment.ofArray(value);
    if (value.length < 4 || LittleEndian.i32(in, 0) != DISK_VERSION) {
      return null;
    }
    byte[] result = new byte[4 + (value.length - 4) * 2];
    MemorySegment out = MemorySegment.ofArray(result);
    LittleEndian.put32(out, 0, PROGRAM_VERSION);
    int to = 4;
    int at = 4;
    while (at < value.length) {
      if (at + 4 > value.length) {
        return null;
      }
      int tag = LittleEndian.u16(in, at);
      if (!isTag(tag) || hasId(tag) && at + 8 > value.length) {
        return null;
      }
      LittleEndian.put16(out, to, tag);
      LittleEndian.put16(out, to + 2, LittleEndian.u16(in, at + 2));
      LittleEndian.put32(out, to + 4, hasId(tag) ? LittleEndian.i32(in, at + 4) : NO_ID);
      to += 8;
      at += hasId(tag) ? 8 : 4;
    }
    return Arrays.copyOf(result, to);
  }

  private static boolean isTag(int tag) {
    return tag > 0 && tag <= 0x20 && Integer.bitCount(tag) == 1;
  }

  private static boolean hasId(int tag) {
    return tag == TAG_USER || tag == TAG_GROUP;
  }
}
