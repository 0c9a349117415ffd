package org.pagewright.fs.ext4;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Goal: no position and no length that a caller may name ends in anything but an answer or an
/// error of its own. Method: every call with numbers at the edges of files, of folios, of 2 and 4
/// GiB, of what a file can hold and of a long.
@Timeout(120)
final class ExtremePositionsTest {
  private static final long MAX = org.pagewright.cache.AddressSpace.MAX_SIZE;

  private static final long[] NUMBERS = {
    Long.MIN_VALUE, -4096, -1, 0, 1, 4095, 4096, 10_000,
    (1L << 31) - 1, 1L << 31, (1L << 32) - 1, 1L << 32, (1L << 32) + 1,
    (1L << 44) - 4097, (1L << 44) - 4096, (1L << 44) - 1, 1L << 44,
    MAX - 4096, MAX - 1, MAX, Long.MAX_VALUE - 4096, Long.MAX_VALUE - 1, Long.MAX_VALUE
  };

  private interface Call {
    void run(OpenFile file, long a, long b) throws Exception;
  }

  private static Map<String, Call> calls() {
    Map<String, Call> calls = new TreeMap<>();
    MemorySegment bytes = MemorySegment.ofArray(new byte[5000]);
    calls.put("read", (f, a, b) -> f.read(a, bytes));
    calls.put("write", (f, a, b) -> f.write(a, bytes.asSlice(0, Math.clamp(b, 0, 5000))));
    calls.put("truncate", (f, a, b) -> f.truncate(a));
    calls.put("willNeed", OpenFile::willNeed);
    calls.put("dontNeed", OpenFile::dontNeed);
    calls.put("seekData", (f, a, b) -> f.seekData(a));
    calls.put("seekHole", (f, a, b) -> f.seekHole(a));
    calls.put("copyRange", (f, a, b) -> f.copyRange(a, f, b, 5000));
    calls.put("copyRange far", (f, a, b) -> f.copyRange(0, f, a, b));
    for (int what = 0; what < 8; what++) {
      int w = what;
      calls.put("syncRange " + w, (f, a, b) -> f.syncRange(a, b, w));
    }
    int[] modes = {
      0,
      FallocateMode.KEEP_SIZE,
      FallocateMode.ZERO_RANGE,
      FallocateMode.ZERO_RANGE | FallocateMode.KEEP_SIZE,
      FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE,
      FallocateMode.COLLAPSE_RANGE,
      FallocateMode.INSERT_RANGE
    };
    for (int mode : modes) {
      calls.put("fallocate " + mode, (f, a, b) -> f.fallocate(mode, a, b));
    }
    LockOwner owner = new LockOwner(calls, 1, 1);
    calls.put("lock", (f, a, b) -> f.tryLock(FileLock.range(owner, true, a, b)));
    calls.put("unlock", (f, a, b) -> f.unlock(FileLock.range(owner, true, a, b)));
    calls.put("map", ExtremePositionsTest::map);
    return calls;
  }

  private static void map(OpenFile file, long pos, long length) throws FsException {
    if (length > 1L << 40) {
      return; // its table alone would fill memory
    }
    try (MappedRegion region = file.map(pos, length, Protection.READ_WRITE, Sharing.SHARED)) {
      for (long at : new long[] {0, length / 2, length - 1}) {
        try {
          region.getByte(at);
          region.putByte(at, (byte) 1);
        } catch (MappedRegionException e) {
          continue; // beyond the end
        }
      }
      long n = Math.min(length, 100_000);
      region.advise(length - n, n, Advice.WILL_NEED);
      region.advise(length - n, n, Advice.DONT_NEED);
      region.sync(length - n, n);
      region.sync(0, 0);
    }
  }

  private static void check(String name, Volume volume) throws Exception {
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Call> call : calls().entrySet()) {
      for (long a : NUMBERS) {
        for (long b : NUMBERS) {
          try (OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
            file.truncate(10_000);
            file.write(0, MemorySegment.ofArray(new byte[5000]));
            try {
              call.getValue().run(file, a, b);
            } catch (FsException e) {
              if (e.errno() == Errno.EIO || e.errno() == Errno.EUCLEAN) {
                wrong.add(call.getKey() + " " + a + " " + b + ": " + e);
              }
            } catch (RuntimeException | AssertionError e) {
              wrong.add(call.getKey() + " " + a + " " + b + ": " + e);
            }
            if (file.size() < 0 || file.size() > volume.superBlock().operations().fileSizeMax()) {
              wrong.add(call.getKey() + " " + a + " " + b + ": size " + file.size());
            }
          }
          volume.unlink("/f");
        }
      }
    }
    Assertions.assertEquals(
        List.of(), wrong.stream().limit(30).toList(), name + ", of " + wrong.size());
  }

  @Test
  void noNumberIsTooLargeInMemory() throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
      check("ramfs", volume);
    }
  }

  @Test
  void noNumberIsTooLargeOnExt4() throws Exception {
    for (String blocks : new String[] {"extents", "map"}) {
      RamBlockDevice ram = RamBlockDevice.of("ram", 32 << 20);
      MkfsOptions options = new MkfsOptions();
      Mkfs.make(ram, blocks.equals("map") ? options.type(MkfsOptions.Type.EXT2) : options);
      try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
          Volume volume = Ext4.mount(ram, memory, Ext4Options.DEFAULTS)) {
        check(blocks, volume);
      }
    }
  }

  @Test
  void truncateToTheSameSizeGivesBackWhatWasReservedBehindIt() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 32 << 20);
    Mkfs.make(ram, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20);
        Volume volume = Ext4.mount(ram, memory, Ext4Options.DEFAULTS);
        OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
      file.write(0, MemorySegment.ofArray(new byte[5000]));
      file.fsync(false);
      long before = file.stat().blocks();
      file.fallocate(FallocateMode.KEEP_SIZE, 0, 1 << 20);
      file.truncate(5000);
      Assertions.assertEquals(before, file.stat().blocks());
    }
  }
}
