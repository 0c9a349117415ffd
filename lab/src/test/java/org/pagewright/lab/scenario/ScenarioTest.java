package org.pagewright.lab.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Verdict;

/// Every claim about a design is what the explorer finds.
final class ScenarioTest {

  @TestFactory
  List<DynamicTest> theExplorerFindsWhatIsClaimed() {
    return Scenario.ALL.stream()
        .map(s -> DynamicTest.dynamicTest(s.id() + " " + s.claimed(), () -> check(s)))
        .toList();
  }

  private static void check(Scenario s) {
    Exploration found = Explorer.exhaustive(2).withSchedules(20_000).explore(s.program());
    assertEquals(s.claimed(), found.verdict(), () -> found.coverage() + found.failure());
    if (s.claimed() == Verdict.OK) {
      assertTrue(found.complete(), found.coverage());
    }
  }

  @Test
  void noTwoClaimsHaveOneName() {
    Set<String> names = new HashSet<>();
    for (Scenario s : Scenario.ALL) {
      assertTrue(names.add(s.id()), s.id());
    }
  }
}
