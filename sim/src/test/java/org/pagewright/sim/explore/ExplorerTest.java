package org.pagewright.sim.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.sync.LockClass;
import org.pagewright.sync.Mutex;
import org.pagewright.sync.RwSem;
import org.pagewright.sync.SchedulePoint;
import org.pagewright.sync.SchedulePoint.Kind;
import org.pagewright.sync.WaitQueue;

/// What the explorer finds in small programs with known bugs, and what it says about sound ones.
final class ExplorerTest {

  /// A number that is read and written without a lock.
  private static final class Cell {
    private int value;

    int read() {
      SchedulePoint.reach(Kind.READ, this);
      return value;
    }

    void write(int v) {
      SchedulePoint.reach(Kind.ACCESS, this);
      value = v;
    }
  }

  private static Mutex inodeLock(String name) {
    return new Mutex(LockClass.INODE, name);
  }

  private static void abba(Stage stage) {
    Mutex a = inodeLock("a");
    Mutex b = inodeLock("b");
    stage.thread(
        "A",
        () -> {
          a.lock();
          b.lock();
          b.unlock();
          a.unlock();
        });
    stage.thread(
        "B",
        () -> {
          b.lock();
          a.lock();
          a.unlock();
          b.unlock();
        });
  }

  private static Counterexample failure(Verdict verdict, Exploration e) {
    assertEquals(verdict, e.verdict(), e::toString);
    Counterexample failure = e.failure();
    assertNotNull(failure);
    return failure;
  }

  @Test
  void twoThreadsThatTakeTwoLocksInOppositeOrderDeadlock() {
    for (Explorer explorer :
        List.of(
            Explorer.exhaustive(1),
            Explorer.exhaustive(Explorer.UNBOUNDED),
            Explorer.exhaustive(Explorer.UNBOUNDED).withQueuesOfLocks(),
            Explorer.random(7, 1000, 2))) {
      Counterexample failure =
          failure(Verdict.DEADLOCK, explorer.explore(ExplorerTest::abba));
      assertEquals(1, failure.preemptions());
      assertEquals(2, failure.cycle().size());
      assertEquals(
          "A holds INODE(a) and wants INODE(b), which B holds",
          failure.cycle().getFirst().toString(),
          failure.words());
      assertEquals("B", failure.cycle().getLast().thread());
      assertEquals(List.of("INODE(b)"), failure.cycle().getLast().holds());
    }
  }

  @Test
  void withoutPreemptionsTheTwoThreadsThatTakeTwoLocksAreFine() {
    Exploration e = Explorer.exhaustive(0).explore(ExplorerTest::abba);
    assertEquals(Verdict.OK, e.verdict());
    assertTrue(e.complete());
  }

  private static void lostUpdate(Stage stage, int threads) {
    Cell cell = new Cell();
    for (int i = 0; i < threads; i++) {
      stage.thread("T" + i, () -> cell.write(cell.read() + 1));
    }
    stage.atEnd(
        () -> {
          if (cell.value != threads) {
            throw new Failure(Verdict.LOST_WRITE, cell.value + " of " + threads);
          }
        });
  }

  @Test
  void anUpdateOfACounterWithoutALockIsLost() {
    for (Explorer explorer :
        List.of(Explorer.exhaustive(1), Explorer.exhaustive(Explorer.UNBOUNDED))) {
      Counterexample failure =
          failure(Verdict.LOST_WRITE, explorer.explore(s -> lostUpdate(s, 2)));
      assertEquals(1, failure.preemptions());
      assertEquals("1 of 2", failure.words());
    }
  }

  @Test
  void aWakeUpBetweenTheTestAndTheWaitIsLost() {
    Program program =
        stage -> {
          boolean[] ready = new boolean[1];
          WaitQueue queue = new WaitQueue();
          stage.name(ready, "ready");
          stage.thread(
              "waiter",
              () -> {
                SchedulePoint.reach(Kind.READ, ready);
                if (!ready[0]) { // tested before it is announced that somebody waits
                  SchedulePoint.reach(Kind.ACCESS, queue);
                  WaitQueue.Waiter waiter = queue.enter(ready);
                  waiter.park();
                  queue.leave(waiter);
                }
              });
          stage.thread(
              "waker",
              () -> {
                SchedulePoint.reach(Kind.ACCESS, ready);
                ready[0] = true;
                queue.wakeAll(ready);
              });
        };
    for (int bound : new int[] {1, Explorer.UNBOUNDED}) {
      Counterexample failure =
          failure(Verdict.LOST_WAKEUP, Explorer.exhaustive(bound).explore(program));
      assertEquals("waiter", failure.cycle().getFirst().thread());
      assertEquals("ready", failure.cycle().getFirst().wants());
      assertTrue(failure.words().contains("nobody is left to wake it"), failure.words());
    }
  }

  @Test
  void aWaitThatIsAnnouncedBeforeTheTestIsSound() {
    Program program =
        stage -> {
          boolean[] ready = new boolean[1];
          WaitQueue queue = new WaitQueue();
          stage.thread(
              "waiter",
              () -> {
                WaitQueue.Waiter waiter = queue.enter(ready);
                while (!ready[0]) {
                  waiter.park();
                }
                queue.leave(waiter);
              });
          stage.thread(
              "waker",
              () -> {
                SchedulePoint.reach(Kind.ACCESS, ready);
                ready[0] = true;
                queue.wakeAll(ready);
              });
        };
    for (int bound : new int[] {0, 1, 2, Explorer.UNBOUNDED}) {
      Exploration e = Explorer.exhaustive(bound).explore(program);
      assertEquals(Verdict.OK, e.verdict());
      assertTrue(e.complete());
    }
  }

  @Test
  void twoThreadsThatStepAsideForEachOtherForEverAreALivelock() {
    Program program =
        stage -> {
          Mutex a = inodeLock("a");
          Mutex b = inodeLock("b");
          int[] held = new int[2];
          stage.state(() -> held[0] * 2L + held[1]);
          for (int i = 0; i < 2; i++) {
            Mutex first = i == 0 ? a : b;
            Mutex second = i == 0 ? b : a;
            int me = i;
            stage.thread(
                i == 0 ? "A" : "B",
                () -> {
                  while (true) {
                    first.lock();
                    held[me] = 1;
                    SchedulePoint.reach(Kind.ACCESS, held);
                    if (second.tryLock()) {
                      second.unlock();
                      first.unlock();
                      stage.progress();
                      return;
                    }
                    held[me] = 0;
                    first.unlock();
                  }
                });
          }
        };
    Counterexample failure =
        failure(Verdict.LIVELOCK, Explorer.random(3, 100_000, 40).explore(program));
    assertTrue(failure.words().contains("no progress was made"), failure.words());
  }

  @Test
  void aThreadThatSpinsUntilAnotherOneRunsIsNoLivelock() {
    Program program =
        stage -> {
          Cell flag = new Cell();
          stage.state(() -> flag.value);
          stage.thread(
              "spinner",
              () -> {
                while (flag.read() == 0) {
                  Thread.onSpinWait();
                }
              });
          stage.thread("setter", () -> flag.write(1));
        };
    for (Explorer explorer :
        List.of(
            Explorer.exhaustive(0),
            Explorer.exhaustive(1),
            Explorer.exhaustive(Explorer.UNBOUNDED),
            Explorer.random(1, 50, 2))) {
      Exploration e = explorer.explore(program);
      assertEquals(Verdict.OK, e.verdict(), e::toString);
    }
    Exploration e = Explorer.exhaustive(1).explore(program);
    assertTrue(e.coverage().endsWith("was made to wait: no proof"), e.coverage());
    assertFalse(e.complete());
  }

  @Test
  void aThreadThatSpinsForSomethingThatNeverComesIsALivelock() {
    Program program =
        stage -> {
          Cell flag = new Cell();
          stage.state(() -> flag.value);
          stage.thread(
              "spinner",
              () -> {
                while (flag.read() == 0) {
                  Thread.onSpinWait();
                }
              });
        };
    failure(Verdict.LIVELOCK, Explorer.exhaustive(0).explore(program));
  }

  private static void philosophers(Stage stage, int n, boolean ordered) {
    Mutex[] forks = new Mutex[n];
    for (int i = 0; i < n; i++) {
      forks[i] = inodeLock("fork " + i);
    }
    for (int i = 0; i < n; i++) {
      int left = i;
      int right = (i + 1) % n;
      Mutex first = forks[ordered ? Math.min(left, right) : left];
      Mutex second = forks[ordered ? Math.max(left, right) : right];
      stage.thread(
          "P" + i,
          () -> {
            first.lock();
            second.lock();
            second.unlock();
            first.unlock();
          });
    }
  }

  @Test
  void threePhilosophersStarveUnlessTheForksAreOrdered() {
    for (int bound : new int[] {2, Explorer.UNBOUNDED}) {
      Explorer explorer = Explorer.exhaustive(bound);
      Counterexample failure =
          failure(Verdict.DEADLOCK, explorer.explore(s -> philosophers(s, 3, false)));
      assertEquals(3, failure.cycle().size());
      // P0 has its first fork; P2 takes its own and waits; P1 takes its own and waits.
      assertEquals(1, failure.preemptions());
      Exploration e = explorer.explore(s -> philosophers(s, 3, true));
      assertEquals(Verdict.OK, e.verdict());
      assertTrue(e.complete(), e::toString);
    }
    Exploration e = Explorer.exhaustive(0).explore(s -> philosophers(s, 3, false));
    assertEquals(Verdict.OK, e.verdict(), "without a preemption all can eat");
  }

  @Test
  void independentThreadsNeedOneSchedule() {
    Program program =
        stage -> {
          for (int i = 0; i < 4; i++) {
            Cell mine = new Cell();
            stage.thread("T" + i, () -> mine.write(mine.read() + 1));
          }
        };
    Exploration e = Explorer.exhaustive(Explorer.UNBOUNDED).explore(program);
    assertTrue(e.complete());
    assertEquals(1, e.schedules());
    Exploration all =
        Explorer.exhaustive(Explorer.UNBOUNDED).withoutPruning().explore(program);
    assertEquals(369_600, all.schedules(), "12! / 3!^4");
    assertTrue(all.complete());
    assertEquals("all schedules, by 369600 of them", all.coverage());
  }

  @Test
  void aMutexOrdersThreeThreadsInSixWays() {
    Program program =
        stage -> {
          Mutex m = inodeLock("m");
          int[] count = new int[1];
          for (int i = 0; i < 3; i++) {
            stage.thread(
                "T" + i,
                () -> {
                  m.lock();
                  count[0]++;
                  m.unlock();
                });
          }
          stage.atEnd(() -> assertEquals(3, count[0]));
        };
    Exploration e = Explorer.exhaustive(Explorer.UNBOUNDED).explore(program);
    assertTrue(e.complete());
    assertEquals(6, e.schedules());
  }

  @Test
  void aWriterThatWaitsKeepsReadersOutAndSoClosesACircle() {
    Program program =
        stage -> {
          RwSem sem = new RwSem(LockClass.INVALIDATE, "sem");
          Mutex inner = inodeLock("inner");
          stage.thread(
              "reader",
              () -> {
                sem.lockShared();
                SchedulePoint.reach(Kind.ACCESS, null);
                // Another thread stands in for one that this reader waits for.
                sem.unlockShared();
              });
          stage.thread(
              "writer",
              () -> {
                sem.lock();
                sem.unlock();
              });
          stage.thread(
              "holder",
              () -> {
                inner.lock();
                inner.unlock();
              });
        };
    Exploration e = Explorer.exhaustive(Explorer.UNBOUNDED).explore(program);
    assertEquals(Verdict.OK, e.verdict(), e::toString);

    Counterexample failure =
        failure(
            Verdict.DEADLOCK,
            Explorer.exhaustive(2)
                .explore(
                    stage -> {
                      // Of one class that nests, so that lockdep does not speak up first.
                      RwSem sem = new RwSem(LockClass.FOLIO, "sem");
                      RwSem other = new RwSem(LockClass.FOLIO, "other");
                      stage.thread(
                          "A",
                          () -> {
                            sem.lockShared();
                            other.lockShared();
                            other.unlockShared();
                            sem.unlockShared();
                          });
                      stage.thread(
                          "B",
                          () -> {
                            other.lockShared();
                            sem.lockShared();
                            sem.unlockShared();
                            other.unlockShared();
                          });
                      stage.thread(
                          "C",
                          () -> {
                            sem.lock();
                            sem.unlock();
                          });
                      stage.thread(
                          "D",
                          () -> {
                            other.lock();
                            other.unlock();
                          });
                    }));
    assertEquals(4, failure.cycle().size(), failure.words());
  }

  @Test
  void randomPrioritiesFindABugThatNeedsThreeOrderings() {
    // The writer must stop in the middle, the reader then, and the checker in the reader's middle.
    Program program =
        stage -> {
          Cell a = new Cell();
          Cell b = new Cell();
          Cell c = new Cell();
          stage.thread(
              "writer",
              () -> {
                for (int i = 0; i < 5; i++) {
                  c.read();
                }
                a.write(1);
                b.write(1);
              });
          stage.thread(
              "reader",
              () -> {
                if (a.read() == 1 && b.read() == 0) {
                  c.write(1);
                  c.write(0);
                }
              });
          stage.thread(
              "checker",
              () -> {
                if (c.read() == 1) {
                  throw new Failure(Verdict.STALE, "seen");
                }
              });
        };
    Exploration shallow = Explorer.random(11, 3000, 1).explore(program);
    assertEquals(Verdict.OK, shallow.verdict());
    assertFalse(shallow.complete());
    assertTrue(shallow.coverage().endsWith("seed 11: no proof"), shallow.coverage());
    Exploration deep = Explorer.random(11, 3000, 3).explore(program);
    Counterexample failure = failure(Verdict.STALE, deep);
    assertTrue(deep.schedules() < 3000);
    assertTrue(deep.coverage().endsWith("seed 11"), deep.coverage());
    assertEquals(2, failure.preemptions());
    assertEquals(deep.schedules(), Explorer.random(11, 3000, 3).explore(program).schedules());
  }

  @Test
  void aScheduleIsReplayedStepByStep() {
    Counterexample failure =
        failure(Verdict.DEADLOCK, Explorer.exhaustive(1).explore(ExplorerTest::abba));
    Exploration again = Explorer.replay(failure.schedule()).explore(ExplorerTest::abba);
    Counterexample replayed = failure(Verdict.DEADLOCK, again);
    assertEquals(1, again.schedules());
    assertEquals(failure.steps(), replayed.steps());
    assertEquals(failure.words(), replayed.words());
    assertEquals(failure.schedule(), replayed.schedule());
  }

  private static ScheduleException misfit(String schedule, Program program) {
    return assertThrows(
        ScheduleException.class, () -> Explorer.replay(schedule).explore(program), schedule);
  }

  @Test
  void aScheduleThatIsMalformedSaysWhere() {
    for (String bad : List.of("a2!b", "=1a", "a0", "a99999999", "a2#zz", "a=b", "a#12345")) {
      ScheduleException e = assertThrows(ScheduleException.class, () -> Explorer.replay(bad), bad);
      assertTrue(e.getMessage().startsWith("malformed schedule, at step "), e.getMessage());
    }
    ScheduleException e =
        assertThrows(ScheduleException.class, () -> Explorer.replay("a2b3!"));
    assertEquals(6, e.step());
    assertEquals(
        "malformed schedule, at step 6, character 4: `!` is neither a thread nor a choice",
        e.getMessage());
  }

  @Test
  void aScheduleThatNoLongerAppliesSaysAtWhichStep() {
    assertEquals(
        "stale schedule, it no longer applies at step 6: it is the turn of b, but B waits for"
            + " INODE(a)",
        misfit("a3b3", ExplorerTest::abba).getMessage());
    assertEquals(3, misfit("a2c", ExplorerTest::abba).step());
    assertEquals(6, misfit("a6", ExplorerTest::abba).step());
    ScheduleException short_ = misfit("a2", ExplorerTest::abba);
    assertEquals(3, short_.step());
    assertTrue(short_.getMessage().contains("the schedule ends here"), short_.getMessage());
    ScheduleException choice = misfit("a2=1b", ExplorerTest::abba);
    assertEquals(2, choice.step());
    assertTrue(choice.getMessage().contains("the schedule makes a choice"), choice.getMessage());
    ScheduleException others = misfit("a5b5#0000", ExplorerTest::abba);
    assertTrue(others.getMessage().contains("the steps are others"), others.getMessage());
  }

  @Test
  void anExplorationThatStopsAtABoundIsNoProofAndSaysHowMuchItSaw() {
    Exploration e =
        Explorer.exhaustive(Explorer.UNBOUNDED)
            .withoutPruning()
            .withSchedules(100)
            .explore(s -> philosophers(s, 3, true));
    assertEquals(Verdict.OK, e.verdict());
    assertFalse(e.complete());
    assertEquals(100, e.schedules());
    assertEquals(
        "stopped after 100 schedules, about less than 1% of all schedules: no proof",
        e.coverage());
    Exploration cut = Explorer.exhaustive(0).withSteps(5).explore(s -> philosophers(s, 3, true));
    assertFalse(cut.complete());
    assertTrue(cut.coverage().contains("were cut after 5 steps: no proof"), cut.coverage());
  }

  @Test
  void aLockThatIsNeverGivenBackIsALeak() {
    Program program =
        stage -> {
          Mutex m = inodeLock("m");
          stage.thread(
              "A",
              () -> {
                m.lock();
                if (stage.choose("device fails", 2) == 0) {
                  m.unlock();
                }
              });
        };
    Counterexample failure = failure(Verdict.LEAK, Explorer.exhaustive(0).explore(program));
    assertEquals("INODE(m) was never given back by A", failure.words());
    assertTrue(failure.schedule().contains("=1"), failure.schedule());
    assertEquals(List.of("device fails: 1 of 0 to 1"), failure.steps().getLast().notes());
  }

  @Test
  void whoWaitsForALockThatItsHolderTookAlongIsDeadlocked() {
    Counterexample failure =
        failure(
            Verdict.DEADLOCK,
            Explorer.exhaustive(0)
                .explore(
                    stage -> {
                      Mutex m = inodeLock("m");
                      stage.thread("A", m::lock);
                      stage.thread("B", m::lock);
                    }));
    assertTrue(failure.words().endsWith("the holder has ended"), failure.words());
  }

  @Test
  void aFailureIsShortened() {
    Program program =
        stage -> {
          Cell cell = new Cell();
          Cell other = new Cell();
          for (int i = 0; i < 3; i++) {
            stage.thread(
                "T" + i,
                () -> {
                  for (int k = 0; k < 5; k++) {
                    other.write(other.read() + stage.choose("noise", 3));
                  }
                  cell.write(cell.read() + 1);
                });
          }
          stage.atEnd(
              () -> {
                if (cell.value != 3) {
                  throw new Failure(Verdict.LOST_WRITE, String.valueOf(cell.value));
                }
              });
        };
    Explorer random = Explorer.random(5, 10_000, 12);
    Counterexample raw =
        failure(Verdict.LOST_WRITE, random.withoutShortening().explore(program));
    Counterexample failure = failure(Verdict.LOST_WRITE, random.explore(program));
    assertTrue(raw.preemptions() > 1, raw::toString);
    assertEquals(1, failure.preemptions());
    assertFalse(failure.schedule().matches(".*=[1-9].*"), failure.schedule());
  }

  @Test
  void timeIsVirtualAndMovesOnlyWhenNothingElseCan() {
    Program program =
        stage -> {
          WaitQueue queue = new WaitQueue();
          Cell order = new Cell();
          for (int i = 1; i <= 3; i++) {
            long delay = (4 - i) * 3_600_000_000_000L; // hours
            stage.thread(
                "T" + i,
                () -> {
                  WaitQueue.Waiter waiter = queue.enter(new Object());
                  waiter.park(delay);
                  queue.leave(waiter);
                  assertEquals(delay, stage.nanos());
                  order.write(order.read() * 10 + (int) (delay / 3_600_000_000_000L));
                });
          }
          stage.atEnd(() -> assertEquals(123, order.value));
        };
    for (int bound : new int[] {0, 2, Explorer.UNBOUNDED}) {
      Exploration e = Explorer.exhaustive(bound).explore(program);
      assertEquals(Verdict.OK, e.verdict(), e::toString);
      assertTrue(e.complete());
    }
  }

  @Test
  void aWaitWithoutEndDoesNotRunOutOfTimeWhateverTimeItIs() {
    Exploration found =
        Explorer.exhaustive(1)
            .explore(
                stage -> {
                  WaitQueue queue = new WaitQueue();
                  boolean[] done = new boolean[1];
                  stage.thread(
                      "A",
                      () -> {
                        WaitQueue.Waiter waiter = queue.enter(done);
                        stage.clock().await(waiter, 1000);
                        queue.leave(waiter);
                        done[0] = true;
                        queue.wakeAll(queue);
                      });
                  stage.thread(
                      "B",
                      () -> {
                        WaitQueue.Waiter waiter = queue.enter(queue);
                        stage.clock().await(waiter, 500);
                        if (!done[0]) {
                          stage.clock().await(waiter, Long.MAX_VALUE);
                        }
                        queue.leave(waiter);
                        assertTrue(done[0], "nobody has woken B");
                      });
                });
    assertEquals(Verdict.OK, found.verdict(), found::toString);
  }

  @Test
  void aTimeoutMayComeAtAnyTimeIfAskedFor() {
    Program program =
        stage -> {
          WaitQueue queue = new WaitQueue();
          boolean[] ready = new boolean[1];
          stage.thread(
              "waiter",
              () -> {
                WaitQueue.Waiter waiter = queue.enter(ready);
                if (!ready[0]) {
                  waiter.park(1000);
                }
                queue.leave(waiter);
                SchedulePoint.touch(ready, false);
                if (!ready[0]) {
                  throw new Failure(Verdict.ERROR, "too early");
                }
              });
          stage.thread(
              "waker",
              () -> {
                SchedulePoint.reach(Kind.ACCESS, ready);
                ready[0] = true;
                queue.wakeAll(ready);
              });
        };
    Explorer explorer = Explorer.exhaustive(Explorer.UNBOUNDED);
    assertEquals(Verdict.OK, explorer.explore(program).verdict());
    failure(Verdict.ERROR, explorer.withTimeoutsAnytime().explore(program));
    failure(Verdict.ERROR, Explorer.exhaustive(0).withTimeoutsAnytime().explore(program));
  }

  @Test
  void aProgramThatIsNotDeterministicIsReported() {
    int[] calls = new int[1];
    Counterexample failure =
        failure(
            Verdict.ERROR,
            Explorer.exhaustive(2)
                .explore(
                    stage -> {
                      Cell cell = new Cell();
                      int odd = calls[0]++ / 2 % 2;
                      for (int i = 0; i < 2; i++) {
                        stage.thread(
                            "T" + i,
                            () -> {
                              cell.read();
                              if (odd == 1) {
                                cell.write(1);
                              }
                              cell.read();
                            });
                      }
                    }));
    assertTrue(failure.words().contains("not deterministic"), failure.words());
    int[] runs = new int[1];
    Counterexample fickle =
        failure(
            Verdict.ERROR,
            Explorer.exhaustive(0)
                .explore(
                    stage ->
                        stage.thread(
                            "T",
                            () -> {
                              if (runs[0]++ == 0) {
                                throw new Failure(Verdict.ZEROS, "once");
                              }
                            })));
    assertTrue(fickle.words().contains("not deterministic"), fickle.words());
  }

  @Test
  void anInvariantIsCheckedAfterEveryStepWithEveryStrategy() {
    Program program =
        stage -> {
          Cell a = new Cell();
          Cell b = new Cell();
          stage.thread("A", () -> a.write(1));
          stage.thread(
              "B",
              () -> {
                b.write(1);
                b.write(2);
              });
          stage.invariant(
              () -> {
                if (a.value == 1 && b.value == 1) {
                  throw new Failure(Verdict.ZEROS, "both are 1");
                }
              });
        };
    failure(Verdict.ZEROS, Explorer.exhaustive(Explorer.UNBOUNDED).explore(program));
    failure(Verdict.ZEROS, Explorer.exhaustive(1).explore(program));
  }

  @Test
  void threadLocalsAndTheCurrentThreadBelongToTheLogicalThread() {
    ThreadLocal<String> local = new ThreadLocal<>();
    Program program =
        stage -> {
          Cell cell = new Cell();
          for (int i = 0; i < 2; i++) {
            String name = "T" + i;
            stage.thread(
                name,
                () -> {
                  local.set(name);
                  Thread me = Thread.currentThread();
                  cell.write(cell.read() + 1);
                  assertEquals(name, local.get());
                  assertTrue(me == Thread.currentThread());
                });
          }
        };
    assertTrue(Explorer.exhaustive(Explorer.UNBOUNDED).explore(program).complete());
  }

  @Test
  void anExceptionOfAThreadIsAnErrorAndComesWithItsCause() {
    RuntimeException thrown = new IllegalStateException("no");
    Exploration e =
        Explorer.exhaustive(0)
            .explore(
                stage ->
                    stage.thread(
                        "T",
                        () -> {
                          throw thrown;
                        }));
    Counterexample failure = failure(Verdict.ERROR, e);
    assertTrue(failure.thrown() == thrown);
    assertEquals("T: java.lang.IllegalStateException: no", failure.words());
    assertFalse(e.complete());
  }

  @Test
  void aCheckThatWouldHaveToWaitIsAnError() {
    Counterexample failure =
        failure(
            Verdict.ERROR,
            Explorer.exhaustive(0)
                .explore(
                    stage -> {
                      stage.thread("T", () -> {});
                      stage.atEnd(() -> new WaitQueue().enter("key").park());
                    }));
    assertTrue(failure.words().contains("would wait for key"), failure.words());
  }

  @Test
  void locksAreFreeAndQueuesEmptyAfterAScheduleThatWasCut() {
    WaitQueue queue = new WaitQueue(); // as static ones of the code under test
    Exploration e =
        Explorer.exhaustive(Explorer.UNBOUNDED)
            .explore(
                stage -> {
                  assertTrue(queue.isEmpty());
                  Cell cell = new Cell();
                  for (int i = 0; i < 3; i++) {
                    stage.thread(
                        "T" + i,
                        () -> {
                          WaitQueue.Waiter waiter = queue.enter(cell);
                          try {
                            cell.write(cell.read() + 1);
                          } finally {
                            queue.leave(waiter);
                          }
                        });
                  }
                });
    assertTrue(e.complete());
    assertNull(e.failure());
  }

  @Test
  void aThreadThatTheProgramStartsIsALogicalThread() {
    Program program =
        stage -> {
          Cell cell = new Cell();
          stage.thread(
              "parent",
              () -> {
                assertTrue(
                    SchedulePoint.spawn("child", false, () -> cell.write(cell.read() + 1)));
                assertTrue(
                    SchedulePoint.spawn("child", false, () -> cell.write(cell.read() + 1)));
              });
          stage.atEnd(
              () -> {
                if (cell.value != 2) {
                  throw new Failure(Verdict.LOST_WRITE, String.valueOf(cell.value));
                }
              });
        };
    Counterexample failure =
        failure(Verdict.LOST_WRITE, Explorer.exhaustive(1).explore(program));
    assertTrue(failure.steps().stream().anyMatch(s -> s.thread().equals("child 2")));
    assertEquals(
        Verdict.LOST_WRITE, Explorer.replay(failure.schedule()).explore(program).verdict());
  }

  @Test
  void aDaemonServesAndNeedNotEnd() {
    Program program =
        stage -> {
          WaitQueue queue = new WaitQueue();
          boolean[] asked = new boolean[1];
          boolean[] served = new boolean[1];
          SchedulePoint.spawn(
              "server",
              true,
              () -> {
                WaitQueue.Waiter waiter = queue.enter(asked);
                try {
                  while (true) {
                    if (asked[0] && !served[0]) {
                      served[0] = true;
                      SchedulePoint.touch(served, true);
                      queue.wakeAll(served);
                    }
                    waiter.park(5_000_000_000L); // looks again from time to time
                  }
                } finally {
                  queue.leave(waiter);
                }
              });
          stage.thread(
              "client",
              () -> {
                SchedulePoint.reach(Kind.ACCESS, asked);
                asked[0] = true;
                queue.wakeAll(asked);
                WaitQueue.Waiter waiter = queue.enter(served);
                while (!served[0]) {
                  waiter.park();
                }
                queue.leave(waiter);
              });
          stage.atEnd(() -> assertTrue(served[0]));
        };
    for (int bound : new int[] {0, 1, 2, Explorer.UNBOUNDED}) {
      Exploration e = Explorer.exhaustive(bound).explore(program);
      assertEquals(Verdict.OK, e.verdict(), e::toString);
      assertTrue(e.complete());
    }
  }

  @Test
  void whoWaitsForNothingIsStuckThoughADaemonTicks() {
    Counterexample failure =
        failure(
            Verdict.LOST_WAKEUP,
            Explorer.exhaustive(0)
                .explore(
                    stage -> {
                      WaitQueue queue = new WaitQueue();
                      SchedulePoint.spawn(
                          "ticker",
                          true,
                          () -> {
                            WaitQueue.Waiter waiter = queue.enter("tick");
                            while (true) {
                              waiter.park(1_000_000);
                            }
                          });
                      stage.thread("waiter", () -> queue.enter("never").park());
                    }));
    assertEquals(List.of("waiter"), failure.cycle().stream().map(Wait::thread).toList());
  }

  @Test
  void aThreadThatWaitsByOtherMeansIsAnError() {
    Counterexample failure =
        failure(
            Verdict.ERROR,
            Explorer.exhaustive(0)
                .explore(
                    stage ->
                        stage.thread(
                            "T", () -> new java.util.concurrent.CountDownLatch(1).await())));
    assertTrue(
        failure.words().startsWith("T waits by other means than org.pagewright.sync"),
        failure.words());
  }

  @Test
  void whatAProgramOpensIsClosedHoweverTheScheduleEnds() {
    int[] open = new int[1];
    Explorer.exhaustive(Explorer.UNBOUNDED)
        .explore(
            stage -> {
              open[0]++;
              stage.close(() -> open[0]--);
              abba(stage);
            });
    assertEquals(0, open[0]);
  }

  @Test
  void whoSpinsGoesOnWhenWhatItSpinsOnHasChanged() {
    Program program =
        stage -> {
          Cell flag = new Cell();
          Cell late = new Cell();
          stage.thread(
              "spinner",
              () -> {
                while (flag.read() == 0) {
                  SchedulePoint.spin(flag);
                }
                if (late.read() == 0) {
                  stage.note("early");
                  throw new Failure(Verdict.STALE, "went on before the setter had ended");
                }
              });
          stage.thread(
              "setter",
              () -> {
                flag.write(1);
                late.write(1);
              });
        };
    for (int bound : new int[] {1, Explorer.UNBOUNDED}) {
      Counterexample failure = failure(Verdict.STALE, Explorer.exhaustive(bound).explore(program));
      assertEquals(List.of("early"), failure.steps().getLast().notes());
    }
    Counterexample alone =
        failure(
            Verdict.LOST_WAKEUP,
            Explorer.exhaustive(0)
                .explore(stage -> stage.thread("T", () -> SchedulePoint.spin("never"))));
    assertEquals("String never", alone.cycle().getFirst().wants());
  }

  @Test
  void aLastThreadStartsWhenTheOthersHaveEndedAndMayWait() {
    Program program =
        stage -> {
          Cell cell = new Cell();
          stage.lastThread(
              "checker",
              () -> {
                WaitQueue queue = new WaitQueue();
                boolean[] done = new boolean[1];
                SchedulePoint.spawn(
                    "helper",
                    false,
                    () -> {
                      done[0] = true;
                      queue.wakeAll(done);
                    });
                WaitQueue.Waiter waiter = queue.enter(done);
                while (!done[0]) {
                  waiter.park();
                }
                queue.leave(waiter);
                if (cell.value != 2) {
                  throw new Failure(Verdict.LOST_WRITE, String.valueOf(cell.value));
                }
              });
          for (int i = 0; i < 2; i++) {
            stage.thread("T" + i, () -> cell.write(cell.read() + 1));
          }
        };
    for (int bound : new int[] {1, Explorer.UNBOUNDED}) {
      Counterexample failure =
          failure(Verdict.LOST_WRITE, Explorer.exhaustive(bound).explore(program));
      assertEquals("checker: 1", failure.words());
      assertEquals(1, failure.preemptions());
    }
    assertEquals(Verdict.OK, Explorer.exhaustive(0).explore(program).verdict());
  }
}
