package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
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
  private final OnlyChannel only = new OnlyChannel();

  @Override
  void start(ServerOptions d) {
    server =
        new FuseServer(
            volume,
            new ServerOptions(
                threads(), false, false, false, -1, -1, d.timeoutMillis(), d.maxWriteBytes(),
                d.patienceMillis(), d.pinnedNodesMax(), false),
            new Telling());
    server.start(only);
    kernel.init(EVERYTHING);
  }

  /// A device of which there is only one descriptor. While the last thread is about to be added,
  /// somebody else adds it.
  private final class OnlyChannel implements Channel {
    private final Channel below = kernel.channel();
    private volatile boolean raced;
    private volatile boolean closed;

    @Override
    public int receive(MemorySegment buffer) throws FsException {
      return below.receive(buffer);
    }

    @Override
    public boolean send(MemorySegment message, int length) throws FsException {
      return below.send(message, length);
    }

    @Override
    public Channel another() {
      if (!raced && server.workerCount() == threads() - 1) {
        raced = true;
        server.relieve();
      }
      return this;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static int threads() {
    return Math.max(2, Runtime.getRuntime().availableProcessors()) + 2;
  }

  private BlockingQueue<Answer> look() {
    return kernel.ask(
        Opcode.GETATTR, ROOT, new Args().zeros(Wire.GetattrIn.BYTES).bytes());
  }

  /// Freezes the volume, has more folders made than there are threads at first, and sees that a
  /// request that waits for nobody is answered.
  private void stick(String name) throws FsException {
    volume.superBlock().freeze();
    List<BlockingQueue<Answer>> stuck = new ArrayList<>();
    try {
      for (int i = 0; i <= server.atFirst(); i++) {
        byte[] arguments = new Args().u32(0755).u32(022).text(name + i).bytes();
        stuck.add(kernel.ask(Opcode.MKDIR, ROOT, arguments));
      }
      BlockingQueue<Answer> look = look();
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
    assertTrue(only.raced);
    assertFalse(only.closed, "the channel that all share");
  }

  @Test
  @Timeout(60)
  void thereIsAThreadForTheNextRequestWhenAllAreStuck() throws FsException {
    assertEquals(server.atFirst(), server.workerCount());
    stick("once-");
    // None is added where somebody is there for the next one.
    int count = server.workerCount();
    server.relieve();
    assertEquals(count, server.workerCount());
  }

  @Test
  @Timeout(60)
  void threadsThatAreNoLongerNeededRestAndAreCalledWhenTheyAre() throws FsException {
    for (int turn = 0; turn < 2; turn++) {
      stick("turn" + turn + "-");
      while (server.workerCount() > server.atFirst()) { // ends: each rests after a while
        assertEquals(0, FakeKernel.await(look()).errno());
      }
    }
  }

  @Test
  @Timeout(60)
  void threadsThatRestEndWithTheMount() throws FsException {
    stick("");
    while (server.workerCount() > server.atFirst()) {
      assertEquals(0, FakeKernel.await(look()).errno());
    }
    kernel.unmount();
    assertTrue(server.awaitEnd(30_000_000_000L));
  }
}
