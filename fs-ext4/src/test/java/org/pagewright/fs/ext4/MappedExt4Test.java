package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.mm.Advice;
import org.pagewright.mm.MappedPin;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Goal: regions of files on ext4 keep the rules that need a journal, an allocator and a device.
/// Method: images in memory, small caches; afterwards e2fsck and the ledger of reservations.
@Timeout(120)
final class MappedExt4Test {
  private static final int FOLIO = 4_096;

  @TempDir Path folder;

  private interface Body {
    void run(Volume volume, OpenFile file) throws Exception;
  }

  private void onFile(int blockSize, long cacheBytes, Body body) throws Exception {
    RamImage image = RamImage.of(16 << 20);
    CacheMemory memory = CacheMemory.ofBytes(cacheBytes);
    try {
      Mkfs.make(image, new MkfsOptions().blockSize(blockSize).reservedPercent(0));
      try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        try (OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
          body.run(volume, file);
          assertTrue(Lockdep.holdsNothing());
        }
        volume.sync();
        Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
        assertEquals(0, fs.blocks().reservedBlocks(), "R-C7, R-C8: promises");
      }
      E2fs.assertClean(image.save(folder.resolve("mapped.img")));
    } finally {
      memory.close();
      image.free();
    }
  }

  private static MappedRegion map(OpenFile file, long length) throws FsException {
    return file.map(0, length, Protection.READ_WRITE, Sharing.SHARED);
  }

  private static byte[] read(OpenFile file, int length) throws FsException {
    byte[] bytes = new byte[length];
    assertEquals(length, file.read(0, bytes, 0, length));
    return bytes;
  }

  /// R-F2, R-F12, R-F14: what is stored is there after remount, whatever was stored beyond the end.
  @ParameterizedTest
  @ValueSource(ints = {1024, 4096})
  void whatWasStoredIsThereAfterRemount(int blockSize) throws Exception {
    onFile(
        blockSize,
        1 << 20, // smaller than the file: folios come and go
        (volume, file) -> {
          long seed = System.nanoTime();
          Random random = new Random(seed);
          byte[] model = new byte[3_000_000];
          file.truncate(model.length);
          try (MappedRegion region = map(file, 4 << 20)) {
            for (int i = 0; i < 3_000; i++) {
              int at = random.nextInt(model.length - 5_000);
              byte[] bytes = new byte[random.nextInt(5_000)];
              random.nextBytes(bytes);
              System.arraycopy(bytes, 0, model, at, bytes.length);
              if (random.nextInt(4) == 0) {
                file.write(at, bytes, 0, bytes.length);
              } else {
                region.put(at, bytes, 0, bytes.length);
              }
              if (i % 500 == 0) {
                region.sync(random.nextInt(1 << 20), 1 << 20);
              }
            }
            region.fill(model.length, 64, (byte) 9);
            assertArrayEquals(model, read(file, model.length), "seed " + seed);
          }
          file.fsync(false);
          file.dontNeed(0, 0);
          assertArrayEquals(model, read(file, model.length), "seed " + seed);
        });
  }

  /// R-F13: a full volume is told at the store; what was promised fits.
  @Test
  void aFullVolumeIsToldAtTheStore() throws Exception {
    onFile(
        1_024,
        4 << 20,
        (volume, file) -> {
          file.truncate(64 << 20);
          long stored = 0;
          try (MappedRegion region = map(file, 64 << 20)) {
            MappedRegionException e = null;
            while (e == null) {
              try {
                region.putByte(stored, (byte) 1);
                stored += FOLIO;
              } catch (MappedRegionException full) {
                e = full;
              }
            }
            assertEquals(MappedRegionException.Kind.NO_SPACE, e.kind());
            assertTrue(stored > 4 << 20, stored + " bytes fit");
            region.sync(0, 64 << 20);
            region.putByte(0, (byte) 2); // has its blocks
            assertEquals(2, region.getByte(0));
            assertEquals(1, region.getByte(stored - FOLIO));
            assertEquals(0, region.getByte(stored));
          }
        });
  }

  /// R-G2, R-G4, R-D5: holes, truncation and growth under a region, against a model.
  @ParameterizedTest
  @ValueSource(ints = {1024, 4096})
  void holesTruncationAndGrowthUnderARegionAreAsTheModelHasThem(int blockSize) throws Exception {
    onFile(
        blockSize,
        2 << 20,
        (volume, file) -> {
          long seed = System.nanoTime();
          Random random = new Random(seed);
          int max = 200_000;
          byte[] model = new byte[max];
          int size = 100_000;
          file.truncate(size);
          try (MappedRegion region = map(file, max)) {
            for (int i = 0; i < 3_000; i++) {
              int at = random.nextInt(Math.max(1, size));
              int n = Math.min(random.nextInt(9_000), size - at);
              switch (random.nextInt(8)) {
                case 0 -> {
                  int fresh = random.nextInt(max);
                  file.truncate(fresh);
                  if (fresh < size) {
                    Arrays.fill(model, fresh, max, (byte) 0);
                  }
                  size = fresh;
                }
                case 1 -> {
                  if (n > 0) {
                    file.fallocate(
                        FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, at, n);
                    Arrays.fill(model, at, at + n, (byte) 0);
                  }
                }
                case 2 -> {
                  CompletableFuture<Void> done = region.startSync(0, max);
                  if (random.nextBoolean()) {
                    done.get();
                  }
                }
                case 3 -> {
                  byte[] bytes = new byte[n];
                  region.get(at, bytes, 0, n);
                  assertArrayEquals(
                      Arrays.copyOfRange(model, at, at + n), bytes,
                      "seed " + seed + " step " + i);
                }
                case 4 -> {
                  file.dontNeed(0, 0);
                }
                default -> {
                  byte value = (byte) (1 + random.nextInt(100));
                  region.fill(at, n, value);
                  Arrays.fill(model, at, at + n, value);
                }
              }
            }
          }
          assertArrayEquals(
              Arrays.copyOf(model, size), read(file, size), "seed " + seed);
          file.fsync(false);
          file.dontNeed(0, 0);
          assertArrayEquals(
              Arrays.copyOf(model, size), read(file, size), "seed " + seed);
        });
  }

  /// R-F2, R-F14, R-F19: a syncer, an evictor and three storing threads; nothing is lost.
  @ParameterizedTest
  @ValueSource(ints = {1024, 4096})
  void noStoreIsLostAmongSyncsAndEvictions(int blockSize) throws Exception {
    onFile(
        blockSize,
        1 << 20,
        (volume, file) -> {
          int longs = 64 << 10; // 512 KiB
          file.truncate((long) longs * 8);
          AtomicReference<Throwable> failed = new AtomicReference<>();
          AtomicBoolean done = new AtomicBoolean();
          try (MappedRegion region = map(file, (long) longs * 8)) {
            Thread[] storers = new Thread[3];
            for (int t = 0; t < storers.length; t++) {
              int mine = t;
              storers[t] =
                  Thread.ofPlatform()
                      .start(
                          () -> {
                            try {
                              for (long round = 1; round <= 6; round++) {
                                for (int i = mine; i < longs; i += 3 * 7) {
                                  region.putLong(i * 8L, round << 32 | i);
                                  region.getAndAddLong(i * 8L, 1L << 20);
                                }
                              }
                            } catch (RuntimeException e) {
                              failed.set(e);
                            }
                          });
            }
            Thread cleaner =
                Thread.ofPlatform()
                    .start(
                        () -> {
                          try {
                            while (!done.get()) {
                              file.syncRange(0, 0, OpenFile.SYNC_WRITE);
                              file.dontNeed(0, 0);
                              region.sync(0, 8L * longs);
                            }
                          } catch (FsException e) {
                            failed.set(e);
                          }
                        });
            for (Thread storer : storers) {
              storer.join();
            }
            done.set(true);
            cleaner.join();
            if (failed.get() != null) {
              throw new AssertionError(failed.get());
            }
            for (int mine = 0; mine < 3; mine++) {
              for (int i = mine; i < longs; i += 3 * 7) {
                assertEquals((6L << 32 | i) + (1L << 20), region.getLong(i * 8L));
              }
            }
            region.sync(0, 8L * longs);
            region.advise(0, 8L * longs, Advice.DONT_NEED);
            for (int i = 0; i < longs; i += 3 * 7) {
              assertEquals((6L << 32 | i) + (1L << 20), region.getLong(i * 8L));
            }
          }
        });
  }

  /// R-F16: what is stored while the volume freezes is on the image, or comes after the thaw.
  @Test
  void aFrozenImageHasEveryStoreThatReturnedBefore() throws Exception {
    onFile(
        4_096,
        2 << 20,
        (volume, file) -> {
          file.truncate(FOLIO);
          try (MappedRegion region = map(file, FOLIO)) {
            region.putInt(0, 1);
            volume.superBlock().freeze();
            assertEquals(0, region.dirty(0, FOLIO));
            Thread storer = Thread.ofPlatform().start(() -> region.putInt(0, 2));
            while (storer.getState() != Thread.State.WAITING) {
              Thread.onSpinWait();
            }
            assertEquals(1, region.getInt(0));
            assertEquals(0, region.dirty(0, FOLIO));
            volume.superBlock().thaw();
            storer.join();
            assertEquals(2, region.getInt(0));
          }
        });
  }

  /// R-J1, R-J3, R-J4: direct I/O beside a region, from the region's own memory too.
  @Test
  void directWritesAndReadsAgreeWithTheRegion() throws Exception {
    onFile(
        4_096,
        2 << 20,
        (volume, file) -> {
          file.truncate(16 * FOLIO);
          try (OpenFile direct = volume.open("/f", OpenFlags.RDWR | OpenFlags.DIRECT, 0);
              MappedRegion region = map(file, 16 * FOLIO);
              Arena arena = Arena.ofShared()) {
            region.fill(0, 16 * FOLIO, (byte) 1);
            var memory = arena.allocate(16 * FOLIO, FOLIO);
            assertEquals(16 * FOLIO, direct.read(0, memory));
            assertEquals(-1, region.mismatch(0, memory, 0, 16 * FOLIO));
            memory.fill((byte) 2);
            assertEquals(8 * FOLIO, direct.write(0, memory.asSlice(0, 8 * FOLIO)));
            assertEquals(2, region.getByte(0));
            assertEquals(1, region.getByte(8 * FOLIO));
            assertEquals(4 * FOLIO, direct.write(0, region.source(6 * FOLIO, 4 * FOLIO), 0));
            assertEquals(2, region.getByte(2 * FOLIO - 1));
            assertEquals(1, region.getByte(2 * FOLIO));
            try (MappedPin pin = region.pin(0, FOLIO, Protection.READ_WRITE)) {
              pin.segment().fill((byte) 7);
              assertEquals(
                  pin.segment().byteSize(), direct.write(0, pin.segment()));
            }
            assertEquals(7, region.getByte(0));
          }
        });
  }

  /// R-F18: the times that a store sets are on the device after a sync.
  @Test
  void aStoreSetsTheTimesOnTheDevice() throws Exception {
    onFile(
        4_096,
        2 << 20,
        (volume, file) -> {
          file.truncate(FOLIO);
          volume.utimens("/f", Instant.EPOCH, Instant.EPOCH, true);
          try (MappedRegion region = map(file, FOLIO)) {
            region.putByte(0, (byte) 1);
          }
          assertTrue(file.stat().mtime().isAfter(Instant.EPOCH));
        });
  }

  /// R-F7, R-H7: a store fails with the volume, and says so.
  @Test
  void aVolumeThatIsShutDownRefusesFaults() throws Exception {
    RamImage image = RamImage.of(16 << 20);
    CacheMemory memory = CacheMemory.ofBytes(2 << 20);
    Mkfs.make(image, new MkfsOptions());
    Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
    OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
    file.truncate(FOLIO);
    MappedRegion region = map(file, FOLIO);
    volume.superBlock().shutdown("test", new FsException(Errno.EIO, "test"));
    assertEquals(
        MappedRegionException.Kind.IO,
        assertThrows(MappedRegionException.class, () -> region.putByte(0, (byte) 1)).kind());
    region.close();
    file.close();
    volume.superBlock().close(true);
    memory.close();
    image.free();
  }
}
