package org.pagewright.fs.ext4.crash;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.crash.CrashExplorer;
import org.pagewright.sim.crash.CrashLimits;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Goal: a device that lies, is full, or goes away for a while: what is accepted stays, each open
/// file hears of a failure once, and nothing pretends to be durable that is not.
@Timeout(120)
final class DeviceTroubleTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"none", "ordered", "writeback", "journal"})
  void aDeviceThatLiesAboutItsFlushesIsFoundOutByTheFirstPromise(String kind) throws Exception {
    try (Ext4CrashSubject subject = Ext4CrashSubject.lying(kind, folder)) {
      CrashExplorer<CrashOp, Sight> explorer =
          new CrashExplorer<>(subject, CrashLimits.DEFAULTS);
      List<CrashOp> ops = subject.parse("append:/a::0:3000,fsync:/a");
      AssertionError error = assertThrows(AssertionError.class, () -> explorer.explore(ops, 1));
      assertTrue(error.getMessage().contains("power cut"), error.getMessage());
    }
  }

  private static MkfsOptions format(boolean journal) throws FsException {
    MkfsOptions options = new MkfsOptions().blockSize(1024);
    return journal ? options : options.feature("^has_journal");
  }

  /// The device refuses from some request on, and later is well again (R-H6, R-H7, R-H8, R-C14).
  private void goAwayAndComeBack(boolean journal, Errno errno, Kind... kinds) throws Exception {
    RamImage image = RamImage.of(12 << 20);
    byte[] bytes = CrashModel.bytes(3, 0, 300_000);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, format(journal));
      FaultyBlockDevice device = new FaultyBlockDevice(image);
      try (Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS)) {
        List<OpenFile> files = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          files.add(volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644));
        }
        files.getFirst().write(0, bytes, 0, 5000);
        volume.sync();
        device.reset();
        for (Kind kind : kinds) {
          device.failFrom(kind, 1, errno);
        }
        int done = 0;
        while (done < bytes.length) {
          done += files.getFirst().write(done, bytes, done, bytes.length - done);
        }
        assertEquals(errno, failure(files.get(0)));
        assertEquals(errno, failure(files.get(0)), "away still: each sync tries, and fails");
        assertTrue(device.faults() > 0);
        device.heal();
        files.get(0).fsync(false);
        // The others have not heard yet: once each, then no more.
        assertEquals(errno, failure(files.get(1)));
        files.get(1).fsync(false);
        FsException told = assertThrows(FsException.class, files.get(2)::close);
        assertEquals(errno, told.errno());
        files.get(2).close();
        byte[] read = new byte[bytes.length];
        assertEquals(bytes.length, files.get(0).read(0, read, 0, read.length));
        assertArrayEquals(bytes, read);
        files.get(0).close();
        files.get(1).close();
      }
      E2fs.assertClean(image.save(folder.resolve("image")));
      try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
          OpenFile file = volume.open("/f", OpenFlags.RDONLY, 0)) {
        byte[] read = new byte[bytes.length];
        assertEquals(bytes.length, file.read(0, read, 0, read.length));
        assertArrayEquals(bytes, read);
      }
    } finally {
      image.free();
    }
  }

  private static Errno failure(OpenFile file) {
    return assertThrows(FsException.class, () -> file.fsync(false)).errno();
  }

  @ParameterizedTest
  @CsvSource({"EIO,false", "ENOSPC,false", "EIO,true", "ENOSPC,true"})
  void aDeviceThatRefusesWritesForAWhileLosesNothing(String errno, boolean journal)
      throws Exception {
    E2fs.assumeTools("e2fsck");
    goAwayAndComeBack(journal, Errno.valueOf(errno), Kind.WRITE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeviceThatGoesAwayAltogetherAndComesBackLosesNothing(boolean journal) throws Exception {
    E2fs.assumeTools("e2fsck");
    goAwayAndComeBack(journal, Errno.EIO, Kind.READ, Kind.WRITE, Kind.FLUSH);
  }

  /// After a flush that failed nobody knows what the device has of the log: the journal stops, and
  /// says so to everybody, for as long as the volume is open.
  @Test
  void aFlushThatFailsStopsAJournalledVolumeAndWhatWasSyncedIsThere() throws Exception {
    E2fs.assumeTools("e2fsck");
    RamImage image = RamImage.of(12 << 20);
    byte[] bytes = CrashModel.bytes(3, 0, 20_000);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, format(true));
      FaultyBlockDevice device = new FaultyBlockDevice(image);
      Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
      OpenFile one = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
      OpenFile other = volume.open("/f", OpenFlags.RDWR, 0);
      one.write(0, bytes, 0, bytes.length);
      one.fsync(false);
      device.reset();
      device.failNth(Kind.FLUSH, 1, Errno.EIO);
      volume.unlink("/f");
      assertThrows(FsException.class, volume::sync);
      device.heal();
      assertEquals(Errno.EIO, failure(one));
      assertEquals(Errno.EIO, failure(other));
      assertEquals(Errno.EIO, failure(one), "it has stopped for good");
      assertEquals(
          Errno.EIO, assertThrows(FsException.class, () -> volume.mkdir("/d", 0755)).errno());
      volume.superBlock().close(true);
      try (Volume again = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        // The removal was never promised; the file, if it is there, is whole.
        if (again.exists("/f")) {
          byte[] read = new byte[bytes.length];
          try (OpenFile file = again.open("/f", OpenFlags.RDONLY, 0)) {
            assertEquals(bytes.length, file.read(0, read, 0, read.length));
          }
          assertArrayEquals(bytes, read);
        }
      }
      E2fs.assertClean(image.save(folder.resolve("image")));
    } finally {
      image.free();
    }
  }
}
