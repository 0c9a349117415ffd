package org.pagewright.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
import org.pagewright.block.RamBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What those pay who take the entries of a region away, while many threads load and store through
/// it: the other side of [MappedAccess]. On an image in memory, so that no device is measured.
///
/// | row      | one operation, for each of [#FOLIOS] folios                                      |
/// |----------|----------------------------------------------------------------------------------|
/// | writeOut | a dirty folio made clean: write-protected, and copied to the device              |
/// | reclaim  | a clean folio evicted: its entry emptied, its frame freed                        |
/// | truncate | a dirty folio cut off: its entry emptied, its frame and its block freed          |
///
/// The other threads load and store a few times in each ten milliseconds: so there are always some
/// about to store, and the processors are free for what is measured.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx1g", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MappedUpkeep {
  private static final int FOLIO = 4096;
  private static final int FOLIOS = 256;
  private static final long BYTES = 64 << 20;
  private static final long PART = (long) FOLIOS * FOLIO;
  private static final int BATCH = 16;
  private static final long PAUSE_NANOS = 10_000_000;

  /// Other threads that use the region.
  @Param({"0", "10", "100"})
  public int users;

  private CacheMemory memory;
  private Volume volume;
  private OpenFile file;
  private MappedRegion region;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean over;

  @Setup(Level.Trial)
  public void open(Turn turn) throws IOException {
    RamBlockDevice device = RamBlockDevice.of("ram", 4 * BYTES);
    Mkfs.make(device, new MkfsOptions());
    memory = CacheMemory.ofBytes(8 * BYTES);
    volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
    file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
    byte[] bytes = new byte[1 << 20];
    for (long pos = 0; pos < BYTES; pos += bytes.length) {
      file.write(pos, bytes, 0, bytes.length);
    }
    region = file.map(0, BYTES, Protection.READ_WRITE, Sharing.SHARED);
    for (int i = 0; i < users; i++) {
      threads.add(Thread.ofPlatform().daemon().start(this::use));
    }
  }

  /// All but the last part, which may be cut off, is used, and of that mostly the part before.
  private void use() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    while (!over) {
      for (int i = 0; i < BATCH; i++) {
        long from = (i & 1) == 0 ? BYTES - 2 * PART : 0;
        long pos = random.nextLong(from, BYTES - PART) & -Long.BYTES;
        region.putLong(pos, region.getLong(pos) + 1);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  @TearDown(Level.Trial)
  public void close() throws IOException, InterruptedException {
    over = true;
    for (Thread thread : threads) {
      thread.join();
    }
    region.close();
    file.close();
    volume.close();
    memory.close();
  }

  private void store(long from) {
    for (long pos = from; pos < from + PART; pos += FOLIO) {
      region.putLong(pos, 1);
    }
  }

  /// A part that was just stored to.
  @State(Scope.Thread)
  public static class Dirty {
    @Setup(Level.Invocation)
    public void store(MappedUpkeep upkeep) {
      upkeep.store(BYTES - 2 * PART);
    }
  }

  /// A part that is in memory, mapped and clean.
  @State(Scope.Thread)
  public static class Clean {
    @Setup(Level.Invocation)
    public void load(MappedUpkeep upkeep) {
      upkeep.region.sync(BYTES - 2 * PART, PART);
      for (long pos = BYTES - 2 * PART; pos < BYTES - PART; pos += FOLIO) {
        upkeep.region.getLong(pos);
      }
    }
  }

  /// A part at the end of the file that was just stored to.
  @State(Scope.Thread)
  public static class Longer {
    @Setup(Level.Invocation)
    public void grow(MappedUpkeep upkeep) throws IOException {
      upkeep.file.truncate(BYTES);
      upkeep.store(BYTES - PART);
    }
  }

  @Benchmark
  @OperationsPerInvocation(FOLIOS)
  public void writeOut(Dirty dirty) {
    region.sync(BYTES - 2 * PART, PART);
  }

  @Benchmark
  @OperationsPerInvocation(FOLIOS)
  public void reclaim(Clean clean) throws IOException {
    file.dontNeed(BYTES - 2 * PART, PART);
  }

  @Benchmark
  @OperationsPerInvocation(FOLIOS)
  public void truncate(Longer longer) throws IOException {
    file.truncate(BYTES - PART);
  }
}
