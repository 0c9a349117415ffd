package org.pagewright.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Goal: regions among the other things that happen to a volume: writes whose source is a region,
/// freezing, closing, times, threads.
/// Method: files in memory.
final class MappedVolumeTest {
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.ofEpochSecond(1_000));
  private CacheMemory memory;
  private Volume volume;
  private OpenFile f;
  private OpenFile g;

  @BeforeEach
  void mount() throws FsException {
    memory = CacheMemory.ofBytes(8 << 20);
    Clock clock =
        new Clock() {
          @Override
          public ZoneOffset getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(java.time.ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return now.get();
          }
        };
    volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS.withClock(clock));
    f = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
    g = volume.open("/g", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
  }

  @AfterEach
  void unmount() throws FsException {
    f.close();
    g.close();
    assertTrue(f.inode().mapping().checkInvariants());
    volume.close();
    memory.close();
  }

  private static MappedRegion map(OpenFile file, long length) throws FsException {
    return file.map(0, length, Protection.READ_WRITE, Sharing.SHARED);
  }

  private static Thread start(AtomicReference<Throwable> failed, Body body) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                body.run();
              } catch (Throwable e) {
                failed.compareAndSet(null, e);
              }
            });
  }

  private interface Body {
    void run() throws Exception;
  }

  private static void assertNone(AtomicReference<Throwable> failed) {
    if (failed.get() != null) {
      throw new AssertionError(failed.get());
    }
  }

  // ---- A region as a source ---------------------------------------------------------------------

  /// R-A1, R-A5: generic/248: the source of the write is the very folio that is written, and has no
  /// entry.
  @Test
  void aWriteFromARegionOfTheVerySameFolioReturns() throws FsException {
    f.write(0, "0123456789".getBytes(), 0, 10);
    f.truncate(4_096);
    try (MappedRegion region = map(f, 4_096)) {
      assertEquals(5, f.write(5, region.source(0, 5), 0));
      byte[] read = new byte[10];
      f.read(0, read, 0, 10);
      assertEquals("0123401234", new String(read));
      assertEquals(4_090, f.write(0, region.source(1, 4_090), 0));
    }
  }

  /// R-A2, R-A3, R-A4: two writers copy from regions of each other's file while a third takes MMAP
  /// alone again and again.
  @Test
  void writersThatCopyFromEachOthersRegionsNeverStopEachOther() throws Exception {
    f.truncate(64 << 10);
    g.truncate(64 << 10);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    AtomicBoolean done = new AtomicBoolean();
    try (MappedRegion uf = map(f, 64 << 10);
        MappedRegion ug = map(g, 64 << 10)) {
      Thread a =
          start(
              failed,
              () -> {
                for (int i = 0; i < 300; i++) {
                  assertEquals(64 << 10, f.write(0, ug.source(0, 64 << 10), 0));
                  f.truncate(0); // its entries go
                  f.truncate(64 << 10);
                }
              });
      Thread b =
          start(
              failed,
              () -> {
                for (int i = 0; i < 300; i++) {
                  // The other file is short for moments: then this source is a bad address.
                  try {
                    g.write(0, uf.source(0, 64 << 10), 0);
                  } catch (FsException e) {
                    assertEquals(Errno.EFAULT, e.errno());
                  }
                }
              });
      Thread c =
          start(
              failed,
              () -> {
                while (!done.get()) {
                  uf.protect(Protection.READ);
                  uf.protect(Protection.READ_WRITE);
                  ug.protect(Protection.READ_WRITE);
                }
              });
      a.join();
      b.join();
      done.set(true);
      c.join();
    }
    assertNone(failed);
  }

  /// R-A7, R-A9: what lies before the place where the source ends is written.
  @Test
  void aSourceThatIsTruncatedOrClosedIsABadAddressFromThereOn() throws FsException {
    f.truncate(10_000);
    MappedRegion region = map(f, 20_000);
    assertEquals(12_288, g.write(0, region.source(0, 20_000), 0)); // to the end of its last folio
    region.close();
    assertEquals(
        Errno.EFAULT,
        assertThrows(FsException.class, () -> g.write(0, region.source(0, 1), 0)).errno());
  }

  /// R-J4: a file that is open past the cache, and a source that is a region of the same range.
  @Test
  void aDirectWriteWhoseSourceIsARegionOfTheSameRangeGoesThroughTheCache() throws FsException {
    f.truncate(8_192);
    try (OpenFile direct = volume.open("/f", OpenFlags.RDWR | OpenFlags.DIRECT, 0);
        MappedRegion region = map(f, 8_192)) {
      region.fill(0, 8_192, (byte) 3);
      assertEquals(8_192, direct.write(0, region.source(0, 8_192), 0));
      try (MappedPin pin = region.pin(0, 4_096, Protection.READ_WRITE)) {
        pin.segment().fill((byte) 4);
        assertEquals(
            pin.segment().byteSize(), direct.write(0, pin.segment()));
      }
      assertEquals(4, region.getByte(0));
      assertEquals(3, region.getByte(8_191));
    }
  }

  // ---- Freeze -----------------------------------------------------------------------------------

  /// R-F16: a store that needs a fault waits while the volume is frozen, without MMAP, and goes on.
  @Test
  void aStoreWaitsWhileTheVolumeIsFrozenAndNobodyWaitsForIt() throws Exception {
    f.truncate(8_192);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    try (MappedRegion region = map(f, 8_192)) {
      assertEquals(0, region.getByte(0));
      volume.superBlock().freeze();
      AtomicBoolean stored = new AtomicBoolean();
      Thread storer =
          start(
              failed,
              () -> {
                region.putByte(0, (byte) 1);
                stored.set(true);
              });
      while (storer.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      assertEquals(0, region.getByte(4_096)); // loads go on
      region.protect(Protection.READ_WRITE); // takes MMAP alone
      assertFalse(stored.get());
      volume.superBlock().thaw();
      storer.join();
      assertEquals(1, region.getByte(0));
    }
    assertNone(failed);
  }

  // ---- Times ------------------------------------------------------------------------------------

  /// R-F18, R-F9: the first store to a folio that is mapped read-only sets the times.
  @Test
  void aWriteFaultSetsTheTimesOfTheFile() throws FsException {
    f.truncate(8_192);
    try (MappedRegion region = map(f, 8_192)) {
      now.set(now.get().plus(Duration.ofSeconds(60)));
      assertEquals(0, region.getByte(0));
      assertTrue(f.stat().mtime().isBefore(now.get()));
      region.putByte(0, (byte) 1);
      assertEquals(now.get(), f.stat().mtime());
      assertEquals(now.get(), f.stat().ctime());
    }
  }

  // ---- Closing ----------------------------------------------------------------------------------

  /// R-F7: whatever moment a region is closed at, each access ends with a value or with CLOSED, and
  /// nothing is held afterwards.
  @Test
  void aRegionMayBeClosedWhileOthersUseIt() throws Exception {
    f.truncate(256 << 10);
    for (int round = 0; round < 200; round++) {
      AtomicReference<Throwable> failed = new AtomicReference<>();
      MappedRegion region =
          f.map(0, 256 << 10, Protection.READ_WRITE,
              round % 4 == 0 ? Sharing.PRIVATE : Sharing.SHARED);
      Thread[] users = new Thread[3];
      for (int i = 0; i < users.length; i++) {
        int seed = i;
        users[i] = start(failed, () -> use(region, seed));
      }
      while (region.isOpen() && users[0].getState() == Thread.State.NEW) {
        Thread.onSpinWait();
      }
      region.close();
      for (Thread user : users) {
        user.join();
      }
      assertNone(failed);
      assertEquals(0, region.resident(0, 0));
    }
    assertEquals(2, volume.superBlock().openFiles());
    f.truncate(0);
    assertEquals(0, memory.cache().frames().used());
  }

  private static void use(MappedRegion region, int seed) {
    long at = seed;
    try {
      while (true) {
        at = (at * 0x9E3779B97F4A7C15L + 1) >>> 1;
        long offset = at % ((256 << 10) - 8);
        if (seed == 0) {
          region.getLong(offset);
        } else if (seed == 1) {
          region.putLong(offset, at);
        } else {
          try (MappedPin pin = region.pin(offset, 8, Protection.READ)) {
            pin.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
          }
        }
      }
    } catch (MappedRegionException e) {
      assertEquals(MappedRegionException.Kind.CLOSED, e.kind());
    }
  }

  @Test
  void aVolumeThatIsClosedByForceClosesItsRegions() throws FsException {
    Volume other = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS);
    OpenFile file = other.open("/x", OpenFlags.RDWR | OpenFlags.CREAT, 0600);
    file.truncate(4_096);
    MappedRegion region = map(file, 4_096);
    region.putByte(0, (byte) 1);
    file.close();
    assertEquals(
        Errno.EBUSY, assertThrows(FsException.class, other::close).errno());
    other.superBlock().close(true);
    assertEquals(
        MappedRegionException.Kind.CLOSED,
        assertThrows(MappedRegionException.class, () -> region.getByte(0)).kind());
  }

  // ---- Many threads -----------------------------------------------------------------------------

  /// R-F19, R-F5, R-D6: threads store to bytes of their own, by regions and by writes, while
  /// another cuts what lies behind; only the end of the file may be in the way, and nothing is
  /// lost.
  @Test
  void storesAndWritesToTheSameFoliosLoseNothingWhileTheFileIsCutBehindThem() throws Exception {
    int kept = 64 << 10;
    f.truncate(2 * kept);
    AtomicReference<Throwable> failed = new AtomicReference<>();
    AtomicBoolean done = new AtomicBoolean();
    try (MappedRegion region = map(f, 2 * kept)) {
      Thread[] threads = new Thread[4];
      for (int t = 0; t < 4; t++) {
        int mine = t;
        threads[t] =
            start(
                failed,
                () -> {
                  byte[] one = new byte[1];
                  for (int round = 1; round <= 20; round++) {
                    for (int at = mine; at < kept; at += 61) {
                      int own = at - at % 4 + mine;
                      one[0] = (byte) (round + mine);
                      if (mine % 2 == 0) {
                        region.putByte(own, one[0]);
                      } else {
                        f.write(own, one, 0, 1);
                      }
                      assertEquals(one[0], region.getByte(own));
                    }
                  }
                });
      }
      Thread cutter =
          start(
              failed,
              () -> {
                while (!done.get()) {
                  f.truncate(kept);
                  f.truncate(2 * kept);
                }
              });
      Thread behind =
          start(
              failed,
              () -> {
                for (int i = 0; !done.get(); i++) {
                  try {
                    region.putByte(kept + i % kept, (byte) 1);
                  } catch (MappedRegionException e) {
                    assertEquals(MappedRegionException.Kind.BEYOND_END, e.kind());
                  }
                }
              });
      for (Thread thread : threads) {
        thread.join();
      }
      done.set(true);
      cutter.join();
      behind.join();
    }
    assertNone(failed);
    byte[] all = new byte[kept];
    f.read(0, all, 0, kept);
    for (int mine = 0; mine < 4; mine++) {
      for (int at = mine; at < kept; at += 61) {
        assertEquals((byte) (20 + mine), all[at - at % 4 + mine]);
      }
    }
  }

  /// R-F10: the file of a folio is known after the folio was truncated.
  @Test
  void aFolioThatWasTruncatedStillKnowsItsFile() throws FsException {
    f.truncate(4_096);
    try (MappedRegion region = map(f, 4_096)) {
      region.putByte(0, (byte) 1);
      var folio = f.inode().mapping().find(0);
      f.truncate(0);
      assertFalse(folio.isAttached());
      assertEquals(f.inode().mapping(), folio.mapping());
      assertFalse(folio.isDirty());
    }
  }

  /// R-B3: an access that copies much and fails has shown bytes of no other file.
  @Test
  void aCopyThatFailsShowsNothingOfOtherFiles() throws FsException {
    f.truncate(4_096);
    byte[] target = new byte[8_192];
    Arrays.fill(target, (byte) 9);
    try (MappedRegion region = map(f, 8_192)) {
      region.fill(0, 4_096, (byte) 5);
      assertThrows(MappedRegionException.class, () -> region.get(0, target, 0, 8_192));
    }
    assertEquals(5, target[4_095]);
    assertEquals(9, target[4_096]);
  }
}
