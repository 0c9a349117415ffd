package org.pagewright.mm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.pagewright.cache.AddressSpace;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.sync.SchedulePoint;

/// A range of a file as memory: what is loaded is what the file holds, what is stored is in the
/// file, at once and for every other reader, writer and region (unless it is [Sharing#PRIVATE]).
///
/// Any number of threads may use it at a time, and close it while others do. Positions are bytes
/// from the start of the region, which may begin at any byte of the file and be longer than 2 GiB.
///
/// ## Where the file ends
///
/// As POSIX has it: what lies in the last folio beyond the end of the file can be loaded as zeros
/// and stored to in vain; folios that begin at or beyond the end cannot be accessed
/// ([MappedRegionException.Kind#BEYOND_END]) until the file has grown. A file that shrinks takes
/// its folios away from the region; growth gives others.
///
/// ## What can go wrong
///
/// Every access throws a [MappedRegionException] where it cannot be served, and an
/// [IndexOutOfBoundsException] outside the region; nothing else, and never a signal. The first
/// store to a folio that is clean asks the file system for space: a full device shows there, or in
/// [#reserve(long, long)], and not when the bytes are written out.
///
/// ## What is atomic
///
/// A load or store of a number that lies aligned in the file. One that is not may be seen in parts,
/// and one that crosses two folios fails, if it does, with the first part done. Loads and stores
/// are plain: to publish with them, use fences, or [#compareAndSetLong].
///
/// ## How it is fast
///
/// A load looks at the entry of its page, loads, and looks at the entry again: no store, no fence.
/// A store announces itself in a slot of its thread, looks at the entry, stores, and takes the
/// announcement back. See the package for what that costs and what else was measured.
///
/// A store that needs a fault goes the same way again after it. Otherwise a program that first
/// touches each folio, and then stores to them all day, would have the JVM compile its stores while
/// all of them were faults: with calls where this way has none, at twice the time from then on.
public final class MappedRegion implements AutoCloseable {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfChar CHAR = ValueLayout.JAVA_CHAR_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int IN = FOLIO - 1;

  private final VmArea area;
  private final RegionAccess access;
  private final long pos;
  private final long length;
  private final long shift; // of the first byte in its folio
  private final long base;
  private final MemorySegment[] chunks;

  // What the accessors themselves serve: 0 if the table is not one array, or each step is explored.
  private final long[] entries;
  private final long limit1; // offsets of numbers of 1 byte are below
  private final long limit2;
  private final long limit4;
  private final long limit8;

  MappedRegion(VmArea area, long pos, long length) {
    this.area = area;
    this.access = new RegionAccess(area);
    this.pos = pos;
    this.length = length;
    this.shift = pos & IN;
    this.base = area.base();
    this.chunks = area.mapping().cache().frames().chunks();
    this.entries = area.table().flat();
    long served = SchedulePoint.ENABLED || entries.length == 0 ? 0 : length;
    this.limit1 = served;
    this.limit2 = Math.max(served - 1, 0);
    this.limit4 = Math.max(served - 3, 0);
    this.limit8 = Math.max(served - 7, 0);
  }

  /// Where a number lies in the area.
  private long at(long offset, int width) {
    Objects.checkIndex(offset, length - width + 1);
    return offset + shift;
  }

  // ---- What it is -----------------------------------------------------------------------------

  /// Bytes of the region.
  ///
  /// @return at least 1; never changes
  public long length() {
    return length;
  }

  /// Where the region begins in the file.
  ///
  /// @return byte in the file
  public long position() {
    return pos;
  }

  /// What it may be used for.
  ///
  /// @return READ_WRITE if any of it may be stored to
  public Protection protection() {
    return access.protection(shift, length);
  }

  /// What a part of it may be used for.
  ///
  /// @param offset first byte in the region
  /// @param count how many, at least 1
  /// @return READ_WRITE if any of it may be stored to
  public Protection protection(long offset, long count) {
    checkNotEmpty(offset, count);
    return access.protection(offset + shift, count);
  }

  /// Whether it is open.
  ///
  /// @return false from the beginning of [#close()] on
  public boolean isOpen() {
    return !area.isClosed();
  }

  // ---- Numbers --------------------------------------------------------------------------------

  /// Loads a byte.
  ///
  /// @param offset byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public byte getByte(long offset) {
    if (Long.compareUnsigned(offset, limit1) < 0) {
      long at = offset + shift;
      long in = at & IN;
      long[] table = entries;
      int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
      long entry = table[page];
      if ((entry & PageTable.READ) != 0) {
        byte value = PageTable.memory(chunks, entry).get(BYTE, PageTable.offsetOf(entry) + in);
        VarHandle.loadLoadFence(); // the bytes come before the second look
        if (table[page] == entry) {
          return value;
        }
      }
    }
    return (byte) access.load(at(offset, 1), 1);
  }

  /// Stores a byte.
  ///
  /// @param offset byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putByte(long offset, byte value) {
    long at = offset + shift;
    long in = at & IN;
    if (Long.compareUnsigned(offset, limit1) >= 0) {
      access.store(at(offset, 1), 1, value);
      return;
    }
    int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
    long[] mine = Announcements.mine();
    while (true) { // a fault, if any, and again
      Announcements.begin(mine, base + page);
      try {
        long entry = entries[page];
        if ((entry & PageTable.WRITE) != 0) {
          PageTable.memory(chunks, entry).set(BYTE, PageTable.offsetOf(entry) + in, value);
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      access.faultForStore(page);
    }
  }

  /// Loads a short in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public short getShort(long offset) {
    if (Long.compareUnsigned(offset, limit2) < 0) {
      long at = offset + shift;
      long in = at & IN;
      long[] table = entries;
      int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
      long entry = table[page];
      if (in <= FOLIO - 2 && (entry & PageTable.READ) != 0) {
        short value = PageTable.memory(chunks, entry).get(SHORT, PageTable.offsetOf(entry) + in);
        VarHandle.loadLoadFence(); // the bytes come before the second look
        if (table[page] == entry) {
          return value;
        }
      }
    }
    return (short) access.load(at(offset, 2), 2);
  }

  /// Loads a short.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public short getShort(long offset, ByteOrder order) {
    short value = getShort(offset);
    return order == NATIVE ? value : Short.reverseBytes(value);
  }

  /// Stores a short in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putShort(long offset, short value) {
    long at = offset + shift;
    long in = at & IN;
    if (Long.compareUnsigned(offset, limit2) >= 0 || in > FOLIO - 2) {
      access.store(at(offset, 2), 2, value);
      return;
    }
    int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
    long[] mine = Announcements.mine();
    while (true) { // a fault, if any, and again
      Announcements.begin(mine, base + page);
      try {
        long entry = entries[page];
        if ((entry & PageTable.WRITE) != 0) {
          PageTable.memory(chunks, entry).set(SHORT, PageTable.offsetOf(entry) + in, value);
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      access.faultForStore(page);
    }
  }

  /// Stores a short.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putShort(long offset, short value, ByteOrder order) {
    putShort(offset, order == NATIVE ? value : Short.reverseBytes(value));
  }

  /// Loads a char in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public char getChar(long offset) {
    if (Long.compareUnsigned(offset, limit2) < 0) {
      long at = offset + shift;
      long in = at & IN;
      long[] table = entries;
      int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
      long entry = table[page];
      if (in <= FOLIO - 2 && (entry & PageTable.READ) != 0) {
        char value = PageTable.memory(chunks, entry).get(CHAR, PageTable.offsetOf(entry) + in);
        VarHandle.loadLoadFence(); // the bytes come before the second look
        if (table[page] == entry) {
          return value;
        }
      }
    }
    return (char) access.load(at(offset, 2), 2);
  }

  /// Loads a char.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public char getChar(long offset, ByteOrder order) {
    char value = getChar(offset);
    return order == NATIVE ? value : Character.reverseBytes(value);
  }

  /// Stores a char in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putChar(long offset, char value) {
    long at = offset + shift;
    long in = at & IN;
    if (Long.compareUnsigned(offset, limit2) >= 0 || in > FOLIO - 2) {
      access.store(at(offset, 2), 2, value);
      return;
    }
    int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
    long[] mine = Announcements.mine();
    while (true) { // a fault, if any, and again
      Announcements.begin(mine, base + page);
      try {
        long entry = entries[page];
        if ((entry & PageTable.WRITE) != 0) {
          PageTable.memory(chunks, entry).set(CHAR, PageTable.offsetOf(entry) + in, value);
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      access.faultForStore(page);
    }
  }

  /// Stores a char.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putChar(long offset, char value, ByteOrder order) {
    putChar(offset, order == NATIVE ? value : Character.reverseBytes(value));
  }

  /// Loads an int in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public int getInt(long offset) {
    if (Long.compareUnsigned(offset, limit4) < 0) {
      long at = offset + shift;
      long in = at & IN;
      long[] table = entries;
      int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
      long entry = table[page];
      if (in <= FOLIO - 4 && (entry & PageTable.READ) != 0) {
        int value = PageTable.memory(chunks, entry).get(INT, PageTable.offsetOf(entry) + in);
        VarHandle.loadLoadFence(); // the bytes come before the second look
        if (table[page] == entry) {
          return value;
        }
      }
    }
    return (int) access.load(at(offset, 4), 4);
  }

  /// Loads an int.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public int getInt(long offset, ByteOrder order) {
    int value = getInt(offset);
    return order == NATIVE ? value : Integer.reverseBytes(value);
  }

  /// Stores an int in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putInt(long offset, int value) {
    long at = offset + shift;
    long in = at & IN;
    if (Long.compareUnsigned(offset, limit4) >= 0 || in > FOLIO - 4) {
      access.store(at(offset, 4), 4, value);
      return;
    }
    int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
    long[] mine = Announcements.mine();
    while (true) { // a fault, if any, and again
      Announcements.begin(mine, base + page);
      try {
        long entry = entries[page];
        if ((entry & PageTable.WRITE) != 0) {
          PageTable.memory(chunks, entry).set(INT, PageTable.offsetOf(entry) + in, value);
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      access.faultForStore(page);
    }
  }

  /// Stores an int.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putInt(long offset, int value, ByteOrder order) {
    putInt(offset, order == NATIVE ? value : Integer.reverseBytes(value));
  }

  /// Loads a long in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public long getLong(long offset) {
    if (Long.compareUnsigned(offset, limit8) < 0) {
      long at = offset + shift;
      long in = at & IN;
      long[] table = entries;
      int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
      long entry = table[page];
      if (in <= FOLIO - 8 && (entry & PageTable.READ) != 0) {
        long value = PageTable.memory(chunks, entry).get(LONG, PageTable.offsetOf(entry) + in);
        VarHandle.loadLoadFence(); // the bytes come before the second look
        if (table[page] == entry) {
          return value;
        }
      }
    }
    return access.load(at(offset, 8), 8);
  }

  /// Loads a long.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public long getLong(long offset, ByteOrder order) {
    long value = getLong(offset);
    return order == NATIVE ? value : Long.reverseBytes(value);
  }

  /// Stores a long in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putLong(long offset, long value) {
    long at = offset + shift;
    long in = at & IN;
    if (Long.compareUnsigned(offset, limit8) >= 0 || in > FOLIO - 8) {
      access.store(at(offset, 8), 8, value);
      return;
    }
    int page = (int) (at >>> AddressSpace.FOLIO_SHIFT);
    long[] mine = Announcements.mine();
    while (true) { // a fault, if any, and again
      Announcements.begin(mine, base + page);
      try {
        long entry = entries[page];
        if ((entry & PageTable.WRITE) != 0) {
          PageTable.memory(chunks, entry).set(LONG, PageTable.offsetOf(entry) + in, value);
          return;
        }
      } finally {
        Announcements.end(mine);
      }
      access.faultForStore(page);
    }
  }

  /// Stores a long.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putLong(long offset, long value, ByteOrder order) {
    putLong(offset, order == NATIVE ? value : Long.reverseBytes(value));
  }

  /// Loads a float in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public float getFloat(long offset) {
    return Float.intBitsToFloat(getInt(offset));
  }

  /// Loads a float.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public float getFloat(long offset, ByteOrder order) {
    return Float.intBitsToFloat(getInt(offset, order));
  }

  /// Stores a float in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putFloat(long offset, float value) {
    putInt(offset, Float.floatToRawIntBits(value));
  }

  /// Stores a float.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putFloat(long offset, float value, ByteOrder order) {
    putInt(offset, Float.floatToRawIntBits(value), order);
  }

  /// Loads a double in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @return the value
  /// @throws MappedRegionException see the class
  public double getDouble(long offset) {
    return Double.longBitsToDouble(getLong(offset));
  }

  /// Loads a double.
  ///
  /// @param offset first byte in the region
  /// @param order of its bytes
  /// @return the value
  /// @throws MappedRegionException see the class
  public double getDouble(long offset, ByteOrder order) {
    return Double.longBitsToDouble(getLong(offset, order));
  }

  /// Stores a double in the order of the machine.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @throws MappedRegionException see the class
  public void putDouble(long offset, double value) {
    putLong(offset, Double.doubleToRawLongBits(value));
  }

  /// Stores a double.
  ///
  /// @param offset first byte in the region
  /// @param value what to store
  /// @param order of its bytes
  /// @throws MappedRegionException see the class
  public void putDouble(long offset, double value, ByteOrder order) {
    putLong(offset, Double.doubleToRawLongBits(value), order);
  }

  // ---- Atomic changes -------------------------------------------------------------------------

  /// Replaces an int if it has a certain value, as one step that all regions and threads agree on.
  ///
  /// @param offset first byte in the region; aligned in the file
  /// @param expected the value it must have
  /// @param value the new one
  /// @return whether it was replaced
  /// @throws IllegalArgumentException if it is not aligned
  /// @throws MappedRegionException see the class
  public boolean compareAndSetInt(long offset, int expected, int value) {
    return access.compareAndSetInt(atAligned(offset, Integer.BYTES), expected, value);
  }

  /// Replaces a long if it has a certain value, as one step that all regions and threads agree on.
  ///
  /// @param offset first byte in the region; aligned in the file
  /// @param expected the value it must have
  /// @param value the new one
  /// @return whether it was replaced
  /// @throws IllegalArgumentException if it is not aligned
  /// @throws MappedRegionException see the class
  public boolean compareAndSetLong(long offset, long expected, long value) {
    return access.compareAndSetLong(atAligned(offset, Long.BYTES), expected, value);
  }

  /// Adds to an int, as one step that all regions and threads agree on.
  ///
  /// @param offset first byte in the region; aligned in the file
  /// @param delta what to add
  /// @return the value before
  /// @throws IllegalArgumentException if it is not aligned
  /// @throws MappedRegionException see the class
  public int getAndAddInt(long offset, int delta) {
    return access.getAndAddInt(atAligned(offset, Integer.BYTES), delta);
  }

  /// Adds to a long, as one step that all regions and threads agree on.
  ///
  /// @param offset first byte in the region; aligned in the file
  /// @param delta what to add
  /// @return the value before
  /// @throws IllegalArgumentException if it is not aligned
  /// @throws MappedRegionException see the class
  public long getAndAddLong(long offset, long delta) {
    return access.getAndAddLong(atAligned(offset, Long.BYTES), delta);
  }

  private long atAligned(long offset, int width) {
    long at = at(offset, width);
    if ((at & (width - 1)) != 0) {
      throw new IllegalArgumentException(
          "byte " + (pos + offset) + " of the file is not aligned to " + width);
    }
    return at;
  }

  // ---- Bytes ----------------------------------------------------------------------------------

  /// Loads bytes into an array.
  ///
  /// @param offset first byte in the region
  /// @param target where to
  /// @param from index of the first byte in the target
  /// @param count how many
  /// @throws MappedRegionException see the class; what comes before the failing folio is there
  public void get(long offset, byte[] target, int from, int count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, target.length);
    access.copyOut(offset + shift, null, target, from, count);
  }

  /// Stores bytes of an array.
  ///
  /// @param offset first byte in the region
  /// @param source where from
  /// @param from index of the first byte in the source
  /// @param count how many
  /// @throws MappedRegionException see the class; what comes before the failing folio is stored
  public void put(long offset, byte[] source, int from, int count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, source.length);
    access.copyIn(offset + shift, null, source, from, count);
  }

  /// Loads bytes into a segment, which may lie over an array of any kind.
  ///
  /// @param offset first byte in the region
  /// @param target where to
  /// @param from first byte in the target
  /// @param count how many
  /// @throws MappedRegionException see the class; what comes before the failing folio is there
  public void get(long offset, MemorySegment target, long from, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, target.byteSize());
    access.copyOut(offset + shift, target, null, from, count);
  }

  /// Stores bytes of a segment, which may lie over an array of any kind.
  ///
  /// @param offset first byte in the region
  /// @param source where from
  /// @param from first byte in the source
  /// @param count how many
  /// @throws MappedRegionException see the class; what comes before the failing folio is stored
  public void put(long offset, MemorySegment source, long from, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, source.byteSize());
    access.copyIn(offset + shift, source, null, from, count);
  }

  /// Stores one byte again and again.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @param value the byte
  /// @throws MappedRegionException see the class; what comes before the failing folio is stored
  public void fill(long offset, long count, byte value) {
    Objects.checkFromIndexSize(offset, count, length);
    access.fill(offset + shift, count, value);
  }

  /// Finds the first byte that differs from a segment's.
  ///
  /// @param offset first byte in the region
  /// @param other what to compare with
  /// @param from first byte in the other
  /// @param count how many
  /// @return number of equal bytes before it; -1 if all are equal
  /// @throws MappedRegionException see the class
  public long mismatch(long offset, MemorySegment other, long from, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, other.byteSize());
    return access.mismatch(offset + shift, other, from, count);
  }

  /// Finds the first byte that differs from another region's.
  ///
  /// @param offset first byte in this region
  /// @param other what to compare with; may be this region
  /// @param from first byte in the other
  /// @param count how many
  /// @return number of equal bytes before it; -1 if all are equal
  /// @throws MappedRegionException see the class
  public long mismatch(long offset, MappedRegion other, long from, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    Objects.checkFromIndexSize(from, count, other.length);
    byte[] bytes = new byte[(int) Math.min(count, FOLIO)];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (long done = 0; done < count; done += bytes.length) {
      int n = (int) Math.min(bytes.length, count - done);
      other.get(from + done, bytes, 0, n);
      long found = access.mismatch(offset + shift + done, segment, 0, n);
      if (found >= 0) {
        return done + found;
      }
    }
    return -1;
  }

  /// The bytes of a range as a source for a write: of the same file, of the same folio, of another.
  /// The region may be closed, and what lies under it truncated, while the write is under way: then
  /// the write is short, or ends with EFAULT (R-A4).
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @return a cursor for one write
  public IovIter source(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    return new MappedIter(area, offset + shift, count);
  }

  /// Lends the memory itself, without a copy: what is loaded from and stored to the segment is the
  /// region's. It is there until it is given back, whatever becomes of file and region; so keep it
  /// for a short time. With [Protection#READ_WRITE] the file system has been asked for space, and
  /// the folios stay dirty: each write-out meanwhile writes what it finds and will write them
  /// again.
  ///
  /// Folios do not lie side by side in memory, or do so by chance: the segment holds at least what
  /// is asked for of the first one, and goes on as far as those that follow lie next to it, up to
  /// 4 MiB. So a loop asks for the rest with the next pin.
  ///
  /// @param offset first byte in the region
  /// @param count bytes wanted, at least 1
  /// @param access what the segment may be used for
  /// @return close it, in this thread
  /// @throws MappedRegionException see the class
  public MappedPin pin(long offset, long count, Protection access) {
    Objects.checkFromIndexSize(offset, count, length);
    if (count == 0) {
      throw new IllegalArgumentException("a pin of no bytes");
    }
    try {
      return MappedPin.of(area, chunks, offset + shift, count, access);
    } catch (FsException e) {
      throw MappedRegionException.of(e);
    }
  }

  // ---- Ahead of time --------------------------------------------------------------------------

  /// Makes sure that the next store to each folio of a range finds space: asks the file system now
  /// what the first store would ask. A full disk shows here.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @throws MappedRegionException see the class; folios before the failing one are ready
  public void reserve(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    access.faultRange(offset + shift, count, FaultHandler.WRITE);
  }

  /// Starts to read a range; waits for nothing.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @throws MappedRegionException CLOSED
  public void prefetch(long offset, long count) {
    advise(offset, count, Advice.WILL_NEED);
  }

  /// Tells how a range will be used. SEQUENTIAL, RANDOM and NORMAL are for the whole region.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @param advice what to expect
  /// @throws MappedRegionException CLOSED
  public void advise(long offset, long count, Advice advice) {
    Objects.checkFromIndexSize(offset, count, length);
    access.advise(pos + offset, count, advice);
  }

  /// Brings a range into memory and keeps it there until [#unlock(long, long)] or [#close()]; also
  /// what the file grows by in it, from its first use on. A cache locks at most half of its memory.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @throws MappedRegionException NO_SPACE with ENOMEM if that is too much; see the class. What
  /// was
  ///     locked until then stays so
  public void lock(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    access.lock(offset + shift, count);
  }

  /// Lets reclaim have a range again, however often it was locked.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @throws MappedRegionException CLOSED
  public void unlock(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    access.unlock(offset + shift, count);
  }

  /// Changes what the region may be used for. When it returns, no store that was not allowed is
  /// under way.
  ///
  /// @param protection what it may be used for from now on
  /// @throws MappedRegionException PROTECTION if the file is not open for writing; CLOSED
  public void protect(Protection protection) {
    access.protect(shift, length, protection);
  }

  /// Changes what a part of the region may be used for; the rest stays as it is. When it returns,
  /// no store that was not allowed is under way, but for those through pins that were taken before.
  ///
  /// A folio is the least that has a protection of its own. So the part begins where one begins in
  /// the file, or where the region does, and ends likewise.
  ///
  /// @param offset first byte in the region
  /// @param count how many, at least 1
  /// @param protection what it may be used for from now on
  /// @throws IllegalArgumentException if it begins or ends inside of a folio
  /// @throws MappedRegionException PROTECTION if the file is not open for writing; CLOSED
  public void protect(long offset, long count, Protection protection) {
    checkNotEmpty(offset, count);
    long end = offset + count;
    if (offset != 0 && (offset + shift & IN) != 0 || end != length && (end + shift & IN) != 0) {
      throw new IllegalArgumentException(
          "bytes " + (pos + offset) + " to " + (pos + end)
              + " of the file are no whole folios of " + FOLIO);
    }
    access.protect(offset + shift, count, protection);
  }

  private void checkNotEmpty(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    if (count == 0) {
      throw new IllegalArgumentException("a range of no bytes");
    }
  }

  // ---- Durability -----------------------------------------------------------------------------

  /// Makes what was stored to a range durable, with what is needed to read it back (R-H9, R-H10).
  /// What this region has not heard of yet, each error of write-out, is told here once (R-H7).
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @throws MappedRegionException IO, NO_SPACE: what could not be written stays dirty; CLOSED
  public void sync(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    access.sync(pos + offset, pos + offset + count);
  }

  /// Has what was stored to a range until now made durable, and does not wait for it: write-out has
  /// begun when this returns, and goes on beside the caller. As [#sync(long, long)] otherwise: what
  /// this region has not heard of yet, each error of write-out, is told once, here or there. Syncs
  /// that are started while one is under way share the next one, and what it tells.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @return done when the range is durable, or failed with a [MappedRegionException], IO or
  ///     NO_SPACE, and what could not be written stays dirty. Cancelling it stops nothing
  /// @throws MappedRegionException CLOSED
  public CompletableFuture<Void> startSync(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    return access.startSync(pos + offset, pos + offset + count);
  }

  // ---- Queries --------------------------------------------------------------------------------

  /// How much of a range is in memory.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @return bytes, by whole folios; a number that may be old already
  public long resident(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    return access.count(offset + shift, count, false);
  }

  /// How much of a range is newer in memory than on the store.
  ///
  /// @param offset first byte in the region
  /// @param count how many
  /// @return bytes, by whole folios; a number that may be old already
  public long dirty(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, length);
    return access.count(offset + shift, count, true);
  }

  // ---- Closing --------------------------------------------------------------------------------

  /// Closes the region; waits for faults under way, and for syncs that were started. When it
  /// returns, no access is under way and each later one throws CLOSED. Pins stay as they are until
  /// they are closed. Nothing is written out by it. Idempotent.
  @Override
  public void close() {
    access.close();
  }

  @Override
  public String toString() {
    return length + " bytes of " + area.mapping() + " at " + pos;
  }
}
