package org.pagewright.iomap;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// What lies under a range of a file: one extent, as a file system answered a question about it.
///
/// Compare Linux's struct iomap. Mutable and used again, so that a write allocates nothing; belongs
/// to one thread at a time. What it says was true when it was filled in; whether it still is, only
/// [ExtentOperations#stillValid] can tell, under the folio lock (R-C10).
public final class Iomap {
  /// What kind of extent.
  public enum Type {
    /// No block and no reservation: reads as zeros.
    HOLE,
    /// Space is reserved, no block chosen yet; the bytes are in the cache, or zeros.
    DELALLOC,
    /// Blocks are chosen but were never written: reads as zeros, whatever the device holds.
    UNWRITTEN,
    /// Blocks with the file's bytes.
    MAPPED,
    /// The bytes lie in the inode itself; see [#inlineData()].
    INLINE
  }

  /// Flag: the blocks or the reservation were made by this very call. Real blocks that are new hold
  /// somebody else's old bytes until they are written or zeroed (R-C1).
  public static final int NEW = 1;

  /// Flag: the blocks belong to other files too and must not be written in place. In an answer for
  /// a write: the range gets blocks of its own at write-out, DELALLOC or UNWRITTEN, and its present
  /// bytes are where [ExtentOperations#mapSource] says (R-C12).
  public static final int SHARED = 1 << 1;

  /// Flag: found out to be outdated; ask again (R-C10).
  public static final int STALE = 1 << 2;

  /// Flag: metadata must follow the data, so [ExtentOperations#writeCompleted] must be called even
  /// though the blocks are mapped: e.g. the size on disk lies before the end of these bytes (R-C9).
  public static final int DIRTY = 1 << 3;

  /// [#addr()] of an extent without blocks.
  public static final long NO_ADDR = -1;

  private Type type = Type.HOLE;
  private int flags;
  private long pos;
  private long length;
  private long addr = NO_ADDR;
  private long cookie;
  private @Nullable MemorySegment inlineData;

  /// An extent that says nothing yet.
  public Iomap() {}

  /// Fills in an extent that has blocks.
  ///
  /// @param type UNWRITTEN or MAPPED
  /// @param pos first byte in the file, start of a block
  /// @param length bytes, whole blocks, at least one
  /// @param addr byte on the device that holds `pos`
  /// @param flags NEW, SHARED, DIRTY or 0
  /// @param cookie what [ExtentOperations#stillValid] compares; the file system's own choice, e.g.
  ///     a count of changes of the extent map
  public void set(Type type, long pos, long length, long addr, int flags, long cookie) {
    assert pos >= 0 && length > 0 : "extent of " + length + " bytes at " + pos;
    assert (type == Type.UNWRITTEN || type == Type.MAPPED) == (addr >= 0) : type + " at " + addr;
    this.type = type;
    this.pos = pos;
    this.length = length;
    this.addr = addr;
    this.flags = flags;
    this.cookie = cookie;
    this.inlineData = null;
  }

  /// Fills in an extent without blocks.
  ///
  /// @param type HOLE or DELALLOC
  /// @param pos first byte in the file, start of a block
  /// @param length bytes, whole blocks, at least one
  /// @param flags NEW or 0
  /// @param cookie see [#set(Type, long, long, long, int, long)]
  public void setUnmapped(Type type, long pos, long length, int flags, long cookie) {
    set(type, pos, length, NO_ADDR, flags, cookie);
  }

  /// Fills in bytes that lie in the inode.
  ///
  /// @param pos first byte in the file
  /// @param length bytes that the extent stands for
  /// @param data the bytes; what it is shorter than `length` reads as zeros
  /// @param cookie see [#set(Type, long, long, long, int, long)]
  public void setInline(long pos, long length, MemorySegment data, long cookie) {
    set(Type.INLINE, pos, length, NO_ADDR, 0, cookie);
    inlineData = data;
  }

  /// Copies another extent.
  ///
  /// @param other what to copy
  public void copyFrom(Iomap other) {
    type = other.type;
    flags = other.flags;
    pos = other.pos;
    length = other.length;
    addr = other.addr;
    cookie = other.cookie;
    inlineData = other.inlineData;
  }

  /// What kind of extent.
  ///
  /// @return never null
  public Type type() {
    return type;
  }

  /// NEW, SHARED, STALE, DIRTY.
  ///
  /// @return a bit set
  public int flags() {
    return flags;
  }

  /// Whether a flag is set.
  ///
  /// @param flag one of the constants
  /// @return true if it is
  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /// Notes that the extent is outdated.
  public void markStale() {
    flags |= STALE;
  }

  /// First byte in the file.
  ///
  /// @return bytes from the start of the file
  public long pos() {
    return pos;
  }

  /// Length in bytes.
  ///
  /// @return at least 1 once filled in
  public long length() {
    return length;
  }

  /// Byte after the last one, in the file.
  ///
  /// @return bytes from the start of the file
  public long end() {
    return pos + length;
  }

  /// Byte on the device that holds [#pos()].
  ///
  /// @return [#NO_ADDR] if there are no blocks
  public long addr() {
    return addr;
  }

  /// Byte on the device that holds a byte of the file.
  ///
  /// @param filePos byte in the file, inside this extent
  /// @return byte on the device
  public long addrOf(long filePos) {
    assert addr >= 0 && contains(filePos) : this + " asked for " + filePos;
    return addr + (filePos - pos);
  }

  /// Whether the extent has blocks on the device.
  ///
  /// @return true for UNWRITTEN and MAPPED
  public boolean hasBlocks() {
    return addr >= 0;
  }

  /// Whether bytes not in the cache read as zeros: nothing is to be read from the device.
  ///
  /// @return true for HOLE, DELALLOC and UNWRITTEN
  public boolean readsAsZeros() {
    return type == Type.HOLE || type == Type.DELALLOC || type == Type.UNWRITTEN;
  }

  /// Whether a byte of the file lies in the extent.
  ///
  /// @param filePos byte in the file
  /// @return true if it does
  public boolean contains(long filePos) {
    return filePos >= pos && filePos - pos < length;
  }

  /// What the file system noted to recognise an outdated extent.
  ///
  /// @return any number
  public long cookie() {
    return cookie;
  }

  /// The bytes of an INLINE extent, from [#pos()] on.
  ///
  /// @return null for all other types
  public @Nullable MemorySegment inlineData() {
    return inlineData;
  }

  /// The extent for messages.
  ///
  /// @return type, range, place and flags
  @Override
  public String toString() {
    return type
        + " bytes "
        + pos
        + " to "
        + (pos + length)
        + (addr >= 0 ? " at device byte " + addr : "")
        + (has(NEW) ? " new" : "")
        + (has(SHARED) ? " shared" : "")
        + (has(STALE) ? " stale" : "")
        + (has(DIRTY) ? " dirty" : "");
  }
}
