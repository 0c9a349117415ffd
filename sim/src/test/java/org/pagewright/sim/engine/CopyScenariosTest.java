package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.PageCache;
import org.pagewright.filemap.FileIter;
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

/// Copies from file to file whose source changes, or goes away, under the copy (R-B3, R-B4). What a
/// look without a lock copied is good only if the look ends well: if it was copied straight into
/// the target, readers of the target saw what they never may.
final class CopyScenariosTest {
  private static final int LENGTH = 1024;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  private static OpenFile file(Volume volume, String name, int value) throws Exception {
    OpenFile file = volume.open(name, OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    file.write(0, filled(value), 0, LENGTH);
    return file;
  }

  private static byte[] filled(int value) {
    byte[] bytes = new byte[LENGTH];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  /// Throws unless a file holds the same one of some bytes all over.
  private static void check(String who, OpenFile file, int... allowed) throws Exception {
    byte[] seen = new byte[LENGTH];
    assertEquals(LENGTH, file.read(0, seen, 0, LENGTH));
    for (int value : allowed) {
      if (seen[0] == value && Arrays.equals(seen, filled(value))) {
        return;
      }
    }
    int strange = 0;
    while (strange < LENGTH - 1 && Arrays.binarySearch(allowed, seen[strange]) >= 0) {
      strange++;
    }
    throw new Failure(
        Verdict.UNINITIALISED,
        who + " saw byte " + seen[strange] + " at " + strange + ", after " + seen[0] + " at 0");
  }

  private static Volume volume(Stage stage) throws Exception {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    return Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
  }

  /// The source is cut off while it is copied; its frame is poisoned when it is given back.
  private static final Program SOURCE_IS_TRUNCATED =
      stage -> {
        Volume volume = volume(stage);
        OpenFile source = file(volume, "/source", 1);
        OpenFile target = file(volume, "/target", 2);
        stage.thread(
            "copier",
            () -> target.write(0, new FileIter(source.inode().mapping(), 0, LENGTH), 0));
        stage.thread("truncater", () -> source.truncate(0));
        stage.atEnd(() -> check("the end", target, 1, 2));
      };

  /// The source is overwritten while it is copied, and somebody reads the target.
  private static final Program SOURCE_IS_OVERWRITTEN =
      stage -> {
        Volume volume = volume(stage);
        OpenFile source = file(volume, "/source", 1);
        OpenFile target = file(volume, "/target", 2);
        stage.thread(
            "copier",
            () -> target.write(0, new FileIter(source.inode().mapping(), 0, LENGTH), 0));
        stage.thread("writer", () -> source.write(0, filled(3), 0, LENGTH));
        stage.thread("reader", () -> check("the reader", target, 1, 2, 3));
        stage.atEnd(() -> check("the end", target, 1, 3));
      };

  private static void assertSound(Program program, int bound) {
    Exploration e = Explorer.exhaustive(bound).explore(program);
    assertEquals(Verdict.OK, e.verdict(), e::toString);
    assertTrue(e.complete(), e::coverage);
  }

  @Test
  void whatACopyTakesFromASourceThatIsTruncatedIsNeverSeen() {
    assertSound(SOURCE_IS_TRUNCATED, 2);
    assertSound(SOURCE_IS_TRUNCATED, Explorer.UNBOUNDED);
  }

  @Test
  void whatACopyTakesFromASourceThatIsOverwrittenIsWhole() {
    assertSound(SOURCE_IS_OVERWRITTEN, 2);
  }
}
