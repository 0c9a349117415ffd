package org.pagewright.fs.ext4.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fs.ext4.testing.E2fs;

class DirHashTest {
  private static final String SEED = "01020304-f5f6-0708-898a-0b0c0d0e0f10";
  private static final Pattern HASH = Pattern.compile("is 0x([0-9a-f]+) \\(minor 0x([0-9a-f]+)\\)");

  @TempDir Path dir;

  @Test
  void everyVersionAgreesWithDebugfs() throws IOException {
    E2fs.assumeTools("debugfs");
    MemorySegment seed = MemorySegment.ofArray(new byte[16]);
    String hex = SEED.replace("-", "");
    for (int i = 0; i < 16; i++) {
      LittleEndian.put8(seed, i, Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16));
    }
    List<String> names = new ArrayList<>();
    for (int length = 1; length <= 70; length++) {
      names.add("abcdefghijklmnopqrstuvwxyz".repeat(4).substring(0, length));
      names.add("\u00e4\u00f6z\u00df\u20ac".repeat(20).substring(0, length));
    }
    names.add("x".repeat(255));
    List<Integer> versions = List.of(0, 1, 2, 3, 4, 5);
    StringBuilder script = new StringBuilder();
    for (String name : names) {
      for (int version : versions) {
        script.append("dx_hash -h ").append(version);
        script.append(" -s ").append(SEED).append(' ').append(name).append('\n');
      }
    }
    Path commands = Files.writeString(dir.resolve("commands"), script);
    Matcher m = HASH.matcher(E2fs.ok("debugfs", "-f", commands.toString()));
    for (String name : names) {
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      for (int version : versions) {
        assertTrue(m.find(), name);
        DirHash function = DirHash.of(version, seed, 0);
        assertNotNull(function);
        long hash = function.hash(bytes);
        assertEquals(m.group(1), Integer.toHexString(DirHash.major(hash)), version + " " + name);
        // The legacy hash has no minor half.
        assertEquals(m.group(2), Integer.toHexString(DirHash.minor(hash)), version + " " + name);
      }
    }
  }

  @Test
  void anUnknownVersionHasNoFunction() {
    MemorySegment seed = MemorySegment.ofArray(new byte[16]);
    assertNull(DirHash.of(6, seed, 0));
    assertNull(DirHash.of(-1, seed, 0));
  }
}
