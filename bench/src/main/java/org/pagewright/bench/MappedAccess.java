package org.pagewright.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
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
import org.openjdk.jmh.annotations.OperationsPerInvocation;
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
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedPin;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Loads and stores of a long through a mapping, by three doors: bare memory off the heap (the
/// limit), the kernel's mapping of a file on a disk, and a region of a file on an ext4 image.
///
/// | row        | one operation                                                                  |
/// |------------|--------------------------------------------------------------------------------|
/// | get, put   | a long at a random, aligned place                                              |
/// | cas        | a long at such a place loaded, and replaced if it is still the same            |
/// | scanGet    | a long, one after the other                                                    |
/// | scanPin    | the same, from memory that was pinned; for the others the same as scanGet      |
/// | writeFault | the first store to a folio that is in memory and clean                         |
///
/// Run it with `-prof gc`: none of ours allocates but the fault and the pin. `-t 2` has two threads
/// share the mapping. The folder of the kernel's disk is the temporary folder, or
/// `-Dpagewright.bench.disk`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MappedAccess {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final VarHandle ALIGNED = ValueLayout.JAVA_LONG.varHandle();
  private static final int SCAN = 1 << 20;
  private static final int FAULTS = 2048;
  private static final int FOLIO = 4096;

  /// Mebibytes that are touched; a power of two.
  @Param({"256"})
  public int span;

  /// Which door.
  @Param({"bare", "kernel", "pagewright"})
  public String door;

  /// What one operation does; one implementation for each door, so that the call is monomorphic.
  private interface Door extends AutoCloseable {
    long get(long pos);

    void put(long pos, long value);

    boolean cas(long pos, long expected, long value);

    long scanGet(long pos, int bytes);

    long scanPin(long pos, int bytes);

    void clean();

    @Override
    void close() throws IOException;
  }

  /// Where a thread is.
  @State(Scope.Thread)
  public static class Place {
    private long random = System.nanoTime() | 1;
    private long pos;

    private long next(long bytes) {
      random ^= random << 13;
      random ^= random >>> 7;
      random ^= random << 17;
      return random & (bytes - 1) & -Long.BYTES;
    }

    private long nextScan(long bytes) {
      pos = pos + SCAN & bytes - 1;
      return pos;
    }
  }

  private Door target;
  private long bytes;

  @Setup(Level.Trial)
  public void open(Turn turn) throws IOException {
    bytes = (long) span << 20;
    target =
        switch (door) {
          case "bare" -> new Bare(bytes);
          case "kernel" -> new Kernel(bytes);
          case "pagewright" -> new Region(bytes);
          default -> throw new IllegalArgumentException(door);
        };
    for (long pos = 0; pos < bytes; pos += SCAN) {
      target.scanGet(pos, SCAN);
    }
    // And the first store to each folio, which has a row of its own.
    for (long pos = 0; pos < bytes; pos += FOLIO) {
      target.put(pos, 1);
    }
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    target.close();
  }

  @Benchmark
  public long get(Place place) {
    return target.get(place.next(bytes));
  }

  @Benchmark
  public void put(Place place) {
    long pos = place.next(bytes);
    target.put(pos, pos);
  }

  @Benchmark
  public boolean cas(Place place) {
    long pos = place.next(bytes);
    return target.cas(pos, target.get(pos), pos);
  }

  @Benchmark
  @OperationsPerInvocation(SCAN / Long.BYTES)
  public long scanGet(Place place) {
    return target.scanGet(place.nextScan(bytes), SCAN);
  }

  @Benchmark
  @OperationsPerInvocation(SCAN / Long.BYTES)
  public long scanPin(Place place) {
    return target.scanPin(place.nextScan(bytes), SCAN);
  }

  /// A mapping of which each folio is clean.
  @State(Scope.Thread)
  public static class Clean {
    @Setup(Level.Invocation)
    public void clean(MappedAccess access) {
      access.target.clean();
    }
  }

  @Benchmark
  @OperationsPerInvocation(FAULTS)
  public void writeFault(Clean clean) {
    for (int i = 0; i < FAULTS; i++) {
      target.put((long) i * FOLIO, i);
    }
  }

  private static long sum(MemorySegment segment, long from, long bytes) {
    long sum = 0;
    for (long i = from; i < from + bytes; i += Long.BYTES) {
      sum += segment.get(LONG, i);
    }
    return sum;
  }

  /// What the first two have in common.
  private abstract static class Memory implements Door {
    final Arena arena = Arena.ofShared();
    MemorySegment memory = MemorySegment.NULL;

    @Override
    public long get(long pos) {
      return memory.get(LONG, pos);
    }

    @Override
    public void put(long pos, long value) {
      memory.set(LONG, pos, value);
    }

    @Override
    public boolean cas(long pos, long expected, long value) {
      return ALIGNED.compareAndSet(memory, pos, expected, value);
    }

    @Override
    public long scanGet(long pos, int bytes) {
      return sum(memory, pos, bytes);
    }

    @Override
    public long scanPin(long pos, int bytes) {
      return sum(memory, pos, bytes);
    }

    @Override
    public void close() throws IOException {
      arena.close();
    }
  }

  /// The limit.
  private static final class Bare extends Memory {
    Bare(long bytes) {
      memory = arena.allocate(bytes, FOLIO);
      memory.fill((byte) 1);
    }

    @Override
    public void clean() {}
  }

  /// The kernel's mapping of a file.
  private static final class Kernel extends Memory {
    private final Path path;

    Kernel(long bytes) throws IOException {
      String folder =
          System.getProperty("pagewright.bench.disk", System.getProperty("java.io.tmpdir"));
      path = Files.createTempFile(Path.of(folder), "pagewright-bench", ".bin");
      try (FileChannel channel =
          FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(SCAN);
        for (long pos = 0; pos < bytes; pos += SCAN) {
          channel.write(buffer.clear(), pos);
        }
        memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      }
    }

    @Override
    public void clean() {
      memory.asSlice(0, (long) FAULTS * FOLIO).force();
    }

    @Override
    public void close() throws IOException {
      super.close();
      Files.delete(path);
    }
  }

  /// A region of a file on an ext4 image.
  private static final class Region implements Door {
    private final Path path = Files.createTempFile("pagewright-bench", ".img");
    private final CacheMemory memory;
    private final Volume volume;
    private final OpenFile file;
    private final MappedRegion region;

    Region(long bytes) throws IOException {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1), 2 * bytes + (64 << 20) - 1);
      }
      try (FileBlockDevice device =
          FileBlockDevice.open(path, FileBlockDevice.Options.READ_WRITE)) {
        Mkfs.make(device, new MkfsOptions());
      }
      memory = CacheMemory.ofBytes(16 * bytes); // all of the file may be dirty, unthrottled
      volume =
          Ext4.mount(
              FileBlockDevice.open(path, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS);
      file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
      byte[] buffer = new byte[SCAN];
      for (long pos = 0; pos < bytes; pos += SCAN) {
        file.write(pos, buffer, 0, SCAN);
      }
      file.fsync(false);
      region = file.map(0, bytes, Protection.READ_WRITE, Sharing.SHARED);
      region.advise(0, bytes, Advice.NORMAL);
    }

    @Override
    public long get(long pos) {
      return region.getLong(pos);
    }

    @Override
    public void put(long pos, long value) {
      region.putLong(pos, value);
    }

    @Override
    public boolean cas(long pos, long expected, long value) {
      return region.compareAndSetLong(pos, expected, value);
    }

    @Override
    public long scanGet(long pos, int bytes) {
      long sum = 0;
      for (long i = pos; i < pos + bytes; i += Long.BYTES) {
        sum += region.getLong(i);
      }
      return sum;
    }

    @Override
    public long scanPin(long pos, int bytes) {
      long sum = 0;
      for (long at = pos; at < pos + bytes; ) {
        try (MappedPin pin = region.pin(at, pos + bytes - at, Protection.READ)) {
          MemorySegment segment = pin.segment();
          sum += sum(segment, 0, segment.byteSize());
          at += segment.byteSize();
        }
      }
      return sum;
    }

    @Override
    public void clean() {
      region.sync(0, (long) FAULTS * FOLIO);
    }

    @Override
    public void close() throws IOException {
      region.close();
      file.close();
      volume.close();
      memory.close();
      Files.delete(path);
    }
  }
}
