package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// What reading the code found once, one test each, named after what went wrong.
@Timeout(120)
final class FoundByReviewTest {
  @TempDir Path folder;

  private static Volume mount(RamImage image, CacheMemory memory) throws Exception {
    return Ext4.mount(image, memory, Ext4Options.DEFAULTS);
  }

  /// R-D5. Method: another system has left a secret behind the end of a file, in its last block.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void growthFromOutsideShowedWhatTheDeviceHeldBehindTheEnd(boolean truncate) throws Exception {
    RamImage image = RamImage.of(16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, new MkfsOptions().blockSize(4096));
      byte[] content = new byte[1000];
      Arrays.fill(content, (byte) 'x');
      try (Volume volume = mount(image, memory);
          OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        file.write(0, content, 0, 1000);
      }
      leaveSecretBehind(image, content);
      byte[] expected = Arrays.copyOf(content, 9000);
      try (Volume volume = mount(image, memory);
          OpenFile file = volume.open("/f", OpenFlags.RDWR, 0)) {
        if (truncate) {
          file.truncate(9000);
        } else {
          file.fallocate(0, 0, 9000);
        }
        byte[] got = new byte[9000];
        assertEquals(9000, file.read(0, got, 0, 9000));
        assertArrayEquals(expected, got);
      }
      try (Volume volume = mount(image, memory);
          OpenFile file = volume.open("/f", OpenFlags.RDONLY, 0)) {
        byte[] got = new byte[9000];
        assertEquals(9000, file.read(0, got, 0, 9000));
        assertArrayEquals(expected, got);
      }
    } finally {
      image.free();
    }
  }

  private static void leaveSecretBehind(RamImage image, byte[] content) throws Exception {
    byte[] block = new byte[4096];
    int found = 0;
    for (long pos = 0; pos < image.sizeBytes(); pos += 4096) {
      image.read(pos, MemorySegment.ofArray(block));
      if (Arrays.equals(block, Arrays.copyOf(content, 4096))) {
        Arrays.fill(block, 1000, 4096, (byte) 'S');
        image.write(pos, MemorySegment.ofArray(block));
        found++;
      }
    }
    assertEquals(1, found, "blocks that hold the content");
  }

  /// Schedule: write-out adds blocks of data to the inode's count while setting an attribute adds
  /// the attributes' block: each reads the count before the other has written it.
  @Test
  void writeOutAndAttributesCountedTheBlocksOfAFileBesideEachOther() throws Exception {
    RamImage image = RamImage.of(64 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      Mkfs.make(image, new MkfsOptions().blockSize(1024));
      try (Volume volume = mount(image, memory);
          OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
        CompletableFuture<Void> attributes =
            CompletableFuture.runAsync(
                () -> {
                  try {
                    for (int i = 0; i < 1000; i++) {
                      byte[] value = new byte[500];
                      Arrays.fill(value, (byte) i);
                      volume.setXattr("/f", "user.a", value, XattrMode.SET, true);
                      volume.removeXattr("/f", "user.a", true);
                    }
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                });
        byte[] one = new byte[1024];
        for (int i = 0; !attributes.isDone() && i < 20_000; i++) {
          file.write(i * 2048L, one, 0, 1024);
          file.syncRange(0, 0, 7);
        }
        attributes.get(60, TimeUnit.SECONDS);
        assertTrue(file.size() > 0);
      }
      E2fs.assertClean(image.save(folder.resolve("image")));
    } finally {
      image.free();
    }
  }
}
