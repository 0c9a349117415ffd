package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.Mounts;

/// The examples of docs/mount.md, run as they stand there in a folder of their own. Skipped where
/// nothing can be mounted.
@Timeout(400)
final class MountGuideTest {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\n(.*?)^```");

  @TempDir Path dir;

  @BeforeEach
  void assume() {
    MountedImage.assume();
  }

  private static List<String> blocks(String language) throws IOException {
    Path page = Path.of("docs/mount.md");
    Matcher m =
        BLOCK.matcher(Files.readString(Files.exists(page) ? page : Path.of("..").resolve(page)));
    List<String> blocks = new ArrayList<>();
    while (m.find()) {
      if (m.group(1).equals(language)) {
        blocks.add(m.group(2));
      }
    }
    return blocks;
  }

  @Test
  void theCommandsMakeMountUseAndUnmountAnImage() throws IOException {
    MountedImage.script(dir);
    List<String> blocks = blocks("");
    String first = blocks.getFirst();
    assertTrue(first.startsWith("./pagewright mkfs"), first);
    try {
      MountedImage.sh(first, dir);
    } finally {
      if (Mounts.at(dir.resolve("mnt")) != null) {
        Shell.run("umount", "--abort", dir.resolve("mnt"));
      }
    }
    assertNull(Mounts.at(dir.resolve("mnt")));
    assertEquals(
        Files.readString(Path.of("/etc/hosts")),
        Shell.ok("cat", dir.resolve("disk.img") + ":/hosts").out());
    String second = blocks.get(1);
    assertEquals("./pagewright mount --doctor", second.strip());
    String said = MountedImage.sh(second, dir);
    assertTrue(said.contains("/dev/fuse"), said);
  }

  /// In a process of its own, which waits for the end of the mount that this one brings about.
  @Test
  void theProgramHasAVolumeAndItsMount() throws Exception {
    Path image = dir.resolve("disk.img");
    Path point = Files.createDirectory(dir.resolve("mnt"));
    Shell.ok("mkfs", "--size", "64M", image);
    List<String> blocks = blocks("java");
    assertEquals(1, blocks.size());
    String source =
        """
        import java.nio.file.Path;
        import org.pagewright.block.*;
        import org.pagewright.fs.ext4.*;
        import org.pagewright.fuse.*;
        import org.pagewright.vfs.*;

        public class Guide {
          public static void main(String[] args) throws Exception {
            BlockDevice device =
                FileBlockDevice.open(Path.of(args[0]), FileBlockDevice.Options.READ_WRITE);
            CacheMemory memory = CacheMemory.ofBytes(64 << 20);
            FuseMount.Listener listener = System.err::println;
        """
            + blocks.getFirst()
                .replace("Path.of(\"/mnt\")", "Path.of(args[1])")
                .replace(
                    "    // work on the volume",
                    "    volume.mkdir(\"/made-by-the-program\", 0755);\n    break;")
            + "  }\n}\n";
    Path file = Files.writeString(dir.resolve("Guide.java"), source);
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                file.toString(),
                image.toString(),
                point.toString())
            .redirectErrorStream(true)
            .start();
    try {
      program.getOutputStream().close();
      String said =
          new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(program.waitFor(60, TimeUnit.SECONDS), "still there");
      assertEquals(0, program.exitValue(), said);
    } finally {
      program.destroyForcibly();
    }
    assertNull(Mounts.at(point));
    List<String> names = Shell.ok("ls", image + ":/").lines();
    assertTrue(names.stream().anyMatch(l -> l.contains("made-by-the-program")), names::toString);
  }
}
