package org.pagewright.lab;

import java.util.List;

/// Who proposed what, when, and what was claimed for it; in our words. The texts are those that
/// docs/RULES.md calls S0 to S4.
final class Families {
  /// One family of designs.
  ///
  /// @param id such as `X0`
  /// @param title what it does
  /// @param source who wrote of it, where and when
  /// @param claimed what was claimed, in our words
  /// @param type the class to read
  record Family(String id, String title, String source, String claimed, String type) {}

  static final List<Family> ALL =
      List.of(
          new Family(
              "X0",
              "lock, prepare, copy, commit",
              "The path that S0 and S1 set out to replace (Nick Piggin, 2006 and 2007)",
              "Nobody defended it any more. S1 draws its three deadlocks as a list of calls, two "
                  + "columns of them, and gives each a name by the letters of its lines: the same "
                  + "page twice, two pages crosswise, and the lock of the address range.",
              "X0Naive"),
          new Family(
              "X1",
              "prefault, then lock",
              "The code that S1's patch removes",
              "A comment in that code says what it is for: bring the user's page in before, or "
                  + "there is a nasty deadlock. S2 (Linus Torvalds, October 2015) still lives with "
                  + "what is left of it, an unmap at the wrong moment, as the old bug that nobody "
                  + "had met in practice.",
              "X1Prefault"),
          new Family(
              "X2",
              "atomic copy, commit of nothing",
              "S0 (Piggin to the maintainers of file systems, 2006), on what 2.6.19-rc2-mm2 had",
              "If the copy would fault it stops; if the page is not uptodate a commit of length "
                  + "nought closes what the preparation opened, and the loop goes round again. S0 "
                  + "itself warns that after an error no further call may come, and reports Mark "
                  + "Fasheh's finding: the preparation may have given the file a block already. In "
                  + "S3 Piggin looks back: every case had its argument, and it broke file systems "
                  + "all the same.",
              "X2ZeroLengthCommit"),
          new Family(
              "X3",
              "atomic copy, short commit",
              "S0, the first of its two rules",
              "On an uptodate page the commit takes the shorter length, even nought, and the "
                  + "counters move on by it. S0 asks for no more than that, and rightly: on a page "
                  + "that is not uptodate it does not hold.",
              "X3ShortCommit"),
          new Family(
              "X4",
              "atomic copy, full-length commit",
              "S0, the wart that its author would rather not keep",
              "Somewhat safer, says S0, because no file system meets a short commit: one can "
                  + "pretend that the rest was dirtied too, and the retry writes over it.",
              "X4FullCommit"),
          new Family(
              "X5",
              "zero the new blocks",
              "Mark Fasheh's idea in S0; S2 on ext4's patch of 2015",
              "A hole reads as zeros anyway, so a new block that got nothing may become zeros, "
                  + "uptodate and dirty. S0 asks whether that is all the state there is to mend. "
                  + "S2 doubts that it may depend on whether a byte was copied: the retry may "
                  + "fail, and then the new block keeps what the disk held.",
              "X5ZeroNew"),
          new Family(
              "X6",
              "read the page first",
              "S0, as a way out for simple file systems",
              "It always works, says S0, and those who care about speed will avoid it.",
              "X6PreRead"),
          new Family(
              "X7",
              "allocate when committing",
              "S0, what its author would prefer",
              "If blocks were allocated at commit a failed copy would leave none behind; S0 "
                  + "expects that to be a lot of work and asks for reasons against it. There is "
                  + "one: by then it is too late to say that the disk is full.",
              "X7AllocateAtCommit"),
          new Family(
              "X7'",
              "reserve, then allocate",
              "What became of X7: delayed allocation",
              "Not in the founding texts. The promise is made before the copy; the question of S0, "
                  + "what else must be given back after a short one, is now about promises.",
              "X7AllocateAtCommit"),
          new Family(
              "X8",
              "copy twice",
              "S1 (Piggin, 2006 or 2007), with a patch",
              "The simplest thing that can be right: no fault under a lock, and no zeros in the "
                  + "cache after a bad address either. The price is said to be quite large, and is "
                  + "paid on purpose; cheaper cases could be told apart, and are not, to keep it "
                  + "simple.",
              "X8DoubleCopy"),
          new Family(
              "X9",
              "a temporary page if the page is not uptodate",
              "S3 (Piggin, 4 February 2007)",
              "The second copy only where the page is not uptodate, and no lock of the address "
                  + "range. Linux 2.6.24 to 2.6.27 had it.",
              "X9TempPage"),
          new Family(
              "X10",
              "lock out whoever unmaps",
              "Andrew Morton in S3 (4 February 2007), as one suggestion among others",
              "A reader's lock around touching the page and copying from it; whoever unmaps must "
                  + "take it as a writer, so what was touched stays. Piggin's answer in S3 is that "
                  + "a task may then be unable to free its own memory; Morton's, that this will "
                  + "never happen, since both pages are there already.",
              "X10PinMm"),
          new Family(
              "X11",
              "pin the source pages",
              "The series that S3 discusses, patch 9 of 9 (Piggin, February 2007)",
              "What is pinned cannot leave, so the copy cannot fault. S3 weighs its price, the "
                  + "lock of the address range and a walk of the page table for each page.",
              "X11PinSource"),
          new Family(
              "X12",
              "the file system owns the loop",
              "S1: perform_write",
              "The file system does the copy itself, by a function that it is handed, and need "
                  + "not work page by page; S1 sees a likeness to Hans Reiser's batch_write.",
              "X12PerformWrite"),
          new Family(
              "X13",
              "begin, copy, end; the rule in the loop",
              "S2 (Torvalds, October 2015), with a patch of fourteen lines",
              "The loop already knows that a page which is not uptodate needs another round, so "
                  + "the loop should say that nothing was copied, and file systems need not: they "
                  + "see all or nothing, or an uptodate page. S2 leaves one thing open, what then "
                  + "becomes of new blocks.",
              "X13BeginEnd"),
          new Family(
              "X14",
              "copy first, fault in afterwards",
              "Linux 6.14; what the engine does",
              "Not in the founding texts. A source is nearly always in core, so touching it first "
                  + "is nearly always a waste; and short copies become so common that every file "
                  + "system is tested for them.",
              "X13BeginEnd"),
          new Family(
              "X15",
              "dirty byte ranges",
              "NFS",
              "Not in the founding texts. A page that remembers which of its bytes are dirty need "
                  + "not be uptodate to take them.",
              "X15ByteRanges"),
          new Family(
              "X16",
              "accept whole blocks",
              "Proposed for iomap in 2025",
              "Not in the founding texts. What was copied up to the last whole block need not be "
                  + "thrown away if the state of each block is known.",
              "X16BlockPrefix"),
          new Family(
              "S4",
              "page_mkwrite returns with the page locked",
              "S4 (Piggin, 2009), with a patch",
              "The file system is called with the page unlocked, so that it can take its own locks "
                  + "first, and returns with it locked, so that no write-out comes between its "
                  + "preparations and the dirty page. That holds. The patch as posted has three "
                  + "slips: a `>` where the page begins at the end, the time stamp under the page "
                  + "lock, and a mapping that is used without a look. Before 2006 the file system "
                  + "was not asked at all, and from then to 2009 it was asked, and the "
                  + "page dirtied after its lock was given back; both are here, and so is a fault "
                  + "that does not compare its entry in the end. The engine meets the same stores "
                  + "with real regions.",
              "S4PageMkwrite"));

  private Families() {}
}
