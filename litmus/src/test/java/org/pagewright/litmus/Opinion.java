package org.pagewright.litmus;

import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.pagewright.sim.explore.Exploration;
import org.pagewright.sim.explore.Explorer;
import org.pagewright.sim.explore.Verdict;

/// Runs one program under one tester; the main class of a JVM of its own.
///
/// Ends with [#SOUND] or [#FAILS], and anything else is trouble of the tester.
final class Opinion {
  /// Nothing was found.
  static final int SOUND = 0;

  /// Something was found; standard output says what.
  static final int FAILS = 10;

  // Which thread runs which operation is drawn by lot, as is the order of Lincheck's switches.
  private static final int ITERATIONS = 8;
  private static final int INVOCATIONS = 1_000;

  private Opinion() {}

  /// Runs.
  ///
  /// @param args tester (`explorer` or `lincheck`), name of a [Litmus]
  public static void main(String[] args) {
    Litmus litmus = Litmus.valueOf(args[1]);
    String found =
        switch (args[0]) {
          case "explorer" -> explore(litmus);
          case "lincheck" -> lincheck(litmus);
          default -> throw new IllegalArgumentException(args[0]);
        };
    System.out.println(found);
    System.exit(found.isEmpty() ? SOUND : FAILS);
  }

  private static String explore(Litmus litmus) {
    Exploration exploration =
        Explorer.exhaustive(3)
            .withQueuesOfLocks()
            .explore(
                stage -> {
                  Litmus.Run run = litmus.begin();
                  for (int i = 0; i < run.threads(); i++) {
                    int thread = i;
                    stage.thread("T" + i, () -> run.run(thread));
                  }
                  stage.atEnd(run::check);
                });
    System.out.println(exploration.coverage());
    return exploration.verdict() == Verdict.OK ? "" : String.valueOf(exploration.failure());
  }

  private static String lincheck(Litmus litmus) {
    Operations.litmus = litmus;
    try {
      new ModelCheckingOptions()
          .threads(2)
          .actorsPerThread(1)
          .actorsBefore(0)
          .actorsAfter(0)
          .iterations(ITERATIONS)
          .invocationsPerIteration(INVOCATIONS)
          .check(Operations.class);
      return "";
    } catch (LincheckAssertionError e) {
      return String.valueOf(e.getMessage());
    }
  }

  /// The threads of a program as operations, in whose results Lincheck looks for what no order of
  /// them could give.
  public static final class Operations {
    private static Litmus litmus = Litmus.MUTEX;

    private final Litmus.Run run = litmus.begin();

    /// The first thread.
    ///
    /// @return what it saw wrong
    @Operation
    public String first() {
      return run(0);
    }

    /// The second one.
    ///
    /// @return what it saw wrong
    @Operation
    public String second() {
      return run(1);
    }

    private String run(int thread) {
      try {
        run.run(thread);
        return "fine";
      } catch (IllegalStateException e) {
        return String.valueOf(e.getMessage());
      }
    }

    /// All threads have ended.
    @Validate
    public void check() {
      run.check();
    }
  }
}
