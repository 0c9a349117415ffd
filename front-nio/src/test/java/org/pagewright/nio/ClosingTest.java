package org.pagewright.nio;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.ClosedDirectoryStreamException;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A file system closed while many threads use it, each in another way.
///
/// Goal: each of them ends, with the exception of what it used being closed; what was written
/// before is there; the image is whole. Method: each use runs again and again in a thread of its
/// own until it throws, and the file system is closed when they have been through some rounds.
@Timeout(120)
final class ClosingTest {
  private static final int SIZE = 1_000_000;
  private static final long SECONDS = 30;

  /// Rounds of all uses together before the close.
  private static final int ROUNDS = 400;

  /// Something that is done until it throws.
  private interface Use {
    void run() throws Exception;
  }

  private final Map<String, Use> uses = new TreeMap<>();
  private final AtomicLong appended = new AtomicLong();

  @TempDir private Path dir;

  private static <V> void await(Future<V> future) throws Exception {
    try {
      future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private void channels(Path root) throws IOException {
    FileChannel from = FileChannel.open(root.resolve("f"), READ, WRITE);
    FileChannel to = FileChannel.open(root.resolve("g"), CREATE, READ, WRITE);
    FileChannel log = FileChannel.open(root.resolve("log"), CREATE, APPEND);
    uses.put("read", () -> from.read(ByteBuffer.allocate(70_000), 1000));
    uses.put("read direct", () -> from.position(0).read(ByteBuffer.allocateDirect(70_000)));
    uses.put("write", () -> to.write(ByteBuffer.allocate(50_000), 7));
    uses.put("transfer to", () -> from.transferTo(0, SIZE, to));
    uses.put("transfer from", () -> to.transferFrom(from, 0, SIZE));
    uses.put("force", () -> to.force(true));
    uses.put("truncate", () -> to.truncate(10));
    uses.put("lock", () -> from.lock(0, 5, false).release());
    uses.put("append", () -> appended.addAndGet(log.write(ByteBuffer.allocate(1000))));
    ByteBuffer[] parts = {ByteBuffer.allocate(10), ByteBuffer.allocateDirect(5)};
    uses.put(
        "gather",
        () -> {
          parts[0].clear();
          parts[1].clear();
          appended.addAndGet(log.write(parts));
        });
    AsynchronousFileChannel later = AsynchronousFileChannel.open(root.resolve("f"), READ, WRITE);
    uses.put("read later", () -> await(later.read(ByteBuffer.allocate(100_000), 5)));
    uses.put("write later", () -> await(later.write(ByteBuffer.allocateDirect(10_000), 5)));
    InputStream in = Files.newInputStream(root.resolve("f"));
    OutputStream out = Files.newOutputStream(root.resolve("out"));
    uses.put("stream in", () -> in.skip(in.read(new byte[10_000]) < 0 ? -SIZE : 0));
    uses.put("stream out", () -> out.write(new byte[1000]));
  }

  private void names(Path root) throws IOException {
    SecureDirectoryStream<Path> held =
        (SecureDirectoryStream<Path>) Files.newDirectoryStream(root);
    Path name = root.getFileSystem().getPath("f");
    uses.put(
        "held open",
        () -> held.getFileAttributeView(name, BasicFileAttributeView.class).readAttributes());
    uses.put("make", () -> Files.delete(Files.createFile(root.resolve("new"))));
    uses.put("copy", () -> Files.copy(root.resolve("f"), root.resolve("copy"), REPLACE_EXISTING));
    uses.put("attributes", () -> Files.readAttributes(root.resolve("f"), "unix:*"));
    uses.put("real path", () -> root.resolve("d/../f").toRealPath());
    uses.put("space", () -> Files.getFileStore(root).getUsableSpace());
    uses.put(
        "walk",
        () -> {
          try (Stream<Path> all = Files.walk(root.resolve("d"))) {
            all.count();
          }
        });
    uses.put(
        "list",
        () -> {
          try (DirectoryStream<Path> all = Files.newDirectoryStream(root.resolve("d"))) {
            all.forEach(Path::toString);
          }
        });
  }

  private void watches(Path root) throws IOException {
    WatchService watches = root.getFileSystem().newWatchService();
    root.register(watches, ENTRY_CREATE, ENTRY_MODIFY);
    WatchService quiet = root.getFileSystem().newWatchService();
    root.resolve("d").register(quiet, ENTRY_CREATE);
    uses.put(
        "take",
        () -> {
          WatchKey key = watches.take();
          key.pollEvents();
          key.reset();
        });
    uses.put("poll", () -> quiet.poll(1, TimeUnit.DAYS));
    uses.put("register", () -> root.resolve("d").register(watches, ENTRY_CREATE).cancel());
  }

  private static boolean saysClosed(Throwable e) {
    return e instanceof ClosedChannelException
        || e instanceof ClosedFileSystemException
        || e instanceof ClosedWatchServiceException
        || e instanceof ClosedDirectoryStreamException;
  }

  private void closeUnderUse(FileSystem fs) throws Exception {
    Path root = fs.getPath("/");
    Files.write(root.resolve("f"), new byte[SIZE]);
    Files.createDirectory(root.resolve("d"));
    for (int i = 0; i < 50; i++) {
      Files.createFile(root.resolve("d/" + i));
    }
    channels(root);
    names(root);
    watches(root);
    AtomicInteger rounds = new AtomicInteger();
    Map<String, CompletableFuture<Throwable>> ends = new TreeMap<>();
    uses.forEach(
        (name, use) -> {
          CompletableFuture<Throwable> end = new CompletableFuture<>();
          ends.put(name, end);
          Thread.ofPlatform()
              .daemon()
              .name(name)
              .start(
                  () -> {
                    try {
                      while (true) {
                        use.run();
                        rounds.incrementAndGet();
                      }
                    } catch (Throwable e) {
                      end.complete(e);
                    }
                  });
        });
    while (rounds.get() < ROUNDS) {
      Thread.onSpinWait();
    }
    fs.close();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, CompletableFuture<Throwable>> end : ends.entrySet()) {
      Throwable e = end.getValue().get(SECONDS, TimeUnit.SECONDS);
      if (!saysClosed(e)) {
        wrong.add(end.getKey() + ": " + e);
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void everyUseOfAnImageEndsAndWhatWasWrittenIsThere() throws Exception {
    Path image = TestImages.make(dir.resolve("disk.img"), 32 << 20);
    closeUnderUse(FileSystems.newFileSystem(image, Map.of("cacheBytes", "4M")));
    try (FileSystem again = FileSystems.newFileSystem(image)) {
      long size = Files.size(again.getPath("/log"));
      assertTrue(size >= appended.get(), size + " of " + appended);
    }
  }

  @Test
  void everyUseOfAVolumeInMemoryEnds() throws Exception {
    closeUnderUse(VolumeFileSystem.inMemory("closing", Map.of()));
  }

  @Test
  void aThreadThatIsInterruptedOpensAndClosesAFileSystem() throws IOException {
    Path image = TestImages.make(dir.resolve("disk.img"), 32 << 20);
    URI uri = URI.create("pagewright:" + image.toUri()); // of a path, the JDK's zip is asked first
    FileSystem disk = FileSystems.newFileSystem(uri, Map.of());
    Files.write(disk.getPath("/f"), new byte[SIZE]);
    Thread.currentThread().interrupt();
    disk.close();
    assertTrue(Thread.interrupted());
    assertFalse(disk.isOpen());
    Thread.currentThread().interrupt();
    try (FileSystem again = FileSystems.newFileSystem(uri, Map.of())) {
      assertEquals(SIZE, Files.size(again.getPath("/f")));
      assertEquals(SIZE, Files.readAllBytes(again.getPath("/f")).length);
    } finally {
      assertTrue(Thread.interrupted());
    }
  }
}
