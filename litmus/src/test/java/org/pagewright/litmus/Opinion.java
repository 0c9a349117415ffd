package org.pagewright.litmus;

import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jspecify.annotations.Nullable;
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

  private static final int INVOCATIONS = 3_000;

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
    try {
      Lincheck.runConcurrentTest(INVOCATIONS, () -> runOnce(litmus));
      return "";
    } catch (LincheckAssertionError e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void runOnce(Litmus litmus) {
    Litmus.Run run = litmus.begin();
    Body[] bodies = new Body[run.threads()];
    Thread[] threads = new Thread[run.threads()];
    for (int i = 0; i < bodies.length; i++) {
      bodies[i] = new Body(run, i);
      threads[i] = new Thread(bodies[i]);
      threads[i].start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    for (Body body : bodies) {
      if (body.failure != null) {
        throw new IllegalStateException(body.failure);
      }
    }
    run.check();
  }

  /// What a thread of Lincheck's does.
  private static final class Body implements Runnable {
    private final Litmus.Run run;
    private final int number;
    private @Nullable RuntimeException failure;

    Body(Litmus.Run run, int number) {
      this.run = run;
      this.number = number;
    }

    @Override
    public void run() {
      try {
        run.run(number);
      } catch (IllegalStateException e) {
        failure = e;
      }
    }
  }
}
