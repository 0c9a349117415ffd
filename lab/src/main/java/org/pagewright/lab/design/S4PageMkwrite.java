package org.pagewright.lab.design;

import static org.pagewright.lab.kernel.Kernel.PAGE;

import org.jspecify.annotations.Nullable;
import org.pagewright.errno.FsException;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Verdict;

/// S4. The write fault that returns with the page locked (Piggin, 2009): the file system prepares,
/// the entry becomes writable and the page dirty under one page lock, so that no write-out can come
/// between (R-F2). The file system's outer locks are taken before, with the page unlocked (R-F1).
///
/// The idea holds. The patch as posted carried three faults of its own, which are slips here; so
/// are what was before it, and what it says must not be forgotten.
final class S4PageMkwrite implements WriteFault {
  /// A fault of the patch, or of those who came before.
  enum Slip {
    /// None.
    NONE,
    /// `page_offset(page) > size` lets a page that begins exactly at the end pass (R-D7).
    GREATER,
    /// The time stamp, and so a journal transaction, under the page lock (R-F9).
    TIME_UNDER_LOCK,
    /// `page->mapping` is used without a look whether it is there (R-F10).
    NO_NULL_CHECK,
    /// Before it: the file system is not asked at all (R-F13).
    NOT_ASKED,
    /// Before it: the file system is asked, lets go of the page, and the page is dirtied then: a
    /// write-out in between has used up what the file system keeps for a dirty page (R-F2).
    DIRTY_AFTER_UNLOCK,
    /// The entry is not compared with what it was (R-F6).
    NOT_COMPARED
  }

  private final Slip slip;

  S4PageMkwrite(Slip slip) {
    this.slip = slip;
  }

  @Override
  public Result makeWritable(Mm mm, Mm.Pte pte, Folio folio, File file) {
    if (slip != Slip.TIME_UNDER_LOCK) {
      updateTime(file);
    }
    folio.lock.lock();
    @Nullable File mapping = folio.file; // kept, because the page may be truncated once unlocked
    int begin = folio.index * PAGE;
    folio.seen();
    mm.look(pte.page);
    boolean beyond = slip == Slip.GREATER ? begin > file.size : begin >= file.size;
    if (pte.folio != folio && slip != Slip.NOT_COMPARED || beyond) {
      folio.lock.unlock();
      return beyond ? Result.BAD : Result.RETRY; // truncated meanwhile, or unmapped (R-F5, R-F6)
    }
    if (mapping != null && slip != Slip.NOT_ASKED) {
      int end = Math.min(file.size - begin, PAGE);
      try {
        mapping.prepareWrite(folio, 0, end);
      } catch (FsException e) {
        return Result.BAD; // told at the store, not lost at write-out (R-F13)
      }
      if (slip == Slip.DIRTY_AFTER_UNLOCK) {
        folio.lock.unlock();
        folio.lock.lock(); // whoever waited for it comes first
        if (folio.file == null || pte.folio != folio) {
          folio.lock.unlock();
          return Result.RETRY;
        }
      }
      mapping.commitWrite(folio, 0, end);
    }
    mm.makeWritable(pte, begin, file);
    if (slip == Slip.TIME_UNDER_LOCK) {
      updateTime(file); // under the page lock
    }
    folio.lock.unlock();
    if (mapping == null && slip == Slip.NO_NULL_CHECK) {
      throw new Failure(Verdict.ERROR, "the writer is throttled for a mapping that is null");
    }
    return Result.WRITABLE;
  }

  /// A small transaction.
  private static void updateTime(File file) {
    file.device.handle.lock();
    file.stage.note("notes the time in a transaction");
    file.device.handle.unlock();
  }
}
