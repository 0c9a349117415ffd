package org.pagewright.fs.ext4;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.block.FileBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.fs.ext4.testing.FileTree;
import org.pagewright.sync.Lockdep;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.Inode;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Several threads on one volume in a cache so small that reclaim and throttling are in play, with
/// the order of locks checked; afterwards the volume closes, e2fsck finds nothing and it opens as
/// it was.
@Timeout(180)
final class ManyThreadsTest {
  private static final int THREADS = 4;

  @TempDir Path folder;

  private interface Work {
    void run(Volume volume, int thread, Random random) throws Exception;
  }

  private void together(String kind, Work work) throws Exception {
    E2fs.assumeTools("e2fsck");
    long seed = Long.getLong("pagewright.seed", System.nanoTime());
    System.out.println("-Dpagewright.seed=" + seed);
    Path image = folder.resolve("threads.img");
    String[] words = kind.split(" ");
    try (FileBlockDevice device =
        FileBlockDevice.create(image, 48 << 20, FileBlockDevice.Options.READ_WRITE)) {
      Mkfs.make(
          device,
          new MkfsOptions()
              .type(words[0].equals("ext4") ? MkfsOptions.Type.EXT4 : MkfsOptions.Type.EXT2)
              .blockSize(Integer.parseInt(words[1])));
    }
    Ext4Options options =
        Ext4Options.DEFAULTS.withMount(
            MountOptions.DEFAULTS.withAtime(MountOptions.Atime.NEVER).withCaches(10, 30));
    FileTree before;
    try (CacheMemory memory = CacheMemory.ofBytes(1 << 20)) {
      try (Volume volume = open(image, memory, options)) {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          int thread = i;
          threads.add(
              Thread.ofPlatform()
                  .daemon()
                  .start(
                      () -> {
                        try {
                          work.run(volume, thread, new Random(seed + thread));
                          assertTrue(Lockdep.holdsNothing());
                        } catch (Throwable e) {
                          failure.compareAndSet(null, e);
                        }
                      }));
        }
        for (Thread thread : threads) {
          thread.join(120_000);
          if (thread.isAlive()) {
            AssertionError hang = new AssertionError("still running: " + thread.getName());
            hang.setStackTrace(thread.getStackTrace());
            throw hang;
          }
        }
        if (failure.get() != null) {
          throw new AssertionError("seed " + seed, failure.get());
        }
        before = FileTree.of(volume);
        Ext4FileSystem fs = (Ext4FileSystem) volume.superBlock().operations();
        volume.sync();
        assertEquals(0, fs.blocks().reservedBlocks(), "R-C7, R-C8: promises");
      }
      E2fs.assertClean(image);
      try (Volume volume = open(image, memory, options)) {
        FileTree.assertSame(before, FileTree.of(volume));
      }
    }
  }

  private static Volume open(Path image, CacheMemory memory, Ext4Options options)
      throws FsException {
    return Ext4.mount(
        FileBlockDevice.open(image, FileBlockDevice.Options.READ_WRITE), memory, options);
  }

  private static boolean expected(FsException e, Errno... errnos) throws FsException {
    if (!Arrays.asList(errnos).contains(e.errno())) {
      throw e;
    }
    return true;
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024"})
  void namesThatComeAndGoInOneDirectory(String kind) throws Exception {
    together(
        kind,
        (volume, thread, random) -> {
          for (int i = 0; i < 1500; i++) {
            String a = "/name-that-is-long-enough-to-fill-blocks-" + random.nextInt(120);
            String b = "/name-that-is-long-enough-to-fill-blocks-" + random.nextInt(120);
            try {
              switch (random.nextInt(7)) {
                case 0, 1 -> volume.open(a, OpenFlags.CREAT | OpenFlags.RDWR, 0600).close();
                case 2 -> volume.unlink(a);
                case 3 -> volume.rename(a, b);
                case 4 -> volume.link(a, b);
                case 5 -> volume.rename(a, b, 2);
                default -> volume.list("/");
              }
            } catch (FsException e) {
              expected(e, Errno.ENOENT, Errno.EEXIST);
            }
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext2 4096"})
  void directoriesThatMoveThroughEachOther(String kind) throws Exception {
    together(
        kind,
        (volume, thread, random) -> {
          for (int i = 0; i < 800; i++) {
            String a = anyPath(random);
            String b = anyPath(random);
            try {
              switch (random.nextInt(5)) {
                case 0, 1 -> volume.mkdir(a, 0755);
                case 2 -> volume.rmdir(a);
                case 3 -> volume.rename(a, b);
                default -> volume.rename(a, b, 2);
              }
            } catch (FsException e) {
              expected(
                  e, Errno.ENOENT, Errno.EEXIST, Errno.ENOTEMPTY, Errno.EINVAL, Errno.ENOTDIR);
            }
          }
        });
  }

  private static String anyPath(Random random) {
    StringBuilder path = new StringBuilder();
    for (int depth = 1 + random.nextInt(3); depth > 0; depth--) {
      path.append("/d").append(random.nextInt(3));
    }
    return path.toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024"})
  void filesOfTheirOwn(String kind) throws Exception {
    together(
        kind,
        (volume, thread, random) -> {
          byte[] mine = new byte[20_000];
          Arrays.fill(mine, (byte) ('a' + thread));
          String path = "/own" + thread;
          long size = 0;
          try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
            for (int i = 0; i < 250; i++) {
              long pos = random.nextInt(1_500_000);
              switch (random.nextInt(8)) {
                case 0 -> {
                  size = pos;
                  file.truncate(pos);
                }
                case 1 ->
                    file.fallocate(
                        FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE, pos, 30_000);
                case 2 -> file.fsync(random.nextBoolean());
                default -> {
                  int done = 0;
                  while (done < mine.length) {
                    done += file.write(pos + done, mine, done, mine.length - done);
                  }
                  size = Math.max(size, pos + mine.length);
                }
              }
              assertEquals(size, file.size());
              byte[] got = new byte[30_000];
              int n = file.read(Math.max(0, pos - 5000), got, 0, got.length);
              for (int k = 0; k < n; k++) {
                assertTrue(got[k] == 0 || got[k] == mine[0], "another file's byte " + got[k]);
              }
            }
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext4 4096", "ext2 1024"})
  void oneFileWrittenReadCutAndSynced(String kind) throws Exception {
    // Writers fill whole pages with one letter; a reader of a page sees one letter or zeros: each
    // write of a page is seen as a whole, or what was before, or a hole.
    together(
        kind,
        (volume, thread, random) -> {
          byte[] page = new byte[4096];
          byte[] got = new byte[4096];
          try (OpenFile file = volume.open("/shared", OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
            for (int i = 0; i < 1200; i++) {
              long pos = random.nextInt(400) * 4096L;
              switch (random.nextInt(thread == 0 ? 8 : 6)) {
                case 0, 1, 2 -> {
                  Arrays.fill(page, (byte) (1 + random.nextInt(100)));
                  assertEquals(page.length, file.write(pos, page, 0, page.length));
                }
                case 3, 4, 5 -> {
                  int n = file.read(pos, got, 0, got.length);
                  assertTrue(n <= 0 || n == got.length, "cut at pages only: " + n);
                  for (int k = 1; k < n; k++) {
                    assertEquals(got[0], got[k], "a torn page at " + (pos + k));
                  }
                }
                case 6 -> file.truncate(pos);
                default -> file.fsync(false);
              }
            }
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4 1024", "ext2 1024"})
  void filesThatAreCutAndRemovedWhileTheyAreWrittenOut(String kind) throws Exception {
    together(
        kind,
        (volume, thread, random) -> {
          byte[] bytes = new byte[100_000];
          for (int i = 0; i < 120; i++) {
            String path = "/gone" + random.nextInt(3);
            try (OpenFile file = volume.open(path, OpenFlags.CREAT | OpenFlags.RDWR, 0600)) {
              file.write(random.nextInt(300_000), bytes, 0, bytes.length);
              if (random.nextInt(3) == 0) {
                file.truncate(random.nextInt(200_000));
              } else if (random.nextInt(3) == 0) {
                volume.sync();
              }
            }
            try {
              if (random.nextInt(3) > 0) {
                volume.unlink(path);
              }
            } catch (FsException e) {
              expected(e, Errno.ENOENT);
            }
          }
        });
  }

  /// Goal: a number from a file handle finds a whole inode or none, whatever is made and freed
  /// under it meanwhile. Two threads make and remove, two ask for any number that may be theirs.
  @ParameterizedTest
  @ValueSource(strings = {"ext4 4096", "ext4 1024", "ext2 1024"})
  void numberFromOutsideFindsAWholeInodeOrNone(String kind) throws Exception {
    together(
        kind,
        (volume, thread, random) -> {
          for (int i = 0; i < 1500; i++) {
            if (thread < 2) {
              String name = "/" + thread + "-" + random.nextInt(4);
              volume.mkdir(name, 0755);
              volume.rmdir(name);
              volume.open(name, OpenFlags.RDWR | OpenFlags.CREAT, 0644).close();
              volume.unlink(name);
            } else {
              ask(volume, 11 + random.nextInt(30));
            }
          }
        });
  }

  private static void ask(Volume volume, long ino) throws FsException {
    Inode inode;
    try {
      inode = volume.superBlock().igetUntrusted(ino);
    } catch (FsException e) {
      assertEquals(Errno.ESTALE, e.errno());
      return;
    }
    try {
      assertEquals(ino, inode.ino());
      assertTrue(inode.isDirectory() || inode.isRegular(), inode.toString());
    } finally {
      volume.superBlock().iput(inode);
    }
  }
}
