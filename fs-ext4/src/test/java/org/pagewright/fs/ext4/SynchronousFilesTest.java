package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.RamImage;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Files whose every change is to be durable when the call returns (R-H9, R-H10): the image is
/// copied as it lies after each call, and read by another volume.
@Timeout(60)
final class SynchronousFilesTest {
  private static final int LENGTH = 10_000;
  private static final int PUNCHED = 1_000;

  private static List<String> names(RamImage image, CacheMemory memory, String path)
      throws FsException {
    try (Volume crashed = Ext4.mount(image, memory, Ext4Options.DEFAULTS.withForce(true))) {
      return crashed.list(path).stream().map(entry -> entry.name().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @CsvSource({"EXT4, 65536", "EXT4, 8", "EXT2, 65536", "EXT2, 8"})
  void eachChangeOfANameInASynchronousDirectoryIsThereAfterACrash(
      MkfsOptions.Type type, int flag) throws FsException {
    RamImage image = RamImage.of(16 << 20);
    Mkfs.make(image, new MkfsOptions().type(type).blockSize(1024));
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume =
            Ext4.mount(image, memory, Ext4Options.DEFAULTS.withCommitSeconds(100_000))) {
      volume.mkdir("/d", 0755);
      volume.setFlags("/d", volume.flags("/d") | flag);
      volume.sync();
      volume.mkdir("/d/a", 0755);
      assertEquals(List.of("a"), names(image.copy(), memory, "/d"));
      volume.open("/d/b", OpenFlags.CREAT | OpenFlags.WRONLY, 0644).close();
      assertEquals(List.of("a", "b"), names(image.copy(), memory, "/d"));
      volume.link("/d/b", "/d/c");
      assertEquals(List.of("a", "b", "c"), names(image.copy(), memory, "/d"));
      volume.unlink("/d/b");
      assertEquals(List.of("a", "c"), names(image.copy(), memory, "/d"));
      volume.rename("/d/c", "/d/e", 0);
      assertEquals(List.of("a", "e"), names(image.copy(), memory, "/d"));
      volume.rename("/d/e", "/f", 0);
      assertEquals(List.of("a"), names(image.copy(), memory, "/d"));
      volume.rmdir("/d/a");
      assertEquals(List.of(), names(image.copy(), memory, "/d"));
    }
  }

  private static byte[] content(RamImage image, CacheMemory memory, int length)
      throws FsException {
    Ext4Options options = Ext4Options.DEFAULTS.withForce(true);
    try (Volume crashed = Ext4.mount(image, memory, options);
        OpenFile file = crashed.open("/f", OpenFlags.RDONLY, 0)) {
      byte[] bytes = new byte[length + 1];
      int n = file.read(0, bytes, 0, bytes.length);
      return Arrays.copyOf(bytes, Math.max(n, 0));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EXT4, dsync", "EXT4, sync", "EXT4, flag", "EXT2, dsync", "EXT2, sync", "EXT2, flag"
  })
  void eachChangeOfContentIsThereAfterACrash(MkfsOptions.Type type, String asked)
      throws FsException {
    RamImage image = RamImage.of(16 << 20);
    Mkfs.make(image, new MkfsOptions().type(type).blockSize(1024));
    int flags =
        switch (asked) {
          case "dsync" -> OpenFlags.DSYNC;
          case "sync" -> OpenFlags.SYNC;
          default -> 0;
        };
    byte[] bytes = new byte[LENGTH];
    Arrays.fill(bytes, (byte) 7);
    try (CacheMemory memory = CacheMemory.ofBytes(16 << 20);
        Volume volume =
            Ext4.mount(image, memory, Ext4Options.DEFAULTS.withCommitSeconds(100_000))) {
      try (OpenFile file =
          volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR | flags, 0644)) {
        if (asked.equals("flag")) {
          volume.setFlags("/f", volume.flags("/f") | InodeFlags.SYNC);
        }
        volume.sync();
        file.write(0, bytes, 0, LENGTH);
        assertArrayEquals(bytes, content(image.copy(), memory, LENGTH), "written");
        file.fallocate(
            FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, PUNCHED, 3 * PUNCHED);
        Arrays.fill(bytes, PUNCHED, 4 * PUNCHED, (byte) 0);
        assertArrayEquals(bytes, content(image.copy(), memory, LENGTH), "punched");
        if (type == MkfsOptions.Type.EXT4) {
          file.fallocate(0, LENGTH, PUNCHED);
          byte[] longer = Arrays.copyOf(bytes, LENGTH + PUNCHED);
          assertArrayEquals(longer, content(image.copy(), memory, longer.length), "allocated");
        }
        if (asked.equals("flag")) {
          volume.truncate("/f", PUNCHED / 2);
          byte[] shorter = Arrays.copyOf(bytes, PUNCHED / 2);
          assertArrayEquals(shorter, content(image.copy(), memory, LENGTH), "truncated");
        }
      }
    }
  }
}
