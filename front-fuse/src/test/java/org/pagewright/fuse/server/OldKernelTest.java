package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.vfs.OpenFlags;

/// A kernel that speaks the oldest version of the protocol that is understood.
final class OldKernelTest extends WithServer {
  private static final int FS_IOC_GETFLAGS = 0x80086601;
  private static final int FS_IOC_SETFLAGS = 0x40086602;

  @Override
  void start(ServerOptions options) {
    server = new FuseServer(volume, options, new Telling());
    server.start(kernel.channel());
    kernel.initAsOldest();
  }

  @Test
  void filesAreWrittenAndRead() throws FsException {
    assertEquals(31, server.minor());
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    assertEquals(5, client.write(node, file.handle(), 0, bytes("hello"), 0));
    assertArrayEquals(bytes("hello"), client.read(node, file.handle(), 0, 4096));
    client.release(node, file.handle());
  }

  /// It passes every request on, whoever makes it: an immutable file would be anybody's to make.
  @Test
  void flagsAreShownButNotSet() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    assertEquals(0, ioctl(node, file.handle(), FS_IOC_GETFLAGS, 0, 8));
    assertEquals(
        Errno.ENOTTY.number(), ioctl(node, file.handle(), FS_IOC_SETFLAGS, 8, 0));
    client.release(node, file.handle());
  }

  private int ioctl(long node, long handle, int command, int in, int out) {
    Args args = new Args().u64(handle).u32(0).u32(command).u64(0).u32(in).u32(out).zeros(in);
    return kernel.call(Opcode.IOCTL, node, args.bytes()).errno();
  }
}
