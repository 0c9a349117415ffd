package org.pagewright.cli.report;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// An error as a person reads it, and the exit code that goes with it.
///
/// @param exitCode what the command ends with
/// @param message path and reason, one line
/// @param next what to do about it; empty if nothing can be said
public record ErrorReport(ExitCode exitCode, String message, String next) {
  private static final String HOST_FULL = "make room on the host's disk";

  /// Translates what was thrown.
  ///
  /// @param e anything a command ended with
  /// @return the report
  public static ErrorReport of(Throwable e) {
    if (e instanceof CommandException known) {
      return new ErrorReport(known.exitCode(), String.valueOf(known.getMessage()), known.next());
    }
    if (e instanceof FsException known) {
      return new ErrorReport(
          ExitCode.of(known), messageOf(known), adviceFor(known.errno()));
    }
    if (e instanceof FileSystemException host) {
      return ofHost(host);
    }
    String message = e.getMessage();
    if (e instanceof IOException) {
      ExitCode code = ExitCode.FAILED;
      String next = "";
      if (message != null && message.contains("No space left")) {
        code = ExitCode.NO_SPACE;
        next = HOST_FULL;
      } else if (message != null && message.contains("Broken pipe")) {
        next = "the program that reads the output has ended";
      }
      return new ErrorReport(code, message == null ? e.toString() : message, next);
    }
    return new ErrorReport(
        ExitCode.FAILED,
        "this should not have happened: " + e,
        "run it again with --stacktrace and report what it prints");
  }

  private static ErrorReport ofHost(FileSystemException e) {
    String reason = e.getReason();
    Errno errno =
        switch (e) {
          case NoSuchFileException _ -> Errno.ENOENT;
          case AccessDeniedException _ -> Errno.EACCES;
          case FileAlreadyExistsException _ -> Errno.EEXIST;
          case DirectoryNotEmptyException _ -> Errno.ENOTEMPTY;
          case NotDirectoryException _ -> Errno.ENOTDIR;
          case FileSystemLoopException _ -> Errno.ELOOP;
          default -> errnoOf(reason);
        };
    FsException known = new FsException(errno, String.valueOf(e.getFile()));
    String words = messageOf(known);
    if (reason != null && errno == Errno.EIO) {
      words += ": " + reason;
    }
    String next = errno == Errno.ENOSPC ? HOST_FULL : adviceFor(errno);
    return new ErrorReport(ExitCode.of(known), words, next);
  }

  /// The JDK passes on the C library's words, not the number.
  private static Errno errnoOf(@Nullable String reason) {
    if (reason == null) {
      return Errno.EIO;
    }
    for (Errno errno : Errno.values()) {
      if (reason.equalsIgnoreCase(errno.words())) {
        return errno;
      }
    }
    return reason.startsWith("Too many levels of symbolic links") ? Errno.ELOOP : Errno.EIO;
  }

  private static String messageOf(FsException e) {
    return e.getMessage() + " (" + e.errno() + ")";
  }

  private static String adviceFor(Errno errno) {
    return switch (errno) {
      case ENOENT -> "see what is there with `pagewright ls`; on the host with `ls`";
      case EEXIST -> "choose another name, or remove what is there";
      case ENOTDIR -> "a part of the path is a file: see it with `pagewright ls -l`";
      case EISDIR -> "give a file; `pagewright ls` shows what is in a directory";
      case ENOTEMPTY -> "remove it with all that is in it: `pagewright rm -r`";
      case ENOSPC, EDQUOT ->
          "what was written before is kept; see `pagewright df`, and remove files or make a larger"
              + " image";
      case EROFS -> "it can only be read: leave --read-only out, or make the image file writable";
      case EACCES, EPERM -> "the user who runs this may not do it; see the owner and the mode";
      case EBUSY -> "wait until the other program is done with it, or end that program";
      case ENAMETOOLONG -> "a name may have 255 bytes, a path 4096";
      case ELOOP -> "symbolic links lead in a circle: see them with `pagewright ls -l`";
      case EUCLEAN, EBADMSG ->
          "check the image with `e2fsck -fn IMAGE`; what is sound can be read with --read-only";
      case EIO ->
          "the disk below failed, or the image is cut off: check it with `e2fsck -fn IMAGE`";
      case EFBIG -> "larger than this file system allows; larger blocks allow more";
      case EMLINK -> "this file or directory has as many links as the file system allows";
      case EXDEV -> "names of one file lie in one image: copy it with `pagewright cp`";
      case ENODATA -> "see which attributes there are with `pagewright xattr list`";
      case ENOMEM -> "give more memory with --cache";
      case EOPNOTSUPP -> "this file system cannot do that; see `pagewright info`";
      default -> "";
    };
  }

  /// Whether other files may well do better: not if the disk is full or cannot be written, nor if
  /// somebody wants the work to stop.
  ///
  /// @param e what this was made of
  /// @return false if going on makes no sense
  public boolean concernsOneFile(Throwable e) {
    if (exitCode != ExitCode.FAILED && exitCode != ExitCode.DAMAGED) {
      return false;
    }
    int depth = 0;
    for (Throwable t = e; t != null && depth < 20; t = t.getCause()) {
      depth++;
      if (t instanceof FsException known) {
        return switch (known.errno()) {
          case EINTR, EROFS, ENOMEM, EBADF, ESTALE -> false;
          default -> true;
        };
      }
    }
    return e instanceof CommandException || e instanceof FileSystemException;
  }

  /// Prints it: one line for what went wrong, one for what to do.
  ///
  /// @param out standard error
  /// @param command what ran, such as `pagewright ls`
  public void print(PrintWriter out, String command) {
    out.println(command + ": " + message);
    if (!next.isEmpty()) {
      out.println("  next: " + next);
    }
    out.flush();
  }
}
