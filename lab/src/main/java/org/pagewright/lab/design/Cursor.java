package org.pagewright.lab.design;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.kernel.Source;
import org.pagewright.lab.kernel.UserPage;
import org.pagewright.sim.explore.Failure;
import org.pagewright.sim.explore.Verdict;
import org.pagewright.sync.SchedulePoint;

/// Where a write has got to in its source: the iov_iter, and before 2007 the pair of an iovec and
/// an offset in it. Copies do not move it; [#advance(int)] does.
final class Cursor {
  /// Rounds in vain after which a loop is taken to be one that never ends.
  private static final int ROUNDS_MAX = 6;

  private final Mm mm;
  private final List<Source.Piece> pieces;
  private int end;
  private int position;
  private int rounds;
  int copied; // letters, for the cost
  private @Nullable Folio target; // of the copy under way, unless it goes to a buffer
  private final List<Pinned> pinned = new ArrayList<>();

  /// A page of the source that cannot go away, and the folio that it shows if it shows one.
  private record Pinned(UserPage page, @Nullable Folio folio) {}

  Cursor(Mm mm, Source source) {
    this.mm = mm;
    this.pieces = source.pieces();
    this.end = source.length();
  }

  /// Whether anything is left: asked once a round, and so notices rounds in vain.
  boolean hasMore() {
    if (++rounds > ROUNDS_MAX && position < end) {
      throw new Failure(
          Verdict.LIVELOCK, ROUNDS_MAX + " rounds, each like the one before, and not a byte");
    }
    return position < end;
  }

  int remaining() {
    return end - position;
  }

  void advance(int bytes) {
    position += bytes;
    if (bytes > 0) {
      rounds = 0;
      mm.stage.progress();
    }
  }

  /// Forgets everything beyond the next bytes, as iov_iter_truncate() does.
  void truncate(int bytes) {
    end = Math.min(end, position + bytes);
  }

  /// Bytes to the end of the segment that the cursor stands in; 0 at one that is empty.
  int segmentRemaining() {
    int at = 0;
    int segment = -1;
    int sum = 0;
    for (Source.Piece piece : pieces) {
      int next = at + piece.length();
      if (segment < 0 && (next > position || next == position && piece.length() == 0)) {
        segment = piece.segment();
        sum = next - position;
      } else if (segment == piece.segment()) {
        sum += piece.length();
      }
      at = next;
    }
    return sum;
  }

  /// What a step over one piece does.
  private interface Visit {
    /// @return whether to go on
    boolean piece(UserPage page, int offset, int length, int done);
  }

  /// Visits the next bytes piece by piece.
  private int visit(int length, Visit visit) {
    int at = 0;
    int done = 0;
    for (Source.Piece piece : pieces) {
      int skip = Math.max(0, position + done - at);
      int n = Math.min(piece.length() - skip, length - done);
      if (n > 0) {
        if (!visit.piece(piece.page(), piece.offset() + skip, n, done)) {
          return done;
        }
        done += n;
      }
      at += piece.length();
    }
    return done;
  }

  /// Copies without faults: stops at the first page that is not in core, and touches nothing beyond
  /// what it copied.
  ///
  /// @return bytes copied
  int copyAtomic(char[] to, int offset, int length) {
    int n = visit(length, (page, from, count, done) -> {
      if (!isThere(page)) {
        return false;
      }
      copyPiece(page, from, to, offset + done, count);
      return true;
    });
    copied += n;
    mm.stage.note("copies " + n + " of " + length + " bytes, without serving a fault");
    return n;
  }

  /// The same into a page.
  int copyAtomic(Folio folio, int offset, int length) {
    target = folio;
    int n = copyAtomic(folio.data, offset, length);
    target = null;
    return n;
  }

  /// An atomic copy into a page that is not uptodate, which takes all or nothing. If some of its
  /// blocks can be read, a copy that is rejected must leave no trace in them (R-B9): it goes to a
  /// buffer first.
  int copyAllOrNothing(Folio folio, int offset, int length) {
    if (!folio.isAnyUptodate(offset, offset + length)) {
      return copyAtomic(folio, offset, length);
    }
    char[] buffer = new char[length];
    int n = copyAtomic(buffer, 0, length);
    if (n == length) {
      copied += n;
      System.arraycopy(buffer, 0, folio.data, offset, n);
    }
    return n;
  }

  /// Copies and serves faults on the way. Where that fails it fills the rest of the target with
  /// zeros, so that no old memory leaks: the contract of copy_from_user() until today.
  ///
  /// @return bytes copied
  int copy(char[] to, int offset, int length) {
    int n = visit(length, (page, from, count, done) -> {
      // As the processor does: fault and access again until it succeeds. Nobody comes between the
      // end of a fault and the access that it was for, so this gets on against any evictor (R-A14).
      if (!isThere(page) && !mm.touch(page)) {
        return false;
      }
      copyPiece(page, from, to, offset + done, count);
      return true;
    });
    copied += n;
    Arrays.fill(to, offset + n, offset + length, '\0');
    mm.stage.note(
        "copies " + n + " of " + length + " bytes" + (n < length ? ", zeroes the rest" : ""));
    return n;
  }

  /// The same into a page.
  int copy(Folio folio, int offset, int length) {
    target = folio;
    int n = copy(folio.data, offset, length);
    folio.changed();
    target = null;
    return n;
  }

  /// Brings in the pages of the next bytes and holds on to them: get_user_pages().
  ///
  /// @return how many bytes are held
  int pin(int length) {
    pinned.clear();
    return visit(length, (page, from, count, done) -> {
      mm.walks++;
      if (!mm.touch(page)) {
        return false;
      }
      Mm.Pte pte = mm.pte(page);
      pinned.add(new Pinned(page, pte.folio));
      mm.stage.note("pins " + page);
      return true;
    });
  }

  /// Copies from the pages that are held, whatever became of the page table.
  void copyPinned(Folio to, int offset, int length) {
    int[] next = {0};
    visit(length, (page, from, count, done) -> {
      SchedulePoint.reach(SchedulePoint.Kind.COPY, page);
      Folio folio = pinned.get(next[0]++).folio;
      if (folio != null) {
        folio.seen();
      }
      to.changed();
      for (int i = 0; i < count; i++) {
        to.data[offset + done + i] =
            folio != null ? folio.data[from + i] : page.bytes().charAt(from + i);
      }
      return true;
    });
    copied += length;
    mm.stage.note("copies " + length + " bytes from pinned pages");
  }

  private boolean isThere(UserPage page) {
    SchedulePoint.reach(SchedulePoint.Kind.COPY, page);
    Mm.Pte pte = mm.look(page);
    if (mm.evicts && pte.resident && mm.stage.choose("reclaim takes " + page, 2) == 1) {
      mm.drop(page);
    }
    return pte.resident;
  }

  private void copyPiece(UserPage page, int from, char[] to, int at, int count) {
    Folio shown = mm.pte(page).folio;
    if (shown != null) {
      shown.seen();
    }
    if (target != null) {
      target.changed();
    }
    for (int i = 0; i < count; i++) {
      to[at + i] = mm.pte(page).at(from + i);
    }
  }

  /// Brings in every page of the next bytes, segment by segment (R-A6).
  ///
  /// @return how many bytes can be read from here, without a gap
  int faultIn(int length) {
    return visit(length, (page, from, count, done) -> mm.touch(page));
  }

  /// Touches the first and the last byte of the next bytes of this segment, and nothing in between
  /// nor in the next segment: fault_in_pages_readable() until 2007.
  void touchEnds(int length) {
    int inSegment = Math.min(length, segmentRemaining());
    int[] ends = {0, inSegment - 1};
    visit(inSegment, (page, from, count, done) -> {
      for (int touched : ends) {
        if (touched >= done && touched < done + count) {
          mm.touch(page);
        }
      }
      return true;
    });
  }
}
