package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// A server that is played to without a kernel.
class RehearsalTest {
  @Test
  void everyRequestOfARehearsalDoesWhatItIsThereFor() throws FsException {
    RamBlockDevice device = RamBlockDevice.of("image", 48 << 20);
    Mkfs.make(device, new MkfsOptions());
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS)) {
      long requests = FuseMount.rehearse(volume, 300);
      assertTrue(requests > 300L * 18, requests + " requests");
      assertTrue(volume.stat("/large").size() > 1 << 20);
      // The last files in each place of two are still there, renamed; the others were removed.
      assertEquals(5000, volume.stat("/kept-42").size());
      assertEquals(0100600, volume.stat("/kept-42").mode());
      assertFalse(volume.exists("/kept-43"));
      assertFalse(volume.exists("/file-299"));
      assertEquals(0, volume.superBlock().openFiles());
    }
    device.close();
  }
}
