package org.pagewright.fuse.protocol;

import org.jspecify.annotations.Nullable;

/// What a request asks for, and the fewest bytes that must follow its header.
public enum Opcode {
  /// Find a name.
  LOOKUP(1, 1),
  /// Let a node go; no answer.
  FORGET(2, Wire.ForgetIn.BYTES),
  /// Attributes.
  GETATTR(3, Wire.GetattrIn.BYTES),
  /// Change attributes.
  SETATTR(4, Wire.SetattrIn.BYTES),
  /// What a symbolic link says.
  READLINK(5, 0),
  /// Make a symbolic link.
  SYMLINK(6, 2),
  /// Make a file or a node.
  MKNOD(8, Wire.MknodIn.BYTES + 1),
  /// Make a directory.
  MKDIR(9, Wire.MkdirIn.BYTES + 1),
  /// Remove a name.
  UNLINK(10, 1),
  /// Remove a directory.
  RMDIR(11, 1),
  /// Move a name.
  RENAME(12, Wire.RenameIn.BYTES + 2),
  /// Give one more name.
  LINK(13, Wire.LinkIn.BYTES + 1),
  /// Open a file.
  OPEN(14, Wire.OpenIn.BYTES),
  /// Read a file.
  READ(15, Wire.ReadIn.BYTES),
  /// Write a file.
  WRITE(16, Wire.WriteIn.BYTES),
  /// Space and inodes in use.
  STATFS(17, 0),
  /// The last close of an open file.
  RELEASE(18, Wire.ReleaseIn.BYTES),
  /// Make a file durable.
  FSYNC(20, Wire.FsyncIn.BYTES),
  /// Set an extended attribute.
  SETXATTR(21, 8),
  /// Read an extended attribute.
  GETXATTR(22, Wire.GetxattrIn.BYTES + 1),
  /// Names of extended attributes.
  LISTXATTR(23, Wire.GetxattrIn.BYTES),
  /// Remove an extended attribute.
  REMOVEXATTR(24, 1),
  /// One close of an open file.
  FLUSH(25, Wire.FlushIn.BYTES),
  /// The first request: what both sides can.
  INIT(26, 16),
  /// Open a directory.
  OPENDIR(27, Wire.OpenIn.BYTES),
  /// Entries of a directory.
  READDIR(28, Wire.ReadIn.BYTES),
  /// The last close of an open directory.
  RELEASEDIR(29, Wire.ReleaseIn.BYTES),
  /// Make a directory durable.
  FSYNCDIR(30, Wire.FsyncIn.BYTES),
  /// Who holds a lock.
  GETLK(31, Wire.LkIn.BYTES),
  /// Take or let go a lock, without waiting.
  SETLK(32, Wire.LkIn.BYTES),
  /// Take a lock, waiting.
  SETLKW(33, Wire.LkIn.BYTES),
  /// Whether something is allowed.
  ACCESS(34, Wire.AccessIn.BYTES),
  /// Make a file and open it.
  CREATE(35, Wire.CreateIn.BYTES + 1),
  /// Nobody waits for a request any more.
  INTERRUPT(36, Wire.InterruptIn.BYTES),
  /// Which block of the device.
  BMAP(37, Wire.BmapIn.BYTES),
  /// The mount is gone.
  DESTROY(38, 0),
  /// A request of its own kind.
  IOCTL(39, Wire.IoctlIn.BYTES),
  /// Whether reading would wait.
  POLL(40, Wire.PollIn.BYTES),
  /// Answers a notification that asked for content; not used by us.
  NOTIFY_REPLY(41, 0),
  /// Let many nodes go; no answer.
  BATCH_FORGET(42, Wire.BatchForgetIn.BYTES),
  /// Change the space behind a range.
  FALLOCATE(43, Wire.FallocateIn.BYTES),
  /// Entries of a directory, looked up.
  READDIRPLUS(44, Wire.ReadIn.BYTES),
  /// Move a name, with flags.
  RENAME2(45, Wire.Rename2In.BYTES + 2),
  /// Find data or a hole.
  LSEEK(46, Wire.LseekIn.BYTES),
  /// Copy from file to file.
  COPY_FILE_RANGE(47, Wire.CopyIn.BYTES),
  /// Memory shared with a virtual machine; not used by us.
  SETUPMAPPING(48, 0),
  /// The end of that.
  REMOVEMAPPING(49, 0),
  /// Make the volume durable.
  SYNCFS(50, Wire.SyncfsIn.BYTES),
  /// Make a file without a name and open it.
  TMPFILE(51, Wire.CreateIn.BYTES),
  /// More attributes.
  STATX(52, Wire.StatxIn.BYTES),
  /// Copy from file to file, with a wide answer.
  COPY_FILE_RANGE_64(53, Wire.CopyIn.BYTES);

  private static final @Nullable Opcode[] BY_NUMBER = new @Nullable Opcode[64];

  static {
    for (Opcode opcode : values()) {
      BY_NUMBER[opcode.number] = opcode;
    }
  }

  private final int number;
  private final int argumentsMin;

  Opcode(int number, int argumentsMin) {
    this.number = number;
    this.argumentsMin = argumentsMin;
  }

  /// The number on the wire.
  ///
  /// @return positive
  public int number() {
    return number;
  }

  /// The fewest bytes behind the header.
  ///
  /// @return bytes
  public int argumentsMin() {
    return argumentsMin;
  }

  /// Whether the kernel waits for an answer.
  ///
  /// @return false for those that must not be answered
  public boolean isAnswered() {
    return this != FORGET && this != BATCH_FORGET && this != NOTIFY_REPLY && this != INTERRUPT;
  }

  /// The opcode with a number.
  ///
  /// @param number any number
  /// @return null if there is none
  public static @Nullable Opcode of(int number) {
    return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }
}
