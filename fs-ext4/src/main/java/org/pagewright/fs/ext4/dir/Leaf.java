package org.pagewright.fs.ext4.dir;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.buffer.Buffer;
import org.pagewright.fs.ext4.disk.Checksums;
import org.pagewright.fs.ext4.disk.LittleEndian;

/// The entries of one directory block, as offsets into its bytes.
///
///     +0 inode (0: free)   +4 record length   +6 name length   +7 type   +8 name ...
///
/// Records fill the block without a gap, up to the tail where there are checksums. All reading here
/// relies on [DirBlockType], which has walked the whole block when it was loaded.
final class Leaf {
  static final int HEADER = 8;

  private Leaf() {}

  /// Reads a block that must be one of entries, and not of the index: with checksums, a block that
  /// was mistaken would lose its tail.
  static Buffer read(DirBlocks dir, long logical) throws FsException {
    Buffer buffer = dir.read(logical);
    if (dir.checksums() && !Checksums.hasDirTail(buffer.segment(), 0, dir.blockSize())) {
      long blockNr = buffer.blockNr();
      buffer.put();
      throw new CorruptedException(
          dir.deviceName(),
          blockNr,
          "directory inode " + dir.ino() + ": block " + logical + " holds no entries");
    }
    return buffer;
  }

  /// Byte after the last entry.
  static int end(MemorySegment s, boolean tail) {
    return (int) s.byteSize() - (tail ? Checksums.DIR_TAIL_SIZE : 0);
  }

  static long inode(MemorySegment s, int at) {
    return LittleEndian.u32(s, at);
  }

  static int recordLength(MemorySegment s, int at) {
    return LittleEndian.u16(s, at + 4);
  }

  static int nameLength(MemorySegment s, int at) {
    return LittleEndian.u8(s, at + 6);
  }

  static int type(MemorySegment s, int at) {
    return LittleEndian.u8(s, at + 7);
  }

  static byte[] name(MemorySegment s, int at) {
    byte[] name = new byte[nameLength(s, at)];
    MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at + HEADER, name, 0, name.length);
    return name;
  }

  /// Bytes that an entry needs.
  static int needed(int nameLength) {
    return (HEADER + nameLength + 3) & ~3;
  }

  /// What is wrong with an entry as read from the device, or null.
  static @Nullable String wrong(MemorySegment s, int at, int end, long inodesCount) {
    if (end - at < HEADER) {
      return "only " + (end - at) + " bytes left in the block";
    }
    int record = recordLength(s, at);
    if ((record & 3) != 0) {
      return "record length " + record + " is no multiple of 4";
    }
    if (record < needed(nameLength(s, at)) || record < 12 && at + record != end) {
      return "record length " + record + " is too small for a name of " + nameLength(s, at);
    }
    if (record > end - at) {
      return "record length " + record + " reaches past the end of the block";
    }
    if (inode(s, at) > inodesCount) {
      return "inode " + inode(s, at) + " is over " + inodesCount;
    }
    if (inode(s, at) != 0 && nameLength(s, at) == 0) {
      return "the name is empty";
    }
    return null;
  }

  static boolean isNamed(MemorySegment s, int at, byte[] name) {
    return isNamed(s, at, MemorySegment.ofArray(name), name.length);
  }

  private static boolean isNamed(MemorySegment s, int at, MemorySegment name, int length) {
    if (inode(s, at) == 0 || nameLength(s, at) != length) {
      return false;
    }
    long from = at + HEADER;
    return MemorySegment.mismatch(s, from, from + length, name, 0, length) < 0;
  }

  static boolean isDots(MemorySegment s, int at) {
    int n = nameLength(s, at);
    return (n == 1 || n == 2 && LittleEndian.u8(s, at + 9) == '.')
        && LittleEndian.u8(s, at + 8) == '.';
  }

  /// The entry of a name.
  ///
  /// @return its offset, or -1
  static int find(MemorySegment s, int end, byte[] name) {
    MemorySegment wanted = MemorySegment.ofArray(name);
    for (int at = 0; at < end; at += recordLength(s, at)) {
      if (isNamed(s, at, wanted, name.length)) {
        return at;
      }
    }
    return -1;
  }

  /// A record with room for one more entry of a name's length.
  ///
  /// @return its offset, or -1
  static int findRoom(MemorySegment s, int end, int nameLength) {
    int wanted = needed(nameLength);
    for (int at = 0; at < end; at += recordLength(s, at)) {
      int used = inode(s, at) == 0 ? 0 : needed(nameLength(s, at));
      if (recordLength(s, at) - used >= wanted) {
        return at;
      }
    }
    return -1;
  }

  /// Puts an entry into the free part of a record that [#findRoom] gave.
  static void insert(MemorySegment s, int room, byte[] name, long inode, int type) {
    int at = room;
    int record = recordLength(s, room);
    if (inode(s, room) != 0) {
      int used = needed(nameLength(s, room));
      LittleEndian.put16(s, room + 4, used);
      at = room + used;
      record -= used;
    }
    put(s, at, record, name, inode, type);
  }

  static void put(MemorySegment s, int at, int record, byte[] name, long inode, int type) {
    LittleEndian.put32(s, at, (int) inode);
    LittleEndian.put16(s, at + 4, record);
    LittleEndian.put8(s, at + 6, name.length);
    LittleEndian.put8(s, at + 7, type);
    MemorySegment.copy(name, 0, s, ValueLayout.JAVA_BYTE, at + HEADER, name.length);
  }

  /// Frees an entry: the record before it takes the space, or, if it is the first, it stays as an
  /// empty record.
  static void remove(MemorySegment s, int at) {
    int previous = -1;
    for (int i = 0; i < at; i += recordLength(s, i)) {
      previous = i;
    }
    if (previous >= 0) {
      LittleEndian.put16(s, previous + 4, recordLength(s, previous) + recordLength(s, at));
      s.asSlice(at, needed(nameLength(s, at))).fill((byte) 0);
    } else {
      LittleEndian.put32(s, at, 0);
    }
  }

  /// Makes a block one empty record, with a tail where there are checksums.
  static void clear(MemorySegment s, boolean tail) {
    s.fill((byte) 0);
    LittleEndian.put16(s, 4, end(s, tail));
    if (tail) {
      Checksums.putDirTail(s, 0, (int) s.byteSize());
    }
  }
}
