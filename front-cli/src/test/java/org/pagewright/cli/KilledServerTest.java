package org.pagewright.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.cli.Shell.ok;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fuse.Mounts;

/// Goal: whenever the server of a mount is killed, what `fsync` returned for is there, under a name
/// the file had since (R-H9); every byte of a file is one that was written to that place of it
/// since (R-B3, R-C1, R-C9); and the image is sound.
///
/// Method: threads that write, cut, lengthen, rename and sync a file each, until the server is
/// killed at a random moment; e2fsck looks at what it leaves, and the next mount goes on with it.
/// Bytes tell file, operation and place. `-Dpagewright.kill.rounds=N` for more,
/// `-Dpagewright.seed=N` for other ones.
@Timeout(400)
final class KilledServerTest {
  private static final int ROUNDS = Integer.getInteger("pagewright.kill.rounds", 3);
  private static final long SEED = Long.getLong("pagewright.seed", System.nanoTime());
  private static final int WRITERS = 3;
  private static final int SIZE_MAX = 150_000;
  private static final int UNSYNCED_MAX = 20;
  private static final int BLOCK = 1024;

  /// In turn, one for each round.
  private static final List<List<String>> WAYS =
      List.of(List.of(), List.of("--cache", "4M"), List.of("-o", "sync"));

  @TempDir Path dir;

  /// One file, and what may be seen of it.
  private static final class Writer {
    private final int id;
    private final Random random;

    /// Its content at the last sync and after each operation since; the last may not have happened.
    private final List<byte[]> versions = new ArrayList<>(List.of(new byte[0]));

    /// Its name at the last sync and those since. It may not be there at all before the first sync.
    private final List<String> names = new ArrayList<>();

    private boolean durable;
    private boolean resized; // since the last sync: the size may be there before older bytes
    private int operations;
    private @Nullable Throwable wrong;

    Writer(int id, long seed) {
      this.id = id;
      this.random = new Random(seed);
      names.add("f" + id);
    }

    /// Until there is no server any more.
    void run(Path point, CountDownLatch moment, AtomicBoolean killed) {
      try (FileChannel channel =
          FileChannel.open(
              point.resolve(names.getLast()),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        while (true) { // ends: the server does
          step(point, channel);
          moment.countDown();
        }
      } catch (IOException e) {
        wrong = killed.get() ? null : e;
      } catch (RuntimeException | AssertionError e) {
        wrong = e;
      }
    }

    private void step(Path point, FileChannel channel) throws IOException {
      byte[] now = versions.getLast();
      operations++;
      int what = versions.size() > UNSYNCED_MAX ? 0 : random.nextInt(20);
      if (what < 3) {
        channel.force(what == 0);
        settle(now, names.getLast());
        durable = true;
      } else if (what < 5) {
        int size = random.nextInt(what == 3 ? now.length + 1 : SIZE_MAX);
        byte[] next = Arrays.copyOf(now, size);
        versions.add(next);
        resized = true;
        if (size < now.length) {
          channel.truncate(size);
        } else {
          next = Arrays.copyOf(next, size + 1);
          next[size] = pattern(size);
          versions.add(next);
          write(channel, next, size, 1); // behind a gap
        }
      } else if (what < 7) {
        String name = "f" + id + "-" + operations;
        Path old = point.resolve(names.getLast());
        names.add(name);
        Files.move(old, point.resolve(name));
      } else if (what < 10) {
        ByteBuffer all = ByteBuffer.allocate(now.length + 1);
        while (channel.read(all, all.position()) > 0) {} // ends: at the end of the file
        assertEquals(now.length, all.position());
        assertEquals(-1, Arrays.mismatch(now, Arrays.copyOf(all.array(), now.length)));
      } else {
        int pos = random.nextInt(now.length + 1);
        int length = 1 + random.nextInt(what < 15 ? 600 : 30_000);
        byte[] next = Arrays.copyOf(now, Math.max(now.length, pos + length));
        for (int i = pos; i < pos + length; i++) {
          next[i] = pattern(i);
        }
        if (next.length <= SIZE_MAX) {
          versions.add(next);
          write(channel, next, pos, length);
        }
      }
    }

    private void settle(byte[] content, String name) {
      versions.clear();
      versions.add(content);
      names.clear();
      names.add(name);
      resized = false;
    }

    private byte pattern(int pos) {
      return (byte) (1 + (id * 61 + operations * 37 + pos * 11 + (pos >> 8) * 5) % 250);
    }

    private static void write(FileChannel channel, byte[] bytes, int pos, int length)
        throws IOException {
      ByteBuffer source = ByteBuffer.wrap(bytes, pos, length);
      while (source.hasRemaining()) {
        channel.write(source, source.position());
      }
    }

    /// Judges what a recovered volume has of the file, and goes on from there.
    void judge(Path point) throws IOException {
      List<String> there = names.stream().filter(n -> Files.exists(point.resolve(n))).toList();
      if (there.isEmpty() && !durable) {
        settle(new byte[0], names.getLast());
        return;
      }
      assertEquals(1, there.size(), () -> this + " has the names " + there + " of " + names);
      byte[] seen = Files.readAllBytes(point.resolve(there.getFirst()));
      assertTrue(
          versions.stream().anyMatch(v -> v.length == seen.length) || seen.length % BLOCK == 0,
          () -> this + " has " + seen.length + " bytes");
      for (int i = 0; i < seen.length; i++) {
        if (!isLegal(seen[i], i)) {
          throw new AssertionError(
              this + ": " + seen[i] + " at " + i + " of " + seen.length + ", may be "
                  + mayBe(i));
        }
      }
      settle(seen, there.getFirst());
      durable = true; // the unmount that follows sees to it
    }

    /// A zero may be where a change of size was durable before older bytes, or the rest of the
    /// block in which the file was cut.
    private boolean isLegal(byte b, int pos) {
      for (byte[] version : versions) {
        boolean inside = pos < version.length;
        if (inside ? version[pos] == b : b == 0 && (resized || isInLastBlock(pos, version))) {
          return true;
        }
      }
      return false;
    }

    private static boolean isInLastBlock(int pos, byte[] version) {
      return pos / BLOCK == version.length / BLOCK;
    }

    private String mayBe(int pos) {
      List<String> all = new ArrayList<>();
      versions.forEach(v -> all.add(pos < v.length ? "" + v[pos] : "beyond " + v.length));
      return all.toString();
    }

    @Override
    public String toString() {
      return "file " + id + " after " + operations + " operations";
    }
  }

  @Test
  void whatWasSyncedIsThereAndNothingThatWasNotWritten() throws Exception {
    MountedImage.assume();
    System.out.println("-Dpagewright.seed=" + SEED);
    Random random = new Random(SEED);
    Path image = dir.resolve("disk.img");
    ok("mkfs", "--size", "32M", "-b", Integer.toString(BLOCK), image);
    List<Writer> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      writers.add(new Writer(i, random.nextLong()));
    }
    for (int round = 0; round < ROUNDS; round++) {
      String[] options = WAYS.get(round % WAYS.size()).toArray(String[]::new);
      try (MountedImage mounted = MountedImage.mount(image, dir, options)) {
        workUntilKilled(mounted, writers, 200 + random.nextInt(1500));
        ok("umount", mounted.point());
        assertNull(Mounts.at(mounted.point()));
      }
      if (Shell.has("e2fsck")) {
        MountedImage.sh(
            "cp disk.img copy.img; e2fsck -fy -E journal_only copy.img || test $? = 1;"
                + " e2fsck -fn copy.img",
            dir);
      }
      try (MountedImage mounted = MountedImage.mount(image, dir)) {
        for (Writer writer : writers) {
          writer.judge(mounted.point());
        }
        mounted.unmount();
      }
    }
  }

  private static void workUntilKilled(MountedImage mounted, List<Writer> writers, int operations)
      throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    CountDownLatch moment = new CountDownLatch(operations);
    AtomicBoolean killed = new AtomicBoolean();
    for (Writer writer : writers) {
      threads.add(
          Thread.ofPlatform().start(() -> writer.run(mounted.point(), moment, killed)));
    }
    final boolean reached = moment.await(60, TimeUnit.SECONDS);
    killed.set(true);
    mounted.server().destroyForcibly();
    mounted.await();
    for (Thread thread : threads) {
      thread.join();
    }
    for (Writer writer : writers) {
      if (writer.wrong != null) {
        throw new AssertionError(writer.toString(), writer.wrong);
      }
    }
    assertTrue(reached, "so slow, or all writers ended");
  }
}
