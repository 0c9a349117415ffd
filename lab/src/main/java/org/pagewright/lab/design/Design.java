package org.pagewright.lab.design;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;
import org.pagewright.lab.kernel.Kernel;
import org.pagewright.lab.kernel.Kernel.Trait;
import org.pagewright.sim.explore.Stage;

/// The designs of a buffered write and of a write fault that were tried, each as it was proposed or
/// with one thing forgotten. Each makes a system under test: the model with that design on it.
public enum Design {
  /// Lock, prepare, copy, commit.
  X0("X0", "lock, prepare, copy, commit", X0Naive::new),
  /// Touch the source first.
  X1("X1", "prefault, then lock", X1Prefault::new),
  /// An atomic copy, and a commit of nothing if it is short.
  X2("X2", "atomic copy, commit of nothing", () -> new X2ZeroLengthCommit(false)),
  /// ... over a file system that marks the page uptodate when it is prepared.
  X2_EARLY("X2", "... uptodate at prepare", () -> new X2ZeroLengthCommit(true)),
  /// An atomic copy, and a short commit.
  X3("X3", "short commit", () -> new X3ShortCommit(X3ShortCommit.LastBlock.MARKED)),
  /// ... that leaves the last block as it was.
  X3_UNMARKED(
      "X3", "... last block not marked", () -> new X3ShortCommit(X3ShortCommit.LastBlock.UNMARKED)),
  /// A commit of the full length.
  X4("X4", "full-length commit", X4FullCommit::new),
  /// Zeros in new blocks.
  X5("X5", "zero NEW blocks", () -> new X5ZeroNew(X5ZeroNew.Slip.NONE)),
  /// ... if something was copied.
  X5_IF_COPIED("X5", "... if copied > 0", () -> new X5ZeroNew(X5ZeroNew.Slip.IF_COPIED)),
  /// ... over the whole page.
  X5_WHOLE_PAGE("X5", "... the whole page", () -> new X5ZeroNew(X5ZeroNew.Slip.WHOLE_PAGE)),
  /// ... over the copy of a shared block.
  X5_SHARED("X5", "... over shared blocks", () -> new X5ZeroNew(X5ZeroNew.Slip.SHARED)),
  /// ... outside the journal.
  X5_NOT_LOGGED("X5", "... outside the journal", () -> new X5ZeroNew(X5ZeroNew.Slip.NOT_LOGGED)),
  /// ... and leave what is beyond the end.
  X5_NOT_CUT("X5", "... left beyond the end", () -> new X5ZeroNew(X5ZeroNew.Slip.NOT_CUT)),
  /// ... and cut too much.
  X5_CUT_TOO_MUCH("X5", "... cut too much", () -> new X5ZeroNew(X5ZeroNew.Slip.CUT_TOO_MUCH)),
  /// ... when the page is unlocked.
  X5_TOO_LATE("X5", "... after the unlock", () -> new X5ZeroNew(X5ZeroNew.Slip.TOO_LATE)),
  /// Read the page first.
  X6("X6", "read the page first", () -> new X6PreRead(false)),
  /// ... and do not look at it again.
  X6_NO_LOOK("X6", "... no second look", () -> new X6PreRead(true)),
  /// Allocate when committing.
  X7("X7", "allocate at commit", () -> new X7AllocateAtCommit(X7AllocateAtCommit.Space.AT_COMMIT)),
  /// Reserve first, and give back under the page lock.
  X7_RIGHT(
      "X7'", "reserve, then allocate",
      () -> new X7AllocateAtCommit(X7AllocateAtCommit.Space.RIGHT)),
  /// ... and keep what was not needed.
  X7_KEPT("X7'", "... rest kept", () -> new X7AllocateAtCommit(X7AllocateAtCommit.Space.KEPT)),
  /// ... and take it back too late.
  X7_PUNCHED(
      "X7'", "... taken back late",
      () -> new X7AllocateAtCommit(X7AllocateAtCommit.Space.PUNCHED_LATE)),
  /// ... and drop the page to take it back.
  X7_DROPPED(
      "X7'", "... by dropping the page",
      () -> new X7AllocateAtCommit(X7AllocateAtCommit.Space.PAGE_DROPPED)),
  /// Copy twice.
  X8("X8", "copy twice", () -> new X8DoubleCopy(X8DoubleCopy.Slip.NONE)),
  /// ... with two buffers from a small pool.
  X8_POOL("X8", "... two from a pool", () -> new X8DoubleCopy(X8DoubleCopy.Slip.TWO_FROM_A_POOL)),
  /// ... and do not rewind.
  X8_NOT_REWOUND("X8", "... not rewound", () -> new X8DoubleCopy(X8DoubleCopy.Slip.NOT_REWOUND)),
  /// A temporary page if the page is not uptodate.
  X9("X9", "temporary page", () -> new X9TempPage(X9TempPage.Slip.NONE)),
  /// ... and do not look at the mapping again.
  X9_MAPPING("X9", "... mapping not looked at", () -> new X9TempPage(X9TempPage.Slip.MAPPING)),
  /// ... and fault under the lock after all.
  X9_FAULTS("X9", "... faults if uptodate now", () -> new X9TempPage(X9TempPage.Slip.FAULTS)),
  /// Pin the whole address range.
  X10("X10", "lock out unmapping", () -> new X10PinMm(false)),
  /// ... and touch twice.
  X10_TWICE("X10", "... touch twice", () -> new X10PinMm(true)),
  /// Pin the source pages.
  X11("X11", "pin the source", X11PinSource::new),
  /// The file system owns the loop.
  X12("X12", "perform_write", () -> new X12PerformWrite(X12PerformWrite.Slip.NONE)),
  /// ... and faults under its lock.
  X12_FAULTS("X12", "... filler faults", () -> new X12PerformWrite(X12PerformWrite.Slip.FAULTS)),
  /// ... and takes any reachable byte for progress.
  X12_PROGRESS(
      "X12", "... any byte is progress",
      () -> new X12PerformWrite(X12PerformWrite.Slip.ANY_IS_PROGRESS)),
  /// ... and leaves the iterator cut.
  X12_TRUNCATED(
      "X12", "... iterator left cut",
      () -> new X12PerformWrite(X12PerformWrite.Slip.LEFT_TRUNCATED)),
  /// begin, copy, end, and the rule in the loop.
  X13("X13", "begin, copy, end", () -> new X13BeginEnd(X13BeginEnd.Slip.NONE, true)),
  /// ... without zeros.
  X13_NOT_ZEROED(
      "X13", "... NEW not zeroed", () -> new X13BeginEnd(X13BeginEnd.Slip.NOT_ZEROED, true)),
  /// ... with a size that is too large.
  X13_SIZE("X13", "... size from copied",
      () -> new X13BeginEnd(X13BeginEnd.Slip.SIZE_FROM_COPIED, true)),
  /// ... with the same length again.
  X13_LENGTH("X13", "... same length again",
      () -> new X13BeginEnd(X13BeginEnd.Slip.SAME_LENGTH, true)),
  /// ... with an error instead of the count.
  X13_ERRNO("X13", "... errno, not count",
      () -> new X13BeginEnd(X13BeginEnd.Slip.ERROR_NOT_COUNT, true)),
  /// ... with a range that stays too large.
  X13_RANGE("X13", "... range not shrunk",
      () -> new X13BeginEnd(X13BeginEnd.Slip.RANGE_NOT_SHRUNK, true)),
  /// ... with zeros for the rest.
  X13_REST("X13", "... rest zeroed", () -> new X13BeginEnd(X13BeginEnd.Slip.REST_ZEROED, true)),
  /// ... with an old block map.
  X13_MAP("X13", "... stale block map", () -> new X13BeginEnd(X13BeginEnd.Slip.STALE_MAP, true)),
  /// ... without a bound on rounds.
  X13_NO_BOUNCE("X13", "... no bounce page",
      () -> new X13BeginEnd(X13BeginEnd.Slip.NO_BOUNCE, true)),
  /// ... with a trace of what was rejected.
  X13_TRACE("X13", "... trace left", () -> new X13BeginEnd(X13BeginEnd.Slip.TRACE_LEFT, true)),
  /// Fault in only after a short copy.
  X14("X14", "copy, then fault", () -> new X13BeginEnd(X13BeginEnd.Slip.NONE, false)),
  /// Ranges of dirty bytes.
  X15("X15", "dirty byte ranges", () -> new X15ByteRanges(X15ByteRanges.Slip.NONE)),
  /// ... of which one is forgotten.
  X15_FIRST("X15", "... first forgotten",
      () -> new X15ByteRanges(X15ByteRanges.Slip.FIRST_RANGE)),
  /// ... over which a fill reads.
  X15_FILL("X15", "... fill reads over it", () -> new X15ByteRanges(X15ByteRanges.Slip.FILL)),
  /// Whole blocks of a short copy.
  X16("X16", "block prefix", () -> new X16BlockPrefix(false)),
  /// ... without the head of the first.
  X16_HEAD("X16", "... head not read", () -> new X16BlockPrefix(true)),
  /// A write fault that returns with the page locked.
  S4("S4", "page_mkwrite locked", S4PageMkwrite.Slip.NONE),
  /// ... with the wrong comparison.
  S4_GREATER("S4", "... `>` at the end", S4PageMkwrite.Slip.GREATER),
  /// ... with the time stamp under the lock.
  S4_TIME("S4", "... time under the lock", S4PageMkwrite.Slip.TIME_UNDER_LOCK),
  /// ... without a null check.
  S4_NULL("S4", "... no null check", S4PageMkwrite.Slip.NO_NULL_CHECK),
  /// ... as before 2006: nobody is asked.
  S4_NOT_ASKED("S4", "... file system not asked", S4PageMkwrite.Slip.NOT_ASKED),
  /// ... as before 2009: dirty when the page was unlocked again.
  S4_UNLOCKED("S4", "... dirty after an unlock", S4PageMkwrite.Slip.DIRTY_AFTER_UNLOCK),
  /// ... without a second look at the entry.
  S4_NOT_COMPARED("S4", "... entry not compared", S4PageMkwrite.Slip.NOT_COMPARED);

  private final String family;
  private final String words;
  private final Supplier<WritePath> path;
  private final S4PageMkwrite.Slip writeFault;

  Design(String family, String words, Supplier<WritePath> path) {
    this(family, words, path, S4PageMkwrite.Slip.NONE);
  }

  Design(String family, String words, S4PageMkwrite.Slip writeFault) {
    this(family, words, () -> new X13BeginEnd(X13BeginEnd.Slip.NONE, true), writeFault);
  }

  Design(
      String family, String words, Supplier<WritePath> path, S4PageMkwrite.Slip writeFault) {
    this.family = family;
    this.words = words;
    this.path = path;
    this.writeFault = writeFault;
  }

  /// The design it is, or is a variant of.
  ///
  /// @return such as `X0`
  public String family() {
    return family;
  }

  /// What it does, or what a variant forgets.
  ///
  /// @return a few words; those of a variant begin with dots
  public String words() {
    return words;
  }

  /// What it is called in full.
  ///
  /// @return of a variant, the words of its design and its own
  public String title() {
    if (!isVariant()) {
      return words;
    }
    for (Design design : values()) {
      if (design.family.equals(family) && !design.isVariant()) {
        return design.words + " " + words;
      }
    }
    return words;
  }

  /// What the model knows with this design on it.
  ///
  /// @return traits
  public Set<Trait> knows() {
    Set<Trait> known = EnumSet.allOf(Trait.class);
    if (!family.equals("X8")) {
      known.remove(Trait.RETRIES);
    }
    if (family.equals("X15")) {
      // Its store takes bytes; there are no blocks that could be promised, shared or logged.
      known.removeAll(
          EnumSet.of(Trait.DELAYED, Trait.SHARED, Trait.JOURNALLED, Trait.UNWRITTEN));
    }
    return known;
  }

  /// Whether it is a design with one thing changed or forgotten.
  ///
  /// @return false for the design as it was meant
  public boolean isVariant() {
    return words.startsWith("...");
  }

  /// Makes the model with this design on it.
  ///
  /// @param stage of the schedule
  /// @return a system without files
  public Kernel kernel(Stage stage) {
    return new ModelKernel(stage, path.get(), new S4PageMkwrite(writeFault));
  }
}
