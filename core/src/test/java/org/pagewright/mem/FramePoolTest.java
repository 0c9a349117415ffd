package org.pagewright.mem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Frames over several chunks, the last of which is cut by the budget.
final class FramePoolTest {
  private static final int FRAMES = 256 + 256 + 512 + 100;

  private static MemorySegment at(FramePool pool, int frame) {
    long place = FramePool.placeOf(frame);
    assertEquals(FramePool.chunkOf(frame), place >>> 26);
    assertEquals(FramePool.offsetInChunk(frame), place & (1 << 26) - 1);
    return pool.chunks()[FramePool.chunkOf(frame)].asSlice(
        FramePool.offsetInChunk(frame), FramePool.FRAME_SIZE);
  }

  @Test
  void eachFrameHasMemoryOfItsOwnWhichItsNumberTells() {
    try (FramePool pool = new FramePool((long) FRAMES * FramePool.FRAME_SIZE)) {
      assertEquals(FRAMES, pool.frames());
      int[] frames = new int[FRAMES];
      Set<Integer> numbers = new HashSet<>();
      for (int i = 0; i < FRAMES; i++) {
        frames[i] = pool.alloc(true);
        assertTrue(frames[i] >= 0 && frames[i] < 1 << FramePool.NUMBER_BITS);
        assertTrue(numbers.add(frames[i]), "given out twice: " + frames[i]);
        at(pool, frames[i]).set(ValueLayout.JAVA_INT, FramePool.FRAME_SIZE - 4, ~i);
      }
      assertEquals(-1, pool.alloc(true));
      for (int i = 0; i < FRAMES; i++) {
        MemorySegment frame = pool.frame(frames[i]);
        assertEquals(at(pool, frames[i]).address(), frame.address());
        assertEquals(~i, frame.get(ValueLayout.JAVA_INT, FramePool.FRAME_SIZE - 4));
      }
    }
  }

  @Test
  void framesComeBackZeroedOnceEach() {
    try (FramePool pool = new FramePool((long) FRAMES * FramePool.FRAME_SIZE)) {
      int[] frames = new int[FRAMES];
      for (int i = 0; i < FRAMES; i++) {
        frames[i] = pool.alloc(true);
        pool.frame(frames[i]).fill((byte) 7);
      }
      Set<Integer> given = new HashSet<>();
      for (int frame : frames) {
        pool.free(frame);
        given.add(frame);
      }
      assertEquals(0, pool.used());
      for (int i = 0; i < FRAMES; i++) {
        int frame = pool.alloc(true);
        assertTrue(given.remove(frame), "not given back, or twice: " + frame);
        assertEquals(-1, pool.frame(frame).mismatch(zeros()));
      }
    }
  }

  private static MemorySegment zeros() {
    return MemorySegment.ofArray(new byte[FramePool.FRAME_SIZE]);
  }

  @Test
  void aBudgetThatNumbersCannotTellApartIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new FramePool(1L << 40).close());
    assertThrows(IllegalArgumentException.class, () -> new FramePool(1 << 12).close());
  }
}
