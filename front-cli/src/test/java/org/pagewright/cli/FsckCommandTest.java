package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `fsck` says what is wrong, ends with a code of its own, and writes nothing.
final class FsckCommandTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "16M", image);
    Path file = Files.write(dir.resolve("f"), new byte[50_000]);
    ok("cp", file, image + ":/f");
  }

  private static void put(Path image, long pos, int value) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(pos);
      file.write(value);
    }
  }

  @Test
  void aGoodImageIsClean() {
    Shell.Result result = ok("fsck", image);
    assertEquals(1, result.lines().size(), result.out());
    assertTrue(result.out().contains(image + ": clean: 12 inodes, 2 directories, "), result.out());
    assertEquals("", result.err());
    String json = ok("fsck", "--json", image).out();
    assertTrue(json.contains("\"clean\":true,\"complete\":true,\"damages\":0"), json);
    assertTrue(json.contains("\"findings\":[]"), json);
  }

  /// With blocks of 1 KiB no bitmap speaks of the first one, which is in use all the same.
  @Test
  void blocksInUseAreAllThatAreNotFree() throws IOException {
    for (int blockSize : new int[] {1024, 4096}) {
      Path other = dir.resolve("blocks-" + blockSize);
      ok("mkfs", "--size", "16M", "--block-size", blockSize, other);
      byte[] start = Arrays.copyOf(Files.readAllBytes(other), 2048);
      ByteBuffer sb = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
      long used = sb.getInt(1024 + 4) - sb.getInt(1024 + 12);
      String out = ok("fsck", other).out();
      assertTrue(out.contains(", " + used + " blocks in use"), out + used);
    }
  }

  @Test
  void aDamagedImageEndsWithFourAndIsLeftAsItIs() throws IOException {
    put(image, 2048 + 0xc, 0x55); // free blocks of group 0
    byte[] before = Files.readAllBytes(image);
    Shell.Result result = Shell.run("fsck", image);
    assertEquals(4, result.code(), result.out());
    assertEquals("", result.err());
    assertTrue(
        result.out().contains("damage: descriptor-checksum: block 2: descriptor of group 0"),
        result.out());
    assertTrue(result.lines().getLast().contains(": damaged: "), result.out());
    Shell.Result json = Shell.run("fsck", "--json", image);
    assertEquals(4, json.code());
    assertTrue(json.out().contains("\"clean\":false"), json.out());
    assertTrue(
        json.out().contains(
            "{\"code\":\"descriptor-checksum\",\"severity\":\"damage\",\"inode\":0,\"block\":2,"),
        json.out());
    Shell.Result few = Shell.run("fsck", "--findings", 0, image);
    assertEquals(4, few.code());
    assertTrue(few.lines().getFirst().contains("more findings are not listed"), few.out());
    assertArrayEquals(before, Files.readAllBytes(image));
  }

  @Test
  void aDamagedSuperblockIsSaidAndWhereAGoodOneIs() throws IOException {
    Path large = dir.resolve("large.img");
    ok("mkfs", "--size", "200M", large);
    put(large, 1024 + 0x78, 'x');
    Shell.Result result = Shell.run("fsck", large);
    assertEquals(4, result.code(), result.err());
    assertTrue(result.out().contains("damage: superblock: "), result.out());
    assertTrue(result.out().contains("in group 1 is good"), result.out());
    assertTrue(result.out().contains("no more can be checked"), result.out());
  }

  @Test
  void badInputEndsAsInEveryCommand() throws IOException {
    Path text = Files.writeString(dir.resolve("text"), "hello\n".repeat(1000));
    assertEquals(3, Shell.run("fsck", text).code());
    assertEquals(1, Shell.run("fsck", dir.resolve("none.img")).code());
    assertEquals(2, Shell.run("fsck").code());
    assertEquals(2, Shell.run("fsck", "--findings", -1, image).code());
    put(image, 1024 + 0x67, 0x80); // a feature that nobody knows
    Shell.Result result = Shell.run("fsck", image);
    assertEquals(4, result.code(), "its checksum is wrong");
  }

  @Test
  void featuresThatAreNotKnownAreNamed() throws IOException, InterruptedException {
    Shell.assume(Shell.has("mke2fs"), "no mke2fs to make odd images with");
    Path odd = dir.resolve("odd.img");
    Shell.tool("mke2fs", "-q", "-t", "ext4", "-O", "^metadata_csum", odd.toString(), "16M");
    put(odd, 1024 + 0x67, 0x80);
    Shell.Result result = Shell.run("fsck", odd);
    assertEquals(3, result.code(), result.out());
    assertTrue(result.err().contains("FEATURE_R31"), result.err());
    assertEquals(2, result.err().lines().count(), result.err());
  }
}
