package org.pagewright.sim.contract;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.pagewright.cache.AddressSpace;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Several threads store to the same folios through regions, each to places of its own, while one
/// more does so with write(), one syncs and one evicts: nothing is lost (R-F19). After the program
/// of that name in xfstests (generic/340, 344, 345, 346, 578).
///
///     each folio:  | thread 0 | thread 1 | ... | writer | ... | all of them add one here |
public final class Holetest {
  /// What the folios are before the first store.
  public enum Ground {
    /// Nothing: the file was only made longer.
    HOLE,
    /// Space that was never written.
    ALLOCATED,
    /// Zeros on the store.
    ZEROS
  }

  private static final String PATH = "/holes";
  private static final int FOLIO = AddressSpace.FOLIO_SIZE;
  private static final int SUM = FOLIO - Long.BYTES;

  private final OpenFile file;
  private final int folios;
  private final int threads;
  private final long seed;
  private final AtomicInteger busy = new AtomicInteger();

  private Holetest(OpenFile file, int folios, int threads, long seed) {
    this.file = file;
    this.folios = folios;
    this.threads = threads;
    this.seed = seed;
  }

  /// Runs it once, on a volume of its own.
  ///
  /// @param fixture where the volume comes from
  /// @param ground what the folios are
  /// @param folios how many
  /// @param threads that store through regions, of which every second has one of its own
  /// @param seed of the orders in which they go through the file
  /// @throws IOException any
  /// @throws AssertionError if something is lost
  public static void run(
      VolumeFixture fixture, Ground ground, int folios, int threads, long seed)
      throws IOException {
    Volume volume = fixture.make();
    OpenFile file = volume.open(PATH, OpenFlags.RDWR | OpenFlags.CREAT, 0644);
    switch (ground) {
      case HOLE -> file.truncate((long) folios * FOLIO);
      case ALLOCATED -> file.fallocate(0, 0, (long) folios * FOLIO);
      case ZEROS -> {
        file.write(0, new byte[folios * FOLIO], 0, folios * FOLIO);
        file.fsync(false);
        file.dontNeed(0, 0);
      }
    }
    Holetest test = new Holetest(file, folios, threads, seed);
    test.storeAll();
    test.check("in memory");
    file.close();
    volume = fixture.remount(volume);
    file = volume.open(PATH, OpenFlags.RDWR, 0);
    new Holetest(file, folios, threads, seed).check("after a remount");
    file.close();
    fixture.dispose(volume);
  }

  private static long value(int thread, int folio) {
    return 0x5A5A_0000_0000_0001L + ((long) thread << 32) + folio;
  }

  private interface Work {
    void run() throws IOException;
  }

  private FutureTask<Boolean> start(Work work, boolean counted) {
    if (counted) {
      busy.incrementAndGet();
    }
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              try {
                work.run();
              } finally {
                if (counted) {
                  busy.decrementAndGet();
                }
              }
              return true;
            });
    Thread.ofPlatform().name("holetest").start(task);
    return task;
  }

  private void storeAll() throws IOException {
    List<FutureTask<Boolean>> tasks = new ArrayList<>();
    try (MappedRegion common = map()) {
      for (int t = 0; t < threads; t++) {
        int thread = t;
        tasks.add(start(() -> store(thread, common), true));
      }
      tasks.add(start(this::write, true));
      tasks.add(
          start(
              () -> {
                while (busy.get() > 0) {
                  file.fsync(true);
                }
              },
              false));
      tasks.add(
          start(
              () -> {
                while (busy.get() > 0) {
                  file.dontNeed(0, 0);
                  Thread.yield();
                }
              },
              false));
      for (FutureTask<Boolean> task : tasks) {
        join(task);
      }
    }
  }

  private void join(FutureTask<Boolean> task) {
    try {
      task.get();
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed + ": " + e.getCause(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  private MappedRegion map() throws IOException {
    return file.map(0, (long) folios * FOLIO, Protection.READ_WRITE, Sharing.SHARED);
  }

  private int[] order(int thread) {
    int[] order = new int[folios];
    Random random = new Random(seed + thread);
    for (int i = 0; i < folios; i++) {
      int j = random.nextInt(4) == 0 ? random.nextInt(i + 1) : i; // mostly upwards
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  private void store(int thread, MappedRegion common) throws IOException {
    MappedRegion region = thread % 2 == 0 ? common : map();
    for (int folio : order(thread)) {
      long at = (long) folio * FOLIO;
      region.putLong(at + (long) thread * Long.BYTES, value(thread, folio));
      region.getAndAddLong(at + SUM, 1);
    }
    if (region != common) {
      region.close();
    }
  }

  private void write() throws IOException {
    byte[] bytes = new byte[Long.BYTES];
    for (int folio : order(threads)) {
      Arrays.fill(bytes, (byte) (folio + 1));
      long at = (long) folio * FOLIO + (long) threads * Long.BYTES;
      file.write(at, bytes, 0, bytes.length);
    }
  }

  private void check(String when) throws IOException {
    byte[] bytes = new byte[Long.BYTES];
    try (MappedRegion region = map()) {
      for (int folio = 0; folio < folios; folio++) {
        long at = (long) folio * FOLIO;
        for (int thread = 0; thread < threads; thread++) {
          long seen = region.getLong(at + (long) thread * Long.BYTES);
          require(seen == value(thread, folio), when, "store of " + thread, folio, seen);
        }
        file.read(at + (long) threads * Long.BYTES, bytes, 0, bytes.length);
        for (byte b : bytes) {
          require(b == (byte) (folio + 1), when, "write", folio, b);
        }
        long sum = region.getLong(at + SUM);
        require(sum == threads, when, "sum", folio, sum);
      }
    }
  }

  private void require(boolean holds, String when, String what, int folio, long seen) {
    if (!holds) {
      throw new AssertionError(
          when + ", seed " + seed + ": " + what + " in folio " + folio + " is "
              + Long.toHexString(seen));
    }
  }
}
