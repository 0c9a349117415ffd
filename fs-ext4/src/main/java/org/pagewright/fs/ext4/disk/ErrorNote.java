package org.pagewright.fs.ext4.disk;

/// What a superblock says of an error that was met: the first one since the last check, or the last
/// one. A view: it changes with the superblock.
///
/// Notes of other drivers also name an inode and a line of their source; this one knows neither and
/// leaves both zero.
public final class ErrorNote {
  /// Kind: not known.
  public static final int UNKNOWN = 1;

  /// Kind: the device failed.
  public static final int EIO = 2;

  /// Kind: no memory.
  public static final int ENOMEM = 3;

  /// Kind: a checksum did not match.
  public static final int EFSBADCRC = 4;

  /// Kind: a structure was damaged.
  public static final int EFSCORRUPTED = 5;

  /// Kind: no room.
  public static final int ENOSPC = 6;

  private static final int FUNCTION_BYTES = 32;

  /// Where the fields of a note lie in the superblock, in bytes.
  private record Place(
      int time, int timeHigh, int inode, int block, int function, int line, int code) {}

  private static final Place FIRST = new Place(0x198, 0x278, 0x19c, 0x1a0, 0x1a8, 0x1c8, 0x27a);
  private static final Place LAST = new Place(0x1cc, 0x279, 0x1d0, 0x1d8, 0x1e0, 0x1d4, 0x27b);

  private final Superblock superblock;
  private final Place place;

  ErrorNote(Superblock superblock, boolean first) {
    this.superblock = superblock;
    this.place = first ? FIRST : LAST;
  }

  /// {@return when, in seconds since 1970}
  public long time() {
    return superblock.getTime(place.time, place.timeHigh);
  }

  /// {@return the block it was about, or 0}
  public long blockNr() {
    return LittleEndian.i64(superblock.raw(), place.block);
  }

  /// {@return kind of the error, such as [#EFSCORRUPTED]}
  public int code() {
    return LittleEndian.u8(superblock.raw(), place.code);
  }

  /// {@return where in the driver it was noticed}
  public String function() {
    return superblock.getString(place.function, FUNCTION_BYTES);
  }

  /// Notes another error in place of this one.
  ///
  /// @param seconds when, since 1970
  /// @param blockNr the block it is about, or 0
  /// @param code kind of the error
  /// @param function where in the driver it was noticed
  public void put(long seconds, long blockNr, int code, String function) {
    superblock.putTime(place.time, place.timeHigh, seconds);
    LittleEndian.put64(superblock.raw(), place.block, blockNr);
    LittleEndian.put8(superblock.raw(), place.code, code);
    superblock.putString(place.function, FUNCTION_BYTES, function);
    LittleEndian.put32(superblock.raw(), place.inode, 0);
    LittleEndian.put32(superblock.raw(), place.line, 0);
  }
}
