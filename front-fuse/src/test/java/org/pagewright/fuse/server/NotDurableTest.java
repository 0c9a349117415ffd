package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// A mount with the option `sync` on a device that fails while a new name is made durable.
final class NotDurableTest {
  private final FakeKernel kernel = new FakeKernel();
  private final FuseClient client = new FuseClient(kernel);
  private final CacheMemory memory = CacheMemory.ofBytes(16 << 20);
  private FaultyBlockDevice device;
  private Volume volume;
  private FuseServer server;

  @BeforeEach
  void start() throws FsException {
    device = new FaultyBlockDevice(RamBlockDevice.of("image", 32 << 20));
    Mkfs.make(device, new MkfsOptions());
    volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
    ServerOptions d = ServerOptions.DEFAULTS;
    server =
        new FuseServer(
            volume,
            new ServerOptions(
                d.threads(), false, false, true, -1, -1, d.timeoutMillis(), d.maxWriteBytes(),
                d.patienceMillis(), d.pinnedNodesMax(), false),
            Log.NONE);
    server.start(kernel.channel());
    kernel.init(WithServer.EVERYTHING);
  }

  @AfterEach
  void nothingIsLeftOver() throws FsException {
    device.heal();
    kernel.unmount();
    assertTrue(server.awaitEnd(30_000_000_000L), "the server ends with the mount");
    assertEquals(List.of(), kernel.complaints());
    assertEquals(0, server.knownNodes());
    assertEquals(0, volume.superBlock().openFiles());
    try {
      volume.close(); // asserts that no inode leaked
    } catch (FsException e) {
      assertTrue(volume.superBlock().isShutDown(), e.toString());
    }
    memory.close();
  }

  @Test
  void nameThatIsThereButHasNoSpaceInTheJournalIsNotMadeAgain() throws FsException {
    answerIsTheFirst(Errno.ENOSPC);
  }

  @Test
  void nameThatIsThereButNotDurableIsGivenBack() throws FsException {
    answerIsTheFirst(Errno.EIO);
  }

  /// Goal: a request whose change was made is not made again, and its answer is the first one's.
  /// Method: the kernel is about to let go of a removed file, for which a request without space
  /// waits, and the device has none for the journal.
  private void answerIsTheFirst(Errno errno) throws FsException {
    Created removed = client.create(1, "removed", OpenFlags.RDWR, 0644);
    client.release(removed.entry().node(), removed.handle());
    client.unlink(1, "removed");
    device.reset();
    device.failFrom(FaultyBlockDevice.Kind.WRITE, 1, errno);
    byte[] create =
        new Args().u32(0300 | OpenFlags.RDWR).u32(0644).u32(022).u32(0).text("new").bytes();
    BlockingQueue<Answer> answer = kernel.ask(Opcode.CREATE, 1, create);
    client.forget(removed.entry().node(), 1);
    assertEquals(errno.number(), FakeKernel.await(answer).errno());
    assertTrue(device.faults() > 0);
  }
}
