package org.pagewright.fs.ext4.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.fs.ext4.testing.E2fs;

/// Goal: whatever an image says, the driver ends with success or with a reason, soon, and with all
/// locks given back; and our check and e2fsck agree on whether it is damaged.
///
/// Method: good images of nine kinds, of which a few fields are changed, with the checksums made
/// right again more often than not: then nothing but the checks of each structure stands in the
/// way. A failure prints a line that says what was changed; the lines of all failures there ever
/// were are in `regressions.txt`, and run each time.
@Timeout(600)
final class FuzzTest {
  private static final boolean SLOW = Boolean.getBoolean("pagewright.slowTests");

  @TempDir Path dir;

  private static void assertNone(List<String> wrong) {
    assertTrue(wrong.isEmpty(), () -> wrong.size() + ":\n" + String.join("\n", wrong));
  }

  @Test
  void everyGoodImageIsCleanToBothAndMayBeUsed() throws IOException {
    E2fs.assumeTools("e2fsck");
    Fuzzer fuzzer = new Fuzzer();
    for (BaseImage.Variant variant : BaseImage.Variant.values()) {
      Case good = new Case(variant, false, List.of());
      Fuzzer.Verdict verdict = fuzzer.verdict(good, dir);
      assertTrue(verdict.isClean() && verdict.theirs(), verdict::toString);
      CowImage used = good.apply(fuzzer.base(variant));
      assertEquals("", fuzzer.use(used), variant.toString());
      Report report = Fsck.check(used, 20);
      assertTrue(report.isClean(), variant + ": " + report);
    }
  }

  @Test
  void aSpoiltImageEndsWithSuccessOrAReason() throws IOException {
    long seed = Long.getLong("pagewright.seed", System.nanoTime() >>> 1);
    int count = SLOW ? 100_000 : 2_000;
    System.out.println("-Dpagewright.seed=" + seed + ", " + count + " images");
    Fuzzer fuzzer = new Fuzzer();
    fuzzer.run(seed, count, 0, dir);
    assertNone(fuzzer.failures);
  }

  @Test
  void whatOnceWentWrongDoesNotAnyMore() throws IOException {
    Fuzzer fuzzer = new Fuzzer();
    List<String> wrong = new ArrayList<>();
    for (String line : lines("regressions.txt")) {
      for (boolean readOnly : new boolean[] {true, false}) {
        Throwable e = fuzzer.exercise(Case.parse(line), readOnly);
        if (e != null) {
          wrong.add(line + "\n    " + Fuzzer.trace(e));
        }
      }
    }
    assertNone(wrong);
  }

  @Test
  void theCheckAndE2fsckAgreeOnSpoiltImages() throws IOException {
    E2fs.assumeTools("e2fsck");
    Fuzzer fuzzer = new Fuzzer();
    for (String line : lines("judged.txt")) {
      fuzzer.judge("once", Case.parse(line), dir);
    }
    long seed = Long.getLong("pagewright.seed", 1);
    int count = SLOW ? 5_000 : 300;
    for (int i = 0; i < count; i++) {
      fuzzer.judge("seed " + (seed + i), fuzzer.invent(seed + i), dir);
    }
    System.out.println("-Dpagewright.seed=" + seed + ": " + fuzzer.counts);
    assertNone(fuzzer.disagreements);
  }

  @Test
  void aCaseIsReadAsItIsWritten() {
    Fuzzer fuzzer = new Fuzzer();
    for (int seed = 0; seed < 200; seed++) {
      String text = fuzzer.invent(seed).toString();
      assertEquals(text, Case.parse(text).toString());
    }
  }

  private static List<String> lines(String name) throws IOException {
    List<String> lines = new ArrayList<>();
    try (InputStream in = FuzzTest.class.getResourceAsStream(name);
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.isBlank() && !line.startsWith("#")) {
          lines.add(line);
        }
      }
    }
    return lines;
  }
}
