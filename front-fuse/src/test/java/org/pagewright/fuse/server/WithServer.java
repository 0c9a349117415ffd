package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.Ext4;
import org.pagewright.fs.ext4.Ext4Options;
import org.pagewright.fs.ext4.mkfs.Mkfs;
import org.pagewright.fs.ext4.mkfs.MkfsOptions;
import org.pagewright.fuse.protocol.Feature;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FuseClient;
import org.pagewright.vfs.CacheMemory;
import org.pagewright.vfs.Volume;

/// A server with ext4 behind it, and a kernel in front that the test plays: no device, no mount, no
/// privileges. At its end nothing may be left over: no node, no open file, no inode, no answer that
/// a real kernel would not have taken.
abstract class WithServer {
  static final long ROOT = 1;
  static final long EVERYTHING = -1L >>> 1 & ~Feature.WRITEBACK_CACHE;

  final FakeKernel kernel = newKernel();
  final FuseClient client = new FuseClient(kernel);
  CacheMemory memory = CacheMemory.ofBytes(16 << 20);
  Volume volume;
  FuseServer server;

  FakeKernel newKernel() {
    return new FakeKernel();
  }

  @BeforeEach
  void start() throws FsException {
    RamBlockDevice device = RamBlockDevice.of("image", 32 << 20);
    Mkfs.make(device, new MkfsOptions());
    volume = Ext4.mount(device, memory, Ext4Options.DEFAULTS);
    volume
        .superBlock()
        .setTrouble(
            (what, error) -> {
              System.out.println(what);
              error.printStackTrace(System.out);
            });
    start(ServerOptions.DEFAULTS);
  }

  void start(ServerOptions options) {
    server = new FuseServer(volume, options, new Telling());
    server.start(kernel.channel());
    kernel.init(EVERYTHING);
  }

  @AfterEach
  void stop() throws FsException {
    kernel.unmount();
    assertTrue(server.awaitEnd(30_000_000_000L), "the server ends with the mount");
    assertEquals(List.of(), kernel.complaints());
    assertEquals(0, server.knownNodes());
    assertEquals(0, volume.superBlock().openFiles());
    assertFalse(volume.superBlock().isShutDown());
    volume.close(); // asserts that no inode leaked
    memory.close();
  }

  /// Waits until no node is known any more. Nobody answers a FORGET, and the next request may be
  /// another thread's, and faster.
  void awaitForgotten() {
    assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          while (server.knownNodes() > 0) {
            Thread.onSpinWait();
          }
        });
  }

  static void assertFails(Errno errno, org.junit.jupiter.api.function.Executable call) {
    assertEquals(errno, assertThrows(FsException.class, call).errno());
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// Shows in the test's output what goes wrong, with where.
  static final class Telling implements Log {
    @Override
    public void trouble(String text) {
      System.out.println("trouble: " + text);
    }

    @Override
    public boolean traces() {
      return false;
    }

    @Override
    public void trace(String line) {}
  }
}
