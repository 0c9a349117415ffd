package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// When an inode's fields are in the file system's hands, and who may say so.
@Timeout(60)
final class InodeWriteBackTest {
  /// A file system of one inode, whose writing waits until it is let through.
  private static final class OneInode extends InodesOnly {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch mayEnd = new CountDownLatch(1);
    volatile int written;
    volatile boolean fails;

    @Override
    public void writeInode(Inode inode, boolean wait) throws FsException {
      entered.countDown();
      try {
        mayEnd.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      if (fails) {
        throw new FsException(Errno.EIO, "as asked");
      }
      written++;
    }
  }

  /// R-H9. Schedule: the flusher clears the dirty bits and is on its way to the file system; an
  /// fsync finds the inode clean, and returns; the power fails.
  @Test
  void fsyncDoesNotReturnWhileAnotherThreadIsAboutToWriteTheInode() throws Exception {
    OneInode fs = new OneInode();
    try (PageCache cache = new PageCache(1 << 20)) {
      SuperBlock superBlock = SuperBlock.mount(cache, fs, MountOptions.DEFAULTS, null);
      Inode inode = superBlock.root();
      inode.markDirty(Inode.DIRTY_SYNC);
      FutureTask<Boolean> flusher = writeBack(inode);
      Thread.ofPlatform().start(flusher);
      fs.entered.await();
      FutureTask<Boolean> fsync = writeBack(inode);
      Thread second = Thread.ofPlatform().start(fsync);
      while (second.getState() != Thread.State.WAITING && !fsync.isDone()) {
        Thread.onSpinWait();
      }
      assertFalse(fsync.isDone(), "the inode is not in the file system's hands yet");
      assertEquals(0, fs.written);
      fs.mayEnd.countDown();
      flusher.get(30, TimeUnit.SECONDS);
      fsync.get(30, TimeUnit.SECONDS);
      assertEquals(1, fs.written, "what one has written the other need not");
      assertFalse(inode.isDirty());
    }
  }

  /// R-H8.
  @Test
  void whatCouldNotBeWrittenIsDirtyAgain() throws Exception {
    OneInode fs = new OneInode();
    fs.mayEnd.countDown();
    fs.fails = true;
    try (PageCache cache = new PageCache(1 << 20)) {
      SuperBlock superBlock = SuperBlock.mount(cache, fs, MountOptions.DEFAULTS, null);
      Inode inode = superBlock.root();
      inode.markDirty(Inode.DIRTY_TIME);
      assertThrows(FsException.class, () -> inode.writeBack(true, false));
      assertEquals(Inode.DIRTY_TIME, inode.dirtyBits());
      assertNotEquals(0, superBlock.dirtyInodes());
      fs.fails = false;
      inode.writeBack(true, true);
      assertEquals(0, fs.written, "an fdatasync does not need times");
      inode.writeBack(true, false);
      assertEquals(1, fs.written);
      assertFalse(inode.isDirty());
    }
  }

  private static FutureTask<Boolean> writeBack(Inode inode) {
    return new FutureTask<>(
        () -> {
          inode.writeBack(true, false);
          return true;
        });
  }
}
