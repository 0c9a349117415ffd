package org.pagewright.fs.ext4.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.fs.ext4.map.Mapping.State;

final class ExtentStatusTest {
  private final ExtentStatus status = new ExtentStatus();
  private final Mapping out = new Mapping();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void itKnowsWhatAPlainArrayKnows(long seed) {
    System.out.println("seed " + seed);
    int size = 3000;
    State[] states = new State[size];
    long[] places = new long[size];
    Random random = new Random(seed);
    for (int round = 0; round < 6000; round++) {
      int start = random.nextInt(size);
      int end = Math.min(size, start + 1 + random.nextInt(random.nextInt(5) == 0 ? 200 : 6));
      int what = random.nextInt(6);
      if (what < 4) {
        State state = State.of(what);
        // Often the same distance, so that runs join.
        long shift = 10_000L * (1 + random.nextInt(2));
        status.put(start, end, state, start + shift);
        for (int i = start; i < end; i++) {
          states[i] = state;
          places[i] = state == State.MAPPED || state == State.UNWRITTEN ? i + shift : -1;
        }
      } else if (what == 4) {
        status.remove(start, end);
        Arrays.fill(states, start, end, null);
      } else {
        status.forget(start, end);
        for (int i = start; i < end; i++) {
          states[i] = states[i] == State.DELALLOC ? State.DELALLOC : null;
        }
      }
      if (round % 50 == 0) {
        compare(states, places);
      }
    }
    compare(states, places);
  }

  private void compare(State[] states, long[] places) {
    assertTrue(status.checkInvariants());
    for (int i = 0; i < states.length; i++) {
      assertEquals(states[i] != null, status.find(i, Long.MAX_VALUE, out), "block " + i);
      if (states[i] != null) {
        assertEquals(states[i], out.state());
        assertEquals(places[i], out.blockNr());
        assertEquals(i, out.logical());
        for (long k = i; k < i + out.count(); k++) {
          assertEquals(states[i], states[(int) k]);
        }
      } else {
        int from = i;
        while (from > 0 && states[from - 1] == null) {
          from--;
        }
        assertEquals(from, status.unknownStart(i, 0));
        int to = i;
        while (to < states.length && states[to] == null) {
          to++;
        }
        assertEquals(to, status.knownFrom(i, states.length));
      }
    }
  }

  @Test
  void delayedRunsSurviveWhenThereAreTooMany() {
    for (long i = 0; i < 40_000; i++) {
      boolean delayed = i % 8 == 0;
      status.put(2 * i, 2 * i + 1, delayed ? State.DELALLOC : State.MAPPED, 7 * i);
    }
    assertTrue(status.runs() < 10_000, () -> status.runs() + " runs");
    assertEquals(5000, status.delayedBlocks());
    for (long i = 0; i < 40_000; i += 8) {
      assertTrue(status.find(2 * i, 1, out));
      assertEquals(State.DELALLOC, out.state());
    }
    long seen = 0;
    for (long at = 0; status.findDelayed(at, Long.MAX_VALUE, out); seen++) {
      at = out.logical() + out.count();
    }
    assertEquals(5000, seen);
    assertFalse(status.findDelayed(79_985, Long.MAX_VALUE, out));
    assertTrue(status.checkInvariants());
  }
}
