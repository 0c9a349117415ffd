package org.pagewright.bench.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Measures rows, one after the other, within a time. Nothing that a row does ends the run.
public final class Runner {
  private static final int GRACE_SECONDS = 5;
  private static final int BUILD_SECONDS = 600;

  /// With less time left a row is not begun: it would be cut, and its time be wasted.
  private static final int LEAST_SECONDS = 20;

  private final Path root;
  private final PrintStream progress;
  private final Keeper keeper;

  /// Takes what is measured so far, in case the run does not come to its end.
  public interface Keeper {
    /// Keeps results.
    ///
    /// @param soFar with fewer rows than were asked for, but for the last time
    /// @throws IOException if they cannot be kept
    void keep(Results soFar) throws IOException;
  }

  /// A runner.
  ///
  /// @param root of the sources, for what git knows of them
  /// @param progress told of each row
  /// @param keeper given the results after each row
  public Runner(Path root, PrintStream progress, Keeper keeper) {
    this.root = root;
    this.progress = progress;
    this.keeper = keeper;
  }

  /// Measures. The rows with targets come first, so that they have their figures if time is short.
  /// The command of this tree is built before, outside of that time.
  ///
  /// @param rows which
  /// @param effort how much
  /// @return a result for every row, in their order
  /// @throws IOException if results cannot be kept
  /// @throws InterruptedException if the thread was interrupted
  public Results run(List<Row> rows, Effort effort) throws IOException, InterruptedException {
    try {
      Launcher.warm(Deadline.inSeconds(BUILD_SECONDS));
    } catch (IOException e) {
      // The rows that need the command say so themselves.
      progress.println("no command: " + e.getMessage());
    }
    Deadline all = Deadline.inSeconds(effort.totalSeconds());
    Machine machine = Machine.here(root);
    Map<String, Results.RowResult> done = new TreeMap<>();
    List<Row> order = new ArrayList<>();
    rows.stream().filter(r -> !r.targets().isEmpty()).forEach(order::add);
    rows.stream().filter(r -> r.targets().isEmpty()).forEach(order::add);
    for (Row row : order) {
      progress.printf(
          Locale.ROOT, "%3d of %d  %-26s ", done.size() + 1, order.size(), row.id());
      progress.flush();
      Results.RowResult result = withoutPaths(run(row, effort, all));
      done.put(row.id(), result);
      progress.printf(
          Locale.ROOT, "%5.1f s  %s%s%n", result.seconds(),
          result.status().name().toLowerCase(Locale.ROOT),
          result.reason().isEmpty() ? "" : ": " + result.reason());
      keeper.keep(results(rows, effort, machine, done));
    }
    return results(rows, effort, machine, done);
  }

  private static Results results(
      List<Row> rows, Effort effort, Machine machine, Map<String, Results.RowResult> done) {
    List<Results.RowResult> results =
        rows.stream().filter(r -> done.containsKey(r.id())).map(r -> done.get(r.id())).toList();
    return new Results(
        Results.FORMAT, effort.quick() ? "quick" : "full", machine.ended(), results);
  }

  private Results.RowResult run(Row row, Effort effort, Deadline all)
      throws InterruptedException {
    Deadline deadline = all.orInSeconds(effort.rowSeconds());
    if (all.secondsLeft() < LEAST_SECONDS) {
      return without(row, Results.Status.SKIPPED, "no time was left", 0);
    }
    long begin = System.nanoTime();
    Callable<List<Results.Peer>> work = () -> row.contest().run(effort, deadline);
    FutureTask<List<Results.Peer>> task = new FutureTask<>(work);
    Thread thread = Thread.ofPlatform().daemon().name("row-" + row.id()).start(task);
    List<Results.Peer> peers;
    try {
      peers = task.get(deadline.millisLeft() + 1000, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // What waits is woken, and cleans up; what does not listen is left behind.
      task.cancel(true);
      thread.interrupt();
      thread.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
      return without(row, Results.Status.FAILED, "takes too long", seconds(begin));
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      boolean skipped = cause instanceof SkippedException;
      String words =
          cause instanceof Exception thrown ? TimedContest.words(thrown) : String.valueOf(cause);
      return without(
          row, skipped ? Results.Status.SKIPPED : Results.Status.FAILED, words, seconds(begin));
    }
    Results.Peer ours = peers.get(0);
    return new Results.RowResult(row.id(), ours.status(), ours.reason(), seconds(begin), peers);
  }

  /// The same, with the folder of the sources taken out of what went wrong: results are published.
  private Results.RowResult withoutPaths(Results.RowResult result) {
    String here = root.toAbsolutePath().normalize().toString();
    List<Results.Peer> peers =
        result.peers().stream()
            .map(
                p ->
                    new Results.Peer(
                        p.name(), p.status(), p.reason().replace(here, "."), p.figures(),
                        p.allocated()))
            .toList();
    return new Results.RowResult(
        result.id(), result.status(), result.reason().replace(here, "."), result.seconds(), peers);
  }

  private static double seconds(long begin) {
    return Math.round((System.nanoTime() - begin) / 1e8) / 10.0;
  }

  private static Results.RowResult without(
      Row row, Results.Status status, String reason, double seconds) {
    return new Results.RowResult(row.id(), status, reason, seconds, List.of());
  }

  /// Reads what was asked for.
  ///
  /// @param glob `*` and `?` in ids, several separated by commas; empty for all
  /// @param rows to choose from
  /// @return in their order
  /// @throws IOException if none fits
  public static List<Row> choose(String glob, List<Row> rows) throws IOException {
    if (glob.isEmpty()) {
      return rows;
    }
    StringBuilder pattern = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      pattern.append(
          switch (c) {
            case '*' -> ".*";
            case '?' -> ".";
            case ',' -> "|";
            default -> java.util.regex.Pattern.quote(String.valueOf(c));
          });
    }
    List<Row> chosen = rows.stream().filter(r -> r.id().matches(pattern.toString())).toList();
    if (chosen.isEmpty()) {
      throw new IOException("no row is called " + glob);
    }
    return chosen;
  }
}
