package org.pagewright.sim.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pagewright.errno.FsException;
import org.pagewright.sim.crash.ToyStore.Flaw;
import org.pagewright.sim.crash.ToyStore.Put;
import org.pagewright.sim.crash.ToyStore.Sight;
import org.pagewright.sim.crash.ToyStore.Style;

/// Goal: the explorer finds nothing in protocols that are right, and something in each that is
/// wrong; what it finds is small and can be replayed.
///
/// Method: a log of one transaction in three right forms, and each known way to get it wrong.
final class CrashExplorerTest {
  private static final long SEED = 7;
  private static final List<Put> PUTS =
      List.of(new Put(0, 1, 11), new Put(2, 3, 12), new Put(1, 2, 13), new Put(0, 3, 14));

  private static CrashExplorer<Put, Sight> explorer(ToyStore store) {
    return new CrashExplorer<>(store, CrashLimits.DEFAULTS.withStates(5000));
  }

  @ParameterizedTest
  @EnumSource
  void aRightProtocolSurvivesEveryCut(Style style) throws FsException {
    CrashExplorer<Put, Sight> explorer = explorer(new ToyStore(style));
    explorer.explore(PUTS, SEED);
    System.out.println(style + ", seed " + SEED + ": " + explorer.report());
    assertTrue(explorer.report().states() > 50, explorer.report().toString());
    assertTrue(explorer.report().recoveryStates() > 25, explorer.report().toString());
  }

  @ParameterizedTest
  @EnumSource
  void aWrongProtocolIsFoundMadeSmallAndReplayed(Flaw flaw) throws FsException {
    ToyStore store = new ToyStore(Style.FLUSHES, flaw);
    AssertionError error =
        assertThrows(AssertionError.class, () -> explorer(store).explore(PUTS, SEED));
    String message = error.getMessage();
    String line = message.substring(message.lastIndexOf("replay: ") + 8).strip();
    System.out.println(flaw + ": " + line);
    int puts = store.parse(line.split(";")[1]).size();
    assertTrue(puts <= 2, message);
    AssertionError again =
        assertThrows(AssertionError.class, () -> explorer(store).replay(line));
    assertEquals(message, again.getMessage());
    // The same state is none of the right protocol's, or one that it recovers from.
    explorer(new ToyStore(Style.FLUSHES)).replay(line);
  }

  @Test
  void aChecksumMakesUpForTheFlushBeforeTheCommit() throws FsException {
    explorer(new ToyStore(Style.CHECKSUM, Flaw.NO_FLUSH_BEFORE_COMMIT)).explore(PUTS, SEED);
    explorer(new ToyStore(Style.CHECKSUM, Flaw.ONE_WRITE_WITHOUT_CHECKSUM)).explore(PUTS, SEED);
  }

  @Test
  void aDeviceThatLiesAboutItsFlushesIsFoundOut() {
    ToyStore store = new ToyStore(Style.FLUSHES, true);
    AssertionError error =
        assertThrows(AssertionError.class, () -> explorer(store).explore(PUTS, SEED));
    assertTrue(error.getMessage().contains("power cut"), error.getMessage());
  }

  @Test
  void aCutIsReadAsItWasWritten() {
    for (String text :
        List.of("0", "37", "37/lost=5,8", "4/lost=1/torn=3:1f,7:3/then=12/lost=2")) {
      assertEquals(text, Cut.parse(text).toString());
    }
    assertThrows(IllegalArgumentException.class, () -> Cut.parse("37/found=5"));
  }
}
