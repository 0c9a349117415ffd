package org.pagewright.bench;

import java.io.IOException;
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
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.ThreadParams;
import org.pagewright.bench.door.Door;
import org.pagewright.bench.door.Doors;

/// Reads and writes of bytes that are in memory, through one of the doors of
/// [org.pagewright.bench.door].
///
/// Run it with `-prof gc`: ours allocate nothing. The folder of the kernel's disk is the temporary
/// folder, or `-Dpagewright.bench.disk`; tmpfs is looked for at `/dev/shm`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx2g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CachedIo {
  /// Bytes of an operation.
  @Param({"64", "4096", "65536"})
  public int size;

  /// Mebibytes of each file, all of which are touched.
  @Param({"256"})
  public int span;

  /// Which door.
  @Param({"copy", "pagewright", "ext4", "tmpfs"})
  public String door;

  /// Where the next piece is: `random` or `sequential`.
  @Param({"random"})
  public String pattern;

  /// Where the caller's buffer is: `offheap` or `heap`.
  @Param({"offheap"})
  public String buffer;

  /// Whether threads share a file: `same` or `separate`.
  @Param({"same"})
  public String files;

  private Door target;

  /// Opens the door.
  ///
  /// @param turn to take turns with the peers
  /// @param params how many threads there are
  /// @throws IOException if the door cannot be had here
  @Setup(Level.Trial)
  public void open(Turn turn, BenchmarkParams params) throws IOException {
    int count = files.equals("same") ? 1 : params.getThreads();
    target = Doors.open(door, (long) span << 20, count, buffer.equals("heap"));
  }

  /// Closes it.
  ///
  /// @throws IOException if it fails
  @TearDown(Level.Trial)
  public void close() throws IOException {
    target.close();
  }

  /// One thread's file, buffers and positions.
  @State(Scope.Thread)
  public static class Reader {
    private Door.Lane lane;
    private long random;
    private long pieces;
    private long next;
    private int size;
    private boolean sequential;

    /// Opens the file.
    ///
    /// @param io the door
    /// @param params which thread this is
    /// @throws IOException if the door fails
    @Setup(Level.Trial)
    public void open(CachedIo io, ThreadParams params) throws IOException {
      size = io.size;
      pieces = ((long) io.span << 20) / size;
      random = 0x9E3779B97F4A7C15L * (params.getThreadIndex() + 1);
      sequential = io.pattern.equals("sequential");
      next = pieces / params.getThreadCount() * params.getThreadIndex();
      int file = io.files.equals("same") ? 0 : params.getThreadIndex();
      synchronized (io) {
        lane = io.target.lane(file, size);
      }
    }

    private long nextPos() {
      if (sequential) {
        long piece = next;
        next = piece + 1 < pieces ? piece + 1 : 0;
        return piece * size;
      }
      random ^= random << 13;
      random ^= random >>> 7;
      random ^= random << 17;
      return Math.unsignedMultiplyHigh(random, pieces) * size;
    }
  }

  /// Reads a piece.
  ///
  /// @param reader the thread's
  /// @return for the harness
  /// @throws IOException if the door fails
  @Benchmark
  public long read(Reader reader) throws IOException {
    return reader.lane.read(reader.nextPos());
  }

  /// Writes a piece.
  ///
  /// @param reader the thread's
  /// @return for the harness
  /// @throws IOException if the door fails
  @Benchmark
  public long write(Reader reader) throws IOException {
    return reader.lane.write(reader.nextPos());
  }
}
