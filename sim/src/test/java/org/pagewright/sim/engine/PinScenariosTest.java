package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.pagewright.sim.engine.StoreFile.FOLIO;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;
import static org.pagewright.sim.engine.StoreFile.checkRange;
import static org.pagewright.sim.engine.StoreFile.filled;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FilePin;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Bytes that are lent to who copies them, beside all who would change them or take them away.
final class PinScenariosTest {
  private static final int LENGTH = 1024;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  private static PageCache cache(Stage stage) {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    return cache;
  }

  /// What the kernel does with a pin: it copies piece after piece, and takes its time for each.
  private static byte[] copy(FilePin pin) {
    byte[] seen = new byte[4 * FOLIO];
    int done = 0;
    for (int i = 0; i < pin.pieces(); i++) {
      int half = pin.length(i) / 2;
      copy(pin, i, 0, half, seen, done);
      SchedulePoint.reach(SchedulePoint.Kind.COPY, pin);
      copy(pin, i, half, pin.length(i) - half, seen, done + half);
      done += pin.length(i);
    }
    return Arrays.copyOf(seen, done);
  }

  private static void copy(FilePin pin, int piece, int from, int n, byte[] seen, int at) {
    MemorySegment chunk = pin.chunk(piece);
    MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, pin.offset(piece) + from, seen, at, n);
  }

  /// Reads by a pin, as an open file does.
  private static byte[] lent(StoreFile file, int pos, int length) {
    if (!file.inode.tryLockShared()) {
      return new byte[0];
    }
    byte[] seen = lentLocked(file, pos, length);
    file.inode.unlockShared();
    return seen;
  }

  private static byte[] lentLocked(StoreFile file, int pos, int length) {
    FilePin pin = new FilePin(4, 4);
    pin.take(file.mapping, pos, length, null);
    SchedulePoint.reach(SchedulePoint.Kind.COPY, pin);
    byte[] seen = copy(pin);
    pin.end();
    return seen;
  }

  private static StoreFile warm(Stage stage) throws Exception {
    StoreFile file = StoreFile.cold(cache(stage), "f", 1, LENGTH);
    file.read(0, LENGTH);
    return file;
  }

  /// R-B13: a write to one folio is in what was lent whole or not at all; the one that needs no
  /// folio lock, too.
  @Test
  void whatIsLentHasEachWriteWholeOrNotAtAll() {
    assertSound(
        "write twice, lend",
        3,
        stage -> {
          StoreFile file = warm(stage);
          stage.thread(
              "writer",
              () -> {
                file.write(0, 2, LENGTH);
                file.write(0, 3, LENGTH); // dirty by now, and open for overwriting
              });
          stage.thread("reader", () -> check("the reader", lent(file, 0, LENGTH), 1, 2, 3));
          stage.atEnd(() -> check("the end", file.read(0, LENGTH), 3));
        });
  }

  /// That the lock is what keeps R-B13: without it the same program sees half a write.
  @Test
  void withoutTheLockOfTheInodeHalfAWriteIsSeen() {
    Program program =
        stage -> {
          StoreFile file = warm(stage);
          stage.thread("writer", () -> file.write(0, 2, LENGTH));
          stage.thread("reader", () -> check("the reader", lentLocked(file, 0, LENGTH), 1, 2));
        };
    Exploration e = Explorer.exhaustive(2).explore(program);
    assertNotEquals(Verdict.OK, e.verdict(), e::toString);
  }

  /// R-B3, R-I4: reclaim takes no folio that is lent, so its frame is nobody else's meanwhile.
  @Test
  void aFrameThatIsLentIsNotEvictedAndUsedForAnotherFile() {
    assertSound(
        "evict and write another file, lend",
        3,
        stage -> {
          StoreFile file = warm(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          stage.thread(
              "evictor",
              () -> {
                file.evict();
                other.write(0, 3, LENGTH); // in the frame that has just come free
              });
          stage.thread("reader", () -> check("the reader", lent(file, 0, LENGTH), 1));
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 1);
                file.checkAtRest();
              });
        });
  }

  /// R-B3, R-D4: truncation waits until the bytes were copied.
  @Test
  void whatIsLentIsNotTruncatedMeanwhile() {
    assertSound(
        "truncate and write another file, lend",
        3,
        stage -> {
          StoreFile file = warm(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          stage.thread(
              "truncater",
              () -> {
                file.truncate(LENGTH / 2);
                file.truncate(0);
                other.write(0, 3, LENGTH);
              });
          stage.thread(
              "reader",
              () -> {
                byte[] seen = lent(file, 0, LENGTH);
                check("the reader", seen, 1);
                assertEquals(0, seen.length % (LENGTH / 2), "R-B12: one of the sizes");
              });
          stage.atEnd(file::checkAtRest);
        });
  }

  /// R-B12, R-B13: no byte beyond the size, none of it that is not written yet.
  @Test
  void whatIsLentOfAFileThatGrowsEndsWhereItEnded() {
    assertSound(
        "append, lend",
        3,
        stage -> {
          StoreFile file = warm(stage);
          stage.thread("appender", () -> file.append(2, LENGTH));
          stage.thread(
              "reader",
              () -> {
                byte[] seen = lent(file, 0, 2 * LENGTH);
                checkRange("the reader", seen, 0, Math.min(LENGTH, seen.length), 1);
                checkRange("the reader", seen, Math.min(LENGTH, seen.length), seen.length, 2);
                assertEquals(0, seen.length % LENGTH);
              });
        });
  }

  /// R-D3: write-out zeroes what lies beyond the size of a folio that is lent, and nothing else.
  @Test
  void whatIsLentMayBeWrittenOutMeanwhile() {
    assertSound(
        "write, sync and evict, lend",
        2,
        stage -> {
          StoreFile file = warm(stage);
          file.write(0, 2, LENGTH);
          stage.thread(
              "cleaner",
              () -> {
                file.sync();
                file.evict();
              });
          stage.thread("reader", () -> check("the reader", lent(file, 0, LENGTH), 2));
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 2);
                file.checkAtRest();
              });
        });
  }

  /// Two folios, one behind the other: each by itself is whole, and neither waits for the other.
  @Test
  void ofTwoFoliosEachHasAWriteWholeOrNotAtAll() {
    assertSound(
        "write two folios, lend",
        1,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, 2 * FOLIO);
          file.read(0, 2 * FOLIO);
          stage.thread("writer", () -> file.write(0, 2, 2 * FOLIO));
          stage.thread(
              "reader",
              () -> {
                byte[] seen = lent(file, 0, 2 * FOLIO);
                check("the first folio", Arrays.copyOf(seen, Math.min(seen.length, FOLIO)), 1, 2);
                checkRange(
                    "the second", seen, Math.min(seen.length, FOLIO), seen.length, 1, 2);
              });
        });
  }

  /// The whole way, through an open file that somebody closes.
  @Test
  void anOpenFileLendsUntilItIsClosedAndWritersWait() {
    assertSound(
        "write and close, lend",
        2,
        stage -> {
          PageCache cache = new PageCache(256 << 10); // of which it lends a folio
          stage.close(cache);
          Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
          OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
          file.write(0, filled(1, LENGTH), 0, LENGTH);
          file.read(0, new byte[1], 0, 1); // the access time is settled
          stage.thread(
              "writer",
              () -> {
                file.write(0, filled(2, LENGTH), 0, LENGTH);
                file.close();
              });
          stage.thread(
              "reader",
              () -> {
                FilePin pin = new FilePin(4, 4);
                try {
                  if (file.pin(0, LENGTH, pin) > 0) {
                    check("the reader", copy(pin), 1, 2);
                    file.unpin(pin);
                  }
                } catch (FsException e) {
                  assertEquals(Errno.EBADF, e.errno());
                }
                assertEquals(0, pin.folios());
              });
        });
  }
}
