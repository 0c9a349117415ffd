package org.pagewright.fs.ext4.xattr;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// One attribute as it lies on disk: the prefix of its name as a number, the rest, and the value.
///
/// @param index number of the name's prefix, see [XattrNames]
/// @param name bytes after the prefix
/// @param value bytes, in ext4's own format for access control lists
record XattrEntry(int index, byte[] name, byte[] value) implements Comparable<XattrEntry> {
  static final int HEADER = 16;

  /// Bytes of the entry without its value.
  int entrySize() {
    return (HEADER + name.length + 3) & ~3;
  }

  /// Bytes that the value takes.
  int valueSize() {
    return (value.length + 3) & ~3;
  }

  boolean isNamed(int index, byte[] name) {
    return this.index == index && Arrays.equals(this.name, name);
  }

  /// The order in a block: prefix, then length, then bytes.
  @Override
  public int compareTo(XattrEntry other) {
    int order = Integer.compare(index, other.index);
    if (order == 0) {
      order = Integer.compare(name.length, other.name.length);
    }
    return order != 0 ? order : Arrays.compareUnsigned(name, other.name);
  }

  /// The hash kept with each entry: name bytes rotate in by 5, value words by 16.
  int hash() {
    int hash = 0;
    for (byte b : name) {
      hash = (hash << 5) ^ (hash >>> 27) ^ (b & 0xff);
    }
    byte[] padded = Arrays.copyOf(value, valueSize());
    MemorySegment s = MemorySegment.ofArray(padded);
    for (int at = 0; at < padded.length; at += 4) {
      hash = (hash << 16) ^ (hash >>> 16) ^ LittleEndian.i32(s, at);
    }
    return hash;
  }

  /// Writes the entry, and its value at the end of what is free.
  ///
  /// @param at where the entry begins
  /// @param valueAt where the value begins
  /// @param base what value offsets count from
  void write(MemorySegment s, int at, int valueAt, int base) {
    LittleEndian.put8(s, at, name.length);
    LittleEndian.put8(s, at + 1, index);
    LittleEndian.put16(s, at + 2, value.length == 0 ? 0 : valueAt - base);
    LittleEndian.put32(s, at + 4, 0);
    LittleEndian.put32(s, at + 8, value.length);
    LittleEndian.put32(s, at + 12, hash());
    MemorySegment.copy(name, 0, s, ValueLayout.JAVA_BYTE, at + HEADER, name.length);
    MemorySegment.copy(value, 0, s, ValueLayout.JAVA_BYTE, valueAt, value.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof XattrEntry e && isNamed(e.index, e.name)
        && Arrays.equals(value, e.value);
  }

  @Override
  public int hashCode() {
    return hash();
  }
}
