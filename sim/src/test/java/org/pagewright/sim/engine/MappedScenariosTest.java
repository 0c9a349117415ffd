package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pagewright.sim.engine.StoreFile.FOLIO;
import static org.pagewright.sim.engine.StoreFile.assertSound;
import static org.pagewright.sim.engine.StoreFile.check;
import static org.pagewright.sim.engine.StoreFile.filled;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.pagewright.cache.Folio;
import org.pagewright.cache.PageCache;
import org.pagewright.errno.Errno;
import org.pagewright.errno.FsException;
import org.pagewright.mm.MappedRegion;
import org.pagewright.mm.MappedRegionException;
import org.pagewright.mm.Protection;
import org.pagewright.mm.Sharing;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// Loads and stores through regions, beside everything that takes their entries away.
final class MappedScenariosTest {
  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final Clock STILL = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  private static PageCache cache(Stage stage) {
    PageCache cache = new PageCache(64 << 10);
    stage.close(cache);
    return cache;
  }

  /// A file that is on its store, of two folios full of ones, not in memory.
  private static StoreFile cold(Stage stage) throws Exception {
    return StoreFile.cold(cache(stage), "f", 1, 2 * FOLIO);
  }

  private static void put(MappedRegion region, long offset, int value) {
    region.putLong(offset, value * ONES);
  }

  /// A store that may be refused for one reason.
  ///
  /// @return whether it was served
  private static boolean put(
      MappedRegion region, long offset, int value, MappedRegionException.Kind unless) {
    try {
      put(region, offset, value);
      return true;
    } catch (MappedRegionException e) {
      assertEquals(unless, e.kind(), () -> String.valueOf(e));
      return false;
    }
  }

  private static int get(MappedRegion region, long offset) {
    byte[] bytes = new byte[Long.BYTES];
    region.get(offset, bytes, 0, bytes.length);
    for (byte b : bytes) {
      if (b != bytes[0]) {
        throw new Failure(Verdict.UNINITIALISED, "half of " + b + " and " + bytes[0]);
      }
    }
    return bytes[0];
  }

  private static void allow(String who, int seen, int... allowed) {
    check(who, new byte[] {(byte) seen}, allowed);
  }

  // ---- Against write-out ------------------------------------------------------------------------

  /// R-F14, R-F2, R-H1: an entry is writable when the folio is cleaned. What is stored through it
  /// is in time for this write-out, or the folio is dirty again. And it is never dirty without what
  /// the file system keeps for a dirty folio.
  @Test
  void whatIsStoredWhileItIsCleanedReachesTheStore() {
    assertSound(
        "store through a writable entry, sync",
        3,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          put(region, 8, 2);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread("syncer", file::sync);
          stage.atEnd(() -> storedAndSynced(file, region));
        });
  }

  private static void storedAndSynced(StoreFile file, MappedRegion region) throws Exception {
    allow("the region", get(region, 0), 3);
    check("a reader", file.read(0, Long.BYTES), 3);
    file.checkAtRest();
    file.sync();
    file.checkStore("the end", 0, Long.BYTES, 3);
    region.close();
  }

  /// R-F2, R-F20: the window of S4. The folio is dirty by a write; the fault has made its promise;
  /// now it is cleaned, which uses the promise up, and then dirtied by the fault.
  @Test
  void aFaultIsNotDividedByACleaner() {
    assertSound(
        "write fault, sync",
        3,
        stage -> {
          StoreFile file = cold(stage);
          file.write(FOLIO - 100, 2, 100);
          MappedRegion region = file.map(FOLIO);
          get(region, 0);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread("syncer", file::sync);
          stage.atEnd(() -> storedAndSynced(file, region));
        });
  }

  /// R-F2, R-F20: two syncs, so that the second finds what the first left of the promise.
  @Test
  void twoSyncsAndAFaultLeaveNothingDirtyWithoutRoom() {
    assertSound(
        "write fault, two syncs",
        3,
        stage -> {
          StoreFile file = cold(stage);
          file.write(FOLIO - 100, 2, 100);
          MappedRegion region = file.map(FOLIO);
          get(region, 0);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread(
              "syncer",
              () -> {
                file.sync();
                file.sync();
              });
          stage.atEnd(() -> storedAndSynced(file, region));
        });
  }

  /// R-F15.
  @Test
  void aFolioThatHasToStandStillDoesWhileItIsWrittenOut() {
    assertSound(
        "store against a stable write-out",
        2,
        stage -> {
          StoreFile file = cold(stage);
          file.stable = true;
          MappedRegion region = file.map(FOLIO);
          put(region, 8, 2);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread("syncer", file::sync);
          stage.atEnd(() -> storedAndSynced(file, region));
        });
  }

  /// R-F19: two regions and a write, to one folio, under a sync.
  @Test
  void storesThroughTwoRegionsAndAWriteLoseNothing() {
    assertSound(
        "two stores and a write",
        1,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion one = file.map(FOLIO);
          MappedRegion two = file.map(FOLIO);
          stage.thread("one", () -> put(one, 0, 2));
          stage.thread("two", () -> put(two, 8, 3));
          stage.thread("writer", () -> file.write(16, 4, 8));
          stage.atEnd(
              () -> {
                allow("one", get(two, 0), 2);
                allow("two", get(one, 8), 3);
                allow("writer", get(one, 16), 4);
                file.sync();
                file.checkStore("one", 0, 8, 2);
                file.checkStore("two", 8, 16, 3);
                file.checkStore("writer", 16, 24, 4);
                file.checkAtRest();
                one.close();
                two.close();
              });
        });
  }

  // ---- Against truncation -----------------------------------------------------------------------

  private static void storeAgainstTruncate(String name, boolean warm, int bound) {
    assertSound(
        name,
        bound,
        stage -> {
          StoreFile file = cold(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          MappedRegion region = file.map(2 * FOLIO);
          if (warm) {
            put(region, FOLIO + 8, 2);
          }
          stage.thread(
              "storer",
              () -> put(region, FOLIO, 3, MappedRegionException.Kind.BEYOND_END));
          stage.thread(
              "truncater",
              () -> {
                file.truncate(FOLIO);
                other.write(0, 4, FOLIO); // in the frame that has just come free
                check("other", other.read(0, FOLIO), 4);
              });
          stage.atEnd(
              () -> {
                check("other in the end", other.read(0, FOLIO), 4);
                assertEquals(FOLIO, file.mapping.size());
                assertEquals(0, file.mapping.gatherDirty(1, 2, new Folio[1]));
                file.truncate(2 * FOLIO);
                allow("what was cut off", get(region, FOLIO), 0);
                file.checkAtRest();
                region.close();
              });
        });
  }

  /// R-F5, R-D4, R-D6, R-D7, R-G1: the fault finds its folio truncated at any of its steps.
  @Test
  void aFaultOfWhatIsTruncatedIsServedBeforeOrRefused() {
    storeAgainstTruncate("write fault, truncate", false, 2);
  }

  /// R-D4, R-G3: the store has its entry already.
  @Test
  void aStoreIntoWhatIsTruncatedNeverReachesTheFramesNextOwner() {
    storeAgainstTruncate("store, truncate", true, 2);
  }

  /// R-D6: the load has its entry, and looks at it twice.
  @Test
  void aLoadOfWhatIsTruncatedSeesNothingOfTheFramesNextOwner() {
    assertSound(
        "load, truncate",
        2,
        stage -> {
          StoreFile file = cold(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          MappedRegion region = file.map(2 * FOLIO);
          get(region, FOLIO);
          stage.thread(
              "loader",
              () -> {
                try {
                  allow("the loader", get(region, FOLIO), 1);
                } catch (MappedRegionException e) {
                  assertEquals(MappedRegionException.Kind.BEYOND_END, e.kind());
                }
              });
          stage.thread(
              "truncater",
              () -> {
                file.truncate(FOLIO);
                other.write(0, 4, FOLIO);
              });
          stage.atEnd(region::close);
        });
  }

  /// R-D5, R-D3: the last folio is stored to beyond the end while a write makes the file longer.
  /// The gap is zeros, unless the store came after it was inside.
  @Test
  void whatLiesBeyondTheEndDoesNotComeInside() {
    assertSound(
        "store beyond the end, growth",
        2,
        stage -> {
          StoreFile file = StoreFile.cold(cache(stage), "f", 1, 100);
          MappedRegion region = file.map(FOLIO);
          put(region, 200, 2);
          stage.thread("storer", () -> put(region, 200, 3));
          stage.thread("writer", () -> file.write(300, 4, 8));
          stage.atEnd(
              () -> {
                StoreFile.checkRange("the gap", file.read(0, 308), 200, 208, 0, 3);
                StoreFile.checkRange("the rest", file.read(0, 308), 208, 300, 0);
                file.sync();
                file.checkAtRest();
                region.close();
              });
        });
  }

  /// R-D7: the file ends exactly where the folio begins before the file system is asked: it says
  /// no, although the folio is still there.
  @Test
  void aStoreIsRefusedFromTheMomentTheFileEndsBeforeItsFolio() {
    assertSound(
        "write fault, truncate to the folio's beginning",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(2 * FOLIO);
          get(region, FOLIO);
          stage.thread(
              "storer",
              () -> {
                boolean served =
                    put(region, FOLIO, 3, MappedRegionException.Kind.BEYOND_END);
                if (served && file.sizeBeforeMkwrite <= FOLIO) {
                  throw new Failure(
                      Verdict.LOST_WRITE, "a store is taken beyond the end of the file");
                }
              });
          stage.thread("truncater", () -> file.truncate(FOLIO));
          stage.atEnd(
              () -> {
                file.sync();
                file.checkAtRest();
                region.close();
              });
        });
  }

  // ---- Nothing is left behind -------------------------------------------------------------------

  /// Nobody uses the file any more: its cache can be emptied to the last frame.
  private static void assertNothingLeft(StoreFile file, MappedRegion region) throws Exception {
    region.close();
    file.sync();
    file.evict();
    file.mapping.checkInvariants();
    assertEquals(0, file.pagefaults.get(), "faults that keep the volume from being frozen");
    assertEquals(0, file.mapping.folios(), "folios that somebody still holds");
    assertEquals(0, file.mapping.cache().frames().used(), "frames that somebody still holds");
  }

  /// R-F6: the entry becomes another while the file system is asked: locked in memory, with a
  /// reference of the folio. What the fault makes of it must know.
  @Test
  void anEntryThatIsLockedInMemoryDuringAFaultStaysSo() {
    assertSound(
        "write fault, lock in memory",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          get(region, 0);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread(
              "locker",
              () -> {
                region.lock(0, FOLIO);
                region.unlock(0, FOLIO);
              });
          stage.atEnd(
              () -> {
                allow("the region", get(region, 0), 3);
                assertNothingLeft(file, region);
              });
        });
  }

  /// R-F7, R-F3: no room for the store, while the folio is locked in memory, or goes.
  @Test
  void aStoreThatIsRefusedLeavesNothingBehind() {
    for (boolean truncates : new boolean[] {true, false}) {
      assertSound(
          "refused store, " + (truncates ? "truncate" : "sync"),
          2,
          stage -> {
            StoreFile file = cold(stage);
            MappedRegion region = file.map(2 * FOLIO);
            file.full = true;
            stage.thread(
                "storer",
                () -> {
                  try {
                    put(region, FOLIO, 3);
                    throw new AssertionError("there is no room, and the store was served");
                  } catch (MappedRegionException e) {
                    assertTrue(
                        e.kind() == MappedRegionException.Kind.NO_SPACE
                            || truncates && e.kind() == MappedRegionException.Kind.BEYOND_END,
                        () -> String.valueOf(e));
                  }
                });
            stage.thread(
                "other",
                () -> {
                  if (truncates) {
                    file.truncate(FOLIO);
                  } else {
                    file.sync();
                    file.evict();
                  }
                });
            stage.atEnd(() -> assertNothingLeft(file, region));
          });
    }
  }

  /// R-F7: two stores to one folio of a private region: one of them has made a copy in vain. And
  /// the folio goes meanwhile.
  @Test
  void aCopyMadeInVainIsGivenBack() {
    for (boolean truncates : new boolean[] {true, false}) {
      assertSound(
          "private store, " + (truncates ? "truncate" : "private store"),
          2,
          stage -> {
            StoreFile file = cold(stage);
            MappedRegion region = file.map(2 * FOLIO, Sharing.PRIVATE);
            get(region, FOLIO);
            stage.thread(
                "storer",
                () -> put(region, FOLIO, 3, MappedRegionException.Kind.BEYOND_END));
            stage.thread(
                "other",
                () -> {
                  if (truncates) {
                    file.truncate(FOLIO);
                  } else {
                    put(region, FOLIO + 8, 4);
                  }
                });
            stage.atEnd(
                () -> {
                  if (!truncates) {
                    allow("the region", get(region, FOLIO), 3);
                    allow("the region", get(region, FOLIO + 8), 4);
                  }
                  assertNothingLeft(file, region);
                });
          });
    }
  }

  /// R-F7, R-F6: two stores to one clean folio: both ask the file system, one finds its entry made.
  @Test
  void aFaultThatComesSecondLeavesNothingBehind() {
    assertSound(
        "write fault, write fault",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread("other", () -> put(region, 8, 4));
          stage.atEnd(
              () -> {
                allow("the region", get(region, 0), 3);
                allow("the region", get(region, 8), 4);
                assertNothingLeft(file, region);
              });
        });
  }

  /// Goal: a part is protected while a store to it, and one beside it, is under way.
  @Test
  void noStoreComesAfterItsPartIsProtectedAndOthersGoOn() {
    assertSound(
        "store, protect a part",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(2 * FOLIO);
          put(region, 0, 2);
          stage.thread(
              "storer",
              () -> {
                put(region, 0, 3, MappedRegionException.Kind.PROTECTION);
                put(region, FOLIO, 3);
              });
          stage.thread(
              "protector",
              () -> {
                region.protect(0, FOLIO, Protection.READ);
                int seen = get(region, 0);
                allow("the protector", seen, 2, 3);
                SchedulePoint.reach(SchedulePoint.Kind.ACCESS, region);
                allow("the protector again", get(region, 0), seen);
              });
          stage.atEnd(
              () -> {
                allow("the region", get(region, FOLIO), 3);
                file.sync();
                file.checkAtRest();
                region.close();
              });
        });
  }

  // ---- Against eviction -------------------------------------------------------------------------

  /// R-I4, R-B3: the frame is another file's between the two looks of the load.
  @Test
  void aLoadOfWhatIsEvictedSeesNothingOfTheFramesNextOwner() {
    assertSound(
        "load, evict",
        2,
        stage -> {
          StoreFile file = cold(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          MappedRegion region = file.map(FOLIO);
          get(region, 0);
          stage.thread("loader", () -> allow("the loader", get(region, 0), 1));
          stage.thread(
              "evictor",
              () -> {
                file.evict();
                other.write(0, 4, FOLIO);
              });
          stage.atEnd(region::close);
        });
  }

  /// R-I4, R-F14.
  @Test
  void whatIsStoredWhileItIsCleanedAndEvictedIsNotLost() {
    assertSound(
        "store, sync and evict",
        2,
        stage -> {
          StoreFile file = cold(stage);
          StoreFile other = new StoreFile(file.mapping.cache(), "other");
          MappedRegion region = file.map(FOLIO);
          put(region, 8, 2);
          stage.thread("storer", () -> put(region, 0, 3));
          stage.thread(
              "evictor",
              () -> {
                file.sync();
                file.evict();
                other.write(0, 4, FOLIO);
              });
          stage.atEnd(
              () -> {
                check("other", other.read(0, FOLIO), 4);
                storedAndSynced(file, region);
              });
        });
  }

  /// R-F14: who is about to clean many folios takes WRITE away from all at once, without their
  /// locks, and waits for the stores. Another who cleans finds it gone, and may not think that
  /// nobody stores.
  @Test
  void whatIsStoredIsNotLostBetweenTwoWhoClean() {
    Exploration e =
        Explorer.random(5, 10_000, 3) // all schedules of three threads are too many
            .explore(
                stage -> {
                  StoreFile file = cold(stage);
                  MappedRegion region = file.map(FOLIO);
                  put(region, 8, 2);
                  stage.thread("storer", () -> put(region, 0, 3));
                  stage.thread("cleaner", () -> file.mapping.mapper().writeProtect(0, 1));
                  stage.thread(
                      "evictor",
                      () -> {
                        file.sync();
                        file.evict();
                      });
                  stage.atEnd(() -> storedAndSynced(file, region));
                });
    assertEquals(Verdict.OK, e.verdict(), e::toString);
  }

  // ---- Against the end of the region ------------------------------------------------------------

  private static void storeAgainstClose(String name, boolean warm, int bound) {
    assertSound(
        name,
        bound,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          if (warm) {
            put(region, 8, 2);
          }
          stage.thread("storer", () -> put(region, 0, 3, MappedRegionException.Kind.CLOSED));
          stage.thread(
              "closer",
              () -> {
                region.close();
                byte closed = file.read(0, 1)[0];
                allow("after close", file.read(0, 1)[0], closed);
              });
          stage.atEnd(
              () -> {
                file.sync();
                file.checkAtRest();
              });
        });
  }

  /// R-F6: the fault has been to the file system and comes back to a table that is gone.
  @Test
  void aFaultOfARegionThatIsClosedMakesNothingWritable() {
    storeAgainstClose("write fault, close", false, 2);
  }

  @Test
  void nothingIsStoredAfterClose() {
    storeAgainstClose("store, close", true, 2);
  }

  /// R-F6.
  @Test
  void nothingIsStoredAfterProtect() {
    assertSound(
        "store, protect",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          get(region, 0);
          stage.thread("storer", () -> put(region, 0, 3, MappedRegionException.Kind.PROTECTION));
          stage.thread(
              "protector",
              () -> {
                region.protect(Protection.READ);
                byte seen = file.read(0, 1)[0];
                allow("after protect", file.read(0, 1)[0], seen);
              });
          stage.atEnd(
              () -> {
                file.checkAtRest();
                region.close();
              });
        });
  }

  // ---- Refused ----------------------------------------------------------------------------------

  /// R-F3, R-F4, R-F7: no room. Nobody sees a byte of the store, nothing is dirty, nothing is held.
  @Test
  void aStoreThatIsRefusedLeavesNoTrace() {
    assertSound(
        "store without room",
        2,
        stage -> {
          StoreFile file = cold(stage);
          file.full = true;
          MappedRegion region = file.map(FOLIO);
          stage.thread(
              "storer",
              () ->
                  assertFalse(put(region, 0, 3, MappedRegionException.Kind.NO_SPACE), "served"));
          stage.thread("reader", () -> check("the reader", file.read(0, 8), 1));
          stage.atEnd(
              () -> {
                allow("the region", get(region, 0), 1);
                assertEquals(0, file.mapping.dirtyFolios());
                file.checkAtRest();
                file.full = false;
                put(region, 0, 3);
                storedAndSynced(file, region);
              });
        });
  }

  /// R-F16. A store waits for the thaw, whether its entry was writable when the volume froze or
  /// not.
  @Test
  void nothingIsStoredBetweenFreezeAndThaw() {
    for (boolean warm : new boolean[] {false, true}) {
      assertSound(
          warm ? "store, freeze" : "write fault, freeze",
          2,
          stage -> {
            Volume volume = Ramfs.mount(cache(stage), MountOptions.DEFAULTS.withClock(STILL));
            OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
            file.write(0, filled(1, 64), 0, 64);
            MappedRegion region = file.map(0, 64, Protection.READ_WRITE, Sharing.SHARED);
            if (warm) {
              put(region, 8, 2);
            }
            stage.thread("storer", () -> put(region, 0, 3));
            stage.thread(
                "freezer",
                () -> {
                  volume.superBlock().freeze();
                  byte[] seen = new byte[1];
                  file.read(0, seen, 0, 1);
                  byte frozen = seen[0];
                  file.read(0, seen, 0, 1);
                  allow("frozen", seen[0], frozen);
                  volume.superBlock().thaw();
                });
            stage.atEnd(() -> allow("the end", get(region, 0), 3));
          });
    }
  }

  // ---- As a source ------------------------------------------------------------------------------

  /// R-A1: the source of the write is the very folio that it writes, and its entry goes.
  @Test
  void aWriteFromItsOwnFolioEnds() {
    assertSound(
        "write from its own folio, sync and evict",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(FOLIO);
          stage.thread(
              "writer", () -> assertEquals(8, file.write(64, region.source(0, 8), 0), "written"));
          stage.thread("evictor", file::evict);
          stage.atEnd(
              () -> {
                check("the end", file.read(64, 8), 1);
                file.sync();
                file.checkAtRest();
                region.close();
              });
        });
  }

  /// R-A2: two writers, each from the folio that the other one writes.
  @Test
  void writesFromEachOthersFoliosEnd() {
    assertSound(
        "crossing writes",
        2,
        stage -> {
          PageCache cache = cache(stage);
          StoreFile f = StoreFile.cold(cache, "f", 1, FOLIO);
          StoreFile g = StoreFile.cold(cache, "g", 2, FOLIO);
          MappedRegion ofF = f.map(FOLIO);
          MappedRegion ofG = g.map(FOLIO);
          stage.thread("to f", () -> assertEquals(8, f.write(64, ofG.source(0, 8), 0)));
          stage.thread("to g", () -> assertEquals(8, g.write(64, ofF.source(0, 8), 0)));
          stage.atEnd(
              () -> {
                check("f", f.read(64, 8), 2);
                check("g", g.read(64, 8), 1);
                ofF.close();
                ofG.close();
              });
        });
  }

  /// R-A3: somebody wants MMAP alone while the writer, under the folio lock, could want it shared.
  @Test
  void aWriterDoesNotWantTheRegionsLockUnderAFolio() {
    assertSound(
        "write from a region that is locked in memory",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(2 * FOLIO);
          stage.thread(
              "writer", () -> assertEquals(8, file.write(64, region.source(FOLIO, 8), 0)));
          stage.thread(
              "locker",
              () -> {
                region.lock(0, FOLIO);
                region.unlock(0, FOLIO);
              });
          stage.atEnd(
              () -> {
                check("the end", file.read(64, 8), 1);
                region.close();
              });
        });
  }

  /// R-A5, R-A7: the region goes in the middle of the write. What was copied by then is written.
  @Test
  void aWriteFromARegionThatIsClosedIsWholeOrRefused() {
    assertSound(
        "write from a region, close",
        2,
        stage -> {
          StoreFile file = cold(stage);
          MappedRegion region = file.map(2 * FOLIO);
          stage.thread(
              "writer",
              () -> {
                try {
                  assertTrue(file.write(64, region.source(FOLIO, 8), 0) > 0);
                } catch (FsException e) {
                  assertEquals(Errno.EFAULT, e.errno());
                }
              });
          stage.thread("closer", region::close);
          stage.atEnd(
              () -> {
                check("the end", file.read(64, 8), 1);
                file.sync();
                file.checkAtRest();
              });
        });
  }
}
