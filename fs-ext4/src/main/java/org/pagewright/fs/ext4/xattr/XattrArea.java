package org.pagewright.fs.ext4.xattr;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.pagewright.errno.CorruptedException;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// A range of bytes that holds attributes: entries from its start, values from its end.
///
///     | entry | entry | 0 0 0 0 |   free   | value | value |
///
/// Used for the rest of an inode and for a block of its own. An area is always rewritten whole.
final class XattrArea {
  private XattrArea() {}

  /// Reads all attributes.
  ///
  /// @param s memory
  /// @param first byte of the first entry
  /// @param end byte after the area
  /// @param base what value offsets count from
  /// @param device for messages
  /// @param blockNr for messages
  /// @param what for messages
  static List<XattrEntry> read(
      MemorySegment s, int first, int end, int base, String device, long blockNr, String what)
      throws CorruptedException {
    List<XattrEntry> entries = new ArrayList<>();
    int at = first;
    int valuesFrom = end;
    while (true) {
      if (at > end - 4) {
        throw new CorruptedException(device, blockNr, what + ": entries have no end");
      }
      if (LittleEndian.i32(s, at) == 0) {
        break;
      }
      int nameLength = LittleEndian.u8(s, at);
      int next = at + ((XattrEntry.HEADER + nameLength + 3) & ~3);
      if (at + XattrEntry.HEADER > end || next > end) {
        throw new CorruptedException(device, blockNr, what + ": entry reaches past the end");
      }
      if (LittleEndian.i32(s, at + 4) != 0) {
        throw new CorruptedException(
            device, blockNr, what + ": value lies in an inode of its own, which ea_inode is for");
      }
      long size = LittleEndian.u32(s, at + 8);
      int valueAt = base + LittleEndian.u16(s, at + 2);
      if (size > end - first || size > 0 && (valueAt < next || valueAt + size > end)) {
        throw new CorruptedException(
            device, blockNr, what + ": value of " + size + " bytes at " + valueAt
                + " lies outside");
      }
      if (size > 0) {
        valuesFrom = Math.min(valuesFrom, valueAt);
      }
      byte[] name = new byte[nameLength];
      MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + XattrEntry.HEADER, name, 0, nameLength);
      byte[] value = new byte[(int) size];
      if (size > 0) {
        MemorySegment.copy(s, ValueLayout.JAVA_BYTE, valueAt, value, 0, value.length);
      }
      entries.add(new XattrEntry(LittleEndian.u8(s, at + 1), name, value));
      at = next;
    }
    if (at + 4 > valuesFrom) {
      throw new CorruptedException(device, blockNr, what + ": values overlap entries");
    }
    return entries;
  }

  /// Bytes that attributes need, the end mark included.
  static int needed(List<XattrEntry> entries) {
    int size = 4;
    for (XattrEntry entry : entries) {
      size += entry.entrySize() + entry.valueSize();
    }
    return size;
  }

  /// Writes all attributes; they must fit.
  static void write(MemorySegment s, int first, int end, int base, List<XattrEntry> entries) {
    s.asSlice(first, end - first).fill((byte) 0);
    int at = first;
    int valueAt = end;
    for (XattrEntry entry : entries) {
      valueAt -= entry.valueSize();
      entry.write(s, at, valueAt, base);
      at += entry.entrySize();
    }
    assert at + 4 <= valueAt;
  }
}
