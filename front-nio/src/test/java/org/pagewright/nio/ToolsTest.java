package org.pagewright.nio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.block.PartitionBlockDevice;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;

/// Programs of the JDK's that walk, read and write trees of files by `java.nio.file`, on volumes of
/// ours; and files carried from one volume to another.
final class ToolsTest {
  @TempDir private Path dir;

  private Path image(String name) throws IOException {
    return TestImages.make(dir.resolve(name), 32 << 20);
  }

  @Test
  void theCompilerReadsSourcesFromAnImageAndWritesClassesToIt() throws Exception {
    try (FileSystem disk = FileSystems.newFileSystem(image("disk.img"))) {
      Path sources = Files.createDirectories(disk.getPath("/src/p"));
      Path classes = Files.createDirectory(disk.getPath("/classes"));
      for (int i = 0; i < 20; i++) {
        String next = i == 19 ? "0" : "new C" + (i + 1) + "().n() + 1";
        Files.writeString(
            sources.resolve("C" + i + ".java"),
            "package p; public class C" + i + " { public int n() { return " + next + "; } }");
      }
      JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
      StringWriter said = new StringWriter();
      try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, UTF_8)) {
        files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(classes));
        files.setLocationFromPaths(StandardLocation.SOURCE_PATH, List.of(disk.getPath("/src")));
        boolean done =
            compiler
                .getTask(
                    said, files, null, null, null,
                    files.getJavaFileObjects(sources.resolve("C0.java")))
                .call();
        assertTrue(done, said::toString);
      }
      assertEquals(20, Files.list(classes.resolve("p")).count());
      ClassLoader loader =
          new ClassLoader(null) {
            @Override
            protected Class<?> findClass(String name) throws ClassNotFoundException {
              try {
                byte[] code =
                    Files.readAllBytes(classes.resolve(name.replace('.', '/') + ".class"));
                return defineClass(name, code, 0, code.length);
              } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
              }
            }
          };
      Class<?> type = loader.loadClass("p.C0");
      assertEquals(19, type.getMethod("n").invoke(type.getConstructor().newInstance()));
    }
  }

  @Test
  void aZipFileSystemLivesInAnImage() throws IOException {
    byte[] noise = new byte[300_000];
    new Random(5).nextBytes(noise);
    try (FileSystem disk = FileSystems.newFileSystem(image("disk.img"))) {
      Path zip = disk.getPath("/a.zip");
      for (int round = 0; round < 3; round++) {
        Map<String, ?> env = Map.of("create", "true");
        try (FileSystem inside = FileSystems.newFileSystem(zip, env)) {
          Files.write(inside.getPath("noise" + round), noise);
          Files.createDirectories(inside.getPath("d/e"));
          Files.copy(zip.resolveSibling("/lost+found"), inside.getPath("d/" + round));
        }
      }
      try (FileSystem inside = FileSystems.newFileSystem(zip)) {
        assertArrayEquals(noise, Files.readAllBytes(inside.getPath("/noise0")));
        assertArrayEquals(noise, Files.readAllBytes(inside.getPath("/noise2")));
        try (Stream<Path> all = Files.walk(inside.getPath("/"))) {
          assertEquals(9, all.count());
        }
      }
    }
  }

  // ---- Trees ------------------------------------------------------------------------------------

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          private Path there(Path path) {
            return to.resolve(from.relativize(path).toString());
          }

          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(path, there(path));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(
                path,
                there(path),
                StandardCopyOption.COPY_ATTRIBUTES,
                LinkOption.NOFOLLOW_LINKS);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void deleteTree(Path top) throws IOException {
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(path);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path path, IOException failed)
              throws IOException {
            Files.delete(path);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static long assertSameTree(Path a, Path b) throws IOException {
    try (Stream<Path> all = Files.walk(a)) {
      List<Path> paths = all.toList();
      for (Path path : paths) {
        Path other = b.resolve(a.relativize(path).toString());
        if (Files.isSymbolicLink(path)) {
          assertEquals(
              Files.readSymbolicLink(path).toString(), Files.readSymbolicLink(other).toString());
        } else if (Files.isRegularFile(path)) {
          assertEquals(-1, Files.mismatch(path, other), path::toString);
          assertEquals(Files.getLastModifiedTime(path), Files.getLastModifiedTime(other));
        } else {
          assertTrue(Files.isDirectory(other));
        }
      }
      return paths.size();
    }
  }

  @Test
  void aTreeGoesFromTheHostToAnImageToMemoryAndBack() throws IOException {
    Random random = new Random(11);
    Path host = Files.createDirectory(dir.resolve("host"));
    for (int d = 0; d < 12; d++) {
      Path sub = Files.createDirectories(host.resolve("d" + d % 4 + "/e" + d));
      for (int f = 0; f < 15; f++) {
        byte[] content = new byte[random.nextInt(20_000)];
        random.nextBytes(content);
        Path file = Files.write(sub.resolve("f" + f), content);
        long second = 1_000_000_000L + random.nextInt(500_000_000);
        Files.setLastModifiedTime(
            file, FileTime.from(Instant.ofEpochSecond(second, random.nextInt(1_000_000_000))));
      }
    }
    try (FileSystem disk = FileSystems.newFileSystem(image("disk.img"));
        FileSystem memory = VolumeFileSystem.inMemory("tree", Map.of())) {
      Path onDisk = disk.getPath("/tree");
      Path inMemory = memory.getPath("/tree");
      copyTree(host, onDisk);
      Files.createSymbolicLink(onDisk.resolve("link"), disk.getPath("d0/e0"));
      copyTree(onDisk, inMemory);
      long size = assertSameTree(onDisk, inMemory);
      assertEquals(1 + 4 + 12 + 12 * 15 + 1, size);
      Files.delete(inMemory.resolve("link"));
      copyTree(inMemory, dir.resolve("back"));
      assertEquals(size - 1, assertSameTree(host, dir.resolve("back")));
      deleteTree(onDisk);
      assertFalse(Files.exists(onDisk));
    }
  }

  // ---- Two volumes ------------------------------------------------------------------------------

  @Test
  void movesBetweenTwoVolumesKeepWhatAFileIs() throws IOException {
    try (FileSystem a = FileSystems.newFileSystem(image("a.img"));
        FileSystem b = FileSystems.newFileSystem(image("b.img"))) {
      Path file = Files.writeString(a.getPath("/f"), "content");
      Files.setAttribute(file, "unix:uid", 77);
      Files.setAttribute(file, "unix:mode", 04750);
      Files.setAttribute(file, "user:note", "n".getBytes(UTF_8));
      FileTime time = FileTime.from(Instant.ofEpochSecond(1_600_000_000L, 5));
      Files.setLastModifiedTime(file, time);
      Path target = b.getPath("/g");
      assertThrows(
          AtomicMoveNotSupportedException.class,
          () -> Files.move(file, target, StandardCopyOption.ATOMIC_MOVE));
      assertThrows(java.nio.file.FileSystemException.class, () -> Files.createLink(target, file));
      Files.move(file, target);
      assertFalse(Files.exists(file));
      assertEquals("content", Files.readString(target));
      assertEquals(
          0104750, (int) Files.getAttribute(target, "unix:mode"), "set-id bits stay, as by mv");
      assertEquals(77, Files.getAttribute(target, "unix:uid"));
      assertEquals(time, Files.getLastModifiedTime(target));
      assertArrayEquals("n".getBytes(UTF_8), (byte[]) Files.getAttribute(target, "user:note"));

      Path empty = Files.createDirectory(a.getPath("/empty"));
      Files.move(empty, b.getPath("/empty"));
      Path full = Files.createDirectories(a.getPath("/full/x")).getParent();
      assertThrows(
          DirectoryNotEmptyException.class, () -> Files.move(full, b.getPath("/full")));
      Files.createSymbolicLink(a.getPath("/l"), a.getPath("nowhere"));
      assertThrows(
          FileAlreadyExistsException.class, () -> Files.move(a.getPath("/l"), target));
      Files.move(a.getPath("/l"), target, StandardCopyOption.REPLACE_EXISTING);
      assertEquals("nowhere", Files.readSymbolicLink(target).toString());
      assertFalse(Files.isSameFile(a.getPath("/"), b.getPath("/")));
    }
  }

  /// Where a file has a list of rights, the group bits of its mode are the list's mask: without the
  /// list its group would have all that the mask lets others have.
  @Test
  void listsOfRightsGoAlongWithCopiesAndMoves() throws IOException {
    byte[] list = // user::rw-, user:7:rwx, group::---, mask::rwx, other::---
        java.util.HexFormat.of()
            .parseHex(
                "02000000" + "01000600ffffffff" + "0200070007000000" + "04000000ffffffff"
                    + "10000700ffffffff" + "20000000ffffffff");
    String name = "system.posix_acl_access";
    try (VolumeFileSystem a = (VolumeFileSystem) FileSystems.newFileSystem(image("a.img"));
        VolumeFileSystem b = (VolumeFileSystem) FileSystems.newFileSystem(image("b.img"))) {
      Path file = Files.writeString(a.getPath("/f"), "content");
      a.volume().setXattr("/f", name, list, org.pagewright.vfs.XattrMode.SET, true);
      a.volume().setXattr("/f", "trusted.t", list, org.pagewright.vfs.XattrMode.SET, true);
      assertEquals(0100670, (int) Files.getAttribute(file, "unix:mode"));
      Files.copy(file, a.getPath("/g"), StandardCopyOption.COPY_ATTRIBUTES);
      assertArrayEquals(list, a.volume().getXattr("/g", name, true));
      Files.copy(file, a.getPath("/h"));
      assertEquals(null, a.volume().getXattr("/h", name, true));
      Files.move(file, b.getPath("/f"));
      assertArrayEquals(list, b.volume().getXattr("/f", name, true));
      assertArrayEquals(list, b.volume().getXattr("/f", "trusted.t", true));
      assertEquals(0100670, (int) Files.getAttribute(b.getPath("/f"), "unix:mode"));
    }
  }

  @Test
  void holesStayHolesInACopy() throws IOException {
    try (FileSystem disk = FileSystems.newFileSystem(image("disk.img"))) {
      Path file = disk.getPath("/sparse");
      try (java.nio.channels.FileChannel channel =
          java.nio.channels.FileChannel.open(
              file,
              java.nio.file.StandardOpenOption.CREATE_NEW,
              java.nio.file.StandardOpenOption.WRITE)) {
        channel.write(java.nio.ByteBuffer.wrap("head".getBytes(UTF_8)), 0);
        channel.write(java.nio.ByteBuffer.wrap("tail".getBytes(UTF_8)), 1L << 30);
      }
      Path copy = Files.copy(file, disk.getPath("/copy"));
      ((VolumeFileSystem) disk).volume().sync();
      assertEquals((1L << 30) + 4, Files.size(copy));
      assertEquals(-1, Files.mismatch(file, copy));
      long blocks = ((VolumeFileSystem) disk).volume().stat("/copy").blocks();
      assertTrue(blocks <= 64, () -> blocks + " blocks of 512 bytes");
    }
  }

  // ---- Partitions -------------------------------------------------------------------------------

  /// A disk with a table of two partitions, in the format of the PC's first sector.
  private Path disk(boolean second) throws IOException {
    Path file = dir.resolve("parted.img");
    byte[] sector = new byte[512];
    int[][] partitions = {{2048, 32768}, {34816, 32768}};
    for (int i = 0; i < (second ? 2 : 1); i++) {
      int at = 446 + 16 * i;
      sector[at + 4] = (byte) 0x83;
      for (int k = 0; k < 4; k++) {
        sector[at + 8 + k] = (byte) (partitions[i][0] >> 8 * k);
        sector[at + 12 + k] = (byte) (partitions[i][1] >> 8 * k);
      }
    }
    sector[510] = 0x55;
    sector[511] = (byte) 0xaa;
    try (FileBlockDevice device =
        FileBlockDevice.create(file, 34 << 20, FileBlockDevice.Options.READ_WRITE)) {
      device.write(0, java.lang.foreign.MemorySegment.ofArray(sector));
      for (int i = 0; i < (second ? 2 : 1); i++) {
        Mkfs.make(
            PartitionBlockDevice.window(
                device, "p" + i, partitions[i][0] * 512L, partitions[i][1] * 512L),
            new MkfsOptions());
      }
    }
    return file;
  }

  @Test
  void theOnlyPartitionWithAFileSystemIsFound() throws IOException {
    Path file = disk(false);
    try (FileSystem only = FileSystems.newFileSystem(file)) {
      Path path = Files.writeString(only.getPath("/f"), "x");
      assertTrue(path.toUri().toString().contains("parted.img@1!/f"), path.toUri()::toString);
      assertEquals(path, Path.of(path.toUri()));
    }
  }

  @Test
  void partitionsOfOneDiskAreOpenAtATime() throws IOException {
    Path file = disk(true);
    java.nio.file.FileSystemException several =
        assertThrows(
            java.nio.file.FileSystemException.class, () -> FileSystems.newFileSystem(file));
    assertTrue(several.getMessage().contains("`partition`"), several.getMessage());
    try (FileSystem one = FileSystems.newFileSystem(file, Map.of("partition", 1));
        FileSystem two = FileSystems.newFileSystem(file, Map.of("partition", "2"))) {
      Files.writeString(one.getPath("/f"), "one");
      Files.copy(one.getPath("/f"), two.getPath("/g"));
      assertEquals("one", Files.readString(two.getPath("/g")));
    }
    assertThrows(
        IOException.class, () -> FileSystems.newFileSystem(file, Map.of("partition", 3)));
    try (FileSystem two =
        FileSystems.newFileSystem(file, Map.of("partition", 2, "readOnly", true))) {
      assertEquals("one", Files.readString(two.getPath("/g")));
    }
  }
}
