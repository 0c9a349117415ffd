package org.pagewright.fs.ext4.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.errno.CorruptedException;
import org.pagewright.errno.FsException;
import org.pagewright.fs.ext4.check.Finding;
import org.pagewright.fs.ext4.check.FindingCode;
import org.pagewright.fs.ext4.check.Fsck;
import org.pagewright.fs.ext4.check.Report;
import org.pagewright.fs.ext4.testing.E2fs;
import org.pagewright.vfs.CacheMemory;

/// Runs spoilt images: one after the other through the driver, some of them also through our check
/// and e2fsck.
///
/// As a program, for the long run:
///
/// ```
/// java -ea -Xmx256m ... org.pagewright.fs.ext4.fuzz.Fuzzer SEED COUNT [JUDGED_EVERY]
/// ```
final class Fuzzer {
  private static final long STUCK_MILLIS = 20_000;
  private static final long CACHE_BYTES = 2 << 20;

  private final Map<BaseImage.Variant, BaseImage> bases = new EnumMap<>(BaseImage.Variant.class);
  final Map<String, Integer> counts = new TreeMap<>();
  final List<String> failures = new ArrayList<>();
  final List<String> disagreements = new ArrayList<>();

  BaseImage base(BaseImage.Variant variant) {
    return bases.computeIfAbsent(variant, BaseImage::make);
  }

  /// The case of a seed.
  Case invent(long seed) {
    SplittableRandom random = new SplittableRandom(seed * 0x9e37_79b9_7f4a_7c15L + 1);
    BaseImage.Variant[] variants = BaseImage.Variant.values();
    return new Mutator(random, base(variants[random.nextInt(variants.length)])).invent();
  }

  private void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  /// Runs one case through the driver, opened for reading or for both.
  ///
  /// @return what must not happen, or null
  @Nullable Throwable exercise(Case spoilt) {
    return exercise(spoilt, spoilt.toString().hashCode() % 4 == 0);
  }

  @Nullable Throwable exercise(Case spoilt, boolean readOnly) {
    CowImage image = spoilt.apply(base(spoilt.variant()));
    Exercise.Outcome[] result = new Exercise.Outcome[1];
    Throwable stuck =
        inTime(
            () -> {
              try (CacheMemory memory = CacheMemory.ofBytes(CACHE_BYTES)) {
                result[0] = Exercise.run(image, memory, readOnly);
              }
            });
    Exercise.Outcome outcome = result[0];
    if (stuck != null || outcome == null) {
      return stuck;
    }
    count(outcome.opened() ? "opened" : "refused");
    boolean corrupted = false;
    for (FsException e : outcome.errors()) {
      corrupted |= e instanceof CorruptedException;
    }
    count(corrupted ? "told of damage" : outcome.errors().isEmpty() ? "told nothing" : "told else");
    return outcome.wrong();
  }

  /// Does something in a thread of its own, so that one that hangs, or that leaves a lock held,
  /// does not spoil what follows.
  private static @Nullable Throwable inTime(Runnable work) {
    Throwable[] thrown = new Throwable[1];
    Thread thread = new Thread(work, "fuzz");
    thread.setDaemon(true);
    thread.setUncaughtExceptionHandler((t, e) -> thrown[0] = e);
    thread.start();
    try {
      thread.join(STUCK_MILLIS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    if (!thread.isAlive()) {
      return thrown[0];
    }
    AssertionError stuck = new AssertionError("does not end");
    stuck.setStackTrace(thread.getStackTrace());
    return stuck;
  }

  /// Uses an image that should be good.
  ///
  /// @return what went wrong, or nothing
  String use(CowImage image) {
    try (CacheMemory memory = CacheMemory.ofBytes(CACHE_BYTES)) {
      Exercise.Outcome outcome = Exercise.run(image, memory, false);
      for (FsException e : outcome.errors()) {
        if (e instanceof CorruptedException) {
          return trace(e);
        }
      }
      Throwable wrong = outcome.wrong();
      return wrong == null ? "" : trace(wrong);
    }
  }

  /// Runs cases by their seeds.
  void run(long firstSeed, long count, int judgedEvery, Path scratch) throws IOException {
    for (long seed = firstSeed; seed < firstSeed + count; seed++) {
      Case spoilt = invent(seed);
      Throwable wrong = exercise(spoilt);
      if (wrong == null) {
        wrong = check(spoilt);
      }
      if (wrong != null) {
        failures.add("seed " + seed + ": " + spoilt + "\n    " + trace(wrong));
      }
      if (judgedEvery > 0 && seed % judgedEvery == 0) {
        judge("seed " + seed, spoilt, scratch);
      }
    }
  }

  /// Our check of a spoilt image ends, too.
  private @Nullable Throwable check(Case spoilt) {
    CowImage image = spoilt.apply(base(spoilt.variant()));
    return inTime(
        () -> {
          try {
            Fsck.check(image, 50);
          } catch (FsException e) {
            return; // no file system, or none that we know
          }
        });
  }

  static String trace(Throwable e) {
    StringBuilder text = new StringBuilder(e.toString());
    int n = 0;
    for (StackTraceElement frame : e.getStackTrace()) {
      if (n++ < 14) {
        text.append("\n      at ").append(frame);
      }
    }
    if (e.getCause() != null) {
      text.append("\n    because of ").append(trace(e.getCause()));
    }
    return text.toString();
  }

  // ---- Two judges -------------------------------------------------------------------------------

  /// What both say of a spoilt image: clean or not.
  ///
  /// @param report ours, or null if we refuse the image
  /// @param ours what we say
  /// @param theirs whether e2fsck says it is clean
  /// @param output what e2fsck says
  record Verdict(@Nullable Report report, String ours, boolean theirs, String output) {
    boolean isClean() {
      return report != null && report.isClean();
    }

    /// Whether the two differ for none of the reasons that docs/fsck.md gives.
    boolean isDispute() {
      if (isClean() == theirs) {
        return false;
      }
      if (!theirs) {
        // It tries to write although it must not, when the journal was stopped by an error.
        boolean stale = isFound(FindingCode.STALE_COUNTS) && output.contains("count wrong");
        return !stale
            && !output.contains("in the future")
            && !output.contains("Bad file descriptor");
      }
      if (report == null) {
        return !ours.contains("features");
      }
      for (Finding finding : report.findings()) {
        boolean known =
            switch (finding.code()) {
              case JOURNAL, JOURNAL_NOT_REPLAYED, ORPHAN_LIST, RESIZE_INODE, EXTENT_HEADER -> true;
              case DIRECTORY_DUPLICATE -> true;
              case INODE_EXTRA_SIZE -> finding.ino() < 11;
              case BLOCK_RANGE -> finding.ino() < 11 && finding.what().contains("attributes");
              case BLOCK_OF_METADATA -> finding.ino() == 1;
              case SUPERBLOCK ->
                  finding.what().contains("64bit")
                      || finding.what().matches(".*blocks -?\\d{10,}.*");
              case BLOCK_SHARED -> isFound(FindingCode.RESIZE_INODE);
              // What follows from a map or a journal that is not followed.
              case INODE_BLOCKS, INODE_SIZE, FREE_BLOCKS, BLOCK_BITMAP ->
                  isFound(FindingCode.EXTENT_HEADER);
              default -> finding.code().severity() == FindingCode.Severity.NOTE;
            };
        if (!known) {
          return true;
        }
      }
      return false;
    }

    private boolean isFound(FindingCode code) {
      return report != null && report.findings().stream().anyMatch(f -> f.code() == code);
    }

    @Override
    public String toString() {
      return "we say " + (isClean() ? "clean " : "damaged ") + ours + "\n    e2fsck: "
          + output.replace("\n", "\n      ");
    }
  }

  Verdict verdict(Case spoilt, Path scratch) throws IOException {
    CowImage image = spoilt.apply(base(spoilt.variant()));
    Report report = null;
    String said;
    try {
      report = Fsck.check(image, 50);
      said = report.findings().toString();
    } catch (FsException e) {
      said = String.valueOf(e.getMessage());
    }
    Path file = scratch.resolve("judged.img");
    image.save(file);
    E2fs.Result result = E2fs.run(List.of("timeout", "60", "e2fsck", "-fn", file.toString()));
    Files.delete(file);
    // It ends with 0 after some of the problems that it tells of.
    boolean told = result.output().replace("Optimize? no", "").contains("? no\n");
    boolean clean = result.code() == 0 && !told;
    return new Verdict(report, said, clean, result.code() + ": " + result.output());
  }

  void judge(String name, Case spoilt, Path scratch) throws IOException {
    Verdict verdict = verdict(spoilt, scratch);
    count(verdict.isClean() ? "judged clean" : "judged damaged");
    if (verdict.isDispute()) {
      disagreements.add(name + ": " + spoilt + "\n    " + verdict);
    } else if (verdict.isClean() != verdict.theirs()) {
      count("judged differently for a known reason");
    }
  }

  // ---- The long run -----------------------------------------------------------------------------

  /// The long run.
  ///
  /// @param args first seed, number of images, and how many images to one that e2fsck sees
  /// @throws IOException if e2fsck cannot be run
  public static void main(String[] args) throws IOException {
    long first = Long.parseLong(args[0]);
    long count = Long.parseLong(args[1]);
    int every = args.length > 2 ? Integer.parseInt(args[2]) : 0;
    Fuzzer fuzzer = new Fuzzer();
    Path scratch = Files.createTempDirectory("pagewright-fuzz");
    long start = System.nanoTime();
    long done = 0;
    while (done < count) {
      long n = Math.min(50, count - done);
      fuzzer.run(first + done, n, every, scratch);
      done += n;
      fuzzer.failures.forEach(f -> System.out.println("FAILED " + f));
      fuzzer.disagreements.forEach(d -> System.out.println("DIFFER " + d));
      fuzzer.failures.clear();
      fuzzer.disagreements.clear();
      if (done % 500 != 0) {
        continue;
      }
      System.out.printf(
          "%d images, %.2f ms each, %s%n",
          done, (System.nanoTime() - start) / 1e6 / done, fuzzer.counts);
    }
    Files.delete(scratch);
  }
}
