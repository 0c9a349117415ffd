package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.sim.device.FaultyBlockDevice;
import org.pagewright.sim.device.FaultyBlockDevice.Kind;
import org.pagewright.vfs.FallocateMode;
import org.pagewright.vfs.InodeFlags;
import org.pagewright.vfs.OpenFlags;

/// What is to be durable before it is answered, where the kernel does not see to it with an FSYNC
/// of its own. On ext2: with no journal, nobody else flushes the device.
final class DurableAnswersTest extends WithServer {
  private FaultyBlockDevice device;

  @Override
  @BeforeEach
  void start() throws FsException {
    RamBlockDevice image = RamBlockDevice.of("image", 32 << 20);
    Mkfs.make(image, new MkfsOptions().type(MkfsOptions.Type.EXT2));
    device = new FaultyBlockDevice(image);
    volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
  }

  private void assertFlushes(org.junit.jupiter.api.function.Executable call) throws Throwable {
    long before = device.requests(Kind.FLUSH);
    call.execute();
    assertTrue(device.requests(Kind.FLUSH) > before, "no flush of the device");
  }

  /// An append-only file is written past the kernel's cache; then the kernel sends no FSYNC.
  @Test
  void synchronousWriteToAnAppendOnlyFileIsDurable() throws Throwable {
    start(ServerOptions.DEFAULTS);
    Created made = client.create(ROOT, "log", OpenFlags.RDWR, 0644);
    long node = made.entry().node();
    client.release(node, made.handle());
    volume.setFlags("/log", InodeFlags.APPEND);
    int flags = OpenFlags.WRONLY | OpenFlags.APPEND;
    for (int sync : new int[] {OpenFlags.DSYNC, OpenFlags.SYNC}) {
      long handle = client.open(node, flags | sync);
      assertFlushes(() -> client.write(node, handle, 0, bytes("who"), 0, flags | sync));
      client.release(node, handle);
    }
  }

  @Test
  void copyToAFileThatIsOpenForSynchronousWritesIsDurable() throws Throwable {
    start(ServerOptions.DEFAULTS);
    checkCopy(OpenFlags.SYNC);
  }

  @Test
  void copyOnASynchronousMountIsDurable() throws Throwable {
    ServerOptions d = ServerOptions.DEFAULTS;
    start(
        new ServerOptions(
            d.threads(), false, false, true, -1, -1, d.timeoutMillis(), d.maxWriteBytes(),
            d.patienceMillis(), d.pinnedNodesMax(), false));
    checkCopy(0);
  }

  @Test
  void fallocateOfAFileThatIsOpenForSynchronousWritesIsDurable() throws Throwable {
    start(ServerOptions.DEFAULTS);
    Created made = client.create(ROOT, "file", OpenFlags.RDWR | OpenFlags.DSYNC, 0644);
    long node = made.entry().node();
    client.write(node, made.handle(), 0, new byte[100_000], 0);
    int punch = FallocateMode.PUNCH_HOLE | FallocateMode.KEEP_SIZE;
    assertFlushes(() -> client.fallocate(node, made.handle(), punch, 5_000, 50_000));
    client.release(node, made.handle());
  }

  private void checkCopy(int flags) throws Throwable {
    Created from = client.create(ROOT, "from", OpenFlags.RDWR, 0644);
    Created to = client.create(ROOT, "to", OpenFlags.RDWR | flags, 0644);
    long node = from.entry().node();
    long other = to.entry().node();
    client.write(node, from.handle(), 0, bytes("bytes"), 0);
    assertFlushes(
        () -> assertEquals(5, client.copy(node, from.handle(), 0, other, to.handle(), 0, 5)));
    client.release(node, from.handle());
    client.release(other, to.handle());
  }
}
