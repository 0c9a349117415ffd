package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.pagewright.bench.door.Image;

/// Folders that other programs work in, each with an ext4 image of its own behind it: ours through
/// FUSE, with the kernel's writeback cache and without, or by way of io_uring, fuse2fs, libfuse's
/// own example `passthrough_ll` over the kernel's ext4, and that ext4 itself.
///
/// `passthrough_ll` does nothing but call the kernel again: what it costs is what FUSE costs a
/// server in C, at the least.
final class MountedPeers {
  static final String FUSE2FS = "fuse2fs";
  static final String PASSTHROUGH = "passthrough_ll";

  /// The same, which has the kernel check rights and answers for extended attributes, as ours does:
  /// so the kernel asks both of them the same.
  static final String PASSTHROUGH_SAME = "passthrough_ll, asked the same";

  private static final long IMAGE_BYTES = 1L << 30;
  private static final int SETTLE_MILLIS = 50;
  private static final int SECONDS = 30;
  private static final String EXAMPLE =
      "/usr/share/doc/libfuse3-dev/examples/" + PASSTHROUGH + ".c";

  private MountedPeers() {}

  /// A folder where something is mounted.
  ///
  /// @param folder to work in
  /// @param below closes what is behind it
  record Mounted(Path folder, AutoCloseable below) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      try {
        below.close();
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }

  /// Work on a folder, ready to be measured.
  interface Worker {
    /// Makes it ready.
    ///
    /// @param mounted closed by the subject
    TimedContest.Subject on(Mounted mounted, Deadline deadline)
        throws IOException, InterruptedException;
  }

  /// The same work in each folder.
  static TimedContest contest(Worker worker) {
    return new TimedContest()
        .peer("ours, mounted", opener(worker, deadline -> ours(deadline)))
        .more("ours, writeback cache", opener(worker, d -> ours(d, "--writeback-cache")))
        .more("ours, io_uring", opener(worker, MountedPeers::oursOverRings))
        .peer(FUSE2FS, opener(worker, MountedPeers::fuse2fs))
        .peer(PASSTHROUGH, opener(worker, d -> passthrough(d, "")))
        .peer("kernel ext4, loop", opener(worker, deadline -> loop()));
  }

  /// The same work in each folder, and in one more: much of it is what the kernel asks of a server
  /// beside what the work itself asks for.
  static TimedContest contestOfNames(Worker worker) {
    return contest(worker)
        .peer(
            PASSTHROUGH_SAME,
            opener(worker, d -> passthrough(d, ",xattr,default_permissions")));
  }

  /// Mounts.
  private interface Mounting {
    Mounted mount(Deadline deadline) throws IOException, InterruptedException;
  }

  private static TimedContest.Opener opener(Worker worker, Mounting mounting) {
    return (effort, deadline) -> {
      Mounted mounted = mounting.mount(deadline);
      boolean done = false;
      try {
        TimedContest.Subject subject = worker.on(mounted, deadline);
        done = true;
        return subject;
      } finally {
        if (!done) {
          mounted.close();
        }
      }
    };
  }

  private static Mounted loop() throws IOException, InterruptedException {
    LoopMount mount = LoopMount.create(IMAGE_BYTES);
    return new Mounted(mount.folder(), mount);
  }

  private static Mounted ours(Deadline deadline, String... options)
      throws IOException, InterruptedException {
    Launcher.root();
    try {
      Launcher.run(deadline, "mount", "--help");
    } catch (SkippedException e) {
      throw e;
    } catch (IOException e) {
      throw new SkippedException("this build has no pagewright mount");
    }
    return mounted(
        (image, folder) -> {
          List<String> words = new ArrayList<>(List.of("mount", "--background"));
          Collections.addAll(words, options);
          words.add(image.toString());
          words.add(folder.toString());
          Launcher.run(deadline, words.toArray(String[]::new));
        },
        folder -> Launcher.run(Deadline.inSeconds(SECONDS), "umount", folder.toString()));
  }

  /// The kernel's switch is on while we mount, and as it was afterwards: a mount keeps what it has
  /// begun with.
  private static Mounted oursOverRings(Deadline deadline)
      throws IOException, InterruptedException {
    Path power = Path.of("/sys/module/fuse/parameters/enable_uring");
    if (!Files.isWritable(power)) {
      throw new SkippedException("no FUSE through io_uring here");
    }
    String before = Files.readString(power).strip();
    Files.writeString(power, "Y");
    try {
      return ours(deadline, "-o", "io_uring");
    } finally {
      Files.writeString(power, before);
    }
  }

  private static Mounted fuse2fs(Deadline deadline) throws IOException, InterruptedException {
    String fuse2fs = Program.find(FUSE2FS);
    return mounted(
        (image, folder) ->
            Program.run(deadline, fuse2fs, image.toString(), folder.toString(), "-o", "fakeroot"),
        MountedPeers::umount);
  }

  private static Mounted passthrough(Deadline deadline, String options)
      throws IOException, InterruptedException {
    checkDevice();
    Path folder = Files.createTempDirectory("pagewright-bench");
    LoopMount below = null;
    boolean done = false;
    try {
      String program = findPassthrough(deadline);
      below = LoopMount.create(IMAGE_BYTES);
      Program.run(
          deadline, program, "-o", "cache=always,source=" + below.folder() + options,
          folder.toString());
      done = true;
    } finally {
      if (!done) {
        Files.delete(folder);
        if (below != null) {
          below.close();
        }
      }
    }
    LoopMount lower = below;
    return new Mounted(
        folder,
        () -> {
          umount(folder);
          delete(folder);
          closeWhenLetGo(lower);
        });
  }

  /// The program may still hold its files for a moment.
  private static void closeWhenLetGo(LoopMount lower) throws IOException, InterruptedException {
    Deadline end = Deadline.inSeconds(5);
    while (true) { // ends with the deadline
      try {
        lower.close();
        return;
      } catch (IOException e) {
        if (end.isOver()) {
          throw e;
        }
        TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
      }
    }
  }

  /// The example is installed nowhere as a program, but comes with the library as a source.
  private static String findPassthrough(Deadline deadline)
      throws IOException, InterruptedException {
    try {
      return Program.find(PASSTHROUGH);
    } catch (SkippedException e) {
      if (!Files.isReadable(Path.of(EXAMPLE))) {
        throw new SkippedException("no " + PASSTHROUGH + " here, nor its source, " + EXAMPLE);
      }
    }
    Path program = Path.of(System.getProperty("java.io.tmpdir"), PASSTHROUGH);
    if (!Files.isExecutable(program)) {
      String flags =
          Program.run(deadline, Program.find("pkg-config"), "fuse3", "--cflags", "--libs");
      List<String> command = new ArrayList<>(List.of(Program.find("cc"), "-O2", EXAMPLE));
      Collections.addAll(command, flags.strip().split("\\s+"));
      Collections.addAll(command, "-o", program.toString());
      Program.run(deadline, command.toArray(String[]::new));
    }
    return program.toString();
  }

  private static void umount(Path folder) throws IOException, InterruptedException {
    Program.run(Deadline.inSeconds(SECONDS), Program.find("umount"), folder.toString());
  }

  /// Mounts an image on a folder.
  private interface Mounter {
    void mount(Path image, Path folder) throws IOException, InterruptedException;
  }

  /// Unmounts a folder.
  private interface Unmounter {
    void unmount(Path folder) throws IOException, InterruptedException;
  }

  private static void checkDevice() throws SkippedException {
    if (!Files.isWritable(Path.of("/dev/fuse"))) {
      throw new SkippedException("no /dev/fuse here");
    }
  }

  private static Mounted mounted(Mounter mounter, Unmounter unmounter)
      throws IOException, InterruptedException {
    checkDevice();
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
          delete(folder);
          Files.delete(image);
        });
  }

  /// The process of the mount may still be closing the image.
  private static void delete(Path folder) throws InterruptedException {
    Deadline end = Deadline.inSeconds(5);
    while (!folder.toFile().delete() && !end.isOver()) {
      TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
    }
  }
}
