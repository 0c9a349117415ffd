package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.vfs.OpenFlags;

/// A kernel that agrees on queues and then takes no entry: all goes on through the device. And the
/// numbers that queues are made by.
final class RefusedRingsTest extends WithServer {
  @Override
  FakeKernel newKernel() {
    FakeKernel refusing = new FakeKernel(true);
    refusing.refuseEntries();
    return refusing;
  }

  @Test
  void allGoesOnThroughTheDevice() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long node = file.entry().node();
    assertEquals(5, client.write(node, file.handle(), 0, bytes("hello"), 0));
    List<BlockingQueue<Answer>> asked = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      asked.add(kernel.ask(Opcode.GETATTR, node, new Args().zeros(16).bytes()));
    }
    for (BlockingQueue<Answer> answer : asked) {
      assertEquals(0, FakeKernel.await(answer).errno());
    }
    assertArrayEquals(bytes("hello"), client.read(node, file.handle(), 0, 4096));
    client.release(node, file.handle());
    assertEquals(0, kernel.registered());
  }

  @Test
  void queuesAreCountedAsTheKernelCountsThem() {
    assertEquals(1, DeviceEntry.processors("0"));
    assertEquals(8, DeviceEntry.processors("0-7"));
    assertEquals(64, DeviceEntry.processors("0-63"));
    assertEquals(0, DeviceEntry.processors("0-64"));
    assertEquals(0, DeviceEntry.processors("0,2-3"));
    assertEquals(0, DeviceEntry.processors("1-3"));
    assertEquals(0, DeviceEntry.processors(""));
    assertEquals(0, DeviceEntry.processors("0-"));
  }
}
