package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
final class FilesAsTheJdkTest {
  /// One row: what is done in an empty directory.
  private interface Program {
    Object run(Path dir) throws IOException;
  }

  private static final String MODE = "unix:mode";

  private final Map<String, Program> rows = new TreeMap<>();

  private void row(String name, Program program) {
    assertEquals(null, rows.put(name, program), name);
  }

  private interface Action {
    void run() throws IOException;
  }

  /// The exception of an action, or "fine"; for rows that try several things.
  private static String outcome(Action action) {
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
  private static void closeEarly(java.io.Closeable closeable) throws IOException {
    closeable.close();
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file);
  }

  private static Path write(Path file, String text) throws IOException {
    return Files.writeString(file, text);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

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
    return result + "\n" + tree(dir);
  }

  @TempDir private Path temp;

  @TestFactory
  List<DynamicTest> theSameProgramsHaveTheSameResults() throws IOException {
    opening();
    channels();
    directories();
    copies();
    moves();
    links();
    attributes();
    streams();
    Path host = Files.createDirectory(temp.resolve("reference"));
    Path cached = Files.createDirectory(temp.resolve("cached"));
    Path image = TestImages.make(temp.resolve("disk.img"), 64 << 20);
    int open = 0777 & ~(int) Files.getAttribute(Files.createDirectory(temp.resolve("x")), MODE);
    Map<String, ?> env = Map.of("umask", open); // as this process has it
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

  // ---- The table --------------------------------------------------------------------------------

  private void opening() {
    List<Set<OpenOption>> sets =
        List.of(
            Set.of(),
            Set.of(READ),
            Set.of(WRITE),
            Set.of(READ, WRITE),
            Set.of(APPEND),
            Set.of(APPEND, READ),
            Set.of(APPEND, TRUNCATE_EXISTING),
            Set.of(WRITE, TRUNCATE_EXISTING),
            Set.of(READ, TRUNCATE_EXISTING),
            Set.of(WRITE, CREATE),
            Set.of(READ, CREATE),
            Set.of(WRITE, CREATE_NEW),
            Set.of(READ, CREATE_NEW),
            Set.of(WRITE, CREATE, CREATE_NEW),
            Set.of(WRITE, CREATE, SPARSE),
            Set.of(WRITE, CREATE_NEW, SPARSE, SYNC),
            Set.of(WRITE, CREATE, DSYNC),
            Set.of(WRITE, CREATE, DELETE_ON_CLOSE),
            Set.of(READ, DELETE_ON_CLOSE),
            Set.of(WRITE, NOFOLLOW_LINKS),
            Set.of(WRITE, CREATE, NOFOLLOW_LINKS),
            Set.of(READ, NOFOLLOW_LINKS));
    for (Set<OpenOption> options : sets) {
      List<String> names = new ArrayList<>(options.stream().map(Object::toString).toList());
      names.sort(null);
      String label = "open " + String.join(" ", names);
      for (String what : List.of("absent", "file", "dir", "link", "broken", "loop", "file-below")) {
        row(
            label + ", " + what,
            dir -> {
              write(dir.resolve("file"), "0123456789");
              Files.createDirectory(dir.resolve("dir"));
              Files.createSymbolicLink(dir.resolve("link"), dir.getFileSystem().getPath("file"));
              Files.createSymbolicLink(
                  dir.resolve("broken"), dir.getFileSystem().getPath("nothing"));
              Files.createSymbolicLink(dir.resolve("loop"), dir.getFileSystem().getPath("loop"));
              Path path = dir.resolve(what.equals("file-below") ? "file/below" : what);
              List<Object> seen = new ArrayList<>();
              try (SeekableByteChannel channel = Files.newByteChannel(path, options)) {
                seen.add(Files.exists(path));
                seen.add(channel.position());
                if (!Files.isDirectory(path)) {
                  seen.add(channel.size());
                }
                ByteBuffer buffer = ByteBuffer.allocate(4);
                seen.add(outcome(() -> seen.add(channel.read(buffer))));
                seen.add(outcome(() -> seen.add(channel.write(bytes("ab")))));
                seen.add(channel.position());
                seen.add(outcome(() -> channel.truncate(5)));
              }
              return seen;
            });
      }
    }
    row(
        "open with permissions",
        dir -> {
          var perms = PosixFilePermissions.fromString("rw-r-----");
          Files.newByteChannel(
                  dir.resolve("a"),
                  Set.of(CREATE, WRITE),
                  PosixFilePermissions.asFileAttribute(perms))
              .close();
          return null;
        });
  }

  private void channels() {
    row(
        "channel positions",
        dir -> {
          List<Object> seen = new ArrayList<>();
          Path file = dir.resolve("f");
          try (FileChannel c = FileChannel.open(file, CREATE_NEW, READ, WRITE)) {
            seen.add(c.write(bytes("hello world")));
            seen.add(c.position());
            seen.add(c.position(3).position());
            ByteBuffer five = ByteBuffer.allocate(5);
            seen.add(c.read(five));
            seen.add(new String(five.array(), UTF_8));
            seen.add(c.position());
            seen.add(c.read(five, 0));
            five.clear();
            seen.add(c.read(five, 9));
            seen.add(five.position());
            seen.add(c.read(ByteBuffer.allocate(3), 11));
            seen.add(c.read(ByteBuffer.allocate(3), 1000));
            seen.add(c.read(ByteBuffer.allocate(0), 1000));
            seen.add(c.position(1000).read(ByteBuffer.allocate(3)));
            seen.add(c.write(bytes("x")));
            seen.add(c.size());
            seen.add(c.write(bytes("yz"), 2000));
            seen.add(c.position());
            seen.add(c.size());
            seen.add(c.truncate(500).position());
            seen.add(c.truncate(5000).size());
            seen.add(outcome(() -> c.position(-1)));
            seen.add(outcome(() -> c.truncate(-1)));
            seen.add(outcome(() -> c.read(ByteBuffer.allocate(1), -1)));
            seen.add(outcome(() -> c.write(ByteBuffer.allocate(1), -1)));
            seen.add(outcome(() -> c.read(ByteBuffer.allocate(1).asReadOnlyBuffer())));
            seen.add(outcome(() -> c.read((ByteBuffer) null)));
            c.force(true);
            c.force(false);
          }
          return seen;
        });
    row(
        "closed channels",
        dir -> {
          FileChannel c = FileChannel.open(dir.resolve("f"), CREATE_NEW, WRITE, READ);
          c.close();
          c.close();
          return List.of(
              outcome(() -> c.read(ByteBuffer.allocate(1))),
              outcome(() -> c.read(ByteBuffer.allocate(1), 0)),
              outcome(() -> c.write(ByteBuffer.allocate(1))),
              outcome(c::position),
              outcome(() -> c.position(1)),
              outcome(c::size),
              outcome(() -> c.truncate(0)),
              outcome(() -> c.force(true)),
              outcome(c::lock),
              outcome(c::tryLock),
              outcome(() -> c.transferTo(0, 1, c)),
              outcome(() -> c.transferFrom(c, 0, 1)));
        });
    row(
        "channels that may not",
        dir -> {
          Path file = write(dir.resolve("f"), "0123456789");
          List<Object> seen = new ArrayList<>();
          try (FileChannel r = FileChannel.open(file, READ);
              FileChannel w = FileChannel.open(file, WRITE)) {
            seen.add(outcome(() -> r.write(bytes("x"))));
            seen.add(outcome(() -> r.write(bytes("x"), 0)));
            seen.add(outcome(() -> r.write(new ByteBuffer[] {bytes("x")})));
            seen.add(outcome(() -> r.truncate(0)));
            seen.add(outcome(() -> w.read(ByteBuffer.allocate(1))));
            seen.add(outcome(() -> w.read(ByteBuffer.allocate(1), 0)));
            seen.add(outcome(() -> w.read(new ByteBuffer[] {ByteBuffer.allocate(1)})));
            seen.add(outcome(() -> w.transferTo(0, 1, w)));
            seen.add(outcome(() -> r.transferFrom(r, 0, 1)));
            seen.add(outcome(() -> r.lock()));
            seen.add(outcome(() -> w.lock(0, 1, true)));
            seen.add(outcome(() -> r.lock(-1, 1, true)));
            seen.add(outcome(() -> r.transferTo(-1, 1, w)));
            seen.add(outcome(() -> r.transferTo(0, -1, w)));
            r.force(true);
          }
          return seen;
        });
    row(
        "scatter and gather",
        dir -> {
          List<Object> seen = new ArrayList<>();
          try (FileChannel c = FileChannel.open(dir.resolve("f"), CREATE_NEW, WRITE, READ)) {
            ByteBuffer direct = ByteBuffer.allocateDirect(3).put(bytes("def")).flip();
            ByteBuffer[] parts = {bytes("x"), bytes("abc"), bytes(""), direct, bytes("y")};
            seen.add(c.write(parts, 1, 3));
            seen.add(direct.remaining());
            seen.add(parts[4].remaining());
            seen.add(c.position());
            c.position(1);
            ByteBuffer[] into = {
              ByteBuffer.allocate(2), ByteBuffer.allocateDirect(0), ByteBuffer.allocate(10)
            };
            seen.add(c.read(into));
            seen.add(into[2].position());
            seen.add(c.read(into));
            seen.add(c.read(new ByteBuffer[0]));
            seen.add(outcome(() -> c.read(into, 2, 2)));
          }
          return seen;
        });
    row(
        "appending",
        dir -> {
          Path file = write(dir.resolve("f"), "0123");
          List<Object> seen = new ArrayList<>();
          try (FileChannel a = FileChannel.open(file, APPEND);
              FileChannel b = FileChannel.open(file, APPEND)) {
            seen.add(a.position());
            seen.add(a.write(bytes("ab")));
            seen.add(b.write(bytes("cd")));
            seen.add(a.position());
            a.position(0);
            seen.add(a.write(bytes("ef")));
            seen.add(b.position());
            seen.add(b.write(bytes("gh"), 1));
            seen.add(a.size());
            seen.add(a.truncate(3).position());
            seen.add(a.write(bytes("Z")));
          }
          return seen + text(file);
        });
    row(
        "transfers",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          Path to = dir.resolve("to");
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ, WRITE);
              FileChannel out = FileChannel.open(to, CREATE, WRITE, READ)) {
            seen.add(in.transferTo(5, 200000, out));
            seen.add(out.position());
            seen.add(in.position());
            seen.add(in.transferTo(299999, 10, out));
            seen.add(in.transferTo(300000, 10, out));
            seen.add(in.transferTo(400000, 10, out));
            seen.add(in.transferTo(0, 0, out));
            in.position(299000);
            seen.add(out.transferFrom(in, 7, 5000));
            seen.add(in.position());
            seen.add(out.position());
            seen.add(out.transferFrom(in, 0, 10));
            in.position(10);
            seen.add(out.transferFrom(in, out.size() + 1, 10));
            seen.add(out.transferFrom(in, out.size(), 10));
          }
          return seen;
        });
    row(
        "transfers to a file open to append",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789");
          Path to = write(dir.resolve("to"), "ab");
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(to, APPEND)) {
            seen.add(in.transferTo(2, 5, out));
            seen.add(out.position());
            seen.add(out.transferFrom(in, 0, 3));
            seen.add(in.position());
          }
          try (InputStream in = Files.newInputStream(from);
              OutputStream out = Files.newOutputStream(to, APPEND)) {
            seen.add(in.transferTo(out));
          }
          return seen + text(to);
        });
    row(
        "transfers with streams",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(dir.resolve("to"), CREATE_NEW, WRITE);
              InputStream stream = Files.newInputStream(from);
              java.nio.channels.ReadableByteChannel source =
                  java.nio.channels.Channels.newChannel(stream)) {
            seen.add(out.transferFrom(source, 0, 250000));
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            WritableByteChannel sink = java.nio.channels.Channels.newChannel(bytes);
            seen.add(in.transferTo(100000, 1000000, sink));
            seen.add(bytes.size());
          }
          return seen;
        });
    row(
        "transfers that fail in the middle",
        dir -> {
          Path from = write(dir.resolve("from"), "0123456789".repeat(30000));
          List<Object> seen = new ArrayList<>();
          try (FileChannel in = FileChannel.open(from, READ);
              FileChannel out = FileChannel.open(dir.resolve("to"), CREATE_NEW, WRITE)) {
            for (int good = 0; good < 2; good++) {
              Failing other = new Failing(good);
              seen.add(outcome(() -> seen.add(in.transferTo(0, 300000, other) > 0)));
              Failing another = new Failing(good);
              seen.add(outcome(() -> seen.add(out.transferFrom(another, 0, 300000))));
              seen.add(out.size());
            }
          }
          return seen;
        });
    row(
        "locks",
        dir -> {
          Path file = write(dir.resolve("f"), "0123456789");
          List<Object> seen = new ArrayList<>();
          try (FileChannel a = FileChannel.open(file, READ, WRITE);
              FileChannel b = FileChannel.open(file, READ, WRITE)) {
            FileLock lock = a.lock(0, 5, false);
            seen.add(lock.isValid());
            seen.add(outcome(() -> b.tryLock(4, 1, true)));
            seen.add(outcome(() -> a.lock(0, 1, true)));
            FileLock rest = b.tryLock(5, 0, true);
            seen.add(rest.isShared());
            seen.add(outcome(() -> a.tryLock(1000, 1, true)));
            lock.release();
            lock.release();
            seen.add(lock.isValid());
            seen.add(b.tryLock(0, 5, false).overlaps(3, 1));
            closeEarly(b);
            seen.add(rest.isValid());
            seen.add(outcome(rest::release));
            seen.add(a.lock().isValid());
          }
          return seen;
        });
    row(
        "sparse files",
        dir -> {
          Path file = dir.resolve("f");
          try (FileChannel c = FileChannel.open(file, CREATE_NEW, SPARSE, WRITE)) {
            c.write(bytes("end"), 1 << 20);
          }
          return Files.size(file);
        });
  }

  private void directories() {
    row(
        "making directories",
        dir -> {
          Path file = write(dir.resolve("f"), "");
          return List.of(
              outcome(() -> Files.createDirectory(dir.resolve("d"))),
              outcome(() -> Files.createDirectory(dir.resolve("d"))),
              outcome(() -> Files.createDirectory(file)),
              outcome(() -> Files.createDirectory(dir.resolve("x/y"))),
              outcome(() -> Files.createDirectory(file.resolve("y"))),
              outcome(() -> Files.createDirectories(dir.resolve("a/b/c"))),
              outcome(() -> Files.createDirectories(dir.resolve("a/b/c"))),
              outcome(() -> Files.createDirectories(file)),
              outcome(() -> Files.createDirectories(file.resolve("z"))),
              outcome(
                  () ->
                      Files.createDirectory(
                          dir.resolve("p"),
                          PosixFilePermissions.asFileAttribute(
                              PosixFilePermissions.fromString("rwx--x---")))),
              outcome(() -> Files.createDirectory(dir.getRoot())),
              outcome(() -> Files.createDirectory(dir.resolve("n".repeat(256)))),
              outcome(() -> Files.createDirectory(dir.resolve("n".repeat(255)))));
        });
    row(
        "deleting",
        dir -> {
          Files.createDirectories(dir.resolve("a/b"));
          write(dir.resolve("f"), "x");
          Files.createSymbolicLink(dir.resolve("l"), dir.getFileSystem().getPath("a"));
          return List.of(
              outcome(() -> Files.delete(dir.resolve("a"))),
              outcome(() -> Files.delete(dir.resolve("a/b"))),
              outcome(() -> Files.delete(dir.resolve("l"))),
              outcome(() -> Files.delete(dir.resolve("a"))),
              outcome(() -> Files.delete(dir.resolve("a"))),
              Files.deleteIfExists(dir.resolve("a")),
              Files.deleteIfExists(dir.resolve("f")),
              outcome(() -> Files.delete(dir.resolve("f/g"))));
        });
    row(
        "directory streams",
        dir -> {
          for (String name : List.of("a.txt", "b.txt", "c.bin", ".hidden")) {
            write(dir.resolve(name), name);
          }
          List<Object> seen = new ArrayList<>();
          try (DirectoryStream<Path> stream = Files.newDirectoryStream(dir, "*.txt")) {
            List<String> names = new ArrayList<>();
            stream.forEach(path -> names.add(dir.relativize(path).toString()));
            names.sort(null);
            seen.add(names);
            seen.add(outcome(stream::iterator));
          }
          DirectoryStream<Path> closed = Files.newDirectoryStream(dir);
          var iterator = closed.iterator();
          closed.close();
          closed.close();
          seen.add(outcome(closed::iterator));
          seen.add(outcome(() -> iterator.remove()));
          DirectoryStream<Path> failing =
              Files.newDirectoryStream(
                  dir,
                  path -> {
                    throw new FileSystemException("no");
                  });
          seen.add(outcome(() -> failing.iterator().next()));
          failing.close();
          seen.add(outcome(() -> Files.newDirectoryStream(dir.resolve("a.txt"))));
          seen.add(outcome(() -> Files.newDirectoryStream(dir.resolve("none"))));
          seen.add(outcome(() -> Files.newDirectoryStream(dir.resolve("a.txt/x"))));
          seen.add(outcome(() -> Files.newDirectoryStream(dir, "{")));
          return seen;
        });
    row(
        "walking",
        dir -> {
          Files.createDirectories(dir.resolve("a/b/c"));
          Files.createDirectories(dir.resolve("d"));
          write(dir.resolve("a/f"), "1");
          write(dir.resolve("a/b/g"), "2");
          Files.createSymbolicLink(dir.resolve("d/up"), dir.getFileSystem().getPath("../a"));
          Files.createSymbolicLink(dir.resolve("a/loop"), dir.getFileSystem().getPath("../a"));
          List<String> seen = new ArrayList<>();
          for (boolean follow : new boolean[] {false, true}) {
            List<String> visited = new ArrayList<>();
            Files.walkFileTree(
                dir,
                follow
                    ? EnumSet.of(FileVisitOption.FOLLOW_LINKS)
                    : EnumSet.noneOf(FileVisitOption.class),
                Integer.MAX_VALUE,
                new SimpleFileVisitor<>() {
                  @Override
                  public FileVisitResult visitFile(Path file, BasicFileAttributes attrs) {
                    visited.add(dir.relativize(file) + " " + attrs.isSymbolicLink());
                    return FileVisitResult.CONTINUE;
                  }

                  @Override
                  public FileVisitResult visitFileFailed(Path file, IOException e) {
                    visited.add(dir.relativize(file) + " " + e.getClass());
                    return FileVisitResult.CONTINUE;
                  }
                });
            visited.sort(null);
            seen.addAll(visited);
          }
          try (Stream<Path> found =
              Files.find(dir, 2, (path, a) -> a.isRegularFile())) {
            found.map(dir::relativize).map(Path::toString).sorted().forEach(seen::add);
          }
          try (Stream<Path> listed = Files.list(dir)) {
            seen.add("" + listed.count());
          }
          seen.add(outcome(() -> Files.walk(dir.resolve("none"))));
          return seen;
        });
    row(
        "secure directory streams",
        dir -> {
          Path a = Files.createDirectory(dir.resolve("a"));
          Path b = Files.createDirectory(dir.resolve("b"));
          FileSystem fs = dir.getFileSystem();
          write(a.resolve("f"), "content");
          Files.createDirectory(a.resolve("sub"));
          Files.createSymbolicLink(a.resolve("l"), fs.getPath("sub"));
          List<Object> seen = new ArrayList<>();
          try (SecureDirectoryStream<Path> in =
                  (SecureDirectoryStream<Path>) Files.newDirectoryStream(a);
              SecureDirectoryStream<Path> out =
                  (SecureDirectoryStream<Path>) Files.newDirectoryStream(b)) {
            Files.move(a, dir.resolve("moved"));
            try (SeekableByteChannel c =
                in.newByteChannel(fs.getPath("g"), Set.of(CREATE_NEW, WRITE))) {
              seen.add(c.write(bytes("new")));
            }
            seen.add(outcome(() -> in.newByteChannel(fs.getPath("l"), Set.of(NOFOLLOW_LINKS))));
            in.move(fs.getPath("f"), out, fs.getPath("h"));
            seen.add(
                out.getFileAttributeView(fs.getPath("h"), BasicFileAttributeView.class)
                    .readAttributes()
                    .size());
            seen.add(
                in.getFileAttributeView(BasicFileAttributeView.class)
                    .readAttributes()
                    .isDirectory());
            seen.add(
                in.getFileAttributeView(
                        fs.getPath("l"), BasicFileAttributeView.class, NOFOLLOW_LINKS)
                    .readAttributes()
                    .isSymbolicLink());
            in.getFileAttributeView(fs.getPath("g"), PosixFileAttributeView.class)
                .setPermissions(PosixFilePermissions.fromString("r--------"));
            try (SecureDirectoryStream<Path> below = in.newDirectoryStream(fs.getPath("sub"))) {
              below.newByteChannel(fs.getPath("z"), Set.of(CREATE, WRITE)).close();
              List<String> names = new ArrayList<>();
              below.forEach(path -> names.add(path.getFileName().toString()));
              seen.add(names);
              below.deleteFile(fs.getPath("z"));
            }
            seen.add(outcome(() -> in.deleteFile(fs.getPath("sub"))));
            seen.add(outcome(() -> in.deleteDirectory(fs.getPath("g"))));
            in.deleteDirectory(fs.getPath("sub"));
            in.deleteFile(fs.getPath("l"));
            seen.add(outcome(() -> in.deleteFile(fs.getPath("none"))));
            closeEarly(in);
            seen.add(outcome(() -> in.deleteFile(fs.getPath("g"))));
          }
          return seen;
        });
    row(
        "temporary files",
        dir -> {
          Path file = Files.createTempFile(dir, "p", ".s");
          Path made = Files.createTempDirectory(dir, "d");
          String name = file.getFileName().toString();
          boolean fits = name.startsWith("p") && name.endsWith(".s") && Files.isDirectory(made);
          Files.delete(file);
          Files.delete(made);
          return fits;
        });
  }

  private static void fill(Path dir) throws IOException {
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

  private static final List<String> SOURCES =
      List.of("file", "empty", "full", "link", "broken", "none");
  private static final List<String> TARGETS =
      List.of("new", "file", "other", "hard", "empty2", "full", "link", "broken", "none/x");

  private void copies() {
    List<CopyOption[]> options =
        List.of(
            new CopyOption[] {},
            new CopyOption[] {REPLACE_EXISTING},
            new CopyOption[] {NOFOLLOW_LINKS},
            new CopyOption[] {REPLACE_EXISTING, COPY_ATTRIBUTES, NOFOLLOW_LINKS},
            new CopyOption[] {ATOMIC_MOVE});
    for (CopyOption[] set : options) {
      for (String source : SOURCES) {
        for (String target : TARGETS) {
          row(
              "copy " + Arrays.toString(set) + " " + source + " to " + target,
              dir -> {
                fill(dir);
                Files.copy(dir.resolve(source), dir.resolve(target), set);
                return null;
              });
        }
      }
    }
    row(
        "copies keep attributes that are asked for",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          FileTime time = FileTime.from(Instant.ofEpochSecond(1000000000L, 123456789));
          Files.setLastModifiedTime(file, time);
          Files.copy(file, dir.resolve("g"), COPY_ATTRIBUTES);
          return Files.getLastModifiedTime(dir.resolve("g"));
        });
  }

  private void moves() {
    List<CopyOption[]> options =
        List.of(
            new CopyOption[] {},
            new CopyOption[] {REPLACE_EXISTING},
            new CopyOption[] {ATOMIC_MOVE},
            new CopyOption[] {COPY_ATTRIBUTES});
    Set<String> special = Set.of("empty to full"); // ours is DirectoryNotEmptyException
    for (CopyOption[] set : options) {
      for (String source : SOURCES) {
        for (String target : TARGETS) {
          if (set.length == 1
              && set[0] == ATOMIC_MOVE
              && special.contains(source + " to " + target)) {
            continue;
          }
          row(
              "move " + Arrays.toString(set) + " " + source + " to " + target,
              dir -> {
                fill(dir);
                Files.move(dir.resolve(source), dir.resolve(target), set);
                return null;
              });
        }
      }
    }
    row(
        "move below itself",
        dir -> {
          Path a = Files.createDirectory(dir.resolve("a"));
          Files.move(a, a.resolve("b"));
          return null;
        });
  }

  private void links() {
    row(
        "links",
        dir -> {
          FileSystem fs = dir.getFileSystem();
          fill(dir);
          Files.createSymbolicLink(dir.resolve("todir"), fs.getPath("full"));
          return List.of(
              outcome(() -> Files.createSymbolicLink(dir.resolve("link"), fs.getPath("x"))),
              outcome(() -> Files.createSymbolicLink(dir.resolve("e"), fs.getPath(""))),
              outcome(() -> Files.createLink(dir.resolve("h2"), dir.resolve("link"))),
              outcome(() -> Files.createLink(dir.resolve("h3"), dir.resolve("full"))),
              outcome(() -> Files.createLink(dir.resolve("file"), dir.resolve("other"))),
              outcome(() -> Files.createLink(dir.resolve("h4"), dir.resolve("none"))),
              outcome(() -> Files.readSymbolicLink(dir.resolve("file"))),
              outcome(() -> Files.readSymbolicLink(dir.resolve("none"))),
              Files.readSymbolicLink(dir.resolve("link")),
              text(dir.resolve("todir/x")),
              Files.isSameFile(dir.resolve("file"), dir.resolve("hard")),
              Files.isSameFile(dir.resolve("file"), dir.resolve("other")),
              Files.isSameFile(dir.resolve("link"), dir.resolve("file")),
              outcome(() -> Files.isSameFile(dir.resolve("file"), dir.resolve("none"))),
              Files.isSameFile(dir.resolve("none"), dir.resolve("none")),
              Files.isSymbolicLink(dir.resolve("link")),
              Files.exists(dir.resolve("broken")),
              Files.exists(dir.resolve("broken"), NOFOLLOW_LINKS),
              Files.notExists(dir.resolve("broken")));
        });
    row(
        "real paths",
        dir -> {
          FileSystem fs = dir.getFileSystem();
          Path real = dir.toRealPath();
          Files.createDirectories(dir.resolve("a/b"));
          Files.createSymbolicLink(dir.resolve("l"), fs.getPath("a/b"));
          Files.createSymbolicLink(dir.resolve("loop"), fs.getPath("loop"));
          write(dir.resolve("f"), "");
          List<Object> seen = new ArrayList<>();
          for (String text :
              List.of("l/../b", "a/./b/..", "l", "l/..", "loop", "none", "f/..", "f/x", "a/../l")) {
            for (LinkOption[] o : new LinkOption[][] {{}, {NOFOLLOW_LINKS}}) {
              seen.add(
                  outcome(
                      () -> seen.add(real.relativize(real.resolve(text).toRealPath(o)))));
            }
          }
          return seen;
        });
  }

  private void attributes() {
    row(
        "times",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          List<Object> seen = new ArrayList<>();
          for (Instant time :
              List.of(
                  Instant.ofEpochSecond(1234567890L, 987654321),
                  Instant.EPOCH,
                  Instant.ofEpochSecond(3000000000L, 5))) {
            Files.setLastModifiedTime(file, FileTime.from(time));
            seen.add(Files.getLastModifiedTime(file));
            BasicFileAttributeView view =
                Files.getFileAttributeView(file, BasicFileAttributeView.class);
            view.setTimes(null, FileTime.from(time), FileTime.from(time));
            seen.add(view.readAttributes().lastAccessTime());
            Files.setAttribute(file, "basic:lastAccessTime", FileTime.fromMillis(77));
            seen.add(Files.getAttribute(file, "lastAccessTime"));
          }
          FileTime epoch = FileTime.fromMillis(0);
          seen.add(outcome(() -> Files.setLastModifiedTime(dir.resolve("g"), epoch)));
          return seen;
        });
    row(
        "permissions",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          Files.createSymbolicLink(dir.resolve("l"), dir.getFileSystem().getPath("f"));
          List<Object> seen = new ArrayList<>();
          for (String text : List.of("rwxrwxrwx", "---------", "rw-r--r--")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(text));
            seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            seen.add(Files.isExecutable(file));
          }
          Files.setAttribute(file, "unix:mode", 04711);
          seen.add(Files.getAttribute(file, "unix:mode"));
          Files.setAttribute(
              dir.resolve("l"), "posix:permissions", PosixFilePermissions.fromString("rw-------"));
          seen.add(Files.getAttribute(file, "unix:mode"));
          return seen;
        });
    row(
        "attributes by name",
        dir -> {
          Path file = write(dir.resolve("f"), "12345");
          List<Object> seen = new ArrayList<>();
          seen.add(Files.readAttributes(file, "size,isDirectory").entrySet().stream().sorted(
              Map.Entry.comparingByKey()).toList());
          for (String all :
              List.of("*", "basic:*", "posix:*", "owner:*", "unix:*", "posix:size,*")) {
            seen.add(Files.readAttributes(file, all).keySet().stream().sorted().toList());
          }
          for (String wrong :
              List.of("none", "none:*", "posix:none", "owner:size", "", "basic:", "unix:ino,x")) {
            seen.add(outcome(() -> Files.readAttributes(file, wrong)));
          }
          for (String wrong : List.of("size", "posix:mode", "none:x", "unix:ino", "isDirectory")) {
            seen.add(outcome(() -> Files.setAttribute(file, wrong, 1L)));
          }
          seen.add(outcome(() -> Files.setAttribute(file, "lastModifiedTime", "now")));
          seen.add(outcome(() -> Files.setAttribute(file, "posix:permissions", Set.of("r"))));
          seen.add(outcome(() -> Files.setAttribute(file, "posix:owner", "me")));
          seen.add(outcome(() -> Files.readAttributes(dir.resolve("x"), "*")));
          seen.add(Files.getAttribute(file, "unix:nlink"));
          return seen;
        });
    row(
        "user attributes",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          UserDefinedFileAttributeView view =
              Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
          List<Object> seen = new ArrayList<>();
          seen.add(view.list());
          ByteBuffer value = bytes("value");
          seen.add(view.write("a", value));
          seen.add(value.remaining());
          Files.setAttribute(file, "user:b", bytes("2"));
          Files.setAttribute(file, "user:c", "3".getBytes(UTF_8));
          seen.add(view.list().stream().sorted().toList());
          seen.add(view.size("a"));
          ByteBuffer into = ByteBuffer.allocateDirect(10);
          seen.add(view.read("a", into));
          seen.add(into.position());
          seen.add(outcome(() -> view.read("a", ByteBuffer.allocate(2))));
          seen.add(outcome(() -> view.read("a", ByteBuffer.allocate(9).asReadOnlyBuffer())));
          seen.add(outcome(() -> view.read("none", ByteBuffer.allocate(2))));
          seen.add(outcome(() -> view.size("none")));
          seen.add(outcome(() -> view.delete("none")));
          view.delete("a");
          seen.add(new String((byte[]) Files.getAttribute(file, "user:b"), UTF_8));
          seen.add(Files.readAttributes(file, "user:*").keySet().stream().sorted().toList());
          Files.copy(file, dir.resolve("g"), COPY_ATTRIBUTES);
          seen.add(Files.readAttributes(dir.resolve("g"), "user:*").size());
          return seen;
        });
    row(
        "access",
        dir -> {
          Path file = write(dir.resolve("f"), "x");
          FileSystem fs = dir.getFileSystem();
          return List.of(
              Files.isReadable(file),
              Files.isWritable(file),
              Files.isExecutable(file),
              Files.isExecutable(dir),
              Files.isReadable(dir.resolve("none")),
              outcome(() -> fs.provider().checkAccess(dir.resolve("none"))),
              outcome(() -> fs.provider().checkAccess(file, AccessMode.EXECUTE)),
              Files.isHidden(file),
              Files.isHidden(dir.resolve(".x")),
              Files.isRegularFile(file),
              Files.isDirectory(file),
              outcome(() -> Files.getFileStore(dir.resolve("none"))),
              Files.getFileStore(file).supportsFileAttributeView("posix"),
              Files.getFileStore(file).getTotalSpace() > 0,
              outcome(() -> Files.getFileStore(file).getAttribute("none")));
        });
    row(
        "mismatch, size and owner",
        dir -> {
          Path a = write(dir.resolve("a"), "same same different");
          Path b = write(dir.resolve("b"), "same same Different");
          Files.setOwner(b, Files.getOwner(a));
          return List.of(Files.mismatch(a, b), Files.size(a), Files.probeContentType(a) == null);
        });
  }

  private void streams() {
    row(
        "reading and writing whole files",
        dir -> {
          Path file = dir.resolve("f");
          Files.write(file, List.of("one", "two"));
          Files.write(file, List.of("three"), APPEND);
          List<Object> seen = new ArrayList<>(Files.readAllLines(file));
          try (OutputStream out = Files.newOutputStream(file, APPEND)) {
            out.write(new byte[100000]);
          }
          try (InputStream in = Files.newInputStream(file)) {
            seen.add(in.skip(10));
            seen.add(in.available());
            seen.add(in.readAllBytes().length);
            seen.add(in.read());
          }
          try (BufferedReader reader = Files.newBufferedReader(file)) {
            seen.add(reader.readLine());
          }
          seen.add(outcome(() -> Files.newInputStream(dir.resolve("none"))));
          seen.add(outcome(() -> Files.newInputStream(file, WRITE)));
          seen.add(outcome(() -> Files.newOutputStream(file, READ)));
          seen.add(outcome(() -> Files.newOutputStream(dir)));
          seen.add(outcome(() -> Files.readAllBytes(dir)));
          seen.add(outcome(() -> Files.createFile(file)));
          seen.add(Files.copy(file, OutputStream.nullOutputStream()));
          seen.add(Files.copy(InputStream.nullInputStream(), dir.resolve("e")));
          seen.add(outcome(() -> Files.copy(InputStream.nullInputStream(), dir.resolve("e"))));
          return seen;
        });
  }

  /// A channel that ends with an error after some calls.
  private static final class Failing
      implements WritableByteChannel, java.nio.channels.ReadableByteChannel {
    private int good;

    Failing(int good) {
      this.good = good;
    }

    private void step() throws IOException {
      if (good-- <= 0) {
        throw new java.net.SocketException("gone");
      }
    }

    @Override
    public int write(ByteBuffer src) throws IOException {
      step();
      int n = src.remaining();
      src.position(src.limit());
      return n;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
      step();
      dst.put(bytes("some"));
      return 4;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
