package org.pagewright.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

class PartitionBlockDeviceTest implements BlockDeviceContract {
  @Override
  public BlockDevice newDevice() throws Exception {
    RamBlockDevice below = RamBlockDevice.of("disk", 3 * SIZE);
    return PartitionBlockDevice.owning(below, "disk1", SIZE, SIZE);
  }

  @Test
  void nothingOutsideTheRangeIsTouched() throws FsException {
    try (RamBlockDevice below = RamBlockDevice.of("disk", 4096);
        PartitionBlockDevice part = PartitionBlockDevice.window(below, "disk1", 1024, 1024)) {
      part.write(0, MemorySegment.ofArray(new byte[1024]).fill((byte) 1));
      part.discard(512, 512);
      MemorySegment all = MemorySegment.ofArray(new byte[4096]);
      below.read(0, all);
      for (int i = 0; i < 4096; i++) {
        assertEquals(i >= 1024 && i < 1536 ? 1 : 0, all.get(ValueLayout.JAVA_BYTE, i));
      }
      assertEquals(1024, part.bytesWritten());
      assertEquals(1024, part.startBytes());
    }
  }

  @Test
  void aWindowLeavesTheDeviceOpenAndAnOwnerClosesIt() throws FsException {
    try (RamBlockDevice below = RamBlockDevice.of("disk", 4096)) {
      PartitionBlockDevice.window(below, "disk1", 0, 512).close();
      below.flush();
      PartitionBlockDevice.owning(below, "disk1", 0, 512).close();
      assertEquals(Errno.EIO, assertThrows(FsException.class, below::flush).errno());
    }
  }

  @Test
  void aRangeThatIsNotWholeSectorsOfTheDeviceIsRefused() throws FsException {
    try (RamBlockDevice below = RamBlockDevice.of("disk", 1 << 20, 4096)) {
      for (long[] range : new long[][] {{512, 4096}, {4096, 512}, {0, 2 << 20}, {-4096, 4096}}) {
        FsException e =
            assertThrows(
                FsException.class,
                () -> PartitionBlockDevice.window(below, "disk1", range[0], range[1]));
        assertEquals(Errno.EINVAL, e.errno());
      }
    }
  }
}
