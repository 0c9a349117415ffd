package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.DirEntry;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Stat;
import org.pagewright.vfs.Volume;
import org.pagewright.vfs.XattrMode;

/// Files on images through the whole of the library, and e2fsck's word on the image afterwards.
final class Ext4VolumeTest {
  @TempDir Path folder;

  private Path image() {
    return folder.resolve("disk.img");
  }

  private void make(MkfsOptions options, long size) throws FsException {
    try (FileBlockDevice device =
        FileBlockDevice.create(image(), size, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, options);
    }
  }

  private Volume mount(CacheMemory memory) throws FsException {
    return Ext4.mount(
        FileBlockDevice.open(image(), FileBlockDevice.Options.READ_WRITE),
        memory,
        Ext4Options.DEFAULTS);
  }

  private static byte[] pattern(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void write(Volume volume, String path, byte[] content) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.WRONLY, 0644)) {
      int done = 0;
      while (done < content.length) {
        done += file.write(done, content, done, content.length - done);
      }
    }
  }

  private static byte[] read(Volume volume, String path) throws FsException {
    try (OpenFile file = volume.open(path, OpenFlags.RDONLY, 0)) {
      byte[] content = new byte[Math.toIntExact(file.size())];
      int done = 0;
      while (done < content.length) {
        int n = file.read(done, content, done, content.length - done);
        assertTrue(n > 0, "end of file at " + done);
        done += n;
      }
      return content;
    }
  }

  private static MkfsOptions options(String kind) throws FsException {
    MkfsOptions options = new MkfsOptions();
    return switch (kind) {
      case "ext4" -> options;
      case "ext4-1k" -> options.blockSize(1024);
      case "ext4-2k" -> options.blockSize(2048);
      case "ext3" -> options.type(MkfsOptions.Type.EXT3);
      case "ext2-1k" -> options.type(MkfsOptions.Type.EXT2).blockSize(1024);
      case "no-csum" -> options.feature("^metadata_csum").feature("^64bit");
      default -> throw new AssertionError(kind);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "ext4-1k", "ext4-2k", "ext3", "ext2-1k", "no-csum"})
  void whatIsWrittenIsThereAfterClosingAndTheImageIsClean(String kind) throws Exception {
    make(options(kind), 64 << 20);
    Map<String, byte[]> files = new HashMap<>();
    try (CacheMemory memory = CacheMemory.ofBytes(2 << 20)) {
      try (Volume volume = mount(memory)) {
        volume.mkdir("/dir", 0755);
        volume.mkdir("/dir/sub", 0700);
        for (int i = 0; i < 40; i++) {
          String path = "/dir/file" + i;
          byte[] content = pattern(i * 3001, i);
          write(volume, path, content);
          files.put(path, content);
        }
        byte[] large = pattern(9 << 20, 7);
        write(volume, "/large", large);
        files.put("/large", large);
        volume.symlink("short target", "/link");
        volume.symlink("x".repeat(500), "/dir/longlink");
        volume.link("/dir/file3", "/dir/sub/hard");
        volume.setXattr("/dir/file3", "user.note", "hello".getBytes(StandardCharsets.UTF_8),
            XattrMode.SET, true);
        volume.setXattr("/dir", "user.big", pattern(600, 1), XattrMode.CREATE, true);
        volume.rename("/dir/file5", "/moved");
        files.put("/moved", files.remove("/dir/file5"));
        volume.unlink("/dir/file6");
        files.remove("/dir/file6");
        volume.truncate("/dir/file20", 1234);
        files.put("/dir/file20", java.util.Arrays.copyOf(files.get("/dir/file20"), 1234));
      }
      E2fs.assertClean(image());
      try (Volume volume = mount(memory)) {
        for (Map.Entry<String, byte[]> entry : files.entrySet()) {
          assertArrayEquals(entry.getValue(), read(volume, entry.getKey()), entry.getKey());
        }
        assertEquals("short target", volume.readlink("/link"));
        assertEquals("x".repeat(500), volume.readlink("/dir/longlink"));
        Stat hard = volume.stat("/dir/sub/hard");
        assertEquals(2, hard.nlink());
        assertEquals(volume.stat("/dir/file3").ino(), hard.ino());
        assertArrayEquals(
            "hello".getBytes(StandardCharsets.UTF_8),
            volume.getXattr("/dir/sub/hard", "user.note", true));
        assertArrayEquals(pattern(600, 1), volume.getXattr("/dir", "user.big", true));
        List<DirEntry> entries = volume.list("/dir");
        assertEquals(40, entries.size());
        for (String path : files.keySet()) {
          volume.unlink(path);
        }
      }
      E2fs.assertClean(image());
    }
  }

  @Test
  void aVolumeInUseWithoutAJournalIsNotMarkedCleanAndAClosedOneIs() throws Exception {
    make(new MkfsOptions().feature("^has_journal"), 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20)) {
      Path copy = copyInUse(memory);
      FileBlockDevice device =
          FileBlockDevice.open(copy, FileBlockDevice.Options.READ_WRITE);
      FsException e =
          assertThrows(
              FsException.class, () -> Ext4.mount(device, memory, Ext4Options.DEFAULTS));
      assertEquals(Errno.EUCLEAN, e.errno());
      device.close();
      mount(memory).close();
    }
  }

  @Test
  void aVolumeInUseWithAJournalIsRecoveredWhenItIsOpened() throws Exception {
    make(new MkfsOptions(), 16 << 20);
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20)) {
      Path copy = copyInUse(memory);
      assertTrue(E2fs.debugfs(copy, "stats -h").contains("needs_recovery"));
      try (Volume volume =
          Ext4.mount(
              FileBlockDevice.open(copy, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS)) {
        assertArrayEquals(pattern(100, 1), read(volume, "/a"));
      }
      E2fs.assertClean(copy);
      assertTrue(!E2fs.debugfs(copy, "stats -h").contains("needs_recovery"));
    }
  }

  private Path copyInUse(CacheMemory memory) throws Exception {
    Path copy = folder.resolve("copy.img");
    try (Volume volume = mount(memory)) {
      write(volume, "/a", pattern(100, 1));
      volume.sync();
      java.nio.file.Files.copy(image(), copy);
    }
    return copy;
  }

  @Test
  void aFullVolumeSaysSoAtTheWriteAndKeepsWhatWasAccepted() throws Exception {
    make(new MkfsOptions().reservedPercent(0), 8 << 20);
    byte[] chunk = pattern(64 << 10, 3);
    try (CacheMemory memory = CacheMemory.ofBytes(2 << 20)) {
      long accepted = 0;
      try (Volume volume = mount(memory);
          OpenFile file = volume.open("/fill", OpenFlags.CREAT | OpenFlags.WRONLY, 0600)) {
        FsException full = null;
        while (full == null && accepted < (16 << 20)) {
          try {
            accepted += file.write(accepted, chunk, 0, chunk.length);
          } catch (FsException e) {
            full = e;
          }
        }
        assertTrue(full != null && full.errno() == Errno.ENOSPC, "R-C7: " + full);
        file.fsync(false);
      }
      E2fs.assertClean(image());
      try (Volume volume = mount(memory)) {
        assertEquals(accepted, volume.stat("/fill").size());
        byte[] content = read(volume, "/fill");
        for (int i = 0; i < content.length; i++) {
          assertEquals(chunk[i % chunk.length], content[i]);
        }
      }
    }
  }

  @Test
  void whatTheKernelCommittedIsThereAfterItsJournalWasReplayed() throws Exception {
    make(new MkfsOptions(), 32 << 20);
    Path mount = java.nio.file.Files.createDirectory(folder.resolve("mnt"));
    Path pulled = folder.resolve("pulled.img");
    byte[] content = pattern(300_000, 9);
    E2fs.assumeMounted(image(), mount);
    try {
      for (int i = 0; i < 50; i++) {
        Path file = mount.resolve("file" + i);
        try (var channel =
            java.nio.channels.FileChannel.open(
                file,
                java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.WRITE)) {
          channel.write(java.nio.ByteBuffer.wrap(content));
          channel.force(true);
        }
      }
      java.nio.file.Files.copy(image(), pulled); // as if the plug were pulled now
    } finally {
      E2fs.ok("umount", mount.toString());
    }
    try (CacheMemory memory = CacheMemory.ofBytes(8 << 20)) {
      try (Volume volume =
          Ext4.mount(
              FileBlockDevice.open(pulled, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS)) {
        for (int i = 0; i < 50; i++) {
          assertArrayEquals(content, read(volume, "/file" + i), "file" + i);
        }
      }
    }
    E2fs.assertClean(pulled);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "ext4-1k"})
  void blocksAreTakenOutOfAFileAndPutIn(String kind) throws Exception {
    make(options(kind), 32 << 20);
    byte[] content = pattern(200_001, 5);
    byte[] expected = new byte[200_001];
    System.arraycopy(content, 0, expected, 0, 4096);
    System.arraycopy(content, 12288, expected, 4096, 8192);
    System.arraycopy(content, 12288 + 8192, expected, 4096 + 8192 + 8192, 200_001 - 20480);
    try (CacheMemory memory = CacheMemory.ofBytes(2 << 20)) {
      try (Volume volume = mount(memory)) {
        write(volume, "/file", content);
        try (OpenFile file = volume.open("/file", OpenFlags.RDWR, 0)) {
          file.fallocate(FallocateMode.COLLAPSE_RANGE, 4096, 8192);
          file.fallocate(FallocateMode.INSERT_RANGE, 12288, 8192);
        }
        assertArrayEquals(expected, read(volume, "/file"));
      }
      E2fs.assertClean(image());
      try (Volume volume = mount(memory)) {
        assertArrayEquals(expected, read(volume, "/file"));
      }
    }
  }

  @Test
  void aDamagedSuperblockIsReportedWithThePlaceOfAGoodCopy() throws Exception {
    make(new MkfsOptions().blockSize(1024), 32 << 20);
    try (var channel =
        java.nio.channels.FileChannel.open(image(), java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}), 1024 + 20); // first data block
    }
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        FileBlockDevice device =
            FileBlockDevice.open(image(), FileBlockDevice.Options.READ_WRITE)) {
      CorruptedException e =
          assertThrows(
              CorruptedException.class, () -> Ext4.mount(device, memory, Ext4Options.DEFAULTS));
      assertTrue(String.valueOf(e.getMessage()).contains("e2fsck -b 8193 -B 1024"), e.getMessage());
    }
    E2fs.run(List.of("e2fsck", "-fy", "-b", "8193", "-B", "1024", image().toString()));
    E2fs.assertClean(image());
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20)) {
      mount(memory).close();
    }
  }

  @Test
  void whatWasFsyncedIsInAnImageCopiedAtThatMoment() throws Exception {
    make(new MkfsOptions(), 32 << 20);
    byte[] content = pattern(123_457, 21);
    Path pulled = folder.resolve("pulled.img");
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume = mount(memory);
          OpenFile file = volume.open("/kept", OpenFlags.CREAT | OpenFlags.WRONLY, 0644)) {
        file.write(0, content, 0, content.length);
        file.fsync(false);
        write(volume, "/perhaps", pattern(5000, 22));
        java.nio.file.Files.copy(image(), pulled);
      }
      E2fs.run(List.of("e2fsck", "-fy", pulled.toString()));
      E2fs.assertClean(pulled);
      try (Volume volume =
          Ext4.mount(
              FileBlockDevice.open(pulled, FileBlockDevice.Options.READ_WRITE),
              memory,
              Ext4Options.DEFAULTS)) {
        assertArrayEquals(content, read(volume, "/kept"));
      }
    }
  }
}
