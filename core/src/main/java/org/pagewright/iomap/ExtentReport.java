package org.pagewright.iomap;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;

/// The extents of a file as a list, for people and tools. Compare Linux's fs/iomap/fiemap.c.
///
/// INODE shared; no folio lock. The list is as true as the file is quiet.
public final class ExtentReport {
  private ExtentReport() {}

  /// One extent that is no hole.
  ///
  /// @param pos first byte in the file
  /// @param length bytes
  /// @param addr byte on the device; [Iomap#NO_ADDR] if it has no blocks
  /// @param type never HOLE
  /// @param shared whether other files have the same blocks
  public record Extent(long pos, long length, long addr, Iomap.Type type, boolean shared) {}

  /// The extents of a range, holes left out, adjacent ones joined.
  ///
  /// @param operations the operations of the file's super block
  /// @param mapping the file
  /// @param pos first byte
  /// @param length bytes
  /// @param extentsMax most extents to return
  /// @return at most that many, ascending; the first and last may reach out of the range
  /// @throws FsException EIO, a corruption
  public static List<Extent> of(
      IomapOperations operations, AddressSpace mapping, long pos, long length, int extentsMax)
      throws FsException {
    ExtentOperations extents = operations.extents();
    List<Extent> list = new ArrayList<>();
    Iomap map = new Iomap();
    long end = pos + Math.min(length, AddressSpace.MAX_SIZE - pos);
    long at = pos;
    while (at < end) {
      extents.begin(mapping, at, end - at, ExtentOperations.REPORT, map);
      try {
        operations.checkAnswer(mapping, at, map);
      } finally {
        extents.end(mapping, at, end - at, 0, ExtentOperations.REPORT, map);
      }
      if (map.type() != Iomap.Type.HOLE && !joined(list, map)) {
        if (list.size() == extentsMax) {
          break;
        }
        list.add(
            new Extent(
                map.pos(), map.length(), map.addr(), map.type(), map.has(Iomap.SHARED)));
      }
      at = map.end();
    }
    return list;
  }

  private static boolean joined(List<Extent> list, Iomap map) {
    if (list.isEmpty()) {
      return false;
    }
    int i = list.size() - 1;
    Extent last = list.get(i);
    if (last.pos() + last.length() != map.pos()
        || last.type() != map.type()
        || last.shared() != map.has(Iomap.SHARED)
        || (map.hasBlocks() && last.addr() + last.length() != map.addr())) {
      return false;
    }
    list.set(
        i,
        new Extent(
            last.pos(), last.length() + map.length(), last.addr(), last.type(), last.shared()));
    return true;
  }
}
