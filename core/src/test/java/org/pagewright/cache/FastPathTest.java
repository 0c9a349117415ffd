package org.pagewright.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;

/// Reads and overwrites by the look word alone, and what they must keep out of each other's way.
final class FastPathTest {
  private static final long SIZE = 1L << 40;

  private final PageCache cache = new PageCache(16 << 20);
  private final AddressSpace mapping =
      new AddressSpace(cache, new MemoryOperations(), m -> {}, null, "f");

  FastPathTest() {
    mapping.setSize(SIZE);
  }

  @AfterEach
  void close() {
    cache.close();
  }

  /// Content that is nowhere but in memory.
  private static final class MemoryOperations implements AddressSpaceOperations {
    @Override
    public FillResult readFolio(AddressSpace mapping, Folio folio) {
      throw new AssertionError("nothing to read");
    }

    @Override
    public Folio writeBegin(AddressSpace mapping, long pos, int length, WriteOp op) {
      throw new AssertionError("the long way");
    }

    @Override
    public int writeEnd(
        AddressSpace mapping, long pos, int length, int copied, Folio folio, WriteOp op) {
      throw new AssertionError("the long way");
    }

    @Override
    public void writepages(AddressSpace mapping, WritebackControl control) {
      throw new AssertionError("no store");
    }
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// A folio full of one byte, dirty and open for overwriting, unlocked.
  private Folio opened(long index, int value) throws FsException {
    Folio folio = filled(index, value);
    folio.lock();
    folio.markDirty();
    folio.openForOverwrite();
    folio.unlock();
    return folio;
  }

  private Folio filled(long index, int value) throws FsException {
    Folio folio = mapping.getOrCreate(index, 0);
    folio.beginChange();
    folio.bytes().fill((byte) value);
    folio.endChange();
    folio.markUptodate();
    folio.unlock();
    return folio;
  }

  private void clean(Folio folio) {
    folio.lock();
    assertTrue(folio.clearDirtyForIo());
    folio.startWriteback();
    folio.unlock();
    folio.endWriteback(true);
  }

  private byte[] read(long pos, int length) {
    byte[] target = new byte[length];
    int n = FastPath.copyOut(mapping, pos, length, null, target, 0);
    return n < 0 ? new byte[0] : Arrays.copyOf(target, n);
  }

  private int overwrite(long pos, byte[] source) {
    return FastPath.overwrite(mapping, pos, source.length, null, null, source, 0);
  }

  @Test
  void whatIsUptodateIsReadAndWhatIsNotIsLeftToTheLongWay() throws FsException {
    assertEquals(0, read(0, 10).length);
    Folio folio = mapping.getOrCreate(0, 0);
    assertEquals(0, read(0, 10).length, "not uptodate yet");
    folio.markUptodate();
    assertArrayEquals(new byte[10], read(0, 10), "R-B3: a new frame is zeros");
    folio.beginChange();
    assertEquals(0, read(0, 10).length, "R-B13: somebody changes it");
    folio.endChange();
    folio.unlock();
    filled(1, 7);
    assertArrayEquals(bytes(96, 7), read(8000, 96));
    mapping.setSize(8010);
    assertArrayEquals(bytes(10, 7), read(8000, 96), "R-B12: no further than the size");
    assertEquals(0, read(8010, 1).length);
  }

  @Test
  void theFrameIsGuessedInWhateverOrderFoliosComeIn() throws FsException {
    List<Integer> indices = new ArrayList<>();
    for (int index = 0; index < 1000; index++) {
      indices.add(index);
    }
    assertEquals(indices.size(), rightGuesses(indices), "one after the other");
    for (int index : indices) {
      Folio folio = mapping.find(5000 + index);
      folio.lock();
      mapping.detach(folio);
      folio.unlock();
    }
    long seed = System.nanoTime();
    Collections.shuffle(indices, new Random(seed));
    int right = rightGuesses(indices);
    assertTrue(right >= 950, right + " of 1000 are right, seed " + seed);
  }

  private int rightGuesses(List<Integer> indices) throws FsException {
    for (int index : indices) {
      filled(5000 + index, index);
    }
    int right = 0;
    for (int index : indices) {
      right += mapping.guessFrame(5000 + index) == mapping.find(5000 + index).frame() ? 1 : 0;
    }
    return right;
  }

  @Test
  void aWrongGuessHarmsNobody() throws FsException {
    List<Integer> frames = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      frames.add(cache.takeFrame(true));
    }
    for (int i = 0; i < 2000; i += 2) {
      cache.freeFrame(frames.get(i));
    }
    for (int index = 0; index < 900; index++) {
      filled(index, index);
    }
    int wrong = 0;
    for (int index = 0; index < 900; index++) {
      wrong += mapping.guessFrame(index) != mapping.find(index).frame() ? 1 : 0;
      assertArrayEquals(bytes(3000, index), read(index * 4096L + 1000, 3000));
    }
    assertTrue(wrong > 100, wrong + " of 900 are wrong");
    assertTrue(mapping.guessFrame(1L << 30) < 0, "far out nothing is guessed");
  }

  @Test
  void marksSendReadersTheLongWay() throws FsException {
    Folio folio = filled(0, 7);
    folio.setReadahead(true);
    assertEquals(0, read(0, 1).length);
    folio.setReadahead(false);
    assertEquals(1, read(0, 1).length);
    folio.setDropBehind(true);
    assertEquals(0, read(0, 1).length);
    folio.setDropBehind(false);
    assertEquals(1, read(0, 1).length);
  }

  @Test
  void onlyAnOpenFolioIsOverwritten() throws FsException {
    Folio folio = filled(0, 1);
    assertEquals(-1, overwrite(5, bytes(3, 2)), "clean");
    folio.lock();
    folio.markDirty();
    folio.unlock();
    assertEquals(-1, overwrite(5, bytes(3, 2)), "nobody said that it may be");
    folio.lock();
    folio.openForOverwrite();
    folio.unlock();
    assertEquals(3, overwrite(5, bytes(3, 2)));
    assertArrayEquals(new byte[] {1, 2, 2, 2, 1}, read(4, 5));
  }

  @Test
  void whatIsCleanedChangedOrDetachedIsClosedFirst() throws FsException {
    Folio folio = opened(0, 1);
    clean(folio);
    assertEquals(-1, overwrite(0, bytes(1, 2)), "R-H1: it would never be written");
    folio = opened(0, 1);
    folio.lock();
    folio.zero(0, 1);
    assertEquals(-1, overwrite(0, bytes(1, 2)), "what changed it may have taken its place away");
    mapping.detach(folio);
    folio.unlock();
    assertEquals(-1, overwrite(0, bytes(1, 2)));
    assertEquals(0, read(0, 1).length);
    assertEquals(0, folio.beginLook());
    filled(0, 9);
    assertEquals(0, folio.beginLook(), "the look word is that of the next folio");
    assertArrayEquals(bytes(1, 9), read(0, 1));
  }

  @Test
  void aLookFailsThoughTheFrameWasGivenBackAndFilledAgain() throws FsException {
    Folio old = filled(3, 1);
    long look = old.beginLook();
    assertTrue(look != 0 && old.endLook(look));
    old.lock();
    assertTrue(mapping.evict(old));
    old.unlock();
    filled(3, 2);
    assertFalse(old.endLook(look));
  }

  @Test
  void shortCopyOfASourceIsTakenAndReadersSeeItOnlyWhole() throws FsException {
    opened(0, 1);
    IovIter source =
        new Source(
            (target, offset, length) -> {
              target.set(ValueLayout.JAVA_BYTE, offset, (byte) 2);
              assertEquals(0, read(0, 1).length, "R-B13: in the middle of a change");
              assertEquals(-1, overwrite(0, bytes(1, 3)), "one at a time");
              return 1;
            });
    assertEquals(1, FastPath.overwrite(mapping, 0, 4, source, null, null, 0));
    assertArrayEquals(new byte[] {2, 1, 1, 1}, read(0, 4));
  }

  @Test
  void sourceThatThrowsLeavesTheFolioUsable() throws FsException {
    Folio folio = opened(0, 1);
    IovIter source =
        new Source(
            (target, offset, length) -> {
              throw new IndexOutOfBoundsException("on purpose");
            });
    try {
      FastPath.overwrite(mapping, 0, 4, source, null, null, 0);
    } catch (IndexOutOfBoundsException e) {
      assertEquals("on purpose", e.getMessage());
    }
    assertEquals(4, read(0, 4).length);
    clean(folio);
  }

  @Test
  void cleaningWaitsForTheOverwriterInside() throws Exception {
    Folio folio = opened(0, 1);
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicBoolean copied = new AtomicBoolean();
    IovIter source =
        new Source(
            (target, offset, length) -> {
              inside.countDown();
              try {
                assertTrue(goOn.await(30, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              copied.set(true);
              return length;
            });
    Thread writer =
        Thread.ofPlatform()
            .start(() -> FastPath.overwrite(mapping, 0, 4, source, null, null, 0));
    assertTrue(inside.await(30, TimeUnit.SECONDS));
    folio.lock();
    AtomicBoolean cleaned = new AtomicBoolean();
    Thread cleaner =
        Thread.ofPlatform()
            .start(
                () -> {
                  folio.clearDirtyForIo();
                  assertTrue(copied.get(), "R-H1: cleaned in the middle of an overwrite");
                  cleaned.set(true);
                });
    while (cleaner.getState() == Thread.State.NEW) {
      Thread.onSpinWait();
    }
    assertFalse(cleaned.get());
    goOn.countDown();
    writer.join();
    cleaner.join();
    assertTrue(cleaned.get());
    assertEquals(-1, overwrite(0, bytes(1, 2)));
    folio.startWriteback();
    folio.unlock();
    folio.endWriteback(true);
  }

  @Test
  void everyFolioIsFoundByItsLookWordWhereverItIs() throws FsException {
    long seed = System.nanoTime();
    System.out.println("FastPathTest seed " + seed);
    Random random = new Random(seed);
    TreeMap<Long, Integer> model = new TreeMap<>();
    long[] bases = {0, 60, 4000, (1L << 20) - 40, 1L << 26}; // near, dense, at the table's end, far
    for (int step = 0; step < 20_000; step++) {
      long index = bases[random.nextInt(bases.length)] + random.nextInt(900);
      Integer there = model.get(index);
      if (there == null && model.size() < 3000) {
        int value = random.nextInt(100) + 1;
        opened(index, value);
        model.put(index, value);
      } else if (there != null && random.nextInt(3) == 0) {
        int value = random.nextInt(100) + 1;
        assertEquals(1, overwrite(index << 12, bytes(1, value)));
        model.put(index, value);
      } else if (there != null) {
        Folio folio = mapping.find(index);
        assertNotNull(folio);
        folio.lock();
        mapping.detach(folio);
        folio.unlock();
        model.remove(index);
      }
      long probe = bases[random.nextInt(bases.length)] + random.nextInt(900);
      Integer expected = model.get(probe);
      byte[] got = read(probe << 12, 1);
      assertArrayEquals(expected == null ? new byte[0] : bytes(1, expected), got, "seed " + seed);
    }
    assertTrue(mapping.checkInvariants());
    List<Long> left = new ArrayList<>(model.keySet());
    for (long index : left) {
      Folio folio = mapping.find(index);
      assertNotNull(folio);
      folio.lock();
      mapping.detach(folio);
      folio.unlock();
      assertEquals(0, read(index << 12, 1).length);
    }
    assertEquals(0, mapping.folios());
  }

  /// A source that copies as a test says.
  private static final class Source implements IovIter {
    interface Copy {
      int copy(MemorySegment target, long offset, int length);
    }

    private final SegmentIter rest = new SegmentIter(new byte[4096]);
    private final Copy copy;

    Source(Copy copy) {
      this.copy = copy;
    }

    @Override
    public long remaining() {
      return rest.remaining();
    }

    @Override
    public int copyAtomic(MemorySegment target, long offset, int length) {
      return copy.copy(target, offset, length);
    }

    @Override
    public void revert(int count) {
      rest.revert(count);
    }

    @Override
    public int faultIn(int length) {
      return length;
    }
  }
}
