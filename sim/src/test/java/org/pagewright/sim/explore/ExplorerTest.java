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
          "A holds Mutex a and wants Mutex b, which B holds",
          failure.cycle().getFirst().toString(),
          failure.words());
      assertEquals("B", failure.cycle().getLast().thread());
      assertEquals(List.of("Mutex b"), failure.cycle().getLast().holds());
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
}
