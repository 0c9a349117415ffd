package org.pagewright.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.bench.measure.Unit;

final class SpreadTest {
  @Test
  void ratiosAreTakenWithinARoundAndNotOfMedians() {
    // In one round the machine was ten times as slow for both.
    Spread spread =
        Spread.of(
            List.of(10.0, 100.0, 12.0), List.of(20.0, 200.0, 24.0), Unit.NANOS::advantage);
    assertEquals(new Spread(2, 2, 2), spread);
    assertEquals("2.00", spread.toString());
  }

  @Test
  void theMedianOfAnEvenNumberLiesBetween() {
    assertEquals(new Spread(2.5, 1, 9), Spread.of(new double[] {9, 1, 3, 2}));
    assertEquals("2.50 (1.00..9.00)", Spread.of(new double[] {9, 1, 3, 2}).toString());
  }

  @Test
  void moreIsBetterForRatesAndWorseForTimes() {
    assertEquals(4, Unit.PER_SECOND.advantage(8, 2));
    assertEquals(0.25, Unit.NANOS.advantage(8, 2));
  }
}
