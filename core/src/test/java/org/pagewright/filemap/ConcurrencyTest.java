package org.pagewright.filemap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.WriteOp;
import org.pagewright.iov.SegmentIter;
import org.pagewright.sync.Lockdep;

/// Threads against each other, a bounded number of steps each: what is read is the old value, or
/// one that was in flight or done, and everybody comes to an end.
final class ConcurrencyTest {
  private static final int PAGE = 4_096;
  private static final long PATIENCE_MILLIS = 120_000;

  private final FakeFiles files = new FakeFiles(1024, 1 << 20, 4 << 20);

  @AfterEach
  void close() {
    files.close();
  }

  @FunctionalInterface
  private interface Body {
    void run() throws Exception;
  }

  /// Runs each body in a thread of its own, all starting together; fails with the first failure, or
  /// if one does not end.
  private static void run(Body... bodies) throws InterruptedException {
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    CyclicBarrier start = new CyclicBarrier(bodies.length);
    List<Thread> threads = new ArrayList<>();
    for (Body body : bodies) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      start.await();
                      body.run();
                      Lockdep.holdsNothing();
                    } catch (Exception | AssertionError e) {
                      failures.add(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join(PATIENCE_MILLIS);
      assertFalse(thread.isAlive(), () -> "stuck: " + Arrays.toString(thread.getStackTrace()));
    }
    for (Throwable failure : failures) {
      throw new AssertionError(failure);
    }
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// R-B13: a read of one folio sees each write to it whole or not at all, even while writers
  /// hammer it without a pause: the reader then takes the lock, and ends.
  @Test
  void readOfAFolioSeesEachWriteWholeOrNotAtAll() throws Exception {
    var file = files.file("f", bytes(PAGE, 1));
    file.readAll();
    AtomicBoolean done = new AtomicBoolean();
    Body writer =
        () -> {
          WriteOp op = new WriteOp();
          SegmentIter source = new SegmentIter();
          byte[] data = new byte[PAGE];
          for (int i = 0; !done.get(); i++) {
            Arrays.fill(data, (byte) (1 + i % 100));
            file.write(0, source.reset(data, 0, PAGE), op.reset(0));
          }
        };
    Body reader =
        () -> {
          try {
            byte[] seen = new byte[PAGE];
            for (int i = 0; i < 20_000; i++) {
              assertEquals(PAGE, GenericRead.read(file.mapping, 0, seen, 0, PAGE, 0, null));
              for (int at = 1; at < PAGE; at++) {
                if (seen[at] != seen[0]) {
                  throw new AssertionError(
                      "read " + i + ": byte 0 is " + seen[0] + ", byte " + at + " " + seen[at]);
                }
              }
            }
          } finally {
            done.set(true);
          }
        };
    run(writer, reader);
    file.check();
  }

  /// R-B13, R-D1: who sees a size sees the bytes below it.
  @Test
  void tailReaderNeverSeesBytesThatWereNotWritten() throws Exception {
    var file = files.file("f");
    int record = 100;
    int total = 300_000;
    Body appender =
        () -> {
          SegmentIter source = new SegmentIter();
          byte[] data = bytes(record, 'y');
          for (int pos = 0; pos < total; pos += record) {
            file.write(pos, source.reset(data, 0, record));
          }
        };
    Body reader =
        () -> {
          byte[] tail = new byte[2 * record];
          long size = 0;
          while (size < total) {
            size = file.mapping.size();
            long from = Math.max(0, size - record);
            int n = GenericRead.read(file.mapping, from, tail, 0, tail.length, 0, null);
            assertTrue(n >= size - from, n + " bytes at " + from + " of " + size);
            for (int i = 0; i < n; i++) {
              assertEquals('y', tail[i], "byte " + (from + i) + " of " + size);
            }
          }
        };
    run(appender, reader);
    file.check();
  }

  /// R-A2, X0b: two writers, each copying out of the file that the other writes, with the sources
  /// going cold all the time.
  @Test
  void crossFileCopiesDoNotStopEachOther() throws Exception {
    var f = files.file("f", bytes(4 * PAGE, 'f'));
    var g = files.file("g", bytes(4 * PAGE, 'g'));
    AtomicBoolean done = new AtomicBoolean();
    Body dropper =
        () -> {
          while (!done.get()) {
            f.writepages(
                f.mapping, org.pagewright.cache.WritebackControl.integrity(0, 100));
            g.writepages(
                g.mapping, org.pagewright.cache.WritebackControl.integrity(0, 100));
            Truncate.invalidatePages(f.mapping, 0, 100);
            Truncate.invalidatePages(g.mapping, 0, 100);
          }
        };
    run(
        dropper,
        () -> {
          try {
            run(() -> copy(g, f), () -> copy(f, g));
          } finally {
            done.set(true);
          }
        });
    byte[] end = f.readAll();
    for (byte b : end) {
      assertTrue(b == 'f' || b == 'g', "byte " + b);
    }
    f.check();
    g.check();
  }

  private static void copy(FakeFiles.File from, FakeFiles.File to) throws Exception {
    for (int i = 0; i < 1_500; i++) {
      int pos = i % 3 * 1_000;
      assertEquals(
          3 * PAGE, to.write(pos, new FileIter(from.mapping, pos, 3 * PAGE)), "round " + i);
    }
  }

  /// R-B12, R-D4, R-G1, R-G3: truncation down and up beside readers: old bytes or zeros, and what
  /// was never cut off stays.
  @Test
  void readersBesideTruncationSeeOldBytesOrZeros() throws Exception {
    var file = files.file("f", bytes(2 * PAGE, 'x'));
    AtomicBoolean done = new AtomicBoolean();
    Body truncator =
        () -> {
          try {
            for (int i = 0; i < 2_000; i++) {
              file.truncate(100 + i % 3_000);
              file.truncate(2 * PAGE);
              file.write(100, new SegmentIter(bytes(2 * PAGE - 100, 'x')));
              if (i % 10 == 0) {
                file.writepages(
                    file.mapping, org.pagewright.cache.WritebackControl.integrity(0, 100));
                Truncate.invalidatePages(file.mapping, 0, 100);
              }
            }
          } finally {
            done.set(true);
          }
        };
    Body reader =
        () -> {
          byte[] seen = new byte[2 * PAGE];
          Readahead readahead = new Readahead();
          while (!done.get()) {
            int n = GenericRead.read(file.mapping, 0, seen, 0, seen.length, 0, readahead);
            assertTrue(n >= 100, n + " bytes");
            for (int i = 0; i < n; i++) {
              if (seen[i] != 'x' && (seen[i] != 0 || i < 100)) {
                throw new AssertionError("byte " + i + " of " + n + " is " + seen[i]);
              }
            }
          }
        };
    run(truncator, reader, reader);
    file.check();
  }

  /// R-I8: readers that share one state read ahead for each other, and none is led astray, while
  /// what they read is dropped all the time.
  @Test
  void readersThatShareAReadaheadStateReadTheRightBytes() throws Exception {
    int folios = 100;
    byte[] content = new byte[folios * PAGE];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i / PAGE + 1);
    }
    var file = files.file("f", content);
    Readahead readahead = new Readahead();
    Body reader =
        () -> {
          byte[] seen = new byte[3_000];
          for (int round = 0; round < 10; round++) {
            for (int pos = 0; pos + seen.length <= content.length; pos += seen.length) {
              int n = GenericRead.read(file.mapping, pos, seen, 0, seen.length, 0, readahead);
              assertEquals(seen.length, n);
              for (int i = 0; i < n; i++) {
                if (seen[i] != content[pos + i]) {
                  throw new AssertionError("byte " + (pos + i) + " is " + seen[i]);
                }
              }
            }
          }
        };
    Body dropper =
        () -> {
          for (int i = 0; i < 3_000; i++) {
            Truncate.invalidatePages(file.mapping, i % folios, folios);
          }
        };
    run(reader, reader, dropper);
    file.check();
  }
}
