package org.pagewright.fuse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.os.Fusectl;

/// A connection of the kernel to a FUSE server, by its control files. It may be mounted anywhere,
/// at many places or at none.
///
/// Root sees the control files always, others where the host has them mounted.
final class Connection implements AutoCloseable {
  private static final Path SHARED = Path.of("/sys/fs/fuse/connections");

  private final @Nullable Fusectl own;
  private final Path folder;
  private final @Nullable Object identity;

  private Connection(@Nullable Fusectl own, Path folder) {
    this.own = own;
    this.folder = folder;
    this.identity = identityNow();
  }

  /// The one that has a number now.
  ///
  /// @param number as the table of mounts has it, see [Mounts.Entry#minor()]
  /// @return to be closed
  static Connection of(int number) {
    Fusectl own = ownFiles();
    Path root = own == null ? SHARED : own.root();
    return new Connection(own, root.resolve(Integer.toString(number)));
  }

  private static @Nullable Fusectl ownFiles() {
    try {
      return Fusectl.open();
    } catch (FsException e) {
      return null; // not root, or before Linux 5.2
    }
  }

  /// Whether this process sees the control files of connections.
  static boolean canSeeAny() {
    try (Fusectl own = ownFiles()) {
      if (own != null) {
        return true;
      }
    }
    try (var list = Files.list(SHARED)) {
      return list.findAny().isPresent();
    } catch (IOException e) {
      return false;
    }
  }

  private @Nullable Object identityNow() {
    try {
      return Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    } catch (IOException e) {
      return null;
    }
  }

  /// Whether its control files were there, so that it can be told from a later one of its number.
  boolean isKnown() {
    return identity != null;
  }

  /// Whether it is known, and has not ended.
  boolean isThere() {
    return identity != null && identity.equals(identityNow());
  }

  /// Ends it at once, wherever it is mounted: every request fails, nothing is written any more.
  ///
  /// @throws FsException EPERM
  void abort() throws FsException {
    Path abort = folder.resolve("abort");
    try {
      Files.writeString(abort, "1");
    } catch (IOException e) {
      throw new FsException(Errno.EPERM, abort.toString(), e);
    }
  }

  @Override
  public void close() {
    if (own != null) {
      own.close();
    }
  }
}
