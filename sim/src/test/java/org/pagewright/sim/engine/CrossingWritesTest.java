package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.FsException;
import org.pagewright.filemap.FileIter;
import org.pagewright.iov.FillerIter;
import org.pagewright.iov.IovIter;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;

/// Writers whose source is the cache itself, in the orders in which the historic write paths
/// stopped for ever.
final class CrossingWritesTest {
  private static final int LENGTH = 1024;

  private static PageCache cache(Stage stage) {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    return cache;
  }

  private static IovIter mapped(StoreFile source, int pos) {
    return new FileIter(source.mapping, pos, LENGTH);
  }

  /// A callback that reads a file while the write it serves is under way.
  private static IovIter filler(StoreFile source) {
    return new FillerIter(
        (target, length) -> {
          byte[] bytes = source.read(0, length);
          MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, 0, bytes.length);
          return bytes.length;
        },
        LENGTH);
  }

  private static void copy(StoreFile target, IovIter source) throws FsException {
    assertEquals(LENGTH, target.write(0, source, 0));
  }

  /// Two files, each the other's source. `cold`: none of them in memory.
  private static Program crossing(boolean cold, boolean callback) {
    return stage -> {
      PageCache cache = cache(stage);
      StoreFile f = StoreFile.cold(cache, "f", 1, LENGTH);
      StoreFile g = StoreFile.cold(cache, "g", 2, LENGTH);
      if (!cold) {
        f.read(0, LENGTH);
        g.read(0, LENGTH);
      }
      stage.thread("A", () -> copy(f, callback ? filler(g) : mapped(g, 0)));
      stage.thread("B", () -> copy(g, callback ? filler(f) : mapped(f, 0)));
      stage.atEnd(
          () -> {
            check("f", f.read(0, LENGTH), 1, 2);
            check("g", g.read(0, LENGTH), 1, 2);
            f.checkAtRest();
            g.checkAtRest();
          });
    };
  }

  /// R-A2, R-A4.
  @Test
  void twoWritersThatCopyFromEachOthersFileBothEnd() {
    assertSound("crossing, warm", 2, crossing(false, false));
  }

  /// R-A2, R-A4: the source has to be read in, which is done with no folio locked.
  @Test
  void twoWritersThatReadEachOthersFileInBothEnd() {
    assertSound("crossing, cold", 2, crossing(true, false));
  }

  /// R-A2, R-A13: the callback enters the cache again.
  @Test
  void twoWritersWhoseCallbacksReadEachOthersFileBothEnd() {
    assertSound("crossing, callbacks", 2, crossing(true, true));
  }

  /// R-A1: source and target are one folio; a reader sees the bytes of one moment. The target lies
  /// before the source, so the copy is as if it had been made aside.
  private static Program within(boolean callback) {
    return stage -> {
      StoreFile f = StoreFile.cold(cache(stage), "f", 1, 2 * LENGTH);
      f.write(LENGTH, 2, LENGTH);
      stage.thread("writer", () -> copy(f, callback ? filler(f) : mapped(f, LENGTH)));
      stage.thread("reader", () -> check("the reader", f.read(0, LENGTH), 1, 2));
      stage.thread("evictor", f::evict);
      stage.atEnd(() -> check("the end", f.read(0, LENGTH), callback ? 1 : 2));
    };
  }

  @Test
  void aWriterWhoseSourceIsTheFolioItWritesEnds() {
    assertSound("one folio", 2, within(false));
  }

  @Test
  void aWriterWhoseCallbackReadsTheFolioItWritesEnds() {
    assertSound("one folio, callback", 2, within(true));
  }

  /// R-A5, R-A10: what was brought in may be gone again before the copy.
  @Test
  void aSourceThatIsEvictedBetweenFaultInAndCopyIsBroughtInAgain() {
    assertSound(
        "evicted source",
        2,
        stage -> {
          PageCache cache = cache(stage);
          StoreFile f = StoreFile.cold(cache, "f", 1, LENGTH);
          StoreFile g = StoreFile.cold(cache, "g", 2, LENGTH);
          stage.thread("writer", () -> copy(f, mapped(g, 0)));
          stage.thread(
              "evictor",
              () -> {
                g.evict();
                g.evict();
              });
          stage.atEnd(
              () -> {
                check("the end", f.read(0, LENGTH), 2);
                f.checkAtRest();
              });
        });
  }
}
