package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is damaged in a tree is told of, and the rest of it is worked on.
final class DamagedTreesTest {
  private static final int BLOCK_SIZE = 4096;
  private static final int INODE_SIZE = 256;

  /// The second of three files in the first directory of the image: 11 is lost+found.
  private static final int BAD_INODE = 14;

  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImageWithABadInode() throws IOException {
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "16M", "--block-size", BLOCK_SIZE, image);
    ok("mkdir", image + ":/d");
    Path file = Files.write(dir.resolve("f"), new byte[] {1, 2, 3});
    for (String name : List.of("a", "b", "c")) {
      ok("cp", file, image + ":/d/" + name);
    }
    try (RandomAccessFile bytes = new RandomAccessFile(image.toFile(), "rw")) {
      bytes.seek(BLOCK_SIZE + 8); // inode table of group 0
      long table = Integer.toUnsignedLong(Integer.reverseBytes(bytes.readInt()));
      bytes.seek(table * BLOCK_SIZE + (BAD_INODE - 1) * INODE_SIZE + 8);
      bytes.writeInt(0x12345678); // a time that the checksum does not know
    }
    assertEquals(4, Shell.run("stat", image + ":/d/b").code());
  }

  private static void assertToldOfB(Shell.Result result) {
    assertEquals(4, result.code(), result.err());
    assertTrue(result.err().contains(":/d/b: "), result.err());
    assertFalse(result.err().contains(":/d/a"), result.err());
    assertFalse(result.err().contains(":/d/c"), result.err());
  }

  @Test
  void treeDrawsWhatCanBeRead() {
    Shell.Result result = Shell.run("tree", image);
    assertToldOfB(result);
    assertTrue(result.out().contains("|-- a"), result.out());
    assertTrue(result.out().contains("`-- c"), result.out());
    assertTrue(result.out().contains("2 directories, 2 files"), result.out());
    Shell.Result json = Shell.run("tree", "--json", image);
    assertToldOfB(json);
    assertTrue(json.out().contains("\"c\""), json.out());
  }

  @Test
  void duCountsWhatCanBeRead() {
    Shell.Result result = Shell.run("du", "-a", "--apparent-size", "-B", image + ":/d");
    assertToldOfB(result);
    assertTrue(result.out().contains("3\t/d/a\n"), result.out());
    assertTrue(result.out().contains("3\t/d/c\n"), result.out());
    assertTrue(result.out().endsWith(BLOCK_SIZE + 6 + "\t/d\n"), result.out());
  }

  @Test
  void rmRemovesWhatItCanAndKeepsTheDirectoryOfTheRest() {
    assertToldOfB(Shell.run("rm", "-r", image + ":/d"));
    Shell.Result left = Shell.run("tree", image);
    assertToldOfB(left);
    assertTrue(left.out().contains("2 directories, 0 files"), left.out());
  }
}
