package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.vfs.OpenFlags;

/// The whole protocol once more, through entries of queues instead of the device.
final class FuseServerOverRingsTest extends FuseServerTest {
  @Override
  FakeKernel newKernel() {
    return new FakeKernel(true);
  }

  @Override
  void start(ServerOptions options) {
    super.start(options);
    // Not before the kernel's side has them: what is asked meanwhile goes to the device, as with
    // a kernel that waits for them, which this one does not.
    while (kernel.registered() < 4) {
      Thread.onSpinWait();
    }
  }

  /// Not so here: what became of an answer, a ring does not tell.
  @Override
  void answerThatNobodyWantsGivesNothingAway() {}

  /// Nor this: an entry has a place for content, and frames lie elsewhere.
  @Override
  void largeReadOfWhatIsInMemoryIsSentFromItsFrames() {}

  private BlockingQueue<Answer> getattr() {
    return kernel.ask(Opcode.GETATTR, ROOT, new Args().zeros(16).bytes());
  }

  @Test
  void anEntryThatMakesNoSenseIsAnsweredAndUsedAgain() throws FsException {
    for (int lie : new int[] {Integer.MAX_VALUE, -1, 17, 1 << 20}) {
      for (int i = 0; i < 8; i++) { // more than there are entries
        kernel.setBreaksEntry(lie);
        assertEquals(Errno.EIO.number(), FakeKernel.await(getattr()).errno());
      }
    }
    assertEquals(040755, client.getattr(ROOT).mode());
  }

  /// The bytes of a write stay where the kernel put them, and answers go there: a write that fails
  /// leaves nothing for those after it, and none takes what an earlier one has left.
  @Test
  void aWriteThatBringsLessThanItSaysIsRefusedAndWritesNothing() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    byte[] old = new byte[8192];
    Arrays.fill(old, (byte) 'o');
    assertEquals(8192, client.write(node, file.handle(), 0, old, 0));
    for (int i = 0; i < 8; i++) { // more than there are entries
      for (int size : new int[] {11, 8192, -1, Integer.MIN_VALUE}) {
        byte[] lies =
            new Args().u64(file.handle()).u64(0).u32(size).zeros(20).raw(new byte[10]).bytes();
        assertEquals(
            Errno.EINVAL.number(),
            FakeKernel.await(kernel.ask(Opcode.WRITE, node, lies)).errno());
      }
    }
    assertArrayEquals(old, client.read(node, file.handle(), 0, 8192));
    byte[] more = new byte[4096];
    Arrays.fill(more, (byte) 'm');
    assertEquals(4096, client.write(node, file.handle(), 4096, more, 0));
    System.arraycopy(more, 0, old, 4096, 4096);
    assertArrayEquals(old, client.read(node, file.handle(), 0, 8192));
    client.release(node, file.handle());
  }

  @Test
  void everyEntryIsRegisteredOnce() throws FsException {
    for (int i = 0; i < 20; i++) {
      client.getattr(ROOT);
    }
    assertEquals(4, kernel.registered());
    assertTrue(server.has(Feature.OVER_IO_URING));
  }

  /// Who waits for a lock would keep an entry meanwhile.
  @Test
  void locksAreTheKernelsOwn() {
    assertFalse(server.has(Feature.POSIX_LOCKS));
    assertFalse(server.has(Feature.FLOCK_LOCKS));
  }
}
