package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;
import static org.pagewright.sim.engine.StoreFile.filled;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.FastPath;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.iov.IovIter;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Stage;
import org.pagewright.vfs.Credentials;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Bytes that are changed without the folio lock, beside everything that relies on it.
final class OverwriteScenariosTest {
  private static final int LENGTH = 1024;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  /// A file in memory, all of it dirty and open for overwriting.
  private static StoreFile open(Stage stage) throws Exception {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    StoreFile file = new StoreFile(cache, "f");
    file.write(0, 1, StoreFile.FOLIO); // no write-out has anything to zero, which closes it, too
    return file;
  }

  private static void overwrite(StoreFile file, int value) {
    IovIter source = new StoreFile.Halves(value, LENGTH, LENGTH);
    int n = FastPath.overwrite(file.mapping, 0, LENGTH, source, null, null, 0);
    assertTrue(n == LENGTH || n == -1);
  }

  /// R-H1, R-H2: what an overwriter leaves is dirty, or was in time for the write-out.
  @Test
  void whatIsOverwrittenWhileItIsCleanedReachesTheStore() {
    assertSound(
        "overwrite, sync",
        Explorer.UNBOUNDED,
        stage -> {
          StoreFile file = open(stage);
          stage.thread("writer", () -> file.write(0, 2, LENGTH));
          stage.thread("syncer", file::sync);
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 2);
                file.checkAtRest();
                file.sync();
                file.checkStore("the end", 0, LENGTH, 2);
              });
        });
  }

  /// R-H1: eviction of a folio that is cleaned and overwritten meanwhile.
  @Test
  void whatIsOverwrittenWhileItIsCleanedAndEvictedIsNotLost() {
    assertSound(
        "overwrite, sync and evict",
        3,
        stage -> {
          StoreFile file = open(stage);
          stage.thread("writer", () -> file.write(0, 2, LENGTH));
          stage.thread(
              "cleaner",
              () -> {
                file.sync();
                file.evict();
              });
          stage.atEnd(
              () -> {
                check("the end", file.read(0, LENGTH), 2);
                file.checkAtRest();
              });
        });
  }

  /// R-B13: of two overwriters one goes first, even if nothing but the look word keeps them apart.
  /// A reader who lost against them too often copies under the folio lock, which they do not take:
  /// he has to shut them out, or sees half of one that was preempted.
  private static final Program TWO_OVERWRITERS =
      stage -> {
        StoreFile file = open(stage);
        stage.thread("A", () -> overwrite(file, 2));
        stage.thread("B", () -> overwrite(file, 3));
        stage.thread("reader", () -> check("the reader", file.read(0, LENGTH), 1, 2, 3));
        stage.atEnd(() -> check("the end", file.read(0, LENGTH), 2, 3));
      };

  @Test
  void overwritersExcludeEachOtherAndReadersSeeOneOfThem() {
    assertSound("two overwriters and a reader", 2, TWO_OVERWRITERS);
  }

  /// R-G1, R-B3: the folio goes away under the overwriter, who is not told by any other lock.
  @Test
  void anOverwriterOfAFolioThatIsTruncatedLeavesNothingInItsFrame() {
    assertSound(
        "overwrite, truncate",
        Explorer.UNBOUNDED,
        stage -> {
          StoreFile file = open(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          stage.thread("writer", () -> overwrite(file, 2));
          stage.thread(
              "truncater",
              () -> {
                file.truncate(0);
                other.write(0, 3, LENGTH); // in the frame that has just come free
                check("the truncater", other.read(0, LENGTH), 3);
              });
          stage.atEnd(
              () -> {
                check("the end", other.read(0, LENGTH), 3);
                file.checkAtRest();
              });
        });
  }

  // ---- Open files ------------------------------------------------------------------------------

  private static OpenFile ramFile(Stage stage, String name) throws Exception {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    Volume volume = Ramfs.mount(cache, MountOptions.DEFAULTS.withClock(STILL));
    OpenFile file = volume.open(name, OpenFlags.CREAT | OpenFlags.RDWR, 0644);
    file.write(0, filled(1, LENGTH), 0, LENGTH);
    return file;
  }

  private static byte read(OpenFile file) throws Exception {
    byte[] seen = new byte[LENGTH];
    assertEquals(LENGTH, file.read(0, seen, 0, LENGTH));
    check("a reader", seen, 1, 2);
    return seen[0];
  }

  /// An overwriter counts itself in nowhere; who froze waits for it all the same.
  @Test
  void nothingIsOverwrittenBetweenFreezeAndThaw() {
    assertSound(
        "overwrite, freeze",
        2,
        stage -> {
          OpenFile file = ramFile(stage, "/f");
          stage.thread("writer", () -> file.write(0, filled(2, LENGTH), 0, LENGTH));
          stage.thread(
              "freezer",
              () -> {
                file.inode().superBlock().freeze();
                byte frozen = read(file);
                assertEquals(frozen, read(file));
                file.inode().superBlock().thaw();
              });
          stage.atEnd(() -> assertEquals(2, read(file)));
        });
  }

  /// After close has returned, nobody changes the file through what was closed.
  @Test
  void nothingIsOverwrittenAfterClose() {
    assertSound(
        "overwrite, close",
        2,
        stage -> {
          OpenFile file = ramFile(stage, "/f");
          OpenFile other =
              OpenFile.open(
                  file.inode().superBlock().iget(file.inode().ino()),
                  OpenFlags.RDONLY,
                  Credentials.ROOT);
          stage.thread(
              "writer",
              () -> {
                try {
                  file.write(0, filled(2, LENGTH), 0, LENGTH);
                } catch (FsException e) {
                  assertEquals(Errno.EBADF, e.errno());
                }
              });
          stage.thread(
              "closer",
              () -> {
                file.close();
                byte closed = read(other);
                assertEquals(closed, read(other));
              });
          stage.atEnd(other::close);
        });
  }
}
