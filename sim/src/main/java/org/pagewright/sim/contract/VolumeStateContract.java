package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.contract.VolumeContract.assertErrno;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.RenameFlags;
import org.pagewright.vfs.StatFs;
import org.pagewright.vfs.SuperBlock;
import org.pagewright.vfs.Volume;

/// The volume as a whole: freezing, closing, and many threads at a time.
final class VolumeStateContract extends Suite {
  VolumeStateContract(VolumeFixture fixture, Volume[] holder) {
    super(fixture, holder);
  }

  @Case
  void frozenVolumeIsReadAndNotChanged() throws Exception {
    SuperBlock superBlock = volume().superBlock();
    file("/f", pattern(10_000, 1));
    file("/gone", pattern(10_000, 2));
    OpenFile gone = volume().open("/gone", OpenFlags.RDONLY, 0);
    volume().unlink("/gone");
    superBlock.freeze();
    assertErrno(Errno.EBUSY, superBlock::freeze);
    gone.close(); // its inode is to be freed, which waits for the thaw; the close does not
    assertArrayEquals(pattern(10_000, 1), content("/f"));
    assertEquals(0, superBlock.dirtyInodes());
    assertFalse(superBlock.tryStartWrite());
    CountDownLatch started = new CountDownLatch(1);
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      Future<?> writer =
          executor.submit(
              () -> {
                started.countDown();
                dir("/made-after-thaw");
                return null;
              });
      started.await();
      assertFalse(volume().exists("/made-after-thaw"));
      superBlock.thaw();
      writer.get();
      assertTrue(volume().exists("/made-after-thaw"));
    } finally {
      executor.shutdown();
    }
    assertErrno(Errno.EINVAL, superBlock::thaw);
  }

  @Case
  void volumeWithOpenFilesIsNotClosed() throws IOException {
    file("/f");
    OpenFile file = volume().open("/f", OpenFlags.RDWR, 0);
    assertErrno(Errno.EBUSY, () -> volume().close());
    file.write(new byte[10], 0, 10);
    file.close();
    assertEquals(10, volume().stat("/f").size());
  }

  @Case
  void closedVolumeAnswersWithAnError() throws IOException {
    file("/f", pattern(100, 1));
    Volume old = volume();
    remount();
    if (old != volume()) {
      assertErrno(Errno.EIO, () -> old.stat("/f"));
      assertErrno(Errno.EIO, () -> old.mkdir("/d", 0755));
      assertErrno(Errno.EIO, () -> old.open("/f", OpenFlags.RDONLY, 0));
      old.close(); // idempotent
    }
    assertArrayEquals(pattern(100, 1), content("/f"));
  }

  @Case
  void readOnlyVolumeRefusesChanges() throws IOException {
    file("/f", pattern(100, 1));
    dir("/d");
    volume().sync();
    volume().superBlock().setReadOnly();
    assertErrno(Errno.EROFS, () -> dir("/e"));
    assertErrno(Errno.EEXIST, () -> dir("/d"));
    assertErrno(Errno.EROFS, () -> volume().unlink("/f"));
    assertErrno(Errno.EROFS, () -> volume().rename("/f", "/g"));
    assertErrno(Errno.EROFS, () -> volume().chmod("/f", 0600));
    assertErrno(Errno.EROFS, () -> volume().truncate("/f", 0));
    assertErrno(Errno.EROFS, () -> volume().open("/f", OpenFlags.RDWR, 0));
    assertErrno(Errno.EROFS, () -> volume().open("/f", OpenFlags.TRUNC, 0));
    assertErrno(
        Errno.EROFS, () -> volume().open("/g", OpenFlags.CREAT | OpenFlags.RDONLY, 0644));
    assertErrno(Errno.EROFS, () -> volume().access("/f", 2));
    assertArrayEquals(pattern(100, 1), content("/f"));
  }

  @Case
  void spaceIsTakenAndGivenBack() throws IOException {
    volume().sync();
    StatFs before = volume().statfs();
    file("/f", new byte[1 << 20]);
    volume().sync();
    StatFs with = volume().statfs();
    assertTrue(with.blocksFree() < before.blocksFree(), before + " then " + with);
    volume().unlink("/f");
    volume().sync();
    StatFs after = volume().statfs();
    if (fixture.has(VolumeFixture.Feature.EXCLUSIVE)) {
      assertEquals(before.blocksFree(), after.blocksFree());
      assertEquals(before.filesFree(), after.filesFree());
    }
    assertEquals(before.blocks(), after.blocks());
  }

  /// Goal: no deadlock, no lost inode, link counts that add up, whatever four threads do to a small
  /// tree at a time. Method: each makes, moves, swaps, links and removes under the same few names;
  /// lockdep watches; at the end everything is removed and every inode must be free again.
  @Case
  void manyThreadsChangeOneSmallTreeWithoutDeadlock() throws Exception {
    volume().sync();
    final long free = volume().statfs().filesFree();
    for (String dir : List.of("/a", "/a/b", "/a/b/c", "/d")) {
      dir(dir);
    }
    ExecutorService executor = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        long seed = 1000 + t;
        futures.add(
            executor.submit(
                () -> {
                  shuffle(new Random(seed));
                  return null;
                }));
      }
      for (Future<?> future : futures) {
        try {
          future.get();
        } catch (ExecutionException e) {
          throw new AssertionError("seeds 1000 to 1003", e.getCause());
        }
      }
    } finally {
      executor.shutdownNow();
    }
    removeAll("/");
    volume().sync();
    if (fixture.has(VolumeFixture.Feature.EXCLUSIVE)) {
      assertEquals(free, volume().statfs().filesFree());
    }
  }

  private void removeAll(String dir) throws IOException {
    for (var entry : volume().list(dir)) {
      String path = dir.equals("/") ? "/" + entry.name() : dir + "/" + entry.name();
      if (path.equals("/lost+found")) {
        continue;
      }
      if (volume().lstat(path).isDirectory()) {
        removeAll(path);
        volume().rmdir(path);
      } else {
        volume().unlink(path);
      }
    }
  }

  private static String anyPath(Random random) {
    String[] dirs = {"/", "/a/", "/a/b/", "/a/b/c/", "/d/", "/d/b/", "/a/b/../"};
    String[] names = {"x", "y", "b", "c", "d"};
    return dirs[random.nextInt(dirs.length)] + names[random.nextInt(names.length)];
  }

  private void shuffle(Random random) throws IOException {
    boolean exchange = fixture.has(VolumeFixture.Feature.EXCHANGE);
    byte[] bytes = pattern(5000, 1);
    for (int i = 0; i < 400; i++) {
      String one = anyPath(random);
      String two = anyPath(random);
      try {
        switch (random.nextInt(9)) {
          case 0 -> dir(one);
          case 1 -> file(one, bytes);
          case 2 -> volume().rename(one, two);
          case 3 -> volume().rename(one, two, exchange ? RenameFlags.EXCHANGE : 0);
          case 4 -> volume().link(one, two);
          case 5 -> volume().unlink(one);
          case 6 -> volume().rmdir(one);
          case 7 -> volume().list(one);
          default -> volume().stat(one);
        }
      } catch (FsException e) {
        switch (e.errno()) {
          case ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, EPERM, EBUSY, ELOOP -> {}
          default -> throw new AssertionError(one + ", " + two, e);
        }
      }
    }
  }
}
