package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Writes through the whole of the production path, from the open file down to the folios, under
/// every schedule.
final class WriteScenariosTest {
  private static final int FOLIO = 4096;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  static OpenFile newFile(Stage stage) throws FsException {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
    return volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
  }

  static byte[] filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// The smallest one: two threads write one folio each.
  private static final Program TWO_WRITES =
      stage -> {
        OpenFile file = newFile(stage);
        stage.thread("A", () -> assertEquals(FOLIO, file.write(0, filled(1, FOLIO), 0, FOLIO)));
        stage.thread("B", () -> assertEquals(FOLIO, file.write(FOLIO, filled(2, FOLIO), 0, FOLIO)));
        stage.atEnd(
            () -> {
              byte[] all = new byte[2 * FOLIO];
              assertEquals(2 * FOLIO, file.read(0, all, 0, all.length));
              assertArrayEquals(filled(1, FOLIO), Arrays.copyOf(all, FOLIO));
              assertArrayEquals(filled(2, FOLIO), Arrays.copyOfRange(all, FOLIO, 2 * FOLIO));
              file.close();
            });
      };

  @Test
  void twoWritesOfOneFolioEachAreRightUnderEverySchedule() {
    Exploration all = Explorer.exhaustive(Explorer.UNBOUNDED).explore(TWO_WRITES);
    assertEquals(Verdict.OK, all.verdict(), all::toString);
    assertTrue(all.complete(), all::coverage);
    Exploration two = Explorer.exhaustive(2).explore(TWO_WRITES);
    assertEquals(Verdict.OK, two.verdict(), two::toString);
    assertTrue(two.complete(), two::coverage);
    // Many, so that the machine is warm: what is printed is how fast the engine is explored.
    Exploration many = Explorer.random(1, 10_000, 3).explore(TWO_WRITES);
    assertEquals(Verdict.OK, many.verdict(), many::toString);
    System.out.println(
        "two writes: " + all.coverage() + "; " + two.coverage() + "; "
            + many.steps() / many.schedules() + " steps, "
            + many.schedulesPerSecond() + " schedules/s");
  }

  /// R-B13: a read of one folio sees each write to that folio whole or not at all, whichever way
  /// the two take, though each copies in two pieces here. It did not when the reader had given up
  /// looking and taken the folio lock, which somebody who overwrites does not need.
  @Test
  void aReadSeesAWriteWholeOrNotAtAll() {
    Program program =
        stage -> {
          OpenFile file = newFile(stage);
          file.write(0, filled(1, FOLIO), 0, FOLIO);
          stage.thread("writer", () -> file.write(0, filled(2, FOLIO), 0, FOLIO));
          stage.thread(
              "reader",
              () -> {
                byte[] seen = new byte[FOLIO];
                assertEquals(FOLIO, file.read(0, seen, 0, FOLIO));
                if (!Arrays.equals(seen, filled(seen[0], FOLIO))) {
                  String words = "it begins with " + seen[0] + ", ends with " + seen[FOLIO - 1];
                  throw new Failure(Verdict.STALE, words);
                }
              });
          stage.atEnd(file::close);
        };
    for (int bound : new int[] {3, Explorer.UNBOUNDED}) {
      Exploration e = Explorer.exhaustive(bound).explore(program);
      assertEquals(Verdict.OK, e.verdict(), e::toString);
      assertTrue(e.complete(), e::coverage);
    }
  }
}
