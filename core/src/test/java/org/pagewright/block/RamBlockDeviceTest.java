package org.pagewright.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

class RamBlockDeviceTest implements BlockDeviceContract {
  @Override
  public BlockDevice newDevice() throws Exception {
    return RamBlockDevice.of("ram0", SIZE);
  }

  @Test
  void aDeviceOf16TiBTakesMemoryOnlyForWhatWasWritten() throws FsException {
    long size = 16L << 40;
    try (RamBlockDevice device = RamBlockDevice.of("big", size)) {
      MemorySegment memory = MemorySegment.ofArray(new byte[512]).fill((byte) 9);
      for (long pos : new long[] {0, 1L << 32, (1L << 40) + 512, size - 512}) {
        device.write(pos, memory);
      }
      assertEquals(4 * 65536, device.memoryBytes());
      MemorySegment read = MemorySegment.ofArray(new byte[1024]);
      device.read(size - 1024, read);
      assertEquals(0, read.get(ValueLayout.JAVA_BYTE, 511));
      assertEquals(9, read.get(ValueLayout.JAVA_BYTE, 512));
      device.discard(0, size);
      device.read(size - 1024, read);
      assertEquals(0, read.get(ValueLayout.JAVA_BYTE, 512));
      assertEquals(4 * 65536, device.memoryBytes());
    }
  }

  @Test
  void whatWasNeverWrittenReadsAsTheFillByteAlsoBesideAWrite() throws FsException {
    try (RamBlockDevice device = RamBlockDevice.filled("ram0", 1 << 20, 512, (byte) 'S')) {
      device.write(512, MemorySegment.ofArray(new byte[512]));
      MemorySegment read = MemorySegment.ofArray(new byte[2048]);
      device.read(0, read);
      assertEquals('S', read.get(ValueLayout.JAVA_BYTE, 511));
      assertEquals(0, read.get(ValueLayout.JAVA_BYTE, 512));
      assertEquals('S', read.get(ValueLayout.JAVA_BYTE, 1024));
    }
  }

  @Test
  void sizesThatMakeNoSenseAreRefused() {
    assertRefused(1000, 512);
    assertRefused(-512, 512);
    assertRefused(1L << 51, 512);
    assertRefused(4096, 256);
    assertRefused(4096, 1000);
  }

  private static void assertRefused(long size, int sectorSize) {
    FsException e =
        assertThrows(FsException.class, () -> RamBlockDevice.of("ram0", size, sectorSize));
    assertEquals(Errno.EINVAL, e.errno());
  }
}
