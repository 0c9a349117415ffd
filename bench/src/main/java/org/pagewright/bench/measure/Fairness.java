package org.pagewright.bench.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.pagewright.block.Bio;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.block.StackedBlockDevice;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A stream of writes to a fast device, alone, and while another one floods a slow device that
/// shares the memory. If what is dirty were bounded for both together, the slow one would soon own
/// all of it, and the fast writer would wait for the slow device.
final class Fairness {
  private static final int PIECE = 1 << 20;
  private static final long FILE_BYTES = 128L << 20;
  private static final long IMAGE_BYTES = 256L << 20;
  private static final long BUDGET = 128L << 20;
  private static final long SPAN_NANOS = 700_000_000;
  private static final long FLOOD_NANOS = 300_000_000;
  private static final long SLOW_BYTES_PER_SECOND = 20_000_000;

  private Fairness() {}

  static TimedContest contest() {
    return new TimedContest()
        .peer("ours, beside a flooded slow device", (effort, open) -> new Writer(true))
        .peer("ours, alone", (effort, open) -> new Writer(false));
  }

  /// As fast as it is told.
  private static final class SlowDevice extends StackedBlockDevice {
    SlowDevice(BlockDevice below) {
      super(below);
    }

    @Override
    public void submit(Bio bio) {
      if (bio.op() == Bio.Op.WRITE) {
        long end = System.nanoTime() + bio.length() * 1_000_000_000L / SLOW_BYTES_PER_SECOND;
        while (System.nanoTime() < end) {
          LockSupport.parkNanos(end - System.nanoTime());
        }
      }
      below().submit(bio);
    }
  }

  private static final class Writer implements TimedContest.Subject {
    private final boolean flooded;

    Writer(boolean flooded) {
      this.flooded = flooded;
    }

    private static Volume volume(String name, boolean slow, CacheMemory memory)
        throws IOException {
      RamBlockDevice device = RamBlockDevice.of(name, IMAGE_BYTES);
      Mkfs.make(device, new MkfsOptions());
      return Ext4.mount(slow ? new SlowDevice(device) : device, memory, Ext4Options.DEFAULTS);
    }

    @Override
    public double measure(int round, Deadline deadline)
        throws IOException, InterruptedException {
      try (Arena arena = Arena.ofShared();
          CacheMemory memory = CacheMemory.ofBytes(BUDGET);
          Volume slow = volume("slow", true, memory);
          Volume fast = volume("fast", false, memory)) {
        MemorySegment piece = arena.allocate(PIECE, 4096).fill((byte) 1);
        AtomicBoolean stop = new AtomicBoolean();
        Thread flood = new Thread(() -> write(slow, piece, stop, Long.MAX_VALUE));
        if (flooded) {
          flood.start();
          long end = System.nanoTime() + FLOOD_NANOS;
          while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
          }
        }
        try {
          long begin = System.nanoTime();
          long bytes = write(fast, piece, stop, begin + SPAN_NANOS);
          return (bytes >> 20) * 1e9 / (System.nanoTime() - begin);
        } finally {
          stop.set(true);
          flood.join();
        }
      }
    }

    /// Writes a file round and round.
    private static long write(
        Volume volume, MemorySegment piece, AtomicBoolean stop, long endNanos) {
      long bytes = 0;
      try (OpenFile file = volume.open("/file", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        while (!stop.get() && (endNanos == Long.MAX_VALUE || System.nanoTime() < endNanos)) {
          bytes += file.write(bytes % FILE_BYTES, piece);
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      return bytes;
    }
  }
}
