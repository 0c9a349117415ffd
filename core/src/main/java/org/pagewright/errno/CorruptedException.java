package org.pagewright.errno;

/// Bytes on a device say something that cannot be.
///
/// Thrown for what was read, never for what a caller passed in; names the device, the block and
/// the structure, so that a person can look at it with a disk editor.
public final class CorruptedException extends FsException {
  private static final long serialVersionUID = 1L;

  private final String device;
  private final long blockNr;

  /// A structure that fails its check.
  ///
  /// @param device name of the device or image
  /// @param blockNr file-system block that holds the structure, or -1 if it lies in no one block
  /// @param why structure and reason, e.g. `extent header of inode 12: depth 9 is over 5`
  public CorruptedException(String device, long blockNr, String why) {
    super(Errno.EUCLEAN, device + (blockNr < 0 ? "" : ", block " + blockNr) + ": " + why);
    this.device = device;
    this.blockNr = blockNr;
  }

  /// Name of the device or image.
  ///
  /// @return the name it was opened by
  public String device() {
    return device;
  }

  /// File-system block that holds the damaged structure.
  ///
  /// @return the block number, or -1 if no single block is to blame
  public long blockNr() {
    return blockNr;
  }
}
