package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.pagewright.bench.door.Image;

/// An image that the kernel has mounted through a loop device.
final class LoopMount implements AutoCloseable {
  private static final int SECONDS = 30;

  private final Path image;
  private final Path folder;

  private LoopMount(Path image, Path folder) {
    this.image = image;
    this.folder = folder;
  }

  /// Makes an image and mounts it.
  static LoopMount create(long bytes) throws IOException, InterruptedException {
    if (!Program.isRoot()) {
      throw new SkippedException("needs root for a loop mount");
    }
    String mount = Program.find("mount");
    Path image = Image.make(bytes);
    Path folder = Files.createTempDirectory("pagewright-bench");
    boolean done = false;
    try {
      Program.run(
          Deadline.inSeconds(SECONDS), mount, "-o", "loop", image.toString(), folder.toString());
      done = true;
    } catch (IOException e) {
      throw new SkippedException("no loop mount: " + e.getMessage());
    } finally {
      if (!done) {
        Files.delete(folder);
        Files.delete(image);
      }
    }
    return new LoopMount(image, folder);
  }

  Path folder() {
    return folder;
  }

  @Override
  public void close() throws IOException {
    try {
      Program.run(Deadline.inSeconds(SECONDS), Program.find("umount"), folder.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(folder + " stays mounted", e);
    }
    Files.delete(folder);
    Files.delete(image);
  }
}
