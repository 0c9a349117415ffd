package org.pagewright.cli.tree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A tree through the pipe is the tree, in its order, or ends where and as it failed.
final class TreePipeTest {
  private static final Attributes FILE =
      new Attributes(0100644, 0, 0, 0, 0, Instant.EPOCH, Instant.EPOCH, List.of());

  /// A file in memory with holes between its runs of data, which may end before its size.
  private record Bytes(byte[] bytes, long[] runs, int there, @Nullable IOException failure)
      implements Content {
    static Bytes random(Random random, int size) {
      byte[] bytes = new byte[size];
      long[] runs = new long[8];
      int pos = 0;
      for (int i = 0; i < runs.length; i += 2) {
        int begin = Math.min(size, pos + 4096 * random.nextInt(1 + size / 16384));
        int end = Math.min(size, begin + random.nextInt(1 + size / 2));
        byte[] data = new byte[end - begin];
        random.nextBytes(data);
        System.arraycopy(data, 0, bytes, begin, data.length);
        runs[i] = begin;
        runs[i + 1] = end;
        pos = Math.min(size, end + 4095 & -4096);
      }
      return new Bytes(bytes, runs, size, null);
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public boolean knowsHoles() {
      return true;
    }

    @Override
    public long nextData(long pos) {
      for (int i = 0; i < runs.length; i += 2) {
        if (pos < runs[i + 1]) {
          return Math.max(pos, runs[i]);
        }
      }
      return bytes.length;
    }

    @Override
    public long nextHole(long pos) {
      for (int i = 0; i < runs.length; i += 2) {
        if (pos < runs[i + 1]) {
          return runs[i + 1];
        }
      }
      return bytes.length;
    }

    @Override
    public int read(long pos, MemorySegment target) throws IOException {
      if (pos >= there && failure != null) {
        throw failure;
      }
      int length = (int) Math.max(0, Math.min(target.byteSize(), there - pos));
      MemorySegment.copy(bytes, (int) pos, target, ValueLayout.JAVA_BYTE, 0, length);
      return length;
    }
  }

  /// Writes down what it is told.
  private static class Told implements TreeTarget {
    final List<String> calls = new ArrayList<>();
    final List<byte[]> files = new ArrayList<>();

    @Override
    public void enterDirectory(String path, Attributes attributes) {
      calls.add("enter " + path);
    }

    @Override
    public void leaveDirectory(String path, Attributes attributes) {
      calls.add("leave " + path);
    }

    @Override
    public void file(String path, Attributes attributes, Content content) throws IOException {
      calls.add("file " + path + " of " + content.size());
      byte[] got = new byte[(int) content.size()];
      try (Arena arena = Arena.ofConfined()) {
        for (long pos = 0; pos < got.length; ) {
          long data = content.nextData(pos);
          long end = data >= got.length ? data : content.nextHole(data);
          int want = (int) Math.min(end - data, 1 << 16);
          if (want == 0) {
            break;
          }
          MemorySegment bytes = content.lend(data, want);
          if (bytes == null) {
            bytes = arena.allocate(want);
            bytes = bytes.asSlice(0, content.read(data, bytes));
          }
          if (bytes.byteSize() == 0) {
            break;
          }
          MemorySegment.copy(
              bytes, ValueLayout.JAVA_BYTE, 0, got, (int) data, (int) bytes.byteSize());
          pos = data + bytes.byteSize();
        }
      }
      files.add(got);
    }

    @Override
    public void symlink(String path, Attributes attributes, String target) {
      calls.add("symlink " + path + " to " + target);
    }

    @Override
    public void special(String path, Attributes attributes) {
      calls.add("special " + path);
    }

    @Override
    public void hardLink(String path, String existing) {
      calls.add("link " + path + " of " + existing);
    }
  }

  private static void walk(long seed, TreeTarget target) throws IOException {
    Random random = new Random(seed);
    target.enterDirectory("/", FILE);
    for (int i = 0; i < 300; i++) {
      String path = "/n" + i;
      switch (random.nextInt(6)) {
        case 0 -> target.symlink(path, FILE, "text");
        case 1 -> target.special(path, FILE);
        case 2 -> target.hardLink(path, "/n0");
        default -> {
          int size = random.nextInt(1 << random.nextInt(22));
          target.file(path, FILE, Bytes.random(random, size));
        }
      }
    }
    target.leaveDirectory("/", FILE);
  }

  private static void assertNoReaderIsLeft() {
    assertFalse(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().equals("pagewright-read")));
  }

  @Test
  void theTargetIsToldTheSameInTheSameOrder() throws IOException {
    long seed = System.nanoTime();
    Told straight = new Told();
    walk(seed, straight);
    Told piped = new Told();
    TreePipe.pump(target -> walk(seed, target), piped);
    assertEquals(straight.calls, piped.calls, () -> "seed " + seed);
    for (int i = 0; i < straight.files.size(); i++) {
      String which = "seed " + seed + ", file " + i;
      assertArrayEquals(straight.files.get(i), piped.files.get(i), which);
    }
    assertNoReaderIsLeft();
  }

  @Test
  void aTargetThatDoesNotWantHolesReadsTheirZeros() throws IOException {
    Bytes file = Bytes.random(new Random(7), 1 << 20);
    byte[] got = new byte[file.bytes.length];
    Told target =
        new Told() {
          @Override
          public void file(String path, Attributes attributes, Content content)
              throws IOException {
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment buffer = arena.allocate(50_000);
              for (int pos = 0; pos < got.length; ) {
                int length = content.read(pos, buffer);
                assertTrue(length > 0, "nothing at " + pos);
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, got, pos, length);
                pos += length;
              }
            }
          }
        };
    TreePipe.pump(tree -> tree.file("/f", FILE, file), target);
    assertArrayEquals(file.bytes, got);
  }

  @Test
  void aFileThatBecameShorterEndsThere() throws IOException {
    byte[] bytes = new byte[1 << 20];
    Arrays.fill(bytes, (byte) 1);
    Told target = new Told();
    TreePipe.pump(
        tree -> {
          long[] all = {0, bytes.length};
          tree.file("/f", FILE, new Bytes(bytes, all, 700_001, null));
          tree.special("/after", FILE);
        },
        target);
    assertEquals(List.of("file /f of 1048576", "special /after"), target.calls);
    Arrays.fill(bytes, 700_001, bytes.length, (byte) 0);
    assertArrayEquals(bytes, target.files.get(0));
  }

  @Test
  void aSourceThatFailsInAFileFailsThereAndAsItDid() {
    IOException failure = new IOException("bad sector");
    Told target = new Told();
    IOException thrown =
        assertThrows(
            IOException.class,
            () ->
                TreePipe.pump(
                    tree -> {
                      tree.special("/before", FILE);
                      long[] all = {0, 1 << 20};
                      tree.file("/f", FILE, new Bytes(new byte[1 << 20], all, 600_000, failure));
                    },
                    target));
    assertSame(failure, thrown);
    assertEquals(List.of("special /before", "file /f of 1048576"), target.calls);
    assertNoReaderIsLeft();
  }

  @Test
  void aTargetThatFailsStopsTheReader() {
    IOException failure = new IOException("full");
    Told target =
        new Told() {
          @Override
          public void special(String path, Attributes attributes) {
            throw new IllegalStateException(failure);
          }
        };
    IllegalStateException thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                TreePipe.pump(
                    tree -> {
                      Random random = new Random(1);
                      tree.special("/first", FILE);
                      while (true) { // ends: the pipe is abandoned
                        tree.file("/f", FILE, Bytes.random(random, 1 << 20));
                      }
                    },
                    target));
    assertSame(failure, thrown.getCause());
    assertNoReaderIsLeft();
  }
}
