package org.pagewright.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
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
import org.pagewright.nio.VolumeFileSystem;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// Reads and writes of bytes that are in memory, at random places of 1 MiB, so that memory itself
/// is fast: by an open file of ours, by a channel over it, and by the kernel's channel on tmpfs.
///
/// Run it with `-prof gc`: ours allocate nothing.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ChannelIo {
  private static final int FILE_SIZE = 1 << 20;

  /// Bytes of an operation.
  @Param({"64", "4096"})
  public int size;

  /// Whose memory: off the heap, or an array.
  @Param({"direct", "heap"})
  public String memory;

  /// Which door.
  @Param({"file", "channel", "tmpfs"})
  public String door;

  private VolumeFileSystem volume;
  private OpenFile file;
  private FileChannel channel;
  private Path path;
  private ByteBuffer buffer;
  private long random = 0x9E3779B97F4A7C15L;

  @Setup(Level.Trial)
  public void open() throws IOException {
    buffer = memory.equals("direct") ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
    if (door.equals("tmpfs")) {
      path = Files.createTempFile(Path.of("/dev/shm"), "pagewright-bench", ".bin");
    } else {
      volume = VolumeFileSystem.inMemory("bench", Map.of("cacheBytes", "16M"));
      path = volume.getPath("/file");
    }
    Files.write(path, new byte[FILE_SIZE]);
    if (door.equals("file")) {
      file = volume.volume().open("/file", OpenFlags.RDWR, 0);
    } else {
      channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    if (file != null) {
      file.close();
    } else {
      channel.close();
    }
    if (volume != null) {
      volume.close();
    } else {
      Files.delete(path);
    }
  }

  private long nextPos() {
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return random & FILE_SIZE - 1 & -(long) size;
  }

  @Benchmark
  public int read() throws IOException {
    buffer.clear();
    return file != null ? file.read(nextPos(), buffer) : channel.read(buffer, nextPos());
  }

  @Benchmark
  public int write() throws IOException {
    buffer.clear();
    return file != null ? file.write(nextPos(), buffer) : channel.write(buffer, nextPos());
  }
}
