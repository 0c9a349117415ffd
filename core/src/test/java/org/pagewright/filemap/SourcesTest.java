package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.FaultingIter;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.GatherIter;
import org.pagewright.iov.IovIter;
import org.pagewright.iov.SegmentIter;

/// R-A13: the same writes from every kind of source, against a plain array.
///
/// Goal: count, content, content after a remount, and the state left behind are the same whatever
/// the source is made of, wherever it is cold, and whatever is in memory of the target (R-A10,
/// R-A11, R-B2, R-B3, R-B5, R-E7).
final class SourcesTest {
  private static final int[] POSITIONS = {0, 1, 511, 1_024, 4_095, 4_096, 5_000};
  private static final int[] LENGTHS = {1, 511, 512, 1_024, 4_096, 4_097, 10_000};
  private static final int[] OLD_SIZES = {0, 100, 6_000, 12_288};

  private enum Kind {
    ARRAY,
    OFF_HEAP,
    GATHER,
    FILLER,
    FILE_WARM,
    FILE_COLD,
    FAULTING,
    EVICTED
  }

  private enum Target {
    COLD,
    WARM,
    PARTLY
  }

  private final Random random;
  private final long seed = System.nanoTime();

  SourcesTest() {
    System.out.println("SourcesTest seed " + seed);
    random = new Random(seed);
  }

  @Test
  void everySourceWritesTheSame() throws FsException {
    int cases = 0;
    for (Kind kind : Kind.values()) {
      for (int blockSize : new int[] {512, 1_024}) {
        for (int oldSize : OLD_SIZES) {
          try (FakeFiles files = new FakeFiles(blockSize, 8 << 20, 4 << 20);
              Arena arena = Arena.ofConfined()) {
            for (int pos : POSITIONS) {
              for (int length : LENGTHS) {
                Target target = Target.values()[cases++ % 3];
                String name =
                    kind + " " + blockSize + " old " + oldSize + " pos " + pos + " length "
                        + length + " " + target + " seed " + seed;
                writeAndCompare(files, arena, kind, oldSize, pos, length, target, name);
              }
            }
          }
        }
      }
    }
  }

  private void writeAndCompare(
      FakeFiles files,
      Arena arena,
      Kind kind,
      int oldSize,
      int pos,
      int length,
      Target target,
      String name)
      throws FsException {
    byte[] old = bytes(oldSize);
    byte[] data = bytes(length);
    var file = files.file("f", old);
    warm(file, target, oldSize);
    byte[] expected = Arrays.copyOf(old, Math.max(oldSize, pos + length));
    System.arraycopy(data, 0, expected, pos, length);

    IovIter source = source(files, arena, kind, data);
    assertEquals(length, file.write(pos, source), name);
    assertEquals(0, source.remaining(), name);
    assertArrayEquals(expected, file.readAll(), name);
    file.check();
    file.remount();
    assertArrayEquals(expected, file.readAll(), name);
    file.truncate(0);
    file.check();
  }

  private void warm(FakeFiles.File file, Target target, int oldSize) throws FsException {
    if (target == Target.WARM) {
      file.readAll();
    } else if (target == Target.PARTLY && oldSize > 0) {
      for (int i = 0; i < 3; i++) {
        int at = random.nextInt(oldSize);
        byte[] same = file.read(at, Math.min(700, oldSize - at));
        file.remount();
        file.write(at, new SegmentIter(same));
      }
    }
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) ('a' + random.nextInt(26)); // no zero, no 'S', no poison
    }
    return bytes;
  }

  private IovIter source(FakeFiles files, Arena arena, Kind kind, byte[] data)
      throws FsException {
    return switch (kind) {
      case ARRAY -> new SegmentIter(data);
      case OFF_HEAP -> new SegmentIter(arena.allocateFrom(ValueLayout.JAVA_BYTE, data));
      case GATHER -> gather(data);
      case FILLER -> filler(data);
      case FILE_WARM, FILE_COLD -> {
        var from = files.file("source", data);
        if (kind == Kind.FILE_WARM) {
          from.readAll();
        }
        yield new FileIter(from.mapping, 0, data.length);
      }
      case FAULTING -> faulting(data);
      case EVICTED -> faulting(data).evictAfterFaultIn(Integer.MAX_VALUE);
    };
  }

  private FaultingIter faulting(byte[] data) {
    int pageSize = 1 + random.nextInt(1_000);
    FaultingIter source = new FaultingIter(data, pageSize);
    for (int page = 0; page * pageSize < data.length; page++) {
      source.setResident(page, random.nextBoolean());
    }
    return source;
  }

  private IovIter gather(byte[] data) {
    List<IovIter> parts = new ArrayList<>();
    int at = 0;
    while (at < data.length) {
      int n = Math.min(data.length - at, random.nextInt(3) == 0 ? 0 : random.nextInt(2_000));
      byte[] piece = Arrays.copyOfRange(data, at, at + n);
      parts.add(
          switch (random.nextInt(3)) {
            case 0 -> new SegmentIter(piece);
            case 1 -> faulting(piece);
            default -> filler(piece);
          });
      at += n;
    }
    return new GatherIter(parts.toArray(new IovIter[0]));
  }

  private FillerIter filler(byte[] data) {
    int[] given = {0};
    return new FillerIter(
        (target, length) -> {
          int n = 1 + random.nextInt(length);
          MemorySegment.copy(data, given[0], target, ValueLayout.JAVA_BYTE, 0, n);
          given[0] += n;
          return n;
        },
        data.length);
  }

  /// R-A7, R-A8, R-A9, R-D2: bad addresses anywhere: exactly what lies before the first one is
  /// written, with or without an evictor (R-A14).
  @Test
  void whatLiesBeforeABadAddressIsWrittenAndNoMore() throws FsException {
    for (int run = 0; run < 1_500; run++) {
      try (FakeFiles files = new FakeFiles(512, 64 << 10, 128 << 10)) {
        int oldSize = OLD_SIZES[random.nextInt(OLD_SIZES.length)];
        byte[] old = bytes(oldSize);
        byte[] data = bytes(1 + random.nextInt(9_000));
        int pos = random.nextInt(6_000);
        var file = files.file("f", old);
        warm(file, Target.values()[random.nextInt(3)], oldSize);

        int pageSize = 1 + random.nextInt(1_000);
        FaultingIter source = new FaultingIter(data, pageSize);
        int firstBad = (data.length + pageSize - 1) / pageSize;
        for (int page = 0; page * pageSize < data.length; page++) {
          source.setResident(page, random.nextBoolean());
          if (random.nextInt(8) == 0) {
            source.setBad(page);
            firstBad = Math.min(firstBad, page);
          }
        }
        if (random.nextBoolean()) {
          source.evictAfterFaultIn(random.nextInt(20));
        }
        int good = Math.min(data.length, firstBad * pageSize);
        String name = "run " + run + " seed " + seed;
        long count;
        try {
          count = file.write(pos, source);
        } catch (FsException e) {
          assertSame(Errno.EFAULT, e.errno(), name);
          count = 0;
        }
        assertEquals(good, count, name);
        assertEquals(good, source.position(), name);
        byte[] expected = old;
        if (good > 0) {
          expected = Arrays.copyOf(old, Math.max(oldSize, pos + good));
          System.arraycopy(data, 0, expected, pos, good);
        }
        assertArrayEquals(expected, file.readAll(), name);
        file.check();
        file.remount();
        assertArrayEquals(expected, file.readAll(), name);
      }
    }
  }

  /// Long runs of everything on one file: writes from all sources, reads, truncations, write-out,
  /// eviction, refused begins; compared with an array after each step.
  @Test
  void randomOperationsAgreeWithAPlainArray() throws FsException {
    for (int run = 0; run < 60; run++) {
      String name = "run " + run + " seed " + seed;
      try (FakeFiles files = new FakeFiles(1_024, 1 << 20, 1 << 20);
          Arena arena = Arena.ofConfined()) {
        var file = files.file("f");
        byte[] model = {};
        Readahead readahead = new Readahead();
        for (int step = 0; step < 60; step++) {
          switch (random.nextInt(8)) {
            case 0 -> {
              int size = random.nextInt(30_000);
              file.truncate(size);
              model = Arrays.copyOf(model, size);
            }
            case 1 -> file.remount();
            case 2 -> Truncate.invalidatePages(file.mapping, random.nextInt(8), 8);
            case 3 -> {
              int from = random.nextInt(30_000);
              byte[] target = new byte[random.nextInt(30_000)];
              int n =
                  GenericRead.read(
                      file.mapping, from, target, 0, target.length, 0, readahead);
              assertEquals(Math.clamp(model.length - from, 0, target.length), n, name);
              assertArrayEquals(
                  from < model.length ? Arrays.copyOfRange(model, from, from + n) : new byte[0],
                  Arrays.copyOf(target, n),
                  name);
            }
            case 4 -> file.retries = random.nextInt(3);
            default -> {
              int pos = random.nextInt(20_000);
              byte[] data = bytes(1 + random.nextInt(9_000));
              Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
              file.failBeginAt = random.nextInt(4);
              long n = 0;
              try {
                n = file.write(pos, source(files, arena, kind, data));
              } catch (FsException e) {
                assertSame(Errno.ENOSPC, e.errno(), name);
              }
              file.failBeginAt = 0;
              if (n > 0) {
                model = Arrays.copyOf(model, (int) Math.max(model.length, pos + n));
                System.arraycopy(data, 0, model, pos, (int) n);
              }
            }
          }
          assertEquals(model.length, file.mapping.size(), name);
          file.check();
        }
        assertArrayEquals(model, file.readAll(), name);
      }
    }
  }

  /// A copy within one file: the target before the source is right whatever overlaps; so is a copy
  /// within one chunk in either direction (R-A1).
  @Test
  void copiesWithinOneFileAreRight() throws FsException {
    for (int run = 0; run < 400; run++) {
      try (FakeFiles files = new FakeFiles(1_024, 64 << 10, 256 << 10)) {
        byte[] content = bytes(20_000);
        var file = files.file("f", content);
        warm(file, Target.values()[random.nextInt(3)], content.length);
        int from;
        int to;
        int length;
        switch (run % 3) {
          case 0 -> { // downwards, any overlap
            to = random.nextInt(10_000);
            from = to + random.nextInt(5_000);
            length = random.nextInt(1, 20_000 - from);
          }
          case 1 -> { // within one folio, any direction
            from = 4_096 + random.nextInt(2_000);
            to = 4_096 + random.nextInt(2_000);
            length = random.nextInt(1, 2_000);
            file.readAll();
          }
          default -> { // upwards, apart
            from = random.nextInt(5_000);
            length = random.nextInt(1, 4_000);
            to = from + length + random.nextInt(5_000);
          }
        }
        String name = from + " to " + to + " length " + length + " seed " + seed;
        byte[] expected = Arrays.copyOf(content, Math.max(content.length, to + length));
        System.arraycopy(content, from, expected, to, length);
        assertEquals(length, file.write(to, new FileIter(file.mapping, from, length)), name);
        assertArrayEquals(expected, file.readAll(), name);
        file.check();
      }
    }
  }
}
