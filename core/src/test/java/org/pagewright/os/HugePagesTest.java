package org.pagewright.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/// Memory from mmap(2), where native access is granted.
final class HugePagesTest {
  @Test
  void memoryIsZeroAlignedAndEndsWithItsArena() {
    MemorySegment memory;
    try (Arena arena = Arena.ofShared()) {
      memory = HugePages.allocate(HugePages.SIZE + 8192, arena);
      assumeTrue(memory != null, "no native access, or not Linux");
      assertNotNull(memory);
      assertEquals(HugePages.SIZE + 8192, memory.byteSize());
      assertEquals(0, memory.address() % HugePages.SIZE);
      for (long at = 0; at < memory.byteSize(); at += 8) {
        assertEquals(0, memory.get(ValueLayout.JAVA_LONG, at));
      }
      memory.fill((byte) 7);
      assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, memory.byteSize() - 1));
    }
    MemorySegment ended = memory;
    assertFalse(ended.scope().isAlive());
    assertThrows(IllegalStateException.class, () -> ended.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void moreThanThereIsOfAddressesIsRefusedSoftly() {
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(null, HugePages.allocate(1L << 60, arena));
    }
  }
}
