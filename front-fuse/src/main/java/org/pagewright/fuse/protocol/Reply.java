package org.pagewright.fuse.protocol;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import org.pagewright.vfs.DeviceNumber;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.Name;
import org.pagewright.vfs.Stat;

/// One answer being put together in a buffer: a header, and a body that grows. One object is used
/// again and again by one thread.
public final class Reply {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int HEADER = Wire.OutHeader.BYTES;
  private static final int SMALL = 512;
  private static final int STATX_BASIC = 0x7ff;
  private static final int STATX_BTIME = 0x800;

  private final MemorySegment buffer;
  private int length = HEADER;
  private int elsewhere;

  /// An empty answer.
  ///
  /// @param buffer where it is put together
  public Reply(MemorySegment buffer) {
    this.buffer = buffer;
  }

  /// An empty answer with room for a name and no content.
  ///
  /// @return with memory of its own
  public static Reply small() {
    return new Reply(Arena.ofAuto().allocate(SMALL, 8));
  }

  /// The answer, header and all.
  ///
  /// @return the buffer; [#length()] bytes of it count
  public MemorySegment buffer() {
    return buffer;
  }

  /// Bytes of the answer that are in the buffer, with its header.
  ///
  /// @return at least the header
  public int length() {
    return length;
  }

  /// Bytes of the body so far.
  ///
  /// @return at least 0
  public int bodyLength() {
    return length - HEADER + elsewhere;
  }

  /// The most bytes a body can have.
  ///
  /// @return bytes
  public int bodyMax() {
    return (int) buffer.byteSize() - HEADER;
  }

  /// Empties it.
  public void clear() {
    length = HEADER;
    elsewhere = 0;
  }

  /// Makes it the answer to a request.
  ///
  /// @param unique of the request
  /// @param error 0 or a positive error number, with which the body is dropped
  public void finish(long unique, int error) {
    if (error != 0) {
      clear();
    }
    buffer.set(INT, Wire.OutHeader.LEN, length + elsewhere);
    buffer.set(INT, Wire.OutHeader.ERROR, -error);
    buffer.set(LONG, Wire.OutHeader.UNIQUE, unique);
  }

  /// Makes it a notification, which no request asked for.
  ///
  /// @param code of the notification
  public void finishNotification(int code) {
    buffer.set(INT, Wire.OutHeader.LEN, length);
    buffer.set(INT, Wire.OutHeader.ERROR, code);
    buffer.set(LONG, Wire.OutHeader.UNIQUE, 0);
  }

  /// Begins a structure at the end of the body, all zeros.
  ///
  /// @param size bytes
  /// @return where it begins, for [#putInt] and [#putLong]
  public int add(int size) {
    int at = length;
    buffer.asSlice(at, size).fill((byte) 0);
    length += size;
    return at;
  }

  /// Sets a field of 32 bits.
  ///
  /// @param at place in the buffer
  /// @param value its value
  public void putInt(int at, int value) {
    buffer.set(INT, at, value);
  }

  /// Sets a field of 16 bits.
  ///
  /// @param at place in the buffer
  /// @param value its value
  public void putShort(int at, int value) {
    buffer.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
  }

  /// Sets a field of 64 bits.
  ///
  /// @param at place in the buffer
  /// @param value its value
  public void putLong(int at, long value) {
    buffer.set(LONG, at, value);
  }

  /// Adds bytes at the end of the body.
  ///
  /// @param bytes all of them
  public void addBytes(byte[] bytes) {
    MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, length, bytes.length);
    length += bytes.length;
  }

  /// Adds the bytes of a name, without a NUL.
  ///
  /// @param name the name
  public void addName(Name name) {
    for (int i = 0; i < name.length(); i++) {
      buffer.set(ValueLayout.JAVA_BYTE, length + (long) i, name.byteAt(i));
    }
    length += name.length();
  }

  /// Room for bytes at the end of the body, which somebody else fills; they count with [#grow].
  ///
  /// @param size bytes
  /// @return a part of the buffer
  public MemorySegment room(int size) {
    return buffer.asSlice(length, size);
  }

  /// Counts bytes that were put into the room.
  ///
  /// @param size bytes
  public void grow(int size) {
    length += size;
  }

  /// Counts bytes that follow those in the buffer, and lie somewhere else.
  ///
  /// @param size bytes
  public void growElsewhere(int size) {
    elsewhere += size;
  }

  /// Whether there are bytes that lie somewhere else.
  ///
  /// @return false if the whole answer is in the buffer
  public boolean isElsewhere() {
    return elsewhere > 0;
  }

  /// Fills the body with zeros up to a multiple of 8.
  public void align() {
    int rest = -(length - HEADER) & 7;
    if (rest > 0) {
      add(rest);
    }
  }

  /// Adds what `statx` tells of a node.
  ///
  /// @param stat what to tell
  /// @param flags see [InodeFlags]
  public void addStatx(Stat stat, int flags) {
    int at = add(Wire.Statx.BYTES);
    boolean born = !stat.birthTime().equals(Instant.EPOCH);
    putInt(at + Wire.Statx.MASK, born ? STATX_BASIC | STATX_BTIME : STATX_BASIC);
    putInt(at + Wire.Statx.BLKSIZE, stat.blockSize());
    // Immutable and append-only are the same bits in both words.
    int known = InodeFlags.IMMUTABLE | InodeFlags.APPEND;
    putLong(at + Wire.Statx.ATTRIBUTES, flags & known);
    putLong(at + Wire.Statx.ATTRIBUTES_MASK, known);
    putInt(at + Wire.Statx.NLINK, stat.nlink());
    putInt(at + Wire.Statx.UID, stat.uid());
    putInt(at + Wire.Statx.GID, stat.gid());
    putShort(at + Wire.Statx.MODE, stat.mode());
    putLong(at + Wire.Statx.INO, stat.ino());
    putLong(at + Wire.Statx.SIZE, stat.size());
    putLong(at + Wire.Statx.BLOCKS, stat.blocks());
    putTime(at + Wire.Statx.ATIME, at + Wire.Statx.ATIMENSEC, stat.atime());
    putTime(at + Wire.Statx.BTIME, at + Wire.Statx.BTIMENSEC, stat.birthTime());
    putTime(at + Wire.Statx.CTIME, at + Wire.Statx.CTIMENSEC, stat.ctime());
    putTime(at + Wire.Statx.MTIME, at + Wire.Statx.MTIMENSEC, stat.mtime());
    putInt(at + Wire.Statx.RDEV_MAJOR, DeviceNumber.major(stat.rdev()));
    putInt(at + Wire.Statx.RDEV_MINOR, DeviceNumber.minor(stat.rdev()));
  }

  /// Adds the attributes of a node.
  ///
  /// @param stat what to tell
  public void addAttr(Stat stat) {
    int at = add(Wire.Attr.BYTES);
    putLong(at + Wire.Attr.INO, stat.ino());
    putLong(at + Wire.Attr.SIZE, stat.size());
    putLong(at + Wire.Attr.BLOCKS, stat.blocks());
    putTime(at + Wire.Attr.ATIME, at + Wire.Attr.ATIMENSEC, stat.atime());
    putTime(at + Wire.Attr.MTIME, at + Wire.Attr.MTIMENSEC, stat.mtime());
    putTime(at + Wire.Attr.CTIME, at + Wire.Attr.CTIMENSEC, stat.ctime());
    putInt(at + Wire.Attr.MODE, stat.mode());
    putInt(at + Wire.Attr.NLINK, stat.nlink());
    putInt(at + Wire.Attr.UID, stat.uid());
    putInt(at + Wire.Attr.GID, stat.gid());
    putInt(at + Wire.Attr.RDEV, (int) stat.rdev());
    putInt(at + Wire.Attr.BLKSIZE, stat.blockSize());
  }

  /// Sets a time.
  ///
  /// @param seconds place of the seconds
  /// @param nanos place of the nanoseconds
  /// @param time the time
  public void putTime(int seconds, int nanos, Instant time) {
    putLong(seconds, time.getEpochSecond());
    putInt(nanos, time.getNano());
  }
}
