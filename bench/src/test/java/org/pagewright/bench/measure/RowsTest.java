package org.pagewright.bench.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RowsTest {
  @Test
  void targetsNamePeersThatAreMeasuredWithThem() {
    for (Row row : Rows.all()) {
      List<String> peers = row.contest().peers(row.inQuick() ? Effort.QUICK : Effort.FULL);
      for (Target target : row.targets()) {
        assertTrue(
            peers.containsAll(target.peers()), row.id() + " has not all of " + target.peers());
      }
      assertTrue(
          row.limit().isEmpty() || peers.contains(row.limit()), row.id() + ": " + row.limit());
      assertEquals(peers.size(), List.copyOf(new java.util.TreeSet<>(peers)).size(), row.id());
    }
  }

  @Test
  void rowsAreChosenByNamesWithStars() throws IOException {
    List<String> chosen =
        Runner.choose("read-4k,mapped-*", Rows.all()).stream().map(Row::id).toList();
    assertTrue(chosen.contains("read-4k") && chosen.contains("mapped-get"), chosen.toString());
    assertTrue(chosen.stream().noneMatch(id -> id.startsWith("write")), chosen.toString());
  }

  @Test
  void aTargetKnowsWhichSideIsGood() {
    Target time = new Target(Target.Kind.TIME_AT_MOST, "copy", 1.15);
    assertTrue(time.isMetBy(time.value(Unit.NANOS, 114, 100)));
    assertTrue(!time.isMetBy(time.value(Unit.NANOS, 116, 100)));
    Target rate = new Target(Target.Kind.SPEED_AT_LEAST, "dd", 0.9);
    assertTrue(rate.isMetBy(rate.value(Unit.MIB_PER_SECOND, 91, 100)));
    assertTrue(!rate.isMetBy(rate.value(Unit.MIB_PER_SECOND, 89, 100)));
    Target added = new Target(Target.Kind.ADDED_AT_MOST, "OpenFile", 30);
    assertTrue(added.isMetBy(added.value(Unit.NANOS, 129, 100)));
    assertTrue(!added.isMetBy(added.value(Unit.NANOS, 131, 100)));
  }
}
