package org.pagewright.nio;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;
import static java.nio.file.StandardWatchEventKinds.OVERFLOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.StandardCopyOption;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// What a watch service tells, of changes by every door.
@Timeout(60)
final class WatchServiceTest {
  private static final WatchEvent.Kind<?>[] ALL = {ENTRY_CREATE, ENTRY_DELETE, ENTRY_MODIFY};

  private VolumeFileSystem memory;
  private Path dir;
  private WatchService service;

  @BeforeEach
  void open() throws IOException {
    memory = VolumeFileSystem.inMemory("watched", Map.of());
    dir = Files.createDirectory(memory.getPath("/dir"));
    service = memory.newWatchService();
  }

  @AfterEach
  void close() throws IOException {
    memory.close();
  }

  private static List<String> told(WatchKey key) {
    List<String> told = new ArrayList<>();
    for (WatchEvent<?> event : key.pollEvents()) {
      told.add(event.kind().name() + " " + event.context() + " " + event.count());
    }
    return told;
  }

  @Test
  void makingChangingRenamingAndDeletingAreTold() throws Exception {
    WatchKey key = dir.register(service, ALL);
    assertNull(service.poll());
    Path file = dir.resolve("f");
    Files.createFile(file);
    Files.writeString(file, "x");
    Files.writeString(file, "y");
    Files.move(file, dir.resolve("g"));
    Files.delete(dir.resolve("g"));
    assertSame(key, service.take());
    List<String> told = told(key);
    assertEquals("ENTRY_CREATE f 1", told.get(0));
    assertTrue(told.get(1).startsWith("ENTRY_MODIFY f "), told::toString);
    assertEquals(
        List.of("ENTRY_DELETE f 1", "ENTRY_CREATE g 1", "ENTRY_DELETE g 1"),
        told.subList(2, told.size()));
    assertNull(service.poll(), "not told again before it is reset");
    Files.createFile(file);
    assertNull(service.poll());
    assertTrue(key.reset());
    assertSame(key, service.poll(), "what came meanwhile is told after the reset");
    assertEquals(List.of("ENTRY_CREATE f 1"), told(key));
    assertEquals(dir, key.watchable());
  }

  @Test
  void changesByOtherDoorsAndThroughOtherNamesAreTold() throws Exception {
    Path file = Files.writeString(dir.resolve("f"), "x");
    Files.createLink(memory.getPath("/outside"), file);
    WatchKey key = dir.register(service, ENTRY_MODIFY);
    try (OpenFile open = memory.volume().open("/outside", OpenFlags.WRONLY, 0)) {
      open.write(0, new byte[3], 0, 3);
    }
    memory.volume().chmod("/outside", 0600);
    Files.createFile(dir.resolve("not asked for"));
    assertSame(key, service.poll());
    assertEquals(List.of("ENTRY_MODIFY f 2"), told(key));
  }

  @Test
  void aStoreIntoAMappedRegionIsTold() throws Exception {
    Files.write(dir.resolve("f"), new byte[4096]);
    WatchKey key = dir.register(service, ENTRY_MODIFY);
    try (OpenFile open = memory.volume().open("/dir/f", OpenFlags.RDWR, 0);
        MappedRegion region = open.map(0, 4096, Protection.READ_WRITE, Sharing.SHARED)) {
      region.putByte(7, (byte) 1);
      assertSame(key, service.poll());
      assertEquals(List.of("ENTRY_MODIFY f 1"), told(key));
    }
  }

  @Test
  void aReplacementByRenameIsToldAsDeletionAndCreation() throws Exception {
    Files.createFile(dir.resolve("a"));
    Files.createFile(dir.resolve("b"));
    WatchKey key = dir.register(service, ENTRY_CREATE, ENTRY_DELETE);
    Files.move(dir.resolve("a"), dir.resolve("b"), StandardCopyOption.ATOMIC_MOVE);
    assertEquals(
        List.of("ENTRY_DELETE a 1", "ENTRY_DELETE b 1", "ENTRY_CREATE b 1"), told(key));
  }

  @Test
  void registeringAgainChangesWhatIsTold() throws Exception {
    WatchKey key = dir.register(service, ENTRY_CREATE);
    assertSame(key, dir.register(service, ENTRY_DELETE));
    Files.createFile(dir.resolve("f"));
    assertNull(service.poll());
    Files.delete(dir.resolve("f"));
    assertSame(key, service.poll());
  }

  @Test
  void tooManyEventsAreToldAsAnOverflow() throws Exception {
    WatchKey key = dir.register(service, ENTRY_CREATE);
    for (int i = 0; i < 600; i++) {
      Files.createFile(dir.resolve("f" + i));
    }
    List<WatchEvent<?>> events = key.pollEvents();
    assertEquals(1, events.size());
    assertSame(OVERFLOW, events.getFirst().kind());
    assertNull(events.getFirst().context());
  }

  @Test
  void theKeyOfARemovedDirectoryEnds() throws Exception {
    WatchKey key = dir.register(service, ALL);
    Path root = memory.getPath("/");
    WatchKey ofRoot = root.register(service, ENTRY_DELETE);
    Files.delete(dir);
    assertFalse(key.isValid());
    assertNotNull(service.poll());
    assertNotNull(service.poll());
    assertFalse(key.reset());
    assertTrue(ofRoot.reset());
  }

  @Test
  void aCancelledKeyIsToldNothing() throws Exception {
    WatchKey key = dir.register(service, ALL);
    key.cancel();
    assertFalse(key.isValid());
    Files.createFile(dir.resolve("f"));
    assertNull(service.poll());
    assertFalse(key.reset());
    assertTrue(dir.register(service, ALL).isValid());
  }

  @Test
  void whoWaitsIsWokenByEventsByInterruptAndByClose() throws Exception {
    dir.register(service, ALL);
    CompletableFuture<Object> first = waiting();
    Files.createFile(dir.resolve("f"));
    assertTrue(first.get(30, TimeUnit.SECONDS) instanceof WatchKey);
    assertNull(service.poll(1, TimeUnit.MILLISECONDS));
    CompletableFuture<Object> second = waiting();
    CompletableFuture<Object> third = waiting();
    service.close();
    service.close();
    assertTrue(second.get(30, TimeUnit.SECONDS) instanceof ClosedWatchServiceException);
    assertTrue(third.get(30, TimeUnit.SECONDS) instanceof ClosedWatchServiceException);
    assertThrows(ClosedWatchServiceException.class, () -> dir.register(service, ALL));
    assertThrows(ClosedWatchServiceException.class, service::poll);
  }

  private CompletableFuture<Object> waiting() {
    CompletableFuture<Object> ended = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                ended.complete(service.take());
              } catch (InterruptedException | ClosedWatchServiceException e) {
                ended.complete(e);
              }
            });
    return ended;
  }

  @Test
  void whatCannotBeWatchedIsRefused() throws Exception {
    Path file = Files.createFile(dir.resolve("f"));
    assertThrows(NotDirectoryException.class, () -> file.register(service, ALL));
    assertThrows(NoSuchFileException.class, () -> dir.resolve("x").register(service, ALL));
    assertThrows(IllegalArgumentException.class, () -> dir.register(service));
    assertThrows(IllegalArgumentException.class, () -> dir.register(service, OVERFLOW));
    WatchEvent.Kind<?> none = null;
    assertThrows(NullPointerException.class, () -> dir.register(service, none));
    try (WatchService host = Path.of("/").getFileSystem().newWatchService()) {
      assertThrows(ProviderMismatchException.class, () -> dir.register(host, ALL));
    }
    try (VolumeFileSystem other = VolumeFileSystem.inMemory("other", Map.of())) {
      assertThrows(
          ProviderMismatchException.class, () -> other.getPath("/").register(service, ALL));
    }
  }
}
