package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;

/// What people do in folders of several peers: unpacking sources, asking git, committing as a
/// database does.
final class MountedPrograms {
  private static final int PAGE = 8192;
  private static final long TABLE_BYTES = 64L << 20;
  private static final long LOG_BYTES = 16L << 20;
  private static final int PAGES_A_COMMIT = 8;
  private static final long COMMIT_NANOS = 500_000_000L;
  private static final int STATUSES = 4;

  private MountedPrograms() {}

  /// The sources of this project unpacked from a tar, in milliseconds.
  static TimedContest untar() {
    return MountedPeers.contestOfNames(
        (mounted, ready) -> {
          String tar = Program.find("tar");
          Path root = Launcher.root();
          Path archive = mounted.folder().resolveSibling(mounted.folder().getFileName() + ".tar");
          Program.run(
              ready, tar, "-cf", archive.toString(), "-C", root.toString(), "--exclude=target",
              "--exclude=.git", ".");
          return new TimedContest.Subject() {
            @Override
            public double measure(int round, Deadline deadline)
                throws IOException, InterruptedException {
              Path to = Files.createTempDirectory(mounted.folder(), "tree");
              long begin = System.nanoTime();
              Program.run(deadline, tar, "-xf", archive.toString(), "-C", to.toString());
              long end = System.nanoTime();
              SourceTree.delete(to);
              return (end - begin) / 1e6;
            }

            @Override
            public void close() throws IOException {
              Files.delete(archive);
              mounted.close();
            }
          };
        });
  }

  /// `git status` in a copy of the sources with their history, in milliseconds. The kernel is told
  /// to forget names and attributes before.
  ///
  /// The files are older than git's index of them: of those that are not, it reads the content, in
  /// one round and not in another, and there is nothing else in it that takes as long.
  static TimedContest gitStatus() {
    return MountedPeers.contestOfNames(
        (mounted, ready) -> {
          String git = Program.find("git");
          Path root = Launcher.root();
          if (!Files.exists(root.resolve(".git"))) {
            throw new SkippedException("the sources have no history here");
          }
          Path copy = mounted.folder().resolve("git");
          Program.run(
              ready, git, "clone", "-q", "--no-hardlinks", root.toString(), copy.toString());
          SourceTree.age(copy);
          Program.run(ready, git, "-C", copy.toString(), "update-index", "-q", "--refresh");
          return new TimedContest.Subject() {
            @Override
            public double measure(int round, Deadline deadline)
                throws IOException, InterruptedException {
              long nanos = 0;
              for (int i = 0; i < STATUSES; i++) {
                Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "2");
                long begin = System.nanoTime();
                Program.run(deadline, git, "-C", copy.toString(), "status", "--short");
                nanos += System.nanoTime() - begin;
              }
              return nanos / 1e6 / STATUSES;
            }

            @Override
            public void close() throws IOException {
              mounted.close();
            }
          };
        });
  }

  /// Commits a second: eight pages of a table written at random, then one of a log, which is made
  /// durable.
  static TimedContest commits() {
    return MountedPeers.contest(
        (mounted, ready) -> {
          Path folder = mounted.folder();
          FileChannel table = filled(folder.resolve("table"), TABLE_BYTES);
          FileChannel log = filled(folder.resolve("log"), LOG_BYTES);
          return new TimedContest.Subject() {
            @Override
            public double measure(int round, Deadline deadline) throws IOException {
              SplittableRandom random = new SplittableRandom(round);
              ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
              long begin = System.nanoTime();
              long n = 0;
              while (System.nanoTime() - begin < COMMIT_NANOS) {
                for (int i = 0; i < PAGES_A_COMMIT; i++) {
                  table.write(page.clear(), random.nextLong(TABLE_BYTES / PAGE) * PAGE);
                }
                log.write(page.clear(), n++ * PAGE % LOG_BYTES);
                log.force(false);
              }
              double rate = n * 1e9 / (System.nanoTime() - begin);
              table.force(false);
              return rate;
            }

            @Override
            public void close() throws IOException {
              table.close();
              log.close();
              mounted.close();
            }
          };
        });
  }

  private static FileChannel filled(Path path, long bytes) throws IOException {
    FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);
    for (long pos = 0; pos < bytes; pos += piece.capacity()) {
      file.write(piece.clear(), pos);
    }
    file.force(true);
    return file;
  }
}
