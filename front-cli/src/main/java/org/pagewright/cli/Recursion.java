package org.pagewright.cli;

import java.io.IOException;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;

/// Does the same with everything in a tree; links in it are not followed.
final class Recursion {
  private Recursion() {}

  /// What is done with one file.
  interface Step {
    void run(String path, Stat stat) throws IOException;
  }

  static void over(Volume volume, String path, Cancellation cancellation, Step step)
      throws IOException {
    cancellation.check();
    Stat stat = volume.lstat(path);
    step.run(path, stat);
    if (stat.isDirectory()) {
      for (DirEntry entry : volume.list(path)) {
        over(volume, Places.in(path, entry.name().toString()), cancellation, step);
      }
    }
  }
}
