package org.pagewright.sim.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FileIter;
import org.pagewright.filemap.GenericRead;
import org.pagewright.filemap.GenericWrite;
import org.pagewright.filemap.Readahead;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;

/// Goal: no sequence of whole and short writes, fills, write-outs and evictions shows a byte that
/// is not the file's. Method: random ones, the file compared with an array of bytes. The seed is in
/// every message; another one is given with `-Dpagewright.seed=`.
final class FileRandomContract extends FileSuite {
  private static final int STEPS = 400;
  private static final int SIZE_MAX = 20 * FOLIO;

  private Random random = new Random(0);

  FileRandomContract(FileFixture fixture) {
    super(fixture);
  }

  @FileCase
  void halvesOfWritesInRandomOrder() throws IOException { // R-B1 to R-B10, R-C1 to R-C3
    run(Long.getLong("pagewright.seed", 19), false);
  }

  @FileCase
  void halvesOfWritesInAnotherOrder() throws IOException {
    run(Long.getLong("pagewright.seed", 2006), false);
  }

  @FileCase
  void writesFromSourcesOfEveryKind() throws IOException { // R-A10, R-A13, R-B7
    run(Long.getLong("pagewright.seed", 2015), true);
  }

  private void run(long seed, boolean wholeLoop) throws IOException {
    random = new Random(seed);
    start(
        7 * FOLIO + 1300,
        piece(0, 2 * FOLIO + 100, 1),
        piece(5 * FOLIO - 1100, 2 * FOLIO, 2));
    int step = 0;
    try {
      for (; step < STEPS; step++) {
        step(wholeLoop);
      }
      assertFileEverywhere("in the end");
    } catch (AssertionError | IOException e) {
      throw new AssertionError("seed " + seed + ", step " + step + ": " + e.getMessage(), e);
    }
  }

  private void step(boolean wholeLoop) throws IOException {
    int gap = random.nextInt(8) == 0 ? 6000 : 1;
    int pos = random.nextInt(Math.min(SIZE_MAX, model.length + gap));
    switch (random.nextInt(20)) {
      case 0 -> sync();
      case 1, 2 -> drop();
      case 3 -> makeCold();
      case 4 -> assertFile("on the way");
      case 5 -> fill(random.nextInt(model.length) / FOLIO);
      case 6, 7, 8 -> readSome(pos);
      default -> {
        if (wholeLoop) {
          perform(pos);
        } else {
          offerSome(pos);
        }
      }
    }
    assertTruthful("after a step");
  }

  private void readSome(int pos) throws FsException {
    int length = Math.max(0, Math.min(1 + random.nextInt(3 * FOLIO), model.length - pos));
    byte[] target = new byte[length];
    Readahead readahead = random.nextBoolean() ? new Readahead() : null;
    int n = GenericRead.read(mapping(), pos, target, 0, length, 0, readahead);
    assertEquals(length, n);
    if (length > 0) {
      assertBytes(Arrays.copyOfRange(model, pos, pos + length), target, pos, "read");
    }
  }

  /// One begin and end, short at a random place, or whole.
  private void offerSome(int pos) throws FsException {
    int block = fixture.blockSize();
    int at = random.nextInt(3) == 0 ? pos & -block : pos;
    int length = 1 + random.nextInt(random.nextBoolean() ? FOLIO : 300);
    if (random.nextInt(3) == 0) {
      length = ((at + length + block - 1) & -block) - at; // up to the end of a block
    }
    length = Math.min(length, mapping().bytesToFolioEnd(at));
    int copied = random.nextInt(3) == 0 ? random.nextInt(length) : length;
    offer(at, bytes(length, random.nextInt(100)), random.nextInt(8) == 0 ? 0 : copied);
  }

  /// A write through the write loop.
  private void perform(int pos) throws IOException {
    byte[] bytes = bytes(1 + random.nextInt(3 * FOLIO), random.nextInt(100));
    int good = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
    try (Arena arena = Arena.ofConfined()) {
      switch (random.nextInt(7)) {
        case 0 -> perform(pos, new SegmentIter(bytes), bytes, bytes.length);
        case 1 -> perform(pos, new SegmentIter(copy(arena, bytes)), bytes, bytes.length);
        case 2 -> perform(pos, gather(bytes, arena), bytes, bytes.length);
        case 3 -> perform(pos, filler(bytes, bytes.length), bytes, bytes.length);
        case 4 -> perform(pos, filler(bytes, good), bytes, good); // it ends early
        case 5 -> perform(pos, new UnsteadyIter(bytes, good, random), bytes, good);
        default -> performFromTheFileItself(pos);
      }
    }
    if (random.nextInt(4) == 0) {
      assertFile("after a write");
    }
  }

  private void performFromTheFileItself(int pos) throws FsException {
    int from = random.nextInt(model.length);
    int length = Math.min(model.length - from, 1 + random.nextInt(2 * FOLIO));
    if (from < pos) {
      length = Math.min(length, pos - from); // ranges that overlap so are nobody's promise
    }
    if (length > 0 && from != pos) {
      byte[] bytes = Arrays.copyOfRange(model, from, from + length);
      perform(pos, new FileIter(mapping(), from, length), bytes, length);
    }
  }

  private void perform(int pos, IovIter source, byte[] bytes, int good) throws FsException {
    long written;
    fixture.inodeLock().lock();
    try {
      written = GenericWrite.perform(mapping(), pos, source, op.reset(0));
    } catch (FsException e) {
      if (good == 0 && e.errno() == Errno.EFAULT) {
        return; // R-A7
      }
      throw e;
    } finally {
      fixture.inodeLock().unlock();
    }
    // R-A9: all that is good is written, whatever comes after it.
    assertEquals(good, written, "bytes written at " + pos + " from " + source.getClass());
    accept(pos, bytes, good);
    assertEquals(model.length, mapping().size(), "size after a write at " + pos);
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    return arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
  }

  private GatherIter gather(byte[] bytes, Arena arena) {
    int first = random.nextInt(bytes.length + 1);
    int second = first + random.nextInt(bytes.length - first + 1);
    return new GatherIter(
        new SegmentIter(Arrays.copyOfRange(bytes, 0, first)),
        new SegmentIter(new byte[0]),
        new UnsteadyIter(
            Arrays.copyOfRange(bytes, first, second), second - first, random),
        new SegmentIter(copy(arena, Arrays.copyOfRange(bytes, second, bytes.length))));
  }

  private FillerIter filler(byte[] bytes, int good) {
    int[] at = new int[1];
    return new FillerIter(
        (target, length) -> {
          int n = Math.min(good - at[0], 1 + random.nextInt(length));
          MemorySegment.copy(MemorySegment.ofArray(bytes), at[0], target, 0, n);
          at[0] += n;
          return n;
        },
        bytes.length);
  }
}
