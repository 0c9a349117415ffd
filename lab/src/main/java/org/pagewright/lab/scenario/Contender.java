package org.pagewright.lab.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.pagewright.lab.design.Design;
import org.pagewright.lab.engine.EngineKernel;
import org.pagewright.lab.kernel.Kernel.Trait;
import org.pagewright.lab.scenario.Situation.KernelMaker;

/// What is put into every situation that it knows: each design as it was meant, and the engine.
///
/// @param id such as `X0`, or `ENGINE`
/// @param words what it does
/// @param knows the traits its systems know
/// @param maker makes a system with it
public record Contender(String id, String words, Set<Trait> knows, KernelMaker maker) {

  /// The name of the engine among the designs.
  public static final String ENGINE = "ENGINE";

  /// All of them, the engine last.
  public static final List<Contender> ALL = all();

  private static List<Contender> all() {
    List<Contender> all = new ArrayList<>();
    for (Design design : Design.values()) {
      // S4 is about another path: its writes are those of X13.
      if (!design.isVariant() && design != Design.S4) {
        all.add(new Contender(design.family(), design.words(), design.knows(), design::kernel));
      }
    }
    all.add(
        new Contender(ENGINE, "GenericWrite, in production", EngineKernel.KNOWS,
            EngineKernel::new));
    return List.copyOf(all);
  }

  /// Whether a situation makes sense for it.
  ///
  /// @param situation what happens
  /// @return true if it knows all that is needed
  public boolean fits(Situation situation) {
    return knows.containsAll(situation.needs());
  }
}
