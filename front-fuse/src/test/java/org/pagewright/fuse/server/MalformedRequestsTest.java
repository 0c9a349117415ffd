package org.pagewright.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.fuse.protocol.Opcode;
import org.pagewright.fuse.protocol.Wire;
import org.pagewright.fuse.testing.FakeKernel.Args;
import org.pagewright.fuse.testing.FuseClient.Created;
import org.pagewright.vfs.OpenFlags;

/// Requests that no kernel sends: cut off, too long, with numbers from nowhere. Each is answered as
/// the protocol has it (which [org.pagewright.fuse.testing.FakeKernel] checks), and the server goes
/// on. `-Dpagewright.fuzz.rounds` asks for more of them.
final class MalformedRequestsTest extends WithServer {
  private static final int ROUNDS = Integer.getInteger("pagewright.fuzz.rounds", 20_000);

  @Test
  void requestCutOffAnywhereIsAnswered() throws FsException {
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    for (Opcode opcode : Opcode.values()) {
      if (!opcode.isAnswered() || opcode == Opcode.INIT) {
        continue;
      }
      for (int length = 0; length <= 96; length++) {
        byte[] arguments =
            new Args().u64(file.handle()).zeros(128).bytes();
        kernel.call(opcode, ROOT, java.util.Arrays.copyOf(arguments, length));
      }
    }
    assertEquals(1, client.lookup(ROOT, "a").attr().nlink());
  }

  @Test
  void requestThatIsNoHeaderIsPassedOver() throws FsException {
    for (int length = 0; length < Wire.InHeader.BYTES; length++) {
      kernel.sendRaw(new byte[length]);
    }
    assertEquals(040755, client.getattr(ROOT).mode());
  }

  @Test
  void randomRequestsAreAnsweredAndNothingBreaks() throws FsException {
    long seed = Long.getLong("pagewright.seed", System.nanoTime());
    System.out.println("seed of malformed requests: " + seed);
    Random random = new Random(seed);
    Created file = client.create(ROOT, "a", OpenFlags.RDWR, 0644);
    long dir = client.opendir(ROOT);
    long[] numbers = {
      0, 1, -1, 2, 7, 255, 4096, 1 << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE,
      Long.MIN_VALUE, file.handle(), dir, file.entry().node(), ROOT, 1L << 40
    };
    Opcode[] opcodes = Opcode.values();
    for (int i = 0; i < ROUNDS; i++) {
      Opcode opcode = opcodes[random.nextInt(opcodes.length)];
      byte[] arguments = arguments(random, numbers);
      long node = numbers[random.nextInt(numbers.length)];
      boolean waits = opcode == Opcode.SETLKW; // may wait for ever, and rightly
      if (!opcode.isAnswered() || waits) {
        kernel.tell(opcode.isAnswered() ? Opcode.INTERRUPT : opcode, node, arguments);
      } else if (opcode != Opcode.DESTROY) {
        kernel.call(opcode, node, arguments);
      }
      assertFalse(volume.superBlock().isShutDown(), () -> "after " + opcode);
    }
    assertEquals(040000, client.getattr(ROOT).mode() & 0170000);
  }

  /// Handle-like numbers first, then noise, sometimes with a name at the end.
  private static byte[] arguments(Random random, long[] numbers) {
    int words = random.nextInt(14);
    ByteBuffer buffer = ByteBuffer.allocate(words * 8 + 64).order(ByteOrder.nativeOrder());
    for (int i = 0; i < words; i++) {
      if (random.nextInt(8) == 0) {
        buffer.putLong(random.nextLong());
      } else {
        buffer.putLong(numbers[random.nextInt(numbers.length)]);
      }
    }
    String[] names = {"", "a\0", "b\0c\0", "..\0", ".\0", "x/y\0", "user.q\0v", "a", "d\0"};
    buffer.put(bytes(names[random.nextInt(names.length)]));
    int length = random.nextInt(4) == 0 ? random.nextInt(buffer.position() + 1) : buffer.position();
    return java.util.Arrays.copyOf(buffer.array(), length);
  }

  /// An answer that the device refuses is the trouble of one request.
  @Test
  void aRefusedAnswerEndsNoMount() throws Exception {
    kernel.setBreaksAnswers(ServerOptions.DEFAULTS.threads() + 2);
    for (int i = 0; i < ServerOptions.DEFAULTS.threads() + 2; i++) {
      kernel.call(Opcode.GETATTR, ROOT, new Args().zeros(16).bytes());
    }
    assertEquals(2, client.getattr(ROOT).nlink() - 1);
  }
}
