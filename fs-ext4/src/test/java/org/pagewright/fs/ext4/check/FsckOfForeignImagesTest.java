package org.pagewright.fs.ext4.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.RamImage;

/// What mke2fs and the kernel make is clean, in every layout that they know and we read.
@Timeout(120)
final class FsckOfForeignImagesTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4",
        "-t ext2 -b 1024",
        "-t ext3 -b 2048",
        "-t ext4 -O bigalloc",
        "-t ext4 -O ^metadata_csum,uninit_bg",
        "-t ext4 -O orphan_file -b 1024",
        "-t ext4 -O meta_bg,^resize_inode",
        "-t ext4 -O sparse_super2 -b 1024",
        "-t ext4 -O quota,project",
        "-t ext4 -b 1024 -g 1024 -O ^flex_bg",
        "-t ext4 -I 128 -O mmp",
        "-t ext4 -O ^64bit,^extent,metadata_csum_seed",
        "-t ext4 -O ^sparse_super,^resize_inode -b 1024 -g 2048",
      })
  void whatMke2fsMakesIsClean(String options) throws Exception {
    E2fs.assumeTools("mke2fs");
    Path tree = Files.createDirectory(dir.resolve("tree"));
    for (int i = 0; i < 300; i++) {
      Files.writeString(tree.resolve("a-name-of-some-length-" + i), "x".repeat(i * 40));
    }
    Files.createSymbolicLink(tree.resolve("short"), Path.of("a"));
    Files.createSymbolicLink(tree.resolve("long"), Path.of("a".repeat(200)));
    Files.createLink(tree.resolve("hard"), tree.resolve("a-name-of-some-length-7"));
    Path image = dir.resolve("disk.img");
    E2fs.mke2fs(image, "48M", (options + " -d " + tree).split(" "));
    RamImage ram = RamImage.load(image);
    Report report = Fsck.check(ram, 20);
    ram.free();
    assertTrue(report.isClean(), report.toString());
    assertEquals(2, report.directories());
    assertEquals(0, report.notes(), report.toString());
    if (!options.contains("quota")) { // mke2fs does not count what -d brings in
      E2fs.assertClean(image);
    }
  }
}
