package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.pagewright.bench.door.Doors;

/// An image of a tree of 300 MB, from the start of a process to its end. What the page cache then
/// owes to the disk is written out between the rounds, for all peers alike.
final class ImageBuild {
  private static final String SIZE = "512M";

  private ImageBuild() {}

  static TimedContest contest() {
    return new TimedContest()
        .peer("ours: pagewright build", ImageBuild::ours)
        .peer("mke2fs -d", ImageBuild::mke2fs)
        .more("mkfs, loop mount, cp -a", ImageBuild::copy);
  }

  /// Builds an image once.
  private interface Build {
    void run(Path tree, Path image, Deadline deadline) throws IOException, InterruptedException;
  }

  private static TimedContest.Subject subject(Build build) throws IOException {
    SourceTree tree = SourceTree.create();
    return new TimedContest.Subject() {
      @Override
      public double measure(int round, Deadline deadline)
          throws IOException, InterruptedException {
        Path image = Doors.disk().resolve("pagewright-bench-" + System.nanoTime() + ".img");
        try {
          long begin = System.nanoTime();
          build.run(tree.top(), image, deadline);
          double seconds = (System.nanoTime() - begin) / 1e9;
          try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            channel.force(true);
          }
          return seconds;
        } finally {
          Files.deleteIfExists(image);
        }
      }

      @Override
      public void close() throws IOException {
        tree.close();
      }
    };
  }

  private static TimedContest.Subject ours(Effort effort, Deadline deadline)
      throws IOException, InterruptedException {
    Launcher.root();
    return subject(
        (tree, image, until) ->
            Launcher.run(
                until, "build", "--from", tree.toString(), "-o", image.toString(),
                "--size", SIZE));
  }

  private static TimedContest.Subject mke2fs(Effort effort, Deadline deadline)
      throws IOException {
    String mke2fs = Program.find("mke2fs");
    return subject(
        (tree, image, until) ->
            Program.run(
                until, mke2fs, "-q", "-t", "ext4", "-d", tree.toString(), image.toString(),
                SIZE));
  }

  /// The way of those who have root: the kernel's own driver, written out by umount.
  private static TimedContest.Subject copy(Effort effort, Deadline deadline)
      throws IOException {
    if (!Program.isRoot()) {
      throw new SkippedException("needs root for a loop mount");
    }
    String mke2fs = Program.find("mke2fs");
    String cp = Program.find("cp");
    String mount = Program.find("mount");
    String umount = Program.find("umount");
    return subject(
        (tree, image, until) -> {
          Path folder = Files.createTempDirectory("pagewright-bench");
          try {
            Program.run(until, mke2fs, "-q", "-t", "ext4", image.toString(), SIZE);
            Program.run(until, mount, "-o", "loop", image.toString(), folder.toString());
            try {
              Program.run(until, cp, "-a", tree.toString(), folder.resolve("tree").toString());
            } finally {
              Program.run(Deadline.inSeconds(30), umount, folder.toString());
            }
          } finally {
            Files.delete(folder);
          }
        });
  }
}
