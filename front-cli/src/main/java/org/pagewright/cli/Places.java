package org.pagewright.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Operand;
import org.pagewright.cli.report.CommandException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Paths in images, as commands need them.
final class Places {
  private Places() {}

  /// The last part of a path, or the empty string for the root.
  static String nameOf(String path) {
    int end = path.length();
    while (end > 0 && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(path.lastIndexOf('/', end - 1) + 1, end);
  }

  /// A name in a directory.
  static String in(String directory, String name) {
    return directory.endsWith("/") ? directory + name : directory + "/" + name;
  }

  /// What is there, or null.
  static @Nullable Stat statOrNull(Volume volume, String path, boolean follow)
      throws FsException {
    try {
      return follow ? volume.stat(path) : volume.lstat(path);
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return null;
      }
      throw e;
    }
  }

  /// Work on one operand.
  interface Work {
    void run() throws IOException;
  }

  /// Runs work on an operand; what it throws says which image it is of.
  static void at(Operand.InImage operand, Work work) throws IOException {
    try {
      work.run();
    } catch (FsException e) {
      throw CommandException.at(operand.imageName(), operand.path(), e);
    }
  }
}
