package org.pagewright.bench.measure;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.pagewright.bench.door.Doors;
import org.pagewright.bench.door.Image;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.filemap.Readahead;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Reads of a file that is nowhere in memory: ours through direct I/O below, on an image that is
/// mounted anew each round; the kernel's direct and buffered reads of a file of the same size.
final class ColdRead {
  private static final long BYTES = 512L << 20;
  private static final int PIECE = 1 << 20;
  private static final int PAGE = 4096;
  private static final int RANDOM_READS = 4000;

  private ColdRead() {}

  static TimedContest stream() {
    return new TimedContest()
        .peer("ours, direct below", (effort, deadline) -> new Ours(true))
        .peer("dd, O_DIRECT", (effort, deadline) -> new Dd())
        .peer("kernel, buffered", (effort, deadline) -> new Kernel(true, false));
  }

  static TimedContest random() {
    return new TimedContest()
        .peer("ours, direct below", (effort, deadline) -> new Ours(false))
        .peer("kernel, O_DIRECT", (effort, deadline) -> new Kernel(false, true))
        .peer("kernel, buffered", (effort, deadline) -> new Kernel(false, false));
  }

  /// Pages in the order of a round, none of them twice.
  private static int[] order(int round) {
    Random random = new Random(round);
    int[] pages = new int[(int) (BYTES / PAGE)];
    for (int i = 0; i < pages.length; i++) {
      int other = random.nextInt(i + 1);
      pages[i] = pages[other];
      pages[other] = i;
    }
    return java.util.Arrays.copyOf(pages, RANDOM_READS);
  }

  private static double perSecond(boolean stream, long nanos) {
    return stream ? (BYTES >> 20) * 1e9 / nanos : RANDOM_READS * 1e9 / nanos;
  }

  private static final class Ours implements TimedContest.Subject {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment large = arena.allocate(PIECE, PAGE).fill((byte) 1);
    private final MemorySegment small = large.asSlice(0, PAGE);
    private final Path path;
    private final boolean stream;

    Ours(boolean stream) throws IOException {
      this.stream = stream;
      this.path = Image.make(BYTES + (128 << 20));
      try (CacheMemory memory = CacheMemory.ofBytes(64 << 20);
          Volume volume = Image.mount(path, memory, FileBlockDevice.Options.READ_WRITE);
          OpenFile file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        for (long pos = 0; pos < BYTES; pos += PIECE) {
          file.write(pos, large);
        }
      }
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
    }

    @Override
    public double measure(int round, Deadline deadline) throws IOException, InterruptedException {
      drop(path);
      int[] order = stream ? new int[0] : order(round);
      try (CacheMemory memory = CacheMemory.ofBytes(BYTES + (64 << 20));
          Volume volume =
              Image.mount(path, memory, FileBlockDevice.Options.READ_WRITE.withDirect(true));
          OpenFile file = volume.open("/file", OpenFlags.RDONLY, 0)) {
        if (!stream) {
          file.advise(Readahead.Advice.RANDOM);
        }
        long begin = System.nanoTime();
        if (stream) {
          for (long pos = 0; pos < BYTES; pos += PIECE) {
            file.read(pos, large);
          }
        } else {
          for (int page : order) {
            file.read((long) page * PAGE, small);
          }
        }
        return perSecond(stream, System.nanoTime() - begin);
      }
    }

    @Override
    public void close() throws IOException {
      arena.close();
      Files.delete(path);
    }
  }

  /// A file of the kernel's, on the disk.
  private static Path file() throws IOException {
    Path path = Files.createTempFile(Doors.disk(), "pagewright-bench", ".bin");
    ByteBuffer ones = ByteBuffer.allocateDirect(PIECE);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      for (long pos = 0; pos < BYTES; pos += PIECE) {
        channel.write(ones.clear(), pos);
      }
      channel.force(true);
    }
    return path;
  }

  /// Has the kernel forget what it has of a file.
  private static void drop(Path path) throws IOException, InterruptedException {
    Program.run(
        Deadline.inSeconds(30), Program.find("dd"), "of=" + path, "oflag=nocache",
        "conv=notrunc,fdatasync", "count=0", "status=none");
  }

  private static final class Dd implements TimedContest.Subject {
    private final String dd = Program.find("dd");
    private final Path path = file();

    Dd() throws IOException {}

    @Override
    public double measure(int round, Deadline deadline) throws IOException, InterruptedException {
      drop(path);
      long begin = System.nanoTime();
      Program.run(
          deadline, dd, "if=" + path, "of=/dev/null", "bs=1M", "iflag=direct", "status=none");
      return perSecond(true, System.nanoTime() - begin);
    }

    @Override
    public void close() throws IOException {
      Files.delete(path);
    }
  }

  private static final class Kernel implements TimedContest.Subject {
    private final ByteBuffer large =
        ByteBuffer.allocateDirect(PIECE + PAGE).alignedSlice(PAGE).limit(PIECE);
    private final ByteBuffer small = large.slice(0, PAGE);
    private final Path path = file();
    private final boolean stream;
    private final boolean direct;

    Kernel(boolean stream, boolean direct) throws IOException {
      this.stream = stream;
      this.direct = direct;
    }

    @Override
    public double measure(int round, Deadline deadline) throws IOException, InterruptedException {
      drop(path);
      int[] order = stream ? new int[0] : order(round);
      try (FileChannel channel =
          direct
              ? FileChannel.open(path, StandardOpenOption.READ, ExtendedOpenOption.DIRECT)
              : FileChannel.open(path, StandardOpenOption.READ)) {
        long begin = System.nanoTime();
        if (stream) {
          for (long pos = 0; pos < BYTES; pos += PIECE) {
            channel.read(large.position(0).limit(PIECE), pos);
          }
        } else {
          for (int page : order) {
            channel.read(small.clear(), (long) page * PAGE);
          }
        }
        return perSecond(stream, System.nanoTime() - begin);
      }
    }

    @Override
    public void close() throws IOException {
      Files.delete(path);
    }
  }
}
