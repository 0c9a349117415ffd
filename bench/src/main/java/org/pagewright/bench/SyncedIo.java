package org.pagewright.bench;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What a promise of durability costs: the same image, journal and all, on the same disk, through
/// our driver and through the kernel's on a loop device.
///
/// One operation is a small file created, written and synced (`create`), 4 KiB of a file
/// overwritten and synced (`overwrite`), or 64 MiB written and synced (`stream`). Run it with
/// `-t 8`, too: group commit shows there. The kernel's door needs root; the image is in the
/// temporary folder, or in `-Dpagewright.bench.disk`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class SyncedIo {
  private static final long IMAGE_SIZE = 2L << 30;
  private static final long FILE_SIZE = 64L << 20;
  private static final int BLOCK = 4096;

  /// Which driver.
  @Param({"pagewright", "kernel"})
  public String door;

  /// What each does; one implementation for each driver.
  private interface Door extends AutoCloseable {
    void create(String name) throws IOException;

    void overwrite(long pos) throws IOException;

    void stream() throws IOException;

    @Override
    void close() throws IOException;
  }

  private final AtomicLong names = new AtomicLong();
  private Path image = Path.of("");
  private Door target;

  @Setup(Level.Trial)
  public void open(Turn turn) throws IOException {
    Path disk =
        Path.of(
            System.getProperty("pagewright.bench.disk", System.getProperty("java.io.tmpdir")));
    image = Files.createTempFile(disk, "pagewright-sync", ".img");
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), IMAGE_SIZE - 1);
    }
    try (FileBlockDevice device =
        FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, new MkfsOptions());
    }
    target =
        switch (door) {
          case "pagewright" -> new Ours(image);
          case "kernel" -> new Kernel(image);
          default -> throw new IllegalArgumentException(door);
        };
    target.stream();
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    target.close();
    Files.delete(image);
  }

  @Benchmark
  public void create() throws IOException {
    target.create("f" + names.incrementAndGet());
  }

  @Benchmark
  public void overwrite() throws IOException {
    target.overwrite(ThreadLocalRandom.current().nextLong(FILE_SIZE / BLOCK) * BLOCK);
  }

  @Benchmark
  public void stream() throws IOException {
    target.stream();
  }

  private static final class Ours implements Door {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment large = arena.allocate(1 << 20, BLOCK);
    private final MemorySegment small = large.asSlice(0, BLOCK);
    private final CacheMemory memory = CacheMemory.ofBytes(512L << 20);
    private final Volume volume;
    private final OpenFile file;

    Ours(Path image) throws IOException {
      volume =
          Ext4.mount(
              FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS);
      file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
    }

    @Override
    public void create(String name) throws IOException {
      try (OpenFile fresh = volume.open("/" + name, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        fresh.write(0, small);
        fresh.fsync(false);
      }
    }

    @Override
    public void overwrite(long pos) throws IOException {
      file.write(pos, small);
      file.fsync(true);
    }

    @Override
    public void stream() throws IOException {
      for (long pos = 0; pos < FILE_SIZE; pos += large.byteSize()) {
        file.write(pos, large);
      }
      file.fsync(true);
    }

    @Override
    public void close() throws IOException {
      file.close();
      volume.close();
      memory.close();
      arena.close();
    }
  }

  private static final class Kernel implements Door {
    private final ByteBuffer large = ByteBuffer.allocateDirect(1 << 20);
    private final ByteBuffer small = ByteBuffer.allocateDirect(BLOCK);
    private final Path folder;
    private final FileChannel file;

    Kernel(Path image) throws IOException {
      folder = Files.createTempDirectory("pagewright-sync");
      run("mount", "-o", "loop", image.toString(), folder.toString());
      file =
          FileChannel.open(
              folder.resolve("file"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static void run(String... command) throws IOException {
      try {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
          throw new IOException(List.of(command) + ": " + output + "; this door needs root");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    @Override
    public void create(String name) throws IOException {
      Path path = folder.resolve(name);
      try (FileChannel fresh =
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        fresh.write(small.duplicate(), 0);
        fresh.force(true);
      }
    }

    @Override
    public void overwrite(long pos) throws IOException {
      file.write(small.duplicate(), pos);
      file.force(false);
    }

    @Override
    public void stream() throws IOException {
      for (long pos = 0; pos < FILE_SIZE; pos += large.capacity()) {
        file.write(large.duplicate(), pos);
      }
      file.force(false);
    }

    @Override
    public void close() throws IOException {
      file.close();
      run("umount", folder.toString());
      File left = folder.toFile();
      if (!left.delete()) {
        throw new IOException(left + " stays");
      }
    }
  }
}
