package org.pagewright.nio;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Directories: made, removed, listed, walked, and held open.
final class DirectoriesAsTheJdkTest extends AsTheJdk {
  @Override
  void rows() {
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
}
