package org.pagewright.bench.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// Whatever a row does, the run goes on, and says what became of it.
final class RunnerTest {
  private static final Effort TINY = new Effort(true, 2, 1, 20, 40, 100);

  private static Row row(String id, Contest contest) {
    return new Row(
        id, Row.Group.CACHED, "What " + id + " does", Unit.NANOS, contest, "", List.of(), true);
  }

  private static TimedContest timed(TimedContest.Opener opener) {
    return new TimedContest().peer("ours", opener);
  }

  private static List<Results.RowResult> run(Effort effort, Row... rows)
      throws IOException, InterruptedException {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    List<Integer> kept = new ArrayList<>();
    Runner runner = new Runner(Path.of("."), nowhere, soFar -> kept.add(soFar.rows().size()));
    List<Results.RowResult> results = runner.run(List.of(rows), effort).rows();
    assertEquals(rows.length, kept.size(), "kept after each row");
    return results;
  }

  @Test
  void aRowThatFailsOrIsNotToBeHadIsAResult() throws IOException, InterruptedException {
    List<Results.RowResult> results =
        run(
            TINY,
            row("good", timed((effort, open) -> (round, deadline) -> 7)),
            row(
                "broken",
                timed(
                    (effort, open) ->
                        (round, deadline) -> {
                          throw new IOException("out of paper");
                        })),
            row(
                "absent",
                timed(
                    (effort, open) -> {
                      throw new SkippedException("no fio here");
                    })),
            row("confused", timed((effort, open) -> { throw new IllegalStateException("?"); })));
    assertEquals(Results.Status.MEASURED, results.get(0).status());
    assertEquals(List.of(7.0, 7.0), results.get(0).peers().get(0).figures());
    assertEquals(Results.Status.FAILED, results.get(1).status());
    assertTrue(results.get(1).reason().contains("out of paper"), results.get(1).reason());
    assertEquals(Results.Status.SKIPPED, results.get(2).status());
    assertEquals("no fio here", results.get(2).reason());
    assertEquals(Results.Status.FAILED, results.get(3).status());
  }

  @Test
  void aRowThatHangsIsGivenUp() throws IOException, InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    Contest hangs =
        timed(
            (effort, open) ->
                (round, deadline) -> {
                  never.await();
                  return 1;
                });
    Effort short1 = new Effort(true, 1, 1, 20, 3, 100);
    List<Results.RowResult> results =
        run(short1, row("hangs", hangs), row("next", timed((effort, o) -> (r, d) -> 1)));
    assertEquals("takes too long", results.get(0).reason());
    assertEquals(Results.Status.MEASURED, results.get(1).status());
  }

  @Test
  void withoutTimeForAWholeRowItIsSkippedAndSaysSo() throws IOException, InterruptedException {
    Effort none = new Effort(true, 1, 1, 20, 10, 10);
    Results.RowResult result =
        run(none, row("late", timed((effort, open) -> (round, deadline) -> 1))).get(0);
    assertEquals(Results.Status.SKIPPED, result.status());
    assertEquals("no time was left", result.reason());
  }

  @Test
  void aRowThatTheDeadlineCutsSaysSo() throws IOException, InterruptedException {
    TimedContest contest = timed((effort, open) -> (round, deadline) -> 1);
    List<Results.Peer> peers = contest.run(TINY, Deadline.inSeconds(0));
    assertEquals(Results.Status.SKIPPED, peers.get(0).status());
    assertEquals("there was no time for all rounds", peers.get(0).reason());
  }

  @Test
  void peersTakeTurnsAndEverySecondRoundGoesBackwards() throws IOException, InterruptedException {
    StringBuilder order = new StringBuilder();
    TimedContest contest = new TimedContest();
    for (String name : List.of("a", "b", "c")) {
      contest.peer(
          name,
          (effort, open) ->
              (round, deadline) -> {
                order.append(name);
                return 1;
              });
    }
    run(TINY, row("turns", contest));
    assertEquals("cba" + "abc" + "cba", order.toString());
  }

  @Test
  void aPeerThatFailsLeavesTheOthersTheirFigures() throws IOException, InterruptedException {
    List<String> closed = new ArrayList<>();
    TimedContest contest =
        new TimedContest()
            .peer(
                "ours",
                (effort, open) ->
                    new TimedContest.Subject() {
                      @Override
                      public double measure(int round, Deadline deadline) {
                        return round;
                      }

                      @Override
                      public void close() {
                        closed.add("ours");
                      }
                    })
            .peer(
                "theirs",
                (effort, open) -> {
                  throw new IOException("no");
                });
    Results.RowResult result = run(TINY, row("half", contest)).get(0);
    assertEquals(Results.Status.MEASURED, result.status());
    assertEquals(Results.Status.FAILED, result.peers().get(1).status());
    assertEquals(List.of("ours"), closed);
  }

  /// Goal: two processes of JMH take turns and leave their figures; one of a door that is not there
  /// fails alone, with the exception as its reason.
  @Test
  void processesOfJmhTakeTurns() throws IOException, InterruptedException {
    JmhContest contest =
        new JmhContest("CachedIo.read", "size=4096", "span=1")
            .peer("ours", "door=ramfs")
            .peer("copy", "door=copy")
            .peer("nobody", "door=nobody");
    Results.RowResult result = run(TINY, row("read", contest)).get(0);
    assertEquals(Results.Status.MEASURED, result.status(), result.reason());
    for (Results.Peer peer : result.peers().subList(0, 2)) {
      assertEquals(2, peer.figures().size(), peer.toString());
      assertEquals(2, peer.allocated().size(), peer.toString());
      assertTrue(peer.figures().get(0) > 0, peer.toString());
    }
    Results.Peer nobody = result.peers().get(2);
    assertEquals(Results.Status.FAILED, nobody.status());
    assertTrue(nobody.reason().contains("nobody"), nobody.reason());
  }

  @Test
  void aBenchmarkThatThisBuildDoesNotHaveIsSkipped() throws IOException, InterruptedException {
    Results.RowResult result =
        run(TINY, row("later", new JmhContest("NotYet.read").peer("ours"))).get(0);
    assertEquals(Results.Status.SKIPPED, result.status());
  }
}
