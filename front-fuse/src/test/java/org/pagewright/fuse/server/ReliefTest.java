package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.testing.FakeKernel;
import org.pagewright.fuse.testing.FakeKernel.Answer;
import org.pagewright.fuse.testing.FakeKernel.Args;

/// As many threads as there is work for: few to begin with, more when all of them wait.
final class ReliefTest extends WithServer {
  @Override
  void start(ServerOptions d) {
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors()) + 2;
    super.start(
        new ServerOptions(
            threads, false, false, false, -1, -1, d.timeoutMillis(), d.maxWriteBytes(),
            d.patienceMillis(), d.pinnedNodesMax(), false));
  }

  /// Method: the volume is frozen, and more files are to be made than there are threads.
  @Test
  @Timeout(60)
  void thereIsAThreadForTheNextRequestWhenAllAreStuck() throws FsException {
    assertEquals(server.atFirst(), server.workerCount());
    volume.superBlock().freeze();
    List<BlockingQueue<Answer>> stuck = new ArrayList<>();
    try {
      for (int i = 0; i <= server.atFirst(); i++) {
        stuck.add(
            kernel.ask(
                Opcode.MKDIR, ROOT, new Args().u32(0755).u32(022).text("dir" + i).bytes()));
      }
      BlockingQueue<Answer> look =
          kernel.ask(Opcode.GETATTR, ROOT, new Args().zeros(Wire.GetattrIn.BYTES).bytes());
      while (look.isEmpty()) { // ends: at the latest when there are as many as may be
        server.relieve();
        Thread.onSpinWait();
      }
      assertEquals(0, FakeKernel.await(look).errno());
      assertTrue(server.workerCount() > server.atFirst());
      stuck.forEach(answer -> assertTrue(answer.isEmpty()));
    } finally {
      volume.superBlock().thaw();
    }
    stuck.forEach(answer -> assertEquals(0, FakeKernel.await(answer).errno()));
    // None is added where somebody is there for the next one.
    int count = server.workerCount();
    server.relieve();
    assertEquals(count, server.workerCount());
  }
}
