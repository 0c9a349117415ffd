package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
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
}
