package org.pagewright.iomap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.cache.WriteOp;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;

/// Goal: no sequence of operations shows a byte that was not written, or loses one that was.
/// Method: random operations against an array of bytes; sync, eviction and remount at any time; and
/// the n-th request fails, for n = 1, 2, 3 ... until the work passes.
final class IomapRandomTest {
  private static final int SIZE_MAX = 150_000;

  /// The file as an array.
  private static final class Model {
    byte[] bytes = new byte[0];

    void write(long pos, byte[] source, int length) {
      if (length > 0) {
        grow(pos + length);
        System.arraycopy(source, 0, bytes, (int) pos, length);
      }
    }

    void grow(long size) {
      if (size > bytes.length) {
        bytes = Arrays.copyOf(bytes, (int) size);
      }
    }

    void zero(long pos, long length) {
      Arrays.fill(bytes, (int) pos, (int) (pos + length), (byte) 0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096})
  void randomOperationsAgreeWithAnArray(int blockSize) throws FsException {
    long base = Long.getLong("pagewright.seed", System.nanoTime());
    for (int run = 0; run < Integer.getInteger("pagewright.runs", 20); run++) {
      long seed = base + run;
      String where = "seed " + seed + ", block size " + blockSize;
      try {
        run(seed, blockSize);
      } catch (AssertionError | RuntimeException | FsException e) {
        throw new AssertionError(where, e);
      }
    }
  }

  private static void run(long seed, int blockSize) throws FsException {
    Random random = new Random(seed);
    try (ExtentFile f = new ExtentFile(blockSize, random.nextInt(4) == 0)) {
      f.fs.fragmentEvery = random.nextBoolean() ? 0 : 2 + random.nextInt(6);
      Model model = new Model();
      for (int step = 0; step < 120; step++) {
        step(random, f, model, blockSize);
        if (random.nextInt(4) == 0) {
          check(f, model, step);
        }
      }
      check(f, model, 1000);
      f.remount();
      check(f, model, 1001);
      f.truncate(0);
      assertEquals(0, f.fs.taken());
      assertEquals(0, f.fs.reserved());
    }
  }

  private static void check(ExtentFile f, Model model, int step) throws FsException {
    byte[] all = f.readAll();
    assertEquals(model.bytes.length, all.length, "size after step " + step);
    int at = Arrays.mismatch(model.bytes, all);
    assertEquals(-1, at, "first difference after step " + step);
    f.checkQuiet();
  }

  private static void step(Random random, ExtentFile f, Model model, int blockSize)
      throws FsException {
    long pos = random.nextInt(SIZE_MAX);
    int length = 1 + random.nextInt(random.nextBoolean() ? 300 : 20_000);
    long inside = Math.clamp(model.bytes.length - pos, 0L, (long) length);
    switch (random.nextInt(14)) {
      case 0, 1, 2, 3 -> {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        f.write(pos, bytes);
        model.write(pos, bytes, length);
      }
      case 4 -> {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        long end = model.bytes.length;
        f.write(end, bytes);
        model.write(end, bytes, length);
      }
      case 5 -> {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        ShortIter iter = new ShortIter(bytes, random.nextInt(length), random.nextBoolean());
        try {
          int n = (int) f.write(pos, iter, random.nextInt(3) == 0 ? WriteOp.DONTCACHE : 0);
          model.write(pos, bytes, n);
        } catch (FsException e) {
          // Not one byte was accepted: the file is as it was.
          assertEquals(Errno.EFAULT, e.errno());
        }
      }
      case 6 -> {
        f.truncate(pos);
        model.bytes = Arrays.copyOf(model.bytes, (int) pos);
      }
      case 7 -> assertNull(f.sync());
      case 8 -> f.evictAll();
      case 9 -> f.remount();
      case 10 -> {
        f.punch(pos, inside);
        model.zero(Math.min(pos, model.bytes.length), inside);
      }
      case 11 -> {
        f.zero(pos, inside);
        model.zero(Math.min(pos, model.bytes.length), inside);
      }
      case 12 -> f.fallocate(pos, inside);
      default -> {
        long at = pos / blockSize * blockSize;
        byte[] bytes = new byte[(1 + random.nextInt(8)) * blockSize];
        random.nextBytes(bytes);
        long n = f.directWrite(at, bytes);
        model.write(at, bytes, (int) n);
      }
    }
  }

  /// Goal: whichever request fails, what was told to be written is there, nothing old is shown, and
  /// the next try works. Method: fail the n-th, n = 1, 2, 3 ... until nothing fails.
  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096})
  void anyOneFailedRequestLosesNothingThatWasAccepted(int blockSize) throws FsException {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      try (ExtentFile f = new ExtentFile(blockSize)) {
        f.fs.fragmentEvery = 4;
        byte[] expected = IomapTest.filled(30_000, 'x');
        f.write(0, expected);
        f.remount();
        f.device.failNth(n);
        overwrite(f, expected, 100, 5000, 'a');
        overwrite(f, expected, 9000, 700, 'b');
        f.sync();
        overwrite(f, expected, 20_001, 9_000, 'c');
        f.sync();
        failed = f.device.hasFailed();
        f.device.failNth(0);
        assertEquals(-1, Arrays.mismatch(expected, f.readAll()), "request " + n);
        f.remount();
        assertEquals(-1, Arrays.mismatch(expected, f.readAll()), "request " + n);
      }
    }
  }

  private static void overwrite(
      ExtentFile f, byte[] expected, int pos, int length, char c) {
    long n;
    try {
      n = f.write(pos, IomapTest.filled(length, c));
    } catch (FsException e) {
      n = 0;
    }
    Arrays.fill(expected, pos, pos + (int) n, (byte) c);
  }

  /// Many threads: writers, a flusher and an evictor on one file; every byte is some writer's.
  @Test
  void writersFlusherAndEvictorTogetherLoseNothing() throws Exception {
    try (ExtentFile f = new ExtentFile(1024)) {
      f.fs.fragmentEvery = 5;
      int writers = 3;
      int rounds = 60;
      byte[] expected = new byte[writers * 20_000];
      Thread[] threads = new Thread[writers + 2];
      AtomicReference<Throwable> error =
          new AtomicReference<>();
      AtomicInteger running =
          new AtomicInteger(writers);
      for (int w = 0; w < writers; w++) {
        int base = w * 20_000;
        Random random = new Random(w);
        threads[w] =
            new Thread(
                () -> {
                  try {
                    for (int r = 0; r < rounds; r++) {
                      byte[] bytes = new byte[1 + random.nextInt(5000)];
                      random.nextBytes(bytes);
                      int pos = base + random.nextInt(20_000 - bytes.length);
                      f.write(pos, bytes);
                      System.arraycopy(bytes, 0, expected, pos, bytes.length);
                      byte[] back = f.read(pos, bytes.length);
                      assertEquals(-1, Arrays.mismatch(bytes, back));
                    }
                  } catch (FsException | RuntimeException | AssertionError e) {
                    error.compareAndSet(null, e);
                  } finally {
                    running.decrementAndGet();
                  }
                });
      }
      Runnable[] others = {f::sync, f::evictAll};
      for (int i = 0; i < 2; i++) {
        Runnable work = others[i];
        threads[writers + i] =
            new Thread(
                () -> {
                  try {
                    while (running.get() > 0) {
                      work.run();
                      Thread.onSpinWait();
                    }
                  } catch (RuntimeException | AssertionError e) {
                    error.compareAndSet(null, e);
                  }
                });
      }
      for (Thread thread : threads) {
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      if (error.get() != null) {
        throw new AssertionError(error.get());
      }
      byte[] all = f.readAll();
      assertEquals(-1, Arrays.mismatch(Arrays.copyOf(expected, all.length), all));
      f.remount();
      assertEquals(-1, Arrays.mismatch(all, f.readAll()));
    }
  }
}
