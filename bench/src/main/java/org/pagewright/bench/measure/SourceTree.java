package org.pagewright.bench.measure;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Random;
import org.pagewright.bench.door.Doors;

/// A tree of files such as a system's: 300 MB in 880 files of 1 KiB to 4 MiB, 40 folders.
final class SourceTree implements AutoCloseable {
  private static final long BYTES = 300_000_000;
  private static final int FOLDERS = 40;

  private final Path top;

  private SourceTree(Path top) {
    this.top = top;
  }

  static SourceTree create() throws IOException {
    SourceTree tree = new SourceTree(Files.createTempDirectory(Doors.disk(), "pagewright-tree"));
    Random random = new Random(7);
    byte[] bytes = new byte[4 << 20];
    random.nextBytes(bytes);
    long total = 0;
    for (int i = 0; total < BYTES; i++) {
      Path folder = tree.top.resolve("folder" + i % FOLDERS);
      if (i < FOLDERS) {
        Files.createDirectory(folder);
      }
      // Sizes are spread evenly over their logarithm: many small files, most bytes in large ones.
      int size = (int) Math.min(Math.pow(2, 10 + 12 * Math.pow(random.nextDouble(), 1.6)),
          BYTES - total);
      Files.write(folder.resolve("file" + i), java.util.Arrays.copyOf(bytes, size));
      total += size;
    }
    return tree;
  }

  Path top() {
    return top;
  }

  @Override
  public void close() throws IOException {
    delete(top);
  }

  /// Deletes a folder and what is in it.
  static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, java.io.IOException failed)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /// Makes all files in a folder an hour older.
  static void age(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isRegularFile()) {
              FileTime old = attributes.lastModifiedTime();
              Files.setLastModifiedTime(file, FileTime.from(old.toInstant().minusSeconds(3600)));
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
