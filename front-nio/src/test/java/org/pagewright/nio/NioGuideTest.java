package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The examples of docs/nio.md, docs/observe.md and the README, compiled and run as they stand
/// there, one after the other, on one image.
final class NioGuideTest {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```java\n(.*?)^```");

  private static final String IMPORTS =
      """
      import java.net.URI;
      import java.nio.ByteBuffer;
      import java.nio.channels.FileChannel;
      import java.nio.file.*;
      import java.nio.file.attribute.*;
      import java.util.*;
      import java.util.stream.*;
      import org.pagewright.block.BlockDevice;
      import org.pagewright.block.FileBlockDevice;
      import org.pagewright.fs.ext4.*;
      import org.pagewright.nio.*;
      import org.pagewright.observe.Published;
      import org.pagewright.vfs.CacheMemory;
      import org.pagewright.vfs.Volume;
      """;

  @TempDir private Path dir;

  private static Path repository() {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve("docs/nio.md"))) {
      at = at.getParent();
    }
    return at;
  }

  private static List<String> blocks(String file, String holding) throws Exception {
    List<String> blocks = new ArrayList<>();
    Matcher m = BLOCK.matcher(Files.readString(repository().resolve(file)));
    while (m.find()) {
      if (m.group(1).contains(holding)) {
        blocks.add(m.group(1));
      }
    }
    return blocks;
  }

  /// Makes a class of the examples, each a method, with the names of files made those of this test.
  private Class<?> compile(List<String> blocks) throws Exception {
    StringBuilder source = new StringBuilder(IMPORTS).append("public class Guide {\n");
    for (int i = 0; i < blocks.size(); i++) {
      String body =
          blocks
              .get(i)
              .replace("\"disk.img\"", "\"" + dir.resolve("disk.img") + "\"")
              .replace("\"directory\"", "\"" + dir.resolve("directory") + "\"");
      source.append("public static void run").append(i).append("() throws Exception {\n");
      source.append(body).append("}\n");
    }
    Path file = Files.writeString(dir.resolve("Guide.java"), source.append("}\n"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, UTF_8)) {
      List<String> options =
          List.of("-d", dir.toString(), "-cp", System.getProperty("java.class.path"));
      boolean done =
          compiler
              .getTask(said, files, null, options, null, files.getJavaFileObjects(file))
              .call();
      assertTrue(done, said::toString);
    }
    try (URLClassLoader loader = new URLClassLoader(new URL[] {dir.toUri().toURL()})) {
      return loader.loadClass("Guide");
    }
  }

  /// But for the one with a bean, which is in a module of its own and tested there.
  @Test
  void everyExampleOfObservingRuns() throws Exception {
    TestImages.make(dir.resolve("disk.img"), 64 << 20);
    List<String> blocks = blocks("docs/observe.md", "");
    blocks.removeIf(block -> block.contains("VolumeBean"));
    assertEquals(2, blocks.size());
    Class<?> guide = compile(blocks);
    for (int i = 0; i < blocks.size(); i++) {
      guide.getMethod("run" + i).invoke(null);
    }
  }

  @Test
  void everyExampleOfTheGuideRuns() throws Exception {
    TestImages.make(dir.resolve("disk.img"), 64 << 20);
    Files.createDirectory(dir.resolve("directory"));
    List<String> blocks = blocks("docs/nio.md", "");
    assertEquals(8, blocks.size());
    blocks.addAll(blocks("README.md", "FileSystems.newFileSystem"));
    assertEquals(9, blocks.size());
    Class<?> guide = compile(blocks);
    PrintStream out = System.out;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setOut(new PrintStream(said, true, UTF_8));
    try {
      for (int i = 0; i < blocks.size(); i++) {
        guide.getMethod("run" + i).invoke(null);
      }
    } finally {
      System.setOut(out);
    }
    String text = said.toString(UTF_8);
    assertTrue(text.contains("hello, disk\n"), text);
    assertTrue(text.contains("ENTRY_CREATE new"), text);
    assertTrue(text.contains("\n1000\n"), text);
    assertTrue(Files.exists(dir.resolve("directory/cached-by-us")));
  }
}
