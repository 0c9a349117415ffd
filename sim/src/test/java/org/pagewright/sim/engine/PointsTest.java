package org.pagewright.sim.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.block.Bio;
import org.pagewright.block.RamBlockDevice;
import org.pagewright.cache.PageCache;
import org.pagewright.ramfs.Ramfs;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Program;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint.Kind;
import org.pagewright.vfs.MountOptions;
import org.pagewright.vfs.OpenFile;
import org.pagewright.vfs.OpenFlags;
import org.pagewright.vfs.Volume;

/// The engine reaches a point wherever an explorer should have a choice.
final class PointsTest {
  private static final MountOptions STILL =
      MountOptions.DEFAULTS.withClock(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));

  /// The kinds of the points that a program reaches when nobody is interrupted.
  private static Set<Kind> kinds(Program program) {
    Exploration e =
        Explorer.exhaustive(0)
            .withoutShortening()
            .explore(
                stage -> {
                  program.set(stage);
                  stage.atEnd(
                      () -> {
                        throw new Failure(Verdict.ERROR, "to hear the story");
                      });
                });
    Counterexample told = e.failure();
    assertNotNull(told);
    assertEquals("to hear the story", told.words());
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    for (Step step : told.steps()) {
      if (step.kind() != null) {
        kinds.add(step.kind());
      }
    }
    return kinds;
  }

  @Test
  void aWriteAReadAndATruncationReachTheirPoints() {
    byte[] bytes = new byte[6000];
    Set<Kind> kinds =
        kinds(
            stage -> {
              PageCache cache = new PageCache(64 << 10);
              stage.close(cache);
              Volume volume = Ramfs.mount(cache, STILL);
              OpenFile file = volume.open("/f", OpenFlags.CREAT | OpenFlags.RDWR, 0644);
              stage.thread(
                  "T",
                  () -> {
                    file.write(0, bytes, 0, 6000);
                    file.read(0, bytes, 0, 6000);
                    file.truncate(10);
                    file.truncate(8000);
                    file.read(0, bytes, 0, 6000);
                  });
            });
    Set<Kind> wanted =
        EnumSet.of(
            Kind.LOCK, Kind.UNLOCK, Kind.TRY_LOCK, Kind.READ, Kind.ACCESS, Kind.COPY,
            Kind.TRUNCATE);
    wanted.removeAll(kinds);
    assertTrue(wanted.isEmpty(), () -> "never reached: " + wanted);
  }

  @Test
  void aRequestReachesItsPointsWhenItGoesAndWhenItEnds() {
    Set<Kind> kinds =
        kinds(
            stage -> {
              RamBlockDevice device = RamBlockDevice.of("ram", 8192);
              stage.close(device);
              Arena arena = Arena.ofShared();
              stage.close(arena);
              MemorySegment memory = arena.allocate(4096, 4096);
              stage.thread("T", () -> Bio.write(0, memory).submitAndWait(device));
            });
    Set<Kind> wanted = EnumSet.of(Kind.SUBMIT, Kind.COMPLETE, Kind.WAKE);
    assertTrue(kinds.containsAll(wanted), kinds::toString);
  }

  /// Two requests for the same memory and place: their order is an outcome, and both are met.
  @Test
  void requestsThatTouchTheSameMemoryAreMetInBothOrders() {
    Set<Integer> seen = new TreeSet<>();
    Exploration e =
        Explorer.exhaustive(Explorer.UNBOUNDED)
            .explore(
                stage -> {
                  RamBlockDevice device = RamBlockDevice.filled("ram", 4096, 512, (byte) 7);
                  stage.close(device);
                  Arena arena = Arena.ofShared();
                  stage.close(arena);
                  MemorySegment memory = arena.allocate(512, 512);
                  MemorySegment other = arena.allocate(512, 512);
                  other.fill((byte) 9);
                  stage.thread("reader", () -> Bio.read(0, memory).submitAndWait(device));
                  stage.thread("writer", () -> Bio.write(0, other).submitAndWait(device));
                  stage.atEnd(() -> seen.add((int) memory.get(ValueLayout.JAVA_BYTE, 0)));
                });
    assertTrue(e.complete(), e::coverage);
    assertEquals(Set.of(7, 9), seen);
  }
}
