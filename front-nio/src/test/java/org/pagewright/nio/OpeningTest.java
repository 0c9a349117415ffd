package org.pagewright.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.ProviderNotFoundException;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.observe.Published;
import org.pagewright.observe.VolumeReport;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// How file systems are opened, found, shared and closed.
final class OpeningTest {
  @TempDir private Path dir;

  private Path image() throws IOException {
    return TestImages.make(dir.resolve("disk.img"), 16 << 20);
  }

  @Test
  void theJdkFindsTheProviderOfAnImageByItself() throws IOException {
    Path image = image();
    try (FileSystem disk = FileSystems.newFileSystem(image)) {
      assertInstanceOf(VolumeFileSystem.class, disk);
      Files.writeString(disk.getPath("/hello"), "hello, disk\n");
    }
    try (FileSystem disk = FileSystems.newFileSystem(image)) {
      assertEquals("hello, disk\n", Files.readString(disk.getPath("/hello")));
    }
  }

  @Test
  void aFileThatIsNoImageIsLeftToOtherProviders() throws IOException {
    Path text = Files.writeString(dir.resolve("text"), "no image".repeat(1000));
    assertThrows(ProviderNotFoundException.class, () -> FileSystems.newFileSystem(text));
    Path empty = Files.createFile(dir.resolve("empty"));
    assertThrows(ProviderNotFoundException.class, () -> FileSystems.newFileSystem(empty));
    PagewrightFileSystemProvider provider = PagewrightFileSystemProvider.installed();
    for (Path other : new Path[] {text, empty, dir, dir.resolve("missing")}) {
      // Whatever the map says: it may be meant for another provider.
      assertThrows(
          UnsupportedOperationException.class,
          () -> provider.newFileSystem(other, Map.of("create", "true")));
    }
    Path zip = dir.resolve("a.zip");
    try (FileSystem made = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.writeString(made.getPath("x"), "y");
    }
    try (FileSystem opened = FileSystems.newFileSystem(zip)) {
      assertEquals("y", Files.readString(opened.getPath("x")));
    }
  }

  @Test
  void anImageIsOpenOnceInAProcessAndFoundByItsUri() throws IOException {
    Path image = image();
    try (FileSystem disk = FileSystems.newFileSystem(image)) {
      assertThrows(
          FileSystemAlreadyExistsException.class, () -> FileSystems.newFileSystem(image));
      Path file = disk.getPath("/a b/100%!/\u00e4@1");
      URI uri = file.toUri();
      assertEquals(file, Paths.get(uri), uri.toString());
      assertTrue(uri.toString().startsWith("pagewright:file:///"), uri.toString());
      URI whole = URI.create("pagewright:" + image.toUri());
      assertSame(disk, FileSystems.getFileSystem(whole));
      assertSame(disk, FileSystems.getFileSystem(URI.create(whole + "!/")));
    }
    assertThrows(
        FileSystemNotFoundException.class,
        () -> FileSystems.getFileSystem(URI.create("pagewright:" + image.toUri())));
  }

  private static List<String> published() {
    return Published.report().volumes().stream().map(VolumeReport::name).toList();
  }

  @Test
  void aFileSystemIsPublishedIfItIsAskedTo() throws IOException {
    Path image = image();
    String name = image.toRealPath().toString();
    try (FileSystem disk = FileSystems.newFileSystem(image)) {
      assertTrue(disk.isOpen());
      assertFalse(published().contains(name));
    }
    try (FileSystem disk = FileSystems.newFileSystem(image, Map.of("publish", "true"));
        FileSystem scratch = VolumeFileSystem.inMemory("told", Map.of("publish", true))) {
      assertTrue(disk.isOpen() && scratch.isOpen());
      assertTrue(published().containsAll(List.of(name, "told")), published().toString());
    }
    assertFalse(published().contains(name) || published().contains("told"));
  }

  @Test
  void aUriOpensAnImageOrMakesAVolumeInMemory() throws IOException {
    Path image = image();
    URI uri = URI.create("pagewright:" + image.toUri());
    try (FileSystem disk = FileSystems.newFileSystem(uri, Map.of())) {
      assertTrue(Files.isDirectory(disk.getPath("/lost+found")));
    }
    URI missing = URI.create("pagewright:" + dir.resolve("missing").toUri());
    assertThrows(
        NoSuchFileException.class, () -> FileSystems.newFileSystem(missing, Map.of()));
    Path text = Files.writeString(dir.resolve("text"), "no image");
    URI wrong = URI.create("pagewright:" + text.toUri());
    assertThrows(FileSystemException.class, () -> FileSystems.newFileSystem(wrong, Map.of()));

    URI scratch = URI.create("pagewright://scratch");
    try (FileSystem memory = FileSystems.newFileSystem(scratch, Map.of("cacheBytes", "1M"))) {
      Files.writeString(memory.getPath("/a"), "b");
      assertEquals("b", Files.readString(Path.of(URI.create("pagewright://scratch/a"))));
      assertEquals(URI.create("pagewright://scratch/a"), memory.getPath("a").toUri());
    }
    for (String bad :
        new String[] {
          "pagewright:x", "pagewright:///x", "pagewright://n?q", "pagewright:http://h/x!/",
          "pagewright://n/#f", "file:///x"
        }) {
      PagewrightFileSystemProvider provider = PagewrightFileSystemProvider.installed();
      assertThrows(
          IllegalArgumentException.class, () -> provider.getPath(URI.create(bad)), bad);
    }
  }

  @Test
  void aHostsDirectoryIsAVolume() throws IOException {
    Path host = Files.createDirectory(dir.resolve("host"));
    try (FileSystem files = VolumeFileSystem.ofDirectory("host", host, Map.of())) {
      Files.writeString(files.getPath("/a"), "b");
    }
    assertEquals("b", Files.readString(host.resolve("a")));
  }

  @Test
  void aHostsFileIsWrittenAlsoAfterItsNameHasGone() throws IOException {
    Path host = Files.createDirectory(dir.resolve("host"));
    try (FileSystem files = VolumeFileSystem.ofDirectory("nameless", host, Map.of());
        FileChannel channel =
            FileChannel.open(
                files.getPath("/a"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE,
                StandardOpenOption.READ,
                StandardOpenOption.DELETE_ON_CLOSE)) {
      assertEquals(3, channel.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3})));
      channel.force(true);
      assertEquals(3, channel.read(java.nio.ByteBuffer.allocate(9), 0));
    }
  }

  @Test
  void anOpenVolumeIsSharedAndStaysOpen() throws IOException {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume =
            org.pagewright.ramfs.Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
      volume.mkdir("/d", 0755);
      try (FileSystem root = VolumeFileSystem.of("root", volume, Map.of());
          FileSystem user = VolumeFileSystem.of("user", volume, Map.of("user", "7:8"))) {
        assertThrows(
            java.nio.file.AccessDeniedException.class,
            () -> Files.createFile(user.getPath("/d/f")));
        Files.setOwner(
            root.getPath("/d"),
            root.getUserPrincipalLookupService().lookupPrincipalByName("7"));
        Files.createFile(user.getPath("/d/f"));
        assertEquals("7", Files.getOwner(root.getPath("/d/f")).getName());
        assertTrue(Files.isSameFile(root.getPath("/d/f"), user.getPath("/d/f")));
      }
      assertTrue(volume.exists("/d/f"));
    }
  }

  @Test
  void whatIsOpenedForReadingRefusesChanges() throws IOException {
    Path image = image();
    try (FileSystem disk = FileSystems.newFileSystem(image, Map.of("readOnly", "true"))) {
      assertTrue(disk.isReadOnly());
      Path file = disk.getPath("/x");
      assertThrows(ReadOnlyFileSystemException.class, () -> Files.writeString(file, "x"));
      assertThrows(ReadOnlyFileSystemException.class, () -> Files.createDirectory(file));
      assertThrows(
          ReadOnlyFileSystemException.class, () -> Files.delete(disk.getPath("/lost+found")));
      try (DirectoryStream<Path> all = Files.newDirectoryStream(disk.getPath("/"))) {
        SecureDirectoryStream<Path> root = (SecureDirectoryStream<Path>) all;
        Path old = disk.getPath("lost+found");
        assertThrows(ReadOnlyFileSystemException.class, () -> root.move(old, root, file));
        assertThrows(ReadOnlyFileSystemException.class, () -> root.deleteDirectory(old));
      }
      assertFalse(Files.isWritable(disk.getPath("/")));
      assertTrue(Files.isReadable(disk.getPath("/")));
    }
  }

  @Test
  void aSlipOfThePenInTheOptionsIsRefused() throws IOException {
    Path image = image();
    for (Map<String, ?> wrong :
        java.util.List.of(
            Map.of("readonly", true),
            Map.of("readOnly", "yes"),
            Map.of("cacheBytes", "lots"),
            Map.of("cacheBytes", 1),
            Map.of("data", "sometimes"),
            Map.of("umask", "999"),
            Map.of("user", "root"),
            Map.of("memory", "64M"))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> FileSystems.newFileSystem(image, wrong),
          wrong.toString());
    }
    IllegalArgumentException told =
        assertThrows(
            IllegalArgumentException.class,
            () -> FileSystems.newFileSystem(image, Map.of("data", "sometimes")));
    assertEquals(
        "option data=sometimes: not one of default, ordered, writeback, journal, none",
        told.getMessage());
    Map<String, ?> all =
        Map.of(
            "readOnly", false, "cacheBytes", "2m", "data", "journal", "commitSeconds", 7,
            "errors", "remount-ro", "sync", true, "atime", "never", "user", "1:2", "umask", "077");
    VolumeOptions read = VolumeOptions.of(all);
    assertEquals(2 << 20, read.cacheBytes());
    assertEquals(077, read.umask());
    try (FileSystem disk = FileSystems.newFileSystem(image, all)) {
      assertTrue(disk.isOpen());
    }
  }

  /// Somebody else's open file is told of, and does not keep the file system open.
  @Test
  void aFileThatIsStillOpenByAnotherDoorIsToldWhenTheVolumeCloses() throws IOException {
    VolumeFileSystem fs = VolumeFileSystem.inMemory("busy", Map.of());
    Files.writeString(fs.getPath("/f"), "x");
    OpenFile left = fs.volume().open("/f", OpenFlags.RDONLY, 0);
    FileSystemException busy = assertThrows(FileSystemException.class, fs::close);
    assertTrue(busy.getMessage().contains("busy"), busy.getMessage());
    assertFalse(fs.isOpen());
    assertThrows(IOException.class, () -> left.stat());
    left.close();
    VolumeFileSystem.inMemory("busy", Map.of()).close();
  }

  @Test
  void whatWasOpenedIsClosedWithTheFileSystem() throws IOException {
    FileSystem disk = FileSystems.newFileSystem(image());
    Path root = disk.getPath("/");
    FileChannel channel =
        FileChannel.open(
            root.resolve("f"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    DirectoryStream<Path> stream = Files.newDirectoryStream(root);
    java.nio.file.WatchService watches = disk.newWatchService();
    disk.close();
    disk.close();
    assertFalse(disk.isOpen());
    assertFalse(channel.isOpen());
    assertThrows(ClosedChannelException.class, () -> channel.size());
    assertThrows(IllegalStateException.class, () -> stream.iterator());
    assertThrows(java.nio.file.ClosedWatchServiceException.class, watches::poll);
    assertThrows(ClosedFileSystemException.class, () -> Files.exists(root));
    assertThrows(ClosedFileSystemException.class, () -> Files.newDirectoryStream(root));
  }
}
