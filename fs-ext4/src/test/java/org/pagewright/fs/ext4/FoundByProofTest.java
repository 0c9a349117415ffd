package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// What random operations found once, one test each, named after what went wrong.
@Timeout(60)
final class FoundByProofTest {
  private interface Body {
    void run(Volume volume) throws Exception;
  }

  private static void onVolume(MkfsOptions options, Body body) throws Exception {
    RamImage image = RamImage.of(16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, options);
      try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        body.run(volume);
      }
    } finally {
      image.free();
    }
  }

  @Test
  void aChunkOverTwoHolesReservedTheFirstAnewEachTimeTheSecondOutdatedIt() throws Exception {
    onVolume(
        new MkfsOptions().blockSize(1024),
        volume -> {
          byte[] ones = new byte[4096];
          Arrays.fill(ones, (byte) 1);
          try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
            file.write(1024, ones, 0, 1024); // hole, block, two holes
            file.fsync(false);
            assertEquals(4096, file.write(0, ones, 0, 4096)); // R-C10
            byte[] got = new byte[4096];
            assertEquals(4096, file.read(0, got, 0, 4096));
            assertArrayEquals(ones, got);
          }
        });
  }

  @Test
  void aHoleOverTheLastUnwrittenBytesTookTheSizeOnDiskWithThem() throws Exception {
    RamImage image = RamImage.of(16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, new MkfsOptions().blockSize(2048));
      try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS);
          OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        file.write(0, new byte[9000], 0, 9000);
        file.fallocate(FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, 4096, 1 << 20);
        assertEquals(9000, file.size());
      }
      try (Volume volume = Ext4.mount(image, memory, Ext4Options.DEFAULTS)) {
        assertEquals(9000, volume.stat("/f").size());
      }
    } finally {
      image.free();
    }
  }
}
