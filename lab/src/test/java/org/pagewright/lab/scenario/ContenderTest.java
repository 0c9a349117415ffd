package org.pagewright.lab.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Stage;
import org.pagewright.sim.explore.Verdict;

/// Sound designs fail in no situation, the engine above all; and that is not for want of looking.
final class ContenderTest {
  /// Designs that keep every rule but R-A14, the bound against an evictor.
  private static final Set<String> SOUND =
      Set.of(
          "X5", "X6", "X7'", "X8", "X9", "X11", "X12", "X13", "X14", "X15", "X16",
          Contender.ENGINE);

  /// Designs that also get on against an evictor.
  private static final Set<String> BOUNDED = Set.of("X8", "X11", "X13", "X14", Contender.ENGINE);

  private static Contender contender(String id) {
    for (Contender contender : Contender.ALL) {
      if (contender.id().equals(id)) {
        return contender;
      }
    }
    throw new AssertionError(id);
  }

  @TestFactory
  List<DynamicTest> soundDesignsFailInNoSituation() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Contender contender : Contender.ALL) {
      for (Situation situation : Situation.values()) {
        if (SOUND.contains(contender.id()) && contender.fits(situation)) {
          String name = contender.id() + " " + situation;
          tests.add(DynamicTest.dynamicTest(name, () -> assertSound(contender, situation)));
        }
      }
    }
    return tests;
  }

  private static void assertSound(Contender contender, Situation situation) {
    Exploration found =
        Explorer.exhaustive(2).withSchedules(50_000).explore(
            situation.program(stage -> strict(contender, stage)));
    boolean livelock = situation == Situation.EVICTOR && !BOUNDED.contains(contender.id());
    Verdict right = livelock ? Verdict.LIVELOCK : Verdict.OK;
    assertEquals(right, found.verdict(), () -> String.valueOf(found.failure()));
    assertTrue(livelock || found.complete(), found.coverage());
  }

  /// A kernel of which nobody may hold what a fault may want, whether or not it comes to a circle
  /// (R-A4).
  private static Kernel strict(Contender contender, Stage stage) {
    Kernel kernel = contender.maker().kernel(stage);
    stage.atEnd(
        () -> {
          if (!kernel.heldAtFaults().isEmpty()) {
            throw new Failure(
                Verdict.DEADLOCK, "a fault was served under " + kernel.heldAtFaults());
          }
        });
    return kernel;
  }

  /// R-A4: X0 serves a fault under the page lock also where nobody is in its way.
  @Test
  void aFaultUnderAPageLockIsNoticedWithoutACircle() {
    Contender naive = contender("X0");
    Exploration lucky = Explorer.exhaustive(2).explore(
        Situation.TWO_WRITERS.program(naive.maker()));
    assertEquals(Verdict.OK, lucky.verdict());
    Exploration strict = Explorer.exhaustive(2).explore(
        Situation.TWO_WRITERS.program(stage -> strict(naive, stage)));
    assertEquals(Verdict.DEADLOCK, strict.verdict());
  }

  @Test
  void theEngineIsPutIntoEverySituationThatItsFilesKnow() {
    Contender engine = contender(Contender.ENGINE);
    int fitting = 0;
    for (Situation situation : Situation.values()) {
      fitting += engine.fits(situation) ? 1 : 0;
    }
    assertTrue(fitting > 30, fitting + " situations");
  }

  /// Orders that the explorer leaves out would have failed no otherwise.
  @Test
  void everyOrderAgreesWithTheOrdersThatAreRun() {
    for (Situation situation :
        List.of(Situation.CROSS, Situation.HOLE_DROPPED, Situation.TORN, Situation.INVALIDATED)) {
      for (Contender contender : List.of(contender("X0"), contender("X2"), contender("X13"))) {
        Explorer explorer = Explorer.exhaustive(1);
        var program = situation.program(contender.maker());
        assertEquals(
            explorer.withoutPruning().explore(program).verdict(),
            explorer.explore(program).verdict(),
            contender.id() + " " + situation);
      }
    }
  }

  /// What fails within two preemptions is found by random schedules as well.
  @Test
  void randomSchedulesFindTheCrossedWriters() {
    long seed = 2007;
    Exploration found =
        Explorer.random(seed, 2_000, 3).explore(
            Situation.CROSS.program(contender("X0").maker()));
    assertEquals(Verdict.DEADLOCK, found.verdict(), () -> "seed " + seed + found.coverage());
  }
}
