package org.pagewright.reclaim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Shadows and refault distances (R-I7).
final class WorkingsetTest {

  @Test
  void theDistanceIsWhatWasEvictedSince() {
    Workingset shadows = new Workingset(1000);
    shadows.evicted(1, 5, false);
    for (int i = 0; i < 10; i++) {
      shadows.evicted(2, i, false);
    }
    assertEquals(10, shadows.refault(1, 5));
    assertEquals(0, shadows.refault(2, 9));
  }

  @Test
  void aShadowTellsWhichQueueItsFolioLeft() {
    Workingset shadows = new Workingset(1000);
    shadows.evicted(1, 5, true);
    shadows.evicted(1, 6, false);
    shadows.evicted(1, 7, true);
    long five = shadows.refault(1, 5);
    assertTrue(Workingset.wasMain(five));
    assertEquals(2, Workingset.distance(five));
    long six = shadows.refault(1, 6);
    assertFalse(Workingset.wasMain(six));
    assertEquals(1, Workingset.distance(six));
    assertTrue(Workingset.wasMain(shadows.refault(1, 7)));
    assertEquals(Workingset.NONE, shadows.refault(1, 7), "all are taken");
  }

  @Test
  void aShadowIsTakenOnce() {
    Workingset shadows = new Workingset(1000);
    shadows.evicted(1, 5, false);
    assertEquals(0, shadows.refault(1, 5));
    assertEquals(Workingset.NONE, shadows.refault(1, 5));
  }

  @Test
  void whatNeverLeftHasNoShadow() {
    Workingset shadows = new Workingset(1000);
    for (int i = 0; i < 1000; i++) {
      shadows.evicted(1, i, false);
    }
    int found = 0;
    for (int i = 0; i < 100_000; i++) {
      found += shadows.refault(2, i) >= 0 ? 1 : 0;
    }
    assertTrue(found <= 1, found + " mistaken for another");
  }

  @Test
  void theTableIsBoundedAndForgetsTheOldestFirst() {
    Workingset shadows = new Workingset(1000);
    for (int i = 0; i < 1_000_000; i++) {
      shadows.evicted(1, i, false);
    }
    int recent = 0;
    int old = 0;
    for (int i = 0; i < 1000; i++) {
      recent += shadows.refault(1, 999_999 - i) >= 0 ? 1 : 0;
      old += shadows.refault(1, i) >= 0 ? 1 : 0;
    }
    assertEquals(0, old);
    assertTrue(recent > 900, "of the last thousand " + recent);
  }
}
