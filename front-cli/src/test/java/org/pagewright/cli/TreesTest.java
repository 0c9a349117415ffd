package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.cli.image.Cancellation;

/// Whole trees into images, between them and out again.
final class TreesTest {
  @TempDir Path dir;

  private static void assertSame(
      SortedMap<String, String> expected, SortedMap<String, String> actual) {
    SortedMap<String, String> left = new TreeMap<>(expected);
    left.entrySet().removeAll(actual.entrySet());
    SortedMap<String, String> more = new TreeMap<>(actual);
    more.entrySet().removeAll(expected.entrySet());
    assertEquals(left.toString(), more.toString());
  }

  @Test
  void theKernelSeesTheTreeThatWasBuilt() throws IOException, InterruptedException {
    Path tree = SampleTree.make(dir.resolve("tree"));
    for (List<String> options :
        List.of(
            List.<String>of(),
            List.of("-b", "1024"),
            List.of("-t", "ext2"),
            List.of("-O", "^metadata_csum,^64bit"))) {
      Path image = dir.resolve("built.img");
      List<Object> command = new ArrayList<>(List.of("build", "--from", tree));
      command.addAll(List.of("-o", image, "--force"));
      command.addAll(options);
      ok(command.toArray());
      Shell.assertSound(image);
      Shell.mounted(image, dir, point -> assertSame(TreeDump.of(tree), TreeDump.of(point)));
    }
  }

  @Test
  void aTreeSurvivesTheWayThroughTwoImages() throws IOException, InterruptedException {
    Path tree = SampleTree.make(dir.resolve("tree"));
    Path first = dir.resolve("first.img");
    Path second = dir.resolve("second.img");
    ok("mkfs", "--size", "64M", first);
    ok("mkfs", "--size", "80M", "-b", "4096", second);
    ok("cp", "-a", tree, first + ":/");
    ok("cp", "-a", first + ":/tree", second + ":/copy");
    Path out = Files.createDirectory(dir.resolve("out"));
    ok("cp", "-a", second + ":/copy", out);
    assertSame(TreeDump.of(tree), TreeDump.of(out.resolve("copy")));
    Shell.assertSound(first);
    Shell.assertSound(second);
    Shell.mounted(
        second, dir, point -> assertSame(TreeDump.of(tree), TreeDump.of(point.resolve("copy"))));
  }

  @Test
  void theSameInputGivesTheSameBytes() throws IOException {
    Path tree = SampleTree.make(dir.resolve("tree"));
    Path one = dir.resolve("one.img");
    Path two = dir.resolve("two.img");
    ok("build", "--from", tree, "-o", one, "--time", "1700000000");
    TreeDump.of(tree); // reads every file, which changes access times
    ok("build", "--from", tree, "-o", two, "--time", "1700000000");
    assertEquals(-1, Files.mismatch(one, two));
  }

  @Test
  void anImageOfAutomaticSizeIsNearlyFull() throws IOException, InterruptedException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    for (int i = 0; i < 40; i++) {
      Files.write(tree.resolve("f" + i), new byte[] {1, 2, 3});
      byte[] bytes = new byte[500_000];
      new Random(i).nextBytes(bytes);
      Files.write(tree.resolve("g" + i), bytes);
    }
    Path image = dir.resolve("built.img");
    ok("build", "--from", tree, "-o", image, "-O", "^has_journal");
    assertTrue(Files.size(image) < 22 << 20, Files.size(image) + " bytes for 20 MB");
    Shell.assertSound(image);
  }

  @Test
  void aBuildThatFailsLeavesNothingBehind() throws IOException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Files.write(tree.resolve("big"), new byte[] {1});
    byte[] bytes = new byte[3 << 20];
    Arrays.fill(bytes, (byte) 1);
    Files.write(tree.resolve("bigger"), bytes);
    Path image = dir.resolve("built.img");
    Shell.Result result = Shell.run("build", "--from", tree, "-o", image, "--size", "2M");
    assertEquals(5, result.code(), result.err());
    assertTrue(result.err().contains("does not fit into 2.0M"), result.err());
    try (var files = Files.list(dir)) {
      assertEquals(List.of(tree), files.toList());
    }
  }

  @Test
  void whatComesOutOfAnImageIsNotWrittenThroughALinkOfTheHost() throws IOException {
    Path image = dir.resolve("i.img");
    ok("mkfs", "--size", "8M", image);
    ok("touch", image + ":/f");
    Path victim = Files.writeString(dir.resolve("victim"), "mine");
    Path out = Files.createDirectory(dir.resolve("out"));
    Files.createSymbolicLink(out.resolve("f"), victim);
    ok("cp", image + ":/f", out);
    assertEquals("mine", Files.readString(victim));
    assertTrue(Files.isRegularFile(out.resolve("f"), LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void anInterruptStopsAndLeavesASoundImage() throws IOException, InterruptedException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    Files.writeString(tree.resolve("f"), "x");
    Path image = dir.resolve("i.img");
    ok("mkfs", "--size", "8M", image);
    Cancellation cancellation = new Cancellation();
    cancellation.request();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Main main = new Main(OutputStream.nullOutputStream(), err, cancellation);
    assertEquals(1, main.run("cp", "-r", tree.toString(), image + ":/"));
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("(EINTR)"), err.toString());
    Shell.assertSound(image);
    String built = dir.resolve("b.img").toString();
    assertEquals(1, main.run("build", "--from", tree.toString(), "-o", built));
    try (var files = Files.list(dir)) {
      assertEquals(2, files.count());
    }
  }

  /// A build that was killed leaves an unfinished image, under a name that tells the process.
  @Test
  void buildClearsWhatKilledBuildsOfTheSameImageLeft() throws IOException {
    Path tree = Files.createDirectory(dir.resolve("tree"));
    long nobody = 4_194_305; // one more than Linux gives
    Path left = Files.write(dir.resolve(".x.img." + nobody + ".new"), new byte[8192]);
    List<Path> kept =
        List.of(
            dir.resolve(".y.img." + nobody + ".new"),
            dir.resolve(".x.img.1.new"),
            dir.resolve(".x.img.new"),
            dir.resolve(".x.img.old" + nobody + ".new"));
    for (Path path : kept) {
      Files.write(path, new byte[8192]);
    }
    ok("build", "--from", tree, "-o", dir.resolve("x.img"));
    assertFalse(Files.exists(left));
    for (Path path : kept) {
      assertTrue(Files.exists(path), path.toString());
    }
  }
}
