package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.vfs.FileLock;
import org.pagewright.vfs.LockOwner;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;

/// Locks that several owners want, and a volume that is changed by another door than the mount.
class LocksAndDoorsTest extends WithServer {
  private static final long END = Long.MAX_VALUE;

  @Test
  void lockIsHeldAgainstOthersAndNamed() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.setlk(node, file.handle(), 11, 1, 0, 99, false);
    assertFails(Errno.EAGAIN, () -> client.setlk(node, file.handle(), 12, 0, 50, 60, false));
    assertEquals(11, client.getlk(node, file.handle(), 12, 0, 50, 60));
    assertEquals(0, client.getlk(node, file.handle(), 12, 0, 100, END));
    client.setlk(node, file.handle(), 11, 2, 50, 60, false);
    client.setlk(node, file.handle(), 12, 0, 50, 60, false);
    client.flush(node, file.handle(), 11); // a close lets all locks of the process go
    client.setlk(node, file.handle(), 12, 1, 0, END, false);
    client.flush(node, file.handle(), 12);
    client.release(node, file.handle());
  }

  @Test
  void waiterForALockKeepsNoThread() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.setlk(node, file.handle(), 1, 1, 0, END, false);
    List<BlockingQueue<Answer>> waiting = new ArrayList<>();
    for (int owner = 2; owner < 40; owner++) { // more than there are threads
      waiting.add(client.setlkw(node, file.handle(), owner, 0, 0, END, false));
    }
    assertEquals(1, client.getattr(node).nlink());
    client.setlk(node, file.handle(), 1, 2, 0, END, false);
    for (BlockingQueue<Answer> answer : waiting) {
      assertEquals(0, FakeKernel.await(answer).errno());
    }
    for (int owner = 2; owner < 40; owner++) {
      client.flush(node, file.handle(), owner);
    }
    client.release(node, file.handle());
  }

  @Test
  void interruptTakesAWaiterBackAlsoIfItComesFirst() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.setlk(node, file.handle(), 1, 1, 0, END, true);
    BlockingQueue<Answer> waiting = client.setlkw(node, file.handle(), 2, 1, 0, END, true);
    long unique = kernel.lastUnique();
    client.getattr(ROOT); // several threads: it may still be on its way
    kernel.tell(Opcode.INTERRUPT, 0, new Args().u64(unique).bytes());
    assertEquals(Errno.EINTR.number(), FakeKernel.await(waiting).errno());
    kernel.tell(Opcode.INTERRUPT, 0, new Args().u64(kernel.lastUnique() + 4).bytes());
    client.getattr(ROOT);
    BlockingQueue<Answer> late = client.setlkw(node, file.handle(), 3, 1, 0, END, true);
    // Either it was too early to be remembered, or it is taken back at once.
    kernel.tell(Opcode.INTERRUPT, 0, new Args().u64(kernel.lastUnique()).bytes());
    assertEquals(Errno.EINTR.number(), FakeKernel.await(late).errno());
    client.releaseFlock(node, file.handle(), 1);
    long handle = client.open(node, OpenFlags.RDWR);
    client.setlk(node, handle, 4, 1, 0, END, true);
    client.releaseFlock(node, handle, 4);
  }

  /// Such locks (F_OFD_SETLK) are the open file's. The kernel does not say when they end.
  @Test
  void locksOfAnOpenFileGoWithItsLastClose() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    long other = client.open(node, OpenFlags.RDWR);
    long process = 7;
    client.setlk(node, file.handle(), 0xf11e, 1, 0, END, false);
    client.flush(node, file.handle(), process);
    assertFails(Errno.EAGAIN, () -> client.setlk(node, other, 0xf11f, 1, 0, 9, false));
    client.release(node, file.handle());
    client.setlk(node, other, 0xf11f, 1, 0, 9, false);
    client.release(node, other);
  }

  @Test
  void locksOfTheMountStandAgainstThoseOfAnotherDoor() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.setlk(node, file.handle(), 1, 1, 0, 9, false);
    try (OpenFile other = volume.open("/a", OpenFlags.RDWR, 0)) {
      LockOwner owner = new LockOwner(other, 1, 0);
      assertEquals(false, other.tryLock(FileLock.range(owner, true, 0, 9)));
      assertTrue(other.tryLock(FileLock.range(owner, true, 10, 19)));
      assertFails(Errno.EAGAIN, () -> client.setlk(node, file.handle(), 1, 1, 10, 10, false));
    }
    client.setlk(node, file.handle(), 1, 1, 10, 10, false); // its close let go
    // The kernel goes without a word, and with it the lock.
  }

  @Test
  void kernelThatGoesTakesItsLocksAlong() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.setlk(node, file.handle(), 1, 1, 0, END, false);
    client.setlk(node, file.handle(), 1, 1, 0, END, true);
    client.setlkw(node, file.handle(), 2, 1, 0, END, false);
    client.getattr(ROOT);
    kernel.unmount();
    assertTrue(server.awaitEnd(30_000_000_000L));
    try (OpenFile other = volume.open("/a", OpenFlags.RDWR, 0)) {
      assertTrue(other.tryLock(FileLock.range(new LockOwner(other, 1, 0), true, 0, END)));
      assertTrue(other.tryLock(FileLock.whole(new LockOwner(other, 1, 0), true)));
    }
  }

  @Test
  void kernelIsToldWhatAnotherDoorChanges() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    client.write(node, file.handle(), 0, bytes("old"), 0);
    assertEquals(0, kernel.notifications()); // the kernel's own doing
    try (OpenFile other = volume.open("/a", OpenFlags.RDWR, 0)) {
      other.write(0, ByteBuffer.wrap(bytes("new")));
    }
    ByteBuffer told = kernel.notification();
    assertEquals(2, told.getInt(4));
    assertEquals(node, told.getLong(16 + Wire.InvalInode.INO));
    assertEquals(0, told.getLong(16 + Wire.InvalInode.OFF));
    assertArrayEquals(bytes("new"), client.read(node, file.handle(), 0, 10));
    client.release(node, file.handle());
  }

  @Test
  void kernelIsToldOfNamesThatAnotherDoorMakesAndTakes() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    volume.unlink("/a");
    ByteBuffer told = kernel.notification();
    assertEquals(3, told.getInt(4));
    assertEquals(ROOT, told.getLong(16 + Wire.InvalEntry.PARENT));
    assertEquals(1, told.getInt(16 + Wire.InvalEntry.NAMELEN));
    assertEquals("a\0", StandardCharsets.UTF_8.decode(told.slice(32, 2)).toString());
    assertEquals(34, told.capacity());
    assertEquals(0, client.getattr(node).nlink()); // it lives as long as the kernel knows it
    client.release(node, file.handle());
  }

  /// When the kernel has gone, nobody's lock may be forgotten: other doors would wait for ever.
  @Test
  void everyOwnerOfALockIsKnownHoweverManyComeAtOnce() throws Exception {
    OpenFile file = volume.open("/locked", OpenFlags.RDWR | OpenFlags.CREAT, 0644);
    for (int round = 0; round < 2_000; round++) {
      Handle handle = new Handle(file);
      CyclicBarrier together = new CyclicBarrier(2);
      Thread other = Thread.ofPlatform().start(() -> take(handle, together, 1));
      take(handle, together, 2);
      other.join();
      handle.unlockAll();
      FileLock all = FileLock.range(new LockOwner(this, 3, 3), true, 0, END);
      assertEquals(null, file.lockInTheWay(all), "round " + round);
    }
    file.close();
  }

  private void take(Handle handle, CyclicBarrier together, int owner) {
    FileLock lock = FileLock.range(new LockOwner(this, owner, owner), true, owner, owner);
    try {
      together.await();
      handle.noteOwner(lock);
      assertTrue(handle.file.tryLock(lock));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
