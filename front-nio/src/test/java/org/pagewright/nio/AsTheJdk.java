package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// The same operations on the JDK's own file system, on an image of ext4, on a volume in memory and
/// on a host's directory by our cache: results, exceptions and the tree that is left are the same.
///
/// Goal: code written for the JDK's provider behaves the same on ours. Method: a table of small
/// programs; each runs in an empty directory of each file system, and what it returns or throws is
/// compared with what the JDK's own does. Where we differ on purpose, the exception is a subclass.
/// There is a table for each subject.
abstract class AsTheJdk {
  /// One row: what is done in an empty directory.
  interface Program {
    Object run(Path dir) throws IOException;
  }

  /// A step of a row that tries several things.
  interface Action {
    void run() throws IOException;
  }

  private final Map<String, Program> rows = new TreeMap<>();

  @TempDir private Path temp;

  /// Fills the table.
  abstract void rows();

  final void row(String name, Program program) {
    assertEquals(null, rows.put(name, program), name);
  }

  // ---- What programs are made of ----------------------------------------------------------------

  /// The exception of an action, or "fine".
  static String outcome(Action action) {
    try {
      action.run();
      return "fine";
    } catch (IOException | RuntimeException e) {
      return name(e);
    }
  }

  /// What counts of an exception: its type. The JDK has IOException for some that are of files; we
  /// have FileSystemException for all of those, and FileSystemLoopException for a loop.
  private static String name(Throwable e) {
    boolean plain =
        e.getClass() == FileSystemException.class || e instanceof FileSystemLoopException;
    return plain ? IOException.class.getName() : e.getClass().getName();
  }

  /// Closes what a try closes again.
  static void closeEarly(java.io.Closeable closeable) throws IOException {
    closeable.close();
  }

  static String text(Path file) throws IOException {
    return Files.readString(file);
  }

  static Path write(Path file, String text) throws IOException {
    return Files.writeString(file, text);
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  /// Makes a file of each kind.
  static void fill(Path dir) throws IOException {
    FileSystem fs = dir.getFileSystem();
    write(dir.resolve("file"), "content of file");
    Files.setPosixFilePermissions(
        dir.resolve("file"), PosixFilePermissions.fromString("rwxr-x--x"));
    write(dir.resolve("other"), "other");
    Files.createDirectory(dir.resolve("empty"));
    Files.createDirectory(dir.resolve("empty2"));
    Files.createDirectory(dir.resolve("full"));
    write(dir.resolve("full/x"), "x");
    Files.createSymbolicLink(dir.resolve("link"), fs.getPath("file"));
    Files.createSymbolicLink(dir.resolve("broken"), fs.getPath("nothing"));
    Files.createLink(dir.resolve("hard"), dir.resolve("file"));
  }

  // ---- Running them -----------------------------------------------------------------------------

  /// Names, types, permissions, sizes, links and content below a directory.
  private static String tree(Path dir) throws IOException {
    StringBuilder out = new StringBuilder();
    try (Stream<Path> all = Files.walk(dir)) {
      for (Path path : all.sorted().toList()) {
        PosixFileAttributes a =
            Files.readAttributes(path, PosixFileAttributes.class, NOFOLLOW_LINKS);
        out.append(dir.relativize(path)).append(' ');
        out.append(a.isDirectory() ? 'd' : a.isSymbolicLink() ? 'l' : a.isOther() ? 'o' : '-');
        if (a.isSymbolicLink()) {
          out.append(" -> ").append(Files.readSymbolicLink(path));
        } else {
          out.append(PosixFilePermissions.toString(a.permissions()));
        }
        if (a.isRegularFile()) {
          byte[] content = Files.readAllBytes(path);
          out.append(' ').append(a.size()).append(' ').append(Arrays.hashCode(content));
          out.append(" x").append(Files.getAttribute(path, "unix:nlink"));
        }
        out.append('\n');
      }
    }
    return out.toString();
  }

  private static String run(Program program, Path dir) throws IOException {
    String result;
    try {
      Object value = program.run(dir);
      result = String.valueOf(value instanceof Path path ? dir.relativize(path) : value);
    } catch (IOException | RuntimeException e) {
      result = "throws " + name(e);
    }
    result += Thread.interrupted() ? " interrupted\n" : "\n";
    return result + tree(dir);
  }

  @TestFactory
  List<DynamicTest> theSameProgramsHaveTheSameResults() throws IOException {
    rows();
    Path host = Files.createDirectory(temp.resolve("reference"));
    Path cached = Files.createDirectory(temp.resolve("cached"));
    Path image = TestImages.make(temp.resolve("disk.img"), 64 << 20);
    Path mine = Files.createDirectory(temp.resolve("x"));
    int umask = 0777 & ~(int) Files.getAttribute(mine, "unix:mode"); // as this process has it
    Map<String, ?> env = Map.of("umask", umask);
    FileSystem disk = FileSystems.newFileSystem(image, env);
    FileSystem memory = VolumeFileSystem.inMemory("as-the-jdk", env);
    FileSystem directory = VolumeFileSystem.ofDirectory("by-us", cached, env);
    List<DynamicTest> tests = new ArrayList<>();
    rows.forEach(
        (name, program) ->
            tests.add(
                DynamicTest.dynamicTest(
                    name,
                    () -> {
                      String place = name.replace('/', '_');
                      String expected = run(program, Files.createDirectory(host.resolve(place)));
                      for (FileSystem fs : List.of(disk, memory, directory)) {
                        Path dir = Files.createDirectory(fs.getPath("/" + place));
                        assertEquals(expected, run(program, dir), () -> name + " on " + fs);
                      }
                    })));
    tests.add(
        DynamicTest.dynamicTest(
            "and all of them close",
            () -> {
              disk.close();
              memory.close();
              directory.close();
            }));
    return tests;
  }
}
