package org.pagewright.bench.measure;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Heap that a cached piece of 4 KiB takes beside its content: what is live before and after many
/// of them came into memory, in a JVM that does nothing else.
public final class FolioHeap {
  private static final int PAGE = 4096;
  private static final int PIECE = 1 << 20;
  private static final int COLLECTIONS = 4;

  private FolioHeap() {}

  static TimedContest contest() {
    return new TimedContest()
        .peer("ours", opener("pagewright", 131_072))
        .peer("Caffeine", opener("caffeine", 131_072))
        .counted();
  }

  /// The same for more and more of them.
  static TimedContest growth() {
    return new TimedContest()
        .peer("200,000 folios", opener("pagewright", 200_000))
        .peer("20,000 folios", opener("pagewright", 20_000))
        .peer("2,000 folios", opener("pagewright", 2000))
        .counted();
  }

  private static TimedContest.Opener opener(String who, int count) {
    return (effort, open) ->
        (round, deadline) -> {
          String printed =
              Program.run(
                  deadline,
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx2g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                  "-cp", System.getProperty("java.class.path"), FolioHeap.class.getName(), who,
                  String.valueOf(count));
          for (String line : printed.lines().toList()) {
            if (line.startsWith("heap ")) {
              return Double.parseDouble(line.substring(5));
            }
          }
          throw new IOException("no figure in " + Program.tail(printed));
        };
  }

  /// Measures once and prints `heap BYTES`.
  ///
  /// @param args who, and how many pieces
  /// @throws IOException if it cannot be measured
  public static void main(String[] args) throws IOException {
    int count = Integer.parseInt(args[1]);
    double bytes = args[0].equals("caffeine") ? caffeine(count) : ours(count);
    PrintStream out = System.out;
    out.println("heap " + bytes);
  }

  private static long used() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
  }

  private static double ours(int count) throws IOException {
    long bytes = (long) count * PAGE;
    RamBlockDevice device = RamBlockDevice.of("heap", bytes * 17 / 16 + (64 << 20));
    Mkfs.make(device, new MkfsOptions());
    try (Arena arena = Arena.ofShared();
        CacheMemory memory = CacheMemory.ofBytes(bytes + bytes / 4 + (16 << 20));
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
        OpenFile file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
        OpenFile other = volume.open("/other", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
      MemorySegment piece = arena.allocate(PIECE, PAGE);
      // A small file first, so that classes and tables of the first use are there.
      other.truncate(PIECE);
      other.read(0, piece);
      file.truncate(bytes);
      long before = used();
      int framesBefore = memory.cache().statistics().used();
      for (long pos = 0; pos < bytes; pos += PIECE) {
        file.read(pos, piece);
      }
      long after = used();
      int frames = memory.cache().statistics().used() - framesBefore;
      if (frames < count) {
        throw new IOException("of " + count + " folios only " + frames + " are in memory");
      }
      return (double) (after - before) / frames;
    }
  }

  private static double caffeine(int count) {
    Cache<Long, byte[]> cache = Caffeine.newBuilder().maximumSize(2L * count).build();
    long before = used();
    for (long i = 0; i < count; i++) {
      cache.put(i, new byte[PAGE]);
    }
    cache.cleanUp();
    long after = used();
    double each = (double) (after - before) / cache.estimatedSize() - PAGE;
    cache.invalidateAll();
    return each;
  }
}
