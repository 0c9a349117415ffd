package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each command does what its name says; the image is sound afterwards.
final class CommandsTest {
  @TempDir Path dir;
  private Path image;

  @BeforeEach
  void makeImage() {
    image = dir.resolve("disk.img");
    ok("mkfs", "--size", "16M", "-L", "test", image);
  }

  @AfterEach
  void imageIsSound() throws IOException, InterruptedException {
    Shell.assertSound(image);
  }

  private String at(String path) {
    return image + ":" + path;
  }

  private void write(String path, String text) throws IOException {
    Path file = Files.writeString(dir.resolve("scratch"), text);
    ok("cp", file, at(path));
  }

  @Test
  void catWritesBytesAsTheyAre() throws IOException {
    byte[] bytes = new byte[300_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31);
    }
    Path file = Files.write(dir.resolve("bytes"), bytes);
    ok("cp", file, at("/f"));
    assertArrayEquals(bytes, ok("cat", at("/f")).bytes());
  }

  @Test
  void lsListsByNameAndInDetail() throws IOException {
    ok("mkdir", "-p", at("/d/e"));
    write("/d/b", "hello");
    ok("touch", at("/d/.hidden"));
    ok("ln", "-s", "b", at("/d/a"));
    ok("touch", "-d", "2020-01-02T03:04:05Z", at("/d/b"));
    assertEquals(List.of("a", "b", "e"), ok("ls", at("/d")).lines());
    assertEquals(List.of(".hidden", "a", "b", "e"), ok("ls", "-a", at("/d")).lines());
    List<String> lines = ok("ls", "-l", at("/d")).lines();
    assertTrue(lines.get(0).startsWith("lrwxrwxrwx 1 0 0"), lines.get(0));
    assertTrue(lines.get(0).endsWith("a -> b"), lines.get(0));
    assertEquals("-rw-r--r-- 1 0 0    5 2020-01-02 03:04 b", lines.get(1));
    String recursive = ok("ls", "-R", at("/d")).out();
    assertTrue(recursive.contains(at("/d/e") + ":"), recursive);
    String json = ok("ls", "--json", at("/d")).out();
    assertTrue(json.startsWith("[{\"name\":\"a\",\"path\":\"/d/a\",\"type\":\"symlink\""), json);
    assertTrue(json.contains("\"mtime\":\"2020-01-02T03:04:05Z\""), json);
  }

  @Test
  void treeDrawsWhatIsThere() throws IOException {
    ok("mkdir", "-p", at("/d/e"));
    write("/d/e/f", "x");
    List<String> lines = ok("tree", at("/d")).lines();
    assertEquals(
        List.of(at("/d"), "`-- e", "    `-- f", "", "1 directories, 1 files"), lines);
    assertTrue(ok("tree", "--json", at("/d")).out().contains("\"children\":[{\"name\":\"e\""));
  }

  @Test
  void rmRemovesTreesOnlyWhenAskedTo() throws IOException {
    ok("mkdir", "-p", at("/d/e"));
    write("/d/e/f", "x");
    assertEquals(1, Shell.run("rm", at("/d")).code());
    ok("rm", "-r", at("/d"));
    assertEquals(1, Shell.run("rm", at("/d")).code());
    ok("rm", "-f", at("/d"));
    ok("rm", "-rf", at("/d"));
    assertEquals(1, Shell.run("rm", "-r", at("/")).code());
  }

  @Test
  void mvRenamesAndMovesIntoDirectories() throws IOException {
    write("/a", "1");
    ok("mkdir", at("/d"));
    ok("mv", at("/a"), at("/b"));
    ok("mv", at("/b"), at("/d"));
    assertEquals("1", ok("cat", at("/d/b")).out());
    write("/c", "2");
    assertEquals(1, Shell.run("mv", "-n", at("/c"), at("/d/b")).code());
    ok("mv", "--exchange", at("/c"), at("/d/b"));
    assertEquals("1", ok("cat", at("/c")).out());
    assertEquals("2", ok("cat", at("/d/b")).out());
  }

  @Test
  void lnMakesBothKindsOfLinks() throws IOException {
    write("/f", "x");
    ok("ln", at("/f"), at("/g"));
    ok("ln", "-s", "f", at("/s"));
    assertTrue(ok("stat", at("/g")).out().contains("links: 2"));
    assertEquals("x", ok("cat", at("/s")).out());
    ok("ln", "-s", "-f", "g", at("/s"));
    assertTrue(ok("ls", "-l", at("/s")).out().contains("/s -> g"));
  }

  @Test
  void chmodTakesOctalAndLetters() throws IOException {
    write("/f", "x");
    ok("chmod", "4750", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("mode: 4750 -rwsr-x---"));
    ok("chmod", "u-s,g+w,o=r", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("mode: 0774 -rwxrwxr--"));
    ok("mkdir", "-p", at("/d/e"));
    ok("chmod", "-R", "go-rwx,u=rwX", at("/d"));
    assertTrue(ok("stat", at("/d/e")).out().contains("mode: 0700 drwx------"));
    assertEquals(2, Shell.run("chmod", "u+q", at("/f")).code());
  }

  @Test
  void chownTakesNumbers() throws IOException {
    write("/f", "x");
    ok("chown", "1000:70000", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("owner: 1000:70000"));
    ok("chown", ":5", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("owner: 1000:5"));
    assertEquals(2, Shell.run("chown", "nobody", at("/f")).code());
  }

  @Test
  void touchSetsTimesAndMakesFiles() {
    ok("touch", "-d", "@4000000000.5", at("/f"));
    String stat = ok("stat", at("/f")).out();
    assertTrue(stat.contains("modify: 2096-10-02T07:06:40.500Z"), stat);
    ok("touch", "-m", "-d", "1999-12-31", at("/f"));
    stat = ok("stat", at("/f")).out();
    assertTrue(stat.contains("access: 2096-10-02T07:06:40.500Z"), stat);
    assertTrue(stat.contains("modify: 1999-12-31T00:00:00Z"), stat);
    ok("touch", "-c", at("/none"));
    assertFalse(ok("ls", image).out().contains("none"));
  }

  @Test
  void sizesAndSpaceChange() {
    ok("truncate", "-s", "3M", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("size: 3145728 bytes in 0 on disk"));
    ok("truncate", "-s", "-1M", at("/f"));
    ok("fallocate", "-l", "1M", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("size: 2097152 bytes in 1048576 on disk"));
    ok("fallocate", "-p", "-o", "64K", "-l", "128K", at("/f"));
    assertTrue(ok("stat", at("/f")).out().contains("in 917504 on disk"));
    assertEquals(2, Shell.run("fallocate", "-p", "-z", "-l", "1", at("/f")).code());
  }

  @Test
  void dfAndDuCount() throws IOException {
    write("/f", "x".repeat(100_000));
    String before = ok("df", "-B", image).out();
    assertTrue(before.contains("Avail"), before);
    assertTrue(ok("du", "-s", "-B", image).out().endsWith("\t/\n"));
    String json = ok("df", "--json", image).out();
    assertTrue(json.contains("\"inodesFree\":"), json);
    assertEquals("98K\t/f\n", ok("du", image + ":/f").out());
  }

  @Test
  void xattrsAreKept() throws IOException {
    write("/f", "x");
    ok("xattr", "set", at("/f"), "user.a", "hello");
    ok("xattr", "set", at("/f"), "user.b", "0x00ff");
    assertEquals(
        List.of("user.a=\"hello\"", "user.b=0x00ff"), ok("xattr", "list", at("/f")).lines());
    assertArrayEquals(new byte[] {0, -1}, ok("xattr", "get", at("/f"), "user.b").bytes());
    ok("xattr", "rm", at("/f"), "user.a");
    assertEquals(1, Shell.run("xattr", "get", at("/f"), "user.a").code());
    assertEquals("{\"user.b\":\"AP8=\"}\n", ok("xattr", "list", "--json", at("/f")).out());
  }

  @Test
  void infoTellsInWords() {
    String info = ok("info", image).out();
    assertTrue(info.contains("kind:       ext4"), info);
    assertTrue(info.contains("label:      test"), info);
    assertTrue(info.contains("metadata_csum        all metadata has checksums"), info);
    assertTrue(info.contains("can be read and written"), info);
    assertTrue(ok("info", "--json", image).out().contains("\"features\":[\"has_journal\""));
  }

  @Test
  void cpCopiesIntoDirectoriesAndOverFiles() throws IOException {
    write("/f", "one");
    ok("mkdir", at("/d"));
    ok("cp", at("/f"), at("/d"));
    write("/d/f", "two is longer");
    write("/d/f", "3");
    assertEquals("3", ok("cat", at("/d/f")).out());
    ok("cp", "-n", at("/f"), at("/d"));
    assertEquals("3", ok("cat", at("/d/f")).out());
    assertEquals(1, Shell.run("cp", at("/d"), dir.resolve("out")).code());
    ok("cp", "-r", at("/d"), dir.resolve("out"));
    assertEquals("3", Files.readString(dir.resolve("out/f")));
    assertEquals(1, Shell.run("cp", "-r", at("/d"), at("/d/below")).code());
    assertEquals(1, Shell.run("cp", at("/f"), at("/f")).code());
  }

  @Test
  void helpAndCompletionNameEveryCommand() {
    String help = ok("--help").out();
    String completion = ok("completion").out();
    for (String command : List.of("build", "mkfs", "cp", "ls", "xattr", "fallocate", "du")) {
      assertTrue(help.contains("  " + command), help);
      assertTrue(completion.contains("_picocli_pagewright_" + command), command);
      assertTrue(ok(command, "--help").out().contains("Usage: pagewright " + command), command);
    }
    assertTrue(help.contains("Exit codes: 0 done"), help);
  }

  /// A disk of 40 MiB with two Linux partitions in its MBR.
  private static void partition(Path disk) throws IOException {
    ByteBuffer mbr = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    int[][] sectors = {{2048, 16 << 11}, {18 << 11, 8 << 11}};
    for (int i = 0; i < sectors.length; i++) {
      int at = 446 + 16 * i;
      mbr.put(at + 4, (byte) 0x83).putInt(at + 8, sectors[i][0]).putInt(at + 12, sectors[i][1]);
    }
    mbr.putShort(510, (short) 0xaa55);
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.write(mbr.array());
      file.setLength(40 << 20);
    }
  }

  @Test
  void partitionsAreImagesToo() throws IOException {
    Path disk = dir.resolve("parted.img");
    partition(disk);
    assertEquals(1, Shell.run("mkfs", disk).code());
    ok("mkfs", disk + "@1");
    ok("mkfs", disk + "@2");
    write("/f", "over");
    ok("cp", at("/f"), disk + "@1:/f");
    ok("cp", disk + "@1:/f", disk + "@2:/g");
    assertEquals("over", ok("cat", disk + "@2:/g").out());
    Shell.Result none = Shell.run("ls", disk + "@3:/");
    assertEquals(1, none.code());
    assertTrue(none.err().contains("no partition 3"), none.err());
    Shell.Result whole = Shell.run("ls", disk);
    assertEquals(3, whole.code());
    assertTrue(whole.err().contains(disk + "@1:/"), whole.err());
  }
}
