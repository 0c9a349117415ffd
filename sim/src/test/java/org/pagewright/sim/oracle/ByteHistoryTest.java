package org.pagewright.sim.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Verdict;

/// The judge of reads knows what a byte may be, and names what it may not.
final class ByteHistoryTest {
  private final ByteHistory file =
      new ByteHistory("F", bytes("xxxx"), 8, (byte) 'S', (byte) '#');

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[][] choices(String text) {
    byte[][] choices = new byte[text.length()][];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = new byte[] {(byte) text.charAt(i)};
    }
    return choices;
  }

  private void read(String content) {
    file.read().end(0, 8, bytes(content));
  }

  private Verdict verdict(String content) {
    return assertThrows(Failure.class, () -> read(content)).verdict();
  }

  @Test
  void oldBytesAndBytesInFlightMayBeRead() {
    ByteHistory.Write write = file.write(1, choices("yy"));
    read("xxxx");
    read("xyyx");
    read("xyxx");
    write.end(2);
    read("xyyx");
  }

  @Test
  void aReadUnderWayMaySeeWhatWasBeforeIt() {
    ByteHistory.Read read = file.read();
    file.write(0, choices("yyyy")).end(4);
    read.end(0, 4, bytes("xxyy"));
  }

  @Test
  void eachWayToBeWrongHasItsName() {
    assertEquals(Verdict.UNINITIALISED, verdict("x#0x"));
    assertEquals(Verdict.STALE, verdict("xxSx"));
    assertEquals(Verdict.ZEROS, verdict("xx\0x"));
    file.write(0, choices("yy")).end(1);
    assertEquals(Verdict.LOST_WRITE, verdict("xxxx"));
    assertEquals(Verdict.WRONG_COUNT, verdict("yyxx"));
    assertEquals(Verdict.LOST_WRITE, verdict("yxx"));
    assertEquals(Verdict.WRONG_COUNT, verdict("yxxx\0"));
    read("yxxx");
  }

  @Test
  void aGapBeforeAWriteIsZeros() {
    ByteHistory.Write write = file.write(6, choices("yy"));
    read("xxxx");
    write.end(1);
    assertEquals(7, file.size());
    read("xxxx\0\0y");
    assertEquals(Verdict.ZEROS, assertThrows(Failure.class, () -> zerosAtStart()).verdict());
  }

  private void zerosAtStart() {
    file.read().end(0, 1, bytes("\0"));
  }

  @Test
  void truncationTakesBytesAndGivesZeros() {
    file.truncate(2);
    read("xx");
    file.truncate(4);
    read("xx\0\0");
    assertEquals(Verdict.STALE, verdict("xxxx"));
  }
}
