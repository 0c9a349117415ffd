package org.pagewright.litmus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The explorer and Lincheck agree: core is sound, and each bug put into it is found by both.
final class SecondOpinionTest {
  /// As core runs in production, but with points where the explorer may switch.
  private static final List<String> OPTIONS =
      List.of(
          "-Xmx1g",
          "-Dpagewright.explore=true",
          "--enable-native-access=ALL-UNNAMED",
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
          "--add-exports=java.base/jdk.internal.util=ALL-UNNAMED",
          "--add-exports=java.base/sun.security.action=ALL-UNNAMED");

  @TempDir Path folder;

  private void assertOpinion(
      int expected, String tester, Litmus litmus, @Nullable Mutant mutant) throws Exception {
    Path classes = null;
    if (mutant != null) {
      classes = folder.resolve("classes");
      Files.createDirectories(classes);
      mutant.write(classes);
    }
    Child child =
        Child.run(
            folder, classes, OPTIONS, Opinion.class.getName(), List.of(tester, litmus.name()));
    assertEquals(expected, child.exit(), tester + " of " + litmus + ": " + child.output());
  }

  @ParameterizedTest
  @EnumSource(Litmus.class)
  void theExplorerFindsNothingWrongWithCore(Litmus litmus) throws Exception {
    assertOpinion(Opinion.SOUND, "explorer", litmus, null);
  }

  /// Regions are for the explorer: their bytes are off the heap, where Lincheck sees nothing.
  @ParameterizedTest
  @EnumSource(
      names = {"STORE_AGAINST_CLEAN", "FAULT_AGAINST_CLEAN"},
      mode = EnumSource.Mode.EXCLUDE)
  void lincheckFindsNothingWrongWithCore(Litmus litmus) throws Exception {
    assertOpinion(Opinion.SOUND, "lincheck", litmus, null);
  }

  @ParameterizedTest
  @CsvSource({
    "MUTEX, MUTEX_HELD_BY_TWO",
    "RWSEM, READERS_PASS_WRITERS",
    "FOLIO_LOCK, FOLIO_LOCK_LEAVES_NO_TRACE",
    "OVERWRITE_AGAINST_CLEAN, CLEAN_WITHOUT_CLOSING",
    "LOOK_AGAINST_CHANGE, LOOK_IN_THE_MIDDLE",
    "REFERENCE_AGAINST_EVICTION, EVICTION_IGNORES_REFERENCES"
  })
  void bothFindABugPutIntoCore(Litmus litmus, Mutant mutant) throws Exception {
    assertOpinion(Opinion.FAILS, "explorer", litmus, mutant);
    assertOpinion(Opinion.FAILS, "lincheck", litmus, mutant);
  }

  @ParameterizedTest
  @CsvSource({
    "STORE_AGAINST_CLEAN, CLEAN_LEAVES_ENTRIES_WRITABLE",
    "FAULT_AGAINST_CLEAN, FAULT_LETS_GO_OF_THE_FOLIO"
  })
  void theExplorerFindsTheWindowOfTheWriteFault(Litmus litmus, Mutant mutant) throws Exception {
    assertOpinion(Opinion.FAILS, "explorer", litmus, mutant);
  }

  /// To Lincheck every park may return for no reason, so it does not miss a wake-up.
  @ParameterizedTest
  @CsvSource({
    "MUTEX, MUTEX_UNLOCK_WAKES_NOBODY",
    "FOLIO_LOCK, FOLIO_UNLOCK_WAKES_NOBODY"
  })
  void theExplorerAloneFindsALostWakeUp(Litmus litmus, Mutant mutant) throws Exception {
    assertOpinion(Opinion.FAILS, "explorer", litmus, mutant);
  }

  // ---- Real threads -----------------------------------------------------------------------------

  private Child stress(String name, @Nullable Mutant mutant) throws Exception {
    Path classes = null;
    if (mutant != null) {
      classes = folder.resolve("classes");
      Files.createDirectories(classes);
      mutant.write(classes);
    }
    List<String> args =
        List.of(
            "-t", name, "-r", "report", "-f", "1", "-iters", "1", "-time", "300", "-c", "2",
            "-sc", "false", "-strideSize", "64", "-strideCount", "16");
    return Child.run(folder, classes, List.of("-Xmx512m"), "org.openjdk.jcstress.Main", args);
  }

  @ParameterizedTest
  @ValueSource(strings = {"CopyAgainstOverwriteStress", "CleanAgainstOverwriteStress"})
  void realThreadsSeeNothingForbidden(String name) throws Exception {
    Child child = stress(name, null);
    assertEquals(0, child.exit(), child.output());
    assertTrue(child.output().contains("Failed tests: No matches."), child.output());
    assertTrue(child.output().contains("Error tests: No matches."), child.output());
    assertFalse(child.output().contains("; 0 passed, 0 failed, 0 soft"), child.output());
  }

  @ParameterizedTest
  @CsvSource({
    "CopyAgainstOverwriteStress, COPY_IN_THE_MIDDLE",
    "CleanAgainstOverwriteStress, CLEAN_WITHOUT_CLOSING"
  })
  void realThreadsShowABugPutIntoCore(String name, Mutant mutant) throws Exception {
    Child child = stress(name, mutant);
    assertTrue(child.output().contains("Forbidden  "), child.output());
  }
}
