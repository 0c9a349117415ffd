package org.pagewright.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
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

/// Reads and writes of bytes that are in memory, at random places of 256 MiB, through four doors: a
/// bare copy between two segments (the limit), a file on an ext4 image through our cache, and the
/// kernel's page cache through a FileChannel on a disk and on tmpfs.
///
/// Run it with `-prof gc`: ours allocate nothing. The folder of the kernel's disk is the temporary
/// folder, or `-Dpagewright.bench.disk`; tmpfs is looked for at `/dev/shm`.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CachedIo {
  private static final long FILE_SIZE = 256L << 20;
  private static final long IMAGE_SIZE = 512L << 20;
  private static final long BUDGET = 4L << 30;

  /// Bytes of an operation.
  @Param({"64", "4096", "65536"})
  public int size;

  /// Mebibytes of the file that are touched: all of it, or what fits the processor's cache.
  @Param({"256"})
  public int span;

  /// Which door.
  @Param({"copy", "pagewright", "ext4", "tmpfs"})
  public String door;

  /// What one operation does; one implementation for each door, so that the call is monomorphic.
  private interface Door extends AutoCloseable {
    long read(long pos, int size) throws IOException;

    long write(long pos, int size) throws IOException;

    @Override
    void close() throws IOException;
  }

  private Door target;
  private long random = 0x9E3779B97F4A7C15L;

  @Setup(Level.Trial)
  public void open() throws IOException {
    target =
        switch (door) {
          case "copy" -> new Copy();
          case "pagewright" -> new Image();
          case "ext4" ->
              new Channel(
                  Path.of(
                      System.getProperty(
                          "pagewright.bench.disk", System.getProperty("java.io.tmpdir"))));
          case "tmpfs" -> new Channel(Path.of("/dev/shm"));
          default -> throw new IllegalArgumentException(door);
        };
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    target.close();
  }

  private long nextPos() {
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return random & (((long) span << 20) - 1) & -(long) size;
  }

  @Benchmark
  public long read() throws IOException {
    return target.read(nextPos(), size);
  }

  @Benchmark
  public long write() throws IOException {
    return target.write(nextPos(), size);
  }

  /// The limit: the same bytes between the same kind of memory.
  private static final class Copy implements Door {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment file = arena.allocate(FILE_SIZE, 4096);
    private final MemorySegment buffer = arena.allocate(1 << 20, 4096);

    Copy() {
      file.fill((byte) 1);
    }

    @Override
    public long read(long pos, int size) {
      MemorySegment.copy(file, pos, buffer, 0, size);
      return size;
    }

    @Override
    public long write(long pos, int size) {
      MemorySegment.copy(buffer, 0, file, pos, size);
      return size;
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /// A file on an ext4 image.
  private static final class Image implements Door {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] buffers = new MemorySegment[1 + (1 << 20)];
    private final MemorySegment buffer = arena.allocate(1 << 20, 4096);
    private final Path path = Files.createTempFile("pagewright-bench", ".img");
    private final CacheMemory memory = CacheMemory.ofBytes(BUDGET);
    private final Volume volume;
    private final OpenFile file;

    Image() throws IOException {
      try (FileBlockDevice device =
          FileBlockDevice.open(grown(path), FileBlockDevice.Options.READ_WRITE)) {
        Mkfs.make(device, new MkfsOptions());
      }
      volume =
          Ext4.mount(
              FileBlockDevice.open(path, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS);
      file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
      for (long pos = 0; pos < FILE_SIZE; pos += 1 << 20) {
        file.write(pos, buffer);
      }
    }

    private static Path grown(Path path) throws IOException {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1), IMAGE_SIZE - 1);
      }
      return path;
    }

    /// The caller's own buffer of that size, made once.
    private MemorySegment buffer(int size) {
      MemorySegment slice = buffers[size];
      if (slice == null) {
        slice = buffer.asSlice(0, size);
        buffers[size] = slice;
      }
      return slice;
    }

    @Override
    public long read(long pos, int size) throws IOException {
      return file.read(pos, buffer(size));
    }

    @Override
    public long write(long pos, int size) throws IOException {
      return file.write(pos, buffer(size));
    }

    @Override
    public void close() throws IOException {
      file.close();
      volume.close();
      memory.close();
      arena.close();
      Files.delete(path);
    }
  }

  /// A file in the kernel's page cache.
  private static final class Channel implements Door {
    private final Path path;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);

    Channel(Path folder) throws IOException {
      path = Files.createTempFile(folder, "pagewright-bench", ".bin");
      channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      for (long pos = 0; pos < FILE_SIZE; pos += 1 << 20) {
        channel.write(buffer.clear(), pos);
      }
    }

    @Override
    public long read(long pos, int size) throws IOException {
      return channel.read(buffer.clear().limit(size), pos);
    }

    @Override
    public long write(long pos, int size) throws IOException {
      return channel.write(buffer.clear().limit(size), pos);
    }

    @Override
    public void close() throws IOException {
      channel.close();
      Files.delete(path);
    }
  }
}
