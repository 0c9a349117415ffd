package org.pagewright.lab;

import java.util.concurrent.atomic.AtomicReference;
import org.pagewright.lab.Lab.Price;
import org.pagewright.lab.kernel.Cost;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.lab.kernel.UserPage.Inode;
import org.pagewright.lab.scenario.Contender;
import org.pagewright.sim.explore.Counterexample;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Step;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint.Kind;

/// Counts what one write costs, with one thread and nothing that goes wrong.
///
/// @param cost what the kernel counted
/// @param locks locks taken
record PriceTag(Cost cost, int locks) {

  static Price of(Contender contender) {
    PriceTag cold = count(contender, false, 0, Kernel.PAGE);
    PriceTag part = count(contender, false, 1, Kernel.BLOCK);
    PriceTag warm = count(contender, true, 0, Kernel.PAGE);
    return new Price(contender, cold.cost, part.cost, warm.cost, warm.locks);
  }

  private static PriceTag count(Contender contender, boolean warm, int pos, int length) {
    AtomicReference<Cost> cost = new AtomicReference<>(new Cost(0, 0, 0));
    Source source = Source.of(UserPage.anonymous("u1", "y".repeat(Kernel.PAGE)), 0, length);
    Exploration run =
        Explorer.exhaustive(0)
            .withoutShortening()
            .explore(
                stage -> {
                  Kernel kernel = contender.maker().kernel(stage);
                  Inode file = kernel.create("F", "x".repeat(Kernel.PAGE), Kernel.PAGE);
                  if (warm) {
                    kernel.read(file, 0, Kernel.PAGE);
                  }
                  Cost before = kernel.cost();
                  stage.thread(
                      "T1",
                      () -> {
                        kernel.write(file, pos, source);
                        cost.set(kernel.cost().minus(before));
                        // Only of a failure does the explorer tell the steps.
                        throw new Failure(Verdict.LEAK, "so that the locks can be counted");
                      });
                });
    int locks = 0;
    Counterexample told = run.failure();
    if (told == null || told.verdict() != Verdict.LEAK) {
      throw new AssertionError(contender.id() + " fails where nothing goes wrong: " + told);
    }
    for (Step step : told.steps()) {
      Kind kind = step.kind();
      locks += kind == Kind.LOCK || kind == Kind.LOCK_SHARED || kind == Kind.TRY_LOCK ? 1 : 0;
    }
    return new PriceTag(cost.get(), locks);
  }
}
