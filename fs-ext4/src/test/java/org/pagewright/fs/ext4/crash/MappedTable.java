package org.pagewright.fs.ext4.crash;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.errno.FsException;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.OpenFile;

/// A hash table of longs that lives in a mapped region: open addressing, sixteen bytes a slot, so
/// that no slot lies in two sectors. The value is stored first and the key last: a slot without a
/// key is empty, whatever it holds.
final class MappedTable implements AutoCloseable {
  /// Bytes of a slot.
  static final int SLOT = 16;

  private final MappedRegion region;
  private final int slots;

  /// Opens a table over a file, of which it may use as many bytes as it has.
  MappedTable(OpenFile file) throws FsException {
    long length = file.size();
    slots = Math.toIntExact(length / SLOT);
    region = file.map(0, length, Protection.READ_WRITE, Sharing.SHARED);
  }

  int slots() {
    return slots;
  }

  private int home(long key) {
    return (int) Long.remainderUnsigned(key * 0x9E37_79B9_7F4A_7C15L, slots);
  }

  /// The slot of a key, or where it would be.
  ///
  /// @return -1 if the table is full
  int find(long key) {
    int slot = home(key);
    for (int i = 0; i < slots; i++) {
      long there = region.getLong((long) slot * SLOT);
      if (there == key || there == 0) {
        return slot;
      }
      slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return -1;
  }

  /// Keys are not 0 and never leave; a value may.
  void put(long key, long value) {
    long at = (long) find(key) * SLOT;
    region.putLong(at + 8, value);
    region.putLong(at, key);
  }

  long get(long key) {
    int slot = find(key);
    return region.getLong((long) slot * SLOT) == key ? region.getLong((long) slot * SLOT + 8) : 0;
  }

  /// Makes slots durable.
  void sync(int first, int count) {
    region.sync((long) first * SLOT, (long) count * SLOT);
  }

  /// Everything that is in it, by slot.
  Map<Integer, Slot> content() {
    Map<Integer, Slot> content = new TreeMap<>();
    for (int slot = 0; slot < slots; slot++) {
      long key = region.getLong((long) slot * SLOT);
      if (key != 0) {
        content.put(slot, new Slot(key, region.getLong((long) slot * SLOT + 8)));
      }
    }
    return content;
  }

  /// A full slot.
  record Slot(long key, long value) {}

  @Override
  public void close() {
    region.close();
  }
}
