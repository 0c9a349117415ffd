package org.pagewright.bench.measure;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.pagewright.bench.door.Image;

/// One job of fio in a mount: ours through FUSE, fuse2fs, and the kernel's ext4 by loop, each on an
/// image of its own.
final class MountIo {
  private static final long IMAGE_BYTES = 512L << 20;
  private static final int SETTLE_MILLIS = 50;

  private MountIo() {}

  /// A job.
  ///
  /// @param kind fio's `rw`: `read`, `randread`, `write`, `randwrite`
  /// @param block bytes of an operation, as fio writes it
  static TimedContest contest(String kind, String block) {
    return new TimedContest()
        .peer("ours, mounted", (effort, deadline) -> new Job(kind, block, ours(deadline)))
        .peer("fuse2fs", (effort, deadline) -> new Job(kind, block, fuse2fs(deadline)))
        .peer("kernel ext4, loop", (effort, deadline) -> new Job(kind, block, loop()));
  }

  /// A folder where something is mounted.
  private record Mounted(Path folder, AutoCloseable below) {}

  private static Mounted loop() throws IOException, InterruptedException {
    LoopMount mount = LoopMount.create(IMAGE_BYTES);
    return new Mounted(mount.folder(), mount);
  }

  private static Mounted ours(Deadline deadline) throws IOException, InterruptedException {
    Launcher.root();
    try {
      Launcher.run(deadline, "mount", "--help");
    } catch (SkippedException e) {
      throw e;
    } catch (IOException e) {
      throw new SkippedException("this build has no pagewright mount");
    }
    return mounted(
        deadline,
        (image, folder) ->
            Launcher.run(
                deadline, "mount", "--background", image.toString(), folder.toString()),
        folder -> Launcher.run(Deadline.inSeconds(30), "umount", folder.toString()));
  }

  private static Mounted fuse2fs(Deadline deadline) throws IOException, InterruptedException {
    String fuse2fs = Program.find("fuse2fs");
    String umount = Program.find("umount");
    return mounted(
        deadline,
        (image, folder) -> {
          Program.run(deadline, fuse2fs, image.toString(), folder.toString(), "-o", "fakeroot");
        },
        folder -> Program.run(Deadline.inSeconds(30), umount, folder.toString()));
  }

  /// Mounts an image on a folder.
  private interface Mounter {
    void mount(Path image, Path folder) throws IOException, InterruptedException;
  }

  /// Unmounts a folder.
  private interface Unmounter {
    void unmount(Path folder) throws IOException, InterruptedException;
  }

  private static Mounted mounted(Deadline deadline, Mounter mounter, Unmounter unmounter)
      throws IOException, InterruptedException {
    if (!Files.isWritable(Path.of("/dev/fuse"))) {
      throw new SkippedException("no /dev/fuse here");
    }
    Path image = Image.make(IMAGE_BYTES);
    Path folder = Files.createTempDirectory("pagewright-bench");
    boolean done = false;
    try {
      mounter.mount(image, folder);
      done = true;
    } finally {
      if (!done) {
        Files.delete(folder);
        Files.delete(image);
      }
    }
    return new Mounted(
        folder,
        () -> {
          unmounter.unmount(folder);
          // The process of the mount may still be closing the image.
          Deadline end = Deadline.inSeconds(5);
          while (!folder.toFile().delete() && !end.isOver()) {
            TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
          }
          Files.delete(image);
        });
  }

  private static final class Job implements TimedContest.Subject {
    private final String kind;
    private final String block;
    private final Mounted mounted;
    private final String fio;

    Job(String kind, String block, Mounted mounted) throws IOException {
      this.kind = kind;
      this.block = block;
      this.mounted = mounted;
      try {
        this.fio = Program.find("fio");
      } catch (SkippedException e) {
        close();
        throw e;
      }
    }

    @Override
    public double measure(int round, Deadline deadline)
        throws IOException, InterruptedException {
      String printed =
          Program.run(
              deadline, fio, "--name=job", "--rw=" + kind, "--bs=" + block, "--size=64m",
              "--filename=" + mounted.folder().resolve("file"), "--ioengine=psync",
              "--time_based", "--runtime=700ms", "--invalidate=1", "--output-format=json");
      JsonObject job =
          JsonParser.parseString(printed.substring(printed.indexOf('{')))
              .getAsJsonObject()
              .getAsJsonArray("jobs")
              .get(0)
              .getAsJsonObject();
      JsonObject side = job.getAsJsonObject(kind.endsWith("read") ? "read" : "write");
      return side.get("bw_bytes").getAsDouble() / (1 << 20);
    }

    @Override
    public void close() throws IOException {
      try {
        mounted.below().close();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }
}
