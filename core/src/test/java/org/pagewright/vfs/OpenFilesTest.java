package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.ramfs.Ramfs;

/// Files that are open, and who waits for the last of them.
@Timeout(60)
final class OpenFilesTest {
  @Test
  void whoWaitsForTheLastFileIsWokenByItsClose() throws Exception {
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20);
        Volume volume = Ramfs.mount(memory.cache(), MountOptions.DEFAULTS)) {
      SuperBlock superBlock = volume.superBlock();
      assertTrue(superBlock.awaitClosedFiles(0), "none is open");
      OpenFile first = volume.open("/a", OpenFlags.CREAT | OpenFlags.RDWR, 0600);
      OpenFile second = volume.open("/a", OpenFlags.RDONLY, 0);
      assertFalse(superBlock.awaitClosedFiles(0), "two are");
      AtomicBoolean closed = new AtomicBoolean();
      Thread waiter =
          Thread.ofPlatform()
              .start(() -> closed.set(superBlock.awaitClosedFiles(3_600_000_000_000L)));
      first.close();
      assertFalse(superBlock.awaitClosedFiles(1), "one is");
      second.close();
      waiter.join();
      assertTrue(closed.get());
      assertEquals(0, superBlock.openFiles());
    }
  }
}
