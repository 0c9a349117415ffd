package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.IoFlags;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What open files hear of write-outs that fail (R-H7), and that nothing accepted is lost (R-H8).
final class Ext4ErrorReportTest {
  private final byte[] old = new byte[8192];
  private final byte[] fresh = new byte[8192];

  private static FsException failure(OpenFile file) {
    return assertThrows(FsException.class, () -> file.fsync(false));
  }

  @Test
  void eachOpenFileHearsOfAFailedWriteOutOnceAndTheBytesStay() throws Exception {
    java.util.Arrays.fill(fresh, (byte) 7);
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    FaultyBlockDevice device = new FaultyBlockDevice(ram);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS)) {
      OpenFile a = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      a.write(0, old, 0, old.length);
      a.fsync(false);
      OpenFile b = volume.open("/f", OpenFlags.RDWR, 0);
      OpenFile closedWithoutSync = volume.open("/f", OpenFlags.RDONLY, 0);
      device.reset();
      device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);

      a.write(0, fresh, 0, fresh.length);
      a.syncRange(0, 0, OpenFile.SYNC_WRITE); // starts write-out, reports nothing
      FsException first = failure(a);
      assertEquals(Errno.EIO, first.errno());
      device.heal();

      // b has not synced: the error of the past is told to it, too, although its own sync succeeds.
      assertEquals(Errno.EIO, failure(b).errno());
      b.fsync(false);
      a.fsync(false);
      assertThrows(FsException.class, closedWithoutSync::close);
      closedWithoutSync.close();
      // Opened after everybody has heard: nothing to tell.
      OpenFile c = volume.open("/f", OpenFlags.RDWR, 0);
      c.fsync(false);
      byte[] read = new byte[fresh.length];
      c.read(0, read, 0, read.length);
      assertArrayEquals(fresh, read, "what was accepted is not lost");
      assertEquals(0, c.inode().mapping().dirtyFolios());
      a.close();
      b.close();
      c.close();
    }
  }

  @Test
  void writeWithDsyncTellsTheErrorItself() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    FaultyBlockDevice device = new FaultyBlockDevice(ram);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS)) {
      try (OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
        file.write(0, old, 0, old.length);
        file.fsync(false);
        device.reset();
        device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
        java.lang.foreign.MemorySegment bytes = java.lang.foreign.MemorySegment.ofArray(fresh);
        FsException e =
            assertThrows(FsException.class, () -> file.write(0, bytes, IoFlags.DSYNC));
        assertEquals(Errno.EIO, e.errno());
        assertTrue(file.inode().mapping().dirtyFolios() > 0, "still dirty: R-H8");
        device.heal();
        file.fsync(true);
        assertEquals(0, file.inode().mapping().dirtyFolios());
      }
    }
  }

  /// A sync of the volume tells of what it met, and of what came before once; not for ever, though
  /// nobody asks the file.
  @Test
  void aSyncOfTheVolumeTellsAnErrorThatIsOverOnce() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    FaultyBlockDevice device = new FaultyBlockDevice(ram);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
        OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644)) {
      file.write(0, old, 0, old.length);
      file.fsync(false);
      device.reset();
      device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
      file.write(0, fresh, 0, fresh.length);
      file.syncRange(0, 0, OpenFile.SYNC_WRITE);
      org.pagewright.writeback.Writeback.waitRange(file.inode().mapping(), 0, Long.MAX_VALUE >> 1);
      device.heal();

      int told = 0;
      for (int i = 0; i < 3; i++) {
        file.write(0, fresh, 0, fresh.length);
        try {
          volume.sync();
        } catch (FsException e) {
          assertEquals(Errno.EIO, e.errno());
          told++;
        }
        assertEquals(0, file.inode().mapping().dirtyFolios());
      }
      assertTrue(told <= 1, "told " + told + " times");
      file.write(0, fresh, 0, fresh.length);
      volume.superBlock().freeze();
      volume.superBlock().thaw();
      assertEquals(Errno.EIO, failure(file).errno(), "the file hears of it all the same: R-H7");
    }
  }

  @Test
  void aVolumeThatTakesNoChangesAnyMoreTakesNoneThroughOpenFiles() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    Clock fixed = Clock.fixed(Instant.ofEpochSecond(1_800_000_000), ZoneOffset.UTC);
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(org.pagewright.vfs.MountOptions.DEFAULTS.withClock(fixed));
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Volume volume = Ext4.mount(ram, memory, options);
      OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      for (int i = 0; i < 3; i++) { // the last of them in place
        file.write(0, fresh, 0, 4096);
      }
      volume.superBlock().setReadOnly();
      FsException e = assertThrows(FsException.class, () -> file.write(0, fresh, 0, 100));
      assertEquals(Errno.EROFS, e.errno());
      file.close();
      volume.superBlock().close(true);
    }
  }

  @Test
  void whatNoCallCanReportIsToldToWhoWatchesOverTheVolume() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20);
        Volume volume = Ext4.mount(ram, memory, Ext4Options.DEFAULTS)) {
      List<String> told = new ArrayList<>();
      volume.superBlock().setTrouble((what, error) -> told.add(what));
      Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
      fs.trouble("take back after failed creation", new FsException(Errno.EIO, "ram: read"));
      assertEquals(List.of("take back after failed creation"), told);
      volume.sync(); // the creation has failed, which was told: nothing that was accepted is lost
    }
  }

  @Test
  void aFileWithoutANameThatIsOpenWhenItsVolumeIsClosedByForceDoesNoHarm(@TempDir Path folder)
      throws Exception {
    RamImage image = RamImage.of(16 << 20);
    Mkfs.make(image, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
      OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      OpenFile named = volume.open("/g", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      file.write(0, fresh, 0, fresh.length);
      file.fsync(false);
      file.write(0, old, 0, old.length);
      named.write(100_000, old, 0, old.length);
      volume.unlink("/f");
      volume.superBlock().close(true);
      byte[] closed = image.bytes(0, 16 << 20);
      assertThrows(FsException.class, () -> file.read(0, new byte[10], 0, 10));
      file.close();
      named.close();
      assertArrayEquals(closed, image.bytes(0, 16 << 20), "written to after its end");
      assertEquals(0, memory.cache().dirtyFolios());
      // The file was open and goes now, as after a crash.
      Ext4.mount(image, memory, Ext4Options.DEFAULTS).close();
      E2fs.assertClean(image.save(folder.resolve("after.img")));
    } finally {
      image.free();
    }
  }

  /// What a volume that was closed by force could not write is lost, and gives its memory back: it
  /// stands in nobody else's way.
  @Test
  void aVolumeClosedByForceLeavesNoDirtyMemoryToOthers() throws Exception {
    RamBlockDevice ram = RamBlockDevice.of("ram", 16 << 20);
    Mkfs.make(ram, new MkfsOptions());
    FaultyBlockDevice device = new FaultyBlockDevice(ram);
    RamBlockDevice sound = RamBlockDevice.of("sound", 16 << 20);
    Mkfs.make(sound, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
      OpenFile file = volume.open("/f", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      OpenFile neverClosed = volume.open("/g", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
      volume.sync();
      device.reset();
      device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, Errno.EIO);
      file.write(0, fresh, 0, fresh.length);
      neverClosed.write(0, fresh, 0, fresh.length);
      assertThrows(FsException.class, () -> volume.superBlock().close(true));
      assertEquals(0, memory.cache().dirtyFolios());
      assertThrows(FsException.class, file::close);
      assertEquals(0, memory.cache().dirtyFolios());
      try (Volume other = Ext4.mount(sound, memory, Ext4Options.DEFAULTS)) {
        other.open("/x", OpenFlags.WRONLY | OpenFlags.CREAT, 0644).close();
      }
    }
  }
}
