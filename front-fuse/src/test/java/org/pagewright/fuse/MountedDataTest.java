package org.pagewright.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.os.Sys;

/// Bytes through a real mount, which the kernel copies from the frames of the cache. Skipped
/// without root or `/dev/fuse`.
final class MountedDataTest {
  private static final int PAGE = 4096;
  private static final int LENGTH = 32 * PAGE;
  private static final int ROUNDS = Integer.getInteger("pagewright.mount.rounds", 400);

  private static final int O_DIRECT =
      System.getProperty("os.arch", "").equals("aarch64") ? 0200000 : 040000;

  @TempDir Path folder;

  @Test
  @Timeout(200)
  void aPageThatIsReadHasEachWriteWholeOrNotAtAll() throws Exception {
    ServedMount.assume();
    Path target = Files.createDirectory(folder.resolve("mount"));
    try (ServedMount mount = ServedMount.of(folder.resolve("image"), target)) {
      overwriteAndRead(target.resolve("file"));
      mount.end();
    }
  }

  /// R-B13: one thread writes all of the file, a value at a time; another reads all of it, past the
  /// kernel's cache, so that each read is one answer of the server.
  private static void overwriteAndRead(Path path) throws Exception {
    write(path, 1);
    Throwable[] failed = new Throwable[1];
    boolean[] changes = new boolean[1];
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    changes[0] = read(path);
                  } catch (Throwable e) {
                    failed[0] = e;
                  }
                });
    int value = 1;
    while (reader.isAlive()) { // ends with the reader
      write(path, value = value % 100 + 1);
    }
    reader.join();
    if (failed[0] != null) {
      throw new AssertionError("reader", failed[0]);
    }
    assertTrue(changes[0], "the reader met the writer");
  }

  private static void write(Path path, int value) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH);
    java.util.Arrays.fill(bytes.array(), (byte) value);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertEquals(LENGTH, channel.write(bytes, 0));
    }
  }

  /// Returns whether two reads saw different bytes.
  private static boolean read(Path path) throws Exception {
    Sys sys = new Sys();
    boolean differs = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(LENGTH, PAGE);
      int before = 0;
      for (int round = 0; round < ROUNDS; round++) {
        int fd = Sys.checked(sys.open(path.toString(), Sys.O_CLOEXEC | O_DIRECT), "open");
        long n = sys.read(fd, bytes, LENGTH);
        sys.close(fd);
        assertEquals(LENGTH, n);
        for (int page = 0; page < LENGTH; page += PAGE) {
          MemorySegment one = bytes.asSlice(page, PAGE);
          int seen = one.get(ValueLayout.JAVA_BYTE, 0);
          assertTrue(seen > 0 && seen <= 100, "value " + seen);
          MemorySegment rest = one.asSlice(1);
          assertEquals(-1, rest.mismatch(one.asSlice(0, PAGE - 1)), "page " + page / PAGE);
        }
        int first = bytes.get(ValueLayout.JAVA_BYTE, 0);
        differs |= round > 0 && first != before;
        before = first;
      }
    }
    return differs;
  }
}
