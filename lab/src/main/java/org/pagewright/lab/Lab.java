package org.pagewright.lab;

import org.pagewright.lab.scenario.Scenario;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;

/// The lab, as a program asks it.
public final class Lab {
  private static final int PREEMPTIONS = 2;

  private Lab() {}

  /// Explores each claim about a design.
  ///
  /// @return a line for each
  public static String claims() {
    StringBuilder lines = new StringBuilder();
    for (Scenario scenario : Scenario.ALL) {
      Exploration found = Explorer.exhaustive(PREEMPTIONS).explore(scenario.program());
      lines.append(scenario.id()).append(' ').append(found.verdict()).append('\n');
    }
    return lines.toString();
  }
}
