package org.pagewright.iov;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// The sources by themselves.
final class IovTest {

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /// R-A10, R-A11: whatever is copied, rejected and brought in, the bytes accepted are those of the
  /// parts in their order, each once.
  @Test
  void acceptedBytesAreTheSourceInOrder() throws FsException {
    long seed = System.nanoTime();
    System.out.println("IovTest seed " + seed);
    Random random = new Random(seed);
    for (int run = 0; run < 500; run++) {
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      try (Arena arena = Arena.ofConfined()) {
        IovIter[] parts = new IovIter[random.nextInt(8)];
        for (int i = 0; i < parts.length; i++) {
          byte[] bytes = random(random, random.nextInt(4) == 0 ? 0 : random.nextInt(300));
          expected.writeBytes(bytes);
          parts[i] = part(random, arena, bytes);
        }
        IovIter source =
            random.nextBoolean() || parts.length == 0 ? new GatherIter(parts) : nested(parts);
        assertArrayEquals(
            expected.toByteArray(), drain(random, source, expected.size()), "seed " + seed);
      }
    }
  }

  private static IovIter nested(IovIter[] parts) {
    int half = parts.length / 2;
    IovIter[] first = java.util.Arrays.copyOf(parts, half);
    IovIter[] second = java.util.Arrays.copyOfRange(parts, half, parts.length);
    return new GatherIter(new GatherIter(first), new GatherIter(second));
  }

  private static IovIter part(Random random, Arena arena, byte[] bytes) {
    return switch (random.nextInt(4)) {
      case 0 -> new SegmentIter(bytes);
      case 1 -> {
        MemorySegment segment = arena.allocate(bytes.length + 20);
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 10, bytes.length);
        yield new SegmentIter().reset(segment, 10, bytes.length);
      }
      case 2 -> {
        FaultingIter faulting = new FaultingIter(bytes, 1 + random.nextInt(50));
        yield random.nextBoolean() ? faulting : faulting.evictAfterFaultIn(2);
      }
      default -> filler(random, bytes);
    };
  }

  private static FillerIter filler(Random random, byte[] bytes) {
    int[] given = {0};
    return new FillerIter(
        (target, length) -> {
          int n = 1 + random.nextInt(length);
          MemorySegment.copy(bytes, given[0], target, ValueLayout.JAVA_BYTE, 0, n);
          given[0] += n;
          return n;
        },
        bytes.length);
  }

  private static byte[] drain(Random random, IovIter source, int length) throws FsException {
    ByteArrayOutputStream accepted = new ByteArrayOutputStream();
    MemorySegment target = MemorySegment.ofArray(new byte[500]);
    assertEquals(length, source.remaining());
    while (source.remaining() > 0) {
      int wanted = (int) Math.min(source.remaining(), 1 + random.nextInt(200));
      int ready = source.ready(wanted);
      assertTrue(ready >= 0 && ready <= wanted);
      int n;
      if (random.nextInt(5) == 0) {
        n = source.copy(target, 7, wanted);
        assertTrue(n > 0);
      } else {
        n = source.copyAtomic(target, 7, wanted);
        if (source.isAlwaysResident()) {
          assertEquals(wanted, n);
        }
      }
      int kept = n == 0 || random.nextInt(3) > 0 ? n : random.nextInt(n);
      source.revert(n - kept);
      accepted.writeBytes(target.asSlice(7, kept).toArray(ValueLayout.JAVA_BYTE));
      assertEquals(length - accepted.size(), source.remaining());
      if (kept < wanted && source.remaining() > 0) {
        int want = (int) Math.min(source.remaining(), wanted);
        int readable = source.faultIn(want);
        assertTrue(readable > 0 && readable <= want, readable + " of " + want);
      }
    }
    assertEquals(0, source.copyAtomic(target, 0, 0));
    return accepted.toByteArray();
  }

  /// R-A6: every page of every part is visited, empty parts are passed over, and what lies behind a
  /// bad address does not count.
  @Test
  void faultInVisitsEveryPageAndTellsHowFarItReaches() throws FsException {
    FaultingIter first = new FaultingIter(new byte[300], 100).setResident(0, true);
    FaultingIter second = new FaultingIter(new byte[300], 100).setBad(2);
    FaultingIter third = new FaultingIter(new byte[300], 100);
    GatherIter source =
        new GatherIter(new SegmentIter(), first, new SegmentIter(), second, third);
    assertEquals(900, source.remaining());
    assertEquals(500, source.faultIn(900));
    assertEquals(500, source.copyAtomic(MemorySegment.ofArray(new byte[900]), 0, 900));
    assertEquals(0, source.faultIn(400));
    assertEquals(0, third.faults());
  }

  /// An error of a later part waits until the cursor is there.
  @Test
  void errorOfALaterPartComesWhenItsTurnComes() throws FsException {
    GatherIter source =
        new GatherIter(
            new SegmentIter(new byte[10]),
            new FillerIter(
                (target, length) -> {
                  throw new FsException(Errno.ENXIO, "pipe");
                },
                10));
    assertEquals(10, source.faultIn(20));
    assertEquals(10, source.copyAtomic(MemorySegment.ofArray(new byte[20]), 0, 20));
    assertEquals(
        Errno.ENXIO, assertThrows(FsException.class, () -> source.faultIn(10)).errno());
    assertEquals(10, source.remaining());
  }

  @Test
  void fillerThatEndsEarlyShortensTheList() throws FsException {
    GatherIter source =
        new GatherIter(
            new FillerIter((target, length) -> 0, 100), new SegmentIter(new byte[] {1, 2, 3}));
    assertEquals(103, source.remaining());
    assertEquals(3, source.faultIn(103));
    assertEquals(3, source.remaining());
    byte[] target = new byte[3];
    assertEquals(3, source.copyAtomic(MemorySegment.ofArray(target), 0, 3));
    assertArrayEquals(new byte[] {1, 2, 3}, target);
  }

  @Test
  void fillerThatGivesMoreThanFitsIsRefused() {
    FillerIter source = new FillerIter((target, length) -> length + 1, 10);
    assertThrows(IndexOutOfBoundsException.class, () -> source.faultIn(10));
  }

  @Test
  void rangesOutsideTheSegmentAreRefused() {
    assertThrows(
        IndexOutOfBoundsException.class, () -> new SegmentIter().reset(new byte[10], 5, 6));
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> new SegmentIter().reset(MemorySegment.ofArray(new byte[10]), -1, 6));
  }

  /// Memory that was closed, or is another thread's, is a bad address (R-A7), not an exception
  /// under the folio lock.
  @Test
  void closedOrForeignMemoryIsABadAddress() throws Exception {
    MemorySegment target = MemorySegment.ofArray(new byte[10]);
    SegmentIter closed;
    try (Arena arena = Arena.ofShared()) {
      closed = new SegmentIter(arena.allocate(10));
      assertEquals(10, closed.faultIn(10));
    }
    assertEquals(0, closed.copyAtomic(target, 0, 10));
    assertEquals(0, closed.faultIn(10));
    assertEquals(10, closed.remaining());

    try (Arena arena = Arena.ofConfined()) {
      SegmentIter foreign = new SegmentIter(arena.allocate(10));
      AtomicReference<List<Integer>> seen = new AtomicReference<>(new ArrayList<>());
      Thread other =
          Thread.ofPlatform()
              .start(
                  () -> {
                    seen.get().add(foreign.copyAtomic(target, 0, 10));
                    seen.get().add(foreign.faultIn(10));
                  });
      other.join();
      assertEquals(List.of(0, 0), seen.get());
      assertEquals(10, foreign.copyAtomic(target, 0, 10));
      foreign.clear();
      assertEquals(0, foreign.remaining());
    }
  }

  @Test
  void onlyMemoryIsAlwaysResident() {
    SegmentIter memory = new SegmentIter(new byte[10]);
    assertTrue(new GatherIter(memory).isAlwaysResident());
    FaultingIter faulting = new FaultingIter(new byte[10], 10);
    assertFalse(new GatherIter(memory, faulting).isAlwaysResident());
  }
}
