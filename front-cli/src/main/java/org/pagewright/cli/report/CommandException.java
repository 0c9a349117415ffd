package org.pagewright.cli.report;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// A command cannot go on: why, what to do about it, and the exit code.
public final class CommandException extends IOException {
  private static final long serialVersionUID = 1L;

  private final ExitCode exitCode;
  private final String next;

  /// A failure with a cause below.
  ///
  /// @param exitCode what the command ends with
  /// @param message path and reason
  /// @param next what to do about it
  /// @param cause what the layer below threw, or null
  public CommandException(
      ExitCode exitCode, String message, String next, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.next = next;
  }

  /// A failure found here.
  ///
  /// @param exitCode what the command ends with
  /// @param message path and reason
  /// @param next what to do about it
  public CommandException(ExitCode exitCode, String message, String next) {
    this(exitCode, message, next, null);
  }

  /// A command line that makes no sense.
  ///
  /// @param message what is wrong with it
  /// @param next how to write it
  /// @return to be thrown
  public static CommandException usage(String message, String next) {
    return new CommandException(ExitCode.USAGE, message, next);
  }

  /// A failure in an image, with the name of the image and the path in it.
  ///
  /// @param image what messages call the image
  /// @param path what was worked on
  /// @param e what failed
  /// @return to be thrown
  public static CommandException at(String image, String path, FsException e) {
    ErrorReport report = ErrorReport.of(e);
    String message = report.message();
    if (e.errno() != Errno.EUCLEAN && message.startsWith(image + ":")) {
      // Such as `disk.img:12: is a directory`: of the inode, which is the path that was given.
      message = message.substring(message.indexOf(": ") + 2);
    }
    message = image + ":" + (message.startsWith(path) ? "" : path + ": ") + message;
    return new CommandException(report.exitCode(), message, report.next(), e);
  }

  /// What the command ends with.
  ///
  /// @return never OK
  public ExitCode exitCode() {
    return exitCode;
  }

  /// What to do about it.
  ///
  /// @return a sentence
  public String next() {
    return next;
  }
}
