package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.Ext4Volume;

/// Goal: whatever is done to two files in turn, both mappings are what a plain map says, no block
/// belongs to both, what is promised is kept (R-C7), and e2fsck finds nothing to say.
/// Method: random operations, some around the same places, with evictions and reopening in between.
final class BlockMapperRandomTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "1, 24M, -t ext4 -b 1024 -O ^has_journal",
    "2, 24M, -t ext4 -b 2048 -O ^has_journal",
    "3, 48M, -t ext4 -b 4096",
    "4, 24M, -t ext4 -b 1024 -O ^has_journal;^metadata_csum;^64bit;^flex_bg",
    "5, 24M, -t ext4 -b 1024 -O ^has_journal;^metadata_csum;uninit_bg",
    "6, 24M, -t ext2 -b 1024",
    "7, 24M, -t ext3 -b 4096",
    "8, 48M, -t ext2 -b 1024 -O metadata_csum;uninit_bg",
    "9, 40M, -t ext4 -b 1024 -O ^has_journal;^resize_inode;meta_bg",
  })
  void randomOperationsLeaveWhatAPlainMapSays(int seed, String size, String options)
      throws IOException {
    E2fs.assumeTools("mke2fs", "debugfs", "e2fsck");
    System.out.println("seed " + seed);
    Path image = dir.resolve("image");
    Ext4Volume volume =
        Ext4Volume.make(image, size, 2, options.replace(';', ',').split(" "));
    long freeBefore = volume.blocks.freeBlocks();
    try (volume) {
      MapModel[] files = {
        new MapModel(volume, Ext4Volume.inodeOf(image, "f0")),
        new MapModel(volume, Ext4Volume.inodeOf(image, "f1")),
      };
      Random random = new Random(seed);
      for (int round = 0; round < 1500; round++) {
        act(random, files[random.nextInt(2)]);
        if (round % 250 == 0) {
          files[0].check();
          files[1].check();
        }
        if (round % 400 == 399) {
          volume.sync();
        }
      }
      long used = 0;
      for (MapModel file : files) {
        file.punchDelayed();
        file.check();
        file.reopen();
        file.check();
        file.closeFile();
        used += file.inode.blockCount();
      }
      assertEquals(0, volume.blocks.reservedBlocks());
      assertEquals(freeBefore, volume.blocks.freeBlocks() + used);
      volume.sync();
      E2fs.assertClean(image);
      for (MapModel file : files) {
        file.punch(0, Long.MAX_VALUE);
        file.check();
        assertEquals(0, file.inode.blockCount());
        assertEquals(0, file.mapper.depth());
        file.closeFile();
      }
      assertEquals(freeBefore, volume.blocks.freeBlocks());
      volume.sync();
      E2fs.assertClean(image);
    }
  }

  private static void act(Random random, MapModel file) throws IOException {
    long far = random.nextInt(10) == 0 ? file.mapper.maxBlocks() - 3000 : 0;
    long at = far + random.nextInt(2500);
    int count = 1 + random.nextInt(random.nextInt(4) == 0 ? 300 : 12);
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> file.allocate(at, count, false);
      case 3, 4 -> file.allocate(at, count, true);
      case 5, 6 -> file.reserve(at, count);
      case 7 -> file.convert(at, count, false);
      case 8 -> {
        if (file.mapper.supportsUnwritten()) {
          file.convert(at, count, true);
        }
      }
      case 9, 10 -> file.punch(at, at + count);
      default -> {
        if (random.nextInt(40) == 0) {
          file.punch(at, Long.MAX_VALUE);
        } else if (random.nextInt(8) == 0 && file.mapper.supportsUnwritten()) {
          shift(file, at, count);
        } else if (file.mapper.delayedBlocks() == 0) {
          file.reopen();
        } else {
          file.mapper.discardReserve();
        }
      }
    }
  }

  private static void shift(MapModel file, long at, int count) throws IOException {
    file.punchDelayed();
    boolean room =
        file.blocks.isEmpty() || file.blocks.lastKey() + count < file.mapper.maxBlocks();
    if (count % 2 == 0) {
      file.collapse(at, at + count);
    } else if (room) {
      file.insert(at, count);
    } else {
      FsException e = assertThrows(FsException.class, () -> file.insert(at, count));
      assertEquals(Errno.EFBIG, e.errno());
    }
  }
}
