package org.pagewright.mem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

  @Test
  void neighboursInAFileAreNeighboursInMemory() {
    try (FramePool pool = new FramePool(64L << 20)) {
      int a = pool.alloc(false, FramePool.ANY, 0);
      int b = pool.alloc(false, FramePool.ANY, 0);
      assertEquals(a + 1, b, "small files lie together");
      int[] runs = new int[2];
      int[] last = {a, b};
      for (int i = 1; i < 4000; i++) { // two files that grow side by side
        for (int file = 0; file < 2; file++) {
          int frame = pool.alloc(false, last[file] + 1, i);
          runs[file] += frame == last[file] + 1 ? 0 : 1;
          last[file] = frame;
        }
      }
      assertTrue(runs[0] <= 63 && runs[1] <= 63, "each is in pieces: " + Arrays.toString(runs));
      assertEquals(8000, pool.used());
    }
  }

  @Test
  void whatOneFileGaveBackAnotherGetsAsOnePiece() {
    try (FramePool pool = new FramePool(16L << 20)) {
      int[] frames = new int[pool.frames() - pool.reserve()];
      for (int round = 0; round < 3; round++) {
        int pieces = 0;
        for (int i = 0; i < frames.length; i++) {
          int wanted = i == 0 ? FramePool.ANY : frames[i - 1] + 1;
          frames[i] = pool.alloc(false, wanted, i);
          pieces += frames[i] == wanted ? 0 : 1;
        }
        assertEquals(-1, pool.alloc(false));
        assertTrue(pieces <= 12, pieces + " pieces in round " + round);
        for (int frame : frames) {
          pool.free(frame);
        }
      }
    }
  }

  @Test
  void littleMemoryIsTakenForAFewFramesThatComeAndGo() {
    try (FramePool pool = new FramePool(64L << 20)) {
      Random random = new Random(5);
      int[] frames = new int[50];
      Arrays.fill(frames, -1);
      for (int i = 0; i < 100_000; i++) {
        int slot = random.nextInt(frames.length);
        if (frames[slot] >= 0) {
          pool.free(frames[slot]);
        }
        frames[slot] = pool.alloc(false, random.nextInt(1 << 16) - 2, random.nextInt(3));
      }
      assertTrue(pool.chunks()[0] != null && pool.chunks()[2] == null, "50 frames need 2 MiB");
    }
  }

  @Test
  void aFrameIsNeverTwoThreadsAtATime() throws Exception {
    int threads = 4;
    long seed = System.nanoTime();
    for (int budget : new int[] {40, 64, 65, 4200}) { // frames: one row, two, and a summary of two
      try (FramePool pool = new FramePool((long) budget * FramePool.FRAME_SIZE)) {
        AtomicIntegerArray owners = new AtomicIntegerArray(1 << 17);
        AtomicReference<Throwable> failed = new AtomicReference<>();
        List<Thread> running = new ArrayList<>();
        for (int t = 1; t <= threads; t++) {
          int me = t;
          running.add(
              Thread.ofPlatform()
                  .start(
                      () -> {
                        try {
                          churn(pool, owners, me, budget / 3, new Random(seed + me));
                        } catch (Throwable e) {
                          failed.compareAndSet(null, e);
                        }
                      }));
        }
        for (Thread thread : running) {
          thread.join();
        }
        assertNull(failed.get(), () -> "seed " + seed + ": " + failed.get());
        assertEquals(0, pool.used());
        Set<Integer> all = new HashSet<>();
        for (int frame = pool.alloc(true); frame >= 0; frame = pool.alloc(true)) {
          assertTrue(all.add(frame));
        }
        assertEquals(budget, all.size(), "none is lost, seed " + seed);
      }
    }
  }

  /// Frames are given back, and taken by who wants just those, perhaps before the summary says that
  /// their rows have one: it then says so of rows that have none.
  @Test
  @Timeout(60)
  void aFrameIsFoundBehindRowsThatOnlySeemToHaveOne() throws Exception {
    int rows = 70;
    int sweeps = 200;
    try (FramePool pool = new FramePool(64L * rows * FramePool.FRAME_SIZE)) {
      int[] frames = new int[64 * rows];
      for (int i = 0; i < frames.length; i++) {
        frames[i] = pool.alloc(true);
      }
      int last = frames[frames.length - 1];
      pool.free(last); // so that somebody may look for a frame
      AtomicInteger turn = new AtomicInteger();
      for (int sweep = 0; sweep < sweeps; sweep++) {
        turn.set(0);
        Thread taker = Thread.ofPlatform().daemon().start(() -> takeEach(pool, frames, turn));
        for (int row = 0; row < 60; row++) {
          while (turn.get() != row + 1) {
            Thread.onSpinWait();
          }
          pool.free(frames[row << 6]);
        }
        taker.join();
        assertEquals(last, pool.alloc(true));
        assertEquals(-1, pool.alloc(true));
        pool.free(frames[65 << 6]);
        assertEquals(frames[65 << 6], pool.alloc(true));
        pool.free(last);
      }
    }
  }

  private static void takeEach(FramePool pool, int[] frames, AtomicInteger turn) {
    for (int row = 0; row < 60; row++) {
      int wanted = frames[row << 6];
      turn.set(row + 1);
      int frame;
      while ((frame = pool.alloc(true, wanted, 0)) != wanted) {
        if (frame >= 0) {
          pool.free(frame);
        }
      }
    }
  }

  private static void churn(
      FramePool pool, AtomicIntegerArray owners, int me, int most, Random random) {
    List<Integer> mine = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (mine.size() < most && random.nextInt(5) < 3) {
        int wanted = mine.isEmpty() ? FramePool.ANY : mine.getLast() + 1;
        int frame = pool.alloc(random.nextBoolean(), wanted, random.nextInt(100));
        if (frame >= 0) {
          assertTrue(owners.compareAndSet(frame, 0, me), "taken twice: " + frame);
          mine.add(frame);
        }
      } else if (!mine.isEmpty()) {
        give(pool, owners, me, mine.remove(random.nextInt(mine.size())));
      }
    }
    for (int frame : mine) {
      give(pool, owners, me, frame);
    }
  }

  private static void give(FramePool pool, AtomicIntegerArray owners, int me, int frame) {
    assertTrue(owners.compareAndSet(frame, me, 0), "somebody else's: " + frame);
    pool.free(frame);
  }
}
