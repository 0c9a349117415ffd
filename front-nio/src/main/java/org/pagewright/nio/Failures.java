package org.pagewright.nio;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;

/// The JDK's exceptions for our error numbers. Each keeps ours as its cause.
final class Failures {
  private Failures() {}

  /// What an operation on a path ends with.
  ///
  /// @param e why
  /// @param path the file
  /// @return to be thrown
  static IOException of(FsException e, Object path) {
    return of(e, path, null);
  }

  /// What an operation on two paths ends with.
  ///
  /// @param e why
  /// @param path the first file
  /// @param other the second, or null
  /// @return to be thrown
  static IOException of(FsException e, Object path, @Nullable Object other) {
    String file = path.toString();
    String second = other == null ? null : other.toString();
    FileSystemException told =
        switch (e.errno()) {
          case ENOENT -> new NoSuchFileException(file, second, null);
          case EEXIST -> new FileAlreadyExistsException(file, second, null);
          case EACCES -> new AccessDeniedException(file, second, null);
          case ENOTEMPTY -> new DirectoryNotEmptyException(file);
          case ELOOP -> new FileSystemLoopException(file);
          default -> new FileSystemException(file, second, e.errno().words());
        };
    told.initCause(e);
    return told;
  }

  /// What opening an image ends with: all that is known of why.
  static FileSystemException ofImage(FsException e, Path image) {
    String reason = String.valueOf(e.getMessage());
    if (reason.startsWith(image.toString())) {
      reason = reason.substring(image.toString().length()).replaceFirst("^[:, ]+", "");
    }
    FileSystemException told = new FileSystemException(image.toString(), null, reason);
    told.initCause(e);
    return told;
  }

  /// What opening a directory ends with.
  static IOException ofDirectory(FsException e, Object path) {
    return switch (e.errno()) {
      case ENOTDIR -> (IOException) new NotDirectoryException(path.toString()).initCause(e);
      default -> of(e, path);
    };
  }

  /// What reading a link ends with.
  static IOException ofLink(FsException e, Object path) {
    return switch (e.errno()) {
      case EINVAL -> (IOException) new NotLinkException(path.toString()).initCause(e);
      default -> of(e, path);
    };
  }
}
