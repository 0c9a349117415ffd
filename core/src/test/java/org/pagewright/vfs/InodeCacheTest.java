package org.pagewright.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sync.WaitQueue;
import org.pagewright.writeback.Clock;

/// Inodes that come and go while others are at them: each test plays one schedule.
@Timeout(60)
final class InodeCacheTest {
  private static final long FILE = 7;
  private static final long UNLOVED = 8;

  /// Somebody who has arrived somewhere, and goes on when he is let.
  private static final class Gate {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch mayGoOn = new CountDownLatch(1);

    void pass() {
      entered.countDown();
      try {
        mayGoOn.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /// A file system that finds a file of any number, and has gates on the way.
  private static final class AnyFile extends InodesOnly {
    final Gate write = new Gate();
    final Gate readUntrusted = new Gate();
    final ConcurrentLinkedQueue<Long> evicted = new ConcurrentLinkedQueue<>();

    @Override
    public Inode readUntrusted(SuperBlock superBlock, long ino) {
      readUntrusted.pass();
      return make(superBlock, ino);
    }

    @Override
    public void writeInode(Inode inode, boolean wait) {
      write.pass();
    }

    @Override
    public void evictInode(Inode inode) throws FsException {
      evicted.add(inode.ino());
      if (inode.ino() == UNLOVED) {
        throw new FsException(Errno.EIO, inode + ": cannot go");
      }
    }
  }

  /// A clock by which one thread must not wait.
  private record Impatient(Thread thread) implements Clock {
    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public void await(WaitQueue.Waiter waiter, long nanos) {
      assertNotEquals(thread, Thread.currentThread(), "it waits");
      Clock.SYSTEM.await(waiter, nanos);
    }

    @Override
    public boolean awaitInterruptibly(WaitQueue.Waiter waiter, long nanos) {
      return Clock.SYSTEM.awaitInterruptibly(waiter, nanos);
    }
  }

  private final AnyFile fs = new AnyFile();
  private final CacheMemory memory = CacheMemory.ofBytes(1 << 20);
  private SuperBlock superBlock;

  @BeforeEach
  void mount() throws FsException {
    superBlock =
        SuperBlock.mount(
            memory.cache(), fs, MountOptions.DEFAULTS, memory.newDevice("inodes"));
  }

  @AfterEach
  void close() throws FsException {
    fs.write.mayGoOn.countDown();
    fs.readUntrusted.mayGoOn.countDown();
    superBlock.close(false);
    memory.close();
  }

  private static <T> FutureTask<T> start(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = Thread.ofPlatform().daemon().start(task);
    while (thread.getState() != Thread.State.WAITING && !task.isDone()) {
      Thread.onSpinWait();
    }
    return task;
  }

  /// Schedule: a sync is at a dirty file whose last name is gone; who holds it lets go of it. What
  /// he does next may need the space of it.
  @Test
  void fileWithoutNamesIsFreedWhenItsLastReferenceHasBeenGivenBack() throws Exception {
    Inode inode = superBlock.iget(FILE);
    inode.markDirty(Inode.DIRTY_SYNC);
    FutureTask<Void> sync =
        start(
            () -> {
              superBlock.sync();
              return null;
            });
    fs.write.entered.await();
    inode.setNlink(0);
    FutureTask<List<Long>> last =
        start(
            () -> {
              superBlock.iput(inode);
              return List.copyOf(fs.evicted);
            });
    fs.write.mayGoOn.countDown();
    assertEquals(List.of(FILE), last.get(30, TimeUnit.SECONDS));
    sync.get(30, TimeUnit.SECONDS);
  }

  /// Schedule: somebody asks for a number from outside and reads what is on the disk; meanwhile the
  /// number is given to a new file, which is removed and gone again. What he has read is of no file
  /// that is, or ever was.
  @Test
  void numberThatCameAndWentWhileItWasReadIsStale() throws Exception {
    int cached = superBlock.cachedInodes();
    FutureTask<Inode> reader = start(() -> superBlock.igetUntrusted(FILE));
    fs.readUntrusted.entered.await();
    superBlock.claim(FILE);
    Inode made = fs.make(superBlock, FILE);
    superBlock.insertNew(made);
    made.setNlink(0);
    superBlock.iput(made);
    assertEquals(List.of(FILE), List.copyOf(fs.evicted));
    fs.readUntrusted.mayGoOn.countDown();
    ExecutionException told =
        assertThrows(ExecutionException.class, () -> reader.get(30, TimeUnit.SECONDS));
    assertEquals(Errno.ESTALE, ((FsException) told.getCause()).errno());
    assertEquals(cached, superBlock.cachedInodes());
  }

  /// Schedule: the last one lets go of a removed file while the volume is frozen, so that it is
  /// freed when that is over; somebody comes with a number from outside.
  @Test
  void numberOfARemovedFileIsStaleAlsoWhileTheVolumeIsFrozen() throws Exception {
    Inode removed = superBlock.iget(FILE);
    removed.setNlink(0);
    superBlock.freeze();
    superBlock.iput(removed);
    FutureTask<Inode> reader = start(() -> superBlock.igetUntrusted(FILE));
    ExecutionException told =
        assertThrows(ExecutionException.class, () -> reader.get(30, TimeUnit.SECONDS));
    assertEquals(Errno.ESTALE, ((FsException) told.getCause()).errno());
    assertEquals(List.of(), List.copyOf(fs.evicted));
    superBlock.thaw();
    assertEquals(List.of(FILE), List.copyOf(fs.evicted));
  }

  /// Schedule: a close tells of an error, and whoever hears of it closes the volume.
  @Test
  void whoIsToldOfAnErrorByACloseMayCloseTheVolume() throws Exception {
    List<String> told = new ArrayList<>();
    superBlock.setTrouble(
        (what, error) -> {
          told.add(what);
          try {
            superBlock.close(true);
          } catch (FsException e) {
            throw new AssertionError(e);
          }
        });
    superBlock.iput(superBlock.iget(UNLOVED));
    superBlock.close(true);
    assertEquals(1, told.size(), told::toString);
    assertEquals(0, superBlock.cachedInodes());
    superBlock.close(false);
    assertEquals(
        Errno.EIO, assertThrows(FsException.class, () -> superBlock.iget(FILE)).errno());
  }

  /// A file without names that cannot be freed is kept for the next sync, as is one whose end could
  /// not be cut off, by its file system. After a shutdown that sync never comes.
  @Test
  void aVolumeThatWasShutDownIsClosedWithoutAWaitForWhatTheNextSyncWasToDo() throws Exception {
    CacheMemory other = CacheMemory.ofBytes(1 << 20, new Impatient(Thread.currentThread()));
    SuperBlock sb =
        SuperBlock.mount(other.cache(), fs, MountOptions.DEFAULTS, other.newDevice("inodes"));
    Inode uncut = sb.iget(FILE);
    Inode inode = sb.iget(UNLOVED);
    inode.setNlink(0);
    sb.iput(inode);
    assertThrows(FsException.class, sb::sync);
    sb.shutdown("test", new AssertionError("test"));
    sb.close(false);
    assertEquals(1, sb.cachedInodes());
    sb.iput(uncut);
    assertEquals(0, sb.cachedInodes());
    other.close();
  }
}
