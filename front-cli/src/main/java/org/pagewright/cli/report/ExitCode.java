package org.pagewright.cli.report;

import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// What a command ends with, for scripts. The numbers are kept from one version to the next.
public enum ExitCode {
  /// All was done.
  OK(0, "done"),
  /// An operation failed, such as reading what is not there.
  FAILED(1, "an operation failed: not there, exists, not allowed, input/output error"),
  /// The command line makes no sense.
  USAGE(2, "the command line makes no sense"),
  /// No file system is there, or none that can be handled.
  NO_FILE_SYSTEM(3, "no ext2, ext3 or ext4 there, or one with unsupported features"),
  /// The file system contradicts itself.
  DAMAGED(4, "the file system is damaged, or must be checked first"),
  /// The image is full.
  NO_SPACE(5, "no space left; what was written before is kept"),
  /// Somebody else has the image open.
  IN_USE(6, "the image is in use by another process");

  private final int number;
  private final String words;

  ExitCode(int number, String words) {
    this.number = number;
    this.words = words;
  }

  /// The number for the shell.
  ///
  /// @return 0 to 6
  public int number() {
    return number;
  }

  /// What it means.
  ///
  /// @return a few words
  public String words() {
    return words;
  }

  /// The code for a failed operation on files.
  ///
  /// @param e what failed
  /// @return never OK
  public static ExitCode of(FsException e) {
    if (e instanceof CorruptedException) {
      return DAMAGED;
    }
    Errno errno = e.errno();
    return switch (errno) {
      case EUCLEAN, EBADMSG -> DAMAGED;
      case ENOSPC, EDQUOT -> NO_SPACE;
      default -> FAILED;
    };
  }
}
