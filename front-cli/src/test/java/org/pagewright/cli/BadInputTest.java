package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.BlockDevice;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.fs.ext4.disk.Superblock;

/// What cannot be done is said in two lines, with the path, the reason and the next step, and an
/// exit code of its own kind.
final class BadInputTest {
  @TempDir Path dir;

  private Path image(String size) {
    Path image = dir.resolve("disk.img");
    ok("mkfs", "--size", size, image);
    return image;
  }

  private static String refused(int code, String part, Object... args) {
    Shell.Result result = Shell.run(args);
    assertEquals(code, result.code(), result.err());
    assertTrue(result.err().contains(part), result.err());
    assertTrue(result.err().startsWith("pagewright"), result.err());
    assertTrue(result.err().contains("\n  next: "), result.err());
    assertFalse(result.err().contains("\tat ") || result.err().contains("    at "), result.err());
    assertEquals(2, result.err().lines().count(), result.err());
    return result.err();
  }

  @Test
  void usageIsChecked() {
    refused(2, "which command?");
    refused(2, "no such command: frobnicate", "frobnicate");
    refused(2, "--sixe", "mkfs", "--sixe", "1M", "x");
    refused(2, "`12Q` is no size", "mkfs", "--size", "12Q", dir.resolve("x.img"));
    refused(2, "no size for a new one", "mkfs", dir.resolve("x.img"));
    refused(2, "no operand is in an image", "cp", "a", "b");
    refused(2, "a path in an image begins with a slash", "ls", "disk.img:etc");
    refused(2, "is no time", "touch", "-d", "tomorrow", "x:/f");
    refused(2, "no such type", "mkfs", "-t", "btrfs", "--size", "1M", dir.resolve("x.img"));
    refused(2, "there is no such feature", "mkfs", "-O", "wings", "-s", "1M", dir.resolve("x"));
    refused(2, "--cache 1", "ls", "--cache", "1", "x");
    refused(2, "list, get, set or rm?", "xattr");
  }

  @Test
  void anImageThatIsNotThere() {
    String err = refused(1, "(ENOENT)", "ls", dir.resolve("none.img"));
    assertTrue(err.contains("pagewright mkfs"), err);
  }

  @Test
  void aFileThatIsNoImage() throws IOException {
    Path text = Files.writeString(dir.resolve("text"), "hello\n".repeat(1000));
    refused(3, "no ext2, ext3 or ext4", "ls", text);
    Path tiny = Files.writeString(dir.resolve("tiny"), "x");
    refused(3, "too small", "ls", tiny);
    refused(2, "(EISDIR)", "ls", dir);
  }

  @Test
  void anImageThatWasCutOff() throws IOException {
    Path image = image("16M");
    try (FileChannel file = FileChannel.open(image, StandardOpenOption.WRITE)) {
      file.truncate(5 << 20);
    }
    refused(4, image.toString(), "ls", image);
  }

  @Test
  void aSuperblockWithAWrongChecksum() throws IOException {
    Path image = image("16M");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(1024 + 0x78);
      file.write('x');
    }
    refused(4, "checksum", "ls", image);
    refused(4, "checksum", "info", image);
  }

  /// Something that could not be freed is counted, and is no damage that a note tells of.
  @Test
  void errorsThatAreOnlyCountedHaveNoFirst() throws IOException {
    Path image = image("16M");
    try (BlockDevice device =
        FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE)) {
      Superblock superblock = Superblock.read(device);
      superblock.putErrorCount(2);
      superblock.write(device);
    }
    String info = ok("info", image).out();
    assertTrue(info.contains("errors:     2\n"), info);
  }

  @Test
  void featuresThatAreNotSupportedAreNamed() throws IOException, InterruptedException {
    Shell.assume(Shell.has("mke2fs"), "no mke2fs to make odd images with");
    Path image = dir.resolve("odd.img");
    Shell.tool("mke2fs", "-q", "-O", "encrypt,casefold", image.toString(), "16M");
    refused(3, "encrypt", "ls", image);
    refused(3, "casefold", "ls", image);
    assertTrue(ok("info", image).out().contains("casefold"));
    Path quota = dir.resolve("quota.img");
    Shell.tool("mke2fs", "-q", "-t", "ext4", "-O", "quota", quota.toString(), "16M");
    ok("ls", quota);
    refused(3, "quota", "touch", quota + ":/f");
  }

  @Test
  void anImageInUseByAnotherProcess() throws IOException, InterruptedException {
    Path image = image("16M");
    // Java's file locks belong to the process: another program must hold this one.
    Shell.assume(Shell.has("python3"), "no python3 to lock the image with");
    Process holder =
        new ProcessBuilder(
                "python3",
                "-c",
                "import fcntl,sys\n"
                    + "f=open(sys.argv[1],'r+b')\n"
                    + "fcntl.lockf(f,fcntl.LOCK_EX)\n"
                    + "print('locked',flush=True)\n"
                    + "sys.stdin.read()",
                image.toString())
            .start();
    try {
      assertEquals('l', holder.getInputStream().read());
      refused(6, "in use by another process", "ls", image);
      refused(6, "in use by another process", "rm", image + ":/f");
    } finally {
      holder.getOutputStream().close();
      holder.waitFor();
    }
    ok("ls", image);
  }

  @Test
  void readOnlyIsKept() throws IOException {
    Path image = image("16M");
    byte[] before = Files.readAllBytes(image);
    refused(1, "(EROFS)", "--read-only", "touch", image + ":/f");
    ok("ls", "--read-only", image);
    ok("ls", image);
    assertArrayEquals(before, Files.readAllBytes(image));
  }

  @Test
  void whatCannotBeWrittenIsToBeMountedWithTheOptionForIt()
      throws IOException, InterruptedException {
    Path image = image("16M");
    Path point = Files.createDirectory(dir.resolve("point"));
    Path outer = dir.resolve("outer.img");
    ok("mkfs", "--size", "64M", outer);
    ok("cp", image, outer + ":/inner.img");
    Shell.assume(Shell.has("tune2fs"), "no tune2fs");
    assertEquals(0, Shell.tool("tune2fs", "-O", "read-only", image.toString()).code());
    String next = "next: mount it with `-o ro` to read it";
    refused(3, next, "mount", image, point);
    Shell.mounted(
        outer, dir, at -> refused(1, next, "mount", at.resolve("inner.img"), point));
  }

  @Test
  void aNameThatIsTooLong() {
    Path image = image("16M");
    refused(1, "(ENAMETOOLONG)", "mkdir", image + ":/" + "n".repeat(256));
  }

  @Test
  void symbolicLinksInACircle() {
    Path image = image("16M");
    ok("ln", "-s", "b", image + ":/a");
    ok("ln", "-s", "a", image + ":/b");
    refused(1, image + ":/a/x", "cat", image + ":/a/x");
    refused(1, "(ELOOP)", "cat", image + ":/a");
  }

  @Test
  void whatIsNotThereOrInTheWay() {
    Path image = image("16M");
    refused(1, image + ":/none: no such file or directory (ENOENT)", "cat", image + ":/none");
    refused(1, "(EISDIR)", "cat", image + ":/");
    ok("mkdir", image + ":/d");
    refused(1, "(EEXIST)", "mkdir", image + ":/d");
    ok("touch", image + ":/f");
    refused(1, "(ENOTDIR)", "touch", image + ":/f/g");
    refused(1, "(EEXIST)", "mkfs", image);
    ok("mkfs", "--force", image);
  }

  @Test
  void anImageThatFillsUpKeepsWhatWasCopied() throws IOException, InterruptedException {
    Path image = image("4M");
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Random random = new Random(1);
    byte[] bytes = new byte[900_000];
    for (int i = 0; i < 10; i++) {
      random.nextBytes(bytes);
      Files.write(tree.resolve("f" + i), bytes);
    }
    String err = refused(5, "(ENOSPC)", "cp", "-r", tree, image + ":/");
    assertTrue(err.contains(image + ":/tree/f"), err);
    Shell.assertSound(image);
    Path out = dir.resolve("f0");
    ok("cp", image + ":/tree/f0", out);
    assertEquals(-1, Files.mismatch(tree.resolve("f0"), out));
  }

  @Test
  void theStackIsShownOnlyWhenAskedFor() {
    Path image = image("16M");
    Shell.Result result = Shell.run("--stacktrace", "cat", image + ":/none");
    assertEquals(1, result.code());
    assertTrue(result.err().contains("    at org.pagewright."), result.err());
  }

  @Test
  void oneFileThatCannotBeCopiedDoesNotKeepTheOthers() throws IOException {
    Path image = image("16M");
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Files.writeString(tree.resolve("a"), "a");
    Files.writeString(tree.resolve("b"), "b");
    Files.writeString(tree.resolve("c"), "c");
    ok("mkdir", "-p", image + ":/tree/b");
    String inTheWay = image + ":/tree/b: is a directory (EISDIR)";
    String err = refused(1, inTheWay, "cp", "-r", tree, image + ":/");
    assertTrue(err.startsWith("pagewright cp: "), err);
    assertEquals("ac", ok("cat", image + ":/tree/a", image + ":/tree/c").out());
    Path out = Files.createDirectories(dir.resolve("out"));
    Files.createDirectories(out.resolve("tree/a"));
    refused(1, "out/tree/a: is a directory (EISDIR)", "cp", "-r", image + ":/tree", out);
    assertEquals("c", Files.readString(out.resolve("tree/c")));
    refused(1, "none: no such file", "cp", dir.resolve("none"), tree.resolve("a"), image + ":/");
    assertEquals("a", ok("cat", image + ":/a").out());
  }

  @Test
  void oneOperandThatFailsDoesNotKeepTheOthers() {
    Path image = image("16M");
    ok("touch", image + ":/f");
    ok("touch", image + ":/g");
    Shell.Result list = Shell.run("stat", image + ":/none", image + ":/f", image + ":/no");
    assertEquals(1, list.code());
    assertTrue(list.out().contains(image + ":/f"), list.out());
    assertEquals(4, list.err().lines().count(), list.err());
    refused(1, image + ":/none: no such", "rm", image + ":/none", image + ":/f", image + ":/g");
    assertEquals("lost+found\n", ok("ls", image).out());
    refused(1, "give -r", "rm", image + ":/lost+found");
  }

  @Test
  void aPlaceForAnImageThatIsNone() throws IOException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Path nowhere = dir.resolve("none").resolve("disk.img");
    String err =
        refused(1, "none: no such directory (ENOENT)", "build", "--from", tree, "-o", nowhere);
    assertTrue(err.contains("mkdir -p"), err);
    refused(1, "(EISDIR)", "build", "--from", tree, "-o", dir);
  }

  @Test
  void anImageThatWasNotClosedIsReadAfterItsJournalWasReplayed() throws IOException {
    Path image = dir.resolve("disk.img");
    ok("mkfs", "--size", "16M", "-O", "^metadata_csum", image);
    ok("touch", image + ":/f");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(1024 + 0x60);
      int features = file.read();
      file.seek(1024 + 0x60);
      file.write(features | 4);
    }
    refused(4, "must be replayed", "ls", "--read-only", image);
    assertEquals("f\nlost+found\n", ok("ls", image).out());
    ok("ls", "--read-only", image);
  }

  @Test
  void aPartitionIsNoNameForANewImage() throws IOException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Path image = image("16M");
    String err = refused(2, "is a partition", "build", "--from", tree, "-o", image + "@1");
    assertTrue(err.contains("cp -a"), err);
  }
}
