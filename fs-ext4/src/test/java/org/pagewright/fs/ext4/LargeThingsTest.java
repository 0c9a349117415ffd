package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Limits and large numbers: links, entries, extents, offsets.
final class LargeThingsTest {
  @TempDir Path folder;

  private Path image() {
    return folder.resolve("large.img");
  }

  private void make(long size, MkfsOptions options) throws FsException {
    try (FileBlockDevice device =
        FileBlockDevice.create(image(), size, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(device, options.zeroed(true));
    }
  }

  private Volume mount(CacheMemory memory) throws FsException {
    return Ext4.mount(
        FileBlockDevice.open(image(), FileBlockDevice.Options.READ_WRITE),
        memory,
        Ext4Options.DEFAULTS);
  }

  @Test
  void aDirectoryOfManyEntriesInSmallBlocksGetsADeepIndex() throws Exception {
    make(64 << 20, new MkfsOptions().blockSize(1024).inodes(1000));
    int names = 30_000;
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume = mount(memory)) {
        volume.mkdir("/dir", 0755);
        volume.open("/dir/file", OpenFlags.CREAT | OpenFlags.WRONLY, 0644).close();
        for (int i = 1; i < names; i++) {
          volume.link("/dir/file", "/dir/a name of some length, number " + i);
        }
      }
      E2fs.assertClean(image());
      try (Volume volume = mount(memory)) {
        assertEquals(names, volume.list("/dir").size());
        assertEquals(names, volume.stat("/dir/a name of some length, number 17").nlink());
        for (int i = 1; i < names; i += 2) {
          volume.unlink("/dir/a name of some length, number " + i);
        }
        assertEquals(names / 2, volume.list("/dir").size());
      }
    }
    E2fs.assertClean(image());
  }

  @Test
  void aFileHasAtMost65000Links() throws Exception {
    make(64 << 20, new MkfsOptions().inodes(1000));
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume = mount(memory)) {
        volume.open("/file", OpenFlags.CREAT | OpenFlags.WRONLY, 0644).close();
        for (int i = 1; i < 65_000; i++) {
          volume.link("/file", "/l" + i);
        }
        FsException e = assertThrows(FsException.class, () -> volume.link("/file", "/more"));
        assertEquals(Errno.EMLINK, e.errno());
        assertEquals(65_000, volume.stat("/file").nlink());
      }
    }
    E2fs.assertClean(image());
  }

  @Test
  void aFileInThousandsOfPiecesIsReadBackAndFreed() throws Exception {
    make(64 << 20, new MkfsOptions().blockSize(1024));
    byte[] piece = new byte[1024];
    new Random(11).nextBytes(piece);
    int pieces = 6000;
    try (CacheMemory memory = CacheMemory.ofBytes(2 << 20)) {
      long free;
      try (Volume volume = mount(memory)) {
        free = volume.statfs().blocksFree();
        try (OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644)) {
          for (int i = 0; i < pieces; i++) {
            file.write(i * 3072L, piece, 0, piece.length);
          }
        }
      }
      E2fs.assertClean(image());
      try (Volume volume = mount(memory)) {
        byte[] read = new byte[1024];
        try (OpenFile file = volume.open("/f", OpenFlags.RDONLY, 0)) {
          for (int i = pieces - 1; i >= 0; i -= 7) {
            assertEquals(1024, file.read(i * 3072L, read, 0, 1024));
            assertArrayEquals(piece, read);
            if (i < pieces - 1) {
              assertEquals(1024, file.read(i * 3072L + 1024, read, 0, 1024));
              assertArrayEquals(new byte[1024], read);
            }
          }
        }
        volume.unlink("/f");
        volume.sync();
        assertEquals(free, volume.statfs().blocksFree());
      }
    }
    E2fs.assertClean(image());
  }

  @Test
  void aVolumeOfTebibytesHoldsAFileFarOut() throws Exception {
    make(8L << 40, new MkfsOptions().timeSeconds(1_700_000_000));
    byte[] content = new byte[100_000];
    new Random(3).nextBytes(content);
    long far = 7L << 40;
    try (CacheMemory memory = CacheMemory.ofBytes(4 << 20)) {
      try (Volume volume = mount(memory);
          OpenFile file = volume.open("/far", OpenFlags.CREAT | OpenFlags.WRONLY, 0644)) {
        assertEquals(content.length, file.write(far, content, 0, content.length));
      }
      try (Volume volume = mount(memory);
          OpenFile file = volume.open("/far", OpenFlags.RDONLY, 0)) {
        byte[] read = new byte[content.length];
        assertEquals(far + content.length, file.size());
        assertEquals(content.length, file.read(far, read, 0, read.length));
        assertArrayEquals(content, read);
        assertEquals(far, file.seekData(0) & -4096L);
      }
    }
  }
}
