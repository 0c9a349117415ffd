package org.pagewright.cli;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.cli.image.Cancellation;
import org.pagewright.cli.image.Operand;
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

  /// What is done with one file of an image.
  interface Change {
    /// Does it.
    ///
    /// @param volume of the image
    /// @param path within it
    /// @param found by a walk, which follows no links; null for what the user has named
    void run(Volume volume, String path, @Nullable Stat found) throws IOException;
  }

  /// Does the same with what the user has named, or with all that is in it.
  ///
  /// @param command whose operands they are
  /// @param operands files of images, to be changed
  /// @param all whether directories are walked through
  /// @param change what to do
  static void overOperands(
      Subcommand command, List<String> operands, boolean all, Change change) throws IOException {
    command.each(
        operands,
        text -> {
          Operand.InImage operand = Operand.parseInImage(text);
          Volume volume = command.open(operand, true).volume();
          Places.at(
              operand,
              () -> {
                if (all) {
                  over(
                      volume,
                      operand.path(),
                      command.root().cancellation(),
                      (path, stat) -> change.run(volume, path, stat));
                } else {
                  change.run(volume, operand.path(), null);
                }
              });
        });
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
