package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.pagewright.bench.door.Image;

/// Listing the root of an image, from the start of the command to its end.
final class Startup {
  private static final long IMAGE_BYTES = 64L << 20;

  private Startup() {}

  static TimedContest contest() {
    return new TimedContest()
        .peer("ours: pagewright ls", Startup::ours)
        .peer("debugfs -R ls", Startup::debugfs);
  }

  /// Lists an image once.
  private interface Listing {
    void run(Path image, Deadline deadline) throws IOException, InterruptedException;
  }

  private static TimedContest.Subject subject(Listing listing) throws IOException {
    Path image = Image.make(IMAGE_BYTES);
    return new TimedContest.Subject() {
      @Override
      public double measure(int round, Deadline deadline)
          throws IOException, InterruptedException {
        long begin = System.nanoTime();
        listing.run(image, deadline);
        return (System.nanoTime() - begin) / 1e6;
      }

      @Override
      public void close() throws IOException {
        Files.delete(image);
      }
    };
  }

  private static TimedContest.Subject ours(Effort effort, Deadline deadline)
      throws IOException, InterruptedException {
    Launcher.root();
    return subject((image, until) -> Launcher.run(until, "ls", image + ":/"));
  }

  private static TimedContest.Subject debugfs(Effort effort, Deadline deadline)
      throws IOException {
    String debugfs = Program.find("debugfs");
    return subject((image, until) -> Program.run(until, debugfs, "-R", "ls -l", image.toString()));
  }
}
