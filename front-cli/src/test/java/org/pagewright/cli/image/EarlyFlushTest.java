package org.pagewright.cli.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.sim.device.FaultyBlockDevice;

/// When flushes begin on their own, and who hears of one that failed.
final class EarlyFlushTest {
  private static final int MEGABYTE = 1 << 20;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment piece = arena.allocate(MEGABYTE, 4096);
  private FaultyBlockDevice device;

  @BeforeEach
  void open() throws FsException {
    device = new FaultyBlockDevice(RamBlockDevice.of("ram", 2 * MEGABYTE));
  }

  @AfterEach
  void close() throws Exception {
    device.close();
    arena.close();
  }

  private void write(int megabytes) throws FsException {
    for (int i = 0; i < megabytes; i++) {
      device.write(0, piece);
    }
  }

  @Test
  void flushBeginsAfterMuchWasWrittenAndNotBefore() throws FsException {
    EarlyFlush early = new EarlyFlush(device);
    write(47);
    early.look();
    assertEquals(0, device.requests(FaultyBlockDevice.Kind.FLUSH));
    write(1);
    early.look();
    early.look();
    assertEquals(1, device.requests(FaultyBlockDevice.Kind.FLUSH));
    write(48);
    early.look();
    assertEquals(2, device.requests(FaultyBlockDevice.Kind.FLUSH));
    early.check();
  }

  /// The device tells it once: it must not be lost, whatever comes after.
  @Test
  void flushThatFailedIsToldByTheNextLookAndInTheEnd() throws FsException {
    EarlyFlush early = new EarlyFlush(device);
    device.failNth(FaultyBlockDevice.Kind.FLUSH, 1);
    write(48);
    early.look();
    write(48);
    assertEquals(Errno.EIO, assertThrows(FsException.class, early::look).errno());
    device.flush();
    assertEquals(Errno.EIO, assertThrows(FsException.class, early::check).errno());
  }
}
